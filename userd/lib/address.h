/* SPDX-License-Identifier: MIT */
/*
 * IP addresses with prefixes, and "host:port", as text and back. Nothing is resolved. Off the path
 * of the data. Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_ADDRESS_H
#define SLUICE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_PREFIX_TEXT 50 /* INET6_ADDRSTRLEN (46) and "/128" */
#define SLUICE_HOST_MAX 255U  /* bytes of a host name: RFC 1035 section 2.3.4 */

struct sluice_prefix {
	int family; /* AF_INET, AF_INET6; AF_UNSPEC: none given */
	uint8_t length;
	uint8_t address[16]; /* network byte order; IPv4 in the first 4 */
};

/* "10.9.0.1", "10.9.0.0/24", "fd09::/16". 0; -EINVAL: no address; -ERANGE: no such prefix length;
 * -EDOM: bits are set behind the prefix, and *prefix is what was probably meant. An IPv4 address
 * that is written as IPv6 ("::ffff:10.9.0.0/112") becomes what it is. */
int sluice_prefix_parse(const char *text, struct sluice_prefix *prefix);

/* As text, without "/32" or "/128" for whole addresses; "any" if there is none. Returns `text`. */
char *sluice_prefix_format(const struct sluice_prefix *prefix, char text[SLUICE_PREFIX_TEXT]);

/* Is there an address that lies in both? One that is not given holds every address. */
bool sluice_prefixes_overlap(const struct sluice_prefix *one, const struct sluice_prefix *other);

/*
 * Splits "10.9.1.2:6000", "[fd09:1::2]:6000", "third.example:6000". `host` gets at most `size`
 * bytes, NUL included, without brackets. On failure *why is a constant half-sentence ("has no port:
 * ...") and the result -EINVAL.
 */
int sluice_endpoint_parse(const char *text, char *host, size_t size, uint16_t *port,
			  const char **why);

#endif /* SLUICE_ADDRESS_H */
