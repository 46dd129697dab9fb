// SPDX-License-Identifier: MIT
/*
 * The names and ids of what a configuration has: are they fit to be such? See draft.h. Touches:
 * nothing but memory.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "draft.h"
#include "guid.h"
#include "suggest.h"

/* Is `text` fit to name something? Else a finding. Names stand in lists, tables and /proc, so they
 * have no spaces and commas, and `sluicectl del rule` tells them from GUIDs and from "all". */
static bool is_name(struct sluice_findings *findings, const char *path,
		    const struct sluice_word *word)
{
	char quoted[SLUICE_QUOTE_TEXT];
	sluice_guid guid;

	sluice_quote(word->text, quoted);
	if (strlen(word->text) > SLUICE_NAME_MAX)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &word->place,
				    "%s: %s is longer than %d bytes", path, quoted,
				    SLUICE_NAME_MAX);
	else if (strpbrk(word->text, " ,\"'\\"))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &word->place,
				    "%s: %s: a name has no spaces, commas, quotes or backslashes",
				    path, quoted);
	else if (!strcasecmp(word->text, "all") || !sluice_guid_parse(word->text, guid))
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &word->place,
			"%s: %s cannot be told from a GUID or from \"all\": take another name",
			path, quoted);
	else
		return true;
	return false;
}

/* Reads an id, or derives it from the name if none is given. */
static void settle_id(struct sluice_findings *findings, const char *kind,
		      const struct sluice_word *id, const char *name, sluice_guid guid)
{
	char quoted[SLUICE_QUOTE_TEXT];

	if (!id->text) {
		if (name[0])
			sluice_guid_derive(kind, name, strlen(name), guid);
		return;
	}
	if (sluice_guid_parse(id->text, guid))
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &id->place,
			"%ss.id: %s is no GUID: write it like 0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001 "
			"(uuidgen makes one), or leave the key out",
			kind, sluice_quote(id->text, quoted));
	else if (sluice_guid_is_zero(guid))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &id->place,
				    "%ss.id: the GUID of zeroes stands for none: take another",
				    kind);
}

void sluice_names_settle(struct sluice_draft *draft, struct sluice_findings *findings)
{
	struct sluice_draft_output *output;
	struct sluice_draft_forward *forward;
	struct sluice_draft_input *input;
	size_t number;

	for (number = 0; number < draft->input_count; number++) {
		input = &draft->inputs[number];
		if (input->name.text && is_name(findings, "inputs.name", &input->name))
			memcpy(input->input.name, input->name.text, strlen(input->name.text) + 1);
		settle_id(findings, "input", &input->id, input->input.name, input->input.id);
	}
	for (number = 0; number < draft->output_count; number++) {
		output = &draft->outputs[number];
		if (output->name.text && is_name(findings, "outputs.name", &output->name))
			memcpy(output->output.name, output->name.text,
			       strlen(output->name.text) + 1);
		settle_id(findings, "output", &output->id, output->output.name, output->output.id);
	}
	for (number = 0; number < draft->forward_count; number++) {
		forward = &draft->forwards[number];
		if (forward->name.text && is_name(findings, "forwards.name", &forward->name))
			memcpy(forward->forward.name, forward->name.text,
			       strlen(forward->name.text) + 1);
		settle_id(findings, "forward", &forward->id, forward->forward.name,
			  forward->forward.id);
	}
	snprintf(draft->relay, sizeof(draft->relay), "sluice");
	if (draft->relay_word.text && is_name(findings, "relay", &draft->relay_word))
		memcpy(draft->relay, draft->relay_word.text, strlen(draft->relay_word.text) + 1);
}
