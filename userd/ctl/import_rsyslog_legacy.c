// SPDX-License-Identifier: MIT
/*
 * Reads rsyslog's lines of the old kind: "$Directive value", "selector action". Touches: memory.
 */
#include <ctype.h>
#include <string.h>
#include "import.h"
#include "import_lexer.h"
#include "import_rsyslog.h"

/* Reads the action of a legacy line, "@@(o)host:port;template" and the like. */
static void read_action_of_line(struct sluice_rsyslog *reader, size_t line, const char *text,
				size_t length)
{
	struct sluice_import_output output = {
		.line = line, .receiver = "rsyslog", .framing = "newline"};
	const char *end = text + length, *stop, *colon;
	char template[SLUICE_IMPORT_WORD] = "";

	if (length >= 8 && !strncasecmp(text, ":omrelp:", 8)) {
		output.framing = "relp";
		text += 8;
	} else if (length < 2 || text[0] != '@' || text[1] != '@') {
		if ((length == 1 && *text == '~') ||
		    (length == 4 && !strncasecmp(text, "stop", 4))) {
			if (reader->takes_all && reader->current < SLUICE_RSYSLOG_RULESETS)
				reader->rulesets[reader->current].has_ended = true;
			return;
		}
		sluice_import_remark(
			reader->import, line, "%.*s: %s", sluice_import_rsyslog_shown(length), text,
			length && *text == '@' ? "it sends UDP, sluice sends TCP only: leave it to "
						 "rsyslog, or write @@"
					       : "sluice only sends on: keep rsyslog for it, with "
						 "`verdict: copy` at the input");
		return;
	} else {
		text += 2;
	}
	if (!reader->takes_all) {
		sluice_import_remark(reader->import, line,
				     "%.*s: its selector lets only some through, and sluice does "
				     "not look into datagrams: leave it to rsyslog, or select at "
				     "the receiver",
				     sluice_import_rsyslog_shown((size_t)(end - text)), text);
		return;
	}
	if (reader->has_tls) {
		sluice_import_remark(reader->import, line,
				     "%.*s: it is protected by TLS, which sluice does not have: "
				     "leave it to rsyslog, or send through a tunnel",
				     sluice_import_rsyslog_shown((size_t)(end - text)), text);
		return;
	}
	if (text < end && *text == '(') {
		stop = memchr(text, ')', (size_t)(end - text));
		stop = stop ? stop : end;
		for (text++; text < stop; text++) {
			if (*text == 'o')
				output.framing = "octet-counted";
			else if (*text == 'z')
				sluice_import_remark(reader->import, line,
						     "z: sluice does not compress: leave it out");
		}
		text = stop < end ? stop + 1 : end;
	}
	stop = memchr(text, ';', (size_t)(end - text));
	if (stop) {
		sluice_import_copy(template, stop + 1, (size_t)(end - stop - 1));
		end = stop;
	} else {
		memcpy(template, reader->forward, sizeof(template));
	}
	stop = text < end && *text == '[' ? memchr(text, ']', (size_t)(end - text)) : NULL;
	stop = stop ? stop + 1 : text;
	colon = memchr(stop, ':', (size_t)(end - stop));
	if (!sluice_import_copy(output.host, text, (size_t)((colon ? colon : end) - text)) ||
	    !sluice_import_copy(output.port, colon ? colon + 1 : "514",
				colon ? (size_t)(end - colon - 1) : 3)) {
		sluice_import_remark(reader->import, line,
				     "the action: its host or port is too long: write it by hand");
		return;
	}
	sluice_import_rsyslog_send(reader, &output, template);
}

/* Takes blanks, comments and a NUL off the end of a line; returns its length. */
static size_t trim(const char *text, size_t length)
{
	const char *mark = memchr(text, '#', length);

	if (mark && (mark == text || isspace((unsigned char)mark[-1])))
		length = (size_t)(mark - text);
	while (length && (isspace((unsigned char)text[length - 1]) || !text[length - 1]))
		length--;
	return length;
}

/* Reads "selector action"; `selected`: the selector is that of the line before ("&"). */
void sluice_import_rsyslog_legacy(struct sluice_rsyslog *reader, bool selected)
{
	struct sluice_import_token line = sluice_import_rest(&reader->lexer);
	size_t length = trim(line.text, line.length), used = 0;

	if (!selected) {
		while (used < length && !isspace((unsigned char)line.text[used]))
			used++;
		reader->takes_all = used == 3 && !memcmp(line.text, "*.*", 3);
		if (line.text[0] == ':' || used == length) {
			if (used != 4 || strncasecmp(line.text, "stop", 4) != 0)
				sluice_import_remark(reader->import, line.line,
						     "%.*s: sluice does not look into datagrams: "
						     "leave it to rsyslog",
						     sluice_import_rsyslog_shown(length),
						     line.text);
			else if (reader->current < SLUICE_RSYSLOG_RULESETS)
				reader->rulesets[reader->current].has_ended = true;
			reader->takes_all = false;
			return;
		}
	}
	while (used < length && isspace((unsigned char)line.text[used]))
		used++;
	if (used < length && line.text[used] == '-')
		used++;
	read_action_of_line(reader, line.line, line.text + used, length - used);
}

/* Reads "$Name value". */
void sluice_import_rsyslog_directive(struct sluice_rsyslog *reader)
{
	static const char idle[] =
		"FileOwner FileGroup FileCreateMode DirCreateMode Umask WorkDirectory "
		"PrivDropToUser PrivDropToGroup ActionFileDefaultTemplate UDPServerTimeRequery "
		"ActionResumeRetryCount ActionResumeInterval IMUDPSchedulingPolicy "
		"IMUDPSchedulingPriority";
	struct sluice_import_token line = sluice_import_rest(&reader->lexer), name = line, value;
	char text[SLUICE_IMPORT_WORD];
	struct sluice_import_input input = {.line = line.line};
	size_t length = trim(line.text, line.length), used = 0;

	while (used < length && !isspace((unsigned char)line.text[used]))
		used++;
	name.text++;
	name.length = used ? used - 1 : 0;
	while (used < length && isspace((unsigned char)line.text[used]))
		used++;
	value = line;
	value.text = line.text + used;
	value.length = length - used;
	sluice_import_take(text, &value);
	if (sluice_import_is(&name, "ModLoad") &&
	    (!strncasecmp(text, "imudp", 5) || !strncasecmp(text, "omrelp", 6)))
		return;
	if (sluice_import_is(&name, "UDPServerAddress")) {
		memcpy(reader->address, text, sizeof(text));
	} else if (sluice_import_is(&name, "InputUDPServerBindRuleset")) {
		memcpy(reader->bind, text, sizeof(text));
	} else if (sluice_import_is(&name, "UDPServerRun")) {
		memcpy(input.port, text, sizeof(text));
		memcpy(input.address, reader->address, sizeof(text));
		sluice_import_rsyslog_input(reader, &input, reader->bind);
	} else if (sluice_import_is(&name, "RuleSet")) {
		reader->current = sluice_import_rsyslog_ruleset(reader, text);
	} else if (sluice_import_is(&name, "ActionForwardDefaultTemplate")) {
		memcpy(reader->forward, text, sizeof(text));
	} else if (sluice_import_is(&name, "template")) {
		const char *comma = memchr(value.text, ',', value.length), *quote, *stop;

		quote = comma ? memchr(comma, '"', value.length - (size_t)(comma - value.text))
			      : NULL;
		if (!quote)
			return;
		sluice_import_copy(text, value.text, (size_t)(comma - value.text));
		value.length -= (size_t)(quote + 1 - value.text);
		value.text = quote + 1;
		stop = memchr(value.text, '"', value.length);
		value.length = stop ? (size_t)(stop - value.text) : value.length;
		sluice_import_rsyslog_template(reader, text, &value);
	} else if (sluice_import_is(&name, "ActionSendStreamDriverMode")) {
		reader->has_tls = strcmp(text, "0") != 0;
	} else if (sluice_import_is(&name, "AllowedSender")) {
		reader->is_restricted |= !strncasecmp(text, "UDP", 3);
	} else if (!sluice_import_rsyslog_listed(&name, idle)) {
		sluice_import_remark(reader->import, line.line, "$%.*s: %s",
				     sluice_import_rsyslog_shown(name.length), name.text,
				     sluice_import_is(&name, "IncludeConfig")
					     ? "other files are not read: import them one by one"
					     : "a setting that is not taken over: see store and "
					       "outputs in sluice.yaml(5)");
	}
}
