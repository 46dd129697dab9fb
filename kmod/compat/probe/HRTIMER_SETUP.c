// SPDX-License-Identifier: GPL-2.0
/* Compiles where a timer gets its function when it is prepared. */
#include <linux/hrtimer.h>

void probe(struct hrtimer *timer);

/* Never called. */
void probe(struct hrtimer *timer)
{
	hrtimer_setup(timer, NULL, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
}
