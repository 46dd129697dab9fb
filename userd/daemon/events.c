// SPDX-License-Identifier: MIT
/*
 * The daemon's events; see events.h. Touches: the group's socket.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../lib/log.h"
#include "event_socket.h"
#include "events.h"
#include "handover/parcel.h"

/* What the line with the numbers of events begins with. */
#define NUMBERS "events"
#define KEPT 512U /* events, until the configuration is read */

/* The log to which the events of all threads go. */
static struct sluice_event_log *told_to;

/* sluice_event_listener. @threadsafe */
static void keep(const struct sluice_event_news *news)
{
	sluice_event_log_add(told_to, news);
}

int sluice_events_open(struct sluice_events *events)
{
	int error;

	events->next = 1;
	events->socket = -1;
	error = sluice_event_log_create(&events->log, KEPT);
	if (error)
		return error;
	told_to = events->log;
	sluice_event_listen(keep);
	/* The others are told all the same. */
	events->socket = sluice_event_socket_open();
	if (events->socket < 0)
		sluice_warning("nobody can be told of events by netlink multicast: %s",
			       strerror(-events->socket));
	error = sluice_hooks_create(&events->hooks);
	if (error)
		sluice_warning("no commands can be run on events: %s", strerror(-error));
	return 0;
}

void sluice_events_close(struct sluice_events *events)
{
	sluice_event_listen(NULL);
	told_to = NULL;
	if (events->log && events->socket >= 0)
		close(events->socket);
	sluice_hooks_free(events->hooks);
	events->hooks = NULL;
	sluice_event_log_free(events->log);
	events->log = NULL;
}

int sluice_events_give(const struct sluice_events *events, struct sluice_parcel *parcel)
{
	if (!events->log)
		return 0;
	return sluice_parcel_say(parcel, NUMBERS " run=%" PRIu64 " next=%" PRIu64,
				 sluice_event_log_run(events->log),
				 sluice_event_log_next(events->log));
}

/* A line of a parcel's text: is it the one with the numbers? 0 or -ENOMEM. */
static int take_numbers(void *context, char *line)
{
	struct sluice_events *events = context;
	uint64_t next = sluice_handover_number(line, "next");

	if (strncmp(line, NUMBERS " ", sizeof(NUMBERS)) != 0 || !next)
		return 0;
	events->next = next;
	return sluice_event_log_continue(events->log, sluice_handover_number(line, "run"), next);
}

int sluice_events_continue(struct sluice_events *events, const char *state)
{
	char *copy = state && events->log ? strdup(state) : NULL;
	int result;

	if (!state || !events->log)
		return 0;
	result = copy ? sluice_handover_lines(copy, take_numbers, events) : -ENOMEM;
	free(copy);
	return result;
}

void sluice_events_configure(struct sluice_events *events, const struct sluice_config *config)
{
	if (events->log && sluice_event_log_resize(events->log, config->events_kept))
		sluice_warning("no memory to keep %zu events (control.events)",
			       config->events_kept);
	sluice_hooks_configure(events->hooks, config);
}

int sluice_events_fd(const struct sluice_events *events)
{
	return sluice_event_log_fd(events->log);
}

void sluice_events_hand_out(struct sluice_events *events, struct sluice_control *control)
{
	struct sluice_event_entry entry;
	uint64_t oldest, end;

	if (!events->log)
		return;
	sluice_event_log_settle(events->log);
	end = sluice_event_log_next(events->log);
	oldest = sluice_event_log_oldest(events->log);
	if (events->next < oldest)
		events->next = oldest;
	for (; events->next < end; events->next++) {
		if (!sluice_event_log_get(events->log, events->next, &entry))
			continue;
		sluice_event_socket_send(events->socket, &entry);
		sluice_hooks_run(events->hooks, &entry);
	}
	sluice_control_tell_events(control);
}

void sluice_events_note_silence(struct sluice_events *events, uint64_t silence_ns, const char *text)
{
	if (silence_ns && !events->is_silent)
		sluice_event_send(SLUICE_EVENT_SILENT, "", "sluiced", text);
	else if (!silence_ns && events->is_silent)
		sluice_event_send(SLUICE_EVENT_SILENT_OVER, "", "sluiced",
				  "all workers answer again");
	events->is_silent = silence_ns != 0;
}
