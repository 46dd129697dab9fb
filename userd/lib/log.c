// SPDX-License-Identifier: MIT
/*
 * The log, see log.h: where lines go. Their form is in log_line.c, how many there may be in
 * log_limit.c. The descriptor number never changes while a file is in use: a reopened file is moved
 * onto it by dup3(), so that threads that write at that moment need no lock. Touches: the
 * descriptor, stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "log.h"
#include "log_limit.h"
#include "log_line.h"
#include "thread.h"

/* Where the journal takes entries (systemd-journald.service(8)). */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Set by the main thread, read by all. Relaxed: a line more or less at the moment of a change is
 * nobody's loss. */
static atomic_int log_target = SLUICE_LOG_TO_STDERR;
static atomic_int log_level = LOG_INFO;
static atomic_int log_file = -1;
static atomic_int log_form = SLUICE_LOG_AS_TEXT;

/* The relay's name. An earlier one may still be read, so that all are kept until the log is closed;
 * they are as many as there were names. */
struct relay {
	struct relay *earlier;
	char name[];
};

static struct relay *_Atomic log_relay;

/* Main thread only. */
static char *log_path;

bool sluice_log_is_on_stderr(void)
{
	return atomic_load(&log_target) == SLUICE_LOG_TO_STDERR;
}

/* May others than root and we make files beside `path`? If nobody can tell: yes. */
static bool is_in_the_open(const char *path)
{
	char *copy = strdup(path);
	struct stat state;
	bool answer;

	answer = !copy || stat(dirname(copy), &state) || (state.st_mode & (S_IWGRP | S_IWOTH)) ||
		 (state.st_uid && state.st_uid != geteuid());
	free(copy);
	return answer;
}

/*
 * Opens `path` to append to; a descriptor, -EPERM after a sentence (somebody else may have put
 * there what it is), or another negative errno. @owner caller
 */
static int file_open(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
	bool is_open = is_in_the_open(path);
	struct stat state;
	int fd;

	/* Where others may write, a link, a pipe or a file of theirs would get our lines, or lead
	 * them into a file of ours. */
	fd = open(path, flags | (is_open ? O_NOFOLLOW | O_NONBLOCK : 0), 0640);
	if (fd < 0 && !(is_open && (errno == ELOOP || errno == ENXIO)))
		return -errno;
	if (fd >= 0 && (!is_open || (!fstat(fd, &state) && S_ISREG(state.st_mode) &&
				     state.st_uid == geteuid() && state.st_nlink == 1)))
		return fd;
	if (fd >= 0)
		close(fd);
	sluice_error(
		"log.to: %s: others may write to this directory, and it is a link or not a file "
		"of ours; give the log a directory that only we can write to, or remove it",
		path);
	return -EPERM;
}

/* Makes `fd` the log's file, under the number that was in use before if there was one. Takes `fd`
 * over. */
static int file_install(int fd)
{
	int current = atomic_load(&log_file), error = 0;

	if (current < 0) {
		atomic_store(&log_file, fd);
		return 0;
	}
	if (dup3(fd, current, O_CLOEXEC) < 0)
		error = -errno;
	close(fd);
	return error;
}

int sluice_log_open(enum sluice_log_to target, const char *path, int level)
{
	char *copy = NULL;
	int fd, error;

	if (level < LOG_ERR || level > LOG_DEBUG)
		return -EINVAL;
	switch (target) {
	case SLUICE_LOG_TO_STDERR:
		break;
	case SLUICE_LOG_TO_JOURNAL:
		/* sd_journal_sendv() calls it a success when nobody listens, and the log would be
		 * lost. */
		if (access(JOURNAL_SOCKET, F_OK))
			return -errno;
		break;
	case SLUICE_LOG_TO_SYSLOG:
		/* syslog() says nothing of it when nobody listens, either. */
		if (access(_PATH_LOG, W_OK))
			return -errno;
		break;
	case SLUICE_LOG_TO_FILE:
		if (!path)
			return -EINVAL;
		copy = strdup(path);
		if (!copy)
			return -ENOMEM;
		fd = file_open(path);
		error = fd < 0 ? fd : file_install(fd);
		if (error) {
			free(copy);
			return error;
		}
		free(log_path);
		log_path = copy;
		break;
	default:
		return -EINVAL;
	}
	/* A file that is no longer the target stays open: a thread may be writing its last line to
	 * it. */
	atomic_store(&log_target, (int)target);
	atomic_store(&log_level, level);
	return 0;
}

int sluice_log_reopen(void)
{
	int fd;

	if (atomic_load(&log_target) != SLUICE_LOG_TO_FILE || !log_path)
		return 0;
	fd = file_open(log_path);
	return fd < 0 ? fd : file_install(fd);
}

void sluice_log_shape(enum sluice_log_form form, unsigned int limit)
{
	atomic_store(&log_form, (int)form);
	sluice_log_limit_set(limit);
}

int sluice_log_relay(const char *name)
{
	struct relay *current = atomic_load(&log_relay), *next;
	size_t size;

	if (!name)
		name = "";
	if (!strcmp(current ? current->name : "", name))
		return 0;
	size = strlen(name) + 1;
	next = malloc(sizeof(*next) + size);
	if (!next)
		return -ENOMEM;
	next->earlier = current;
	memcpy(next->name, name, size);
	atomic_store(&log_relay, next);
	return 0;
}

int sluice_log_fd(void)
{
	return sluice_log_limit_fd();
}

void sluice_log_close(void)
{
	struct relay *relay, *earlier;
	int fd;

	sluice_log_settle(true);
	sluice_log_limit_close();
	atomic_store(&log_target, SLUICE_LOG_TO_STDERR);
	fd = atomic_exchange(&log_file, -1);
	if (fd >= 0)
		close(fd);
	free(log_path);
	log_path = NULL;
	for (relay = atomic_exchange(&log_relay, NULL); relay; relay = earlier) {
		earlier = relay->earlier;
		free(relay);
	}
}

/* What stderr is: a journal that takes entries, one that takes lines only, or neither. systemd
 * names the device and inode of its stream in the environment (systemd.exec(5)); somebody may have
 * led stderr elsewhere since. */
enum stderr_is { STDERR_UNKNOWN, STDERR_PLAIN, STDERR_JOURNAL_LINES, STDERR_JOURNAL };

/* Which of them, as it was when it was first asked. */
static enum stderr_is stderr_is(void)
{
	static atomic_int known = STDERR_UNKNOWN;
	int answer = atomic_load(&known);
	const char *stream;
	char actual[48];
	struct stat status;

	if (answer != STDERR_UNKNOWN)
		return (enum stderr_is)answer;
	stream = getenv("JOURNAL_STREAM");
	answer = STDERR_PLAIN;
	if (stream && !fstat(STDERR_FILENO, &status)) {
		snprintf(actual, sizeof(actual), "%ju:%ju", (uintmax_t)status.st_dev,
			 (uintmax_t)status.st_ino);
		if (!strcmp(stream, actual))
			answer = access(JOURNAL_SOCKET, W_OK) ? STDERR_JOURNAL_LINES
							      : STDERR_JOURNAL;
	}
	atomic_store(&known, answer);
	return (enum stderr_is)answer;
}

/* Writes a line to wherever the log goes; `text` has no control characters. */
static void write_line(const struct sluice_log_place *place, int level,
		       const struct sluice_log_about *about, const char *text)
{
	const struct relay *relay = atomic_load(&log_relay);
	struct sluice_log_line line = {.place = place,
				       .about = about,
				       .relay = relay && *relay->name ? relay->name : NULL,
				       .text = text,
				       .level = level};
	int target = atomic_load(&log_target), fd = STDERR_FILENO;
	enum stderr_is kind = target == SLUICE_LOG_TO_STDERR ? stderr_is() : STDERR_PLAIN;
	char room[SLUICE_LOG_ROOM], prefix[8];
	enum sluice_thread_state before;
	size_t length = 0;

	/* A journal that has gone: better on stderr than lost. */
	if ((target == SLUICE_LOG_TO_JOURNAL || kind == STDERR_JOURNAL) &&
	    sluice_log_line_journal(&line) >= 0)
		return;
	clock_gettime(CLOCK_REALTIME, &line.when);
	if (target == SLUICE_LOG_TO_FILE)
		fd = atomic_load(&log_file);
	snprintf(prefix, sizeof(prefix), "<%d>", level & LOG_PRIMASK);
	if (atomic_load(&log_form) == SLUICE_LOG_AS_JSON)
		length = sluice_log_line_json(&line, room);
	if (!length)
		length = sluice_log_line_text(
			&line, target == SLUICE_LOG_TO_FILE,
			kind == STDERR_JOURNAL || kind == STDERR_JOURNAL_LINES ? prefix : NULL,
			room);
	before = sluice_thread_enters(SLUICE_THREAD_DISK);
	/* Like a journal that has gone. Without the end of the line, which is not the text's. */
	if (target == SLUICE_LOG_TO_SYSLOG && !access(_PATH_LOG, W_OK)) {
		syslog(LOG_DAEMON | (level & LOG_PRIMASK), "%.*s",
		       (int)(length && room[length - 1] == '\n' ? length - 1 : length), room);
		sluice_thread_goes_back(before);
		return;
	}
	/* A log that cannot be written has nobody left to be told. */
	while (write(fd, room, length) < 0 && errno == EINTR)
		;
	sluice_thread_goes_back(before);
}

/* Tells that lines of a place were left out. */
static void tell_left_out(const struct sluice_log_place *place, int level, unsigned int left_out)
{
	char name[SLUICE_LOG_PLACE_NAME], text[SLUICE_LOG_PLACE_NAME + 128];

	snprintf(text, sizeof(text),
		 "%u more line%s of %s, line %d, within %d s %s left out (`log.limit`)", left_out,
		 left_out == 1 ? "" : "s", sluice_log_place_name(place, name), place->line,
		 SLUICE_LOG_WINDOW_S, left_out == 1 ? "was" : "were");
	write_line(place, level, SLUICE_ABOUT(.left_out = SLUICE_NUMBER(left_out)), text);
}

void sluice_log_settle(bool all)
{
	struct sluice_log_place *place;
	unsigned int left_out;

	/* First, so that what is left out from here on is noticed again. */
	sluice_log_limit_notice();
	while ((place = sluice_log_limit_next(all, &left_out)))
		tell_left_out(place, atomic_load(&place->level), left_out);
}

void sluice_log(struct sluice_log_place *place, int level, const struct sluice_log_about *about,
		const char *format, ...)
{
	char text[SLUICE_LOG_LINE_MAX];
	int kept = errno, written;
	unsigned int left_out;
	va_list arguments;
	char *byte;

	if (!place || !format || level > atomic_load(&log_level))
		return;
	if (!sluice_log_limit_passes(place, level, &left_out)) {
		errno = kept;
		return;
	}
	if (left_out)
		tell_left_out(place, level, left_out);
	va_start(arguments, format);
	written = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (written >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	for (byte = text; written > 0 && *byte; byte++)
		if ((unsigned char)*byte < ' ' || *byte == 0x7f)
			*byte = ' ';
	if (written >= 0)
		write_line(place, level, about, text);
	errno = kept;
}
