/* SPDX-License-Identifier: MIT */
/*
 * What a sluice under test has counted as lost, as `sluicectl show inputs -j` tells it. Plain
 * framings tell nothing of that, and this is how a search knows. Touches: a process that it starts.
 */
#ifndef SLUICE_BENCH_RELAY_COUNTERS_H
#define SLUICE_BENCH_RELAY_COUNTERS_H

#include <stdint.h>
#include <sluice/record.h>

/* Runs `command` by the shell and adds up what all inputs of the JSON on its output have lost, by
 * cause; NULL: zeros. 0, -EPROTO: it failed, or that is not what it printed. @context process */
int sluice_relay_counters_read(const char *command, uint64_t lost[SLUICE_LOST_CAUSES]);

#endif /* SLUICE_BENCH_RELAY_COUNTERS_H */
