// SPDX-License-Identifier: MIT
/*
 * The kernel's counters of UDP, see udp_counters.h. /proc/self/net/snmp has a line of names and one
 * of figures for IPv4, snmp6 a line for each of IPv6's. No stdio: a worker reads them once a
 * second, and workers allocate nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "udp_counters.h"

#define NAMES "Udp: "
#define NAME6 "Udp6"
/* Of a file: snmp6 has about 90 lines of 45 bytes. */
#define TEXT_MAX 16384U

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

/* Reads a whole file of /proc into `text`, cut at its size; empty if it cannot be had. */
static void read_text(const char *path, char text[TEXT_MAX])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 1;

	while (file >= 0 && got > 0 && length < TEXT_MAX - 1) {
		got = read(file, text + length, TEXT_MAX - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	text[length] = '\0';
	if (file >= 0)
		close(file);
}

/* Cuts the next line off *text; NULL: there is none, or it is empty, which none is there. */
static char *next_line(char **text)
{
	char *line = *text;

	*text += strcspn(line, "\n");
	if (**text)
		*(*text)++ = '\0';
	return *line ? line : NULL;
}

/* Adds IPv4's. False: there are none. */
static bool read_four(struct sluice_udp_counters *counters)
{
	char text[TEXT_MAX];
	char *rest = text;
	const char *names = NULL;
	const char *line;

	read_text("/proc/self/net/snmp", text);
	while ((line = next_line(&rest))) {
		if (strncmp(line, NAMES, strlen(NAMES)) != 0)
			continue;
		if (names) {
			add_columns(names + strlen(NAMES), line + strlen(NAMES), counters);
			return true;
		}
		names = line;
	}
	return false;
}

/* Adds IPv6's, if there are any. */
static void read_six(struct sluice_udp_counters *counters)
{
	char text[TEXT_MAX];
	char *rest = text;
	const char *line;

	read_text("/proc/self/net/snmp6", text);
	while ((line = next_line(&rest))) {
		const char *name = line + strlen(NAME6);

		if (!strncmp(line, NAME6, strlen(NAME6)))
			(void)add(name + strcspn(name, " \t"),
				  place_of(counters, name, strcspn(name, " \t")));
	}
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
