// SPDX-License-Identifier: MIT
/*
 * What the last checkpoint lists and the next start does not find: whatever became of a segment's
 * file, what is read and what is told of as lost are together what was there; and nothing is told
 * of that was acknowledged, however often it is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "ctl/command.h"
#include "spool/spool_marks.h"
#include "spool_helper.h"

#define SEGMENTS 8U
#define FRAME 60000U
/* Of each of two streams: somewhat more than three segments together. */
#define FRAMES 30U

/* What one output gets. */
struct books {
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	uint64_t records, told;
};

/* Datagrams that the GAP records in `length` bytes tell of. */
static uint64_t told_in(const uint8_t *bytes, size_t length)
{
	struct sluice_record_view view;
	struct sluice_record_gap gap;
	uint64_t told = 0;
	size_t at;

	for (at = 0; at < length; at += view.span) {
		assert_int_equal(sluice_record_read(bytes + at, length - at, &view), 0);
		if (view.type != SLUICE_RECORD_GAP)
			continue;
		memcpy(&gap, view.payload, sizeof(gap));
		assert_int_equal(gap.cause, SLUICE_LOST_DISK);
		told += gap.datagrams;
	}
	return told;
}

/* Reads one run as a rack does. */
static int read_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	static uint8_t losses[SLUICE_SPOOL_LOSSES_ROOM];
	struct books *books = context;
	struct sluice_spool_frame frame;
	const uint8_t *payload;
	uint32_t records;

	(void)serial;
	for (; start < end; start = frame.offset + frame.span) {
		assert_int_equal(
			sluice_spool_read(books->spool, books->log, start, room, &frame, &payload),
			0);
		if (frame.type == SLUICE_SPOOL_GAPS)
			books->told += told_in(
				losses,
				sluice_spool_write_losses(
					(const void *)payload,
					frame.length / sizeof(struct sluice_spool_mark),
					(uint32_t)((start - frame.offset) / 8),
					(uint32_t)((end - frame.offset) / 8), 0, losses, &records));
		else if (frame.is_damaged)
			books->told += told_in(payload, frame.length);
		else
			books->records += frame.count;
	}
	return 0;
}

/* All that `output` gets of both streams. */
static struct books read_all(struct sluice_spool *spool, const uint8_t *output)
{
	struct books books = {.spool = spool};
	unsigned int number;

	for (number = 0; number < 2; number++) {
		books.log = log_of(spool, number);
		assert_int_equal(sluice_spool_backlog(spool, books.log, output, read_run, &books),
				 0);
		sluice_spool_put(spool, books.log);
	}
	return books;
}

/* Makes a store with FRAMES frames of either stream, which a checkpoint lists; of stream 0 output A
 * has the first `acked`. It ends as it would with SIGKILL. */
static void make_store(unsigned int acked)
{
	struct sluice_spool *spool = open_spool(SEGMENTS);
	struct sluice_spool_log *logs[2] = {log_of(spool, 0), log_of(spool, 1)};
	unsigned int number;

	for (number = 0; number < 2 * FRAMES; number++)
		assert_int_equal(append(spool, logs[number % 2], number % 2,
					(uint64_t)(number / 2) * FRAME, FRAME, 2),
				 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	assert_int_equal(
		sluice_spool_acknowledge(spool, logs[0], OUTPUT_A, 0, (uint64_t)acked * FRAME), 0);
	assert_true(sluice_spool_needs_checkpoint(spool));
	assert_int_equal(sluice_spool_checkpoint(spool), 0);
	sluice_spool_crash(spool);
}

/* What may become of a file. */
enum fate { GONE, EMPTY, CUT, NOISE, NEWER, LINK, FOLDER, PIPE, HEADS, FATES };

/* Lets it happen to segment `number`. */
static void happen(enum fate fate, unsigned int number)
{
	static const uint8_t noise[4096] = {0x17, 0x2a};
	char path[256], other[300];
	unsigned int block;
	int fd;

	snprintf(path, sizeof(path), "%s/segment-%06u", directory, number);
	snprintf(other, sizeof(other), "%s/other", directory);
	if (fate == GONE || fate == FOLDER || fate == PIPE)
		assert_int_equal(unlink(path), 0);
	if (fate == FOLDER)
		assert_int_equal(mkdir(path, 0700), 0);
	if (fate == PIPE)
		assert_int_equal(mkfifo(path, 0600), 0);
	if (fate == LINK) {
		assert_int_equal(rename(path, other), 0);
		assert_int_equal(symlink(other, path), 0);
	}
	if (fate == EMPTY || fate == CUT)
		assert_int_equal(truncate(path, fate == CUT ? SEGMENT / 2 + 100 : 0), 0);
	if (fate == NEWER) {
		struct sluice_spool_segment_head head;

		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
		head.version = 2;
		head.crc = sluice_crc32c(0, &head, offsetof(struct sluice_spool_segment_head, crc));
		assert_int_equal(pwrite(fd, &head, sizeof(head), 0), sizeof(head));
		close(fd);
	}
	if (fate == NOISE || fate == HEADS) {
		fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		for (block = 0; block < SEGMENT / 4096; block++)
			if (fate == NOISE || block % 40 == 16)
				assert_int_equal(pwrite(fd, noise, 4096, (off_t)block * 4096),
						 4096);
		close(fd);
	}
}

/* Runs `sluicectl spool check` without its output. Returns its status. */
static int check_status(void)
{
	char name[] = "spool", verb[] = "check";
	char *arguments[] = {name, verb, directory, NULL};
	int status, kept = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);

	fflush(stdout);
	dup2(nowhere, STDOUT_FILENO);
	status = sluice_ctl_spool(3, arguments);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(nowhere);
	return status;
}

/* Empties the directory, of folders as well. */
static void empty_all(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/*", directory);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own directory */
}

/* Whatever happens to whichever segment. */
static void what_is_missing_is_told(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool;
	struct books books;
	unsigned int number, fate, again;

	(void)state;
	for (fate = 0; fate < FATES; fate++) {
		for (number = 0; number < 4; number++) {
			empty_all();
			make_store(0);
			assert_int_equal(check_status(), SLUICE_CTL_OK);
			happen(fate, number);
			assert_int_equal(check_status(), SLUICE_CTL_FINDINGS);
			/* Twice: nobody acknowledged it, and what stands in its place is not there
			 * for ever. */
			for (again = 0; again < 2; again++) {
				spool = open_spool(SEGMENTS);
				books = read_all(spool, OUTPUT_B);
				sluice_spool_figures(spool, &figures);
				assert_true(books.told > 0);
				assert_int_equal(books.records + books.told,
						 2UL * FRAMES * FRAME / 8);
				assert_int_equal(figures.damaged_records, books.told);
				sluice_spool_crash(spool);
			}
		}
	}
	empty_all();
}

/* What an output has is not told to it as lost, and what it lacks is. */
static void what_was_acknowledged_is_not_told(void **state)
{
	struct sluice_spool *spool;
	struct books books;

	(void)state;
	make_store(10);
	happen(GONE, 0);
	happen(GONE, 1);
	spool = open_spool(SEGMENTS);
	books = read_all(spool, OUTPUT_A);
	assert_true(books.told > 0);
	assert_int_equal(books.records + books.told, (2UL * FRAMES - 10) * FRAME / 8);
	books = read_all(spool, OUTPUT_B);
	assert_int_equal(books.records + books.told, 2UL * FRAMES * FRAME / 8);
	/* Once it is told of, it is forgotten. */
	for (unsigned int number = 0; number < 2; number++) {
		struct sluice_spool_log *log = log_of(spool, number);

		(void)sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, FRAMES * (uint64_t)FRAME);
		(void)sluice_spool_acknowledge(spool, log, OUTPUT_B, 0, FRAMES * (uint64_t)FRAME);
		sluice_spool_put(spool, log);
	}
	sluice_spool_close(spool);
	assert_int_equal(check_status(), SLUICE_CTL_OK);
	spool = open_spool(SEGMENTS);
	assert_int_equal(read_all(spool, OUTPUT_A).told, 0);
	sluice_spool_close(spool);
}

/* A store in which all goes as it should, killed at any time, with acknowledgements that no
 * checkpoint knows of yet, with segments that are free, used again, given up or too many: nothing
 * is missed. */
static void nothing_is_missed_without_a_reason(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool = open_spool(SEGMENTS);
	struct sluice_spool_log *logs[2];
	uint64_t written[2] = {0}, acked[2] = {0};
	unsigned int round, number, seed = 4711;

	(void)state;
	for (number = 0; number < 2; number++)
		logs[number] = log_of(spool, number);
	for (round = 0; round < 4000; round++) {
		number = (unsigned int)rand_r(&seed) % 2;
		switch (rand_r(&seed) % 8) {
		case 0:
		case 1:
			if (acked[number] < written[number])
				acked[number] += FRAME;
			(void)sluice_spool_acknowledge(spool, logs[number], OUTPUT_A, 0,
						       acked[number]);
			break;
		case 2:
			if (rand_r(&seed) % 4 == 0)
				assert_int_equal(sluice_spool_checkpoint(spool), 0);
			sluice_spool_drop_oldest(spool, rand_r(&seed) % 2);
			break;
		case 3:
			if (rand_r(&seed) % 16)
				break;
			sluice_spool_crash(spool);
			spool = open_spool(SEGMENTS - (unsigned int)rand_r(&seed) % 3);
			sluice_spool_figures(spool, &figures);
			assert_int_equal(figures.missing_frames, 0);
			assert_int_equal(figures.quarantined, 0);
			for (number = 0; number < 2; number++)
				logs[number] = log_of(spool, number);
			break;
		default:
			if (append(spool, logs[number], number, written[number], FRAME, 1) ||
			    sluice_spool_commit(spool))
				break;
			written[number] += FRAME;
		}
	}
	sluice_spool_close(spool);
	assert_int_equal(check_status(), SLUICE_CTL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_missing_is_told, fresh),
		cmocka_unit_test_setup(what_was_acknowledged_is_not_told, fresh),
		cmocka_unit_test_setup(nothing_is_missed_without_a_reason, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
