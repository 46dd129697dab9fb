// SPDX-License-Identifier: MIT
/*
 * When a destination that cannot be reached is tried again: never later than `reconnect.max` after
 * an attempt that failed, nor than `connect-timeout` after one that nobody answers, whatever became
 * of earlier attempts and of other destinations. With a clock of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "daemon/output/output.h"
#include "daemon/link/connection.h"

#define LEAST_US 20000
#define MOST_US 60000
#define TIMEOUT_US 5000000
#define STEPS 3000U

static struct sluice_worker worker;
static struct sluice_resolver *resolver;
static struct sluice_output *output;
static struct sluice_target *targets[2];
static struct sluice_pacer pacers[3];
static struct sluice_precedence precedence;

/* A port of the loopback at which nobody listens: bound, so that nobody else gets it. */
static int closed_port(char text[32], uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	snprintf(text, 32, "127.0.0.1:%u", *port);
	return fd;
}

/* An output with two destinations in a worker that does not run: the test is its loop. */
static void begin(int ports[2])
{
	static char host[] = "127.0.0.1", texts[2][32];
	struct sluice_config_destination to[2] = {{0}};
	struct sluice_config_output config = {.name = "out",
					      .framing = SLUICE_FRAMING_NATIVE,
					      .to = to,
					      .to_count = 2,
					      .batch_bytes = 65536,
					      .reconnect_min_us = LEAST_US,
					      .reconnect_max_us = MOST_US,
					      .connect_timeout_us = TIMEOUT_US,
					      .dead_after_us = TIMEOUT_US};
	size_t number;

	memset(&worker, 0, sizeof(worker));
	worker.epoll = epoll_create1(EPOLL_CLOEXEC);
	worker.next_due = UINT64_MAX;
	worker.random = 4711;
	assert_int_equal(sluice_resolver_create(&resolver), 0);
	for (number = 0; number < 2; number++) {
		uint16_t port;

		ports[number] = closed_port(texts[number], &port);
		to[number] = (struct sluice_config_destination){.text = texts[number],
								.host = host,
								.port = port,
								.weight = 1,
								.enabled = true};
		targets[number] = sluice_target_create(resolver, &to[number]);
		assert_non_null(targets[number]);
	}
	assert_int_equal(sluice_output_create(&config, sluice_kind_of(config.kind), targets, pacers,
					      &precedence, &worker, &output),
			 0);
	assert_int_equal(sluice_output_enter(output, 0), 0);
	sluice_output_begin(output, NULL);
}

/* Gives everything back. */
static void end(const int ports[2])
{
	size_t number;

	sluice_output_leave(output);
	sluice_output_destroy(output);
	for (number = 0; number < 2; number++) {
		sluice_target_put(targets[number]);
		close(ports[number]);
	}
	sluice_resolver_free(resolver);
	close(worker.epoll);
	free(worker.timers);
	free(worker.outputs);
}

/* Tells connections what epoll says of them; waits for it if one is being connected. */
static void tell_events(uint64_t now)
{
	struct epoll_event events[8];
	size_t number;
	int count, place;
	bool is_busy;

	do {
		count = epoll_wait(worker.epoll, events, 8, 1000);
		for (place = 0; place < count; place++) {
			struct sluice_handler *handler = events[place].data.ptr;

			handler->ready(handler, events[place].events, now);
		}
		for (number = 0, is_busy = false; number < 2; number++)
			is_busy |=
				output->group.connections[number]->state == SLUICE_TCP_CONNECTING;
	} while (is_busy && count > 0);
	assert_false(is_busy);
}

/* Thousands of attempts that are refused: the next one of each destination is always set, soon, and
 * the worker wakes for it. */
static void who_is_refused_is_tried_again_in_time(void **state)
{
	uint64_t now = SLUICE_NS_PER_S, tried[2] = {now, now}, attempts[2] = {0};
	unsigned int step;
	size_t number;
	int ports[2];

	(void)state;
	begin(ports);
	for (step = 0; step < STEPS; step++) {
		for (number = 0; number < 2; number++) {
			struct sluice_connection *connection = output->group.connections[number];

			if (connection->timer.at > now)
				continue;
			assert_true(connection->timer.at > 0);
			assert_true(now - tried[number] <= (MOST_US + 1) * SLUICE_NS_PER_US);
			connection->timer.at = 0;
			connection->timer.due(&connection->timer, now);
			tried[number] = now;
			attempts[number]++;
			tell_events(now);
			/* What others do in the meantime makes nothing of it later. */
			if (step % 7 == 0)
				sluice_connection_tick_by(output->group.connections[!number],
							  now + MOST_US * SLUICE_NS_PER_US);
		}
		worker.next_due = UINT64_MAX;
		for (number = 0; number < 2; number++) {
			const struct sluice_connection *connection =
				output->group.connections[number];

			assert_int_equal(connection->state, SLUICE_TCP_WAITING);
			assert_true(connection->timer.at > now);
			assert_true(connection->timer.at <= now + (MOST_US + 1) * SLUICE_NS_PER_US);
			if (connection->timer.at < worker.next_due)
				worker.next_due = connection->timer.at;
		}
		now = worker.next_due;
	}
	/* Both had their turns: pauses of 40 to 60 ms lead to as many for each. */
	assert_true(attempts[0] > STEPS / 3 && attempts[1] > STEPS / 3);
	end(ports);
}

/* A destination that takes the connection and never says a word is given up when `connect-timeout`
 * is over, and tried again. */
static void who_says_nothing_is_tried_again_in_time(void **state)
{
	uint64_t now = SLUICE_NS_PER_S;
	struct sluice_connection *connection;
	unsigned int round;
	int ports[2];

	(void)state;
	begin(ports);
	assert_int_equal(listen(ports[0], 16), 0);
	connection = output->group.connections[0];
	for (round = 0; round < 8; round++) {
		connection->timer.at = 0;
		connection->timer.due(&connection->timer, now);
		tell_events(now);
		assert_int_equal(connection->state, SLUICE_TCP_GREETING);
		assert_true(connection->timer.at > now);
		assert_true(connection->timer.at <= now + TIMEOUT_US * SLUICE_NS_PER_US);
		now = connection->timer.at;
		connection->timer.at = 0;
		connection->timer.due(&connection->timer, now);
		assert_int_equal(connection->state, SLUICE_TCP_WAITING);
		assert_true(connection->timer.at > now);
		assert_true(connection->timer.at <= now + (MOST_US + 1) * SLUICE_NS_PER_US);
		now = connection->timer.at;
	}
	end(ports);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_refused_is_tried_again_in_time),
		cmocka_unit_test(who_says_nothing_is_tried_again_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
