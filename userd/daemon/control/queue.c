// SPDX-License-Identifier: MIT
/*
 * Answers that wait for room; see queue.h.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "../../lib/log.h"
#include "queue.h"

#define PATIENCE_MS 5000U     /* how long a client without room may take in all */
#define QUEUE_MAX (64U << 20) /* bytes that wait for all of them */

/* A datagram that waits. */
struct sluice_waiting {
	struct sluice_peer peer;
	uint64_t deadline; /* ms, CLOCK_MONOTONIC */
	uint64_t round;	   /* in which it was last tried */
	size_t length;
	char bytes[];
};

uint64_t sluice_queue_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sluice_queue_free(struct sluice_queue *queue)
{
	size_t place;

	for (place = 0; place < queue->count; place++)
		free(queue->list[place]);
	free(queue->list);
	memset(queue, 0, sizeof(*queue));
}

int sluice_queue_send(const struct sluice_peer *peer, const void *bytes, size_t length)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = peer->port};
	const struct sockaddr *to = peer->port ? (struct sockaddr *)&address : NULL;

	if (sendto(peer->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, to,
		   to ? sizeof(address) : 0) >= 0)
		return 0;
	return errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR ? -EAGAIN : -errno;
}

/* Are they the same client? */
static bool is_same(const struct sluice_peer *one, const struct sluice_peer *other)
{
	return one->fd == other->fd && one->port == other->port;
}

size_t sluice_queue_waits(const struct sluice_queue *queue, const struct sluice_peer *peer)
{
	size_t bytes = 0, place;

	for (place = 0; place < queue->count; place++)
		if (is_same(&queue->list[place]->peer, peer))
			bytes += queue->list[place]->length;
	return bytes;
}

/* Puts a datagram into the queue. False when that is full or there is no memory. */
static bool part_wait(struct sluice_queue *queue, const struct sluice_peer *peer, const void *bytes,
		      size_t length)
{
	size_t room = queue->room ? queue->room * 2 : 64;
	struct sluice_waiting *waiting, **grown;

	if (queue->bytes + length > QUEUE_MAX)
		return false;
	if (!queue->list || queue->count == queue->room) {
		grown = reallocarray(queue->list, room, sizeof(struct sluice_waiting *));
		if (!grown)
			return false;
		queue->list = grown;
		queue->room = room;
	}
	waiting = malloc(sizeof(*waiting) + length);
	if (!waiting)
		return false;
	waiting->peer = *peer;
	waiting->deadline = sluice_queue_now() + PATIENCE_MS;
	waiting->round = 0;
	waiting->length = length;
	memcpy(waiting->bytes, bytes, length);
	queue->list[queue->count++] = waiting;
	queue->bytes += length;
	return true;
}

void sluice_queue_deliver(struct sluice_queue *queue, const struct sluice_peer *peer,
			  const struct sluice_answer *answer)
{
	bool waits = sluice_queue_waits(queue, peer) > 0;
	const struct sluice_answer_part *part;
	size_t number;
	int error;

	for (number = 0; number < answer->count; number++) {
		part = &answer->parts[number];
		error = waits ? -EAGAIN : sluice_queue_send(peer, part->bytes, part->length);
		if (error && error != -EAGAIN)
			return; /* it has gone */
		if (error) {
			waits = true;
			if (!part_wait(queue, peer, part->bytes, part->length)) {
				sluice_warning(
					"control: no room for an answer (netlink port %u); cut off",
					peer->port);
				return;
			}
		}
	}
}

/* What became of an attempt at a client, so that the rest of its datagrams share it. */
enum attempt { ATTEMPT_NONE, ATTEMPT_FULL, ATTEMPT_GONE };

/* Tries one datagram that waits, whose client's last attempt in this round was `before`. True: it
 * is done with. */
static bool retry_one(const struct sluice_waiting *waiting, uint64_t now, enum attempt *before)
{
	int error;

	if (*before == ATTEMPT_GONE)
		return true;
	error = *before == ATTEMPT_FULL
			? -EAGAIN
			: sluice_queue_send(&waiting->peer, waiting->bytes, waiting->length);
	if (!error)
		return true;
	*before = ATTEMPT_FULL;
	/* Only the oldest can be overdue: it was put there first. */
	if (error == -EAGAIN && now < waiting->deadline)
		return false;
	if (error == -EAGAIN)
		sluice_notice(
			"control: a client does not read its answers (netlink port %u); dropped",
			waiting->peer.port);
	*before = ATTEMPT_GONE;
	return true;
}

void sluice_queue_retry(struct sluice_queue *queue)
{
	size_t place, kept = 0, later;
	enum attempt before;
	uint64_t now = sluice_queue_now();
	struct sluice_peer peer;

	/* Clients one after the other: their datagrams are taken out of the queue, or stay in it in
	 * order. */
	queue->round++;
	for (place = 0; place < queue->count; place++) {
		if (!queue->list[place] || queue->list[place]->round == queue->round)
			continue;
		peer = queue->list[place]->peer;
		before = ATTEMPT_NONE;
		for (later = place; later < queue->count; later++) {
			struct sluice_waiting *waiting = queue->list[later];

			if (!waiting || !is_same(&waiting->peer, &peer))
				continue;
			waiting->round = queue->round;
			if (!retry_one(waiting, now, &before))
				continue;
			queue->bytes -= waiting->length;
			free(waiting);
			queue->list[later] = NULL;
		}
	}
	for (place = 0; place < queue->count; place++)
		if (queue->list[place])
			queue->list[kept++] = queue->list[place];
	queue->count = kept;
}

void sluice_queue_forget(struct sluice_queue *queue, const struct sluice_peer *peer)
{
	size_t place, kept = 0;

	for (place = 0; place < queue->count; place++) {
		struct sluice_waiting *waiting = queue->list[place];

		if (is_same(&waiting->peer, peer)) {
			queue->bytes -= waiting->length;
			free(waiting);
		} else {
			queue->list[kept++] = waiting;
		}
	}
	queue->count = kept;
}
