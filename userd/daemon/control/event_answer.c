// SPDX-License-Identifier: MIT
/*
 * Who listens to events; see event_answer.h.
 */
#include <errno.h>
#include <string.h>
#include "../../config/sentence.h"
#include "../../lib/netlink.h"
#include "event_answer.h"

#define AT_ONCE 32U	    /* events of one answer */
#define WAIT_MOST_MS 20000U /* that an answer waits: whoever asks waits 30 s for it */
/* Nobody says that a netlink port has gone: its listener is forgotten when it asked nothing for so
 * long. */
#define FORGET_MS (3ULL * WAIT_MOST_MS)

bool sluice_event_put(struct nl_msg *message, const struct sluice_event_entry *entry)
{
	return !nla_put_u32(message, SLUICE_A_EVENT_KIND, entry->kind) &&
	       !nla_put_u64(message, SLUICE_A_EVENT_SEQUENCE, entry->sequence) &&
	       !nla_put_u64(message, SLUICE_A_EVENT_TIME, entry->time_ns) &&
	       !nla_put_string(message, SLUICE_A_EVENT_KEY, entry->key) &&
	       !nla_put_string(message, SLUICE_A_EVENT_WHERE, entry->where) &&
	       (!entry->has_guid ||
		!nla_put(message, SLUICE_A_EVENT_GUID, sizeof(entry->guid), entry->guid)) &&
	       (!entry->interface[0] ||
		!nla_put_string(message, SLUICE_A_EVENT_INTERFACE, entry->interface)) &&
	       (!entry->count || !nla_put_u64(message, SLUICE_A_EVENT_COUNT, entry->count)) &&
	       !nla_put_string(message, SLUICE_A_EVENT_TEXT, entry->text);
}

/* Makes the answer for a listener: which event it may ask for next, what it missed, and events. 0
 * or -ENOMEM. */
static int make_answer(struct sluice_listener *listener, struct sluice_event_log *log,
		       struct sluice_answer *answer)
{
	uint64_t oldest = sluice_event_log_oldest(log), sequence;
	struct sluice_event_entry entry;
	struct nl_msg *message;
	unsigned int count;
	uint64_t next;
	int error;

	if (listener->from < oldest) {
		listener->missed += oldest - listener->from;
		listener->from = oldest;
	}
	next = sluice_event_log_next(log);
	if (next > listener->from + AT_ONCE)
		next = listener->from + AT_ONCE;
	message = sluice_answer_begin(&listener->header, SLUICE_CMD_EVENT_GET, 64);
	if (!message || nla_put_u64(message, SLUICE_A_EVENT_RUN, sluice_event_log_run(log)) ||
	    nla_put_u64(message, SLUICE_A_EVENT_NEXT, next) ||
	    nla_put_u64(message, SLUICE_A_EVENT_MISSED, listener->missed)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	error = sluice_answer_add(answer, message);
	for (count = 0, sequence = listener->from; !error && sequence < next; count++, sequence++) {
		/* Newer ones may just have taken its place: the gap in the numbers tells. */
		if (!sluice_event_log_get(log, sequence, &entry))
			continue;
		message = sluice_answer_begin(&listener->header, SLUICE_CMD_DAEMON_EVENT,
					      SLUICE_EVENT_MESSAGE);
		if (!message || !sluice_event_put(message, &entry)) {
			nlmsg_free(message);
			return -ENOMEM;
		}
		error = sluice_answer_add(answer, message);
	}
	return error ? error : sluice_answer_done(answer, &listener->header);
}

/* Are they the same client? */
static bool is_same(const struct sluice_peer *one, const struct sluice_peer *other)
{
	return one->fd == other->fd && one->port == other->port;
}

/* The listener that `peer` is, or a new one. NULL: there is no place for one more. */
static struct sluice_listener *find(struct sluice_listeners *listeners,
				    const struct sluice_peer *peer)
{
	uint64_t now = sluice_queue_now();
	size_t place = 0;

	for (place = 0; place < listeners->count; place++)
		if (is_same(&listeners->list[place].peer, peer))
			return &listeners->list[place];
	for (place = 0; place < listeners->count;) {
		if (listeners->list[place].peer.port &&
		    now - listeners->list[place].heard > FORGET_MS)
			listeners->list[place] = listeners->list[--listeners->count];
		else
			place++;
	}
	if (listeners->count == SLUICE_LISTENERS)
		return NULL;
	listeners->list[listeners->count] = (struct sluice_listener){.peer = *peer};
	return &listeners->list[listeners->count++];
}

int sluice_listeners_ask(struct sluice_listeners *listeners, struct sluice_event_log *log,
			 const struct nlmsghdr *request, struct nlattr *first, int length,
			 const struct sluice_peer *peer, struct sluice_answer *answer, char **text)
{
	const struct nlattr *from = nla_find(first, length, SLUICE_A_EVENT_SEQUENCE);
	const struct nlattr *run = nla_find(first, length, SLUICE_A_EVENT_RUN);
	uint32_t wait = sluice_attribute_u32(nla_find(first, length, SLUICE_A_EVENT_WAIT));
	struct sluice_listener *listener;
	uint64_t next;

	if (!log)
		return -EOPNOTSUPP;
	listener = find(listeners, peer);
	if (!listener) {
		sluice_say(text,
			   "%u listeners follow the events of sluiced already, and it has no room "
			   "for more: end one of them (`sluicectl events`)",
			   SLUICE_LISTENERS);
		return -EUSERS;
	}
	next = sluice_event_log_next(log);
	listener->header = *request;
	listener->heard = sluice_queue_now();
	listener->deadline = listener->heard + (wait < WAIT_MOST_MS ? wait : WAIT_MOST_MS);
	listener->missed = 0;
	listener->from = from ? sluice_attribute_u64(from) : 0;
	/* Of another run nothing is known but that this one has begun since. */
	if (run && sluice_attribute_u64(run) != sluice_event_log_run(log))
		listener->from = 1;
	if (!listener->from || listener->from > next)
		listener->from = next;
	listener->waits = wait && from && listener->from == next;
	return listener->waits ? -EINPROGRESS : make_answer(listener, log, answer);
}

void sluice_listeners_answer(struct sluice_listeners *listeners, struct sluice_event_log *log,
			     struct sluice_queue *queue)
{
	uint64_t now = sluice_queue_now(), next = log ? sluice_event_log_next(log) : 0;
	size_t place;

	for (place = 0; log && place < listeners->count; place++) {
		struct sluice_listener *listener = &listeners->list[place];
		struct sluice_answer answer = {0};

		if (!listener->waits || (listener->from == next && now < listener->deadline))
			continue;
		listener->waits = false;
		/* Without memory it gets no answer, and asks anew when its time is over. */
		if (!make_answer(listener, log, &answer))
			sluice_queue_deliver(queue, &listener->peer, &answer);
		sluice_answer_free(&answer);
	}
}

uint64_t sluice_listeners_due(const struct sluice_listeners *listeners)
{
	uint64_t now = sluice_queue_now(), least = UINT64_MAX;
	size_t place;

	for (place = 0; place < listeners->count; place++) {
		const struct sluice_listener *listener = &listeners->list[place];
		uint64_t left = listener->deadline > now ? listener->deadline - now : 0;

		if (listener->waits && left < least)
			least = left;
	}
	return least;
}

void sluice_listeners_forget(struct sluice_listeners *listeners, const struct sluice_peer *peer)
{
	size_t place = 0;

	while (place < listeners->count) {
		if (is_same(&listeners->list[place].peer, peer))
			listeners->list[place] = listeners->list[--listeners->count];
		else
			place++;
	}
}
