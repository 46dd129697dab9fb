/* SPDX-License-Identifier: MIT */
/*
 * The port of the control plane: the first that is free, as long as those before it belong to other
 * sluiceds. Touches: that socket; one of its own, to ask who has a port.
 */
#ifndef SLUICE_CONTROL_PORT_H
#define SLUICE_CONTROL_PORT_H

#include <stdint.h>

/* A socket that is bound to it, by which the kernel says who sends: the one that a predecessor
 * handed over (lib/handed.h, with what was asked there meanwhile), or a new one. It; -EADDRINUSE:
 * somebody who is no sluiced has a port that sluicectl asks, as the log says; another negative
 * errno. Waits a few seconds at most for who has a port already.
 * @owner caller @context process */
int sluice_control_socket(uint32_t *port);

#endif /* SLUICE_CONTROL_PORT_H */
