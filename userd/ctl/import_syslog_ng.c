// SPDX-License-Identifier: MIT
/*
 * Reads syslog-ng's configuration: log paths from a UDP source to a TCP destination. Touches:
 * memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "import.h"
#include "import_lexer.h"

#define BLOCKS 256U /* sources, and destinations, at most */
#define FAN 16U	    /* drivers of a block, and parts of a log path, at most */

/* A driver: udp(...), network(...). */
struct driver {
	struct sluice_import_token name;
	size_t line;
	char host[SLUICE_IMPORT_WORD]; /* the first argument without a name */
	char transport[SLUICE_IMPORT_WORD];
	char port[SLUICE_IMPORT_WORD];
	char ip[SLUICE_IMPORT_WORD];
	char interface[SLUICE_IMPORT_WORD];
	char template[SLUICE_IMPORT_WORD];
	bool has_tls;
	bool is_unparsed; /* flags(no-parse) */
};

/* A source or destination, with what of it can be taken over. */
struct block {
	char name[SLUICE_IMPORT_WORD];
	struct sluice_import_input inputs[FAN];	  /* of a source */
	struct sluice_import_output outputs[FAN]; /* of a destination */
	size_t count;
	bool changes; /* it reads or writes the header of messages */
};

struct reader {
	struct sluice_import *import;
	struct sluice_import_lexer lexer;
	struct block *sources, *destinations;
	size_t source_count, destination_count;
};

/* Bytes of a text for a remark: not too many. */
static int shown(const struct sluice_import_token *token)
{
	return (int)(token->length < 80 ? token->length : 80);
}

/* Goes on past a sign if it is the next. */
static bool has_sign(struct reader *reader, char sign)
{
	sluice_import_skip(&reader->lexer);
	if (reader->lexer.at >= reader->lexer.end || *reader->lexer.at != sign)
		return false;
	reader->lexer.at++;
	return true;
}

/* Where the value of an option of a driver goes; NULL: it is not taken over. */
static char *place_of(struct driver *driver, const struct sluice_import_token *key)
{
	if (sluice_import_is(key, "transport"))
		return driver->transport;
	if (sluice_import_is(key, "port") || sluice_import_is(key, "destport") ||
	    sluice_import_is(key, "localport"))
		return driver->port;
	if (sluice_import_is(key, "ip") || sluice_import_is(key, "localip"))
		return driver->ip;
	if (sluice_import_is(key, "interface"))
		return driver->interface;
	if (sluice_import_is(key, "template"))
		return driver->template;
	return NULL;
}

/* Reads flags(a, b) behind its bracket. */
static void read_flags(struct reader *reader, struct driver *driver)
{
	struct sluice_import_token token;

	for (;;) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END || sluice_import_is(&token, ")"))
			return;
		if (sluice_import_is(&token, "no-parse"))
			driver->is_unparsed = true;
	}
}

/* Reads a driver's arguments behind the bracket. */
static void read_driver(struct reader *reader, struct driver *driver)
{
	static const char *const idle[] = {"so-rcvbuf",	   "so-sndbuf",	   "so-reuseport",
					   "persist-name", "so-keepalive", "log-msg-size",
					   "time-reopen"};
	struct sluice_import_token token, value;
	size_t number;
	char *place;

	for (;;) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END || sluice_import_is(&token, ")"))
			return;
		if (token.kind == SLUICE_IMPORT_SIGN) {
			if (strchr("({[", *token.text))
				sluice_import_close(&reader->lexer);
			continue;
		}
		if (token.kind == SLUICE_IMPORT_STRING || !has_sign(reader, '(')) {
			if (!driver->host[0])
				sluice_import_take(driver->host, &token);
			continue;
		}
		if (sluice_import_is(&token, "flags")) {
			read_flags(reader, driver);
			continue;
		}
		place = place_of(driver, &token);
		driver->has_tls |= sluice_import_is(&token, "tls");
		for (number = 0; number < sizeof(idle) / sizeof(idle[0]); number++)
			if (sluice_import_is(&token, idle[number]))
				break;
		if (!place && number == sizeof(idle) / sizeof(idle[0]))
			sluice_import_remark(
				reader->import, token.line,
				"%.*s: an option of %.*s() that is not taken over: see "
				"sluice.yaml(5)",
				shown(&token), token.text, shown(&driver->name), driver->name.text);
		value = sluice_import_next(&reader->lexer);
		if (sluice_import_is(&value, ")") && value.kind == SLUICE_IMPORT_SIGN)
			continue;
		if (place)
			sluice_import_take(place, &value);
		sluice_import_close(&reader->lexer);
	}
}

/* Does the driver's name or transport say UDP, of a source? */
static bool takes_udp(const struct driver *driver)
{
	return sluice_import_is(&driver->name, "udp") || sluice_import_is(&driver->name, "udp6") ||
	       ((sluice_import_is(&driver->name, "network") ||
		 sluice_import_is(&driver->name, "syslog")) &&
		!strcasecmp(driver->transport, "udp"));
}

/* Does it say TCP, of a destination? That of network() and syslog() is TCP if none is written. */
static bool sends_tcp(const struct driver *driver)
{
	return sluice_import_is(&driver->name, "tcp") || sluice_import_is(&driver->name, "tcp6") ||
	       ((sluice_import_is(&driver->name, "network") ||
		 sluice_import_is(&driver->name, "syslog")) &&
		(!driver->transport[0] || !strcasecmp(driver->transport, "tcp")));
}

/* Adds a driver to a source. */
static void add_input(struct reader *reader, struct block *block, struct driver *driver)
{
	struct sluice_import_input *input = &block->inputs[block->count];

	if (!takes_udp(driver)) {
		sluice_import_remark(reader->import, driver->line,
				     "%.*s(): sluice takes UDP only: leave it to syslog-ng",
				     shown(&driver->name), driver->name.text);
		return;
	}
	memset(input, 0, sizeof(*input));
	input->line = driver->line;
	memcpy(input->port, driver->port[0] ? driver->port : "514",
	       driver->port[0] ? sizeof(input->port) : 4);
	memcpy(input->address, driver->ip, sizeof(input->address));
	memcpy(input->interface, driver->interface, sizeof(input->interface));
	block->changes |= !driver->is_unparsed;
	block->count++;
}

/* Adds a driver to a destination. */
static void add_output(struct reader *reader, struct block *block, struct driver *driver)
{
	struct sluice_import_output *output = &block->outputs[block->count];
	const char *template = driver->template;
	bool counted = sluice_import_is(&driver->name, "syslog");

	if (!sends_tcp(driver) || driver->has_tls) {
		sluice_import_remark(reader->import, driver->line,
				     "%.*s(): sluice sends by TCP only, without TLS: leave it to "
				     "syslog-ng",
				     shown(&driver->name), driver->name.text);
		return;
	}
	if (!driver->port[0] && (sluice_import_is(&driver->name, "network") || counted)) {
		memcpy(driver->port, "601", 4);
		sluice_import_remark(reader->import, driver->line,
				     "%s: no port is written, 601 is taken: write the right one if "
				     "it is another",
				     driver->host);
	}
	memset(output, 0, sizeof(*output));
	output->line = driver->line;
	memcpy(output->host, driver->host, sizeof(output->host));
	memcpy(output->port, driver->port[0] ? driver->port : "514",
	       driver->port[0] ? sizeof(output->port) : 4);
	output->receiver = "syslog-ng";
	output->framing = counted ? "octet-counted" : "newline";
	if (counted ||
	    (strcmp(template, "${MESSAGE}\\n") != 0 && strcmp(template, "${MSG}\\n") != 0 &&
	     strcmp(template, "$MSG\\n") != 0 && strcmp(template, "$MESSAGE\\n") != 0))
		block->changes = true;
	block->count++;
}

/* Reads "{ driver(...); ... }" of a source or destination, behind its bracket. */
static void read_block(struct reader *reader, struct block *block, bool is_source)
{
	struct sluice_import_token token;
	struct driver driver;

	for (;;) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END || sluice_import_is(&token, "}"))
			return;
		if (token.kind != SLUICE_IMPORT_NAME) {
			if (token.kind == SLUICE_IMPORT_SIGN && strchr("({[", *token.text))
				sluice_import_close(&reader->lexer);
			continue;
		}
		memset(&driver, 0, sizeof(driver));
		driver.name = token;
		driver.line = token.line;
		if (!has_sign(reader, '('))
			continue;
		read_driver(reader, &driver);
		if (block->count >= FAN)
			sluice_import_remark(reader->import, token.line,
					     "%.*s(): more than %u drivers: add it by hand",
					     shown(&token), token.text, FAN);
		else if (is_source)
			add_input(reader, block, &driver);
		else
			add_output(reader, block, &driver);
	}
}

/* Reads "source NAME { ... }" behind its first word. */
static void read_named(struct reader *reader, bool is_source, size_t line)
{
	struct block *blocks = is_source ? reader->sources : reader->destinations;
	size_t *count = is_source ? &reader->source_count : &reader->destination_count;
	struct sluice_import_token name = sluice_import_next(&reader->lexer);

	if (name.kind == SLUICE_IMPORT_SIGN || !has_sign(reader, '{')) {
		sluice_import_remark(
			reader->import, line,
			"a source or destination: no name and block behind it: mend it");
		return;
	}
	if (*count >= BLOCKS) {
		sluice_import_remark(reader->import, line,
				     "%.*s: more than %u sources or destinations: part the file",
				     shown(&name), name.text, BLOCKS);
		sluice_import_close(&reader->lexer);
		return;
	}
	memset(&blocks[*count], 0, sizeof(blocks[*count]));
	sluice_import_take(blocks[*count].name, &name);
	read_block(reader, &blocks[(*count)++], is_source);
}

/* The block of that name, or NULL. */
static const struct block *find(const struct block *blocks, size_t count,
				const struct sluice_import_token *name)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (blocks[number].name[0] && sluice_import_is(name, blocks[number].name))
			return &blocks[number];
	return NULL;
}

/* Has what a log path names feed one another. */
static void join(struct reader *reader, size_t line, const struct block *source,
		 const struct block *destination)
{
	size_t from, to;
	int input, output;

	if (source->count && destination->count && (source->changes || destination->changes))
		sluice_import_remark(
			reader->import, line,
			"%s to %s: syslog-ng writes the header of each message anew, "
			"sluice sends it as it came: what is RFC 3164 with a host name "
			"stays the same, have the receiver parse the rest",
			source->name, destination->name);
	for (to = 0; source->count && to < destination->count; to++) {
		output = sluice_import_output(reader->import, &destination->outputs[to]);
		for (from = 0; output >= 0 && from < source->count; from++) {
			input = sluice_import_input(reader->import, &source->inputs[from], NULL);
			sluice_import_feed(reader->import, input, output);
		}
	}
}

/* Reads "{ source(a); destination(b); ... }" behind its bracket. */
static void read_log(struct reader *reader, size_t line)
{
	const struct block *sources[FAN], *destinations[FAN];
	size_t source_count = 0, destination_count = 0, from, to;
	struct sluice_import_token token, name;
	bool is_filtered = false;

	for (;;) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END || sluice_import_is(&token, "}"))
			break;
		if (token.kind != SLUICE_IMPORT_NAME)
			continue;
		if (!has_sign(reader, '(')) {
			if (has_sign(reader, '{'))
				sluice_import_close(&reader->lexer);
			sluice_import_remark(
				reader->import, token.line,
				"%.*s: a part of a log path that is not read: name its "
				"sources and destinations",
				shown(&token), token.text);
			is_filtered |= !sluice_import_is(&token, "log");
			continue;
		}
		name = sluice_import_next(&reader->lexer);
		if (!sluice_import_is(&name, ")"))
			sluice_import_close(&reader->lexer);
		if (sluice_import_is(&token, "flags"))
			continue;
		if (sluice_import_is(&token, "source") && source_count < FAN) {
			sources[source_count] = find(reader->sources, reader->source_count, &name);
			source_count += sources[source_count] != NULL;
		} else if (sluice_import_is(&token, "destination") && destination_count < FAN) {
			destinations[destination_count] =
				find(reader->destinations, reader->destination_count, &name);
			destination_count += destinations[destination_count] != NULL;
		} else {
			is_filtered = true;
			sluice_import_remark(reader->import, token.line,
					     "%.*s(%.*s): sluice does not look into datagrams: the "
					     "path is left to syslog-ng",
					     shown(&token), token.text, shown(&name), name.text);
		}
	}
	for (from = 0; from < source_count && !is_filtered; from++)
		for (to = 0; to < destination_count; to++)
			join(reader, line, sources[from], destinations[to]);
}

/* Goes through the text. `logs`: only log paths, else all but these. */
static void read_all(struct reader *reader, const char *text, size_t length, bool logs)
{
	struct sluice_import_token token;

	reader->lexer = (struct sluice_import_lexer){.at = text, .end = text + length, .line = 1};
	for (;;) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END)
			return;
		if (token.kind == SLUICE_IMPORT_SIGN) {
			if (strchr("({[", *token.text))
				sluice_import_close(&reader->lexer);
			continue;
		}
		if (token.kind == SLUICE_IMPORT_NAME && token.text[0] == '@') {
			sluice_import_rest(&reader->lexer);
			if (!logs && sluice_import_is(&token, "@include"))
				sluice_import_remark(reader->import, token.line,
						     "@include: other files are not read: import "
						     "them one by one");
		} else if (sluice_import_is(&token, "log") && has_sign(reader, '{')) {
			if (logs)
				read_log(reader, token.line);
			else
				sluice_import_close(&reader->lexer);
		} else if (!logs && (sluice_import_is(&token, "source") ||
				     sluice_import_is(&token, "destination"))) {
			read_named(reader, sluice_import_is(&token, "source"), token.line);
		} else if (!logs && (sluice_import_is(&token, "options") ||
				     sluice_import_is(&token, "rewrite"))) {
			sluice_import_remark(
				reader->import, token.line,
				"%.*s: settings of syslog-ng that sluice has not: leave "
				"them out",
				shown(&token), token.text);
		}
	}
}

void sluice_import_syslog_ng(struct sluice_import *import, const char *text, size_t length)
{
	struct reader reader = {.import = import};

	reader.sources = calloc(BLOCKS, sizeof(*reader.sources));
	reader.destinations = calloc(BLOCKS, sizeof(*reader.destinations));
	if (reader.sources && reader.destinations) {
		read_all(&reader, text, length, false);
		read_all(&reader, text, length, true);
	} else {
		sluice_import_remark(import, 1, "the file: out of memory: try again");
	}
	free(reader.sources);
	free(reader.destinations);
}
