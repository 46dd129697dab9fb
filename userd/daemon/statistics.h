/* SPDX-License-Identifier: MIT */
/*
 * `log.statistics`: a line of the log now and then with what came, went and was lost since the last
 * one, for those who keep logs and no metrics. For the control thread. Touches: the log.
 */
#ifndef SLUICE_DAEMON_STATISTICS_H
#define SLUICE_DAEMON_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>
#include "engine/engine.h"

/* Datagrams since the start, over all inputs and outputs. */
struct sluice_statistics_sums {
	uint64_t received, stored, lost, dropped, delivered;
};

/* Begins zeroed. */
struct sluice_statistics {
	bool is_known;			    /* there was a look */
	uint64_t told_ns;		    /* when the last line was due, CLOCK_MONOTONIC */
	struct sluice_statistics_sums sums; /* then */
};

/* Takes a look, `now` CLOCK_MONOTONIC; writes a line if one is due: every `interval_us`
 * microseconds, 0: never. `load`: the daemon's step of load, a word. */
void sluice_statistics_look(struct sluice_statistics *statistics,
			    const struct sluice_engine_report *report, uint64_t now,
			    uint64_t interval_us, const char *load);

#endif /* SLUICE_DAEMON_STATISTICS_H */
