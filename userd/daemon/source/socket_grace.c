// SPDX-License-Identifier: MIT
/*
 * A grace period of RCU, see socket_grace.h. The kernel looks a socket up, asks its filter and puts
 * the datagram into its buffer within one read section of RCU (ip_local_deliver_finish(),
 * net/ipv4/ip_input.c); a socket of UDP has no backlog beside that. Beside the path of the data.
 * Touches: a BPF map of its own.
 */
#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "socket_grace.h"

/* Where there is no way to know: long after nearly everybody is through. */
#define PROBABLY_US 50000U

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* A map of one map, and what is put into it; -1: there is none. */
static int outer = -1, inner = -1;

/* Makes the maps, which stay for as long as the process does. */
static void make_maps(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);

	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sluice_inner", sizeof(uint32_t),
			       sizeof(uint32_t), 1, NULL);
	if (inner < 0)
		return;
	options.inner_map_fd = (uint32_t)inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sluice_grace", sizeof(uint32_t),
			       sizeof(uint32_t), 1, &options);
}

void sluice_socket_grace(void)
{
	const uint32_t key = 0;

	(void)pthread_once(&once, make_maps);
	/* Waits for programs that have found the map before (maybe_wait_bpf_programs(),
	 * kernel/bpf/syscall.c), and so for all of them. */
	if (outer >= 0 && !bpf_map_update_elem(outer, &key, &inner, BPF_ANY))
		return;
	/* Without a right to that: the same, but not with `nohz_full`; and with one processor it
	 * waits for nobody, as nobody else is running, unless softirqs are threads (PREEMPT_RT). */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(PROBABLY_US);
}
