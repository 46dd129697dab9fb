// SPDX-License-Identifier: MIT
/*
 * Connections that go from one process to the next; see passing.h. Touches: their sockets, the
 * parcel, descriptors that were handed over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
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
/* The most that can be half written and half read: more is a mistake. */
#define REST_MOST (64UL << 20)
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

bool sluice_connection_can_pass(const struct sluice_connection *connection, bool takes_rests)
{
	const struct sluice_protocol *protocol = connection->protocol;

	/* A link-local address is only good with the interface that it was reached by. */
	/* Keys of TLS are in this process only. */
	return connection->state == SLUICE_TCP_READY && connection->fd >= 0 &&
	       !connection->group->credentials && !connection->role.disabled &&
	       !connection->attempt.interface && !connection->trial.is_rejecting &&
	       protocol->can_pass &&
	       ((takes_rests && protocol->take_rest) ||
		(!connection->writing.busy && protocol->can_pass(connection)));
}

/* Puts what is half written and half read into the parcel, if there is any: one behind the other in
 * memory of its own. 0 or a negative errno. */
static int give_rest(struct sluice_connection *connection, const char *key,
		     struct sluice_parcel *parcel)
{
	const struct sluice_writing *writing = &connection->writing;
	const struct iovec parts[] = {
		writing->pending[0],
		writing->pending[1],
		{.iov_base = connection->inbox.bytes, .iov_len = connection->inbox.used},
	};
	size_t part = writing->busy ? 0 : 2, read = connection->inbox.used;
	size_t written = writing->busy ? parts[0].iov_len + parts[1].iov_len : 0;
	const struct sluice_segment *segment = NULL;
	int fd, result;

	if (!parcel->takes_rests || !connection->protocol->take_rest || !(written + read))
		return 0;
	fd = memfd_create("sluice-rest", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = writev(fd, parts + part, (int)(3 - part)) == (ssize_t)(written + read) ? 0 : -EIO;
	if (!result)
		result = sluice_parcel_add(parcel, SLUICE_HANDED_REST, key, fd);
	close(fd);
	/* What is written from where it lies counts as sent when the last byte is. */
	if (writing->busy && writing->feeder)
		segment = sluice_feeder_segment(writing->feeder, writing->segment);
	if (!result)
		result =
			sluice_parcel_say(parcel, "rest %s written=%zu read=%zu sent=%" PRIu64, key,
					  written, read, segment ? segment->count : UINT64_C(0));
	return result;
}

/* Takes that, which was in the parcel. False: it cannot be had. */
static bool take_rest(struct sluice_connection *connection, const char *key)
{
	int fd = sluice_handed_take(SLUICE_HANDED_REST, key);
	const char *line = sluice_notes_next(NULL, "rest", key);
	size_t written, read, total, have = 0;
	uint8_t *bytes = NULL;
	bool is_taken = false;
	ssize_t part = 1;

	if (fd < 0)
		return !line;
	written = line ? (size_t)sluice_handover_number(line, "written") : 0;
	read = line ? (size_t)sluice_handover_number(line, "read") : 0;
	if (__builtin_add_overflow(written, read, &total) || !total || total > REST_MOST)
		goto close;
	bytes = malloc(total);
	for (; bytes && have < total && part > 0; have += part > 0 ? (size_t)part : 0)
		part = pread(fd, bytes + have, total - have, (off_t)have);
	is_taken = have == total && connection->protocol->take_rest &&
		   connection->protocol->take_rest(connection, bytes, written, read);
	if (is_taken)
		sluice_count(&connection->counters.sent, sluice_handover_number(line, "sent"));
	free(bytes);
close:
	close(fd);
	return is_taken;
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
	if (!result)
		result = give_rest(connection, key, parcel);
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
	if (!fits(connection, line) || !take_rest(connection, key)) {
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
			  "%s: connected as before, with %llu segments under way%s",
			  sluice_connection_name(connection, name),
			  (unsigned long long)connection->carrier.segments,
			  connection->writing.busy ? ", in the middle of a frame" : "");
	connection->timer.at = 0;
	sluice_connection_flush(connection, now);
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
