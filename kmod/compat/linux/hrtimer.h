/* SPDX-License-Identifier: GPL-2.0 */
/* Shadow of <linux/hrtimer.h>: hrtimer_setup() where the function is set by hand. */
#include_next <linux/hrtimer.h>

#ifndef SLUICE_COMPAT_LINUX_HRTIMER_H
#define SLUICE_COMPAT_LINUX_HRTIMER_H

#ifndef SLUICE_HAVE_HRTIMER_SETUP
/* Prepares a timer that calls @function. */
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* SLUICE_COMPAT_LINUX_HRTIMER_H */
