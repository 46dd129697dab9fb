/* SPDX-License-Identifier: MIT */
/*
 * The door for browsers and Prometheus (`control.http`): what daemon and module tell, over HTTP,
 * for reading alone. One thread, one loop; what is told is asked once a second at most, however
 * many ask, and only while somebody does. Touches: the listening socket, netlink sockets, the
 * socket to sluiced.
 */
#ifndef SLUICE_CTL_HTTP_H
#define SLUICE_CTL_HTTP_H

#include "door_base.h"

#define SLUICE_HTTP_CLIENTS 64U /* connections at a time */

/* Serves at `listener` until sluiced closes its end. 0 or a negative errno. @context process */
int sluice_http_serve(const struct sluice_door *door, int listener);

#endif /* SLUICE_CTL_HTTP_H */
