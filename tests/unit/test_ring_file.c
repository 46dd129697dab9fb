// SPDX-License-Identifier: MIT
/*
 * Rings in files: a producer that is killed at any moment is followed by one that goes on where it was, and nothing that was
 * stored is lost, repeated or miscounted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/record.h"
#include "lib/ring.h"

#define SIZE SLUICE_RING_SIZE_MIN
#define ROUNDS 60U

static char path[64];
static const uint8_t stream[16] = "stream of a test";

/* Stores numbered records as fast as it can until it is killed. */
static void produce(struct sluice_ring *ring, uint64_t number)
{
	uint32_t length;
	uint8_t *bytes;

	for (;;) {
		length = (uint32_t)(sizeof(struct sluice_record) + 8 + number * 37 % 3000);
		bytes = sluice_ring_reserve(ring, length);
		if (!bytes)
			continue;
		sluice_record_write(bytes, length, SLUICE_RECORD_DATA, 0, 0, number);
		memcpy(bytes + sizeof(struct sluice_record), &number, sizeof(number));
		sluice_ring_commit(ring);
		number++;
	}
}

/* Reads everything there is in spans, checking numbers and counts. Returns the next number. */
static uint64_t consume(struct sluice_ring *ring, uint64_t number)
{
	struct sluice_record_view view;
	uint64_t at = sluice_ring_tail(ring), sequence, count, found;
	struct sluice_span span;

	assert_int_equal(sluice_ring_locate(ring, at, &sequence), 0);
	while (sluice_ring_span(ring, at, sequence, 50000, &span)) {
		for (count = 0; at < span.end; at += view.span, count++) {
			assert_int_equal(sluice_record_read(sluice_ring_at(ring, at),
							    (size_t)(span.end - at), &view),
					 0);
			memcpy(&found, view.payload, sizeof(found));
			assert_int_equal(found, number);
			number++;
		}
		assert_int_equal(count, span.count);
		sequence += span.count;
	}
	assert_int_equal(at, sluice_ring_head(ring));
	sluice_ring_move_tail(ring, at);
	return number;
}

/* SIGKILL at any moment. */
static void a_killed_producer_is_followed(void **state)
{
	uint64_t number = 0, epoch = 0;
	struct sluice_ring ring;
	unsigned int round;
	bool found;
	pid_t child;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		child = fork();
		assert_true(child >= 0);
		if (!child) {
			if (sluice_ring_keep(&ring, path, SIZE, stream, 1 + round, 0, &found))
				_exit(1);
			produce(&ring, number);
		}
		usleep(500 + round * 300);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		if (access(path, F_OK))
			continue; /* it had not begun */
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 1000, 0, &found), 0);
		if (!epoch && found)
			epoch = ring.producer->epoch;
		if (found)
			assert_int_equal(ring.producer->epoch, epoch);
		number = consume(&ring, number);
		/* As if we were killed, too: the file stays. */
		free(ring.file);
		close(ring.lock);
		ring.file = NULL;
		sluice_ring_destroy(&ring);
		if (!found)
			unlink(path);
	}
	assert_true(number > 100);
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 1, 0, &found), 0);
	assert_true(found);
	sluice_ring_destroy(&ring);
	/* Everything was given back: nothing is left. */
	assert_int_equal(access(path, F_OK), -1);
}

/* One file, one owner; a file that is not ours or no ring is not touched, or made anew. */
static void whose_it_is(void **state)
{
	struct sluice_ring ring, other;
	bool found;
	int fd;

	(void)state;
	assert_int_equal(sluice_ring_keep(&ring, path, 0, stream, 1, 0, &found), -ENOENT);
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 1, 0, &found), 0);
	assert_false(found);
	assert_int_equal(sluice_ring_keep(&other, path, SIZE, stream, 1, 0, &found), -EBUSY);
	sluice_ring_destroy(&ring);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "no ring", 7), 7);
	close(fd);
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 1, 0, &found), 0);
	assert_false(found);
	sluice_ring_destroy(&ring);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(fchmod(fd, 0666), 0);
	close(fd);
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 1, 0, &found), -EPERM);
	assert_int_equal(unlink(path), 0);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_producer_is_followed),
		cmocka_unit_test(whose_it_is),
	};

	snprintf(path, sizeof(path), "/dev/shm/sluice-unit-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
