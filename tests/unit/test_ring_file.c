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
/* What may become of a ring's file between two processes. */
enum damage {
	CUT,
	EMPTY,
	VERSION,
	MAGIC,
	SIZE_FIELD,
	HEAD,
	TAIL,
	SEQUENCE,
	LENGTH,
	COUNTERS,
	DAMAGES
};

/* Lets it happen. */
static void spoil(enum damage damage)
{
	static const struct {
		off_t at;
		unsigned int add;
	} places[] = {
		[VERSION] = {4, 1}, [MAGIC] = {0, 1},	  [SIZE_FIELD] = {10, 8}, [HEAD] = {64, 4},
		[TAIL] = {4096, 1}, [SEQUENCE] = {80, 7}, [COUNTERS] = {195, 64}};
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	if (damage == CUT)
		assert_int_equal(ftruncate(fd, 2L * 4096 + SIZE), 0);
	else if (damage == EMPTY)
		assert_int_equal(ftruncate(fd, 0), 0);
	else if (damage == LENGTH)
		/* Of the 101st record of 64 bytes. */
		assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, 3 * 4096 + 100 * 64), 4);
	else {
		assert_int_equal(pread(fd, &byte, 1, places[damage].at), 1);
		byte = (uint8_t)(byte + places[damage].add);
		assert_int_equal(pwrite(fd, &byte, 1, places[damage].at), 1);
	}
	close(fd);
}

/* Datagrams in the ring, and those that GAP records tell of; *unknown: those without a number. */
static uint64_t add_up(struct sluice_ring *ring, unsigned int *unknown)
{
	uint64_t at = sluice_ring_tail(ring), sequence, sum = 0, count;
	struct sluice_record_view view;
	struct sluice_record_gap gap;
	struct sluice_span span;

	*unknown = 0;
	assert_int_equal(sluice_ring_locate(ring, at, &sequence), 0);
	for (; sluice_ring_span(ring, at, sequence, 20000, &span); sequence += span.count) {
		for (count = 0; at < span.end; at += view.span, count++) {
			assert_int_equal(sluice_record_read(sluice_ring_at(ring, at),
							    (size_t)(span.end - at), &view),
					 0);
			sum += view.type == SLUICE_RECORD_DATA;
			if (view.type != SLUICE_RECORD_GAP)
				continue;
			memcpy(&gap, view.payload, sizeof(gap));
			sum += gap.datagrams;
			*unknown += !gap.datagrams;
		}
		assert_int_equal(count, span.count);
	}
	return sum;
}

/* Stores `count` records of 64 bytes, for which there is room. */
static void store(struct sluice_ring *ring, unsigned int count)
{
	unsigned int number;
	uint8_t *bytes;

	for (number = 0; number < count; number++) {
		bytes = sluice_ring_reserve(ring, 64);
		assert_non_null(bytes);
		memset(bytes, 0, 64);
		sluice_record_write(bytes, 64, SLUICE_RECORD_DATA, 0, 0, number);
		sluice_ring_commit(ring);
	}
}

/* A ring with 3,000 records is damaged while nobody has it. What is in it or told of is all of them, or a line says that
 * nobody knows; nothing is deleted; and it starts. */
static void what_a_damaged_ring_held_is_told(void **state)
{
	unsigned int damage, unknown;
	struct sluice_ring ring;
	struct stat before;
	char aside[96];
	uint64_t sum;
	bool found;

	(void)state;
	snprintf(aside, sizeof(aside), "%s.damaged-0", path);
	for (damage = 0; damage < DAMAGES; damage++) {
		(void)unlink(path);
		(void)unlink(aside);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		sluice_ring_lose(&ring, 0, SLUICE_LOST_SOCKET, 5, 0);
		store(&ring, 3000);
		sluice_ring_destroy(&ring);
		assert_int_equal(stat(path, &before), 0);
		spoil(damage);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		(void)sluice_ring_tell(&ring);
		sum = add_up(&ring, &unknown);
		if (damage == EMPTY)
			assert_true(unknown > 0);
		else
			assert_int_equal(sum, 3005);
		/* Whoever cannot go on with the file has put it aside. */
		assert_int_equal(access(aside, F_OK), found ? -1 : 0);
		sluice_ring_destroy(&ring);
	}
	(void)unlink(path);
	(void)unlink(aside);
}

/* Fills a fresh ring at `file` with ten records, and lets go of it. */
static void leave_ten(const char *file)
{
	struct sluice_ring ring;
	bool found;

	assert_int_equal(sluice_ring_keep(&ring, file, SIZE, stream, 7, 0, &found), 0);
	assert_false(found);
	store(&ring, 10);
	sluice_ring_destroy(&ring);
}

/* What lies there instead of a ring's file: another ring, a pipe, a directory, a link. Nothing of it is delivered or deleted, it
 * keeps nobody waiting, and a GAP without a number tells that nobody knows what is lost. */
static void what_lies_there_instead_is_not_believed(void **state)
{
	enum { OTHER, NEWER, PIPE, FOLDER, LINK, KINDS } kind;
	struct sluice_ring ring;
	char other[80], aside[96];
	unsigned int unknown;
	bool found;
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s-other", path);
	snprintf(aside, sizeof(aside), "%s.foreign-0", path);
	for (kind = OTHER; kind < KINDS; kind++) {
		leave_ten(other);
		if (kind == NEWER) {
			fd = open(other, O_RDWR);
			assert_int_equal(pwrite(fd, "\2", 1, 4), 1);
			close(fd);
		}
		if (kind <= NEWER)
			assert_int_equal(rename(other, path), 0);
		else if (kind == PIPE)
			assert_int_equal(mkfifo(path, 0600), 0);
		else if (kind == FOLDER)
			assert_int_equal(mkdir(path, 0700), 0);
		else
			assert_int_equal(symlink(other, path), 0);
		if (kind > NEWER)
			assert_int_not_equal(sluice_ring_look(&ring, path), 0);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		assert_false(found);
		(void)sluice_ring_tell(&ring);
		assert_int_equal(add_up(&ring, &unknown), 0);
		assert_int_equal(unknown, 1);
		assert_int_equal(access(aside, F_OK), 0);
		ring.consumer->tail = ring.producer->head;
		sluice_ring_destroy(&ring);
		assert_int_equal(remove(aside), 0);
		(void)unlink(other);
	}
}

/* A GAP in memory whose number was damaged tells that there was one, and not of millions of millions. */
static void no_gap_is_absurd(void **state)
{
	struct sluice_ring ring;
	unsigned int unknown;
	bool found;
	int fd;

	(void)state;
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
	sluice_ring_lose(&ring, 0, SLUICE_LOST_SOCKET, 5, 0);
	assert_true(sluice_ring_tell(&ring));
	sluice_ring_destroy(&ring);
	fd = open(path, O_RDWR);
	/* Bit 42 of the number behind the record's head. */
	assert_int_equal(pwrite(fd, "\4", 1, 3 * 4096 + 16 + 5), 1);
	close(fd);
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
	assert_true(found);
	assert_int_equal(add_up(&ring, &unknown), 0);
	assert_int_equal(unknown, 1);
	ring.consumer->tail = ring.producer->head;
	sluice_ring_destroy(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_there_instead_is_not_believed),
		cmocka_unit_test(no_gap_is_absurd),
		cmocka_unit_test(a_killed_producer_is_followed),
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(what_a_damaged_ring_held_is_told),
	};

	snprintf(path, sizeof(path), "/dev/shm/sluice-unit-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
