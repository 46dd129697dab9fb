// SPDX-License-Identifier: GPL-2.0
/*
 * Changing the table of rules: any number of rules go and come in one step, which is worked out
 * first (a plan) and then made or dropped; and finding out whether two rules could want the same
 * datagram.
 *
 * Called by rule.c, one writer at a time per table. Touches only the table and the rules it is
 * given.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "match.h"

/**
 * struct plan_slot - what becomes of one slot
 * @content: what it will hold
 * @bridge:  what it holds in between: @content, and behind that what leaves; 0: what it holds now
 * @place:   which one
 * @members: rules that @content has room for
 * @leaves:  some rule goes from here
 * @comes:   some rule comes here
 */
struct plan_slot {
	unsigned long content;
	unsigned long bridge;
	unsigned int place;
	unsigned int members;
	bool leaves;
	bool comes;
};

/**
 * struct sluice_match_plan - a change of the table that has been worked out and not been made yet
 * @match:   the table
 * @remove:  rules that go, the caller's
 * @add:     rules that come, the caller's
 * @removes: how many
 * @adds:    how many
 * @bridged: rules of several hooks change: what passes one while they do must be found at the other
 * @touched: bit for each slot that changes
 * @count:   how many these are
 * @slots:   they, by place
 */
struct sluice_match_plan {
	struct sluice_match *match;
	struct sluice_rule *const *remove;
	struct sluice_rule *const *add;
	unsigned int removes;
	unsigned int adds;
	bool bridged;
	unsigned long *touched;
	unsigned int count;
	struct plan_slot *slots;
};

/*
 * The rules behind a slot: puts their array into *@rules and returns how many. @single is storage
 * for one.
 */
static unsigned int slot_rules(unsigned long slot, struct sluice_rule **single,
			       struct sluice_rule *const **rules)
{
	struct sluice_chain *chain = sluice_slot_chain(slot);

	if (!slot)
		return 0;
	if (chain) {
		*rules = chain->rules;
		return chain->count;
	}
	*single = (struct sluice_rule *)slot;
	*rules = single;
	return 1;
}

/* Puts a new content into a slot. */
static void slot_set(unsigned long *slot, unsigned long content)
{
	struct sluice_chain *old = sluice_slot_chain(*slot);

	/* pairs with READ_ONCE() in sluice_match_slot(): the rule is complete before it is found */
	smp_store_release(slot, content);
	if (old)
		kfree_rcu(old, rcu);
}

/* Sets the bits of the slots of @count rules. */
static void mark_slots(unsigned long *touched, struct sluice_rule *const *rules, unsigned int count)
{
	const struct sluice_port_range *range;
	unsigned int number, each;

	for (number = 0; number < count; number++) {
		for (each = 0; each < rules[number]->range_count; each++) {
			range = &rules[number]->ranges[each];
			bitmap_set(touched, sluice_match_place(rules[number]->hook, range->first),
				   range->last - range->first + 1);
		}
	}
}

/* The plan's entry for the slot at @place, which it touches. Those of neighbours are neighbours. */
static struct plan_slot *plan_slot(const struct sluice_match_plan *plan, unsigned int place)
{
	unsigned int low = 0, high = plan->count - 1;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (plan->slots[middle].place < place)
			low = middle + 1;
		else
			high = middle;
	}
	return &plan->slots[low];
}

/* What the slot at @place will hold. */
static unsigned long plan_content(const struct sluice_match_plan *plan, unsigned int place)
{
	if (!test_bit(place, plan->touched))
		return plan->match->slots[place];
	return plan_slot(plan, place)->content;
}

/* An empty chain for @members rules as the content of a slot; 0: no memory. */
static unsigned long chain_make(unsigned int members)
{
	struct sluice_chain *chain =
		kmalloc(struct_size(chain, rules, members), GFP_KERNEL_ACCOUNT);

	if (!chain)
		return 0;
	chain->count = 0;
	return (unsigned long)chain + SLUICE_SLOT_CHAIN;
}

/* Puts a rule into a content that has room for it. */
static void content_add(unsigned long *content, struct sluice_rule *rule)
{
	struct sluice_chain *chain = sluice_slot_chain(*content);

	if (chain)
		chain->rules[chain->count++] = rule;
	else
		*content = (unsigned long)rule;
}

/* Begins an entry of the plan: how many of its rules stay, and that some go. */
static void slot_begin(struct plan_slot *slot, unsigned long now, unsigned int place)
{
	struct sluice_rule *single, *const *rules = NULL;
	unsigned int count = slot_rules(now, &single, &rules), number;

	memset(slot, 0, sizeof(*slot));
	slot->place = place;
	for (number = 0; number < count; number++) {
		if (rules[number]->leaving)
			slot->leaves = true;
		else
			slot->members++;
	}
}

/* Makes room for all rules of an entry and puts those in that stay. 0 or -ENOMEM. */
static int slot_keep(struct plan_slot *slot, unsigned long now)
{
	struct sluice_rule *single, *const *rules = NULL;
	unsigned int count = slot_rules(now, &single, &rules), number;

	if (slot->members > 1) {
		slot->content = chain_make(slot->members);
		if (!slot->content)
			return -ENOMEM;
	}
	for (number = 0; number < count; number++) {
		if (!rules[number]->leaving)
			content_add(&slot->content, rules[number]);
	}
	return 0;
}

/*
 * Makes what an entry holds in between, if rules come and go there: what comes first, then what
 * goes, of which a datagram finds what it finds no successor for. 0 or -ENOMEM.
 */
static int slot_bridge(struct plan_slot *slot, unsigned long now)
{
	struct sluice_rule *single, *const *rules = NULL;
	unsigned int count, number;

	if (!slot->leaves || !slot->comes)
		return 0;
	slot->bridge = chain_make(slot->members + slot_rules(now, &single, &rules));
	if (!slot->bridge)
		return -ENOMEM;
	count = slot_rules(slot->content, &single, &rules);
	for (number = 0; number < count; number++)
		content_add(&slot->bridge, rules[number]);
	count = slot_rules(now, &single, &rules);
	for (number = 0; number < count; number++) {
		if (rules[number]->leaving)
			content_add(&slot->bridge, rules[number]);
	}
	return 0;
}

/* Counts the rules that come at each slot, or with @put puts them in. */
static void plan_come(struct sluice_match_plan *plan, bool put)
{
	const struct sluice_port_range *range;
	unsigned int number, each, port;
	struct plan_slot *slot;

	for (number = 0; number < plan->adds; number++) {
		struct sluice_rule *rule = plan->add[number];

		for (each = 0; each < rule->range_count; each++) {
			range = &rule->ranges[each];
			slot = plan_slot(plan, sluice_match_place(rule->hook, range->first));
			for (port = range->first; port <= range->last; port++, slot++) {
				slot->comes = true;
				if (put)
					content_add(&slot->content, rule);
				else
					slot->members++;
			}
		}
		cond_resched();
	}
}

/* Works out all slots. 0 or -ENOMEM. */
static int plan_work_out(struct sluice_match_plan *plan)
{
	unsigned long *slots = plan->match->slots, place;
	unsigned int number, hooks = 0;
	int error;

	for (number = 0; number < plan->removes; number++)
		hooks |= BIT(sluice_hook_in_stack(plan->remove[number]->hook));
	for (number = 0; number < plan->adds; number++)
		hooks |= BIT(sluice_hook_in_stack(plan->add[number]->hook));
	plan->bridged = plan->removes && plan->adds && hweight32(hooks) > 1;
	mark_slots(plan->touched, plan->remove, plan->removes);
	mark_slots(plan->touched, plan->add, plan->adds);
	number = bitmap_weight(plan->touched, SLUICE_SLOTS);
	plan->slots = kvmalloc_array(number ?: 1, sizeof(*plan->slots), GFP_KERNEL_ACCOUNT);
	if (!plan->slots)
		return -ENOMEM;
	for_each_set_bit(place, plan->touched, SLUICE_SLOTS)
		slot_begin(&plan->slots[plan->count++], slots[place], place);
	plan_come(plan, false);
	for (number = 0; number < plan->count; number++) {
		error = slot_keep(&plan->slots[number], slots[plan->slots[number].place]);
		if (error)
			return error;
		if (!(number % 1024))
			cond_resched();
	}
	plan_come(plan, true);
	for (number = 0; plan->bridged && number < plan->count; number++) {
		error = slot_bridge(&plan->slots[number], slots[plan->slots[number].place]);
		if (error)
			return error;
	}
	return 0;
}

/* Frees a plan, but for the contents of slots, and takes its marks off the rules. */
static void plan_free(struct sluice_match_plan *plan)
{
	unsigned int number;

	for (number = 0; number < plan->removes; number++)
		plan->remove[number]->leaving = false;
	kvfree(plan->slots);
	bitmap_free(plan->touched);
	kfree(plan);
}

/**
 * sluice_match_plan() - work out a change of the table
 * @match:   the table
 * @remove:  rules in it that go
 * @removes: how many
 * @add:     rules that come, none of which is in it
 * @adds:    how many
 *
 * Everything that can fail is done here.
 *
 * Return: the plan, for the caller to sluice_match_plan_make() or sluice_match_plan_drop() before
 * anything else changes the table, the lists or their rules; ERR_PTR(-ENOMEM).
 * Context: process, sleeps; one writer at a time.
 */
struct sluice_match_plan *sluice_match_plan(struct sluice_match *match,
					    struct sluice_rule *const *remove, unsigned int removes,
					    struct sluice_rule *const *add, unsigned int adds)
{
	struct sluice_match_plan *plan = kzalloc(sizeof(*plan), GFP_KERNEL_ACCOUNT);
	unsigned int number;

	if (!plan)
		return ERR_PTR(-ENOMEM);
	plan->match = match;
	plan->remove = remove;
	plan->removes = removes;
	plan->add = add;
	plan->adds = adds;
	for (number = 0; number < removes; number++)
		remove[number]->leaving = true;
	plan->touched = bitmap_zalloc(SLUICE_SLOTS, GFP_KERNEL_ACCOUNT);
	if (plan->touched && !plan_work_out(plan))
		return plan;
	sluice_match_plan_drop(plan);
	return ERR_PTR(-ENOMEM);
}

/**
 * sluice_match_plan_drop() - give a plan up
 * @plan: the plan; freed. The table is as it was.
 *
 * Context: process; the one writer.
 */
void sluice_match_plan_drop(struct sluice_match_plan *plan)
{
	unsigned int number;

	for (number = 0; number < plan->count; number++) {
		kfree(sluice_slot_chain(plan->slots[number].content));
		kfree(sluice_slot_chain(plan->slots[number].bridge));
	}
	plan_free(plan);
}

/**
 * sluice_match_plan_make() - make the change that was worked out
 * @plan: the plan; freed
 *
 * A datagram looks at one slot at a hook, and a slot changes at once: each datagram finds a rule of
 * those before or of those after. If rules of several hooks change, one that would have been taken
 * at the second hook before and is to be taken at the first now may pass both in the moment
 * between. So the rules that go are found until everything has passed that was on its way when
 * those that come were there.
 *
 * Readers may hold the rules that went for a grace period more.
 *
 * Context: process, sleeps; the one writer.
 */
void sluice_match_plan_make(struct sluice_match_plan *plan)
{
	struct plan_slot *slot = plan->slots, *end = plan->slots + plan->count;
	unsigned long *slots = plan->match->slots;

	for (; slot < end; slot++) {
		if (!plan->bridged || !slot->leaves)
			slot_set(&slots[slot->place], slot->content);
		else if (slot->bridge)
			slot_set(&slots[slot->place], slot->bridge);
	}
	if (plan->bridged) {
		synchronize_net();
		for (slot = plan->slots; slot < end; slot++) {
			if (slot->leaves)
				slot_set(&slots[slot->place], slot->content);
		}
	}
	plan_free(plan);
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
 * The rule behind a content that wants a datagram which @rule, another one, wants too; NULL if
 * there is none. *@cleared: one that was found not to, as neighbouring slots mostly have the same.
 */
static struct sluice_rule *content_clash(unsigned long content, const struct sluice_rule *rule,
					 const struct sluice_rule **cleared)
{
	struct sluice_rule *single, *const *rules = NULL;
	unsigned int count = slot_rules(content, &single, &rules);
	unsigned int place;

	for (place = 0; place < count; place++) {
		if (rules[place] == rule || rules[place] == *cleared)
			continue;
		if (rules_overlap(rules[place], rule))
			return rules[place];
		*cleared = rules[place];
	}
	return NULL;
}

/* The rule that clashes with @rule in the table as it will be, or NULL; *@port: the first port. */
static struct sluice_rule *rule_clash(const struct sluice_match_plan *plan,
				      const struct sluice_rule *rule, u16 *port)
{
	const struct sluice_rule *cleared[SLUICE_HOOKS] = { NULL };
	unsigned int range, number, hook;
	struct sluice_rule *clash;
	unsigned long content;

	for (range = 0; range < rule->range_count; range++) {
		for (number = rule->ranges[range].first; number <= rule->ranges[range].last;
		     number++) {
			for (hook = 0; hook < SLUICE_HOOKS; hook++) {
				content = plan_content(plan, sluice_match_place(hook, number));
				clash = content_clash(content, rule, &cleared[hook]);
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
 * sluice_match_plan_clash() - find two rules that would want the same datagram after the change
 * @plan: the change
 * @rule: out: the first of the rules that come which is one of them
 * @port: out: the first port they quarrel about
 *
 * Return: the other rule; NULL if there are no two such.
 * Context: process; the one writer.
 */
struct sluice_rule *sluice_match_plan_clash(const struct sluice_match_plan *plan,
					    struct sluice_rule **rule, u16 *port)
{
	struct sluice_rule *clash = NULL;
	unsigned int number;

	for (number = 0; !clash && number < plan->adds; number++) {
		*rule = plan->add[number];
		clash = rule_clash(plan, *rule, port);
		cond_resched();
	}
	return clash;
}
