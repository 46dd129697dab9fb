// SPDX-License-Identifier: MIT
/*
 * Attributes of the schema: what they must look like, and as values, see netlink.h; one that is not
 * there is 0 or empty. Beside netlink.c. Touches: nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "netlink.h"

#define GUID                                                           \
	{                                                              \
		.minlen = SLUICE_GUID_SIZE, .maxlen = SLUICE_GUID_SIZE \
	}
#define NAME                                                      \
	{                                                         \
		.type = NLA_STRING, .maxlen = SLUICE_NAME_MAX + 1 \
	}
#define TEXT                       \
	{                          \
		.type = NLA_STRING \
	}
#define U64                     \
	{                       \
		.type = NLA_U64 \
	}
#define U32                     \
	{                       \
		.type = NLA_U32 \
	}
#define U16                     \
	{                       \
		.type = NLA_U16 \
	}
#define U8                     \
	{                      \
		.type = NLA_U8 \
	}
#define NEST                       \
	{                          \
		.type = NLA_NESTED \
	}

const struct nla_policy sluice_netlink_policy[SLUICE_A_MAX + 1] = {
	[SLUICE_A_ROUTE_ID] = GUID,
	[SLUICE_A_ROUTE_NAME] = NAME,
	[SLUICE_A_ROUTE_RING_SIZE] = U64,
	[SLUICE_A_ROUTE_WATERMARK] = U32,
	[SLUICE_A_ROUTE_DELAY] = U32,
	[SLUICE_A_ROUTE_RULES] = U32,
	[SLUICE_A_RULE_ID] = GUID,
	[SLUICE_A_RULE_NAME] = NAME,
	[SLUICE_A_RULE_ROUTE] = GUID,
	[SLUICE_A_RULE_INPUT] = U16,
	[SLUICE_A_RULE_PORTS] = {.minlen = sizeof(struct sluice_port_range)},
	[SLUICE_A_RULE_DESTINATION] = {.minlen = 4, .maxlen = 16},
	[SLUICE_A_RULE_DESTINATION_LEN] = U8,
	[SLUICE_A_RULE_SOURCE] = {.minlen = 4, .maxlen = 16},
	[SLUICE_A_RULE_SOURCE_LEN] = U8,
	[SLUICE_A_RULE_INTERFACE] = {.type = NLA_STRING, .maxlen = IF_NAMESIZE},
	[SLUICE_A_RULE_VERDICT] = U8,
	[SLUICE_A_RULE_FLAGS] = U32,
	[SLUICE_A_RULE_HOOK] = U8,
	[SLUICE_A_RULE_BATCHING] = U8,
	[SLUICE_A_ROUTE_ALARM] = U8,
	[SLUICE_A_RULE_COUNTERS] = NEST,
	[SLUICE_A_RULE_CONTINUES] = GUID,
	[SLUICE_A_RULE] = NEST,
	[SLUICE_A_RULE_GONE] = GUID,
	[SLUICE_A_STREAM_ID] = GUID,
	[SLUICE_A_STREAM_EPOCH] = U64,
	[SLUICE_A_STREAM_CPU] = U32,
	[SLUICE_A_STREAM_SIZE] = U64,
	[SLUICE_A_STREAM_HEAD] = U64,
	[SLUICE_A_STREAM_TAIL] = U64,
	[SLUICE_A_STREAM_OWNER] = U32,
	[SLUICE_A_STREAM_WAKES] = U64,
	[SLUICE_A_STREAM_COUNTERS] = NEST,
	[SLUICE_A_STREAM_CURSORS] = NEST,
	[SLUICE_A_CURSOR] = NEST,
	[SLUICE_A_CURSOR_ACKED] = U64,
	[SLUICE_A_CURSOR_TAKEN] = U64,
	[SLUICE_A_EVENT_KIND] = U32,
	[SLUICE_A_INPUT_ID] = GUID,
	[SLUICE_A_INPUT_NAME] = NAME,
	[SLUICE_A_INPUT_SOURCE] = TEXT,
	[SLUICE_A_INPUT_MATCH] = TEXT,
	[SLUICE_A_INPUT_VERDICT] = TEXT,
	[SLUICE_A_INPUT_OUTPUTS] = TEXT,
	[SLUICE_A_INPUT_RECEIVE] = TEXT,
	[SLUICE_A_INPUT_RECEIVE_WHY] = TEXT,
	[SLUICE_A_INPUT_STATE] = TEXT,
	[SLUICE_A_INPUT_COUNTERS] = NEST,
	[SLUICE_A_OUTPUT_ID] = GUID,
	[SLUICE_A_OUTPUT_NAME] = NAME,
	[SLUICE_A_OUTPUT_MODE] = TEXT,
	[SLUICE_A_OUTPUT_FRAMING] = TEXT,
	[SLUICE_A_OUTPUT_DESTINATION] = NEST,
	[SLUICE_A_DESTINATION_NAME] = TEXT,
	[SLUICE_A_DESTINATION_STATE] = TEXT,
	[SLUICE_A_DESTINATION_ERROR] = TEXT,
	[SLUICE_A_DESTINATION_SENT] = U64,
	[SLUICE_A_DESTINATION_BYTES] = U64,
	[SLUICE_A_DESTINATION_ACKED] = U64,
	[SLUICE_A_DESTINATION_RESENT] = U64,
	[SLUICE_A_DESTINATION_WRITES] = U64,
	[SLUICE_A_DESTINATION_CONNECTS] = U64,
	[SLUICE_A_DESTINATION_MSS] = U32,
	[SLUICE_A_DESTINATION_PMTU] = U32,
	[SLUICE_A_DESTINATION_BACKLOG] = U64,
	[SLUICE_A_DESTINATION_GAPS] = U64,
	[SLUICE_A_DESTINATION_UNSENDABLE] = U64,
	[SLUICE_A_DESTINATION_ESCAPED] = U64,
	[SLUICE_A_DESTINATION_RATE] = U64,
	[SLUICE_A_DESTINATION_ACHIEVED] = U64,
	[SLUICE_A_DESTINATION_ROLE] = TEXT,
	[SLUICE_A_OUTPUT_RATE] = U64,
	[SLUICE_A_DAEMON_VERSION] = TEXT,
	[SLUICE_A_DAEMON_RELAY] = TEXT,
	[SLUICE_A_DAEMON_PID] = U32,
	[SLUICE_A_DAEMON_UPTIME] = U64,
	[SLUICE_A_DAEMON_CONFIG] = TEXT,
	[SLUICE_A_DAEMON_WORKERS] = U32,
	[SLUICE_A_CONFIG_NAME] = TEXT,
	[SLUICE_A_STORE_MEMORY_SIZE] = U64,
	[SLUICE_A_STORE_MEMORY_USED] = U64,
	[SLUICE_A_STORE_MEMORY_ALARMS] = U64,
	[SLUICE_A_STORE_DISK_PATH] = TEXT,
	[SLUICE_A_STORE_DISK_SIZE] = U64,
	[SLUICE_A_STORE_DISK_USED] = U64,
	[SLUICE_A_STORE_DISK_WAITING] = U64,
	[SLUICE_A_STORE_DISK_SPOOLED] = U64,
	[SLUICE_A_STORE_DISK_DRAINED] = U64,
	[SLUICE_A_STORE_DISK_SEGMENTS] = U64,
	[SLUICE_A_STORE_DISK_FREE] = U64,
	[SLUICE_A_STORE_DISK_DAMAGED_FRAMES] = U64,
	[SLUICE_A_STORE_DISK_DAMAGED] = U64,
	[SLUICE_A_STORE_DISK_QUARANTINED] = U64,
	[SLUICE_A_STORE_DISK_ABANDONED] = U64,
	[SLUICE_A_STORE_DISK_ALARMS] = U64,
	[SLUICE_A_STORE_ALARMS_NOW] = U32,
	[SLUICE_A_STREAM_DISK] = U64,
	[SLUICE_A_EVENT_KEY] = TEXT,
	[SLUICE_A_EVENT_WHERE] = TEXT,
	[SLUICE_A_EVENT_TEXT] = TEXT,
	[SLUICE_A_EVENT_INTERFACE] = TEXT,
	[SLUICE_A_STORE_DISK_DROPPED] = U64,
	[SLUICE_A_INPUT_DROPPED] = U64,
	[SLUICE_A_INPUT_UNMATCHED] = U64,
	[SLUICE_A_OUTPUT_DROPPED] = U64,
	[SLUICE_A_OUTPUT_MEMORY] = U64,
	[SLUICE_A_OUTPUT_DISK] = U64,
	[SLUICE_A_OUTPUT_OLDEST] = U64,
	[SLUICE_A_CURSOR_DISK] = U64,
	[SLUICE_A_STORE_DROPPED_BY_CHANGE] = U64,
	[SLUICE_A_DESTINATION_SINCE] = U64,
	[SLUICE_A_DESTINATION_MEMORY] = U64,
	[SLUICE_A_DESTINATION_DISK] = U64,
	[SLUICE_A_DESTINATION_OLDEST] = U64,
	[SLUICE_A_DESTINATION_FAULTS] = U64,
	[SLUICE_A_ROUTE_PROMPT] = U8,
	[SLUICE_A_DESTINATION_REFUSED] = U64,
	[SLUICE_A_DESTINATION_OVERSIZED] = U64,
	[SLUICE_A_DESTINATION_SKIPPED] = U64,
	[SLUICE_A_DESTINATION_SPLIT] = U64,
	[SLUICE_A_DESTINATION_PIECES] = U64,
	[SLUICE_A_DESTINATION_TRUNCATED] = U64,
	[SLUICE_A_DESTINATION_UNCONFIRMED] = U64,
	[SLUICE_A_INPUT_PRIORITY] = U32,
	[SLUICE_A_INPUT_DROPPED_BY_CHANGE] = U64,
	[SLUICE_A_CONFIG_ADOPT] = TEXT,
	[SLUICE_A_CONFIG_DROP] = TEXT,
	[SLUICE_A_ORPHAN_OUTPUT] = GUID,
	[SLUICE_A_ORPHAN_NAME] = TEXT,
	[SLUICE_A_ORPHAN_PLACE] = TEXT,
	[SLUICE_A_ORPHAN_WHERE] = TEXT,
	[SLUICE_A_ORPHAN_BYTES] = U64,
	[SLUICE_A_ORPHAN_SINCE] = U64,
	[SLUICE_A_DAEMON_STATE] = TEXT,
	[SLUICE_A_DAEMON_OWN_CONFIG] = TEXT,
	[SLUICE_A_DAEMON_CONFIG_AGE] = U64,
	[SLUICE_A_DAEMON_BAD_CHECKSUM] = U64,
	[SLUICE_A_DAEMON_BAD_CHECKSUM_UNPLACED] = U64,
};

void sluice_netlink_counters(struct nlattr *nest, struct sluice_counters *counters)
{
	static const struct nla_policy policy[SLUICE_C_MAX + 1] = {
		[SLUICE_C_MATCHED] = {.type = NLA_U64},
		[SLUICE_C_STORED] = {.type = NLA_U64},
		[SLUICE_C_STORED_BYTES] = {.type = NLA_U64},
		[SLUICE_C_GAPS] = {.type = NLA_U64},
	};
	struct nlattr *attributes[SLUICE_C_MAX + 1];
	size_t bytes;

	if (!counters)
		return;
	memset(counters, 0, sizeof(*counters));
	if (!nest || nla_parse_nested(attributes, SLUICE_C_MAX, nest, policy))
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
