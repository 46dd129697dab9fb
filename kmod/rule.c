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

/* Has a rule freed that was just taken out of the table, with its counters if it retires them. */
static void rule_free_later(struct sluice_rule *rule)
{
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
 * Gives the draft its counters: those of the rule that it goes on for if they can be the same (same
 * route, same input), else new ones. 0 or -ENOMEM. sn->lock held.
 */
static int rule_take_tally(struct sluice_net *sn, const struct sluice_rule *before,
			   struct sluice_rule *draft)
{
	if (before && before->route == draft->route && before->input == draft->input) {
		draft->tally = before->tally;
		refcount_inc(&draft->tally->references);
	} else {
		draft->tally = sluice_tally_create(draft->input);
		if (!draft->tally)
			return -ENOMEM;
		list_add_tail(&draft->tally->list, &sn->tallies);
	}
	draft->counters = draft->tally->cpu;
	draft->rings = draft->route->rings;
	draft->sn = sn;
	return 0;
}

/* Undoes rule_take_tally(). sn->lock held. */
static void rule_leave_tally(const struct sluice_rule *before, struct sluice_rule *draft)
{
	if (!before || before->tally != draft->tally)
		list_del(&draft->tally->list);
	sluice_tally_put(draft->tally);
	draft->tally = NULL;
}

/* How many ports a rule has. */
static unsigned int rule_ports(const struct sluice_rule *rule)
{
	unsigned int range, ports = 0;

	for (range = 0; range < rule->range_count; range++)
		ports += rule->ranges[range].last - rule->ranges[range].first + 1;
	return ports;
}

/* Takes a rule out of everything but the table. sn->lock held. */
static void rule_unlink(struct sluice_net *sn, struct sluice_rule *rule)
{
	hlist_del(&rule->hash);
	sn->port_count -= rule_ports(rule);
	rule->route->rules--;
	sn->hooks[sluice_hook_in_stack(rule->hook)].rules--;
	sn->hook_rules[rule->hook]--;
	sn->batching_rules -= rule->batching != SLUICE_BATCHING_OFF;
	if (rule->interface[0])
		sn->named_rules--;
}

/* Puts a rule into everything but the table. sn->lock held. */
static void rule_link(struct sluice_net *sn, struct sluice_rule *rule)
{
	hlist_add_head(&rule->hash, bucket(sn, rule->guid));
	sn->port_count += rule_ports(rule);
	rule->route->rules++;
	sn->hooks[sluice_hook_in_stack(rule->hook)].rules++;
	sn->hook_rules[rule->hook]++;
	sn->batching_rules += rule->batching != SLUICE_BATCHING_OFF;
	if (rule->interface[0])
		sn->named_rules++;
}

/* Gives the rule that a change brings what it needs in the table. 0 or -ENOMEM. sn->lock held. */
static int change_begin(struct sluice_net *sn, const struct sluice_rule_change *change)
{
	struct sluice_rule *draft = change->draft;
	int error;

	if (!draft)
		return 0;
	error = rule_take_tally(sn, change->before, draft);
	if (error)
		return error;
	if (change->old)
		draft->number = change->old->number;
	else
		error = xa_alloc_cyclic(&sn->rules, &draft->number, draft, xa_limit_31b,
					&sn->next_rule, GFP_KERNEL_ACCOUNT);
	if (error < 0) {
		rule_leave_tally(change->before, draft);
		return error;
	}
	rule_resolve(sn, draft);
	return 0;
}

/* Undoes change_begin(). sn->lock held. */
static void change_undo(struct sluice_net *sn, const struct sluice_rule_change *change)
{
	if (!change->draft)
		return;
	if (!change->old)
		xa_erase(&sn->rules, change->draft->number);
	rule_leave_tally(change->before, change->draft);
}

/* Takes over into the lists what the table has already. sn->lock held. */
static void change_end(struct sluice_net *sn, const struct sluice_rule_change *change)
{
	if (change->old) {
		rule_unlink(sn, change->old);
		change->old->retire = true;
		sn->rule_count--;
	}
	if (change->old && change->draft)
		/* Cannot fail: the entry is there. */
		xa_store(&sn->rules, change->draft->number, change->draft, GFP_KERNEL);
	else if (change->old)
		xa_erase(&sn->rules, change->old->number);
	if (change->draft) {
		rule_link(sn, change->draft);
		sn->rule_count++;
	}
	sn->generation++;
}

/*
 * Carries the counters over from the rules that go to those that go on for them, and has the former
 * freed. sn->lock held.
 */
static void changes_settle(struct sluice_net *sn, const struct sluice_rule_change *changes,
			   unsigned int count)
{
	const struct sluice_rule_change *change, *end = changes + count;
	bool carries = false;

	for (change = changes; change < end; change++) {
		if (!change->before)
			continue;
		change->before->retire = false;
		carries |= change->before->tally != change->draft->tally;
	}
	/* Nobody counts for the old ones after this, so their sums are final. */
	if (carries)
		synchronize_net();
	for (change = changes; change < end; change++) {
		if (!change->before || change->before->tally == change->draft->tally)
			continue;
		sluice_rule_count(change->before, &change->draft->tally->carry);
		tally_retire(sn, change->before->tally);
	}
	for (change = changes; change < end; change++) {
		if (change->old)
			rule_free_later(change->old);
	}
}

/*
 * Makes the changes that @plan worked out for the table; the plan is consumed. sn->change and
 * sn->lock held. 0, or a negative errno with nothing changed.
 */
static int exchange(struct sluice_net *sn, const struct sluice_rule_change *changes,
		    unsigned int count, struct sluice_match_plan *plan,
		    struct sluice_rule_clash *clash)
{
	unsigned int done;
	int error = -EEXIST;

	clash->other = sluice_match_plan_clash(plan, &clash->rule, &clash->port);
	if (clash->other)
		goto drop;
	for (done = 0; done < count; done++) {
		error = change_begin(sn, &changes[done]);
		if (error)
			goto undo;
	}
	sluice_match_plan_make(plan);
	for (done = 0; done < count; done++)
		change_end(sn, &changes[done]);
	changes_settle(sn, changes, count);
	return 0;

undo:
	while (done--)
		change_undo(sn, &changes[done]);
drop:
	sluice_match_plan_drop(plan);
	return error;
}

/* True if the namespace may have what it has after the changes; what brings nothing may be. */
static bool changes_are_allowed(const struct sluice_net *sn,
				const struct sluice_rule_change *changes, unsigned int count)
{
	u64 rules = sn->rule_count, ports = sn->port_count;
	unsigned int number;
	bool any = false;

	for (number = 0; number < count; number++) {
		if (changes[number].old) {
			rules--;
			ports -= rule_ports(changes[number].old);
		}
		if (changes[number].draft) {
			any = true;
			rules++;
			ports += rule_ports(changes[number].draft);
		}
	}
	return !any || sluice_quota_allows(sn, rules, ports);
}

/* Works the changes out and makes them. sn->change held. 0 or a negative errno. */
static int plan_and_exchange(struct sluice_net *sn, const struct sluice_rule_change *changes,
			     unsigned int count, struct sluice_rule_clash *clash)
{
	struct sluice_rule **remove, **add;
	unsigned int number, removes = 0, adds = 0;
	struct sluice_match_plan *plan;
	int error;

	remove = kvmalloc_array(count, 2 * sizeof(*remove), GFP_KERNEL_ACCOUNT);
	if (!remove)
		return -ENOMEM;
	add = remove + count;
	for (number = 0; number < count; number++) {
		if (changes[number].old)
			remove[removes++] = changes[number].old;
		if (changes[number].draft)
			add[adds++] = changes[number].draft;
	}
	mutex_lock(&sn->lock);
	plan = sluice_match_plan(&sn->match, remove, removes, add, adds);
	error = PTR_ERR_OR_ZERO(plan);
	if (!error)
		error = exchange(sn, changes, count, plan, clash);
	mutex_unlock(&sn->lock);
	kvfree(remove);
	return error;
}

/**
 * sluice_rule_exchange() - make, replace and delete rules, all in one step or none
 * @sn:      the namespace
 * @changes: what becomes of each; their drafts have conditions, ranges, route and all
 * @count:   how many, at least one
 * @clash:   out: with -EEXIST, the two rules that would want the same datagrams
 *
 * A datagram finds the rules before or the rules after. Counters go on where a change says so; the
 * rule they come from goes in the same step, and goes on in one other only. Losses that no GAP told
 * of yet are told under the old input, in the old route.
 *
 * Return: 0: the namespace owns the drafts now, and the old rules are gone; else the drafts are
 * still the caller's and nothing changed: -EEXIST, -EDQUOT, -ENOMEM, or what registering the hooks
 * returned.
 * Context: process, sleeps, sn->change held.
 */
int sluice_rule_exchange(struct sluice_net *sn, const struct sluice_rule_change *changes,
			 unsigned int count, struct sluice_rule_clash *clash)
{
	unsigned long hooks = sluice_hook_used(sn);
	bool batching = sn->batching_rules;
	const struct sluice_rule *draft;
	unsigned int number;
	int error;

	memset(clash, 0, sizeof(*clash));
	if (!changes_are_allowed(sn, changes, count))
		return -EDQUOT;
	error = tables_make(sn);
	if (error)
		return error;
	/* The hooks find the table as it is until the rules are in. */
	for (number = 0; !error && number < count; number++) {
		draft = changes[number].draft;
		if (draft)
			error = sluice_hook_register(sn, sluice_hook_in_stack(draft->hook));
	}
	if (!error)
		error = plan_and_exchange(sn, changes, count, clash);
	sluice_hook_update(sn, hooks);
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
 * sluice_rule_delete_all() - delete all rules of a namespace and wait until they are freed
 * @sn: the namespace
 *
 * Context: process, sleeps, sn->change held.
 */
void sluice_rule_delete_all(struct sluice_net *sn)
{
	unsigned long hooks = sluice_hook_used(sn);
	bool batching = sn->batching_rules;
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
		rule->retire = true;
		rule_free_later(rule);
	}
	mutex_unlock(&sn->lock);
	sluice_hook_update(sn, hooks);
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
	if (!is_named && list_empty(&sn->batches) && list_empty(&sn->ingresses) &&
	    list_empty(&sn->xdps))
		return NOTIFY_DONE;
	sluice_batching_look(sn, device, event == NETDEV_UNREGISTER);
	sluice_hook_look(sn, device, event == NETDEV_UNREGISTER);
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
