// SPDX-License-Identifier: MIT
/*
 * The firewall as `nft -j list ruleset` prints it: libnftables-json(5). See firewall.h. Touches:
 * nothing but memory.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "firewall.h"

#define TABLE_TEXT 300U /* bytes of a family and a table's name, which has 255 at most */

/* What the reading shares. */
struct reading {
	struct sluice_firewall *firewall;
	const json_t *list; /* all objects of the ruleset */
};

/* The family and the table of an object, in `text`. False: it has none. */
static bool table_of(const json_t *object, char text[TABLE_TEXT])
{
	const char *family = json_string_value(json_object_get(object, "family"));
	const char *table = json_string_value(json_object_get(object, "table"));

	if (!family || !table)
		return false;
	snprintf(text, TABLE_TEXT, "%s %s", family, table);
	return true;
}

/* The elements of the set that `word` ("@name") names in this table. NULL: there is none. */
static const json_t *elements_of(const struct reading *reading, const char *table, const char *word)
{
	char other[TABLE_TEXT];
	const json_t *object, *set;
	const char *name;
	size_t number;

	json_array_foreach(reading->list, number, object)
	{
		set = json_object_get(object, "set");
		name = json_string_value(json_object_get(set, "name"));
		if (set && name && table_of(set, other) && !strcmp(table, other) &&
		    !strcmp(name, word + 1))
			return json_object_get(set, "elem");
	}
	return NULL;
}

/* Is it a number of a port? */
static bool is_port(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= UINT16_MAX;
}

/* Adds what the right side of a match says of ports: a number, a range, a set, a set's name. 0;
 * -EINVAL: it is something else; -ENOMEM. */
static int add_ports(const struct reading *reading, const char *table, const json_t *value,
		     struct sluice_firewall_rule *rule)
{
	const json_t *range = json_object_get(value, "range"), *entry;
	const json_t *element = json_object_get(value, "elem");
	size_t number;
	int error = 0;

	if (is_port(value))
		return sluice_firewall_add_ports(rule, (uint16_t)json_integer_value(value),
						 (uint16_t)json_integer_value(value));
	if (range && is_port(json_array_get(range, 0)) && is_port(json_array_get(range, 1)))
		return sluice_firewall_add_ports(
			rule, (uint16_t)json_integer_value(json_array_get(range, 0)),
			(uint16_t)json_integer_value(json_array_get(range, 1)));
	/* An element with a comment or a time limit. */
	if (json_is_object(element))
		return add_ports(reading, table, json_object_get(element, "val"), rule);
	if (json_is_string(value) && json_string_value(value)[0] == '@')
		value = elements_of(reading, table, json_string_value(value));
	else if (json_is_object(value))
		value = json_object_get(value, "set");
	if (!json_is_array(value))
		return -EINVAL;
	json_array_foreach(value, number, entry)
	{
		/* A set does not hold the name of a set. */
		error = json_is_string(entry) || json_is_array(entry)
				? -EINVAL
				: add_ports(reading, table, entry, rule);
		if (error)
			break;
	}
	return error;
}

/* Does a match of the protocol let UDP pass? */
static bool names_udp(const json_t *value)
{
	const json_t *set = json_object_get(value, "set"), *entry;
	size_t number;

	if (json_is_integer(value))
		return json_integer_value(value) ==
		       17; /* IANA: assigned Internet protocol numbers */
	if (json_is_string(value))
		return !strcmp(json_string_value(value), "udp") ||
		       json_string_value(value)[0] == '@';
	json_array_foreach(set, number, entry) if (names_udp(entry)) return true;
	return false;
}

/* Notes one condition of a rule. 0 or -ENOMEM. */
static int read_match(const struct reading *reading, const char *table, const json_t *match,
		      struct sluice_firewall_rule *rule)
{
	const json_t *left = json_object_get(match, "left"),
		     *right = json_object_get(match, "right");
	const json_t *payload = json_object_get(left, "payload");
	const char *protocol = json_string_value(json_object_get(payload, "protocol"));
	const char *field = json_string_value(json_object_get(payload, "field"));
	const char *meta = json_string_value(json_object_get(json_object_get(left, "meta"), "key"));
	const char *operator= json_string_value(json_object_get(match, "op"));
	bool is_not = operator&& !strcmp(operator, "!=");
	int error;

	if ((meta && !strcmp(meta, "l4proto")) ||
	    (protocol && field && (!strcmp(field, "protocol") || !strcmp(field, "nexthdr")))) {
		if (names_udp(right) == is_not)
			rule->is_other = true;
	} else if (protocol && field && !strcmp(field, "dport") &&
		   (!strcmp(protocol, "udp") || !strcmp(protocol, "th"))) {
		error = add_ports(reading, table, right, rule);
		if (error == -ENOMEM)
			return error;
		/* A list without elements fits nothing. */
		if (error)
			rule->is_conditional = true;
		else if (!rule->port_count)
			rule->is_other = !is_not;
		rule->is_negated = is_not;
	} else if (json_object_get(left, "ct") ||
		   (protocol && (!strcmp(protocol, "tcp") || !strncmp(protocol, "icmp", 4) ||
				 !strcmp(protocol, "sctp") || !strcmp(protocol, "dccp")))) {
		/* What belongs to a connection that is known was let in before. */
		rule->is_other = true;
	} else {
		rule->is_conditional = true;
	}
	return 0;
}

/* Notes what a rule does in the end. True: `key` is such a word. */
static bool read_verdict(const char *key, const json_t *value, struct sluice_firewall_rule *rule)
{
	static const struct {
		const char *word;
		enum sluice_firewall_verdict verdict;
	} words[] = {
		{"accept", SLUICE_FIREWALL_ACCEPT}, {"drop", SLUICE_FIREWALL_DROP},
		{"reject", SLUICE_FIREWALL_DROP},   {"jump", SLUICE_FIREWALL_JUMP},
		{"goto", SLUICE_FIREWALL_GOTO},	    {"return", SLUICE_FIREWALL_RETURN},
	};
	const char *target = json_string_value(json_object_get(value, "target"));
	size_t number;

	for (number = 0; number < sizeof(words) / sizeof(words[0]); number++) {
		if (strcmp(key, words[number].word) != 0)
			continue;
		rule->verdict = words[number].verdict;
		if (target && !rule->target)
			rule->target = strdup(target);
		return true;
	}
	return false;
}

/* Reads one rule into its chain. 0 or -ENOMEM. */
static int read_rule(const struct reading *reading, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "chain"));
	struct sluice_firewall_chain *chain;
	struct sluice_firewall_rule rule = {0};
	const json_t *part, *value;
	char table[TABLE_TEXT];
	const char *key;
	size_t number;
	void *place;

	if (!name || !table_of(object, table))
		return 0;
	chain = sluice_firewall_chain_of(reading->firewall, table, name);
	if (!chain)
		return -ENOMEM;
	rule.handle = (uint64_t)json_integer_value(json_object_get(object, "handle"));
	json_array_foreach(json_object_get(object, "expr"), number, part)
	{
		place = json_object_iter((json_t *)part);
		key = place ? json_object_iter_key(place) : "";
		value = place ? json_object_iter_value(place) : NULL;
		if (!strcmp(key, "match")) {
			if (read_match(reading, table, value, &rule)) {
				sluice_firewall_rule_free(&rule);
				return -ENOMEM;
			}
		} else if (!strcmp(key, "xt")) {
			chain->is_foreign = true;
		} else if (!strcmp(key, "limit") || !strcmp(key, "vmap") || !strcmp(key, "quota")) {
			rule.is_conditional = true;
		} else {
			(void)read_verdict(key, value, &rule);
		}
	}
	return sluice_firewall_add_rule(chain, &rule);
}

/* Reads what a chain is. 0 or -ENOMEM. */
static int read_chain(const struct reading *reading, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *hook = json_string_value(json_object_get(object, "hook"));
	const char *policy = json_string_value(json_object_get(object, "policy"));
	struct sluice_firewall_chain *chain;
	char table[TABLE_TEXT];

	if (!name || !table_of(object, table))
		return 0;
	chain = sluice_firewall_chain_of(reading->firewall, table, name);
	if (!chain)
		return -ENOMEM;
	chain->is_base = hook && !strcmp(hook, "input");
	/* iptables makes chains of this name through nf_tables, and shows them better itself. */
	chain->is_foreign = chain->is_foreign || !strcmp(name, "INPUT");
	chain->policy =
		policy && !strcmp(policy, "drop") ? SLUICE_FIREWALL_DROP : SLUICE_FIREWALL_ACCEPT;
	return 0;
}

int sluice_firewall_add_nft(struct sluice_firewall *firewall, const char *text, size_t length)
{
	struct reading reading = {.firewall = firewall};
	const json_t *entry, *object;
	json_t *whole;
	size_t number;
	int error = 0;

	if (!firewall || !text)
		return -EINVAL;
	whole = json_loadb(text, length, 0, NULL);
	reading.list = json_object_get(whole, "nftables");
	if (!json_is_array(reading.list)) {
		json_decref(whole);
		return -EINVAL;
	}
	json_array_foreach(reading.list, number, entry)
	{
		object = json_object_get(entry, "chain");
		if (object)
			error = read_chain(&reading, object);
		object = json_object_get(entry, "rule");
		if (!error && object)
			error = read_rule(&reading, object);
		if (error)
			break;
	}
	json_decref(whole);
	return error;
}
