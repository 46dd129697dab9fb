// SPDX-License-Identifier: MIT
/*
 * User-space rings in files on tmpfs, which outlive the process that fills them: a successor finds records and cursors as they
 * were; see ring.h. Beside ring.c. Touches: the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"
#include "ring.h"

/* A predecessor that was killed gives the lock back when the kernel has taken it apart. */
#define LOCK_TRIES 200U
#define LOCK_PAUSE_US 10000U

/* Takes the lock that says whose the file is. 0, -EBUSY, other negative errno. */
static int lock(int fd)
{
	unsigned int tries;

	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (tries == LOCK_TRIES)
			return -EBUSY;
		usleep(LOCK_PAUSE_US);
	}
	return 0;
}

/* Is it a file that only we can have made? The directory may be one that anybody can write to. */
static bool is_ours(int fd, off_t *size)
{
	struct stat state;

	if (fstat(fd, &state) || !S_ISREG(state.st_mode) || state.st_uid != geteuid() ||
	    (state.st_mode & (S_IWGRP | S_IWOTH)))
		return false;
	*size = state.st_size;
	return true;
}

/* Reads the head of the ring that is in `fd`. 0, or -EPROTO: it makes no sense. */
static int read_head(int fd, off_t bytes, struct sluice_ring_producer *result)
{
	struct sluice_ring_producer head;
	uint64_t tail;

	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    pread(fd, &tail, sizeof(tail),
		  SLUICE_RING_PAGE + (off_t)offsetof(struct sluice_ring_consumer, tail)) !=
		    (ssize_t)sizeof(tail))
		return -EPROTO;
	if (head.magic != SLUICE_RING_MAGIC || head.version != SLUICE_RING_VERSION ||
	    head.size < SLUICE_RING_SIZE_MIN || head.size > SLUICE_RING_SIZE_MAX ||
	    head.size & (head.size - 1) || (uint64_t)bytes != head.data_offset + head.size)
		return -EPROTO;
	if (tail > head.head || head.head - tail > head.size ||
	    (tail | head.head) % SLUICE_RECORD_ALIGN)
		return -EPROTO;
	*result = head;
	return 0;
}

/* Maps the ring that is in `fd`, if it makes sense. */
static int take_over(struct sluice_ring *ring, const char *path, int fd, off_t bytes)
{
	struct sluice_ring_producer head;
	int error = read_head(fd, bytes, &head);

	if (!error)
		error = sluice_ring_map(ring, fd, head.data_offset, head.size);
	if (error)
		return error;
	sluice_ring_mend(ring, path);
	error = sluice_ring_writer_resume(ring);
	if (error)
		sluice_ring_destroy(ring);
	return error;
}

/* A file that cannot be taken over: put aside under another name, for whoever wants to look into it. What was in it is told, if
 * that is known: *lost. False: it is not. */
static bool put_aside(const char *path, int fd, off_t bytes, uint64_t *lost)
{
	bool is_known = sluice_ring_count(fd, (size_t)bytes, lost);
	char *aside = NULL;
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (asprintf(&aside, "%s.damaged-%u", path, tries) < 0)
			return is_known;
		if (access(aside, F_OK) && !rename(path, aside))
			break;
		free(aside);
		aside = NULL;
	}
	if (is_known)
		sluice_error(
			"%s: the ring is damaged, or of another version of sluice: %llu datagrams "
			"that waited in it are lost; it was put aside as %s",
			path, (unsigned long long)*lost, aside ? aside : "nothing");
	else
		sluice_error(
			"%s: the ring is damaged, or of another version of sluice: an unknown "
			"number of datagrams that waited in it is lost; it was put aside as %s",
			path, aside ? aside : "nothing");
	free(aside);
	return is_known;
}

int sluice_ring_look(struct sluice_ring *ring, const char *path)
{
	struct sluice_ring_producer head;
	off_t bytes;
	int fd, error;

	if (!ring || !path)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	error = is_ours(fd, &bytes) ? read_head(fd, bytes, &head) : -EPERM;
	if (!error)
		error = sluice_ring_map_to_look(ring, fd, head.data_offset, head.size);
	/* The mapping holds the file. */
	close(fd);
	return error;
}

int sluice_ring_keep(struct sluice_ring *ring, const char *path, size_t size,
		     const uint8_t stream[16], uint64_t epoch, uint32_t cpu, bool *found)
{
	bool is_damaged = false, is_known = false;
	uint64_t lost = 0;
	int fd, error;
	off_t bytes;

	if (!ring || !path || !found)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	*found = false;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		error = is_ours(fd, &bytes) ? lock(fd) : -EPERM;
		if (!error)
			error = take_over(ring, path, fd, bytes);
		is_damaged = error == -EPROTO;
		if (!error && sluice_ring_head(ring) == sluice_ring_tail(ring) && size &&
		    ring->mask + 1 != size) {
			/* Empty, and another size is wished. */
			sluice_ring_destroy(ring);
			error = -EPROTO;
		}
		if (!error) {
			*found = true;
			goto keep;
		}
		if (error == -EBUSY || error == -EPERM || (!size && !is_damaged)) {
			close(fd);
			return error;
		}
		if (is_damaged)
			is_known = put_aside(path, fd, bytes, &lost);
		else
			(void)unlink(path);
		close(fd);
		if (!size)
			return error;
	} else if (!size) {
		return -errno;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = lock(fd);
	if (!error)
		error = sluice_ring_create_in(ring, fd, size, stream, epoch, cpu);
	if (error)
		goto unlink;
	if (is_known && lost)
		sluice_ring_lose(ring, 0, SLUICE_LOST_DISK, lost, 0);
	else if (is_damaged && !is_known)
		sluice_ring_lose_unknown(ring, 0, SLUICE_LOST_DISK);
keep:
	ring->file = strdup(path);
	ring->lock = fd;
	if (ring->file)
		return 0;
	error = -ENOMEM;
	sluice_ring_destroy(ring);
	if (*found) {
		close(fd);
		return error;
	}
unlink:
	(void)unlink(path);
	close(fd);
	return error;
}

void sluice_ring_let_go(struct sluice_ring *ring)
{
	if (!ring->file)
		return;
	/* What is delivered to the last byte leaves nothing behind. */
	if (sluice_ring_head(ring) == sluice_ring_tail(ring))
		(void)unlink(ring->file);
	close(ring->lock);
	free(ring->file);
	ring->file = NULL;
}
