/* SPDX-License-Identifier: MIT */
/*
 * Whose is a datagram that came to a socket? The kernel chooses the socket by port, destination and
 * interface; inputs are kept apart by the sender, too. So a datagram may come to the socket of
 * another input of the same port, and each socket knows all the inputs that may get something from
 * it. No datagram belongs to two of them (config/overlap.c).
 */
#ifndef SLUICE_SOCKET_CLAIM_H
#define SLUICE_SOCKET_CLAIM_H

#include "socket.h"

/* An input of a plan in one worker. */
struct sluice_socket_candidate {
	const struct sluice_config_input *config;
	struct sluice_socket_input *input;
	struct sluice_socket_counters *counters; /* of the input in this worker */
	struct sluice_stream *stream;
	uint64_t wait_most_ns;
	bool is_prompt;			     /* one that comes alone is read at once */
	const struct sluice_socket_way *way; /* in which its sockets are read */
};

/* An input that may get datagrams of a socket, and which of them. */
struct sluice_socket_claim {
	struct sluice_stream *stream;
	struct sluice_socket_input *input;
	struct sluice_socket_counters *counters; /* of the input in this worker */
	struct sluice_config_prefix destination; /* to be checked; AF_UNSPEC: nothing to check */
	struct sluice_config_prefix source;
	bool checks_interface;
	unsigned int interface; /* index; 0: it is not there, nothing matches */
	bool is_own;		/* the socket is bound for this input */
	bool addresses;		/* records tell source and destination */
	bool is_full;		/* this turn: its ring has no room, and that of another input has */
	uint64_t stored;	/* this turn, if there are others beside it; else for ever */
};

/* Where a socket's datagrams go; made by the control thread, then the worker's. */
struct sluice_port_use {
	uint64_t wait_most_ns;
	bool is_prompt;
	bool is_plain;		/* there is one claim, and it takes everything */
	bool wants_destination; /* or the interface, or whether a datagram is for many */
	size_t busiest;		/* claim that got most of what came last */
	size_t count;
	struct sluice_socket_claim claims[];
};

/* Every claim of a use; `claim` is the caller's pointer, to constants if `use` is one. */
#define for_each_claim(claim, use) \
	for ((claim) = (use)->claims; (claim) < (use)->claims + (use)->count; (claim)++)

/* What is known of a datagram. */
struct sluice_socket_facts {
	int family;
	const uint8_t *source, *destination; /* NULL: not known; 4 or 16 bytes */
	uint16_t source_port;
	uint32_t interface; /* index, 0: not known */
	bool is_for_many;   /* broadcast or multicast: each socket that could get it has got one */
};

/*
 * Makes the use of a socket bound to `key`: the claims of all candidates that a datagram that comes
 * to it may belong to, first those that it is bound for. NULL: no memory. @owner caller: free()
 * @context process
 */
struct sluice_port_use *sluice_port_use_create(const struct sluice_port_key *key,
					       const struct sluice_socket_candidate *candidates,
					       size_t count);

/* The claim that a datagram belongs to, or NULL: none. @context worker */
struct sluice_socket_claim *sluice_port_use_find(struct sluice_port_use *use,
						 const struct sluice_socket_facts *facts);

/* Does `stream` get something from it? @context worker */
bool sluice_port_use_fills(const struct sluice_port_use *use, const struct sluice_stream *stream);

/*
 * How many messages of SLUICE_SOCKET_SPAN_MAX the rings of a port have room for, 0: it has to wait.
 * A ring that is full while another has room is waited for only for a moment: then its claim is
 * marked as full, and what belongs to it is lost. @context worker
 */
uint64_t sluice_port_room(struct sluice_port *port);

#endif /* SLUICE_SOCKET_CLAIM_H */
