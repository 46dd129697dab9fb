// SPDX-License-Identifier: MIT
/*
 * Sockets by the number of their port, see socket_index.h. Beside the lists that own them.
 * Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "socket_index.h"

#define NUMBERS 65536U

int sluice_port_index_open(struct sluice_port_index *index)
{
	/* Only as much of it as is used ever becomes memory. */
	index->first = calloc(NUMBERS, sizeof(struct sluice_port *));
	return index->first ? 0 : -ENOMEM;
}

void sluice_port_index_close(struct sluice_port_index *index)
{
	free(index->first);
	index->first = NULL;
}

void sluice_port_index_add(struct sluice_port_index *index, struct sluice_port *port)
{
	port->next_alike = index->first[port->key.port];
	index->first[port->key.port] = port;
}

void sluice_port_index_remove(struct sluice_port_index *index, struct sluice_port *port)
{
	struct sluice_port **link = &index->first[port->key.port];

	while (*link && *link != port)
		link = &(*link)->next_alike;
	if (*link)
		*link = port->next_alike;
	port->next_alike = NULL;
}

void sluice_port_index_add_all(struct sluice_port_index *index, struct sluice_port *list)
{
	for (; list; list = list->next)
		sluice_port_index_add(index, list);
}

void sluice_port_index_remove_all(struct sluice_port_index *index, struct sluice_port *list)
{
	for (; list; list = list->next)
		sluice_port_index_remove(index, list);
}

bool sluice_port_index_has(const struct sluice_port_index *index, uint16_t number)
{
	return index->first[number];
}

struct sluice_port *sluice_port_index_find(const struct sluice_port_index *index,
					   const struct sluice_port_key *key)
{
	struct sluice_port *port;

	for (port = index->first[key->port]; port; port = port->next_alike)
		if (!port->closing && sluice_port_key_is_same(&port->key, key))
			return port;
	return NULL;
}

/* Does a socket bound to `wide` get all that one bound to `narrow` would, were that not there? */
static bool key_covers(const struct sluice_port_key *wide, const struct sluice_port_key *narrow)
{
	static const uint8_t any[sizeof(wide->address)];

	return wide->port == narrow->port &&
	       (wide->both || (!narrow->both && wide->family == narrow->family)) &&
	       (!memcmp(wide->address, any, sizeof(any)) ||
		(wide->family == narrow->family &&
		 !memcmp(wide->address, narrow->address, sizeof(any)))) &&
	       (!wide->interface[0] || !strcmp(wide->interface, narrow->interface));
}

const struct sluice_port *sluice_port_index_cover(const struct sluice_port_index *index,
						  const struct sluice_port *port, bool wanted)
{
	const struct sluice_port *other;

	for (other = index->first[port->key.port]; other; other = other->next_alike)
		if ((other->wanted || !wanted) && key_covers(&other->key, &port->key))
			return other;
	return NULL;
}

/* Can there be a datagram that a socket bound to either would get, were it alone? */
static bool keys_overlap(const struct sluice_port_key *one, const struct sluice_port_key *other)
{
	static const uint8_t any[sizeof(one->address)];

	return one->port == other->port &&
	       (one->both || other->both || one->family == other->family) &&
	       (!memcmp(one->address, any, sizeof(any)) ||
		!memcmp(other->address, any, sizeof(any)) ||
		!memcmp(one->address, other->address, sizeof(any))) &&
	       (!one->interface[0] || !other->interface[0] ||
		!strcmp(one->interface, other->interface));
}

const struct sluice_port *sluice_port_index_overlap(const struct sluice_port_index *index,
						    const struct sluice_port *port, bool wanted)
{
	const struct sluice_port *other;

	for (other = index->first[port->key.port]; other; other = other->next_alike)
		if ((other->wanted || !wanted) && keys_overlap(&other->key, &port->key))
			return other;
	return NULL;
}
