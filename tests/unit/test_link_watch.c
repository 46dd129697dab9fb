// SPDX-License-Identifier: MIT
/*
 * Interfaces and addresses that come and go are told of. In a network namespace of its own; without
 * the right to make one the test is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/link_watch.h"

#define MOST_EVENTS 256U

static struct sluice_link_event events[MOST_EVENTS];
static unsigned int event_count;

/* Keeps an event. */
static void keep(const struct sluice_link_event *event, void *context)
{
	assert_ptr_equal(context, events);
	if (event_count < MOST_EVENTS)
		events[event_count++] = *event;
}

/* Is there an event of this kind, and of this name or address? */
static bool is_told(enum sluice_link_change change, const char *name, const char *address,
		    bool is_tentative)
{
	uint8_t wanted[16] = {0};
	unsigned int number;

	if (address)
		assert_int_equal(
			inet_pton(strchr(address, ':') ? AF_INET6 : AF_INET, address, wanted), 1);
	for (number = 0; number < event_count; number++)
		if (events[number].change == change && !strcmp(events[number].name, name) &&
		    !memcmp(events[number].address, wanted, sizeof(wanted)) &&
		    events[number].is_tentative == is_tentative)
			return true;
	return false;
}

/* Runs a command and reads what it brought. */
static void after(int fd, const char *command)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};

	event_count = 0;
	assert_int_equal(system(command), 0);
	assert_int_equal(poll(&wanted, 1, 5000), 1);
	assert_true(sluice_link_watch_read(fd, keep, events) > 0);
}

/* An interface and its addresses come, go, and come back as another. */
static void interfaces_and_addresses_are_told_of(void **state)
{
	unsigned int index;
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET))
		skip();
	fd = sluice_link_watch_open();
	assert_true(fd >= 0);
	assert_int_equal(sluice_link_watch_read(fd, keep, events), 0);
	after(fd, "ip link add late0 type veth peer name late1");
	assert_true(is_told(SLUICE_LINK_CHANGED, "late0", NULL, false));
	index = if_nametoindex("late0");
	after(fd, "ip address add 192.0.2.1/24 dev late0");
	assert_true(is_told(SLUICE_ADDRESS_CHANGED, "", "192.0.2.1", false));
	assert_int_equal(events[0].index, index);
	after(fd,
	      "ip link set late0 up; ip link set late1 up; ip address add fd00::1/64 dev late0");
	assert_true(is_told(SLUICE_ADDRESS_CHANGED, "", "fd00::1", true));
	after(fd, "ip address del 192.0.2.1/24 dev late0");
	assert_true(is_told(SLUICE_ADDRESS_GONE, "", "192.0.2.1", false));
	after(fd, "ip link del late0");
	assert_true(is_told(SLUICE_LINK_GONE, "late0", NULL, false));
	after(fd, "ip link add late0 type veth peer name late1");
	assert_true(is_told(SLUICE_LINK_CHANGED, "late0", NULL, false));
	close(fd);
}

/* More than fits into the socket is told of as missed, and what comes later as ever. */
static void what_was_missed_is_told_of(void **state)
{
	static const struct sluice_link_event missed = {.change = SLUICE_LINK_MISSED};
	int fd, size = 4096;

	(void)state;
	if (unshare(CLONE_NEWNET))
		skip();
	fd = sluice_link_watch_open();
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	after(fd, "for number in 1 2 3 4 5 6 7 8; do ip link add late$number type veth peer name "
		  "peer$number; done");
	assert_true(is_told(missed.change, "", NULL, false));
	assert_int_equal(sluice_link_watch_read(fd, NULL, NULL), 0);
	after(fd, "ip link del late1");
	assert_true(is_told(SLUICE_LINK_GONE, "late1", NULL, false));
	close(fd);
	assert_true(sluice_link_watch_read(fd, NULL, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_and_addresses_are_told_of),
		cmocka_unit_test(what_was_missed_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
