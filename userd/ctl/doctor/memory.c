// SPDX-License-Identifier: MIT
/*
 * Checks of memory and of the limits of the service. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define GROUPS "/sys/fs/cgroup/"

/* Is it file `name` of a control group? `group` is that. */
static bool is_group_file(const char *source, const char *name, char group[256])
{
	const char *end = strrchr(source, '/');

	if (strncmp(source, GROUPS, strlen(GROUPS)) != 0 || !end || strcmp(end + 1, name) != 0)
		return false;
	snprintf(group, 256, "%.*s", (int)(end - source - (long)strlen(GROUPS) + 1),
		 source + strlen(GROUPS) - 1);
	return true;
}

/* A finding about killed processes. */
static void tell_killed(const struct sluice_doctor_look *look, struct sluice_doctor_report *report,
			const char *source, const char *where)
{
	uint64_t numbers[2], kills = sluice_doctor_number_rise(look, source, "oom_kill", numbers);
	json_t *finding;

	if (!kills)
		return;
	finding = sluice_doctor_find(report, where);
	sluice_doctor_fill_number(finding, "kills", kills);
	sluice_doctor_fill(finding, "where", "%s", where);
	sluice_doctor_proof(finding, source, "oom_kill", numbers);
}

/* As its row says. */
void sluice_doctor_out_of_memory(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	char group[256];
	size_t number;

	tell_killed(look, report, "/proc/vmstat", "the whole machine");
	for (number = 0; number < look->after.count; number++)
		if (is_group_file(look->after.texts[number].source, "memory.events", group))
			tell_killed(look, report, look->after.texts[number].source, group);
}

/* How often somebody had to free memory himself before he got some. */
static uint64_t stalls(const struct sluice_doctor_look *look)
{
	static const char *const names[] = {"allocstall_dma", "allocstall_dma32",
					    "allocstall_normal", "allocstall_movable",
					    "allocstall_device"};
	uint64_t numbers[2], sum = 0;
	size_t number;

	for (number = 0; number < sizeof(names) / sizeof(names[0]); number++)
		sum += sluice_doctor_number_rise(look, "/proc/vmstat", names[number], numbers);
	return sum;
}

/* As its row says. */
void sluice_doctor_memory_low(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	const char *text = sluice_doctor_text(&look->after, "/proc/meminfo");
	uint64_t whole, available, times = stalls(look);
	char value[32];
	json_t *finding;

	if (!sluice_doctor_number(text, "MemTotal", &whole) || !whole ||
	    !sluice_doctor_number(text, "MemAvailable", &available) ||
	    (available * 20 >= whole && !times))
		return;
	finding = sluice_doctor_find(report, "memory");
	sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * (double)available / (double)whole);
	sluice_doctor_fill_number(finding, "stalls", times);
	snprintf(value, sizeof(value), "%" PRIu64 " kB", available);
	sluice_doctor_proof_text(finding, "/proc/meminfo", "MemAvailable", value);
	snprintf(value, sizeof(value), "+%" PRIu64, times);
	sluice_doctor_proof_text(finding, "/proc/vmstat", "allocstall_*", value);
}

/* As its row says. */
void sluice_doctor_memory_limit(const struct sluice_doctor_look *look,
				struct sluice_doctor_report *report)
{
	uint64_t numbers[2] = {0}, most, used, times;
	char group[256], other[320];
	const char *source, *text;
	json_t *finding;
	size_t number;

	for (number = 0; number < look->after.count; number++) {
		source = look->after.texts[number].source;
		/* "max": there is no limit. */
		if (!is_group_file(source, "memory.max", group) ||
		    look->after.texts[number].text[0] == 'm')
			continue;
		most = strtoull(look->after.texts[number].text, NULL, 10);
		snprintf(other, sizeof(other), "/sys/fs/cgroup%s/memory.current", group);
		text = sluice_doctor_text(&look->after, other);
		used = text ? strtoull(text, NULL, 10) : 0;
		snprintf(other, sizeof(other), "/sys/fs/cgroup%s/memory.events", group);
		times = sluice_doctor_number_rise(look, other, "max", numbers);
		if (!times && used * 10 <= most * 9)
			continue;
		finding = sluice_doctor_find(report, group);
		sluice_doctor_fill_number(finding, "used", used);
		sluice_doctor_fill_number(finding, "most", most);
		sluice_doctor_fill_number(finding, "times", times);
		sluice_doctor_proof_text(finding, source, "bytes", look->after.texts[number].text);
		sluice_doctor_proof(finding, other, "max", numbers);
	}
}

/* The soft limit in /proc/PID/limits, of the process whose file of that name was read. False: it
 * is not there, or unlimited. */
static bool limit_of(const struct sluice_doctor_look *look, const char *name, uint64_t *limit)
{
	const char *source, *found;
	size_t number;

	for (number = 0; number < look->after.count; number++) {
		source = look->after.texts[number].source;
		if (strncmp(source, "/proc/", 6) != 0 || !strstr(source, "/limits"))
			continue;
		found = strstr(look->after.texts[number].text, name);
		if (!found)
			continue;
		found += strlen(name);
		found += strspn(found, " ");
		*limit = strtoull(found, NULL, 10);
		return *found >= '0' && *found <= '9';
	}
	return false;
}

/* The number behind `name` in a source that begins and ends so. False: it was not read. */
static bool process_number(const struct sluice_doctor_look *look, const char *begin,
			   const char *end, const char *name, uint64_t *value)
{
	const char *source;
	size_t number;

	for (number = 0; number < look->after.count; number++) {
		source = look->after.texts[number].source;
		if (!strncmp(source, begin, strlen(begin)) && strlen(source) > strlen(end) &&
		    !strcmp(source + strlen(source) - strlen(end), end) &&
		    sluice_doctor_number(look->after.texts[number].text, name, value))
			return true;
	}
	return false;
}

/* As its row says. */
void sluice_doctor_descriptors(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	uint64_t used, most;
	char value[24];
	json_t *finding;

	if (!limit_of(look, "Max open files", &most) ||
	    !process_number(look, "descriptors/", "", "open", &used) || used * 10 <= most * 8)
		return;
	finding = sluice_doctor_find(report, "sluiced");
	sluice_doctor_fill_number(finding, "used", used);
	sluice_doctor_fill_number(finding, "most", most);
	sluice_doctor_fill(finding, "more", "%" PRIu64, most < 32768 ? 65536 : 2 * most);
	snprintf(value, sizeof(value), "%" PRIu64, used);
	sluice_doctor_proof_text(finding, "/proc/PID/fd", "descriptors", value);
	snprintf(value, sizeof(value), "%" PRIu64, most);
	sluice_doctor_proof_text(finding, "/proc/PID/limits", "Max open files", value);
}

/* As its row says. */
void sluice_doctor_locked_memory(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	uint64_t used, most;
	char value[24];
	json_t *finding;

	if (!limit_of(look, "Max locked memory", &most) ||
	    !process_number(look, "/proc/", "/status", "VmLck", &used) || !used ||
	    used * 1024 * 10 <= most * 9)
		return;
	finding = sluice_doctor_find(report, "sluiced");
	sluice_doctor_fill_number(finding, "used", used);
	sluice_doctor_fill_number(finding, "most", most / 1024);
	snprintf(value, sizeof(value), "%" PRIu64 " kB", used);
	sluice_doctor_proof_text(finding, "/proc/PID/status", "VmLck", value);
}
