// SPDX-License-Identifier: MIT
/*
 * Alarms of an engine whose configuration changes while they are raised: each is over when what it
 * says is not so any more. On loopback, with the socket source; the receiver is never there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "directory_helper.h"
#include "engine_helper.h"
#include "lib/barrier.h"
#include "lib/disk.h"
#include "lib/event.h"

#define SIZE 1000U

static uint16_t port;

/* The configuration with so many KiB of memory for each CPU and this as the rest of its store.
 * @owner caller */
static char *write_store(unsigned int memory, const char *store)
{
	char *text = NULL;

	assert_true(
		asprintf(&text,
			 "relay: test\ninputs:\n"
			 "  - {name: in, port: %u, address: 127.0.0.1, source: socket, outputs: "
			 "out}\n"
			 "outputs:\n  - {name: out, framing: native, to: \"127.0.0.1:1\"}\n"
			 "store: {memory: {size: %uk%s\nworkers: 1\n",
			 port, memory * (unsigned int)sluice_config_cpus(), store) > 0);
	return text;
}

/* Puts another store in force. */
static void apply(struct sluice_engine *engine, unsigned int memory, const char *store)
{
	char *text = write_store(memory, store), *error = NULL;

	if (sluice_engine_apply(engine, configure(text), NULL, &error))
		fail_msg("%s", error);
	free(text);
}

/* Starts an engine with a store. */
static struct sluice_engine *start(unsigned int memory, const char *store)
{
	char *text;
	struct sluice_engine *engine;

	port = free_port();
	text = write_store(memory, store);
	engine = start_engine("%s", text);
	free(text);
	return engine;
}

/* Waits a minute at most until so many alarms have been raised, and so many are over; sends `count`
 * datagrams again and again. */
static void await_alarms(struct sluice_engine *engine, unsigned int count, uint64_t raised,
			 uint64_t over)
{
	struct sluice_engine_report report;
	uint64_t were = 0, are = 0;
	unsigned int tries;

	for (tries = 0; tries < 6000; tries++) {
		send_numbers(port, 0, count, SIZE, SLUICE_FRAMING_NATIVE);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		were = report.store.memory_alarms + report.store.disk_alarms;
		are = report.store.alarms_now;
		sluice_engine_report_free(&report);
		if (were >= raised && were - are >= over)
			return;
		usleep(10000);
	}
	fail_msg("%llu alarms were raised, %llu of them are", (unsigned long long)were,
		 (unsigned long long)are);
}

/*
 * The source takes nothing any more when the ring has less room than the largest datagram: that is
 * as full as it gets. Without a mark the alarm is over.
 */
static void a_ring_is_full_when_its_source_waits(void **state)
{
	struct sluice_engine *engine = start(256, ", alarm: 100%}}");

	(void)state;
	await_alarms(engine, 100, 1, 0);
	apply(engine, 256, "}}");
	await_alarms(engine, 0, 1, 1);
	apply(engine, 256, ", alarm: 90%}}");
	await_alarms(engine, 0, 2, 1);
	(void)sluice_engine_stop(engine, 0, NULL);
}

/* Empties a directory and removes it. */
static void remove_directory(const char *path)
{
	directory_empty(path);
	assert_int_equal(rmdir(path), 0);
}

static char broken[] = "/tmp/sluice-alarm.XXXXXX"; /* where the disk cannot be written */
static bool is_broken;

/* pwrite(2), which fails there. */
static ssize_t bad_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	char link[64], path[256] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (sluice_load_relaxed(&is_broken) && readlink(link, path, sizeof(path) - 1) > 0 &&
	    !strncmp(path, broken, strlen(broken))) {
		errno = EIO;
		return -1;
	}
	return pwrite(fd, bytes, length, offset);
}

static unsigned int ended; /* alarms of a disk that cannot be written that are over */

/* Who listens hears of it. */
static void listen_for_the_end(const struct sluice_event_news *news)
{
	if (news->kind == SLUICE_EVENT_ALARM_OVER && !strcmp(news->key, "store.disk.write"))
		sluice_store_relaxed(&ended, ended + 1);
}

/* What could not be written there is still in memory, and goes to the other one. */
static void a_disk_that_fails_is_replaced_by_another(void **state)
{
	char path[] = "/tmp/sluice-alarm.XXXXXX", first[256], second[256];
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint64_t spooled = 0;
	unsigned int tries;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_non_null(mkdtemp(broken));
	snprintf(first, sizeof(first), "}, disk: {path: %s, size: 4m, segment: 1m}}", broken);
	snprintf(second, sizeof(second), "}, disk: {path: %s, size: 4m, segment: 1m}}", path);
	sluice_disk_calls.pwrite = bad_pwrite;
	sluice_disk_calls.is_real = false;
	sluice_event_listen(listen_for_the_end);
	engine = start(1024, first);
	sluice_store_relaxed(&is_broken, true);
	await_alarms(engine, 100, 1, 0);
	apply(engine, 1024, second);
	await_alarms(engine, 0, 1, 1);
	assert_int_equal(sluice_load_relaxed(&ended), 1);
	for (tries = 0; !spooled && tries < 6000; tries++) {
		usleep(10000);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		assert_string_equal(report.store.disk_path, path);
		spooled = report.store.disk.spooled;
		sluice_engine_report_free(&report);
	}
	assert_true(spooled > 0);
	(void)sluice_engine_stop(engine, 0, NULL);
	sluice_event_listen(NULL);
	sluice_store_relaxed(&is_broken, false);
	remove_directory(broken);
	remove_directory(path);
}

/* A full store is told to drop the oldest, and then not to. */
static void another_policy_ends_the_alarm_of_the_first(void **state)
{
	char path[] = "/tmp/sluice-alarm.XXXXXX", newest[256], oldest[256];
	struct sluice_engine *engine;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(newest, sizeof(newest), "}, disk: {path: %s, size: 4m, segment: 1m}}", path);
	snprintf(oldest, sizeof(oldest),
		 "}, disk: {path: %s, size: 4m, segment: 1m}, drop: oldest}", path);
	engine = start(1024, newest);
	await_alarms(engine, 200, 1, 0);
	/* The ring that waited is emptied to disk: the oldest are given up, which ends the one
	 * alarm and raises the other. */
	apply(engine, 1024, oldest);
	await_alarms(engine, 0, 2, 1);
	apply(engine, 1024, newest);
	await_alarms(engine, 0, 2, 2);
	(void)sluice_engine_stop(engine, 0, NULL);
	remove_directory(path);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_is_full_when_its_source_waits),
		cmocka_unit_test(a_disk_that_fails_is_replaced_by_another),
		cmocka_unit_test(another_policy_ends_the_alarm_of_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
