// SPDX-License-Identifier: MIT
/*
 * Alarms, and that whoever listens to the daemon's group of NETLINK_USERSOCK is told of them: once
 * when the mark is reached, once when it is left behind by the hysteresis, whatever happens in
 * between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "daemon/events.h"
#include "daemon/stream/alarm.h"
#include "lib/netlink.h"

static struct sluice_events events;

/* A socket that has joined the group, in a network namespace of its own; skips the test where that
 * is not allowed. */
static int listen_to_events(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK,
				      .nl_groups = 1U << (SLUICE_USERSOCK_EVENTS - 1)};
	int fd;

	if (unshare(CLONE_NEWNET))
		skip();
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	assert_true(fd >= 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		skip();
	}
	return fd;
}

/* The next event is this one. */
static void assert_told(int fd, const char *where, uint32_t kind, const char *key, const char *text)
{
	struct nlattr *attributes[SLUICE_A_MAX + 1];
	char bytes[4096] __attribute__((aligned(8)));
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)bytes;
	ssize_t length;

	sluice_events_hand_out(&events, NULL);
	length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	assert_true(length >= (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN));
	assert_int_equal(header->nlmsg_len, length);
	assert_int_equal(header->nlmsg_type, SLUICE_USERSOCK_TYPE);
	assert_int_equal(((struct genlmsghdr *)nlmsg_data(header))->cmd, SLUICE_CMD_DAEMON_EVENT);
	assert_int_equal(nlmsg_parse(header, GENL_HDRLEN, attributes, SLUICE_A_MAX,
				     (struct nla_policy *)sluice_netlink_policy),
			 0);
	assert_int_equal(nla_get_u32(attributes[SLUICE_A_EVENT_KIND]), kind);
	assert_string_equal(nla_get_string(attributes[SLUICE_A_EVENT_KEY]), key);
	assert_string_equal(nla_get_string(attributes[SLUICE_A_EVENT_WHERE]), where);
	assert_string_equal(nla_get_string(attributes[SLUICE_A_EVENT_TEXT]), text);
}

/* Nothing more was told. */
static void assert_silent(int fd)
{
	char byte;

	sluice_events_hand_out(&events, NULL);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* Raised at the mark, over ten percent below it, silent in between; so it is when the mark is taken
 * away. */
static void levels_are_told_with_hysteresis(void **state)
{
	struct sluice_alarm alarm = {.raised = 0};
	const char *key = "store.memory.alarm";
	uint64_t raised = 0;
	uint32_t now = 0;
	int fd = listen_to_events();

	(void)state;
	/* Nobody can be told before it is opened. */
	assert_true(sluice_alarm_watch(&alarm, 800, 1000, 80, "what", "event-test", key));
	assert_silent(fd);
	assert_true(sluice_alarm_watch(&alarm, 0, 1000, 80, "what", "event-test", key));
	assert_int_equal(sluice_events_open(&events), 0);
	assert_false(sluice_alarm_watch(&alarm, 799, 1000, 80, "what", "event-test", key));
	assert_silent(fd);
	assert_true(sluice_alarm_watch(&alarm, 800, 1000, 80, "what", "event-test", key));
	assert_told(fd, "event-test", SLUICE_EVENT_ALARM, key,
		    "what event-test is filled to 80% (store.memory.alarm: 80%)");
	assert_false(sluice_alarm_watch(&alarm, 710, 1000, 80, "what", "event-test", key));
	assert_false(sluice_alarm_watch(&alarm, 1000, 1000, 80, "what", "event-test", key));
	assert_silent(fd);
	sluice_alarm_count(&alarm, &raised, &now);
	assert_int_equal(raised, 2);
	assert_int_equal(now, 1);
	assert_true(sluice_alarm_watch(&alarm, 700, 1000, 80, "what", "event-test", key));
	assert_told(fd, "event-test", SLUICE_EVENT_ALARM_OVER, key,
		    "what event-test is filled to 70%");
	assert_true(sluice_alarm_watch(&alarm, 900, 1000, 80, "what", "event-test", key));
	assert_true(sluice_alarm_watch(&alarm, 900, 1000, 0, "what", "event-test", key));
	assert_told(fd, "event-test", SLUICE_EVENT_ALARM, key,
		    "what event-test is filled to 90% (store.memory.alarm: 80%)");
	assert_told(fd, "event-test", SLUICE_EVENT_ALARM_OVER, key,
		    "what event-test is filled to 90%");
	sluice_events_close(&events);
	close(fd);
}

/* A small mark is left behind at half of it, however small: not at nothing, and not at once. */
static void small_marks_have_hysteresis(void **state)
{
	struct sluice_alarm alarm = {.raised = 0};
	const uint64_t whole = 100000;
	unsigned int mark;

	(void)state;
	for (mark = 1; mark <= 100; mark++) {
		uint64_t at = whole / 100 * mark, over = mark > 20 ? at - whole / 10 : at / 2;

		assert_false(
			sluice_alarm_watch(&alarm, at - 1, whole, mark, "what", "where", "key"));
		assert_true(sluice_alarm_watch(&alarm, at, whole, mark, "what", "where", "key"));
		assert_false(
			sluice_alarm_watch(&alarm, over + 1, whole, mark, "what", "where", "key"));
		assert_true(sluice_alarm_watch(&alarm, over, whole, mark, "what", "where", "key"));
	}
}

/* A store that is full, until there is room: what finds a place in between is not enough. */
static void a_full_store_is_told(void **state)
{
	struct sluice_alarm alarm = {.raised = 0};
	int fd = listen_to_events();

	(void)state;
	assert_int_equal(sluice_events_open(&events), 0);
	sluice_alarm_full(&alarm, false, false);
	sluice_alarm_full(&alarm, false, true);
	sluice_alarm_full(&alarm, true, false);
	sluice_alarm_full(&alarm, true, false);
	assert_told(fd, "store", SLUICE_EVENT_ALARM, "store.disk",
		    "the disk store is full; what does not fit into memory is lost from now on");
	sluice_alarm_full(&alarm, false, false);
	assert_true(alarm.is_raised);
	sluice_alarm_full(&alarm, false, true);
	sluice_alarm_full(&alarm, false, true);
	assert_told(fd, "store", SLUICE_EVENT_ALARM_OVER, "store.disk",
		    "the disk store has room again");
	assert_false(alarm.is_raised);
	assert_int_equal(alarm.raised, 1);
	sluice_events_close(&events);
	close(fd);
}

/* A disk that cannot be written, and is written again. */
static void a_failing_disk_is_told(void **state)
{
	struct sluice_alarm alarm = {.raised = 0};
	int fd = listen_to_events();

	(void)state;
	assert_int_equal(sluice_events_open(&events), 0);
	sluice_alarm_writing(&alarm, 0);
	sluice_alarm_writing(&alarm, -ENOSPC);
	sluice_alarm_writing(&alarm, -EIO);
	assert_told(
		fd, "store", SLUICE_EVENT_ALARM, "store.disk.write",
		"the disk store cannot be written: No space left on device; memory alone is left");
	sluice_alarm_writing(&alarm, 0);
	sluice_alarm_writing(&alarm, 0);
	assert_told(fd, "store", SLUICE_EVENT_ALARM_OVER, "store.disk.write",
		    "the disk store is written again");
	sluice_alarm_writing(&alarm, -EIO);
	assert_told(fd, "store", SLUICE_EVENT_ALARM, "store.disk.write",
		    "the disk store cannot be written: Input/output error; memory alone is left");
	sluice_events_close(&events);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_told_with_hysteresis),
		cmocka_unit_test(small_marks_have_hysteresis),
		cmocka_unit_test(a_full_store_is_told),
		cmocka_unit_test(a_failing_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
