// SPDX-License-Identifier: MIT
/*
 * A file that gets a text whole or not at all, see whole_file.h. Touches: the file, and for a
 * moment one beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "whole_file.h"

/* Writes all of it. 0 or a negative errno. */
static int write_all(int fd, const char *text, size_t length)
{
	ssize_t done;

	for (; length; text += done, length -= (size_t)done) {
		done = write(fd, text, length);
		if (done < 0 && errno != EINTR)
			return -errno;
		if (done < 0)
			done = 0;
	}
	return 0;
}

int sluice_whole_file_write(const struct sluice_whole_file *file)
{
	char *beside = NULL;
	int fd, error;

	if (!file || !file->path || !file->text)
		return -EINVAL;
	if (asprintf(&beside, "%s.XXXXXX", file->path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		goto free;
	}
	error = write_all(fd, file->text, file->length);
	if (!error && (fchown(fd, file->uid, file->gid) || fchmod(fd, file->mode) || fsync(fd)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	/* link() never takes the place of a file, rename() does. */
	if (!error && (file->is_new ? link(beside, file->path) : rename(beside, file->path)))
		error = -errno;
	if (error || file->is_new)
		(void)unlink(beside);
free:
	free(beside);
	return error;
}
