// SPDX-License-Identifier: MIT
/*
 * A connection of the sink: see connection.h. Order of things, which the relay's trust rests on:
 * read, enter into the books, commit, acknowledge. Touches: its socket, the ledger.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "connection.h"
#include "recognition.h"
#include "wire.h"

/* Bytes a connection may read before the others have their turn. */
#define SHARE (1U << 20)
/* A slow connection is read so many times a second. */
#define SLOW_STEPS 50U
#define NS_PER_SECOND 1000000000ULL

struct sluice_sink_connection {
	struct sluice_ledger *ledger;	   /* @owner caller */
	struct sluice_sink_rules *rules;   /* @owner caller */
	struct sluice_receiver_link *link; /* native; else NULL; @owner connection */
	struct sluice_decoder decoder;	   /* other framings */
	struct sluice_wire wire;
	uint16_t port;
	bool looked;	    /* its first bytes were recognised, or were not */
	bool ended;	    /* it will send no more */
	bool unsettled;	    /* something came since the last acknowledgement */
	uint64_t slow_wake; /* when the next bytes may be read */
	char peer[64];
};

/* Says what is wrong with the connection, once per connection, for it ends then. */
static void complain(const struct sluice_sink_connection *connection, const char *what)
{
	fprintf(stderr, "sink: %s: %s; connection closed\n", connection->peer, what);
}

/* From here on it is decoded as `framing`. 0 or -ENOMEM. */
static int take_framing(struct sluice_sink_connection *connection,
			enum sluice_decoder_framing framing)
{
	connection->decoder.framing = framing;
	if (framing != SLUICE_DECODER_NATIVE)
		return 0;
	return sluice_receiver_link_open(sluice_ledger_receiver(connection->ledger),
					 &connection->link);
}

/* Says once what came, where that can't be read: `told` is what was awaited (NULL: anything). */
static void say_unreadable(struct sluice_sink_connection *connection, enum sluice_recognition what,
			   const char *told)
{
	if (connection->rules->told & 1U << what)
		return;
	connection->rules->told |= 1U << what;
	fprintf(stderr, "sink: %s: what comes is %s%s%s: %s\n", connection->peer,
		sluice_recognition_name(what), told ? ", not " : "", told ? told : "",
		sluice_recognition_mend(what));
}

/* Says once of each framing that it was recognised. */
static void say_recognised(struct sluice_sink_connection *connection, enum sluice_recognition what)
{
	struct sluice_sink_rules *rules = connection->rules;

	if (!rules->quiet && !(rules->told & 1U << what))
		fprintf(stderr, "sink: %s: %s\n", connection->peer, sluice_recognition_name(what));
	rules->told |= 1U << what;
}

/* The framing that was told, as it is called. */
static const char *told_name(const struct sluice_sink_rules *rules)
{
	static const char *const names[] = {"native", "newline", "octet-counted", "length32"};

	return names[rules->framing];
}

/* Decides by the first bytes. 0: it can be read; -EPROTO: it can't; -ENOMEM. */
static int decide(struct sluice_sink_connection *connection, enum sluice_recognition what)
{
	struct sluice_sink_rules *rules = connection->rules;
	enum sluice_decoder_framing framing = rules->framing;
	bool fits = rules->automatic ? sluice_recognition_framing(what, &framing)
				     : !sluice_recognition_contradicts(what, framing);

	connection->looked = true;
	if (!fits) {
		say_unreadable(connection, what, rules->automatic ? NULL : told_name(rules));
		sluice_ledger_sums(connection->ledger)->damaged_frames++;
		rules->unreadable = !rules->fitting;
		return -EPROTO;
	}
	if (rules->automatic) {
		say_recognised(connection, what);
	} else if (framing == SLUICE_DECODER_NEWLINE && what == SLUICE_RECOGNITION_OCTET_COUNTED) {
		say_unreadable(connection, what, "newline, as it seems");
		rules->doubtful = true;
	}
	rules->fitting = true;
	return rules->automatic ? take_framing(connection, framing) : 0;
}

/* Will the peer send nothing any more? */
static bool has_ended(const struct sluice_sink_connection *connection)
{
	struct pollfd polled = {.fd = connection->wire.fd, .events = POLLRDHUP};

	return poll(&polled, 1, 0) > 0;
}

/* Has the socket wake us when it has more than `least` bytes. */
static void wake_at(const struct sluice_sink_connection *connection, size_t least)
{
	int bytes = (int)least + 1;

	setsockopt(connection->wire.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

/* Looks at what came first, and leaves it in the socket. 0: go on; -EAGAIN: more is needed; else as
 * decide(). */
static int look(struct sluice_sink_connection *connection)
{
	uint8_t bytes[SLUICE_RECOGNITION_BYTES];
	enum sluice_recognition what;
	ssize_t got = sluice_wire_read(&connection->wire, bytes, sizeof(bytes), true);
	/* Of TLS no more than one record can be looked at. */
	bool ended = got >= 0 && (size_t)got < sizeof(bytes) &&
		     (connection->wire.tls || has_ended(connection));

	/* Its end, or what broke it, is what reading finds. */
	if (got <= 0)
		return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			       ? 0
			       : -EAGAIN;
	what = sluice_recognise(bytes, (size_t)got, ended);
	if (what == SLUICE_RECOGNITION_OPEN && !connection->wire.tls) {
		wake_at(connection, (size_t)got);
		return -EAGAIN;
	}
	if (!connection->wire.tls)
		wake_at(connection, 0);
	return decide(connection, what);
}

/* As connection.h says. @context process */
struct sluice_sink_connection *sluice_sink_connection_open(struct sluice_ledger *ledger,
							   struct sluice_sink_rules *rules, int fd,
							   const char *peer, uint16_t port)
{
	struct sluice_sink_connection *made = NULL;

	if (ledger && rules && peer)
		made = calloc(1, sizeof(*made));
	if (!made) {
		close(fd);
		return NULL;
	}
	made->ledger = ledger;
	made->rules = rules;
	if (!sluice_wire_open(&made->wire, fd, rules->tls)) {
		free(made);
		close(fd);
		return NULL;
	}
	if (!rules->automatic && take_framing(made, rules->framing)) {
		sluice_wire_close(&made->wire);
		free(made);
		return NULL;
	}
	made->port = port;
	snprintf(made->peer, sizeof(made->peer), "%s", peer);
	return made;
}

/* Is something begun and not whole in the buffer? */
static bool is_within(const struct sluice_sink_connection *connection)
{
	return connection->link ? sluice_receiver_is_within(connection->link)
				: sluice_decoder_is_within(&connection->decoder);
}

/* Closes it; NULL is allowed. @context process */
void sluice_sink_connection_close(struct sluice_sink_connection *connection)
{
	if (!connection)
		return;
	if (is_within(connection))
		sluice_ledger_sums(connection->ledger)->cut_frames++;
	sluice_decoder_free(&connection->decoder);
	sluice_receiver_link_close(connection->link);
	sluice_wire_close(&connection->wire);
	free(connection);
}

/* Commits, and syncs if that is the rule: from here on the relay may be told. 0 or what the ledger
 * says. */
static int settle(struct sluice_sink_connection *connection)
{
	int error = sluice_ledger_commit(connection->ledger);

	if (!error && connection->rules->durable)
		error = sluice_ledger_sync(connection->ledger);
	return error;
}

/* Everything whole of `got` more bytes of a plain framing. 0, -EPROTO, or what the ledger says. */
static int take_plain(struct sluice_sink_connection *connection, size_t got)
{
	struct sluice_ledger_sums *sums = sluice_ledger_sums(connection->ledger);
	struct sluice_decoder_item item = {.length = 0};
	int error;
	int next;

	sluice_decoder_fed(&connection->decoder, got);
	while ((next = sluice_decoder_next(&connection->decoder, &item)) != 0) {
		if (next == -ENOMEM)
			return next;
		if (next < 0)
			sums->damaged_frames++;
		if (next == -EMSGSIZE)
			continue;
		if (next < 0) {
			complain(connection, "this is not the framing that was agreed");
			return -EPROTO;
		}
		error = sluice_ledger_datagram(connection->ledger, connection->port, item.bytes,
					       item.length);
		if (error)
			return error;
		connection->rules->delivered_since = true;
	}
	return 0;
}

/* Everything whole of `got` more bytes of frames. 0, -EPROTO, or what the ledger says. */
static int take_native(struct sluice_sink_connection *connection, size_t got)
{
	struct sluice_receiver *receiver = sluice_ledger_receiver(connection->ledger);
	struct sluice_receiver_counts before;
	struct sluice_receiver_counts after;
	const char *fault;
	int error;

	sluice_receiver_count(receiver, &before);
	error = sluice_receiver_fed(connection->link, got);
	sluice_receiver_count(receiver, &after);
	if (after.frames > before.frames)
		connection->rules->delivered_since = true;
	fault = sluice_receiver_fault(connection->link);
	if (!fault)
		return error;
	sluice_ledger_sums(connection->ledger)->damaged_frames++;
	complain(connection, fault);
	return -EPROTO;
}

/* Sends what is due. 0, -ECONNRESET, -ENOMEM. */
static int send_out(struct sluice_sink_connection *connection)
{
	const void *bytes;
	size_t length;

	while (connection->link) {
		int error = sluice_receiver_output(connection->link, &bytes, &length);
		ssize_t sent;

		if (error || length == 0)
			return error;
		sent = sluice_wire_write(&connection->wire, bytes, length);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -ECONNRESET;
		sluice_receiver_sent(connection->link, (size_t)sent);
	}
	return 0;
}

/* Is something still to be sent? */
static bool is_sending(const struct sluice_sink_connection *connection)
{
	const void *bytes;
	size_t length = 0;

	return connection->link && sluice_receiver_output(connection->link, &bytes, &length) == 0 &&
	       length > 0;
}

/* Ends the connection as a crashed machine would: RST, whatever is unsent or unread is gone. */
static int reset(struct sluice_sink_connection *connection)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(connection->wire.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	connection->rules->resets++;
	connection->rules->delivered_since = false;
	connection->rules->until_reset =
		connection->rules->reset_once ? UINT64_MAX : connection->rules->reset_after;
	return -ECONNRESET;
}

/* Bytes to read now, as slowness and resets allow. */
static size_t allowance(const struct sluice_sink_connection *connection, size_t room)
{
	const struct sluice_sink_rules *rules = connection->rules;

	if (rules->slow && room > (rules->slow + SLOW_STEPS - 1) / SLOW_STEPS)
		room = (size_t)((rules->slow + SLOW_STEPS - 1) / SLOW_STEPS);
	/* Past the limit byte by byte, until it is in the middle of a frame. */
	if (rules->reset_after && room > rules->until_reset)
		room = rules->until_reset ? (size_t)rules->until_reset : 1;
	return room;
}

/* Reads once and takes what became whole. Bytes read, 0 if there was nothing, or a negative errno
 * as serve. */
static ssize_t read_once(struct sluice_sink_connection *connection, uint64_t now)
{
	struct sluice_sink_rules *rules = connection->rules;
	uint8_t *buffer;
	ssize_t got;
	size_t room;
	int error;

	buffer = connection->link ? sluice_receiver_room(connection->link, &room)
				  : sluice_decoder_room(&connection->decoder, &room);
	if (!buffer)
		return -ENOMEM;
	got = sluice_wire_read(&connection->wire, buffer, allowance(connection, room), false);
	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -ECONNRESET;
	if (got == 0) {
		connection->ended = true;
		return 0;
	}
	connection->unsettled = true;
	if (rules->slow)
		connection->slow_wake = now + NS_PER_SECOND / SLOW_STEPS;
	if (rules->reset_after)
		rules->until_reset -=
			rules->until_reset > (uint64_t)got ? (uint64_t)got : rules->until_reset;
	error = connection->link ? take_native(connection, (size_t)got)
				 : take_plain(connection, (size_t)got);
	if (error)
		return error;
	if (rules->reset_after && rules->until_reset == 0 && rules->delivered_since &&
	    is_within(connection))
		return reset(connection);
	return got;
}

/* Commits what was read, then acknowledges it. 0 or what the ledger says. */
static int answer(struct sluice_sink_connection *connection)
{
	int error = settle(connection);

	if (!error && connection->link)
		error = sluice_receiver_acknowledge(
			connection->link, connection->rules->durable ? SLUICE_RECEIVER_DURABLE
								     : SLUICE_RECEIVER_RECEIVED);
	if (!error)
		connection->unsettled = false;
	return error;
}

/* As connection.h says. @context process */
int sluice_sink_connection_serve(struct sluice_sink_connection *connection, uint64_t now)
{
	size_t share = 0;
	ssize_t got = 1;
	int error;

	if (!connection)
		return -EINVAL;
	/* Nothing but its end can have been reported. */
	if (connection->rules->never_read)
		return -EPIPE;
	if (!connection->looked) {
		error = look(connection);
		if (error)
			return error == -EAGAIN ? 0 : error;
	}
	while (got > 0 && share < SHARE && !connection->ended && connection->slow_wake <= now) {
		got = read_once(connection, now);
		share += got > 0 ? (size_t)got : 0;
	}
	/* A slow reader that found nothing waits for the socket, not for the clock. */
	if (got == 0)
		connection->slow_wake = 0;
	/* What was whole before a fault counts, and is acknowledged as far as the peer still
	 * listens. */
	if (got == -ECONNRESET) {
		error = settle(connection);
		return error ? error : -ECONNRESET;
	}
	if (got < 0 && got != -EPROTO)
		return (int)got;
	error = connection->unsettled ? answer(connection) : 0;
	if (!error)
		error = send_out(connection);
	if (error)
		return error;
	if (got < 0)
		return (int)got;
	return connection->ended && !is_sending(connection) ? -EPIPE : 0;
}

/* As connection.h says. */
uint32_t sluice_sink_connection_events(const struct sluice_sink_connection *connection,
				       uint64_t *wake)
{
	uint32_t events = 0;

	*wake = UINT64_MAX;
	if (is_sending(connection))
		events |= EPOLLOUT;
	if (connection->ended || connection->rules->never_read)
		return events;
	if (connection->slow_wake)
		*wake = connection->slow_wake;
	else if (sluice_wire_has_more(&connection->wire))
		*wake = 0; /* epoll knows nothing of that */
	else
		events |= EPOLLIN;
	return events;
}
