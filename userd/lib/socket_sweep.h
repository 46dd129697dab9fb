/* SPDX-License-Identifier: MIT */
/*
 * Sockets in the file system that daemons left when they were killed: one for each network
 * namespace that they ever had. Touches: the files of those that nobody listens at.
 */
#ifndef SLUICE_SOCKET_SWEEP_H
#define SLUICE_SOCKET_SWEEP_H

#include <stddef.h>

/*
 * Removes the sockets in `directory` that have the name of a daemon's (net-N.sock, net-N-M.sock,
 * over-N-HOME), are this user's, and have nobody that listens; also those of a daemon that was
 * killed while it made one, a minute later. Others stay, also one that comes under such a name at
 * this moment. Returns how many went. @threadsafe
 */
size_t sluice_socket_sweep(const char *directory);

#endif /* SLUICE_SOCKET_SWEEP_H */
