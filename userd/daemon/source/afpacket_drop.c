// SPDX-License-Identifier: MIT
/*
 * The firewall drops what packet sockets have taken; see afpacket_drop.h. Touches: the firewall.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/nftables.h"
#include "afpacket_drop.h"

/* The first register of 16 bytes; a comparison takes as many as it is given. */
#define REGISTER NFT_REG_1
/* In front of what else is at these hooks: a datagram that is taken is no business of theirs. */
#define PRIORITY (-500)
/* The comment of a rule among its NFTA_RULE_USERDATA, as nft(8) reads it (libnftnl): type,
 * length, text with its NUL. */
#define COMMENT_TYPE 0
#define COMMENT_MAX 120U

/* The expressions of a rule, as they are written. */
struct rule {
	struct nl_msg *message;
	struct nlattr *expressions, *element, *data;
	bool good;
};

/* A number in network byte order. False: no room. */
static bool put(struct nl_msg *message, int type, uint32_t value)
{
	return nla_put_u32(message, type, htonl(value)) == 0;
}

/* Begins an expression. */
static void begin(struct rule *rule, const char *name)
{
	rule->element = rule->good ? nla_nest_start(rule->message, NFTA_LIST_ELEM) : NULL;
	rule->good = rule->element && !nla_put_string(rule->message, NFTA_EXPR_NAME, name);
	rule->data = rule->good ? nla_nest_start(rule->message, NFTA_EXPR_DATA) : NULL;
	rule->good = rule->data != NULL;
}

/* Ends it. */
static void end(struct rule *rule)
{
	if (!rule->good)
		return;
	nla_nest_end(rule->message, rule->data);
	nla_nest_end(rule->message, rule->element);
}

/* Adds a value as an attribute of the expression. */
static void value(struct rule *rule, int type, const void *bytes, size_t length)
{
	struct nlattr *nest = rule->good ? nla_nest_start(rule->message, type) : NULL;

	rule->good = nest && !nla_put(rule->message, NFTA_DATA_VALUE, (int)length, bytes);
	if (rule->good)
		nla_nest_end(rule->message, nest);
}

/* Adds numbers as attributes of the expression: pairs of type and value, `count` of them. */
static void numbers(struct rule *rule, size_t count, const uint32_t (*pairs)[2])
{
	size_t at;

	for (at = 0; at < count; at++)
		rule->good = rule->good && put(rule->message, (int)pairs[at][0], pairs[at][1]);
}

#define NUMBERS(rule, ...)                                                                 \
	numbers(rule, sizeof((const uint32_t[][2]){__VA_ARGS__}) / (2 * sizeof(uint32_t)), \
		(const uint32_t[][2]){__VA_ARGS__})

/* Loads what is known of a packet, NFT_META_*. */
static void load_meta(struct rule *rule, uint32_t key)
{
	begin(rule, "meta");
	NUMBERS(rule, {NFTA_META_KEY, key}, {NFTA_META_DREG, REGISTER});
	end(rule);
}

/* Loads bytes of a header. */
static void load_header(struct rule *rule, uint32_t base, uint32_t offset, uint32_t length)
{
	begin(rule, "payload");
	NUMBERS(rule, {NFTA_PAYLOAD_DREG, REGISTER}, {NFTA_PAYLOAD_BASE, base},
		{NFTA_PAYLOAD_OFFSET, offset}, {NFTA_PAYLOAD_LEN, length});
	end(rule);
}

/* The rule goes on if what is loaded compares so (NFT_CMP_*). */
static void compare(struct rule *rule, uint32_t how, const void *bytes, size_t length)
{
	begin(rule, "cmp");
	NUMBERS(rule, {NFTA_CMP_SREG, REGISTER}, {NFTA_CMP_OP, how});
	value(rule, NFTA_CMP_DATA, bytes, length);
	end(rule);
}

/* Leaves of what is loaded the bits of a mask. */
static void mask(struct rule *rule, const uint8_t *bits, size_t length)
{
	static const uint8_t nothing[16];

	begin(rule, "bitwise");
	NUMBERS(rule, {NFTA_BITWISE_SREG, REGISTER}, {NFTA_BITWISE_DREG, REGISTER},
		{NFTA_BITWISE_LEN, (uint32_t)length});
	value(rule, NFTA_BITWISE_MASK, bits, length);
	value(rule, NFTA_BITWISE_XOR, nothing, length);
	end(rule);
}

/* What a rule does with a packet it is of, NF_*. */
static void decide(struct rule *rule, uint32_t verdict)
{
	struct nlattr *outer, *inner = NULL;

	begin(rule, "immediate");
	NUMBERS(rule, {NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT});
	outer = rule->good ? nla_nest_start(rule->message, NFTA_IMMEDIATE_DATA) : NULL;
	inner = outer ? nla_nest_start(rule->message, NFTA_DATA_VERDICT) : NULL;
	rule->good = inner && put(rule->message, NFTA_VERDICT_CODE, verdict);
	if (rule->good) {
		nla_nest_end(rule->message, inner);
		nla_nest_end(rule->message, outer);
	}
	end(rule);
}

/* Begins a rule of a chain. */
static struct rule begin_rule(const struct sluice_afpacket_drop_table *table, const char *chain)
{
	struct rule rule = {
		.message = sluice_nftables_message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)};

	rule.good = rule.message && !nla_put_string(rule.message, NFTA_RULE_TABLE, table->name) &&
		    !nla_put_string(rule.message, NFTA_RULE_CHAIN, chain);
	rule.expressions = rule.good ? nla_nest_start(rule.message, NFTA_RULE_EXPRESSIONS) : NULL;
	rule.good = rule.expressions != NULL;
	return rule;
}

/* Ends it and adds it to the change, with a comment unless that is NULL. */
static void add_rule(const struct sluice_afpacket_drop_table *table, struct rule *rule,
		     const char *comment)
{
	uint8_t bytes[COMMENT_MAX + 2];
	int length = 0;

	if (rule->good)
		nla_nest_end(rule->message, rule->expressions);
	if (comment)
		length = snprintf((char *)bytes + 2, COMMENT_MAX, "input %s", comment) + 1;
	bytes[0] = COMMENT_TYPE;
	bytes[1] = (uint8_t)length;
	if (length && length <= (int)COMMENT_MAX)
		rule->good = rule->good &&
			     !nla_put(rule->message, NFTA_RULE_USERDATA, length + 2, bytes);
	sluice_nftables_add(table->nftables, rule->message, rule->good);
}

/* Of IPv4 (4) or IPv6 (6) only. */
static void of_family(struct rule *rule, int family)
{
	const uint8_t protocol = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	load_meta(rule, NFT_META_NFPROTO);
	compare(rule, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/* Of an address in the prefix, which lies at offset `four` of an IPv4 header or `six` of an IPv6
 * header. */
static void of_prefix(struct rule *rule, const struct sluice_config_prefix *prefix, uint32_t four,
		      uint32_t six)
{
	size_t length = prefix->family == AF_INET ? 4 : 16, at;
	uint8_t bits[16] = {0}, address[16];

	if (prefix->family == AF_UNSPEC)
		return;
	of_family(rule, prefix->family);
	load_header(rule, NFT_PAYLOAD_NETWORK_HEADER, prefix->family == AF_INET ? four : six,
		    (uint32_t)length);
	for (at = 0; at < prefix->length; at++)
		bits[at / 8] |= (uint8_t)(0x80U >> at % 8);
	for (at = 0; at < length; at++)
		address[at] = prefix->address[at] & bits[at];
	if (prefix->length < length * 8)
		mask(rule, bits, length);
	compare(rule, NFT_CMP_EQ, address, length);
}

/* Adds a rule that drops. With the interface where the chain sees several. */
static void add_drop(const struct sluice_afpacket_drop_table *table, const char *chain,
		     const struct sluice_afpacket_drop *drop, bool with_interface)
{
	struct rule rule = begin_rule(table, chain);
	const uint16_t first = htons(drop->ports.first), last = htons(drop->ports.last);
	const uint8_t udp = IPPROTO_UDP;

	if (with_interface) {
		load_meta(&rule, NFT_META_IIFNAME);
		compare(&rule, NFT_CMP_EQ, drop->interface, sizeof(drop->interface));
	}
	/* Offsets of RFC 791, section 3.1, and RFC 8200, section 3. */
	of_prefix(&rule, &drop->address, 16, 24);
	of_prefix(&rule, &drop->from, 12, 8);
	load_meta(&rule, NFT_META_L4PROTO);
	compare(&rule, NFT_CMP_EQ, &udp, sizeof(udp));
	load_header(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(first));
	if (first == last) {
		compare(&rule, NFT_CMP_EQ, &first, sizeof(first));
	} else {
		begin(&rule, "range");
		NUMBERS(&rule, {NFTA_RANGE_SREG, REGISTER}, {NFTA_RANGE_OP, NFT_RANGE_EQ});
		value(&rule, NFTA_RANGE_FROM_DATA, &first, sizeof(first));
		value(&rule, NFTA_RANGE_TO_DATA, &last, sizeof(last));
		end(&rule);
	}
	begin(&rule, "counter");
	end(&rule);
	decide(&rule, NF_DROP);
	add_rule(table, &rule, drop->input);
}

/* Fragments go on: the rest of one has no port, and they are dropped when they are whole. */
static void add_fragments(const struct sluice_afpacket_drop_table *table, const char *chain)
{
	/* All but the bit that says that there is no fragment (RFC 791, section 3.1). */
	static const uint8_t bits[2] = {0x3f, 0xff}, none[2];
	const uint8_t absent = 0;
	struct rule rule = begin_rule(table, chain);

	of_family(&rule, AF_INET);
	load_header(&rule, NFT_PAYLOAD_NETWORK_HEADER, 6, sizeof(bits));
	mask(&rule, bits, sizeof(bits));
	compare(&rule, NFT_CMP_NEQ, none, sizeof(none));
	decide(&rule, NF_ACCEPT);
	add_rule(table, &rule, NULL);
	rule = begin_rule(table, chain);
	of_family(&rule, AF_INET6);
	begin(&rule, "exthdr");
	NUMBERS(&rule, {NFTA_EXTHDR_DREG, REGISTER}, {NFTA_EXTHDR_OFFSET, 0}, {NFTA_EXTHDR_LEN, 1},
		{NFTA_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT});
	rule.good = rule.good && !nla_put_u8(rule.message, NFTA_EXTHDR_TYPE, IPPROTO_FRAGMENT);
	end(&rule);
	compare(&rule, NFT_CMP_NEQ, &absent, sizeof(absent));
	decide(&rule, NF_ACCEPT);
	add_rule(table, &rule, NULL);
}

/* Adds a chain at a hook, NF_INET_*, of a device, unless that is NULL. */
static void add_chain(const struct sluice_afpacket_drop_table *table, const char *chain,
		      uint32_t hook, const char *device)
{
	struct nl_msg *message = sluice_nftables_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	bool good = message && !nla_put_string(message, NFTA_CHAIN_TABLE, table->name) &&
		    !nla_put_string(message, NFTA_CHAIN_NAME, chain) &&
		    !nla_put_string(message, NFTA_CHAIN_TYPE, "filter") &&
		    put(message, NFTA_CHAIN_POLICY, NF_ACCEPT);
	struct nlattr *nest = good ? nla_nest_start(message, NFTA_CHAIN_HOOK) : NULL;

	good = nest && put(message, NFTA_HOOK_HOOKNUM, hook) &&
	       put(message, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY) &&
	       (!device || !nla_put_string(message, NFTA_HOOK_DEV, device));
	if (good)
		nla_nest_end(message, nest);
	sluice_nftables_add(table->nftables, message, good);
}

/* Adds that the table comes, or goes. */
static void add_table(const struct sluice_afpacket_drop_table *table, int type, int flags)
{
	struct nl_msg *message = sluice_nftables_message(type, flags);
	bool good = message && !nla_put_string(message, NFTA_TABLE_NAME, table->name) &&
		    (type != NFT_MSG_NEWTABLE || put(message, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER));

	sluice_nftables_add(table->nftables, message, good);
}

/* Is the interface of drop `place` that of one before? */
static bool is_known(const struct sluice_afpacket_drop_list *list, size_t place)
{
	size_t at;

	for (at = 0; at < place; at++)
		if (list->list[at].index == list->list[place].index)
			return true;
	return false;
}

/* Adds the table with all its rules. */
static void add_all(const struct sluice_afpacket_drop_table *table,
		    const struct sluice_afpacket_drop_list *list)
{
	const struct sluice_afpacket_drop *drop;
	char chain[32];
	size_t at;

	add_table(table, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	add_chain(table, "input", NF_INET_LOCAL_IN, NULL);
	for (at = 0; at < list->count; at++) {
		drop = &list->list[at];
		snprintf(chain, sizeof(chain), "ingress-%u", drop->index);
		if (!is_known(list, at)) {
			add_chain(table, chain, NF_INET_INGRESS, drop->interface);
			add_fragments(table, chain);
		}
		add_drop(table, chain, drop, false);
		add_drop(table, "input", drop, true);
	}
}

int sluice_afpacket_drop_table_set(struct sluice_afpacket_drop_table *table,
				   struct sluice_afpacket_drop_list *wanted)
{
	bool is_there = table->nftables != NULL;
	int error;

	if (wanted->count == table->rules.count &&
	    (!wanted->count ||
	     !memcmp(wanted->list, table->rules.list, wanted->count * sizeof(*wanted->list)))) {
		free(wanted->list);
		*wanted = (struct sluice_afpacket_drop_list){0};
		return 0;
	}
	if (!wanted->count) {
		sluice_afpacket_drop_table_end(table);
		return 0;
	}
	if (!is_there) {
		table->nftables = sluice_nftables_open(&error);
		if (!table->nftables)
			return error;
	}
	if (is_there)
		add_table(table, NFT_MSG_DELTABLE, 0);
	add_all(table, wanted);
	error = sluice_nftables_commit(table->nftables);
	/* Rules of before may drop what nobody takes any more: rather none. */
	if (error) {
		sluice_afpacket_drop_table_end(table);
		return error;
	}
	free(table->rules.list);
	table->rules = *wanted;
	*wanted = (struct sluice_afpacket_drop_list){0};
	return 0;
}

void sluice_afpacket_drop_table_end(struct sluice_afpacket_drop_table *table)
{
	sluice_nftables_close(table->nftables);
	table->nftables = NULL;
	free(table->rules.list);
	table->rules = (struct sluice_afpacket_drop_list){0};
}

const char *sluice_afpacket_drop_fault(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return "no permission: run sluiced as root or with CAP_NET_ADMIN";
	case -EEXIST:
		return "another process has a table of that name: give the relays different names "
		       "(`relay`), or end the other one";
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
	case -EINVAL:
		return "this kernel has no nf_tables with an ingress hook (CONFIG_NF_TABLES_INET, "
		       "CONFIG_NETFILTER_INGRESS): load it (`modprobe nf_tables`), or write "
		       "`verdict: copy`";
	default:
		return strerror(-error);
	}
}

/* Adds one. 0 or -ENOMEM. */
static int add(struct sluice_afpacket_drop_list *list, const struct sluice_afpacket_drop *drop)
{
	struct sluice_afpacket_drop *larger =
		reallocarray(list->list, list->count + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	list->list = larger;
	list->list[list->count++] = *drop;
	return 0;
}

int sluice_afpacket_drop_list_make(const struct sluice_config_input *config,
				   struct sluice_afpacket_drop_list *result)
{
	struct sluice_afpacket_drop drop;
	size_t range;
	int error = 0;

	*result = (struct sluice_afpacket_drop_list){0};
	if (config->verdict != SLUICE_VERDICT_STEAL)
		return 0;
	/* All of it, so that two can be compared. */
	memset(&drop, 0, sizeof(drop));
	snprintf(drop.input, sizeof(drop.input), "%s", config->name);
	drop.address = config->address;
	drop.from = config->from;
	for (range = 0; !error && range < config->port_count; range++) {
		drop.ports = config->ports[range];
		error = add(result, &drop);
	}
	return error;
}

int sluice_afpacket_drop_list_add_common(struct sluice_afpacket_drop_list *list,
					 const struct sluice_afpacket_drop_list *one,
					 const struct sluice_afpacket_drop_list *other,
					 const char *interface, unsigned int index)
{
	size_t mine, theirs;
	int error = 0;

	for (mine = 0; mine < one->count; mine++)
		for (theirs = 0; !error && theirs < other->count; theirs++) {
			struct sluice_afpacket_drop drop = one->list[mine];
			const struct sluice_afpacket_drop *with = &other->list[theirs];

			if (!sluice_config_prefix_is_same(&drop.address, &with->address) ||
			    !sluice_config_prefix_is_same(&drop.from, &with->from))
				continue;
			if (with->ports.first > drop.ports.first)
				drop.ports.first = with->ports.first;
			if (with->ports.last < drop.ports.last)
				drop.ports.last = with->ports.last;
			if (drop.ports.first > drop.ports.last)
				continue;
			snprintf(drop.interface, sizeof(drop.interface), "%s", interface);
			drop.index = index;
			error = add(list, &drop);
		}
	return error;
}
