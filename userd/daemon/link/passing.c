// SPDX-License-Identifier: MIT
/*
 * Connections that go from one process to the next; see passing.h. Touches: their sockets, the
 * parcel, descriptors that were handed over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../handover/notes.h"
#include "../handover/parcel.h"
#include "connection.h"

/* What the line of a connection begins with. */
#define WORD "link"
/* Bytes of what says how it frames, where it comes from and what releases. */
#define FORM (SLUICE_FORM_TEXT + INET6_ADDRSTRLEN + sizeof("//durable"))
/* Bytes of what tells a connection from all others: output, worker, destination. */
#define KEY 512U

/* Writes what tells it from others into `text`; returns it. */
static const char *key_of(const struct sluice_connection *connection, char text[KEY])
{
	char guid[SLUICE_GUID_TEXT];

	snprintf(text, KEY, "%s %u %s", sluice_guid_format(connection->group->guid, guid),
		 connection->group->worker->number, sluice_target_text(connection->target));
	return text;
}

/* Writes what makes the bytes of datagrams, where the connection comes from, and whether less than
 * durable releases: with another it cannot go on, as what a receiver has said already it does not
 * say again (sluice_output_can_inherit()). Returns `text`. */
static const char *form_of(const struct sluice_group *group, char text[FORM])
{
	char form[SLUICE_FORM_TEXT], from[INET6_ADDRSTRLEN] = "-";

	if (group->from.family != AF_UNSPEC)
		(void)inet_ntop(group->from.family, group->from.address, from, sizeof(from));
	snprintf(text, FORM, "%s/%s%s", sluice_form_text(&group->form, form), from,
		 group->durable ? "/durable" : "");
	return text;
}

bool sluice_connection_can_pass(const struct sluice_connection *connection)
{
	/* A link-local address is only good with the interface that it was reached by. */
	return connection->state == SLUICE_TCP_READY && connection->fd >= 0 &&
	       !connection->writing.busy && !connection->role.disabled &&
	       !connection->attempt.interface && !connection->trial.is_rejecting &&
	       connection->protocol->can_pass && connection->protocol->can_pass(connection);
}

int sluice_connection_give(struct sluice_connection *connection, size_t place,
			   struct sluice_parcel *parcel)
{
	char key[KEY], form[FORM];
	int result;

	sluice_connection_push(connection);
	(void)key_of(connection, key);
	result = sluice_parcel_add(parcel, SLUICE_HANDED_LINK, key, connection->fd);
	if (!result)
		result = sluice_parcel_say(
			parcel,
			WORD " %s form=%s place=%zu segments=%" PRIu64 " since=%" PRIu64
			     " reached=%" PRIu64 " given=%" PRIu64 " owed=%" PRIu64,
			key, form_of(connection->group, form), place, connection->carrier.segments,
			connection->counters.since, connection->trial.reached,
			connection->trial.given, connection->signs.owed);
	if (!result && connection->protocol->pass)
		result = connection->protocol->pass(connection, key, parcel);
	if (result)
		return result;
	/* Its other descriptor would keep epoll looking. */
	sluice_worker_unwatch(connection->group->worker, connection->fd);
	sluice_worker_set_timer(connection->group->worker, &connection->timer, 0);
	close(connection->fd);
	connection->fd = -1;
	return 0;
}

/* Is what the line says of a connection that this one could have made? */
static bool fits(const struct sluice_connection *connection, const char *line)
{
	char form[FORM];
	const char *said;
	size_t length;

	if (!line || connection->role.disabled || !connection->protocol->can_pass)
		return false;
	said = sluice_handover_value(line, "form", &length);
	(void)form_of(connection->group, form);
	return said && strlen(form) == length && !memcmp(said, form, length);
}

bool sluice_connection_receive(struct sluice_connection *connection)
{
	char key[KEY];
	const char *line;
	int fd = sluice_handed_take(SLUICE_HANDED_LINK, key_of(connection, key));

	if (fd < 0)
		return false;
	line = sluice_notes_next(NULL, WORD, key);
	if (!fits(connection, line)) {
		close(fd);
		return false;
	}
	connection->fd = fd;
	connection->passing =
		(struct sluice_passing){.is_held = true,
					.line = line,
					.place = sluice_handover_number(line, "place"),
					.unconfirmed = sluice_handover_number(line, "segments")};
	sluice_connection_set_state(connection, SLUICE_TCP_READY);
	sluice_store_relaxed(&connection->counters.since, sluice_handover_number(line, "since"));
	connection->trial.reached = sluice_handover_number(line, "reached");
	connection->trial.given = sluice_handover_number(line, "given");
	connection->signs.owed = sluice_handover_number(line, "owed");
	return true;
}

/* It begins as sluice_connection_is_ready() says, but it never was away. */
static void begin_again(struct sluice_connection *connection, uint64_t now)
{
	connection->signs.heard = connection->signs.wrote = now;
	connection->start.done = connection->carrier.done;
	connection->start.at = now;
	connection->start.bytes = connection->counters.bytes;
	connection->health.idle_from = UINT64_MAX;
	connection->progress.at = now;
	connection->load.given = connection->carrier.bytes;
	connection->load.drained = 0;
	connection->load.drained_at = now;
	connection->told.is_there = true;
	sluice_store_relaxed(&connection->counters.backlog, connection->carrier.bytes);
	sluice_presence_continue(sluice_target_presence(connection->target));
	connection->told.outage.has_worked = true;
}

void sluice_connection_go_on(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_passing passing = connection->passing;
	struct sluice_group *group = connection->group;
	char name[SLUICE_CONNECTION_NAME], key[KEY];
	int error;

	if (!passing.is_held)
		return;
	connection->passing = (struct sluice_passing){0};
	begin_again(connection, now);
	group->changed = group->has_work = true;
	if (connection->carrier.segments != passing.unconfirmed ||
	    (connection->protocol->go_on &&
	     !connection->protocol->go_on(connection, passing.line, key_of(connection, key)))) {
		sluice_connection_lose(connection, "what it had under way is not known any more", 0,
				       now);
		return;
	}
	sluice_connection_set_options(connection->fd, &group->timing);
	/* Of what has come meanwhile epoll tells at once. */
	error = sluice_worker_watch(group->worker, connection->fd, SLUICE_TCP_WATCHED,
				    &connection->handler);
	if (error) {
		sluice_connection_lose(connection, "its socket cannot be watched", -error, now);
		return;
	}
	sluice_connection_measure(connection, now);
	sluice_info_about(SLUICE_ABOUT_CONNECTION(connection),
			  "%s: connected as before, with %llu segments under way",
			  sluice_connection_name(connection, name),
			  (unsigned long long)connection->carrier.segments);
	connection->timer.at = 0;
	sluice_connection_tick_by(connection, 1);
}

struct sluice_feeder *sluice_connection_find_carried(const struct sluice_connection *connection,
						     const sluice_guid stream, uint64_t start,
						     uint64_t *id)
{
	const struct sluice_segment *segment;

	for_each_feeder (feeder, connection->group) {
		if (!sluice_feeder_is_first(feeder) ||
		    !sluice_guid_equal(feeder->ring->producer->stream, stream))
			continue;
		*id = sluice_feeder_find(feeder, start);
		segment = sluice_feeder_segment(feeder, *id);
		if (segment && segment->start == start && segment->carrier == &connection->carrier)
			return feeder;
	}
	return NULL;
}
