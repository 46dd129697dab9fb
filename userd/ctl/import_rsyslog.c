// SPDX-License-Identifier: MIT
/*
 * Reads rsyslog's configuration, RainerScript: imudp and what its rulesets send on by TCP. Lines of
 * the old kind: import_rsyslog_legacy.c. Touches: memory.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "import.h"
#include "import_lexer.h"
#include "import_rsyslog.h"

#define PARAMETERS 64U

/* key="value" of an object. */
struct parameter {
	struct sluice_import_token key, value;
};

/* Reads "(key="value" ...)" behind its bracket. Returns how many; what is beyond PARAMETERS is
 * passed over and told. */
static size_t read_parameters(struct sluice_rsyslog *reader, struct parameter *parameters)
{
	struct sluice_import_token token, sign;
	size_t count = 0;

	for (;;) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END || sluice_import_is(&token, ")"))
			return count;
		if (token.kind != SLUICE_IMPORT_NAME)
			continue;
		sluice_import_skip(&reader->lexer);
		if (reader->lexer.at >= reader->lexer.end || *reader->lexer.at != '=')
			continue;
		sluice_import_next(&reader->lexer);
		sign = sluice_import_next(&reader->lexer);
		if (sluice_import_is(&sign, "[") && sign.kind == SLUICE_IMPORT_SIGN) {
			const char *begin = reader->lexer.at;

			/* A list: its first string stands for it, if it is the only one. */
			sign = sluice_import_next(&reader->lexer);
			sluice_import_close(&reader->lexer);
			if (memchr(begin, ',', (size_t)(reader->lexer.at - begin)))
				sluice_import_remark(reader->import, token.line,
						     "%.*s: a list, of which only the first is "
						     "taken: write the others by hand",
						     sluice_import_rsyslog_shown(token.length),
						     token.text);
		}
		if (count < PARAMETERS) {
			parameters[count].key = token;
			parameters[count++].value = sign;
		} else {
			sluice_import_remark(reader->import, token.line,
					     "%.*s: more than %u parameters: write it by hand",
					     sluice_import_rsyslog_shown(token.length), token.text,
					     PARAMETERS);
		}
	}
}

/* The value of a parameter, empty if it is not there. */
static const char *value_of(const struct parameter *parameters, size_t count, const char *key,
			    char *value)
{
	size_t number;

	value[0] = '\0';
	for (number = 0; number < count; number++)
		if (sluice_import_is(&parameters[number].key, key))
			sluice_import_take(value, &parameters[number].value);
	return value;
}

/* Tells the parameters that are not in `known`. */
static void tell_unknown(struct sluice_rsyslog *reader, const struct parameter *parameters,
			 size_t count, const char *known, const char *advice)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (!sluice_import_rsyslog_listed(&parameters[number].key, known))
			sluice_import_remark(
				reader->import, parameters[number].key.line,
				"%.*s: a parameter that is not taken over: %s",
				sluice_import_rsyslog_shown(parameters[number].key.length),
				parameters[number].key.text, advice);
}

/* Is there a parameter that would have data protected on the way? */
static bool has_tls(const struct parameter *parameters, size_t count)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (parameters[number].key.length >= 12 &&
		    !strncasecmp(parameters[number].key.text, "StreamDriver", 12))
			return true;
	return false;
}

/* Reads action(type="omfwd" ...) and omrelp. */
static void read_action(struct sluice_rsyslog *reader, size_t line,
			const struct parameter *parameters, size_t count)
{
	struct sluice_import_output output = {.line = line, .receiver = "rsyslog"};
	char type[SLUICE_IMPORT_WORD], value[SLUICE_IMPORT_WORD], template[SLUICE_IMPORT_WORD];
	bool relp;

	value_of(parameters, count, "type", type);
	relp = !strcasecmp(type, "omrelp");
	value_of(parameters, count, "target", output.host);
	value_of(parameters, count, "port", output.port);
	value_of(parameters, count, "template", template);
	if (!relp && strcasecmp(type, "omfwd") != 0) {
		sluice_import_remark(reader->import, line,
				     "action %s: sluice only sends on: keep rsyslog for it, with "
				     "`verdict: copy` at the input",
				     type);
		return;
	}
	value_of(parameters, count, "protocol", value);
	if (!relp && strcasecmp(value, "tcp") != 0) {
		sluice_import_remark(
			reader->import, line,
			"action to %s: it sends UDP, sluice sends TCP only: leave it to "
			"rsyslog, or write protocol=\"tcp\"",
			output.host);
		return;
	}
	if (has_tls(parameters, count) || (!relp && reader->has_tls) ||
	    !strcasecmp(value_of(parameters, count, "tls", value), "on")) {
		sluice_import_remark(reader->import, line,
				     "action to %s: it is protected by TLS, which sluice does not "
				     "have: leave it to rsyslog, or send through a tunnel",
				     output.host);
		return;
	}
	value_of(parameters, count, "TCP_FrameDelimiter", value);
	if (value[0] && strcmp(value, "10") != 0) {
		sluice_import_remark(
			reader->import, line,
			"action to %s: TCP_FrameDelimiter %s: sluice ends messages by a "
			"line feed only: take TCP_Framing=\"octet-counted\"",
			output.host, value);
		return;
	}
	value_of(parameters, count, "TCP_Framing", value);
	output.framing = strcasecmp(value, "octet-counted") ? "newline" : "octet-counted";
	if (relp)
		output.framing = "relp";
	if (!output.port[0])
		memcpy(output.port, "514", 4);
	tell_unknown(reader, parameters, count,
		     "type target port protocol template name TCP_Framing TCP_FrameDelimiter "
		     "action.resumeRetryCount action.resumeInterval action.resumeIntervalMax "
		     "action.reportSuspension action.reportSuspensionContinuation KeepAlive "
		     "KeepAlive. tls ResendLastMSGOnReconnect",
		     "see outputs, and of a queue `store`, in sluice.yaml(5)");
	sluice_import_rsyslog_send(reader, &output,
				   template[0] || relp ? template : reader->forward);
}

/* Reads input(type="imudp" ...). */
static void read_input(struct sluice_rsyslog *reader, size_t line,
		       const struct parameter *parameters, size_t count)
{
	struct sluice_import_input input = {.line = line};
	char type[SLUICE_IMPORT_WORD], ruleset[SLUICE_IMPORT_WORD];

	value_of(parameters, count, "type", type);
	if (strcasecmp(type, "imudp") != 0) {
		sluice_import_remark(reader->import, line,
				     "input %s: sluice takes UDP only: leave it to rsyslog", type);
		return;
	}
	value_of(parameters, count, "port", input.port);
	value_of(parameters, count, "address", input.address);
	value_of(parameters, count, "device", input.interface);
	value_of(parameters, count, "ruleset", ruleset);
	tell_unknown(reader, parameters, count,
		     "type port address device ruleset name name.appendPort rcvbufSize",
		     "see inputs in sluice.yaml(5)");
	sluice_import_rsyslog_input(reader, &input, ruleset);
}

/* Reads module(load=...). */
static void read_module(struct sluice_rsyslog *reader, size_t line,
			const struct parameter *parameters, size_t count)
{
	char name[SLUICE_IMPORT_WORD];

	value_of(parameters, count, "load", name);
	if (!strcasecmp(name, "omrelp") || !strcasecmp(name, "imudp") ||
	    !strcasecmp(name, "builtin:omfwd"))
		tell_unknown(reader, parameters, count,
			     "load TimeRequery SchedulingPolicy SchedulingPriority BatchSize "
			     "threads PreserveCase",
			     "write it into outputs by hand");
	else
		sluice_import_remark(reader->import, line,
				     "module %s: sluice only takes UDP and sends TCP: leave what "
				     "it does to rsyslog",
				     name);
}

/* Reads an object behind its opening bracket. */
static void read_object(struct sluice_rsyslog *reader, const struct sluice_import_token *kind)
{
	struct parameter parameters[PARAMETERS];
	size_t count = read_parameters(reader, parameters), number;
	char name[SLUICE_IMPORT_WORD];

	value_of(parameters, count, "name", name);
	if (sluice_import_is(kind, "action")) {
		read_action(reader, kind->line, parameters, count);
	} else if (sluice_import_is(kind, "input")) {
		read_input(reader, kind->line, parameters, count);
	} else if (sluice_import_is(kind, "module")) {
		read_module(reader, kind->line, parameters, count);
	} else if (sluice_import_is(kind, "ruleset")) {
		reader->current = sluice_import_rsyslog_ruleset(reader, name);
		tell_unknown(reader, parameters, count, "name", "see `store` in sluice.yaml(5)");
		sluice_import_skip(&reader->lexer);
		if (reader->lexer.at < reader->lexer.end && *reader->lexer.at == '{')
			reader->lexer.at++;
	} else if (sluice_import_is(kind, "template")) {
		for (number = 0; number < count; number++)
			if (sluice_import_is(&parameters[number].key, "string"))
				sluice_import_rsyslog_template(reader, name,
							       &parameters[number].value);
		sluice_import_skip(&reader->lexer);
		if (reader->lexer.at < reader->lexer.end && *reader->lexer.at == '{') {
			reader->lexer.at++;
			sluice_import_close(&reader->lexer);
		}
	} else {
		sluice_import_remark(
			reader->import, kind->line,
			"%.*s(...): a setting of rsyslog that sluice has not: leave it "
			"out",
			sluice_import_rsyslog_shown(kind->length), kind->text);
	}
}

/* Goes past one statement or block. */
static void pass_statement(struct sluice_rsyslog *reader)
{
	struct sluice_import_token token;

	sluice_import_skip(&reader->lexer);
	if (reader->lexer.at >= reader->lexer.end)
		return;
	token = sluice_import_next(&reader->lexer);
	if (sluice_import_is(&token, "{")) {
		sluice_import_close(&reader->lexer);
		return;
	}
	sluice_import_skip(&reader->lexer);
	if (reader->lexer.at < reader->lexer.end && *reader->lexer.at == '(') {
		reader->lexer.at++;
		sluice_import_close(&reader->lexer);
	} else if (reader->lexer.line == token.line) {
		sluice_import_rest(&reader->lexer);
	}
}

/* Goes past if ... then ..., and foreach. */
static void pass_condition(struct sluice_rsyslog *reader, const struct sluice_import_token *word)
{
	struct sluice_import_token token;

	sluice_import_remark(reader->import, word->line,
			     "%.*s: sluice does not look into datagrams: leave it to rsyslog, on "
			     "this host or at the receiver",
			     sluice_import_rsyslog_shown(word->length), word->text);
	while (!sluice_import_is(word, "else")) {
		token = sluice_import_next(&reader->lexer);
		if (token.kind == SLUICE_IMPORT_END || sluice_import_is(&token, "then") ||
		    sluice_import_is(&token, "do"))
			break;
	}
	pass_statement(reader);
}

/* Reads one statement. */
static void read_statement(struct sluice_rsyslog *reader)
{
	struct sluice_import_lexer before = reader->lexer;
	struct sluice_import_token token;

	if (*reader->lexer.at == '$') {
		sluice_import_rsyslog_directive(reader);
		return;
	}
	if (*reader->lexer.at == '&') {
		reader->lexer.at++;
		sluice_import_rsyslog_legacy(reader, true);
		return;
	}
	token = sluice_import_next(&reader->lexer);
	if (token.kind == SLUICE_IMPORT_SIGN) {
		if (*token.text == '}')
			reader->current = 0;
		else if (*token.text == '{')
			sluice_import_close(&reader->lexer);
		return;
	}
	if (token.kind == SLUICE_IMPORT_NAME &&
	    sluice_import_rsyslog_listed(&token, "if else foreach")) {
		pass_condition(reader, &token);
		return;
	}
	if (token.kind == SLUICE_IMPORT_NAME && sluice_import_rsyslog_listed(&token, "stop") &&
	    reader->current < SLUICE_RSYSLOG_RULESETS) {
		reader->rulesets[reader->current].has_ended = true;
		return;
	}
	sluice_import_skip(&reader->lexer);
	if (token.kind == SLUICE_IMPORT_NAME && reader->lexer.at < reader->lexer.end &&
	    *reader->lexer.at == '(' && isalpha((unsigned char)token.text[0]) &&
	    !memchr(token.text, '.', token.length)) {
		reader->lexer.at++;
		read_object(reader, &token);
		return;
	}
	reader->lexer = before;
	sluice_import_rsyslog_legacy(reader, false);
}

void sluice_import_rsyslog(struct sluice_import *import, const char *text, size_t length)
{
	struct sluice_rsyslog *reader = calloc(1, sizeof(*reader));
	size_t number, place, found;

	if (!reader) {
		sluice_import_remark(import, 1, "the file: out of memory: try again");
		return;
	}
	reader->import = import;
	reader->ruleset_count = 1;
	reader->lexer = (struct sluice_import_lexer){
		.at = text, .end = text + length, .line = 1, .has_block_comments = true};
	for (;;) {
		sluice_import_skip(&reader->lexer);
		if (reader->lexer.at >= reader->lexer.end)
			break;
		read_statement(reader);
	}
	for (number = 0; number < reader->input_count; number++) {
		const struct sluice_import_input *wish = &reader->inputs[number].wish;
		const struct sluice_ruleset *ruleset;
		int input;

		if (reader->is_restricted) {
			sluice_import_remark(
				import, wish->line,
				"UDP port %s: $AllowedSender keeps senders out, and "
				"without it sluice would let them in: write the input by "
				"hand with `from`",
				wish->port);
			continue;
		}
		found = sluice_import_rsyslog_ruleset(reader, reader->inputs[number].ruleset);
		ruleset = &reader->rulesets[found < SLUICE_RSYSLOG_RULESETS ? found : 0];
		if (found >= SLUICE_RSYSLOG_RULESETS || ruleset->output_count == 0) {
			sluice_import_remark(import, wish->line,
					     "UDP port %s: nothing of its ruleset that is taken "
					     "over sends TCP: write an output by hand",
					     wish->port);
			continue;
		}
		input = sluice_import_input(import, wish, NULL);
		for (place = 0; place < ruleset->output_count; place++)
			sluice_import_feed(import, input, ruleset->outputs[place]);
	}
	free(reader);
}
