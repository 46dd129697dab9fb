// SPDX-License-Identifier: MIT
/*
 * A worker's mailbox: a call that waits too long is withdrawn, and the worker never sees it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_withdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
