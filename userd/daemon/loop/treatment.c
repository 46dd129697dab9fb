// SPDX-License-Identifier: MIT
/*
 * How the daemon's threads run; see treatment.h. Under everything that starts one. Touches:
 * scheduling and names of the daemon's threads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "treatment.h"

/* A thread that runs, in its own memory. */
struct thread {
	struct thread *next;
	enum sluice_thread_class class;
	unsigned int number;
	pid_t id;
};

static _Thread_local struct thread self;

/* All that run, what they run by, and the CPUs that the process had before anything was pinned. */
static struct {
	pthread_mutex_t lock;
	struct thread *first;
	struct sluice_config_threads settings;
	unsigned int busy_poll; /* read without the lock */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t seen = PTHREAD_ONCE_INIT;
static cpu_set_t usable;

/* How a thread is treated. */
struct treatment {
	int policy, priority, nice;
};

/* How the process was when it started: the service, or whoever started us, may have said so. */
static struct treatment born;

static const char *const names[] = {
#define THREAD(CLASS, word, name, cpus, what) [SLUICE_CLASS_##CLASS] = (name),
#include "../../config/thread_rows.h"
#undef THREAD
};

static const int policies[] = {
	[SLUICE_POLICY_OTHER] = SCHED_OTHER, [SLUICE_POLICY_BATCH] = SCHED_BATCH,
	[SLUICE_POLICY_IDLE] = SCHED_IDLE,   [SLUICE_POLICY_FIFO] = SCHED_FIFO,
	[SLUICE_POLICY_RR] = SCHED_RR,
};

/* How thread `id` is treated now. */
static struct treatment treatment_of(pid_t id)
{
	struct sched_param param = {0};
	struct treatment found = {.policy = sched_getscheduler(id)};

	if (found.policy < 0)
		found.policy = SCHED_OTHER;
	if (!sched_getparam(id, &param))
		found.priority = param.sched_priority;
	/* -1 is a value, too: 0 then, which is the same as far as that can be told. */
	errno = 0;
	found.nice = getpriority(PRIO_PROCESS, (id_t)id);
	if (errno)
		found.nice = 0;
	return found;
}

/* Once, before any thread is pinned or treated: each knows its own state only. */
static void look(void)
{
	born = treatment_of(0);
	if (!sched_getaffinity(0, sizeof(usable), &usable) && CPU_COUNT(&usable) > 0)
		return;
	CPU_ZERO(&usable);
	CPU_SET(0, &usable);
}

size_t sluice_threads_worker_cpus(const struct sluice_config_threads *settings, cpu_set_t *set)
{
	pthread_once(&seen, look);
	*set = usable;
	if (settings->of[SLUICE_CLASS_WORKER].has_cpus) {
		CPU_AND(set, set, &settings->of[SLUICE_CLASS_WORKER].cpus);
		/* None of them is ours: told when the worker is put there. */
		if (!CPU_COUNT(set))
			*set = settings->of[SLUICE_CLASS_WORKER].cpus;
	}
	return (size_t)CPU_COUNT(set);
}

int sluice_threads_cpu_of(const struct sluice_config_threads *settings, size_t number)
{
	cpu_set_t set;
	size_t place = number % sluice_threads_worker_cpus(settings, &set), cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && !place--)
			return (int)cpu;
	return 0;
}

/* "thread sluice-w0", or the like. */
static const char *name_of(const struct thread *thread, char text[32])
{
	if (thread->class == SLUICE_CLASS_WORKER || thread->class == SLUICE_CLASS_FORWARDER)
		snprintf(text, 32, "%s%u", names[thread->class], thread->number);
	else
		snprintf(text, 32, "%s", names[thread->class]);
	return text;
}

/* Gives the thread its CPUs. Failing is no reason not to work. */
static void put(const struct thread *thread)
{
	const struct sluice_config_thread *wanted = &all.settings.of[thread->class];
	char name[32], text[SLUICE_CPUS_TEXT];
	cpu_set_t set = wanted->has_cpus ? wanted->cpus : usable;

	if (thread->class == SLUICE_CLASS_WORKER) {
		CPU_ZERO(&set);
		CPU_SET((size_t)sluice_threads_cpu_of(&all.settings, thread->number), &set);
	}
	if (sched_setaffinity(thread->id, sizeof(set), &set))
		sluice_warning("thread %s cannot run on CPU %s: %s; it runs wherever it is put "
			       "(threads.%s.cpus, the cpuset of the service)",
			       name_of(thread, name), sluice_cpus_format(&set, text),
			       strerror(errno), sluice_config_thread_word(thread->class));
}

/* How the thread shall be treated: as its class says, else as the process was when it started. A
 * thread is born as whoever starts it is, so one that nothing is said of is set, too. */
static struct treatment wanted_of(const struct thread *thread)
{
	const struct sluice_config_thread *class = &all.settings.of[thread->class];

	if (class->policy == SLUICE_POLICY_OTHER && !class->nice)
		return born;
	return (struct treatment){.policy = policies[class->policy],
				  .priority = (int)class->priority,
				  .nice = class->nice};
}

/* Gives the thread its policy and nice. Failing is no reason not to work. */
static void treat(const struct thread *thread)
{
	const struct treatment wanted = wanted_of(thread), now = treatment_of(thread->id);
	const struct sched_param param = {.sched_priority = wanted.priority};
	const char *word = sluice_config_thread_word(thread->class);
	bool is_timed = wanted.policy == SCHED_FIFO || wanted.policy == SCHED_RR;
	char name[32];

	if ((wanted.policy != now.policy || wanted.priority != now.priority) &&
	    sched_setscheduler(thread->id, wanted.policy, &param))
		sluice_warning(
			"thread %s cannot have policy %s: %s; give the service LimitRTPRIO=%d and "
			"RestrictRealtime=no (or this user CAP_SYS_NICE), or leave "
			"threads.%s.policy out",
			name_of(thread, name),
			sluice_config_policy_name(all.settings.of[thread->class].policy),
			strerror(errno), wanted.priority, word);
	if (!is_timed && wanted.nice != now.nice &&
	    setpriority(PRIO_PROCESS, (id_t)thread->id, wanted.nice))
		sluice_warning("thread %s cannot have nice %d: %s; give the service LimitNICE=%d "
			       "(or this user CAP_SYS_NICE), or leave threads.%s.nice out",
			       name_of(thread, name), wanted.nice, strerror(errno), wanted.nice,
			       word);
}

void sluice_treatment_begin(enum sluice_thread_class class, unsigned int number)
{
	char name[32];

	pthread_once(&seen, look);
	self.class = class;
	self.number = number;
	self.id = gettid();
	/* The process is called by the name of its first thread. */
	if (class != SLUICE_CLASS_CONTROL)
		pthread_setname_np(pthread_self(), name_of(&self, name));
	pthread_mutex_lock(&all.lock);
	self.next = all.first;
	all.first = &self;
	put(&self);
	treat(&self);
	pthread_mutex_unlock(&all.lock);
}

void sluice_treatment_end(void)
{
	struct thread **at;

	pthread_mutex_lock(&all.lock);
	for (at = &all.first; *at; at = &(*at)->next)
		if (*at == &self) {
			*at = self.next;
			break;
		}
	pthread_mutex_unlock(&all.lock);
}

void sluice_threads_set(const struct sluice_config_threads *settings)
{
	struct thread *thread;

	if (!settings)
		return;
	pthread_once(&seen, look);
	pthread_mutex_lock(&all.lock);
	all.settings = *settings;
	sluice_store_relaxed(&all.busy_poll, settings->busy_poll);
	for (thread = all.first; thread; thread = thread->next) {
		put(thread);
		treat(thread);
	}
	pthread_mutex_unlock(&all.lock);
}

unsigned int sluice_threads_busy_poll(void)
{
	return sluice_load_relaxed(&all.busy_poll);
}
