// SPDX-License-Identifier: MIT
/*
 * What a service tells its manager: nothing waits for a manager that does not read, what found no
 * room comes in its order, and a limit is kept.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/service.h"

/* So many are said at most until the manager's socket is full. */
#define MANY 100000U
#define NAME "sluice-test-manager"

/* The manager's socket, which nobody reads yet. */
static int manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(name, sizeof(name), "@" NAME "-%d", (int)getpid());
	memcpy(address.sun_path, name, strlen(name));
	address.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

/* Fills it. */
static void fill(void)
{
	unsigned int number;

	for (number = 0; number < MANY; number++)
		if (sluice_service_say("WATCHDOG=1") == -EAGAIN)
			return;
	fail_msg("it is never full");
}

/* Reads all that is there; the last text in `text`. Returns how many. */
static unsigned int read_all(int fd, char *text, size_t room)
{
	unsigned int count = 0;
	ssize_t length;

	while ((length = recv(fd, text, room - 1, MSG_DONTWAIT)) >= 0) {
		text[length] = '\0';
		count++;
	}
	return count;
}

/* Nobody is to be told: nothing happens. */
static void test_nobody(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(sluice_service_say("READY=1"), 0);
	assert_int_equal(sluice_service_store("FDSTORE=1", 0, 1000), 0);
	assert_int_equal(sluice_service_wait(1000), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:2:1", 1), 0);
	assert_int_equal(sluice_service_say("READY=1"), -EAFNOSUPPORT);
}

/* What finds no room is kept in its order, the newest status only, no sign of life. */
static void test_kept(void **state)
{
	int fd = manager();
	char text[256];

	(void)state;
	fill();
	assert_int_equal(sluice_service_say("RELOADING=1"), -EAGAIN);
	assert_int_equal(sluice_service_say("STATUS=%s", "old"), -EAGAIN);
	assert_int_equal(sluice_service_say("READY=1"), -EAGAIN);
	assert_int_equal(sluice_service_say("STATUS=%s", "new"), -EAGAIN);
	assert_int_equal(sluice_service_say("WATCHDOG=1"), -EAGAIN);
	assert_true(read_all(fd, text, sizeof(text)) > 0);
	assert_string_equal(text, "WATCHDOG=1");
	sluice_service_flush();
	assert_true(recv(fd, text, 11, MSG_DONTWAIT) == 11);
	assert_memory_equal(text, "RELOADING=1", 11);
	assert_true(recv(fd, text, 7, MSG_DONTWAIT) == 7);
	assert_memory_equal(text, "READY=1", 7);
	assert_int_equal(read_all(fd, text, sizeof(text)), 1);
	assert_string_equal(text, "STATUS=new");
	close(fd);
}

/* Who waits does so for as long as he says, and no longer; a descriptor arrives. */
static void test_limits(void **state)
{
	int fd = manager(), ends[2];
	char text[256];

	(void)state;
	fill();
	assert_int_equal(sluice_service_store("FDSTORE=1", fd, 20000), -ETIMEDOUT);
	assert_int_equal(sluice_service_wait(20000), -ETIMEDOUT);
	assert_true(read_all(fd, text, sizeof(text)) > 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sluice_service_store("FDSTORE=1\nFDNAME=one", ends[0], 20000), 1);
	assert_int_equal(read_all(fd, text, sizeof(text)), 1);
	assert_string_equal(text, "FDSTORE=1\nFDNAME=one");
	/* Read, and its descriptor is closed: the manager has heard all. */
	assert_int_equal(sluice_service_wait(20000), -ETIMEDOUT);
	assert_int_equal(read_all(fd, text, sizeof(text)), 1);
	assert_string_equal(text, "BARRIER=1");
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
