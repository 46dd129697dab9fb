// SPDX-License-Identifier: MIT
/*
 * What of a placement contradicts; see placement.h. Each warning is a sentence with what mends it.
 * Touches: nothing but memory.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "../config/model.h"
#include "placement.h"

#define WORKER "sluice-w"

/* A member that is a text; "" if it is not there. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Is it a thread that receives and sends? */
static bool is_worker(const json_t *object)
{
	const char *name = text_of(object, "name");

	/* Its number follows; others are called alike, the watchdog for one. */
	return !strcmp(text_of(object, "what"), "thread") &&
	       !strncmp(name, WORKER, sizeof(WORKER) - 1) &&
	       isdigit((unsigned char)name[sizeof(WORKER) - 1]);
}

/* Adds a sentence. 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3))) static int warn(json_t *object, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return json_array_append_new(json_object_get(object, "warnings"), json_string(text))
		       ? -ENOMEM
		       : 0;
}

/* The CPUs that all workers are on. */
static void workers_cpus(const json_t *list, cpu_set_t *set)
{
	const json_t *object;
	size_t number;

	CPU_ZERO(set);
	json_array_foreach(list, number, object) if (is_worker(object))(void)
		sluice_cpus_parse(text_of(object, "cpus"), set);
}

/* Another worker that is on the same CPU only; NULL: none. */
static const json_t *neighbour(const json_t *list, const json_t *worker)
{
	const json_t *object;
	size_t number;

	json_array_foreach(list, number, object)
	{
		if (object == worker)
			break;
		if (is_worker(object) && !strcmp(text_of(object, "cpus"), text_of(worker, "cpus")))
			return object;
	}
	return NULL;
}

/* What is wrong with a worker. 0 or -ENOMEM. */
static int judge_worker(const struct sluice_placement_host *host, const json_t *list,
			json_t *object)
{
	const char *name = text_of(object, "name"), *cpus = text_of(object, "cpus");
	char allowed[SLUICE_CPUS_TEXT];
	const json_t *other;
	cpu_set_t set, both;
	size_t cpu = 0;
	int error = 0;

	CPU_ZERO(&set);
	(void)sluice_cpus_parse(cpus, &set);
	if (CPU_COUNT(&set) != 1) {
		return warn(object,
			    "%s is on CPUs %s instead of one: the cpuset of the process (%s) lacks "
			    "its CPU, or it may not set its affinity: name CPUs of the cpuset in "
			    "threads.worker.cpus, or widen AllowedCPUs= of the service",
			    name, cpus, sluice_cpus_format(&host->allowed, allowed));
	}
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_AND(&both, &set, &host->allowed);
	if (!CPU_COUNT(&both))
		error = warn(object,
			     "%s is on CPU %zu, which is outside of the cpuset of the process "
			     "(%s): name CPUs of it in threads.worker.cpus",
			     name, cpu, sluice_cpus_format(&host->allowed, allowed));
	if (!error && CPU_ISSET(cpu, &host->isolated))
		error = warn(object,
			     "%s is on CPU %zu, which isolcpus keeps free: if that is for another "
			     "program, take it out of threads.worker.cpus; if it is for sluice, "
			     "let the card's interrupts go there, too",
			     name, cpu);
	else if (!error && CPU_ISSET(cpu, &host->tickless))
		error = warn(
			object,
			"%s is on CPU %zu, which nohz_full keeps without a clock tick: each of "
			"its system calls costs more there: take it out of "
			"threads.worker.cpus, or out of nohz_full",
			name, cpu);
	other = neighbour(list, object);
	if (!error && other)
		error = warn(object,
			     "%s is on CPU %zu, as %s is: fewer workers, or more CPUs in "
			     "threads.worker.cpus",
			     name, cpu, text_of(other, "name"));
	return error;
}

/* The worker that a ring is read by; NULL: nobody tells. */
static const json_t *worker_of(const json_t *list, const json_t *ring)
{
	const char *name = text_of(ring, "worker");
	const json_t *object;
	size_t number;

	json_array_foreach(list, number,
			   object) if (*name && is_worker(object) &&
				       !strcmp(text_of(object, "name"), name)) return object;
	return NULL;
}

/* Is all of the memory that `nodes` tells of ("0", "0:4096,1:8192") of `node`? */
static bool is_all_of(const char *nodes, int node)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", node);
	return !*nodes || !strcmp(nodes, text);
}

/* What is wrong with a ring. 0 or -ENOMEM. */
static int judge_ring(const struct sluice_placement_host *host, const json_t *list, json_t *object)
{
	const char *name = text_of(object, "name"), *nodes = text_of(object, "memory");
	const json_t *worker = worker_of(list, object);
	int node, filler = (int)json_integer_value(json_object_get(object, "cpu"));
	cpu_set_t set;

	if (!worker)
		return 0;
	CPU_ZERO(&set);
	(void)sluice_cpus_parse(text_of(worker, "cpus"), &set);
	node = sluice_placement_node_of_set(host, &set);
	json_object_set_new(object, "node", json_integer(node));
	if (node < 0)
		return 0;
	if (filler >= 0 && sluice_placement_node_of(host, (size_t)filler) != node)
		return warn(object,
			    "ring %s is filled by CPU %d of node %d and read by %s on CPU %s of "
			    "node %d: give workers CPUs of both nodes in threads.worker.cpus, or "
			    "let the card's interrupts go to CPUs of node %d",
			    name, filler, sluice_placement_node_of(host, (size_t)filler),
			    text_of(worker, "name"), text_of(worker, "cpus"), node, node);
	if (filler < 0 && !is_all_of(nodes, node))
		return warn(object,
			    "ring %s has memory of other nodes (%s) than its worker %s on CPU %s "
			    "(node %d): it comes from that node when it is made anew, at the next "
			    "change of store.memory.size or after a restart with empty rings",
			    name, nodes, text_of(worker, "name"), text_of(worker, "cpus"), node);
	return 0;
}

/* What is wrong with where an interrupt is served, or a queue is told to be. 0 or -ENOMEM. */
static int judge_interrupt(const struct sluice_placement_host *host, const json_t *list,
			   json_t *object)
{
	const char *name = text_of(object, "name"), *cpus = text_of(object, "cpus");
	bool is_transmit = !strcmp(text_of(object, "what"), "xps");
	char text[SLUICE_CPUS_TEXT];
	cpu_set_t set, both, workers, away;
	int node, home;

	CPU_ZERO(&set);
	(void)sluice_cpus_parse(cpus, &set);
	workers_cpus(list, &workers);
	CPU_AND(&away, &set, &host->isolated);
	/* For sluice, if a worker is there. */
	CPU_AND(&both, &away, &workers);
	if (!is_transmit && CPU_COUNT(&away) && !CPU_COUNT(&both))
		return warn(object,
			    "%s is served by CPU %s, which isolcpus keeps free for others: move it "
			    "to a CPU of the workers (%s), and tell irqbalance to leave it there",
			    name, cpus, sluice_cpus_format(&workers, text));
	node = sluice_placement_node_of_set(host, &set);
	home = sluice_placement_node_of_set(host, &workers);
	if (node >= 0 && home >= 0 && node != home)
		return warn(object,
			    "%s is for CPU %s of node %d, and all workers are on node %d: move it "
			    "to CPUs of that node, or name CPUs of node %d in threads.worker.cpus",
			    name, cpus, node, home, node);
	return 0;
}

int sluice_placement_judge(const struct sluice_placement_host *host, json_t *list)
{
	int error = 0;
	json_t *object;
	size_t number;

	json_array_foreach(
		list, number,
		object) if (json_object_set_new(object, "warnings", json_array())) return -ENOMEM;
	json_array_foreach(list, number, object)
	{
		const char *what = text_of(object, "what");

		if (error)
			break;
		if (is_worker(object))
			error = judge_worker(host, list, object);
		else if (!strcmp(what, "ring"))
			error = judge_ring(host, list, object);
		else if (strcmp(what, "thread") != 0)
			error = judge_interrupt(host, list, object);
	}
	return error;
}
