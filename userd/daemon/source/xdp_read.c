// SPDX-License-Identifier: MIT
/*
 * The threads that read an interface's AF_XDP sockets; see xdp.h. Touches: the sockets, the
 * producer's side of their lanes' rings.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <xdp.skel.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "xdp.h"

/* Frames of one turn, and how long is slept at most before it is looked once more. */
#define TURN 64U
#define LOOK_NS (100 * SLUICE_NS_PER_MS)
/* Under load sockets are read on a beat: to be woken by each datagram costs ten times as much as to
 * read it. In that time a socket's ring is filled by 8 million a second. */
#define BEAT_NS (SLUICE_NS_PER_MS / 2)
/* How often an interface that is not there is looked for, and losses are. */
#define RETRY_NS SLUICE_NS_PER_S

/* Takes what has come to a queue, at most a turn of it. Returns how many frames. */
static uint32_t read_queue(struct sluice_xdp_lane *lane, struct sluice_xdp_queue *queue)
{
	uint32_t from, to, count = xsk_ring_cons__peek(&queue->received, TURN, &from), number;
	struct timespec now;
	struct sluice_pcap_frame frame = {.link = DLT_EN10MB, .interface = lane->interface->index};
	uint32_t unused;

	if (!count)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	frame.time_ns = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
	for (number = 0; number < count; number++) {
		const struct xdp_desc *from_kernel =
			xsk_ring_cons__rx_desc(&queue->received, from + number);

		frame.bytes = xsk_umem__get_data(queue->area, from_kernel->addr);
		frame.captured = frame.length = from_kernel->len;
		(void)sluice_pcap_take(lane->handle, &frame, &unused);
	}
	/* There are as many places in all as the fill ring has, so that this cannot fail. */
	if (xsk_ring_prod__reserve(&queue->fill, count, &to) == count) {
		for (number = 0; number < count; number++)
			*xsk_ring_prod__fill_addr(&queue->fill, to + number) =
				xsk_ring_cons__rx_desc(&queue->received, from + number)->addr &
				~((uint64_t)queue->chunk - 1);
		xsk_ring_prod__submit(&queue->fill, count);
	}
	xsk_ring_cons__release(&queue->received, count);
	/* A driver that found no place waits to be told of one. */
	if (xsk_ring_prod__needs_wakeup(&queue->fill))
		(void)recvfrom(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	return count;
}

/* A turn of each queue of the lane. Returns how many frames. */
static uint32_t read_all(struct sluice_xdp_lane *lane)
{
	struct sluice_xdp_queue *queue;
	uint32_t count = 0;

	for (queue = lane->queues; queue; queue = queue->next)
		count += read_queue(lane, queue);
	return count;
}

/* Losses of `count` datagrams that are one input's, or, if `claim` is NULL, somebody's: the first
 * one's then. */
static void lose(struct sluice_pcap_handle *handle, struct sluice_pcap_claim *claim,
		 enum sluice_lost_cause cause, uint64_t count)
{
	struct sluice_pcap_table *table = handle->table;
	struct sluice_pcap_ring *ring;

	if (!count || !table || !table->claims)
		return;
	if (!claim)
		claim = table->claims;
	ring = &table->rings[claim->ring];
	sluice_count(cause == SLUICE_LOST_COPY ? &claim->input->snapped
					       : &claim->input->lost_capture,
		     count);
	sluice_ring_lose(&ring->stream->ring, claim->input->index, cause, count, 0);
	ring->is_untold = true;
}

/* Counts what the sockets of the lane have lost. */
static void look_for_losses(struct sluice_xdp_lane *lane)
{
	struct sluice_xdp_queue *queue;
	uint64_t lost = 0, starved;

	for (queue = lane->queues; queue; queue = queue->next) {
		lost += sluice_xdp_queue_losses(queue, &starved);
		__atomic_fetch_add(&lane->interface->starved, starved, __ATOMIC_RELAXED);
	}
	pthread_mutex_lock(&lane->handle->lock);
	lose(lane->handle, NULL, SLUICE_LOST_SOCKET, lost);
	pthread_mutex_unlock(&lane->handle->lock);
}

/* Counts what was for an input and the program left to the stack. @context leader */
static void look_for_left(struct sluice_xdp_lane *lane)
{
	struct sluice_xdp_interface *interface = lane->interface;
	const struct bpf_map *map = interface->attached.programs->maps.bss;
	uint64_t why[SLUICE_XDP_LEFT_COUNT + 8];
	uint32_t none = 0, port, number;
	bool is_more = false;

	if (bpf_map__value_size(map) > sizeof(why) ||
	    bpf_map_lookup_elem(bpf_map__fd(map), &none, why))
		return;
	for (number = 0; number < SLUICE_XDP_LEFT_COUNT; number++) {
		is_more |= why[number] != interface->left_seen[number];
		sluice_count(&interface->left_why[number],
			     why[number] - interface->left_seen[number]);
		interface->left_seen[number] = why[number];
	}
	if (!is_more)
		return;
	pthread_mutex_lock(&lane->handle->lock);
	for (port = 0; port < 65536; port++) {
		uint64_t now = sluice_load_relaxed(&interface->left[port]);
		struct sluice_pcap_table *table = lane->handle->table;
		uint32_t place = table ? table->of_port[port] : 0;

		if (now == interface->left_told[port])
			continue;
		lose(lane->handle, place ? &table->claims[table->places[place - 1].claim] : NULL,
		     SLUICE_LOST_COPY, now - interface->left_told[port]);
		interface->left_told[port] = now;
	}
	pthread_mutex_unlock(&lane->handle->lock);
}

/* Opens the socket of one queue. */
static void enter_queue(struct sluice_xdp_lane *lane, uint32_t number)
{
	struct sluice_xdp_interface *interface = lane->interface;
	int map = bpf_map__fd(interface->attached.programs->maps.sockets), error;
	struct epoll_event event = {.events = EPOLLIN};
	struct sluice_xdp_queue *queue;

	error = sluice_xdp_queue_open(&queue, interface->name, number, interface->chunk,
				      interface->attached.is_native);
	if (error) {
		sluice_warning("interface %s: no AF_XDP socket for its queue %u: %s; what comes by "
			       "that goes on to the stack, and counts as lost",
			       interface->name, number, strerror(-error));
		return;
	}
	queue->next = lane->queues;
	lane->queues = queue;
	(void)epoll_ctl(lane->poll, EPOLL_CTL_ADD, queue->fd, &event);
	__atomic_fetch_add(&interface->sockets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&interface->zerocopy, queue->is_zerocopy, __ATOMIC_RELAXED);
	/* From here on the program sends to it. */
	if (bpf_map_update_elem(map, &number, &queue->fd, BPF_ANY))
		sluice_warning("interface %s: what comes by queue %u goes on to the stack: %s",
			       interface->name, number, strerror(errno));
}

/* Reads what is there, and closes the sockets of the lane. */
static void leave(struct sluice_xdp_lane *lane)
{
	struct sluice_xdp_interface *interface = lane->interface;
	struct sluice_xdp_queue *queue;

	while (read_all(lane))
		;
	look_for_losses(lane);
	sluice_pcap_flush(lane->handle);
	while ((queue = lane->queues)) {
		lane->queues = queue->next;
		__atomic_fetch_sub(&interface->sockets, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&interface->zerocopy, queue->is_zerocopy, __ATOMIC_RELAXED);
		sluice_xdp_queue_close(queue);
	}
	lane->is_in = false;
	pthread_mutex_lock(&interface->lock);
	interface->lanes_in--;
	pthread_cond_broadcast(&interface->changed);
	pthread_mutex_unlock(&interface->lock);
}

/* Does what the leader did: opens sockets, or closes them. */
static void follow(struct sluice_xdp_lane *lane)
{
	struct sluice_xdp_interface *interface = lane->interface;
	uint32_t number, count = 0;

	if (sluice_load_relaxed(&interface->generation) == lane->generation)
		return;
	if (lane->is_in)
		leave(lane);
	pthread_mutex_lock(&interface->lock);
	lane->generation = interface->generation;
	if (interface->is_open) {
		lane->is_in = true;
		interface->lanes_in++;
		count = interface->queue_count;
	}
	pthread_mutex_unlock(&interface->lock);
	for (number = lane->number; number < count; number += interface->lane_count)
		enter_queue(lane, number);
}

/* Is the interface another one than that which is open, or has it other queues? */
static bool is_other(const struct sluice_xdp_interface *interface)
{
	return if_nametoindex(interface->name) != interface->index ||
	       sluice_xdp_queues_of(interface->name) != interface->queue_count;
}

/* Has native mode failed? Then the interface has generic mode from now on. @context leader */
static bool has_failed(struct sluice_xdp_interface *interface)
{
	if (interface->attached.dispatched ||
	    !sluice_xdp_trial_fails(interface, interface->failure))
		return false;
	sluice_warning("interface %s: %s", interface->name, interface->failure);
	interface->is_generic_forced = true;
	return true;
}

/* Takes the program away, and waits until all of it is gone. @context leader */
static void shut(struct sluice_xdp_lane *lane)
{
	enum sluice_thread_state before;

	if (!lane->interface->is_open)
		return;
	before = sluice_thread_enters(SLUICE_THREAD_OTHER);
	sluice_xdp_interface_shut(lane->interface);
	sluice_thread_goes_back(before);
	look_for_left(lane);
	follow(lane);
	sluice_xdp_interface_settle(lane->interface);
}

/* Looks after the interface. Says what it waits for, once. @context leader */
static void lead(struct sluice_xdp_lane *lane, char told[SLUICE_PCAP_TEXT])
{
	struct sluice_xdp_interface *interface = lane->interface;
	char text[SLUICE_PCAP_TEXT] = "";
	enum sluice_thread_state before;
	int error;

	if (interface->is_open) {
		look_for_left(lane);
		if (!has_failed(interface) && !is_other(interface))
			return;
		shut(lane);
	}
	/* A driver may take seconds to set its rings up. */
	before = sluice_thread_enters(SLUICE_THREAD_OTHER);
	error = sluice_xdp_interface_open(interface, text);
	sluice_thread_goes_back(before);
	if (error) {
		if (strcmp(text, told) != 0)
			sluice_warning("source: xdp waits %s; nothing is taken there until then",
				       text);
		memcpy(told, text, sizeof(text));
		sluice_pcap_say(lane->handle, SLUICE_PCAP_WAITS, "%s", text);
		return;
	}
	told[0] = '\0';
	sluice_notice(
		"interface %s: datagrams are taken by XDP, %s, in %s mode, from %u queue%s%s%s",
		interface->name, interface->attached.dispatched ? "beside other programs" : "alone",
		interface->attached.is_native ? "native" : "generic", interface->queue_count,
		interface->queue_count == 1 ? "" : "s", interface->note[0] ? "; " : "",
		interface->note);
	sluice_pcap_say(lane->handle, SLUICE_PCAP_READS, "active, %s%s%s%s",
			interface->attached.is_native ? "native" : "generic",
			interface->attached.dispatched ? ", beside others" : "",
			interface->note[0] ? "; " : "", interface->note);
}

/* Waits for what comes next: for anything, or, under load, a beat. */
static void await_more(struct sluice_xdp_lane *lane, uint32_t count)
{
	uint64_t now = sluice_now();

	sluice_socket_lone_note(&lane->lone, count, now);
	if (sluice_socket_lone_is_alone(&lane->lone, now))
		(void)sluice_pcap_wait(lane->handle, lane->poll, now + LOOK_NS);
	else
		(void)sluice_pcap_wait(lane->handle, -1, now + BEAT_NS);
}

/* Waits until the leader has taken the program away. */
static void await_end(struct sluice_xdp_interface *interface)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_OTHER);

	pthread_mutex_lock(&interface->lock);
	while (interface->is_open)
		pthread_cond_wait(&interface->changed, &interface->lock);
	pthread_mutex_unlock(&interface->lock);
	sluice_thread_goes_back(before);
}

void sluice_xdp_read(struct sluice_pcap_handle *handle)
{
	struct sluice_xdp_lane *lane = handle->own;
	char told[SLUICE_PCAP_TEXT] = "";
	uint64_t looked = 0, now;
	uint32_t count, gathered = 0;

	while (!sluice_pcap_is_over(handle)) {
		now = sluice_now();
		if (now - looked >= RETRY_NS) {
			looked = now;
			look_for_losses(lane);
			if (!lane->number)
				lead(lane, told);
		}
		follow(lane);
		count = read_all(lane);
		gathered += count;
		sluice_pcap_flush(handle);
		/* There may be more at once. */
		if (count >= TURN) {
			sluice_thread_progress(now);
			continue;
		}
		await_more(lane, gathered);
		gathered = 0;
	}
	if (!lane->number)
		shut(lane);
	else
		await_end(lane->interface);
	if (lane->is_in)
		leave(lane);
}
