// SPDX-License-Identifier: MIT
/*
 * What this machine has counted: see counters.h. Read before and after a trial. Touches: files of
 * /proc and /sys.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "../lib/udp_counters.h"
#include "counters.h"

/* How many fields there were is checked; what overflows is no counter. NOLINTBEGIN(cert-err34-c) */

/* Adds what the kernel dropped with its backlog full, over all processors; all is hexadecimal. */
static uint64_t read_softnet(void)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	char line[512];
	uint64_t sum = 0;
	uint64_t dropped;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*x %" SCNx64, &dropped) == 1)
			sum += dropped;
	if (file)
		fclose(file);
	return sum;
}

/* One number of a file; 0 if there is none. */
static uint64_t read_one(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

/* Adds what all interfaces lost on receiving. */
static uint64_t read_cards(void)
{
	static const char *const names[] = {"rx_dropped", "rx_missed_errors", "rx_fifo_errors"};
	DIR *all = opendir("/sys/class/net");
	const struct dirent *entry;
	char path[512];
	uint64_t sum = 0;
	size_t name;

	/* Only the caller's thread reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (all && (entry = readdir(all))) {
		if (entry->d_name[0] == '.')
			continue;
		for (name = 0; name < sizeof(names) / sizeof(names[0]); name++) {
			snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s",
				 entry->d_name, names[name]);
			sum += read_one(path);
		}
	}
	if (all)
		closedir(all);
	return sum;
}

/* What the processors did, all together. */
static void read_cpu(uint64_t cpu[SLUICE_BENCH_CPU_KINDS])
{
	FILE *file = fopen("/proc/stat", "re");
	uint64_t part[8] = {0};

	if (!file)
		return;
	if (fscanf(file,
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &part[0], &part[1], &part[2], &part[3], &part[4], &part[5], &part[6],
		   &part[7]) == 8) {
		cpu[SLUICE_BENCH_USER] = part[0] + part[1];
		cpu[SLUICE_BENCH_SYSTEM] = part[2];
		cpu[SLUICE_BENCH_IDLE] = part[3] + part[4];
		cpu[SLUICE_BENCH_SOFTIRQ] = part[5] + part[6];
		cpu[SLUICE_BENCH_STEAL] = part[7];
	}
	fclose(file);
}

/* NOLINTEND(cert-err34-c) */

/* As counters.h says. @threadsafe */
const char *sluice_bench_cpu_name(enum sluice_bench_cpu kind)
{
	static const char *const names[SLUICE_BENCH_CPU_KINDS] = {"user", "system", "softirq",
								  "idle", "steal"};

	return kind < SLUICE_BENCH_CPU_KINDS ? names[kind] : "?";
}

/* As counters.h says. @threadsafe */
void sluice_bench_counters_read(struct sluice_bench_counters *counters)
{
	struct sluice_udp_counters udp = {0};

	memset(counters, 0, sizeof(*counters));
	if (sluice_udp_counters_read(&udp) == 0) {
		counters->sockets = udp.overflows;
		counters->no_ports = udp.no_ports;
		counters->checksums = udp.checksums;
	}
	counters->softnet = read_softnet();
	counters->card = read_cards();
	read_cpu(counters->cpu);
}

/* The difference, or 0. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* As counters.h says. @threadsafe */
void sluice_bench_counters_since(struct sluice_bench_counters *counters,
				 const struct sluice_bench_counters *before)
{
	size_t kind;

	counters->card = since(counters->card, before->card);
	counters->softnet = since(counters->softnet, before->softnet);
	counters->sockets = since(counters->sockets, before->sockets);
	counters->no_ports = since(counters->no_ports, before->no_ports);
	counters->checksums = since(counters->checksums, before->checksums);
	for (kind = 0; kind < SLUICE_BENCH_CPU_KINDS; kind++)
		counters->cpu[kind] = since(counters->cpu[kind], before->cpu[kind]);
}
