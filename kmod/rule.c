// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: putting them into a namespace, replacing and deleting them, their counters, and the
 * interfaces they name.
 *
 * Called by netlink_rule.c, by main.c when a namespace goes, and by the netdevice notifier. Touches
 * the namespace's rules, its table and its hooks.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "sluice.h"

/* The hash bucket of a GUID. There are rules, so there is a table. */
static struct hlist_head *bucket(struct sluice_net *sn, const u8 *guid)
{
	u32 hash = jhash(guid, SLUICE_GUID_SIZE, 0);

	return &sn->rules_by_guid[hash & (BIT(SLUICE_HASH_BITS) - 1)];
}

/**
 * sluice_rule_find() - find a rule
 * @sn:   its namespace
 * @guid: its GUID
 *
 * Return: the rule, valid while the lock is held, or NULL.
 * Context: process, sn->change or sn->lock held.
 */
struct sluice_rule *sluice_rule_find(struct sluice_net *sn, const u8 *guid)
{
	struct sluice_rule *rule;

	if (!sn->rule_count)
		return NULL;
	hlist_for_each_entry(rule, bucket(sn, guid), hash) {
		if (!memcmp(rule->guid, guid, sizeof(rule->guid)))
			return rule;
	}
	return NULL;
}

/**
 * sluice_counts_add() - add counters up
 * @total: where to
 * @more:  what; its owner may be counting meanwhile
 *
 * Context: any.
 */
void sluice_counts_add(struct sluice_counts *total, const struct sluice_counts *more)
{
	unsigned int cause;

	total->stored += READ_ONCE(more->stored);
	total->stored_bytes += READ_ONCE(more->stored_bytes);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		total->lost[cause] += READ_ONCE(more->lost[cause]);
}

/**
 * sluice_counts_matched() - how many datagrams were matched
 * @counts: what became of them
 *
 * Return: stored + the sum of lost: there is no other place where it is counted.
 * Context: any.
 */
u64 sluice_counts_matched(const struct sluice_counts *counts)
{
	u64 matched = counts->stored;
	unsigned int cause;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		matched += counts->lost[cause];
	return matched;
}

/**
 * sluice_rule_count() - the counters of a rule, summed over CPUs
 * @rule:  the rule
 * @total: out
 *
 * Context: process, sn->lock held.
 */
void sluice_rule_count(const struct sluice_rule *rule, struct sluice_counts *total)
{
	unsigned int cpu;

	*total = rule->tally->carry;
	for_each_possible_cpu(cpu)
		sluice_counts_add(total, &per_cpu_ptr(rule->counters, cpu)->counts);
}

/* Moves counters that nobody writes any more to those of the namespace's past. sn->lock held. */
static void tally_retire(struct sluice_net *sn, struct sluice_tally *tally)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sluice_counts_add(per_cpu_ptr(sn->retired, cpu),
				  &per_cpu_ptr(tally->cpu, cpu)->counts);
	list_del_init(&tally->list);
}

/* Frees a rule after a grace period. */
static void rule_free_work(struct work_struct *work)
{
	struct sluice_rule *rule = container_of(to_rcu_work(work), struct sluice_rule, free_work);
	struct sluice_net *sn = rule->sn;

	if (rule->retire) {
		mutex_lock(&sn->lock);
		tally_retire(sn, rule->tally);
		mutex_unlock(&sn->lock);
	}
	sluice_tally_put(rule->tally);
	kvfree(rule);
}

/* Has a rule freed that was just taken out of the table. @retire: its counters go with it. */
static void rule_free_later(struct sluice_net *sn, struct sluice_rule *rule, bool retire)
{
	rule->sn = sn;
	rule->retire = retire;
	INIT_RCU_WORK(&rule->free_work, rule_free_work);
	queue_rcu_work(sluice_workqueue, &rule->free_work);
}

/* Looks up the interface that the rule names. sn->lock held. */
static void rule_resolve(struct sluice_net *sn, struct sluice_rule *rule)
{
	struct net_device *device;
	int ifindex = 0;

	if (!rule->interface[0])
		return;
	rcu_read_lock();
	device = dev_get_by_name_rcu(sn->net, rule->interface);
	/*
	 * It also finds alternative names, of which an interface has several; a rule means the
	 * name.
	 */
	if (device && !strcmp(device->name, rule->interface))
		ifindex = device->ifindex;
	rcu_read_unlock();
	WRITE_ONCE(rule->ifindex, ifindex);
}

/* Makes table and hash for the first rule. 0 or -ENOMEM. */
static int tables_make(struct sluice_net *sn)
{
	int error;

	if (sn->rules_by_guid)
		return 0;
	sn->rules_by_guid = kvcalloc(BIT(SLUICE_HASH_BITS), sizeof(*sn->rules_by_guid),
				     GFP_KERNEL_ACCOUNT);
	if (!sn->rules_by_guid)
		return -ENOMEM;
	error = sluice_match_init(&sn->match);
	if (error) {
		kvfree(sn->rules_by_guid);
		sn->rules_by_guid = NULL;
	}
	return error;
}

/* After the last rule: sees no packets any more, and frees table and hash. sn->change held. */
static void tables_drop(struct sluice_net *sn)
{
	sluice_hook_unregister(sn, true);
	mutex_lock(&sn->lock);
	sluice_match_free(&sn->match);
	kvfree(sn->rules_by_guid);
	sn->rules_by_guid = NULL;
	mutex_unlock(&sn->lock);
}

/*
 * After a change: leaves the hooks that have no rules now, and everything after the last rule.
 * sn->change held.
 */
static void leave_unused(struct sluice_net *sn)
{
	if (sn->rule_count)
		sluice_hook_unregister(sn, false);
	else
		tables_drop(sn);
}

/*
 * Gives the draft its counters: those of the rule it replaces if they go on (same route, same
 * input), else new ones. 0 or -ENOMEM. sn->lock held.
 */
static int rule_take_tally(struct sluice_net *sn, const struct sluice_rule *old,
			   struct sluice_rule *draft)
{
	if (old && old->route == draft->route && old->input == draft->input) {
		draft->tally = old->tally;
		refcount_inc(&draft->tally->references);
	} else {
		draft->tally = sluice_tally_create(draft->input);
		if (!draft->tally)
			return -ENOMEM;
		list_add_tail(&draft->tally->list, &sn->tallies);
	}
	draft->counters = draft->tally->cpu;
	draft->rings = draft->route->rings;
	return 0;
}

/* Undoes rule_take_tally(). sn->lock held. */
static void rule_leave_tally(const struct sluice_rule *old, struct sluice_rule *draft)
{
	if (!old || old->tally != draft->tally)
		list_del(&draft->tally->list);
	sluice_tally_put(draft->tally);
	draft->tally = NULL;
}

/* Takes a rule out of everything but the table. sn->lock held. */
static void rule_unlink(struct sluice_net *sn, struct sluice_rule *rule)
{
	hlist_del(&rule->hash);
	rule->route->rules--;
	sn->hooks[sluice_hook_in_stack(rule->hook)].rules--;
	sn->ingress_rules -= rule->hook == SLUICE_HOOK_INGRESS;
	sn->batching_rules -= rule->batching != SLUICE_BATCHING_OFF;
	if (rule->interface[0])
		sn->named_rules--;
}

/* Puts a rule into everything but the table. sn->lock held. */
static void rule_link(struct sluice_net *sn, struct sluice_rule *rule)
{
	hlist_add_head(&rule->hash, bucket(sn, rule->guid));
	rule->route->rules++;
	sn->hooks[sluice_hook_in_stack(rule->hook)].rules++;
	sn->ingress_rules += rule->hook == SLUICE_HOOK_INGRESS;
	sn->batching_rules += rule->batching != SLUICE_BATCHING_OFF;
	if (rule->interface[0])
		sn->named_rules++;
	sn->generation++;
}

/*
 * Puts the draft in place of @old, or beside the others if that is NULL. sn->change and sn->lock
 * held.
 */
static int rule_install(struct sluice_net *sn, struct sluice_rule *old, struct sluice_rule *draft,
			struct sluice_rule **clash, u16 *port)
{
	int error;

	*clash = sluice_match_clash(&sn->match, draft, old, port);
	if (*clash)
		return -EEXIST;
	error = rule_take_tally(sn, old, draft);
	if (error)
		return error;
	if (old)
		draft->number = old->number;
	else
		error = xa_alloc_cyclic(&sn->rules, &draft->number, draft, xa_limit_31b,
					&sn->next_rule, GFP_KERNEL_ACCOUNT);
	if (error < 0)
		goto leave_tally;
	rule_resolve(sn, draft);
	error = sluice_match_change(&sn->match, old, draft);
	if (error)
		goto erase;

	if (old) {
		rule_unlink(sn, old);
		/* Cannot fail: the entry is there. */
		xa_store(&sn->rules, draft->number, draft, GFP_KERNEL);
		if (old->tally != draft->tally) {
			/* Nobody counts for the old one after this, so its sum is final. */
			synchronize_net();
			sluice_rule_count(old, &draft->tally->carry);
			tally_retire(sn, old->tally);
		}
		rule_free_later(sn, old, false);
	} else {
		sn->rule_count++;
	}
	rule_link(sn, draft);
	return 0;

erase:
	if (!old)
		xa_erase(&sn->rules, draft->number);
leave_tally:
	rule_leave_tally(old, draft);
	return error;
}

/**
 * sluice_rule_set() - make a rule, or replace one
 * @sn:    the namespace
 * @old:   the rule with the same GUID, or NULL
 * @draft: the new one: conditions, ranges, route and all; not yet in the table
 * @clash: out: with -EEXIST, the rule that wants the same datagrams
 * @port:  out: with -EEXIST, to this port
 *
 * A replaced rule's counters go on. Losses that no GAP told of yet are told under its old input, in
 * its old route.
 *
 * Return: 0: the namespace owns @draft now, and @old is gone; else @draft is still the caller's and
 * nothing changed: -EEXIST, -ENOMEM, or what registering the hooks returned.
 * Context: process, sleeps, sn->change held.
 */
int sluice_rule_set(struct sluice_net *sn, struct sluice_rule *old, struct sluice_rule *draft,
		    struct sluice_rule **clash, u16 *port)
{
	bool batching = sn->batching_rules, ingress = sn->ingress_rules;
	int error;

	*clash = NULL;
	error = tables_make(sn);
	if (error)
		return error;
	/* The hooks find an empty table until the rule is in. */
	error = sluice_hook_register(sn, sluice_hook_in_stack(draft->hook));
	if (!error) {
		mutex_lock(&sn->lock);
		error = rule_install(sn, old, draft, clash, port);
		mutex_unlock(&sn->lock);
	}
	if (ingress || sn->ingress_rules)
		sluice_ingress_update(sn);
	leave_unused(sn);
	if (batching || sn->batching_rules)
		sluice_batching_update(sn);
	return error;
}

/* True if two prefixes are the same. */
static bool prefix_is_same(const struct sluice_prefix *one, const struct sluice_prefix *two)
{
	return one->family == two->family && one->length == two->length &&
	       !memcmp(one->address, two->address, sizeof(one->address));
}

/**
 * sluice_rule_is_same() - whether replacing one rule by the other would change anything
 * @one: a rule
 * @two: another
 *
 * Return: true if not.
 * Context: any.
 */
bool sluice_rule_is_same(const struct sluice_rule *one, const struct sluice_rule *two)
{
	return one->route == two->route && one->input == two->input &&
	       one->verdict == two->verdict && one->flags == two->flags &&
	       one->hook == two->hook && one->batching == two->batching &&
	       one->range_count == two->range_count &&
	       !memcmp(one->ranges, two->ranges, one->range_count * sizeof(one->ranges[0])) &&
	       prefix_is_same(&one->destination, &two->destination) &&
	       prefix_is_same(&one->source, &two->source) && !strcmp(one->name, two->name) &&
	       !strcmp(one->interface, two->interface);
}

/**
 * sluice_rule_delete() - delete a rule
 * @sn:   its namespace
 * @rule: the rule; gone after success
 *
 * Return: 0 or -ENOMEM.
 * Context: process, sleeps, sn->change held.
 */
int sluice_rule_delete(struct sluice_net *sn, struct sluice_rule *rule)
{
	bool batching = rule->batching != SLUICE_BATCHING_OFF;
	bool ingress = rule->hook == SLUICE_HOOK_INGRESS;
	int error;

	mutex_lock(&sn->lock);
	error = sluice_match_change(&sn->match, rule, NULL);
	if (!error) {
		rule_unlink(sn, rule);
		xa_erase(&sn->rules, rule->number);
		sn->rule_count--;
		sn->generation++;
		rule_free_later(sn, rule, true);
	}
	mutex_unlock(&sn->lock);
	if (ingress)
		sluice_ingress_update(sn);
	leave_unused(sn);
	if (batching)
		sluice_batching_update(sn);
	return error;
}

/**
 * sluice_rule_delete_all() - delete all rules of a namespace and wait until they are freed
 * @sn: the namespace
 *
 * Context: process, sleeps, sn->change held.
 */
void sluice_rule_delete_all(struct sluice_net *sn)
{
	bool batching = sn->batching_rules, ingress = sn->ingress_rules;
	struct sluice_rule *rule;
	unsigned long number;

	if (!sn->next_rule && !sn->rule_count)
		return; /* there never was one */
	sluice_hook_unregister(sn, true);
	mutex_lock(&sn->lock);
	xa_for_each(&sn->rules, number, rule) {
		rule_unlink(sn, rule);
		xa_erase(&sn->rules, number);
		sn->rule_count--;
		rule_free_later(sn, rule, true);
	}
	mutex_unlock(&sn->lock);
	if (ingress)
		sluice_ingress_update(sn);
	tables_drop(sn);
	if (batching)
		sluice_batching_update(sn);
	/* The work of rules deleted earlier may still wait for its grace period. */
	rcu_barrier();
	flush_workqueue(sluice_workqueue);
}

/*
 * An interface came, went or got another name: rules that name one look again. So do their
 * ingress hooks and receive batching, that also when the interface's features changed. RTNL held.
 */
static int interface_event(struct notifier_block *block, unsigned long event, void *pointer)
{
	struct net_device *device = netdev_notifier_info_to_dev(pointer);
	struct sluice_net *sn = sluice_net_of(dev_net(device));
	struct sluice_rule *rule;
	unsigned long number;
	bool is_named;

	if (event != NETDEV_REGISTER && event != NETDEV_UNREGISTER && event != NETDEV_CHANGENAME &&
	    event != NETDEV_FEAT_CHANGE)
		return NOTIFY_DONE;
	/* Held from when a rule looks for its interface until it is counted: none is missed. */
	mutex_lock(&sn->lock);
	is_named = sn->named_rules;
	if (is_named && event != NETDEV_FEAT_CHANGE) {
		xa_for_each(&sn->rules, number, rule)
			rule_resolve(sn, rule);
	}
	mutex_unlock(&sn->lock);
	/* A setting or a hook of ours may be there for a moment longer than the last rule. */
	if (!is_named && list_empty(&sn->batches) && list_empty(&sn->ingresses))
		return NOTIFY_DONE;
	sluice_batching_look(sn, device, event == NETDEV_UNREGISTER);
	sluice_ingress_look(sn, device, event == NETDEV_UNREGISTER);
	return NOTIFY_DONE;
}

static struct notifier_block interface_notifier = {
	.notifier_call = interface_event,
};

/**
 * sluice_rule_init() - follow interfaces
 *
 * Return: 0 or a negative errno.
 * Context: process, module load.
 */
int sluice_rule_init(void)
{
	return register_netdevice_notifier(&interface_notifier);
}

/**
 * sluice_rule_exit() - undo sluice_rule_init()
 *
 * Context: process, module unload.
 */
void sluice_rule_exit(void)
{
	unregister_netdevice_notifier(&interface_notifier);
}
