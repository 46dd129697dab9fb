/* SPDX-License-Identifier: MIT */
/*
 * What a standby knows of the daemon that works: its process, whether that goes round, and how it
 * is fenced. For the control thread of the standby. Touches: that process.
 */
#ifndef SLUICE_STANDBY_WATCH_H
#define SLUICE_STANDBY_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/claim.h"

struct sluice_standby_watch {
	struct sluice_claim_note note; /* who it is; its pid 0: nobody is known */
	int process;		       /* a descriptor of it (pidfd_open(2)), -1: none */
	bool has_beaten;	       /* it said once that it goes round */
	uint64_t silent_ns;	       /* since then, as far as we were awake ourselves */
	uint64_t looked_at;	       /* silent_ns of the first look; 0: there was none */
	uint64_t used;		       /* processor time by then, in ticks */
	uint64_t told_ns; /* silent_ns at which an alarm was told last; 0: none is due */
	bool is_killed;
	const char *why; /* it is in doubt, or was */
};

/* What is to be thought of it. */
enum sluice_standby_verdict {
	SLUICE_STANDBY_GOES, /* it goes round, or its time is not over */
	SLUICE_STANDBY_BUSY, /* it is silent, but does not hang: *why */
	SLUICE_STANDBY_HANGS /* it will not go on by itself: *why */
};

/* Somebody else may have the claim at `path`: looks who, and opens his process. True: somebody is
 * known whom we can see. */
bool sluice_standby_watch_find(struct sluice_standby_watch *watch, const char *path);
/* Forgets him. */
void sluice_standby_watch_end(struct sluice_standby_watch *watch);

/* It said that it goes round. Returns for how long (ms) it had been in doubt before, 0: it had not.
 */
uint64_t sluice_standby_watch_beat(struct sluice_standby_watch *watch);

/* So much time passed while we were awake and heard nothing; it may be silent for `limit_ns`. */
enum sluice_standby_verdict sluice_standby_watch_judge(struct sluice_standby_watch *watch,
						       uint64_t passed_ns, uint64_t limit_ns);

/* Kills it. 0: it dies; -EPERM: we may not; -ESRCH: it is not to be found, or is gone. */
int sluice_standby_watch_fence(struct sluice_standby_watch *watch);

#endif /* SLUICE_STANDBY_WATCH_H */
