/* SPDX-License-Identifier: MIT */
/*
 * What the log is told of datagrams that a receiver's TCP acknowledged right before the receiver
 * ended the connection: it may never have read them. Once in a minute at most, with their
 * number. Knows no sockets. Touches: the log.
 */
#ifndef SLUICE_UNCONFIRMED_H
#define SLUICE_UNCONFIRMED_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/log.h"

/* What of one connection the log does not know yet. All of it is its worker's; zeroed at first. */
struct sluice_unconfirmed {
	uint64_t untold;   /* datagrams */
	uint64_t told_at;  /* when the log was last told; 0: never */
	bool is_sent_anew; /* they are sent again */
};

/*
 * `datagrams` more; `is_sent_anew`: they are sent again. `who` begins the line of the log, `about`
 * are its fields.
 * @context worker, process
 */
void sluice_unconfirmed_add(struct sluice_unconfirmed *unconfirmed, const char *who,
			    const struct sluice_log_about *about, uint64_t datagrams,
			    bool is_sent_anew, uint64_t now);

/*
 * Tells what is not told yet, if it is time, or if `finally`, because nobody will ask again.
 * @context worker, process
 */
void sluice_unconfirmed_look(struct sluice_unconfirmed *unconfirmed, const char *who,
			     const struct sluice_log_about *about, bool finally, uint64_t now);

#endif /* SLUICE_UNCONFIRMED_H */
