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
#include <dirent.h>
#include "engine_helper.h"

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

/* A full store is told to drop the oldest, and then not to. */
static void another_policy_ends_the_alarm_of_the_first(void **state)
{
	char path[] = "/tmp/sluice-alarm.XXXXXX", newest[256], oldest[256];
	struct sluice_engine *engine;
	struct dirent *entry;
	DIR *list;

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
	list = opendir(path);
	assert_non_null(list);
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(list), entry->d_name, 0), 0);
	closedir(list);
	assert_int_equal(rmdir(path), 0);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_is_full_when_its_source_waits),
		cmocka_unit_test(another_policy_ends_the_alarm_of_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
