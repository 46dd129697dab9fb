// SPDX-License-Identifier: MIT
/*
 * The places in the file system that the configuration names, beside the spool's own room (host.c):
 * the log, the rings, and whether the installed service may write there. Touches: reads facts of
 * the system and the service's unit.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <syslog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "group.h"
#include "hook_words.h"
#include "host.h"
#include "size.h"
#include "suggest.h"
#include "unit.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SHARED_MEMORY "/dev/shm"

/* Why no file can be made or written in directory `path`: 0 if it can, else an errno. */
static int unavailable_reason(const char *path)
{
	struct stat state;

	if (stat(path, &state))
		return errno;
	if (!S_ISDIR(state.st_mode))
		return ENOTDIR;
	return access(path, W_OK | X_OK) ? errno : 0;
}

/* Is there the group whose members may change? The daemon runs without it all the same. */
static void check_group(const struct sluice_config *config, struct sluice_findings *findings)
{
	char quoted[SLUICE_QUOTE_TEXT];
	gid_t gid;
	int error;

	if (!config->control_group)
		return;
	error = sluice_group_find(config->control_group, &gid);
	if (error)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &config->control_group_place,
				    "control.group: %s: %s",
				    sluice_quote(config->control_group, quoted),
				    sluice_group_reason(error));
}

/* Can the log be written? */
static void check_log(const struct sluice_config *config, struct sluice_findings *findings)
{
	const struct sluice_config_place *place = &config->log.place;
	char quoted[SLUICE_QUOTE_TEXT], *copy;
	struct stat state;
	int error;

	if (config->log.target == SLUICE_LOG_JOURNAL && access(JOURNAL_SOCKET, F_OK)) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "log.to: no journal listens on this machine (%s: %s); name a "
				    "file, or use `stderr`",
				    JOURNAL_SOCKET, strerror(errno));
		return;
	}
	if (config->log.target == SLUICE_LOG_SYSLOG && access(_PATH_LOG, W_OK)) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "log.to: no syslog daemon listens on this machine (%s: %s); "
				    "start one, name a file, or use `stderr`",
				    _PATH_LOG, strerror(errno));
		return;
	}
	if (config->log.target != SLUICE_LOG_FILE)
		return;
	copy = strdup(config->log.path);
	if (!copy)
		return;
	sluice_quote(config->log.path, quoted);
	error = unavailable_reason(dirname(copy));
	if (!stat(config->log.path, &state)) {
		if (S_ISDIR(state.st_mode))
			error = EISDIR;
		else
			error = access(config->log.path, W_OK) ? errno : 0;
	}
	if (error == ENOENT)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "log.to: %s: there is no such directory; make it, or name "
				    "another file",
				    quoted);
	else if (error)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "log.to: %s cannot be written to: %s; name a file that can, or "
				    "use `journal`",
				    quoted, strerror(error));
	free(copy);
}

/* Is there a directory for the rings, or one to make it in? */
static void check_memory_path(const struct sluice_config *config, struct sluice_findings *findings)
{
	const struct sluice_config_store *store = &config->store;
	char quoted[SLUICE_QUOTE_TEXT], *copy;
	int error;

	if (!store->memory_path)
		return;
	copy = strdup(store->memory_path);
	if (!copy)
		return;
	sluice_quote(store->memory_path, quoted);
	/* The last part of the path is made. */
	error = unavailable_reason(store->memory_path);
	if (error == ENOENT)
		error = unavailable_reason(dirname(copy));
	if (error == ENOENT)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &store->memory_path_place,
				    "store.memory.path: there is no directory %s, and none to make "
				    "it in; make it, or leave the key out (/dev/shm)",
				    quoted);
	else if (error)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &store->memory_path_place,
				    "store.memory.path: %s cannot be written to: %s; name another "
				    "directory, or leave the key out (/dev/shm)",
				    quoted, strerror(error));
	free(copy);
}

/* Bytes of one line of /proc/meminfo, 0 if it is not there. */
static uint64_t memory_line(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t length = strlen(name);
	uint64_t kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ':')
			kib = strtoull(line + length + 1, NULL, 10);
	if (file)
		fclose(file);
	return kib * 1024;
}

/* Is as much memory free as the rings of sockets take? Those of the module the module refuses
 * itself. */
static void check_free_memory(const struct sluice_config *config, struct sluice_findings *findings)
{
	const struct sluice_config_store *store = &config->store;
	char size[SLUICE_SIZE_TEXT], room[SLUICE_SIZE_TEXT], quoted[SLUICE_QUOTE_TEXT];
	const struct sluice_config_place *place = &store->memory_place;
	uint64_t available = memory_line("MemAvailable") + memory_line("SwapFree");
	uint64_t total = memory_line("MemTotal"), there;
	char *copy = strdup(store->memory_path ? store->memory_path : SHARED_MEMORY);
	const char *path = copy;
	struct statvfs disk;

	/* More than there is at all is told by host.c. */
	if (!copy || (total && store->memory_size > total))
		goto free;
	/* The last part of it may have to be made. */
	if (access(path, F_OK))
		path = dirname(copy);
	sluice_size_format(store->memory_size, size);
	/* What a predecessor left in its rings is there already. */
	there = sluice_host_rings_of(path);
	if (available && store->memory_size > available + there)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "store.memory.size: %s, but only %s of memory are free now; "
				    "write a smaller size, or end what takes the rest",
				    size, sluice_size_format(available + there, room));
	if (!statvfs(path, &disk) && disk.f_blocks &&
	    store->memory_size > (uint64_t)disk.f_bavail * disk.f_frsize + there)
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR,
			store->memory_path && !place->line ? &store->memory_path_place : place,
			"store.memory.size: %s do not fit into %s: %s are free there; write a "
			"smaller size, or name another directory (store.memory.path)",
			size, sluice_quote(path, quoted),
			sluice_size_format((uint64_t)disk.f_bavail * disk.f_frsize + there, room));
free:
	free(copy);
}

/* May the service that is installed to use this file write to `path`? */
static void check_unit(const struct sluice_unit *unit, const char *key, const char *path,
		       const struct sluice_config_place *place, struct sluice_findings *findings)
{
	char quoted[SLUICE_QUOTE_TEXT];

	if (!path || sluice_unit_may_write(unit, path))
		return;
	sluice_findings_add(findings, SLUICE_FINDING_WARNING, place,
			    "%s: the service (%s) may not write to %s and will not start; add "
			    "`ReadWritePaths=` with that directory to the unit (`systemctl edit "
			    "sluiced`), or name a place below /var/lib/sluice or /var/log/sluice",
			    key, unit->path, sluice_quote(path, quoted));
}

/* How bad is it that users other than root and ours may write to what has this state? 0: they may
 * not, 1: those of a group may, 2: anybody may, or its owner. */
static int others_may_write(const struct stat *state)
{
	if (state->st_mode & S_IWOTH || (state->st_uid != 0 && state->st_uid != geteuid()))
		return 2;
	return state->st_mode & S_IWGRP && state->st_gid != 0;
}

/* Can a command be run, and can nobody but root and our user have put something else there? */
static void check_hook(const struct sluice_config_hook *hook, struct sluice_findings *findings)
{
	const char *why, *what = NULL;
	char **words = sluice_hook_words(hook->command, &why), *folder;
	char quoted[SLUICE_QUOTE_TEXT];
	struct stat state, above;
	int risk = 0;

	if (!words)
		return;
	folder = strdup(words[0]);
	if (stat(words[0], &state))
		what = strerror(errno);
	else if (!S_ISREG(state.st_mode) || access(words[0], X_OK))
		what = "it is not executable (chmod +x)";
	if (what)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &hook->place,
				    "control.hooks: %s cannot be run: %s; events run nothing "
				    "until it can",
				    sluice_quote(words[0], quoted), what);
	else
		risk = others_may_write(&state);
	if (!what && folder && !stat(dirname(folder), &above) && !(above.st_mode & S_ISVTX) &&
	    others_may_write(&above) > risk)
		risk = others_may_write(&above);
	if (risk)
		sluice_findings_add(findings,
				    risk > 1 ? SLUICE_FINDING_ERROR : SLUICE_FINDING_WARNING,
				    &hook->place,
				    "control.hooks: others than root and the user of sluiced may "
				    "write to %s, or exchange it: they would run what they like; "
				    "chown it, and chmod go-w it and its directory",
				    sluice_quote(words[0], quoted));
	free(folder);
	free(words);
}

void sluice_host_check_places(const struct sluice_config *config, enum sluice_host_view view,
			      struct sluice_findings *findings)
{
	struct sluice_unit unit;
	size_t number;

	check_log(config, findings);
	check_group(config, findings);
	check_memory_path(config, findings);
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++)
		if (config->hooks[number].command)
			check_hook(&config->hooks[number], findings);
	/* With a daemon that runs, what it has is taken and not to be told from what others have.
	 */
	if (view != SLUICE_HOST_LIVE && sluice_host_uses_sockets(config, sluice_host_module()))
		check_free_memory(config, findings);
	/* The daemon itself sees what it may do. */
	if (view == SLUICE_HOST_START || sluice_unit_read(&unit, config->path))
		return;
	check_unit(&unit, "store.disk.path", config->store.disk_path,
		   &config->store.disk_path_place, findings);
	check_unit(&unit, "store.memory.path", config->store.memory_path,
		   &config->store.memory_path_place, findings);
	check_unit(&unit, "log.to", config->log.path, &config->log.place, findings);
	sluice_unit_free(&unit);
}
