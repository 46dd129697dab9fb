// SPDX-License-Identifier: MIT
/*
 * What comes out of the ring that all sockets of a worker share, see socket_bpf.h. Between the
 * program in the kernel and the rings of the streams. Touches: the ring, what was put aside of it,
 * the streams' producer side.
 *
 * The ring's form is the kernel's (kernel/bpf/ringbuf.c): a header of 8 bytes, whose first word is
 * the length and says whether the entry is still being written or was given up, and entries at
 * multiples of 8.
 */
#include <limits.h>
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
/*
 * What may wait at one socket for room in one input's stream before the program takes no more: as
 * much as the ring holds, which is more datagrams than a socket's buffer holds with calls. What is
 * in the ring by then is taken in any case. And what may wait at all sockets of a worker, in rings.
 */
#define HOLD_RINGS 8U
/* What may be put aside while a change is prepared. */
#define ASIDE_MAX (64UL << 20)
#define ASIDE_FIRST (64UL << 10)

/* Bytes that an entry of `length` takes. */
static size_t step_of(uint32_t length)
{
	return (BPF_RINGBUF_HDR_SZ + (size_t)length + 7) / 8 * 8;
}

/*
 * The entry at `position`, and in *step how far the next one is. NULL: there is none yet, *step is
 * 0; or it was given up.
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

/* The oldest that was put aside and is settled, and how far the next one is; NULL: there is none.
 */
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

/* Puts an entry aside, for a socket of which it is not clear yet whose it is. Without room it is
 * lost, and counted with what the program has refused. */
static void put_aside(struct sluice_socket_bpf *bpf, const struct sluice_socket_entry *entry)
{
	uint32_t size = sluice_socket_hold_size(entry);
	struct sluice_socket_aside *aside = &bpf->aside;

	if (!make_room(aside, step_of(size))) {
		(void)__atomic_fetch_add(&bpf->pages[(uint32_t)entry->ticket].refused,
					 sluice_socket_entry_datagrams(entry), __ATOMIC_RELAXED);
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

/* Tells the program whether to take what comes to a socket. */
static void set_full(const struct sluice_port *port, bool is_full)
{
	struct sluice_socket_seat_page *page = sluice_socket_seat_page_of(port);

	if (is_full == !!page->is_full)
		return;
	sluice_store_relaxed(&page->is_full, (uint32_t)is_full);
	sluice_socket_bpf_of(port)->full_sockets += is_full ? 1 : -1;
}

/* Do all inputs of a socket have one stream, so that it costs nobody else when the socket takes
 * nothing? */
static bool has_one_stream(const struct sluice_port_use *use)
{
	size_t number;

	for (number = 1; number < use->count; number++)
		if (use->claims[number].stream != use->claims[0].stream)
			return false;
	return true;
}

/* Is there as much as there may be? `parts` quarters of that. */
static bool is_much(const struct sluice_socket_bpf *bpf, const struct sluice_socket_hold *hold,
		    unsigned int parts)
{
	size_t one = bpf->ring.size, all = HOLD_RINGS * one;

	if (hold->bytes >= one / 4 * parts)
		return true;
	/* All together have too much: whoever has his share. */
	return bpf->held >= all && bpf->holds && hold->bytes >= all / bpf->holds / 4 * parts;
}

/* What waits at a port for an input; NULL: nothing. */
static struct sluice_socket_hold *hold_of(const struct sluice_port *port,
					  const struct sluice_socket_input *input)
{
	struct sluice_socket_hold *hold = port->hold;

	while (hold && hold->input != input)
		hold = hold->next;
	return hold;
}

/* The same, made if there is none. NULL: no memory. */
static struct sluice_socket_hold *make_hold(struct sluice_port *port,
					    const struct sluice_socket_input *input)
{
	struct sluice_socket_hold *hold = hold_of(port, input);

	if (hold)
		return hold;
	hold = sluice_socket_hold_create(input);
	if (!hold)
		return NULL;
	if (!port->hold)
		TAILQ_INSERT_TAIL(&sluice_socket_bpf_of(port)->waiting, port, turn);
	hold->next = port->hold;
	port->hold = hold;
	sluice_socket_bpf_of(port)->holds++;
	return hold;
}

/* Takes what waits at a port for one input, which is in *link, away. */
static void remove_hold(struct sluice_port *port, struct sluice_socket_hold **link)
{
	struct sluice_socket_hold *hold = *link;

	*link = hold->next;
	sluice_socket_bpf_of(port)->holds--;
	sluice_socket_bpf_of(port)->held -= hold->bytes;
	sluice_socket_hold_free(hold);
	if (port->hold)
		return;
	TAILQ_REMOVE(&sluice_socket_bpf_of(port)->waiting, port, turn);
	set_full(port, false);
}

void sluice_socket_bpf_forget(struct sluice_port *port)
{
	while (port->hold)
		remove_hold(port, &port->hold);
}

/* A stream is full: whoever makes room in it tells us. */
static void wait_for(struct sluice_stream *stream)
{
	stream->starved = true;
	/* With a disk that is a reason to make some. */
	stream->moved = true;
}

/* Keeps an entry of `port` until there is room in the stream of its input. */
static void keep(struct sluice_socket_bpf *bpf, struct sluice_port *port,
		 const struct sluice_socket_claim *claim, const struct sluice_socket_entry *entry)
{
	struct sluice_socket_hold *hold = make_hold(port, claim->input);
	size_t before = hold ? hold->bytes : 0;
	bool is_shared = !has_one_stream(port->use);

	wait_for(claim->stream);
	/* A socket whose other inputs have room is read on for those. */
	if (hold && is_shared && is_much(bpf, hold, 4)) {
		sluice_port_lose_full(claim, sluice_socket_entry_datagrams(entry));
		return;
	}
	if (!hold || sluice_socket_hold_put(hold, entry)) {
		sluice_port_lose_full(claim, sluice_socket_entry_datagrams(entry));
		if (hold && !hold->bytes)
			remove_hold(port, &port->hold);
		return;
	}
	bpf->held += hold->bytes - before;
	if (!is_shared && is_much(bpf, hold, 4))
		set_full(port, true);
}

/* The input of `port` that an entry is for; NULL: none. */
static struct sluice_socket_claim *find_claim(struct sluice_socket_bpf *bpf,
					      struct sluice_port *port,
					      const struct sluice_socket_entry *entry)
{
	sluice_socket_batch_turn(&bpf->batch, port);
	bpf->batch.time_ns = entry->time_ns + bpf->ahead_ns;
	return port->use->is_plain ? &port->use->claims[0] : claim_of(&bpf->batch, entry);
}

/* Makes records of an entry of `port`; if it has an input, there is room. */
static void store(struct sluice_socket_bpf *bpf, struct sluice_port *port,
		  struct sluice_socket_claim *claim, const struct sluice_socket_entry *entry)
{
	port->touched = !port->closing;
	(void)sluice_socket_batch_store(&bpf->batch, claim, (const uint8_t *)(entry + 1),
					entry->length - (uint32_t)sizeof(entry->udp),
					entry->segment);
}

/* An entry of `port` that has just come. `closely`: its way is measured (lib/cost.h). */
static inline __attribute__((always_inline)) void take_in(struct sluice_socket_bpf *bpf,
							  struct sluice_port *port,
							  const struct sluice_socket_entry *entry,
							  bool closely)
{
	struct sluice_socket_claim *claim;

	if (closely)
		sluice_cost_near(SLUICE_COST_RECEIVE, NULL);
	claim = find_claim(bpf, port, entry);
	if (closely)
		sluice_cost_near(SLUICE_COST_MATCH, claim ? &claim->counters->cost : NULL);
	/* Behind what waits, even if there is room again. */
	if (claim && (!has_room(claim->stream) || (port->hold && hold_of(port, claim->input))))
		keep(bpf, port, claim, entry);
	else
		store(bpf, port, claim, entry);
	if (closely)
		sluice_cost_near(SLUICE_COST_STORE, NULL);
}

/* Makes records of what waits at a port for one input, as far as there is room and until *take has
 * `most`. True: that is all. */
static bool store_hold(struct sluice_socket_bpf *bpf, struct sluice_port *port,
		       struct sluice_socket_hold *hold, struct sluice_port_take *take,
		       unsigned int most)
{
	const struct sluice_socket_entry *entry;
	struct sluice_socket_claim *claim;
	size_t step;

	while ((entry = sluice_socket_hold_first(hold))) {
		if (take->datagrams >= most)
			return false;
		/* Anew: since it came the configuration may have changed. */
		claim = find_claim(bpf, port, entry);
		if (claim && !has_room(claim->stream)) {
			wait_for(claim->stream);
			return false;
		}
		store(bpf, port, claim, entry);
		take->datagrams += sluice_socket_entry_datagrams(entry);
		step = sluice_socket_hold_drop(hold);
		bpf->held -= step;
	}
	return true;
}

/* The same for all that waits at a port. */
static void store_holds(struct sluice_socket_bpf *bpf, struct sluice_port *port,
			struct sluice_port_take *take, unsigned int most)
{
	struct sluice_socket_hold **link = &port->hold, *hold;

	while (*link) {
		if (store_hold(bpf, port, *link, take, most))
			remove_hold(port, link);
		else
			link = &(*link)->next;
	}
	for (hold = port->hold; hold && !is_much(bpf, hold, 3); hold = hold->next)
		continue;
	if (!hold)
		set_full(port, false);
}

/* The same for all ports in turn. Returns whether some may be left that there is room for. */
static bool store_waiting(struct sluice_socket_bpf *bpf, struct sluice_port_take *take,
			  unsigned int most)
{
	const struct sluice_port *last = TAILQ_LAST(&bpf->waiting, sluice_socket_bpf_queue);
	struct sluice_port *port;
	bool is_last = !last;

	while (!is_last && take->datagrams < most) {
		port = TAILQ_FIRST(&bpf->waiting);
		is_last = port == last;
		store_holds(bpf, port, take, most);
		if (!port->hold)
			continue;
		TAILQ_REMOVE(&bpf->waiting, port, turn);
		TAILQ_INSERT_TAIL(&bpf->waiting, port, turn);
	}
	return take->datagrams >= most;
}

/* What an entry is to the socket that it came to. `is_settled`: it was put aside, and who has not
 * claimed it by now never will. `closely`: as above. */
static inline __attribute__((always_inline)) void take_one(struct sluice_socket_bpf *bpf,
							   const struct sluice_socket_entry *entry,
							   bool is_settled, bool closely)
{
	const struct sluice_socket_seat *seat =
		&bpf->seats[(uint32_t)entry->ticket % bpf->seat_count];

	/* Its socket is gone: a change was cancelled, or what was left of it has been counted. */
	if (sluice_load_acquire(&seat->ticket) != entry->ticket)
		return;
	if (seat->port)
		take_in(bpf, seat->port, entry, closely);
	else if (!is_settled)
		put_aside(bpf, entry);
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
		if (port->reader == &bpf->beat && sluice_socket_bpf_has_refused(port))
			sluice_port_count_drops(port, false);
	/* It overflowed while we rested, unless that was for want of room. */
	if (TAILQ_EMPTY(&bpf->waiting))
		bpf->beat.wait_ns /= 2;
}

/* Begins a turn. */
static void begin(struct sluice_socket_bpf *bpf)
{
	struct timespec now;

	sluice_socket_batch_begin(&bpf->batch);
	clock_gettime(CLOCK_MONOTONIC, &now);
	bpf->ahead_ns = bpf->batch.time_ns -
			((uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec);
}

/* Takes the next entry, put aside or in the ring. What it takes up there; 0: there is none.
 * `closely`: as above. */
static inline __attribute__((always_inline)) size_t
take_next(struct sluice_socket_bpf *bpf, struct sluice_port_take *take, bool closely)
{
	const struct sluice_socket_entry *entry;
	bool is_aside;
	size_t step = 0;

	if (closely)
		sluice_cost_look();
	entry = entry_aside(&bpf->aside, &step);
	is_aside = entry;
	if (!entry)
		entry = entry_at(&bpf->ring, bpf->ring.read, &step);
	if (!step)
		return 0;
	if (entry) {
		take_one(bpf, entry, is_aside, closely);
		take->datagrams += sluice_socket_entry_datagrams(entry);
	}
	if (is_aside)
		advance_aside(&bpf->aside, step);
	else
		bpf->ring.read += step;
	take->buffer += step;
	return step;
}

int sluice_socket_bpf_read(struct sluice_socket_beat *beat, struct sluice_port_take *take)
{
	struct sluice_socket_bpf *bpf = (struct sluice_socket_bpf *)beat;
	unsigned int most = take->datagrams + BATCH, look = sluice_cost_first_look(), entries;
	struct sluice_cost_mark before;
	size_t step = 0;

	begin(bpf);
	if (bpf->has_news)
		bpf->has_news = store_waiting(bpf, take, take->datagrams + BATCH / 2);
	before = sluice_cost_enter(SLUICE_COST_RECEIVE, NULL);
	for (entries = 0; entries < BATCH && take->datagrams < most; entries++) {
		if (entries != look) {
			step = take_next(bpf, take, false);
		} else {
			step = take_next(bpf, take, true);
			look += SLUICE_COST_NEAR;
		}
		if (!step)
			break;
	}
	sluice_cost_near_end();
	sluice_cost_leave(before);
	/* Once a turn: whoever writes into the ring reads it each time. */
	sluice_store_release(bpf->ring.consumer, bpf->ring.read);
	sluice_socket_batch_end(&bpf->batch);
	if (bpf->has_news || step || take->datagrams >= most)
		return 1;
	/* What comes to one that takes nothing would be asked for again and again: now and then is
	 * enough. */
	if (!bpf->full_sockets)
		sluice_socket_bpf_look_after(bpf);
	return 0;
}

void sluice_socket_bpf_empty(struct sluice_port *port, uint64_t now)
{
	struct sluice_socket_bpf *bpf = sluice_socket_bpf_of(port);
	unsigned long end = sluice_load_acquire(bpf->ring.producer);
	struct sluice_port_take take = {0};

	while ((long)(bpf->ring.read - end) < 0 || bpf->aside.taken < bpf->aside.settled)
		(void)sluice_socket_beat_drain(&bpf->beat, now);
	begin(bpf);
	store_holds(bpf, port, &take, UINT_MAX);
	sluice_socket_batch_end(&bpf->batch);
}

uint32_t sluice_socket_bpf_discard(struct sluice_port *port)
{
	struct sluice_socket_bpf *bpf = sluice_socket_bpf_of(port);
	const struct sluice_socket_entry *entry;
	struct sluice_socket_aside aside = bpf->aside;
	struct sluice_socket_seat *seat = &bpf->seats[(uint32_t)port->ticket % bpf->seat_count];
	unsigned long position = bpf->ring.read, end = sluice_load_acquire(bpf->ring.producer);
	const struct sluice_socket_hold *hold;
	uint32_t count = 0;
	size_t step;

	for (hold = port->hold; hold; hold = hold->next)
		count += sluice_socket_hold_datagrams(hold);
	sluice_socket_bpf_forget(port);
	/* The second time: what came since the first. */
	if (port->is_discarded && (long)(port->discarded - position) > 0)
		position = port->discarded;
	while (!port->is_discarded && (entry = entry_aside(&aside, &step))) {
		if (entry->ticket == port->ticket)
			count += sluice_socket_entry_datagrams(entry);
		aside.taken += step;
	}
	while ((long)(position - end) < 0) {
		entry = entry_at(&bpf->ring, position, &step);
		/* One that is being written, for a moment. */
		if (!step)
			continue;
		if (entry && entry->ticket == port->ticket)
			count += sluice_socket_entry_datagrams(entry);
		position += step;
	}
	port->discarded = position;
	port->is_discarded = true;
	/* When they are reached they are nobody's. */
	seat->port = NULL;
	sluice_store_release(&seat->ticket, (uint64_t)UINT64_MAX);
	return count;
}
