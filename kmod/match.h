/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which rule a datagram belongs to: a table with one slot per hook and destination port, and the
 * conditions of a rule.
 *
 * Read by the hook under RCU, changed slot by slot by one writer at a time. Knows nothing of
 * packets, rings or netlink.
 */
#ifndef SLUICE_KMOD_MATCH_H
#define SLUICE_KMOD_MATCH_H

#include <linux/compiler.h>
#include <linux/if.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <sluice/netlink.h>

#define SLUICE_PORTS 65536U /* RFC 768: ports are 16 bits */
#define SLUICE_RANGES_MAX 256U
#define SLUICE_HOOK_KINDS (SLUICE_HOOK_XDP + 1U) /* that a rule can name */
#define SLUICE_HOOKS (SLUICE_HOOK_LOCAL_IN + 1U) /* of the stack, with a half of the table each */
#define SLUICE_SLOTS (SLUICE_HOOKS * SLUICE_PORTS)

struct sluice_net;
struct sluice_ring;
struct sluice_route;
struct sluice_rule_change;
struct sluice_tally;
struct sluice_tally_cpu;

/* struct sluice_rule.conditions: what has to be looked at beside the port */
#define SLUICE_IF_FAMILY BIT(0)
#define SLUICE_IF_DESTINATION BIT(1)
#define SLUICE_IF_SOURCE BIT(2)
#define SLUICE_IF_INTERFACE BIT(3)

/**
 * struct sluice_prefix - addresses that begin alike
 * @family:  4, 6, or 0: any address of any family
 * @length:  bits
 * @address: network byte order, bits beyond @length 0; IPv4 in the first word
 * @mask:    the @length first bits
 */
struct sluice_prefix {
	u8 family;
	u8 length;
	__be32 address[4];
	__be32 mask[4];
};

/**
 * struct sluice_rule - which datagrams go where; never changed once it is in the table, but for
 * @ifindex
 * @conditions:  SLUICE_IF_*
 * @verdict:     enum sluice_verdict
 * @family:      4 or 6 with SLUICE_IF_FAMILY
 * @hook:        enum sluice_hook
 * @input:       index for the records
 * @flags:       SLUICE_RULE_F_*
 * @ifindex:     of @interface, 0 while there is none
 * @rings:       the route's rings, by CPU
 * @counters:    the tally's counters, by CPU
 * @destination: where to
 * @source:      where from
 * @guid:        its name for machines
 * @name:        its name for people
 * @interface:   name of the interface, "" for any
 * @route:       owns @rings
 * @tally:       owns @counters
 * @number:      its place in dumps
 * @batching:    enum sluice_batching
 * @retire:      the tally goes with the rule
 * @leaving:     a plan takes it out of the table; for the one writer
 * @change:      of the exchange that is being read, or NULL; under sluice_net.change
 * @sn:          its namespace, for
 * @free_work:   freeing it
 * @hash:        in sluice_net.rules_by_guid
 * @range_count: length of
 * @ranges:      its ports, ascending, disjoint
 */
struct sluice_rule {
	u8 conditions;
	u8 verdict;
	u8 family;
	u8 hook;
	u16 input;
	u32 flags;
	int ifindex;
	struct sluice_ring * __percpu *rings;
	struct sluice_tally_cpu __percpu *counters;
	struct sluice_prefix destination;
	struct sluice_prefix source;

	u8 guid[SLUICE_GUID_SIZE];
	char name[SLUICE_NAME_MAX + 1];
	char interface[IFNAMSIZ];
	struct sluice_route *route;
	struct sluice_tally *tally;
	u32 number;
	u8 batching;
	bool retire;
	bool leaving;
	struct sluice_rule_change *change;
	struct sluice_net *sn;
	struct rcu_work free_work;
	struct hlist_node hash;
	unsigned int range_count;
	struct sluice_port_range ranges[];
};

/**
 * struct sluice_ends - what of a datagram the conditions look at
 * @source:      address, network byte order
 * @destination: likewise
 * @family:      4 or 6
 * @hook:        where it is now, enum sluice_hook
 * @ifindex:     interface it came in by
 */
struct sluice_ends {
	const __be32 *source;
	const __be32 *destination;
	u8 family;
	u8 hook;
	int ifindex;
};

/**
 * struct sluice_chain - several rules of one port
 * @rcu:   frees it
 * @count: length of
 * @rules: of any datagram, one at most is right: overlaps are refused, so the order does not matter
 */
struct sluice_chain {
	struct rcu_head rcu;
	unsigned int count;
	struct sluice_rule *rules[];
};

/**
 * struct sluice_match - the table
 * @slots: by sluice_match_place(): 0, or a struct sluice_rule *, or a struct sluice_chain * + 1
 *
 * 1 MiB, only in namespaces that have rules. One load finds the only rule of a port, whatever the
 * number of rules. One table for all hooks, so that a rule that moves from one to another moves at
 * once and a clash is found whatever the hooks; a hook's part of it costs no instruction to find.
 */
struct sluice_match {
	unsigned long *slots;
};

#define SLUICE_SLOT_CHAIN 1UL

struct sluice_match_plan;

int sluice_match_init(struct sluice_match *match);
void sluice_match_free(struct sluice_match *match);
struct sluice_match_plan *sluice_match_plan(struct sluice_match *match,
					    struct sluice_rule *const *remove, unsigned int removes,
					    struct sluice_rule *const *add, unsigned int adds);
struct sluice_rule *sluice_match_plan_clash(const struct sluice_match_plan *plan,
					    struct sluice_rule **rule, u16 *port);
void sluice_match_plan_make(struct sluice_match_plan *plan);
void sluice_match_plan_drop(struct sluice_match_plan *plan);
int sluice_match_prefix(struct sluice_prefix *prefix, const void *address, size_t size, int length);
bool sluice_match_ranges(struct sluice_port_range *ranges, unsigned int *count);
bool sluice_match_prepare(struct sluice_rule *rule);

/* True if the address at @address, of the prefix' family, begins with the prefix. */
static __always_inline bool sluice_prefix_holds(const struct sluice_prefix *prefix,
						const __be32 *address)
{
	if ((address[0] ^ prefix->address[0]) & prefix->mask[0])
		return false;
	if (prefix->family == 4)
		return true;
	return !(((address[1] ^ prefix->address[1]) & prefix->mask[1]) |
		 ((address[2] ^ prefix->address[2]) & prefix->mask[2]) |
		 ((address[3] ^ prefix->address[3]) & prefix->mask[3]));
}

/* True if a datagram with these ends, to a port of the rule's, belongs to the rule. */
static __always_inline bool sluice_rule_accepts(const struct sluice_rule *rule,
						const struct sluice_ends *ends)
{
	u8 conditions = rule->conditions;

	if ((conditions & SLUICE_IF_FAMILY) && rule->family != ends->family)
		return false;
	if ((conditions & SLUICE_IF_INTERFACE) && READ_ONCE(rule->ifindex) != ends->ifindex)
		return false;
	if ((conditions & SLUICE_IF_DESTINATION) &&
	    !sluice_prefix_holds(&rule->destination, ends->destination))
		return false;
	if ((conditions & SLUICE_IF_SOURCE) && !sluice_prefix_holds(&rule->source, ends->source))
		return false;
	return true;
}

/*
 * The hook of the stack at which a rule is found. What ingress and XDP leave to the stack comes to
 * prerouting, where the same rule has to be, and so they look there as well.
 */
static __always_inline enum sluice_hook sluice_hook_in_stack(enum sluice_hook hook)
{
	return hook == SLUICE_HOOK_LOCAL_IN ? SLUICE_HOOK_LOCAL_IN : SLUICE_HOOK_PREROUTING;
}

/* Where in the table the slot of @port (host byte order) at a hook is. */
static __always_inline unsigned int sluice_match_place(enum sluice_hook hook, u16 port)
{
	return sluice_hook_in_stack(hook) * SLUICE_PORTS + port;
}

/* The chain behind a slot, NULL if it is none. */
static inline struct sluice_chain *sluice_slot_chain(unsigned long slot)
{
	if (!(slot & SLUICE_SLOT_CHAIN))
		return NULL;
	return (struct sluice_chain *)(slot - SLUICE_SLOT_CHAIN);
}

/* The slot of @port (host byte order) at a hook, 0 if no rule has it. Under RCU. */
static __always_inline unsigned long sluice_match_slot(const struct sluice_match *match,
						       enum sluice_hook hook, u16 port)
{
	/* pairs with smp_store_release() in match.c, by address dependency */
	return READ_ONCE(match->slots[sluice_match_place(hook, port)]);
}

/* True if a slot that is not 0 asks for more than the port; else it is the one rule of the port. */
static __always_inline bool sluice_slot_asks(unsigned long slot)
{
	return (slot & SLUICE_SLOT_CHAIN) || ((const struct sluice_rule *)slot)->conditions;
}

/*
 * True if a slot that is not 0 holds one rule, which asks for nothing beside the port but this
 * interface.
 */
static __always_inline bool sluice_slot_is_of(unsigned long slot, int ifindex)
{
	const struct sluice_rule *rule = (const struct sluice_rule *)slot;

	return !(slot & SLUICE_SLOT_CHAIN) && rule->conditions == SLUICE_IF_INTERFACE &&
	       READ_ONCE(rule->ifindex) == ifindex;
}

/* The rule that a datagram to @port (host byte order) with @ends belongs to, or NULL. Under RCU. */
static __always_inline const struct sluice_rule *
sluice_match_find(const struct sluice_match *match, u16 port, const struct sluice_ends *ends)
{
	unsigned long slot = sluice_match_slot(match, ends->hook, port);
	const struct sluice_chain *chain;
	const struct sluice_rule *rule;
	unsigned int place;

	if (!slot)
		return NULL;
	if (likely(!(slot & SLUICE_SLOT_CHAIN))) {
		rule = (const struct sluice_rule *)slot;
		if (rule->conditions && !sluice_rule_accepts(rule, ends))
			return NULL;
		return rule;
	}
	chain = (const struct sluice_chain *)(slot - SLUICE_SLOT_CHAIN);
	for (place = 0; place < chain->count; place++) {
		rule = chain->rules[place];
		if (sluice_rule_accepts(rule, ends))
			return rule;
	}
	return NULL;
}

#endif /* SLUICE_KMOD_MATCH_H */
