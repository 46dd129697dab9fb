// SPDX-License-Identifier: MIT
/*
 * What a check found, see finding.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "finding.h"

const char *sluice_doctor_class_name(enum sluice_doctor_class class)
{
	static const char *const names[] = {"error", "saturation", "utilisation"};

	return names[class];
}

const char *sluice_doctor_commas(uint64_t number, char text[SLUICE_DOCTOR_NUMBER])
{
	char plain[SLUICE_DOCTOR_NUMBER];
	size_t length, place, used = 0;

	length = (size_t)snprintf(plain, sizeof(plain), "%" PRIu64, number);
	for (place = 0; place < length; place++) {
		if (place && (length - place) % 3 == 0)
			text[used++] = ',';
		text[used++] = plain[place];
	}
	text[used] = '\0';
	return text;
}

json_t *sluice_doctor_find(struct sluice_doctor_report *report, const char *subject)
{
	const struct sluice_doctor_check *check = report->check;
	json_t *finding = json_pack("{s:s, s:s, s:s, s:s, s:n, s:n, s:[], s:s, s:s}", "check",
				    check->id, "class", sluice_doctor_class_name(check->class),
				    "subject", subject, "text", check->says, "lost", "per_second",
				    "read", "mend", check->mend, "costs", check->costs);

	if (!finding || json_array_append_new(report->findings, finding)) {
		report->error = -ENOMEM;
		return NULL;
	}
	sluice_doctor_fill(finding, "subject", "%s", subject);
	return finding;
}

/* Replaces each {name} in a text. NULL: there is none, or no memory. @owner caller: free() */
static char *replaced(const char *text, const char *name, const char *value)
{
	char mark[64], *made = NULL, *longer;
	const char *found;

	snprintf(mark, sizeof(mark), "{%s}", name);
	while (text && (found = strstr(text, mark))) {
		/* Only what lies behind the last value is looked at again: values have no marks. */
		if (asprintf(&longer, "%.*s%s%s", (int)(found - text), text, value,
			     found + strlen(mark)) < 0)
			break;
		free(made);
		made = longer;
		text = strstr(value, mark) ? NULL : made;
	}
	return made;
}

/* Sets a member, if there is a text for it. */
static void set_text(json_t *finding, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	if (value)
		json_object_set_new(finding, key, value);
}

void sluice_doctor_fill(json_t *finding, const char *name, const char *format, ...)
{
	static const char *const keys[] = {"text", "mend", "costs"};
	char *value = NULL, *text;
	va_list list;
	size_t number;

	if (!finding)
		return;
	va_start(list, format);
	if (vasprintf(&value, format, list) < 0)
		value = NULL;
	va_end(list);
	for (number = 0; value && number < sizeof(keys) / sizeof(keys[0]); number++) {
		text = replaced(json_string_value(json_object_get(finding, keys[number])), name,
				value);
		set_text(finding, keys[number], text);
		free(text);
	}
	free(value);
}

void sluice_doctor_fill_number(json_t *finding, const char *name, uint64_t number)
{
	char text[SLUICE_DOCTOR_NUMBER];

	sluice_doctor_fill(finding, name, "%s", sluice_doctor_commas(number, text));
}

void sluice_doctor_add(json_t *finding, const char *format, ...)
{
	char *more = NULL, *whole = NULL;
	va_list list;

	if (!finding)
		return;
	va_start(list, format);
	if (vasprintf(&more, format, list) < 0)
		more = NULL;
	va_end(list);
	if (more && asprintf(&whole, "%s %s", json_string_value(json_object_get(finding, "text")),
			     more) < 0)
		whole = NULL;
	set_text(finding, "text", whole);
	free(whole);
	free(more);
}

void sluice_doctor_mend(json_t *finding, const char *costs, const char *format, ...)
{
	char *text = NULL;
	va_list list;

	if (!finding)
		return;
	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		text = NULL;
	va_end(list);
	set_text(finding, "mend", text);
	set_text(finding, "costs", costs);
	free(text);
}

void sluice_doctor_lost(struct sluice_doctor_report *report, json_t *finding, uint64_t datagrams)
{
	if (!finding)
		return;
	json_object_set_new(finding, "lost", json_integer((json_int_t)datagrams));
	json_object_set_new(
		finding, "per_second",
		json_real((double)(uint64_t)(10.0 * (double)datagrams / report->seconds) / 10.0));
	sluice_doctor_fill_number(finding, "count", datagrams);
}

void sluice_doctor_proof(json_t *finding, const char *where, const char *what,
			 const uint64_t numbers[2])
{
	if (finding)
		json_array_append_new(json_object_get(finding, "read"),
				      json_pack("{s:s, s:s, s:I, s:I}", "where", where, "what",
						what, "before", (json_int_t)numbers[0], "after",
						(json_int_t)numbers[1]));
}

void sluice_doctor_proof_text(json_t *finding, const char *where, const char *what,
			      const char *value)
{
	if (finding)
		json_array_append_new(
			json_object_get(finding, "read"),
			json_pack("{s:s, s:s, s:s}", "where", where, "what", what, "value", value));
}

void sluice_doctor_report_free(struct sluice_doctor_report *report)
{
	json_decref(report->findings);
	report->findings = NULL;
}
