// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: udp` in the configuration: what follows where it is not written, and keys that
 * do not go with it. Part of sluice_output_read() (keys_output.c) and of check_draft() (check.c).
 * Touches: nothing but memory.
 */
#include "draft.h"

void sluice_udp_settle(struct sluice_draft_output *draft)
{
	struct sluice_config_output *output = &draft->output;

	if (output->kind != SLUICE_KIND_UDP)
		return;
	/* Nothing is put around a datagram, and pieces of one are none. */
	if (!draft->framing_place.line)
		output->framing = SLUICE_FRAMING_RAW;
	if (!draft->oversize_place.line)
		output->oversize = SLUICE_OVERSIZE_REFUSE;
}

/* A key of connections, which `kind: udp` has none of. */
static void check_key(const struct sluice_config_place *place, const char *key, const char *why,
		      struct sluice_findings *findings)
{
	if (place->line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "outputs.%s: kind: udp %s: leave the key out", key, why);
}

void sluice_kind_check(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;

	sluice_broker_check(draft, findings);
	if (output->kind != SLUICE_KIND_UDP) {
		if (draft->source_address_place.line && output->preserves)
			sluice_findings_add(findings, SLUICE_FINDING_ERROR,
					    &draft->source_address_place,
					    "outputs.source-address: a TCP connection has one "
					    "source address: take kind: udp, or prefix, which "
					    "tells who sent each datagram");
		return;
	}
	check_key(&draft->framing_place, "framing", "sends each datagram as it came", findings);
	check_key(&draft->receiver_place, "receiver", "sends each datagram as it came", findings);
	check_key(&draft->prefix_place, "prefix", "puts nothing in front of a datagram", findings);
	check_key(&draft->unsafe_place, "unsafe-bytes", "bears any bytes", findings);
	check_key(&draft->delimiter_place, "delimiter", "bears any bytes", findings);
	check_key(&draft->ack_place, "ack", "hears no acknowledgements", findings);
	check_key(&draft->unconfirmed_place, "unconfirmed", "hears no acknowledgements", findings);
	if (output->oversize == SLUICE_OVERSIZE_SPLIT)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->oversize_place,
				    "outputs.oversize: pieces of a datagram are none that a "
				    "collector could read: take oversize: refuse or truncate");
	if (output->preserves && output->from.family != AF_UNSPEC)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->from_place,
				    "outputs.from: with source-address: preserve each datagram "
				    "has its sender's address: leave one of the two out");
}
