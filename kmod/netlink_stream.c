// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: streams (one per ring), and the events of rings.
 *
 * The schema is uapi/sluice/netlink.h. Reads rings, changes nothing.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/pid_namespace.h>
#include "netlink.h"

/* Puts what is inside a ring into a message: the lists of counters.h. 0 or -EMSGSIZE. */
static int put_inside(struct sk_buff *skb, const struct sluice_ring *ring)
{
	u64 figures[SLUICE_R_COUNT], batches[SLUICE_BATCH_CLASSES];
	unsigned int class;

	sluice_figures_ring(ring, figures);
	for (class = 0; class < SLUICE_BATCH_CLASSES; class++)
		batches[class] = READ_ONCE(ring->batches[class]);
	if (nla_put_64bit(skb, SLUICE_A_STREAM_INSIDE, sizeof(figures), figures, SLUICE_A_PAD) ||
	    nla_put_64bit(skb, SLUICE_A_STREAM_BATCHES, sizeof(batches), batches, SLUICE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* Puts what was measured of a ring into a message. 0 or -EMSGSIZE. */
static int put_cost(struct sk_buff *skb, const struct sluice_ring_cost *cost)
{
	if (nla_put_u64_64bit(skb, SLUICE_A_STREAM_MEASURED, READ_ONCE(cost->stores),
			      SLUICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_MATCH_TIME, READ_ONCE(cost->match_ns),
			      SLUICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_STORE_TIME, READ_ONCE(cost->store_ns),
			      SLUICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_WAKES_MEASURED, READ_ONCE(cost->wakes),
			      SLUICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_WAKE_TIME, READ_ONCE(cost->wake_ns),
			      SLUICE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* Puts a ring into a message. 0 or -EMSGSIZE. sn->lock held. */
static int put_stream(struct sk_buff *skb, const struct sluice_route *route,
		      struct sluice_ring *ring)
{
	const struct sluice_ring_producer *producer = ring->producer;
	struct sluice_counts counts = {};
	unsigned int cause;
	u64 head, tail, gaps;
	u32 owner;

	counts.stored = READ_ONCE(producer->stored);
	counts.stored_bytes = READ_ONCE(producer->stored_bytes);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		counts.lost[cause] = READ_ONCE(producer->lost[cause]);
	gaps = READ_ONCE(producer->gaps);
	/* The tail that we believe, or a newer one that we would; never beyond head. */
	head = READ_ONCE(producer->head);
	tail = READ_ONCE(ring->consumer->tail);
	if (tail % SLUICE_RECORD_ALIGN || tail > head || tail < READ_ONCE(ring->tail))
		tail = READ_ONCE(ring->tail);
	mutex_lock(&ring->owner_lock);
	owner = ring->owner_pid ? pid_nr_ns(ring->owner_pid, task_active_pid_ns(current)) : 0;
	mutex_unlock(&ring->owner_lock);

	if (nla_put(skb, SLUICE_A_ROUTE_ID, sizeof(route->guid), route->guid) ||
	    nla_put_string(skb, SLUICE_A_ROUTE_NAME, route->name) ||
	    nla_put(skb, SLUICE_A_STREAM_ID, sizeof(producer->stream), producer->stream) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_EPOCH, producer->epoch, SLUICE_A_PAD) ||
	    nla_put_u32(skb, SLUICE_A_STREAM_CPU, ring->cpu) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_SIZE, producer->size, SLUICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_HEAD, head, SLUICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_TAIL, tail, SLUICE_A_PAD) ||
	    nla_put_u32(skb, SLUICE_A_STREAM_OWNER, owner) ||
	    nla_put_u64_64bit(skb, SLUICE_A_STREAM_WAKES, READ_ONCE(producer->wakes),
			      SLUICE_A_PAD) ||
	    sluice_put_counts(skb, SLUICE_A_STREAM_COUNTERS, &counts, &gaps) ||
	    put_cost(skb, &ring->cost))
		return -EMSGSIZE;
	return put_inside(skb, ring);
}

/*
 * Dumps the rings of one route from CPU cb->args[1] on. Returns false if the message is full.
 * sn->lock held.
 */
static bool dump_streams(struct sk_buff *skb, struct netlink_callback *cb,
			 const struct sluice_route *route)
{
	for (; cb->args[1] < nr_cpu_ids; cb->args[1]++) {
		struct sluice_ring *ring;
		void *header;

		if (!cpu_possible(cb->args[1]))
			continue;
		ring = *per_cpu_ptr(route->rings, cb->args[1]);
		if (!ring)
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     &sluice_genl_family, NLM_F_MULTI, SLUICE_CMD_STREAM_GET);
		if (!header)
			return false;
		genl_dump_check_consistent(cb, header);
		if (put_stream(skb, route, ring)) {
			genlmsg_cancel(skb, header);
			return false;
		}
		genlmsg_end(skb, header);
	}
	return true;
}

/**
 * sluice_stream_get_dumpit() - STREAM_GET
 * @skb: where to
 * @cb:  state; args[0] is the number of the next route, args[1] its next CPU
 *
 * Return: bytes written; 0 at the end.
 * Context: process.
 */
int sluice_stream_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sluice_net *sn = sluice_net_of(sock_net(cb->skb->sk));
	struct sluice_route *route;
	unsigned long number;

	mutex_lock(&sn->lock);
	cb->seq = sn->generation;
	xa_for_each_start(&sn->routes, number, route, cb->args[0]) {
		if ((long)number != cb->args[0])
			cb->args[1] = 0;
		cb->args[0] = number;
		if (!dump_streams(skb, cb, route))
			break;
		cb->args[0] = number + 1;
		cb->args[1] = 0;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}

/**
 * sluice_netlink_stream_event() - tell listeners what happened to a ring
 * @ring:  the ring; its namespace lives
 * @event: what
 *
 * Context: process.
 */
void sluice_netlink_stream_event(struct sluice_ring *ring, enum sluice_event event)
{
	struct net *net = ring->net->net;
	struct sk_buff *message;
	void *header;

	if (!genl_has_listeners(&sluice_genl_family, net, 0))
		return;
	message = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!message)
		return;
	header = genlmsg_put(message, 0, 0, &sluice_genl_family, 0, SLUICE_CMD_STREAM_EVENT);
	if (!header ||
	    nla_put(message, SLUICE_A_ROUTE_ID, sizeof(ring->route_guid), ring->route_guid) ||
	    nla_put_string(message, SLUICE_A_ROUTE_NAME, ring->route_name) ||
	    nla_put_u32(message, SLUICE_A_STREAM_CPU, ring->cpu) ||
	    nla_put_u32(message, SLUICE_A_EVENT_KIND, event)) {
		nlmsg_free(message);
		return;
	}
	genlmsg_end(message, header);
	genlmsg_multicast_netns(&sluice_genl_family, net, message, 0, 0, GFP_KERNEL);
}
