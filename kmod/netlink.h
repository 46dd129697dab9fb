/* SPDX-License-Identifier: GPL-2.0 */
/* What the files netlink*.c share. */
#ifndef SLUICE_KMOD_NETLINK_H
#define SLUICE_KMOD_NETLINK_H

#include <net/genetlink.h>
#include <net/sock.h>
#include "netlink_policy.h"
#include "sluice.h"

/* Command handlers; genl mutex held. */
int sluice_rule_set_doit(struct sk_buff *skb, struct genl_info *info);
int sluice_rule_del_doit(struct sk_buff *skb, struct genl_info *info);
int sluice_rule_get_doit(struct sk_buff *skb, struct genl_info *info);
int sluice_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int sluice_rules_exchange_doit(struct sk_buff *skb, struct genl_info *info);
int sluice_stream_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int sluice_cpu_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_message.c */
extern struct genl_family sluice_genl_family;
int sluice_put_counts(struct sk_buff *skb, int attribute, const struct sluice_counts *counts,
		      const u64 *gaps);
bool sluice_name_is_fit(struct genl_info *info, const struct nlattr *attribute);
struct sk_buff *sluice_message(struct genl_info *info, u8 command, void **header, bool event);
bool sluice_event_wanted(struct genl_info *info);
int sluice_reply(struct sk_buff *message, void *header, struct genl_info *info, int error);
void sluice_notify(struct sk_buff *message, struct genl_info *info);

/* netlink_stream.c */
void sluice_netlink_stream_event(struct sluice_ring *ring, enum sluice_event event);

/* netlink_rule.c */
struct sluice_rule *sluice_rule_draft(struct sluice_net *sn, struct genl_info *info,
				      struct nlattr **attributes, int *error);
void sluice_rule_explain(struct genl_info *info, const char *name,
			 const struct sluice_rule_clash *clash, int error);
struct sk_buff *sluice_rule_notification(struct genl_info *info, u8 command,
					 const struct sluice_rule *rule);

#endif /* SLUICE_KMOD_NETLINK_H */
