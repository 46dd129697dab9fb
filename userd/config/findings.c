// SPDX-License-Identifier: MIT
/*
 * The list of faults of a configuration, see check.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

/* Keeps a finding whose text is already made; takes `text` over, NULL stands for "no memory". */
static void keep(struct sluice_findings *findings, enum sluice_severity severity,
		 const struct sluice_config_place *place, char *text)
{
	struct sluice_finding *grown;
	size_t room;

	if (!text) {
		findings->out_of_memory = true;
		return;
	}
	if (findings->count == findings->room) {
		room = findings->room ? findings->room * 2 : 16;
		grown = reallocarray(findings->list, room, sizeof(*grown));
		if (!grown) {
			findings->out_of_memory = true;
			free(text);
			return;
		}
		findings->list = grown;
		findings->room = room;
	}
	findings->list[findings->count++] = (struct sluice_finding){
		.line = place ? place->line : 0,
		.column = place ? place->column : 0,
		.text = text,
		.severity = severity,
	};
	if (severity == SLUICE_FINDING_ERROR)
		findings->error_count++;
}

void sluice_findings_add(struct sluice_findings *findings, enum sluice_severity severity,
			 const struct sluice_config_place *place, const char *format, ...)
{
	const struct sluice_config_place end = {.line = SIZE_MAX, .column = SIZE_MAX};
	va_list arguments;
	char *text;

	if (!findings || !format || findings->full)
		return;
	if (findings->count >= SLUICE_FINDINGS_MAX) {
		findings->full = true;
		keep(findings, SLUICE_FINDING_ERROR, &end,
		     strdup("there are more faults than are listed here"));
		return;
	}
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	keep(findings, severity, place, text);
}

/* qsort: by line, column, text; equal ones are neighbours then. */
static int compare(const void *left, const void *right)
{
	const struct sluice_finding *one = left, *other = right;

	if (one->line != other->line)
		return one->line < other->line ? -1 : 1;
	if (one->column != other->column)
		return one->column < other->column ? -1 : 1;
	return strcmp(one->text, other->text);
}

void sluice_findings_sort(struct sluice_findings *findings)
{
	size_t from, to = 0;

	if (!findings || findings->count == 0)
		return;
	qsort(findings->list, findings->count, sizeof(*findings->list), compare);
	/* A node that is used twice by an alias is read twice, and found faulty twice. */
	for (from = 1; from < findings->count; from++) {
		if (!compare(&findings->list[to], &findings->list[from])) {
			if (findings->list[from].severity == SLUICE_FINDING_ERROR)
				findings->error_count--;
			free(findings->list[from].text);
			continue;
		}
		findings->list[++to] = findings->list[from];
	}
	findings->count = to + 1;
}

const char *sluice_severity_name(enum sluice_severity severity)
{
	switch (severity) {
	case SLUICE_FINDING_ERROR:
		return "error";
	case SLUICE_FINDING_WARNING:
		return "warning";
	default:
		return "note";
	}
}

/* "name:line:column: error: sentence" of one finding. NULL: no memory. @owner caller: free() */
static char *finding_text(const struct sluice_finding *finding, const char *name)
{
	char *line;
	int length;

	if (!finding || !name)
		return NULL;
	if (finding->line == 0 || finding->line == SIZE_MAX)
		length = asprintf(&line, "%s: %s: %s", name,
				  sluice_severity_name(finding->severity), finding->text);
	else
		length = asprintf(&line, "%s:%zu:%zu: %s: %s", name, finding->line, finding->column,
				  sluice_severity_name(finding->severity), finding->text);
	return length < 0 ? NULL : line;
}

char *sluice_findings_text(const struct sluice_findings *findings, const char *name)
{
	char *all = NULL, *line;
	size_t length, number;
	FILE *stream;

	if (!findings || !name)
		return NULL;
	stream = open_memstream(&all, &length);
	if (!stream)
		return NULL;
	for (number = 0; number < findings->count; number++) {
		line = finding_text(&findings->list[number], name);
		if (!line || fprintf(stream, "%s\n", line) < 0) {
			free(line);
			fclose(stream);
			free(all);
			return NULL;
		}
		free(line);
	}
	if (fclose(stream)) {
		free(all);
		return NULL;
	}
	return all;
}

void sluice_findings_free(struct sluice_findings *findings)
{
	size_t number;

	if (!findings)
		return;
	for (number = 0; number < findings->count; number++)
		free(findings->list[number].text);
	free(findings->list);
	memset(findings, 0, sizeof(*findings));
}
