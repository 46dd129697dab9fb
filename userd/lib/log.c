// SPDX-License-Identifier: MIT
/*
 * The log, see log.h. The descriptor number never changes while a file is in use: a reopened file
 * is moved onto it by dup3(), so that threads that write at that moment need no lock. Touches: the
 * descriptor, stderr, the journal.
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
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
/* the line number of sluice_log() itself tells nobody anything */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include "log.h"

/* Where the journal takes entries (systemd-journald.service(8)). */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Set by the main thread, read by all. Relaxed: a line more or less at the moment of a change is
 * nobody's loss. */
static atomic_int log_target = SLUICE_LOG_TO_STDERR;
static atomic_int log_level = LOG_INFO;
static atomic_int log_file = -1;

/* Main thread only. */
static char *log_path;

const char *sluice_log_level_name(int level)
{
	if (level <= LOG_ERR)
		return "error";
	if (level == LOG_WARNING)
		return "warning";
	if (level == LOG_NOTICE)
		return "notice";
	return level == LOG_INFO ? "info" : "debug";
}

int sluice_log_level_parse(const char *name)
{
	int level;

	if (!name)
		return -EINVAL;
	for (level = LOG_ERR; level <= LOG_DEBUG; level++)
		if (!strcasecmp(name, sluice_log_level_name(level)))
			return level;
	return -EINVAL;
}

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
		/* sd_journal_print() calls it a success when nobody listens, and the log would be
		 * lost. */
		if (access(JOURNAL_SOCKET, F_OK))
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

void sluice_log_close(void)
{
	int fd;

	atomic_store(&log_target, SLUICE_LOG_TO_STDERR);
	fd = atomic_exchange(&log_file, -1);
	if (fd >= 0)
		close(fd);
	free(log_path);
	log_path = NULL;
}

/* Is stderr the journal's? systemd names the device and inode of its stream in the environment
 * (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	static atomic_int known; /* 0: not looked yet, 1: no, 2: yes */
	int answer = atomic_load(&known);
	const char *stream;
	char actual[48];
	struct stat status;

	if (answer == 0) {
		stream = getenv("JOURNAL_STREAM");
		answer = 1;
		if (stream && !fstat(STDERR_FILENO, &status)) {
			snprintf(actual, sizeof(actual), "%ju:%ju", (uintmax_t)status.st_dev,
				 (uintmax_t)status.st_ino);
			answer = strcmp(stream, actual) ? 1 : 2;
		}
		atomic_store(&known, answer);
	}
	return answer == 2;
}

/* Writes what comes before the text: time, level. Returns its length, always less than `size`. */
static size_t line_begin(int target, int level, char *line, size_t size)
{
	struct timespec now;
	struct tm utc;
	int length;

	if (target == SLUICE_LOG_TO_JOURNAL)
		return 0;
	if (target == SLUICE_LOG_TO_FILE) {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &utc);
		length = (int)strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
		length += snprintf(line + length, size - (size_t)length,
				   ".%03ldZ %s: ", now.tv_nsec / 1000000,
				   sluice_log_level_name(level));
	} else if (stderr_is_journal()) {
		length = snprintf(line, size, "<%d>", level);
	} else {
		length = snprintf(line, size, "%s: ", sluice_log_level_name(level));
	}
	return (size_t)length;
}

void sluice_log(int level, const char *format, ...)
{
	char line[SLUICE_LOG_LINE_MAX + 2];
	int kept = errno, target, fd = STDERR_FILENO, written;
	size_t begin, length, place;
	va_list arguments;

	if (!format || level > atomic_load(&log_level))
		return;
	target = atomic_load(&log_target);
	begin = line_begin(target, level, line, SLUICE_LOG_LINE_MAX);
	va_start(arguments, format);
	written = vsnprintf(line + begin, SLUICE_LOG_LINE_MAX - begin, format, arguments);
	va_end(arguments);
	if (written < 0) {
		errno = kept;
		return;
	}
	length = begin + (size_t)written;
	if (length >= SLUICE_LOG_LINE_MAX) {
		length = SLUICE_LOG_LINE_MAX - 1;
		memcpy(line + length - 3, "...", 3);
	}
	for (place = begin; place < length; place++)
		if ((unsigned char)line[place] < ' ' || line[place] == 0x7f)
			line[place] = ' ';
	if (target == SLUICE_LOG_TO_JOURNAL) {
		line[length] = '\0';
		if (sd_journal_print(level, "%s", line) >= 0) {
			errno = kept;
			return;
		}
		/* The journal has gone: better on stderr than lost. */
	} else if (target == SLUICE_LOG_TO_FILE) {
		fd = atomic_load(&log_file);
	}
	line[length++] = '\n';
	/* A log that cannot be written has nobody left to be told. */
	while (write(fd, line, length) < 0 && errno == EINTR)
		;
	errno = kept;
}
