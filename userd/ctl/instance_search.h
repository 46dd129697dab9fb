/* SPDX-License-Identifier: MIT */
/*
 * Daemons whose socket is somewhere else than in /run/sluice (`sluiced --socket`), found by their
 * processes. Touches: /proc.
 */
#ifndef SLUICE_CTL_INSTANCE_SEARCH_H
#define SLUICE_CTL_INSTANCE_SEARCH_H

#include <stdbool.h>
#include "../lib/packet_socket.h"

/*
 * Calls `each` for every packet socket with a whole path at which a process called sluiced listens,
 * until it returns another value than 0: that. `is_here`: the process is of this network namespace.
 * Seen is only what the caller may look at: root all, others what they run themselves. 0; a
 * negative errno: /proc cannot be read.
 */
int sluice_instance_search(int (*each)(const char *path, bool is_here, void *context),
			   void *context);

#endif /* SLUICE_CTL_INSTANCE_SEARCH_H */
