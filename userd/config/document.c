// SPDX-License-Identifier: MIT
/*
 * YAML by libyaml, see document.h. The text is read twice: as events, to find syntax errors,
 * excessive nesting and a second document, and then as a document. libyaml 0.2.5 needs time that
 * grows with the square of the nesting of brackets (64 KiB of "[" take 15 seconds) and of the
 * number of anchors; the first reading stops early enough.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "document.h"

#define DEPTH_MAX 32 /* the schema needs 5 */
#define ANCHORS_MAX \
	1000 /* a configuration of 10,000 inputs may well repeat a few pieces, not a thousand */

/* Where in the text byte `offset` is; lines and columns as an editor counts them. */
static struct sluice_config_place place_of_offset(const char *text, size_t length, size_t offset)
{
	struct sluice_config_place place = {.line = 1, .column = 1};
	size_t at;

	for (at = 0; at < offset && at < length; at++) {
		if (text[at] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)text[at] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

/* libyaml counts from 0. */
static struct sluice_config_place place_of_mark(const yaml_mark_t *mark)
{
	return (struct sluice_config_place){.line = mark->line + 1, .column = mark->column + 1};
}

/* What to do about the commonest of libyaml's complaints; "" if there is nothing to say. */
static const char *hint_for(const char *problem)
{
	if (strstr(problem, "cannot start any token"))
		return "; indent with spaces, not tabs, and put values that begin with @ ` % in "
		       "quotes";
	if (strstr(problem, "tab character"))
		return "; indent with spaces, not tabs";
	if (strstr(problem, "did not find expected key") ||
	    strstr(problem, "did not find expected '-' indicator"))
		return "; check the indentation here and above";
	if (strstr(problem, "mapping values are not allowed"))
		return "; a value that contains \": \" needs quotes";
	if (strstr(problem, "could not find expected ':'"))
		return "; write KEY: VALUE";
	if (strstr(problem, "did not find expected ',' or"))
		return "; a bracket before this is not closed, or an address with brackets needs "
		       "quotes";
	return "";
}

/* Turns the error that `parser` stopped at into a finding. Returns -EINVAL or -ENOMEM. */
static int report_error(const yaml_parser_t *parser, const char *text, size_t length,
			struct sluice_findings *findings)
{
	const char *problem = parser->problem ? parser->problem : "it cannot be read";
	struct sluice_config_place place;

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		place = place_of_offset(text, length, parser->problem_offset);
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &place,
				    "not valid YAML: %s; the file must be UTF-8 text without "
				    "control characters",
				    problem);
		return -EINVAL;
	default:
		place = place_of_mark(&parser->problem_mark);
		if (parser->context)
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &place,
					    "not valid YAML: %s, %s%s", parser->context, problem,
					    hint_for(problem));
		else
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &place,
					    "not valid YAML: %s%s", problem, hint_for(problem));
		return -EINVAL;
	}
}

/* Makes a parser for the text. 0 or -ENOMEM. @owner caller: yaml_parser_delete() */
static int parser_begin(yaml_parser_t *parser, const char *text, size_t length)
{
	if (!yaml_parser_initialize(parser))
		return -ENOMEM;
	yaml_parser_set_input_string(parser, (const unsigned char *)text, length);
	/* No guessing: UTF-16 would make the columns wrong. */
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	return 0;
}

/* What the first reading has counted. */
struct survey {
	size_t documents;
	size_t depth;
	size_t anchors;
};

/* Takes note of one event. Returns false after a finding that makes further reading useless. */
static bool survey_event(struct survey *survey, const yaml_event_t *event,
			 struct sluice_findings *findings)
{
	struct sluice_config_place place = place_of_mark(&event->start_mark);
	const yaml_char_t *anchor = NULL;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++survey->documents == 1)
			return true;
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &place,
			"a second document begins here: one file holds one configuration");
		return false;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		anchor = event->type == YAML_SEQUENCE_START_EVENT
				 ? event->data.sequence_start.anchor
				 : event->data.mapping_start.anchor;
		if (++survey->depth > DEPTH_MAX) {
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &place,
					    "nested more than %d deep: close the brackets that are "
					    "open before this",
					    DEPTH_MAX);
			return false;
		}
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		survey->depth--;
		break;
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		break;
	default:
		break;
	}
	if (anchor && ++survey->anchors > ANCHORS_MAX) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &place,
				    "more than %d anchors in one file", ANCHORS_MAX);
		return false;
	}
	return true;
}

/* The first reading. 0, -EINVAL with a finding, -ENOMEM. */
static int survey_text(const char *text, size_t length, struct sluice_findings *findings)
{
	struct survey survey = {0};
	bool going = true, ended = false;
	yaml_parser_t parser;
	yaml_event_t event;
	int error;

	error = parser_begin(&parser, text, length);
	if (error)
		return error;
	while (going && !ended) {
		if (!yaml_parser_parse(&parser, &event)) {
			error = report_error(&parser, text, length, findings);
			break;
		}
		ended = event.type == YAML_STREAM_END_EVENT;
		going = survey_event(&survey, &event, findings);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (!error && !going)
		error = -EINVAL;
	if (!error && survey.documents == 0) {
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, NULL,
			"the file is empty: a configuration has at least inputs and outputs");
		error = -EINVAL;
	}
	return error;
}

int sluice_yaml_load(const char *text, size_t length, yaml_document_t *document,
		     struct sluice_findings *findings)
{
	yaml_parser_t parser;
	int error;

	if (!text || !document || !findings || length > SLUICE_CONFIG_TEXT_MAX)
		return -EINVAL;
	error = survey_text(text, length, findings);
	if (error)
		return error;
	error = parser_begin(&parser, text, length);
	if (error)
		return error;
	/* Aliases without anchor and anchors given twice show only now. */
	if (!yaml_parser_load(&parser, document))
		error = report_error(&parser, text, length, findings);
	yaml_parser_delete(&parser);
	return error;
}
