/* SPDX-License-Identifier: MIT */
/*
 * For tests that leave files in a directory of theirs. Include it after cmocka.h.
 */
#ifndef TEST_DIRECTORY_HELPER_H
#define TEST_DIRECTORY_HELPER_H

#include <dirent.h>
#include <unistd.h>

/* Removes the files in directory `path`. */
static inline void directory_empty(const char *path)
{
	DIR *list = opendir(path);
	struct dirent *entry;

	assert_non_null(list);
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(list), entry->d_name, 0), 0);
	closedir(list);
}

#endif /* TEST_DIRECTORY_HELPER_H */
