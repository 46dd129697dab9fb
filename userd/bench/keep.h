/* SPDX-License-Identifier: MIT */
/*
 * The file into which a sink writes the payloads it delivers. Gathers them, writes when the books
 * are committed, so that after a crash it can be cut back to what was. Touches: its file. Not
 * @threadsafe.
 */
#ifndef SLUICE_BENCH_KEEP_H
#define SLUICE_BENCH_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sluice_keep;

/* Opens or makes `path` and cuts it to `written` bytes. `lengths`: a 32-bit little-endian length in
 * front of each payload; else a newline behind it. 0 or a negative errno (-EINVAL: the file is
 * shorter than that).
 * @owner caller: sluice_keep_close() */
int sluice_keep_open(struct sluice_keep **keep, const char *path, uint64_t written, bool lengths);
void sluice_keep_close(struct sluice_keep *keep);

/* Adds a payload. 0, -ENOMEM, or the negative errno of writing. */
int sluice_keep_add(struct sluice_keep *keep, const uint8_t *payload, size_t length);

/* Writes what was gathered; *written is the file's length then. 0 or a negative errno. */
int sluice_keep_flush(struct sluice_keep *keep, uint64_t *written);

/* Writes the file to its disk. 0 or a negative errno. @context process, slow */
int sluice_keep_sync(struct sluice_keep *keep);

#endif /* SLUICE_BENCH_KEEP_H */
