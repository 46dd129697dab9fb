// SPDX-License-Identifier: MIT
/*
 * The way `receive: bpf` (socket_way.h), put together of socket_bpf.c (programs, maps, sockets),
 * socket_bpf_read.c (what comes out of the ring) and socket_bpf_seat.c (what is counted). Touches:
 * the workers' rings for programs, when they are read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../config/sentence.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "socket_bpf_inner.h"
#include "socket_claim.h"
#include "socket_trial.h"
#include "socket_way.h"

/* Inputs with more ports than this, all together, are not read by a program unless that is asked
 * for. */
#define PORTS_MAX 65536U
/* Rings for programs are memory that is taken at once: those of all workers together take no more
 * than this unless the size is given. */
#define RINGS_MOST (256UL << 20)
#define RING_MOST (32UL << 20)
#define RING_LEAST (1UL << 20)

size_t sluice_socket_bpf_ring_size(const struct sluice_config *config, size_t workers)
{
	size_t size = RING_MOST, readers = sluice_config_readers(config, workers);

	if (config->socket_ring)
		return config->socket_ring;
	while (size > RING_LEAST && size * readers > RINGS_MOST)
		size /= 2;
	return size;
}

/* struct sluice_socket_way.prepare */
static int prepare(struct sluice_socket_beat **reader, struct sluice_port_set *set,
		   const struct sluice_config *config, size_t workers, char **error)
{
	size_t size = sluice_socket_bpf_ring_size(config, workers);
	struct sluice_socket_bpf *bpf;
	int result;

	if (*reader)
		return 0;
	result = sluice_socket_bpf_open(&bpf, set, size);
	if (result) {
		sluice_say(error,
			   "the program for `receive: bpf`, with a ring of %zu bytes for each "
			   "reader, cannot be loaded: %s; make `socket.ring` smaller, or use "
			   "`receive: calls`",
			   size, strerror(-result));
		return result;
	}
	bpf->beat.read = sluice_socket_bpf_read;
	*reader = &bpf->beat;
	return 0;
}

/* How many sockets the plan wants in each worker, at most. */
static size_t count_sockets(const struct sluice_source_plan *plan)
{
	size_t number, range, count = 0;

	for (number = 0; number < plan->config->input_count; number++) {
		const struct sluice_config_input *input = &plan->config->inputs[number];

		for (range = 0;
		     plan->kinds[number] == SLUICE_SOURCE_SOCKET && range < input->port_count;
		     range++)
			count += (size_t)input->ports[range].last - input->ports[range].first + 1;
	}
	return count;
}

/* Makes the rings of all workers that have one. NULL; or why they cannot be had, for the user,
 * which is then so for ever. */
static const char *make_rings(const struct sluice_socket_way_bed *bed)
{
	static char text[256];
	char amount[SLUICE_SIZE_TEXT], *error = NULL;
	size_t number, readers = sluice_config_readers(bed->plan->config, bed->worker_count);

	for (number = 0; number < readers && !text[0]; number++) {
		if (!prepare(&bed->readers[number].of[SLUICE_RECEIVE_BPF], &bed->sets[number],
			     bed->plan->config, bed->worker_count, &error))
			continue;
		(void)sluice_size_format(
			sluice_socket_bpf_ring_size(bed->plan->config, bed->worker_count), amount);
		snprintf(text, sizeof(text),
			 "there is no memory for a ring of %s for each of %zu readers: "
			 "`socket.ring` can be smaller",
			 amount, readers);
	}
	if (error)
		sluice_debug("%s", error);
	free(error);
	return text[0] ? text : NULL;
}

/* struct sluice_socket_way.afford */
static const char *afford(const struct sluice_socket_way_bed *bed)
{
	if (count_sockets(bed->plan) > PORTS_MAX)
		return "it has room for 65,536 sockets in each worker, and the inputs want more";
	return make_rings(bed);
}

/* struct sluice_socket_way.is_unused */
static bool is_unused(const struct sluice_socket_beat *reader)
{
	return !((const struct sluice_socket_bpf *)reader)->users;
}

/* struct sluice_socket_way.close */
static void close_reader(struct sluice_socket_beat *reader)
{
	sluice_socket_bpf_close((struct sluice_socket_bpf *)reader);
}

/* The ring that the worker of a set watches; NULL: none. */
static struct sluice_socket_bpf *watched_by(const struct sluice_port_set *set)
{
	return (struct sluice_socket_bpf *)set->readers.of[SLUICE_RECEIVE_BPF];
}

/* The ring that sockets of a list are put on, which is one for all; NULL: there are none. */
static struct sluice_socket_bpf *ring_of(const struct sluice_port *list)
{
	while (list && list->key.way != &sluice_socket_way_bpf)
		list = list->next;
	return list ? sluice_socket_bpf_of(list) : NULL;
}

/* It is left alone no longer than the least of what its ports in the list allow. */
static void adapt_beat(struct sluice_socket_bpf *bpf, const struct sluice_port *list)
{
	uint64_t most_ns = UINT64_MAX;
	bool is_prompt = false;

	for (; list; list = list->next) {
		if (list->reader != &bpf->beat)
			continue;
		if (list->use->wait_most_ns < most_ns)
			most_ns = list->use->wait_most_ns;
		is_prompt |= list->use->is_prompt;
	}
	if (most_ns != UINT64_MAX)
		sluice_socket_beat_adapt(&bpf->beat, most_ns, is_prompt);
}

/* struct sluice_socket_way.watch */
static int watch(struct sluice_port_set *set, const struct sluice_port *fresh)
{
	struct sluice_socket_bpf *bpf = ring_of(fresh);

	if (!bpf)
		return 0;
	bpf->aside.settled = bpf->aside.used;
	if (watched_by(set))
		return 0;
	adapt_beat(bpf, fresh);
	set->readers.of[SLUICE_RECEIVE_BPF] = &bpf->beat;
	return bpf->beat.entered ? 0 : sluice_socket_beat_enter(&bpf->beat, set->worker);
}

/* struct sluice_socket_way.settle */
static void settle(struct sluice_port_set *set, const struct sluice_port *list)
{
	struct sluice_socket_bpf *bpf = ring_of(list);

	if (!bpf)
		bpf = watched_by(set);
	if (bpf)
		bpf->aside.settled = bpf->aside.used;
}

/* struct sluice_socket_way.leave */
static void leave(struct sluice_port_set *set)
{
	struct sluice_socket_bpf *bpf = watched_by(set);

	if (!bpf)
		return;
	sluice_socket_beat_leave(&bpf->beat);
	set->readers.of[SLUICE_RECEIVE_BPF] = NULL;
}

/* struct sluice_socket_way.adapt: there may be room for what waits: that is tried soon. */
static void adapt(struct sluice_port_set *set, uint64_t now)
{
	struct sluice_socket_bpf *bpf = watched_by(set);

	if (!bpf)
		return;
	if (!bpf->users) {
		leave(set);
		return;
	}
	adapt_beat(bpf, set->ports);
	if (TAILQ_EMPTY(&bpf->waiting) || !bpf->beat.entered)
		return;
	bpf->has_news = true;
	sluice_worker_set_timer(bpf->beat.worker, &bpf->beat.timer, now + 1);
}

/* struct sluice_socket_way.refill */
static void refill(struct sluice_port_set *set, const struct sluice_stream *stream, uint64_t now)
{
	struct sluice_socket_bpf *bpf = watched_by(set);

	(void)stream;
	if (!bpf || TAILQ_EMPTY(&bpf->waiting))
		return;
	bpf->has_news = true;
	(void)sluice_socket_beat_drain(&bpf->beat, now);
}

/* struct sluice_socket_way.look_after: what has the program refused? */
static void look_after(struct sluice_port_set *set, bool all, uint64_t now)
{
	(void)all;
	(void)now;
	if (watched_by(set))
		sluice_socket_bpf_look_after(watched_by(set));
}

/* struct sluice_socket_way.enter */
static int enter(struct sluice_port *port, struct sluice_port_set *set)
{
	(void)set;
	sluice_socket_bpf_own(port);
	return 0;
}

/* struct sluice_socket_way.detach */
static void detach(struct sluice_port *port)
{
	if (!port->ticket)
		return;
	sluice_socket_bpf_forget(port);
	sluice_socket_bpf_detach(port);
}

/* struct sluice_socket_way.is_starved */
static bool is_starved(const struct sluice_port *port)
{
	return port->hold;
}

/* struct sluice_socket_way.drain: all sockets of the ring. */
static bool drain(struct sluice_port *port, uint64_t now)
{
	return sluice_socket_beat_drain(port->reader, now);
}

/* struct sluice_socket_way.empty */
static uint32_t empty(struct sluice_port *port, uint64_t now)
{
	sluice_socket_bpf_empty(port, now);
	return port->hold || port->is_discarded ? sluice_socket_bpf_discard(port) : 0;
}

/* struct sluice_socket_way.shut */
static int shut(struct sluice_port *port)
{
	sluice_socket_bpf_shut(port);
	return 0;
}

/* struct sluice_socket_way.look_at: what came by the program only the socket itself may have lost.
 */
static void look_at(struct sluice_port *port, bool erred, uint64_t now)
{
	(void)now;
	if (!port->touched && !erred)
		return;
	port->touched = false;
	sluice_socket_bpf_note_cost(port);
	if (sluice_port_count_drops(port, false) && !port->closing)
		port->touched = true;
}

/* struct sluice_socket_way.suspect: nothing is left in the socket, so none had no room. */
static void suspect(const struct sluice_port *port, uint32_t more,
		    struct sluice_socket_suspects *suspects)
{
	(void)port;
	(void)more;
	suspects->overflow_most = 0;
}

/* struct sluice_socket_way.refused */
static uint32_t refused(struct sluice_port *port, bool is_late)
{
	(void)is_late;
	return sluice_socket_bpf_refused(port);
}

const struct sluice_socket_way sluice_socket_way_bpf = {
	.receive = SLUICE_RECEIVE_BPF,
	.sockets_most = SLUICE_SOCKET_SEATS,
	.trails = true,
	.has_program = true,
	.begin = sluice_socket_bpf_log,
	.trial = sluice_socket_trial,
	.afford = afford,
	.spread = sluice_config_readers,
	.prepare = prepare,
	.is_unused = is_unused,
	.close = close_reader,
	.watch = watch,
	.settle = settle,
	.adapt = adapt,
	.leave = leave,
	.refill = refill,
	.look_after = look_after,
	.attach = sluice_socket_bpf_attach,
	.join = sluice_socket_bpf_join,
	.enter = enter,
	.own = sluice_socket_bpf_own,
	.detach = detach,
	.is_starved = is_starved,
	.drain = drain,
	.empty = empty,
	.discard = sluice_socket_bpf_discard,
	.shut = shut,
	.take_many = sluice_socket_bpf_take_many,
	.look_at = look_at,
	.dropped = sluice_socket_bpf_dropped,
	.suspect = suspect,
	.refused = refused,
};
