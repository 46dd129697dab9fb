// SPDX-License-Identifier: MIT
/*
 * The program at an interface of an input with `hook: xdp`: has the module look at each frame
 * before there is a packet, and drops what that has stored. Touches: what kmod/xdp.c touches.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The module's, kmod/xdp_program.c: XDP_DROP or XDP_PASS. */
extern int sluice_xdp_take(struct xdp_md *context) __ksym;

/* @context softirq */
SEC("xdp")
int sluice_hook_xdp(struct xdp_md *context)
{
	return sluice_xdp_take(context);
}

char licence[] SEC("license") = "Dual MIT/GPL";
