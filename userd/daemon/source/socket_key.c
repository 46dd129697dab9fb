// SPDX-License-Identifier: MIT
/*
 * What the socket of an input's port is bound to (struct sluice_port_key): worked out before there
 * is a socket, and compared. For the control thread. Touches: nothing but memory, and the system's
 * table of interfaces, which it reads.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "socket.h"

/* Can this machine open IPv6 sockets? */
static bool has_ipv6(void)
{
	static int answer = -1;
	int fd;

	if (answer >= 0)
		return answer;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	/* For want of descriptors it may succeed the next time. */
	if (fd >= 0 || errno == EAFNOSUPPORT)
		answer = fd >= 0;
	return fd >= 0;
}

/* Is it one address and no more? */
static bool is_whole(const struct sluice_config_prefix *prefix)
{
	return (prefix->family == AF_INET && prefix->length == 32) ||
	       (prefix->family == AF_INET6 && prefix->length == 128);
}

void sluice_port_describe(const struct sluice_config_input *input, uint16_t number,
			  struct sluice_port_key *key)
{
	int family =
		input->address.family != AF_UNSPEC ? input->address.family : input->from.family;

	memset(key, 0, sizeof(*key));
	key->port = number;
	key->both = family == AF_UNSPEC && has_ipv6();
	key->family = key->both ? AF_INET6 : family == AF_UNSPEC ? AF_INET : family;
	memcpy(key->interface, input->interface, sizeof(key->interface));
	key->index = input->interface[0] ? if_nametoindex(input->interface) : 0;
	if (is_whole(&input->address))
		memcpy(key->address, input->address.address, sizeof(key->address));
}

bool sluice_port_key_is_same(const struct sluice_port_key *one, const struct sluice_port_key *other)
{
	return one->family == other->family && one->both == other->both &&
	       one->port == other->port && one->way == other->way && one->index == other->index &&
	       !memcmp(one->address, other->address, sizeof(one->address)) &&
	       !strcmp(one->interface, other->interface);
}
