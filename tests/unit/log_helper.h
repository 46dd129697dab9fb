/* SPDX-License-Identifier: MIT */
/*
 * A log in a file, for tests of what it says: make_log() and remove_log() are for the group,
 * open_log() for each test.
 */
#ifndef LOG_HELPER_H
#define LOG_HELPER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/log.h"

static char path[] = "/tmp/sluice-log-XXXXXX";

/* Makes the file. cmocka calls it before the first test. */
static int make_log(void **state)
{
	int file = mkstemp(path);

	(void)state;
	if (file < 0)
		return -1;
	close(file);
	return 0;
}

/* Removes it. cmocka calls it after the last test. */
static int remove_log(void **state)
{
	(void)state;
	sluice_log_close();
	return unlink(path);
}

/* Begins a new log. cmocka calls it before each test. */
static int open_log(void **state)
{
	(void)state;
	if (truncate(path, 0))
		return -1;
	return sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO);
}

/* How many lines of the log have `part` in them. */
static unsigned int count_lines(const char *part)
{
	unsigned int count = 0;
	char *line = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (getline(&line, &room, file) >= 0)
		count += strstr(line, part) != NULL;
	free(line);
	fclose(file);
	return count;
}

#endif /* LOG_HELPER_H */
