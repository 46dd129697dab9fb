// SPDX-License-Identifier: MIT
/*
 * A file that gets a text whole or not at all, see whole_file.h. Touches: the file, and for a
 * moment one beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Makes a folder's entries durable. 0 or a negative errno. */
static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd, error = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		error = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return error;
}

int sluice_whole_file_replace(const char *path, const char *text, size_t length)
{
	struct stat state = {.st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	struct sluice_whole_file file = {.path = path, .text = text, .length = length};
	int error;

	(void)stat(path, &state);
	file.mode = state.st_mode & 07777;
	file.uid = state.st_uid;
	file.gid = state.st_gid;
	error = sluice_whole_file_write(&file);
	return error ? error : sync_folder(path);
}
