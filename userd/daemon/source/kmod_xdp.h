/* SPDX-License-Identifier: MIT */
/*
 * Inputs with `hook: xdp`: the program at their interfaces. The module stores what the program
 * shows it; where the program cannot be, the same rule takes at prerouting. For the control thread
 * and the foreman's, never both at once.
 */
#ifndef SLUICE_KMOD_XDP_H
#define SLUICE_KMOD_XDP_H

#include "source.h"

struct sluice_kmod_xdp;

/*
 * Has the program be where inputs of `plan` want it, and says in the log where it cannot be and
 * why, once for each reason, by an event, too. *xdp is made when first needed. True: it cannot be
 * somewhere now and may be later; call again in a second.
 * @owner caller: sluice_kmod_xdp_free(*xdp)
 */
bool sluice_kmod_xdp_follow(struct sluice_kmod_xdp **xdp, const struct sluice_source_plan *plan);
/* The program stays where rules want it. NULL is allowed. */
void sluice_kmod_xdp_free(struct sluice_kmod_xdp *xdp);

#endif /* SLUICE_KMOD_XDP_H */
