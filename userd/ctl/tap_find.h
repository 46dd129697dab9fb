/* SPDX-License-Identifier: MIT */
/*
 * Which rings there are to look at: the module's, by /dev/sluice, and those of the daemon that is
 * asked, which are files and memory of its process, by /proc/PID/fd; and what their routes and
 * inputs are called. Between `sluicectl tap` and its views. Touches: netlink sockets, the daemon's
 * socket, /dev/sluice, /proc, stderr.
 */
#ifndef SLUICE_CTL_TAP_FIND_H
#define SLUICE_CTL_TAP_FIND_H

#include <jansson.h>
#include "tap_view.h"

struct sluice_tap_rings {
	struct sluice_tap_view **list; /* each by itself, @owner this */
	size_t count;
	pid_t daemon;	   /* 0: none is there */
	json_t *inputs;	   /* as `show inputs -j`; NULL: no daemon */
	json_t *streams;   /* as `show streams -j`, the daemon's */
	uint64_t began_ns; /* since 1970 */
	bool has_module;   /* it was there when we began */
	bool is_lonely;	   /* the daemon went, and that was said */
};

/*
 * Finds all there are, and opens those of the daemon; `backlog`: to be read from their beginnings.
 * 0, or a negative errno, said.
 * @owner caller: sluice_tap_rings_close()
 */
int sluice_tap_rings_find(struct sluice_tap_rings *rings, bool backlog);

/* Looks again at what there is: rings that are new are added, to be read from their first record
 * (the module's are still to be attached to); views of a daemon's that are gone lose `is_there`.
 * Says when the daemon is gone, and when one
 * is back. */
void sluice_tap_rings_again(struct sluice_tap_rings *rings);

/* Attaches to one of the module's rings. 0; -ENOENT: it is gone; other negative errno. */
int sluice_tap_rings_attach(struct sluice_tap_view *view, bool backlog);

/* What input `number` of sources of the view's kind is called; NULL: nobody knows. */
const char *sluice_tap_rings_input(const struct sluice_tap_rings *rings,
				   const struct sluice_tap_view *view, uint16_t number);

/* The input that is called so, or has this GUID; NULL: there is none. */
const json_t *sluice_tap_rings_named(const struct sluice_tap_rings *rings, const char *name);

/* Closes all. */
void sluice_tap_rings_close(struct sluice_tap_rings *rings);

#endif /* SLUICE_CTL_TAP_FIND_H */
