// SPDX-License-Identifier: MIT
/*
 * Events, configuration, help; see pages.h. Touches: nothing but memory.
 */
#include "pages.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "clock.h"

#define LINE 512U

/* A member as text. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A moment in local time, with the day. */
static void moment_text(uint64_t time_ns, char *text, size_t room)
{
	time_t seconds = (time_t)(time_ns / SLUICE_NS_PER_S);
	struct tm local;

	text[0] = '\0';
	if (localtime_r(&seconds, &local))
		strftime(text, room, "%m-%d %H:%M:%S", &local);
}

/* Lowers *scroll to what `count` lines in `room` allow. */
static void bound(size_t *scroll, size_t count, size_t room)
{
	if (*scroll + room > count)
		*scroll = count > room ? count - room : 0;
}

/* Does an event hold the filter? */
static bool is_wanted(const json_t *event, const char *filter)
{
	return !*filter || strcasestr(text_of(event, "text"), filter) ||
	       strcasestr(text_of(event, "kind"), filter) ||
	       strcasestr(text_of(event, "where"), filter);
}

/* What a severity looks like. */
static uint8_t style_of(const char *severity)
{
	if (!strcmp(severity, "error"))
		return SLUICE_TOP_BAD;
	return !strcmp(severity, "warning") ? SLUICE_TOP_WARNING : SLUICE_TOP_PLAIN;
}

void sluice_top_pages_events(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			     const char *filter, size_t top, size_t bottom, size_t *scroll)
{
	size_t number = json_array_size(model->events), row = top + 1, passed = 0, wanted = 0,
	       place;
	char line[LINE], moment[32];

	for (place = 0; place < number; place++)
		wanted += is_wanted(json_array_get(model->events, place), filter);
	bound(scroll, wanted, bottom - row);
	snprintf(line, sizeof(line), "%-14s  %-20s  %-*s", "TIME", "EVENT, NEWEST FIRST",
		 (int)(grid->columns < 400 ? grid->columns : 400), "WHAT");
	sluice_top_grid_put(grid, top, 0, grid->columns, SLUICE_TOP_HEADING, line);
	while (number-- > 0 && row < bottom) {
		const json_t *event = json_array_get(model->events, number);

		if (!is_wanted(event, filter) || passed++ < *scroll)
			continue;
		moment_text((uint64_t)json_integer_value(json_object_get(event, "time_ns")), moment,
			    sizeof(moment));
		snprintf(line, sizeof(line), "%-14s  %-20.20s  %.440s", moment,
			 text_of(event, "kind"), text_of(event, "text"));
		sluice_top_grid_put(grid, row++, 0, grid->columns,
				    style_of(text_of(event, "severity")), line);
	}
}

size_t sluice_top_pages_config_lines(const struct sluice_top_model *model)
{
	const char *text = text_of(model->config, "text");
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

void sluice_top_pages_config(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			     const char *filter, size_t top, size_t bottom, size_t *scroll,
			     bool has_blink)
{
	const char *text = text_of(model->config, "text");
	size_t row = top + 1, passed = 0, number = 1, length;
	char line[LINE + 600], words[LINE], moment[32];
	bool is_new = has_blink && model->config_changed_ns &&
		      model->time_ns - model->config_changed_ns < 2 * SLUICE_NS_PER_S;

	bound(scroll, sluice_top_pages_config_lines(model), bottom - row);
	if (!model->config) {
		sluice_top_grid_put(grid, top, 0, grid->columns, SLUICE_TOP_DIM,
				    "the configuration is not told");
		return;
	}
	moment_text((uint64_t)json_integer_value(json_object_get(model->config, "time_ns")), moment,
		    sizeof(moment));
	snprintf(line, sizeof(line), "%.255s  revision %lld since %s: %-255.255s",
		 text_of(model->config, "name"),
		 (long long)json_integer_value(json_object_get(model->config, "revision")), moment,
		 text_of(model->config, "how"));
	sluice_top_grid_put(grid, top, 0, grid->columns,
			    SLUICE_TOP_HEADING | (is_new ? SLUICE_TOP_BLINK : 0), line);
	for (; *text && row < bottom; text += length + (text[length] == '\n'), number++) {
		length = strcspn(text, "\n");
		snprintf(words, sizeof(words), "%.*s", (int)(length < LINE - 1 ? length : LINE - 1),
			 text);
		if ((*filter && !strcasestr(words, filter)) || passed++ < *scroll)
			continue;
		snprintf(line, sizeof(line), "%4zu  %s", number, words);
		sluice_top_grid_put(
			grid, row++, 0, grid->columns,
			words[strspn(words, " ")] == '#' ? SLUICE_TOP_DIM : SLUICE_TOP_PLAIN, line);
	}
}

void sluice_top_pages_help(struct sluice_top_grid *grid, size_t top, size_t bottom)
{
	static const char *const lines[] = {
		"1 ... 9, Tab        the tabs; a click, too",
		"Up Down PgUp PgDn   choose a row, or scroll (also j and k, and the wheel)",
		"Enter, Esc          details of the row, and back",
		"s < >               sort by another column; a click on its heading, too",
		"S                   the other way round",
		"/                   show rows that hold a text; Esc shows all",
		"f, space            freeze: nothing changes until you press it again",
		"+ -                 look less often, more often",
		"b                   no blinking: what changed is bold",
		"Ctrl-L              draw everything again",
		"q                   the end",
		"",
		"in the details of an input or output:",
		"e                   switch it, or the destination, on or off",
		"r                   the rate of an output: 80mbit; none",
		"w                   the weight of a destination",
		"",
		"Red: loss, or down. Yellow: an alarm, or it is slow. \"–\": not known, or reset.",
		"What blinks was changed by the configuration or by connections.",
		"A bar's mark is where its alarm is raised.",
	};
	size_t number;

	for (number = 0; number < sizeof(lines) / sizeof(lines[0]) && top + number < bottom;
	     number++)
		sluice_top_grid_put(grid, top + number, 2, grid->columns, SLUICE_TOP_PLAIN,
				    lines[number]);
}
