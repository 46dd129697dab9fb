// SPDX-License-Identifier: MIT
/*
 * The points of a sweep, and the configuration of each: see sweep.h. Touches: the file that it
 * writes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/size.h"
#include "sweep.h"

#define UDP_FIRST 5000U
#define TCP_FIRST 6000U
/* Rules that nothing matches take ports from here on. */
#define RULE_FIRST 20000U

/* An axis: its limits if its values are numbers. */
struct axis {
	const char *name;
	uint64_t least;
	uint64_t most; /* 0: words */
};

static const struct axis table[SLUICE_SWEEP_AXES] = {
	[SLUICE_SWEEP_INPUTS] = {"inputs", 1, 1000},
	[SLUICE_SWEEP_PORTS] = {"ports", 1, 1000},
	[SLUICE_SWEEP_OUTPUTS] = {"outputs", 1, 16},
	[SLUICE_SWEEP_DESTINATIONS] = {"destinations", 1, 64},
	[SLUICE_SWEEP_WORKERS] = {"workers", 1, 64},
	[SLUICE_SWEEP_SIZE] = {"size", 0, 0},
	[SLUICE_SWEEP_RULES] = {"rules", 1, 10000},
	[SLUICE_SWEEP_BATCH_BYTES] = {"batch-bytes", 0, 0},
	[SLUICE_SWEEP_BATCH_DELAY] = {"batch-delay", 0, 0},
	[SLUICE_SWEEP_SOURCES] = {"sources", 1, 1024},
	[SLUICE_SWEEP_SOURCE] = {"source", 0, 0},
	[SLUICE_SWEEP_RECEIVE] = {"receive", 0, 0},
	[SLUICE_SWEEP_FRAMING] = {"framing", 0, 0},
	[SLUICE_SWEEP_VERDICT] = {"verdict", 0, 0},
};

/* As sweep.h says. @threadsafe */
const char *sluice_sweep_axis_name(enum sluice_sweep_axis axis)
{
	return axis < SLUICE_SWEEP_AXES ? table[axis].name : "?";
}

/* As sweep.h says. @threadsafe */
enum sluice_sweep_axis sluice_sweep_axis_find(const char *name)
{
	enum sluice_sweep_axis axis = SLUICE_SWEEP_INPUTS;

	while (axis < SLUICE_SWEEP_AXES && strcmp(table[axis].name, name) != 0)
		axis++;
	return axis;
}

/* As sweep.h says. @threadsafe */
const char *sluice_sweep_value_fault(enum sluice_sweep_axis axis, const char *value)
{
	uint64_t number;

	/* Words go into a configuration and a file's name. */
	if (*value == '\0' || value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return "has other characters than a-z, 0-9 and -";
	if (table[axis].most && (sluice_number_parse(value, &number) ||
				 number < table[axis].least || number > table[axis].most))
		return "is not a whole number in the range of its axis";
	return NULL;
}

/* As sweep.h says. @threadsafe */
size_t sluice_sweep_points(const struct sluice_sweep *sweep)
{
	size_t points = 1;
	size_t index;

	for (index = 0; index < sweep->axes; index++)
		points *= sweep->values[index];
	return points;
}

/* As sweep.h says. @threadsafe */
struct sluice_sweep_point sluice_sweep_point(const struct sluice_sweep *sweep, size_t index)
{
	struct sluice_sweep_point point = sweep->fixed;
	size_t axis;

	for (axis = sweep->axes; axis > 0; axis--) {
		size_t values = sweep->values[axis - 1];

		point.value[sweep->axis[axis - 1]] = sweep->value[axis - 1][index % values];
		index /= values;
	}
	return point;
}

/* As sweep.h says. @threadsafe */
void sluice_sweep_name(const struct sluice_sweep *sweep, const struct sluice_sweep_point *point,
		       size_t run, char name[SLUICE_SWEEP_NAME])
{
	size_t length = 0;
	size_t axis;

	for (axis = 0; axis < sweep->axes && length < SLUICE_SWEEP_NAME; axis++)
		length += (size_t)snprintf(name + length, SLUICE_SWEEP_NAME - length, "%s=%s,",
					   table[sweep->axis[axis]].name,
					   point->value[sweep->axis[axis]]);
	if (length < SLUICE_SWEEP_NAME)
		snprintf(name + length, SLUICE_SWEEP_NAME - length, "run=%zu", run);
}

/* The number of an axis, or what it is without. */
static uint64_t number_of(const struct sluice_sweep_point *point, enum sluice_sweep_axis axis)
{
	return point->value[axis] ? strtoull(point->value[axis], NULL, 10) : 1;
}

/* As sweep.h says. @threadsafe */
uint64_t sluice_sweep_udp_ports(const struct sluice_sweep_point *point)
{
	return number_of(point, SLUICE_SWEEP_INPUTS) * number_of(point, SLUICE_SWEEP_PORTS);
}

/* As sweep.h says. @threadsafe */
uint64_t sluice_sweep_tcp_ports(const struct sluice_sweep_point *point)
{
	return number_of(point, SLUICE_SWEEP_OUTPUTS) * number_of(point, SLUICE_SWEEP_DESTINATIONS);
}

/* Writes a key of an input or output if the point has it. */
static void write_key(FILE *file, const struct sluice_sweep_point *point,
		      enum sluice_sweep_axis axis, const char *key)
{
	if (point->value[axis])
		fprintf(file, ", %s: %s", key, point->value[axis]);
}

/* Writes one input. */
static void write_input(FILE *file, const struct sluice_sweep_point *point, uint64_t number,
			uint64_t first, uint64_t last)
{
	uint64_t outputs = number_of(point, SLUICE_SWEEP_OUTPUTS);
	const char *source = point->value[SLUICE_SWEEP_SOURCE];
	uint64_t index;

	fprintf(file, "  - {name: in%" PRIu64 ", port: %" PRIu64 "-%" PRIu64 ", source: %s", number,
		first, last, source ? source : "socket");
	if (!source || strcmp(source, "socket") == 0)
		fputs(", address: 127.0.0.1", file);
	write_key(file, point, SLUICE_SWEEP_RECEIVE, "receive");
	write_key(file, point, SLUICE_SWEEP_VERDICT, "verdict");
	fputs(", outputs: [", file);
	for (index = 0; index < outputs; index++)
		fprintf(file, "%sout%" PRIu64, index ? ", " : "", index);
	fputs("]}\n", file);
}

/* As sweep.h says. @context process */
int sluice_sweep_configure(const struct sluice_sweep_point *point, const char *path)
{
	uint64_t ports = number_of(point, SLUICE_SWEEP_PORTS);
	uint64_t inputs = number_of(point, SLUICE_SWEEP_INPUTS);
	uint64_t rules = number_of(point, SLUICE_SWEEP_RULES);
	uint64_t destinations = number_of(point, SLUICE_SWEEP_DESTINATIONS);
	uint64_t index;
	uint64_t place;
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fputs("relay: sluice-sweep\nlog: {level: notice}\n", file);
	if (point->value[SLUICE_SWEEP_WORKERS])
		fprintf(file, "workers: %s\n", point->value[SLUICE_SWEEP_WORKERS]);
	fputs("inputs:\n", file);
	for (index = 0; index < inputs; index++)
		write_input(file, point, index, UDP_FIRST + index * ports,
			    UDP_FIRST + index * ports + ports - 1);
	for (index = 0; index + 1 < rules; index++)
		write_input(file, point, inputs + index, RULE_FIRST + index, RULE_FIRST + index);
	fputs("outputs:\n", file);
	for (index = 0; index < number_of(point, SLUICE_SWEEP_OUTPUTS); index++) {
		fprintf(file, "  - {name: out%" PRIu64, index);
		write_key(file, point, SLUICE_SWEEP_FRAMING, "framing");
		if (destinations > 1)
			fputs(", mode: balance", file);
		if (point->value[SLUICE_SWEEP_BATCH_BYTES] ||
		    point->value[SLUICE_SWEEP_BATCH_DELAY]) {
			const char *bytes = point->value[SLUICE_SWEEP_BATCH_BYTES];
			const char *delay = point->value[SLUICE_SWEEP_BATCH_DELAY];

			fprintf(file, ", batch: {%s%s%s%s%s}", bytes ? "bytes: " : "",
				bytes ? bytes : "", bytes && delay ? ", " : "",
				delay ? "delay: " : "", delay ? delay : "");
		}
		fputs(", to: [", file);
		for (place = 0; place < destinations; place++)
			fprintf(file, "%s\"127.0.0.1:%" PRIu64 "\"", place ? ", " : "",
				TCP_FIRST + index * destinations + place);
		fputs("]}\n", file);
	}
	return fclose(file) ? -errno : 0;
}
