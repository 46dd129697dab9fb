// SPDX-License-Identifier: MIT
/*
 * What becomes of the module's events when they come faster than they are read: the kernel says so
 * once, and drops others without a word until the socket is empty. It is emptied, and then that is
 * told, once. The kernel's own word of interfaces stands in for the module's: it comes the same
 * way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel_watch.h"
#include "link_watch.h"

#define NO_TYPE 0x7fff /* of no message of those */

/* What was told. */
static unsigned int told, missed;

/* sluice_kernel_watch_read() calls it. */
static void on_event(const struct sluice_kernel_event *event, void *context)
{
	assert_null(context);
	told++;
	missed += event->is_missed;
}

/* Does something wait to be read? */
static short readiness(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	assert_true(poll(&wait, 1, 0) >= 0);
	return wait.revents;
}

/* More than fits is told as missed, once and last, with the socket empty; then it hears again. */
static void what_was_missed_is_told(void **state)
{
	int fd, size = 4096;

	(void)state;
	if (unshare(CLONE_NEWNET))
		skip();
	fd = sluice_link_watch_open();
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_int_equal(sluice_kernel_watch_read(fd, NO_TYPE, on_event, NULL), 0);
	assert_int_equal(told, 0);
	assert_int_equal(system("for number in 1 2 3 4 5 6 7 8; do ip link add late$number type "
				"veth peer name peer$number || exit 1; done"),
			 0);
	assert_int_equal(sluice_kernel_watch_read(fd, NO_TYPE, on_event, NULL), 0);
	assert_int_equal(missed, 1);
	assert_int_equal(told, 1);
	assert_int_equal(readiness(fd), 0);
	assert_int_equal(system("ip link del late1"), 0);
	assert_int_equal(readiness(fd), POLLIN);
	/* Messages of other types are nothing to us. */
	assert_int_equal(sluice_kernel_watch_read(fd, NO_TYPE, on_event, NULL), 0);
	assert_int_equal(told, 1);
	close(fd);
	assert_true(sluice_kernel_watch_read(fd, NO_TYPE, on_event, NULL) < 0);
	assert_int_equal(sluice_kernel_watch_read(fd, NO_TYPE, NULL, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_missed_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
