/* SPDX-License-Identifier: MIT */
/*
 * Receivers that accept a connection and end it at once: at their connection limit, by an access
 * list, because they expect another framing. A connection is young for its first seconds; after
 * three in a row that the peer ended while they were young its destination counts as rejecting,
 * until one lasts. Knows no sockets; beside tcp.c. Touches: the log, who listens for events.
 *
 *        TCP connected          given something
 *   ──────────┼─────────────────────────┼──────────────── SLUICE_YOUNG_NS ──► it lasts
 *             │◄──── young ─────────────┴──── young ─────►│
 */
#ifndef SLUICE_TRIAL_H
#define SLUICE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/log.h"
#include "../../lib/clock.h"
#include "../../config/model.h"

/* A connection is young for so long, counted anew from what it is first given. */
#define SLUICE_YOUNG_NS (5 * SLUICE_NS_PER_S)

/* The trials of one connection. All of it is its worker's; zeroed at first. */
struct sluice_trial {
	uint64_t reached; /* when TCP was connected; 0: it is not */
	uint64_t given;	  /* when it was first given something since; 0: not yet */
	uint64_t parted;  /* when the peer said that it will send nothing more; 0: it did not */
	uint64_t until;	  /* it is on trial, and given nothing, until then; 0: it is not on trial */
	unsigned int run; /* how many in a row the peer ended while they were young */
	uint64_t run_began; /* when the first of them ended */
	bool had_data;	    /* one of them had been given something */
	bool is_cut;	    /* the peer ends it: set just before it is given up */
	bool is_rejecting;  /* the run is long enough */
	uint64_t since;	    /* when that began */
	uint64_t told_at;   /* when the log was last told of one; 0: never */
	bool is_told;	    /* it was told of this one */
};

/* TCP is connected. @context worker */
void sluice_trial_reach(struct sluice_trial *trial, uint64_t now);

/*
 * It may be used. If the destination is rejecting it is on trial first: for a moment, or, if
 * `has_others`, until it is no longer young. @context worker
 */
void sluice_trial_begin(struct sluice_trial *trial, bool has_others, uint64_t now);

/*
 * It is given up; `who` begins the line of the log, `about` are its fields, `what` is what
 * sluice_trial_words() says. The peer ended it if trial->is_cut; an attempt that never got through
 * breaks the run. `is_last`: no other follows. Returns whether the destination is rejecting now.
 * @context worker
 */
bool sluice_trial_end(struct sluice_trial *trial, const char *who,
		      const struct sluice_log_about *about, const char *what, bool is_last,
		      uint64_t now);

/* What changed since the last look at a connection that may be used. */
enum sluice_trial_change { SLUICE_TRIAL_SAME, SLUICE_TRIAL_OVER, SLUICE_TRIAL_LASTS };

/*
 * Looks: is the trial over, so that it may be given something; or does it last, so that its
 * destination rejects no more? *next becomes when to look again at the latest. @context worker
 */
enum sluice_trial_change sluice_trial_look(struct sluice_trial *trial, const char *who,
					   const struct sluice_log_about *about, uint64_t now,
					   uint64_t *next);

/* It lasts: its destination rejects no more. Returns whether it did. @context worker */
bool sluice_trial_passed(struct sluice_trial *trial, const char *who,
			 const struct sluice_log_about *about, uint64_t now);

/* Why a receiver may reject what comes in `framing`: a constant half-sentence. @threadsafe */
const char *sluice_trial_words(enum sluice_framing framing);

/*
 * Until when what TCP acknowledges is in doubt because the connection is young, ns. @context
 * worker
 */
static inline uint64_t sluice_trial_young_until(const struct sluice_trial *trial)
{
	return (trial->given ? trial->given : trial->reached) + SLUICE_YOUNG_NS;
}

#endif /* SLUICE_TRIAL_H */
