// SPDX-License-Identifier: MIT
/*
 * What comes out of the ring that all sockets of a worker share, see socket_bpf.h. Between the program in the kernel and the rings of the
 * streams. Touches: the ring, what was put aside of it, the streams' producer side.
 *
 * The ring's form is the kernel's (kernel/bpf/ringbuf.c): a header of 8 bytes, whose first word is the length and says whether the entry is
 * still being written or was given up, and entries at multiples of 8.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "socket_bpf_inner.h"
#include "socket_claim.h"

/* Entries and datagrams a turn, as with calls. */
#define BATCH 256U
/* How long one stream may hold up the others because its ring is full: long enough for the disk to take something. */
#define PATIENCE_NS (100 * SLUICE_NS_PER_MS)
/* What may be put aside while a change is prepared. */
#define ASIDE_MAX (64UL << 20)
#define ASIDE_FIRST (64UL << 10)

/* What becomes of an entry. */
enum fate { FATE_TAKEN, FATE_WAITS };

/* Bytes that an entry of `length` takes. */
static size_t step_of(uint32_t length)
{
	return (BPF_RINGBUF_HDR_SZ + (size_t)length + 7) / 8 * 8;
}

/*
 * The entry at `position`, and in *step how far the next one is. NULL: there is none yet, *step is 0; or it was given up.
 */
static const struct sluice_socket_entry *entry_at(const struct sluice_socket_bpf_ring *ring,
						  unsigned long position, size_t *step)
{
	const uint8_t *header = ring->data + (position & (ring->size - 1));
	uint32_t length;

	*step = 0;
	if (position == sluice_load_acquire(ring->producer))
		return NULL;
	length = sluice_load_acquire((const uint32_t *)(const void *)header);
	if (length & BPF_RINGBUF_BUSY_BIT)
		return NULL;
	*step = step_of(length & ~(uint32_t)BPF_RINGBUF_DISCARD_BIT);
	if (length & BPF_RINGBUF_DISCARD_BIT)
		return NULL;
	return (const void *)(header + BPF_RINGBUF_HDR_SZ);
}

/* The oldest that was put aside and is settled, and how far the next one is; NULL: there is none. */
static const struct sluice_socket_entry *entry_aside(const struct sluice_socket_aside *aside,
						     size_t *step)
{
	const uint8_t *header = aside->bytes + aside->taken;
	uint32_t length;

	if (aside->taken == aside->settled)
		return NULL;
	memcpy(&length, header, sizeof(length));
	*step = step_of(length);
	return (const void *)(header + BPF_RINGBUF_HDR_SZ);
}

/* Bytes of an entry as the ring has it. */
static uint32_t entry_size(const struct sluice_socket_entry *entry)
{
	return (uint32_t)(sizeof(*entry) - sizeof(entry->udp)) + entry->length;
}

/* Datagrams in an entry. */
static uint32_t datagrams_of(const struct sluice_socket_entry *entry)
{
	uint32_t length = entry->length - (uint32_t)sizeof(entry->udp);

	return entry->segment && length > entry->segment
		       ? (length + entry->segment - 1) / entry->segment
		       : 1;
}

/* Makes room for `more` bytes in what is put aside. False: there is none. */
static bool make_room(struct sluice_socket_aside *aside, size_t more)
{
	size_t room = aside->room ? aside->room : ASIDE_FIRST;
	uint8_t *larger;

	if (aside->used + more <= aside->room)
		return true;
	while (room < aside->used + more)
		room *= 2;
	if (room > ASIDE_MAX)
		return false;
	larger = realloc(aside->bytes, room);
	if (!larger)
		return false;
	aside->bytes = larger;
	aside->room = room;
	return true;
}

/* Puts an entry aside, for a socket of which it is not clear yet whose it is. Without room it is lost, and counted with what the program
 * has refused. */
static void put_aside(struct sluice_socket_bpf *bpf, const struct sluice_socket_entry *entry)
{
	uint32_t size = entry_size(entry);
	struct sluice_socket_aside *aside = &bpf->aside;

	if (!make_room(aside, step_of(size))) {
		(void)__atomic_fetch_add(&bpf->pages[(uint32_t)entry->ticket].refused,
					 datagrams_of(entry), __ATOMIC_RELAXED);
		return;
	}
	memcpy(aside->bytes + aside->used, &size, sizeof(size));
	memcpy(aside->bytes + aside->used + BPF_RINGBUF_HDR_SZ, entry, size);
	aside->used += step_of(size);
}

/* One more of them is stored. */
static void advance_aside(struct sluice_socket_aside *aside, size_t step)
{
	aside->taken += step;
	if (aside->taken < aside->used)
		return;
	free(aside->bytes);
	memset(aside, 0, sizeof(*aside));
}

/* Has a stream room for the largest that can come in one go? */
static bool has_room(struct sluice_stream *stream)
{
	return sluice_ring_room(&stream->ring) >= SLUICE_SOCKET_SPAN_MAX;
}

/* Has another stream of the ring's ports room? */
static bool others_have_room(const struct sluice_socket_bpf *bpf,
			     const struct sluice_stream *stream)
{
	struct sluice_stream *last = NULL;
	const struct sluice_port *port;
	size_t number;

	for (port = bpf->set->ports; port; port = port->next)
		for (number = 0; port->bpf && number < port->use->count; number++) {
			struct sluice_stream *other = port->use->claims[number].stream;

			if (other == stream || other == last)
				continue;
			if (has_room(other))
				return true;
			last = other;
		}
	return false;
}

/* A stream that is full: is it waited for? Otherwise what comes for it in this turn is lost, so that others get theirs. */
static bool is_waited_for(struct sluice_socket_bpf *bpf, struct sluice_stream *stream)
{
	uint64_t now = bpf->beat.worker->now;

	if (stream->shed == bpf->turn)
		return false;
	stream->starved = true;
	/* With a disk that is a reason to make some. */
	stream->moved = true;
	if (!stream->full_since)
		stream->full_since = now;
	if (!others_have_room(bpf, stream))
		return true;
	if (now - stream->full_since < PATIENCE_NS) {
		sluice_worker_set_timer(bpf->beat.worker, &bpf->beat.timer,
					stream->full_since + PATIENCE_NS);
		return true;
	}
	stream->shed = bpf->turn;
	return false;
}

/* The input that takes a packet, or NULL. */
static struct sluice_socket_claim *claim_of(struct sluice_socket_batch *batch,
					    const struct sluice_socket_entry *entry)
{
	size_t size = entry->family == 4 ? 4 : 16;
	struct sluice_socket_facts facts = {
		.family = entry->family == 4 ? AF_INET : AF_INET6,
		.source = entry->addresses,
		.destination = entry->addresses + size,
		.source_port = ntohs(entry->udp.source),
		.interface = entry->interface,
		.is_for_many = entry->is_for_many,
	};

	return sluice_socket_batch_claim(batch, &facts);
}

/* Makes records of an entry of `port`. */
static enum fate store(struct sluice_socket_bpf *bpf, struct sluice_port *port,
		       const struct sluice_socket_entry *entry, struct sluice_port_take *take)
{
	struct sluice_socket_batch *batch = &bpf->batch;
	struct sluice_socket_claim *claim = &port->use->claims[0];
	struct sluice_stream *stream;

	sluice_socket_batch_turn(batch, port);
	batch->time_ns = entry->time_ns + bpf->ahead_ns;
	if (!port->use->is_plain)
		claim = claim_of(batch, entry);
	stream = claim ? claim->stream : NULL;
	if (stream && !has_room(stream)) {
		if (is_waited_for(bpf, stream))
			return FATE_WAITS;
		take->datagrams += datagrams_of(entry);
		sluice_port_lose_full(port, claim, datagrams_of(entry));
		return FATE_TAKEN;
	}
	port->touched = !port->closing;
	take->datagrams += sluice_socket_batch_store(batch, claim, (const uint8_t *)(entry + 1),
						     entry->length - (uint32_t)sizeof(entry->udp),
						     entry->segment);
	/* Not for a few bytes: one that is full again and again is waited for once. */
	if (stream && stream->full_since &&
	    sluice_ring_room(&stream->ring) >= (stream->ring.mask + 1) / 4)
		stream->full_since = 0;
	return FATE_TAKEN;
}

/* What an entry is to the socket that it came to. `is_settled`: it was put aside, and who has not claimed it by now never will. */
static enum fate take_one(struct sluice_socket_bpf *bpf, const struct sluice_socket_entry *entry,
			  bool is_settled, struct sluice_port_take *take)
{
	const struct sluice_socket_seat *seat =
		&bpf->seats[(uint32_t)entry->ticket % bpf->seat_count];

	/* Its socket is gone: a change was cancelled, or what was left of it has been counted. */
	if (sluice_load_acquire(&seat->ticket) != entry->ticket)
		return FATE_TAKEN;
	if (seat->port)
		return store(bpf, seat->port, entry, take);
	if (!is_settled)
		put_aside(bpf, entry);
	return FATE_TAKEN;
}

/* What was refused is told of behind what was taken before. */
void sluice_socket_bpf_look_after(struct sluice_socket_bpf *bpf)
{
	uint64_t refused = sluice_socket_bpf_refused_in_all(bpf);
	struct sluice_port *port;

	if (refused == bpf->seen)
		return;
	bpf->seen = refused;
	for (port = bpf->set->ports; port; port = port->next)
		if (port->bpf == bpf && sluice_socket_bpf_has_refused(port))
			sluice_port_count_drops(port, false);
	/* It overflowed while we rested, unless that was for want of room. */
	if (!bpf->beat.starved)
		bpf->beat.wait_ns /= 2;
}

/* Begins a turn. */
static void begin(struct sluice_socket_bpf *bpf)
{
	struct timespec now;

	bpf->turn++;
	sluice_socket_batch_begin(&bpf->batch);
	clock_gettime(CLOCK_MONOTONIC, &now);
	bpf->ahead_ns = bpf->batch.time_ns -
			((uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec);
}

int sluice_socket_bpf_read(struct sluice_socket_beat *beat, struct sluice_port_take *take)
{
	struct sluice_socket_bpf *bpf = (struct sluice_socket_bpf *)beat;
	unsigned int most = take->datagrams + BATCH, entries;
	const struct sluice_socket_entry *entry;
	enum fate fate = FATE_TAKEN;
	bool is_aside;
	size_t step = 0;

	begin(bpf);
	for (entries = 0; entries < BATCH && take->datagrams < most; entries++) {
		entry = entry_aside(&bpf->aside, &step);
		is_aside = entry;
		if (!entry)
			entry = entry_at(&bpf->ring, bpf->ring.read, &step);
		if (!step)
			break;
		if (entry)
			fate = take_one(bpf, entry, is_aside, take);
		if (fate == FATE_WAITS)
			break;
		if (is_aside)
			advance_aside(&bpf->aside, step);
		else
			bpf->ring.read += step;
		take->buffer += step;
	}
	/* Once a turn: whoever writes into the ring reads it each time. */
	sluice_store_release(bpf->ring.consumer, bpf->ring.read);
	sluice_socket_batch_end(&bpf->batch);
	if (fate != FATE_WAITS && step)
		return 1;
	bpf->beat.starved = fate == FATE_WAITS;
	sluice_socket_bpf_look_after(bpf);
	return fate == FATE_WAITS ? -ENOBUFS : 0;
}

bool sluice_socket_bpf_empty(struct sluice_socket_bpf *bpf, uint64_t now)
{
	unsigned long end = sluice_load_acquire(bpf->ring.producer);

	while ((long)(bpf->ring.read - end) < 0 || bpf->aside.taken < bpf->aside.settled) {
		(void)sluice_socket_beat_drain(&bpf->beat, now);
		if (bpf->beat.starved)
			return false;
	}
	return true;
}

uint32_t sluice_socket_bpf_discard(struct sluice_port *port)
{
	struct sluice_socket_bpf *bpf = port->bpf;
	const struct sluice_socket_entry *entry;
	struct sluice_socket_aside aside = bpf->aside;
	struct sluice_socket_seat *seat = &bpf->seats[(uint32_t)port->ticket % bpf->seat_count];
	unsigned long position = bpf->ring.read, end = sluice_load_acquire(bpf->ring.producer);
	uint32_t count = 0;
	size_t step;

	/* The second time: what came since the first. */
	if (port->is_discarded && (long)(port->discarded - position) > 0)
		position = port->discarded;
	while (!port->is_discarded && (entry = entry_aside(&aside, &step))) {
		if (entry->ticket == port->ticket)
			count += datagrams_of(entry);
		aside.taken += step;
	}
	while ((long)(position - end) < 0) {
		entry = entry_at(&bpf->ring, position, &step);
		/* One that is being written, for a moment. */
		if (!step)
			continue;
		if (entry && entry->ticket == port->ticket)
			count += datagrams_of(entry);
		position += step;
	}
	port->discarded = position;
	port->is_discarded = true;
	/* When they are reached they are nobody's. */
	seat->port = NULL;
	sluice_store_release(&seat->ticket, (uint64_t)UINT64_MAX);
	return count;
}
