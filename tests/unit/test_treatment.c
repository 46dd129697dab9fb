// SPDX-License-Identifier: MIT
/*
 * Threads run as the configuration says of their class, also when that changes while they run: seen
 * by what the kernel says of them. Touches: scheduling of this process's threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "daemon/loop/treatment.h"

/* A thread of a class, and what it is asked. */
struct subject {
	enum sluice_thread_class class;
	unsigned int number;
	pthread_barrier_t met; /* it has begun; it may end */
	pid_t id;
};

/* One that begins, waits and ends. */
static void *be_there(void *argument)
{
	struct subject *subject = argument;

	sluice_treatment_begin(subject->class, subject->number);
	subject->id = gettid();
	pthread_barrier_wait(&subject->met);
	pthread_barrier_wait(&subject->met);
	sluice_treatment_end();
	return NULL;
}

/* Starts one and waits until it has begun. */
static pthread_t start(struct subject *subject)
{
	pthread_t thread;

	pthread_barrier_init(&subject->met, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, be_there, subject), 0);
	pthread_barrier_wait(&subject->met);
	return thread;
}

/* Lets it end. */
static void finish(struct subject *subject, pthread_t thread)
{
	pthread_barrier_wait(&subject->met);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&subject->met);
}

/* The name that the kernel shows of thread `id`. */
static void name_of(pid_t id, char name[32])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)id);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(name, 32, file));
	name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

/* What is set is in force at once, and is gone at once when it is taken back. */
static void set_while_it_runs(void **state)
{
	struct sluice_config_threads settings = {0};
	struct subject subject = {.class = SLUICE_CLASS_SPOOLER};
	cpu_set_t before, after;
	pthread_t thread;
	char name[32];

	(void)state;
	sluice_threads_set(&settings);
	thread = start(&subject);
	name_of(subject.id, name);
	assert_string_equal(name, "sluice-spool");
	assert_int_equal(sched_getaffinity(subject.id, sizeof(before), &before), 0);
	assert_int_equal(sched_getscheduler(subject.id), SCHED_OTHER);

	settings.of[SLUICE_CLASS_SPOOLER].policy = SLUICE_POLICY_BATCH;
	settings.of[SLUICE_CLASS_SPOOLER].nice = 4;
	settings.of[SLUICE_CLASS_SPOOLER].has_cpus = true;
	CPU_SET(0, &settings.of[SLUICE_CLASS_SPOOLER].cpus);
	sluice_threads_set(&settings);
	assert_int_equal(sched_getscheduler(subject.id), SCHED_BATCH);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)subject.id), 4);
	assert_int_equal(sched_getaffinity(subject.id, sizeof(after), &after), 0);
	assert_int_equal(CPU_COUNT(&after), 1);
	assert_true(CPU_ISSET(0, &after));

	memset(&settings, 0, sizeof(settings));
	sluice_threads_set(&settings);
	assert_int_equal(sched_getscheduler(subject.id), SCHED_OTHER);
	assert_int_equal(sched_getaffinity(subject.id, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	finish(&subject, thread);
}

/* What is said of one class touches no other, and whoever starts a thread does not hand on his own.
 */
static void classes_are_apart(void **state)
{
	struct sluice_config_threads settings = {0};
	struct subject names = {.class = SLUICE_CLASS_NAMES},
		       foreman = {.class = SLUICE_CLASS_FOREMAN};
	pthread_t one, other;

	(void)state;
	settings.of[SLUICE_CLASS_NAMES].policy = SLUICE_POLICY_IDLE;
	sluice_threads_set(&settings);
	one = start(&names);
	other = start(&foreman);
	assert_int_equal(sched_getscheduler(names.id), SCHED_IDLE);
	assert_int_equal(sched_getscheduler(foreman.id), SCHED_OTHER);
	finish(&names, one);
	finish(&foreman, other);
	/* Those that ended are not touched: their numbers may be others' by now. */
	settings.of[SLUICE_CLASS_NAMES].policy = SLUICE_POLICY_BATCH;
	sluice_threads_set(&settings);
}

/* A worker is on one CPU of those it may have, in turn; where it may have none of them, it is told
 * and runs all the same. */
static void workers_in_turn(void **state)
{
	struct sluice_config_threads settings = {0};
	struct subject subject = {.class = SLUICE_CLASS_WORKER, .number = 3};
	cpu_set_t set;
	pthread_t thread;
	char name[32];

	(void)state;
	settings.of[SLUICE_CLASS_WORKER].has_cpus = true;
	CPU_SET(0, &settings.of[SLUICE_CLASS_WORKER].cpus);
	assert_int_equal(sluice_threads_worker_cpus(&settings, &set), 1);
	assert_int_equal(sluice_threads_cpu_of(&settings, 3), 0);
	sluice_threads_set(&settings);
	thread = start(&subject);
	name_of(subject.id, name);
	assert_string_equal(name, "sluice-w3");
	assert_int_equal(sched_getaffinity(subject.id, sizeof(set), &set), 0);
	assert_int_equal(CPU_COUNT(&set), 1);
	assert_true(CPU_ISSET(0, &set));

	CPU_ZERO(&settings.of[SLUICE_CLASS_WORKER].cpus);
	CPU_SET(CPU_SETSIZE - 1, &settings.of[SLUICE_CLASS_WORKER].cpus);
	sluice_threads_set(&settings);
	assert_int_equal(sched_getaffinity(subject.id, sizeof(set), &set), 0);
	assert_true(CPU_COUNT(&set) > 0);
	finish(&subject, thread);
}

/* Lists of CPUs, read and written. */
static void lists_of_cpus(void **state)
{
	static const char *const same[] = {"0", "0-3,8", "1,3,5-7", "1023"};
	static const char *const bad[] = {"",
					  "-",
					  "3-1",
					  "1,",
					  ",1",
					  "1024",
					  "1-a",
					  "x",
					  "0x1",
					  "1 2",
					  "99999999999999999999"};
	char text[SLUICE_CPUS_TEXT];
	cpu_set_t set;
	size_t number, cpu;

	(void)state;
	for (number = 0; number < sizeof(same) / sizeof(same[0]); number++) {
		CPU_ZERO(&set);
		assert_true(sluice_cpus_parse(same[number], &set));
		assert_string_equal(sluice_cpus_format(&set, text), same[number]);
	}
	for (number = 0; number < sizeof(bad) / sizeof(bad[0]); number++) {
		CPU_ZERO(&set);
		assert_false(sluice_cpus_parse(bad[number], &set));
	}
	CPU_ZERO(&set);
	assert_true(sluice_cpus_parse(" 4-5 , 5-6\n", &set));
	assert_string_equal(sluice_cpus_format(&set, text), "4-6");
	/* Too long for the text. */
	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu += 2)
		CPU_SET(cpu, &set);
	sluice_cpus_format(&set, text);
	assert_int_equal(strlen(text), SLUICE_CPUS_TEXT - 1);
	assert_string_equal(text + strlen(text) - 3, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_while_it_runs),
		cmocka_unit_test(classes_are_apart),
		cmocka_unit_test(workers_in_turn),
		cmocka_unit_test(lists_of_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
