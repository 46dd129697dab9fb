// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: rules. From attributes to a rule and back.
 *
 * The schema is uapi/sluice/netlink.h. Handlers run one at a time (genl mutex). Touches rules
 * through rule.c.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/netlink.h>
#include "netlink.h"

/* The policy lets pass as many ports as a rule has room for. */
static_assert(SLUICE_RANGES_MAX * sizeof(struct sluice_port_range) == SLUICE_RULE_PORTS_SIZE);

/* Puts a prefix into a message. 0 or -EMSGSIZE. */
static int put_prefix(struct sk_buff *skb, int attribute, int length_attribute,
		      const struct sluice_prefix *prefix)
{
	if (!prefix->family)
		return 0;
	if (nla_put(skb, attribute, prefix->family == 4 ? 4 : 16, prefix->address) ||
	    nla_put_u8(skb, length_attribute, prefix->length))
		return -EMSGSIZE;
	return 0;
}

/* Puts a rule into a message. 0 or -EMSGSIZE. sn->change or sn->lock held. */
static int put_rule(struct sk_buff *skb, const struct sluice_rule *rule)
{
	struct sluice_counts counts;

	sluice_rule_count(rule, &counts);
	if (nla_put(skb, SLUICE_A_RULE_ID, sizeof(rule->guid), rule->guid) ||
	    nla_put_string(skb, SLUICE_A_RULE_NAME, rule->name) ||
	    nla_put(skb, SLUICE_A_RULE_ROUTE, sizeof(rule->route->guid), rule->route->guid) ||
	    nla_put_u16(skb, SLUICE_A_RULE_INPUT, rule->input) ||
	    nla_put(skb, SLUICE_A_RULE_PORTS, rule->range_count * sizeof(rule->ranges[0]),
		    rule->ranges) ||
	    put_prefix(skb, SLUICE_A_RULE_DESTINATION, SLUICE_A_RULE_DESTINATION_LEN,
		       &rule->destination) ||
	    put_prefix(skb, SLUICE_A_RULE_SOURCE, SLUICE_A_RULE_SOURCE_LEN, &rule->source) ||
	    (rule->interface[0] &&
	     nla_put_string(skb, SLUICE_A_RULE_INTERFACE, rule->interface)) ||
	    nla_put_u8(skb, SLUICE_A_RULE_VERDICT, rule->verdict) ||
	    nla_put_u32(skb, SLUICE_A_RULE_FLAGS, rule->flags) ||
	    nla_put_u8(skb, SLUICE_A_RULE_HOOK, rule->hook) ||
	    nla_put_u8(skb, SLUICE_A_RULE_BATCHING, rule->batching))
		return -EMSGSIZE;
	return sluice_put_counts(skb, SLUICE_A_RULE_COUNTERS, &counts, NULL);
}

/**
 * sluice_rule_notification() - build the notification of a change while the rule is there
 * @info:    the request
 * @command: RULE_SET or RULE_DEL
 * @rule:    the rule
 *
 * Return: the message, for sluice_notify() or nlmsg_free(); NULL if nobody wants it, or no memory.
 * Context: process, sn->change held.
 */
struct sk_buff *sluice_rule_notification(struct genl_info *info, u8 command,
					 const struct sluice_rule *rule)
{
	struct sk_buff *message;
	void *header;

	if (!sluice_event_wanted(info))
		return NULL;
	message = sluice_message(info, command, &header, true);
	if (!message)
		return NULL;
	if (put_rule(message, rule)) {
		nlmsg_free(message);
		return NULL;
	}
	genlmsg_end(message, header);
	return message;
}

/* Reads the ports into the draft. 0, or -EINVAL with a sentence. */
static int parse_ports(struct genl_info *info, struct nlattr **attributes,
		       struct sluice_rule *draft)
{
	struct nlattr *ports = attributes[SLUICE_A_RULE_PORTS];

	memcpy(draft->ranges, nla_data(ports), nla_len(ports));
	draft->range_count = nla_len(ports) / sizeof(draft->ranges[0]);
	if (!sluice_match_ranges(draft->ranges, &draft->range_count)) {
		sluice_refuse(info, ports,
			      "a port range of rule \"%s\" contains port 0 or ends before it begins",
			      draft->name);
		return -EINVAL;
	}
	return 0;
}

/*
 * Reads whether the interface, which has been read, shall batch. 0, or a negative errno with a
 * sentence.
 */
static int parse_batching(struct genl_info *info, struct nlattr **attributes,
			  struct sluice_rule *draft)
{
	struct nlattr *batching = attributes[SLUICE_A_RULE_BATCHING];

	if (!batching)
		return 0;
	draft->batching = nla_get_u8(batching);
	if (draft->batching == SLUICE_BATCHING_OFF)
		return 0;
	if (!draft->interface[0]) {
		sluice_refuse(info, batching,
			      "rule \"%s\" wants receive batching but names no interface that should do it",
			      draft->name);
		return -EINVAL;
	}
	if (!NETIF_F_GRO_UDP_FWD && draft->batching == SLUICE_BATCHING_ON) {
		sluice_refuse(info, batching,
			      "rule \"%s\" wants receive batching, which this kernel cannot do for UDP (since 5.12)",
			      draft->name);
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Reads where the datagrams shall be taken; verdict and interface have been read. 0, or a negative
 * errno with a sentence.
 */
static int parse_hook(struct genl_info *info, struct nlattr **attributes, struct sluice_rule *draft)
{
	struct nlattr *hook = attributes[SLUICE_A_RULE_HOOK];

	if (!hook)
		return 0;
	draft->hook = nla_get_u8(hook);
	return sluice_hook_refuse(info, hook, draft);
}

/* Reads an address and its prefix length. 0, or -EINVAL with a sentence. */
static int parse_prefix(struct genl_info *info, const struct nlattr *address,
			const struct nlattr *length, const char *what, struct sluice_prefix *prefix)
{
	if (!address) {
		if (!length)
			return 0;
		sluice_refuse(info, length, "a %s prefix length without a %s address", what, what);
		return -EINVAL;
	}
	if (nla_len(address) != 4 && nla_len(address) != 16) {
		sluice_refuse(info, address,
			      "a %s address has 4 bytes (IPv4) or 16 (IPv6), not %d", what,
			      nla_len(address));
		return -EINVAL;
	}
	if (sluice_match_prefix(prefix, nla_data(address), nla_len(address),
				length ? nla_get_u8(length) : -1)) {
		sluice_refuse(info, length,
			      "a %s prefix of %u bits is longer than its address of %d", what,
			      nla_get_u8(length), nla_len(address) * 8);
		return -EINVAL;
	}
	return 0;
}

/*
 * Reads what the request says about a rule into the zeroed draft. 0, or a negative errno with a
 * sentence.
 */
static int parse_rule(struct sluice_net *sn, struct genl_info *info, struct nlattr **attributes,
		      struct sluice_rule *draft)
{
	int error;

	memcpy(draft->guid, nla_data(attributes[SLUICE_A_RULE_ID]), sizeof(draft->guid));
	if (attributes[SLUICE_A_RULE_NAME]) {
		if (!sluice_name_is_fit(info, attributes[SLUICE_A_RULE_NAME]))
			return -EINVAL;
		nla_strscpy(draft->name, attributes[SLUICE_A_RULE_NAME], sizeof(draft->name));
	}
	draft->route = sluice_route_find(sn, nla_data(attributes[SLUICE_A_RULE_ROUTE]));
	if (!draft->route) {
		sluice_refuse(info, attributes[SLUICE_A_RULE_ROUTE],
			      "rule \"%s\" points to route %pUb, which does not exist in this network namespace",
			      draft->name, nla_data(attributes[SLUICE_A_RULE_ROUTE]));
		return -ENOENT;
	}
	draft->input = nla_get_u16(attributes[SLUICE_A_RULE_INPUT]);
	if (attributes[SLUICE_A_RULE_VERDICT])
		draft->verdict = nla_get_u8(attributes[SLUICE_A_RULE_VERDICT]);
	if (attributes[SLUICE_A_RULE_FLAGS])
		draft->flags = nla_get_u32(attributes[SLUICE_A_RULE_FLAGS]);
	if (attributes[SLUICE_A_RULE_INTERFACE]) {
		if (!sluice_name_is_fit(info, attributes[SLUICE_A_RULE_INTERFACE]))
			return -EINVAL;
		nla_strscpy(draft->interface, attributes[SLUICE_A_RULE_INTERFACE],
			    sizeof(draft->interface));
	}
	error = parse_hook(info, attributes, draft);
	if (!error)
		error = parse_batching(info, attributes, draft);
	if (!error)
		error = parse_ports(info, attributes, draft);
	if (!error)
		error = parse_prefix(info, attributes[SLUICE_A_RULE_DESTINATION],
				     attributes[SLUICE_A_RULE_DESTINATION_LEN], "destination",
				     &draft->destination);
	if (!error)
		error = parse_prefix(info, attributes[SLUICE_A_RULE_SOURCE],
				     attributes[SLUICE_A_RULE_SOURCE_LEN], "source",
				     &draft->source);
	if (!error && !sluice_match_prepare(draft)) {
		sluice_refuse(info, attributes[SLUICE_A_RULE_SOURCE],
			      "the source and the destination of rule \"%s\" are of different families: no datagram can match it",
			      draft->name);
		error = -EINVAL;
	}
	return error;
}

/* True if all attributes are there that a rule must have; else the request is refused. */
static bool rule_is_complete(struct genl_info *info, struct nlattr **attributes)
{
	static const struct {
		int attribute;
		const char *name;
	} needed[] = {
		{ SLUICE_A_RULE_ID, "RULE_ID" },
		{ SLUICE_A_RULE_ROUTE, "RULE_ROUTE" },
		{ SLUICE_A_RULE_INPUT, "RULE_INPUT" },
		{ SLUICE_A_RULE_PORTS, "RULE_PORTS" },
	};
	const struct nlattr *ports = attributes[SLUICE_A_RULE_PORTS];
	unsigned int place;

	for (place = 0; place < ARRAY_SIZE(needed); place++) {
		if (!attributes[needed[place].attribute]) {
			sluice_refuse(info, NULL, "the attribute %s is missing",
				      needed[place].name);
			return false;
		}
	}
	if (!nla_len(ports) || nla_len(ports) % sizeof(struct sluice_port_range)) {
		sluice_refuse(info, ports,
			      "RULE_PORTS has %d bytes; it is a list of 1 to %u ranges of %zu bytes",
			      nla_len(ports), SLUICE_RANGES_MAX, sizeof(struct sluice_port_range));
		return false;
	}
	return true;
}

/**
 * sluice_rule_draft() - read a rule
 * @sn:         its namespace
 * @info:       the request
 * @attributes: what the request says of this rule
 * @error:      out: with NULL, a negative errno; the request is refused with a sentence
 *
 * Return: the rule, not in the table yet, for the caller to kvfree() or sluice_rule_exchange().
 * Context: process, sn->change held.
 */
struct sluice_rule *sluice_rule_draft(struct sluice_net *sn, struct genl_info *info,
				      struct nlattr **attributes, int *error)
{
	struct sluice_rule *draft;
	unsigned int ranges;

	*error = -EINVAL;
	if (!rule_is_complete(info, attributes))
		return NULL;
	*error = -ENOMEM;
	ranges = nla_len(attributes[SLUICE_A_RULE_PORTS]) / sizeof(draft->ranges[0]);
	draft = kvzalloc(struct_size(draft, ranges, ranges), GFP_KERNEL_ACCOUNT);
	if (!draft) {
		sluice_refuse(info, NULL, "there is no memory for a rule");
		return NULL;
	}
	*error = parse_rule(sn, info, attributes, draft);
	if (*error) {
		kvfree(draft);
		return NULL;
	}
	return draft;
}

/**
 * sluice_rule_explain() - say why sluice_rule_exchange() refused
 * @info:  the request
 * @name:  of the rule, or "the rules"
 * @clash: what it gave
 * @error: what it returned
 *
 * Context: process, sn->change held.
 */
void sluice_rule_explain(struct genl_info *info, const char *name,
			 const struct sluice_rule_clash *clash, int error)
{
	if (clash->other)
		sluice_refuse(info, info->attrs[SLUICE_A_RULE_PORTS],
			      "rule \"%s\" (%pUb) and rule \"%s\" (%pUb) both match datagrams to port %u; change the ports, addresses or interface of one of them",
			      clash->rule->name, clash->rule->guid, clash->other->name,
			      clash->other->guid, clash->port);
	else if (error == -ENOMEM)
		sluice_refuse(info, NULL, "there is no memory for %s", name);
	else if (error == -EDQUOT)
		sluice_refuse(info, NULL,
			      "a network namespace that does not belong to the initial user namespace may have %u rules, with %u ports in all; too many with %s",
			      SLUICE_QUOTA_RULES, SLUICE_QUOTA_PORTS, name);
	else
		sluice_refuse(info, NULL,
			      "the netfilter hooks could not be registered for %s (error %d)", name,
			      error);
}

/*
 * Puts the complete request into the namespace. sn->change held. 0 or a negative errno with a
 * sentence.
 */
static int set_rule(struct sluice_net *sn, struct genl_info *info)
{
	const struct nlattr *guid = info->attrs[SLUICE_A_RULE_ID];
	u16 flags = info->nlhdr->nlmsg_flags;
	struct sluice_rule_change change = {};
	struct sluice_rule_clash clash;
	struct sk_buff *message;
	int error;

	change.old = guid ? sluice_rule_find(sn, nla_data(guid)) : NULL;
	change.before = change.old;
	if (guid && !change.old && !(flags & NLM_F_CREATE)) {
		sluice_refuse(info, guid, "there is no rule %pUb in this network namespace",
			      nla_data(guid));
		return -ENOENT;
	}
	if (change.old && flags & NLM_F_EXCL) {
		sluice_refuse(info, guid, "rule %pUb exists already, as \"%s\"", change.old->guid,
			      change.old->name);
		return -EEXIST;
	}
	if (!change.old && sn->rule_count >= SLUICE_RULES_MAX) {
		sluice_refuse(info, NULL, "there are %u rules already, and no more are allowed",
			      sn->rule_count);
		return -ENOSPC;
	}
	change.draft = sluice_rule_draft(sn, info, info->attrs, &error);
	if (!change.draft)
		return error;
	if (change.old && sluice_rule_is_same(change.old, change.draft))
		goto free;
	error = sluice_rule_exchange(sn, &change, 1, &clash);
	if (error) {
		sluice_rule_explain(info, change.draft->name, &clash, error);
		goto free;
	}
	message = sluice_rule_notification(info, SLUICE_CMD_RULE_SET, change.draft);
	if (message)
		sluice_notify(message, info);
	return 0;

free:
	kvfree(change.draft);
	return error;
}

/**
 * sluice_rule_set_doit() - RULE_SET
 * @skb:  the request
 * @info: the request
 *
 * Return: 0 or a negative errno as uapi/sluice/netlink.h says, with a sentence.
 * Context: process, genl mutex held.
 */
int sluice_rule_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sluice_net *sn = sluice_net_of(genl_info_net(info));
	int error;

	mutex_lock(&sn->change);
	error = set_rule(sn, info);
	mutex_unlock(&sn->change);
	return error;
}

/* The rule that the request names, or NULL with *@error and a sentence. sn->change held. */
static struct sluice_rule *named_rule(struct sluice_net *sn, struct genl_info *info, int *error)
{
	const struct nlattr *guid = info->attrs[SLUICE_A_RULE_ID];
	struct sluice_rule *rule;

	if (!guid) {
		sluice_refuse(info, NULL, "the attribute RULE_ID is missing");
		*error = -EINVAL;
		return NULL;
	}
	rule = sluice_rule_find(sn, nla_data(guid));
	if (!rule) {
		sluice_refuse(info, guid, "there is no rule %pUb in this network namespace",
			      nla_data(guid));
		*error = -ENOENT;
	}
	return rule;
}

/**
 * sluice_rule_del_doit() - RULE_DEL
 * @skb:  the request
 * @info: the request
 *
 * Return: 0 or a negative errno with a sentence.
 * Context: process, genl mutex held.
 */
int sluice_rule_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sluice_net *sn = sluice_net_of(genl_info_net(info));
	struct sluice_rule_change change = {};
	struct sluice_rule_clash clash;
	struct sk_buff *message;
	int error = 0;

	mutex_lock(&sn->change);
	change.old = named_rule(sn, info, &error);
	if (!change.old)
		goto unlock;
	message = sluice_rule_notification(info, SLUICE_CMD_RULE_DEL, change.old);
	error = sluice_rule_exchange(sn, &change, 1, &clash);
	if (error) {
		sluice_refuse(info, NULL,
			      "there is no memory to take rule \"%s\" out of its ports' lists",
			      change.old->name);
		nlmsg_free(message);
	} else if (message) {
		sluice_notify(message, info);
	}
unlock:
	mutex_unlock(&sn->change);
	return error;
}

/**
 * sluice_rule_get_doit() - RULE_GET of one
 * @skb:  the request
 * @info: the request
 *
 * Return: 0 or a negative errno with a sentence.
 * Context: process, genl mutex held.
 */
int sluice_rule_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sluice_net *sn = sluice_net_of(genl_info_net(info));
	struct sluice_rule *rule;
	struct sk_buff *message;
	void *header;
	int error = 0;

	mutex_lock(&sn->change);
	rule = named_rule(sn, info, &error);
	if (rule) {
		message = sluice_message(info, SLUICE_CMD_RULE_GET, &header, false);
		error = message ? sluice_reply(message, header, info, put_rule(message, rule)) :
				  -ENOMEM;
	}
	mutex_unlock(&sn->change);
	return error;
}

/**
 * sluice_rule_get_dumpit() - RULE_GET of all
 * @skb: where to
 * @cb:  state; args[0] is the number of the next rule
 *
 * Return: bytes written; 0 at the end.
 * Context: process.
 */
int sluice_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sluice_net *sn = sluice_net_of(sock_net(cb->skb->sk));
	struct sluice_rule *rule;
	unsigned long number;

	mutex_lock(&sn->lock);
	cb->seq = sn->generation;
	xa_for_each_start(&sn->rules, number, rule, cb->args[0]) {
		void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					   &sluice_genl_family, NLM_F_MULTI, SLUICE_CMD_RULE_GET);

		cb->args[0] = number;
		if (!header)
			break;
		genl_dump_check_consistent(cb, header);
		if (put_rule(skb, rule)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = number + 1;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}
