// SPDX-License-Identifier: MIT
/*
 * Readers of the keys that name places in the network: addresses and prefixes, interfaces,
 * destinations. Nothing is looked up. Touches: nothing but memory.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "address.h"
#include "draft.h"
#include "size.h"
#include "suggest.h"

void sluice_read_prefix(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	struct sluice_config_prefix *result = (void *)((char *)object + key->offset);
	const char *text = sluice_reader_scalar(reader, key, node);
	static const uint8_t zeroes[16];
	char quoted[SLUICE_QUOTE_TEXT], meant[SLUICE_PREFIX_TEXT];
	struct sluice_prefix prefix;
	int error;

	if (!text)
		return;
	sluice_quote(text, quoted);
	error = sluice_prefix_parse(text, &prefix);
	if (error == -EDOM) {
		sluice_reader_fault(
			reader, key, node,
			"%s has bits set behind the prefix: write %s%s or the address alone",
			quoted, sluice_prefix_format(&prefix, meant),
			prefix.length == 0 ? " (every address)" : "");
	} else if (error == -ERANGE) {
		sluice_reader_fault(reader, key, node,
				    "%s has a prefix length that is too large: at most %u", quoted,
				    strchr(text, ':') ? 128U : 32U);
	} else if (error) {
		sluice_reader_fault(
			reader, key, node,
			"%s is no IP address: write it like 10.9.0.1, 10.9.0.0/24 or fd09::/64",
			quoted);
	} else if (prefix.length != 0 && !memcmp(prefix.address, zeroes, sizeof(zeroes))) {
		sluice_reader_fault(
			reader, key, node,
			"no datagram has the address %s: leave the key out to take every address",
			quoted);
	} else {
		result->family = prefix.family;
		result->length = prefix.length;
		memcpy(result->address, prefix.address, sizeof(result->address));
	}
}

void sluice_read_one_address(struct sluice_reader *reader, const struct sluice_key *key,
			     const yaml_node_t *node, void *object)
{
	struct sluice_config_prefix *result = (void *)((char *)object + key->offset);
	struct sluice_config_prefix read = {.family = AF_UNSPEC};
	struct sluice_key own = *key;
	char quoted[SLUICE_QUOTE_TEXT];
	struct in6_addr six;

	own.offset = 0;
	sluice_read_prefix(reader, &own, node, &read);
	if (read.family == AF_UNSPEC)
		return;
	memcpy(&six, read.address, sizeof(six));
	if (read.length != (read.family == AF_INET ? 32U : 128U))
		sluice_reader_fault(reader, key, node, "%s is a prefix: write one address",
				    sluice_quote(sluice_reader_scalar(reader, key, node), quoted));
	else if (read.family == AF_INET6 &&
		 (IN6_IS_ADDR_LINKLOCAL(&six) || IN6_IS_ADDR_MULTICAST(&six)))
		sluice_reader_fault(reader, key, node,
				    "no connection can come from %s: write an address of this host "
				    "that others reach",
				    sluice_quote(sluice_reader_scalar(reader, key, node), quoted));
	else
		*result = read;
}

/* What the kernel takes as the name of an interface (net/core/dev.c, dev_valid_name). */
static bool is_interface_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < IF_NAMESIZE && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && strcspn(name, "/: \t\n\v\f\r") == length;
}

void sluice_read_interface(struct sluice_reader *reader, const struct sluice_key *key,
			   const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];

	if (!text)
		return;
	if (is_interface_name(text))
		memcpy((char *)object + key->offset, text, strlen(text) + 1);
	else
		sluice_reader_fault(
			reader, key, node,
			"%s cannot be the name of an interface: at most %d bytes, no / : or spaces",
			sluice_quote(text, quoted), IF_NAMESIZE - 1);
}

/* Is `text` among the destinations that were read before? */
static bool is_known(const struct sluice_config_output *output, const char *host, uint16_t port)
{
	size_t number;

	for (number = 0; number < output->to_count; number++)
		if (output->to[number].port == port && !strcasecmp(output->to[number].host, host))
			return true;
	return false;
}

/* A destination while it is read, and the output that gets it. */
struct draft_destination {
	struct sluice_config_destination destination;
	struct sluice_config_output *output; /* NULL: it is the only one */
};

/* Does an address stand for many hosts, so that no TCP connection leads to it? Not so of a name. */
static bool is_for_many(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return IN_MULTICAST(ntohl(four.s_addr)) || four.s_addr == htonl(INADDR_BROADCAST);
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_MULTICAST(&six);
}

/* `outputs.to.address`, or the whole of a destination: HOST:PORT. [struct draft_destination] */
static void read_address(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object)
{
	struct draft_destination *draft = object;
	char host[SLUICE_HOST_MAX + 1], quoted[SLUICE_QUOTE_TEXT];
	const char *text, *why;
	struct in6_addr address;
	uint16_t port;

	if (node->type != YAML_SCALAR_NODE) {
		sluice_reader_fault(reader, key, node,
				    "HOST:PORT is expected here; brackets begin a list in YAML: "
				    "put an IPv6 address in quotes, \"[ADDRESS]:PORT\"");
		return;
	}
	text = sluice_reader_scalar(reader, key, node);
	if (!text)
		return;
	/* A server of NATS (nats_check.c). What stands in front of the host is not repeated. */
	if (!strncmp(text, "nats://", 7) && strchr(text, '@')) {
		sluice_reader_fault(reader, key, node,
				    "a user and a password do not belong into the address of a "
				    "server: write user and password-file");
		return;
	}
	if (sluice_endpoint_parse(strncmp(text, "nats://", 7) ? text : text + 7, host, sizeof(host),
				  &port, &why)) {
		sluice_reader_fault(reader, key, node, "%s %s", sluice_quote(text, quoted), why);
		return;
	}
	if (inet_pton(AF_INET6, host, &address) == 1 && IN6_IS_ADDR_LINKLOCAL(&address)) {
		sluice_reader_fault(reader, key, node,
				    "%s is a link-local address, which means nothing without its "
				    "interface: write \"[%s%%INTERFACE]:%u\"",
				    sluice_quote(text, quoted), host, port);
		return;
	}
	if (is_for_many(host)) {
		sluice_reader_fault(reader, key, node,
				    "%s stands for many hosts, and TCP leads to one: write the "
				    "address of each",
				    sluice_quote(text, quoted));
		return;
	}
	if (draft->output && is_known(draft->output, host, port)) {
		sluice_reader_fault(reader, key, node, "%s is here a second time",
				    sluice_quote(text, quoted));
		return;
	}
	draft->destination.text = strdup(text);
	draft->destination.host = strdup(host);
	draft->destination.port = port;
	draft->destination.place = sluice_reader_place(node);
	if (!draft->destination.text || !draft->destination.host)
		reader->out_of_memory = true;
}

/* `outputs.to.weight` [unsigned int] */
static void read_weight(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];
	unsigned int weight;
	uint64_t number;

	if (!text)
		return;
	if (sluice_number_parse(text, &number) || number < 1 || number > SLUICE_WEIGHT_MAX) {
		sluice_reader_fault(reader, key, node,
				    "%s is not a valid value (valid values: a number from 1 to %u)",
				    sluice_quote(text, quoted), SLUICE_WEIGHT_MAX);
		return;
	}
	weight = (unsigned int)number;
	memcpy((char *)object + key->offset, &weight, sizeof(weight));
}

#define DESTINATION(member) offsetof(struct draft_destination, destination.member)

static const struct sluice_key destination_keys[] = {
	{.path = "outputs.to.address",
	 .does = "host:port",
	 .read = read_address,
	 .form = "host:port",
	 .required = true},
	{.path = "outputs.to.weight",
	 .does = "its share beside the others'",
	 .fallback = "1",
	 .read = read_weight,
	 .form = "a number from 1 to 100",
	 .offset = DESTINATION(weight)},
	{.path = "outputs.to.standby",
	 .does = "whether it gets something only while all others are down",
	 .fallback = "off",
	 .read = sluice_read_choice,
	 .offset = DESTINATION(standby),
	 .choices = sluice_switches},
	{.path = "outputs.to.enabled",
	 .does = "whether it is connected to",
	 .fallback = "on",
	 .read = sluice_read_choice,
	 .offset = DESTINATION(enabled),
	 .choices = sluice_switches},
	{.path = "outputs.to.rate",
	 .does = "most bits a second to this destination",
	 .otherwise = "none",
	 .read = sluice_read_rate,
	 .offset = DESTINATION(rate)},
};

const struct sluice_key_table sluice_destination_table = {
	"outputs.to", "a destination", destination_keys,
	sizeof(destination_keys) / sizeof(destination_keys[0])};

/* Is it an IPv6 address in brackets and without quotes, which YAML takes for a mapping with a list
 * as its key? */
static bool is_bare_ipv6(struct sluice_reader *reader, const yaml_node_t *node)
{
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	const yaml_node_t *key;

	if (pair == node->data.mapping.pairs.top)
		return false;
	key = yaml_document_get_node(reader->document, pair->key);
	return key && key->type == YAML_SEQUENCE_NODE;
}

/* One destination, HOST:PORT or a mapping; `output->to` has room for it. */
static void read_destination(struct sluice_reader *reader, const struct sluice_key *key,
			     const yaml_node_t *node, void *object)
{
	struct sluice_config_output *output = object;
	struct draft_destination draft = {.output = output};

	sluice_read_fallbacks(reader, &sluice_destination_table, &draft);
	if (node->type == YAML_MAPPING_NODE && !is_bare_ipv6(reader, node))
		sluice_read_mapping(reader, &sluice_destination_table, node, &draft);
	else
		read_address(reader, key, node, &draft);
	if (draft.destination.text && draft.destination.host) {
		output->to[output->to_count++] = draft.destination;
		return;
	}
	free(draft.destination.text);
	free(draft.destination.host);
}

void sluice_read_destinations(struct sluice_reader *reader, const struct sluice_key *key,
			      const yaml_node_t *node, void *object)
{
	struct sluice_config_output *output = (void *)((char *)object + key->offset);
	size_t count = sluice_reader_item_count(node);

	if (count > SLUICE_DESTINATIONS_MAX) {
		sluice_reader_fault(reader, key, node,
				    "%zu destinations; one output has at most %u", count,
				    SLUICE_DESTINATIONS_MAX);
		return;
	}
	output->to = calloc(count ? count : 1, sizeof(*output->to));
	if (!output->to) {
		reader->out_of_memory = true;
		return;
	}
	sluice_reader_items(reader, key, node, output, read_destination);
}

void sluice_read_one_destination(struct sluice_reader *reader, const struct sluice_key *key,
				 const yaml_node_t *node, void *object)
{
	struct sluice_config_destination *result = (void *)((char *)object + key->offset);
	struct draft_destination draft = {.output = NULL};

	sluice_read_fallbacks(reader, &sluice_destination_table, &draft);
	read_address(reader, key, node, &draft);
	*result = draft.destination;
}
