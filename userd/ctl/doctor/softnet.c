// SPDX-License-Identifier: MIT
/*
 * Checks of the first queues behind a card: /proc/net/softnet_stat. Touches: nothing.
 *
 * A line for each CPU that is on, of hexadecimal columns: 1 packets, 2 dropped, 3 squeezed, 10
 * received by RPS, 11 dropped by the flow limit; since Linux 5.10 column 13 is the number of the
 * CPU (12 its backlog), and 6.10 added two behind it. Before, lines count CPUs that are on, so
 * where some are off the number may be a wrong one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "check.h"

#define SOURCE "/proc/net/softnet_stat"
#define COLUMNS_MOST 24U
#define CPU_COLUMN 12U

/* Reads the columns of a line. How many there are. */
static size_t columns_of(const char *line, uint64_t columns[COLUMNS_MOST])
{
	size_t count = 0;
	char *end;

	while (count < COLUMNS_MOST && *line && *line != '\n') {
		columns[count] = strtoull(line, &end, 16);
		if (end == line)
			break;
		count++;
		line = end;
		while (*line == ' ')
			line++;
	}
	return count;
}

/* The number of the CPU of a line. */
static uint64_t cpu_of(const uint64_t *columns, size_t count, size_t line)
{
	return count > CPU_COLUMN ? columns[CPU_COLUMN] : line;
}

/* Column `column` (from 0) of a CPU. False: it is not there. */
static bool figure(const char *text, uint64_t cpu, size_t column, uint64_t *number)
{
	uint64_t columns[COLUMNS_MOST];
	size_t count, line;

	for (line = 0; text && *text; text = sluice_doctor_next_line(text), line++) {
		count = columns_of(text, columns);
		if (count <= column || cpu_of(columns, count, line) != cpu)
			continue;
		*number = columns[column];
		return true;
	}
	return false;
}

/* A finding for the next CPU behind `line` whose column grew; NULL: none. */
static json_t *next(const struct sluice_doctor_look *look, struct sluice_doctor_report *report,
		    size_t column, size_t *line, uint64_t *rise)
{
	const char *text = sluice_doctor_text(&look->after, SOURCE);
	uint64_t columns[COLUMNS_MOST], numbers[2] = {0}, cpu;
	size_t number, count;
	char subject[24], what[48];
	json_t *finding;
	bool was;

	for (number = 0; text && *text; text = sluice_doctor_next_line(text), number++) {
		count = columns_of(text, columns);
		if (number < *line || count <= column)
			continue;
		cpu = cpu_of(columns, count, number);
		was = figure(sluice_doctor_text(&look->before, SOURCE), cpu, column, &numbers[0]);
		numbers[1] = columns[column];
		*rise = sluice_doctor_rise(was, numbers[0], true, numbers[1]);
		if (!*rise)
			continue;
		*line = number + 1;
		snprintf(subject, sizeof(subject), "%" PRIu64, cpu);
		snprintf(what, sizeof(what), "column %zu of CPU %" PRIu64, column + 1, cpu);
		finding = sluice_doctor_find(report, subject);
		sluice_doctor_proof(finding, SOURCE, what, numbers);
		return finding;
	}
	return NULL;
}

/* What a setting is; `otherwise` where it cannot be read. */
static uint64_t setting(const struct sluice_doctor_look *look, const char *path, uint64_t otherwise)
{
	const char *text = sluice_doctor_text(&look->after, path);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* As its row says. */
void sluice_doctor_backlog_drops(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	uint64_t most = setting(look, "/proc/sys/net/core/netdev_max_backlog", 1000), rise;
	size_t line = 0;
	json_t *finding;

	while ((finding = next(look, report, 1, &line, &rise))) {
		sluice_doctor_fill_number(finding, "backlog", most);
		sluice_doctor_fill(finding, "more", "%" PRIu64, most < 5000 ? 10000 : 2 * most);
		sluice_doctor_lost(report, finding, rise);
		sluice_doctor_add(finding, "Packets wait there that come by veth, lo, or RPS.");
	}
}

/* As its row says. */
void sluice_doctor_flow_limit(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	size_t line = 0;
	uint64_t rise;
	json_t *finding;

	while ((finding = next(look, report, 10, &line, &rise)))
		sluice_doctor_lost(report, finding, rise);
}

/* As its row says. */
void sluice_doctor_squeezed(const struct sluice_doctor_look *look,
			    struct sluice_doctor_report *report)
{
	uint64_t budget = setting(look, "/proc/sys/net/core/netdev_budget", 300),
		 usecs = setting(look, "/proc/sys/net/core/netdev_budget_usecs", 2000), rise;
	size_t line = 0;
	json_t *finding;

	while ((finding = next(look, report, 2, &line, &rise))) {
		sluice_doctor_fill_number(finding, "times", rise);
		sluice_doctor_fill_number(finding, "budget", budget);
		sluice_doctor_fill_number(finding, "usecs", usecs);
		sluice_doctor_fill(finding, "more", "%" PRIu64, 2 * budget);
		sluice_doctor_fill(finding, "more_usecs", "%" PRIu64, 2 * usecs);
	}
}
