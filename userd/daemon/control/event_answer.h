/* SPDX-License-Identifier: MIT */
/*
 * Events as netlink messages: EVENT_GET, whose answer may wait until there is one. A listener asks
 * again and again, each time from the event on that it has not had, so it gets as many as it can
 * read and the daemon keeps nothing for it but that it waits. Under netlink.c, in the control
 * thread. Touches: nothing but memory.
 */
#ifndef SLUICE_CONTROL_EVENT_ANSWER_H
#define SLUICE_CONTROL_EVENT_ANSWER_H

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include "answer.h"
#include "event_log.h"
#include "queue.h"

/* Bytes that hold the attributes of any event. */
#define SLUICE_EVENT_MESSAGE (SLUICE_EVENT_KEY + SLUICE_EVENT_WHERE + SLUICE_EVENT_TEXT + 256U)

/* How many may listen at a time. */
#define SLUICE_LISTENERS 32U

/* Puts an event's attributes into a message. False: there is no room. @threadsafe */
bool sluice_event_put(struct nl_msg *message, const struct sluice_event_entry *entry);

/* Who listens. Begins zeroed; owns nothing. */
struct sluice_listeners {
	size_t count;
	struct sluice_listener {
		struct sluice_peer peer;
		struct nlmsghdr header; /* of the request that waits */
		bool waits;
		uint64_t from;	   /* the event that it wants next */
		uint64_t missed;   /* and what it is to be told that it missed */
		uint64_t deadline; /* ms, sluice_queue_now(): when it gets an answer without one */
		uint64_t heard;	   /* likewise: when it asked */
	} list[SLUICE_LISTENERS];
};

/*
 * Answers EVENT_GET with `length` bytes of attributes, which were validated. 0; -EINPROGRESS: it
 * waits, sluice_listeners_answer() answers it; -EUSERS with *text: there are too many; -EOPNOTSUPP:
 * `log` is NULL; -ENOMEM. @owner caller: *text, and sluice_answer_free(), whatever the result
 */
int sluice_listeners_ask(struct sluice_listeners *listeners, struct sluice_event_log *log,
			 const struct nlmsghdr *request, struct nlattr *first, int length,
			 const struct sluice_peer *peer, struct sluice_answer *answer, char **text);

/* Hands out what there is to those who wait, by `queue`, and ends the wait of those whose time is
 * over. */
void sluice_listeners_answer(struct sluice_listeners *listeners, struct sluice_event_log *log,
			     struct sluice_queue *queue);

/* Milliseconds until the next one's time is over; UINT64_MAX: nobody waits. */
uint64_t sluice_listeners_due(const struct sluice_listeners *listeners);

/* A client has gone. */
void sluice_listeners_forget(struct sluice_listeners *listeners, const struct sluice_peer *peer);

#endif /* SLUICE_CONTROL_EVENT_ANSWER_H */
