// SPDX-License-Identifier: MIT
/*
 * Fuzzing of what a session reads: bytes of telnet, lines of them, words of a line, what the words
 * ask for. Whatever comes, lines and words stay within their limits, a session that may only look
 * is given nothing that changes something, and no step touches files. For libFuzzer, `make fuzz`.
 * The first byte says whether the protocol is telnet's and whether the session may change
 * something.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/session.h"
#include "ctl/telnet.h"

#define IS_TELNET 1U
#define MAY_CHANGE 2U
#define AS_JSON 4U

/* Stops the fuzzer when `kept` is false. */
static void promise(int kept)
{
	if (!kept)
		abort();
}

/* Has a session read a line, which has ended. */
static void read_line(struct sluice_session *session, struct sluice_line *line)
{
	bool may_change = session->may_change;
	struct sluice_session_step step;
	char *text = NULL;
	size_t length = 0;
	FILE *answer = open_memstream(&text, &length);
	int word;

	promise(answer != NULL);
	promise(strlen(line->bytes) <= SLUICE_LINE_MAX);
	sluice_session_read(session, line->bytes, answer, &step);
	promise(!fclose(answer));
	promise(session->may_change == may_change);
	if (step.action == SLUICE_SESSION_RUN) {
		promise(step.command && step.command->run);
		promise(step.argc >= 1 && (size_t)step.argc <= SLUICE_WORDS_MAX + 2);
		promise(!step.argv[step.argc]);
		for (word = 0; word < step.argc; word++)
			promise(strlen(step.argv[word]) <= SLUICE_LINE_MAX);
		promise(step.command->access == SLUICE_CTL_LOOKS ||
			(step.command->access == SLUICE_CTL_CHANGES && may_change));
	} else if (step.action == SLUICE_SESSION_FAILED) {
		promise(length > 0);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sluice_session session = {.may_look = true, .has_password = true};
	struct sluice_telnet telnet = {0};
	uint8_t reply[SLUICE_TELNET_REPLY];
	struct sluice_line line = {.length = 0};
	size_t number;

	if (!size)
		return 0;
	session.may_change = data[0] & MAY_CHANGE;
	session.as_json = data[0] & AS_JSON;
	for (number = 1; number < size; number++) {
		char byte = (char)data[number];

		if ((data[0] & IS_TELNET) &&
		    sluice_telnet_take(&telnet, data[number], &byte, reply) != SLUICE_TELNET_DATA)
			continue;
		switch (sluice_line_put(&line, byte)) {
		case SLUICE_LINE_MORE:
			promise(line.length <= SLUICE_LINE_MAX);
			continue;
		case SLUICE_LINE_READY:
			read_line(&session, &line);
			break;
		case SLUICE_LINE_TOO_LONG:
			break;
		}
		sluice_line_clear(&line);
	}
	return 0;
}
