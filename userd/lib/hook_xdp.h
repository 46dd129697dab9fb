/* SPDX-License-Identifier: MIT */
/*
 * The XDP program of `hook: xdp`: loading it, and attaching it to an interface, where the module
 * keeps it. Touches: BPF programs and links, /dev/sluice.
 */
#ifndef SLUICE_LIB_HOOK_XDP_H
#define SLUICE_LIB_HOOK_XDP_H

#include <stdbool.h>
#include <stddef.h>

struct sluice_hook_xdp_program;

/*
 * Loads the program into the kernel, for which the module must be loaded. 0 or a negative errno
 * with what is wrong and how to mend it in `why`, `room` bytes.
 * @owner caller: sluice_hook_xdp_unload() @context process
 */
int sluice_hook_xdp_load(struct sluice_hook_xdp_program **program, char *why, size_t room);
/* What is attached stays. NULL is allowed. */
void sluice_hook_xdp_unload(struct sluice_hook_xdp_program *program);

/*
 * Attaches it to an interface, natively, and hands it to the module, which keeps it while a rule
 * with the hook names the interface. *attached: it was done now; else one of ours is there already.
 * 0 or a negative errno with a sentence as above: -EBUSY: another's program is there; -ENODEV:
 * there is no such interface, or no such rule; others: the driver refuses. @context process
 */
int sluice_hook_xdp_attach(const struct sluice_hook_xdp_program *program, const char *interface,
			   bool *attached, char *why, size_t room);

#endif /* SLUICE_LIB_HOOK_XDP_H */
