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

/* How it is about an interface. */
struct sluice_hook_xdp_state {
	unsigned int ifindex;
	bool is_there;	  /* the program that the module keeps is at it */
	bool is_wanted;	  /* a rule with the hook names it */
	bool is_prepared; /* the program stays without rules, too */
};

/*
 * Loads the program into the kernel, for which the module must be loaded. 0 or a negative errno
 * with what is wrong and how to mend it in `why`, `room` bytes.
 * @owner caller: sluice_hook_xdp_unload() @context process
 */
int sluice_hook_xdp_load(struct sluice_hook_xdp_program **program, char *why, size_t room);
/* What is attached stays. NULL is allowed. */
void sluice_hook_xdp_unload(struct sluice_hook_xdp_program *program);

/* How it is about an interface; takes no rights beyond opening /dev/sluice. 0 or a negative errno:
 * -ENODEV: there is no such interface; -ENOTTY: the module is an older one. @context process */
int sluice_hook_xdp_look(const char *interface, struct sluice_hook_xdp_state *state);

/*
 * Attaches it to an interface, natively, and hands it to the module, which keeps it while a rule
 * with the hook names the interface. *attached: it was done now; else one of ours is there already.
 * 0 or a negative errno with a sentence as above: -EBUSY: another's program is there; -ENODEV:
 * there is no such interface, or no such rule; others: the driver refuses. @context process
 */
int sluice_hook_xdp_attach(const struct sluice_hook_xdp_program *program, const char *interface,
			   bool *attached, char *why, size_t room);

/* A descriptor of the link that the module keeps; while it is open the program stays, too. Or a
 * negative errno: -ENOENT: none is kept. @owner caller: close() @context process */
int sluice_hook_xdp_open(unsigned int ifindex);
/* Has the module keep such a link again, after it let go of it. 0 or a negative errno: -ENODEV: no
 * rule with the hook names the interface. @context process */
int sluice_hook_xdp_give(unsigned int ifindex, int link);

/*
 * Attaches the program to an interface, if it is not there, and has the module keep it without
 * rules, too. Errors as of sluice_hook_xdp_attach(). @context process
 */
int sluice_hook_xdp_prepare(const char *interface, bool *attached, char *why, size_t room);
/* Ends that; NULL: at all interfaces. *state is how it is then: the program stays while a rule
 * wants it. 0 or a negative errno with a sentence. @context process */
int sluice_hook_xdp_release(const char *interface, struct sluice_hook_xdp_state *state, char *why,
			    size_t room);

#endif /* SLUICE_LIB_HOOK_XDP_H */
