// SPDX-License-Identifier: MIT
/*
 * A store that is made, filled, emptied, used again, closed, opened, left by a crash and opened
 * again, on a disk of which every single call fails in turn: call 0 of a kind, call 1, until a
 * whole life has no such call any more. What was promised is read as it was, or told of, and only
 * where it could not be read; nothing comes twice.
 *
 * takes: 60
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "drop_helper.h"

/* The kinds of calls, and how they fail. */
enum call { WRITE, READ, SYNC, RESERVE };

static const struct failure {
	enum call call;
	int error;     /* 0: half of what was asked for, END: nothing is there any more */
	bool may_drop; /* also tried with a store that gives up its oldest */
	const char *name;
} failures[] = {
#define END (-1)
	{WRITE, 0, false, "short write"},	 {WRITE, EIO, true, "write: EIO"},
	{WRITE, ENOSPC, false, "write: ENOSPC"}, {READ, 0, false, "short read"},
	{READ, EIO, true, "read: EIO"},		 {READ, END, false, "read: end of file"},
	{SYNC, EIO, true, "sync: EIO"},		 {RESERVE, ENOSPC, false, "fallocate: ENOSPC"},
};

/* The call that fails, or a place that cannot be read. */
static struct {
	const struct failure *failure; /* NULL: none */
	unsigned long number, calls;
	bool has_failed;
	off_t place; /* of every segment; 0: none */
} bad;

/* Is it this one? */
static bool is_bad(enum call call)
{
	if (!bad.failure || bad.failure->call != call || bad.calls++ != bad.number)
		return false;
	bad.has_failed = true;
	if (bad.failure->error > 0)
		errno = bad.failure->error;
	return true;
}

/* Half of a length. */
static size_t half(size_t length)
{
	return length > SLUICE_DISK_BLOCK ? length / 2 / SLUICE_DISK_BLOCK * SLUICE_DISK_BLOCK
					  : length / 2;
}

/* pwrite(2) */
static ssize_t try_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (!is_bad(WRITE))
		return pwrite(fd, bytes, length, offset);
	return bad.failure->error ? -1 : pwrite(fd, bytes, half(length), offset);
}

/* pread(2) */
static ssize_t try_pread(int fd, void *bytes, size_t length, off_t offset)
{
	if (bad.place && offset <= bad.place && (off_t)(offset + (off_t)length) > bad.place) {
		errno = EIO;
		return -1;
	}
	if (!is_bad(READ))
		return pread(fd, bytes, length, offset);
	if (bad.failure->error == END)
		return 0;
	return bad.failure->error ? -1 : pread(fd, bytes, half(length), offset);
}

/* fdatasync(2); the tests do not need the real one. */
static int try_fdatasync(int fd)
{
	(void)fd;
	return is_bad(SYNC) ? -1 : 0;
}

/* fallocate(2) */
static int try_fallocate(int fd, int mode, off_t offset, off_t length)
{
	return is_bad(RESERVE) ? -1 : fallocate(fd, mode, offset, length);
}

/* In memory, since it is done over and over: tmpfs. */
static int every_setup(void **state)
{
	strcpy(directory, "/dev/shm/sluice-XXXXXX");
	if (setup(state))
		return -1;
	sluice_disk_calls.pwrite = try_pwrite;
	sluice_disk_calls.pread = try_pread;
	sluice_disk_calls.fdatasync = try_fdatasync;
	sluice_disk_calls.fallocate = try_fallocate;
	return 0;
}

/* A life, and what its outputs have acknowledged. */
struct life {
	struct source source;
	uint64_t acked; /* records */
	bool drops;
};

/* Opens the store. It may refuse if a call fails right then, with a sentence, and opens the next
 * time. The receivers say again what they have. */
static void rise(struct life *life)
{
	struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = (uint64_t)SEGMENTS * SEGMENT};
	struct source *source = &life->source;
	bool had_failed = bad.has_failed;
	char *error = NULL;

	if (sluice_spool_open(&options, &source->spool, &error)) {
		assert_non_null(error);
		free(error);
		assert_true(bad.has_failed && !had_failed);
		assert_int_equal(sluice_spool_open(&options, &source->spool, NULL), 0);
	}
	sluice_spool_drop_oldest(source->spool, life->drops);
	source->log = log_of(source->spool, 0);
	assert_non_null(source->log);
	if (!life->acked)
		return;
	assert_int_equal(sluice_spool_acknowledge(source->spool, source->log, OUTPUT_A, 0,
						  life->acked * 600),
			 0);
	assert_int_equal(sluice_spool_acknowledge(source->spool, source->log, OUTPUT_B, 0,
						  life->acked * 600),
			 0);
}

/* All that was promised and not acknowledged is there or told of. */
static void hold_against(struct life *life)
{
	struct sight sight = view_of(&life->source, OUTPUT_A);
	uint64_t lacking = life->source.committed - life->acked, sequence, sum;

	sum = sight.received + sight.told + (life->source.reads_fail ? sight.torn : 0);
	for (sequence = life->source.committed; sequence < sight.most; sequence++)
		sum -= sight.seen[sequence];
	free(sight.seen);
	assert_int_equal(sum, lacking);
}

/* Reads all there is; then both outputs acknowledge so many records, and the daemon writes a
 * checkpoint when it can. */
static void drain(struct life *life, uint64_t records)
{
	struct source *source = &life->source;
	uint64_t upto = life->acked + records;

	hold_against(life);
	if (upto > source->committed)
		upto = source->committed;
	assert_int_equal(sluice_spool_acknowledge(source->spool, source->log, OUTPUT_A,
						  life->acked * 600, upto * 600),
			 0);
	assert_int_equal(sluice_spool_acknowledge(source->spool, source->log, OUTPUT_B,
						  life->acked * 600, upto * 600),
			 0);
	life->acked = upto;
	if (sluice_spool_checkpoint(source->spool))
		assert_int_equal(sluice_spool_checkpoint(source->spool), 0);
}

/* One life. `failure` (NULL: none) hits call `number`. Returns false if it had no such call. */
static bool live_once(const struct failure *failure, unsigned long number, bool drops)
{
	struct life life = {
		.drops = drops,
		.source = {.is_uniform = true,
			   .reads_fail = failure && failure->call == READ && failure->error}};
	struct sluice_spool_figures figures;
	unsigned int frames = drops ? 24 : 9, round;

	empty();
	memset(&bad, 0, sizeof(bad));
	bad.failure = failure;
	bad.number = number;
	rise(&life);
	for (round = 0; round < 2; round++) {
		live(&life.source, frames);
		/* Two segments and some: they are used again. */
		drain(&life, 3600);
	}
	/* What a life is for. */
	sluice_spool_figures(life.source.spool, &figures);
	if (!failure)
		assert_int_equal(figures.dropped_segments > 0, drops);
	(void)sluice_spool_touch(life.source.spool);
	sluice_spool_close(life.source.spool);
	rise(&life);
	live(&life.source, 5);
	sluice_spool_crash(life.source.spool);
	rise(&life);
	hold_against(&life);
	live(&life.source, 3);
	drain(&life, 400);
	/* The disk is in order from now on: all is as it was, in this process and the next. */
	bad.failure = NULL;
	hold_against(&life);
	sluice_spool_crash(life.source.spool);
	rise(&life);
	hold_against(&life);
	assert_true(failure || sluice_spool_serial(life.source.spool) > SEGMENTS);
	sluice_spool_close(life.source.spool);
	return bad.has_failed;
}

/* Every call, with each failure; with a state: of a store that gives up its oldest. */
static void every_single_call_may_fail(void **state)
{
	const bool drops = *state != NULL;
	unsigned long number;
	size_t place;

	assert_false(live_once(NULL, 0, drops));
	for (place = 0; place < sizeof(failures) / sizeof(failures[0]); place++) {
		if (drops && !failures[place].may_drop)
			continue;
		for (number = 0; live_once(&failures[place], number, drops); number++)
			;
		print_message("%s: %lu calls\n", failures[place].name, number);
		assert_true(number >= SEGMENTS);
	}
}

/* One place of a segment that a crash left cannot be read, for ever: that costs the frame that lies
 * there, which is told of, or at least counted if it is its head. (The checkpoint is shorter than
 * where the places begin.) */
static void a_bad_place_costs_one_frame(void **state)
{
	struct life life = {.source = {.is_uniform = true, .reads_fail = true}};
	struct sluice_spool_figures figures;
	struct sight sight;
	off_t block;

	(void)state;
	empty();
	memset(&bad, 0, sizeof(bad));
	rise(&life);
	live(&life.source, 4);
	assert_int_equal(life.source.committed, 1600);
	for (block = 66; block < 244; block++) {
		sluice_spool_crash(life.source.spool);
		bad.place = block * SLUICE_DISK_BLOCK + 100;
		rise(&life);
		sight = view_of(&life.source, OUTPUT_A);
		free(sight.seen);
		sluice_spool_figures(life.source.spool, &figures);
		/* Frames have 59 blocks; their heads are at 1, 60, 119 and 178. */
		if (block >= 237) {
			assert_int_equal(sight.received, 1600);
		} else {
			assert_int_equal(sight.received, 1200);
			assert_int_equal(sight.torn, (block - 1) % 59 ? 400 : 0);
			assert_int_equal(figures.damaged_frames, 1);
		}
		assert_int_equal(figures.quarantined, 0);
	}
	bad.place = 0;
	sluice_spool_close(life.source.spool);
}

/* Runs them. */
int main(void)
{
	static bool drops = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_single_call_may_fail),
		cmocka_unit_test_prestate(every_single_call_may_fail, &drops),
		cmocka_unit_test(a_bad_place_costs_one_frame),
	};

	return cmocka_run_group_tests(tests, every_setup, teardown);
}
