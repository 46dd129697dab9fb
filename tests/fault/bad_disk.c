// SPDX-License-Identifier: MIT
/*
 * A disk that fails on request, under a program that knows nothing of it: preloaded (LD_PRELOAD),
 * it stands before the calls that write to the spool. The file that SLUICE_BAD_DISK names says what
 * happens, and can be written anew at any time:
 *
 *   KIND NUMBER [ever] [ring]
 *
 * call NUMBER of that kind, counted from 0 since the file changed, fails (ever: all from then on;
 * ring: only what goes through an io_uring counts and fails). KIND: short (half of it is written),
 * eio, enospc (a write fails with that), sync (fdatasync fails with EIO), dead (any of these calls,
 * and fallocate, fails with EIO; with ever, a disk that can only be read), slow (nothing fails, and
 * each fdatasync takes NUMBER milliseconds more). What failed is noted in
 * the same file with ".done" behind its name, and of each call that failed a line "PATH HOW" in one
 * with ".paths"; HOW: pwrite, fdatasync, fallocate or io_uring, and +direct behind it when the file
 * is open with O_DIRECT. Without the file nothing fails.
 *
 * A write that goes through an io_uring fails in the kernel: before it is submitted its entry is
 * changed to one that cannot but fail so (or be short), and the completion comes the way it always
 * does. With SLUICE_BAD_DISK_PLAIN there is no io_uring.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include "preload.h"

#define BLOCK 4096U

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[WORD];    /* the file's line, as it was last read */
static unsigned long calls; /* of its kind since */

/* Does this call on `fd` fail? `kind` gets what is to happen; `how`: which call it is. */
static bool fails(int fd, const char *how, char kind[WORD])
{
	const char *file = getenv("SLUICE_BAD_DISK");
	bool result = false, is_mine = false, is_ever = false, is_ring = false;
	char path[PATH], call[WORD];
	unsigned long number = 0;

	if (!file || !is_spool(fd, path))
		return false;
	pthread_mutex_lock(&lock);
	if (read_order(file, order, &calls)) {
		size_t length = strcspn(order, " ");
		char *rest = NULL;

		snprintf(kind, WORD, "%.*s", (int)length, order);
		number = strtoul(order + length, &rest, 10);
		is_ever = strstr(rest, "ever") != NULL;
		is_ring = strstr(rest, "ring") != NULL;
		is_mine = !strcmp(kind, "dead") ||
			  (strcmp(how, "fallocate") != 0 && strcmp(kind, "slow") != 0 &&
			   !strcmp(how, "fdatasync") == !strcmp(kind, "sync") &&
			   (!is_ring || !strcmp(how, "io_uring")));
	}
	if (is_mine) {
		result = calls == number || (is_ever && calls > number);
		if (result) {
			snprintf(call, sizeof(call), " %s%s\n", how,
				 fcntl(fd, F_GETFL) & O_DIRECT ? "+direct" : "");
			note(file, ".paths", path, call);
		}
		if (calls++ == number)
			note(file, ".done", order, "");
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* Half of a write, in whole blocks. */
static size_t half(size_t length)
{
	return length > BLOCK ? length / 2 / BLOCK * BLOCK : length;
}

/* pwrite(2) */
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);
	char kind[WORD];

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
	if (!fails(fd, "pwrite", kind))
		return real(fd, bytes, length, offset);
	if (!strcmp(kind, "short"))
		return real(fd, bytes, half(length), offset);
	errno = strcmp(kind, "enospc") ? EIO : ENOSPC;
	return -1;
}

/* Waits for as long as the order says that a call on `fd` takes more. */
static void dawdle(int fd)
{
	const char *file = getenv("SLUICE_BAD_DISK");
	char path[PATH], line[WORD] = "";
	unsigned long none = 0;

	if (file && is_spool(fd, path) && read_order(file, line, &none) &&
	    !strncmp(line, "slow ", 5))
		(void)usleep((useconds_t)strtoul(line + 5, NULL, 10) * 1000);
}

/* fdatasync(2) */
int fdatasync(int fd)
{
	static int (*real)(int);
	char kind[WORD];

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	dawdle(fd);
	if (!fails(fd, "fdatasync", kind))
		return real(fd);
	errno = EIO;
	return -1;
}

/* fallocate(2) */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
	static int (*real)(int, int, off_t, off_t);
	char kind[WORD];

	if (!real)
		real = (int (*)(int, int, off_t, off_t))dlsym(RTLD_NEXT, "fallocate");
	if (!fails(fd, "fallocate", kind))
		return real(fd, mode, offset, length);
	errno = EIO;
	return -1;
}

/*
 * A descriptor to write to of which the kernel says the error that is wanted, whatever is written:
 * no room in /dev/full, and nothing is mapped in this process at as low an address as a place in a
 * segment is. -1: there is none. Never closed.
 */
static int bad_descriptor(const char *kind)
{
	static int full = -1, unmapped = -1;

	if (full < 0)
		full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (unmapped < 0)
		unmapped = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	return strcmp(kind, "enospc") ? unmapped : full;
}

/* io_uring_submit(3): what was prepared may be changed. */
int io_uring_submit(struct io_uring *ring)
{
	static int (*real)(struct io_uring *);
	unsigned int place;
	char kind[WORD];

	if (!real)
		real = (int (*)(struct io_uring *))dlsym(RTLD_NEXT, "io_uring_submit");
	for (place = ring->sq.sqe_head; place != ring->sq.sqe_tail; place++) {
		struct io_uring_sqe *entry = &ring->sq.sqes[place & ring->sq.ring_mask];

		if (entry->opcode != IORING_OP_WRITE || !fails(entry->fd, "io_uring", kind))
			continue;
		if (!strcmp(kind, "short"))
			entry->len = (unsigned int)half(entry->len);
		else
			entry->fd = bad_descriptor(kind);
	}
	return real(ring);
}

/* io_uring_queue_init(3): where nobody shall have one the kernel has none. */
int io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags)
{
	static int (*real)(unsigned int, struct io_uring *, unsigned int);

	if (getenv("SLUICE_BAD_DISK_PLAIN"))
		return -ENOSYS;
	if (!real)
		real = (int (*)(unsigned int, struct io_uring *, unsigned int))dlsym(
			RTLD_NEXT, "io_uring_queue_init");
	return real(entries, ring, flags);
}
