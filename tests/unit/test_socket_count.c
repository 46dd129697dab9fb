// SPDX-License-Identifier: MIT
/*
 * What is said to wait in a socket is never less than what is in it, whatever came before it was
 * counted, was lost, or was read; and where nothing was lost it is just that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../userd/daemon/source/socket_count.h"

#define MANY 100U

/* A socket that is counted, and one that sends to it. */
struct pair {
	int receiver, sender;
	struct sluice_socket_count *count;
};

/* Sends so many, one by one. */
static void send_some(const struct pair *pair, unsigned int packets)
{
	while (packets--)
		assert_int_equal(send(pair->sender, "datagram", 8, 0), 8);
}

/* Reads up to `most` packets as the daemon does. Returns how many. */
static unsigned int take(const struct pair *pair, uint64_t most)
{
	unsigned int packets = 0;
	char bytes[64];

	while (packets < most && recv(pair->receiver, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
		packets++;
	sluice_socket_count_take(pair->count, packets, 0);
	return packets;
}

/* What is said to wait. */
static uint64_t waiting(const struct pair *pair)
{
	struct sluice_socket_came came = sluice_socket_count_came(pair->count);

	return sluice_socket_count_waiting(pair->count, &came);
}

/* Counted from the beginning, or when `early` packets have come. False: no right to. */
static bool set_up(struct pair *pair, unsigned int early)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int error = 0;

	pair->receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pair->sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pair->count = NULL;
	assert_true(pair->receiver >= 0 && pair->sender >= 0);
	if (!early)
		error = sluice_socket_count_open(&pair->count, pair->receiver, false);
	assert_int_equal(bind(pair->receiver, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(pair->receiver, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(connect(pair->sender, (struct sockaddr *)&address, length), 0);
	send_some(pair, early);
	if (early)
		error = sluice_socket_count_open(&pair->count, pair->receiver, true);
	if (error == -EPERM)
		return false;
	assert_int_equal(error, 0);
	return true;
}

/* Closes both, and counts no more. */
static void tear_down(struct pair *pair)
{
	close(pair->receiver);
	close(pair->sender);
	sluice_socket_count_close(pair->count);
}

/* Nothing was lost: the figure is exact. */
static void what_waits_is_known(void **state)
{
	unsigned int round;
	struct pair pair;

	(void)state;
	if (!set_up(&pair, 0))
		skip();
	for (round = 1; round < MANY; round++) {
		assert_int_equal(waiting(&pair), 0);
		send_some(&pair, round);
		assert_int_equal(waiting(&pair), round);
		assert_int_equal(take(&pair, round / 2), round / 2);
		assert_int_equal(waiting(&pair), round - round / 2);
		assert_int_equal(take(&pair, waiting(&pair)), round - round / 2);
	}
	tear_down(&pair);
}

/* What was lost counts as if it were there, until the socket was seen empty for a while. */
static void what_was_lost_is_not_too_little(void **state)
{
	unsigned int read;
	struct pair pair;
	int least = 1;

	(void)state;
	if (!set_up(&pair, 0))
		skip();
	assert_int_equal(setsockopt(pair.receiver, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)),
			 0);
	send_some(&pair, MANY);
	assert_int_equal(waiting(&pair), MANY);
	read = take(&pair, MANY);
	assert_in_range(read, 1, MANY - 1);
	assert_int_equal(waiting(&pair), MANY - read);
	/* The second of two looks between which nothing came. */
	(void)sluice_socket_count_lost(pair.count, true);
	(void)sluice_socket_count_lost(pair.count, true);
	assert_int_equal(waiting(&pair), 0);
	send_some(&pair, 1);
	assert_int_equal(waiting(&pair), 1);
	assert_int_equal(take(&pair, 1), 1);
	assert_int_equal(waiting(&pair), 0);
	tear_down(&pair);
}

/* What came before it was counted is read, and never thought to be something else. */
static void what_came_before_is_not_forgotten(void **state)
{
	struct pair pair;

	(void)state;
	if (!set_up(&pair, 3))
		skip();
	assert_int_equal(waiting(&pair), 0);
	send_some(&pair, 2);
	assert_int_equal(waiting(&pair), 0);
	assert_int_equal(take(&pair, MANY), 5);
	(void)sluice_socket_count_lost(pair.count, true);
	(void)sluice_socket_count_lost(pair.count, true);
	send_some(&pair, 2);
	assert_int_equal(waiting(&pair), 2);
	assert_int_equal(take(&pair, MANY), 2);
	assert_int_equal(waiting(&pair), 0);
	tear_down(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_is_known),
		cmocka_unit_test(what_was_lost_is_not_too_little),
		cmocka_unit_test(what_came_before_is_not_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
