// SPDX-License-Identifier: MIT
/*
 * The kernel's counters of UDP, see udp_counters.h. /proc/self/net/snmp has a line of names and one
 * of figures for IPv4, snmp6 a line for each of IPv6's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "udp_counters.h"

#define NAMES "Udp: "
#define NAME6 "Udp6"
#define LINE_MAX_BYTES 2048

/* Where the counter of this name (`length` bytes of it) is added to; NULL: it is none of ours. */
static uint64_t *place_of(struct sluice_udp_counters *counters, const char *name, size_t length)
{
	const struct {
		const char *name;
		uint64_t *place;
	} known[] = {
		{"NoPorts", &counters->no_ports},
		{"InCsumErrors", &counters->checksums},
		{"RcvbufErrors", &counters->overflows},
		{"MemErrors", &counters->overflows},
	};
	size_t number;

	for (number = 0; number < sizeof(known) / sizeof(known[0]); number++)
		if (strlen(known[number].name) == length &&
		    !strncmp(known[number].name, name, length))
			return known[number].place;
	return NULL;
}

/* Adds the number at `text` to *place, which may be NULL. Returns what is behind it; NULL: there is
 * none. */
static const char *add(const char *text, uint64_t *place)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text)
		return NULL;
	if (place)
		*place += value;
	return end;
}

/* Adds the figures to the counters whose names stand above them. */
static void add_columns(const char *names, const char *figures, struct sluice_udp_counters *to)
{
	while (figures) {
		names += strspn(names, " \n");
		if (!*names)
			return;
		figures = add(figures, place_of(to, names, strcspn(names, " \n")));
		names += strcspn(names, " \n");
	}
}

/* Adds IPv4's. False: there are none. */
static bool read_four(struct sluice_udp_counters *counters)
{
	FILE *file = fopen("/proc/self/net/snmp", "re");
	char names[LINE_MAX_BYTES] = "", line[LINE_MAX_BYTES];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (strncmp(line, NAMES, strlen(NAMES)) != 0)
			continue;
		found = *names;
		if (found)
			add_columns(names + strlen(NAMES), line + strlen(NAMES), counters);
		memcpy(names, line, sizeof(names));
	}
	if (file)
		fclose(file);
	return found;
}

/* Adds IPv6's, if there are any. */
static void read_six(struct sluice_udp_counters *counters)
{
	FILE *file = fopen("/proc/self/net/snmp6", "re");
	char line[LINE_MAX_BYTES];

	while (file && fgets(line, sizeof(line), file)) {
		const char *name = line + strlen(NAME6);

		if (!strncmp(line, NAME6, strlen(NAME6)))
			(void)add(name + strcspn(name, " \t"),
				  place_of(counters, name, strcspn(name, " \t")));
	}
	if (file)
		fclose(file);
}

int sluice_udp_counters_read(struct sluice_udp_counters *counters)
{
	if (!counters)
		return -EINVAL;
	memset(counters, 0, sizeof(*counters));
	if (!read_four(counters))
		return -ENOENT;
	read_six(counters);
	return 0;
}
