// SPDX-License-Identifier: MIT
/*
 * Sockets that killed daemons left: those that nobody listens at go, and nothing else does.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/packet_socket.h"
#include "lib/socket_sweep.h"

/* Where they are, and how long a path there may be. */
static char folder[32];
static char path[SLUICE_PACKET_PATH];

/* The path of one of that name, until the next one is asked for. */
static const char *path_of(const char *name)
{
	assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path));
	return path;
}

/* Is there a file of that name? */
static bool is_there(const char *name)
{
	struct stat state;

	return !lstat(path_of(name), &state);
}

/* A socket of that name that nobody listens at: one that did has ended, or it never did. */
static void leave(const char *name, bool listened)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (listened) {
		fd = sluice_packet_listen(path_of(name));
	} else {
		fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of(name));
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	}
	assert_true(fd >= 0);
	close(fd);
}

/* A file that is no socket. */
static void leave_file(const char *name)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

/* An empty folder. */
static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sluice-sweep.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

/* It goes with all that is left in it. */
static int end(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* Of daemons that were killed, in whatever network namespace. */
static void what_nobody_listens_at_goes(void **state)
{
	static const char *const names[] = {
		"net-4026532385.sock", "net-4026532385-3.sock",
		"over-4026532385-sluice-01234567-89ab-5def-8123-456789abcdef"};
	size_t number;

	(void)state;
	for (number = 0; number < 3; number++)
		leave(names[number], true);
	assert_int_equal(sluice_socket_sweep(folder), 3);
	for (number = 0; number < 3; number++)
		assert_false(is_there(names[number]));
	assert_int_equal(sluice_socket_sweep(folder), 0);
}

/* One of another daemon that lives stays, and can be connected to. */
static void what_somebody_listens_at_stays(void **state)
{
	int packets, stream, client;
	uid_t uid;

	(void)state;
	packets = sluice_packet_listen(path_of("net-1.sock"));
	stream = sluice_stream_listen(path_of("over-2-sluice-0a"));
	assert_true(packets >= 0 && stream >= 0);
	assert_int_equal(sluice_socket_sweep(folder), 0);
	client = sluice_packet_connect(path_of("net-1.sock"), &uid);
	assert_true(client >= 0);
	assert_true(is_there("over-2-sluice-0a"));
	close(client);
	close(packets);
	close(stream);
}

/* One that a daemon is just making does not listen yet: it stays, and goes a minute later. */
static void what_is_just_made_stays(void **state)
{
	static const struct timespec before[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	(void)state;
	leave("net-4026532385.sock.4711", false);
	assert_int_equal(sluice_socket_sweep(folder), 0);
	assert_true(is_there("net-4026532385.sock.4711"));
	assert_int_equal(utimensat(AT_FDCWD, path_of("net-4026532385.sock.4711"), before, 0), 0);
	assert_int_equal(sluice_socket_sweep(folder), 1);
	assert_false(is_there("net-4026532385.sock.4711"));
}

/* What is of another kind, or called otherwise, is nobody's business. */
static void what_is_not_its_kind_stays(void **state)
{
	static const char *const names[] = {"net-.sock",     "net-1-.sock",  "net-1.socket",
					    "net-1.sock.x",  "over-1",	     "over-1-",
					    "over-1-A.sock", "control.sock", "relay-1.claim"};
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(names) / sizeof(names[0]); number++)
		leave(names[number], true);
	leave_file("net-5.sock");
	assert_int_equal(symlink("net-1-.sock", path_of("net-6.sock")), 0);
	assert_int_equal(sluice_socket_sweep(folder), 0);
	for (number = 0; number < sizeof(names) / sizeof(names[0]); number++)
		assert_true(is_there(names[number]));
	assert_true(is_there("net-5.sock"));
	assert_true(is_there("net-6.sock"));
	assert_int_equal(sluice_socket_sweep("/nowhere"), 0);
	assert_int_equal(sluice_socket_sweep(NULL), 0);
}

/* Sweeps until it is told to end. */
static void *sweep(void *argument)
{
	const bool *is_over = argument;

	while (!__atomic_load_n(is_over, __ATOMIC_RELAXED))
		(void)sluice_socket_sweep(folder);
	return NULL;
}

/* One that takes the place of a dead one while somebody sweeps is there afterwards, each time. */
static void one_that_just_came_stays(void **state)
{
	struct timespec moment = {.tv_nsec = 100000};
	unsigned int turn, attempt;
	/* Not on the stack: the thread outlives a test that fails. */
	static bool is_over;
	pthread_t thread;
	pid_t pid;
	int fd;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, sweep, &is_over), 0);
	for (turn = 0; turn < 2000; turn++) {
		fd = sluice_packet_listen(path_of("net-1.sock"));
		assert_true(fd >= 0);
		/* It may be looked at, and be put back, just now. */
		for (attempt = 0; attempt < 10000; attempt++) {
			if (!sluice_socket_listener(path_of("net-1.sock"), &pid))
				break;
			(void)nanosleep(&moment, NULL);
		}
		assert_true(attempt < 10000);
		close(fd);
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nobody_listens_at_goes, begin, end),
		cmocka_unit_test_setup_teardown(what_somebody_listens_at_stays, begin, end),
		cmocka_unit_test_setup_teardown(what_is_just_made_stays, begin, end),
		cmocka_unit_test_setup_teardown(one_that_just_came_stays, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_its_kind_stays, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
