// SPDX-License-Identifier: MIT
/*
 * Does this machine have an address? For the parts of the check that tell what is waited for
 * (host.c, from_check.c). Touches: binds a socket to it, for a moment.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "host.h"

bool sluice_host_has_address(const struct sluice_config_prefix *prefix, unsigned int scope)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_scope_id = scope};
	bool is_missing;
	int fd;

	fd = socket(prefix->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	memcpy(&in.sin_addr, prefix->address, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, prefix->address, sizeof(in6.sin6_addr));
	is_missing = (prefix->family == AF_INET ? bind(fd, (struct sockaddr *)&in, sizeof(in))
						: bind(fd, (struct sockaddr *)&in6, sizeof(in6))) &&
		     errno == EADDRNOTAVAIL;
	close(fd);
	return !is_missing;
}
