// SPDX-License-Identifier: MIT
/*
 * Where a bench sends to: see target.h. Before everything else. Touches: the resolver.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include "sizes.h"
#include "target.h"

/* As target.h says. @context process, may wait for a name server */
const char *sluice_target_resolve(const char *host, int family, bool passive,
				  union sluice_bench_address *address)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int error;

	hints.ai_flags = passive ? AI_PASSIVE : 0;
	error = getaddrinfo(host, NULL, &hints, &found);
	if (error)
		return gai_strerror(error);
	memset(address, 0, sizeof(*address));
	memcpy(address, found->ai_addr,
	       found->ai_addrlen < sizeof(*address) ? found->ai_addrlen : sizeof(*address));
	freeaddrinfo(found);
	return NULL;
}

/* As target.h says. */
char *sluice_target_cut(char *text, char **host)
{
	char *ports;

	*host = text;
	if (*text == '[') {
		*host = text + 1;
		ports = strchr(text, ']');
		if (!ports)
			return NULL;
		*ports++ = '\0';
		return *ports == ':' ? ports + 1 : ports;
	}
	ports = strrchr(text, ':');
	if (!ports || ports != strchr(text, ':'))
		return NULL;
	*ports++ = '\0';
	return ports;
}

/* As target.h says. @context process, may wait for a name server */
const char *sluice_target_parse(const char *text, struct sluice_emitter_route *route)
{
	struct sluice_port_span ports[SLUICE_PORT_LIST_MAX];
	size_t count = 0;
	const char *why = "no memory";
	char *copy = strdup(text);
	char *host;
	char *tail;

	if (!copy)
		return why;
	why = "is not HOST:PORT or HOST:PORT-PORT";
	tail = sluice_target_cut(copy, &host);
	if (!tail || *host == '\0' || sluice_port_list_parse(tail, ports, &count) || count != 1)
		goto out;
	why = sluice_target_resolve(host, AF_UNSPEC, false, &route->to);
	if (why)
		goto out;
	route->first_port = ports[0].first;
	route->last_port = ports[0].last;
out:
	free(copy);
	return why;
}
