/* SPDX-License-Identifier: MIT */
/*
 * The sockets that forwards take connections from. For the control thread. Touches: sockets.
 */
#ifndef SLUICE_FORWARD_LISTEN_H
#define SLUICE_FORWARD_LISTEN_H

#include "forwarder.h"

/* Listens at an address, or goes on at the socket that a predecessor handed over. 0 or a negative
 * errno. @owner caller: *result, sluice_forward_listener_free() */
int sluice_forward_listener_open(const struct sluice_config_listener *listen,
				 struct sluice_forward_listener **result);
/* Gives it a forward, or none: then who comes gets a reset. */
void sluice_forward_listener_set(struct sluice_forward_listener *listener,
				 struct sluice_forward *forward);
/* Nobody can connect any more; its port is free. */
void sluice_forward_listener_shut(const struct sluice_forward_listener *listener);
/* Closes it and frees it. */
void sluice_forward_listener_free(struct sluice_forward_listener *listener);

#endif /* SLUICE_FORWARD_LISTEN_H */
