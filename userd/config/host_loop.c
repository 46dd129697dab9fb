// SPDX-License-Identifier: MIT
/*
 * Datagrams that would come back for ever: an output of `kind: udp` whose collector is an input of
 * the same configuration that goes to that output. Part of sluice_config_check_host(). Touches:
 * binds a socket to the collector's address, for a moment.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include "host.h"
#include "suggest.h"

/* Reads an address that is written as one. False: it is a name. */
static bool read_host(const char *host, struct sluice_config_prefix *address)
{
	memset(address, 0, sizeof(*address));
	address->family = AF_INET;
	address->length = 32;
	if (inet_pton(AF_INET, host, address->address) == 1)
		return true;
	address->family = AF_INET6;
	address->length = 128;
	return inet_pton(AF_INET6, host, address->address) == 1;
}

/* Goes what `input` takes to output `output`? */
static bool feeds(const struct sluice_config_input *input, size_t output)
{
	size_t number;

	for (number = 0; number < input->output_count; number++)
		if (input->outputs[number] == output)
			return true;
	return false;
}

/* Does the input take what is sent to `port` of `address`, which is this host's, from anybody? */
static bool takes(const struct sluice_config_input *input,
		  const struct sluice_config_prefix *address, uint16_t port)
{
	size_t number;

	if (!input->enabled || input->interface[0] || input->from.family != AF_UNSPEC ||
	    (input->address.family != AF_UNSPEC &&
	     !sluice_config_prefix_is_same(&input->address, address)))
		return false;
	for (number = 0; number < input->port_count; number++)
		if (port >= input->ports[number].first && port <= input->ports[number].last)
			return true;
	return false;
}

/* One destination of output `output`. */
static void check_one(const struct sluice_config *config, size_t output,
		      const struct sluice_config_destination *to, struct sluice_findings *findings)
{
	struct sluice_config_prefix address;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	if (!to->enabled || !read_host(to->host, &address) || !sluice_host_has_address(&address, 0))
		return;
	for (number = 0; number < config->input_count; number++)
		if (feeds(&config->inputs[number], output) &&
		    takes(&config->inputs[number], &address, to->port))
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &to->place,
					    "outputs.to: %s is the input `%s`, which goes to this "
					    "output: each datagram would come back for ever: write "
					    "the collector's address, or another port",
					    sluice_quote(to->text, quoted),
					    config->inputs[number].name);
}

void sluice_host_check_loops(const struct sluice_config *config, struct sluice_findings *findings)
{
	size_t output, place;

	for (output = 0; output < config->output_count; output++)
		for (place = 0; config->outputs[output].kind == SLUICE_KIND_UDP &&
				place < config->outputs[output].to_count;
		     place++)
			check_one(config, output, &config->outputs[output].to[place], findings);
}
