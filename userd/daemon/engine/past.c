// SPDX-License-Identifier: MIT
/*
 * Counters go on across a take-over: what the predecessor counted is kept by GUID and added to
 * every picture. A line of the parcel's text for each input that sockets feed and for each
 * destination; who knows a figure by another version's name passes over it. Rings and the module
 * keep theirs themselves. In the control thread or the foreman's. Touches: memory.
 *
 *   input GUID receive=bpf stored=1 ...
 *   to GUID connected=1 sent=1 ... name=10.9.1.2:6000
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../handover/notes.h"
#include "../source/source.h"
#include "inner.h"
#include "past.h"

/* What goes on of an input: name, and where it is in a picture. */
#define INPUT_FIGURES(FIGURE)                                                \
	FIGURE("matched", counters.matched)                                  \
	FIGURE("stored", counters.stored)                                    \
	FIGURE("stored_bytes", counters.stored_bytes)                        \
	FIGURE("lost_socket", counters.lost[SLUICE_LOST_SOCKET])             \
	FIGURE("lost_ring_full", counters.lost[SLUICE_LOST_RING_FULL])       \
	FIGURE("lost_bad_checksum", counters.lost[SLUICE_LOST_BAD_CHECKSUM]) \
	FIGURE("unmatched", unmatched)

/* And of a destination. */
#define TO_FIGURES(FIGURE)                     \
	FIGURE("sent", sent)                   \
	FIGURE("bytes", bytes)                 \
	FIGURE("acked", acked)                 \
	FIGURE("resent", resent)               \
	FIGURE("writes", writes)               \
	FIGURE("connects", connects)           \
	FIGURE("gaps", gaps)                   \
	FIGURE("unsendable", unsendable)       \
	FIGURE("escaped", escaped)             \
	FIGURE("oversized", oversized)         \
	FIGURE("skipped", skipped)             \
	FIGURE("split", split)                 \
	FIGURE("pieces", pieces)               \
	FIGURE("truncated", truncated)         \
	FIGURE("refused", refused)             \
	FIGURE("faults", faults)               \
	FIGURE("unconfirmed", unconfirmed)     \
	FIGURE("compressed_from", compress_in) \
	FIGURE("compressed_to", compress_out)  \
	FIGURE("compress_ns", compress_ns)

/* An input or destination that the predecessor had. */
struct past {
	struct past *next;
	sluice_guid guid;
	char *line; /* as it came */
	bool is_input;
};

static struct past *pasts;

/* Frees what was kept. */
static void forget(void)
{
	struct past *past;

	while ((past = pasts)) {
		pasts = past->next;
		free(past->line);
		free(past);
	}
	sluice_socket_way_forget();
}

/* Notes how the predecessor read an input's sockets. 0 or -ENOMEM. */
static int note_way(const struct past *past)
{
	size_t length;
	const char *word = sluice_handover_value(past->line, "receive", &length);
	enum sluice_receive receive;

	for (receive = 0; word && receive < SLUICE_RECEIVE_COUNT; receive++) {
		const char *name = sluice_config_receive_name(receive);

		if (strlen(name) == length && !memcmp(name, word, length))
			return sluice_socket_way_note(past->guid, receive);
	}
	return 0;
}

/* Keeps a line, if it is one of these. 0 or -ENOMEM. */
static int keep(void *context, char *line)
{
	bool is_input = !strncmp(line, "input ", 6);
	char text[SLUICE_GUID_TEXT];
	struct past *past;
	const char *guid;
	int result;

	(void)context;
	if (!is_input && strncmp(line, "to ", 3) != 0)
		return 0;
	guid = strchr(line, ' ') + 1;
	if (strlen(guid) < sizeof(text) - 1)
		return 0;
	memcpy(text, guid, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	past = calloc(1, sizeof(*past));
	if (!past)
		return -ENOMEM;
	past->is_input = is_input;
	past->line = strdup(line);
	if (!past->line || sluice_guid_parse(text, past->guid)) {
		result = past->line ? 0 : -ENOMEM;
		free(past->line);
		free(past);
		return result;
	}
	past->next = pasts;
	pasts = past;
	return is_input ? note_way(past) : 0;
}

int sluice_engine_succeed(const struct sluice_parcel *parcel)
{
	char *copy = strdup(parcel->state ? parcel->state : "");
	int result;

	forget();
	result = copy ? sluice_handover_lines(copy, keep, NULL) : -ENOMEM;
	if (!result)
		result = sluice_notes_keep(parcel->state);
	free(copy);
	return result;
}

int sluice_past_say(struct sluice_parcel *parcel, const struct sluice_engine_report *report)
{
	char guid[SLUICE_GUID_TEXT];
	size_t number, place;
	int result = 0;

	for (number = 0; !result && number < report->input_count; number++) {
		const struct sluice_engine_input *input = &report->inputs[number];

		if (!input->receive)
			continue;
#define FIGURE(name, member) " " name "=%" PRIu64
		result = sluice_parcel_say(parcel, "input %s receive=%s" INPUT_FIGURES(FIGURE),
					   sluice_guid_format(input->guid, guid),
					   input->receive
#undef FIGURE
#define FIGURE(name, member) , (uint64_t)input->member
						   INPUT_FIGURES(FIGURE));
#undef FIGURE
	}
	for (number = 0; !result && number < report->output_count; number++) {
		const struct sluice_engine_output *output = &report->outputs[number];

		for (place = 0; !result && place < output->destination_count; place++) {
			const struct sluice_engine_destination *to = &output->destinations[place];

#define FIGURE(name, member) " " name "=%" PRIu64
			result = sluice_parcel_say(
				parcel, "to %s connected=%d" TO_FIGURES(FIGURE) " name=%s",
				sluice_guid_format(output->guid, guid),
				!strcmp(to->state, "connected") || !strcmp(to->state, "slow")
#undef FIGURE
#define FIGURE(name, member) , (uint64_t)to->member
									   TO_FIGURES(FIGURE),
				to->name);
#undef FIGURE
		}
	}
	return result;
}

/* What the predecessor had of this one, or NULL. `name`: of a destination. */
static const struct past *find(const sluice_guid guid, const char *name)
{
	const struct past *past;
	const char *said;
	size_t length;

	for (past = pasts; past; past = past->next) {
		if (past->is_input == (name != NULL) || !sluice_guid_equal(past->guid, guid))
			continue;
		said = name ? sluice_handover_value(past->line, "name", &length) : NULL;
		if (!name || (said && strlen(name) == length && !memcmp(said, name, length)))
			return past;
	}
	return NULL;
}

void sluice_past_rename(const sluice_guid old, const sluice_guid heir)
{
	struct past *past;

	for (past = pasts; past; past = past->next)
		if (past->is_input && sluice_guid_equal(past->guid, old))
			sluice_guid_copy(past->guid, heir);
}

void sluice_past_add(const struct sluice_engine *engine, struct sluice_engine_report *report)
{
	const struct past *past;
	size_t number, place;

	(void)engine;
	if (!pasts)
		return;
	for (number = 0; number < report->input_count; number++) {
		struct sluice_engine_input *input = &report->inputs[number];

		past = input->receive ? find(input->guid, NULL) : NULL;
		if (!past)
			continue;
#define FIGURE(name, member) input->member += sluice_handover_number(past->line, name);
		INPUT_FIGURES(FIGURE)
#undef FIGURE
	}
	for (number = 0; number < report->output_count; number++) {
		struct sluice_engine_output *output = &report->outputs[number];

		for (place = 0; place < output->destination_count; place++) {
			struct sluice_engine_destination *to = &output->destinations[place];

			past = find(output->guid, to->name);
			if (!past)
				continue;
#define FIGURE(name, member) to->member += sluice_handover_number(past->line, name);
			TO_FIGURES(FIGURE)
#undef FIGURE
		}
	}
}

bool sluice_past_was_connected(const sluice_guid output, const char *name)
{
	const struct past *past = find(output, name);

	return past && sluice_handover_number(past->line, "connected");
}
