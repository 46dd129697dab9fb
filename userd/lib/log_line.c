// SPDX-License-Identifier: MIT
/*
 * A line of the log in its forms, see log_line.h. Touches: the journal.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <sys/uio.h>
/* the line number of a function of ours tells nobody anything */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include "log_line.h"

#define FIELD_TEXT 1100 /* bytes of one field, name and all; what is longer is cut */
#define FIELDS_MAX                                                                    \
	1600 /* bytes of the fields behind a text; those that do not fit are left out \
	      */

/* The fields there are, in the order of log_rows.h. */
struct row {
	const char *key;
	size_t offset;
	bool is_number;
};

static const struct row rows[] = {
#define LOG_TEXT(key, what) {#key, offsetof(struct sluice_log_about, key), false},
#define LOG_NUMBER(key, what) {#key, offsetof(struct sluice_log_about, key), true},
#include "log_rows.h"
#undef LOG_TEXT
#undef LOG_NUMBER
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The field of that row: its text, or NULL; a number goes to `number` as text. */
static const char *field(const struct sluice_log_about *about, const struct row *row,
			 char number[24])
{
	const void *member = (const char *)about + row->offset;
	const struct sluice_log_number *known = member;

	if (!row->is_number)
		return *(const char *const *)member;
	if (!known->is_there)
		return NULL;
	snprintf(number, 24, "%" PRIu64, known->value);
	return number;
}

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

const char *sluice_log_place_name(const struct sluice_log_place *place,
				  char name[SLUICE_LOG_PLACE_NAME])
{
	static const char *const above[] = {"userd/daemon/", "userd/"};
	const char *file = place->file, *found = NULL, *slash, *dot;
	size_t number;

	for (number = 0; !found && number < sizeof(above) / sizeof(above[0]); number++) {
		found = strstr(file, above[number]);
		if (found)
			file = found + strlen(above[number]);
	}
	slash = strrchr(file, '/');
	if (!found && slash)
		file = slash + 1;
	dot = strrchr(file, '.');
	snprintf(name, SLUICE_LOG_PLACE_NAME, "%.*s", dot ? (int)(dot - file) : (int)strlen(file),
		 file);
	return name;
}

/* Appends ` key=value` to `text`, with quotes where whoever takes it apart needs them. Leaves it as
 * it was where there is no room. */
static size_t append(char *text, size_t length, size_t size, const char *key, const char *value)
{
	bool is_plain = *value && !value[strcspn(value, " \"\\=")];
	size_t begin = length, need = strlen(key) + 2;
	const char *byte;

	for (byte = value; *byte; byte++)
		need += *byte == '"' || *byte == '\\' ? 2 : 1;
	if (length + need + 3 > size)
		return length;
	length += (size_t)snprintf(text + begin, size - begin, " %s=%s", key, is_plain ? "" : "\"");
	for (byte = value; *byte; byte++) {
		if (*byte == '"' || *byte == '\\')
			text[length++] = '\\';
		text[length++] = (unsigned char)*byte < ' ' || *byte == 0x7f ? ' ' : *byte;
	}
	if (!is_plain)
		text[length++] = '"';
	text[length] = '\0';
	return length;
}

/* Place and fields as they stand behind the text. Returns the length. */
static size_t fields_text(const struct sluice_log_line *line, char text[FIELDS_MAX])
{
	char number[24], name[SLUICE_LOG_PLACE_NAME];
	size_t length, row;
	const char *value;

	length = append(text, 0, FIELDS_MAX, "place", sluice_log_place_name(line->place, name));
	for (row = 0; line->about && row < ROWS; row++) {
		value = field(line->about, &rows[row], number);
		if (value)
			length = append(text, length, FIELDS_MAX, rows[row].key, value);
	}
	return length;
}

/* The time as "2026-11-21T07:35:12.123Z". Returns its length. */
static size_t time_text(const struct timespec *when, char *text, size_t size)
{
	struct tm utc;
	size_t length;

	gmtime_r(&when->tv_sec, &utc);
	length = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return length +
	       (size_t)snprintf(text + length, size - length, ".%03ldZ", when->tv_nsec / 1000000);
}

size_t sluice_log_line_text(const struct sluice_log_line *line, bool has_time, const char *prefix,
			    char room[SLUICE_LOG_ROOM])
{
	char fields[FIELDS_MAX];
	size_t length = 0, behind = fields_text(line, fields), text = strlen(line->text), left;

	if (has_time) {
		length = time_text(&line->when, room, SLUICE_LOG_ROOM);
		room[length++] = ' ';
	}
	if (prefix)
		length += (size_t)snprintf(room + length, SLUICE_LOG_ROOM - length, "%s", prefix);
	else
		length += (size_t)snprintf(room + length, SLUICE_LOG_ROOM - length,
					   "%s: ", sluice_log_level_name(line->level));
	left = SLUICE_LOG_LINE_MAX - 1 - length - behind;
	memcpy(room + length, line->text, text < left ? text : left);
	length += text < left ? text : left;
	if (text > left)
		memset(room + length - 3, '.', 3);
	memcpy(room + length, fields, behind);
	length += behind;
	room[length++] = '\n';
	return length;
}

/* A text of JSON; bytes that are no UTF-8 become "?". @owner caller */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char *copy, *byte;

	if (value)
		return value;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (byte = copy; *byte; byte++)
		if ((unsigned char)*byte >= 0x80)
			*byte = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

/* The fields into `object`. 0, or -1: no memory. */
static int fields_json(const struct sluice_log_line *line, json_t *object)
{
	const char *value;
	char number[24];
	int error = 0;
	size_t row;

	for (row = 0; line->about && row < ROWS && !error; row++) {
		value = field(line->about, &rows[row], number);
		if (value)
			error = json_object_set_new(
				object, rows[row].key,
				rows[row].is_number
					? json_integer((json_int_t)strtoull(value, NULL, 10))
					: json_text(value));
	}
	return error;
}

size_t sluice_log_line_json(const struct sluice_log_line *line, char room[SLUICE_LOG_ROOM])
{
	char when[40], name[SLUICE_LOG_PLACE_NAME];
	json_t *object = json_object();
	size_t length = 0;
	int error;

	(void)time_text(&line->when, when, sizeof(when));
	error = json_object_set_new(object, "time", json_string(when)) |
		json_object_set_new(object, "level",
				    json_string(sluice_log_level_name(line->level))) |
		json_object_set_new(object, "text", json_text(line->text)) |
		json_object_set_new(object, "place",
				    json_text(sluice_log_place_name(line->place, name))) |
		(line->relay ? json_object_set_new(object, "relay", json_text(line->relay)) : 0) |
		fields_json(line, object);
	if (!error)
		length = json_dumpb(object, room, SLUICE_LOG_ROOM - 1, JSON_COMPACT);
	json_decref(object);
	if (!length || length >= SLUICE_LOG_ROOM)
		return 0;
	room[length++] = '\n';
	return length;
}

/* One field of the journal: NAME=value in `room`, its name in capitals. */
static struct iovec entry(char room[FIELD_TEXT], const char *before, const char *key,
			  const char *value)
{
	int length = snprintf(room, FIELD_TEXT, "%s%s=%s", before, key, value);
	char *byte;

	for (byte = room; *byte != '='; byte++)
		if (*byte >= 'a' && *byte <= 'z')
			*byte = (char)(*byte - 'a' + 'A');
	return (struct iovec){room, length < FIELD_TEXT ? (size_t)length : FIELD_TEXT - 1};
}

int sluice_log_line_journal(const struct sluice_log_line *line)
{
	char room[ROWS + 6][FIELD_TEXT], message[SLUICE_LOG_LINE_MAX + 16], number[24],
		name[SLUICE_LOG_PLACE_NAME];
	struct iovec entries[ROWS + 7];
	const char *value;
	int count = 0;
	size_t row;

	entries[count++] =
		(struct iovec){message, (size_t)snprintf(message, sizeof(message), "MESSAGE=%.*s",
							 SLUICE_LOG_LINE_MAX, line->text)};
	snprintf(number, sizeof(number), "%d", line->level);
	entries[count] = entry(room[count - 1], "", "priority", number);
	count++;
	entries[count] = entry(room[count - 1], "", "code_file", line->place->file);
	count++;
	snprintf(number, sizeof(number), "%d", line->place->line);
	entries[count] = entry(room[count - 1], "", "code_line", number);
	count++;
	entries[count] = entry(room[count - 1], "", "code_func", line->place->function);
	count++;
	entries[count] = entry(room[count - 1], "SLUICE_", "place",
			       sluice_log_place_name(line->place, name));
	count++;
	if (line->relay) {
		entries[count] = entry(room[count - 1], "SLUICE_", "relay", line->relay);
		count++;
	}
	for (row = 0; line->about && row < ROWS; row++) {
		value = field(line->about, &rows[row], number);
		if (!value)
			continue;
		entries[count] = entry(room[count - 1], "SLUICE_", rows[row].key, value);
		count++;
	}
	return sd_journal_sendv(entries, count);
}
