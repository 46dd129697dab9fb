// SPDX-License-Identifier: MIT
/*
 * Records as text and as JSON; see tap_print.h. Touches: the stream it is given.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lost.h"
#include "tap_print.h"

#define NS_PER_S 1000000000U
#define NS_PER_US 1000U
#define HEX_ROW 16U
#define TIME_TEXT 48U

/* One end of a datagram, as "10.9.0.2.4711", which is how tcpdump writes it, in `text`. */
static void put_end(char *text, size_t size, uint8_t family, const uint8_t *address, uint16_t port)
{
	char host[INET6_ADDRSTRLEN];

	if (!inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, host, sizeof(host)))
		host[0] = '\0';
	snprintf(text, size, "%s.%u", host, port);
}

/* The local time of day to the microsecond, in `text`. */
static void put_time(char text[TIME_TEXT], uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm parts;
	char clock[16];

	if (!localtime_r(&seconds, &parts))
		memset(&parts, 0, sizeof(parts));
	strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	snprintf(text, TIME_TEXT, "%s.%06" PRIu64, clock, time_ns % NS_PER_S / NS_PER_US);
}

/* The same as ISO 8601 in UTC, to the nanosecond. */
static void put_moment(char text[TIME_TEXT], uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm parts;
	char day[24];

	if (!gmtime_r(&seconds, &parts))
		memset(&parts, 0, sizeof(parts));
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, TIME_TEXT, "%s.%09" PRIu64 "Z", day, time_ns % NS_PER_S);
}

/* A payload byte as -A shows it: what a terminal would obey is a dot. */
static char shown(uint8_t byte)
{
	return byte >= ' ' && byte < 0x7f ? (char)byte : '.';
}

/* The payload as lines of text. */
static void print_text(FILE *to, const struct sluice_record_view *record)
{
	size_t place, length = record->payload_length;

	/* The end of a line that is there anyway is not shown twice. */
	if (length && record->payload[length - 1] == '\n')
		length--;
	for (place = 0; place < length; place++) {
		uint8_t byte = record->payload[place];

		putc(byte == '\n' || byte == '\t' ? byte : shown(byte), to);
	}
	putc('\n', to);
}

/* The payload in rows of 16 bytes, hexadecimal and as text. */
static void print_hex(FILE *to, const struct sluice_record_view *record)
{
	size_t row, column, length = record->payload_length;

	for (row = 0; row < length; row += HEX_ROW) {
		fprintf(to, "\t0x%04zx: ", row);
		for (column = row; column < row + HEX_ROW; column++) {
			if (column < length)
				fprintf(to, "%s%02x", column % 2 ? "" : " ",
					record->payload[column]);
			else
				fputs(column % 2 ? "  " : "   ", to);
		}
		fputs("  ", to);
		for (column = row; column < row + HEX_ROW && column < length; column++)
			putc(shown(record->payload[column]), to);
		putc('\n', to);
	}
}

/* What the input is called, in `text`, if nobody knows its name. */
static const char *name_of(const struct sluice_tap_place *place, char text[16])
{
	if (place->input)
		return place->input;
	snprintf(text, 16, "input#%u", place->number);
	return text;
}

/* What a GAP says. */
static void read_gap(const struct sluice_record_view *record, uint64_t *datagrams,
		     const char **cause)
{
	struct sluice_record_gap gap = {0};

	if (record->payload_length >= sizeof(gap))
		memcpy(&gap, record->payload, sizeof(gap));
	*datagrams = le64toh(gap.datagrams);
	*cause = sluice_lost_name(le32toh(gap.cause));
}

/* A GAP as a line. */
static void print_gap(FILE *to, const char *time, const char *name,
		      const struct sluice_record_view *record)
{
	uint64_t datagrams;
	const char *cause;

	read_gap(record, &datagrams, &cause);
	if (datagrams)
		fprintf(to, "%s %s: %" PRIu64 " datagrams were lost here: %s\n", time, name,
			datagrams, cause);
	else
		fprintf(to, "%s %s: an unknown number of datagrams was lost here: %s\n", time, name,
			cause);
}

/* A record as text. */
static int print_line(const struct sluice_tap_form *form, const struct sluice_tap_place *place,
		      const struct sluice_record_view *record)
{
	const struct sluice_record_address *address = record->address;
	char time[TIME_TEXT], name[16], from[INET6_ADDRSTRLEN + 8], to[INET6_ADDRSTRLEN + 8];
	const char *input = name_of(place, name);

	put_time(time, record->time_ns);
	if (record->type == SLUICE_RECORD_GAP) {
		print_gap(form->to, time, input, record);
		return ferror(form->to) ? -EIO : 0;
	}
	fprintf(form->to, "%s %s", time, input);
	if (address) {
		put_end(from, sizeof(from), address->family, address->source,
			le16toh(address->source_port));
		put_end(to, sizeof(to), address->family, address->destination,
			le16toh(address->destination_port));
		fprintf(form->to, " IP%s %s > %s", address->family == 6 ? "6" : "", from, to);
	}
	fprintf(form->to, ": UDP, length %zu%s%s\n", record->payload_length,
		record->flags & SLUICE_RECORD_F_BADCSUM ? ", wrong checksum" : "",
		record->flags & SLUICE_RECORD_F_CUT ? ", cut" : "");
	if (form->with_hex)
		print_hex(form->to, record);
	if (form->with_text)
		print_text(form->to, record);
	return ferror(form->to) ? -EIO : 0;
}

/* The payload as it is shown, or in hexadecimal. NULL: no memory. @owner caller */
static json_t *payload_of(const struct sluice_record_view *record, bool as_hex)
{
	size_t place, length = record->payload_length;
	char *text = malloc(2 * length + 1);
	json_t *string;

	if (!text)
		return NULL;
	for (place = 0; place < length; place++) {
		if (as_hex)
			snprintf(text + 2 * place, 3, "%02x", record->payload[place]);
		else
			text[place] =
				record->payload[place] == '\n' || record->payload[place] == '\t'
					? (char)record->payload[place]
					: shown(record->payload[place]);
	}
	string = json_stringn(text, as_hex ? 2 * length : length);
	free(text);
	return string;
}

/* Adds an end of a datagram. */
static void add_end(json_t *object, const char *key, const char *port_key, uint8_t family,
		    const uint8_t *address, uint16_t port)
{
	char host[INET6_ADDRSTRLEN] = "";

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, host, sizeof(host));
	json_object_set_new(object, key, json_string(host));
	json_object_set_new(object, port_key, json_integer(port));
}

/* Prints an object in a line and frees it. 0 or -EIO. */
static int put_object(FILE *to, json_t *object)
{
	int error = json_dumpf(object, to, JSON_COMPACT) || putc('\n', to) == EOF ? -EIO : 0;

	json_decref(object);
	return error;
}

/* A record as JSON. */
static int print_object(const struct sluice_tap_form *form, const struct sluice_tap_place *place,
			const struct sluice_record_view *record)
{
	const struct sluice_record_address *address = record->address;
	char time[TIME_TEXT], name[16];
	json_t *object = json_object();
	uint64_t datagrams;
	const char *cause;

	put_moment(time, record->time_ns);
	json_object_set_new(object, "time", json_string(time));
	json_object_set_new(object, "route", json_string(place->route));
	json_object_set_new(object, "input", json_string(name_of(place, name)));
	if (record->type == SLUICE_RECORD_GAP) {
		read_gap(record, &datagrams, &cause);
		json_object_set_new(object, "lost", json_integer((json_int_t)datagrams));
		json_object_set_new(object, "cause", json_string(cause));
		return put_object(form->to, object);
	}
	if (address) {
		add_end(object, "source", "source_port", address->family, address->source,
			le16toh(address->source_port));
		add_end(object, "destination", "destination_port", address->family,
			address->destination, le16toh(address->destination_port));
	}
	json_object_set_new(object, "length", json_integer((json_int_t)record->payload_length));
	if (form->with_text)
		json_object_set_new(object, "text", payload_of(record, false));
	if (form->with_hex)
		json_object_set_new(object, "hex", payload_of(record, true));
	return put_object(form->to, object);
}

int sluice_tap_print(const struct sluice_tap_form *form, const struct sluice_tap_place *place,
		     const struct sluice_record_view *record)
{
	if (record->type != SLUICE_RECORD_DATA && record->type != SLUICE_RECORD_GAP)
		return 0;
	return form->as_json ? print_object(form, place, record) : print_line(form, place, record);
}

int sluice_tap_print_missed(const struct sluice_tap_form *form, const char *route, uint64_t records,
			    uint64_t time_ns)
{
	char time[TIME_TEXT];
	json_t *object;

	if (form->as_json) {
		put_moment(time, time_ns);
		object = json_object();
		json_object_set_new(object, "time", json_string(time));
		json_object_set_new(object, "route", json_string(route));
		json_object_set_new(object, "missed", json_integer((json_int_t)records));
		return put_object(form->to, object);
	}
	put_time(time, time_ns);
	fprintf(form->to,
		"%s route %s: %" PRIu64 " records were written over before they were read here; "
		"the relay has them\n",
		time, route, records);
	return ferror(form->to) ? -EIO : 0;
}
