// SPDX-License-Identifier: MIT
/*
 * From an output back to an input: see probe_way.h. Touches: what list.h asks, the addresses of
 * this machine, stderr.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "address.h"
#include "list.h"
#include "probe_way.h"

/* Text of a member; "" if it is none. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Fills in a socket's address. Its length. */
static socklen_t fill(struct sockaddr_storage *to, int family, const uint8_t *address,
		      uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, address, 4);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, address, 16);
	return sizeof(*v6);
}

/* Is `address` in the prefix? */
static bool is_within(const struct sluice_prefix *prefix, const uint8_t *address)
{
	size_t whole = prefix->length / 8U, rest = prefix->length % 8U;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	return memcmp(prefix->address, address, whole) == 0 &&
	       (!rest || ((prefix->address[whole] ^ address[whole]) & mask) == 0);
}

/* An address of this machine in the prefix, with that port. 0, -EADDRNOTAVAIL, or what the kernel
 * says. */
static int own_address(const struct sluice_prefix *prefix, uint16_t port,
		       struct sockaddr_storage *own, socklen_t *length)
{
	struct ifaddrs *list, *one;
	int error = -EADDRNOTAVAIL;

	if (getifaddrs(&list))
		return -errno;
	for (one = list; one && error; one = one->ifa_next) {
		const void *address;

		if (!one->ifa_addr || one->ifa_addr->sa_family != prefix->family)
			continue;
		address =
			prefix->family == AF_INET
				? (const void *)&((struct sockaddr_in *)one->ifa_addr)->sin_addr
				: (const void *)&((struct sockaddr_in6 *)one->ifa_addr)->sin6_addr;
		if (!is_within(prefix, address))
			continue;
		*length = fill(own, prefix->family, address, port);
		if (prefix->family == AF_INET6)
			((struct sockaddr_in6 *)own)->sin6_scope_id =
				((struct sockaddr_in6 *)one->ifa_addr)->sin6_scope_id;
		error = 0;
	}
	freeifaddrs(list);
	return error;
}

/* Reads the word behind " key " of a match. False: it is there, and no prefix. */
static bool read_prefix(const char *match, const char *key, struct sluice_prefix *prefix)
{
	const char *at = strstr(match, key);
	char text[SLUICE_PREFIX_TEXT];
	size_t length;

	memset(prefix, 0, sizeof(*prefix));
	if (!at)
		return true;
	at += strlen(key);
	length = strcspn(at, " ");
	if (length >= sizeof(text))
		return false;
	memcpy(text, at, length);
	text[length] = '\0';
	return sluice_prefix_parse(text, prefix) == 0;
}

/* As probe_way.h says. */
int sluice_probe_way_read(const char *match, struct sluice_probe_way *way, const char **why)
{
	static const uint8_t loopback[16] = {127, 0, 0, 1};
	struct sluice_prefix to, from;
	unsigned long port;
	char *end;
	int error;

	if (!match || !way || !why)
		return -EINVAL;
	*why = match;
	port = strtoul(match, &end, 10);
	if (end == match || port == 0 || port > UINT16_MAX || !strchr("-, ", *end) ||
	    !read_prefix(match, " to ", &to) || !read_prefix(match, " from ", &from))
		return -EINVAL;
	if (strstr(match, " on ")) {
		*why = "takes only what comes in by an interface, and what this machine sends to "
		       "itself "
		       "does not";
		return -ENODEV;
	}
	way->from.ss_family = AF_UNSPEC;
	way->from_length = 0;
	if (from.family != AF_UNSPEC && own_address(&from, 0, &way->from, &way->from_length)) {
		*why = "takes only what comes from addresses that this machine has not";
		return -EADDRNOTAVAIL;
	}
	if (to.family == AF_UNSPEC && from.family == AF_UNSPEC) {
		way->to_length = fill(&way->to, AF_INET, loopback, (uint16_t)port);
		return 0;
	}
	error = own_address(to.family == AF_UNSPEC ? &from : &to, (uint16_t)port, &way->to,
			    &way->to_length);
	if (error)
		*why = "is for an address that this machine has not";
	return error;
}

/* As probe_way.h says. */
int sluice_probe_way_to(const char *endpoint, struct sluice_probe_way *way)
{
	char host[SLUICE_HOST_MAX + 1];
	struct sluice_prefix prefix;
	const char *why = "is no address";
	uint16_t port;

	if (!endpoint || !way)
		return -EINVAL;
	memset(way, 0, sizeof(*way));
	snprintf(way->via, sizeof(way->via), "-");
	if (sluice_endpoint_parse(endpoint, host, sizeof(host), &port, &why) ||
	    sluice_prefix_parse(host, &prefix)) {
		fprintf(stderr, "sluicectl: probe: --to '%s': %s\n", endpoint, why);
		return -EINVAL;
	}
	way->to_length = fill(&way->to, prefix.family, prefix.address, port);
	return 0;
}

/* The output that is meant, borrowed; NULL: there is none. */
static const json_t *find_output(const json_t *outputs, const char *wanted)
{
	const json_t *output;
	size_t number;

	json_array_foreach(outputs, number,
			   output) if (strcmp(text_of(output, "name"), wanted) == 0 ||
				       strcasecmp(text_of(output, "id"), wanted) ==
					       0) return output;
	return NULL;
}

/* Does the input feed the output of this name? */
static bool feeds(const json_t *input, const char *output)
{
	const json_t *outputs = json_object_get(input, "outputs"), *one;
	size_t number;

	json_array_foreach(outputs, number,
			   one) if (strcmp(json_string_value(one), output) == 0) return true;
	return false;
}

/* Chooses the input; says why there is none. 0 or a negative errno. */
static int choose_input(const json_t *inputs, const char *wanted, struct sluice_probe_way *way)
{
	const char *why = "", *shared = NULL, *blocked = NULL, *reason = "";
	const json_t *input;
	size_t number;

	json_array_foreach(inputs, number, input)
	{
		const char *name = text_of(input, "name");

		if ((wanted && strcmp(name, wanted) != 0) || !feeds(input, way->output))
			continue;
		if (!wanted && json_array_size(json_object_get(input, "outputs")) > 1) {
			shared = name;
			continue;
		}
		if (sluice_probe_way_read(text_of(input, "match"), way, &why)) {
			blocked = name;
			reason = why;
			continue;
		}
		snprintf(way->input, sizeof(way->input), "%s", name);
		return 0;
	}
	if (blocked)
		fprintf(stderr,
			"sluicectl: probe: input '%s' %s; send from another machine: sluicectl "
			"probe "
			"--to ADDRESS:PORT\n",
			blocked, reason);
	else if (shared)
		fprintf(stderr,
			"sluicectl: probe: each input that feeds '%s' feeds others as well, and "
			"they would "
			"get it, too; if they may: --input %s\n",
			way->output, shared);
	else if (wanted)
		fprintf(stderr, "sluicectl: probe: there is no input '%s' that feeds '%s'\n",
			wanted, way->output);
	else
		fprintf(stderr, "sluicectl: probe: no input feeds '%s'\n", way->output);
	return -ENOENT;
}

/* As probe_way.h says. */
int sluice_probe_way_find(const char *output, const char *input, struct sluice_probe_way *way)
{
	json_t *outputs, *inputs = NULL;
	const json_t *found;
	int error = -ENOENT;

	if (!output || !way)
		return -EINVAL;
	memset(way, 0, sizeof(*way));
	outputs = sluice_list_outputs();
	if (!outputs)
		return -ENOTCONN;
	found = find_output(outputs, output);
	if (!found) {
		fprintf(stderr,
			"sluicectl: probe: there is no output '%s'; sluicectl show outputs lists "
			"them\n",
			output);
		goto out;
	}
	snprintf(way->output, sizeof(way->output), "%s", text_of(found, "name"));
	snprintf(way->via, sizeof(way->via), "%s", text_of(found, "framing"));
	inputs = sluice_list_inputs();
	error = inputs ? choose_input(inputs, input, way) : -ENOTCONN;
out:
	json_decref(inputs);
	json_decref(outputs);
	return error;
}
