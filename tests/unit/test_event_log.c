// SPDX-License-Identifier: MIT
/*
 * The events that are kept: numbered without a gap whoever tells them, the newest of them, and
 * whoever comes late is told how many it missed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include "daemon/control/event_answer.h"
#include "daemon/control/event_log.h"
#include "lib/netlink.h"

#define THREADS 4
#define EACH 500

static struct sluice_event_log *events;

/* Adds an event with this text. */
static void add(const char *text)
{
	const struct sluice_event_news news = {
		.kind = SLUICE_EVENT_ALARM, .key = "key", .where = "where", .text = text};

	sluice_event_log_add(events, &news);
}

/* Adds so many, called "1", "2" and so on. */
static void add_many(unsigned int from, unsigned int to)
{
	char text[16];

	for (; from <= to; from++) {
		snprintf(text, sizeof(text), "%u", from);
		add(text);
	}
}

/* An event is kept, with this text. */
static void assert_kept(uint64_t sequence)
{
	struct sluice_event_entry entry;

	assert_true(sluice_event_log_get(events, sequence, &entry));
	assert_int_equal(entry.sequence, sequence);
	assert_int_equal(strtoull(entry.text, NULL, 10), sequence);
}

/* The newest are kept, and those that fit when their number changes. */
static void the_newest_are_kept(void **state)
{
	struct sluice_event_entry entry;
	uint64_t sequence;

	(void)state;
	assert_int_equal(sluice_event_log_create(&events, 1), 0);
	assert_int_equal(sluice_event_log_next(events), 1);
	assert_int_equal(sluice_event_log_oldest(events), 1);
	assert_false(sluice_event_log_get(events, 1, &entry));
	add_many(1, 40);
	assert_int_equal(sluice_event_log_oldest(events), 41 - SLUICE_EVENTS_LEAST);
	assert_false(sluice_event_log_get(events, 40 - SLUICE_EVENTS_LEAST, &entry));
	for (sequence = 41 - SLUICE_EVENTS_LEAST; sequence <= 40; sequence++)
		assert_kept(sequence);
	assert_false(sluice_event_log_get(events, 41, &entry));
	assert_int_equal(sluice_event_log_resize(events, 100), 0);
	add_many(41, 100);
	for (sequence = 41 - SLUICE_EVENTS_LEAST; sequence <= 100; sequence++)
		assert_kept(sequence);
	assert_int_equal(sluice_event_log_resize(events, 0), 0);
	assert_int_equal(sluice_event_log_oldest(events), 101 - SLUICE_EVENTS_LEAST);
	for (sequence = 101 - SLUICE_EVENTS_LEAST; sequence <= 100; sequence++)
		assert_kept(sequence);
	sluice_event_log_free(events);
}

/* A text that is too long is cut, and nothing behind it is touched. */
static void long_texts_are_cut(void **state)
{
	char text[4 * SLUICE_EVENT_TEXT];
	const struct sluice_event_news news = {.kind = SLUICE_EVENT_LOSS,
					       .key = text,
					       .where = text,
					       .interface = text,
					       .text = text,
					       .count = 7};
	struct sluice_event_entry entry;
	struct nl_msg *message = nlmsg_alloc_size(SLUICE_EVENT_MESSAGE);

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(sluice_event_log_create(&events, 16), 0);
	sluice_event_log_add(events, &news);
	assert_true(sluice_event_log_get(events, 1, &entry));
	assert_int_equal(strlen(entry.key), SLUICE_EVENT_KEY - 1);
	assert_int_equal(strlen(entry.where), SLUICE_EVENT_WHERE - 1);
	assert_int_equal(strlen(entry.text), SLUICE_EVENT_TEXT - 1);
	assert_int_equal(strlen(entry.interface), IF_NAMESIZE - 1);
	assert_int_equal(entry.count, 7);
	assert_false(entry.has_guid);
	/* The longest there is has room in a message. */
	entry.has_guid = true;
	assert_true(sluice_event_put(message, &entry));
	nlmsg_free(message);
	sluice_event_log_free(events);
}

/* A thread that tells of many. */
static void *teller(void *argument)
{
	unsigned int number;

	(void)argument;
	for (number = 0; number < EACH; number++)
		add("told");
	return NULL;
}

/* Several threads: each number once. */
static void numbers_have_no_gap(void **state)
{
	struct sluice_event_entry entry;
	pthread_t threads[THREADS];
	size_t number;

	(void)state;
	assert_int_equal(sluice_event_log_create(&events, (size_t)THREADS * EACH), 0);
	for (number = 0; number < THREADS; number++)
		assert_int_equal(pthread_create(&threads[number], NULL, teller, NULL), 0);
	for (number = 0; number < THREADS; number++)
		pthread_join(threads[number], NULL);
	assert_int_equal(sluice_event_log_next(events), THREADS * EACH + 1);
	for (number = 1; number <= (size_t)THREADS * EACH; number++) {
		assert_true(sluice_event_log_get(events, number, &entry));
		assert_int_equal(entry.sequence, number);
	}
	sluice_event_log_free(events);
}

/* What an answer tells. */
struct told {
	uint64_t next, missed, first, last, run;
	size_t count;
};

/* Takes an answer apart, and frees it. */
static struct told read_answer(struct sluice_answer *answer)
{
	struct told told = {0};
	size_t number;

	for (number = 0; number < answer->count; number++) {
		struct nlmsghdr *header = answer->parts[number].bytes;
		int rest = (int)answer->parts[number].length;

		for (; nlmsg_ok(header, rest); header = nlmsg_next(header, &rest)) {
			struct nlattr *attributes[SLUICE_A_MAX + 1];

			if (header->nlmsg_type == NLMSG_DONE)
				continue;
			assert_int_equal(nlmsg_parse(header, GENL_HDRLEN, attributes, SLUICE_A_MAX,
						     (struct nla_policy *)sluice_netlink_policy),
					 0);
			if (attributes[SLUICE_A_EVENT_NEXT]) {
				told.next = nla_get_u64(attributes[SLUICE_A_EVENT_NEXT]);
				told.missed = nla_get_u64(attributes[SLUICE_A_EVENT_MISSED]);
				told.run = nla_get_u64(attributes[SLUICE_A_EVENT_RUN]);
				continue;
			}
			told.last = nla_get_u64(attributes[SLUICE_A_EVENT_SEQUENCE]);
			if (!told.count++)
				told.first = told.last;
		}
	}
	sluice_answer_free(answer);
	return told;
}

/* Asks as client `port` from event `from` of run `run` on. What came of it. */
static int ask(struct sluice_listeners *listeners, uint32_t port, uint64_t from, uint64_t run,
	       struct told *told)
{
	const struct sluice_peer peer = {.fd = 1, .port = port};
	struct nl_msg *message = nlmsg_alloc();
	struct sluice_answer answer = {0};
	struct nlmsghdr *header;
	char *text = NULL;
	int result;

	nlmsg_put(message, port, 7, SLUICE_USERSOCK_TYPE, 0, NLM_F_REQUEST | NLM_F_DUMP);
	nla_put_u64(message, SLUICE_A_EVENT_SEQUENCE, from);
	if (run)
		nla_put_u64(message, SLUICE_A_EVENT_RUN, run);
	nla_put_u32(message, SLUICE_A_EVENT_WAIT, 20000);
	header = nlmsg_hdr(message);
	result = sluice_listeners_ask(listeners, events, header, nlmsg_attrdata(header, 0),
				      nlmsg_attrlen(header, 0), &peer, &answer, &text);
	if (result == -EUSERS)
		assert_non_null(strstr(text, "no room for more"));
	free(text);
	nlmsg_free(message);
	*told = read_answer(&answer);
	return result;
}

/* Who asks in time gets each, who is late is told how many it missed, who asks of another run gets
 * this one from its begin. */
static void who_is_late_is_told(void **state)
{
	struct sluice_listeners listeners = {0};
	struct told told;
	uint64_t run;

	(void)state;
	assert_int_equal(sluice_event_log_create(&events, 64), 0);
	run = sluice_event_log_run(events);
	/* Nothing yet: it waits. */
	assert_int_equal(ask(&listeners, 1, 1, run, &told), -EINPROGRESS);
	assert_true(sluice_listeners_due(&listeners) <= 20000);
	add_many(1, 10);
	assert_int_equal(ask(&listeners, 1, 1, run, &told), 0);
	assert_int_equal(told.count, 10);
	assert_int_equal(told.first, 1);
	assert_int_equal(told.next, 11);
	assert_int_equal(told.missed, 0);
	assert_int_equal(told.run, run);
	add_many(11, 100);
	/* 64 are kept, the oldest is 37; not all of them in one answer. */
	assert_int_equal(ask(&listeners, 1, 11, run, &told), 0);
	assert_int_equal(told.missed, 26);
	assert_int_equal(told.first, 37);
	assert_int_equal(told.next, told.last + 1);
	assert_true(told.next < 101);
	/* Another one lost nothing by that. */
	assert_int_equal(ask(&listeners, 2, 90, run, &told), 0);
	assert_int_equal(told.missed, 0);
	assert_int_equal(told.first, 90);
	assert_int_equal(told.last, 100);
	assert_int_equal(ask(&listeners, 2, 5000, run + 1, &told), 0);
	assert_int_equal(told.missed, 36);
	assert_int_equal(told.first, 37);
	sluice_event_log_free(events);
}

/* There are so many places, and one that goes makes room. */
static void places_are_limited(void **state)
{
	struct sluice_listeners listeners = {0};
	const struct sluice_peer third = {.fd = 1, .port = 3};
	struct told told;
	uint32_t port;

	(void)state;
	assert_int_equal(sluice_event_log_create(&events, 64), 0);
	for (port = 1; port <= SLUICE_LISTENERS; port++)
		assert_int_equal(ask(&listeners, port, 1, 0, &told), -EINPROGRESS);
	assert_int_equal(ask(&listeners, port, 1, 0, &told), -EUSERS);
	/* Who is there already may ask again. */
	assert_int_equal(ask(&listeners, 1, 1, 0, &told), -EINPROGRESS);
	sluice_listeners_forget(&listeners, &third);
	assert_int_equal(ask(&listeners, port, 1, 0, &told), -EINPROGRESS);
	sluice_event_log_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_are_kept), cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(numbers_have_no_gap), cmocka_unit_test(who_is_late_is_told),
		cmocka_unit_test(places_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
