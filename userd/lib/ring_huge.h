/* SPDX-License-Identifier: MIT */
/*
 * Huge pages for rings in files of tmpfs; for ring.c alone. Touches: mappings.
 */
#ifndef SLUICE_RING_HUGE_H
#define SLUICE_RING_HUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is a ring of `size` bytes to be of huge pages? @threadsafe */
bool sluice_ring_wants_huge(size_t size);

/* Takes `total` bytes of memory for the file `fd`, in which nothing is yet, in huge pages where
 * tmpfs gives some. What could not be had comes later in small ones. */
void sluice_ring_huge_fill(int fd, size_t total);

/* Room for a mapping of `total` bytes, of nothing yet, that begins at a huge page. NULL and errno
 * on failure. @owner caller: munmap() of `total` bytes */
uint8_t *sluice_ring_huge_room(size_t total);

/* After the first use: tells once in the log if the mapping at `base` has no huge page, and what
 * mends it. */
void sluice_ring_huge_tell(const void *base, size_t total);

#endif /* SLUICE_RING_HUGE_H */
