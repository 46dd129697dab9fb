// SPDX-License-Identifier: MIT
/*
 * A configuration held against the machine it is to run on, see check.h. Touches: reads facts of
 * the system.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <sluice/ring.h>
#include "host.h"
#include "size.h"
#include "suggest.h"

/* Bytes of RAM; 0 if that is not known. */
static uint64_t physical_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

/* Is there enough memory, and enough of it for every ring? 0 or -ENOMEM. */
static int check_memory(const struct sluice_config *config, struct sluice_findings *findings)
{
	char size[SLUICE_SIZE_TEXT], other[SLUICE_SIZE_TEXT], least[SLUICE_SIZE_TEXT];
	uint64_t memory = physical_memory();
	size_t cpus = sluice_config_cpus(), count = 0;
	const struct sluice_config_place *place;
	struct sluice_config_route *routes;
	int error;

	place = config->store.memory_place.line ? &config->store.memory_place : NULL;
	sluice_size_format(config->store.memory_size, size);
	if (memory && config->store.memory_size > memory)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "store.memory.size: %s is more than this machine's memory (%s)",
				    size, sluice_size_format(memory, other));
	error = sluice_config_routes(config, cpus, &routes, &count);
	if (error == -E2BIG) {
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, place,
			"store.memory.size: %s gives each of the %zu rings (%zu routes, %zu CPUs) "
			"less than "
			"the %s it needs: at least %s",
			size, count * cpus, count, cpus,
			sluice_size_format(SLUICE_RING_SIZE_MIN, other),
			sluice_size_format((uint64_t)SLUICE_RING_SIZE_MIN * count * cpus, least));
		return 0;
	}
	if (!error)
		sluice_config_routes_free(routes, count);
	return error;
}

/* Is there a store in `path`? */
static bool holds_store(const char *path)
{
	char *file = NULL;
	bool result;

	if (asprintf(&file, "%s/checkpoint", path) < 0)
		return false;
	result = !access(file, R_OK);
	free(file);
	return result;
}

/* Is there a directory for the spool, or one to make it in, and room in it? 0 or -ENOMEM. */
static int check_disk(const struct sluice_config *config, struct sluice_findings *findings)
{
	const struct sluice_config_store *store = &config->store;
	char size[SLUICE_SIZE_TEXT], room[SLUICE_SIZE_TEXT], quoted[SLUICE_QUOTE_TEXT];
	const struct sluice_config_place *place;
	char *parent, *copy = NULL;
	struct statvfs disk;
	struct stat state;
	uint64_t available;
	bool is_there;

	if (!store->disk_path)
		return 0;
	sluice_quote(store->disk_path, quoted);
	copy = strdup(store->disk_path);
	if (!copy)
		return -ENOMEM;
	is_there = !stat(store->disk_path, &state);
	parent = is_there ? copy : dirname(copy);
	if (store->disk_path[0] != '/') {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &store->disk_path_place,
				    "store.disk.path: %s is no absolute path", quoted);
	} else if (stat(parent, &state) || !S_ISDIR(state.st_mode)) {
		sluice_findings_add(
			findings, SLUICE_FINDING_ERROR, &store->disk_path_place,
			"store.disk.path: %s is no directory, and none can be made there", quoted);
	} else if (access(parent, W_OK | X_OK) && errno == EROFS && holds_store(store->disk_path)) {
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &store->disk_path_place,
				    "store.disk.path: %s cannot be written to: %s; what lies there "
				    "is delivered",
				    quoted, strerror(EROFS));
	} else if (access(parent, W_OK | X_OK)) {
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &store->disk_path_place,
				    "store.disk.path: %s cannot be written to: %s", quoted,
				    strerror(errno));
	} else if (is_there && state.st_mode & (S_IWGRP | S_IWOTH)) {
		/* As the store itself says (spool.c). */
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &store->disk_path_place,
				    "store.disk.path: others may write to %s, and so put anything "
				    "there; take that away (chmod go-w %s)",
				    store->disk_path, store->disk_path);
	} else if (!statvfs(parent, &disk)) {
		available = (uint64_t)disk.f_bavail * disk.f_frsize +
			    sluice_host_bytes_of(store->disk_path, "segment-");
		place = store->disk_size_place.line ? &store->disk_size_place
						    : &store->disk_path_place;
		if (available < store->disk_size)
			sluice_findings_add(
				findings, SLUICE_FINDING_ERROR, place,
				"store.disk.size: %s do not fit into %s: %s are free there",
				sluice_size_format(store->disk_size, size), quoted,
				sluice_size_format(available, room));
	}
	free(copy);
	return 0;
}

/* Is the interface there? The module and sockets wait for one that is not. */
static void check_interface(const struct sluice_config_input *input,
			    struct sluice_findings *findings)
{
	char quoted[SLUICE_QUOTE_TEXT];

	if (!input->interface[0] || if_nametoindex(input->interface) != 0)
		return;
	sluice_findings_add(findings, SLUICE_FINDING_NOTE, &input->interface_place,
			    "inputs.interface: there is no interface %s in this network namespace "
			    "now: nothing will match until it appears",
			    sluice_quote(input->interface, quoted));
}

/* Has this machine the address that a socket shall be bound to? It waits for one that is not there.
 * */
static void check_address(const struct sluice_config_input *input, struct sluice_findings *findings)
{
	const struct sluice_config_prefix *prefix = &input->address;
	char text[INET6_ADDRSTRLEN] = "?";

	if (input->source != SLUICE_SOURCE_SOCKET || prefix->family == AF_UNSPEC ||
	    sluice_host_has_address(prefix,
				    input->interface[0] ? if_nametoindex(input->interface) : 0))
		return;
	inet_ntop(prefix->family, prefix->address, text, sizeof(text));
	sluice_findings_add(findings, SLUICE_FINDING_NOTE, &input->place,
			    "inputs.address: this machine has no address %s now: nothing will come "
			    "until it has",
			    text);
}

/* Are the interfaces of link-local destinations there? An output waits for one that is not. */
static void check_destinations(const struct sluice_config_output *output,
			       struct sluice_findings *findings)
{
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	for (number = 0; number < output->to_count; number++) {
		const char *scope = strchr(output->to[number].host, '%');

		if (!scope || !strchr(output->to[number].host, ':') || if_nametoindex(scope + 1) ||
		    strspn(scope + 1, "0123456789") == strlen(scope + 1))
			continue;
		sluice_findings_add(
			findings, SLUICE_FINDING_NOTE, &output->to[number].place,
			"outputs.to: there is no interface %s in this network namespace now: "
			"the output waits until it appears",
			sluice_quote(scope + 1, quoted));
	}
}

int sluice_config_check_host(const struct sluice_config *config, enum sluice_host_view view,
			     struct sluice_findings *findings)
{
	size_t number, errors_before, cpus = sluice_config_cpus();
	int error;

	if (!config || !findings)
		return -EINVAL;
	errors_before = findings->error_count;
	error = check_memory(config, findings);
	if (!error)
		error = check_disk(config, findings);
	if (!error)
		error = sluice_host_check_inputs(config, view, findings);
	sluice_host_check_places(config, view, findings);
	sluice_host_check_claims(config, view, findings);
	for (number = 0; number < config->input_count; number++) {
		check_interface(&config->inputs[number], findings);
		check_address(&config->inputs[number], findings);
	}
	for (number = 0; number < config->output_count; number++)
		check_destinations(&config->outputs[number], findings);
	sluice_host_check_receivers(config, findings);
	sluice_host_check_from(config, findings);
	sluice_host_check_tls(config, view, findings);
	sluice_host_check_loops(config, findings);
	sluice_host_check_threads(config, view, findings);
	if (!error)
		error = sluice_host_check_control(config, view, findings);
	if (config->worker_count > cpus)
		sluice_findings_add(findings, SLUICE_FINDING_WARNING, &config->worker_place,
				    "workers: %zu workers on %zu CPUs disturb each other",
				    config->worker_count, cpus);
	sluice_findings_sort(findings);
	if (error || findings->out_of_memory)
		return error ? error : -ENOMEM;
	return findings->error_count > errors_before ? -EINVAL : 0;
}
