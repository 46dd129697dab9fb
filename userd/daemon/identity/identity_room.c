// SPDX-License-Identifier: MIT
/*
 * A file for which room is kept; see identity_room.h. Touches: the file and its spare.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "identity_room.h"

/* Room comes in pieces of so many bytes, and a quarter more than is needed now. */
#define PIECE 16384UL

/* The spare's path. NULL: no memory. @owner caller: free() */
static char *spare_of(const char *path)
{
	char *spare;

	return asprintf(&spare, "%s.spare", path) < 0 ? NULL : spare;
}

/* Opens the spare, or makes it where there is none that only we can have written. The descriptor or
 * a negative errno. */
static int open_spare(const char *spare)
{
	int fd = open(spare, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat state;

	if (fd >= 0 && !fstat(fd, &state) && S_ISREG(state.st_mode) && state.st_uid == geteuid() &&
	    state.st_nlink == 1 && !(state.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	if (fd >= 0)
		close(fd);
	(void)unlink(spare);
	fd = open(spare, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* Makes the file have `wanted` bytes, with room on the disk. 0 or a negative errno. */
static int keep_room(int fd, size_t wanted)
{
	int error = posix_fallocate(fd, 0, (off_t)wanted);

	/* A file system without that has its room when it is written. */
	return error == EINVAL || error == EOPNOTSUPP ? 0 : -error;
}

/* Writes all of it at `offset`. 0 or a negative errno. */
static int write_whole(int fd, const char *bytes, size_t length, size_t offset)
{
	size_t done = 0;
	ssize_t count;

	while (done < length) {
		count = pwrite(fd, bytes + done, length - done, (off_t)(offset + done));
		if (count < 0 && errno != EINTR)
			return -errno;
		if (!count)
			return -EIO;
		done += count > 0 ? (size_t)count : 0;
	}
	return 0;
}

/* Writes the text to the spare, and blanks as far as it goes. 0 or a negative errno. */
static int fill(int fd, const char *text, size_t length)
{
	char blanks[PIECE];
	struct stat state;
	size_t wanted = (length + length / 4 + PIECE) / PIECE * PIECE, at, step;
	int result;

	if (fstat(fd, &state))
		return -errno;
	if ((size_t)state.st_size < length) {
		result = keep_room(fd, wanted);
		/* Just what is needed may be there. */
		if (result == -ENOSPC)
			result = keep_room(fd, length);
		if (result || fstat(fd, &state))
			return result ? result : -errno;
	}
	memset(blanks, '\n', sizeof(blanks));
	result = write_whole(fd, text, length, 0);
	for (at = length; !result && at < (size_t)state.st_size; at += step) {
		step = (size_t)state.st_size - at < PIECE ? (size_t)state.st_size - at : PIECE;
		result = write_whole(fd, blanks, step, at);
	}
	if (!result && fsync(fd))
		result = -errno;
	return result;
}

/* There is a spare for the next time, if there is room for one: of so many bytes. */
static void make_spare(const char *spare, size_t length)
{
	int fd = open_spare(spare);

	if (fd < 0)
		return;
	if (keep_room(fd, (length + length / 4 + PIECE) / PIECE * PIECE))
		(void)unlink(spare);
	close(fd);
}

int sluice_identity_room_write(const char *path, const char *text, size_t length)
{
	char *spare = path && text ? spare_of(path) : NULL;
	int fd, result;

	if (!spare)
		return path && text ? -ENOMEM : -EINVAL;
	fd = open_spare(spare);
	result = fd < 0 ? fd : fill(fd, text, length);
	if (fd >= 0 && close(fd) && !result)
		result = -errno;
	/* What was the file is the next spare. */
	if (result || !renameat2(AT_FDCWD, spare, AT_FDCWD, path, RENAME_EXCHANGE))
		goto free;
	/* There was none, or the file system cannot exchange. */
	if (rename(spare, path))
		result = -errno;
	else
		make_spare(spare, length);
free:
	free(spare);
	return result;
}

void sluice_identity_room_remove(const char *path)
{
	char *spare = path ? spare_of(path) : NULL;

	if (path)
		(void)unlink(path);
	if (spare)
		(void)unlink(spare);
	free(spare);
}
