// SPDX-License-Identifier: MIT
/*
 * The multicast group of an input (`inputs.group`): reading it, what follows from it, and what it
 * does not go with. Touches: nothing but memory.
 */
#include <netinet/in.h>
#include <string.h>
#include "draft.h"
#include "suggest.h"

/* Is it the address of a multicast group? */
static bool is_group(const struct sluice_config_prefix *prefix)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	memcpy(&ipv4, prefix->address, sizeof(ipv4));
	memcpy(&ipv6, prefix->address, sizeof(ipv6));
	if (prefix->family == AF_INET)
		return prefix->length == 32 && IN_MULTICAST(ntohl(ipv4.s_addr));
	return prefix->length == 128 && IN6_IS_ADDR_MULTICAST(&ipv6);
}

void sluice_read_group(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_config_prefix *result = (void *)((char *)object + key->offset);
	struct sluice_config_prefix read = {.family = AF_UNSPEC};
	struct sluice_key own = *key;
	char quoted[SLUICE_QUOTE_TEXT];

	own.offset = 0;
	sluice_read_prefix(reader, &own, node, &read);
	if (read.family == AF_UNSPEC)
		return;
	if (is_group(&read))
		*result = read;
	else
		sluice_reader_fault(reader, key, node,
				    "%s is no multicast group: one is from 224.0.0.0 to "
				    "239.255.255.255, or begins with ff",
				    sluice_quote(sluice_reader_scalar(reader, key, node), quoted));
}

void sluice_group_settle(struct sluice_config_input *input)
{
	/* What comes to other addresses is not what the group is joined for. */
	if (input->group.family != AF_UNSPEC && input->address.family == AF_UNSPEC)
		input->address = input->group;
}

void sluice_group_check(const struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	const struct sluice_config_input *input = &draft->input;

	if (input->group.family == AF_UNSPEC)
		return;
	if (!sluice_config_prefix_is_same(&input->group, &input->address))
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &draft->group_place,
			"inputs.group: the input takes what comes to its address, which "
			"is another: leave `address` out, or make two inputs");
	if (!input->interface[0])
		sluice_findings_add(findings, SLUICE_FINDING_NOTE, &draft->group_place,
				    "inputs.group: it is joined at the interface that the route to "
				    "it leads to: write inputs.interface for another one");
}
