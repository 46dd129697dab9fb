/* SPDX-License-Identifier: MIT */
/*
 * Takes away what a sluiced that was killed left in libxdp's dispatcher (lib/xdp_left.h): at the
 * start, and for `sluiced --sweep`. Touches: interfaces, programs in /sys/fs/bpf/xdp.
 */
#ifndef SLUICE_SOURCE_XDP_SWEEP_H
#define SLUICE_SOURCE_XDP_SWEEP_H

#include <stdint.h>

/* Of one interface. 1: there was something, and it is gone; 0; a negative errno. @context whoever
 * has the interface's claim */
int sluice_xdp_sweep_interface(uint32_t index);
/* Of every interface of this network namespace that nobody has the claim to; each is told of in the
 * log. How many, or a negative errno: the last one's that could not be taken away, -EACCES or
 * -EPERM if this user may not look. @context process */
int sluice_xdp_sweep(void);
/* The same for `sluiced --sweep`. The status to exit with, told. @context process */
int sluice_xdp_sweep_only(void);

#endif /* SLUICE_SOURCE_XDP_SWEEP_H */
