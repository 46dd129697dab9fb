// SPDX-License-Identifier: MIT
/*
 * What was read at one moment, see sample.h. Touches: files that are only read.
 */
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sample.h"
#include "text.h"

#define SOURCE_MAX 512
#define FILE_MOST (4UL << 20) /* bytes of a file that are read at most */

int sluice_doctor_sample_add(struct sluice_doctor_sample *sample, const char *source,
			     const char *text)
{
	struct sluice_doctor_text *grown, one;
	size_t room = sample->room ? 2 * sample->room : 64;

	if (sample->count == sample->room) {
		grown = reallocarray(sample->texts, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		sample->texts = grown;
		sample->room = room;
	}
	one.source = strdup(source);
	one.text = strdup(text);
	if (!one.source || !one.text) {
		free(one.source);
		free(one.text);
		return -ENOMEM;
	}
	sample->texts[sample->count++] = one;
	return 0;
}

void sluice_doctor_sample_free(struct sluice_doctor_sample *sample)
{
	size_t number;

	for (number = 0; number < sample->count; number++) {
		free(sample->texts[number].source);
		free(sample->texts[number].text);
	}
	free(sample->texts);
	*sample = (struct sluice_doctor_sample){0};
}

/* The text of the file at `path`. NULL: it cannot be read; *is_memory: for want of memory. @owner
 * caller: free() */
static char *file_text(const char *path, bool *is_memory)
{
	FILE *file = fopen(path, "re");
	size_t used = 0, room = 4096, got;
	char *text, *grown;

	if (!file)
		return NULL;
	text = malloc(room);
	while (text && (got = fread(text + used, 1, room - used - 1, file)) > 0) {
		used += got;
		if (used + 1 < room)
			continue;
		room *= 2;
		if (room > FILE_MOST)
			break;
		grown = realloc(text, room);
		if (!grown)
			free(text);
		text = grown;
	}
	*is_memory = !text;
	if (text && ferror(file)) {
		free(text);
		text = NULL;
	} else if (text) {
		text[used] = '\0';
	}
	fclose(file);
	return text;
}

/* Adds the file at `path`, whose first `prefix` bytes are the root. 0 or -ENOMEM. */
static int add_file(struct sluice_doctor_sample *sample, const char *path, size_t prefix)
{
	bool is_memory = false;
	char *text;
	int error = 0;

	if (sluice_doctor_text(sample, path + prefix))
		return 0;
	text = file_text(path, &is_memory);
	if (text)
		error = sluice_doctor_sample_add(sample, path + prefix, text);
	free(text);
	return is_memory ? -ENOMEM : error;
}

/* Adds all files of a pattern. 0 or -ENOMEM. */
static int add_files(struct sluice_doctor_sample *sample, const char *root, const char *pattern)
{
	char path[SOURCE_MAX];
	glob_t found = {0};
	size_t number;
	int error = 0;

	if (snprintf(path, sizeof(path), "%s%s%s", root, *pattern == '/' ? "" : "/", pattern) >=
	    (int)sizeof(path))
		return 0;
	if (!strpbrk(pattern, "*?["))
		return add_file(sample, path, strlen(root) + (*pattern != '/'));
	error = glob(path, 0, NULL, &found);
	if (error == GLOB_NOSPACE)
		return -ENOMEM;
	for (number = 0, error = 0; !error && number < found.gl_pathc; number++)
		error = add_file(sample, found.gl_pathv[number], strlen(root) + (*pattern != '/'));
	globfree(&found);
	return error;
}

/* Adds what KIND/NAME answers. 0 or -ENOMEM. */
static int add_answer(struct sluice_doctor_sample *sample, const struct sluice_doctor_world *world,
		      const char *source)
{
	const char *slash = strchr(source, '/');
	char kind[32], *text = NULL;
	int error;

	if (!slash || slash - source >= (int)sizeof(kind) || sluice_doctor_text(sample, source))
		return 0;
	snprintf(kind, sizeof(kind), "%.*s", (int)(slash - source), source);
	error = world->ask ? world->ask(world->context, kind, slash + 1, &text) : -ENOENT;
	if (!error && text)
		error = sluice_doctor_sample_add(sample, source, text);
	free(text);
	return error == -ENOMEM ? error : 0;
}

/* Adds what `kind/` answers for each interface. 0 or -ENOMEM. */
static int add_answers(struct sluice_doctor_sample *sample, const struct sluice_doctor_world *world,
		       const char *kind, size_t length)
{
	const char *line = sluice_doctor_text(sample, "links/all");
	char source[SOURCE_MAX], last[32] = "", name[32], key[64];
	int error = 0;

	for (; line && *line && !error; line = sluice_doctor_next_line(line)) {
		if (sscanf(line, "%31s %63s", name, key) != 2 || !strcmp(name, last) ||
		    !strcmp(name, "address") || !strcmp(name, "qdisc"))
			continue;
		snprintf(last, sizeof(last), "%s", name);
		snprintf(source, sizeof(source), "%.*s/%s", (int)length, kind, name);
		error = add_answer(sample, world, source);
	}
	return error;
}

/* Adds a source without placeholders. 0 or -ENOMEM. */
static int add_source(struct sluice_doctor_sample *sample, const struct sluice_doctor_world *world,
		      const char *source)
{
	size_t length = strcspn(source, "/");

	if (*source == '/' || *world->root)
		return add_files(sample, world->root, source);
	if (!strcmp(source + length, "/*"))
		return add_answers(sample, world, source, length);
	return add_answer(sample, world, source);
}

/* The daemon's process; 0: there is none. */
static long daemon_pid(const struct sluice_doctor_sample *sample)
{
	json_t *list = sluice_doctor_json(sample, "daemon/daemon");
	long pid = (long)json_integer_value(json_object_get(json_array_get(list, 0), "pid"));

	json_decref(list);
	return pid;
}

/* Adds a source for the daemon's control group and each above it. 0 or -ENOMEM. */
static int add_groups(struct sluice_doctor_sample *sample, const struct sluice_doctor_world *world,
		      const char *source, const char *mark)
{
	char name[64], group[SOURCE_MAX / 2] = "", whole[SOURCE_MAX];
	const char *text, *line;
	int error;

	snprintf(name, sizeof(name), "/proc/%ld/cgroup", daemon_pid(sample));
	error = add_files(sample, world->root, name);
	text = sluice_doctor_text(sample, name);
	for (line = text; line && *line; line = sluice_doctor_next_line(line))
		if (!strncmp(line, "0::/", 4))
			snprintf(group, sizeof(group), "%.*s", (int)strcspn(line + 3, "\n"),
				 line + 3);
	while (!error && strlen(group) > 1) {
		if (snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(mark - source), source, group,
			     mark + strlen("{cgroup}")) < (int)sizeof(whole))
			error = add_source(sample, world, whole);
		*strrchr(group, '/') = '\0';
	}
	return error;
}

/* Adds a source for the directory of the store on the disk. 0 or -ENOMEM. */
static int add_spool(struct sluice_doctor_sample *sample, const struct sluice_doctor_world *world,
		     const char *source, const char *mark)
{
	json_t *store = sluice_doctor_json(sample, "daemon/store");
	const char *path = json_string_value(
		json_object_get(json_object_get(json_array_get(store, 0), "disk"), "path"));
	char whole[SOURCE_MAX];
	int error = 0;

	if (path && snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(mark - source), source, path,
			     mark + strlen("{spool}")) < (int)sizeof(whole))
		error = add_source(sample, world, whole);
	json_decref(store);
	return error;
}

/* Adds a source, whose placeholders are filled in. 0 or -ENOMEM. */
static int add_filled(struct sluice_doctor_sample *sample, const struct sluice_doctor_world *world,
		      const char *source)
{
	const char *mark = strstr(source, "{cgroup}");
	char whole[SOURCE_MAX];
	long pid;

	if (mark)
		return daemon_pid(sample) ? add_groups(sample, world, source, mark) : 0;
	mark = strstr(source, "{spool}");
	if (mark)
		return add_spool(sample, world, source, mark);
	mark = strstr(source, "{pid}");
	if (!mark)
		return add_source(sample, world, source);
	pid = daemon_pid(sample);
	snprintf(whole, sizeof(whole), "%.*s%ld%s", (int)(mark - source), source, pid,
		 mark + strlen("{pid}"));
	return pid ? add_source(sample, world, whole) : 0;
}

int sluice_doctor_sample_read(struct sluice_doctor_sample *sample,
			      const struct sluice_doctor_world *world, const char *sources)
{
	char source[SOURCE_MAX];
	size_t length;
	int error = 0;

	if (!sample || !world || !world->root || !sources)
		return -EINVAL;
	for (; *sources && !error; sources += length) {
		sources += strspn(sources, " ");
		length = strcspn(sources, " ");
		if (!length || length >= sizeof(source))
			continue;
		memcpy(source, sources, length);
		source[length] = '\0';
		error = add_filled(sample, world, source);
	}
	return error;
}

/* Is it the name of one of the word's sources? */
static bool fits(const char *word, size_t length, const char *source)
{
	char pattern[SOURCE_MAX];
	size_t used = 0, number;

	for (number = 0; number < length && used + 2 < sizeof(pattern); number++) {
		pattern[used++] = word[number] == '{' ? '*' : word[number];
		if (word[number] == '{')
			number += strcspn(word + number, "}");
	}
	pattern[used] = '\0';
	return !fnmatch(pattern, source, 0);
}

bool sluice_doctor_sample_has(const struct sluice_doctor_sample *sample, const char *sources)
{
	size_t length, number;

	for (; *sources; sources += length) {
		sources += strspn(sources, " ");
		length = strcspn(sources, " ");
		for (number = 0; length && number < sample->count; number++)
			if (fits(sources, length, sample->texts[number].source))
				return true;
	}
	return false;
}
