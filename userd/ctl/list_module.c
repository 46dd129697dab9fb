// SPDX-License-Identifier: MIT
/*
 * Rules, routes, rings and counters of CPUs, as the module has them. Touches: a netlink socket,
 * stderr.
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

/* The rules. NULL: the module refuses. @owner caller: json_decref() */
static json_t *rules_of(struct sluice_kernel *kernel)
{
	struct sluice_kernel_rule *rules = NULL;
	size_t count = 0, index;
	json_t *list;

	if (sluice_kernel_rules(kernel, &rules, &count) < 0)
		return NULL;
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
	return list;
}

/* How often the reader of a ring was told of so many records at once. @owner caller */
static json_t *batches_of(const struct sluice_kernel_stream *stream)
{
	json_t *object = json_object();
	char least[24];
	unsigned int class;

	for (class = 0; class < SLUICE_BATCH_CLASSES; class ++) {
		snprintf(least, sizeof(least), "%llu", SLUICE_BATCH_LEAST(class));
		json_object_set_new(object, least,
				    json_integer((json_int_t)stream->batches[class]));
	}
	return object;
}

/* A ring, with all that is in it. @owner caller */
static json_t *ring_of(const struct sluice_kernel_stream *stream, const char *name)
{
#define ROW(NAME, name, ...) #name,
	static const char *const names[SLUICE_R_COUNT] = {SLUICE_RING_COUNTERS(ROW)};
#undef ROW
	json_t *object = json_object();
	size_t place;

	json_object_set_new(object, "name", json_string(name));
	json_object_set_new(object, "route", sluice_list_guid(stream->route));
	sluice_list_put_priority(object, stream->route);
	json_object_set_new(object, "cpu", json_integer(stream->cpu));
	json_object_set_new(object, "stream", sluice_list_guid(stream->uuid));
	sluice_list_put_number(object, "epoch", stream->epoch);
	for (place = 0; place < stream->inside_count; place++)
		json_object_set_new(object, names[place],
				    json_integer((json_int_t)stream->inside[place]));
	if (stream->inside_count)
		json_object_set_new(object, "batch", batches_of(stream));
	return object;
}

/* The rings. NULL: the module refuses. @owner caller: json_decref() */
static json_t *rings_of(struct sluice_kernel *kernel)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel_route *routes = NULL;
	size_t count = 0, route_count = 0, number;
	json_t *list = NULL;

	if (sluice_kernel_routes(kernel, &routes, &route_count) < 0 ||
	    sluice_kernel_streams(kernel, &streams, &count) < 0)
		goto free;
	list = json_array();
	for (number = 0; number < count; number++)
		json_array_append_new(
			list,
			ring_of(&streams[number], sluice_kernel_route_name(routes, route_count,
									   streams[number].route)));
free:
	free(routes);
	free(streams);
	return list;
}

/* What was counted on each CPU; nothing, if the module is older. NULL: it refuses. @owner caller:
 * json_decref() */
static json_t *cpus_of(struct sluice_kernel *kernel)
{
	struct sluice_kernel_cpu *cpus = NULL;
	size_t count = 0, number;
	json_t *list;
	int error = sluice_kernel_cpus(kernel, &cpus, &count);

	if (error && error != -EOPNOTSUPP)
		return NULL;
	list = json_array();
	for (number = 0; number < count; number++) {
		const struct sluice_kernel_cpu *cpu = &cpus[number];
		json_t *object = json_object();

		json_object_set_new(object, "cpu", json_integer(cpu->cpu));
		json_object_set_new(object, "entries", json_integer(cpu->entries));
		sluice_list_counters(object, &cpu->counters);
		json_object_set_new(object, "gaps", json_integer((json_int_t)cpu->counters.gaps));
		json_object_set_new(object, "wakes", json_integer((json_int_t)cpu->wakes));
		json_array_append_new(list, object);
	}
	free(cpus);
	return list;
}

json_t *sluice_list_rules(void)
{
	struct sluice_kernel *kernel = connect_module();
	json_t *list = kernel ? rules_of(kernel) : NULL;

	if (kernel && !list)
		return refused(kernel);
	sluice_kernel_close(kernel);
	return list;
}

json_t *sluice_list_kernel(void)
{
	struct sluice_kernel *kernel = connect_module();
	json_t *rules = kernel ? rules_of(kernel) : NULL, *rings = rules ? rings_of(kernel) : NULL,
	       *cpus = rings ? cpus_of(kernel) : NULL;

	if (!kernel)
		return NULL;
	if (!cpus) {
		json_decref(rules);
		json_decref(rings);
		return refused(kernel);
	}
	sluice_kernel_close(kernel);
	return json_pack("[{s:o, s:o, s:o}]", "cpus", cpus, "rules", rules, "rings", rings);
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
