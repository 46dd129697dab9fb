// SPDX-License-Identifier: MIT
/*
 * Working out the routes of a configuration: inputs of one priority that go to the same outputs
 * share a route and its rings. See model.h. Touches: nothing but memory.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sluice/ring.h>
#include "guid.h"
#include "model.h"
#include "priority.h"

size_t sluice_config_cpus(void)
{
	/* As the module makes them: for the CPUs that are online. Those that merely might be
	 * plugged in are many in virtual machines, and would get memory that the others need. */
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (size_t)count : 1;
}

bool sluice_config_is_twin(const struct sluice_config *config, size_t number)
{
	return number > 0 &&
	       sluice_guid_equal(config->outputs[number].group, config->outputs[number - 1].group);
}

/* qsort: by the set of outputs, then by priority, then by the order in the file. `argument`: the
 * inputs. */
static int compare(const void *left, const void *right, void *argument)
{
	const struct sluice_config_input *inputs = argument;
	const struct sluice_config_input *one = &inputs[*(const size_t *)left];
	const struct sluice_config_input *other = &inputs[*(const size_t *)right];
	size_t number;

	for (number = 0; number < one->output_count && number < other->output_count; number++)
		if (one->outputs[number] != other->outputs[number])
			return one->outputs[number] < other->outputs[number] ? -1 : 1;
	if (one->output_count != other->output_count)
		return one->output_count < other->output_count ? -1 : 1;
	if (one->priority != other->priority)
		return one->priority < other->priority ? -1 : 1;
	return one < other ? -1 : one > other;
}

/* Do both inputs go to the same outputs, one as soon as the other? */
static bool share_route(const struct sluice_config_input *one,
			const struct sluice_config_input *other)
{
	return one->output_count == other->output_count && one->priority == other->priority &&
	       !memcmp(one->outputs, other->outputs, one->output_count * sizeof(*one->outputs));
}

/* qsort: GUIDs by their bytes. */
static int compare_guids(const void *left, const void *right)
{
	return memcmp(left, right, SLUICE_GUID_SIZE);
}

/*
 * The route's GUID, out of its outputs' GUIDs in an order that does not depend on the file, and the
 * size of its rings: a ring cannot grow while it is in use, so one of another size is another
 * route's, and the old one drains; and the priority, which an output takes streams by, not records.
 * 0, -EINVAL, -ENOMEM.
 */
static int derive_id(const struct sluice_config *config, struct sluice_config_route *route)
{
	sluice_guid *guids = calloc(route->output_count + 1, sizeof(*guids));
	uint64_t size = htole64(route->ring_size);
	size_t number, count = 0;
	int error;

	if (!guids)
		return -ENOMEM;
	/* By group: a route stays the same when destinations of a duplicating output come and go.
	 */
	for (number = 0; number < route->output_count; number++)
		if (!number || !sluice_config_is_twin(config, route->outputs[number]))
			sluice_guid_copy(guids[count++],
					 config->outputs[route->outputs[number]].group);
	qsort(guids, count, sizeof(*guids), compare_guids);
	memcpy(guids[count++], &size, sizeof(size));
	error = sluice_guid_derive("route", guids, count * sizeof(*guids), route->id);
	free(guids);
	if (!error)
		sluice_priority_mark(route->id, route->priority);
	return error;
}

/* The route's name: its outputs' names joined by '+', cut before the character that does not fit,
 * and "@5" if it has a priority: what the log and the module call it. */
static void join_names(const struct sluice_config *config, struct sluice_config_route *route)
{
	size_t number, used = 0, length, room = SLUICE_NAME_MAX - (route->priority ? 2 : 0);
	const char *name;

	for (number = 0; number < route->output_count; number++) {
		name = config->outputs[route->outputs[number]].name;
		if (number && sluice_config_is_twin(config, route->outputs[number]))
			continue;
		if (number && used < room)
			route->name[used++] = '+';
		length = strlen(name);
		if (length > room - used) {
			length = room - used;
			while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
				length--;
		}
		memcpy(route->name + used, name, length);
		used += length;
	}
	route->name[used] = '\0';
	if (route->priority)
		snprintf(route->name + used, sizeof(route->name) - used, "@%u", route->priority);
}

size_t sluice_config_reach(const struct sluice_config *config)
{
	size_t number, reach = config ? config->worker_goal : 0;

	for (number = 0; config && number < config->output_count; number++)
		reach = sluice_config_least_reach(reach, config->outputs[number].reach);
	return reach;
}

void sluice_config_set_goal(struct sluice_config *config, size_t workers)
{
	size_t number;

	config->worker_goal = workers;
	for (number = 0; number < config->output_count; number++)
		config->outputs[number].reach =
			sluice_config_least_reach(config->outputs[number].connections, workers);
}

size_t sluice_config_goal(const struct sluice_config *config, size_t workers)
{
	return sluice_config_reached(config->worker_goal, workers);
}

/* The readers that are wished, else one of so many workers; of `workers` at most. */
static size_t readers_of(const struct sluice_config *config, size_t workers, size_t one_of)
{
	size_t readers = config->socket_readers;

	if (!readers)
		readers = (workers + one_of - 1) / one_of;
	return readers < workers ? readers : workers;
}

size_t sluice_config_readers(const struct sluice_config *config, size_t workers)
{
	/* Taking a datagram out of such a ring costs a fraction of what its way through the kernel
	 * has cost some other CPU; every reader more is one more that wakes. */
	return readers_of(config, workers, 4);
}

size_t sluice_config_callers(const struct sluice_config *config, size_t workers)
{
	/* To read a datagram with calls costs as much as its way through the kernel has cost some
	 * other CPU. */
	return readers_of(config, workers, 2);
}

/* Gives the route rings of `size` bytes, and what follows from that. 0, -EINVAL or -ENOMEM. */
static int set_size(const struct sluice_config *config, struct sluice_config_route *route,
		    size_t size)
{
	size_t number, bytes;

	route->ring_size = size;
	route->watermark = size / 4;
	for (number = 0; number < route->output_count; number++) {
		bytes = config->outputs[route->outputs[number]].batch_bytes;
		if (bytes < route->watermark)
			route->watermark = bytes;
	}
	return derive_id(config, route);
}

/* Fills in what follows from the outputs, but for the size of the rings. */
static void complete(const struct sluice_config *config, struct sluice_config_route *route)
{
	const struct sluice_config_output *output;
	uint64_t delay_us;
	size_t number;

	route->delay_us = UINT64_MAX;
	for (number = 0; number < route->output_count; number++) {
		output = &config->outputs[route->outputs[number]];
		route->reach = sluice_config_least_reach(route->reach, output->reach);
		delay_us = output->batch_delay_us;
		if (delay_us == SLUICE_DELAY_AUTO) {
			route->is_prompt = true;
			delay_us = SLUICE_DELAY_AUTO_MOST_US;
		}
		if (delay_us < route->delay_us)
			route->delay_us = delay_us;
	}
	join_names(config, route);
}

/* Begins the route of the inputs at order[0] .. order[count - 1]. 0 or -ENOMEM. */
static int make_route(const struct sluice_config *config, const size_t *order, size_t count,
		      struct sluice_config_route *route)
{
	const struct sluice_config_input *first = &config->inputs[order[0]];

	route->inputs = calloc(count, sizeof(*route->inputs));
	route->outputs = calloc(first->output_count, sizeof(*route->outputs));
	if (!route->inputs || !route->outputs)
		return -ENOMEM;
	memcpy(route->inputs, order, count * sizeof(*order));
	route->input_count = count;
	route->priority = first->priority;
	memcpy(route->outputs, first->outputs, first->output_count * sizeof(*route->outputs));
	route->output_count = first->output_count;
	return 0;
}

/* The largest size of a ring that is not above `bytes`; at least one byte. */
static size_t ring_size_below(size_t bytes)
{
	size_t power = 1;

	while (power <= bytes / 2 && power < SLUICE_RING_SIZE_MAX)
		power *= 2;
	return power;
}

/* Sorts the inputs by their outputs; *order is the caller's, 0 or -ENOMEM. */
static int sort_inputs(const struct sluice_config *config, size_t **order)
{
	size_t number;

	*order = calloc(config->input_count, sizeof(**order));
	if (!*order)
		return -ENOMEM;
	for (number = 0; number < config->input_count; number++)
		(*order)[number] = number;
	qsort_r(*order, config->input_count, sizeof(**order), compare, config->inputs);
	return 0;
}

int sluice_config_routes(const struct sluice_config *config, size_t cpu_count,
			 struct sluice_config_route **routes, size_t *count)
{
	struct sluice_config_route *list = NULL;
	size_t from, to, made = 0, size, number;
	size_t *order = NULL;
	int error;

	if (!config || !routes || !count || cpu_count == 0)
		return -EINVAL;
	*routes = NULL;
	*count = 0;
	if (config->input_count == 0)
		return 0;
	error = sort_inputs(config, &order);
	if (error)
		return error;
	list = calloc(config->input_count, sizeof(*list));
	error = list ? 0 : -ENOMEM;
	for (from = 0; from < config->input_count && !error; from = to) {
		to = from + 1;
		while (to < config->input_count &&
		       share_route(&config->inputs[order[from]], &config->inputs[order[to]]))
			to++;
		error = make_route(config, order + from, to - from, &list[made++]);
	}
	if (error)
		goto failed;
	/* Two divisions: a product of counts could overflow. */
	size = config->store.memory_size / made / cpu_count;
	error = -E2BIG;
	if (size < SLUICE_RING_SIZE_MIN)
		goto failed;
	for (number = 0; number < made; number++) {
		complete(config, &list[number]);
		error = set_size(config, &list[number], ring_size_below(size));
		if (error)
			goto failed;
	}
	free(order);
	*routes = list;
	*count = made;
	return 0;

failed:
	free(order);
	/* -E2BIG: how many routes there are is what the caller needs for its sentence. */
	if (error == -E2BIG)
		*count = made;
	sluice_config_routes_free(list, made);
	return error;
}

/* Notes how many workers have sockets for the route. Returns how many rings it has. */
static size_t spread_route(size_t cpu_count, const size_t *spread,
			   struct sluice_config_route *route)
{
	size_t number, workers, rings = 1;

	route->spread = 0;
	for (number = 0; number < route->input_count; number++) {
		workers = spread[route->inputs[number]];
		if (!workers)
			rings = cpu_count;
		else if (sluice_config_reached(route->reach, workers) > route->spread)
			route->spread = sluice_config_reached(route->reach, workers);
	}
	if (rings < route->spread)
		rings = route->spread;
	/* With more workers than CPUs, as with as many: there may be no memory for more. */
	return rings < cpu_count ? rings : cpu_count;
}

int sluice_config_share(const struct sluice_config *config, size_t cpu_count, const size_t *spread,
			struct sluice_config_route *routes, size_t count)
{
	size_t number, rings;
	int error = 0;

	if (!config || !spread || (!routes && count) || cpu_count == 0)
		return -EINVAL;
	for (number = 0; number < count && !error; number++) {
		rings = spread_route(cpu_count, spread, &routes[number]);
		error = set_size(config, &routes[number],
				 ring_size_below(config->store.memory_size / count / rings));
	}
	return error;
}

void sluice_config_routes_free(struct sluice_config_route *routes, size_t count)
{
	size_t number;

	if (!routes)
		return;
	for (number = 0; number < count; number++) {
		free(routes[number].inputs);
		free(routes[number].outputs);
	}
	free(routes);
}
