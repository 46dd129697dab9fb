/* SPDX-License-Identifier: MIT */
/*
 * Where values of the running configuration come from: the revisions that are kept, read from the
 * newest back. Touches: a netlink socket, stderr.
 */
#ifndef SLUICE_CTL_ORIGIN_H
#define SLUICE_CTL_ORIGIN_H

#include <jansson.h>
#include "../config/pieces.h"
#include "running.h"

/* One revision, read. */
struct sluice_origin_revision {
	struct sluice_running running;
	struct sluice_pieces pieces;
};

/* All that are kept, the newest first. @owner whoever has it: sluice_origins_free() */
struct sluice_origins {
	struct sluice_origin_revision *list;
	size_t count;
};

/* Asks the daemon. 0 or a negative errno, having said why. */
int sluice_origins_read(struct sluice_netlink *netlink, struct sluice_origins *origins);
void sluice_origins_free(struct sluice_origins *origins);

/*
 * Where the value of `word` of an item comes from, NULL being the whole: an object whose `from` is
 * `default`; `file`, with `file` and `line`; or `runtime`, with `revision`, `uid`, `since` (local
 * time) and `how`. It is the oldest revision that is kept since which the value has been what it
 * is. NULL: no memory. @owner caller: json_decref()
 */
json_t *sluice_origin_of(const struct sluice_origins *origins, const struct sluice_piece_item *item,
			 const char *word);

/* The same as text: "FILE:LINE", "revision 5, user 0, 2026-..: set out rate=50mbit"; "": default.
 * Returns `text`, cut to `size` bytes. */
const char *sluice_origin_text(const json_t *origin, char *text, size_t size);

/* Nanoseconds since 1970 as a local time, ISO 8601. Returns `text`. */
const char *sluice_origin_time(uint64_t nanoseconds, char text[32]);

#endif /* SLUICE_CTL_ORIGIN_H */
