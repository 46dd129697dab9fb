/* SPDX-License-Identifier: MIT */
/*
 * A line of the log in its forms: text, JSON, entry of the journal. Touches: the journal.
 */
#ifndef SLUICE_LOG_LINE_H
#define SLUICE_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "log.h"

/*
 * What a line says.
 * @place: the call that logs
 * @about: its fields; NULL: none
 * @relay: NULL: none
 * @text: without control characters
 * @when: now
 */
struct sluice_log_line {
	const struct sluice_log_place *place;
	const struct sluice_log_about *about;
	const char *relay;
	const char *text;
	int level;
	struct timespec when;
};

/* Room for a line with its newline: text or JSON, in which a byte may become six. */
#define SLUICE_LOG_ROOM (6UL * SLUICE_LOG_LINE_MAX)

/* Room for the name of a place. */
#define SLUICE_LOG_PLACE_NAME 64

/* The place's name: its file without ending, and without the folders in front that all have; as
 * "link/outage". In `name`, cut if longer; returns it. @threadsafe */
const char *sluice_log_place_name(const struct sluice_log_place *place,
				  char name[SLUICE_LOG_PLACE_NAME]);

/* Writes the line as a text with its newline to `room`: with the time, or with `prefix` ("<4>") in
 * its place where that is not NULL. Returns its length. @threadsafe */
size_t sluice_log_line_text(const struct sluice_log_line *line, bool has_time, const char *prefix,
			    char room[SLUICE_LOG_ROOM]);

/* The same as one JSON object. Returns its length, 0: no memory. @threadsafe */
size_t sluice_log_line_json(const struct sluice_log_line *line, char room[SLUICE_LOG_ROOM]);

/* Sends the line to the journal, with its fields. 0 or a negative errno. @threadsafe */
int sluice_log_line_journal(const struct sluice_log_line *line);

#endif /* SLUICE_LOG_LINE_H */
