// SPDX-License-Identifier: MIT
/*
 * What was taken of relays upstream; see taken.h. The file has a page that says which ring goes
 * with it, and two halves of entries, of which one counts; when it is full, all that is known is
 * written into the other one, which counts from then on. Touches: that file, mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "taken.h"

#define MAGIC 0x4e4b4154U /* "TAKN" */
#define VERSION 1U
#define PAGE 4096U
/* Entries of a half at first. It grows when what is known takes more than half of one. */
#define ENTRIES_FIRST 8192U
#define ENTRIES_MOST (1U << 22)

/* [start, end) of a stream was taken. If the ring's head is beyond `next_head`, [start, next_end)
 * was. */
struct entry {
	sluice_guid output;
	sluice_guid stream;
	uint64_t epoch;
	uint64_t start, end;
	uint64_t next_end, next_head; /* UINT64_MAX: nothing is under way */
	uint64_t reserved;
};

_Static_assert(sizeof(struct entry) == 80, "no padding");

struct head {
	uint32_t magic, version;
	sluice_guid ring;
	uint64_t epoch;
	uint64_t room;	   /* entries of a half */
	uint64_t count[2]; /* entries in each */
	uint32_t half;	   /* which counts */
	uint32_t is_closed;
};

struct sluice_taken {
	int fd;
	struct head *head;
	size_t size;
	struct entry *last;
};

/* Bytes of a file whose halves have so many entries. */
static size_t size_of(uint64_t room)
{
	return PAGE + 2 * (size_t)room * sizeof(struct entry);
}

/* Entry `number` of a half. */
static struct entry *entry_at(const struct sluice_taken *taken, uint32_t half, uint64_t number)
{
	return (struct entry *)((uint8_t *)taken->head + PAGE) + half * taken->head->room + number;
}

/* Maps the file, of `size` bytes. 0 or a negative errno. */
static int map(struct sluice_taken *taken, size_t size)
{
	void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, taken->fd, 0);

	if (mapping == MAP_FAILED)
		return -errno;
	taken->head = mapping;
	taken->size = size;
	return 0;
}

/* Begins an empty file, for halves of `room` entries. 0 or a negative errno. */
static int make(struct sluice_taken *taken, uint64_t room)
{
	int error;

	/* Room that is not there would be a SIGBUS later. */
	error = posix_fallocate(taken->fd, 0, (off_t)size_of(room));
	if (error)
		return -error;
	error = map(taken, size_of(room));
	if (error || !taken->head)
		return error;
	taken->head->room = room;
	taken->head->version = VERSION;
	sluice_store_release(&taken->head->magic, MAGIC);
	return 0;
}

/* Is what was mapped a file of ours, whole? */
static bool is_whole(const struct sluice_taken *taken)
{
	const struct head *head = taken->head;

	return head->magic == MAGIC && head->version == VERSION && head->room &&
	       head->room <= ENTRIES_MOST && taken->size == size_of(head->room) && head->half < 2 &&
	       head->count[0] <= head->room && head->count[1] <= head->room;
}

/* Tells the receiver what an entry says. 0 or a negative errno. */
static int tell(const struct entry *entry, struct sluice_receiver *receiver, uint64_t head)
{
	struct sluice_receiver_range range = {
		.epoch = entry->epoch, .start = entry->start, .end = entry->end};

	if (entry->next_head != UINT64_MAX && head > entry->next_head)
		range.end = entry->next_end;
	memcpy(range.output, entry->output, sizeof(range.output));
	memcpy(range.stream, entry->stream, sizeof(range.stream));
	return sluice_receiver_restore(receiver, &range);
}

/* Reads all of it. 0 or a negative errno. */
static int restore(const struct sluice_taken *taken, struct sluice_receiver *receiver,
		   uint64_t head)
{
	uint32_t half = taken->head->half;
	uint64_t number;
	int error = 0;

	for (number = 0; !error && number < taken->head->count[half]; number++)
		error = tell(entry_at(taken, half, number), receiver, head);
	return error;
}

/* What `receiver` has, counted. */
static int count_one(void *context, const struct sluice_receiver_range *range)
{
	(void)range;
	(*(uint64_t *)context)++;
	return 0;
}

/* Adds a range to the half that does not count. */
static int write_one(void *context, const struct sluice_receiver_range *range)
{
	struct sluice_taken *taken = context;
	uint32_t half = 1 - taken->head->half;
	struct entry *entry;

	if (taken->head->count[half] == taken->head->room)
		return -ENOSPC;
	entry = entry_at(taken, half, taken->head->count[half]++);
	memset(entry, 0, sizeof(*entry));
	memcpy(entry->output, range->output, sizeof(entry->output));
	memcpy(entry->stream, range->stream, sizeof(entry->stream));
	entry->epoch = range->epoch;
	entry->start = range->start;
	entry->end = range->end;
	entry->next_head = UINT64_MAX;
	return 0;
}

/* Makes the file larger: its halves move, so what counts is copied to where it then lies. 0 or a
 * negative errno. */
static int grow(struct sluice_taken *taken, uint64_t room)
{
	uint64_t count = taken->head->count[taken->head->half];
	size_t bytes = (size_t)count * sizeof(struct entry), size = size_of(room);
	uint32_t half = taken->head->half;
	struct entry *copy;
	struct head *old = NULL;
	size_t old_size = 0;
	int error;

	if (room > ENTRIES_MOST)
		return -ENOSPC;
	copy = malloc(bytes ? bytes : 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, entry_at(taken, half, 0), bytes);
	error = -posix_fallocate(taken->fd, 0, (off_t)size);
	if (!error) {
		/* The old one stays if there is no new one. */
		old = taken->head;
		old_size = taken->size;
		error = map(taken, size);
	}
	if (!error && taken->head) {
		munmap(old, old_size);
		/* Whoever finds it half done has a size that does not fit, and begins anew. */
		taken->head->half = 0;
		taken->head->count[0] = 0;
		taken->head->room = room;
		memcpy(entry_at(taken, 0, 0), copy, bytes);
		sluice_store_release(&taken->head->count[0], count);
	}
	free(copy);
	return error;
}

/* Writes what the receiver has into the other half, which counts from then on. 0 or a negative
 * errno. */
static int rewrite(struct sluice_taken *taken, const struct sluice_receiver *receiver)
{
	uint64_t needed = 0;
	uint32_t half;
	int error;

	(void)sluice_receiver_ranges(receiver, count_one, &needed);
	if (needed > taken->head->room / 2) {
		error = grow(taken, 2 * taken->head->room);
		if (error || !taken->head)
			return error;
	}
	half = 1 - taken->head->half;
	taken->head->count[half] = 0;
	error = sluice_receiver_ranges(receiver, write_one, taken);
	taken->last = NULL;
	if (!error)
		sluice_store_release(&taken->head->half, half);
	return error;
}

/* Tells `receiver` what an earlier file says. 0 or a negative errno. */
static int read_earlier(const char *path, struct sluice_receiver *receiver,
			const struct sluice_ring *ring, bool *is_lost)
{
	struct sluice_taken earlier = {.fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
	const struct sluice_ring_producer *producer = ring->producer;
	struct stat state;
	bool is_same;
	int error = 0;

	if (earlier.fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(earlier.fd, &state))
		error = -errno;
	else if (!S_ISREG(state.st_mode) || state.st_uid != geteuid())
		error = -EPERM;
	else if (state.st_size >= (off_t)PAGE)
		error = map(&earlier, (size_t)state.st_size);
	if (error)
		goto close;
	*is_lost = !earlier.head || !is_whole(&earlier);
	if (!*is_lost) {
		is_same = earlier.head->epoch == producer->epoch &&
			  !memcmp(earlier.head->ring, producer->stream, sizeof(sluice_guid));
		*is_lost = !is_same && !earlier.head->is_closed;
		if (!*is_lost)
			error = restore(&earlier, receiver, is_same ? sluice_ring_head(ring) : 0);
	}
	if (earlier.head)
		munmap(earlier.head, earlier.size);
close:
	close(earlier.fd);
	return error;
}

int sluice_taken_open(struct sluice_taken **result, const char *path,
		      struct sluice_receiver *receiver, const struct sluice_ring *ring,
		      bool *is_lost)
{
	struct sluice_taken *taken = calloc(1, sizeof(*taken));
	char *fresh = NULL;
	int error;

	*is_lost = false;
	if (!taken || asprintf(&fresh, "%s.new", path) < 0) {
		free(taken);
		return -ENOMEM;
	}
	error = read_earlier(path, receiver, ring, is_lost);
	taken->fd =
		error ? -1 : open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (!error && taken->fd < 0)
		error = -errno;
	if (!error)
		error = make(taken, ENTRIES_FIRST);
	if (error || !taken->head)
		goto fail;
	memcpy(taken->head->ring, ring->producer->stream, sizeof(sluice_guid));
	taken->head->epoch = ring->producer->epoch;
	error = rewrite(taken, receiver);
	/* The one before counts until this one is whole. */
	if (!error && rename(fresh, path))
		error = -errno;
	if (error)
		goto fail;
	free(fresh);
	*result = taken;
	return 0;

fail:
	if (taken->head)
		munmap(taken->head, taken->size);
	if (taken->fd >= 0) {
		close(taken->fd);
		(void)unlink(fresh);
	}
	free(fresh);
	free(taken);
	return error;
}

/* Does the record go on where the entry ends? */
static bool goes_on(const struct entry *entry, const struct sluice_receiver_record *record)
{
	return entry && entry->end == record->offset && entry->epoch == record->epoch &&
	       !memcmp(entry->stream, record->stream, sizeof(entry->stream)) &&
	       !memcmp(entry->output, record->output, sizeof(entry->output));
}

void sluice_taken_begin(struct sluice_taken *taken, const struct sluice_receiver_record *record,
			uint64_t head)
{
	uint32_t half = taken->head->half;
	uint64_t count = taken->head->count[half];
	struct entry *entry = taken->last;

	if (!goes_on(entry, record)) {
		/* sluice_taken_tidy() keeps room; where it could not, the last one is written over,
		 * and what it said may come again after a kill. */
		entry = entry_at(taken, half, count < taken->head->room ? count : count - 1);
		memset(entry, 0, sizeof(*entry));
		memcpy(entry->output, record->output, sizeof(entry->output));
		memcpy(entry->stream, record->stream, sizeof(entry->stream));
		entry->epoch = record->epoch;
		entry->start = record->offset;
		entry->end = record->offset;
		entry->next_head = UINT64_MAX;
		taken->last = entry;
		if (count < taken->head->room)
			sluice_store_release(&taken->head->count[half], count + 1);
	}
	/* A kill between two of these finds none of it, or all of it. */
	sluice_store_release(&entry->next_head, UINT64_MAX);
	sluice_store_release(&entry->next_end, record->end);
	sluice_store_release(&entry->next_head, head);
}

void sluice_taken_done(struct sluice_taken *taken)
{
	sluice_store_release(&taken->last->end, taken->last->next_end);
}

int sluice_taken_tidy(struct sluice_taken *taken, const struct sluice_receiver *receiver)
{
	if (!taken || taken->head->count[taken->head->half] < taken->head->room * 3 / 4)
		return 0;
	return rewrite(taken, receiver);
}

void sluice_taken_close(struct sluice_taken *taken, const struct sluice_receiver *receiver)
{
	if (!taken)
		return;
	/* The floors that came with frames, too, so that it stays short. */
	if (!rewrite(taken, receiver))
		sluice_store_release(&taken->head->is_closed, 1U);
	munmap(taken->head, taken->size);
	close(taken->fd);
	free(taken);
}
