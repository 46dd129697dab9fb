// SPDX-License-Identifier: MIT
/*
 * Outputs of kinds for brokers in the configuration: what they have in common, and keys of theirs
 * that stand in an output of another kind. The servers of a cluster are one destination: the client
 * goes to one of them, and to another one when that is gone. Part of sluice_output_read()
 * (keys_output.c) and of check_draft() (check.c). Touches: nothing but memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "draft.h"

/* Servers of one output, and bytes of them as a text. */
#define SERVERS_MAX 16U
#define SERVERS_TEXT 1024U
#define SCHEME "nats://"
/* The default of max-message (keys_output.c). */
#define MAX_MESSAGE 1000000U

/* Moves a word into the model. */
static void take(struct sluice_word *word, char **text)
{
	*text = word->text;
	word->text = NULL;
}

/* Makes the destinations one, whose text has all of them. */
static void join_servers(struct sluice_reader *reader, struct sluice_config_output *output)
{
	const char *scheme = output->kind == SLUICE_KIND_NATS ? SCHEME : "";
	char text[SERVERS_TEXT] = "";
	size_t number, length = 0;

	for (number = 0; number < output->to_count; number++) {
		const char *server = output->to[number].text;
		int more =
			snprintf(text + length, sizeof(text) - length, "%s%s%s", number ? "," : "",
				 strncmp(server, scheme, strlen(scheme)) ? scheme : "", server);

		if (more < 0 || (size_t)more >= sizeof(text) - length)
			return; /* too many: sluice_broker_check() says so */
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

bool sluice_broker_is_kind(enum sluice_output_kind kind)
{
	return kind == SLUICE_KIND_NATS || kind == SLUICE_KIND_KAFKA;
}

/* Gives a template its default. */
static void settle_template(struct sluice_reader *reader, struct sluice_word *word)
{
	if (word->text)
		return;
	word->text = strdup("udp.{relay}.{input}");
	if (!word->text)
		reader->out_of_memory = true;
}

void sluice_broker_settle(struct sluice_reader *reader, struct sluice_draft_output *draft)
{
	struct sluice_config_output *output = &draft->output;

	if (!sluice_broker_is_kind(output->kind))
		return;
	if (!draft->framing_place.line)
		output->framing = SLUICE_FRAMING_RAW;
	if (!draft->oversize_place.line)
		output->oversize = SLUICE_OVERSIZE_REFUSE;
	if (!draft->message_key_place.line)
		output->broker.key = output->broker.message == SLUICE_MESSAGE_SPAN
					     ? SLUICE_MESSAGE_KEY_INPUT
					     : SLUICE_MESSAGE_KEY_FLOW;
	settle_template(reader, output->kind == SLUICE_KIND_NATS ? &draft->subject : &draft->topic);
	if (output->to_count && output->to_count <= SERVERS_MAX)
		join_servers(reader, output);
	take(&draft->subject, &output->broker.subject);
	take(&draft->stream, &output->broker.stream);
	take(&draft->topic, &output->broker.topic);
	take(&draft->user, &output->broker.user);
	take(&draft->password_file, &output->broker.password_file);
	take(&draft->token_file, &output->broker.token_file);
	take(&draft->credentials, &output->broker.credentials);
}

void sluice_broker_free(struct sluice_draft_output *draft)
{
	free(draft->subject.text);
	free(draft->stream.text);
	free(draft->topic.text);
	free(draft->user.text);
	free(draft->password_file.text);
	free(draft->token_file.text);
	free(draft->credentials.text);
}

/* A key that only some kinds have, and that says more than its default. */
static void check_own(const struct sluice_draft_output *draft,
		      const struct sluice_config_place *place, const char *key, bool nats,
		      bool kafka, struct sluice_findings *findings)
{
	enum sluice_output_kind kind = draft->output.kind;

	if (!place->line || (nats && kind == SLUICE_KIND_NATS) ||
	    (kafka && kind == SLUICE_KIND_KAFKA))
		return;
	sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
			    "outputs.%s: only messages of a server have that: write kind: %s, or "
			    "leave the key out",
			    key,
			    nats && kafka ? "nats or kafka"
			    : nats	  ? "nats"
					  : "kafka");
}

/* Keys that the kind does not have. */
static void check_owners(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	const struct sluice_config_broker *broker = &output->broker;
	size_t number;

	check_own(draft, &draft->subject.place, "subject", true, false, findings);
	check_own(draft, &draft->stream.place, "stream", true, false, findings);
	check_own(draft, &draft->topic.place, "topic", false, true, findings);
	check_own(draft, &draft->message_key_place, "message-key", false, true, findings);
	if (broker->max_message != MAX_MESSAGE)
		check_own(draft, &draft->max_message_place, "max-message", false, true, findings);
	if (broker->sasl != SLUICE_SASL_SCRAM_256)
		check_own(draft, &draft->sasl_place, "sasl", false, true, findings);
	if (broker->message != SLUICE_MESSAGE_DATAGRAM)
		check_own(draft, &draft->message_place, "message", true, true, findings);
	if (broker->creates)
		check_own(draft, &draft->ensure_place, "ensure", true, false, findings);
	if (broker->refusal != SLUICE_REFUSAL_WAIT)
		check_own(draft, &draft->refusal_place, "on-refusal", true, true, findings);
	check_own(draft, &draft->user.place, "user", true, true, findings);
	check_own(draft, &draft->password_file.place, "password-file", true, true, findings);
	check_own(draft, &draft->token_file.place, "token-file", true, false, findings);
	check_own(draft, &draft->credentials.place, "credentials", true, false, findings);
	for (number = 0; output->kind != SLUICE_KIND_NATS && number < output->to_count; number++)
		if (!strncmp(output->to[number].text, SCHEME, strlen(SCHEME)))
			sluice_findings_add(findings, SLUICE_FINDING_ERROR,
					    &output->to[number].place,
					    "outputs.to: %s is a NATS server: write kind: nats, or "
					    "HOST:PORT without nats://",
					    output->to[number].text);
}

/* A key of connections and frames, which messages have none of. */
static void check_other(const struct sluice_draft_output *draft,
			const struct sluice_config_place *place, const char *key, const char *why,
			struct sluice_findings *findings)
{
	if (place->line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "outputs.%s: kind: %s %s: leave the key out", key,
				    draft->output.kind == SLUICE_KIND_NATS ? "nats" : "kafka", why);
}

void sluice_broker_check(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	const struct sluice_config_broker *broker = &output->broker;

	check_owners(draft, findings);
	if (!sluice_broker_is_kind(output->kind))
		return;
	check_other(draft, &draft->framing_place, "framing", "has messages, not a stream of bytes",
		    findings);
	check_other(draft, &draft->receiver_place, "receiver",
		    "has messages, not a stream of bytes", findings);
	check_other(draft, &draft->prefix_place, "prefix", "tells who sent in headers", findings);
	check_other(draft, &draft->unsafe_place, "unsafe-bytes", "bears any bytes", findings);
	check_other(draft, &draft->delimiter_place, "delimiter", "bears any bytes", findings);
	check_other(draft, &draft->ack_place, "ack", "has one kind of acknowledgement", findings);
	check_other(draft, &draft->unconfirmed_place, "unconfirmed", "is told of each message",
		    findings);
	check_other(draft, &draft->from_place, "from", "leaves the source address to its library",
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
	if (!broker->user != !broker->password_file)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR,
				    broker->user ? &draft->user.place : &draft->password_file.place,
				    "outputs.%s: user and password-file go together: write both, "
				    "or none",
				    broker->user ? "user" : "password-file");
	if (output->kind == SLUICE_KIND_NATS)
		sluice_nats_check(draft, findings);
	else
		sluice_kafka_check(draft, findings);
}
