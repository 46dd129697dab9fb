// SPDX-License-Identifier: MIT
/*
 * What inputs with `source: xdp` need, and what they cannot have. Touches: nothing.
 */
#include "draft.h"

void sluice_xdp_check(const struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	const struct sluice_config_input *input = &draft->input;

	if (input->source != SLUICE_SOURCE_XDP)
		return;
	if (!input->interface_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->source_place,
				    "inputs.source: xdp takes datagrams at an interface: name it "
				    "with inputs.interface");
	sluice_source_refuse(findings, &draft->verdict_place,
			     input->verdict != SLUICE_VERDICT_STEAL, "verdict",
			     "what XDP takes the stack does not get");
	sluice_source_refuse(findings, &draft->hook_place, input->hook != SLUICE_HOOK_PREROUTING,
			     "hook", "it is a place in the kernel's stack, and XDP is before that");
	sluice_source_refuse(findings, &draft->batching_place,
			     input->batching != SLUICE_BATCHING_OFF, "batching",
			     "it is for the module");
	sluice_source_refuse(findings, &input->receive_place, input->receive != SLUICE_RECEIVE_AUTO,
			     "receive", "it says how a socket is read");
	sluice_source_refuse(findings, &draft->time_place, input->time != 0, "time",
			     "a record has the time at which sluiced read the datagram");
}
