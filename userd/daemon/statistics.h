/* SPDX-License-Identifier: MIT */
/*
 * `log.statistics`: lines of the log now and then with what came, went and was lost since the last
 * ones, for those who keep logs and no metrics: one of all, and one an item. For the control
 * thread. Touches: the log.
 */
#ifndef SLUICE_DAEMON_STATISTICS_H
#define SLUICE_DAEMON_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>
#include "engine/engine.h"
#include "statistics_item.h"

/* Datagrams since the start, over all inputs and outputs. */
struct sluice_statistics_sums {
	uint64_t received, stored, lost, dropped, delivered;
};

/* Begins zeroed. */
struct sluice_statistics {
	bool is_known;			    /* there was a look */
	uint64_t told_ns;		    /* when the last line was due, CLOCK_MONOTONIC */
	struct sluice_statistics_sums sums; /* then */
	struct sluice_statistics_items items;
};

/* Takes a look, `now` CLOCK_MONOTONIC; writes lines if they are due: every `interval_us`
 * microseconds, 0: never. `load`: the daemon's step of load, a word. */
void sluice_statistics_look(struct sluice_statistics *statistics,
			    const struct sluice_engine_report *report, uint64_t now,
			    uint64_t interval_us, const char *load);

/* Forgets what was seen. */
void sluice_statistics_free(struct sluice_statistics *statistics);

#endif /* SLUICE_DAEMON_STATISTICS_H */
