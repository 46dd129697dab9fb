// SPDX-License-Identifier: MIT
/*
 * Inputs, outputs and the daemon itself, as the daemon tells of them over NETLINK_USERSOCK.
 * Touches: a netlink socket, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon.h"
#include "guid.h"
#include "list.h"
#include "netlink.h"

/* "a,b" as an array of strings. */
static json_t *split_names(const char *names)
{
	json_t *list = json_array();

	while (*names) {
		size_t length = strcspn(names, ",");

		json_array_append_new(list, json_stringn(names, length));
		names += length;
		names += strspn(names, ", ");
	}
	return list;
}

/* One input. */
static int on_input(struct nlattr **attributes, void *context)
{
	json_t *object = json_object();

	sluice_list_put_guid(object, "id", attributes[SLUICE_A_INPUT_ID]);
	sluice_list_put_string(object, "name", attributes[SLUICE_A_INPUT_NAME]);
	sluice_list_put_string(object, "source", attributes[SLUICE_A_INPUT_SOURCE]);
	sluice_list_put_string(object, "match", attributes[SLUICE_A_INPUT_MATCH]);
	sluice_list_put_string(object, "verdict", attributes[SLUICE_A_INPUT_VERDICT]);
	if (attributes[SLUICE_A_INPUT_STATE])
		sluice_list_put_string(object, "state", attributes[SLUICE_A_INPUT_STATE]);
	if (attributes[SLUICE_A_INPUT_RECEIVE])
		sluice_list_put_string(object, "receive", attributes[SLUICE_A_INPUT_RECEIVE]);
	if (*sluice_attribute_string(attributes[SLUICE_A_INPUT_RECEIVE_WHY]))
		sluice_list_put_string(object, "receive_why",
				       attributes[SLUICE_A_INPUT_RECEIVE_WHY]);
	sluice_list_put_u32(object, "priority", attributes[SLUICE_A_INPUT_PRIORITY]);
	json_object_set_new(
		object, "outputs",
		split_names(sluice_attribute_string(attributes[SLUICE_A_INPUT_OUTPUTS])));
	sluice_list_put_counters(object, attributes[SLUICE_A_INPUT_COUNTERS]);
	sluice_list_put_u64(object, "dropped", attributes[SLUICE_A_INPUT_DROPPED]);
	sluice_list_put_u64(object, "dropped_by_change",
			    attributes[SLUICE_A_INPUT_DROPPED_BY_CHANGE]);
	if (attributes[SLUICE_A_INPUT_UNMATCHED])
		sluice_list_put_u64(object, "unmatched", attributes[SLUICE_A_INPUT_UNMATCHED]);
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* When something came, as text; empty: nobody knows. */
static json_t *since_text(const struct nlattr *attribute)
{
	uint64_t since = attribute ? nla_get_u64(attribute) : 0;
	time_t second = (time_t)(since / 1000000000);
	struct tm broken;
	char text[40] = "";

	if (since && gmtime_r(&second, &broken))
		strftime(text, sizeof(text), "%FT%TZ", &broken);
	return json_string(text);
}

/* What waits in one place for an output that is gone. */
static int on_orphan(struct nlattr **attributes, void *context)
{
	json_t *object = json_object();

	sluice_list_put_guid(object, "id", attributes[SLUICE_A_ORPHAN_OUTPUT]);
	sluice_list_put_string(object, "name", attributes[SLUICE_A_ORPHAN_NAME]);
	sluice_list_put_string(object, "place", attributes[SLUICE_A_ORPHAN_PLACE]);
	sluice_list_put_string(object, "where", attributes[SLUICE_A_ORPHAN_WHERE]);
	sluice_list_put_u64(object, "bytes", attributes[SLUICE_A_ORPHAN_BYTES]);
	json_object_set_new(object, "since", since_text(attributes[SLUICE_A_ORPHAN_SINCE]));
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* One destination of an output. */
static json_t *destination(struct nlattr *nest)
{
	struct nlattr *attributes[SLUICE_A_MAX + 1];
	json_t *object;

	if (nla_parse_nested(attributes, SLUICE_A_MAX, nest,
			     (struct nla_policy *)sluice_netlink_policy) < 0)
		return NULL;
	object = json_object();
	sluice_list_put_string(object, "to", attributes[SLUICE_A_DESTINATION_NAME]);
	sluice_list_put_string(object, "state", attributes[SLUICE_A_DESTINATION_STATE]);
	sluice_list_put_string(object, "error", attributes[SLUICE_A_DESTINATION_ERROR]);
	json_object_set_new(object, "since", since_text(attributes[SLUICE_A_DESTINATION_SINCE]));
	/* What waits for others, too, is told of the output. */
	if (attributes[SLUICE_A_DESTINATION_MEMORY]) {
		sluice_list_put_u64(object, "memory", attributes[SLUICE_A_DESTINATION_MEMORY]);
		sluice_list_put_u64(object, "disk", attributes[SLUICE_A_DESTINATION_DISK]);
		json_object_set_new(object, "oldest",
				    since_text(attributes[SLUICE_A_DESTINATION_OLDEST]));
	}
	sluice_list_put_u64(object, "sent", attributes[SLUICE_A_DESTINATION_SENT]);
	sluice_list_put_u64(object, "acked", attributes[SLUICE_A_DESTINATION_ACKED]);
	sluice_list_put_u64(object, "resent", attributes[SLUICE_A_DESTINATION_RESENT]);
	sluice_list_put_u64(object, "bytes", attributes[SLUICE_A_DESTINATION_BYTES]);
	sluice_list_put_u64(object, "backlog", attributes[SLUICE_A_DESTINATION_BACKLOG]);
	sluice_list_put_u64(object, "writes", attributes[SLUICE_A_DESTINATION_WRITES]);
	sluice_list_put_u64(object, "connects", attributes[SLUICE_A_DESTINATION_CONNECTS]);
	sluice_list_put_string(object, "role", attributes[SLUICE_A_DESTINATION_ROLE]);
	sluice_list_put_u64(object, "gaps", attributes[SLUICE_A_DESTINATION_GAPS]);
	sluice_list_put_u64(object, "unsendable", attributes[SLUICE_A_DESTINATION_UNSENDABLE]);
	sluice_list_put_u64(object, "escaped", attributes[SLUICE_A_DESTINATION_ESCAPED]);
	sluice_list_put_u64(object, "oversized", attributes[SLUICE_A_DESTINATION_OVERSIZED]);
	sluice_list_put_u64(object, "skipped", attributes[SLUICE_A_DESTINATION_SKIPPED]);
	sluice_list_put_u64(object, "split", attributes[SLUICE_A_DESTINATION_SPLIT]);
	sluice_list_put_u64(object, "pieces", attributes[SLUICE_A_DESTINATION_PIECES]);
	sluice_list_put_u64(object, "truncated", attributes[SLUICE_A_DESTINATION_TRUNCATED]);
	sluice_list_put_u64(object, "refused", attributes[SLUICE_A_DESTINATION_REFUSED]);
	sluice_list_put_u64(object, "unconfirmed", attributes[SLUICE_A_DESTINATION_UNCONFIRMED]);
	sluice_list_put_u64(object, "protocol_errors", attributes[SLUICE_A_DESTINATION_FAULTS]);
	sluice_list_put_u64(object, "rate", attributes[SLUICE_A_DESTINATION_RATE]);
	sluice_list_put_u64(object, "achieved", attributes[SLUICE_A_DESTINATION_ACHIEVED]);
	sluice_list_put_u32(object, "mss", attributes[SLUICE_A_DESTINATION_MSS]);
	sluice_list_put_u32(object, "pmtu", attributes[SLUICE_A_DESTINATION_PMTU]);
	return object;
}

/*
 * Makes objects of an attribute that is there more than once. The table holds the last of each type
 * only, but all of them lie in one piece, and what begins and ends it is there once: so from the
 * lowest to the end of the highest.
 */
static void each_repeated(struct nlattr **attributes, int wanted, json_t *list,
			  json_t *(*make)(struct nlattr *))
{
	struct nlattr *first = attributes[wanted], *last = attributes[wanted], *attribute;
	int type, rest;

	if (!first)
		return;
	for (type = 1; type <= SLUICE_A_MAX; type++) {
		if (attributes[type] && attributes[type] < first)
			first = attributes[type];
		if (attributes[type] && attributes[type] > last)
			last = attributes[type];
	}
	rest = (int)((char *)last - (char *)first) + nla_total_size(nla_len(last));
	nla_for_each_attr(attribute, first, rest, rest)
	{
		json_t *object = nla_type(attribute) == wanted ? make(attribute) : NULL;

		if (object)
			json_array_append_new(list, object);
	}
}

/* What all destinations have together of `key`. */
static json_t *sum_of(const json_t *destinations, const char *key)
{
	json_int_t sum = 0;
	json_t *one;
	size_t number;

	json_array_foreach(destinations, number, one) sum +=
		json_integer_value(json_object_get(one, key));
	return json_integer(sum);
}

/* One output and its destinations. */
static int on_output(struct nlattr **attributes, void *context)
{
	json_t *object = json_object(), *destinations = json_array();

	sluice_list_put_guid(object, "id", attributes[SLUICE_A_OUTPUT_ID]);
	sluice_list_put_string(object, "name", attributes[SLUICE_A_OUTPUT_NAME]);
	sluice_list_put_string(object, "mode", attributes[SLUICE_A_OUTPUT_MODE]);
	sluice_list_put_string(object, "framing", attributes[SLUICE_A_OUTPUT_FRAMING]);
	sluice_list_put_u64(object, "rate", attributes[SLUICE_A_OUTPUT_RATE]);
	sluice_list_put_u64(object, "dropped", attributes[SLUICE_A_OUTPUT_DROPPED]);
	sluice_list_put_u64(object, "memory", attributes[SLUICE_A_OUTPUT_MEMORY]);
	sluice_list_put_u64(object, "disk", attributes[SLUICE_A_OUTPUT_DISK]);
	json_object_set_new(object, "oldest", since_text(attributes[SLUICE_A_OUTPUT_OLDEST]));
	each_repeated(attributes, SLUICE_A_OUTPUT_DESTINATION, destinations, destination);
	json_object_set_new(object, "backlog", sum_of(destinations, "backlog"));
	json_object_set_new(object, "achieved", sum_of(destinations, "achieved"));
	json_object_set_new(object, "destinations", destinations);
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* The daemon itself. */
static int on_daemon(struct nlattr **attributes, void *context)
{
	json_t *object = json_object();

	sluice_list_put_string(object, "version", attributes[SLUICE_A_DAEMON_VERSION]);
	sluice_list_put_string(object, "relay", attributes[SLUICE_A_DAEMON_RELAY]);
	sluice_list_put_u32(object, "pid", attributes[SLUICE_A_DAEMON_PID]);
	sluice_list_put_u64(object, "uptime_seconds", attributes[SLUICE_A_DAEMON_UPTIME]);
	sluice_list_put_string(object, "configuration", attributes[SLUICE_A_DAEMON_CONFIG]);
	sluice_list_put_u64(object, "configuration_seconds",
			    attributes[SLUICE_A_DAEMON_CONFIG_AGE]);
	sluice_list_put_string(object, "started_with", attributes[SLUICE_A_DAEMON_OWN_CONFIG]);
	sluice_list_put_string(object, "state", attributes[SLUICE_A_DAEMON_STATE]);
	sluice_list_put_u32(object, "workers", attributes[SLUICE_A_DAEMON_WORKERS]);
	if (attributes[SLUICE_A_DAEMON_BAD_CHECKSUM]) {
		sluice_list_put_u64(object, "bad_checksum",
				    attributes[SLUICE_A_DAEMON_BAD_CHECKSUM]);
		sluice_list_put_u64(object, "bad_checksum_unplaced",
				    attributes[SLUICE_A_DAEMON_BAD_CHECKSUM_UNPLACED]);
	}
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* The store: its disk only if there is one. */
static int on_store(struct nlattr **attributes, void *context)
{
	static const struct {
		const char *key;
		int attribute;
	} disk[] = {
		{"size", SLUICE_A_STORE_DISK_SIZE},
		{"used", SLUICE_A_STORE_DISK_USED},
		{"waiting", SLUICE_A_STORE_DISK_WAITING},
		{"spooled", SLUICE_A_STORE_DISK_SPOOLED},
		{"drained", SLUICE_A_STORE_DISK_DRAINED},
		{"segments", SLUICE_A_STORE_DISK_SEGMENTS},
		{"free_segments", SLUICE_A_STORE_DISK_FREE},
		{"damaged_frames", SLUICE_A_STORE_DISK_DAMAGED_FRAMES},
		{"damaged", SLUICE_A_STORE_DISK_DAMAGED},
		{"quarantined", SLUICE_A_STORE_DISK_QUARANTINED},
		{"abandoned", SLUICE_A_STORE_DISK_ABANDONED},
		{"dropped", SLUICE_A_STORE_DISK_DROPPED},
		{"alarms", SLUICE_A_STORE_DISK_ALARMS},
	};
	json_t *object = json_object(), *part = json_object();
	size_t number;

	sluice_list_put_u64(part, "size", attributes[SLUICE_A_STORE_MEMORY_SIZE]);
	sluice_list_put_u64(part, "used", attributes[SLUICE_A_STORE_MEMORY_USED]);
	sluice_list_put_u64(part, "alarms", attributes[SLUICE_A_STORE_MEMORY_ALARMS]);
	json_object_set_new(object, "memory", part);
	part = json_null();
	if (attributes[SLUICE_A_STORE_DISK_PATH]) {
		part = json_object();
		sluice_list_put_string(part, "path", attributes[SLUICE_A_STORE_DISK_PATH]);
		for (number = 0; number < sizeof(disk) / sizeof(disk[0]); number++)
			sluice_list_put_u64(part, disk[number].key,
					    attributes[disk[number].attribute]);
	}
	json_object_set_new(object, "disk", part);
	sluice_list_put_u32(object, "alarms_now", attributes[SLUICE_A_STORE_ALARMS_NOW]);
	if (attributes[SLUICE_A_STORE_DROPPED_BY_CHANGE])
		sluice_list_put_u64(object, "dropped_by_change",
				    attributes[SLUICE_A_STORE_DROPPED_BY_CHANGE]);
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* Asks the daemon for a dump and makes a list of it. */
static json_t *ask(uint8_t command, sluice_netlink_handler handler)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	json_t *list = json_array();

	if (!netlink) {
		json_decref(list);
		return NULL;
	}
	if (sluice_daemon_dump(netlink, command, handler, list) < 0) {
		json_decref(list);
		list = NULL;
	}
	sluice_netlink_close(netlink);
	return list;
}

json_t *sluice_list_inputs(void)
{
	return ask(SLUICE_CMD_INPUT_GET, on_input);
}

json_t *sluice_list_outputs(void)
{
	return ask(SLUICE_CMD_OUTPUT_GET, on_output);
}

json_t *sluice_list_daemon(void)
{
	return ask(SLUICE_CMD_DAEMON_GET, on_daemon);
}

json_t *sluice_list_orphans(void)
{
	return ask(SLUICE_CMD_ORPHAN_GET, on_orphan);
}

json_t *sluice_list_store(void)
{
	return ask(SLUICE_CMD_STORE_GET, on_store);
}
