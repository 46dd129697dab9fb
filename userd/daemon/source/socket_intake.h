/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the socket source in the control thread share: the source as a whole
 * (socket.c), its ports while a plan is prepared (socket_prepare.c), and those that change places
 * with ports of another worker (socket_across.c).
 */
#ifndef SLUICE_SOCKET_INTAKE_H
#define SLUICE_SOCKET_INTAKE_H

#include "socket.h"
#include "socket_claim.h"

struct sluice_intake {
	const struct sluice_source_context *context;
	/* By worker, with room for as many as there can be. */
	struct sluice_port_set *sets;
	struct sluice_port **fresh;	       /* by worker: ports made by prepare */
	struct sluice_port_index *fresh_index; /* by worker: of those */
	struct sluice_socket_readers *readers; /* by worker: those that ways prepare */
	struct sluice_socket_input *inputs;
	/* Of these, or NULL: the one that was asked for last; the one that was made last. */
	struct sluice_socket_input *found, *last;
	/* While it prepares: a row for each worker of as many candidates as the plan has inputs. */
	struct sluice_socket_candidate *candidates;
	size_t candidate_count;
	uint16_t reach[65536]; /* by port: how many workers, the first ones, may have one; 0: the
				  plan has no such port */
	size_t width;	       /* workers that have a socket for a port (config/deal.h) */
	bool has_found;	       /* what dead processes had in hand was looked for (socket_hand.h) */
	bool follows; /* an interface or address changed: prepares the plan in force anew */
};

/* socket_workers.c: makes and frees the lists by worker. 0 or -ENOMEM. */
int sluice_socket_workers_open(struct sluice_intake *intake);
void sluice_socket_workers_free(struct sluice_intake *intake);
/* As in struct sluice_source_class. */
int sluice_socket_join(struct sluice_intake *intake, struct sluice_worker *worker);
bool sluice_socket_is_quiet(const struct sluice_intake *intake, const struct sluice_worker *worker);
void sluice_socket_part(struct sluice_intake *intake, struct sluice_worker *worker);
/* Frees the readers of a worker that have no sockets, or all of them. @context process */
void sluice_socket_close_readers(struct sluice_socket_readers *readers, bool all);

/* Works out how many workers have a socket for each port of a plan. @context process, as the
 * others */
void sluice_socket_deal(struct sluice_intake *intake, const struct sluice_source_plan *plan);

/* Has worker `worker` a socket for port `number`? One that had one keeps it, so that a change
 * that makes ports many or few loses nothing. */
bool sluice_socket_is_dealt(const struct sluice_intake *intake, uint16_t number, size_t worker);

/*
 * Finds or opens an input's port in worker `number`: inputs that only their sender keeps apart
 * share one. 0, also if it has to wait; a negative errno with a sentence.
 */
int sluice_socket_prepare_port(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			       const struct sluice_config_input *input,
			       const struct sluice_port_key *key,
			       struct sluice_socket_input *record, size_t number, char **error);

/*
 * What a change does with sockets whose place is taken by those of another worker
 * (socket_across.c), because fewer or more read in another way or have connections. Before the
 * workers put a plan in force: which sockets that go are replaced by others; and what is for many
 * is taken by those that will, before the others stop.
 */
void sluice_socket_begin_commit(struct sluice_intake *intake);
/* Closes the sockets that a plan which does not come into force has opened in worker `number`. */
void sluice_socket_cancel(struct sluice_intake *intake, size_t number);
/* What the last daemon left open and nobody wants is read by whoever has taken its place; and what
 * a dead one had in hand that no worker with its number has a socket for is stored by another. */
void sluice_socket_absorb(struct sluice_intake *intake);

#endif /* SLUICE_SOCKET_INTAKE_H */
