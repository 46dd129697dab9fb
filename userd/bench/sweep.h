/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `sluicebench sweep` share: axes, points, and what was found at each. Touches:
 * nothing.
 */
#ifndef SLUICE_BENCH_SWEEP_H
#define SLUICE_BENCH_SWEEP_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#define SLUICE_SWEEP_VALUES 32U /* values of an axis */
#define SLUICE_SWEEP_NAME 512U	/* a point's name, its end included */

/* What can vary. The order is that of the table in sweep_point.c. */
enum sluice_sweep_axis {
	SLUICE_SWEEP_INPUTS,
	SLUICE_SWEEP_PORTS,
	SLUICE_SWEEP_OUTPUTS,
	SLUICE_SWEEP_DESTINATIONS,
	SLUICE_SWEEP_WORKERS,
	SLUICE_SWEEP_SIZE,
	SLUICE_SWEEP_RULES,
	SLUICE_SWEEP_BATCH_BYTES,
	SLUICE_SWEEP_BATCH_DELAY,
	SLUICE_SWEEP_SOURCES,
	SLUICE_SWEEP_SOURCE,
	SLUICE_SWEEP_RECEIVE,
	SLUICE_SWEEP_FRAMING,
	SLUICE_SWEEP_VERDICT,
	SLUICE_SWEEP_AXES,
};

/* A value for each axis; NULL: the key is left out. */
struct sluice_sweep_point {
	const char *value[SLUICE_SWEEP_AXES];
};

/* The axes that vary, in the order of the command line, and what the points say. */
struct sluice_sweep {
	enum sluice_sweep_axis axis[SLUICE_SWEEP_AXES];
	size_t axes;
	const char *value[SLUICE_SWEEP_AXES][SLUICE_SWEEP_VALUES]; /* of axis[n]; into argv */
	size_t values[SLUICE_SWEEP_AXES];
	struct sluice_sweep_point fixed;
	size_t repeats;
	const char *folder;
};

/* The name of an axis, on the command line and in all results. A constant. @threadsafe */
const char *sluice_sweep_axis_name(enum sluice_sweep_axis axis);
/* The axis of a name; SLUICE_SWEEP_AXES: none. @threadsafe */
enum sluice_sweep_axis sluice_sweep_axis_find(const char *name);
/* Is `value` one that the axis takes? NULL: yes, else half a sentence. @threadsafe */
const char *sluice_sweep_value_fault(enum sluice_sweep_axis axis, const char *value);

/* Points in all, and point number `index`, the last axis varying fastest. @threadsafe */
size_t sluice_sweep_points(const struct sluice_sweep *sweep);
struct sluice_sweep_point sluice_sweep_point(const struct sluice_sweep *sweep, size_t index);
/* "inputs=10,size=200,run=1". @threadsafe */
void sluice_sweep_name(const struct sluice_sweep *sweep, const struct sluice_sweep_point *point,
		       size_t run, char name[SLUICE_SWEEP_NAME]);

/* Ports that a point's relay receives and delivers at, from 5000 and 6000 on. @threadsafe */
uint64_t sluice_sweep_udp_ports(const struct sluice_sweep_point *point);
uint64_t sluice_sweep_tcp_ports(const struct sluice_sweep_point *point);
/* Writes the configuration of sluiced for a point. 0 or a negative errno. @context process */
int sluice_sweep_configure(const struct sluice_sweep_point *point, const char *path);

/* Writes sweep.json, .csv, .md, .html and what gnuplot draws into the folder. `results`: an object
 * with "machine", "date", "command", ... and "points". Exit status. @context process */
int sluice_sweep_report(const struct sluice_sweep *sweep, const json_t *results);

#endif /* SLUICE_BENCH_SWEEP_H */
