// SPDX-License-Identifier: MIT
/*
 * The directory of this user's own on tmpfs; see identity_file.h. Anybody may write to /dev/shm,
 * and so make something of a name that can be guessed first. Then the directory has a name that
 * nobody could guess; a later daemon knows it again by its owner, which only root could change.
 * Touches: /dev/shm.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "identity_file.h"

/* tmpfs on every Linux (shm_overview(7)) */
#define SHARED "/dev/shm"
/* What mkdtemp(3) fills in, behind the usual name. */
#define SUFFIX ".XXXXXX"
#define ROOM 64U

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over what follows */
static char usual[ROOM];
static char *chosen; /* NULL: not yet; the usual one, or on the heap, for good */
static bool is_told;

/* Can nobody but this user (and root) have made and filled the directory? */
static bool is_ours(const char *path)
{
	struct stat state;

	return !lstat(path, &state) && S_ISDIR(state.st_mode) && state.st_uid == geteuid() &&
	       !(state.st_mode & (S_IWGRP | S_IWOTH));
}

/* The directory of another name than the usual one that an earlier daemon of this user made: of
 * several the first by name. NULL: none. @owner caller: free() */
static char *find_other(void)
{
	const char *name = usual + strlen(SHARED "/");
	size_t length = strlen(name);
	DIR *list = opendir(SHARED);
	struct dirent *entry;
	char *best = NULL, *path;

	while (list && (entry = readdir(list))) {
		if (strncmp(entry->d_name, name, length) != 0 ||
		    strlen(entry->d_name) != length + strlen(SUFFIX) ||
		    entry->d_name[length] != SUFFIX[0] ||
		    asprintf(&path, SHARED "/%s", entry->d_name) < 0)
			continue;
		if (!is_ours(path) || (best && strcmp(best, path) < 0)) {
			free(path);
			continue;
		}
		free(best);
		best = path;
	}
	if (list)
		closedir(list);
	return best;
}

/* Makes one. NULL: it cannot be made. @owner caller: free() */
static char *make_other(void)
{
	char *path;

	if (asprintf(&path, "%s" SUFFIX, usual) < 0)
		return NULL;
	if (mkdtemp(path))
		return path;
	free(path);
	return NULL;
}

/* Chooses, if that was not done yet. The lock is held. */
static void choose(void)
{
	uid_t uid = geteuid();

	if (chosen)
		return;
	if (uid)
		snprintf(usual, sizeof(usual), SHARED "/sluice-user-%ld", (long)uid);
	else
		snprintf(usual, sizeof(usual), SHARED "/sluice");
	/* Also if the usual name is free again: what waits lies in the other one. */
	chosen = is_ours(usual) ? usual : find_other();
	if (!chosen)
		chosen = usual;
}

const char *sluice_identity_directory(void)
{
	const char *directory;

	pthread_mutex_lock(&lock);
	choose();
	directory = chosen;
	pthread_mutex_unlock(&lock);
	return directory;
}

bool sluice_identity_directory_is_ours(void)
{
	return is_ours(sluice_identity_directory());
}

int sluice_identity_directory_make(char text[SLUICE_FOLDER_TEXT])
{
	char why[SLUICE_FOLDER_TEXT];
	struct stat state;
	char *other;
	int result;

	if (!text)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	choose();
	result = sluice_folder_make(chosen, 0700, text);
	if (result == -EPERM) {
		other = find_other();
		if (!other)
			other = make_other();
		/* Whoever was told of the one before may still read its name: it is not freed. */
		if (other) {
			chosen = other;
			result = 0;
		}
	}
	if (!result && chosen != usual && !is_told && !lstat(usual, &state) &&
	    sluice_folder_make(usual, 0700, why) == -EPERM) {
		is_told = true;
		sluice_warning("%s; until then rings and notes are kept in %s", why, chosen);
	}
	pthread_mutex_unlock(&lock);
	return result;
}
