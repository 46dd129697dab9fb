// SPDX-License-Identifier: MIT
/*
 * Rules and routes, as the module has them. Touches: a netlink socket, stderr.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "../config/model.h"
#include "guid.h"
#include "kernel.h"
#include "list.h"

/* "5000-5003,5010". */
static json_t *ports_text(const struct sluice_kernel_rule *rule)
{
	/* Two ports of five digits, a dash and a comma each. */
	char text[12 * 256 + 1] = "";
	size_t used = 0, range;

	for (range = 0; range < rule->port_count; range++) {
		const struct sluice_port_range *ports = &rule->ports[range];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", range ? "," : "",
					 ports->first);
		if (ports->last != ports->first)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "-%u",
						 ports->last);
	}
	return json_string(text);
}

/* "10.9.0.0/24", or null for any address. */
static json_t *prefix_text(const struct sluice_kernel_prefix *prefix)
{
	char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 4];

	if (prefix->family == 0 ||
	    !inet_ntop(prefix->family, prefix->address, address, sizeof(address)))
		return json_null();
	snprintf(text, sizeof(text), "%s/%u", address, prefix->length);
	return json_string(text);
}

/* Connects to the module, or says why not. */
static struct sluice_kernel *connect_module(void)
{
	struct sluice_kernel *kernel = NULL;
	int error = sluice_kernel_open(&kernel);

	if (error == 0)
		return kernel;
	if (error == -ENOENT)
		fputs("sluicectl: the module is not loaded: modprobe sluice\n", stderr);
	else
		fprintf(stderr, "sluicectl: cannot talk to the module: %s\n", strerror(-error));
	return NULL;
}

/* The module's answer was a refusal: its own words. */
static json_t *refused(struct sluice_kernel *kernel)
{
	fprintf(stderr, "sluicectl: %s\n", sluice_kernel_error(kernel));
	sluice_kernel_close(kernel);
	return NULL;
}

json_t *sluice_list_rules(void)
{
	struct sluice_kernel *kernel = connect_module();
	struct sluice_kernel_rule *rules = NULL;
	size_t count = 0, index;
	json_t *list;

	if (!kernel)
		return NULL;
	if (sluice_kernel_rules(kernel, &rules, &count) < 0)
		return refused(kernel);
	list = json_array();
	for (index = 0; index < count; index++) {
		const struct sluice_kernel_rule *rule = &rules[index];
		json_t *object = json_object();

		json_object_set_new(object, "id", sluice_list_guid(rule->guid));
		json_object_set_new(object, "name", json_string(rule->name));
		json_object_set_new(object, "route", sluice_list_guid(rule->route));
		json_object_set_new(object, "input", json_integer(rule->input));
		json_object_set_new(object, "ports", ports_text(rule));
		json_object_set_new(object, "destination", prefix_text(&rule->destination));
		json_object_set_new(object, "source", prefix_text(&rule->source));
		json_object_set_new(object, "interface",
				    rule->interface[0] ? json_string(rule->interface)
						       : json_null());
		json_object_set_new(
			object, "verdict",
			json_string(rule->verdict == SLUICE_VERDICT_COPY ? "copy" : "steal"));
		json_object_set_new(object, "hook",
				    json_string(sluice_config_hook_name(rule->hook)));
		json_object_set_new(object, "batching",
				    json_string(sluice_config_batching_name(rule->batching)));
		json_object_set_new(object, "checksum",
				    json_string(sluice_config_checksum_name(rule->flags)));
		json_object_set_new(object, "time",
				    json_string(sluice_config_time_name(rule->flags)));
		sluice_list_counters(object, &rule->counters);
		json_array_append_new(list, object);
	}
	free(rules);
	sluice_kernel_close(kernel);
	return list;
}

json_t *sluice_list_routes(void)
{
	struct sluice_kernel *kernel = connect_module();
	struct sluice_kernel_route *routes = NULL;
	size_t count = 0, index;
	json_t *list;

	if (!kernel)
		return NULL;
	if (sluice_kernel_routes(kernel, &routes, &count) < 0)
		return refused(kernel);
	list = json_array();
	for (index = 0; index < count; index++) {
		const struct sluice_kernel_route *route = &routes[index];
		json_t *object = json_object();

		json_object_set_new(object, "id", sluice_list_guid(route->guid));
		json_object_set_new(object, "name", json_string(route->name));
		sluice_list_put_priority(object, route->guid);
		json_object_set_new(object, "ring_size",
				    json_integer((json_int_t)route->ring_size));
		json_object_set_new(object, "watermark", json_integer(route->watermark));
		json_object_set_new(object, "delay_us", json_integer(route->delay_us));
		json_object_set_new(object, "prompt", json_boolean(route->is_prompt));
		json_object_set_new(object, "rules", json_integer(route->rules));
		json_array_append_new(list, object);
	}
	free(routes);
	sluice_kernel_close(kernel);
	return list;
}
