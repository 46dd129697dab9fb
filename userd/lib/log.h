/* SPDX-License-Identifier: MIT */
/*
 * The log: one line per event, level first, to stderr, a file (reopened on request) or the journal
 * (libsystemd). Touches: its one descriptor. Never called per datagram.
 *
 *   stderr   "warning: output collector: ..."; with "<4>" instead of the level where stderr is the
 *            journal
 *   file     "2026-11-21T07:35:12.123Z warning: output collector: ..."
 *   journal  priority and text as fields
 */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include <stdbool.h>
#include <syslog.h>

enum sluice_log_to { SLUICE_LOG_TO_STDERR, SLUICE_LOG_TO_FILE, SLUICE_LOG_TO_JOURNAL };

#define SLUICE_LOG_LINE_MAX 4096 /* bytes of one line; what is longer is cut and ends in "..." */

/* Sets where the log goes and the least urgent level (LOG_ERR .. LOG_DEBUG) that is written.
 * Returns 0 or a negative errno, then the log stays as it was. May be called again at any time from
 * the main thread. A file is created (mode 0640) if absent and appended to. @context process */
int sluice_log_open(enum sluice_log_to target, const char *path, int level);

/* Opens the file anew by its path, so that a rotated log goes on in a fresh one; nothing to do for
 * the others. Returns 0 or a negative errno, then the log goes on into the old file. @context
 * process, main thread */
int sluice_log_reopen(void);

/* Ends the use of a file; what is logged from then on goes to stderr. @context process, main thread
 */
void sluice_log_close(void);

/* Writes one line; `format` without newline. A newline or control character in the text becomes a
 * space, so that what others send cannot forge lines. Keeps errno. @threadsafe, one write(2) per
 * line. */
void sluice_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Does what is logged now appear on stderr? @threadsafe */
bool sluice_log_is_on_stderr(void);

/* "error", "warning", "notice", "info", "debug"; the nearest of them for other priorities.
 * @threadsafe */
const char *sluice_log_level_name(int level);

/* The reverse, not case-sensitive; -EINVAL if there is no such level. @threadsafe */
int sluice_log_level_parse(const char *name);

#define sluice_error(...) sluice_log(LOG_ERR, __VA_ARGS__)
#define sluice_warning(...) sluice_log(LOG_WARNING, __VA_ARGS__)
#define sluice_notice(...) sluice_log(LOG_NOTICE, __VA_ARGS__)
#define sluice_info(...) sluice_log(LOG_INFO, __VA_ARGS__)
#define sluice_debug(...) sluice_log(LOG_DEBUG, __VA_ARGS__)

#endif /* SLUICE_LOG_H */
