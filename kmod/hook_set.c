// SPDX-License-Identifier: GPL-2.0
/*
 * Which hooks there are, a row for each, and registering them in a namespace while rules are at
 * them.
 *
 * A hook is its file with the functions that the stack calls, a row here, and its half of the table
 * of rules (sluice_hook_in_stack(), match.h). Called by rule.c and, for what a rule may not wish,
 * by netlink_rule.c. Touches the hooks of a namespace and of its interfaces.
 */
#include <linux/kernel.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include "sluice.h"

/**
 * struct hook_row - a hook that a rule can name
 * @functions: what it registers in the stack; NULL: its rules are in another one's half of the
 *             table as well, which registers
 * @update:    make what it registers elsewhere what the rules of a namespace want; NULL: nothing
 * @look:      the same for one interface, which may be leaving; true: something was taken away
 * @refuse:    0, or a negative errno with a sentence: a rule cannot be at it; NULL: any can
 */
struct hook_row {
	const struct nf_hook_ops *functions;
	void (*update)(struct sluice_net *sn);
	bool (*look)(struct sluice_net *sn, struct net_device *device, bool leaves);
	int (*refuse)(struct genl_info *info, const struct nlattr *attribute,
		      const struct sluice_rule *draft);
};

static const struct hook_row rows[SLUICE_HOOK_KINDS] = {
	[SLUICE_HOOK_PREROUTING] = { .functions = sluice_hook_prerouting },
	[SLUICE_HOOK_LOCAL_IN] = { .functions = sluice_hook_local_in },
	[SLUICE_HOOK_INGRESS] = { .update = sluice_ingress_update, .look = sluice_ingress_look,
				  .refuse = sluice_ingress_refuse },
	[SLUICE_HOOK_XDP] = { .update = sluice_xdp_update, .look = sluice_xdp_look,
			      .refuse = sluice_xdp_refuse },
};

/**
 * sluice_hook_init() - prepare the hooks of a namespace
 * @sn: the namespace's state
 *
 * Context: process.
 */
void sluice_hook_init(struct sluice_net *sn)
{
	const struct nf_hook_ops *function;
	struct sluice_hook_set *set;
	unsigned int hook;

	for (hook = 0; hook < ARRAY_SIZE(rows); hook++) {
		if (!rows[hook].functions)
			continue;
		set = &sn->hooks[sluice_hook_in_stack(hook)];
		for (function = rows[hook].functions;
		     function->hook && set->count < ARRAY_SIZE(set->functions); function++) {
			set->functions[set->count] = *function;
			set->functions[set->count++].priv = sn;
		}
	}
}

/**
 * sluice_hook_register() - begin to see the namespace's packets at a hook, whole ones
 * @sn:   the namespace's state, its table in place
 * @hook: which one
 *
 * Reassembly is asked for at both: the stack itself reassembles IPv6 only behind local-in.
 *
 * Return: 0 or a negative errno, with nothing left behind.
 * Context: process, sleeps; sn->change held, sn->lock not (registering takes the CPU hotplug lock).
 */
int sluice_hook_register(struct sluice_net *sn, enum sluice_hook hook)
{
	struct sluice_hook_set *set = &sn->hooks[hook];
	int error;

	if (set->registered)
		return 0;
	error = nf_defrag_ipv4_enable(sn->net);
	if (error)
		return error;
	error = nf_defrag_ipv6_enable(sn->net);
	if (error)
		goto disable_ipv4;
	error = nf_register_net_hooks(sn->net, set->functions, set->count);
	if (error)
		goto disable_ipv6;
	set->registered = true;
	return 0;

disable_ipv6:
	nf_defrag_ipv6_disable(sn->net);
disable_ipv4:
	nf_defrag_ipv4_disable(sn->net);
	return error;
}

/**
 * sluice_hook_unregister() - see no packets any more
 * @sn:  the namespace's state
 * @all: at any hook; else only at those that have no rules
 *
 * When it returns no such hook is running and none will.
 *
 * Context: process, sleeps; as for sluice_hook_register().
 */
void sluice_hook_unregister(struct sluice_net *sn, bool all)
{
	bool any = false;
	unsigned int hook;

	for (hook = 0; hook < SLUICE_HOOKS; hook++) {
		struct sluice_hook_set *set = &sn->hooks[hook];

		if (!set->registered || (set->rules && !all))
			continue;
		nf_unregister_net_hooks(sn->net, set->functions, set->count);
		nf_defrag_ipv6_disable(sn->net);
		nf_defrag_ipv4_disable(sn->net);
		set->registered = false;
		any = true;
	}
	if (any)
		synchronize_net();
}

/**
 * sluice_hook_update() - after a change of rules, make what hooks registered what the rules want
 * @sn:     the namespace
 * @before: bits of the hooks that had rules before it: sluice_hook_used()
 *
 * When it returns no hook is running that was taken away.
 *
 * Context: process, sleeps; sn->change held, neither RTNL nor sn->lock.
 */
void sluice_hook_update(struct sluice_net *sn, unsigned long before)
{
	unsigned int hook;

	for (hook = 0; hook < ARRAY_SIZE(rows); hook++) {
		if (rows[hook].update && (sn->hook_rules[hook] || before & BIT(hook)))
			rows[hook].update(sn);
	}
}

/**
 * sluice_hook_used() - which hooks have rules
 * @sn: the namespace
 *
 * Return: a bit for each, by enum sluice_hook.
 * Context: process, sn->change held.
 */
unsigned long sluice_hook_used(const struct sluice_net *sn)
{
	unsigned long used = 0;
	unsigned int hook;

	for (hook = 0; hook < ARRAY_SIZE(rows); hook++)
		used |= sn->hook_rules[hook] ? BIT(hook) : 0;
	return used;
}

/**
 * sluice_hook_look() - an interface came, went or changed: so do the hooks of it
 * @sn:     its namespace
 * @device: the interface
 * @leaves: it is leaving the namespace
 *
 * Context: process, RTNL held, sn->lock not.
 */
void sluice_hook_look(struct sluice_net *sn, struct net_device *device, bool leaves)
{
	unsigned int hook;

	for (hook = 0; hook < ARRAY_SIZE(rows); hook++) {
		if (rows[hook].look)
			rows[hook].look(sn, device, leaves);
	}
}

/**
 * sluice_hook_refuse() - whether a rule cannot be at the hook that it names
 * @info:      the request
 * @attribute: the hook
 * @draft:     the rule, its hook, verdict and interface read
 *
 * Return: 0, or a negative errno with a sentence.
 * Context: process.
 */
int sluice_hook_refuse(struct genl_info *info, const struct nlattr *attribute,
		       const struct sluice_rule *draft)
{
	return rows[draft->hook].refuse ? rows[draft->hook].refuse(info, attribute, draft) : 0;
}
