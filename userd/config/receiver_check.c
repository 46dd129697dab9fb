// SPDX-License-Identifier: MIT
/*
 * Checks of what an output makes of datagrams that its receiver cannot take: keys that do not go together. Part of
 * sluice_draft_check(). Touches: nothing but memory.
 */
#include "draft.h"

/* A form that takes every datagram as it is. */
static bool takes_all(enum sluice_framing framing)
{
	return framing == SLUICE_FRAMING_NATIVE || framing == SLUICE_FRAMING_PCAP;
}

/* A key that means nothing in a framing that takes every datagram as it is. */
static void check_useless(const struct sluice_draft_output *draft,
			  const struct sluice_config_place *place, const char *key,
			  struct sluice_findings *findings)
{
	if (place->line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "outputs.%s: framing: %s carries every datagram as it is: "
				    "leave the key out",
				    key, sluice_config_framing_name(draft->output.framing));
}

/* Keys about size. */
static void check_size(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;

	if (draft->oversize_place.line && !output->max_datagram &&
	    !draft->max_datagram_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->oversize_place,
				    "outputs.oversize: without max-datagram no datagram is too "
				    "long: write the receiver's limit there, in bytes");
	if (output->framing == SLUICE_FRAMING_RAW && draft->max_datagram_place.line &&
	    output->oversize == SLUICE_OVERSIZE_SPLIT)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->max_datagram_place,
				    "outputs.max-datagram: framing: raw has nothing between "
				    "datagrams, so that a split one is the same bytes: take "
				    "oversize: truncate or refuse, or another framing");
}

/* Keys about bytes, and about none. */
static void check_bytes(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;

	if (draft->empty_place.line && output->empty == SLUICE_EMPTY_SEND &&
	    (output->framing == SLUICE_FRAMING_OCTET_COUNTED ||
	     output->framing == SLUICE_FRAMING_RAW))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->empty_place,
				    "outputs.empty: framing: %s has no form for an empty "
				    "datagram: take empty: skip, or framing: length32 or newline",
				    sluice_config_framing_name(output->framing));
	if (draft->unsafe_place.line && draft->delimiter_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->delimiter_place,
				    "outputs.delimiter: it is the older name of unsafe-bytes, "
				    "which is written as well: leave this one out");
	if (draft->unsafe_place.line && output->framing != SLUICE_FRAMING_NEWLINE &&
	    !output->hazards)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->unsafe_place,
				    "outputs.unsafe-bytes: in framing: %s a datagram may hold "
				    "any bytes: the key changes nothing",
				    sluice_config_framing_name(output->framing));
}

void sluice_receiver_check(const struct sluice_draft_output *draft,
			   struct sluice_findings *findings)
{
	if (takes_all(draft->output.framing)) {
		check_useless(draft, &draft->max_datagram_place, "max-datagram", findings);
		check_useless(draft, &draft->oversize_place, "oversize", findings);
		check_useless(draft, &draft->empty_place, "empty", findings);
		check_useless(draft, &draft->unsafe_place, "unsafe-bytes", findings);
		return;
	}
	check_size(draft, findings);
	check_bytes(draft, findings);
}
