// SPDX-License-Identifier: MIT
/*
 * `store.drain`: in which order a receiver that comes late gets what waits in memory and on the
 * disk, while more comes, over a restart and over broken connections, in each framing. On loopback
 * with the socket source, one worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "engine_helper.h"

#define SIZE 400U
/* So many wait when the receiver comes, several times what memory holds; so many come meanwhile. */
#define WAITING 6000U
#define LATER 3000U
#define ALL (WAITING + LATER)

static char directory[] = "/tmp/sluice-drain.XXXXXX";
static const enum sluice_framing framings[] = {SLUICE_FRAMING_NATIVE, SLUICE_FRAMING_NEWLINE,
					       SLUICE_FRAMING_OCTET_COUNTED};
static const char *const names[] = {"native", "newline", "octet-counted"};

/* A configuration with a ring of 256 KiB and a disk. */
struct plan {
	const char *drain;
	size_t framing; /* place in the lists */
	uint16_t port, receiver;
};

/* Starts an engine with the plan. */
static struct sluice_engine *start(const struct plan *plan)
{
	return start_engine(
		"relay: r\ninputs:\n"
		"  - {name: i, port: %u, address: 127.0.0.1, source: socket, outputs: [o]}\n"
		"outputs:\n  - {name: o, to: \"127.0.0.1:%u\", framing: %s, batch: {bytes: 32k, "
		"delay: 1ms}, reconnect: {min: 10ms, max: 30ms}}\n"
		"store:\n  memory: {size: %ldk, path: %s/rings}\n"
		"  disk: {path: %s/spool, size: 32m, segment: 1m}\n  drain: %s\nworkers: 1\n",
		plan->port, plan->receiver, names[plan->framing],
		256 * sysconf(_SC_NPROCESSORS_CONF), directory, directory, plan->drain);
}

/* Waits until the engine has stored `count` datagrams since it was started. */
static void await_stored(struct sluice_engine *engine, uint64_t count)
{
	struct sluice_engine_report report;
	uint64_t stored = 0;
	unsigned int tries;

	for (tries = 0; tries < 2000 && stored < count; tries++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		stored = report.inputs[0].counters.stored;
		sluice_engine_report_free(&report);
		usleep(10000);
	}
	assert_int_equal(stored, count);
}

/* Removes what an earlier test left. */
static int fresh(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s/spool %s/rings", directory, directory);
	return system(command); /* NOLINT(cert-env33-c): a test's own directory */
}

/* Datagrams wait, the engine is started anew (`restarts`), the receiver comes, more datagrams come,
 * connections break. */
static void run(struct receiver *receiver, struct plan *plan, bool restarts, unsigned int resets)
{
	enum sluice_framing framing = framings[plan->framing];
	struct sluice_engine *engine;

	receiver_start(receiver, framing, 0);
	plan->port = free_port();
	plan->receiver = receiver->port;
	receiver_stop(receiver);
	engine = start(plan);
	send_numbers(plan->port, 0, WAITING, SIZE, framing);
	await_stored(engine, WAITING);
	if (restarts) {
		(void)sluice_engine_stop(engine, 0, NULL);
		engine = start(plan);
	}
	receiver->reset_every = 300000;
	receiver->resets = resets;
	receiver->slow_us = 3000;
	receiver_start(receiver, framing, plan->receiver);
	while (!receiver->delivered)
		usleep(1000);
	send_numbers(plan->port, WAITING, ALL, SIZE, framing);
	await(receiver, ALL);
	receiver->slow_us = 0;
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(receiver);
	assert_int_equal(receiver->damaged, 0);
	/* What a broken connection had taken of a plain framing, and TCP not acknowledged, comes
	 * twice. */
	assert_true(!receiver->repeated || (resets && plan->framing));
	assert_int_equal(receiver->gaps, 0);
}

/* How many datagrams came before one that was sent earlier. */
static unsigned int disorder(const struct receiver *receiver)
{
	unsigned int number, count = 0;

	for (number = 1; number < ALL; number++)
		count += receiver->arrived[number] < receiver->arrived[number - 1];
	return count;
}

/* Oldest first is the order in which they were sent, whatever happens. */
static void oldest_keeps_the_order(void **state)
{
	static struct receiver receiver;
	struct plan plan = {.drain = "oldest"};
	unsigned int variant;

	(void)state;
	for (plan.framing = 0; plan.framing < sizeof(framings) / sizeof(*framings);
	     plan.framing++) {
		for (variant = 0; variant < 3; variant++) {
			assert_int_equal(fresh(NULL), 0);
			memset(&receiver, 0, sizeof(receiver));
			run(&receiver, &plan, variant > 0, variant > 1 ? 4 : 0);
			if (disorder(&receiver))
				fail_msg("%s, variant %u: %u datagrams came too early",
					 names[plan.framing], variant, disorder(&receiver));
			receiver_free(&receiver);
		}
	}
}

/* Newest first: what is in memory when the receiver comes is there before the disk's oldest;
 * nothing is lost for it. */
static void newest_begins_with_memory(void **state)
{
	static struct receiver receiver;
	struct plan plan = {.drain = "newest"};
	unsigned int variant;

	(void)state;
	for (plan.framing = 0; plan.framing < sizeof(framings) / sizeof(*framings);
	     plan.framing++) {
		for (variant = 0; variant < 2; variant++) {
			assert_int_equal(fresh(NULL), 0);
			memset(&receiver, 0, sizeof(receiver));
			run(&receiver, &plan, variant > 0, 0);
			assert_true(receiver.arrived[0] > receiver.arrived[WAITING - 1]);
			receiver_free(&receiver);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_keeps_the_order),
		cmocka_unit_test(newest_begins_with_memory),
	};
	int result;

	if (!mkdtemp(directory))
		return 1;
	result = cmocka_run_group_tests(tests, NULL, NULL);
	(void)fresh(NULL);
	(void)rmdir(directory);
	return result;
}
