// SPDX-License-Identifier: MIT
/*
 * Claims; see claim.h.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "claim.h"
#include "handed.h"
#include "folder.h"
#include "guid.h"

#define HEAD "sluice claim 1\n"
#define SUFFIX ".claim"
/* Fields of /proc/PID/stat, as proc(5) numbers them. */
#define FIELD_STATE 3U
#define FIELD_USER 14U
#define FIELD_SYSTEM 15U
#define FIELD_BEGAN 22U
/* Bytes of a claim's text at most. */
#define NOTE_MAX (2 * PATH_MAX + 4 * SLUICE_CLAIM_NAME)

/* Where claims are, which is made. 0, or a negative errno and one sentence in `text`. */
static int find_directory(char path[SLUICE_CLAIM_PATH], char text[SLUICE_CLAIM_TEXT])
{
	int error;

	if (!path || !text)
		return -EINVAL;
	snprintf(path, SLUICE_CLAIM_PATH, "%s", SLUICE_RUN_DIRECTORY);
	text[0] = '\0';
	if (!access(path, W_OK | X_OK))
		return 0;
	if (!geteuid())
		return sluice_folder_make(path, SLUICE_RUN_MODE, text);
	snprintf(path, SLUICE_CLAIM_PATH, "/dev/shm/sluice-claims-%ld", (long)geteuid());
	error = sluice_folder_make(path, 0700, text);
	return error;
}

/* Puts `name` behind what is in `path`, as a part of a file's name. */
static int append(char path[SLUICE_CLAIM_PATH], const char *name)
{
	size_t length = strlen(path);

	for (; *name; name++) {
		unsigned char letter = (unsigned char)*name;
		/* NAME_MAX of the kernel is 255, of which the rest of the name needs some. */
		if (length + 8 > SLUICE_CLAIM_PATH)
			return -ENAMETOOLONG;
		if (isalnum(letter) || letter == '_' || letter == '-' || letter >= 0x80)
			path[length++] = (char)letter;
		else
			length += (size_t)snprintf(path + length, 4, "%%%02X", letter);
		path[length] = '\0';
	}
	snprintf(path + length, SLUICE_CLAIM_PATH - length, SUFFIX);
	return 0;
}

int sluice_claim_path(char path[SLUICE_CLAIM_PATH], const char *kind, const char *name,
		      char text[SLUICE_CLAIM_TEXT])
{
	struct stat space;
	size_t length;
	int error;

	if (!kind || !name)
		return -EINVAL;
	error = find_directory(path, text);
	if (error)
		return error;
	if (stat("/proc/self/ns/net", &space))
		return -errno;
	length = strlen(path);
	snprintf(path + length, SLUICE_CLAIM_PATH - length, "/%s-%lu-", kind,
		 (unsigned long)space.st_ino);
	return append(path, name);
}

int sluice_claim_place(char path[SLUICE_CLAIM_PATH], const char *where,
		       char text[SLUICE_CLAIM_TEXT])
{
	char *real, *copy, name[SLUICE_GUID_TEXT], *plain = NULL;
	struct stat folder;
	sluice_guid guid;
	int length, error;

	if (!where)
		return -EINVAL;
	error = find_directory(path, text);
	if (error)
		return error;
	real = realpath(where, NULL);
	copy = strdup(real ? real : where);
	if (!real)
		real = strdup(where);
	if (!real || !copy) {
		error = -ENOMEM;
		goto free;
	}
	/* The folder is there before the place is, and is itself whatever it is called, also where
	 * processes see other file systems under one name. */
	if (!stat(dirname(copy), &folder))
		length = asprintf(&plain, "%llx:%llx/%s", (unsigned long long)folder.st_dev,
				  (unsigned long long)folder.st_ino, basename(real));
	else
		length = asprintf(&plain, "%s", real);
	if (length < 0) {
		plain = NULL;
		error = -ENOMEM;
		goto free;
	}
	error = sluice_guid_derive("claim", plain, (size_t)length, guid);
	if (!error)
		snprintf(path + strlen(path), SLUICE_CLAIM_PATH - strlen(path),
			 "/" SLUICE_CLAIM_PLACE "-%s" SUFFIX, sluice_guid_format(guid, name));
free:
	free(plain);
	free(copy);
	free(real);
	return error;
}

int sluice_claim_socket(char path[SLUICE_PACKET_PATH], const char *claim)
{
	const char *name = claim ? strrchr(claim, '/') : NULL;
	char text[SLUICE_GUID_TEXT];
	sluice_guid guid;
	int error;

	if (!path || !name)
		return -EINVAL;
	/* The claim's own name may be longer than a socket's can be. */
	error = sluice_guid_derive("claim", name, strlen(name), guid);
	if (!error && snprintf(path, SLUICE_PACKET_PATH, "%.*s/owner-%s.sock", (int)(name - claim),
			       claim, sluice_guid_format(guid, text)) >= (int)SLUICE_PACKET_PATH)
		error = -ENAMETOOLONG;
	return error;
}

/* Sets the lock on the whole file. */
static int lock(int fd, bool wait)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &whole))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/* Is that still the file of this name? */
static bool is_there(int fd, const char *path)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !stat(path, &named) && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

int sluice_claim_take(struct sluice_claim *claim, const char *path, bool wait)
{
	int fd, error;

	if (!claim || !path || strlen(path) >= sizeof(claim->path))
		return -EINVAL;
	claim->fd = sluice_handed_take(SLUICE_HANDED_CLAIM, path);
	while (claim->fd < 0) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (fd < 0)
			return -errno;
		error = lock(fd, wait);
		/* Who had it took the file away: then it is another one's that counts. */
		if (!error && !is_there(fd, path)) {
			close(fd);
			continue;
		}
		if (error) {
			close(fd);
			claim->fd = -1;
			return error;
		}
		claim->fd = fd;
	}
	snprintf(claim->path, sizeof(claim->path), "%s", path);
	return 0;
}

uint64_t sluice_claim_process(pid_t pid, char *state, uint64_t *used)
{
	char path[64], text[1024], letter, *end;
	uint64_t value = 0, spent = 0;
	unsigned int field;
	const char *rest;
	ssize_t length;
	int fd;

	/* Of its first thread: that of the process has the time of all of them. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	/* The name in parentheses may hold anything; behind it come the state and numbers. */
	rest = strrchr(text, ')');
	if (!rest || rest[1] != ' ' || !rest[2])
		return 0;
	letter = rest[2];
	rest += 3;
	for (field = FIELD_STATE + 1; field <= FIELD_BEGAN; field++) {
		value = strtoull(rest, &end, 10);
		if (end == rest)
			return 0;
		if (field == FIELD_USER || field == FIELD_SYSTEM)
			spent += value;
		rest = end;
	}
	if (state)
		*state = letter;
	if (used)
		*used = spent;
	return value;
}

/* Writes a note into a claim that we have. 0 or a negative errno. */
static int write_note(const struct sluice_claim *claim, const struct sluice_claim_note *note)
{
	char *text;
	int length, error = 0;

	length = asprintf(&text,
			  HEAD "pid=%d\nticks=%" PRIu64 "\nepoch=%" PRIu64 "\nsince=%" PRId64
			       "\nversion=%s\nrelay=%s\nfile=%s\nwhat=%s\nend\n",
			  (int)note->pid, note->ticks, note->epoch, note->since, note->version,
			  note->relay, note->file, note->what);
	if (length < 0)
		return -ENOMEM;
	if (pwrite(claim->fd, text, (size_t)length, 0) != length || ftruncate(claim->fd, length))
		error = -EIO;
	free(text);
	return error;
}

int sluice_claim_sign(const struct sluice_claim *claim, struct sluice_claim_note *note)
{
	if (!claim || claim->fd < 0 || !note)
		return -EINVAL;
	note->pid = getpid();
	note->ticks = sluice_claim_process(note->pid, NULL, NULL);
	note->since = (int64_t)time(NULL);
	snprintf(note->version, sizeof(note->version), "%s", SLUICE_VERSION);
	return write_note(claim, note);
}

/* Copies the value of `key` in `text` if there is one. */
static void value_of(const char *text, const char *key, char *value, size_t room)
{
	const char *place = strstr(text, key);
	size_t length;

	value[0] = '\0';
	if (!place)
		return;
	place += strlen(key);
	length = strcspn(place, "\n");
	snprintf(value, room, "%.*s", (int)length, place);
}

/* Likewise of a number; 0: there is none. */
static uint64_t number_of(const char *text, const char *key)
{
	char value[32];

	value_of(text, key, value, sizeof(value));
	return strtoull(value, NULL, 10);
}

/* Reads a claim's text. 0, -ENOENT. */
static int read_note(int fd, struct sluice_claim_note *note)
{
	char *text = malloc(NOTE_MAX);
	ssize_t length = text ? pread(fd, text, NOTE_MAX - 1, 0) : -1;
	int error = -ENOENT;

	memset(note, 0, sizeof(*note));
	if (length <= 0)
		goto free;
	text[length] = '\0';
	if (strncmp(text, HEAD, strlen(HEAD)) != 0 || !strstr(text, "\nend\n"))
		goto free;
	note->pid = (pid_t)number_of(text, "\npid=");
	note->ticks = number_of(text, "\nticks=");
	note->epoch = number_of(text, "\nepoch=");
	note->since = (int64_t)number_of(text, "\nsince=");
	value_of(text, "\nversion=", note->version, sizeof(note->version));
	value_of(text, "\nrelay=", note->relay, sizeof(note->relay));
	value_of(text, "\nfile=", note->file, sizeof(note->file));
	value_of(text, "\nwhat=", note->what, sizeof(note->what));
	error = 0;
free:
	free(text);
	return error;
}

int sluice_claim_read(const struct sluice_claim *claim, struct sluice_claim_note *note)
{
	if (!claim || claim->fd < 0 || !note)
		return -EINVAL;
	return read_note(claim->fd, note);
}

void sluice_claim_drop(struct sluice_claim *claim, bool is_last)
{
	struct sluice_claim_note note;

	if (!claim || claim->fd < 0)
		return;
	if (is_last) {
		(void)unlink(claim->path);
	} else if (!read_note(claim->fd, &note)) {
		/* Whoever is next need not wait for our end. The epoch stays. */
		note.pid = 0;
		(void)write_note(claim, &note);
	}
	close(claim->fd);
	claim->fd = -1;
}

int sluice_claim_look(const char *path, struct sluice_claim_note *note)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd, error = 0;

	if (!path || !note)
		return -EINVAL;
	memset(note, 0, sizeof(*note));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno ? -errno : -EIO;
	if (fcntl(fd, F_OFD_GETLK, &whole))
		error = -errno;
	else if (whole.l_type == F_UNLCK)
		error = -ENOENT;
	/* One that is being signed has no text yet: somebody has it, and nobody knows who. */
	else
		(void)read_note(fd, note);
	close(fd);
	return error;
}

int sluice_claims_each(const char *kind,
		       int (*each)(const char *path, const struct sluice_claim_note *note,
				   void *context),
		       void *context)
{
	char directory[SLUICE_CLAIM_PATH], text[SLUICE_CLAIM_TEXT], path[2 * SLUICE_CLAIM_PATH];
	struct sluice_claim_note *note;
	struct dirent *entry;
	size_t length;
	DIR *list;
	int result;

	if (!kind || !each)
		return -EINVAL;
	result = find_directory(directory, text);
	if (result)
		return result;
	list = opendir(directory);
	if (!list)
		return -errno;
	note = malloc(sizeof(*note));
	if (!note)
		result = -ENOMEM;
	while (!result && (entry = readdir(list))) {
		length = strlen(entry->d_name);
		if (strncmp(entry->d_name, kind, strlen(kind)) != 0 ||
		    entry->d_name[strlen(kind)] != '-' || length < strlen(SUFFIX) ||
		    strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (!sluice_claim_look(path, note))
			result = each(path, note, context);
	}
	free(note);
	closedir(list);
	return result;
}

/* What sluice_claim_relay_of() looks for. */
struct wanted {
	pid_t pid;
	struct sluice_claim_note *note;
};

/* Is it the process's? */
static int is_wanted(const char *path, const struct sluice_claim_note *note, void *context)
{
	const struct wanted *wanted = context;

	(void)path;
	if (note->pid != wanted->pid)
		return 0;
	*wanted->note = *note;
	return 1;
}

bool sluice_claim_relay_of(pid_t pid, struct sluice_claim_note *note)
{
	struct wanted wanted = {.pid = pid, .note = note};

	return pid > 0 && note &&
	       (sluice_claims_each(SLUICE_CLAIM_RELAY, is_wanted, &wanted) == 1 ||
		sluice_claims_each(SLUICE_CLAIM_STANDBY, is_wanted, &wanted) == 1);
}
