/* SPDX-License-Identifier: MIT */
/*
 * What the log is told of a connection's interruptions: each begin and each end once, with its
 * duration and cause. One that comes and goes more often than a person wants to read is summed up,
 * never left out. Knows no sockets. Touches: the log.
 */
#ifndef SLUICE_OUTAGE_H
#define SLUICE_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/log.h"

/* So many interruptions within a window are told one by one, those beyond are summed up at its end.
 */
#define SLUICE_OUTAGES_TOLD 3U
#define SLUICE_OUTAGE_WINDOW_NS (60ULL * 1000000000ULL)

/* The interruptions of one connection. All of it is its worker's; zeroed at first. */
struct sluice_outage {
	uint64_t began;	  /* since when it is interrupted; 0: it is not */
	const char *what; /* a constant half-sentence: why */
	int error;	  /* errno that belongs to it, 0: none */
	bool is_told;	  /* the log knows of this one's begin */
	bool has_worked;  /* it was connected once */
	bool is_closed;	  /* the log has had its last word of it */

	uint64_t window;     /* when the window began; 0: none is open */
	unsigned int told;   /* how many in it were told one by one, */
	unsigned int untold; /* and how many were not */
	uint64_t untold_ns;  /* how long those lasted that are over, */
	uint64_t longest_ns; /* and the longest of them */
};

/*
 * An interruption begins: `what` is a constant half-sentence why, `error` an errno or 0; nothing if
 * one lasts. `who` begins each line of the log, `about` are its fields (NULL: none). @context
 * worker
 */
void sluice_outage_begin(struct sluice_outage *outage, const char *who,
			 const struct sluice_log_about *about, const char *what, int error,
			 uint64_t now);

/* It is over: the connection works. Nothing if none lasts. Returns whether one did. @context worker
 */
bool sluice_outage_end(struct sluice_outage *outage, const char *who,
		       const struct sluice_log_about *about, uint64_t now);

/* Nobody tries any more: tells so, if one lasts, and of what was summed up. @context worker,
 * process */
void sluice_outage_give_up(struct sluice_outage *outage, const char *who,
			   const struct sluice_log_about *about, uint64_t now);

/* The same for good: nothing is told from now on. @context worker, process */
void sluice_outage_close(struct sluice_outage *outage, const char *who,
			 const struct sluice_log_about *about, uint64_t now);

/*
 * Tells of what was summed up if the window is over, or if `finally`, because nobody will ask
 * again. To be called every few seconds. @context worker
 */
void sluice_outage_look(struct sluice_outage *outage, const char *who,
			const struct sluice_log_about *about, bool finally, uint64_t now);

/* Is there anything to be told of, now or later? */
static inline bool sluice_outage_is_open(const struct sluice_outage *outage)
{
	return outage->window || outage->began;
}

#endif
