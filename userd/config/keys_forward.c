// SPDX-License-Identifier: MIT
/*
 * The keys of a forward: their types, limits, values, and what holds where they are not written.
 * See keys.c. Touches: nothing but memory.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "draft.h"
#include "size.h"
#include "suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MILLISECOND 1000ULL
#define SECOND (1000 * MILLISECOND)
#define CONNECTIONS_MOST 1000000U

static const struct sluice_choice leads[] = {
	{"none", SLUICE_LEAD_NONE, false},
	{"proxy-v2", SLUICE_LEAD_PROXY_V2, false},
	{NULL, 0, false},
};

static const struct sluice_choice remaining[] = {
	{"keep", SLUICE_REMAINING_KEEP, false},
	{"cut", SLUICE_REMAINING_CUT, false},
	{NULL, 0, false},
};

/* Makes a socket address of an IP address and a port. False: it is none. */
static bool make_address(const char *host, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *four = (void *)address;
	struct sockaddr_in6 *six = (void *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		return true;
	}
	return false;
}

/* One address of `forwards.listen`; the list has room for it. [struct sluice_draft_forward] */
static void read_listen(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	struct sluice_draft_forward *draft = object;
	struct sluice_config_listener *listen;
	char host[SLUICE_HOST_MAX + 1], quoted[SLUICE_QUOTE_TEXT];
	const char *text, *why = "";
	uint16_t port;

	if (node->type != YAML_SCALAR_NODE) {
		sluice_reader_fault(reader, key, node,
				    "ADDRESS:PORT is expected here; brackets begin a list in YAML: "
				    "put an IPv6 address in quotes, \"[ADDRESS]:PORT\"");
		return;
	}
	text = sluice_reader_scalar(reader, key, node);
	if (!text)
		return;
	sluice_quote(text, quoted);
	if (sluice_endpoint_parse(text, host, sizeof(host), &port, &why)) {
		sluice_reader_fault(reader, key, node, "%s %s", quoted, why);
		return;
	}
	listen = &draft->forward.listen[draft->forward.listen_count];
	if (!make_address(host, port, &listen->address)) {
		sluice_reader_fault(reader, key, node,
				    "%s has no IP address: write it like 10.9.0.1:6000, "
				    "0.0.0.0:6000 or \"[::]:6000\"",
				    quoted);
		return;
	}
	listen->text = strdup(text);
	listen->place = sluice_reader_place(node);
	if (listen->text)
		draft->forward.listen_count++;
	else
		reader->out_of_memory = true;
}

/* `forwards.listen`: an address or a list of them. [struct sluice_draft_forward] */
static void read_listens(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object)
{
	size_t count = sluice_reader_item_count(node);
	struct sluice_draft_forward *draft = object;

	if (count > SLUICE_LISTENS_MAX) {
		sluice_reader_fault(reader, key, node, "%zu addresses; one forward has at most %u",
				    count, SLUICE_LISTENS_MAX);
		return;
	}
	draft->forward.listen = calloc(count ? count : 1, sizeof(*draft->forward.listen));
	if (!draft->forward.listen) {
		reader->out_of_memory = true;
		return;
	}
	sluice_reader_items(reader, key, node, draft, read_listen);
}

/* One of them; the list has room for it. [struct sluice_prefix_list] */
static void read_access(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	struct sluice_prefix_list *prefixes = object;
	struct sluice_key own = *key;
	struct sluice_config_prefix read = {.family = AF_UNSPEC};

	own.offset = 0;
	sluice_read_prefix(reader, &own, node, &read);
	if (read.family != AF_UNSPEC)
		prefixes->list[prefixes->count++] = read;
}

bool sluice_read_prefixes(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, struct sluice_prefix_list *prefixes)
{
	size_t count = sluice_reader_item_count(node);

	if (count > SLUICE_ACCESS_MAX) {
		sluice_reader_fault(reader, key, node, "%zu prefixes; one list has at most %u",
				    count, SLUICE_ACCESS_MAX);
		return false;
	}
	prefixes->list = calloc(count ? count : 1, sizeof(*prefixes->list));
	if (!prefixes->list) {
		reader->out_of_memory = true;
		return false;
	}
	sluice_reader_items(reader, key, node, prefixes, read_access);
	return true;
}

/* `forwards.allow` [struct sluice_draft_forward] */
static void read_allow(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_draft_forward *draft = object;
	struct sluice_prefix_list prefixes = {NULL, 0};

	if (!sluice_read_prefixes(reader, key, node, &prefixes))
		return;
	draft->forward.allow = prefixes.list;
	draft->forward.allow_count = prefixes.count;
}

/* `forwards.deny` [struct sluice_draft_forward] */
static void read_deny(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	struct sluice_draft_forward *draft = object;
	struct sluice_prefix_list prefixes = {NULL, 0};

	if (!sluice_read_prefixes(reader, key, node, &prefixes))
		return;
	draft->forward.deny = prefixes.list;
	draft->forward.deny_count = prefixes.count;
}

void sluice_read_limit(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];
	uint64_t number;
	size_t limit;

	if (!text)
		return;
	if (sluice_number_parse(text, &number) || number > CONNECTIONS_MOST) {
		sluice_reader_fault(reader, key, node, "%s is not a valid value (valid values: %s)",
				    sluice_quote(text, quoted), key->form);
		return;
	}
	limit = (size_t)number;
	memcpy((char *)object + key->offset, &limit, sizeof(limit));
}

#define FORWARD(member) offsetof(struct sluice_draft_forward, member)

static const struct sluice_key forward_keys[] = {
	{.path = "forwards.id",
	 .does = "a GUID by which the forward stays the same when its name changes",
	 .otherwise = "derived from the name",
	 .read = sluice_read_word,
	 .offset = FORWARD(id)},
	{.path = "forwards.name",
	 .does = "its name, unique",
	 .read = sluice_read_word,
	 .offset = FORWARD(name),
	 .required = true},
	{.path = "forwards.listen",
	 .does = "where connections are taken",
	 .read = read_listens,
	 .form = "address:port, or a list of these",
	 .required = true},
	{.path = "forwards.to",
	 .does = "where they lead",
	 .read = sluice_read_one_destination,
	 .offset = FORWARD(forward.to),
	 .required = true},
	{.path = "forwards.from",
	 .does = "source address towards the destination",
	 .otherwise = "as the kernel chooses",
	 .read = sluice_read_one_address,
	 .offset = FORWARD(forward.from),
	 .place = FORWARD(from_place)},
	{.path = "forwards.enabled",
	 .does = "whether connections are taken",
	 .fallback = "on",
	 .read = sluice_read_choice,
	 .offset = FORWARD(forward.enabled),
	 .choices = sluice_switches},
	{.path = "forwards.allow",
	 .does = "clients that may come",
	 .otherwise = "everybody",
	 .read = read_allow,
	 .form = "a prefix, or a list of these"},
	{.path = "forwards.deny",
	 .does = "clients that may not, even if allow has them",
	 .otherwise = "nobody",
	 .read = read_deny,
	 .form = "a prefix, or a list of these"},
	{.path = "forwards.limit",
	 .does = "most connections at a time; more are refused",
	 .otherwise = "none",
	 .read = sluice_read_limit,
	 .form = "a number from 0 (any number of connections) to 1000000",
	 .offset = FORWARD(forward.limit)},
	{.path = "forwards.limit-per-address",
	 .does = "most connections at a time from one address",
	 .otherwise = "none",
	 .read = sluice_read_limit,
	 .form = "a number from 0 (any number of connections) to 1000000",
	 .offset = FORWARD(forward.limit_per_address)},
	{.path = "forwards.prefix",
	 .does = "what the destination gets first, which tells who the client is",
	 .fallback = "none",
	 .read = sluice_read_choice,
	 .offset = FORWARD(forward.prefix),
	 .choices = leads},
	{.path = "forwards.nodelay",
	 .does = "whether small pieces are sent at once (TCP_NODELAY)",
	 .fallback = "on",
	 .read = sluice_read_choice,
	 .offset = FORWARD(forward.nodelay),
	 .choices = sluice_switches},
	{.path = "forwards.keepalive",
	 .does = "silence after which the kernel looks whether the other side is there",
	 .fallback = "60s",
	 .read = sluice_read_duration,
	 .form = "0 (never), or a duration like 60s",
	 .offset = FORWARD(forward.keepalive_us),
	 .maximum = 32000 * SECOND},
	{.path = "forwards.connect-timeout",
	 .does = "how long connecting to the destination may take",
	 .fallback = "5s",
	 .read = sluice_read_duration,
	 .offset = FORWARD(forward.connect_timeout_us),
	 .minimum = 100 * MILLISECOND,
	 .maximum = 600 * SECOND},
	{.path = "forwards.idle-timeout",
	 .does = "how long a connection may carry nothing, either way",
	 .fallback = "0",
	 .read = sluice_read_duration,
	 .form = "0 (for ever), or a duration like 10min",
	 .offset = FORWARD(forward.idle_timeout_us),
	 .maximum = 30ULL * 86400 * SECOND},
	{.path = "forwards.remaining",
	 .does = "what becomes of its connections when it goes, or leads elsewhere",
	 .fallback = "keep",
	 .read = sluice_read_choice,
	 .offset = FORWARD(forward.remaining),
	 .choices = remaining},
};

const struct sluice_key_table sluice_forward_table = {"forwards", "a forward", forward_keys,
						      COUNT(forward_keys)};

void sluice_forward_read(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object)
{
	struct sluice_draft *draft = object;
	struct sluice_draft_forward *forward = &draft->forwards[draft->forward_count++];

	(void)key;
	forward->forward.place = sluice_reader_place(node);
	sluice_read_fallbacks(reader, &sluice_forward_table, forward);
	sluice_read_mapping(reader, &sluice_forward_table, node, forward);
}

void sluice_forward_free(struct sluice_config_forward *forward)
{
	size_t number;

	for (number = 0; number < forward->listen_count; number++)
		free(forward->listen[number].text);
	free(forward->listen);
	free(forward->to.text);
	free(forward->to.host);
	free(forward->allow);
	free(forward->deny);
}
