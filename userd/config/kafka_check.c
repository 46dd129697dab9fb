// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: kafka` in the configuration: what its keys need of each other. Part of
 * sluice_broker_check() (broker_check.c). Touches: nothing but memory.
 */
#include <string.h>
#include "draft.h"

/* Bytes of a topic's name at most, and of it what names may become (Kafka, Topic.java). */
#define TOPIC_MOST 249U

/* Is it a topic's name, once names stand in it: letters, digits, points, - and _? */
static bool is_topic(const char *text)
{
	static const char *const names[] = {"{relay}", "{input}"};
	size_t name;

	if (strlen(text) > TOPIC_MOST)
		return false;
	while (*text) {
		for (name = 0; name < 2 && strncmp(text, names[name], strlen(names[name])) != 0;
		     name++)
			;
		if (name < 2) {
			text += strlen(names[name]);
			continue;
		}
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    *text))
			return false;
		text++;
	}
	return true;
}

void sluice_kafka_check(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	const struct sluice_config_broker *broker = &output->broker;

	if (broker->topic && (!*broker->topic || !strcmp(broker->topic, ".") ||
			      !strcmp(broker->topic, "..") || !is_topic(broker->topic)))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->topic.place,
				    "outputs.topic: a name of letters, digits, points, - and _ is "
				    "expected, 249 bytes at most, as in udp.{relay}.{input}: in "
				    "braces only relay and input");
	if (broker->message == SLUICE_MESSAGE_SPAN && draft->message_key_place.line &&
	    broker->key == SLUICE_MESSAGE_KEY_FLOW)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->message_key_place,
				    "outputs.message-key: a span holds datagrams of many flows: "
				    "write message-key: input, or message: datagram");
	if (draft->sasl_place.line && broker->sasl != SLUICE_SASL_SCRAM_256 && !broker->user)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->sasl_place,
				    "outputs.sasl: nobody logs in: add user and password-file, or "
				    "leave the key out");
	if (broker->user && broker->sasl == SLUICE_SASL_PLAIN && !output->tls.ca[0])
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->sasl_place,
				    "outputs.sasl: plain sends the password as it is, and nothing "
				    "is encrypted: add tls, or take scram-sha-256");
	if (output->tls.name[0])
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->tls_name_place,
				    "outputs.tls.name: kind: kafka checks the name that each "
				    "server is reached by: leave the key out");
	if (draft->tls_pins_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->tls_pins_place,
				    "outputs.tls.pins: kind: kafka has no pins: leave the key out");
}
