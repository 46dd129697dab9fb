// SPDX-License-Identifier: MIT
/*
 * In which way the sockets of an input are read: `receive: auto` takes a program in the kernel
 * wherever that can be had, else calls. Chosen when an input comes, and kept as long as there is
 * one: no change of the configuration changes it but one that names another way. For the control
 * thread. Touches: the trial (socket_trial.c), the workers' rings for programs.
 */
#include <stdio.h>
#include <stdlib.h>
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "socket_bpf.h"
#include "socket_trial.h"
#include "socket_way.h"

/* Rings for programs are memory that is taken at once: those of all workers together take no more
 * than this unless the size is given. */
#define RINGS_MOST (256UL << 20)
#define RING_MOST (16UL << 20)
#define RING_LEAST (1UL << 20)

size_t sluice_socket_way_ring(const struct sluice_config *config, size_t workers)
{
	size_t size = RING_MOST;

	if (config->socket_ring)
		return config->socket_ring;
	while (size > RING_LEAST && size * workers > RINGS_MOST)
		size /= 2;
	return size;
}

/* How many sockets the plan wants in each worker, at most. */
static size_t count_sockets(const struct sluice_source_plan *plan)
{
	size_t number, range, count = 0;

	for (number = 0; number < plan->config->input_count; number++) {
		const struct sluice_config_input *input = &plan->config->inputs[number];

		for (range = 0;
		     plan->kinds[number] == SLUICE_SOURCE_SOCKET && range < input->port_count;
		     range++)
			count += (size_t)input->ports[range].last - input->ports[range].first + 1;
	}
	return count;
}

/* Makes the rings of all workers. NULL; or why they cannot be had, for the user, which is then so
 * for ever. */
static const char *make_rings(const struct sluice_socket_way_bed *bed)
{
	static char text[256];
	size_t size = sluice_socket_way_ring(bed->plan->config, bed->worker_count);
	char amount[SLUICE_SIZE_TEXT], *error = NULL;
	size_t number;

	if (text[0])
		return text;
	for (number = 0; number < bed->worker_count && !text[0]; number++)
		if (sluice_socket_bpf_prepare(&bed->bpf[number], &bed->sets[number], size, &error))
			snprintf(text, sizeof(text),
				 "there is no memory for a ring of %s for each of %zu workers: "
				 "`socket.ring` can be smaller",
				 sluice_size_format(size, amount), bed->worker_count);
	if (error)
		sluice_debug("%s", error);
	free(error);
	return text[0] ? text : NULL;
}

/* Says once what `auto` is. */
static void tell(enum sluice_receive way, const char *why)
{
	static bool is_told;

	if (is_told)
		return;
	is_told = true;
	if (why)
		sluice_notice("sockets are read with `receive: %s`, which costs more than `bpf` "
			      "and loses no more, because of `bpf`: %s",
			      sluice_config_receive_name(way), why);
	else
		sluice_info("sockets are read with `receive: %s`", sluice_config_receive_name(way));
}

enum sluice_receive sluice_socket_way_choose(const struct sluice_socket_way_bed *bed,
					     const struct sluice_config_input *input,
					     struct sluice_socket_input *record)
{
	struct sluice_socket_way way = {.receive = input->receive};
	const struct sluice_socket_way *now = &record->way;

	if (input->receive == SLUICE_RECEIVE_AUTO && now->receive != SLUICE_RECEIVE_AUTO) {
		way = *now;
		if (way.receive == SLUICE_RECEIVE_CALLS && !way.why)
			way.why = "this input was read so before `receive: auto` came; a restart "
				  "chooses anew";
	} else if (input->receive == SLUICE_RECEIVE_AUTO) {
		way.why = sluice_socket_trial();
		if (!way.why && count_sockets(bed->plan) > SLUICE_SOCKET_BPF_PORTS_MAX)
			way.why = "it has room for 65,536 sockets in each worker, and the inputs "
				  "want more";
		if (!way.why)
			way.why = make_rings(bed);
		way.receive = way.why ? SLUICE_RECEIVE_CALLS : SLUICE_RECEIVE_BPF;
		tell(way.receive, way.why);
	} else if (input->receive == SLUICE_RECEIVE_BPF) {
		way.why = sluice_socket_trial();
		way.receive = way.why ? SLUICE_RECEIVE_CALLS : SLUICE_RECEIVE_BPF;
		if (way.why && !bed->follows)
			sluice_warning("input `%s`: `receive: bpf` cannot be had (%s); its sockets "
				       "are read with `calls`, which costs more and loses no more",
				       input->name, way.why);
	}
	record->next_way = way;
	return way.receive;
}
