// SPDX-License-Identifier: MIT
/*
 * File systems, the clock and the kernel's messages, see read.h. Touches: nothing that stays.
 */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include "read.h"

/* Of klogctl(3), whose manual has numbers only. */
#define READ_ALL 3
#define SIZE 10

int sluice_doctor_read_filesystem(const char *path, char **text)
{
	struct statvfs room;
	struct stat state;

	if (!path || statvfs(path, &room) || stat(path, &state))
		return path ? -errno : -EINVAL;
	if (asprintf(text,
		     "bytes-free %llu\nbytes %llu\ninodes-free %llu\ninodes %llu\ndevice %u:%u\n",
		     (unsigned long long)room.f_bavail * room.f_frsize,
		     (unsigned long long)room.f_blocks * room.f_frsize,
		     (unsigned long long)room.f_favail, (unsigned long long)room.f_files,
		     major(state.st_dev), minor(state.st_dev)) < 0) {
		*text = NULL;
		return -ENOMEM;
	}
	return 0;
}

int sluice_doctor_read_clock(char **text)
{
	struct timex clock = {.modes = 0};
	int state = adjtimex(&clock);

	if (state < 0)
		return -errno;
	if (asprintf(text, "unsynchronised %d\nerror-us %ld\n",
		     state == TIME_ERROR || (clock.status & STA_UNSYNC), clock.maxerror) < 0) {
		*text = NULL;
		return -ENOMEM;
	}
	return 0;
}

int sluice_doctor_read_log(char **text)
{
	int size = klogctl(SIZE, NULL, 0), got;

	if (size < 0)
		return -errno;
	*text = malloc((size_t)size + 1);
	if (!*text)
		return -ENOMEM;
	got = klogctl(READ_ALL, *text, size);
	if (got < 0) {
		got = -errno;
		free(*text);
		*text = NULL;
		return got;
	}
	(*text)[got] = '\0';
	return 0;
}

/* Does the list of a kernel's modules have ours? */
static bool has_module(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, "/sluice.ko") || !strncmp(line, "sluice.ko", 9);
	}
	if (file)
		fclose(file);
	return found;
}

int sluice_doctor_read_kernels(char **text)
{
	glob_t found = {0};
	size_t number, length;
	const char *release;
	FILE *to = open_memstream(text, &length);

	if (!to)
		return -ENOMEM;
	(void)glob("/lib/modules/*/modules.dep", 0, NULL, &found);
	for (number = 0; number < found.gl_pathc; number++) {
		release = found.gl_pathv[number] + strlen("/lib/modules/");
		fprintf(to, "%.*s module %d\n", (int)strcspn(release, "/"), release,
			has_module(found.gl_pathv[number]));
	}
	globfree(&found);
	return fclose(to) ? -ENOMEM : 0;
}

int sluice_doctor_read_descriptors(const char *process, char **text)
{
	char pattern[64];
	glob_t found = {0};
	int error = 0;

	if (!process || strspn(process, "0123456789") != strlen(process))
		return -EINVAL;
	snprintf(pattern, sizeof(pattern), "/proc/%s/fd/[0-9]*", process);
	/* None at all: it may not be looked at. */
	if (glob(pattern, 0, NULL, &found) || !found.gl_pathc)
		error = -EACCES;
	else if (asprintf(text, "open %zu\n", found.gl_pathc) < 0)
		error = -ENOMEM;
	globfree(&found);
	return error;
}
