/* SPDX-License-Identifier: MIT */
/*
 * The log: one line per event, level first, to stderr, a file (reopened on request) or the journal
 * (libsystemd). Behind the text stand the place that it comes from, which is the source file
 * without its ending, and fields (log_rows.h). Touches: its one descriptor, and a timer. Never
 * called per datagram.
 *
 *   stderr   "warning: output `collector`: ... place=link/health output=collector"; where stderr is
 *            the journal, the lines go there as under journal
 *   file     "2026-11-21T07:35:12.123Z warning: output `collector`: ... place=link/health ..."
 *   journal  the text alone is the message; priority, place and fields are the journal's fields
 *
 * A place that writes more than a number of lines within ten seconds is cut off for the rest of
 * them. How many lines that were is told with its next line or when the ten seconds are over,
 * whichever is first.
 */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

enum sluice_log_to {
	SLUICE_LOG_TO_STDERR,
	SLUICE_LOG_TO_FILE,
	SLUICE_LOG_TO_JOURNAL,
	SLUICE_LOG_TO_SYSLOG
};

enum sluice_log_form { SLUICE_LOG_AS_TEXT, SLUICE_LOG_AS_JSON };

#define SLUICE_LOG_LINE_MAX 4096 /* bytes of one line; a text that is longer is cut, with "..." */
#define SLUICE_LOG_LIMIT 100	 /* lines of one place within a window, unless told otherwise */
#define SLUICE_LOG_WINDOW_S 10

/* A number that may be absent: {0} is no number. */
struct sluice_log_number {
	bool is_there;
	uint64_t value;
};

/* What a line is about; what is NULL or absent is not written. */
struct sluice_log_about {
#define LOG_TEXT(key, what) const char *key;
#define LOG_NUMBER(key, what) struct sluice_log_number key;
#include "log_rows.h"
#undef LOG_TEXT
#undef LOG_NUMBER
};

/* Fields of a line: SLUICE_ABOUT(.output = name, .worker = SLUICE_NUMBER(number)). */
#define SLUICE_NUMBER(number) ((struct sluice_log_number){true, (uint64_t)(number)})
#define SLUICE_ABOUT(...) (&(const struct sluice_log_about){__VA_ARGS__})

/*
 * A call in the source that logs, and how much it did lately; static, one for each call.
 * @file: as the compiler was given it
 * @begin: of the window, nanoseconds of CLOCK_MONOTONIC; 0: there was none
 * @used: lines in it; may be more than were written
 * @left_out: lines that were not, and that nobody was told of
 * @level: of the last of those
 * @is_unlimited: nothing of it is left out
 * @is_listed: it is in the list of places that have left out something, once for ever
 */
struct sluice_log_place {
	const char *file;
	const char *function;
	int line;
	bool is_unlimited;
	atomic_llong begin;
	atomic_uint used;
	atomic_uint left_out;
	atomic_int level;
	atomic_bool is_listed;
	struct sluice_log_place *next;
};

/* Sets where the log goes and the least urgent level (LOG_ERR .. LOG_DEBUG) that is written.
 * Returns 0 or a negative errno, then the log stays as it was. May be called again at any time from
 * the main thread. A file is created (mode 0640) if absent and appended to. @context process */
int sluice_log_open(enum sluice_log_to target, const char *path, int level);

/* Sets how a line is written where it is not the journal's, and how many lines one place may write
 * within SLUICE_LOG_WINDOW_S (0: any number). @threadsafe */
void sluice_log_shape(enum sluice_log_form form, unsigned int limit);

/* Sets the relay's name, which the journal and JSON get with each line (NULL: none). 0 or -ENOMEM,
 * then it is as it was. @context process, main thread */
int sluice_log_relay(const char *name);

/* Opens the file anew by its path, so that a rotated log goes on in a fresh one; nothing to do for
 * the others. Returns 0 or a negative errno, then the log goes on into the old file. @context
 * process, main thread */
int sluice_log_reopen(void);

/* A descriptor that is readable when sluice_log_settle() has something to do; there until
 * sluice_log_close(). Or a negative errno. @owner the log @context process, main thread */
int sluice_log_fd(void);

/* Tells how many lines were left out, of each place whose window is over (`all`: of every place).
 * @threadsafe */
void sluice_log_settle(bool all);

/* Tells what was left out, and ends the use of a file; what is logged from then on goes to stderr.
 * @context process, main thread */
void sluice_log_close(void);

/* Writes one line; `format` without newline, `about` may be NULL. A newline or control character in
 * the text becomes a space, so that what others send cannot forge lines. Keeps errno. @threadsafe,
 * one write(2) per line. */
void sluice_log(struct sluice_log_place *place, int level, const struct sluice_log_about *about,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Does what is logged now appear on stderr? @threadsafe */
bool sluice_log_is_on_stderr(void);

/* "error", "warning", "notice", "info", "debug"; the nearest of them for other priorities.
 * @threadsafe */
const char *sluice_log_level_name(int level);

/* The reverse, not case-sensitive; -EINVAL if there is no such level. @threadsafe */
int sluice_log_level_parse(const char *name);

#define SLUICE_LOG(level, about, ...)                                              \
	do {                                                                       \
		static struct sluice_log_place sluice_log_here = {                 \
			.file = __FILE__, .function = __func__, .line = __LINE__}; \
		sluice_log(&sluice_log_here, level, about, __VA_ARGS__);           \
	} while (0)

#define sluice_error(...) SLUICE_LOG(LOG_ERR, NULL, __VA_ARGS__)
#define sluice_warning(...) SLUICE_LOG(LOG_WARNING, NULL, __VA_ARGS__)
#define sluice_notice(...) SLUICE_LOG(LOG_NOTICE, NULL, __VA_ARGS__)
#define sluice_info(...) SLUICE_LOG(LOG_INFO, NULL, __VA_ARGS__)
#define sluice_debug(...) SLUICE_LOG(LOG_DEBUG, NULL, __VA_ARGS__)

/* The same with fields: sluice_warning_about(SLUICE_ABOUT(...), format, ...). */
#define sluice_error_about(about, ...) SLUICE_LOG(LOG_ERR, about, __VA_ARGS__)
#define sluice_warning_about(about, ...) SLUICE_LOG(LOG_WARNING, about, __VA_ARGS__)
#define sluice_notice_about(about, ...) SLUICE_LOG(LOG_NOTICE, about, __VA_ARGS__)
#define sluice_info_about(about, ...) SLUICE_LOG(LOG_INFO, about, __VA_ARGS__)
#define sluice_debug_about(about, ...) SLUICE_LOG(LOG_DEBUG, about, __VA_ARGS__)

/* A line that somebody asked for, however many: the limit does not cut it off. */
#define sluice_notice_asked(about, ...)                                                  \
	do {                                                                             \
		static struct sluice_log_place sluice_log_here = {.file = __FILE__,      \
								  .function = __func__,  \
								  .line = __LINE__,      \
								  .is_unlimited = true}; \
		sluice_log(&sluice_log_here, LOG_NOTICE, about, __VA_ARGS__);            \
	} while (0)

#endif /* SLUICE_LOG_H */
