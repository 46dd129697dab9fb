// SPDX-License-Identifier: MIT
/*
 * sluicebench profile syscalls: the daemon's system calls by name and by thread, and how many of
 * them a datagram takes. By bpftrace's counters in the kernel; without it by strace, which stops
 * the daemon at each call, and says so. Touches: the daemon (by those tools), stdout, stderr.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "command.h"
#include "profile_target.h"
#include "profile_tool.h"
#include "syscall_name.h"

#define PER_TEXT 32U
#define NAME_TEXT 32U

/* Prints what bpftrace counted: `by_call` has the numbers of the calls as keys. */
static int print(const struct sluice_profile *profile, const json_t *by_call,
		 const json_t *by_thread)
{
	char thread[SLUICE_PROFILE_NAME];
	char per[PER_TEXT];
	char name[NAME_TEXT];
	uint64_t sum = 0;
	size_t count;
	size_t index;
	struct sluice_profile_row *rows = sluice_profile_rows(by_call, &count);

	sluice_profile_head(profile, "system calls");
	printf("%-24s %12s %14s\n", "system call", "calls", "a datagram");
	for (index = 0; index < count; index++) {
		sum += rows[index].number;
		printf("%-24s %12" PRIu64 " %14s\n",
		       sluice_syscall_name(strtol(rows[index].key, NULL, 10), name, sizeof(name)),
		       rows[index].number,
		       sluice_profile_per(profile, rows[index].number, per, sizeof(per)));
	}
	free(rows);
	rows = sluice_profile_rows(by_thread, &count);
	printf("\n%-24s %12s %14s\n", "thread", "calls", "a datagram");
	for (index = 0; index < count; index++)
		printf("%-24s %12" PRIu64 " %14s\n",
		       sluice_profile_thread(profile->pid, (pid_t)strtol(rows[index].key, NULL, 10),
					     thread),
		       rows[index].number,
		       sluice_profile_per(profile, rows[index].number, per, sizeof(per)));
	free(rows);
	printf("\nRESULT kind=syscalls by=bpftrace datagrams=%" PRIu64 " calls=%" PRIu64
	       " calls_per_datagram=%s\n",
	       profile->datagrams, sum, sluice_profile_per(profile, sum, per, sizeof(per)));
	return SLUICE_BENCH_OK;
}

/* Without bpftrace: strace's own table. Exit status. */
static int by_strace(struct sluice_profile *profile)
{
	char pid[16];
	char line[256];
	char per[PER_TEXT];
	const char *const words[] = {"strace", "-f", "-c", "-U", "name,calls", "-p", pid, NULL};
	struct sluice_profile_tool tool;
	uint64_t sum = 0;
	int status;

	if (!sluice_profile_tool_there(words[0])) {
		fputs("sluicebench profile syscalls: this machine has neither bpftrace nor strace; "
		      "install one of these packages\n",
		      stderr);
		return SLUICE_BENCH_FAILURE;
	}
	snprintf(pid, sizeof(pid), "%d", profile->pid);
	if (sluice_profile_tool_count(profile, &tool, words))
		return SLUICE_BENCH_FAILURE;
	sluice_profile_head(profile, "system calls");
	puts("There is no bpftrace, so this is by strace, which stops the daemon at each call: "
	     "under\nload there are then fewer calls, each for more datagrams.\n");
	rewind(tool.complaints);
	while (fgets(line, sizeof(line), tool.complaints)) {
		const char *number = line + strcspn(line, " ");

		if (strncmp(line, "strace:", 7) == 0)
			continue;
		if (strstr(line, "total"))
			sum = strtoull(number, NULL, 10);
		fputs(line, stdout);
	}
	status = sluice_profile_tool_end(&tool, SIGINT);
	if (sum == 0 || (status && !WIFSIGNALED(status))) {
		fputs("sluicebench profile syscalls: strace counted nothing; who is not root may "
		      "trace only own processes\n",
		      stderr);
		return SLUICE_BENCH_FAILURE;
	}
	printf("\nRESULT kind=syscalls by=strace datagrams=%" PRIu64 " calls=%" PRIu64
	       " calls_per_datagram=%s\n",
	       profile->datagrams, sum, sluice_profile_per(profile, sum, per, sizeof(per)));
	return SLUICE_BENCH_OK;
}

/* As profile.h says. @context process */
int sluice_profile_syscalls(struct sluice_profile *profile)
{
	char script[256];
	json_t *maps;
	int status;

	if (!sluice_profile_tool_there("bpftrace"))
		return by_strace(profile);
	snprintf(script, sizeof(script),
		 "tracepoint:raw_syscalls:sys_enter /pid == %d && @on/ "
		 "{ @call[args->id] = count(); @thread[tid] = count(); }",
		 profile->pid);
	maps = sluice_profile_trace(profile, script);
	if (!maps)
		return SLUICE_BENCH_FAILURE;
	status = print(profile, json_object_get(maps, "@call"), json_object_get(maps, "@thread"));
	json_decref(maps);
	return status;
}
