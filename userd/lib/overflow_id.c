// SPDX-License-Identifier: MIT
/*
 * The user and group of those whom nobody knows, see overflow_id.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include "overflow_id.h"

/* Where /proc does not say it (include/linux/highuid.h, DEFAULT_OVERFLOWUID and -GID). */
#define USUAL 65534UL

/* The number in a file of /proc. */
static unsigned long read_id(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[32], *end = line;
	unsigned long id = USUAL;

	if (!file)
		return USUAL;
	if (fgets(line, sizeof(line), file))
		id = strtoul(line, &end, 10);
	(void)fclose(file);
	return end == line ? USUAL : id;
}

bool sluice_is_overflow_user(uid_t uid)
{
	return uid == read_id("/proc/sys/kernel/overflowuid");
}

bool sluice_is_overflow_group(gid_t gid)
{
	return gid == read_id("/proc/sys/kernel/overflowgid");
}
