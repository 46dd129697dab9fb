// SPDX-License-Identifier: MIT
/*
 * A full spool that gives up its oldest segments: what was stored is there or told of, each
 * datagram once, after every crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "ctl/command.h"
#include "drop_helper.h"

/* Adds up what the store says was given up: of anybody, and of one output, by input. */
struct account {
	uint64_t anybody[INPUTS], output[INPUTS];
};

/* One line of it. */
static void enter(void *context, const struct sluice_spool_drop *drop)
{
	static const uint8_t nobody[16];
	struct account *account = context;

	assert_true(drop->input < INPUTS);
	if (!memcmp(drop->output, nobody, 16))
		account->anybody[drop->input] += drop->datagrams;
	else if (!memcmp(drop->output, OUTPUT_A, 16))
		account->output[drop->input] += drop->datagrams;
}

/* More than it holds: nothing is refused, the newest stay, the others are told of, per input, and
 * counted. */
static void the_oldest_are_given_up_and_told_of(void **state)
{
	struct sluice_spool_figures figures;
	struct account account = {0};
	struct source source = {0};
	struct sight sight;
	unsigned int number;
	uint64_t lost[INPUTS] = {0}, sequence;

	(void)state;
	begin(&source);
	for (number = 0; number < 80; number++) {
		assert_int_equal(feed(&source, 250000), 0);
		assert_int_equal(promise(&source), 0);
	}
	sight = view_of(&source, OUTPUT_A);
	assert_int_equal(sight.received + sight.told, source.sequence);
	assert_int_equal(sight.newest, source.sequence - 1);
	assert_true(sight.told > source.sequence / 2);
	/* They are the newest without a hole. */
	for (sequence = 0; sequence < source.sequence; sequence++) {
		assert_int_equal(sight.seen[sequence], sequence >= sight.told);
		if (!sight.seen[sequence])
			lost[input_of(&source, sequence)]++;
	}
	sluice_spool_drops(source.spool, enter, &account);
	for (number = 0; number < INPUTS; number++) {
		assert_int_equal(sight.by_input[number], lost[number]);
		assert_int_equal(account.anybody[number], lost[number]);
		assert_int_equal(account.output[number], lost[number]);
	}
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.dropped, sight.told);
	assert_int_equal(figures.segments, SEGMENTS);
	assert_int_equal(figures.free_segments, 1);
	assert_true(figures.dropped_segments > 5);
	free(sight.seen);
	begin_again(&source);
	nothing_is_missing(&source, 0);
	sluice_spool_close(source.spool);
}

/* The list of what was given up does not grow with it. */
static void a_long_time_costs_little_room(void **state)
{
	struct sluice_spool_figures figures;
	struct source source = {.is_uniform = true};
	struct sight sight;
	unsigned int number;

	(void)state;
	begin(&source);
	for (number = 0; number < 1200; number++) {
		assert_int_equal(feed(&source, 250000), 0);
		assert_int_equal(promise(&source), 0);
	}
	sight = view_of(&source, OUTPUT_B);
	assert_int_equal(sight.received + sight.told, source.sequence);
	/* One frame of marks, one GAP for each input. */
	assert_int_equal(sight.gaps_told, INPUTS);
	assert_true(sight.received > 5000);
	free(sight.seen);
	sluice_spool_figures(source.spool, &figures);
	assert_true(figures.frames < 30);
	assert_true(figures.bytes <= (uint64_t)SEGMENTS * SEGMENT);
	/* The outputs have all of it: nothing is left. */
	assert_int_equal(
		sluice_spool_acknowledge(source.spool, source.log, OUTPUT_A, 0, source.offset), 0);
	assert_int_equal(
		sluice_spool_acknowledge(source.spool, source.log, OUTPUT_B, 0, source.offset), 0);
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.frames, 0);
	assert_int_equal(figures.bytes, 0);
	sluice_spool_close(source.spool);
}

/* What an output has of it is not told as lost, whether it says so before or after; another
 * output's loss is its own. */
static void only_what_an_output_lacks_is_lost_to_it(void **state)
{
	struct account account = {0};
	struct source source = {.is_uniform = true};
	struct sight sight;
	unsigned int number;
	uint64_t lost = 0;

	(void)state;
	begin(&source);
	for (number = 0; number < 8; number++)
		assert_int_equal(feed(&source, 120000), 0);
	assert_int_equal(promise(&source), 0);
	/* 100 datagrams of the first frame, all of the second, 70 in the middle of the third. */
	assert_int_equal(sluice_spool_acknowledge(source.spool, source.log, OUTPUT_A, 0, 60000), 0);
	assert_int_equal(
		sluice_spool_acknowledge(source.spool, source.log, OUTPUT_A, 120000, 240000), 0);
	assert_int_equal(
		sluice_spool_acknowledge(source.spool, source.log, OUTPUT_A, 270000, 312000), 0);
	for (number = 0; number < 60; number++) {
		assert_int_equal(feed(&source, 120000), 0);
		assert_int_equal(promise(&source), 0);
	}
	sight = view_of(&source, OUTPUT_A);
	assert_int_equal(sight.received + sight.told, source.sequence - 100 - 200 - 70);
	sluice_spool_drops(source.spool, enter, &account);
	for (number = 0; number < INPUTS; number++)
		lost += account.output[number];
	assert_int_equal(lost, sight.told);
	free(sight.seen);
	sight = view_of(&source, OUTPUT_B);
	assert_int_equal(sight.received + sight.told, source.sequence);
	lost = sight.told;
	free(sight.seen);
	for (number = 0; number < INPUTS; number++)
		lost -= account.anybody[number];
	assert_int_equal(lost, 0);
	/* A receiver that comes back has more of it than was known: 50 from 330,000 on (555 of 600
	 * bytes each). */
	assert_int_equal(
		sluice_spool_acknowledge(source.spool, source.log, OUTPUT_A, 330000, 360000), 0);
	sight = view_of(&source, OUTPUT_A);
	assert_int_equal(sight.received + sight.told, source.sequence - 100 - 200 - 70 - 50);
	free(sight.seen);
	sluice_spool_close(source.spool);
}

/* Both outputs acknowledge records [first, end), all of 600 bytes. */
static void acknowledge(struct source *source, uint64_t first, uint64_t end)
{
	assert_int_equal(sluice_spool_acknowledge(source->spool, source->log, OUTPUT_A, first * 600,
						  end * 600),
			 0);
	assert_int_equal(sluice_spool_acknowledge(source->spool, source->log, OUTPUT_B, first * 600,
						  end * 600),
			 0);
}

/*
 * Marks that were joined with later ones are still on the disk as long as something else in their
 * segment is needed. When the joined ones were acknowledged and their segment is used again, the
 * daemon that starts anew does not tell of the others.
 */
static void joined_marks_are_told_once(void **state)
{
	struct sluice_spool_figures figures;
	struct source source = {.is_uniform = true};
	struct account account = {0};
	uint64_t told = 0, first;
	struct sight sight;
	unsigned int number;

	(void)state;
	begin(&source);
	do {
		assert_int_equal(feed(&source, 120000), 0);
		assert_int_equal(promise(&source), 0);
		sluice_spool_figures(source.spool, &figures);
	} while (figures.dropped_segments < 3);
	sluice_spool_drops(source.spool, enter, &account);
	for (number = 0; number < INPUTS; number++)
		told += account.anybody[number];
	/* Of three segments; two that have no marks follow, then the one that has the first. */
	first = told + told / 3 * 2 + 200;
	acknowledge(&source, 0, first);
	acknowledge(&source, first + 600, source.sequence);
	/* All other segments are used again. */
	sluice_spool_drop_oldest(source.spool, false);
	for (number = 0; number < 2; number++) {
		for (first = source.sequence; !feed(&source, 120000);)
			assert_int_equal(promise(&source), 0);
		acknowledge(&source, first, source.sequence);
	}
	for (number = 0; number < 2; number++) {
		sight = view_of(&source, OUTPUT_A);
		assert_int_equal(sight.told, 0);
		assert_int_equal(sight.received, 600);
		free(sight.seen);
		assert_int_equal(sluice_spool_checkpoint(source.spool), 0);
		begin_again(&source);
	}
	sluice_spool_close(source.spool);
}

/* A store that was full before it was told to drop, live and at the start. */
static void a_store_that_is_full_already_learns_to_drop(void **state)
{
	struct sluice_spool_figures figures;
	struct source source = {0};
	unsigned int number;

	(void)state;
	begin(&source);
	sluice_spool_drop_oldest(source.spool, false);
	while (!feed(&source, 250000))
		assert_int_equal(promise(&source), 0);
	assert_int_equal(feed(&source, 250000), -ENOSPC);
	for (number = 0; number < 2; number++) {
		sluice_spool_drop_oldest(source.spool, true);
		while (source.sequence < 20000ULL * (number + 1)) {
			assert_int_equal(feed(&source, 250000), 0);
			assert_int_equal(promise(&source), 0);
		}
		nothing_is_missing(&source, 0);
		sluice_spool_figures(source.spool, &figures);
		/* One more than it should have, as long as it is in use. */
		assert_true(figures.segments <= SEGMENTS + 1);
		/* And back: what has room is written, the rest refused. */
		sluice_spool_drop_oldest(source.spool, false);
		while (!feed(&source, 250000))
			assert_int_equal(promise(&source), 0);
		(void)promise(&source);
		nothing_is_missing(&source, 0);
	}
	sluice_spool_close(source.spool);
}

/* The disk ends at this call: half of it is written, and nothing after it. */
static long long end_of_disk = -1;

/* pwrite(2) of a machine that loses its power. */
static ssize_t dying_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	long long call = fault.calls++;

	if (end_of_disk >= 0 && call >= end_of_disk) {
		if (call == end_of_disk && length > 4096)
			(void)!pwrite(fd, bytes, length / 8192 * 4096, offset);
		errno = EIO;
		return -1;
	}
	return pwrite(fd, bytes, length, offset);
}

/* A history with acknowledgements, until something fails. Returns how many datagrams were
 * acknowledged. */
static uint64_t live_until_it_fails(struct source *source)
{
	uint64_t acknowledged = 0;
	unsigned int number;

	for (number = 0; number < 32; number++) {
		if (feed(source, 240000) || (number % 2 && promise(source)))
			break;
		if (number == 3) {
			acknowledged = 60;
			(void)sluice_spool_acknowledge(source->spool, source->log, OUTPUT_A, 600,
						       600 + acknowledged * 600);
			if (sluice_spool_checkpoint(source->spool))
				break;
		}
	}
	return acknowledged;
}

/* What `sluicectl spool export` writes of the store: how many datagrams, and how many it tells of
 * as lost. */
static void export(uint64_t *datagrams, uint64_t *told)
{
	char path[] = "/tmp/sluice-export.XXXXXX";
	char verb[] = "export", format[] = "pcapng";
	char *words[] = {verb, verb, directory, format, path};
	uint32_t head[2];
	int fd = mkstemp(path);
	off_t at = 0;

	*datagrams = *told = 0;
	assert_true(fd >= 0);
	assert_int_equal(sluice_ctl_spool(5, words), 0);
	/* Blocks: type, length; in one of statistics, behind 12 bytes, options, two of which are
	 * the sums so far. */
	while (pread(fd, head, sizeof(head), at) == (ssize_t)sizeof(head)) {
		uint8_t block[512];
		uint16_t option[2];
		size_t place = 20;

		*datagrams += head[0] == 6;
		at += (off_t)head[1];
		if (head[0] != 5)
			continue;
		assert_true(head[1] <= sizeof(block));
		assert_int_equal(pread(fd, block, head[1], at - (off_t)head[1]), head[1]);
		for (; place + 4 <= head[1] - 4; place += 4 + (option[1] + 3U) / 4 * 4) {
			memcpy(option, block + place, sizeof(option));
			if (option[0] == 5)
				memcpy(told, block + place + 4, sizeof(*told));
		}
	}
	close(fd);
	unlink(path);
}

/* At every write of a history of giving up the power goes: what was promised is there or told of,
 * each once. */
static void a_crash_at_any_write_loses_nothing_untold(void **state)
{
	struct source source = {.is_uniform = true};
	long long calls, call;
	uint64_t acknowledged, goal, datagrams, told;
	struct sight sight;

	(void)state;
	sluice_disk_calls.pwrite = dying_pwrite;
	end_of_disk = -1;
	begin(&source);
	fault.calls = 0;
	live_until_it_fails(&source);
	calls = fault.calls;
	nothing_is_missing(&source, 60);
	sluice_spool_crash(source.spool);
	assert_true(calls > 60);
	for (call = 0; call < calls; call++) {
		empty();
		source = (struct source){.is_uniform = true};
		begin(&source);
		fault.calls = 0;
		end_of_disk = call;
		acknowledged = live_until_it_fails(&source);
		end_of_disk = -1;
		begin_again(&source);
		/* What the second output, which has acknowledged nothing, would get is what the
		 * tool writes. */
		sight = view_of(&source, OUTPUT_B);
		export(&datagrams, &told);
		assert_int_equal(datagrams, sight.received);
		assert_int_equal(told, sight.told + sight.torn);
		free(sight.seen);
		if (acknowledged) /* the receiver says it again */
			assert_int_equal(sluice_spool_acknowledge(source.spool, source.log,
								  OUTPUT_A, 600, 600 + 60 * 600),
					 0);
		nothing_is_missing(&source, acknowledged);
		/* And it goes on. What was not promised is written again, at the same place. */
		source.sequence = source.committed;
		goal = source.committed + 3600;
		source.offset = source.committed * 600;
		while (source.sequence < goal) {
			assert_int_equal(feed(&source, 240000), 0);
			assert_int_equal(promise(&source), 0);
		}
		nothing_is_missing(&source, acknowledged);
		sluice_spool_crash(source.spool);
	}
	sluice_disk_calls.pwrite = bad_pwrite;
}

/* However a piece is cut, its parts tell of as many as the whole, and of equal datagrams exactly
 * those that began in it. */
static void marks_add_up(void **state)
{
	static struct sluice_spool_marks marks;
	static uint32_t starts[30000];
	uint32_t number, at, cut, records, total;
	uint64_t sum;
	size_t mark;
	int uniform;

	(void)state;
	for (uniform = 0; uniform < 2; uniform++) {
		marks.count = 0;
		for (number = at = 0; number < 30000; number++) {
			starts[number] = at;
			sluice_spool_marks_add(&marks, at, 1, (uint16_t)(number % 5),
					       SLUICE_LOST_OLDEST);
			at += uniform ? 9 : 2 + number * 2654435761U % 150;
		}
		assert_true(marks.count <= SLUICE_SPOOL_MARKS);
		if (uniform)
			assert_int_equal(marks.count, 5);
		for (number = sum = 0; number < at; number = cut) {
			cut = number + 1 + number * 40503U % 5000;
			if (cut > at)
				cut = at;
			for (mark = total = 0; mark < marks.count; mark++)
				total += (uint32_t)sluice_spool_mark_count(&marks.list[mark],
									   number, cut);
			sum += total;
			if (!uniform)
				continue;
			for (records = 0; records < 30000; records++)
				total -= starts[records] >= number && starts[records] < cut;
			assert_int_equal(total, 0);
		}
		assert_int_equal(sum, 30000);
	}
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_add_up),
		cmocka_unit_test_setup(the_oldest_are_given_up_and_told_of, fresh),
		cmocka_unit_test_setup(a_long_time_costs_little_room, fresh),
		cmocka_unit_test_setup(only_what_an_output_lacks_is_lost_to_it, fresh),
		cmocka_unit_test_setup(joined_marks_are_told_once, fresh),
		cmocka_unit_test_setup(a_store_that_is_full_already_learns_to_drop, fresh),
		cmocka_unit_test_setup(a_crash_at_any_write_loses_nothing_untold, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
