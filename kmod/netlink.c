// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of the generic netlink family, and those of routes. Rules are in netlink_rule.c and
 * netlink_exchange.c, streams and events in netlink_stream.c, counters of CPUs in netlink_cpu.c,
 * messages in netlink_message.c.
 *
 * The schema is uapi/sluice/netlink.h; attributes are checked by the policies of netlink_policy.c
 * before a handler sees them, and what a policy cannot say is refused with a sentence. Handlers run
 * one at a time (genl mutex). Touches routes and rules through route.c and rule.c.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/string.h>
#include "netlink.h"

/* For commands that take no attribute. */
static const struct nla_policy no_policy[1] = {};

/* Puts a route into a message. 0 or -EMSGSIZE. */
static int put_route(struct sk_buff *skb, const struct sluice_route *route)
{
	if (nla_put(skb, SLUICE_A_ROUTE_ID, sizeof(route->guid), route->guid) ||
	    nla_put_string(skb, SLUICE_A_ROUTE_NAME, route->name) ||
	    nla_put_u64_64bit(skb, SLUICE_A_ROUTE_RING_SIZE, route->ring_size, SLUICE_A_PAD) ||
	    nla_put_u32(skb, SLUICE_A_ROUTE_WATERMARK, route->watermark) ||
	    nla_put_u32(skb, SLUICE_A_ROUTE_DELAY, route->delay_us) ||
	    nla_put_u32(skb, SLUICE_A_ROUTE_RULES, route->rules) ||
	    nla_put_u8(skb, SLUICE_A_ROUTE_ALARM, route->alarm) ||
	    nla_put_u8(skb, SLUICE_A_ROUTE_PROMPT, route->prompt))
		return -EMSGSIZE;
	return 0;
}

/* Tells listeners that a route changed. */
static void notify_route(struct genl_info *info, u8 command, const struct sluice_route *route)
{
	struct sk_buff *message;
	void *header;

	if (!sluice_event_wanted(info))
		return;
	message = sluice_message(info, command, &header, true);
	if (message && put_route(message, route)) {
		nlmsg_free(message);
	} else if (message) {
		genlmsg_end(message, header);
		sluice_notify(message, info);
	}
}

/*
 * Takes what the request says about a route over into @wanted, which holds what is there already or
 * the defaults, and checks it. 0, or -EINVAL with a sentence.
 */
static int parse_route(struct genl_info *info, struct sluice_route *wanted)
{
	struct nlattr **attributes = info->attrs;
	struct nlattr *watermark = attributes[SLUICE_A_ROUTE_WATERMARK];

	if (attributes[SLUICE_A_ROUTE_NAME]) {
		if (!sluice_name_is_fit(info, attributes[SLUICE_A_ROUTE_NAME]))
			return -EINVAL;
		nla_strscpy(wanted->name, attributes[SLUICE_A_ROUTE_NAME], sizeof(wanted->name));
	}
	if (attributes[SLUICE_A_ROUTE_RING_SIZE]) {
		wanted->ring_size = nla_get_u64(attributes[SLUICE_A_ROUTE_RING_SIZE]);
		if (!is_power_of_2(wanted->ring_size) || wanted->ring_size < SLUICE_RING_SIZE_MIN ||
		    wanted->ring_size > SLUICE_RING_SIZE_MAX) {
			sluice_refuse(info, attributes[SLUICE_A_ROUTE_RING_SIZE],
				      "a ring of %llu bytes cannot be; its size is a power of two from %lu to %lu",
				      wanted->ring_size, SLUICE_RING_SIZE_MIN,
				      SLUICE_RING_SIZE_MAX);
			return -EINVAL;
		}
	}
	if (watermark)
		wanted->watermark = nla_get_u32(watermark);
	if (!wanted->watermark || wanted->watermark > wanted->ring_size / 2) {
		sluice_refuse(info, watermark,
			      "a watermark of %u bytes does not suit a ring of %llu; use 1 to %llu, half of the ring",
			      wanted->watermark, wanted->ring_size, wanted->ring_size / 2);
		return -EINVAL;
	}
	if (attributes[SLUICE_A_ROUTE_DELAY])
		wanted->delay_us = nla_get_u32(attributes[SLUICE_A_ROUTE_DELAY]);
	if (wanted->delay_us > SLUICE_DELAY_MAX_US) {
		sluice_refuse(info, attributes[SLUICE_A_ROUTE_DELAY],
			      "a delay of %u µs is too long; use 0 to %u", wanted->delay_us,
			      SLUICE_DELAY_MAX_US);
		return -EINVAL;
	}
	if (attributes[SLUICE_A_ROUTE_ALARM])
		wanted->alarm = nla_get_u8(attributes[SLUICE_A_ROUTE_ALARM]);
	if (attributes[SLUICE_A_ROUTE_PROMPT])
		wanted->prompt = nla_get_u8(attributes[SLUICE_A_ROUTE_PROMPT]);
	return 0;
}

/* The route that the request names, or NULL with *@error and a sentence. sn->change held. */
static struct sluice_route *named_route(struct sluice_net *sn, struct genl_info *info, int *error)
{
	const struct nlattr *guid = info->attrs[SLUICE_A_ROUTE_ID];
	struct sluice_route *route;

	if (!guid) {
		sluice_refuse(info, NULL, "the attribute ROUTE_ID is missing");
		*error = -EINVAL;
		return NULL;
	}
	route = sluice_route_find(sn, nla_data(guid));
	if (!route) {
		sluice_refuse(info, guid, "there is no route %pUb in this network namespace",
			      nla_data(guid));
		*error = -ENOENT;
	}
	return route;
}

/*
 * Makes the route that @wanted describes. sn->change held. 0 or a negative errno with a sentence.
 */
static int make_route(struct sluice_net *sn, struct genl_info *info,
		      const struct sluice_route *wanted, struct sluice_route **route)
{
	struct sluice_quota_state quota;
	u64 needed, available;
	int error;

	if (sn->route_count >= SLUICE_ROUTES_MAX) {
		sluice_refuse(info, NULL, "there are %u routes already, and no more are allowed",
			      sn->route_count);
		return -ENOSPC;
	}
	if (!sluice_route_fits(wanted->ring_size, &needed, &available)) {
		sluice_refuse(info, info->attrs[SLUICE_A_ROUTE_RING_SIZE],
			      "the rings of route \"%s\" need %llu MiB (%llu bytes for each of %u CPUs), and %llu MiB are available; make them smaller",
			      wanted->name, needed, wanted->ring_size, num_online_cpus(),
			      available);
		return -ENOMEM;
	}
	*route = sluice_route_make(sn, wanted);
	error = PTR_ERR_OR_ZERO(*route);
	if (error == -EDQUOT) {
		sluice_quota_state(sn, &quota);
		sluice_refuse(info, info->attrs[SLUICE_A_ROUTE_RING_SIZE],
			      "the rings of route \"%s\" need %llu MiB; a network namespace that does not belong to the initial user namespace may have %lu MiB of rings and has %lu, all such together %lu and have %lu (module parameters ring_memory_max and ring_memory_max_all); make them smaller",
			      wanted->name, needed, quota.limit, quota.used, quota.limit_all,
			      quota.used_all);
	} else if (error) {
		sluice_refuse(info, info->attrs[SLUICE_A_ROUTE_RING_SIZE],
			      "the rings of route \"%s\" could not be allocated: %llu MiB in all; make them smaller",
			      wanted->name, needed);
	}
	return error;
}

/* ROUTE_SET */
static int route_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sluice_net *sn = sluice_net_of(genl_info_net(info));
	const struct nlattr *guid = info->attrs[SLUICE_A_ROUTE_ID];
	u16 flags = info->nlhdr->nlmsg_flags;
	struct sluice_route wanted = {
		.ring_size = SLUICE_RING_SIZE_DEFAULT,
		.watermark = SLUICE_WATERMARK_DEFAULT,
		.delay_us = SLUICE_DELAY_DEFAULT_US,
	};
	struct sluice_route *route;
	int error = 0;

	mutex_lock(&sn->change);
	route = guid ? sluice_route_find(sn, nla_data(guid)) : NULL;
	if (!route && !(guid && flags & NLM_F_CREATE)) {
		named_route(sn, info, &error); /* says what is wrong */
		goto unlock;
	}
	if (route && flags & NLM_F_EXCL) {
		sluice_refuse(info, guid, "route %pUb exists already, as \"%s\"", route->guid,
			      route->name);
		error = -EEXIST;
		goto unlock;
	}
	if (route)
		wanted = *route;
	error = parse_route(info, &wanted);
	if (error)
		goto unlock;
	if (!route) {
		memcpy(wanted.guid, nla_data(guid), sizeof(wanted.guid));
		error = make_route(sn, info, &wanted, &route);
		if (error)
			goto unlock;
	} else if (wanted.ring_size != route->ring_size) {
		sluice_refuse(info, info->attrs[SLUICE_A_ROUTE_RING_SIZE],
			      "the rings of route \"%s\" have %llu bytes, and keep that size; make another route and let the rules point to it",
			      route->name, route->ring_size);
		error = -EOPNOTSUPP;
		goto unlock;
	} else if (wanted.watermark == route->watermark && wanted.delay_us == route->delay_us &&
		   wanted.alarm == route->alarm && wanted.prompt == route->prompt &&
		   !strcmp(wanted.name, route->name)) {
		goto unlock;
	} else {
		sluice_route_change(sn, route, &wanted);
	}
	notify_route(info, SLUICE_CMD_ROUTE_SET, route);
unlock:
	mutex_unlock(&sn->change);
	return error;
}

/* ROUTE_DEL */
static int route_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sluice_net *sn = sluice_net_of(genl_info_net(info));
	struct sluice_route *route, gone;
	int error = 0;

	mutex_lock(&sn->change);
	route = named_route(sn, info, &error);
	if (!route)
		goto unlock;
	gone = *route;
	error = sluice_route_delete(sn, route);
	if (error)
		sluice_refuse(info, info->attrs[SLUICE_A_ROUTE_ID],
			      "%u rules point to route \"%s\"; delete them first", gone.rules,
			      gone.name);
	else
		notify_route(info, SLUICE_CMD_ROUTE_DEL, &gone);
unlock:
	mutex_unlock(&sn->change);
	return error;
}

/* ROUTE_GET of one */
static int route_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sluice_net *sn = sluice_net_of(genl_info_net(info));
	struct sluice_route *route;
	struct sk_buff *message;
	void *header;
	int error = 0;

	mutex_lock(&sn->change);
	route = named_route(sn, info, &error);
	if (route) {
		message = sluice_message(info, SLUICE_CMD_ROUTE_GET, &header, false);
		error = message ? sluice_reply(message, header, info, put_route(message, route)) :
				  -ENOMEM;
	}
	mutex_unlock(&sn->change);
	return error;
}

/* ROUTE_GET of all. cb->args[0]: number of the next route. */
static int route_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sluice_net *sn = sluice_net_of(sock_net(cb->skb->sk));
	struct sluice_route *route;
	unsigned long number;

	mutex_lock(&sn->lock);
	cb->seq = sn->generation;
	xa_for_each_start(&sn->routes, number, route, cb->args[0]) {
		void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					   &sluice_genl_family, NLM_F_MULTI, SLUICE_CMD_ROUTE_GET);

		cb->args[0] = number;
		if (!header)
			break;
		genl_dump_check_consistent(cb, header);
		if (put_route(skb, route)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = number + 1;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}

static const struct genl_ops operations[] = {
	{
		.cmd = SLUICE_CMD_ROUTE_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_route_set_policy,
		.maxattr = SLUICE_ROUTE_SET_LAST,
		.doit = route_set_doit,
	},
	{
		.cmd = SLUICE_CMD_ROUTE_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_route_set_policy,
		.maxattr = SLUICE_ROUTE_DEL_LAST,
		.doit = route_del_doit,
	},
	{
		.cmd = SLUICE_CMD_ROUTE_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_route_set_policy,
		.maxattr = SLUICE_ROUTE_GET_LAST,
		.doit = route_get_doit,
		.dumpit = route_get_dumpit,
	},
	{
		.cmd = SLUICE_CMD_RULE_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_rule_policy,
		.maxattr = SLUICE_RULE_SET_LAST,
		.doit = sluice_rule_set_doit,
	},
	{
		.cmd = SLUICE_CMD_RULE_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_rule_policy,
		.maxattr = SLUICE_RULE_DEL_LAST,
		.doit = sluice_rule_del_doit,
	},
	{
		.cmd = SLUICE_CMD_RULE_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_rule_policy,
		.maxattr = SLUICE_RULE_GET_LAST,
		.doit = sluice_rule_get_doit,
		.dumpit = sluice_rule_get_dumpit,
	},
	{
		.cmd = SLUICE_CMD_RULES_EXCHANGE,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sluice_rules_exchange_policy,
		.maxattr = SLUICE_RULES_EXCHANGE_LAST,
		.doit = sluice_rules_exchange_doit,
	},
	{
		.cmd = SLUICE_CMD_STREAM_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = no_policy,
		.maxattr = ARRAY_SIZE(no_policy) - 1,
		.dumpit = sluice_stream_get_dumpit,
	},
	{
		.cmd = SLUICE_CMD_CPU_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = no_policy,
		.maxattr = ARRAY_SIZE(no_policy) - 1,
		.dumpit = sluice_cpu_get_dumpit,
	},
};

/**
 * sluice_netlink_init() - give the family its commands, register it, listen to events of rings
 *
 * Return: 0 or a negative errno.
 * Context: process, module load.
 */
int __init sluice_netlink_init(void)
{
	int error;

	sluice_genl_family.ops = operations;
	sluice_genl_family.n_ops = ARRAY_SIZE(operations);
	error = genl_register_family(&sluice_genl_family);
	if (!error)
		sluice_event_listen(sluice_netlink_stream_event);
	return error;
}

/**
 * sluice_netlink_exit() - undo sluice_netlink_init(); when it returns no handler runs
 *
 * Context: process, module unload.
 */
void sluice_netlink_exit(void)
{
	sluice_event_listen(NULL);
	genl_unregister_family(&sluice_genl_family);
}
