/* SPDX-License-Identifier: MIT */
/*
 * What the libraries have in common that are preloaded (LD_PRELOAD) under sluiced to make its disk
 * fail (bad_disk.c) or itself die at a named step (crash_point.c): which files are the spool's, the
 * file with the order, and notes for the test.
 */
#ifndef TESTS_PRELOAD_H
#define TESTS_PRELOAD_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define WORD 64
#define PATH 4096

/* Is this the name of a file of the spool? */
static inline bool is_spool_path(const char *path)
{
	return strstr(path, "/segment-") || strstr(path, "/checkpoint");
}

/* Is it a file of the spool? `path` gets its name. */
static inline bool is_spool(int fd, char path[PATH])
{
	char link[WORD];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return is_spool_path(path);
}

/* Reads the order, which is `file`'s only line, to `order`, and sets *calls to 0 if it is another
 * one than before. False: there is none. */
static inline bool read_order(const char *file, char order[WORD], unsigned long *calls)
{
	char line[WORD] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length <= 0)
		return false;
	if (strcmp(line, order) != 0) {
		memcpy(order, line, WORD);
		*calls = 0;
	}
	return true;
}

/* Adds a text to the file `file` with `ending` behind its name. */
static inline void note(const char *file, const char *ending, const char *text, const char *end)
{
	char path[PATH], line[PATH + WORD];
	int fd, length;

	snprintf(path, sizeof(path), "%s%s", file, ending);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	length = snprintf(line, sizeof(line), "%s%s", text, end);
	if (write(fd, line, (size_t)length) < 0)
		perror("preload");
	close(fd);
}

#endif /* TESTS_PRELOAD_H */
