// SPDX-License-Identifier: MIT
/*
 * What a socket dropped, and why: for want of room, or because of a wrong checksum. Beside the path
 * of the data. Touches: the socket's figures, the ring's counts of losses.
 *
 * A socket has one figure for both (SO_MEMINFO). What a program on it knows tells them apart: the
 * kernel verifies the checksum before it asks a program, and looks for room behind it
 * (udp_queue_rcv_one_skb(), net/ipv4/udp.c).
 *
 *   receive: bpf     what the socket dropped and the program does not know of had a wrong checksum
 *   receive: calls   what the program let pass and nobody has read is in the buffer, or had no
 *                    room; other drops had a wrong checksum
 *   no program       only what the network namespace has counted tells (socket_account.h), if it is
 *                    of one kind
 *
 * In each case no more are called wrong than the namespace has counted: security modules and
 * control groups refuse before the program, too. What cannot be told yet waits for the next look.
 */
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include "socket.h"
#include "socket_account.h"
#include "socket_count.h"
#include "socket_way.h"

/* What the socket counts as dropped, nobody was told of, and its program, if it has one, does not
 * know of. */
static uint32_t untold(const struct sluice_port *port)
{
	uint32_t figures[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(figures);
	uint32_t more;

	if (getsockopt(port->fd, SOL_SOCKET, SO_MEMINFO, figures, &length) ||
	    length < (SK_MEMINFO_DROPS + 1) * sizeof(figures[0]))
		return 0;
	/* Wraps at 32 bits. */
	more = figures[SK_MEMINFO_DROPS] - port->drops;
	more -= port->key.way->dropped(port);
	/* What the program has copied it may count before the socket does. */
	return (int32_t)more <= 0 ? 0 : more;
}

/* Of `more` drops, those that the last reading of the namespace's counters is younger than; it is
 * made anew if it is old, or if this is the last look. */
static uint32_t due(struct sluice_port *port, uint32_t more, bool is_last)
{
	uint64_t now = sluice_now(), at = sluice_socket_account_read(now, is_last);
	uint32_t seen = port->pending < more ? port->pending : more;

	if (at < now)
		return port->pending_at <= at ? seen : 0;
	return more;
}

/* Finds out what of the drops is what, and counts that. Returns how many had no room. */
static uint32_t judge(struct sluice_port *port, bool is_last)
{
	struct sluice_socket_suspects suspects = {.is_last = is_last};
	struct sluice_socket_findings findings;
	uint32_t more = untold(port);

	if (!more) {
		port->pending = 0;
		return 0;
	}
	suspects.drops = due(port, more, is_last);
	port->key.way->suspect(port, more, &suspects);
	sluice_socket_account_judge(&suspects, &findings);
	sluice_socket_count_overflow_told(port->count, findings.overflow);
	port->drops += findings.checksum + findings.overflow;
	port->pending = more - findings.checksum - findings.overflow;
	port->pending_at = sluice_now();
	sluice_port_lose(port, SLUICE_LOST_BAD_CHECKSUM, findings.checksum);
	return findings.overflow;
}

bool sluice_port_count_drops(struct sluice_port *port, bool is_last)
{
	const struct sluice_socket_way *way = port->key.way;
	uint32_t more = judge(port, is_last) + way->refused(port, false);

	sluice_port_lose(port, SLUICE_LOST_SOCKET, more);
	if (more && way->overflowed)
		way->overflowed(port);
	return port->pending && !port->closing;
}

void sluice_port_settle(struct sluice_port *port)
{
	uint32_t more = sluice_socket_count_rest(port->count);

	/* Without a program what was refused since it was shut is among the drops, and cannot be
	 * told from the rest. */
	if (sluice_port_has_program(port))
		more += judge(port, true);
	sluice_port_lose(port, SLUICE_LOST_SOCKET, more);
}

void sluice_port_settle_late(struct sluice_port *port)
{
	sluice_port_lose(port, SLUICE_LOST_SOCKET, port->key.way->refused(port, true));
}
