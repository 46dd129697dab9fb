/* SPDX-License-Identifier: GPL-2.0 */
/* Made from uapi/sluice.yaml by uapi/generate.py: what the commands of the family take. */
#ifndef SLUICE_KMOD_NETLINK_POLICY_H
#define SLUICE_KMOD_NETLINK_POLICY_H

#include <net/netlink.h>
#include <sluice/netlink.h>

#define SLUICE_RULE_PORTS_SIZE 1024 /* bytes that the ports of a rule have at most */

/* The last attribute that a command takes, and a nest. */
#define SLUICE_RULE_LAST SLUICE_A_RULE_CONTINUES
#define SLUICE_RULE_SET_LAST SLUICE_A_RULE_BATCHING
#define SLUICE_ROUTE_SET_LAST SLUICE_A_ROUTE_PROMPT
#define SLUICE_RULES_EXCHANGE_LAST SLUICE_A_RULE_GONE
#define SLUICE_ROUTE_DEL_LAST SLUICE_A_ROUTE_ID
#define SLUICE_ROUTE_GET_LAST SLUICE_A_ROUTE_ID
#define SLUICE_RULE_DEL_LAST SLUICE_A_RULE_ID
#define SLUICE_RULE_GET_LAST SLUICE_A_RULE_ID

/* One serves several commands, which take less of it. */
extern const struct nla_policy sluice_rule_policy[SLUICE_RULE_LAST + 1];
extern const struct nla_policy sluice_route_set_policy[SLUICE_ROUTE_SET_LAST + 1];
extern const struct nla_policy sluice_rules_exchange_policy[SLUICE_RULES_EXCHANGE_LAST + 1];

#endif /* SLUICE_KMOD_NETLINK_POLICY_H */
