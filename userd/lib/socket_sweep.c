// SPDX-License-Identifier: MIT
/*
 * Sockets that nobody listens at any more; see socket_sweep.h. Touches: their files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "packet_socket.h"
#include "socket_sweep.h"

/* A socket has the name for a moment first while it does not listen yet (packet_socket.c): so many
 * seconds, and it never will. */
#define MOMENT_S 60

/* What a name is. */
enum kind { NONE, WHOLE, MOMENTARY };

/* Passes over digits. NULL: there are none. */
static const char *pass_number(const char *at)
{
	size_t length = at ? strspn(at, "0123456789") : 0;

	return length ? at + length : NULL;
}

/* Passes over what a home is in a name (taking.c): small letters, digits and lines. */
static const char *pass_home(const char *at)
{
	size_t length = strspn(at, "0123456789abcdefghijklmnopqrstuvwxyz-");

	return length ? at + length : NULL;
}

/* Is it the name of a daemon's socket, or one that it has for a moment? */
static enum kind kind_of(const char *name)
{
	const char *at = NULL;

	if (!strncmp(name, "net-", 4)) {
		at = pass_number(name + 4);
		if (at && *at == '-')
			at = pass_number(at + 1);
		at = at && !strncmp(at, ".sock", 5) ? at + 5 : NULL;
	} else if (!strncmp(name, "over-", 5)) {
		at = pass_number(name + 5);
		at = at && *at == '-' ? pass_home(at + 1) : NULL;
	}
	if (!at || !*at)
		return at ? WHOLE : NONE;
	at = *at == '.' ? pass_number(at + 1) : NULL;
	return at && !*at ? MOMENTARY : NONE;
}

/* Is it a socket of this user's that nobody listens at? */
static bool is_dead(const char *path, enum kind kind)
{
	struct stat state;
	pid_t pid;

	return !lstat(path, &state) && S_ISSOCK(state.st_mode) && state.st_uid == geteuid() &&
	       (kind == WHOLE || time(NULL) - state.st_mtime > MOMENT_S) &&
	       sluice_socket_listener(path, &pid) == -ECONNREFUSED;
}

/*
 * Removes what is_dead(): first it gets another name, so that nobody else's can be there instead.
 * Has a daemon put its own there since we looked? That listens since before it had its name, and
 * goes back, unless one that is newer still has come. (To compare inode numbers is not enough:
 * they are used again.) False: it stays.
 */
static bool take_away(const char *path)
{
	char aside[SLUICE_PACKET_PATH]; /* no process that makes one has such a number */
	pid_t pid;

	if (snprintf(aside, sizeof(aside), "%s.0%d", path, (int)getpid()) >= (int)sizeof(aside) ||
	    renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE))
		return false;
	if (sluice_socket_listener(aside, &pid) == -ECONNREFUSED)
		return !unlink(aside);
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE))
		(void)unlink(aside);
	return false;
}

size_t sluice_socket_sweep(const char *directory)
{
	DIR *stream = directory ? opendir(directory) : NULL;
	char path[SLUICE_PACKET_PATH];
	struct dirent *entry;
	size_t count = 0;
	enum kind kind;

	while (stream && (entry = readdir(stream))) {
		kind = kind_of(entry->d_name);
		if (kind == NONE || snprintf(path, sizeof(path), "%s/%s", directory,
					     entry->d_name) >= (int)sizeof(path))
			continue;
		if (is_dead(path, kind) && take_away(path))
			count++;
	}
	if (stream)
		closedir(stream);
	return count;
}
