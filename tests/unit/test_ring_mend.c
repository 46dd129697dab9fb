// SPDX-License-Identifier: MIT
/*
 * Rings in files that were damaged while no process had them: what is whole stays, and the rest is
 * told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "lib/ring_twin.h"
#include "ring_file_helper.h"

/* A GAP in memory whose number was damaged tells that there was one, and not of millions of
 * millions. */
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

/* A bit that flips in a ring's numbers of records, and in its head as well: the twin says what they
 * were, also where no boundary of the index does, because the ring holds less than a block. */
static void the_number_of_records_is_put_right(void **state)
{
	enum { BEGUN, DONE, DONE_AND_HEAD, KINDS } kind;
	struct sluice_ring ring;
	bool found;
	int fd;

	(void)state;
	for (kind = BEGUN; kind < KINDS; kind++) {
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		store(&ring, 300);
		sluice_ring_twin_cursors(&ring);
		sluice_ring_destroy(&ring);
		fd = open(path, O_RDWR);
		/* Bit 32 of 300, bit 40 of 19,200. */
		assert_int_equal(
			pwrite(fd, "\1", 1,
			       (off_t)(kind == BEGUN ? offsetof(struct sluice_ring_producer,
								sequence_begun)
						     : offsetof(struct sluice_ring_producer,
								sequence_done)) +
				       4),
			1);
		if (kind == DONE_AND_HEAD)
			assert_int_equal(
				pwrite(fd, "\1", 1,
				       (off_t)offsetof(struct sluice_ring_producer, head) + 5),
				1);
		close(fd);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		assert_true(found);
		assert_int_equal(ring.producer->head, 300 * 64);
		assert_int_equal(ring.producer->sequence_begun, 300);
		assert_int_equal(ring.producer->sequence_done, 300);
		ring.consumer->tail = ring.producer->head;
		sluice_ring_destroy(&ring);
	}
}

/* A record whose length is spoilt costs those up to the next boundary of the index, a block at
 * most, wherever it lies; the rest stays. */
static void a_damaged_length_costs_one_block(void **state)
{
	static const unsigned int places[] = {0, 1, 700, 1500, 2047, 2900, 2999};
	const unsigned int block = (1U << SLUICE_RING_BOUNDARY_SHIFT) / 64;
	struct sluice_record_view view;
	struct sluice_ring ring;
	unsigned int place, number, unknown;
	uint64_t at;
	bool found;
	int fd;

	(void)state;
	for (place = 0; place < sizeof(places) / sizeof(places[0]); place++) {
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		store(&ring, 3000);
		sluice_ring_twin_cursors(&ring);
		sluice_ring_destroy(&ring);
		fd = open(path, O_RDWR);
		assert_int_equal(pwrite(fd, "\0", 1, (off_t)places[place] * 64 + 12288), 1);
		close(fd);
		assert_int_equal(sluice_ring_keep(&ring, path, SIZE, stream, 7, 0, &found), 0);
		assert_true(found);
		assert_int_equal(ring.producer->head, 3000 * 64);
		assert_int_equal(add_up(&ring, &unknown), 3000);
		assert_int_equal(unknown, 0);
		for (at = number = 0; at < ring.producer->head; at += view.span) {
			assert_int_equal(sluice_record_read(sluice_ring_at(&ring, at),
							    (size_t)(ring.producer->head - at),
							    &view),
					 0);
			number += view.type == SLUICE_RECORD_DATA;
		}
		assert_true(number >= 3000 - block);
		/* And it goes on. */
		store(&ring, 10);
		assert_int_equal(add_up(&ring, &unknown), 3010);
		ring.consumer->tail = ring.producer->head;
		sluice_ring_destroy(&ring);
	}
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_gap_is_absurd),
		cmocka_unit_test(the_number_of_records_is_put_right),
		cmocka_unit_test(a_damaged_length_costs_one_block),
	};

	snprintf(path, sizeof(path), "/dev/shm/sluice-unit-%d", (int)getpid());
	snprintf(twin, sizeof(twin), "%s-twin", path);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
