/* SPDX-License-Identifier: MIT */
/*
 * What was changed while the daemon runs and is in no file, by its history. Touches: a netlink
 * socket, stderr.
 */
#ifndef SLUICE_CTL_RUNTIME_CHANGES_H
#define SLUICE_CTL_RUNTIME_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "daemon.h"

#define SLUICE_RUNTIME_CHANGES 64U /* that are told of; the daemon keeps twenty */

/* One of them. */
struct sluice_runtime_change {
	uint64_t revision;
	uint32_t uid;
	char *how;
};

/* @owner whoever has it: sluice_runtime_changes_free() */
struct sluice_runtime_changes {
	uint64_t base; /* revision that was last taken from a file; 0: it is not known any more */
	uint32_t base_uid;
	struct sluice_runtime_change list[SLUICE_RUNTIME_CHANGES]; /* since then, oldest first */
	size_t count;
};

/* Asks for them. 0 or a negative errno, having said why. @owner caller: *changes, also on failure
 */
int sluice_runtime_changes_read(struct sluice_netlink *netlink,
				struct sluice_runtime_changes *changes);
void sluice_runtime_changes_free(struct sluice_runtime_changes *changes);

#endif /* SLUICE_CTL_RUNTIME_CHANGES_H */
