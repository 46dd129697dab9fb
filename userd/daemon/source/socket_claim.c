// SPDX-License-Identifier: MIT
/*
 * Which input a datagram belongs to, see socket_claim.h. Between a socket and the streams. Touches:
 * nothing but memory.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "socket_batch.h"
#include "socket_claim.h"

/* How long one input of a socket may hold up the others because its ring is full: long enough for
 * the disk to take something. */
#define PATIENCE_NS (100 * SLUICE_NS_PER_MS)

/* Does an address of `family` lie in `prefix`? One that was not given holds every address.
 * @threadsafe */
static bool prefix_holds(const struct sluice_config_prefix *prefix, int family,
			 const uint8_t *address)
{
	size_t whole = prefix->length / 8, bits = prefix->length % 8;

	if (prefix->family == AF_UNSPEC)
		return true;
	if (prefix->family != family || !address || memcmp(prefix->address, address, whole) != 0)
		return false;
	return !bits || !((prefix->address[whole] ^ address[whole]) & (0xff00U >> bits) & 0xffU);
}

/* Has the input this port? */
static bool has_port(const struct sluice_config_input *input, uint16_t number)
{
	size_t range;

	for (range = 0; range < input->port_count; range++)
		if (number >= input->ports[range].first && number <= input->ports[range].last)
			return true;
	return false;
}

/* Is the socket bound to one address? */
static bool has_address(const struct sluice_port_key *key)
{
	static const uint8_t any[sizeof(key->address)];

	return memcmp(key->address, any, sizeof(any)) != 0;
}

/* Can a datagram that comes to a socket bound to `key` belong to the input? */
static bool can_reach(const struct sluice_port_key *key, const struct sluice_config_input *input)
{
	int family;

	/* Its worker does not deliver what comes to that input. */
	if (!input)
		return false;
	family = input->address.family != AF_UNSPEC ? input->address.family : input->from.family;
	if (!has_port(input, key->port))
		return false;
	if (family != AF_UNSPEC && family != key->family && !(key->both && family == AF_INET))
		return false;
	if (key->interface[0] && input->interface[0] &&
	    strcmp(key->interface, input->interface) != 0)
		return false;
	return !has_address(key) || prefix_holds(&input->address, key->family, key->address);
}

/* Makes the claim of a candidate that can reach the socket. */
static void make_claim(const struct sluice_port_key *key,
		       const struct sluice_socket_candidate *candidate,
		       struct sluice_socket_claim *claim)
{
	const struct sluice_config_input *config = candidate->config;
	struct sluice_port_key own;

	memset(claim, 0, sizeof(*claim));
	sluice_port_describe(config, key->port, &own);
	own.way = candidate->way;
	claim->stream = candidate->stream;
	claim->input = candidate->input;
	claim->counters = candidate->counters;
	claim->is_own = sluice_port_key_is_same(&own, key);
	claim->source = config->from;
	claim->addresses = config->addresses;
	/* What the kernel checks for the socket need not be checked again. */
	if (!has_address(key))
		claim->destination = config->address;
	claim->checks_interface = config->interface[0] && !key->interface[0];
	if (claim->checks_interface)
		claim->interface = if_nametoindex(config->interface);
}

struct sluice_port_use *sluice_port_use_create(const struct sluice_port_key *key,
					       const struct sluice_socket_candidate *candidates,
					       size_t count)
{
	struct sluice_port_use *use;
	struct sluice_socket_claim claim;
	size_t number, reaching = 0, place;

	for (number = 0; number < count; number++)
		reaching += can_reach(key, candidates[number].config);
	use = calloc(1, sizeof(*use) + reaching * sizeof(use->claims[0]));
	if (!use)
		return NULL;
	use->wait_most_ns = UINT64_MAX;
	for (number = 0; number < count; number++) {
		if (!can_reach(key, candidates[number].config))
			continue;
		make_claim(key, &candidates[number], &claim);
		place = use->count++;
		if (claim.is_own && place && !use->claims[0].is_own) {
			use->claims[place] = use->claims[0];
			place = 0;
		}
		use->claims[place] = claim;
		use->wants_destination |= claim.destination.family != AF_UNSPEC ||
					  claim.checks_interface || claim.addresses ||
					  !claim.is_own;
		if (candidates[number].wait_most_ns < use->wait_most_ns)
			use->wait_most_ns = candidates[number].wait_most_ns;
		use->is_prompt |= candidates[number].is_prompt;
	}
	use->is_plain = use->count == 1 && !use->wants_destination &&
			use->claims[0].source.family == AF_UNSPEC;
	return use;
}

struct sluice_socket_claim *sluice_port_use_find(struct sluice_port_use *use,
						 const struct sluice_socket_facts *facts)
{
	struct sluice_socket_claim *claim;

	for_each_claim (claim, use) {
		if (prefix_holds(&claim->source, facts->family, facts->source) &&
		    prefix_holds(&claim->destination, facts->family, facts->destination) &&
		    (!claim->checks_interface ||
		     (claim->interface && claim->interface == facts->interface)))
			return claim;
	}
	return NULL;
}

bool sluice_port_use_fills(const struct sluice_port_use *use, const struct sluice_stream *stream)
{
	const struct sluice_socket_claim *claim;

	for_each_claim (claim, use)
		if (claim->stream == stream)
			return true;
	return false;
}

uint64_t sluice_port_room(struct sluice_port *port)
{
	struct sluice_port_use *use = port->use;
	struct sluice_socket_claim *claim;
	uint64_t least = UINT64_MAX, room;
	bool is_any_full = false;

	port->retry_at = 0;
	for_each_claim (claim, use) {
		room = sluice_ring_room(&claim->stream->ring) / SLUICE_SOCKET_SPAN_MAX;
		claim->is_full = !room;
		is_any_full |= !room;
		if (room && room < least)
			least = room;
	}
	if (!is_any_full)
		port->full_since = 0;
	else if (!port->full_since)
		port->full_since = port->worker->now;
	if (least == UINT64_MAX)
		return 0;
	if (is_any_full && !port->closing && port->worker->now - port->full_since < PATIENCE_NS) {
		port->retry_at = port->full_since + PATIENCE_NS;
		return 0;
	}
	return least;
}
