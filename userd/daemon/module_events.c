// SPDX-License-Identifier: MIT
/*
 * The module's events; see module_events.h. Touches: what that says.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "../lib/event.h"
#include "../lib/kernel.h"
#include "../lib/kernel_watch.h"
#include "../lib/log.h"
#include "module_events.h"

#define OWNERS 256U /* changes of owner that are told one by one, of all that were read at once */

/* What was read, until the module was asked who has which ring. */
struct reading {
	bool is_missed;
	size_t count;
	struct sluice_kernel_event owners[OWNERS];
};

void sluice_module_events_open(struct sluice_module_events *events, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd, type = 0;

	fd = sluice_kernel_watch_open(&type);
	/* One that was loaded anew is another family, and the socket that we had hears nothing. */
	if (fd >= 0 && events->fd >= 0 && type == events->type) {
		close(fd);
		return;
	}
	sluice_module_events_close(events);
	events->type = type;
	if (fd == -ENOENT)
		return;
	event.data.fd = fd;
	if (fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		fd = -EIO;
	}
	if (fd < 0)
		sluice_warning("events of the module are not told of: %s", strerror(-fd));
	else
		events->fd = fd;
}

void sluice_module_events_close(struct sluice_module_events *events)
{
	if (events->fd >= 0)
		close(events->fd);
	events->fd = -1;
}

/* Tells of a ring. */
static void tell(enum sluice_event kind, const char *route, const uint8_t *guid, const char *text)
{
	sluice_event_tell(&(const struct sluice_event_news){
		.kind = kind, .key = "", .where = route, .guid = guid, .text = text});
}

/* sluice_kernel_watch_read() calls it; `context` is a struct reading. */
static void on_event(const struct sluice_kernel_event *event, void *context)
{
	struct reading *reading = context;
	char text[SLUICE_NAME_MAX + 120];

	if (event->is_missed) {
		reading->is_missed = true;
	} else if (event->kind == SLUICE_EVENT_OWNER) {
		if (reading->count < OWNERS)
			reading->owners[reading->count++] = *event;
		else
			reading->is_missed = true;
	} else if (event->kind == SLUICE_EVENT_OVERFLOW || event->kind == SLUICE_EVENT_ROOM) {
		bool is_full = event->kind == SLUICE_EVENT_OVERFLOW;

		snprintf(text, sizeof(text), "the ring of route %s, CPU %" PRIu32 ", %s",
			 event->name, event->cpu,
			 is_full ? "is full: what comes is lost" : "has room again");
		tell((enum sluice_event)event->kind, event->name, event->route, text);
		if (is_full)
			sluice_event_lost();
	}
}

/* The stream of a ring that an event is of; NULL: it is gone. */
static const struct sluice_kernel_stream *find(const struct sluice_kernel_stream *streams,
					       size_t count,
					       const struct sluice_kernel_event *event)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (streams[number].cpu == event->cpu &&
		    sluice_guid_equal(streams[number].route, event->route))
			return &streams[number];
	return NULL;
}

/* Tells who has a ring now. */
static void tell_owner(const struct sluice_kernel_event *event,
		       const struct sluice_kernel_stream *stream)
{
	char text[SLUICE_NAME_MAX + 120], who[64] = "nobody has it";

	if (!stream)
		snprintf(who, sizeof(who), "it is gone");
	else if (stream->owner)
		snprintf(who, sizeof(who), "process %" PRIu32 "%s has it", stream->owner,
			 stream->owner == (uint32_t)getpid() ? ", this daemon," : "");
	snprintf(text, sizeof(text), "the ring of route %s, CPU %" PRIu32 ": %s", event->name,
		 event->cpu, who);
	tell(SLUICE_EVENT_OWNER, event->name, event->route, text);
}

/* Tells that events were missed, and how the rings are now. */
static void tell_missed(const struct sluice_kernel_stream *streams, size_t count, int error)
{
	size_t number, ours = 0, others = 0;
	char text[200];

	for (number = 0; number < count; number++) {
		ours += streams[number].owner == (uint32_t)getpid();
		others += streams[number].owner && streams[number].owner != (uint32_t)getpid();
	}
	if (error)
		snprintf(text, sizeof(text),
			 "events of the module were missed, and it does not tell its rings: %s",
			 strerror(-error));
	else
		snprintf(text, sizeof(text),
			 "events of the module were missed; of its %zu rings this daemon has %zu, "
			 "others %zu, nobody %zu now",
			 count, ours, others, count - ours - others);
	tell(SLUICE_EVENT_MISSED, "module", NULL, text);
	/* One that is full may have been among them. */
	sluice_event_lost();
}

void sluice_module_events_serve(struct sluice_module_events *events)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel *kernel = NULL;
	struct reading *reading = calloc(1, sizeof(*reading));
	size_t number, count = 0;
	int error;

	if (!reading)
		return;
	error = sluice_kernel_watch_read(events->fd, events->type, on_event, reading);
	if (error) {
		sluice_warning("events of the module are not told of any more: %s",
			       strerror(-error));
		sluice_module_events_close(events);
	}
	if (!reading->count && !reading->is_missed)
		goto free;
	error = sluice_kernel_open(&kernel);
	if (!error)
		error = sluice_kernel_streams(kernel, &streams, &count);
	for (number = 0; number < reading->count; number++)
		tell_owner(&reading->owners[number],
			   find(streams, count, &reading->owners[number]));
	if (reading->is_missed)
		tell_missed(streams, count, error);
	free(streams);
	sluice_kernel_close(kernel);
free:
	free(reading);
}
