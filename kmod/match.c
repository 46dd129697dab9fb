// SPDX-License-Identifier: GPL-2.0
/*
 * The table of rules, and what a rule asks for: making and freeing the one, reading prefixes,
 * ranges and conditions of the other. match_change.c changes the table.
 *
 * Called by rule.c and netlink_rule.c; read by the hook through match.h. Touches only the table and
 * the rules it is given.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "match.h"

/**
 * sluice_match_init() - make an empty table
 * @match: what to fill in
 *
 * Return: 0, or -ENOMEM. The caller gives it to sluice_match_free().
 * Context: process, sleeps.
 */
int sluice_match_init(struct sluice_match *match)
{
	match->slots = __vmalloc(array_size(SLUICE_SLOTS, sizeof(*match->slots)),
				 GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return match->slots ? 0 : -ENOMEM;
}

/**
 * sluice_match_free() - free a table that nobody reads any more
 * @match: the table; an all-zero one is allowed
 *
 * Context: process.
 */
void sluice_match_free(struct sluice_match *match)
{
	unsigned int place;

	if (!match->slots)
		return;
	for (place = 0; place < SLUICE_SLOTS; place++)
		kfree(sluice_slot_chain(match->slots[place]));
	vfree(match->slots);
	match->slots = NULL;
}

/**
 * sluice_match_prefix() - fill in a prefix
 * @prefix:  out
 * @address: the address, network byte order
 * @size:    its bytes: 4 or 16
 * @length:  bits of the prefix; -1 for the whole address
 *
 * Bits of the address beyond the length are dropped.
 *
 * Return: 0, or -EINVAL if @size is neither 4 nor 16, or the length is more than the address has.
 * Context: any.
 */
int sluice_match_prefix(struct sluice_prefix *prefix, const void *address, size_t size, int length)
{
	unsigned int word;

	if (size != 4 && size != 16)
		return -EINVAL;
	if (length < 0)
		length = size * 8;
	if (length > (int)size * 8)
		return -EINVAL;
	memset(prefix, 0, sizeof(*prefix));
	prefix->family = size == 4 ? 4 : 6;
	prefix->length = length;
	memcpy(prefix->address, address, size);
	for (word = 0; word < size / 4; word++) {
		int bits = clamp(length - (int)word * 32, 0, 32);

		prefix->mask[word] = bits ? cpu_to_be32(~0U << (32 - bits)) : 0;
		prefix->address[word] &= prefix->mask[word];
	}
	return 0;
}

/* Order of ranges, for sort(). */
static int range_order(const void *one, const void *two)
{
	const struct sluice_port_range *left = one, *right = two;

	return (int)left->first - (int)right->first;
}

/**
 * sluice_match_ranges() - sort port ranges, and join those that touch or overlap
 * @ranges: the ranges, changed in place
 * @count:  in, out: how many
 *
 * Return: false if one is empty (last below first) or contains port 0, which no datagram may be
 * sent to.
 * Context: process.
 */
bool sluice_match_ranges(struct sluice_port_range *ranges, unsigned int *count)
{
	unsigned int range, kept = 0;

	for (range = 0; range < *count; range++) {
		if (!ranges[range].first || ranges[range].last < ranges[range].first)
			return false;
	}
	sort(ranges, *count, sizeof(*ranges), range_order, NULL);
	for (range = 1; range < *count; range++) {
		if ((u32)ranges[range].first <= (u32)ranges[kept].last + 1)
			ranges[kept].last = max(ranges[kept].last, ranges[range].last);
		else
			ranges[++kept] = ranges[range];
	}
	if (*count)
		*count = kept + 1;
	return true;
}

/**
 * sluice_match_prepare() - derive from a rule's prefixes and interface what the hook has to look at
 * @rule: the rule, with prefixes and interface filled in
 *
 * Return: false if no datagram can match it (its prefixes are of different families).
 * Context: any.
 */
bool sluice_match_prepare(struct sluice_rule *rule)
{
	u8 family = rule->destination.family ?: rule->source.family;

	if (rule->destination.family && rule->source.family &&
	    rule->destination.family != rule->source.family)
		return false;
	rule->conditions = 0;
	rule->family = family;
	if (family)
		rule->conditions |= SLUICE_IF_FAMILY;
	if (rule->destination.length)
		rule->conditions |= SLUICE_IF_DESTINATION;
	if (rule->source.length)
		rule->conditions |= SLUICE_IF_SOURCE;
	if (rule->interface[0])
		rule->conditions |= SLUICE_IF_INTERFACE;
	return true;
}
