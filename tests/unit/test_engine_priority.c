// SPDX-License-Identifier: MIT
/*
 * Inputs of different priority at one output, on loopback with the socket source: the important
 * first, the others with their share, each datagram once, whatever the order was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "engine_helper.h"

#define SIZE 1000U
/* Numbers of the lesser, and behind them of the important. */
#define LESSER 2000U
#define IMPORTANT 2000U
#define ALL (LESSER + IMPORTANT)

/* A configuration: two inputs with their priorities, and an output. */
struct plan {
	uint16_t ports[2];
	unsigned int priorities[2];
	const char *mode, *framing;
	const char *rate; /* "" or ", rate: 10mbit" */
	bool enabled;
	unsigned int workers;
	uint16_t receiver;
};

/* Writes the configuration. @owner caller */
static char *write_plan(const struct plan *plan)
{
	char *text = NULL;

	assert_true(
		asprintf(
			&text,
			"relay: test\ninputs:\n"
			"  - {name: a, port: %u, address: 127.0.0.1, source: socket, outputs: out, "
			"priority: %u}\n"
			"  - {name: b, port: %u, address: 127.0.0.1, source: socket, outputs: out, "
			"priority: %u}\n"
			"outputs:\n  - {name: out, mode: %s, framing: %s, batch: {bytes: 32k, "
			"delay: 1ms}, reconnect: {min: 10ms, max: 50ms}%s, to: {address: "
			"\"127.0.0.1:%u\", enabled: %s}}\n"
			"store: {memory: {size: 32m}}\nworkers: %u\n",
			plan->ports[0], plan->priorities[0], plan->ports[1], plan->priorities[1],
			plan->mode, plan->framing, plan->rate, plan->receiver,
			plan->enabled ? "on" : "off", plan->workers) > 0);
	return text;
}

/* Starts an engine with the plan. */
static struct sluice_engine *start(const struct plan *plan)
{
	char *text = write_plan(plan);
	struct sluice_engine *engine = start_engine("%s", text);

	free(text);
	return engine;
}

/* Puts the plan in force. */
static void apply(struct sluice_engine *engine, const struct plan *plan)
{
	char *text = write_plan(plan), *error = NULL;

	if (sluice_engine_apply(engine, configure(text), NULL, &error))
		fail_msg("%s", error);
	free(text);
}

/* Waits until the inputs have stored `count` together, at most 20 seconds. */
static void await_stored(struct sluice_engine *engine, uint64_t count)
{
	struct sluice_engine_report report;
	uint64_t stored = 0;
	unsigned int tries;

	for (tries = 0; tries < 10000; tries++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		stored = report.inputs[0].counters.stored + report.inputs[1].counters.stored;
		sluice_engine_report_free(&report);
		if (stored == count)
			return;
		usleep(2000);
	}
	fail_msg("%llu datagrams are stored, not %llu", (unsigned long long)stored,
		 (unsigned long long)count);
}

/* How many of [first, last) came before the last of [from, to) that came, and not before `since`
 * had come. */
static uint64_t before_last_of(const struct receiver *receiver, uint64_t from, uint64_t to,
			       uint64_t first, uint64_t last, uint64_t since)
{
	uint64_t number, end = 0, count = 0;

	for (number = from; number < to; number++)
		if (receiver->arrived[number] > end)
			end = receiver->arrived[number];
	for (number = first; number < last; number++)
		count += receiver->arrived[number] >= since && receiver->arrived[number] < end;
	return count;
}

/* Ends both; nothing was repeated or damaged. */
static void end(struct sluice_engine *engine, struct receiver *receiver)
{
	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	receiver_stop(receiver);
	assert_int_equal(receiver->delivered, ALL);
	assert_int_equal(receiver->repeated + receiver->damaged + receiver->gaps, 0);
	receiver_free(receiver);
}

/* A backlog of both in one worker: while there is something important the lesser have an eighth of
 * it, within a few batches. */
static void important_first(const char *mode, enum sluice_framing framing, uint64_t most)
{
	static struct receiver receiver;
	struct plan plan = {.ports = {free_port(), free_port()},
			    .priorities = {0, 7},
			    .mode = mode,
			    .framing =
				    framing == SLUICE_FRAMING_NATIVE ? "native" : "octet-counted",
			    .rate = "",
			    .workers = 1};
	struct sluice_engine *engine;
	uint64_t lesser;

	receiver_start(&receiver, framing, 0);
	plan.receiver = receiver.port;
	engine = start(&plan);
	send_numbers(plan.ports[0], 0, LESSER, SIZE, framing);
	send_numbers(plan.ports[1], LESSER, ALL, SIZE, framing);
	await_stored(engine, ALL);
	plan.enabled = true;
	apply(engine, &plan);
	await(&receiver, ALL);
	lesser = before_last_of(&receiver, LESSER, ALL, 0, LESSER, 0);
	assert_in_range(lesser, IMPORTANT / 10, most);
	end(engine, &receiver);
}

/* Spans as they lie in the ring. */
static void important_first_native(void **state)
{
	(void)state;
	important_first("round-robin", SLUICE_FRAMING_NATIVE, IMPORTANT / 5);
}

/* Datagram by datagram. */
static void important_first_plain(void **state)
{
	(void)state;
	important_first("balance", SLUICE_FRAMING_OCTET_COUNTED, IMPORTANT / 5);
}

/* Runs of 64 KiB are handed out, so the shares are coarser. */
static void important_first_by_flow(void **state)
{
	(void)state;
	important_first("hash", SLUICE_FRAMING_NATIVE, IMPORTANT / 4);
}

/*
 * A backlog of the lesser in all workers, something important comes in one of them: the others
 * stand back, too, and have their share.
 */
static void workers_stand_back(void **state)
{
	static struct receiver receiver;
	struct plan plan = {.ports = {free_port(), free_port()},
			    .priorities = {1, 4},
			    .mode = "round-robin",
			    .framing = "native",
			    .rate = ", rate: 4mbit",
			    .enabled = true,
			    .workers = 2};
	struct sluice_engine *engine;
	uint64_t important = 0, since, until, number;
	unsigned int tries;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	plan.receiver = receiver.port;
	engine = start(&plan);
	/* A flow each, so that no worker is without. */
	for (number = 0; number < LESSER; number += LESSER / 20)
		send_numbers(plan.ports[0], number, number + LESSER / 20, SIZE,
			     SLUICE_FRAMING_NATIVE);
	await_stored(engine, LESSER);
	send_numbers(plan.ports[1], LESSER, ALL, SIZE, SLUICE_FRAMING_NATIVE);
	await_stored(engine, ALL);
	since = receiver.delivered;
	/* Half of the important; then the rate is taken away. */
	for (tries = 0; tries < 12000 && important < IMPORTANT / 2; tries++) {
		usleep(5000);
		for (important = 0, number = LESSER; number < ALL; number++)
			important += receiver.seen[number];
	}
	assert_true(important >= IMPORTANT / 2);
	until = receiver.delivered;
	plan.rate = "";
	apply(engine, &plan);
	await(&receiver, ALL);
	/* All were waiting in that time. */
	for (important = 0, number = LESSER; number < ALL; number++)
		important += receiver.arrived[number] >= since && receiver.arrived[number] < until;
	assert_true(important > IMPORTANT / 10);
	assert_in_range(until - since - important, 1, important / 3);
	end(engine, &receiver);
}

/* Another priority, live, with a backlog: nothing is lost or repeated, and what comes later has the
 * new one. */
static void changes_live(void **state)
{
	static struct receiver receiver;
	struct plan plan = {.ports = {free_port(), free_port()},
			    .priorities = {0, 3},
			    .mode = "round-robin",
			    .framing = "native",
			    .rate = "",
			    .workers = 1};
	struct sluice_engine *engine;
	uint64_t others;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	plan.receiver = receiver.port;
	engine = start(&plan);
	send_numbers(plan.ports[1], LESSER, ALL, SIZE, SLUICE_FRAMING_NATIVE);
	send_numbers(plan.ports[0], 0, LESSER / 2, SIZE, SLUICE_FRAMING_NATIVE);
	await_stored(engine, IMPORTANT + LESSER / 2);
	plan.priorities[0] = 6;
	apply(engine, &plan);
	send_numbers(plan.ports[0], LESSER / 2, LESSER, SIZE, SLUICE_FRAMING_NATIVE);
	await_stored(engine, ALL);
	plan.enabled = true;
	apply(engine, &plan);
	await(&receiver, ALL);
	/* What came since then goes first, also before what it left behind. */
	others = before_last_of(&receiver, LESSER / 2, LESSER, 0, LESSER / 2, 0) +
		 before_last_of(&receiver, LESSER / 2, LESSER, LESSER, ALL, 0);
	assert_in_range(others, 1, LESSER / 2 / 4);
	/* And that waits for what is more important than it was. */
	assert_in_range(before_last_of(&receiver, LESSER, ALL, 0, LESSER / 2, 0), 1, IMPORTANT / 4);
	end(engine, &receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(important_first_native),
		cmocka_unit_test(important_first_plain),
		cmocka_unit_test(important_first_by_flow),
		cmocka_unit_test(workers_stand_back),
		cmocka_unit_test(changes_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
