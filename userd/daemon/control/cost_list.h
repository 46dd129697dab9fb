/* SPDX-License-Identifier: MIT */
/*
 * What everything costs: the processor time of each thread by stage, of the inputs and outputs, and
 * of the process. Out of the register of threads (lib/thread.h), what the kernel charges them, and
 * the engine's report. Waits for no thread. Touches: the clocks of threads and process.
 */
#ifndef SLUICE_CONTROL_COST_LIST_H
#define SLUICE_CONTROL_COST_LIST_H

#include <stddef.h>
#include <stdint.h>
#include "../engine/engine.h"

/* A line. `of` and `stage` are constants. */
struct sluice_control_cost {
	const char *of;
	char name[SLUICE_NAME_MAX + 1];
	const char *stage;
	uint64_t time_ns, datagrams, each_ns, bytes;
	uint32_t share; /* thousandths */
};

struct sluice_control_costs {
	struct sluice_control_cost *list;
	size_t count;
};

/* Makes the lines; none on failure. 0 or -ENOMEM. @owner caller: free() the list @threadsafe */
int sluice_control_costs(const struct sluice_engine_report *report,
			 struct sluice_control_costs *costs);

#endif /* SLUICE_CONTROL_COST_LIST_H */
