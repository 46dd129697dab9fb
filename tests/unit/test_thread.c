// SPDX-License-Identifier: MIT
/*
 * The register of threads, its fence, and arming epoll anew: what makes it safe that one thread
 * goes on with the work of another. Touches: threads, eventfds, epoll.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userd/daemon/loop/rearm.h"
#include "../../userd/lib/barrier.h"
#include "../../userd/lib/clock.h"
#include "../../userd/lib/thread.h"
#include "../../userd/lib/thread_stat.h"

#define TURNS 20000U

/* The thread called `name`; NULL: there is none. */
static struct sluice_thread *find(const char *name)
{
	struct sluice_thread *thread;

	for (thread = sluice_thread_lock(); thread; thread = thread->next)
		if (!strcmp(thread->name, name))
			break;
	sluice_thread_unlock();
	return thread;
}

/* It says what it does, and is gone when it says so; who is in no register may say all of it. */
static void test_register(void **state)
{
	struct sluice_thread_stat stat;
	struct sluice_thread *thread;

	(void)state;
	sluice_thread_sleeps();
	assert_true(sluice_thread_wakes());
	sluice_thread_goes_back(sluice_thread_enters(SLUICE_THREAD_DISK));
	sluice_thread_end();
	assert_null(sluice_thread_begin(SLUICE_THREAD_KINDS, "x", NULL, NULL));
	thread = sluice_thread_begin(SLUICE_THREAD_SPOOLER, "a-very-long-name-of-a-thread", NULL,
				     NULL);
	assert_non_null(thread);
	assert_ptr_equal(find("a-very-long-nam"), thread);
	assert_null(sluice_thread_begin(SLUICE_THREAD_SPOOLER, "twice", NULL, NULL));
	sluice_thread_progress(sluice_now());
	assert_int_equal(thread->rounds, 1);
	assert_string_equal(sluice_thread_state_word(thread->state), "works");
	assert_int_equal(sluice_thread_enters(SLUICE_THREAD_DISK), SLUICE_THREAD_WORKS);
	assert_int_equal(sluice_thread_enters(SLUICE_THREAD_NAMES), SLUICE_THREAD_DISK);
	sluice_thread_goes_back(SLUICE_THREAD_DISK);
	assert_string_equal(sluice_thread_state_word(thread->state), "waits for the disk");
	sluice_thread_stat(thread, &stat);
	assert_int_equal(stat.run, 'R');
	assert_string_equal(stat.policy, "other");
	assert_true(stat.cpu_time_ns > 0);
	assert_string_equal(sluice_thread_state_word(SLUICE_THREAD_STATES), "?");
	sluice_thread_end();
	assert_null(find("a-very-long-nam"));
}

/* Who works is not fenced; who sleeps is, and finds it out. */
static void test_fence(void **state)
{
	struct sluice_thread *thread;

	(void)state;
	thread = sluice_thread_begin(SLUICE_THREAD_WORKER, "sluice-w0", NULL, NULL);
	assert_non_null(thread);
	assert_false(sluice_thread_fence(thread));
	sluice_thread_enters(SLUICE_THREAD_DISK);
	assert_false(sluice_thread_fence(thread));
	sluice_thread_progress(1);
	sluice_thread_sleeps();
	assert_true(sluice_thread_wakes());
	assert_false(sluice_thread_fence(thread));
	sluice_thread_sleeps();
	assert_true(sluice_thread_fence(thread));
	assert_false(sluice_thread_fence(thread));
	assert_false(sluice_thread_wakes());
	sluice_thread_end();
}

/* What two threads have, of which one takes it from the other. */
static struct {
	struct sluice_thread *thread;
	unsigned long work; /* plain: only who has the work writes it */
	bool is_over;
} shared;

/* Works and sleeps in turn until it is fenced. */
static void *work(void *argument)
{
	(void)argument;
	sluice_store_release(&shared.thread,
			     sluice_thread_begin(SLUICE_THREAD_WORKER, "works", NULL, NULL));
	do {
		shared.work++;
		sluice_thread_progress(1);
		sluice_thread_sleeps();
	} while (sluice_thread_wakes());
	/* Until the other one has looked: its entry is the register's. */
	while (!sluice_load_acquire(&shared.is_over))
		;
	sluice_thread_end();
	return NULL;
}

/* Whatever the moment: once it is fenced it does nothing more, and all that it did is seen. */
static void test_race(void **state)
{
	struct sluice_thread *thread;
	unsigned long seen, turn;
	pthread_t other;

	(void)state;
	memset(&shared, 0, sizeof(shared));
	assert_int_equal(pthread_create(&other, NULL, work, NULL), 0);
	do {
		thread = sluice_load_acquire(&shared.thread);
	} while (!thread);
	while (!sluice_thread_fence(thread))
		;
	seen = shared.work;
	assert_int_equal(seen, thread->rounds);
	for (turn = 0; turn < TURNS; turn++)
		assert_int_equal(sluice_load_relaxed(&shared.work), seen);
	sluice_store_release(&shared.is_over, true);
	pthread_join(other, NULL);
}

/* How many events there are. */
static int events_of(int epoll)
{
	struct epoll_event events[8];

	return epoll_wait(epoll, events, 8, 0);
}

/* Edges and what is told once are told again; what is not ready is not. */
static void test_rearm(void **state)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), number, fds[4];
	const uint32_t kinds[4] = {EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT, EPOLLIN,
				   EPOLLIN | EPOLLET};
	struct epoll_event event;

	(void)state;
	for (number = 0; number < 4; number++) {
		fds[number] = eventfd(number < 3, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(fds[number] >= 0);
		event = (struct epoll_event){.events = kinds[number], .data.ptr = &fds[number]};
		assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[number], &event), 0);
	}
	assert_int_equal(events_of(epoll), 3);
	/* The one that is told of for as long as it is ready. */
	assert_int_equal(events_of(epoll), 1);
	assert_int_equal(sluice_rearm(epoll), 0);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1);
	assert_true(event.data.ptr >= (void *)&fds[0] && event.data.ptr <= (void *)&fds[2]);
	assert_int_equal(sluice_rearm(epoll), 0);
	assert_int_equal(events_of(epoll), 3);
	close(fds[0]);
	assert_int_equal(sluice_rearm(epoll), 0);
	assert_int_equal(events_of(epoll), 2);
	assert_int_equal(sluice_rearm(-1), -ENOENT);
	for (number = 1; number < 4; number++)
		close(fds[number]);
	close(epoll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_fence),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_rearm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
