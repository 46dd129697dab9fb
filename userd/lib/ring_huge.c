// SPDX-License-Identifier: MIT
/*
 * Huge pages for rings in files of tmpfs; see ring_huge.h. Such a file has them if its memory is
 * taken through a mapping that asks for them, which begins at a huge page: fallocate(2) takes small
 * ones (tmpfs with huge=advise asks the mapping, and there is none). Touches: mappings.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "barrier.h"
#include "log.h"
#include "ring.h"
#include "ring_huge.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#define HUGE_PAGE ((size_t)2 << 20) /* of x86 and of arm64 with pages of 4 KiB */

static bool is_wanted, is_told;

void sluice_ring_use_huge(bool on)
{
	sluice_store_relaxed(&is_wanted, on);
}

bool sluice_ring_wants_huge(size_t size)
{
	return sluice_load_relaxed(&is_wanted) && size >= HUGE_PAGE;
}

uint8_t *sluice_ring_huge_room(size_t total)
{
	uint8_t *room =
		mmap(NULL, total + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (room == MAP_FAILED)
		return NULL;
	before = (HUGE_PAGE - (uintptr_t)room % HUGE_PAGE) % HUGE_PAGE;
	if (before)
		munmap(room, before);
	munmap(room + before + total, HUGE_PAGE - before);
	return room + before;
}

void sluice_ring_huge_fill(int fd, size_t total)
{
	uint8_t *room = sluice_ring_huge_room(total);

	if (!room)
		return;
	if (mmap(room, total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
		    MAP_FAILED &&
	    !madvise(room, total, MADV_HUGEPAGE))
		/* Kernels before 5.14 do not know it: then the file gets small pages. */
		(void)madvise(room, total, MADV_POPULATE_WRITE);
	munmap(room, total);
}

/* How many bytes of the mappings from `from` to `to` the kernel maps as huge pages. */
static uint64_t huge_bytes(uintptr_t from, uintptr_t to)
{
	static const char key[] = "ShmemPmdMapped:";
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[512], *end;
	bool is_it = false;
	uint64_t sum = 0;
	uintptr_t at;

	while (file && fgets(line, sizeof(line), file)) {
		at = (uintptr_t)strtoull(line, &end, 16);
		if (end != line && *end == '-')
			is_it = at >= from && at < to;
		else if (is_it && !strncmp(line, key, sizeof(key) - 1))
			sum += strtoull(line + sizeof(key) - 1, NULL, 10) << 10;
	}
	if (file)
		fclose(file);
	return sum;
}

void sluice_ring_huge_tell(const void *base, size_t total)
{
	if (sluice_load_relaxed(&is_told) || huge_bytes((uintptr_t)base, (uintptr_t)base + total))
		return;
	sluice_store_relaxed(&is_told, true);
	sluice_notice(
		"store.memory.huge: rings are of small pages: their file system gives no huge "
		"ones; `mount -o remount,huge=advise /dev/shm` lets it (or of the tmpfs that "
		"store.memory.path is on), and there must be free ones");
}
