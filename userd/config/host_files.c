// SPDX-License-Identifier: MIT
/*
 * What files of ours take already, so that a check does not ask for that room a second time; see
 * host.h. Touches: reads directories.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "host.h"

uint64_t sluice_host_bytes_of(const char *path, const char *begin)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	struct stat state;
	uint64_t bytes = 0;

	if (!directory)
		return 0;
	while ((entry = readdir(directory)))
		if (!strncmp(entry->d_name, begin, strlen(begin)) &&
		    !fstatat(dirfd(directory), entry->d_name, &state, AT_SYMLINK_NOFOLLOW))
			bytes += (uint64_t)state.st_blocks * 512; /* stat(2): units of 512 bytes */
	closedir(directory);
	return bytes;
}

/* Rings without `store.memory.path` lie in a directory of their own below (source/socket_keep.c).
 */
uint64_t sluice_host_rings_of(const char *path)
{
	uint64_t bytes = sluice_host_bytes_of(path, "sluice-");
	char *own = NULL;

	if (asprintf(&own, "%s/sluice", path) < 0)
		return bytes;
	bytes += sluice_host_bytes_of(own, "sluice-");
	free(own);
	return bytes;
}
