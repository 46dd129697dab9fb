// SPDX-License-Identifier: MIT
/*
 * Attributes of the schema as values, see netlink.h; one that is not there is 0 or empty. Beside
 * netlink.c. Touches: nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "netlink.h"

void sluice_netlink_counters(struct nlattr *nest, struct sluice_counters *counters)
{
	struct nlattr *attributes[SLUICE_C_MAX + 1];
	size_t bytes;

	if (!counters)
		return;
	memset(counters, 0, sizeof(*counters));
	if (!nest || nla_parse_nested(attributes, SLUICE_C_MAX, nest,
				      (struct nla_policy *)sluice_netlink_counter_policy))
		return;
	counters->matched = sluice_attribute_u64(attributes[SLUICE_C_MATCHED]);
	counters->stored = sluice_attribute_u64(attributes[SLUICE_C_STORED]);
	counters->stored_bytes = sluice_attribute_u64(attributes[SLUICE_C_STORED_BYTES]);
	counters->gaps = sluice_attribute_u64(attributes[SLUICE_C_GAPS]);
	if (attributes[SLUICE_C_LOST]) {
		bytes = (size_t)nla_len(attributes[SLUICE_C_LOST]) & ~(sizeof(uint64_t) - 1);
		if (bytes > sizeof(counters->lost))
			bytes = sizeof(counters->lost);
		memcpy(counters->lost, nla_data(attributes[SLUICE_C_LOST]), bytes);
	}
}

int sluice_netlink_put_counters(struct nl_msg *message, int type,
				const struct sluice_counters *counters)
{
	struct nlattr *nest;

	if (!message || !counters)
		return -EINVAL;
	nest = nla_nest_start(message, type | NLA_F_NESTED);
	if (!nest || nla_put_u64(message, SLUICE_C_MATCHED, counters->matched) ||
	    nla_put_u64(message, SLUICE_C_STORED, counters->stored) ||
	    nla_put_u64(message, SLUICE_C_STORED_BYTES, counters->stored_bytes) ||
	    nla_put_u64(message, SLUICE_C_GAPS, counters->gaps) ||
	    nla_put(message, SLUICE_C_LOST, sizeof(counters->lost), counters->lost))
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

uint64_t sluice_attribute_u64(const struct nlattr *attribute)
{
	return attribute ? nla_get_u64(attribute) : 0;
}

uint32_t sluice_attribute_u32(const struct nlattr *attribute)
{
	return attribute ? nla_get_u32(attribute) : 0;
}

const char *sluice_attribute_string(const struct nlattr *attribute)
{
	return attribute ? nla_get_string(attribute) : "";
}

void sluice_attribute_guid(const struct nlattr *attribute, sluice_guid guid)
{
	if (attribute)
		sluice_guid_copy(guid, nla_data(attribute));
	else
		memset(guid, 0, SLUICE_GUID_SIZE);
}
