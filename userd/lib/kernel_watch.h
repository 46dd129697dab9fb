/* SPDX-License-Identifier: MIT */
/*
 * The module's own word of its rings, by its multicast group: that another process has one, or
 * nobody, that it is full, and that it has room again. For the control thread. Touches: a generic
 * netlink socket.
 */
#ifndef SLUICE_LIB_KERNEL_WATCH_H
#define SLUICE_LIB_KERNEL_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sluice/netlink.h>
#include "guid.h"

/* What happened. */
struct sluice_kernel_event {
	bool is_missed; /* some did that we were not told of: the rest means nothing */
	uint32_t kind;	/* enum sluice_event */
	uint32_t cpu;
	sluice_guid route;
	char name[SLUICE_NAME_MAX + 1]; /* the route's */
};

/* Joins the group. *type is for the next function. The descriptor, which does not block; -ENOENT:
 * the module is not loaded; another negative errno. @owner caller: close() @context process */
int sluice_kernel_watch_open(int *type);

/*
 * Reads all that has come and calls `told` for each event. Once the kernel had no room for one it
 * goes on dropping others, without saying so again, until the socket is empty: so that is told
 * last, when everything has been read and the socket hears again. 0 or a negative errno. @context
 * process
 */
int sluice_kernel_watch_read(int fd, int type,
			     void (*told)(const struct sluice_kernel_event *event, void *context),
			     void *context);

#endif /* SLUICE_LIB_KERNEL_WATCH_H */
