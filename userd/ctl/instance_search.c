// SPDX-License-Identifier: MIT
/*
 * Daemons found by their processes, see instance_search.h: what a process called sluiced has open
 * is looked up in the list of sockets of its network namespace. Nobody is disturbed by that, as a
 * connection to every socket of the host would. Touches: /proc/PID of each process.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "instance_search.h"

/* What is in /proc/PID, whose PID is a number. */
#define PLACE_MAX 64U
/* The flag of a socket that listens, in the list of sockets (__SO_ACCEPTCON). */
#define LISTENS 0x10000U
/* Columns of that list before the path, and the numbers of some. */
#define COLUMNS 7U
#define FLAGS 3U
#define TYPE 4U
#define INODE 6U

/* Is it the number of a process? */
static bool is_number(const char *name)
{
	return *name && name[strspn(name, "0123456789")] == '\0';
}

/* Is the process called sluiced? */
static bool is_daemon(pid_t process)
{
	char place[PLACE_MAX], name[32] = "";
	FILE *file;

	snprintf(place, sizeof(place), "/proc/%d/comm", (int)process);
	file = fopen(place, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strcmp(name, "sluiced\n");
}

/* Has the process the socket `inode` open? */
static bool has_open(pid_t process, uint64_t inode)
{
	char place[PLACE_MAX], file[PLACE_MAX + 256];
	struct dirent *entry;
	struct stat state;
	bool found = false;
	DIR *files;

	snprintf(place, sizeof(place), "/proc/%d/fd", (int)process);
	files = opendir(place);
	while (files && !found && (entry = readdir(files))) {
		snprintf(file, sizeof(file), "%s/%s", place, entry->d_name);
		found = is_number(entry->d_name) && !stat(file, &state) &&
			S_ISSOCK(state.st_mode) && state.st_ino == inode;
	}
	if (files)
		closedir(files);
	return found;
}

/* Is the process of our network namespace? */
static bool is_here(pid_t process)
{
	char place[PLACE_MAX];
	struct stat theirs, ours;

	snprintf(place, sizeof(place), "/proc/%d/ns/net", (int)process);
	return !stat(place, &theirs) && !stat("/proc/self/ns/net", &ours) &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/*
 * Takes a line of the list of sockets (proc(5), net/unix) apart. False: no packet socket that
 * listens at a whole path. A daemon binds "PATH.PROCESS" and renames that (lib/packet_socket.c), of
 * which the list knows nothing: the end is taken off.
 */
static bool read_line(char *line, const char **path, uint64_t *inode)
{
	char *word[COLUMNS], *rest = line, *end;
	size_t column;

	for (column = 0; column < COLUMNS; column++) {
		rest += strspn(rest, " ");
		word[column] = rest;
		rest += strcspn(rest, " \n");
		if (!*rest)
			return false;
		/* What follows the last one may hold spaces. */
		*rest++ = '\0';
	}
	if (!(strtoul(word[FLAGS], NULL, 16) & LISTENS) ||
	    strtoul(word[TYPE], NULL, 16) != SOCK_SEQPACKET)
		return false;
	*inode = strtoull(word[INODE], NULL, 10);
	rest[strcspn(rest, "\n")] = '\0';
	end = strrchr(rest, '.');
	if (*rest != '/' || !end || !is_number(end + 1))
		return false;
	*end = '\0';
	*path = rest;
	return strlen(rest) < SLUICE_PACKET_PATH;
}

/* Calls `each` for what the process listens at. 0, or what `each` returned. */
static int search_process(pid_t process, int (*each)(const char *path, bool is_here, void *context),
			  void *context)
{
	char place[PLACE_MAX], *line = NULL;
	const char *path;
	size_t room = 0;
	uint64_t inode;
	int result = 0;
	FILE *list;

	snprintf(place, sizeof(place), "/proc/%d/net/unix", (int)process);
	list = fopen(place, "re");
	while (list && !result && getline(&line, &room, list) >= 0) {
		if (read_line(line, &path, &inode) && has_open(process, inode))
			result = each(path, is_here(process), context);
	}
	free(line);
	if (list)
		fclose(list);
	return result;
}

int sluice_instance_search(int (*each)(const char *path, bool is_here, void *context),
			   void *context)
{
	struct dirent *entry;
	DIR *processes;
	pid_t process;
	int result = 0;

	if (!each)
		return -EINVAL;
	processes = opendir("/proc");
	if (!processes)
		return -errno;
	while (!result && (entry = readdir(processes))) {
		if (!is_number(entry->d_name))
			continue;
		process = (pid_t)strtol(entry->d_name, NULL, 10);
		if (is_daemon(process))
			result = search_process(process, each, context);
	}
	closedir(processes);
	return result;
}
