// SPDX-License-Identifier: MIT
/*
 * Rings in files: a producer that is killed at any moment is followed by one that goes on where it
 * was, and nothing that was stored is lost, repeated or miscounted.
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
#include "lib/ring_twin.h"
#include "ring_file_helper.h"

#define ROUNDS 60U

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
		if (!found) {
			unlink(path);
			unlink(twin);
		}
	}
	assert_true(number > 100);
	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 1, 0, &found), 0);
	assert_true(found);
	sluice_ring_destroy(&ring);
	/* Everything was given back: nothing is left. */
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(twin, F_OK), -1);
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

/* A ring with 3,000 records and no twin is damaged while nobody has it. What is in it or told of is
 * all of them, or a line says that nobody knows; nothing is deleted; and it starts. */
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
		(void)unlink(twin);
		(void)unlink(aside);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		sluice_ring_lose(&ring, 0, SLUICE_LOST_SOCKET, 5, 0);
		store(&ring, 3000);
		sluice_ring_destroy(&ring);
		assert_int_equal(unlink(twin), 0);
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
	(void)unlink(twin);
	(void)unlink(aside);
}

/* Where two outputs stand: one has the first 1,000 records, the other none. */
static const uint8_t outputs[2][16] = {"output one", "output two"};

/* A fresh ring with a GAP of 5 datagrams and 3,000 records, and the two outputs. Nobody has it
 * then. */
static void leave_three_thousand(const uint8_t name[16], uint64_t epoch)
{
	struct sluice_ring_cursor *one, *two;
	struct sluice_ring ring;
	bool found;

	assert_int_equal(sluice_ring_keep(&ring, path, SIZE, name, epoch, 0, &found), 0);
	assert_false(found);
	one = sluice_ring_cursor(&ring, outputs[0]);
	two = sluice_ring_cursor(&ring, outputs[1]);
	sluice_ring_lose(&ring, 0, SLUICE_LOST_SOCKET, 5, 0);
	store(&ring, 3000);
	/* Behind the GAP of 40 bytes. */
	one->acked = 40 + 1000 * 64;
	one->reserved[SLUICE_RING_CURSOR_SEQUENCE] = 1 + 1001;
	two->reserved[SLUICE_RING_CURSOR_SEQUENCE] = 1;
	sluice_ring_twin_cursors(&ring);
	sluice_ring_destroy(&ring);
}

/* Copies a file. */
static void copy(const char *from, const char *to)
{
	char command[256];

	snprintf(command, sizeof(command), "cp %s %s", from, to);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* How many datagrams an output gets and is told of. */
static uint64_t owed(struct sluice_ring *ring, const uint8_t output[16])
{
	uint64_t tail = ring->consumer->tail, sum;
	unsigned int unknown;

	ring->consumer->tail = sluice_ring_cursor(ring, output)->acked;
	sum = add_up(ring, &unknown);
	ring->consumer->tail = tail;
	return sum;
}

/* A ring's file is lost in every way there is. Its twin knows whose it was and how much was in it:
 * the stream goes on where it was, and each output gets or is told of just what it had not got. */
static void a_twin_tells_what_was_lost_to_the_datagram(void **state)
{
	enum {
		GONE,
		NOTHING,
		SHORT,
		FOREIGN,
		PLACE,
		MOMENT,
		SPOILT_MOMENT,
		LIFE,
		NAME,
		END,
		KINDS
	} kind;
	char other[80], aside[3][96];
	struct sluice_ring ring;
	uint64_t head = 40 + 3000 * 64;
	unsigned int more;
	bool found;
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s-other", path);
	snprintf(aside[0], sizeof(aside[0]), "%s.foreign-0", path);
	snprintf(aside[1], sizeof(aside[1]), "%s.damaged-0", path);
	snprintf(aside[2], sizeof(aside[2]), "%s.older-0", path);
	for (kind = GONE; kind < KINDS; kind++) {
		if (kind == LIFE) {
			leave_three_thousand(outputs[1], 6);
			assert_int_equal(rename(path, other), 0);
			assert_int_equal(unlink(twin), 0);
		}
		leave_three_thousand(stream, 7);
		more = kind == MOMENT || kind == SPOILT_MOMENT ? 50 : 0;
		if (more) {
			copy(path, other);
			assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found),
					 0);
			store(&ring, more);
			sluice_ring_destroy(&ring);
		}
		if (kind == SPOILT_MOMENT) {
			/* The length of the record 1,500: those behind it are found at the next
			 * boundary. */
			fd = open(other, O_RDWR);
			assert_int_equal(pwrite(fd, "\0", 1, 3 * 4096 + 40 + 1500 * 64), 1);
			close(fd);
		}
		fd = open(path, O_RDWR);
		if (kind == GONE || kind == PLACE)
			assert_int_equal(unlink(path), 0);
		if (kind == NOTHING || kind == SHORT)
			assert_int_equal(ftruncate(fd, kind == SHORT ? SIZE / 2 : 0), 0);
		if (kind == FOREIGN)
			assert_int_equal(pwrite(fd, "another", 7, 2056), 7);
		if (kind == PLACE)
			assert_int_equal(mkfifo(path, 0600), 0);
		if (more || kind == LIFE)
			assert_int_equal(rename(other, path), 0);
		if (kind == NAME)
			assert_int_equal(pwrite(fd, "S", 1, 16), 1);
		if (kind == END)
			assert_int_equal(pwrite(fd, "\0", 1, 65), 1);
		close(fd);
		/* Another name for the stream, if it were begun anew. */
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, outputs[0], 9, 0, &found), 0);
		assert_true(found);
		assert_memory_equal(ring.producer->stream, stream, sizeof(stream));
		assert_int_equal(ring.producer->epoch, 7);
		assert_int_equal(ring.producer->head, head + more * 64ULL);
		assert_int_equal(owed(&ring, outputs[0]), 2000 + more);
		assert_int_equal(owed(&ring, outputs[1]), 3005 + more);
		ring.consumer->tail = ring.producer->head;
		sluice_ring_destroy(&ring);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(access(twin, F_OK), -1);
		(void)remove(aside[0]);
		(void)remove(aside[1]);
		(void)remove(aside[2]);
	}
}

/* A twin that is damaged, another's, of an earlier moment or an earlier life takes nothing away
 * from a ring that is whole. */
static void a_bad_twin_does_no_harm(void **state)
{
	enum { SPOILT, GONE, SHORT, MOMENT, LIFE, KINDS } kind;
	char other[80], aside[96];
	struct sluice_ring ring;
	bool found;
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s-other", path);
	snprintf(aside, sizeof(aside), "%s.damaged-0", twin);
	for (kind = SPOILT; kind < KINDS; kind++) {
		if (kind == LIFE) {
			leave_three_thousand(outputs[1], 6);
			assert_int_equal(rename(twin, other), 0);
			assert_int_equal(unlink(path), 0);
		}
		leave_three_thousand(stream, 7);
		if (kind == MOMENT) {
			copy(twin, other);
			assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found),
					 0);
			store(&ring, 50);
			sluice_ring_destroy(&ring);
		}
		fd = open(twin, O_RDWR);
		if (kind == SPOILT)
			assert_int_equal(pwrite(fd, "\1", 1, 20), 1);
		if (kind == GONE)
			assert_int_equal(unlink(twin), 0);
		if (kind == SHORT)
			assert_int_equal(ftruncate(fd, 100), 0);
		if (kind == MOMENT || kind == LIFE)
			assert_int_equal(rename(other, twin), 0);
		close(fd);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		assert_true(found);
		assert_int_equal(ring.producer->epoch, 7);
		assert_int_equal(owed(&ring, outputs[1]), 3005 + (kind == MOMENT ? 50 : 0));
		assert_int_equal(access(aside, F_OK), kind == SPOILT || kind == SHORT ? 0 : -1);
		ring.consumer->tail = ring.producer->head;
		sluice_ring_destroy(&ring);
		(void)unlink(aside);
	}
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

/* What lies there instead of a ring's file: another ring, a pipe, a directory, a link. Nothing of
 * it is delivered or deleted, it keeps nobody waiting, and a GAP without a number tells that nobody
 * knows what is lost. */
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
		snprintf(aside, sizeof(aside), "%s-twin", other);
		assert_int_equal(unlink(aside), 0);
		snprintf(aside, sizeof(aside), "%s.foreign-0", path);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_there_instead_is_not_believed),
		cmocka_unit_test(a_killed_producer_is_followed),
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(what_a_damaged_ring_held_is_told),
		cmocka_unit_test(a_twin_tells_what_was_lost_to_the_datagram),
		cmocka_unit_test(a_bad_twin_does_no_harm),
	};

	snprintf(path, sizeof(path), "/dev/shm/sluice-unit-%d", (int)getpid());
	snprintf(twin, sizeof(twin), "%s-twin", path);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
