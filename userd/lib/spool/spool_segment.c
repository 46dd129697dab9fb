// SPDX-License-Identifier: MIT
/*
 * The segment files of the spool: made, opened, given back; see spool.h. Touches: the files in the
 * store's directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <endian.h>
#include "log.h"
#include "spool_inner.h"

/* Zeros are written in pieces of this size. */
#define TOUCH (1U << 20)

uint64_t sluice_spool_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

char *sluice_spool_path(const struct sluice_spool *spool, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", spool->path, name) < 0 ? NULL : path;
}

char *sluice_spool_segment_path(const struct sluice_spool *spool, uint32_t number)
{
	char *path;

	return asprintf(&path, "%s/segment-%06u", spool->path, number) < 0 ? NULL : path;
}

void sluice_spool_sync_directory(const struct sluice_spool *spool)
{
	int fd = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

void sluice_spool_segment_close(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];

	if (segment->fd >= 0)
		close(segment->fd);
	segment->fd = -1;
}

/* Keeps the number of open files down: the least used one is closed. */
static void close_one(struct sluice_spool *spool)
{
	size_t place, open = 0, oldest = SIZE_MAX;

	for (place = 0; place < spool->segment_count; place++) {
		if (spool->segments[place].fd < 0 || place == spool->active)
			continue;
		open++;
		if (oldest == SIZE_MAX ||
		    spool->segments[place].last_use < spool->segments[oldest].last_use)
			oldest = place;
	}
	if (open >= SLUICE_SPOOL_OPEN)
		sluice_spool_segment_close(spool, oldest);
}

int sluice_spool_segment_open(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	char *path;

	segment->last_use = ++spool->clock;
	if (segment->fd >= 0)
		return segment->fd;
	close_one(spool);
	path = sluice_spool_segment_path(spool, segment->number);
	if (!path)
		return -ENOMEM;
	segment->fd = sluice_disk_open(path, spool->look ? O_RDONLY : O_RDWR);
	free(path);
	return segment->fd;
}

int sluice_spool_segment_write_head(struct sluice_spool *spool, size_t place,
				    enum sluice_spool_state state, uint64_t list)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	struct sluice_spool_segment_head *head = (void *)spool->block;
	int fd = sluice_spool_segment_open(spool, place);

	if (fd < 0)
		return fd;
	memset(spool->block, 0, SLUICE_DISK_BLOCK);
	sluice_guid_copy(head->store, spool->store);
	head->serial = htole64(segment->serial);
	head->size = htole64(segment->size);
	head->list = htole64(list);
	head->state = htole32(state);
	sluice_spool_segment_seal(head);
	return sluice_disk_write(fd, spool->block, SLUICE_DISK_BLOCK, 0);
}

int sluice_spool_segment_add(struct sluice_spool *spool, uint32_t number, uint64_t size,
			     size_t *place)
{
	struct sluice_spool_segment *larger;

	if (spool->segment_count == spool->segment_room) {
		size_t room = spool->segment_room ? 2 * spool->segment_room : 16;

		larger = reallocarray(spool->segments, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		spool->segments = larger;
		spool->segment_room = room;
	}
	*place = spool->segment_count++;
	spool->segments[*place] = (struct sluice_spool_segment){
		.number = number, .size = size, .fd = -1, .use = SLUICE_SPOOL_IS_FREE};
	return 0;
}

int sluice_spool_segment_make(struct sluice_spool *spool, uint32_t number, uint64_t size)
{
	char *path = sluice_spool_segment_path(spool, number);
	size_t place;
	int fd, error;

	if (!path)
		return -ENOMEM;
	fd = sluice_disk_open(path, O_RDWR | O_CREAT | O_EXCL);
	if (fd < 0) {
		free(path);
		return fd;
	}
	error = sluice_disk_reserve(fd, size);
	if (!error)
		error = sluice_spool_segment_add(spool, number, size, &place);
	if (error)
		(void)unlink(path);
	close(fd);
	free(path);
	return error;
}

bool sluice_spool_touch(struct sluice_spool *spool)
{
	struct sluice_spool_segment *segment;
	uint8_t *zeros;
	uint64_t at;
	size_t place, step;
	int fd, error = 0;

	if (!spool || spool->look)
		return false;
	for (place = 0; place < spool->segment_count; place++) {
		segment = &spool->segments[place];
		if (segment->use == SLUICE_SPOOL_IS_FREE && segment->size && !segment->is_touched)
			break;
	}
	if (place == spool->segment_count)
		return false;
	segment->is_touched = true; /* also if it fails: the writing of frames will say so */
	fd = sluice_spool_segment_open(spool, place);
	zeros = sluice_disk_memory(TOUCH);
	for (at = 0; zeros && fd >= 0 && !error && at < segment->size; at += step) {
		step = segment->size - at < TOUCH ? (size_t)(segment->size - at) : TOUCH;
		error = sluice_disk_write(fd, zeros, step, at);
	}
	free(zeros);
	if (!error && fd >= 0)
		(void)sluice_spool_segment_write_head(spool, place, SLUICE_SPOOL_FREE, 0);
	return true;
}

uint32_t sluice_spool_segment_fresh_number(const struct sluice_spool *spool, uint32_t number)
{
	size_t place;

	for (place = 0; place < spool->segment_count; place++) {
		if (spool->segments[place].number == number && spool->segments[place].size) {
			number++;
			place = SIZE_MAX; /* begin again */
		}
	}
	return number;
}
