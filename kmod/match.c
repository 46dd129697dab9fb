// SPDX-License-Identifier: GPL-2.0
/*
 * The table of rules: changing it, and finding out whether two rules could want the same datagram.
 *
 * Called by rule.c, one writer at a time per table; read by the hook through match.h. Touches only
 * the table and the rules it is given.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "match.h"

#define SLOTS (SLUICE_HOOKS * SLUICE_PORTS)

/* What one slot will be. */
struct slot_change {
	unsigned long slot;
	unsigned int place;
};

/**
 * sluice_match_init() - make an empty table
 * @match: what to fill in
 *
 * Return: 0, or -ENOMEM. The caller gives it to sluice_match_free().
 * Context: process, sleeps.
 */
int sluice_match_init(struct sluice_match *match)
{
	match->slots = vzalloc(array_size(SLOTS, sizeof(*match->slots)));
	return match->slots ? 0 : -ENOMEM;
}

/*
 * The rules behind a slot: puts their array into *@rules and returns how many. @single is storage
 * for one.
 */
static unsigned int slot_rules(unsigned long slot, struct sluice_rule **single,
			       struct sluice_rule *const **rules)
{
	if (!slot)
		return 0;
	if (slot & SLUICE_SLOT_CHAIN) {
		struct sluice_chain *chain = (struct sluice_chain *)(slot - SLUICE_SLOT_CHAIN);

		*rules = chain->rules;
		return chain->count;
	}
	*single = (struct sluice_rule *)slot;
	*rules = single;
	return 1;
}

/* The chain behind a slot, NULL if it is none. */
static struct sluice_chain *slot_chain(unsigned long slot)
{
	if (!(slot & SLUICE_SLOT_CHAIN))
		return NULL;
	return (struct sluice_chain *)(slot - SLUICE_SLOT_CHAIN);
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
	for (place = 0; place < SLOTS; place++)
		kfree(slot_chain(match->slots[place]));
	vfree(match->slots);
	match->slots = NULL;
}

/*
 * Works out what @old becomes without @remove and with @add (each may be NULL). Returns 0, or
 * -ENOMEM. A new chain belongs to the caller.
 */
static int slot_build(unsigned long old, const struct sluice_rule *remove, struct sluice_rule *add,
		      unsigned long *result)
{
	struct sluice_rule *single, *const *rules = NULL;
	unsigned int count = slot_rules(old, &single, &rules);
	struct sluice_chain *chain;
	struct sluice_rule *only = add;
	unsigned int kept = add ? 1 : 0;
	unsigned int place;

	for (place = 0; place < count; place++) {
		if (rules[place] == remove)
			continue;
		only = rules[place];
		kept++;
	}
	if (kept <= 1) {
		*result = (unsigned long)only;
		return 0;
	}
	chain = kmalloc(struct_size(chain, rules, kept), GFP_KERNEL_ACCOUNT);
	if (!chain)
		return -ENOMEM;
	chain->count = 0;
	for (place = 0; place < count; place++) {
		if (rules[place] != remove)
			chain->rules[chain->count++] = rules[place];
	}
	if (add)
		chain->rules[chain->count++] = add;
	*result = (unsigned long)chain + SLUICE_SLOT_CHAIN;
	return 0;
}

/* Sets the bits of the rule's slots. */
static void mark_slots(unsigned long *slots, const struct sluice_rule *rule)
{
	unsigned int range;

	for (range = 0; rule && range < rule->range_count; range++)
		bitmap_set(slots, sluice_match_place(rule->hook, rule->ranges[range].first),
			   rule->ranges[range].last - rule->ranges[range].first + 1);
}

/* Puts a new content into a slot. */
static void slot_set(unsigned long *slot, unsigned long content)
{
	struct sluice_chain *old = slot_chain(*slot);

	/* pairs with READ_ONCE() in sluice_match_slot(): the rule is complete before it is found */
	smp_store_release(slot, content);
	if (old)
		kfree_rcu(old, rcu);
}

/**
 * sluice_match_change() - take one rule out of the table and put another one in
 * @match:  the table
 * @remove: the rule to take out, or NULL
 * @add:    the rule to put in, or NULL
 *
 * Everything that can fail is done before the first slot changes. Each datagram finds the old rule
 * or the new one: a datagram looks at one slot at a hook, and a slot changes at once. If they are
 * at different hooks the new one is found at its hook before the old one is not found any more, so
 * that none slips through between the two. Readers may hold @remove for a grace period more.
 *
 * Return: 0, or -ENOMEM with the table unchanged.
 * Context: process, sleeps; one writer at a time.
 */
int sluice_match_change(struct sluice_match *match, struct sluice_rule *remove,
			struct sluice_rule *add)
{
	unsigned long *added, *both;
	struct slot_change *changes = NULL;
	unsigned int count = 0, number;
	unsigned long place;
	int error = -ENOMEM;

	added = bitmap_zalloc(SLOTS, GFP_KERNEL);
	both = bitmap_zalloc(SLOTS, GFP_KERNEL);
	if (!added || !both)
		goto out;
	mark_slots(added, add);
	mark_slots(both, add);
	mark_slots(both, remove);
	changes = kvmalloc_array(bitmap_weight(both, SLOTS) ?: 1, sizeof(*changes), GFP_KERNEL);
	if (!changes)
		goto out;
	for_each_set_bit(place, both, SLOTS) {
		changes[count].place = place;
		error = slot_build(match->slots[place], remove, test_bit(place, added) ? add : NULL,
				   &changes[count].slot);
		if (error)
			goto undo;
		count++;
	}
	for (number = 0; number < count; number++) {
		if (test_bit(changes[number].place, added))
			slot_set(&match->slots[changes[number].place], changes[number].slot);
	}
	/* What passed one hook before this is through with the other after it. */
	if (add && remove && add->hook != remove->hook)
		synchronize_net();
	for (number = 0; number < count; number++) {
		if (!test_bit(changes[number].place, added))
			slot_set(&match->slots[changes[number].place], changes[number].slot);
	}
	error = 0;
	goto out;

undo:
	for (number = 0; number < count; number++)
		kfree(slot_chain(changes[number].slot));
out:
	kvfree(changes);
	bitmap_free(both);
	bitmap_free(added);
	return error;
}

/* True if some address has both prefixes. */
static bool prefixes_overlap(const struct sluice_prefix *one, const struct sluice_prefix *two)
{
	unsigned int word;

	if (!one->family || !two->family)
		return true;
	if (one->family != two->family)
		return false;
	for (word = 0; word < 4; word++) {
		if ((one->address[word] ^ two->address[word]) & one->mask[word] & two->mask[word])
			return false;
	}
	return true;
}

/* True if some datagram, to a port that both have, would match both rules. */
static bool rules_overlap(const struct sluice_rule *one, const struct sluice_rule *two)
{
	if ((one->conditions & two->conditions & SLUICE_IF_FAMILY) && one->family != two->family)
		return false;
	if ((one->conditions & two->conditions & SLUICE_IF_INTERFACE) &&
	    strcmp(one->interface, two->interface))
		return false;
	return prefixes_overlap(&one->destination, &two->destination) &&
	       prefixes_overlap(&one->source, &two->source);
}

/*
 * The rule behind a slot, other than @except, that wants a datagram which @rule wants too; NULL if
 * there is none. *@cleared: one that was found not to, as neighbouring slots mostly have the same.
 */
static struct sluice_rule *slot_clash(unsigned long slot, const struct sluice_rule *rule,
				      const struct sluice_rule *except,
				      const struct sluice_rule **cleared)
{
	struct sluice_rule *single, *const *rules = NULL;
	unsigned int count = slot_rules(slot, &single, &rules);
	unsigned int place;

	for (place = 0; place < count; place++) {
		if (rules[place] == except || rules[place] == *cleared)
			continue;
		if (rules_overlap(rules[place], rule))
			return rules[place];
		*cleared = rules[place];
	}
	return NULL;
}

/**
 * sluice_match_clash() - find a rule that wants a datagram which another rule wants too
 * @match:  the table
 * @rule:   a rule that is to be put in
 * @except: the rule that it replaces, or NULL
 * @port:   out: the first port they quarrel about
 *
 * Return: the rule in the table, or NULL if there is none.
 * Context: process; no writer at the same time.
 */
struct sluice_rule *sluice_match_clash(const struct sluice_match *match,
				       const struct sluice_rule *rule,
				       const struct sluice_rule *except, u16 *port)
{
	const struct sluice_rule *cleared[SLUICE_HOOKS] = { NULL };
	unsigned int range, number, hook, place;
	struct sluice_rule *clash;

	for (range = 0; range < rule->range_count; range++) {
		for (number = rule->ranges[range].first; number <= rule->ranges[range].last;
		     number++) {
			for (hook = 0; hook < SLUICE_HOOKS; hook++) {
				place = sluice_match_place(hook, number);
				clash = slot_clash(match->slots[place], rule, except,
						   &cleared[hook]);
				if (clash) {
					*port = number;
					return clash;
				}
			}
		}
	}
	return NULL;
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
