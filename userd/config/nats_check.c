// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: nats` in the configuration: what its keys need of each other, and what follows
 * from them. The servers of a cluster are one destination: the client goes to one of them, and to
 * another one when that is gone. Part of sluice_output_read() (keys_output.c) and of check_draft()
 * (check.c). Touches: nothing but memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "draft.h"

/* Servers of one output, and bytes of them as a text. */
#define SERVERS_MAX 16U
#define SERVERS_TEXT 1024U
#define SCHEME "nats://"

/* Moves a word into the model. */
static void take(struct sluice_word *word, char **text)
{
	*text = word->text;
	word->text = NULL;
}

/* Makes the destinations one, whose text has all of them. */
static void join_servers(struct sluice_reader *reader, struct sluice_config_output *output)
{
	char text[SERVERS_TEXT] = "";
	size_t number, length = 0;

	for (number = 0; number < output->to_count; number++) {
		const char *server = output->to[number].text;
		int more =
			snprintf(text + length, sizeof(text) - length, "%s%s%s", number ? "," : "",
				 strncmp(server, SCHEME, strlen(SCHEME)) ? SCHEME : "", server);

		if (more < 0 || (size_t)more >= sizeof(text) - length)
			return; /* too many: sluice_nats_check() says so */
		length += (size_t)more;
	}
	free(output->to[0].text);
	output->to[0].text = strdup(text);
	if (!output->to[0].text)
		reader->out_of_memory = true;
	for (number = 1; number < output->to_count; number++) {
		output->to[0].enabled |= output->to[number].enabled;
		output->to[0].standby |= output->to[number].standby;
		free(output->to[number].text);
		free(output->to[number].host);
	}
	output->to_count = 1;
}

void sluice_nats_settle(struct sluice_reader *reader, struct sluice_draft_output *draft)
{
	struct sluice_config_output *output = &draft->output;

	if (output->kind != SLUICE_KIND_NATS)
		return;
	if (!draft->framing_place.line)
		output->framing = SLUICE_FRAMING_RAW;
	if (!draft->oversize_place.line)
		output->oversize = SLUICE_OVERSIZE_REFUSE;
	if (!draft->subject.text) {
		draft->subject.text = strdup("udp.{relay}.{input}");
		if (!draft->subject.text)
			reader->out_of_memory = true;
	}
	if (output->to_count && output->to_count <= SERVERS_MAX)
		join_servers(reader, output);
	take(&draft->subject, &output->broker.subject);
	take(&draft->stream, &output->broker.stream);
	take(&draft->user, &output->broker.user);
	take(&draft->password_file, &output->broker.password_file);
	take(&draft->token_file, &output->broker.token_file);
	take(&draft->credentials, &output->broker.credentials);
}

void sluice_nats_free(struct sluice_draft_output *draft)
{
	free(draft->subject.text);
	free(draft->stream.text);
	free(draft->user.text);
	free(draft->password_file.text);
	free(draft->token_file.text);
	free(draft->credentials.text);
}

/* Is it a subject that a message can have, once names stand in it: tokens with a point between
 * them, none empty, no wildcard? */
static bool is_subject(const char *text)
{
	const char *at, *names[] = {"{relay}", "{input}"};
	char before = '.';
	size_t name;

	for (at = text; *at; at++) {
		if (*at == '{') {
			for (name = 0; name < 2; name++)
				if (!strncmp(at, names[name], strlen(names[name])))
					break;
			if (name == 2)
				return false;
			at += strlen(names[name]) - 1;
		} else if (*at == '}' || *at == '*' || *at == '>' || *at == ' ' ||
			   (*at == '.' && before == '.')) {
			return false;
		}
		before = *at;
	}
	return before != '.';
}

/* A key that only `kind: nats` has, and that says more than its default. */
static void check_own(const struct sluice_config_place *place, const char *key,
		      struct sluice_findings *findings)
{
	if (place->line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "outputs.%s: only messages of a server have that: write kind: "
				    "nats, or leave the key out",
				    key);
}

/* A key of connections and frames, which it has none of. */
static void check_other(const struct sluice_config_place *place, const char *key, const char *why,
			struct sluice_findings *findings)
{
	if (place->line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "outputs.%s: kind: nats %s: leave the key out", key, why);
}

/* Of an output of another kind. */
static void check_others(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	size_t number;

	check_own(&draft->subject.place, "subject", findings);
	check_own(&draft->stream.place, "stream", findings);
	if (output->broker.message != SLUICE_MESSAGE_DATAGRAM)
		check_own(&draft->message_place, "message", findings);
	if (output->broker.creates)
		check_own(&draft->ensure_place, "ensure", findings);
	if (output->broker.refusal != SLUICE_REFUSAL_WAIT)
		check_own(&draft->refusal_place, "on-refusal", findings);
	check_own(&draft->user.place, "user", findings);
	check_own(&draft->password_file.place, "password-file", findings);
	check_own(&draft->token_file.place, "token-file", findings);
	check_own(&draft->credentials.place, "credentials", findings);
	for (number = 0; number < output->to_count; number++)
		if (!strncmp(output->to[number].text, SCHEME, strlen(SCHEME)))
			sluice_findings_add(findings, SLUICE_FINDING_ERROR,
					    &output->to[number].place,
					    "outputs.to: %s is a NATS server: write kind: nats, or "
					    "HOST:PORT without nats://",
					    output->to[number].text);
}

/* How it logs in. */
static void check_login(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_broker *broker = &draft->output.broker;

	if (!broker->user != !broker->password_file)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR,
				    broker->user ? &draft->user.place : &draft->password_file.place,
				    "outputs.%s: user and password-file go together: write both, "
				    "or none",
				    broker->user ? "user" : "password-file");
	if ((broker->user != NULL) + (broker->token_file != NULL) + (broker->credentials != NULL) >
	    1)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR,
				    broker->credentials ? &draft->credentials.place
							: &draft->token_file.place,
				    "outputs.%s: a client logs in in one way: user and "
				    "password-file, token-file, or credentials",
				    broker->credentials ? "credentials" : "token-file");
}

void sluice_nats_check(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	const char *stream = output->broker.stream;

	if (output->kind != SLUICE_KIND_NATS) {
		check_others(draft, findings);
		return;
	}
	check_other(&draft->framing_place, "framing", "has messages, not a stream of bytes",
		    findings);
	check_other(&draft->receiver_place, "receiver", "has messages, not a stream of bytes",
		    findings);
	check_other(&draft->prefix_place, "prefix", "tells who sent in headers", findings);
	check_other(&draft->unsafe_place, "unsafe-bytes", "bears any bytes", findings);
	check_other(&draft->delimiter_place, "delimiter", "bears any bytes", findings);
	check_other(&draft->ack_place, "ack", "has one kind of acknowledgement", findings);
	check_other(&draft->unconfirmed_place, "unconfirmed", "is told of each message", findings);
	check_other(&draft->from_place, "from", "leaves the source address to its library",
		    findings);
	if (output->oversize != SLUICE_OVERSIZE_REFUSE)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->oversize_place,
				    "outputs.oversize: a message is the whole datagram, as long as "
				    "the server takes: write oversize: refuse");
	if (output->mode == SLUICE_MODE_DUPLICATE)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->mode_place,
				    "outputs.mode: the servers of a cluster keep everything once, "
				    "whichever gets it: write an output for each cluster");
	if (output->to_count > 1)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->to_place,
				    "outputs.to: of a cluster at most %u servers are named, in %u "
				    "bytes: the client learns of the others by itself",
				    SERVERS_MAX, SERVERS_TEXT - 1);
	if (!stream)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->kind_place,
				    "outputs.kind: nats needs the name of the JetStream stream "
				    "that keeps the messages: add stream: NAME");
	else if (strpbrk(stream, " .*>/\\") || strlen(stream) > 255)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->stream.place,
				    "outputs.stream: the name of a stream has at most 255 bytes "
				    "and no spaces, . * > / \\");
	if (output->broker.subject && !is_subject(output->broker.subject))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->subject.place,
				    "outputs.subject: tokens with a point between them are "
				    "expected, as in udp.{relay}.{input}: none empty, no * > or "
				    "spaces, and in braces only relay and input");
	check_login(draft, findings);
}
