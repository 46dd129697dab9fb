/* SPDX-License-Identifier: MIT */
/*
 * The module as user space sees it: routes, rules and streams over generic netlink (libnl).
 * Blocking; for the control thread and the tools, never for a worker. Touches: one netlink socket
 * per handle.
 */
#ifndef SLUICE_KERNEL_H
#define SLUICE_KERNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sluice/counters.h>
#include <sluice/netlink.h>
#include <sluice/record.h>
#include "guid.h"

struct sluice_kernel; /* a connection to the module */

struct sluice_counters {
	uint64_t matched;
	uint64_t stored;
	uint64_t stored_bytes;
	uint64_t gaps;
	uint64_t lost[SLUICE_LOST_CAUSES];
};

struct sluice_kernel_route {
	sluice_guid guid;
	char name[SLUICE_NAME_MAX + 1];
	uint64_t ring_size;
	uint32_t watermark;
	uint32_t delay_us;
	uint8_t alarm;	/* percent of a ring; 0: none */
	bool is_prompt; /* what comes alone wakes at once; not said to a module that does not know
			   it */
	uint32_t rules; /* out */
};

struct sluice_kernel_prefix {
	uint8_t family; /* 0: any; AF_INET, AF_INET6 */
	uint8_t length;
	uint8_t address[16];
};

struct sluice_kernel_rule {
	sluice_guid guid;
	sluice_guid route;
	char name[SLUICE_NAME_MAX + 1];
	uint16_t input;
	uint8_t verdict;
	uint8_t hook;	  /* enum sluice_hook */
	uint8_t batching; /* enum sluice_batching */
	uint32_t flags;
	struct sluice_port_range ports[256];
	size_t port_count;
	struct sluice_kernel_prefix destination;
	struct sluice_kernel_prefix source;
	char interface[IF_NAMESIZE];
	bool continues; /* exchange only: the counters of rule `before`, which goes, go on in it */
	sluice_guid before;
	struct sluice_counters counters; /* out */
};

struct sluice_kernel_stream {
	sluice_guid route;
	sluice_guid uuid;
	uint64_t epoch;
	uint32_t cpu;
	uint64_t size;
	uint64_t head;
	uint64_t tail;
	uint32_t owner;
	uint64_t wakes;
	struct sluice_counters counters;
	uint64_t inside[SLUICE_R_COUNT]; /* by enum sluice_ring_counter, of those the first */
	size_t inside_count;		 /* of which the module knows; 0: it is older than that */
	uint64_t batches[SLUICE_BATCH_CLASSES];
	/* What the module measured, of how many datagrams and wakes, ns; 0: nothing, or it is older
	 * than that. */
	uint64_t measured, match_ns, store_ns;
	uint64_t wakes_measured, wake_ns;
};

/* What was counted on a CPU. */
struct sluice_kernel_cpu {
	uint32_t cpu;
	uint32_t entries; /* rules that there are */
	uint64_t wakes;
	struct sluice_counters counters;
};

/* Connects. -ENOENT: the module is not loaded; -EPERM. @owner caller: sluice_kernel_close() */
int sluice_kernel_open(struct sluice_kernel **kernel);

/* Goes on with a module that was loaded since. 0, or as above. */
int sluice_kernel_renew(struct sluice_kernel *kernel);

void sluice_kernel_close(struct sluice_kernel *kernel);

/* The sentence that explains the last failed call on this handle (the kernel's extended error text
 * where it gave one). Valid until the next call. */
const char *sluice_kernel_error(const struct sluice_kernel *kernel);

/* Make or change; `create`/`exclusive` as NLM_F_CREATE/NLM_F_EXCL. Negative errno as the schema
 * says. */
int sluice_kernel_route_set(struct sluice_kernel *kernel, const struct sluice_kernel_route *route,
			    bool exclusive);
int sluice_kernel_route_delete(struct sluice_kernel *kernel, const sluice_guid guid);
int sluice_kernel_rule_set(struct sluice_kernel *kernel, const struct sluice_kernel_rule *rule,
			   bool exclusive);
int sluice_kernel_rule_delete(struct sluice_kernel *kernel, const sluice_guid guid);

/* Makes or changes `rules` and deletes those called `gone`, all in one step or none. -ENOSYS: the
 * module is older than this; -EMSGSIZE: more than this user may send at once. */
int sluice_kernel_rules_exchange(struct sluice_kernel *kernel,
				 const struct sluice_kernel_rule *rules, size_t rule_count,
				 const sluice_guid *gone, size_t gone_count);

/* Whole lists. @owner caller: free(*list). An interrupted (inconsistent) dump is repeated up to 10
 * times. */
int sluice_kernel_routes(struct sluice_kernel *kernel, struct sluice_kernel_route **list,
			 size_t *count);
int sluice_kernel_rules(struct sluice_kernel *kernel, struct sluice_kernel_rule **list,
			size_t *count);
int sluice_kernel_streams(struct sluice_kernel *kernel, struct sluice_kernel_stream **list,
			  size_t *count);
/* -EOPNOTSUPP: the module is older than this. */
int sluice_kernel_cpus(struct sluice_kernel *kernel, struct sluice_kernel_cpu **list,
		       size_t *count);

/* The name of a route among `count` of them; "" if it has gone. It lives as long as they do.
 * @threadsafe */
const char *sluice_kernel_route_name(const struct sluice_kernel_route *routes, size_t count,
				     const sluice_guid guid);

#endif /* SLUICE_KERNEL_H */
