// SPDX-License-Identifier: MIT
/*
 * IP addresses and "host:port" as text, see address.h. inet_pton() decides what an address is.
 * Touches: nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "address.h"
#include "size.h"

/* Bits in an address of `family`. */
static unsigned int family_bits(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* Clears all bits of `address` behind the first `length`; returns whether any was set. */
static bool clear_host_bits(uint8_t address[16], unsigned int length, unsigned int bits)
{
	bool were_set = false;
	unsigned int byte;

	for (byte = length / 8; byte < bits / 8; byte++) {
		uint8_t keep = 0;

		if (byte == length / 8)
			keep = (uint8_t)(0xff00U >> (length % 8));
		if (address[byte] & ~keep)
			were_set = true;
		address[byte] &= keep;
	}
	return were_set;
}

/* Makes an IPv4 prefix of one that is written as IPv6 (RFC 4291 section 2.5.5.2,
 * "::ffff:10.9.0.0/112"): so do programs that listen for both. */
static void unmap(struct sluice_prefix *prefix)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (prefix->family != AF_INET6 || prefix->length < 8 * sizeof(mapped) ||
	    memcmp(prefix->address, mapped, sizeof(mapped)) != 0)
		return;
	prefix->family = AF_INET;
	prefix->length = (uint8_t)(prefix->length - 8 * sizeof(mapped));
	memmove(prefix->address, prefix->address + sizeof(mapped), 4);
	memset(prefix->address + 4, 0, sizeof(prefix->address) - 4);
}

int sluice_prefix_parse(const char *text, struct sluice_prefix *prefix)
{
	struct sluice_prefix parsed = {0};
	char address[INET6_ADDRSTRLEN];
	const char *slash;
	uint64_t length;
	size_t bytes;

	if (!text || !prefix)
		return -EINVAL;
	slash = strchr(text, '/');
	bytes = slash ? (size_t)(slash - text) : strlen(text);
	if (bytes >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, bytes);
	address[bytes] = '\0';
	if (inet_pton(AF_INET, address, parsed.address) == 1)
		parsed.family = AF_INET;
	else if (inet_pton(AF_INET6, address, parsed.address) == 1)
		parsed.family = AF_INET6;
	else
		return -EINVAL;
	length = family_bits(parsed.family);
	if (slash) {
		if (sluice_number_parse(slash + 1, &length))
			return -EINVAL;
		if (length > family_bits(parsed.family))
			return -ERANGE;
	}
	parsed.length = (uint8_t)length;
	unmap(&parsed);
	bytes = clear_host_bits(parsed.address, parsed.length, family_bits(parsed.family));
	*prefix = parsed;
	return bytes ? -EDOM : 0;
}

char *sluice_prefix_format(const struct sluice_prefix *prefix, char text[SLUICE_PREFIX_TEXT])
{
	char address[INET6_ADDRSTRLEN];

	if (!text)
		return NULL;
	if (!prefix || (prefix->family != AF_INET && prefix->family != AF_INET6)) {
		snprintf(text, SLUICE_PREFIX_TEXT, "any");
		return text;
	}
	if (!inet_ntop(prefix->family, prefix->address, address, sizeof(address)))
		address[0] = '\0';
	if (prefix->length == family_bits(prefix->family))
		snprintf(text, SLUICE_PREFIX_TEXT, "%s", address);
	else
		snprintf(text, SLUICE_PREFIX_TEXT, "%s/%u", address, prefix->length);
	return text;
}

bool sluice_prefixes_overlap(const struct sluice_prefix *one, const struct sluice_prefix *other)
{
	unsigned int length, byte;

	if (!one || !other || one->family == AF_UNSPEC || other->family == AF_UNSPEC)
		return true;
	if (one->family != other->family)
		return false;
	/* Two prefixes overlap when one holds the other: they agree in the bits of the shorter. */
	length = one->length < other->length ? one->length : other->length;
	if (length > family_bits(one->family))
		return false;
	for (byte = 0; byte < length / 8; byte++)
		if (one->address[byte] != other->address[byte])
			return false;
	if (length % 8 == 0)
		return true;
	return ((one->address[byte] ^ other->address[byte]) & (uint8_t)(0xff00U >> (length % 8))) ==
	       0;
}

/* May `host` be a host name (RFC 1123 section 2.1: letters, digits, hyphens, dots)? Underscores are
 * seen in the wild. */
static bool is_host_name(const char *host)
{
	size_t label = 0;

	for (; *host; host++) {
		bool letter = (*host >= 'a' && *host <= 'z') || (*host >= 'A' && *host <= 'Z') ||
			      (*host >= '0' && *host <= '9') || *host == '_';

		if (*host == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (letter || (*host == '-' && label > 0)) {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return true;
}

/* Is `host` made of digits and dots only? Then it must be a whole IPv4 address: no resolver will
 * help. */
static bool looks_numeric(const char *host)
{
	return host[strspn(host, "0123456789.")] == '\0';
}

int sluice_endpoint_parse(const char *text, char *host, size_t size, uint16_t *port,
			  const char **why)
{
	const char *unused, *begin, *end, *colon;
	uint8_t address[16];
	uint64_t number;

	if (!why)
		why = &unused;
	*why = "is empty";
	if (!text || !host || !port || size == 0 || !*text)
		return -EINVAL;
	begin = text;
	if (*text == '[') {
		begin = text + 1;
		end = strchr(begin, ']');
		*why = "has an opening bracket and no closing one";
		if (!end)
			return -EINVAL;
		colon = end[1] == ':' ? end + 1 : NULL;
		*why = "has something other than :PORT behind the bracket";
		if (end[1] && !colon)
			return -EINVAL;
	} else {
		*why = "is a URL: write HOST:PORT, and what is spoken there as `framing`";
		if (strstr(text, "://"))
			return -EINVAL;
		*why = "is an IPv6 address without brackets: write [ADDRESS]:PORT, in quotes";
		colon = strchr(text, ':');
		if (colon && strchr(colon + 1, ':'))
			return -EINVAL;
		end = colon ? colon : text + strlen(text);
	}
	*why = "has no port: write HOST:PORT";
	if (!colon || !colon[1])
		return -EINVAL;
	*why = "has a port that is not a number from 1 to 65535";
	if (sluice_number_parse(colon + 1, &number) || number < 1 || number > 65535)
		return -EINVAL;
	*why = "has no host before the port";
	if (end == begin)
		return -EINVAL;
	*why = "has a host name that is too long";
	if ((size_t)(end - begin) >= size || (size_t)(end - begin) > SLUICE_HOST_MAX)
		return -EINVAL;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*why = "has no IPv6 address between the brackets";
	if (*text == '[') {
		/* A zone ("fe80::1%eth0") is for the resolver; what is before it must be an
		 * address. */
		char *zone = strchr(host, '%');
		bool valid;

		if (zone)
			*zone = '\0';
		valid = inet_pton(AF_INET6, host, address) == 1;
		if (zone)
			*zone = '%';
		if (!valid || (zone && !zone[1]))
			return -EINVAL;
	} else {
		*why = "has no whole IPv4 address before the port";
		if (looks_numeric(host) && inet_pton(AF_INET, host, address) != 1)
			return -EINVAL;
		*why = "has a host that is neither an address nor a host name";
		if (!is_host_name(host))
			return -EINVAL;
	}
	*why = NULL;
	*port = (uint16_t)number;
	return 0;
}
