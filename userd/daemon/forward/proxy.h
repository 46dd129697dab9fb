/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol, version 2, which tells a server who the client of a forwarded
 * connection is. Touches: nothing but memory.
 */
#ifndef SLUICE_FORWARD_PROXY_H
#define SLUICE_FORWARD_PROXY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SLUICE_PROXY_MAX 52U /* bytes of a header */

/* Writes the header of a TCP connection from `client` to `server`, which is the address that it was
 * taken at. Returns its length. @threadsafe */
size_t sluice_proxy_write(const struct sockaddr_storage *client,
			  const struct sockaddr_storage *server, uint8_t out[SLUICE_PROXY_MAX]);

#endif /* SLUICE_FORWARD_PROXY_H */
