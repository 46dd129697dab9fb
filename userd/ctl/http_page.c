// SPDX-License-Identifier: MIT
/*
 * The page for browsers; see http_page.h. Touches: nothing but memory and the stream.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "http_page.h"
#include "top/draw.h"
#include "top/figure.h"
#include "top/order.h"

#define EVENTS 20U	  /* that are shown */
#define CURVE_HEIGHT 24.0 /* of the drawing's units */
#define CURVE_MARGIN 1.0  /* above and below, so that a line is seen whole */

/* Writes a text as HTML has it. A line end would end a message of what changes each second. */
static void put(FILE *stream, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", stream);
			break;
		case '>':
			fputs("&gt;", stream);
			break;
		case '&':
			fputs("&amp;", stream);
			break;
		case '"':
			fputs("&quot;", stream);
			break;
		default:
			fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, stream);
		}
	}
}

/* A member as text; "": it has none. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The class of the style sheet that a style is. */
static const char *class_of(uint8_t style)
{
	static const char *const classes[SLUICE_TOP_STYLES] = {
		[SLUICE_TOP_PLAIN] = "plain",  [SLUICE_TOP_DIM] = "dim",
		[SLUICE_TOP_BOLD] = "bold",    [SLUICE_TOP_GOOD] = "good",
		[SLUICE_TOP_WARNING] = "warn", [SLUICE_TOP_BAD] = "bad",
		[SLUICE_TOP_HEADING] = "bold"};

	return style < SLUICE_TOP_STYLES ? classes[style] : "plain";
}

/* Draws the last two minutes as a line, the highest at the top; where nothing is known is a gap. */
static void put_curve(FILE *stream, const struct sluice_top_item *item)
{
	size_t number, from = SLUICE_TOP_SAMPLES - item->sample_count;
	double highest = 0;
	bool is_open = false;

	for (number = 0; number < item->sample_count; number++)
		if (item->samples[number] > highest)
			highest = item->samples[number];
	fprintf(stream,
		"<svg class=\"curve\" viewBox=\"0 0 %u %.0f\" preserveAspectRatio=\"none\" "
		"role=\"img\" aria-label=\"last two minutes\">",
		SLUICE_TOP_SAMPLES - 1, CURVE_HEIGHT);
	for (number = 0; number < item->sample_count; number++) {
		double sample = item->samples[number];
		double room = CURVE_HEIGHT - 2 * CURVE_MARGIN;

		if (isnan(sample)) {
			fputs(is_open ? "\"/>" : "", stream);
			is_open = false;
			continue;
		}
		fprintf(stream, "%s%zu,%.1f", is_open ? " " : "<polyline points=\"", from + number,
			CURVE_HEIGHT - CURVE_MARGIN - (highest > 0 ? room * sample / highest : 0));
		is_open = true;
	}
	fputs(is_open ? "\"/></svg>" : "</svg>", stream);
}

/* Draws how full something is, with a mark where the alarm is. */
static void put_fill(FILE *stream, const struct sluice_top_item *item,
		     const struct sluice_top_column *column)
{
	double fill = 0, alarm = 0;

	if (!sluice_top_number(item->now, column->key, &fill))
		return;
	(void)sluice_top_number(item->now, "alarm", &alarm);
	fprintf(stream,
		"<svg class=\"fill\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
		"role=\"img\" aria-label=\"%.0f percent\"><rect class=\"%s\" width=\"%.1f\" "
		"height=\"10\"/>",
		fill, alarm > 0 && fill >= alarm ? "over" : "under", fill > 100 ? 100 : fill);
	if (alarm > 0)
		fprintf(stream, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"10\"/>", alarm, alarm);
	fprintf(stream, "</svg> %.0f&#8239;%%", fill);
}

/* Writes a cell of a table. */
static void put_cell(FILE *stream, const struct sluice_top_model *model,
		     const struct sluice_top_item *item, const struct sluice_top_table *table,
		     size_t number)
{
	const struct sluice_top_column *column = &table->columns[number];
	char text[SLUICE_TOP_TEXT];
	uint8_t style;

	if (column->kind == SLUICE_TOP_CURVE) {
		fputs("<td>", stream);
		put_curve(stream, item);
	} else if (column->kind == SLUICE_TOP_FILL) {
		fputs("<td>", stream);
		put_fill(stream, item, column);
	} else {
		style = sluice_top_draw_cell(model, item, column, text);
		fprintf(stream, "<td class=\"%s%s%s\">", class_of(style),
			column->kind == SLUICE_TOP_WORDS ? "" : " number",
			sluice_top_has_changed(model, item, number) ? " changed" : "");
		put(stream, text);
	}
	fputs("</td>", stream);
}

/* Writes a table: the busiest by `sort` (a column, from 1; 0: as configured) first. */
static void put_table(FILE *stream, const struct sluice_top_model *model, enum sluice_top_list list,
		      size_t sort)
{
	const struct sluice_top_order order = {.list = list, .column = sort, .filter = ""};
	const struct sluice_top_table *table = &sluice_top_tables[list];
	const struct sluice_top_item **rows;
	size_t count = 0, row, number;

	rows = sluice_top_order(model, &order, &count);
	if (!rows || !count) {
		free(rows);
		return;
	}
	fprintf(stream, "<h2>%s</h2><div class=\"wide\"><table><thead><tr>", table->name);
	for (number = 0; number < table->column_count; number++) {
		fprintf(stream, "<th%s>",
			table->columns[number].kind == SLUICE_TOP_WORDS ||
					table->columns[number].kind == SLUICE_TOP_CURVE ||
					table->columns[number].kind == SLUICE_TOP_FILL
				? ""
				: " class=\"number\"");
		put(stream, table->columns[number].title);
		fputs("</th>", stream);
	}
	fputs("</tr></thead><tbody>", stream);
	for (row = 0; row < count && row < SLUICE_HTTP_PAGE_ROWS; row++) {
		fputs("<tr>", stream);
		for (number = 0; number < table->column_count; number++)
			put_cell(stream, model, rows[row], table, number);
		fputs("</tr>", stream);
	}
	fputs("</tbody></table></div>", stream);
	if (count > SLUICE_HTTP_PAGE_ROWS)
		fprintf(stream, "<p class=\"dim\">and %zu more: sluicectl top has all of them</p>",
			count - SLUICE_HTTP_PAGE_ROWS);
	free(rows);
}

/* Writes one box of the path: a title and what is in it. */
static void put_total(FILE *stream, const struct sluice_top_model *model, const char *key,
		      const char *title)
{
	const struct sluice_top_item *item = sluice_top_find(model, SLUICE_TOP_TOTALS, key);
	char text[SLUICE_TOP_TEXT];

	fprintf(stream, "<div class=\"box\"><h3>%s</h3><p class=\"big\">%s /s</p><p>", title,
		sluice_top_rate(item ? sluice_top_growth(model, item, "datagrams") : NAN, text));
	fprintf(stream, "%s</p>",
		sluice_top_bits(8 * (item ? sluice_top_growth(model, item, "bytes") : NAN), text));
	if (item)
		put_curve(stream, item);
	if (item && *text_of(item->now, "up")) {
		fputs("<p>", stream);
		put(stream, text_of(item->now, "up"));
		fputs("</p>", stream);
	}
	fputs("</div>", stream);
}

/* Writes how full memory or disk is. */
static void put_store(FILE *stream, const struct sluice_top_model *model, const char *part)
{
	static const struct sluice_top_column fill = {.key = "fill", .kind = SLUICE_TOP_FILL};
	const struct sluice_top_item *item = sluice_top_find(model, SLUICE_TOP_STORE, part);

	fprintf(stream, "<p>%s ", part);
	if (item)
		put_fill(stream, item, &fill);
	else
		fputs("<span class=\"dim\">none</span>", stream);
	fputs("</p>", stream);
}

/* Writes the path that datagrams take. */
static void put_path(FILE *stream, const struct sluice_top_model *model)
{
	const struct sluice_top_item *in = sluice_top_find(model, SLUICE_TOP_TOTALS, "in");
	const struct sluice_top_item *out = sluice_top_find(model, SLUICE_TOP_TOTALS, "out");
	const json_t *daemon = json_object_get(model->snapshot, "daemon");
	double lost = 0, down = 0, uptime = 0;
	char text[SLUICE_TOP_TEXT];

	if (in)
		(void)sluice_top_number(in->now, "lost", &lost);
	if (out)
		(void)sluice_top_number(out->now, "down", &down);
	(void)sluice_top_number(daemon, "uptime_seconds", &uptime);
	fputs("<div class=\"path\">", stream);
	put_total(stream, model, "in", "senders");
	fputs("<div class=\"arrow good\">UDP &#8594;</div><div class=\"box\"><h3>", stream);
	put(stream, text_of(daemon, "relay"));
	fputs("</h3>", stream);
	put_store(stream, model, "memory");
	put_store(stream, model, "disk");
	fprintf(stream, "<p class=\"%s\">lost %s</p>", lost > 0 ? "bad" : "good",
		sluice_top_count((uint64_t)lost, text));
	fprintf(stream, "<p class=\"dim\">up %s, version ", sluice_top_age((uint64_t)uptime, text));
	put(stream, text_of(daemon, "version"));
	fprintf(stream, "</p></div><div class=\"arrow %s\">TCP &#8594;</div>",
		down > 0 ? "bad" : "good");
	put_total(stream, model, "out", "receivers");
	fputs("</div>", stream);
}

/* Writes what is wrong now. */
static void put_problems(FILE *stream, const struct sluice_top_model *model)
{
	const json_t *problems = json_object_get(model->snapshot, "problems");
	json_t *problem;
	size_t number;

	if (!json_array_size(problems)) {
		fputs("<p class=\"good\">nothing is wrong</p>", stream);
		return;
	}
	fputs("<ul class=\"problems\">", stream);
	json_array_foreach(problems, number, problem)
	{
		fputs("<li class=\"bad\">", stream);
		put(stream, json_string_value(problem));
		fputs("</li>", stream);
	}
	fputs("</ul>", stream);
}

/* Writes what happened last. */
static void put_events(FILE *stream, const struct sluice_top_model *model)
{
	size_t number = json_array_size(model->events), shown;

	if (!number)
		return;
	fputs("<h2>Events</h2><div class=\"wide\"><table><tbody>", stream);
	for (shown = 0; number-- > 0 && shown < EVENTS; shown++) {
		const json_t *event = json_array_get(model->events, number);
		const char *severity = text_of(event, "severity"), *time = text_of(event, "time");

		fputs("<tr><td class=\"dim\">", stream);
		/* Without parts of a second and the zone. */
		fprintf(stream, "%.*s</td><td class=\"%s\">", (int)strcspn(time, ".+Z"), time,
			!strcmp(severity, "error")     ? "bad"
			: !strcmp(severity, "warning") ? "warn"
						       : "plain");
		put(stream, text_of(event, "kind"));
		fputs("</td><td>", stream);
		put(stream, text_of(event, "where"));
		fputs("</td><td>", stream);
		put(stream, text_of(event, "text"));
		fputs("</td></tr>", stream);
	}
	fputs("</tbody></table></div>", stream);
}

void sluice_http_page_now(FILE *stream, const struct sluice_top_model *model)
{
	if (model->is_away || !model->snapshot) {
		fputs("<p class=\"bad\">the daemon does not answer: ", stream);
		put(stream, *model->why ? model->why : "it was not asked yet");
		fputs("</p>", stream);
	}
	if (!model->snapshot)
		return;
	put_path(stream, model);
	put_problems(stream, model);
	put_table(stream, model, SLUICE_TOP_INPUTS,
		  model->items[SLUICE_TOP_INPUTS].count > SLUICE_HTTP_PAGE_ROWS ? 5 : 0);
	put_table(stream, model, SLUICE_TOP_OUTPUTS, 0);
	put_table(stream, model, SLUICE_TOP_STORE, 0);
	put_table(stream, model, SLUICE_TOP_THREADS, 0);
	put_table(stream, model, SLUICE_TOP_RULES, 0);
	put_events(stream, model);
}

void sluice_http_page_whole(FILE *stream, const struct sluice_top_model *model)
{
	const json_t *daemon = json_object_get(model->snapshot, "daemon");

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", stream);
	put(stream, text_of(daemon, "relay"));
	fputs(" - sluice</title>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n"
	      "<link rel=\"stylesheet\" href=\"/page.css\">\n"
	      "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n"
	      "</head><body><h1>sluice</h1>\n<main id=\"now\">",
	      stream);
	sluice_http_page_now(stream, model);
	fputs("</main>\n<p class=\"dim\" id=\"link\"></p>\n"
	      "<p class=\"dim\"><a href=\"/metrics\">metrics</a>, "
	      "<a href=\"/figures.json\">figures</a></p>\n"
	      "<script src=\"/page.js\"></script></body></html>\n",
	      stream);
}
