/* SPDX-License-Identifier: MIT */
/*
 * Where the daemon's threads, rings and cards' interrupts are: on which CPUs and NUMA nodes, as the
 * kernel tells in /proc and /sys. Read below a root directory, so that recorded trees do as well as
 * the machine's own ("").
 *
 * A placement is a list of objects, one for each thread, ring and interrupt, with the members that
 * `sluicectl show placement` has (field_rows.h, PLACEMENT).
 *
 * Touches: reads files below the root directory.
 */
#ifndef SLUICE_CTL_PLACEMENT_H
#define SLUICE_CTL_PLACEMENT_H

#include <jansson.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#define SLUICE_NODES_MAX 64U

/* What of the machine and the daemon's process everything is held against. */
struct sluice_placement_host {
	cpu_set_t nodes[SLUICE_NODES_MAX]; /* the CPUs of each */
	size_t node_count;		   /* 1 where nobody knows of any */
	cpu_set_t online;
	cpu_set_t isolated; /* isolcpus */
	cpu_set_t tickless; /* nohz_full */
	cpu_set_t allowed;  /* the cpuset of the process; all where there is none */
};

/* Reads a list of CPUs ("0-3,8") from a file, the last part of whose path is `name`. False: it
 * cannot be read, and *set is empty. */
bool sluice_placement_cpus(const char *root, const char *name, cpu_set_t *set);

/* What there is for the process `pid`. */
void sluice_placement_host_read(const char *root, int pid, struct sluice_placement_host *host);

/* The node of a CPU; 0 where nobody knows. */
int sluice_placement_node_of(const struct sluice_placement_host *host, size_t cpu);

/* The only node that has CPUs of `set`; -1: several have, or none. */
int sluice_placement_node_of_set(const struct sluice_placement_host *host, const cpu_set_t *set);

/* Adds an object for each thread of `pid`. 0, -ENOENT: there is no such process; -ENOMEM. */
int sluice_placement_threads(const char *root, int pid, const struct sluice_placement_host *host,
			     json_t *list);

/* Adds an object for each ring that `pid` has mapped, with what `streams` (sluice_list_streams())
 * says of it; where its memory is may need the right to look into the process. 0 or -ENOMEM. */
int sluice_placement_rings(const char *root, int pid, const json_t *streams, json_t *list);

/* Adds an object for each interrupt of each card. 0 or -ENOMEM. */
int sluice_placement_cards(const char *root, const struct sluice_placement_host *host,
			   json_t *list);

/* Adds to each object of `list` what contradicts, `warnings`: sentences, with what mends it. 0 or
 * -ENOMEM. */
int sluice_placement_judge(const struct sluice_placement_host *host, json_t *list);

/* Prints it. A SLUICE_CTL_* status. */
int sluice_show_placement(bool as_json);

#endif /* SLUICE_CTL_PLACEMENT_H */
