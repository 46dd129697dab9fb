// SPDX-License-Identifier: MIT
/*
 * The spool on a disk that misbehaves: torn writes, bits that flip, syncs that fail, files that are
 * missing, foreign or newer.
 *
 * takes: 40
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool_helper.h"

/* A crash keeps what was committed. */
static void what_was_committed_is_there_after_a_crash(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, 65536, 2), 0);
	assert_int_equal(append(spool, log, 0, 65536, 8, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, 1024), 0);
	assert_int_equal(sluice_spool_checkpoint(spool), 0);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 1024, 2048), 0);
	sluice_spool_crash(spool);
	spool = open_spool(4);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.frames, 2);
	assert_false(figures.checkpoint_lost);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 65536 + 8 - 1024);
	assert_int_equal(backlog(spool, 0, OUTPUT_B).bytes, 65536);
	log = log_of(spool, 0);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_B, 0, 65536), 0);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, 65544), 0);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.frames, 0);
	assert_int_equal(figures.bytes, 0);
	sluice_spool_close(spool);
	spool = open_spool(4);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.frames, 0);
	assert_int_equal(figures.free_segments, 4);
	sluice_spool_close(spool);
}

/*
 * As a daemon does that is killed again and again: at the start what the ring has is acknowledged,
 * far ahead of what lies on the disk; then some of it goes to disk after all, in segments that are
 * used again. No older acknowledgement may apply to it.
 */
static void acknowledged_ahead_is_needed_again_when_it_is_written(void **state)
{
	struct sluice_spool_log *log;
	struct sluice_spool *spool;
	uint64_t offset = 0;
	unsigned int round;

	(void)state;
	for (round = 0; round < 24; round++) {
		/* A frame that everybody has got lies in a segment that nobody closed. */
		spool = open_spool(4);
		log = log_of(spool, 0);
		assert_int_equal(append(spool, log, 0, offset, 65536, 1), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		offset += 65536;
		assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, offset), 0);
		assert_int_equal(sluice_spool_checkpoint(spool), 0);
		sluice_spool_crash(spool);

		spool = open_spool(4);
		log = log_of(spool, 0);
		assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, offset, UINT64_MAX),
				 0);
		if (round % 3)
			assert_int_equal(sluice_spool_checkpoint(spool), 0);
		assert_int_equal(append(spool, log, 0, offset, 65536, 1), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		sluice_spool_crash(spool);

		spool = open_spool(4);
		assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 65536);
		log = log_of(spool, 0);
		offset += 65536;
		assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, offset), 0);
		if (round % 2)
			sluice_spool_crash(spool);
		else
			sluice_spool_close(spool);
		if (round % 2)
			empty();
	}
}

/* ENOSPC by being full. */
static void a_full_store_says_so_and_goes_on_when_there_is_room(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	uint64_t offset = 0, first;
	unsigned int round;

	(void)state;
	while (sluice_spool_has_room(spool, 65536)) {
		assert_int_equal(append(spool, log, 0, offset, 65536, 1), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		offset += 65536;
	}
	/* 15 frames of 68 KiB fit 1 MiB */
	assert_int_equal(offset, 4 * 14 * 65536);
	assert_int_equal(append(spool, log, 0, offset, 65536, 1), -ENOSPC);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset);
	/* Round and round: segments are used again, and nothing old comes back. */
	for (round = 0, first = 0; round < 40; round++) {
		assert_int_equal(
			sluice_spool_acknowledge(spool, log, OUTPUT_A, first, first + 14UL * 65536),
			0);
		first += 14UL * 65536;
		while (sluice_spool_has_room(spool, 65536)) {
			assert_int_equal(append(spool, log, 0, offset, 65536, 1), 0);
			assert_int_equal(sluice_spool_commit(spool), 0);
			offset += 65536;
		}
		if (round % 10 == 9) {
			sluice_spool_crash(spool);
			spool = open_spool(4);
			log = log_of(spool, 0);
		}
		assert_int_equal(backlog(spool, 0, OUTPUT_A).least, first);
		assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset - first);
	}
	sluice_spool_close(spool);
}

/* A history whose every disk call fails once. Returns what was committed; *calls: how many calls it
 * made. */
static uint64_t history(struct sluice_spool **result, uint64_t *calls)
{
	struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = 6ULL * SEGMENT};
	struct sluice_spool_log *log;
	uint64_t offset = 0, from = 0;
	unsigned int batch, number, tries;
	char *error = NULL;

	*result = NULL;
	*calls = 0;
	if (sluice_spool_open(&options, result, &error)) {
		assert_non_null(error);
		free(error);
		return 0;
	}
	log = log_of(*result, 0);
	for (batch = 0; batch < 12; batch++) {
		/* What a failed batch appended is appended again, as the spooler does. */
		for (tries = 0; tries < 3; tries++) {
			offset = from;
			for (number = 0; number < 4; number++, offset += 60000)
				if (append(*result, log, 0, offset, 60000, 1))
					break;
			if (number == 4 && !sluice_spool_commit(*result))
				break;
			offset = from;
		}
		from = offset;
		if (batch % 4 == 3)
			(void)sluice_spool_checkpoint(*result);
	}
	*calls = (uint64_t)fault.calls;
	return from;
}

/* Each call fails once, with each error. */
static void every_disk_call_may_fail_once(void **state)
{
	static const int errors[] = {EIO, ENOSPC, 0};
	uint64_t calls, ignored, committed;
	struct sluice_spool *spool;
	size_t error;
	long long call;

	(void)state;
	assert_int_equal(history(&spool, &calls), 12 * 240000);
	sluice_spool_crash(spool);
	assert_true(calls > 60);
	for (error = 0; error < sizeof(errors) / sizeof(errors[0]); error++) {
		for (call = 0; call < (long long)calls; call += error ? 7 : 1) {
			empty();
			fault.calls = 0;
			fault.fail_at = call;
			fault.error = errors[error];
			committed = history(&spool, &ignored);
			fault.fail_at = -1;
			if (!spool)
				continue; /* it did not start, and said why */
			assert_int_equal(committed, 12 * 240000);
			assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, committed);
			sluice_spool_crash(spool);
			spool = open_spool(6);
			assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, committed);
			assert_int_equal(backlog(spool, 0, OUTPUT_A).damaged, 0);
			sluice_spool_crash(spool);
		}
	}
}

/* What nobody needs any more takes no room, in the segment that is being written, too. */
static void an_empty_store_uses_nothing(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	struct sluice_spool_figures figures;

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
	sluice_spool_figures(spool, &figures);
	assert_true(figures.used > 65536);
	assert_int_equal(sluice_spool_commit(spool), 0);
	sluice_spool_figures(spool, &figures);
	assert_true(figures.used > 65536);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, 65536), 0);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.used, 0);
	assert_int_equal(figures.free_segments, 3);
	sluice_spool_close(spool);
}

/* EIO for a while. */
static void a_disk_that_fails_for_a_while_is_used_again(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	unsigned int number;
	int result = -EIO;

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	fault.fail_at = 0;
	fault.for_ever = true;
	fault.error = EIO;
	for (number = 0; number < 10; number++) {
		result = append(spool, log, 0, 65536, 65536, 1);
		if (!result)
			result = sluice_spool_commit(spool);
		assert_true(result == -EIO || result == -ENOSPC);
	}
	assert_int_equal(result, -ENOSPC);
	assert_false(sluice_spool_has_room(spool, 65536));
	fault.fail_at = -1;
	for (number = 0; number < 100 && !sluice_spool_has_room(spool, 65536); number++)
		usleep(50000);
	assert_int_equal(append(spool, log, 0, 65536, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	/* What was durable in the segment that was given up is still there. */
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 131072);
	sluice_spool_crash(spool);
	spool = open_spool(4);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 131072);
	sluice_spool_close(spool);
}

/* Power loss in a write. */
static void a_torn_tail_costs_what_was_not_committed(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	uint32_t cut;
	char path[256];
	int fd;
	static const uint8_t zeros[4096];

	(void)state;
	for (cut = 0; cut < 20; cut++) {
		empty();
		spool = open_spool(4);
		log = log_of(spool, 0);
		assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		assert_int_equal(append(spool, log, 0, 65536, 65536, 1), 0);
		sluice_spool_crash(spool);
		/* Of the second frame's 17 blocks those from `cut` on never reached the disk. */
		snprintf(path, sizeof(path), "%s/segment-000000", directory);
		fd = open(path, O_RDWR);
		for (; fd >= 0 && cut < 17; cut++)
			assert_int_equal(pwrite(fd, zeros, 4096, (off_t)(1 + 17 + cut) * 4096),
					 4096);
		close(fd);
		spool = open_spool(4);
		assert_true(backlog(spool, 0, OUTPUT_A).bytes -
				    backlog(spool, 0, OUTPUT_A).damaged >=
			    65536);
		sluice_spool_figures(spool, &figures);
		assert_int_equal(figures.quarantined, 0);
		sluice_spool_crash(spool);
	}
}

/* One bit, everywhere. */
static void a_flipped_bit_costs_one_frame_and_is_told(void **state)
{
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	struct sum sum;
	uint64_t block, offset, blocks = SEGMENT / 4096;
	unsigned int number;

	(void)state;
	for (block = 0; block < blocks; block += block < 20 ? 1 : 23) {
		empty();
		spool = open_spool(4);
		log = log_of(spool, 0);
		for (number = 0, offset = 0; number < 20; number++, offset += 60000)
			assert_int_equal(append(spool, log, 0, offset, 60000, 1), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		sluice_spool_close(spool);
		flip("segment-000000", block * 4096 + (block * 977) % 4096, 1);
		spool = open_spool(4);
		sum = backlog(spool, 0, OUTPUT_A);
		/* One frame at most: told as lost, or, if its head was hit and it was looked for,
		 * not found. */
		assert_true(sum.bytes >= 19UL * 60000);
		assert_true(sum.bytes - sum.damaged >= 19UL * 60000);
		sluice_spool_crash(spool);
	}
}

/* Loss is told in place. */
static void a_damaged_frame_is_read_as_a_gap(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	struct sluice_spool_figures figures;
	struct sluice_spool_frame frame;
	struct sluice_record_view view;
	struct sluice_record_gap gap;
	const uint8_t *payload;
	uint64_t at, records = 0;

	(void)state;
	assert_int_equal(append(spool, log, 0, 800, 200000, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	flip("segment-000000", 40000, 1);
	assert_int_equal(sluice_spool_read(spool, log, 800, room, &frame, &payload), 0);
	assert_true(frame.is_damaged);
	assert_int_equal(frame.offset, 800);
	assert_int_equal(frame.span, 200000);
	assert_int_equal(frame.count, 1);
	for (at = 0; at < frame.span; at += view.span, records++) {
		assert_int_equal(sluice_record_read(payload + at, frame.span - at, &view), 0);
		if (!records) {
			assert_int_equal(view.type, SLUICE_RECORD_GAP);
			memcpy(&gap, view.payload, sizeof(gap));
			assert_int_equal(gap.datagrams, 25000);
			assert_int_equal(gap.cause, SLUICE_LOST_DISK);
		} else {
			assert_int_equal(view.type, SLUICE_RECORD_PAD);
		}
	}
	assert_int_equal(at, 200000);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.damaged_frames, 1);
	assert_int_equal(figures.damaged_records, 25000);
	sluice_spool_crash(spool);
}

/* None, or the older one. */
static void checkpoints_may_be_lost(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	char path[256];
	unsigned int which;

	(void)state;
	for (which = 0; which < 4; which++) {
		empty();
		spool = open_spool(4);
		log = log_of(spool, 0);
		assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, 8), 0);
		assert_int_equal(sluice_spool_checkpoint(spool), 0); /* generation 2: slot 0 */
		assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 8, 16), 0);
		assert_int_equal(sluice_spool_checkpoint(spool), 0); /* generation 3: slot 1 */
		sluice_spool_crash(spool);
		snprintf(path, sizeof(path), "%s/checkpoint", directory);
		if (which == 0 || which == 1)
			flip("checkpoint", 4096 + SLUICE_SPOOL_SLOT + 70, 1); /* the newer */
		if (which == 1)
			flip("checkpoint", 4096 + 70, 1);
		if (which == 2)
			assert_int_equal(unlink(path), 0);
		if (which == 3)
			assert_int_equal(truncate(path, 4100), 0);
		spool = open_spool(4);
		sluice_spool_figures(spool, &figures);
		assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, which == 0 ? 65528 : 65536);
		assert_int_equal(figures.checkpoint_lost, which > 0);
		assert_int_equal(figures.quarantined, 0);
		sluice_spool_crash(spool);
	}
}

/* What is not ours, or not yet. */
static void foreign_and_newer_files_are_put_aside(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	struct sluice_spool_segment_head head;
	char path[256];
	int fd;

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	sluice_spool_close(spool);
	/* Random bytes, a text, a segment of tomorrow's version. */
	snprintf(path, sizeof(path), "%s/segment-000001", directory);
	fd = open(path, O_RDWR | O_TRUNC);
	assert_int_equal(write(fd, "this is no segment at all", 25), 25);
	close(fd);
	snprintf(path, sizeof(path), "%s/segment-000002", directory);
	fd = open(path, O_RDWR);
	assert_int_equal(read(fd, &head, sizeof(head)), (ssize_t)sizeof(head));
	sluice_spool_segment_seal(&head);
	head.version = 99;
	head.crc = sluice_crc32c(0, &head, offsetof(struct sluice_spool_segment_head, crc));
	assert_int_equal(pwrite(fd, &head, sizeof(head), 0), (ssize_t)sizeof(head));
	close(fd);
	snprintf(path, sizeof(path), "%s/notes.txt", directory);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	close(fd);
	spool = open_spool(4);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.quarantined, 2);
	assert_int_equal(figures.segments, 4);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 65536);
	sluice_spool_close(spool);
	snprintf(path, sizeof(path), "%s/segment-000002.newer.0", directory);
	assert_int_equal(access(path, F_OK), 0);
}

/* The configuration says another size. */
static void sizes_may_change(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool = open_spool(8);
	struct sluice_spool_log *log = log_of(spool, 0);
	uint64_t offset = 0;

	(void)state;
	for (offset = 0; sluice_spool_has_room(spool, 65536); offset += 65536)
		assert_int_equal(append(spool, log, 0, offset, 65536, 1), 0);
	sluice_spool_close(spool);
	spool = open_spool(4);
	log = log_of(spool, 0);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.segments, 8); /* nothing is thrown away */
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, offset), 0);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.segments, 4);
	sluice_spool_close(spool);
}

/* The lock. */
static void two_cannot_have_one_store(void **state)
{
	struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = 4ULL * SEGMENT};
	struct sluice_spool *spool = open_spool(4), *other = NULL;
	char *error = NULL;

	(void)state;
	assert_int_equal(sluice_spool_open(&options, &other, &error), -EBUSY);
	assert_non_null(strstr(error, "another sluiced"));
	free(error);
	options.look = true;
	error = NULL;
	assert_int_equal(sluice_spool_open(&options, &other, &error), 0);
	sluice_spool_close(other);
	sluice_spool_close(spool);
}

/* Refusals. */
static void what_does_not_fit_is_refused_with_a_sentence(void **state)
{
	struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = 4ULL * SEGMENT};
	struct sluice_spool *spool = NULL;
	char *error = NULL;

	(void)state;
	fault.fail_at = 0;
	fault.for_ever = true;
	fault.error = ENOSPC;
	assert_int_equal(sluice_spool_open(&options, &spool, &error), -ENOSPC);
	assert_non_null(error);
	free(error);
	error = NULL;
	fault.fail_at = -1;
	options.path = "/proc/no-such-place";
	assert_true(sluice_spool_open(&options, &spool, &error) < 0);
	assert_non_null(strstr(error, "/proc/no-such-place"));
	free(error);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_committed_is_there_after_a_crash, fresh),
		cmocka_unit_test_setup(acknowledged_ahead_is_needed_again_when_it_is_written,
				       fresh),
		cmocka_unit_test_setup(a_full_store_says_so_and_goes_on_when_there_is_room, fresh),
		cmocka_unit_test_setup(every_disk_call_may_fail_once, fresh),
		cmocka_unit_test_setup(an_empty_store_uses_nothing, fresh),
		cmocka_unit_test_setup(a_disk_that_fails_for_a_while_is_used_again, fresh),
		cmocka_unit_test_setup(a_torn_tail_costs_what_was_not_committed, fresh),
		cmocka_unit_test_setup(a_flipped_bit_costs_one_frame_and_is_told, fresh),
		cmocka_unit_test_setup(a_damaged_frame_is_read_as_a_gap, fresh),
		cmocka_unit_test_setup(checkpoints_may_be_lost, fresh),
		cmocka_unit_test_setup(foreign_and_newer_files_are_put_aside, fresh),
		cmocka_unit_test_setup(sizes_may_change, fresh),
		cmocka_unit_test_setup(two_cannot_have_one_store, fresh),
		cmocka_unit_test_setup(what_does_not_fit_is_refused_with_a_sentence, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
