// SPDX-License-Identifier: MIT
/*
 * PROXY protocol, version 2; see proxy.h. Touches: nothing but memory.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include "clients.h"
#include "proxy.h"

/* proxy-protocol.txt, 2.2: twelve bytes that no other protocol begins with. */
static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* Version 2 and the command: of somebody else, or of the one who connects. */
#define VERSION_PROXY 0x21U
#define VERSION_LOCAL 0x20U
/* Address family in the upper half, a stream in the lower. */
#define TCP_IPV4 0x11U
#define TCP_IPV6 0x21U

/* The port of an address, in network byte order. */
static uint16_t port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	return address->ss_family == AF_INET ? four->sin_port : six->sin6_port;
}

size_t sluice_proxy_write(const struct sockaddr_storage *client,
			  const struct sockaddr_storage *server, uint8_t out[SLUICE_PROXY_MAX])
{
	size_t each = 0, other = 0;
	const uint8_t *from = sluice_client_bytes(client, &each);
	const uint8_t *to = sluice_client_bytes(server, &other);
	bool is_known = from && to && each == other;
	uint16_t ports[2], length = 0;
	size_t used = sizeof(signature);

	memcpy(out, signature, sizeof(signature));
	out[used++] = is_known ? VERSION_PROXY : VERSION_LOCAL;
	out[used++] = !is_known ? 0 : each == 4 ? TCP_IPV4 : TCP_IPV6;
	if (is_known)
		length = htons((uint16_t)(2 * each + sizeof(ports)));
	memcpy(out + used, &length, sizeof(length));
	used += sizeof(length);
	if (!is_known)
		return used;
	ports[0] = port_of(client);
	ports[1] = port_of(server);
	memcpy(out + used, from, each);
	memcpy(out + used + each, to, each);
	memcpy(out + used + 2 * each, ports, sizeof(ports));
	return used + 2 * each + sizeof(ports);
}
