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
#include "guid.h"
#include "log.h"
#include "ring.h"

/* A predecessor that was killed gives the lock back when the kernel has taken it apart. */
#define LOCK_TRIES 200U
#define LOCK_PAUSE_US 10000U
/* Where in the producer's page stands whose ring it is: a GUID made of the file's name. Zeros: an
 * older version made it. */
#define OWNER_OFFSET 2056

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

/* Whose the ring in the file `path` is. 0 or a negative errno. */
static int owner_of(const char *path, uint8_t owner[16])
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return sluice_guid_derive("ring file", name, strlen(name), owner);
}

/* Says in the file whose it is. 0 or a negative errno. */
static int sign(const char *path, int fd)
{
	uint8_t owner[16];
	int error = owner_of(path, owner);

	if (!error && pwrite(fd, owner, sizeof(owner), OWNER_OFFSET) != (ssize_t)sizeof(owner))
		error = -EIO;
	return error;
}

/* Does the file say that it is another's? */
static bool is_anothers(const char *path, int fd)
{
	uint8_t owner[16], said[16];

	return !owner_of(path, owner) &&
	       pread(fd, said, sizeof(said), OWNER_OFFSET) == (ssize_t)sizeof(said) &&
	       !sluice_guid_is_zero(said) && memcmp(owner, said, sizeof(owner)) != 0;
}

/* 0; -EXDEV: the ring in `fd` is one that was copied or moved here; other negative errno. */
static int check_owner(const char *path, int fd)
{
	/* An older version's says nothing: it is ours from now on. */
	return is_anothers(path, fd) ? -EXDEV : sign(path, fd);
}

/* Maps the ring that is in `fd`, if it makes sense. */
static int take_over(struct sluice_ring *ring, const char *path, int fd, off_t bytes)
{
	struct sluice_ring_producer head;
	int error = read_head(fd, bytes, &head);

	if (!error)
		error = check_owner(path, fd);
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

/* Renames what lies at `path`, for whoever wants to look into it. The new name; NULL: it is still
 * there. @owner caller: free() */
static char *put_aside(const char *path, const char *why)
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

/* A ring that cannot be taken over, because of `error`, is put aside. What was in it is told, if that is known: *lost. False: it
 * is not. */
static bool give_up(const char *path, int fd, off_t bytes, int error, uint64_t *lost)
{
	bool is_foreign = error == -EXDEV || is_anothers(path, fd);
	/* What lies in another's is not what is missing here. */
	bool is_known = !is_foreign && sluice_ring_count(fd, (size_t)bytes, lost);
	char *aside = put_aside(path, is_foreign ? "foreign" : "damaged");

	if (is_known)
		sluice_error(
			"%s: the ring is damaged, or of another version of sluice: %llu datagrams "
			"that waited in it are lost; it was put aside as %s",
			path, (unsigned long long)*lost, aside ? aside : "nothing");
	else
		sluice_error(
			"%s: the ring is %s: an unknown number of datagrams that waited in it is "
			"lost; it was put aside as %s",
			path,
			is_foreign ? "another's, whose file was copied or moved here"
				   : "damaged, or of another version of sluice",
			aside ? aside : "nothing");
	free(aside);
	return is_known;
}

/* What is no file at all where the ring's should be: one of ours is put aside. 0: nothing is there, or a file. 1: it was put
 * aside. -EPERM: it is another user's. */
static int clear_away(const char *path)
{
	struct stat state;
	char *aside;

	if (lstat(path, &state) || S_ISREG(state.st_mode))
		return 0;
	aside = state.st_uid == geteuid() ? put_aside(path, "foreign") : NULL;
	if (!aside)
		return -EPERM;
	sluice_error("%s: no file, and so not the ring that was there: an unknown number of "
		     "datagrams that may have waited in it is lost; it was put aside as %s",
		     path, aside);
	free(aside);
	return 1;
}

int sluice_ring_look(struct sluice_ring *ring, const char *path)
{
	struct sluice_ring_producer head;
	off_t bytes;
	int fd, error;

	if (!ring || !path)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	/* Not kept waiting by a pipe. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
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
	error = clear_away(path);
	if (error < 0)
		return error;
	is_damaged = error > 0;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		error = is_ours(fd, &bytes) ? lock(fd) : -EPERM;
		if (!error)
			error = take_over(ring, path, fd, bytes);
		is_damaged = error == -EPROTO || error == -EXDEV;
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
			is_known = give_up(path, fd, bytes, error, &lost);
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
	if (!error) {
		error = sign(path, fd);
		if (error)
			sluice_ring_destroy(ring);
	}
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
