// SPDX-License-Identifier: MIT
/*
 * Directories of the service's own; see folder.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"

int sluice_folder_make(const char *path, mode_t mode, char text[SLUICE_FOLDER_TEXT])
{
	struct stat state;
	int error = 0;

	if (!path || !text)
		return -EINVAL;
	text[0] = '\0';
	/* Where there is a symbolic link, mkdir() does not follow it. */
	if (mkdir(path, mode) && errno != EEXIST)
		error = -errno;
	if (!error && lstat(path, &state))
		error = -errno;
	if (error) {
		snprintf(text, SLUICE_FOLDER_TEXT, "the directory %s cannot be made: %s", path,
			 strerror(-error));
		return error;
	}
	if (!S_ISDIR(state.st_mode))
		snprintf(text, SLUICE_FOLDER_TEXT,
			 "%s is no directory: whoever made it may read and change what sluiced "
			 "keeps there; remove it",
			 path);
	else if (state.st_uid != geteuid())
		snprintf(text, SLUICE_FOLDER_TEXT,
			 "the directory %s belongs to user %ld, who may change what sluiced keeps "
			 "there; give it to user %ld, or remove it",
			 path, (long)state.st_uid, (long)geteuid());
	else if (state.st_mode & (S_IWGRP | S_IWOTH))
		snprintf(text, SLUICE_FOLDER_TEXT,
			 "others may write to the directory %s, and so change what sluiced keeps "
			 "there; take that from them: chmod go-w %s",
			 path, path);
	return text[0] ? -EPERM : 0;
}
