// SPDX-License-Identifier: MIT
/*
 * Revisions on the disk; see revisions_file.h. A file is a comment with what is known of the
 * revision, as JSON, and its text: a configuration that can be applied. Touches: the folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../config/check.h"
#include "revisions_file.h"

#define HEAD "# sluice revision "
#define FILE_MAX (SLUICE_CONFIG_TEXT_MAX + 65536) /* bytes of one file */

char *sluice_revisions_folder(const char *relay)
{
	const char *state = getenv("STATE_DIRECTORY");
	char *folder;

	if (!state || *state != '/' || strchr(relay, '/') || *relay == '.' ||
	    asprintf(&folder, "%.*s/revisions-%s", (int)strcspn(state, ":"), state, relay) < 0)
		return NULL;
	return folder;
}

/* The number that a file's name is; 0: it is none. */
static uint64_t number_of(const char *name)
{
	char *end;
	uint64_t number;

	if (*name < '1' || *name > '9')
		return 0;
	errno = 0;
	number = strtoull(name, &end, 10);
	return errno || strcmp(end, ".yaml") != 0 ? 0 : number;
}

/* Numbers of the files there, the largest ones, in order. How many, or a negative errno. */
static int list(const char *folder, uint64_t numbers[SLUICE_REVISIONS])
{
	DIR *stream = opendir(folder);
	struct dirent *entry;
	uint64_t number;
	int count = 0, place;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream))) {
		number = number_of(entry->d_name);
		if (!number || (count == SLUICE_REVISIONS && number < numbers[0]))
			continue;
		if (count == SLUICE_REVISIONS) {
			count--;
			memmove(numbers, numbers + 1, (size_t)count * sizeof(*numbers));
		}
		for (place = count; place > 0 && numbers[place - 1] > number; place--)
			numbers[place] = numbers[place - 1];
		numbers[place] = number;
		count++;
	}
	closedir(stream);
	return count;
}

/* Reads a file whole. NULL: it cannot be read, or is too large. @owner caller */
static char *read_file(const char *folder, uint64_t number, size_t *length)
{
	char *path, *text = NULL;
	ssize_t got = -1;
	int fd = -1;

	if (asprintf(&path, "%s/%" PRIu64 ".yaml", folder, number) >= 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		free(path);
	}
	if (fd >= 0)
		text = malloc(FILE_MAX + 1);
	if (text)
		got = read(fd, text, FILE_MAX);
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[got] = '\0';
	*length = (size_t)got;
	return text;
}

/* Reads one revision. 0; -EINVAL: it is damaged; -ENOMEM. @owner caller: its texts, also on
 * failure */
static int read_one(const char *folder, uint64_t number, struct sluice_revision *revision)
{
	json_int_t time, uid, size;
	const char *how, *name;
	size_t length = 0;
	char *text = read_file(folder, number, &length);
	char *end = text ? strchr(text, '\n') : NULL;
	json_t *head = NULL;
	int runtime, error = -EINVAL;

	if (end && !strncmp(text, HEAD, strlen(HEAD)))
		head = json_loadb(text + strlen(HEAD), (size_t)(end - text) - strlen(HEAD), 0,
				  NULL);
	if (head &&
	    !json_unpack(head, "{s:I, s:I, s:b, s:s, s:s, s:I}", "time", &time, "uid", &uid,
			 "runtime", &runtime, "how", &how, "file", &name, "bytes", &size) &&
	    size >= 0 && (size_t)size == length - (size_t)(end + 1 - text)) {
		revision->number = number;
		revision->time_ns = (uint64_t)time;
		revision->uid = (uid_t)uid;
		revision->is_runtime = runtime;
		revision->how = strdup(how);
		revision->name = strdup(name);
		revision->length = (size_t)size;
		revision->text = strndup(end + 1, (size_t)size);
		error = revision->how && revision->name && revision->text ? 0 : -ENOMEM;
	}
	json_decref(head);
	free(text);
	return error;
}

int sluice_revisions_load(const char *folder, struct sluice_revisions *revisions)
{
	uint64_t numbers[SLUICE_REVISIONS];
	int count, place, error;

	if (!folder || !revisions || revisions->count)
		return -EINVAL;
	count = list(folder, numbers);
	for (place = 0; place < count; place++) {
		struct sluice_revision revision = {0};

		error = read_one(folder, numbers[place], &revision);
		if (!error) {
			revisions->list[revisions->count++] = revision;
			continue;
		}
		free(revision.how);
		free(revision.name);
		free(revision.text);
	}
	return count < 0 ? count : 0;
}

/* Writes head and text. 0 or a negative errno. */
static int write_file(int fd, const struct sluice_revision *revision)
{
	json_t *head = json_pack("{s:I, s:I, s:b, s:s, s:s, s:I}", "time",
				 (json_int_t)revision->time_ns, "uid", (json_int_t)revision->uid,
				 "runtime", revision->is_runtime, "how", revision->how, "file",
				 revision->name, "bytes", (json_int_t)revision->length);
	char *line = head ? json_dumps(head, JSON_COMPACT) : NULL;
	FILE *stream = line ? fdopen(fd, "w") : NULL;
	int error = 0;

	json_decref(head);
	if (!stream) {
		close(fd);
		free(line);
		return -ENOMEM;
	}
	if (fprintf(stream, HEAD "%s\n", line) < 0 ||
	    fwrite(revision->text, 1, revision->length, stream) != revision->length ||
	    fflush(stream) || fsync(fd))
		error = errno ? -errno : -EIO;
	if (fclose(stream) && !error)
		error = -errno;
	free(line);
	return error;
}

/* Takes away files older than those that are kept, as far as that goes. */
static void tidy(int folder, const char *path)
{
	uint64_t numbers[SLUICE_REVISIONS] = {0};
	int count = list(path, numbers);
	DIR *stream = count == SLUICE_REVISIONS ? opendir(path) : NULL;
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (number_of(entry->d_name) && number_of(entry->d_name) < numbers[0])
			(void)unlinkat(folder, entry->d_name, 0);
	if (stream)
		closedir(stream);
}

int sluice_revisions_store(const char *path, const struct sluice_revision *revision)
{
	int folder, fd, error;
	char name[40];

	if (!path || !revision)
		return -EINVAL;
	if (mkdir(path, 0750) && errno != EEXIST)
		return -errno;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	fd = openat(folder, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	error = fd < 0 ? -errno : write_file(fd, revision);
	snprintf(name, sizeof(name), "%" PRIu64 ".yaml", revision->number);
	if (!error && (renameat(folder, "new", folder, name) || fsync(folder)))
		error = -errno;
	if (!error)
		tidy(folder, path);
	close(folder);
	return error;
}
