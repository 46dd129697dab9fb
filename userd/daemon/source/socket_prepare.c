// SPDX-License-Identifier: MIT
/*
 * The ports of a plan that is prepared, see socket_intake.h: which worker has which, found again
 * or opened. For the control thread. Touches: the sockets it opens.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../config/deal.h"
#include "socket_index.h"
#include "socket_intake.h"
#include "socket_way.h"

void sluice_socket_deal(struct sluice_intake *intake, const struct sluice_source_plan *plan)
{
	uint64_t ports = 0;
	size_t number, range, reach;
	unsigned int port;

	memset(intake->reach, 0, sizeof(intake->reach));
	for (number = 0; number < plan->config->input_count; number++) {
		const struct sluice_config_input *input = &plan->config->inputs[number];

		if (plan->kinds[number] != SLUICE_SOURCE_SOCKET)
			continue;
		reach = sluice_config_reached(plan->routes[plan->route_of[number]].reach,
					      plan->spread[number]);
		/* Whatever shares a number is in the same workers. */
		for (range = 0; range < input->port_count; range++)
			for (port = input->ports[range].first; port <= input->ports[range].last;
			     port++)
				if (!intake->reach[port] || reach < intake->reach[port])
					intake->reach[port] = (uint16_t)reach;
		for (range = 0; range < input->port_count; range++)
			ports += input->ports[range].last - input->ports[range].first + 1U;
	}
	intake->width = sluice_deal_width(
		ports, sluice_config_goal(plan->config, intake->context->worker_count));
}

bool sluice_socket_is_dealt(const struct sluice_intake *intake, uint16_t number, size_t worker)
{
	size_t workers =
		sluice_config_reached(intake->reach[number], intake->context->worker_count);
	size_t width = intake->width < workers ? intake->width : workers;

	if (worker >= workers)
		return false;
	/* Whatever they are bound to: who replaces one of them must be in the same worker. */
	return sluice_deal_has(number, worker, workers, width) ||
	       sluice_port_index_has(&intake->sets[worker].index, number) ||
	       sluice_socket_has_inherited_for(number, (unsigned int)worker, (unsigned int)workers);
}

/* Do we have this UDP port open in any form already? Then asking for it exclusively would find
 * ourselves. */
static bool port_is_ours(const struct sluice_intake *intake, uint16_t number)
{
	size_t worker;

	if (sluice_socket_has_inherited(number))
		return true;
	for (worker = 0; worker < intake->context->worker_count; worker++)
		if (sluice_port_index_has(&intake->sets[worker].index, number) ||
		    sluice_port_index_has(&intake->fresh_index[worker], number))
			return true;
	return false;
}

/* A port could not be opened. Returns 0 if its input can wait for what is missing. */
static int cannot_open(const struct sluice_intake *intake, const struct sluice_port_key *key,
		       struct sluice_socket_input *input, int result, char **error)
{
	if (result == -ENODEV && key->interface[0])
		sluice_socket_input_wait(input, SLUICE_WAITS_FOR_INTERFACE,
					 "waiting for interface %s", key->interface);
	else if (intake->follows && result != -ENOMEM)
		sluice_socket_input_wait(input, SLUICE_WAITS_FOR_SOCKET, "waiting for port %u: %s",
					 key->port, strerror(-result));
	else
		return result;
	free(*error);
	*error = NULL;
	return 0;
}

int sluice_socket_prepare_port(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			       const struct sluice_config_input *input,
			       const struct sluice_port_key *key,
			       struct sluice_socket_input *record, size_t number, char **error)
{
	struct sluice_socket_beat **reader = &intake->readers[number].of[key->way->receive];
	struct sluice_port *port;
	int result = 0;

	/* It stays closed until the interface comes. */
	if (key->interface[0] && !key->index)
		return 0;
	port = sluice_port_index_find(&intake->sets[number].index, key);
	if (!port)
		port = sluice_port_index_find(&intake->fresh_index[number], key);
	if (!port) {
		port = sluice_socket_inherited(key, (unsigned int)number);
		if (!port && key->way->prepare)
			result = key->way->prepare(
				reader, &intake->sets[number], plan->config,
				sluice_config_goal(plan->config, intake->context->worker_count),
				error);
		if (!port && !result)
			result = sluice_port_open(plan->config, input, key,
						  !port_is_ours(intake, key->port), *reader, &port,
						  error);
		if (result)
			return cannot_open(intake, key, record, result, error);
		port->next = intake->fresh[number];
		intake->fresh[number] = port;
		sluice_port_index_add(&intake->fresh_index[number], port);
	}
	port->wanted = true;
	port->is_next_first =
		number ==
		sluice_deal_first(key->port, sluice_config_reached(intake->reach[key->port],
								   intake->context->worker_count));
	return 0;
}
