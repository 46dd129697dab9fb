// SPDX-License-Identifier: MIT
/*
 * The module as user space sees it, see kernel.h: our structures to and from the attributes of
 * uapi/sluice/netlink.h. Transport and extended errors are netlink.c's. Touches: one netlink socket
 * per handle.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "kernel.h"
#include "netlink.h"

#define DUMP_ATTEMPTS 10 /* how often an inconsistent dump is asked for */

struct sluice_kernel {
	struct sluice_netlink *netlink;
};

/* A list that grows while a dump is read. */
struct collection {
	void *items;
	size_t count;
	size_t room;
	size_t item_size;
};

/* One more zeroed item, NULL if there is no memory. The pointer is good until the next call. */
static void *collection_add(struct collection *collection)
{
	size_t room = collection->room ? collection->room * 2 : 16;
	char *item;
	void *grown;

	if (collection->count == collection->room) {
		grown = reallocarray(collection->items, room, collection->item_size);
		if (!grown)
			return NULL;
		collection->items = grown;
		collection->room = room;
	}
	item = (char *)collection->items + collection->count++ * collection->item_size;
	memset(item, 0, collection->item_size);
	return item;
}

int sluice_kernel_open(struct sluice_kernel **kernel)
{
	struct sluice_kernel *fresh;
	int error;

	if (!kernel)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	error = sluice_netlink_open_family(&fresh->netlink, SLUICE_GENL_NAME);
	if (error) {
		free(fresh);
		return error;
	}
	*kernel = fresh;
	return 0;
}

int sluice_kernel_renew(struct sluice_kernel *kernel)
{
	return kernel ? sluice_netlink_renew(kernel->netlink, SLUICE_GENL_NAME) : -EINVAL;
}

void sluice_kernel_close(struct sluice_kernel *kernel)
{
	if (!kernel)
		return;
	sluice_netlink_close(kernel->netlink);
	free(kernel);
}

const char *sluice_kernel_error(const struct sluice_kernel *kernel)
{
	return kernel ? sluice_netlink_error(kernel->netlink)
		      : "the module is not loaded: modprobe sluice";
}

/* Sends a change and waits for its acknowledgement. */
static int change(struct sluice_kernel *kernel, struct nl_msg *message)
{
	return sluice_netlink_request(kernel->netlink, message, NULL, NULL);
}

/* A message was too small for its attributes: cannot happen but for no memory. */
static int unfinished(struct sluice_kernel *kernel, struct nl_msg *message)
{
	nlmsg_free(message);
	return sluice_netlink_fail(kernel->netlink, -ENOMEM, "out of memory");
}

/* Flags of a "make or change" request. */
static int set_flags(bool exclusive)
{
	return NLM_F_CREATE | (exclusive ? NLM_F_EXCL : NLM_F_REPLACE);
}

/* ROUTE_SET, with ROUTE_PROMPT or without. */
static int set_route(struct sluice_kernel *kernel, const struct sluice_kernel_route *route,
		     bool exclusive, bool says_prompt)
{
	struct nl_msg *message;

	message = sluice_netlink_message(kernel->netlink, SLUICE_CMD_ROUTE_SET,
					 set_flags(exclusive), 256);
	if (!message || nla_put(message, SLUICE_A_ROUTE_ID, SLUICE_GUID_SIZE, route->guid) ||
	    (route->name[0] && nla_put_string(message, SLUICE_A_ROUTE_NAME, route->name)) ||
	    nla_put_u64(message, SLUICE_A_ROUTE_RING_SIZE, route->ring_size) ||
	    nla_put_u32(message, SLUICE_A_ROUTE_WATERMARK, route->watermark) ||
	    nla_put_u32(message, SLUICE_A_ROUTE_DELAY, route->delay_us) ||
	    nla_put_u8(message, SLUICE_A_ROUTE_ALARM, route->alarm) ||
	    (says_prompt && nla_put_u8(message, SLUICE_A_ROUTE_PROMPT, route->is_prompt)))
		return unfinished(kernel, message);
	return change(kernel, message);
}

int sluice_kernel_route_set(struct sluice_kernel *kernel, const struct sluice_kernel_route *route,
			    bool exclusive)
{
	int error;

	if (!kernel || !route)
		return -EINVAL;
	error = set_route(kernel, route, exclusive, true);
	/* A module from before the attribute takes none that it does not know; it waits for the
	 * delay always. */
	if (error == -EINVAL)
		error = set_route(kernel, route, exclusive, false);
	return error;
}

/* ROUTE_DEL and RULE_DEL: the GUID is all they take. */
static int delete_by_guid(struct sluice_kernel *kernel, uint8_t command, int attribute,
			  const sluice_guid guid)
{
	struct nl_msg *message;

	if (!kernel || !guid)
		return -EINVAL;
	message = sluice_netlink_message(kernel->netlink, command, 0, 64);
	if (!message || nla_put(message, attribute, SLUICE_GUID_SIZE, guid))
		return unfinished(kernel, message);
	return change(kernel, message);
}

int sluice_kernel_route_delete(struct sluice_kernel *kernel, const sluice_guid guid)
{
	return delete_by_guid(kernel, SLUICE_CMD_ROUTE_DEL, SLUICE_A_ROUTE_ID, guid);
}

int sluice_kernel_rule_delete(struct sluice_kernel *kernel, const sluice_guid guid)
{
	return delete_by_guid(kernel, SLUICE_CMD_RULE_DEL, SLUICE_A_RULE_ID, guid);
}

/* Bytes of an address of `family`; 0: none given. */
static int address_bytes(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

/* Writes an address and its prefix length, or nothing if there is none. 0 or non-zero. */
static int put_prefix(struct nl_msg *message, int attribute, int length_attribute,
		      const struct sluice_kernel_prefix *prefix)
{
	int bytes = address_bytes(prefix->family);

	if (bytes == 0)
		return 0;
	return nla_put(message, attribute, bytes, prefix->address) ||
	       nla_put_u8(message, length_attribute, prefix->length);
}

/* Bytes that a rule takes in a message, at most: 14 attributes beside the ports, of which the name
 * is the longest. */
static size_t rule_size(const struct sluice_kernel_rule *rule)
{
	return 512 + rule->port_count * sizeof(rule->ports[0]);
}

/* Has the rule as many ranges as a rule may have? */
static bool has_ports(const struct sluice_kernel_rule *rule)
{
	return rule->port_count > 0 &&
	       rule->port_count <= sizeof(rule->ports) / sizeof(rule->ports[0]);
}

/* Writes a rule. 0 or non-zero. */
static int put_rule(struct nl_msg *message, const struct sluice_kernel_rule *rule)
{
	return nla_put(message, SLUICE_A_RULE_ID, SLUICE_GUID_SIZE, rule->guid) ||
	       nla_put(message, SLUICE_A_RULE_ROUTE, SLUICE_GUID_SIZE, rule->route) ||
	       (rule->name[0] && nla_put_string(message, SLUICE_A_RULE_NAME, rule->name)) ||
	       nla_put_u16(message, SLUICE_A_RULE_INPUT, rule->input) ||
	       nla_put(message, SLUICE_A_RULE_PORTS,
		       (int)(rule->port_count * sizeof(rule->ports[0])), rule->ports) ||
	       put_prefix(message, SLUICE_A_RULE_DESTINATION, SLUICE_A_RULE_DESTINATION_LEN,
			  &rule->destination) ||
	       put_prefix(message, SLUICE_A_RULE_SOURCE, SLUICE_A_RULE_SOURCE_LEN, &rule->source) ||
	       (rule->interface[0] &&
		nla_put_string(message, SLUICE_A_RULE_INTERFACE, rule->interface)) ||
	       nla_put_u8(message, SLUICE_A_RULE_VERDICT, rule->verdict) ||
	       nla_put_u32(message, SLUICE_A_RULE_FLAGS, rule->flags) ||
	       nla_put_u8(message, SLUICE_A_RULE_HOOK, rule->hook) ||
	       nla_put_u8(message, SLUICE_A_RULE_BATCHING, rule->batching);
}

int sluice_kernel_rule_set(struct sluice_kernel *kernel, const struct sluice_kernel_rule *rule,
			   bool exclusive)
{
	struct nl_msg *message;

	if (!kernel || !rule || !has_ports(rule))
		return -EINVAL;
	message = sluice_netlink_message(kernel->netlink, SLUICE_CMD_RULE_SET, set_flags(exclusive),
					 rule_size(rule));
	if (!message || put_rule(message, rule))
		return unfinished(kernel, message);
	return change(kernel, message);
}

/* Writes a rule of an exchange, as a nest. 0 or non-zero. */
static int put_nested_rule(struct nl_msg *message, const struct sluice_kernel_rule *rule)
{
	struct nlattr *nest = nla_nest_start(message, SLUICE_A_RULE | NLA_F_NESTED);

	return !nest || put_rule(message, rule) ||
	       (rule->continues &&
		nla_put(message, SLUICE_A_RULE_CONTINUES, SLUICE_GUID_SIZE, rule->before)) ||
	       nla_nest_end(message, nest);
}

int sluice_kernel_rules_exchange(struct sluice_kernel *kernel,
				 const struct sluice_kernel_rule *rules, size_t rule_count,
				 const sluice_guid *gone, size_t gone_count)
{
	size_t number, size = gone_count * (NLA_HDRLEN + SLUICE_GUID_SIZE);
	struct nl_msg *message;
	int result;

	if (!kernel || (rule_count && !rules) || (gone_count && !gone))
		return -EINVAL;
	for (number = 0; number < rule_count; number++) {
		if (!has_ports(&rules[number]))
			return -EINVAL;
		size += rule_size(&rules[number]);
	}
	message = sluice_netlink_message(kernel->netlink, SLUICE_CMD_RULES_EXCHANGE, 0, size);
	if (!message)
		return unfinished(kernel, message);
	for (number = 0; number < gone_count; number++)
		if (nla_put(message, SLUICE_A_RULE_GONE, SLUICE_GUID_SIZE, gone[number]))
			return unfinished(kernel, message);
	for (number = 0; number < rule_count; number++)
		if (put_nested_rule(message, &rules[number]))
			return unfinished(kernel, message);
	result = change(kernel, message);
	/* Whatever the module itself refuses it says why; it is genl that has no words for an
	 * unknown command. */
	if (result == -EOPNOTSUPP && !sluice_netlink_error_is_peers(kernel->netlink))
		return sluice_netlink_fail(kernel->netlink, -ENOSYS,
					   "the module is older than this program and cannot "
					   "exchange rules in one step");
	return result;
}

/* Copies a name of at most `size` - 1 bytes. */
static void copy_name(char *name, size_t size, const struct nlattr *attribute)
{
	snprintf(name, size, "%s", sluice_attribute_string(attribute));
}

/* One route of a dump. */
static int on_route(struct nlattr **attributes, void *context)
{
	struct sluice_kernel_route *route = collection_add(context);

	if (!route)
		return -ENOMEM;
	sluice_attribute_guid(attributes[SLUICE_A_ROUTE_ID], route->guid);
	copy_name(route->name, sizeof(route->name), attributes[SLUICE_A_ROUTE_NAME]);
	route->ring_size = sluice_attribute_u64(attributes[SLUICE_A_ROUTE_RING_SIZE]);
	route->watermark = sluice_attribute_u32(attributes[SLUICE_A_ROUTE_WATERMARK]);
	route->delay_us = sluice_attribute_u32(attributes[SLUICE_A_ROUTE_DELAY]);
	route->rules = sluice_attribute_u32(attributes[SLUICE_A_ROUTE_RULES]);
	if (attributes[SLUICE_A_ROUTE_ALARM])
		route->alarm = nla_get_u8(attributes[SLUICE_A_ROUTE_ALARM]);
	if (attributes[SLUICE_A_ROUTE_PROMPT])
		route->is_prompt = nla_get_u8(attributes[SLUICE_A_ROUTE_PROMPT]);
	return 0;
}

/* An address with its prefix; absent: any. */
static void get_prefix(const struct nlattr *address, const struct nlattr *length,
		       struct sluice_kernel_prefix *prefix)
{
	size_t bytes = address ? (size_t)nla_len(address) : 0;

	if (bytes != 4 && bytes != 16)
		return;
	prefix->family = bytes == 4 ? AF_INET : AF_INET6;
	memcpy(prefix->address, nla_data(address), bytes);
	prefix->length = length ? nla_get_u8(length) : (uint8_t)(bytes * 8);
}

/* One rule of a dump. */
static int on_rule(struct nlattr **attributes, void *context)
{
	struct sluice_kernel_rule *rule = collection_add(context);
	size_t bytes;

	if (!rule)
		return -ENOMEM;
	sluice_attribute_guid(attributes[SLUICE_A_RULE_ID], rule->guid);
	sluice_attribute_guid(attributes[SLUICE_A_RULE_ROUTE], rule->route);
	copy_name(rule->name, sizeof(rule->name), attributes[SLUICE_A_RULE_NAME]);
	if (attributes[SLUICE_A_RULE_INPUT])
		rule->input = nla_get_u16(attributes[SLUICE_A_RULE_INPUT]);
	if (attributes[SLUICE_A_RULE_VERDICT])
		rule->verdict = nla_get_u8(attributes[SLUICE_A_RULE_VERDICT]);
	if (attributes[SLUICE_A_RULE_HOOK])
		rule->hook = nla_get_u8(attributes[SLUICE_A_RULE_HOOK]);
	if (attributes[SLUICE_A_RULE_BATCHING])
		rule->batching = nla_get_u8(attributes[SLUICE_A_RULE_BATCHING]);
	rule->flags = sluice_attribute_u32(attributes[SLUICE_A_RULE_FLAGS]);
	if (attributes[SLUICE_A_RULE_PORTS]) {
		bytes = (size_t)nla_len(attributes[SLUICE_A_RULE_PORTS]);
		if (bytes > sizeof(rule->ports))
			bytes = sizeof(rule->ports);
		rule->port_count = bytes / sizeof(rule->ports[0]);
		memcpy(rule->ports, nla_data(attributes[SLUICE_A_RULE_PORTS]),
		       rule->port_count * sizeof(rule->ports[0]));
	}
	get_prefix(attributes[SLUICE_A_RULE_DESTINATION], attributes[SLUICE_A_RULE_DESTINATION_LEN],
		   &rule->destination);
	get_prefix(attributes[SLUICE_A_RULE_SOURCE], attributes[SLUICE_A_RULE_SOURCE_LEN],
		   &rule->source);
	copy_name(rule->interface, sizeof(rule->interface), attributes[SLUICE_A_RULE_INTERFACE]);
	sluice_netlink_counters(attributes[SLUICE_A_RULE_COUNTERS], &rule->counters);
	return 0;
}

/* Copies a list of numbers of the module's, of which one may know more than the other. Returns how
 * many both know. */
static size_t copy_figures(uint64_t *figures, size_t room, const struct nlattr *attribute)
{
	size_t count = attribute ? (size_t)nla_len(attribute) / sizeof(*figures) : 0;

	if (count > room)
		count = room;
	if (count)
		memcpy(figures, nla_data(attribute), count * sizeof(*figures));
	return count;
}

/* One stream of a dump. */
static int on_stream(struct nlattr **attributes, void *context)
{
	struct sluice_kernel_stream *stream = collection_add(context);

	if (!stream)
		return -ENOMEM;
	sluice_attribute_guid(attributes[SLUICE_A_ROUTE_ID], stream->route);
	sluice_attribute_guid(attributes[SLUICE_A_STREAM_ID], stream->uuid);
	stream->epoch = sluice_attribute_u64(attributes[SLUICE_A_STREAM_EPOCH]);
	stream->cpu = sluice_attribute_u32(attributes[SLUICE_A_STREAM_CPU]);
	stream->size = sluice_attribute_u64(attributes[SLUICE_A_STREAM_SIZE]);
	stream->head = sluice_attribute_u64(attributes[SLUICE_A_STREAM_HEAD]);
	stream->tail = sluice_attribute_u64(attributes[SLUICE_A_STREAM_TAIL]);
	stream->owner = sluice_attribute_u32(attributes[SLUICE_A_STREAM_OWNER]);
	stream->wakes = sluice_attribute_u64(attributes[SLUICE_A_STREAM_WAKES]);
	sluice_netlink_counters(attributes[SLUICE_A_STREAM_COUNTERS], &stream->counters);
	stream->inside_count =
		copy_figures(stream->inside, SLUICE_R_COUNT, attributes[SLUICE_A_STREAM_INSIDE]);
	(void)copy_figures(stream->batches, SLUICE_BATCH_CLASSES,
			   attributes[SLUICE_A_STREAM_BATCHES]);
	stream->measured = sluice_attribute_u64(attributes[SLUICE_A_STREAM_MEASURED]);
	stream->match_ns = sluice_attribute_u64(attributes[SLUICE_A_STREAM_MATCH_TIME]);
	stream->store_ns = sluice_attribute_u64(attributes[SLUICE_A_STREAM_STORE_TIME]);
	stream->wakes_measured = sluice_attribute_u64(attributes[SLUICE_A_STREAM_WAKES_MEASURED]);
	stream->wake_ns = sluice_attribute_u64(attributes[SLUICE_A_STREAM_WAKE_TIME]);
	return 0;
}

/* One CPU of a dump. */
static int on_cpu(struct nlattr **attributes, void *context)
{
	struct sluice_kernel_cpu *cpu = collection_add(context);

	if (!cpu)
		return -ENOMEM;
	cpu->cpu = sluice_attribute_u32(attributes[SLUICE_A_CPU_NUMBER]);
	cpu->entries = sluice_attribute_u32(attributes[SLUICE_A_CPU_ENTRIES]);
	cpu->wakes = sluice_attribute_u64(attributes[SLUICE_A_CPU_WAKES]);
	sluice_netlink_counters(attributes[SLUICE_A_CPU_COUNTERS], &cpu->counters);
	return 0;
}

/* Dumps into a list; a dump that was not consistent is asked for again. @owner caller: *list */
static int collect(struct sluice_kernel *kernel, uint8_t command, sluice_netlink_handler handler,
		   size_t item_size, void **list, size_t *count)
{
	struct collection collection = {.item_size = item_size};
	unsigned int attempt;
	int error = -EINVAL;

	if (!kernel || !list || !count)
		return -EINVAL;
	for (attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		collection.count = 0;
		error = sluice_netlink_dump(kernel->netlink, command, handler, &collection);
		if (error != -EINTR)
			break;
	}
	if (error) {
		free(collection.items);
		return error;
	}
	*list = collection.items;
	*count = collection.count;
	return 0;
}

int sluice_kernel_routes(struct sluice_kernel *kernel, struct sluice_kernel_route **list,
			 size_t *count)
{
	void *items;
	int error = list ? collect(kernel, SLUICE_CMD_ROUTE_GET, on_route, sizeof(**list), &items,
				   count)
			 : -EINVAL;

	if (!error)
		*list = items;
	return error;
}

int sluice_kernel_rules(struct sluice_kernel *kernel, struct sluice_kernel_rule **list,
			size_t *count)
{
	void *items;
	int error =
		list ? collect(kernel, SLUICE_CMD_RULE_GET, on_rule, sizeof(**list), &items, count)
		     : -EINVAL;

	if (!error)
		*list = items;
	return error;
}

int sluice_kernel_streams(struct sluice_kernel *kernel, struct sluice_kernel_stream **list,
			  size_t *count)
{
	void *items;
	int error = list ? collect(kernel, SLUICE_CMD_STREAM_GET, on_stream, sizeof(**list), &items,
				   count)
			 : -EINVAL;

	if (!error)
		*list = items;
	return error;
}

int sluice_kernel_cpus(struct sluice_kernel *kernel, struct sluice_kernel_cpu **list, size_t *count)
{
	void *items;
	int error =
		list ? collect(kernel, SLUICE_CMD_CPU_GET, on_cpu, sizeof(**list), &items, count)
		     : -EINVAL;

	if (!error)
		*list = items;
	return error;
}

const char *sluice_kernel_route_name(const struct sluice_kernel_route *routes, size_t count,
				     const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (sluice_guid_equal(routes[number].guid, guid))
			return routes[number].name;
	return "";
}
