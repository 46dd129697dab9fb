// SPDX-License-Identifier: MIT
/*
 * Events as lines; see event_line.h. Touches: stdout, stderr.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../lib/clock.h"
#include "../lib/event.h"
#include "event_line.h"
#include "netlink.h"

#define MOMENT 48 /* bytes of a time as text */

/* Local time with microseconds and the zone, as ISO 8601 has it. */
static const char *moment(uint64_t time_ns, char text[MOMENT])
{
	time_t seconds = (time_t)(time_ns / SLUICE_NS_PER_S);
	char begin[24] = "?", zone[8] = "";
	struct tm local;

	if (localtime_r(&seconds, &local)) {
		strftime(begin, sizeof(begin), "%Y-%m-%dT%H:%M:%S", &local);
		strftime(zone, sizeof(zone), "%z", &local);
	}
	snprintf(text, MOMENT, "%s.%06u%s", begin,
		 (unsigned int)(time_ns % SLUICE_NS_PER_S / SLUICE_NS_PER_US), zone);
	return text;
}

/* Prints an object in one line, and frees it. True: stdout does not take it. */
static bool print_object(json_t *object)
{
	bool has_failed =
		!object || json_dumpf(object, stdout, JSON_COMPACT) || putchar('\n') == EOF;

	json_decref(object);
	return has_failed;
}

/* The name of a kind; of a daemon that is newer than this program its number. */
static const char *kind_name(uint32_t number, char newer[24])
{
	const struct sluice_event_row *row = sluice_event_row(number);

	snprintf(newer, 24, "kind-%" PRIu32, number);
	return row ? row->name : newer;
}

json_t *sluice_event_object(struct nlattr **attributes)
{
	uint32_t number = sluice_attribute_u32(attributes[SLUICE_A_EVENT_KIND]);
	const struct sluice_event_row *row = sluice_event_row(number);
	const struct nlattr *interface = attributes[SLUICE_A_EVENT_INTERFACE];
	const struct nlattr *count = attributes[SLUICE_A_EVENT_COUNT];
	uint64_t time_ns = sluice_attribute_u64(attributes[SLUICE_A_EVENT_TIME]);
	char text[MOMENT], guid_text[SLUICE_GUID_TEXT], newer[24];
	sluice_guid guid;

	sluice_attribute_guid(attributes[SLUICE_A_EVENT_GUID], guid);
	return json_pack(
		"{s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:s?, s:s, s:s?, s:o, s:s}", "sequence",
		(json_int_t)sluice_attribute_u64(attributes[SLUICE_A_EVENT_SEQUENCE]), "time",
		moment(time_ns, text), "time_ns", (json_int_t)time_ns, "class",
		row ? sluice_event_class_name(row->class) : "?", "kind", kind_name(number, newer),
		"severity", row ? sluice_event_severity(row->severity) : "notice", "where",
		sluice_attribute_string(attributes[SLUICE_A_EVENT_WHERE]), "id",
		attributes[SLUICE_A_EVENT_GUID] ? sluice_guid_format(guid, guid_text) : NULL, "key",
		sluice_attribute_string(attributes[SLUICE_A_EVENT_KEY]), "interface",
		interface ? sluice_attribute_string(interface) : NULL, "count",
		count ? json_integer((json_int_t)sluice_attribute_u64(count)) : json_null(), "text",
		sluice_attribute_string(attributes[SLUICE_A_EVENT_TEXT]));
}

bool sluice_event_print(struct nlattr **attributes, bool as_json)
{
	uint32_t number = sluice_attribute_u32(attributes[SLUICE_A_EVENT_KIND]);
	const struct sluice_event_row *row = sluice_event_row(number);
	const char *where = sluice_attribute_string(attributes[SLUICE_A_EVENT_WHERE]);
	const char *text = sluice_attribute_string(attributes[SLUICE_A_EVENT_TEXT]);
	char newer[24], when[MOMENT];
	bool is_twice;

	if (as_json)
		return print_object(sluice_event_object(attributes));
	is_twice = !*where || strstr(text, where);
	return printf("%s %s %s %s%s%s\n",
		      moment(sluice_attribute_u64(attributes[SLUICE_A_EVENT_TIME]), when),
		      row ? sluice_event_severity(row->severity) : "notice",
		      kind_name(number, newer), is_twice ? "" : where, is_twice ? "" : ": ",
		      text) < 0;
}

bool sluice_event_print_missed(uint64_t count, bool as_json)
{
	if (as_json)
		return print_object(json_pack("{s:n, s:s, s:s, s:I}", "sequence", "class", "stream",
					      "kind", "left-out", "count", (json_int_t)count));
	return printf("# %" PRIu64
		      " events were left out: more came than are kept (control.events)\n",
		      count) < 0;
}

void sluice_event_print_daemon(bool is_there, bool as_json)
{
	if (as_json) {
		(void)print_object(json_pack("{s:n, s:s, s:s}", "sequence", "class", "stream",
					     "kind", is_there ? "back" : "gone"));
		(void)fflush(stdout);
		return;
	}
	fputs(is_there ? "sluicectl: sluiced is there\n"
		       : "sluicectl: sluiced is not there; waiting until it comes\n",
	      stderr);
}
