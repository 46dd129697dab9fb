// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: RULES_EXCHANGE, any number of rules made, changed and deleted in one step.
 *
 * The schema is uapi/sluice/netlink.h. One message holds all of it: the kernel handles it whole or
 * not at all, whatever becomes of the sender meanwhile. The rules are read by netlink_rule.c and
 * exchanged by rule.c.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <net/netlink.h>
#include "netlink.h"

/**
 * struct exchange - a request that is being read
 * @sn:         the namespace
 * @info:       the request
 * @changes:    what becomes of each rule
 * @by_guid:    room for as many pointers, for looking through the drafts
 * @count:      how many changes
 * @attributes: of the rule that is being read
 */
struct exchange {
	struct sluice_net *sn;
	struct genl_info *info;
	struct sluice_rule_change *changes;
	const struct sluice_rule **by_guid;
	unsigned int count;
	struct nlattr *attributes[SLUICE_RULE_LAST + 1];
};

/* How many rules the request names. */
static unsigned int named_rules(struct genl_info *info)
{
	const struct nlattr *attribute;
	unsigned int count = 0;
	int rest;

	nlmsg_for_each_attr(attribute, info->nlhdr, GENL_HDRLEN, rest)
		count += nla_type(attribute) == SLUICE_A_RULE ||
			 nla_type(attribute) == SLUICE_A_RULE_GONE;
	return count;
}

/*
 * Notes that @rule goes with @change. False, and the request is refused: something else is said of
 * it already.
 */
static bool claim(struct exchange *exchange, const struct nlattr *attribute,
		  struct sluice_rule *rule, struct sluice_rule_change *change)
{
	if (rule->change) {
		sluice_refuse(exchange->info, attribute,
			      "rule \"%s\" (%pUb) is named twice; an exchange says once what becomes of a rule",
			      rule->name, rule->guid);
		return false;
	}
	rule->change = change;
	change->old = rule;
	return true;
}

/* Reads which rules go. 0 or -EINVAL with a sentence. */
static int read_gone(struct exchange *exchange)
{
	const struct nlattr *attribute;
	struct sluice_rule *rule;
	int rest;

	nlmsg_for_each_attr(attribute, exchange->info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attribute) != SLUICE_A_RULE_GONE)
			continue;
		rule = sluice_rule_find(exchange->sn, nla_data(attribute));
		if (!rule)
			continue;
		if (!claim(exchange, attribute, rule, &exchange->changes[exchange->count]))
			return -EINVAL;
		exchange->count++;
	}
	return 0;
}

/* Finds the rule whose counters go on in that of @change. 0 or -EINVAL with a sentence. */
static int read_continues(struct exchange *exchange, struct sluice_rule_change *change)
{
	const struct nlattr *attribute = exchange->attributes[SLUICE_A_RULE_CONTINUES];
	struct sluice_rule *before;

	change->before = change->old;
	if (!attribute)
		return 0;
	if (change->old) {
		sluice_refuse(exchange->info, attribute,
			      "rule \"%s\" (%pUb) is there already and goes on with its own counters",
			      change->old->name, change->old->guid);
		return -EINVAL;
	}
	before = sluice_rule_find(exchange->sn, nla_data(attribute));
	if (!before)
		return 0;
	if (!before->change || before->change->draft) {
		sluice_refuse(exchange->info, attribute,
			      "rule \"%s\" is to continue rule \"%s\" (%pUb), which does not go",
			      change->draft->name, before->name, before->guid);
		return -EINVAL;
	}
	if (before->change->continued) {
		sluice_refuse(exchange->info, attribute,
			      "rule \"%s\" is to continue rule \"%s\" (%pUb), whose counters go on in another one already",
			      change->draft->name, before->name, before->guid);
		return -EINVAL;
	}
	before->change->continued = true;
	change->before = before;
	return 0;
}

/* Reads which rules come. 0 or a negative errno with a sentence. */
static int read_rules(struct exchange *exchange)
{
	struct genl_info *info = exchange->info;
	struct sluice_rule_change *change;
	const struct nlattr *attribute;
	struct sluice_rule *old;
	int rest, error;

	nlmsg_for_each_attr(attribute, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attribute) != SLUICE_A_RULE)
			continue;
		error = nla_parse_nested(exchange->attributes, SLUICE_RULE_LAST, attribute,
					 sluice_rule_policy, info->extack);
		if (error)
			return error;
		change = &exchange->changes[exchange->count];
		change->draft = sluice_rule_draft(exchange->sn, info, exchange->attributes, &error);
		if (!change->draft)
			return error;
		exchange->count++;
		old = sluice_rule_find(exchange->sn, change->draft->guid);
		if (old && !claim(exchange, attribute, old, change))
			return -EINVAL;
		error = read_continues(exchange, change);
		if (error)
			return error;
		cond_resched();
	}
	return 0;
}

/* Order by GUID, for sort(). */
static int guid_order(const void *one, const void *two)
{
	const struct sluice_rule *const *left = one, *const *right = two;

	return memcmp((*left)->guid, (*right)->guid, SLUICE_GUID_SIZE);
}

/* Looks for two rules that come with the same GUID. 0 or -EINVAL with a sentence. */
static int check_guids(struct exchange *exchange)
{
	unsigned int number, drafts = 0;

	for (number = 0; number < exchange->count; number++) {
		if (exchange->changes[number].draft)
			exchange->by_guid[drafts++] = exchange->changes[number].draft;
	}
	sort(exchange->by_guid, drafts, sizeof(exchange->by_guid[0]), guid_order, NULL);
	for (number = 1; number < drafts; number++) {
		if (guid_order(&exchange->by_guid[number - 1], &exchange->by_guid[number]))
			continue;
		sluice_refuse(exchange->info, NULL,
			      "rule \"%s\" and rule \"%s\" have the same id %pUb",
			      exchange->by_guid[number - 1]->name, exchange->by_guid[number]->name,
			      exchange->by_guid[number]->guid);
		return -EINVAL;
	}
	return 0;
}

/*
 * Takes out the changes that change nothing, and checks how many rules there will be. 0, or -ENOSPC
 * with a sentence.
 */
static int keep_real_changes(struct exchange *exchange)
{
	unsigned int number, kept = 0, rules = exchange->sn->rule_count;

	for (number = 0; number < exchange->count; number++) {
		struct sluice_rule_change change = exchange->changes[number];

		if (change.old)
			change.old->change = NULL;
		if (change.old && change.draft && sluice_rule_is_same(change.old, change.draft)) {
			kvfree(change.draft);
			continue;
		}
		rules += !!change.draft - !!change.old;
		exchange->changes[kept++] = change;
	}
	exchange->count = kept;
	if (rules > SLUICE_RULES_MAX && rules > exchange->sn->rule_count) {
		sluice_refuse(exchange->info, NULL,
			      "there would be %u rules, and no more than %u are allowed", rules,
			      SLUICE_RULES_MAX);
		return -ENOSPC;
	}
	return 0;
}

/* Makes the changes and tells of them. 0 or a negative errno with a sentence. */
static int make_changes(struct exchange *exchange)
{
	struct sluice_rule_change *changes = exchange->changes;
	struct genl_info *info = exchange->info;
	struct sluice_rule_clash clash;
	struct sk_buff_head messages;
	struct sk_buff *message;
	unsigned int number;
	int error;

	__skb_queue_head_init(&messages);
	for (number = 0; number < exchange->count; number++) {
		if (changes[number].draft)
			continue;
		message = sluice_rule_notification(info, SLUICE_CMD_RULE_DEL, changes[number].old);
		if (message)
			__skb_queue_tail(&messages, message);
	}
	error = sluice_rule_exchange(exchange->sn, changes, exchange->count, &clash);
	if (error) {
		sluice_rule_explain(info, "the rules", &clash, error);
		__skb_queue_purge(&messages);
		return error;
	}
	while ((message = __skb_dequeue(&messages)))
		sluice_notify(message, info);
	for (number = 0; number < exchange->count; number++) {
		if (!changes[number].draft)
			continue;
		message =
			sluice_rule_notification(info, SLUICE_CMD_RULE_SET, changes[number].draft);
		if (message)
			sluice_notify(message, info);
	}
	return 0;
}

/* Gives up what was read. */
static void drop_drafts(struct exchange *exchange)
{
	unsigned int number;

	for (number = 0; number < exchange->count; number++) {
		if (exchange->changes[number].old)
			exchange->changes[number].old->change = NULL;
		kvfree(exchange->changes[number].draft);
	}
}

/*
 * Reads the request and does what it says. sn->change held. 0 or a negative errno with a sentence.
 */
static int exchange_rules(struct exchange *exchange)
{
	int error;

	error = read_gone(exchange);
	if (!error)
		error = read_rules(exchange);
	if (!error)
		error = check_guids(exchange);
	if (!error)
		error = keep_real_changes(exchange);
	if (!error && exchange->count)
		error = make_changes(exchange);
	if (error)
		drop_drafts(exchange);
	return error;
}

/**
 * sluice_rules_exchange_doit() - RULES_EXCHANGE
 * @skb:  the request
 * @info: the request
 *
 * Return: 0 or a negative errno as uapi/sluice/netlink.h says, with a sentence.
 * Context: process, genl mutex held.
 */
int sluice_rules_exchange_doit(struct sk_buff *skb, struct genl_info *info)
{
	unsigned int most = named_rules(info);
	struct exchange *exchange;
	int error = -ENOMEM;

	if (!most) {
		sluice_refuse(info, NULL, "the exchange names no rule: neither RULE nor RULE_GONE");
		return -EINVAL;
	}
	exchange = kzalloc(sizeof(*exchange), GFP_KERNEL_ACCOUNT);
	if (!exchange)
		return -ENOMEM;
	exchange->sn = sluice_net_of(genl_info_net(info));
	exchange->info = info;
	exchange->changes = kvcalloc(most, sizeof(*exchange->changes), GFP_KERNEL_ACCOUNT);
	exchange->by_guid = kvcalloc(most, sizeof(*exchange->by_guid), GFP_KERNEL_ACCOUNT);
	if (exchange->changes && exchange->by_guid) {
		mutex_lock(&exchange->sn->change);
		error = exchange_rules(exchange);
		mutex_unlock(&exchange->sn->change);
	} else {
		sluice_refuse(info, NULL, "there is no memory for a change of %u rules", most);
	}
	kvfree(exchange->by_guid);
	kvfree(exchange->changes);
	kfree(exchange);
	return error;
}
