/* SPDX-License-Identifier: MIT */
/*
 * What keeps the module in use, and what would be lost with it: rings and what waits in them,
 * rules, processes that have /dev/sluice open. Touches: a netlink socket, /dev/sluice to look,
 * /proc.
 */
#ifndef SLUICE_CTL_MODULE_USE_H
#define SLUICE_CTL_MODULE_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../lib/kernel.h"

/* A process that has the device open. */
struct sluice_module_holder {
	pid_t pid;
	size_t files; /* how often */
	char name[24];
};

/* A ring with something in it. */
struct sluice_module_ring {
	char route[SLUICE_NAME_MAX + 1];
	uint32_t cpu, owner; /* owner: the process that consumes it, 0: none */
	uint64_t bytes;
	uint64_t datagrams;
	bool is_counted; /* else nobody knows how many datagrams */
};

/* What there is. @owner whoever has it: sluice_module_use_free() */
struct sluice_module_use {
	size_t rules;
	struct sluice_module_ring *rings; /* of this network namespace, with something in them */
	size_t ring_count;
	size_t consumed; /* rings that a process consumes, empty ones too */
	struct sluice_module_holder *holders;
	size_t holder_count;
};

/* Looks. 0; -ENOENT: the module is not loaded; other negative errno. *use is to be freed in any
 * case. */
int sluice_module_use_look(struct sluice_module_use *use);
void sluice_module_use_free(struct sluice_module_use *use);

/* What waits in all rings together; false: not all datagrams could be counted. */
bool sluice_module_use_waiting(const struct sluice_module_use *use, uint64_t *bytes,
			       uint64_t *datagrams);

/* Prints to stderr a line for each ring with something in it, and each process. */
void sluice_module_use_print(const struct sluice_module_use *use);

#endif /* SLUICE_CTL_MODULE_USE_H */
