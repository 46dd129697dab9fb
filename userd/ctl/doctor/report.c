// SPDX-License-Identifier: MIT
/*
 * A report as text for people, see run.h. Touches: the stream that it is given.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "check.h"
#include "run.h"

#define COLUMNS 100

/* Prints a text behind a heading, broken at blanks, the lines that follow set in. What has no blank
 * is not broken: a command has to be copied. */
static void put(FILE *to, const char *heading, const char *text)
{
	size_t column = strlen(heading), indent = column, length, blanks;
	bool is_first = true;

	fputs(heading, to);
	while (*text) {
		blanks = strspn(text, " \n");
		text += blanks;
		length = strcspn(text, " \n");
		if (!is_first && column + length + 1 > COLUMNS) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
			is_first = true;
		}
		fprintf(to, "%s%.*s", is_first ? "" : " ", (int)length, text);
		column += length + !is_first;
		is_first = false;
		text += length;
	}
	fputc('\n', to);
}

/* Prints what was read, as one list. */
static void put_read(FILE *to, const json_t *finding)
{
	char was[SLUICE_DOCTOR_NUMBER], is[SLUICE_DOCTOR_NUMBER], text[2048] = "";
	const json_t *one, *value;
	size_t number, used = 0;

	json_array_foreach(json_object_get(finding, "read"), number, one)
	{
		value = json_object_get(one, "before");
		if (used + 2 >= sizeof(text))
			break;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s: %s ",
					 used ? "; " : "", sluice_doctor_json_text(one, "where"),
					 sluice_doctor_json_text(one, "what"));
		if (used + 2 >= sizeof(text))
			break;
		if (value)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s, then %s",
				sluice_doctor_commas((uint64_t)json_integer_value(value), was),
				sluice_doctor_commas(
					(uint64_t)json_integer_value(json_object_get(one, "after")),
					is));
		else
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
						 sluice_doctor_json_text(one, "value"));
	}
	put(to, "    read   ", text);
}

/* Prints one finding. */
static void put_finding(FILE *to, const json_t *finding)
{
	const char *mend = sluice_doctor_json_text(finding, "mend");
	const json_t *rate = json_object_get(finding, "per_second");
	char text[2048], lost[64] = "";

	if (json_is_number(rate))
		snprintf(lost, sizeof(lost), " (%.1f a second)", json_number_value(rate));
	snprintf(text, sizeof(text), "%s%s", sluice_doctor_json_text(finding, "text"), lost);
	fprintf(to, "\n%s  %s  %s\n", sluice_doctor_json_text(finding, "class"),
		sluice_doctor_json_text(finding, "check"),
		sluice_doctor_json_text(finding, "subject"));
	put(to, "    ", text);
	put_read(to, finding);
	if (*mend)
		fprintf(to, "    mend   %s\n", mend);
	put(to, *mend ? "    costs  " : "    mend   ", sluice_doctor_json_text(finding, "costs"));
}

/* Prints which checks could not be made. */
static void put_unchecked(FILE *to, const json_t *unchecked)
{
	char text[2048] = "";
	const json_t *one;
	size_t number, used = 0;

	json_array_foreach(unchecked, number, one)
	{
		if (used + 64 >= sizeof(text))
			break;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "",
					 json_string_value(one));
	}
	if (used) {
		fputs("\nnot checked, for nothing of what they read is there:\n", to);
		put(to, "    ", text);
	}
}

int sluice_doctor_print(FILE *to, const struct sluice_doctor_report *report,
			const json_t *unchecked, bool has_daemon)
{
	size_t number, count = json_array_size(report->findings);
	const json_t *one;

	fprintf(to, "watched for %.1f s: ", report->seconds);
	if (count)
		fprintf(to, "%zu finding%s\n", count, count == 1 ? "" : "s");
	else
		fputs("nothing found\n", to);
	if (!has_daemon)
		fputs("no sluiced answers here: only the host was checked\n", to);
	json_array_foreach(report->findings, number, one)
	{
		put_finding(to, one);
	}
	put_unchecked(to, unchecked);
	return fflush(to) || ferror(to) ? -EIO : 0;
}
