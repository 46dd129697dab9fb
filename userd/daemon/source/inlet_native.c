// SPDX-License-Identifier: MIT
/*
 * A connection of `source: sluice`: the receiving end of the native protocol is libsluice's;
 * records go into the ring as they come, GAPs too. Here is decided when the relay upstream is told,
 * and which one is refused because what it sends has been here. See inlet.h. In the inlet's thread.
 * Touches: its socket, the file of what was taken.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../link/path.h"
#include "inlet.h"

/* Reads of one connection before others have their turn. */
#define READS 4
/* Records that one after the other came of a stream are told of together, up to so many bytes. */
#define TOGETHER (64U << 10)
/* How often a loop is told of. */
#define TELL_NS (60 * SLUICE_NS_PER_S)

/* Does the relay hear of a record only when it left the ring, or was delivered? */
static bool holds(const struct sluice_inlet *inlet)
{
	return inlet->config.inlet.ack != SLUICE_PROMISE_RECEIVED;
}

/* Notes what the relay is told of when the ring stands at `position`. 0 or -ENOMEM. */
static int note_unsafe(struct sluice_inlet_thread *thread, struct sluice_receiver_stream *stream,
		       uint64_t start, uint64_t end, uint64_t position)
{
	struct sluice_inlet_unsafe *last = thread->unsafe_end > thread->unsafe_begin
						   ? &thread->unsafe[thread->unsafe_end - 1]
						   : NULL;
	struct sluice_inlet_unsafe *larger;
	size_t count = thread->unsafe_end - thread->unsafe_begin, room;

	if (last && last->stream == stream && last->end == start && end - last->start < TOGETHER &&
	    last->position != UINT64_MAX) {
		last->end = end;
		last->position = position;
		return 0;
	}
	if (thread->unsafe && thread->unsafe_end == thread->unsafe_room &&
	    thread->unsafe_begin > count) {
		memmove(thread->unsafe, thread->unsafe + thread->unsafe_begin,
			count * sizeof(*thread->unsafe));
		thread->unsafe_begin = 0;
		thread->unsafe_end = count;
	}
	if (!thread->unsafe || thread->unsafe_end == thread->unsafe_room) {
		room = thread->unsafe_room ? 2 * thread->unsafe_room : 256;
		larger = reallocarray(thread->unsafe, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		thread->unsafe = larger;
		thread->unsafe_room = room;
	}
	thread->unsafe[thread->unsafe_end++] = (struct sluice_inlet_unsafe){
		.stream = stream, .start = start, .end = end, .position = position};
	return 0;
}

/* What store() has in hand. */
struct taking {
	struct sluice_inlet_thread *thread;
	const struct sluice_receiver_record *record;
};

/* The record is written, and not in the ring yet. */
static void note_taken(void *context, uint64_t head)
{
	const struct taking *taking = context;

	if (taking->thread->taken)
		sluice_taken_begin(taking->thread->taken, taking->record, head);
}

/* An address block as it is in a record. */
static struct sluice_record_address block_of(const struct sluice_receiver_address *address)
{
	struct sluice_record_address block = {
		.family = (uint8_t)address->family,
		.vlan_present = address->vlan >= 0,
		.vlan_tci = htole16(address->vlan >= 0 ? (uint16_t)address->vlan : 0),
		.source_port = htole16(address->source_port),
		.destination_port = htole16(address->destination_port),
		.interface = htole32(address->interface),
	};

	memcpy(block.source, address->source, sizeof(block.source));
	memcpy(block.destination, address->destination, sizeof(block.destination));
	return block;
}

/* sluice_receiver_take: a record of the relay's becomes one of ours. */
static int take(void *context, const struct sluice_receiver_record *record)
{
	struct sluice_inlet_thread *thread = context;
	struct taking taking = {thread, record};
	struct sluice_record_gap gap = {.datagrams = htole64(record->lost),
					.bytes = htole64(record->lost_bytes),
					.cause = htole32(record->cause)};
	struct sluice_inlet_record own = {.type = SLUICE_RECORD_DATA,
					  .time_ns = record->time_ns,
					  .payload = record->payload,
					  .length = record->length};
	struct sluice_record_address block;
	struct sluice_receiver_stream *stream;
	int error;

	if (record->type == SLUICE_RECEIVER_GAP) {
		own.type = SLUICE_RECORD_GAP;
		own.payload = &gap;
		own.length = sizeof(gap);
	}
	if (record->address) {
		block = block_of(record->address);
		own.address = &block;
	}
	error = sluice_inlet_store(thread, &own, note_taken, &taking);
	if (error)
		return error;
	if (thread->taken)
		sluice_taken_done(thread->taken);
	if (record->type == SLUICE_RECEIVER_GAP)
		sluice_count(&thread->counts->passed, record->lost);
	if (!holds(thread->inlet))
		return 0;
	stream = sluice_receiver_find(thread->receiver, record->output, record->stream,
				      record->epoch);
	return stream ? note_unsafe(thread, stream, record->offset, record->end,
				    sluice_ring_head(&thread->stream->ring))
		      : -ENOMEM;
}

/* What note_earlier() has in hand. */
struct earlier {
	struct sluice_inlet_thread *thread;
	uint64_t position;
};

/* A range that was taken before this start: the relay is told of it when all that is in the ring
 * now is safe. */
static int note_earlier(void *context, const struct sluice_receiver_range *range)
{
	struct earlier *earlier = context;
	struct sluice_receiver_stream *stream = sluice_receiver_find(
		earlier->thread->receiver, range->output, range->stream, range->epoch);

	return stream ? note_unsafe(earlier->thread, stream, range->start, range->end,
				    earlier->position)
		      : -ENOMEM;
}

/* Does the input wait until streams that it left are empty? */
static bool has_leaving(const struct sluice_inlet_input *input)
{
	size_t number;

	for (number = 0; number < SLUICE_INLET_LEAVING; number++)
		/* Pairs with the release in intake_retire(). */
		if (sluice_load_acquire(&input->leaving[number]))
			return true;
	return false;
}

int sluice_inlet_native_begin(struct sluice_inlet_thread *thread)
{
	struct sluice_inlet *inlet = thread->inlet;
	struct earlier earlier = {thread, sluice_ring_head(&thread->stream->ring)};
	bool is_lost = false;
	int error = sluice_receiver_open(&thread->receiver, take, thread);

	if (error)
		return error;
	if (holds(inlet))
		sluice_receiver_hold(thread->receiver);
	if (inlet->taken_path && thread->stream->ring.file) {
		error = sluice_taken_open(&thread->taken, inlet->taken_path, thread->receiver,
					  &thread->stream->ring, &is_lost);
		if (error)
			sluice_warning_about(SLUICE_ABOUT(.path = inlet->taken_path),
					     "%s: %s; what was taken of relays upstream does not "
					     "outlive this process, and may come twice",
					     inlet->taken_path, strerror(-error));
		else if (is_lost)
			sluice_warning_about(SLUICE_ABOUT(.path = inlet->taken_path),
					     "%s: the ring that it was written with is gone, or it "
					     "is damaged: what relays upstream were not told of "
					     "comes again",
					     inlet->taken_path);
	}
	if (!holds(inlet))
		return 0;
	if (has_leaving(inlet->input))
		earlier.position = UINT64_MAX;
	return sluice_receiver_ranges(thread->receiver, note_earlier, &earlier);
}

/* Sends what is due. 0, or a negative errno. */
int sluice_inlet_native_write(struct sluice_inlet_connection *connection)
{
	const void *bytes;
	size_t length;
	ssize_t sent;
	int error;

	for (;;) {
		error = sluice_receiver_output(connection->link, &bytes, &length);
		if (error)
			return error;
		if (!length) {
			sluice_inlet_want_output(connection, false);
			return 0;
		}
		sent = send(connection->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			sluice_inlet_want_output(connection, true);
			return 0;
		}
		if (sent < 0 && errno != EINTR)
			return -errno;
		if (sent > 0)
			sluice_receiver_sent(connection->link, (size_t)sent);
	}
}

/* Tells the relay what may be told. 0, or a negative errno. */
static int acknowledge(struct sluice_inlet_connection *connection)
{
	int error = sluice_receiver_acknowledge(
		connection->link, holds(connection->thread->inlet) ? SLUICE_RECEIVER_DURABLE
								   : SLUICE_RECEIVER_RECEIVED);

	return error ? error : sluice_inlet_native_write(connection);
}

void sluice_inlet_native_settle(struct sluice_inlet_thread *thread)
{
	struct sluice_inlet_connection *connection;
	struct sluice_inlet_unsafe *unsafe;
	bool is_news = false, is_left = true;
	uint64_t position;

	if (thread->unsafe_begin == thread->unsafe_end)
		return;
	position = thread->inlet->config.inlet.ack == SLUICE_PROMISE_END
			   ? sluice_load_acquire(&thread->stream->delivered)
			   : sluice_ring_tail(&thread->stream->ring);
	if (thread->unsafe[thread->unsafe_begin].position == UINT64_MAX)
		is_left = !has_leaving(thread->inlet->input);
	while (thread->unsafe_begin < thread->unsafe_end) {
		unsafe = &thread->unsafe[thread->unsafe_begin];
		if (unsafe->position == UINT64_MAX ? !is_left : unsafe->position > position)
			break;
		if (sluice_receiver_safe(unsafe->stream, unsafe->start, unsafe->end))
			break;
		for (connection = thread->first; connection; connection = connection->next)
			if (sluice_receiver_link_tell(connection->link, unsafe->stream,
						      unsafe->start))
				connection->is_over = true;
		thread->unsafe_begin++;
		is_news = true;
	}
	for (connection = thread->first; is_news && connection; connection = connection->next)
		if (!connection->is_over && acknowledge(connection))
			connection->is_over = true;
}

bool sluice_inlet_native_waits(const struct sluice_inlet_thread *thread)
{
	return thread->unsafe_begin < thread->unsafe_end;
}

void sluice_inlet_native_close(struct sluice_inlet_thread *thread)
{
	if (thread->receiver)
		sluice_taken_close(thread->taken, thread->receiver);
	thread->taken = NULL;
	sluice_receiver_close(thread->receiver);
	thread->receiver = NULL;
	free(thread->unsafe);
	thread->unsafe = NULL;
	thread->unsafe_begin = 0;
	thread->unsafe_end = 0;
	thread->unsafe_room = 0;
}

/* sluice_receiver_path: has what comes been here? */
static int look_at_path(void *context, const struct sluice_frame_relay *relays, size_t count)
{
	struct sluice_inlet_connection *connection = context;
	struct sluice_inlet_thread *thread = connection->thread;
	const struct sluice_inlet *inlet = thread->inlet;
	char text[INET6_ADDRSTRLEN + 8];
	uint64_t now = sluice_now();

	if (!sluice_path_has_self(relays, count))
		return sluice_path_set(connection, (const sluice_guid *)inlet->outputs,
				       inlet->output_count, relays, count);
	sluice_count(&thread->counts->loops, 1);
	if (!thread->loop_told || now - thread->loop_told >= TELL_NS) {
		thread->loop_told = now;
		sluice_warning("input `%s`: relay `%s` at %s is refused: what it sends has passed "
			       "this relay, `%s`, before, and would go round for ever; take one of "
			       "the two outputs away, or let the input feed another one",
			       inlet->input->name, relays[0].name,
			       sluice_inlet_peer(connection, text), sluice_path_self_name());
	}
	return -ELOOP;
}

int sluice_inlet_native_open(struct sluice_inlet_connection *connection)
{
	int error = sluice_receiver_link_open(connection->thread->receiver, &connection->link);

	if (!error)
		sluice_receiver_link_watch(connection->link, look_at_path, connection);
	return error;
}

/* What came is no good: says why, once counted. */
static void fault(struct sluice_inlet_connection *connection, int error)
{
	const char *what = sluice_receiver_fault(connection->link);
	char text[INET6_ADDRSTRLEN + 8];

	if (error == -ELOOP)
		return;
	sluice_count(&connection->thread->counts->faults, 1);
	sluice_warning("input `%s`: connection from %s ended: it sent %s",
		       connection->thread->inlet->input->name, sluice_inlet_peer(connection, text),
		       what ? what : strerror(-error));
}

/* Counts what came again. */
static void count_repeated(struct sluice_inlet_thread *thread)
{
	struct sluice_receiver_counts counts;

	sluice_receiver_count(thread->receiver, &counts);
	sluice_store_relaxed(&thread->counts->repeated, counts.repeated);
}

/* Bytes that came, or none where what came before has waited for room. 0, -EAGAIN, or another
 * negative errno. */
static int feed(struct sluice_inlet_connection *connection, size_t length)
{
	struct sluice_inlet_thread *thread = connection->thread;
	int result = sluice_receiver_fed(connection->link, length), error;

	(void)sluice_taken_tidy(thread->taken, thread->receiver);
	if (result && result != -EAGAIN)
		fault(connection, result);
	/* What is whole is acknowledged while the rest waits. */
	error = acknowledge(connection);
	return result ? result : error;
}

int sluice_inlet_native_read(struct sluice_inlet_connection *connection)
{
	unsigned int number;
	void *bytes;
	size_t room;
	ssize_t got;
	int error = 0;

	if (connection->is_blocked)
		error = feed(connection, 0);
	for (number = 0; !error && number < READS; number++) {
		bytes = sluice_receiver_room(connection->link, &room);
		if (!bytes)
			return -ENOMEM;
		got = recv(connection->fd, bytes, room, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got <= 0)
			return got ? -errno : -ECONNRESET;
		connection->heard = sluice_now();
		error = feed(connection, (size_t)got);
	}
	count_repeated(connection->thread);
	return error;
}

void sluice_inlet_native_end(struct sluice_inlet_connection *connection)
{
	sluice_path_remove(connection);
	sluice_receiver_link_close(connection->link);
}
