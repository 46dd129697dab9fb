// SPDX-License-Identifier: MIT
/*
 * User-space rings in files on tmpfs, which outlive the process that fills them: a successor finds
 * records and cursors as they were; see ring.h. Beside ring.c. Touches: the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guid.h"
#include "handed.h"
#include "log.h"
#include "ring_revive.h"
#include "ring_twin.h"

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

/* Says in the file whose it is. 0 or a negative errno. */
static int sign(const char *path, int fd)
{
	uint8_t owner[16];
	int error = sluice_ring_owner(path, owner);

	if (!error && pwrite(fd, owner, sizeof(owner), OWNER_OFFSET) != (ssize_t)sizeof(owner))
		error = -EIO;
	return error;
}

/* Does the file say that it is another's? */
static bool is_anothers(const char *path, int fd)
{
	uint8_t owner[16], said[16];

	return !sluice_ring_owner(path, owner) &&
	       pread(fd, said, sizeof(said), OWNER_OFFSET) == (ssize_t)sizeof(said) &&
	       !sluice_guid_is_zero(said) && memcmp(owner, said, sizeof(owner)) != 0;
}

/* 0; -EXDEV: the ring in `fd` is one that was copied or moved here; other negative errno. */
static int check_owner(const char *path, int fd)
{
	/* An older version's says nothing: it is ours from now on. */
	return is_anothers(path, fd) ? -EXDEV : sign(path, fd);
}

/* Says what is lost with a ring. */
static void tell(const char *path, uint64_t datagrams, bool is_exact)
{
	if (!is_exact)
		sluice_error_about(
			SLUICE_ABOUT(.path = path),
			"%s: an unknown number of datagrams that waited in the ring is lost", path);
	else if (datagrams)
		sluice_error_about(
			SLUICE_ABOUT(.path = path, .datagrams = SLUICE_NUMBER(datagrams)),
			"%s: %llu datagrams that waited in the ring are lost; GAP records say "
			"so in their place",
			path, (unsigned long long)datagrams);
	else
		sluice_notice_about(SLUICE_ABOUT(.path = path),
				    "%s: nothing that waited in the ring is lost", path);
}

/* Maps the ring that is in `fd`, if it makes sense, and is what its twin knows (NULL: there is
 * none). 0; -ESTALE: it is of an earlier moment or life, and nothing in it is needed; other
 * negative errno. */
static int take_over(struct sluice_ring *ring, const char *path, int fd, off_t bytes,
		     const struct sluice_ring_known *known, uint64_t least)
{
	enum sluice_ring_verdict verdict = SLUICE_RING_BELIEVE_FILE;
	struct sluice_ring_producer head;
	uint64_t lost, fewer;
	bool is_exact;
	int error;

	if (known)
		sluice_ring_heal(path, fd, (size_t)bytes, known);
	error = read_head(fd, bytes, &head);
	if (!error)
		error = check_owner(path, fd);
	if (!error && known)
		verdict = sluice_ring_judge(&head, known);
	if (!error && (verdict == SLUICE_RING_BELIEVE_TWIN || head.epoch < least))
		error = -ESTALE;
	if (!error)
		error = sluice_ring_map(ring, fd, head.data_offset, head.size);
	if (error)
		return error;
	if (known)
		sluice_ring_heal_mapped(ring, path, known);
	fewer = sluice_ring_mend(ring, path);
	error = sluice_ring_writer_resume(ring);
	if (error) {
		sluice_ring_destroy(ring);
		return error;
	}
	if (verdict == SLUICE_RING_EXTEND) {
		lost = sluice_ring_revive(ring, known, fewer, &is_exact);
		sluice_error_about(SLUICE_ABOUT(.path = path),
				   "%s: the ring is a copy of an earlier moment", path);
		tell(path, lost, is_exact);
	}
	return 0;
}

/* A ring that cannot be taken over, because of `error`, is put aside. Without a twin what was in it
 * is told, if that is known: *lost. False: it is not. */
static bool give_up(const char *path, int fd, off_t bytes, int error, uint64_t *lost)
{
	bool is_foreign = error == -EXDEV || is_anothers(path, fd);
	/* What lies in another's is not what is missing here. */
	bool is_known =
		!is_foreign && error != -ESTALE && sluice_ring_count(fd, (size_t)bytes, lost);
	char *aside = sluice_ring_put_aside(path, is_foreign	     ? "foreign"
						  : error == -ESTALE ? "older"
								     : "damaged");

	sluice_error_about(
		SLUICE_ABOUT(.path = path), "%s: the ring is %s; it was put aside as %s", path,
		is_foreign ? "another's, whose file was copied or moved here"
		: error == -ESTALE
			? "a copy of an earlier moment, or of an earlier life of the relay"
			: "damaged, or of another version of sluice",
		aside ? aside : "nothing");
	free(aside);
	return is_known;
}

/* What is no file at all where the ring's should be: one of ours is put aside. 0: nothing is there,
 * or a file. 1: it was put aside. -EPERM: it is another user's. */
static int clear_away(const char *path)
{
	struct stat state;
	char *aside;

	if (lstat(path, &state) || S_ISREG(state.st_mode))
		return 0;
	aside = state.st_uid == geteuid() ? sluice_ring_put_aside(path, "foreign") : NULL;
	if (!aside)
		return -EPERM;
	sluice_error_about(
		SLUICE_ABOUT(.path = path),
		"%s: no file, and so not the ring that was there; it was put aside as %s", path,
		aside);
	free(aside);
	return 1;
}

int sluice_ring_look_at(struct sluice_ring *ring, int fd)
{
	struct sluice_ring_producer head;
	struct stat state;
	int error;

	if (!ring || fd < 0)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	if (fstat(fd, &state))
		return -errno;
	error = read_head(fd, state.st_size, &head);
	return error ? error : sluice_ring_map_to_look(ring, fd, head.data_offset, head.size);
}

int sluice_ring_look(struct sluice_ring *ring, const char *path)
{
	off_t bytes;
	int fd, error;

	if (!ring || !path)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	/* Not kept waiting by a pipe. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = is_ours(fd, &bytes) ? sluice_ring_look_at(ring, fd) : -EPERM;
	/* The mapping holds the file. */
	close(fd);
	return error;
}

/* The descriptor of the file that a predecessor handed over with its lock, if it is still this
 * file. Negative: there is none. */
static int open_handed(const char *path)
{
	int fd = sluice_handed_take(SLUICE_HANDED_RING, path);
	struct stat here, handed;

	if (fd < 0)
		return fd;
	if (!lstat(path, &here) && !fstat(fd, &handed) && here.st_dev == handed.st_dev &&
	    here.st_ino == handed.st_ino)
		return fd;
	close(fd);
	return -ESTALE;
}

/* What keeping a ring has in hand. */
struct keeping {
	const char *path;
	const struct sluice_ring_known *known; /* by the twin; NULL: there is none */
	uint64_t least;			       /* no ring of an earlier epoch is ours */
	bool is_damaged;		       /* something was there that is not our ring */
	bool is_counted;		       /* and it held so many datagrams: */
	uint64_t lost;
	int fd; /* of the file that is used */
};

/* Takes over what is there. 0; 1: it is not there, or was put aside; negative errno. */
static int take_what_is_there(struct sluice_ring *ring, struct keeping *keeping, size_t size)
{
	const char *path = keeping->path;
	int error = clear_away(path);
	off_t bytes;

	if (error < 0)
		return error;
	keeping->is_damaged = error > 0;
	keeping->fd = open_handed(path);
	if (keeping->fd < 0)
		keeping->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (keeping->fd < 0)
		return errno == ENOENT || size ? 1 : -errno;
	error = is_ours(keeping->fd, &bytes) ? lock(keeping->fd) : -EPERM;
	if (!error && keeping->known && !is_anothers(path, keeping->fd) &&
	    sluice_ring_is_younger(keeping->fd, keeping->known))
		keeping->known = NULL;
	if (!error)
		error = take_over(ring, path, keeping->fd, bytes, keeping->known, keeping->least);
	if (!error && sluice_ring_head(ring) == sluice_ring_tail(ring) && size &&
	    ring->mask + 1 != size) {
		/* Empty, and another size is wished. */
		sluice_ring_destroy(ring);
		(void)unlink(path);
		keeping->known = NULL;
		error = 1;
	} else if (error == -EPROTO || error == -EXDEV || error == -ESTALE) {
		keeping->is_damaged = true;
		keeping->is_counted = give_up(path, keeping->fd, bytes, error, &keeping->lost);
		error = 1;
	} else if (error && error != -EBUSY && error != -EPERM && size) {
		(void)unlink(path);
		error = 1;
	}
	if (error) {
		close(keeping->fd);
		keeping->fd = -1;
	}
	return error;
}

/* Makes the ring that the twin knows in the empty file `fd`. 0 or a negative errno. */
static int revive(struct sluice_ring *ring, const char *path, int fd,
		  const struct sluice_ring_known *known)
{
	bool is_exact;
	int error = sluice_ring_create_in(ring, fd, (size_t)known->size, known->stream,
					  known->epoch, known->cpu);
	uint64_t lost;

	if (error)
		return error;
	lost = sluice_ring_revive(ring, known, 0, &is_exact);
	ring->is_revived = true;
	sluice_notice_about(SLUICE_ABOUT(.path = path),
			    "%s: the ring is not there; it goes on as its twin knows it", path);
	tell(path, lost, is_exact);
	return 0;
}

/* Makes the file anew. 0 or a negative errno. */
static int make(struct sluice_ring *ring, struct keeping *keeping, size_t size,
		const sluice_guid stream, uint64_t epoch, uint32_t cpu)
{
	const char *path = keeping->path;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), error;

	if (fd < 0)
		return -errno;
	error = lock(fd);
	if (!error && keeping->known)
		error = revive(ring, path, fd, keeping->known);
	else if (!error)
		error = sluice_ring_create_in(ring, fd, size, stream, epoch, cpu);
	if (!error) {
		error = sign(path, fd);
		if (error)
			sluice_ring_destroy(ring);
	}
	if (error) {
		(void)unlink(path);
		close(fd);
		return error;
	}
	keeping->fd = fd;
	if (keeping->known || !keeping->is_damaged)
		return 0;
	tell(path, keeping->lost, keeping->is_counted);
	if (keeping->is_counted)
		sluice_ring_lose(ring, 0, SLUICE_LOST_DISK, keeping->lost, 0);
	else
		sluice_ring_lose_unknown(ring, 0, SLUICE_LOST_DISK);
	return 0;
}

int sluice_ring_keep(struct sluice_ring *ring, const char *path, size_t size,
		     const sluice_guid stream, uint64_t epoch, uint32_t cpu, bool *found)
{
	return sluice_ring_keep_since(ring, path, size, stream, epoch, cpu, 0, found);
}

int sluice_ring_keep_since(struct sluice_ring *ring, const char *path, size_t size,
			   const sluice_guid stream, uint64_t epoch, uint32_t cpu, uint64_t least,
			   bool *found)
{
	struct keeping keeping = {.path = path, .least = least, .fd = -1};
	struct sluice_ring_known *known;
	int error;

	if (!ring || !path || !found)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	*found = false;
	known = malloc(sizeof(*known));
	if (!known)
		return -ENOMEM;
	/* One of an earlier life says nothing of ours. */
	keeping.known = sluice_ring_twin_read(path, known) || known->epoch < least ? NULL : known;
	error = take_what_is_there(ring, &keeping, size);
	*found = !error;
	if (error == 1 && (size || keeping.known)) {
		error = make(ring, &keeping, size, stream, epoch, cpu);
		*found = ring->is_revived;
	} else if (error == 1) {
		/* A name at which nobody knows of a ring had none. */
		if (keeping.is_damaged && (keeping.is_counted || least))
			tell(path, keeping.lost, keeping.is_counted);
		error = keeping.is_damaged ? -EPROTO : -ENOENT;
	}
	free(known);
	if (error)
		return error;
	ring->file = strdup(path);
	ring->lock = keeping.fd;
	if (!ring->file) {
		sluice_ring_destroy(ring);
		if (!*found)
			(void)unlink(path);
		close(keeping.fd);
		return -ENOMEM;
	}
	sluice_ring_twin_make(ring, path);
	return 0;
}

int sluice_ring_revive_apart(struct sluice_ring *ring, const char *path)
{
	struct sluice_ring_known *known;
	int error, fd;

	if (!ring || !path)
		return -EINVAL;
	memset(ring, 0, sizeof(*ring));
	known = malloc(sizeof(*known));
	if (!known)
		return -ENOMEM;
	error = sluice_ring_twin_read(path, known);
	fd = error ? -1 : memfd_create("sluice-ring", MFD_CLOEXEC);
	if (!error)
		error = fd < 0 ? -errno : revive(ring, path, fd, known);
	if (error && fd >= 0)
		close(fd);
	/* Told once: the twin goes. */
	if (!error) {
		ring->memory = fd + 1;
		sluice_ring_twin_close(ring, path, true);
	}
	free(known);
	return error;
}

/* Lets go of the file and its twin. What is delivered to the last byte leaves nothing behind. */
static void let_go(struct sluice_ring *ring)
{
	bool ends =
		ring->file && !ring->is_handed && sluice_ring_head(ring) == sluice_ring_tail(ring);

	if (ends)
		(void)unlink(ring->file);
	sluice_ring_twin_close(ring, ring->file, ends);
	if (!ring->file)
		return;
	close(ring->lock);
	free(ring->file);
	ring->file = NULL;
}

void sluice_ring_destroy(struct sluice_ring *ring)
{
	if (!ring || !ring->mapping)
		return;
	let_go(ring);
	sluice_ring_unmap(ring);
}
