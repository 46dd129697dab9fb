// SPDX-License-Identifier: MIT
/*
 * A worker's mailbox: a call that waits too long is withdrawn, and the worker never sees it. And
 * what it costs to look for data instead of sleeping.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "daemon/loop/treatment.h"
#include "daemon/loop/worker.h"

/* What keeps the worker busy: it does not come back from this before `go` is readable. */
static struct {
	struct sluice_handler handler;
	int begin, go;
} busy;

/* Epoll says that it is to be stuck now. @context worker */
static void get_stuck(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	uint64_t value;

	(void)handler;
	(void)events;
	(void)now;
	(void)!read(busy.begin, &value, sizeof(value));
	(void)!read(busy.go, &value, sizeof(value));
}

/* Worker call: listens to `busy`. */
static int watch_busy(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	return sluice_worker_watch(worker, busy.begin, EPOLLIN, &busy.handler);
}

/* Worker call: counts. */
static int count(struct sluice_worker *worker, void *argument)
{
	(void)worker;
	++*(unsigned int *)argument;
	return 7;
}

/* sluice_worker_round: nothing lives in it. */
static void nothing(struct sluice_worker *worker, bool after_call)
{
	(void)worker;
	(void)after_call;
}

/* A worker that does not answer is noticed in time, and for how long it has not; what it was asked
 * then it never does. */
static void a_call_is_withdrawn(void **state)
{
	const uint64_t one = 1;
	struct sluice_worker *worker;
	unsigned int counted = 0, tries;
	uint64_t before;

	(void)state;
	busy.handler.ready = get_stuck;
	busy.begin = eventfd(0, EFD_CLOEXEC);
	busy.go = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(sluice_worker_start(&worker, 0, 0, nothing), 0);
	assert_int_equal(sluice_worker_call(worker, watch_busy, NULL), 0);
	assert_int_equal(sluice_worker_call_within(worker, count, &counted, SLUICE_NS_PER_S), 7);
	assert_int_equal(counted, 1);
	assert_int_equal(sluice_worker_silence(worker), 0);

	assert_int_equal(write(busy.begin, &one, sizeof(one)), sizeof(one));
	/* Until it has noticed. */
	for (tries = 0; tries < 1000; tries++)
		if (sluice_worker_call_within(worker, count, &counted, 20 * SLUICE_NS_PER_MS) < 0)
			break;
	assert_true(tries < 1000);
	counted = 0;
	before = sluice_now();
	assert_int_equal(sluice_worker_call_within(worker, count, &counted, 50 * SLUICE_NS_PER_MS),
			 -ETIMEDOUT);
	assert_true(sluice_now() - before >= 50 * SLUICE_NS_PER_MS);
	assert_true(sluice_worker_silence(worker) >= 50 * SLUICE_NS_PER_MS);
	assert_int_equal(sluice_worker_call_within(worker, count, &counted, 50 * SLUICE_NS_PER_MS),
			 -ETIMEDOUT);
	/* Since it was first asked, not since the last time. */
	assert_true(sluice_worker_silence(worker) >= 100 * SLUICE_NS_PER_MS);

	assert_int_equal(write(busy.go, &one, sizeof(one)), sizeof(one));
	assert_int_equal(sluice_worker_call(worker, count, &counted), 7);
	assert_int_equal(counted, 1);
	assert_int_equal(sluice_worker_silence(worker), 0);
	sluice_worker_stop(worker);
	close(busy.begin);
	close(busy.go);
}

/* What a worker has cost. */
struct cost {
	uint64_t cpu_ns, sleeps;
};

/* Worker call: what it has cost so far. */
static int tell_cost(struct sluice_worker *worker, void *argument)
{
	struct cost *cost = argument;
	struct rusage usage;

	(void)worker;
	if (getrusage(RUSAGE_THREAD, &usage))
		return -errno;
	cost->sleeps = (uint64_t)usage.ru_nvcsw;
	cost->cpu_ns =
		(uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * SLUICE_NS_PER_S +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * SLUICE_NS_PER_US;
	return 0;
}

/* What it costs while nothing comes for `ns`. */
static struct cost cost_of_nothing(struct sluice_worker *worker, uint64_t ns)
{
	const struct timespec pause = {.tv_sec = (time_t)(ns / SLUICE_NS_PER_S),
				       .tv_nsec = (long)(ns % SLUICE_NS_PER_S)};
	struct cost before, after;

	assert_int_equal(sluice_worker_call(worker, tell_cost, &before), 0);
	nanosleep(&pause, NULL);
	assert_int_equal(sluice_worker_call(worker, tell_cost, &after), 0);
	return (struct cost){.cpu_ns = after.cpu_ns - before.cpu_ns,
			     .sleeps = after.sleeps - before.sleeps};
}

/* It looks instead of sleeping, for no more than its share: with a whole CPU it never sleeps, with
 * a part it costs no more than that, with none next to nothing. Calls are answered all the while.
 */
static void it_looks_within_its_share(void **state)
{
	struct sluice_config_threads settings = {0};
	struct sluice_worker *worker;
	struct cost cost;

	(void)state;
	assert_int_equal(sluice_worker_start(&worker, 0, 0, nothing), 0);
	cost = cost_of_nothing(worker, 300 * SLUICE_NS_PER_MS);
	assert_true(cost.cpu_ns < 100 * SLUICE_NS_PER_MS);

	settings.busy_poll = 100;
	sluice_threads_set(&settings);
	/* The first call has it notice. */
	(void)cost_of_nothing(worker, SLUICE_NS_PER_MS);
	cost = cost_of_nothing(worker, 300 * SLUICE_NS_PER_MS);
	assert_true(cost.sleeps <= 3);
	assert_true(cost.cpu_ns > 0);

	settings.busy_poll = 20;
	sluice_threads_set(&settings);
	(void)cost_of_nothing(worker, 200 * SLUICE_NS_PER_MS);
	/* Woken often, so that it always has a little credit. */
	for (unsigned int turn = 0; turn < 20; turn++) {
		struct cost more = cost_of_nothing(worker, 50 * SLUICE_NS_PER_MS);

		cost = turn ? (struct cost){cost.cpu_ns + more.cpu_ns, cost.sleeps + more.sleeps}
			    : more;
	}
	/* A second: 200 ms, what was saved, and as much again for what it does besides. */
	assert_true(cost.cpu_ns < 300 * SLUICE_NS_PER_MS);
	assert_true(cost.sleeps >= 10);

	settings.busy_poll = 0;
	sluice_threads_set(&settings);
	sluice_worker_stop(worker);
}

/* How much credit there is, by the clock. */
static void credit_has_bounds(void **state)
{
	struct sluice_busy account = {0};
	uint64_t now = 5 * SLUICE_NS_PER_S;

	(void)state;
	assert_int_equal(sluice_busy_credit(&account, now, 50), 0);
	now += 10 * SLUICE_NS_PER_MS;
	assert_int_equal(sluice_busy_credit(&account, now, 50), 5 * SLUICE_NS_PER_MS);
	sluice_busy_spend(&account, 2 * SLUICE_NS_PER_MS);
	assert_int_equal(sluice_busy_credit(&account, now, 50), 3 * SLUICE_NS_PER_MS);
	/* No more is saved than of a tenth of a second, and a clock that stands brings none. */
	now += 3600 * SLUICE_NS_PER_S;
	assert_int_equal(sluice_busy_credit(&account, now, 50), 50 * SLUICE_NS_PER_MS);
	assert_int_equal(sluice_busy_credit(&account, now - 1, 50), 50 * SLUICE_NS_PER_MS);
	/* A smaller share takes away what is too much. */
	assert_int_equal(sluice_busy_credit(&account, now, 1), SLUICE_NS_PER_MS);
	/* Who has spent all rests until it is worth it. */
	sluice_busy_spend(&account, SLUICE_NS_PER_S);
	assert_int_equal(sluice_busy_credit(&account, now, 1), 0);
	now += 9 * SLUICE_NS_PER_MS;
	assert_int_equal(sluice_busy_credit(&account, now, 1), 0);
	now += SLUICE_NS_PER_MS;
	assert_int_equal(sluice_busy_credit(&account, now, 1), SLUICE_NS_PER_MS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_withdrawn),
		cmocka_unit_test(it_looks_within_its_share),
		cmocka_unit_test(credit_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
