// SPDX-License-Identifier: MIT
/*
 * Where the installed systemd service may write, see unit.h. Touches: reads files of systemd.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "unit.h"

#define UNIT "sluiced.service"

/* systemd.unit(5): where units are, the first counts; drop-ins of all of them do. */
static const char *const directories[] = {"/etc/systemd/system", "/run/systemd/system",
					  "/usr/local/lib/systemd/system",
					  "/usr/lib/systemd/system", "/lib/systemd/system"};
#define DIRECTORIES (sizeof(directories) / sizeof(directories[0]))

/* What systemd leaves writable in any case (systemd.exec(5), ProtectSystem=), and what PrivateTmp=
 * gives. */
static const char *const always[] = {"/dev", "/proc", "/sys", "/tmp", "/var/tmp"};

/* Settings that name directories which are made and may be written to, and where those lie. */
static const struct {
	const char *key;
	const char *below;
} settings[] = {{"ReadWritePaths", ""},
		{"StateDirectory", "/var/lib/"},
		{"LogsDirectory", "/var/log/"},
		{"CacheDirectory", "/var/cache/"},
		{"RuntimeDirectory", "/run/"}};

/* Forgets the directories that begin with `below`: an empty assignment takes back what was said
 * before. */
static void forget(struct sluice_unit *unit, const char *below)
{
	size_t from, to = 0;

	for (from = 0; from < unit->count; from++)
		if (strncmp(unit->writable[from], below, strlen(below)) != 0)
			unit->writable[to++] = unit->writable[from];
		else
			free(unit->writable[from]);
	unit->count = to;
}

/* Adds the directories that `value` names; it is cut into words. 0 or -ENOMEM. */
static int add(struct sluice_unit *unit, char *value, const char *below)
{
	char **grown, *path, *word, *rest;

	if (!value[strspn(value, " \t")])
		forget(unit, below);
	for (word = strtok_r(value, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		/* "-": may be missing; "+": below RootDirectory=. */
		if (!*below)
			word += strspn(word, "-+");
		grown = reallocarray(unit->writable, unit->count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		unit->writable = grown;
		if (asprintf(&path, "%s%s", below, word) < 0)
			return -ENOMEM;
		unit->writable[unit->count++] = path;
	}
	return 0;
}

/* Reads one file of the unit. 0, -ENOENT or -ENOMEM. */
static int read_file(struct sluice_unit *unit, const char *path, const char *file)
{
	FILE *stream = fopen(path, "re");
	char line[4096], *value;
	size_t number;
	int error = 0;

	if (!stream)
		return -ENOENT;
	while (!error && fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\r\n")] = '\0';
		value = strchr(line, '=');
		if (!value || line[0] == '#' || line[0] == ';')
			continue;
		*value++ = '\0';
		if (!strcmp(line, "ProtectSystem"))
			unit->is_strict = !strcmp(value, "strict");
		if (!strcmp(line, "ExecStart") && strstr(value, file))
			unit->names_file = true;
		for (number = 0; number < sizeof(settings) / sizeof(settings[0]); number++)
			if (!strcmp(line, settings[number].key)) {
				error = add(unit, value, settings[number].below);
				break;
			}
	}
	fclose(stream);
	return error;
}

/* Reads the drop-ins below one directory, in the order of their names. 0 or -ENOMEM. */
static int read_drop_ins(struct sluice_unit *unit, const char *directory, const char *file)
{
	char path[512];
	struct dirent **list;
	int count, number, error = 0;

	snprintf(path, sizeof(path), "%s/" UNIT ".d", directory);
	count = scandir(path, &list, NULL, alphasort);
	if (count < 0)
		return 0;
	for (number = 0; number < count; number++) {
		size_t length = strlen(list[number]->d_name);

		snprintf(path, sizeof(path), "%s/" UNIT ".d/%s", directory, list[number]->d_name);
		if (!error && length > 5 && !strcmp(list[number]->d_name + length - 5, ".conf") &&
		    read_file(unit, path, file) == -ENOMEM)
			error = -ENOMEM;
		free(list[number]);
	}
	free(list);
	return error;
}

int sluice_unit_read(struct sluice_unit *unit, const char *file)
{
	char *real = file ? realpath(file, NULL) : NULL;
	int error = -ENOENT;
	size_t number;

	memset(unit, 0, sizeof(*unit));
	if (!real)
		return -ENOENT;
	for (number = 0; number < DIRECTORIES && error == -ENOENT; number++) {
		snprintf(unit->path, sizeof(unit->path), "%s/" UNIT, directories[number]);
		error = read_file(unit, unit->path, real);
	}
	for (number = DIRECTORIES; !error && number > 0; number--)
		error = read_drop_ins(unit, directories[number - 1], real);
	free(real);
	if (!error && !unit->names_file)
		error = -ENOENT;
	if (error)
		sluice_unit_free(unit);
	return error;
}

void sluice_unit_free(struct sluice_unit *unit)
{
	size_t number;

	for (number = 0; number < unit->count; number++)
		free(unit->writable[number]);
	free(unit->writable);
	unit->writable = NULL;
	unit->count = 0;
}

/* Is `path` the directory, or below it? */
static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	while (length > 1 && directory[length - 1] == '/')
		length--;
	return !strncmp(path, directory, length) && (!path[length] || path[length] == '/');
}

bool sluice_unit_may_write(const struct sluice_unit *unit, const char *path)
{
	size_t number;

	if (!unit->is_strict)
		return true;
	for (number = 0; number < sizeof(always) / sizeof(always[0]); number++)
		if (is_below(path, always[number]))
			return true;
	for (number = 0; number < unit->count; number++)
		if (is_below(path, unit->writable[number]))
			return true;
	return false;
}
