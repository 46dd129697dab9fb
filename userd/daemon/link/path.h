/* SPDX-License-Identifier: MIT */
/*
 * Which relays what leaves here has passed: this one, and those that its inputs hear of from relays
 * upstream (source: sluice). A native connection tells it to its receiver (PATH of
 * docs/wire-format.md), so that a relay that finds itself there knows of a loop. Touches: memory,
 * and once facts of this machine. All @threadsafe
 */
#ifndef SLUICE_LINK_PATH_H
#define SLUICE_LINK_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/frame.h"
#include "../../lib/guid.h"

/* Bytes of a PATH frame at most. */
#define SLUICE_PATH_FRAME (SLUICE_FRAME_HEADER + SLUICE_FRAME_RELAYS * 80U)

/* What this relay is called, and what tells it from others on this machine: where its configuration
 * is. */
void sluice_path_name(const char *name, const char *home);

/* What link `key` (an address that tells it from others) said: what goes to these outputs has
 * passed these relays. 0 or -ENOMEM. */
int sluice_path_set(const void *key, const sluice_guid *outputs, size_t output_count,
		    const struct sluice_frame_relay *relays, size_t count);
/* That link is gone. */
void sluice_path_remove(const void *key);

/* Changes whenever one of these was called with something new; never 0. */
uint64_t sluice_path_generation(void);

/* Is this relay among them? */
bool sluice_path_has_self(const struct sluice_frame_relay *relays, size_t count);

/* What this relay is called; a constant, as far as callers are concerned: valid until it changes.
 */
const char *sluice_path_self_name(void);

/* Writes the PATH frame for an output into `bytes`, of SLUICE_PATH_FRAME. Returns how long it is.
 */
size_t sluice_path_write(const sluice_guid output, uint8_t *bytes);

#endif /* SLUICE_LINK_PATH_H */
