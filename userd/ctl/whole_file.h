/* SPDX-License-Identifier: MIT */
/*
 * A file that gets a text whole or not at all. Touches: the file, and for a moment one beside it.
 */
#ifndef SLUICE_CTL_WHOLE_FILE_H
#define SLUICE_CTL_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What it shall be. */
struct sluice_whole_file {
	const char *path;
	const char *text;
	size_t length;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool is_new; /* no file of that name may be there */
};

/* Writes it beside its place, makes it durable, and gives it its name. 0; -EEXIST: there is one,
 * and it shall be new; another negative errno: nothing has changed. */
int sluice_whole_file_write(const struct sluice_whole_file *file);

/* Puts a text in the place of the file `path`, whose mode and owner stay; of one that is not there
 * they are 0644 and ours. It is durable then. 0 or a negative errno. */
int sluice_whole_file_replace(const char *path, const char *text, size_t length);

#endif /* SLUICE_CTL_WHOLE_FILE_H */
