/* SPDX-License-Identifier: MIT */
/*
 * The port of the control plane: the first that is free, as long as those before it belong to other
 * sluiceds. Touches: the socket it is given; one of its own, to ask who has a port.
 */
#ifndef SLUICE_CONTROL_PORT_H
#define SLUICE_CONTROL_PORT_H

#include <stdint.h>

/* Binds `fd` to it. 0; -EADDRINUSE: somebody who is no sluiced has one that sluicectl asks, as the
 * log says; another negative errno. Waits a few seconds at most for who has a port already.
 * @context process */
int sluice_control_bind(int fd, uint32_t *port);

#endif /* SLUICE_CONTROL_PORT_H */
