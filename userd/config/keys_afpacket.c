// SPDX-License-Identifier: MIT
/*
 * What inputs with `source: afpacket` need, and which keys of others they cannot have. Touches:
 * nothing but memory.
 */
#include "draft.h"

void sluice_afpacket_check(struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	struct sluice_config_input *input = &draft->input;

	if (input->source != SLUICE_SOURCE_AFPACKET)
		return;
	if (!input->interface_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->source_place,
				    "inputs.source: afpacket takes what comes by one interface: "
				    "name it with inputs.interface");
	if (!draft->verdict_place.line) {
		input->verdict = SLUICE_VERDICT_COPY;
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &draft->source_place,
				    "inputs.source: the stack has what afpacket takes, too, and "
				    "answers with ICMP port unreachable where no program has the "
				    "port; write `verdict: copy` if that is meant, or `steal`");
	}
	sluice_source_refuse(
		findings, &draft->hook_place, input->hook != SLUICE_HOOK_PREROUTING, "hook",
		"it is a place in the kernel's stack, and a packet socket looks in front of that");
	sluice_source_refuse(findings, &draft->batching_place,
			     input->batching != SLUICE_BATCHING_OFF, "batching",
			     "it is for the module");
	sluice_source_refuse(findings, &input->receive_place, input->receive != SLUICE_RECEIVE_AUTO,
			     "receive", "it says how a UDP socket is read");
	sluice_source_refuse(findings, &draft->time_place, input->time != 0, "time",
			     "a record has the kernel's time");
}
