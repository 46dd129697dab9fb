// SPDX-License-Identifier: MIT
/*
 * Checks of the source address of an output's connections (`outputs.from`): against its
 * destinations, and against the addresses that this machine has. Part of check_draft() (check.c)
 * and of sluice_config_check_host(). Touches: binds a socket to the address, for a moment.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include "draft.h"
#include "host.h"
#include "suggest.h"

/* The family of an address that is written as one; AF_UNSPEC: it is a name. */
static int family_of(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return AF_INET;
	/* A link-local one names its interface behind it. */
	return strchr(host, ':') || inet_pton(AF_INET6, host, &six) == 1 ? AF_INET6 : AF_UNSPEC;
}

void sluice_from_check(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_config_output *output = &draft->output;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	for (number = 0; output->from.family != AF_UNSPEC && number < output->to_count; number++) {
		int family = family_of(output->to[number].host);

		if (family != AF_UNSPEC && family != output->from.family)
			sluice_findings_add(
				findings, SLUICE_FINDING_ERROR, &draft->from_place,
				"outputs.from: %s cannot be reached from it, the one is "
				"IPv4, the other IPv6: make another output of it",
				sluice_quote(output->to[number].text, quoted));
	}
}

void sluice_host_check_from(const struct sluice_config *config, struct sluice_findings *findings)
{
	char text[INET6_ADDRSTRLEN];
	size_t number;

	for (number = 0; number < config->output_count; number++) {
		const struct sluice_config_output *output = &config->outputs[number];

		if (output->from.family == AF_UNSPEC || sluice_host_has_address(&output->from, 0) ||
		    !inet_ntop(output->from.family, output->from.address, text, sizeof(text)))
			continue;
		sluice_findings_add(findings, SLUICE_FINDING_NOTE, &output->place,
				    "outputs.from: this machine has no address %s now: the output "
				    "waits for it",
				    text);
	}
}
