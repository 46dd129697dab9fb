// SPDX-License-Identifier: MIT
/*
 * Twins of rings' files, see ring_twin.h. Touches: the file beside the ring's, mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "frame.h"
#include "guid.h"
#include "log.h"
#include "record.h"
#include "ring_twin.h"

#define MAGIC 0x4e495754U /* "TWIN" read as little-endian */
#define VERSION 1U
#define PAGE ((size_t)SLUICE_RING_PAGE)
/* The head, and two copies of the cursors. */
#define BYTES (3 * PAGE)

/* A copy of the cursors, in a page of its own. The two are written in turn: one is whole whenever
 * the process dies. */
struct copy {
	uint64_t generation; /* 0: never written */
	uint32_t count;
	uint32_t crc; /* CRC32C of all that is used, with this field 0 */
	uint64_t tail;
	uint64_t reserved[5];
	struct sluice_ring_cursor cursor[SLUICE_RING_CURSORS];
};

_Static_assert(sizeof(struct sluice_ring_twin) <= SLUICE_RING_PAGE, "one page");
_Static_assert(sizeof(struct copy) <= SLUICE_RING_PAGE, "one page");
_Static_assert(offsetof(struct sluice_ring_twin, line) == 64, "a line of its own");

/* The name of the twin of `path`. NULL: no memory. @owner caller: free() */
static char *name_of(const char *path, const char *more)
{
	char *name;

	return asprintf(&name, "%s-twin%s", path, more) < 0 ? NULL : name;
}

int sluice_ring_owner(const char *path, uint8_t owner[16])
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return sluice_guid_derive("ring file", name, strlen(name), owner);
}

char *sluice_ring_put_aside(const char *path, const char *why)
{
	char *aside = NULL;
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		struct stat state;

		if (asprintf(&aside, "%s.%s-%u", path, why, tries) < 0)
			return NULL;
		if (lstat(aside, &state) && !rename(path, aside))
			return aside;
		free(aside);
	}
	return NULL;
}

/* CRC of a copy as it should be. */
static uint32_t crc_of(const struct copy *copy)
{
	struct copy head = {
		.generation = copy->generation, .count = copy->count, .tail = copy->tail};
	uint32_t crc = sluice_crc32c(0, &head, offsetof(struct copy, cursor));

	return sluice_crc32c(crc, copy->cursor, copy->count * sizeof(copy->cursor[0]));
}

/* Can the copy be believed? */
static bool is_whole(const struct copy *copy)
{
	return copy->generation && copy->count <= SLUICE_RING_CURSORS && copy->crc == crc_of(copy);
}

/* The copy that counts; NULL: none does. */
static const struct copy *copy_of(const struct sluice_ring_twin *twin)
{
	const struct copy *one = (const void *)((const uint8_t *)twin + PAGE);
	const struct copy *other = (const void *)((const uint8_t *)twin + 2 * PAGE);

	if (!is_whole(one))
		return is_whole(other) ? other : NULL;
	return is_whole(other) && other->generation > one->generation ? other : one;
}

/* The line that counts; NULL: none does. */
static const struct sluice_ring_twin_line *line_of(const struct sluice_ring_twin *twin)
{
	const struct sluice_ring_twin_line *best = NULL;
	size_t number;

	for (number = 0; number < 2; number++) {
		const struct sluice_ring_twin_line *line = &twin->line[number];

		if (line->check ==
			    sluice_ring_twin_check(line->head, line->sequence, line->untold) &&
		    !(line->head % SLUICE_RECORD_ALIGN) && (!best || line->head > best->head))
			best = line;
	}
	return best;
}

/* CRC of what never changes. */
static uint32_t head_crc(const struct sluice_ring_twin *twin)
{
	return sluice_crc32c(0, twin, offsetof(struct sluice_ring_twin, crc));
}

/* Reads what the mapped twin knows of the ring `path`. 0 or -EPROTO. */
static int understand(const struct sluice_ring_twin *twin, const char *path,
		      struct sluice_ring_known *known)
{
	const struct sluice_ring_twin_line *line = line_of(twin);
	const struct copy *copy = copy_of(twin);
	uint8_t owner[16];
	size_t number;

	memset(known, 0, sizeof(*known));
	if (twin->magic != MAGIC || twin->version != VERSION || twin->crc != head_crc(twin) ||
	    sluice_ring_owner(path, owner) || memcmp(owner, twin->owner, sizeof(owner)) != 0 ||
	    twin->size < SLUICE_RING_SIZE_MIN || twin->size > SLUICE_RING_SIZE_MAX ||
	    twin->size & (twin->size - 1) || !line || !copy)
		return -EPROTO;
	known->size = twin->size;
	sluice_guid_copy(known->stream, twin->stream);
	known->epoch = twin->epoch;
	known->cpu = twin->cpu;
	known->head = line->head;
	known->sequence = line->sequence;
	known->untold = line->untold;
	known->tail = copy->tail;
	known->cursor_count = copy->count;
	memcpy(known->cursors, copy->cursor, copy->count * sizeof(copy->cursor[0]));
	for (number = 0; number < SLUICE_RING_TWIN_GAPS; number++) {
		const struct sluice_ring_twin_gap *gap = &twin->gap[number];

		if (gap->check == sluice_ring_twin_check(gap->offset, gap->datagrams, 0))
			known->gaps[known->gap_count++] = *gap;
	}
	return 0;
}

/* Opens the twin's file `name`, if it is one that only we can have made. The descriptor or a
 * negative errno. */
static int open_ours(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat state;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -EPROTO;
	if (!fstat(fd, &state) && S_ISREG(state.st_mode) && state.st_uid == geteuid() &&
	    !(state.st_mode & (S_IWGRP | S_IWOTH)) && state.st_size == (off_t)BYTES)
		return fd;
	close(fd);
	return -EPROTO;
}

int sluice_ring_twin_read(const char *path, struct sluice_ring_known *known)
{
	char *name = name_of(path, "");
	int fd = name ? open_ours(name) : -ENOMEM, error = fd < 0 ? fd : 0;
	void *twin;

	free(name);
	if (error)
		return error;
	/* A copy: whoever cuts the file meanwhile does not hurt us. */
	twin = calloc(1, BYTES);
	if (!twin)
		error = -ENOMEM;
	else if (pread(fd, twin, BYTES, 0) != (ssize_t)BYTES)
		error = -EPROTO;
	if (!error)
		error = understand(twin, path, known);
	free(twin);
	close(fd);
	return error;
}

bool sluice_ring_twin_is_there(const char *path, uint64_t least)
{
	struct sluice_ring_known *known = malloc(sizeof(*known));
	bool is_there = known && !sluice_ring_twin_read(path, known) && known->epoch >= least;

	free(known);
	return is_there;
}

void sluice_ring_twin_gap(struct sluice_ring_twin *twin, uint64_t offset, uint64_t datagrams)
{
	struct sluice_ring_twin_gap *oldest = &twin->gap[0];
	size_t number;

	for (number = 1; number < SLUICE_RING_TWIN_GAPS; number++)
		if (!twin->gap[number].check ||
		    (oldest->check && twin->gap[number].offset < oldest->offset))
			oldest = &twin->gap[number];
	oldest->check = 0;
	oldest->offset = offset;
	oldest->datagrams = datagrams;
	oldest->check = sluice_ring_twin_check(offset, datagrams, 0);
}

void sluice_ring_twin_cursors(const struct sluice_ring *ring)
{
	struct copy *copy, *other;
	size_t count = SLUICE_RING_CURSORS;

	if (!ring->twin)
		return;
	copy = (void *)((uint8_t *)ring->twin + PAGE);
	other = (void *)((uint8_t *)ring->twin + 2 * PAGE);
	if (copy->generation > other->generation) {
		struct copy *newer = copy;

		copy = other;
		other = newer;
	}
	while (count && sluice_guid_is_zero(ring->consumer->cursor[count - 1].output))
		count--;
	copy->crc = ~copy->crc;
	copy->count = (uint32_t)count;
	copy->generation = other->generation + 1;
	copy->tail = ring->consumer->tail;
	memcpy(copy->cursor, ring->consumer->cursor, count * sizeof(copy->cursor[0]));
	copy->crc = crc_of(copy);
}

/* The GAP records that wait in the ring. */
static void note_gaps(const struct sluice_ring *ring)
{
	uint64_t at = ring->consumer->tail, head = ring->producer->head;
	size_t step;

	for (; at < head; at += step) {
		const struct sluice_record *record = (const void *)(ring->data + (at & ring->mask));
		struct sluice_record_gap gap;

		step = sluice_record_step((const uint8_t *)record, (size_t)(head - at));
		if (!step)
			return;
		if (record->type != SLUICE_RECORD_GAP || step < sizeof(*record) + sizeof(gap))
			continue;
		memcpy(&gap, record + 1, sizeof(gap));
		sluice_ring_twin_gap(ring->twin, at, gap.datagrams);
	}
}

/* Fills in the twin of a ring that nobody uses yet. */
static void fill(const struct sluice_ring *ring, const uint8_t owner[16])
{
	const struct sluice_ring_producer *producer = ring->producer;
	struct sluice_ring_twin *twin = ring->twin;
	uint64_t lost = 0;
	size_t cause;

	twin->magic = MAGIC;
	twin->version = VERSION;
	twin->size = producer->size;
	sluice_guid_copy(twin->stream, producer->stream);
	twin->epoch = producer->epoch;
	memcpy(twin->owner, owner, sizeof(twin->owner));
	twin->cpu = producer->cpu;
	twin->crc = head_crc(twin);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		lost += producer->lost[cause];
	sluice_ring_twin_head(twin, producer->head, producer->sequence_done,
			      lost > producer->gap_datagrams ? lost - producer->gap_datagrams : 0);
	note_gaps(ring);
	sluice_ring_twin_cursors(ring);
}

/* What lies at `name` and cannot be read as the twin of `path` is put aside. */
static void clear_away(const char *path, const char *name)
{
	struct sluice_ring_known *known = malloc(sizeof(*known));
	char *aside = NULL;

	if (known && sluice_ring_twin_read(path, known) == -EPROTO) {
		aside = sluice_ring_put_aside(name, "damaged");
		sluice_warning_about(
			SLUICE_ABOUT(.path = name),
			"%s: no twin of that ring, or a damaged one; the ring alone is "
			"believed; it was put aside as %s",
			name, aside ? aside : "nothing");
	}
	free(aside);
	free(known);
}

void sluice_ring_twin_make(struct sluice_ring *ring, const char *path)
{
	char *name = name_of(path, ""), *fresh = name_of(path, ".new");
	uint8_t owner[16];
	void *twin = MAP_FAILED;
	int fd = -1;

	ring->twin = NULL;
	if (!name || !fresh || sluice_ring_owner(path, owner))
		goto free;
	clear_away(path, name);
	(void)unlink(fresh);
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Takes the pages now: no SIGBUS later. */
	if (fd < 0 || fallocate(fd, 0, 0, (off_t)BYTES))
		goto close;
	twin = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (twin == MAP_FAILED)
		goto close;
	ring->twin = twin;
	fill(ring, owner);
	if (!rename(fresh, name))
		goto close;
	ring->twin = NULL;
	munmap(twin, BYTES);
close:
	if (!ring->twin) {
		sluice_warning_about(
			SLUICE_ABOUT(.path = name, .error = strerrorname_np(errno)),
			"%s: %s: without it nothing but the ring knows what is in the ring", name,
			strerror(errno));
		(void)unlink(fresh);
	}
	if (fd >= 0)
		close(fd);
free:
	free(name);
	free(fresh);
}

void sluice_ring_twin_close(struct sluice_ring *ring, const char *path, bool ends)
{
	char *name = ends ? name_of(path, "") : NULL;

	if (ring->twin)
		munmap(ring->twin, BYTES);
	ring->twin = NULL;
	if (name)
		(void)unlink(name);
	free(name);
}
