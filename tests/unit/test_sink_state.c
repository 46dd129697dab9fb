// SPDX-License-Identifier: MIT
/*
 * A sink that is killed: by SIGKILL at every single store into its state file, one after the other,
 * and at random moments of a long run. Whatever it had acknowledged it still has, nothing is lost,
 * nothing is counted or written twice, although the relay sends everything again that was not
 * acknowledged, cut elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "bench/ledger.h"
#include "stream_builder.h"

static const uint8_t output[16] = {1, 2, 3};

/* What the child tells even when it is killed. */
struct shared {
	volatile uint64_t acked; /* records */
	volatile uint64_t done;
};

/* One stream, one pair of files, one relay's memory. */
struct scene {
	struct builder builder;
	struct shared *shared;
	char books[64];
	char kept[64];
};

/* Makes a stream of `records` datagrams, FULL, SHORT and TINY, and some gaps. */
static void scene_start(struct scene *scene, size_t records)
{
	size_t record;

	memset(scene, 0, sizeof(*scene));
	builder_start(&scene->builder);
	for (record = 0; record < records; record++) {
		if (record % 10 == 9)
			builder_gap(&scene->builder, 1, 2, SLUICE_LOST_RING_FULL);
		else
			builder_numbered(&scene->builder, (uint16_t)(record % 3),
					 record % 4 == 1 ? 20 : 60);
	}
	scene->shared = mmap(NULL, sizeof(*scene->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(scene->shared != MAP_FAILED);
	snprintf(scene->books, sizeof(scene->books), "/tmp/test-sink-state.%d", getpid());
	snprintf(scene->kept, sizeof(scene->kept), "/tmp/test-sink-kept.%d", getpid());
}

/* Forgets what happened, keeps the stream. */
static void scene_again(struct scene *scene)
{
	unlink(scene->books);
	unlink(scene->kept);
	scene->shared->acked = 0;
	scene->shared->done = 0;
}

/* Removes the files, frees the rest. */
static void scene_end(struct scene *scene)
{
	scene_again(scene);
	munmap(scene->shared, sizeof(*scene->shared));
	builder_end(&scene->builder);
}

/* The sink's life: everything from what was acknowledged on, in frames of up to `piece` records,
 * some of them out of turn and some twice; each committed, then acknowledged. Returns 0 or what
 * went wrong. @context the child */
static int live(const struct scene *scene, size_t piece)
{
	size_t records = scene->builder.records;
	struct sluice_receiver_stream *stream;
	struct sluice_ledger *ledger;
	struct sluice_frame frame;
	const uint8_t *payload;
	size_t next;

	if (sluice_ledger_open(&ledger, scene->books, SLUICE_LEDGER_NUMBERED))
		return 2;
	if (sluice_ledger_keep(ledger, scene->kept, SLUICE_LEDGER_KEEP_LENGTH32))
		return 3;
	for (next = scene->shared->acked; next < records; next = scene->shared->acked) {
		size_t after = next + 1 + (size_t)random() % piece;
		/* A bit of what was acknowledged long ago comes again too. */
		size_t first = next - (random() % 4 == 0 && next > 0
					       ? (size_t)random() % (next < 9 ? next : 9)
					       : 0);

		after = after > records ? records : after;
		payload = builder_frame(&scene->builder, first, after,
					scene->builder.boundary[next / 2], &frame);
		if (sluice_receiver_frame(sluice_ledger_receiver(ledger), output, &frame, payload,
					  0, &stream) ||
		    sluice_ledger_commit(ledger))
			return 4;
		scene->shared->acked = after;
	}
	scene->shared->done = 1;
	sluice_ledger_close(ledger);
	return 0;
}

/* The books and the payload file say: everything, once, in order. */
static void assert_everything_once(const struct scene *scene)
{
	const struct sluice_ledger_sums *sums;
	struct sluice_ledger *ledger = NULL;
	uint64_t gaps = 0;
	size_t record;
	FILE *file;

	assert_int_equal(sluice_ledger_open(&ledger, scene->books, SLUICE_LEDGER_NUMBERED), 0);
	sums = sluice_ledger_sums(ledger);
	file = fopen(scene->kept, "rb");
	assert_non_null(file);
	for (record = 0; record < scene->builder.records; record++) {
		const uint8_t *bytes = scene->builder.bytes + scene->builder.boundary[record];
		struct sluice_record header;
		uint8_t line[4 + 100];
		uint32_t length;
		size_t skip;

		memcpy(&header, bytes, sizeof(header));
		if (header.type == SLUICE_RECORD_GAP) {
			gaps++;
			continue;
		}
		skip = sizeof(header) + (header.flags & SLUICE_RECORD_F_ADDRESS ? 48 : 0);
		length = (uint32_t)(le32toh(header.length) - skip);
		assert_int_equal(fread(line, 1, 4 + length, file), 4 + length);
		assert_memory_equal(line, &length, 4);
		assert_memory_equal(line + 4, bytes + skip, length);
	}
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
	assert_int_equal(sums->received, scene->builder.records - gaps);
	assert_int_equal(sums->gap_records, gaps);
	assert_int_equal(sums->gap_datagrams, 2 * gaps);
	assert_int_equal(sums->repeated, 0);
	assert_int_equal(sums->damaged + sums->damaged_frames, 0);
	assert_int_equal(sluice_ledger_input(ledger, 0)->received +
				 sluice_ledger_input(ledger, 1)->received +
				 sluice_ledger_input(ledger, 2)->received,
			 sums->received);
	assert_int_equal(sluice_receiver_stream(sluice_ledger_receiver(ledger), 0)->have.count, 1);
	assert_true(sluice_receiver_stream(sluice_ledger_receiver(ledger), 0)->have.list[0].end ==
		    scene->builder.length);
	sluice_ledger_close(ledger);
}

/* Starts a life that dies at store number `fuse` (0: does not), and waits for its end. True if it
 * was killed. */
static bool live_until(const struct scene *scene, uint64_t fuse, size_t piece)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		sluice_state_fuse = fuse;
		_exit(live(scene, piece));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

/* Killed at the first store, at the second, … at the last; and once more while it takes back what
 * it had begun. */
static void killed_at_every_store(void **state)
{
	struct scene scene;
	uint64_t fuse = 0;
	bool killed;

	(void)state;
	scene_start(&scene, 20);
	do {
		scene_again(&scene);
		srandom(5);
		killed = live_until(&scene, ++fuse, 6);
		live_until(&scene, 1 + fuse % 13, 5);
		if (!scene.shared->done)
			assert_false(live_until(&scene, 0, 5));
		assert_everything_once(&scene);
	} while (killed);
	/* Fewer would mean that the fuse is not where the stores are. */
	print_message("killed at each of %llu stores\n", (unsigned long long)fuse - 1);
	assert_true(fuse > 200);
	scene_end(&scene);
}

/* Killed from outside, wherever it happens to be, until it gets to the end all the same. */
static void killed_at_random_moments(void **state)
{
	unsigned int kills = 0;
	unsigned int round;
	struct scene scene;

	(void)state;
	scene_start(&scene, 30000);
	srandom((unsigned int)getpid());
	for (round = 0; round < 4; round++) {
		scene_again(&scene);
		while (!scene.shared->done) {
			pid_t child = fork();

			assert_true(child >= 0);
			if (child == 0)
				_exit(live(&scene, 1 + (size_t)random() % 200));
			/* Each child has its own luck. */
			usleep((useconds_t)(random() % 6000));
			kill(child, SIGKILL);
			assert_int_equal(waitpid(child, NULL, 0), child);
			kills++;
		}
		assert_everything_once(&scene);
	}
	print_message("killed %u times\n", kills);
	assert_true(kills > 8);
	scene_end(&scene);
}

/* One sink at a time; a file that is none, or half of one, is refused and left as it is. */
static void what_is_no_state_file_is_refused(void **state)
{
	char path[] = "/tmp/test-sink-state-bad.XXXXXX";
	struct sluice_ledger *ledger = NULL;
	struct sluice_ledger *second = NULL;
	uint8_t page[8192];
	struct stat status;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sluice_ledger_open(&ledger, path, SLUICE_LEDGER_AUTO), 0);
	assert_int_equal(sluice_ledger_open(&second, path, SLUICE_LEDGER_AUTO), -EBUSY);
	sluice_ledger_close(ledger);
	memset(page, 'x', sizeof(page));
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, page, sizeof(page), 0), sizeof(page));
	assert_int_equal(sluice_ledger_open(&ledger, path, SLUICE_LEDGER_AUTO), -EPROTO);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, sizeof(page));
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_int_equal(sluice_ledger_open(&ledger, path, SLUICE_LEDGER_AUTO), -EPROTO);
	assert_int_equal(sluice_ledger_open(&ledger, "/nowhere/at/all", SLUICE_LEDGER_AUTO),
			 -ENOENT);
	assert_int_not_equal(sluice_ledger_open(&ledger, "/tmp", SLUICE_LEDGER_AUTO), 0);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_every_store),
		cmocka_unit_test(killed_at_random_moments),
		cmocka_unit_test(what_is_no_state_file_is_refused),
	};

	return cmocka_run_group_tests_name("sink state", tests, NULL, NULL);
}
