/* SPDX-License-Identifier: MIT */
/*
 * Memory of a sink that outlives it: a mapped file in which every change since the last commit can
 * be taken back. A process that is killed at any instruction leaves either the state of the last
 * commit, or that state and the log to get back to it, which opening the file again does. Against
 * the death of the process only: for the machine's, sluice_state_sync() after a commit. Without a
 * path it is plain memory of the same shape.
 *
 *   0        SLUICE_STATE_LOG         SLUICE_STATE_DATA              used        dirty
 *   | head,  | old values, 16 bytes   | roots and what was           | zeros or  | zeros, no
 *   | roots  | each                   | allocated                    | taken back| blocks yet
 *
 * Before a 64-bit word is changed its old value goes into the log, and the log's count is raised:
 * in this order, by release stores, which is all that is needed, for a killed process has completed
 * every store before the instruction at which it died. Commit is the one store that sets the count
 * to 0. Words of memory allocated since the last commit need no log. Touches: its file. Not
 * @threadsafe.
 */
#ifndef SLUICE_BENCH_STATE_H
#define SLUICE_BENCH_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_STATE_LOG 4096U
/* Twice the records of the largest frame (8 MiB of 16 bytes each): a record changes one word of a
 * bitmap, or two if it is the first of its part of it. */
#define SLUICE_STATE_LOG_ENTRIES (2U << 20)
#define SLUICE_STATE_DATA (SLUICE_STATE_LOG + SLUICE_STATE_LOG_ENTRIES * 16ULL)
#define SLUICE_STATE_MOST (16ULL << 30) /* address space; the file grows as it is used */
#define SLUICE_STATE_ROOT 3072U		/* bytes of roots */

struct sluice_state;

/* Tests only: the process kills itself at the so-manieth store from now; 0: never. */
extern uint64_t sluice_state_fuse;

/* Opens or makes the file; `path` NULL: memory. 0; -EBUSY (another process has it), -EPROTO (not
 * such a file, or of another version), -ENODEV (the file system cannot map), other negative errno.
 * @owner caller: sluice_state_close() */
int sluice_state_open(struct sluice_state **state, const char *path);
void sluice_state_close(struct sluice_state *state);

/* The roots: SLUICE_STATE_ROOT bytes at offset 8-aligned, zeros in a new file. Read directly;
 * change by set and copy. */
void *sluice_state_root(struct sluice_state *state);

/* Where the memory at `offset`, from sluice_state_allocate(), lies. */
void *sluice_state_at(struct sluice_state *state, uint64_t offset);

/* Zeroed memory of `size` bytes; its offset, or 0 if there is no room (disk, address space, log).
 */
uint64_t sluice_state_allocate(struct sluice_state *state, uint64_t size);

/* Changes one 8-aligned word, or `length` bytes (a multiple of 8), only where they differ. 0 or
 * -ENOSPC: then the state must not be committed but closed. */
int sluice_state_set(struct sluice_state *state, uint64_t *word, uint64_t value);
int sluice_state_copy(struct sluice_state *state, void *to, const void *from, size_t length);

/* Makes all changes so far the state that survives. */
void sluice_state_commit(struct sluice_state *state);

/* Writes the file to its disk. 0 or a negative errno. @context process, slow */
int sluice_state_sync(struct sluice_state *state);

#endif /* SLUICE_BENCH_STATE_H */
