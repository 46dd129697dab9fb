// SPDX-License-Identifier: MIT
/*
 * The machine's CPUs and nodes, and the daemon's threads on them; see placement.h. Touches: reads
 * files below the root directory.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/model.h"
#include "placement.h"

#define LINE 4096U

/* Reads the first line of a file, without its end. False: it cannot be read. */
static bool read_line(const char *root, const char *name, char *line, size_t size)
{
	char path[512];
	FILE *file;
	bool is_read;

	if (snprintf(path, sizeof(path), "%s%s", root, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "re");
	is_read = file && fgets(line, (int)size, file);
	if (file)
		fclose(file);
	if (is_read)
		line[strcspn(line, "\n")] = '\0';
	return is_read;
}

bool sluice_placement_cpus(const char *root, const char *name, cpu_set_t *set)
{
	char line[LINE];

	CPU_ZERO(set);
	if (!read_line(root, name, line, sizeof(line)))
		return false;
	if (sluice_cpus_parse(line, set))
		return true;
	CPU_ZERO(set);
	return false;
}

/* The cpuset of a process, by what /proc says of its control groups. False: it has none. */
static bool read_cpuset(const char *root, int pid, cpu_set_t *set)
{
	char path[512], line[LINE], *group;
	bool found = false;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/proc/%d/cgroup", root, pid) >= (int)sizeof(path))
		return false;
	file = fopen(path, "re");
	/* "0::/system.slice/sluiced.service", or with version 1 "4:cpuset:/". */
	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		group = strchr(line, ':');
		if (!group)
			continue;
		group++;
		if (!strncmp(group, ":/", 2))
			snprintf(path, sizeof(path), "/sys/fs/cgroup%.300s/cpuset.cpus.effective",
				 group + 1);
		else if (!strncmp(group, "cpuset:/", 8))
			snprintf(path, sizeof(path),
				 "/sys/fs/cgroup/cpuset%.300s/cpuset.effective_cpus", group + 7);
		else
			continue;
		found = sluice_placement_cpus(root, path, set);
	}
	if (file)
		fclose(file);
	return found;
}

void sluice_placement_host_read(const char *root, int pid, struct sluice_placement_host *host)
{
	char name[64];

	memset(host, 0, sizeof(*host));
	if (!sluice_placement_cpus(root, "/sys/devices/system/cpu/online", &host->online))
		memset(&host->online, 0xff, sizeof(host->online));
	(void)sluice_placement_cpus(root, "/sys/devices/system/cpu/isolated", &host->isolated);
	(void)sluice_placement_cpus(root, "/sys/devices/system/cpu/nohz_full", &host->tickless);
	if (!read_cpuset(root, pid, &host->allowed))
		host->allowed = host->online;
	for (host->node_count = 0; host->node_count < SLUICE_NODES_MAX; host->node_count++) {
		snprintf(name, sizeof(name), "/sys/devices/system/node/node%zu/cpulist",
			 host->node_count);
		if (!sluice_placement_cpus(root, name, &host->nodes[host->node_count]))
			break;
	}
	if (!host->node_count) {
		host->nodes[0] = host->online;
		host->node_count = 1;
	}
}

int sluice_placement_node_of(const struct sluice_placement_host *host, size_t cpu)
{
	size_t node;

	for (node = 0; node < host->node_count; node++)
		if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &host->nodes[node]))
			return (int)node;
	return 0;
}

int sluice_placement_node_of_set(const struct sluice_placement_host *host, const cpu_set_t *set)
{
	int found = -1;
	size_t node;

	for (node = 0; node < host->node_count; node++) {
		cpu_set_t both;

		CPU_AND(&both, set, &host->nodes[node]);
		if (!CPU_COUNT(&both))
			continue;
		if (found >= 0)
			return -1;
		found = (int)node;
	}
	return found;
}

/* What `stat` of a thread says behind its name, which may have blanks in it: field `number` as
 * proc(5) counts them. */
static long stat_field(const char *stat, unsigned int number)
{
	const char *at = strrchr(stat, ')');
	unsigned int field = 2;

	while (at && field < number) {
		at = strchr(at + 1, ' ');
		field++;
	}
	return at ? strtol(at + 1, NULL, 10) : 0;
}

/* How the scheduler calls its policies. */
static const char *policy_name(long policy)
{
	static const char *const names[] = {"other", "fifo", "rr", "batch", "?", "idle"};

	return policy >= 0 && policy < (long)(sizeof(names) / sizeof(names[0])) ? names[policy]
										: "?";
}

/* Adds one thread. 0 or -ENOMEM; one that has gone is left out. */
static int add_thread(const char *root, const char *task, const struct sluice_placement_host *host,
		      json_t *list)
{
	char name[384], comm[64], stat[LINE], line[LINE] = "", cpus[SLUICE_CPUS_TEXT];
	long policy, cpu;
	json_t *object;
	cpu_set_t set;
	FILE *file;

	snprintf(name, sizeof(name), "%s/comm", task);
	if (!read_line(root, name, comm, sizeof(comm)))
		return 0;
	snprintf(name, sizeof(name), "%s/stat", task);
	if (!read_line(root, name, stat, sizeof(stat)))
		return 0;
	CPU_ZERO(&set);
	snprintf(name, sizeof(name), "%s%s/status", root, task);
	file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "Cpus_allowed_list:", 18))
			(void)sluice_cpus_parse(line + 18, &set);
	if (file)
		fclose(file);
	cpu = stat_field(stat, 39);
	policy = stat_field(stat, 41);
	object = json_pack("{s:s, s:s, s:s, s:I, s:i, s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "what",
			   "thread", "name", comm, "cpus", sluice_cpus_format(&set, cpus), "cpu",
			   (json_int_t)cpu, "node", sluice_placement_node_of(host, (size_t)cpu),
			   "worker", "", "policy", policy_name(policy), "priority",
			   (json_int_t)stat_field(stat, 40), "nice",
			   (json_int_t)stat_field(stat, 19), "memory", "", "bytes", (json_int_t)0,
			   "huge", (json_int_t)0);
	return json_array_append_new(list, object) ? -ENOMEM : 0;
}

int sluice_placement_threads(const char *root, int pid, const struct sluice_placement_host *host,
			     json_t *list)
{
	char path[384], task[320];
	struct dirent **tasks;
	int count, number, error = 0;

	snprintf(path, sizeof(path), "%s/proc/%d/task", root, pid);
	count = scandir(path, &tasks, NULL, versionsort);
	if (count < 0)
		return errno == ENOMEM ? -ENOMEM : -ENOENT;
	for (number = 0; number < count; number++) {
		if (!error && tasks[number]->d_name[0] != '.') {
			snprintf(task, sizeof(task), "/proc/%d/task/%.20s", pid,
				 tasks[number]->d_name);
			error = add_thread(root, task, host, list);
		}
		free(tasks[number]);
	}
	free(tasks);
	return error;
}
