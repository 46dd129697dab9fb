// SPDX-License-Identifier: MIT
/*
 * What stands in for the spool's checkpoint while that cannot be written, because the file system
 * is read-only or the disk fails: a slot in a file on tmpfs, so that what was acknowledged is not
 * sent again by the next process. It has the generation that the next checkpoint will have: a
 * checkpoint that was written after it counts instead. A restart of the machine takes it away. See
 * spool_checkpoint.c, which fills the slot. Touches: that file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "guid.h"
#include "log.h"
#include "spool_inner.h"

/* The path of the file, or of what becomes it; NULL: nobody said where, or no memory. @owner
 * caller: free() */
static char *path_of(const struct sluice_spool *spool, const char *suffix)
{
	char guid[SLUICE_GUID_TEXT], *path;

	if (!spool->stand_in || asprintf(&path, "%s/sluice-%s-checkpoint%s", spool->stand_in,
					 sluice_guid_format(spool->store, guid), suffix) < 0)
		return NULL;
	return path;
}

/* Writes the slot to a file of that name. 0 or a negative errno. */
static int write_to(const struct sluice_spool *spool, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t done = 0;
	ssize_t count;
	int result = 0;

	if (fd < 0)
		return -errno;
	/* Memory, not the disk that fails. */
	while (!result && done < SLUICE_SPOOL_SLOT) {
		count = write(fd, spool->slot + done, SLUICE_SPOOL_SLOT - done);
		if (count > 0)
			done += (size_t)count;
		else if (!count || errno != EINTR)
			result = count ? -errno : -EIO;
	}
	if (close(fd) && !result)
		result = -errno;
	return result;
}

int sluice_spool_stand_in_write(struct sluice_spool *spool)
{
	char *path = path_of(spool, ""), *fresh = path_of(spool, ".new");
	char text[SLUICE_FOLDER_TEXT];
	int result = -ENOENT;

	if (!path || !fresh)
		goto free;
	result = sluice_folder_make(spool->stand_in, 0700, text);
	if (!result)
		result = write_to(spool, fresh);
	if (!result && rename(fresh, path))
		result = -errno;
	if (result)
		(void)unlink(fresh);
	else
		spool->has_stand_in = true;
free:
	free(fresh);
	free(path);
	return result;
}

int sluice_spool_stand_in_read(struct sluice_spool *spool)
{
	char *path = path_of(spool, "");
	struct stat state;
	int fd, result;

	if (!path)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	result = fd < 0 ? -errno : 0;
	free(path);
	if (result)
		return result;
	/* Only we can have written it. */
	if (fstat(fd, &state) || !S_ISREG(state.st_mode) || state.st_uid != geteuid() ||
	    (state.st_mode & (S_IWGRP | S_IWOTH)))
		result = -EPERM;
	if (!result)
		result = sluice_disk_read(fd, spool->slot, SLUICE_SPOOL_SLOT, 0);
	close(fd);
	spool->has_stand_in = !result;
	return result;
}

void sluice_spool_stand_in_remove(struct sluice_spool *spool)
{
	char *path = path_of(spool, "");

	if (path && spool->has_stand_in && unlink(path) && errno != ENOENT)
		sluice_warning_about(SLUICE_ABOUT(.path = path, .error = strerrorname_np(errno)),
				     "%s: cannot be removed: %s", path, strerror(errno));
	spool->has_stand_in = false;
	free(path);
}
