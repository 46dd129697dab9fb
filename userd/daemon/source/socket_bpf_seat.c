// SPDX-License-Identifier: MIT
/*
 * What a program in the kernel counts of one socket, and what it is told of it, see socket_bpf.h.
 * Beside the path of the data. Touches: the socket's page, which both have mapped.
 */
#include "../../lib/barrier.h"
#include "socket_bpf_inner.h"

bool sluice_socket_bpf_has_refused(const struct sluice_port *port)
{
	return port->ticket && sluice_load_relaxed(&sluice_socket_seat_page_of(port)->refused) !=
				       port->refused_told;
}

uint32_t sluice_socket_bpf_dropped(const struct sluice_port *port)
{
	/* What the program has counted the socket may not have yet: rather too much here than too
	 * little. */
	return (uint32_t)sluice_load_relaxed(&sluice_socket_seat_page_of(port)->accounted) -
	       port->swept;
}

uint32_t sluice_socket_bpf_refused(struct sluice_port *port)
{
	uint64_t more = sluice_load_relaxed(&sluice_socket_seat_page_of(port)->refused) -
			port->refused_told;

	if (more > UINT32_MAX)
		more = UINT32_MAX;
	port->refused_told += more;
	return (uint32_t)more;
}

void sluice_socket_bpf_note_cost(struct sluice_port *port)
{
	uint32_t spent = sluice_load_relaxed(&sluice_socket_seat_page_of(port)->spent);

	/* The input that it was opened for: the program knows no other. */
	sluice_count(&port->use->claims[0].counters->cost.ns[SLUICE_COST_KERNEL],
		     (uint64_t)(spent - port->spent) * SLUICE_SOCKET_SPENT);
	port->spent = spent;
}

void sluice_socket_bpf_shut(struct sluice_port *port)
{
	sluice_store_relaxed(&sluice_socket_seat_page_of(port)->is_shut, 1);
}

void sluice_socket_bpf_take_many(struct sluice_port *port, bool takes)
{
	sluice_store_relaxed(&sluice_socket_seat_page_of(port)->takes_many, (uint32_t)takes);
}
