// SPDX-License-Identifier: MIT
/*
 * A thread as the kernel sees it; see thread_stat.h. Touches: what that says.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "thread_stat.h"

/* Places in /proc/PID/task/TID/stat, counted from the state, which is behind the last ')'. */
#define CPU_PLACE 36
#define POLICY_PLACE 38

/* Name of a scheduling policy; a constant. */
static const char *policy_name(unsigned long policy)
{
	static const char *const names[] = {
		[SCHED_OTHER] = "other", [SCHED_FIFO] = "fifo", [SCHED_RR] = "rr",
		[SCHED_BATCH] = "batch", [SCHED_IDLE] = "idle", [6] = "deadline"};
	const char *name = policy < sizeof(names) / sizeof(names[0]) ? names[policy] : NULL;

	return name ? name : "?";
}

/* Reads the kernel's line about thread `tid` in `file` into `text`. False: it cannot be had. */
static bool read_line(pid_t tid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

void sluice_thread_stat(const struct sluice_thread *thread, struct sluice_thread_stat *stat)
{
	unsigned int place;
	char text[1024], *at;
	struct timespec used;

	*stat = (struct sluice_thread_stat){.run = '?', .policy = "?"};
	if (!clock_gettime(thread->clock, &used))
		stat->cpu_time_ns =
			(uint64_t)used.tv_sec * SLUICE_NS_PER_S + (uint64_t)used.tv_nsec;
	/* A name may have anything in it: behind its end there are numbers only. */
	at = read_line(thread->tid, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;
	if (!at || at[1] != ' ' || !at[2])
		return;
	at += 2;
	stat->run = *at;
	for (place = 0; at && place < POLICY_PLACE; place++) {
		if (place == CPU_PLACE)
			stat->cpu = (unsigned int)strtoul(at, NULL, 10);
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (at)
		stat->policy = policy_name(strtoul(at, NULL, 10));
	/* Time that it ran, that it waited, and how often it ran. */
	if (read_line(thread->tid, "schedstat", text, sizeof(text))) {
		(void)strtoull(text, &at, 10);
		stat->delay_ns = strtoull(at, &at, 10);
		stat->slices = strtoull(at, NULL, 10);
	}
}
