/* SPDX-License-Identifier: MIT */
/*
 * Sockets by the number of their port: a configuration may have tens of thousands. Beside the
 * lists that own them. Touches: memory.
 */
#ifndef SLUICE_SOCKET_INDEX_H
#define SLUICE_SOCKET_INDEX_H

#include "socket.h"

/* Makes one without ports. 0 or -ENOMEM. @owner caller: sluice_port_index_close() @context any */
int sluice_port_index_open(struct sluice_port_index *index);
/* Frees it, not the ports; one that was never opened is allowed. @context any */
void sluice_port_index_close(struct sluice_port_index *index);
/* Takes a port in, which is in no other index; out, if it is in it; all of a list in, or out.
 * @context any */
void sluice_port_index_add(struct sluice_port_index *index, struct sluice_port *port);
void sluice_port_index_remove(struct sluice_port_index *index, struct sluice_port *port);
void sluice_port_index_add_all(struct sluice_port_index *index, struct sluice_port *list);
void sluice_port_index_remove_all(struct sluice_port_index *index, struct sluice_port *list);
/* Is there one of this number, bound to whatever? @context any */
bool sluice_port_index_has(const struct sluice_port_index *index, uint16_t number);
/* The one that is bound to `key` and not closing, or NULL. @context any */
struct sluice_port *sluice_port_index_find(const struct sluice_port_index *index,
					   const struct sluice_port_key *key);
/* One that gets what `port` would, were that not there; of those that are wanted if `wanted`.
 * NULL: there is none. @context any */
const struct sluice_port *sluice_port_index_cover(const struct sluice_port_index *index,
						  const struct sluice_port *port, bool wanted);
/* The same for one that gets some of what `port` would. @context any */
const struct sluice_port *sluice_port_index_overlap(const struct sluice_port_index *index,
						    const struct sluice_port *port, bool wanted);

#endif /* SLUICE_SOCKET_INDEX_H */
