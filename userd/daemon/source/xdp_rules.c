// SPDX-License-Identifier: MIT
/*
 * Which datagrams the XDP program takes; see xdp.h. Touches: the program's maps.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xdp.skel.h>
#include "../../lib/barrier.h"
#include "xdp.h"

#define CLAIMS_MOST (SLUICE_XDP_CLAIMS / 2)

/* Writes an address of `prefix` and its mask, as the program reads them. */
static void write_prefix(const struct sluice_config_prefix *prefix, uint32_t address[4],
			 uint32_t mask[4])
{
	uint8_t bits[16] = {0};
	size_t whole = prefix->length / 8U;

	if (prefix->family == AF_UNSPEC)
		return;
	memset(bits, 0xff, whole);
	if (prefix->length % 8U)
		bits[whole] = (uint8_t)(0xff00U >> (prefix->length % 8U));
	memcpy(address, prefix->address, sizeof(bits));
	memcpy(mask, bits, sizeof(bits));
}

/* Makes what the program reads of one input's addresses. False: it has none, and takes all. */
static bool write_claim(const struct sluice_pcap_claim *from, struct sluice_xdp_claim *to)
{
	int family = from->address.family != AF_UNSPEC ? from->address.family : from->from.family;

	memset(to, 0, sizeof(*to));
	if (family == AF_UNSPEC)
		return false;
	to->family = family == AF_INET ? 4 : 6;
	write_prefix(&from->address, to->destination, to->destination_mask);
	write_prefix(&from->from, to->source, to->source_mask);
	return true;
}

/* Makes what the program reads of one port. 0, -E2BIG, -EMFILE. */
static int make_port(struct sluice_xdp_rules *rules, const struct sluice_pcap_table *table,
		     uint32_t port)
{
	struct sluice_xdp_claim made[SLUICE_XDP_SHARING];
	union sluice_xdp_port *word = &rules->ports[port];
	uint32_t place, count = 0;
	size_t size;

	for (place = table->of_port[port]; place; place = table->places[place - 1].next) {
		if (count == SLUICE_XDP_SHARING)
			return -EMFILE;
		if (write_claim(&table->claims[table->places[place - 1].claim], &made[count])) {
			count++;
			continue;
		}
		word->count = SLUICE_XDP_ALL;
		return 0;
	}
	size = count * sizeof(made[0]);
	/* A range of ports is the same input's mostly. */
	if (count && port && rules->ports[port - 1].count == count &&
	    !memcmp(&rules->claims[rules->ports[port - 1].first], made, size)) {
		*word = rules->ports[port - 1];
		return 0;
	}
	if (count > CLAIMS_MOST - rules->claim_count)
		return -E2BIG;
	word->count = (uint16_t)count;
	word->first = rules->claim_count;
	if (count)
		memcpy(&rules->claims[rules->claim_count], made, size);
	rules->claim_count += count;
	return 0;
}

int sluice_xdp_rules_make(struct sluice_xdp_rules **result, const struct sluice_pcap_table *table)
{
	struct sluice_xdp_rules *rules = calloc(1, sizeof(*rules));
	uint32_t port;
	int error = 0;

	if (!rules)
		return -ENOMEM;
	for (port = 0; !error && port < 65536; port++)
		if (table->of_port[port])
			error = make_port(rules, table, port);
	if (error) {
		free(rules);
		return error;
	}
	*result = rules;
	return 0;
}

int sluice_xdp_rules_write(struct sluice_xdp_interface *interface)
{
	const struct sluice_xdp_rules *rules = interface->rules;
	int claims = bpf_map__fd(interface->attached.programs->maps.claims);
	uint32_t half = !interface->half, base = half * CLAIMS_MOST, place, port;

	/* First the claims, in places that no port points to. */
	for (place = 0; place < rules->claim_count; place++) {
		uint32_t key = base + place;

		if (bpf_map_update_elem(claims, &key, &rules->claims[place], BPF_ANY))
			return -errno;
	}
	for (port = 0; port < 65536; port++) {
		union sluice_xdp_port word = rules->ports[port];

		if (word.count && word.count != SLUICE_XDP_ALL)
			word.first += base;
		/* The system calls before were a barrier: who finds this finds its claims. */
		if (interface->port_words[port] != word.word)
			sluice_store_release(&interface->port_words[port], (uint64_t)word.word);
	}
	interface->half = half;
	return 0;
}
