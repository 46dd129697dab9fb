// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: nats` in the configuration: what its keys need of each other. Part of
 * sluice_broker_check() (broker_check.c). Touches: nothing but memory.
 */
#include <string.h>
#include "draft.h"

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

/* How it logs in. */
static void check_login(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_broker *broker = &draft->output.broker;

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
	const struct sluice_config_broker *broker = &draft->output.broker;
	const char *stream = broker->stream;

	if (!stream)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->kind_place,
				    "outputs.kind: nats needs the name of the JetStream stream "
				    "that keeps the messages: add stream: NAME");
	else if (strpbrk(stream, " .*>/\\") || strlen(stream) > 255)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->stream.place,
				    "outputs.stream: the name of a stream has at most 255 bytes "
				    "and no spaces, . * > / \\");
	if (broker->subject && !is_subject(broker->subject))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->subject.place,
				    "outputs.subject: tokens with a point between them are "
				    "expected, as in udp.{relay}.{input}: none empty, no * > or "
				    "spaces, and in braces only relay and input");
	check_login(draft, findings);
}
