// SPDX-License-Identifier: MIT
/*
 * Checks of processors: who has them, how fast they are, where they are. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define CPUS "/sys/devices/system/cpu/cpu"
#define CLOCK "/sys/devices/system/clocksource/clocksource0/"

/* As its row says. */
void sluice_doctor_cpu_softirq(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	char subject[16], percent[16];
	struct sluice_doctor_cpu cpu;
	json_t *finding;
	size_t place = 0;

	while (sluice_doctor_next_cpu(look, &place, &cpu)) {
		if (cpu.interrupts <= 0.9)
			continue;
		snprintf(subject, sizeof(subject), "%u", cpu.number);
		snprintf(percent, sizeof(percent), "%.0f", 100.0 * cpu.interrupts);
		finding = sluice_doctor_find(report, subject);
		sluice_doctor_fill(finding, "percent", "%s", percent);
		sluice_doctor_proof_text(finding, "/proc/stat", "percent in irq and softirq",
					 percent);
	}
}

/* As its row says. */
void sluice_doctor_cpu_steal(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	struct sluice_doctor_cpu cpu;
	double stolen = 0;
	size_t place = 0, count = 0;
	char percent[16];
	json_t *finding;

	while (sluice_doctor_next_cpu(look, &place, &cpu)) {
		stolen += cpu.stolen;
		count++;
	}
	if (!count || stolen / (double)count <= 0.01)
		return;
	snprintf(percent, sizeof(percent), "%.1f", 100.0 * stolen / (double)count);
	finding = sluice_doctor_find(report, "this machine");
	sluice_doctor_fill(finding, "percent", "%s", percent);
	sluice_doctor_proof_text(finding, "/proc/stat", "percent in steal", percent);
}

/* As its row says. The first line, "some", is what counts: one program that waits is enough. */
void sluice_doctor_cpu_pressure(const struct sluice_doctor_look *look,
				struct sluice_doctor_report *report)
{
	uint64_t numbers[2];
	double part =
		(double)sluice_doctor_number_rise(look, "/proc/pressure/cpu", "total", numbers) /
		1e6 / look->seconds;
	json_t *finding;

	if (part <= 0.1)
		return;
	finding = sluice_doctor_find(report, "this machine");
	sluice_doctor_fill(finding, "percent", "%.0f", part > 1 ? 100.0 : 100.0 * part);
	sluice_doctor_proof(finding, "/proc/pressure/cpu", "some total, us", numbers);
}

/* The control group of a file of one: what is between the mount and the file. */
static void group_of(const char *source, char group[256])
{
	const char *start = source + strlen("/sys/fs/cgroup"), *end = strrchr(source, '/');

	snprintf(group, 256, "%.*s", (int)(end - start), start);
}

/* As its row says. */
void sluice_doctor_cpu_throttled(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	static const char end[] = "/cpu.stat";
	uint64_t numbers[2], usecs[2], times, spent;
	const char *source;
	char group[256];
	json_t *finding;
	size_t number;

	for (number = 0; number < look->after.count; number++) {
		source = look->after.texts[number].source;
		if (strncmp(source, "/sys/fs/cgroup/", 15) != 0 ||
		    strcmp(source + strlen(source) - strlen(end), end) != 0)
			continue;
		times = sluice_doctor_number_rise(look, source, "nr_throttled", numbers);
		if (!times)
			continue;
		spent = sluice_doctor_number_rise(look, source, "throttled_usec", usecs);
		group_of(source, group);
		finding = sluice_doctor_find(report, group);
		sluice_doctor_fill_number(finding, "times", times);
		sluice_doctor_fill_number(finding, "ms", spent / 1000);
		sluice_doctor_proof(finding, source, "nr_throttled", numbers);
	}
}

/* A number that is a file of a CPU. False: it was not read. */
static bool cpu_file(const struct sluice_doctor_sample *sample, unsigned int cpu, const char *name,
		     uint64_t *value)
{
	char source[128];
	const char *text;

	snprintf(source, sizeof(source), CPUS "%u/cpufreq/%s", cpu, name);
	text = sluice_doctor_text(sample, source);
	if (text)
		*value = strtoull(text, NULL, 10);
	return text;
}

/* As its row says. */
void sluice_doctor_governor(const struct sluice_doctor_look *look,
			    struct sluice_doctor_report *report)
{
	uint64_t most, numbers[2];
	struct sluice_doctor_cpu cpu;
	char subject[16], source[128];
	const char *governor;
	json_t *finding;
	size_t place = 0;

	while (sluice_doctor_next_cpu(look, &place, &cpu)) {
		if (cpu.busy <= 0.5 ||
		    !cpu_file(&look->after, cpu.number, "cpuinfo_max_freq", &most) ||
		    !cpu_file(&look->before, cpu.number, "scaling_cur_freq", &numbers[0]) ||
		    !cpu_file(&look->after, cpu.number, "scaling_cur_freq", &numbers[1]) ||
		    numbers[0] * 10 >= most * 9 || numbers[1] * 10 >= most * 9)
			continue;
		snprintf(source, sizeof(source), CPUS "%u/cpufreq/scaling_governor", cpu.number);
		governor = sluice_doctor_text(&look->after, source);
		/* With `performance` it is heat or the host that holds it back: no remedy here. */
		if (!governor || !strncmp(governor, "performance", 11))
			continue;
		snprintf(subject, sizeof(subject), "%u", cpu.number);
		finding = sluice_doctor_find(report, subject);
		sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * cpu.busy);
		sluice_doctor_fill(finding, "mhz", "%" PRIu64, numbers[1] / 1000);
		sluice_doctor_fill(finding, "most", "%" PRIu64, most / 1000);
		sluice_doctor_fill(finding, "governor", "%.*s", (int)strcspn(governor, "\n"),
				   governor);
		snprintf(source, sizeof(source), CPUS "%u/cpufreq/scaling_cur_freq", cpu.number);
		sluice_doctor_proof(finding, source, "kHz", numbers);
	}
}

/* How often CPUs went into states that take more than 100 us to leave; *us: the longest. */
static uint64_t deep_sleeps(const struct sluice_doctor_look *look, uint64_t *us)
{
	static const char end[] = "/latency";
	const char *source, *was, *is;
	uint64_t latency, times = 0;
	char usage[192];
	size_t number;

	*us = 0;
	for (number = 0; number < look->after.count; number++) {
		source = look->after.texts[number].source;
		if (strncmp(source, CPUS, strlen(CPUS)) != 0 ||
		    strcmp(source + strlen(source) - strlen(end), end) != 0)
			continue;
		latency = strtoull(look->after.texts[number].text, NULL, 10);
		snprintf(usage, sizeof(usage), "%.*s/usage", (int)(strlen(source) - strlen(end)),
			 source);
		was = sluice_doctor_text(&look->before, usage);
		is = sluice_doctor_text(&look->after, usage);
		if (latency <= 100 || !was || !is ||
		    strtoull(is, NULL, 10) <= strtoull(was, NULL, 10))
			continue;
		times += strtoull(is, NULL, 10) - strtoull(was, NULL, 10);
		*us = latency > *us ? latency : *us;
	}
	return times;
}

/* As its row says. */
void sluice_doctor_idle_states(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	char card[SLUICE_DOCTOR_NAME] = "", counter[64], value[24];
	uint64_t us, times = deep_sleeps(look, &us), numbers[2];
	json_t *finding;

	while (times && sluice_doctor_next_link(look, card)) {
		if (!sluice_doctor_card_lost(look, card, counter, numbers))
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill_number(finding, "times", times);
		sluice_doctor_fill_number(finding, "us", us);
		sluice_doctor_proof(finding, "links/all", counter, numbers);
		snprintf(value, sizeof(value), "%" PRIu64, us);
		sluice_doctor_proof_text(finding, CPUS "*/cpuidle/state*/latency", "us", value);
	}
}

/* As its row says. */
void sluice_doctor_clock_source(const struct sluice_doctor_look *look,
				struct sluice_doctor_report *report)
{
	/* What is read by I/O, or by a call of the host; others are registers of the processor. */
	static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "xen"};
	static const char *const fast[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
					   "arch_sys_counter"};
	const char *now = sluice_doctor_text(&look->after, CLOCK "current_clocksource"),
		   *there = sluice_doctor_text(&look->after, CLOCK "available_clocksource");
	const char *better = NULL;
	char name[32];
	json_t *finding;
	size_t number;

	if (!now || sscanf(now, "%31s", name) != 1)
		return;
	for (number = 0; number < sizeof(slow) / sizeof(slow[0]); number++)
		if (!strcmp(slow[number], name))
			break;
	if (number == sizeof(slow) / sizeof(slow[0]))
		return;
	for (number = 0; there && !better && number < sizeof(fast) / sizeof(fast[0]); number++)
		if (strstr(there, fast[number]))
			better = fast[number];
	finding = sluice_doctor_find(report, name);
	sluice_doctor_proof_text(finding, CLOCK "current_clocksource", "clock source", name);
	if (better)
		sluice_doctor_fill(finding, "better", "%s", better);
	else
		sluice_doctor_mend(finding, "nothing: it shows why no better one is there",
				   "journalctl -k -g 'clocksource|tsc'");
}

/* Are any of the CPUs that sluiced may use at this node? */
static bool is_near(const char *node, const char *allowed)
{
	unsigned int cpu;

	for (cpu = 0; cpu < 4096; cpu++)
		if (sluice_doctor_list_has(node, cpu) && sluice_doctor_list_has(allowed, cpu))
			return true;
	return false;
}

/* What stands behind "Cpus_allowed_list:" of the daemon. NULL: there is none. */
static const char *allowed_cpus(const struct sluice_doctor_look *look)
{
	const char *found;
	size_t number;

	for (number = 0; number < look->after.count; number++) {
		if (strncmp(look->after.texts[number].source, "/proc/", 6) != 0)
			continue;
		found = strstr(look->after.texts[number].text, "Cpus_allowed_list:");
		if (found)
			return found + strcspn(found, "0123456789");
	}
	return NULL;
}

/* As its row says. */
void sluice_doctor_numa(const struct sluice_doctor_look *look, struct sluice_doctor_report *report)
{
	const char *allowed = allowed_cpus(look), *text, *node;
	char card[SLUICE_DOCTOR_NAME] = "", source[128], list[64];
	uint64_t numbers[2];
	json_t *finding;
	long number;

	while (allowed && sluice_doctor_next_link(look, card)) {
		snprintf(source, sizeof(source), "/sys/class/net/%s/device/numa_node", card);
		text = sluice_doctor_text(&look->after, source);
		number = text ? strtol(text, NULL, 10) : -1;
		if (number < 0 || !sluice_doctor_link_rise(look, card, "rx_packets", numbers))
			continue;
		snprintf(source, sizeof(source), "/sys/devices/system/node/node%ld/cpulist",
			 number);
		node = sluice_doctor_text(&look->after, source);
		if (!node || is_near(node, allowed))
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill(finding, "node", "%ld", number);
		snprintf(list, sizeof(list), "%.*s", (int)strcspn(node, "\n"), node);
		sluice_doctor_fill(finding, "near", "%s", list);
		snprintf(list, sizeof(list), "%.*s", (int)strcspn(allowed, "\n"), allowed);
		sluice_doctor_fill(finding, "cpus", "%s", list);
		sluice_doctor_proof_text(finding, "/proc/PID/status", "Cpus_allowed_list", list);
		sluice_doctor_proof(finding, "links/all", "rx_packets", numbers);
	}
}
