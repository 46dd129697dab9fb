// SPDX-License-Identifier: GPL-2.0
/*
 * Made from uapi/sluice.yaml by uapi/generate.py: what the commands of the family
 * take. netlink.c says which command goes by which table. Touches: nothing.
 */
#include "netlink_policy.h"

const struct nla_policy sluice_rule_policy[SLUICE_RULE_LAST + 1] = {
	[SLUICE_A_RULE_ID] = NLA_POLICY_EXACT_LEN(SLUICE_GUID_SIZE),
	[SLUICE_A_RULE_NAME] = { .type = NLA_NUL_STRING, .len = SLUICE_NAME_MAX },
	[SLUICE_A_RULE_ROUTE] = NLA_POLICY_EXACT_LEN(SLUICE_GUID_SIZE),
	[SLUICE_A_RULE_INPUT] = { .type = NLA_U16 },
	[SLUICE_A_RULE_PORTS] = { .type = NLA_BINARY, .len = SLUICE_RULE_PORTS_SIZE },
	[SLUICE_A_RULE_DESTINATION] = { .type = NLA_BINARY, .len = 16 },
	[SLUICE_A_RULE_DESTINATION_LEN] = { .type = NLA_U8 },
	[SLUICE_A_RULE_SOURCE] = { .type = NLA_BINARY, .len = 16 },
	[SLUICE_A_RULE_SOURCE_LEN] = { .type = NLA_U8 },
	[SLUICE_A_RULE_INTERFACE] = { .type = NLA_NUL_STRING, .len = 15 },
	[SLUICE_A_RULE_VERDICT] = NLA_POLICY_MAX(NLA_U8, SLUICE_VERDICT_COPY),
	[SLUICE_A_RULE_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[SLUICE_A_RULE_HOOK] = NLA_POLICY_MAX(NLA_U8, SLUICE_HOOK_XDP),
	[SLUICE_A_RULE_BATCHING] = NLA_POLICY_MAX(NLA_U8, SLUICE_BATCHING_AUTO),
	[SLUICE_A_RULE_CONTINUES] = NLA_POLICY_EXACT_LEN(SLUICE_GUID_SIZE),
};

const struct nla_policy sluice_route_set_policy[SLUICE_ROUTE_SET_LAST + 1] = {
	[SLUICE_A_ROUTE_ID] = NLA_POLICY_EXACT_LEN(SLUICE_GUID_SIZE),
	[SLUICE_A_ROUTE_NAME] = { .type = NLA_NUL_STRING, .len = SLUICE_NAME_MAX },
	[SLUICE_A_ROUTE_RING_SIZE] = { .type = NLA_U64 },
	[SLUICE_A_ROUTE_WATERMARK] = { .type = NLA_U32 },
	[SLUICE_A_ROUTE_DELAY] = { .type = NLA_U32 },
	[SLUICE_A_ROUTE_ALARM] = NLA_POLICY_MAX(NLA_U8, 100),
	[SLUICE_A_ROUTE_PROMPT] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy sluice_rules_exchange_policy[SLUICE_RULES_EXCHANGE_LAST + 1] = {
	[SLUICE_A_RULE] = NLA_POLICY_NESTED(sluice_rule_policy),
	[SLUICE_A_RULE_GONE] = NLA_POLICY_EXACT_LEN(SLUICE_GUID_SIZE),
};
