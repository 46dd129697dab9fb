// SPDX-License-Identifier: MIT
/*
 * sluicebench profile offcpu: how long the daemon's threads do not run, and where: asleep in a
 * system call, or waiting for a processor. By bpftrace at the scheduler's switches. Touches: the
 * daemon (by that tool), stdout, stderr.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "profile_target.h"
#include "profile_tool.h"

#define SCRIPT 2048U
#define PLACES 12U /* that are shown */
#define NS_PER_MS 1e6

/* As profile.h says. @context process */
int sluice_profile_offcpu(struct sluice_profile *profile)
{
	char name[SLUICE_PROFILE_NAME];
	char script[SCRIPT];
	uint64_t asleep = 0;
	uint64_t waiting = 0;
	struct sluice_profile_row *rows;
	size_t count;
	size_t index;
	json_t *maps;

	/* A thread that was on when it was switched off (state 0) waits for a processor. */
	snprintf(script, sizeof(script),
		 "tracepoint:sched:sched_switch /pid == %d && @on/ { @off[tid] = nsecs; "
		 "@kept[tid] = args->prev_state == 0; @kernel[tid] = kstack(8); "
		 "@user[tid] = ustack(8); } "
		 "tracepoint:sched:sched_switch /@off[args->next_pid]/ { $next = args->next_pid; "
		 "@place[$next, @kept[$next], @kernel[$next], @user[$next]] = "
		 "sum(nsecs - @off[$next]); delete(@off[$next]); } "
		 "END { clear(@off); clear(@kept); clear(@kernel); clear(@user); }",
		 profile->pid);
	maps = sluice_profile_trace(profile, script);
	if (!maps)
		return SLUICE_BENCH_FAILURE;
	sluice_profile_head(profile, "time off the processors");
	rows = sluice_profile_rows(json_object_get(maps, "@place"), &count);
	for (index = 0; index < count; index++) {
		const char *state = strchr(rows[index].key, ',');
		const char *stack = state ? strchr(state + 1, ',') : NULL;
		bool ready = state && state[1] == '1';

		*(ready ? &waiting : &asleep) += rows[index].number;
		if (!stack || index >= PLACES)
			continue;
		sluice_profile_thread(profile->pid, (pid_t)strtol(rows[index].key, NULL, 10), name);
		printf("%s, %.1f ms %s:%s\n", name, (double)rows[index].number / NS_PER_MS,
		       ready ? "ready, but waiting for a processor" : "asleep", stack + 1);
	}
	free(rows);
	json_decref(maps);
	printf("RESULT kind=offcpu datagrams=%" PRIu64 " asleep_ns=%" PRIu64 " waiting_ns=%" PRIu64
	       " places=%zu\n",
	       profile->datagrams, asleep, waiting, count);
	return SLUICE_BENCH_OK;
}
