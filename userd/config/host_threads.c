// SPDX-License-Identifier: MIT
/*
 * `threads`, held against this machine: are the CPUs there, and may this process have the policies?
 * Whether it may is tried, in a thread that does nothing else, because rights come from several
 * places: capabilities, limits, filters of system calls. Touches: reads facts of the system, starts
 * a thread for a moment.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "host.h"

#define ONLINE "/sys/devices/system/cpu/online"

/* What is tried, and what became of it. */
struct attempt {
	const struct sluice_config_thread *wanted;
	int policy_error, nice_error;
};

static const int policies[] = {
	[SLUICE_POLICY_OTHER] = SCHED_OTHER, [SLUICE_POLICY_BATCH] = SCHED_BATCH,
	[SLUICE_POLICY_IDLE] = SCHED_IDLE,   [SLUICE_POLICY_FIFO] = SCHED_FIFO,
	[SLUICE_POLICY_RR] = SCHED_RR,
};

/* The thread that tries. */
static void *try_it(void *argument)
{
	struct attempt *attempt = argument;
	const struct sched_param param = {.sched_priority = (int)attempt->wanted->priority};

	if (attempt->wanted->policy != SLUICE_POLICY_OTHER &&
	    sched_setscheduler(gettid(), policies[attempt->wanted->policy], &param))
		attempt->policy_error = errno;
	if (attempt->wanted->nice &&
	    setpriority(PRIO_PROCESS, (id_t)gettid(), attempt->wanted->nice))
		attempt->nice_error = errno;
	return NULL;
}

/* May this process have it? */
static void check_rights(const char *word, const struct sluice_config_thread *wanted,
			 struct sluice_findings *findings)
{
	struct attempt attempt = {.wanted = wanted};
	pthread_t thread;

	if (wanted->policy == SLUICE_POLICY_OTHER && !wanted->nice)
		return;
	if (pthread_create(&thread, NULL, try_it, &attempt))
		return;
	pthread_join(thread, NULL);
	if (attempt.policy_error)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &wanted->policy_place,
				    "threads.%s.policy: %s with priority %u is not allowed to "
				    "this process (%s): give the service LimitRTPRIO=%u and "
				    "RestrictRealtime=no, or this user CAP_SYS_NICE",
				    word, sluice_config_policy_name(wanted->policy),
				    wanted->priority, strerror(attempt.policy_error),
				    wanted->priority);
	if (attempt.nice_error)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &wanted->nice_place,
				    "threads.%s.nice: %d is not allowed to this process (%s): "
				    "give the service LimitNICE=%d, or this user CAP_SYS_NICE",
				    word, wanted->nice, strerror(attempt.nice_error), wanted->nice);
}

/* The CPUs of this machine that are online. False: nobody knows. */
static bool read_online(cpu_set_t *set)
{
	FILE *file = fopen(ONLINE, "re");
	char line[1024];
	bool is_read;

	CPU_ZERO(set);
	is_read = file && fgets(line, sizeof(line), file) && sluice_cpus_parse(line, set);
	if (file)
		fclose(file);
	return is_read;
}

/* Are the CPUs there? */
static void check_cpus(const char *word, const struct sluice_config_thread *wanted,
		       const cpu_set_t *online, struct sluice_findings *findings)
{
	char text[SLUICE_CPUS_TEXT], there[SLUICE_CPUS_TEXT];
	cpu_set_t missing;

	if (!wanted->has_cpus)
		return;
	/* What is in one of them only, and not online. */
	CPU_XOR(&missing, &wanted->cpus, online);
	CPU_AND(&missing, &missing, &wanted->cpus);
	if (CPU_COUNT(&missing))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &wanted->cpus_place,
				    "threads.%s.cpus: there is no CPU %s here: CPUs %s are online",
				    word, sluice_cpus_format(&missing, text),
				    sluice_cpus_format(online, there));
}

void sluice_host_check_threads(const struct sluice_config *config, enum sluice_host_view view,
			       struct sluice_findings *findings)
{
	unsigned int class;
	cpu_set_t online;
	bool is_known = read_online(&online);

	for (class = 0; class < SLUICE_THREADS; class ++) {
		const struct sluice_config_thread *wanted = &config->threads.of[class];
		const char *word = sluice_config_thread_word(class);

		if (is_known)
			check_cpus(word, wanted, &online, findings);
		/* A tool has rights of its own, which say nothing of the daemon's. */
		if (view != SLUICE_HOST_FILE)
			check_rights(word, wanted, findings);
	}
}
