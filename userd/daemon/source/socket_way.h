/* SPDX-License-Identifier: MIT */
/*
 * In which way the sockets of an input are read (socket_way.c).
 */
#ifndef SLUICE_SOCKET_WAY_H
#define SLUICE_SOCKET_WAY_H

#include "socket.h"

/* Inputs with more ports than this, all together, are not read by a program unless that is asked
 * for. */
#define SLUICE_SOCKET_BPF_PORTS_MAX 65536U

/* Where it is chosen. */
struct sluice_socket_way_bed {
	const struct sluice_source_plan *plan;
	struct sluice_port_set *sets;	/* by worker */
	struct sluice_socket_bpf **bpf; /* by worker; NULL: not made yet */
	size_t worker_count;
	bool follows; /* the plan in force once more: nothing is said again */
};

/*
 * Chooses for an input, notes it in record->next_way and returns it: CALLS or BPF. With `auto` the
 * rings of all workers are made, so that nothing fails later for want of memory; what is not used
 * the next commit or cancel frees. @context process
 */
enum sluice_receive sluice_socket_way_choose(const struct sluice_socket_way_bed *bed,
					     const struct sluice_config_input *input,
					     struct sluice_socket_input *record);
/* Bytes of the ring of each of so many workers. @threadsafe */
size_t sluice_socket_way_ring(const struct sluice_config *config, size_t workers);

#endif /* SLUICE_SOCKET_WAY_H */
