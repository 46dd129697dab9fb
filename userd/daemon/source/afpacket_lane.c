// SPDX-License-Identifier: MIT
/*
 * A worker empties the ring of a packet socket; see afpacket.h. Touches: the ring, the streams that
 * the lane fills, its counters.
 */
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "../../lib/cost.h"
#include "../../lib/log.h"
#include "afpacket.h"

/* Blocks of one turn; then others have theirs. */
#define TURN 8U
/* How often losses are looked for. */
#define LOOK_NS SLUICE_NS_PER_S

/* Block `number` of the ring. */
static struct tpacket_block_desc *block_at(const struct sluice_afpacket_socket *socket,
					   uint32_t number)
{
	return (struct tpacket_block_desc *)(void *)(socket->map +
						     (size_t)number * SLUICE_AFPACKET_BLOCK);
}

/* This kernel does not give us joined datagrams, which is said once. */
static void tell_of_joined(struct sluice_afpacket_lane *lane)
{
	char name[IF_NAMESIZE] = "?";

	if (lane->is_told)
		return;
	lane->is_told = true;
	(void)if_indextoname(lane->socket->interface, name);
	sluice_warning("interface %s: joined datagrams (GRO, UDP_SEGMENT) are lost, because this "
		       "kernel cannot hand them to packet sockets, and count as one each "
		       "(`socket`): turn that off (`ethtool -K %s rx-udp-gro-forwarding off "
		       "rx-gro-list off`), or use `source: kmod` or `socket`",
		       name, name);
}

/* Takes what is in a block. */
static void take_block(struct sluice_afpacket_lane *lane, const struct tpacket_block_desc *block)
{
	const uint8_t *at = (const uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	uint32_t left = block->hdr.bh1.num_pkts, taken = 0;

	for (; left; left--) {
		const struct tpacket3_hdr *packet = (const struct tpacket3_hdr *)(const void *)at;

		/* Without the flag the kernel has made room and then could not say what the packet
		 * is: it has counted it as dropped, and what lies there is what was there before.
		 */
		if (packet->tp_status & TP_STATUS_USER) {
			sluice_afpacket_take(lane, packet);
			taken++;
		} else {
			tell_of_joined(lane);
		}
		at += packet->tp_next_offset;
	}
	sluice_count(&lane->packets, taken);
}

/* The streams hear of what was stored, and losses are told: as far as there is room, the rest when
 * there is some (sluice_afpacket_refill()). */
static void flush(struct sluice_afpacket_lane *lane)
{
	size_t number;

	for (number = 0; lane->table && number < lane->table->ring_count; number++) {
		struct sluice_pcap_ring *ring = &lane->table->rings[number];

		if (ring->is_untold) {
			if (!sluice_ring_tell(&ring->stream->ring))
				sluice_store_relaxed(&ring->stream->starved, true);
			ring->unrung++;
		}
		if (ring->unrung)
			sluice_stream_notify(ring->stream);
		ring->is_untold = false;
		ring->unrung = 0;
	}
}

bool sluice_afpacket_refill(struct sluice_stream *stream, uint64_t now)
{
	uint64_t head = sluice_ring_head(&stream->ring);

	(void)now;
	sluice_store_relaxed(&stream->starved, !sluice_ring_tell(&stream->ring));
	if (sluice_ring_head(&stream->ring) == head)
		return false;
	sluice_stream_notify(stream);
	return true;
}

/* The kernel had no room for `count` packets of all inputs of the interface together: they are told
 * of the one that got most since it was last looked. */
static void lose(struct sluice_afpacket_lane *lane, uint64_t count)
{
	struct sluice_pcap_claim *claim, *most = NULL;
	uint64_t recent, best = 0;
	size_t number;

	for (number = 0; lane->table && number < lane->table->claim_count; number++) {
		claim = &lane->table->claims[number];
		recent = claim->input->stored + claim->input->lost_full - claim->input->seen;
		claim->input->seen += recent;
		if (!most || recent > best) {
			most = claim;
			best = recent;
		}
	}
	if (!most || !count)
		return;
	sluice_count(&most->input->lost_capture, count);
	sluice_ring_lose(&lane->table->rings[most->ring].stream->ring, most->input->index,
			 SLUICE_LOST_SOCKET, count, 0);
	lane->table->rings[most->ring].is_untold = true;
}

/* Takes up to `most` blocks. Returns whether that was all. */
static bool take_blocks(struct sluice_afpacket_lane *lane, unsigned int most)
{
	struct sluice_afpacket_socket *socket = lane->socket;
	struct sluice_cost_mark before = sluice_cost_enter(SLUICE_COST_RECEIVE, NULL);
	bool is_losing = false;
	uint32_t status = 0;

	for (; most; most--) {
		struct tpacket_block_desc *block = block_at(socket, socket->next);

		/* Pairs with the kernel's release: what is in the block is there. */
		status = sluice_load_acquire(&block->hdr.bh1.block_status);
		if (!(status & TP_STATUS_USER))
			break;
		is_losing |= (status & TP_STATUS_LOSING) != 0;
		take_block(lane, block);
		/* The kernel writes there again only after we have read. */
		sluice_store_release(&block->hdr.bh1.block_status, (uint32_t)TP_STATUS_KERNEL);
		socket->next = (socket->next + 1) % SLUICE_AFPACKET_BLOCKS;
	}
	if (is_losing)
		lose(lane, sluice_afpacket_drops(socket));
	flush(lane);
	sluice_cost_leave(before);
	return !(status & TP_STATUS_USER);
}

/* struct sluice_handler.ready: a block is ours, or the interface went down. @context worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_afpacket_lane *lane = (struct sluice_afpacket_lane *)handler;
	socklen_t length = sizeof(int);
	int error;

	(void)now;
	/* It is told once, when it is read; the control thread follows the interface. */
	if (events & EPOLLERR)
		(void)getsockopt(lane->socket->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	(void)take_blocks(lane, TURN);
}

/* struct sluice_timer.due: what was lost since the last time? @context worker */
static void look_after(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_afpacket_lane *lane =
		(void *)((char *)timer - offsetof(struct sluice_afpacket_lane, timer));

	lose(lane, sluice_afpacket_drops(lane->socket));
	flush(lane);
	sluice_worker_set_timer(lane->worker, timer, now + LOOK_NS);
}

int sluice_afpacket_lane_enter(struct sluice_worker *worker, void *argument)
{
	struct sluice_afpacket_lane *lane = argument;
	int error;

	lane->handler.ready = ready;
	lane->timer.due = look_after;
	error = sluice_worker_add_timer(worker, &lane->timer);
	if (error)
		return error;
	error = sluice_worker_watch(worker, lane->socket->fd, EPOLLIN, &lane->handler);
	if (error) {
		sluice_worker_remove_timer(worker, &lane->timer);
		return error;
	}
	lane->worker = worker;
	sluice_worker_set_timer(worker, &lane->timer, worker->now + LOOK_NS);
	return 0;
}

/* Takes all that the kernel has handed over. */
static void empty(struct sluice_afpacket_lane *lane)
{
	unsigned int turns;

	/* As much as it can have held; more comes while we read. */
	for (turns = 0; turns < 2 * (SLUICE_AFPACKET_BLOCKS / TURN); turns++)
		if (take_blocks(lane, TURN))
			break;
}

int sluice_afpacket_lane_leave(struct sluice_worker *worker, void *argument)
{
	struct sluice_afpacket_lane *lane = argument;

	sluice_worker_unwatch(worker, lane->socket->fd);
	empty(lane);
	lose(lane, sluice_afpacket_drops(lane->socket));
	flush(lane);
	sluice_worker_remove_timer(worker, &lane->timer);
	lane->worker = NULL;
	lane->socket = NULL;
	return 0;
}

int sluice_afpacket_lane_turn(struct sluice_worker *worker, void *argument)
{
	struct sluice_afpacket_lane *lane = argument;
	struct sluice_pcap_table *old = lane->table;

	(void)worker;
	empty(lane);
	lane->table = lane->next_table;
	lane->next_table = old;
	return 0;
}
