/* SPDX-License-Identifier: MIT */
/*
 * XDP programs of `source: xdp` in libxdp's dispatcher, which pins them, so that they outlive a
 * process that was killed. Whoever works at an interface has the claim to it: a program of ours
 * where nobody has it was left behind. Touches: an abstract socket, files in /sys/fs/bpf/xdp (or
 * $LIBXDP_BPFFS/xdp, as libxdp), the kernel's programs.
 */
#ifndef SLUICE_LIB_XDP_LEFT_H
#define SLUICE_LIB_XDP_LEFT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the program is called: the function in daemon/source/bpf/xdp.bpf.c. */
#define SLUICE_XDP_PROGRAM "sluice_xdp"

/* An interface where one was left. */
struct sluice_xdp_leftover {
	uint32_t index;
	char name[IF_NAMESIZE];
};

/* Claims an interface of this network namespace for this process, as long as the descriptor is
 * open. It, or a negative errno: -EADDRINUSE is another's. @owner caller: close() @threadsafe */
int sluice_xdp_claim(uint32_t index);
/* Is the program behind a descriptor one of ours? It has our name, and maps of ours. @threadsafe */
bool sluice_xdp_is_ours(int program);
/*
 * Where one was left in this network namespace: at most `room` in `left`. Their number, 0 also if
 * there never was a dispatcher, or a negative errno: -EACCES, -EPERM if this user may not look.
 * @threadsafe
 */
int sluice_xdp_left_find(struct sluice_xdp_leftover *left, size_t room);

#endif /* SLUICE_LIB_XDP_LEFT_H */
