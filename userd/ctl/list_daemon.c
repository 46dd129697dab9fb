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
#include "field.h"
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

/* Adds one field to `object`. */
static void put_field(json_t *object, const struct sluice_field *field, struct nlattr *attribute)
{
	switch (field->kind) {
	case SLUICE_FIELD_NUMBER:
		if (sluice_netlink_policy[field->attribute].type == NLA_U32)
			sluice_list_put_u32(object, field->key, attribute);
		else
			sluice_list_put_u64(object, field->key, attribute);
		break;
	case SLUICE_FIELD_REASON:
		if (!*sluice_attribute_string(attribute))
			break;
		/* fall through */
	case SLUICE_FIELD_TEXT:
	case SLUICE_FIELD_LONG_TEXT:
		sluice_list_put_string(object, field->key, attribute);
		break;
	case SLUICE_FIELD_NAMES:
		json_object_set_new(object, field->key,
				    split_names(sluice_attribute_string(attribute)));
		break;
	case SLUICE_FIELD_GUID:
		sluice_list_put_guid(object, field->key, attribute);
		break;
	case SLUICE_FIELD_MOMENT:
		sluice_list_put_moment(object, field->key, attribute);
		break;
	case SLUICE_FIELD_COUNTERS:
		sluice_list_put_counters(object, attribute);
		break;
	case SLUICE_FIELD_PART:
		break;
	}
}

/* An object of all fields of a list that the attributes have. */
static json_t *fields_of(enum sluice_field_list list, struct nlattr **attributes)
{
	json_t *object = json_object();
	size_t row;

	for (row = 0; row < sluice_field_count; row++) {
		const struct sluice_field *field = &sluice_fields[row];

		if (field->list == list && (!field->is_optional || attributes[field->attribute]))
			put_field(object, field, attributes[field->attribute]);
	}
	return object;
}

/* One input. */
static int on_input(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_INPUT, attributes);

	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* What waits in one place for an output that is gone. */
static int on_orphan(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_ORPHAN, attributes);

	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* A thread of the daemon. */
static int on_thread(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_THREAD, attributes);

	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* What one stage of something costs. */
static int on_cost(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_COST, attributes);

	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* A forward. */
static int on_forward(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_FORWARD, attributes);

	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* One destination of an output. */
static json_t *destination(struct nlattr *nest)
{
	struct nlattr *attributes[SLUICE_A_MAX + 1];

	if (nla_parse_nested(attributes, SLUICE_A_MAX, nest,
			     (struct nla_policy *)sluice_netlink_policy) < 0)
		return NULL;
	return fields_of(SLUICE_FIELDS_DESTINATION, attributes);
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
	uint64_t sum = 0; /* of whatever a daemon says, be it more than there can be */
	json_t *one;
	size_t number;

	json_array_foreach(destinations, number, one)
	{
		sum += (uint64_t)json_integer_value(json_object_get(one, key));
	}
	return json_integer((json_int_t)sum);
}

/* One output and its destinations. */
static int on_output(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_OUTPUT, attributes), *destinations = json_array();

	each_repeated(attributes, SLUICE_A_OUTPUT_DESTINATION, destinations, destination);
	json_object_set_new(object, "backlog", sum_of(destinations, "backlog"));
	json_object_set_new(object, "achieved", sum_of(destinations, "achieved"));
	json_object_set_new(object, "destinations", destinations);
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* The daemon itself. */
static int on_daemon(struct nlattr **attributes, void *context)
{
	json_t *object = fields_of(SLUICE_FIELDS_DAEMON, attributes);

	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* The store: its disk only if there is one. */
static int on_store(struct nlattr **attributes, void *context)
{
	json_t *object = json_object(), *whole = fields_of(SLUICE_FIELDS_STORE, attributes);

	json_object_set_new(object, "memory", fields_of(SLUICE_FIELDS_MEMORY, attributes));
	json_object_set_new(object, "disk",
			    attributes[SLUICE_A_STORE_DISK_PATH]
				    ? fields_of(SLUICE_FIELDS_DISK, attributes)
				    : json_null());
	json_object_update(object, whole);
	json_decref(whole);
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

int sluice_list_ask_daemon(struct sluice_netlink *netlink, json_t *list)
{
	return sluice_daemon_try_dump(netlink, SLUICE_CMD_DAEMON_GET, on_daemon, list);
}

json_t *sluice_list_orphans(void)
{
	return ask(SLUICE_CMD_ORPHAN_GET, on_orphan);
}

json_t *sluice_list_threads(void)
{
	return ask(SLUICE_CMD_THREAD_GET, on_thread);
}

json_t *sluice_list_costs(void)
{
	json_t *list = ask(SLUICE_CMD_COST_GET, on_cost);

	if (list && sluice_list_add_module_costs(list)) {
		fprintf(stderr, "sluicectl: no memory for what the module costs\n");
		json_decref(list);
		list = NULL;
	}
	return list;
}

json_t *sluice_list_forwards(void)
{
	return ask(SLUICE_CMD_FORWARD_GET, on_forward);
}

json_t *sluice_list_store(void)
{
	return ask(SLUICE_CMD_STORE_GET, on_store);
}
