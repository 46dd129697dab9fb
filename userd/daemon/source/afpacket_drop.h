/* SPDX-License-Identifier: MIT */
/*
 * What packet sockets have taken, the stack does not get (`verdict: steal`): rules of the firewall
 * that drop it behind the sockets, in a table `inet sluice-RELAY` that this process owns.
 *
 *   card --> packet socket --> ingress hook: drop, whole ones --> IP: fragments are put together
 *                                                               --> input hook: drop those
 *
 * The table ends with the process, however that ends (NFT_TABLE_F_OWNER, Linux 5.12). For the
 * control thread. Touches: the firewall of this network namespace.
 */
#ifndef SLUICE_SOURCE_AFPACKET_DROP_H
#define SLUICE_SOURCE_AFPACKET_DROP_H

#include <net/if.h>
#include <sluice/netlink.h>
#include "../../config/model.h"

/* What is dropped: a range of ports of an input, by one interface. */
struct sluice_afpacket_drop {
	char input[SLUICE_NAME_MAX + 1]; /* for whoever reads the rules */
	char interface[IF_NAMESIZE];
	unsigned int index; /* of the interface */
	struct sluice_config_prefix address, from;
	struct sluice_port_range ports;
};

/* Several of them. */
struct sluice_afpacket_drop_list {
	struct sluice_afpacket_drop *list;
	size_t count;
};

/* Makes those of an input of the configuration, of no interface yet; none where it does not steal.
 * 0 or -ENOMEM. @owner caller: free() of result->list @context process, as all that follow */
int sluice_afpacket_drop_list_make(const struct sluice_config_input *config,
				   struct sluice_afpacket_drop_list *result);
/* Adds what both drop, at the interface. 0 or -ENOMEM. */
int sluice_afpacket_drop_list_add_common(struct sluice_afpacket_drop_list *list,
					 const struct sluice_afpacket_drop_list *one,
					 const struct sluice_afpacket_drop_list *other,
					 const char *interface, unsigned int index);

/* The rules in force. All zero: none. */
struct sluice_afpacket_drop_table {
	struct sluice_nftables *nftables;
	struct sluice_afpacket_drop_list rules;
	char *name; /* @owner whoever has the struct */
	int fault;  /* why the last try failed; 0: it did not */
};

/* Has exactly what is in `wanted` dropped, which it takes; it is empty then. 0, or a negative
 * errno and nothing is dropped: the stack has it all. */
int sluice_afpacket_drop_table_set(struct sluice_afpacket_drop_table *table,
				   struct sluice_afpacket_drop_list *wanted);
/* Takes the table away. */
void sluice_afpacket_drop_table_end(struct sluice_afpacket_drop_table *table);
/* What such an errno means, and how to mend it. */
const char *sluice_afpacket_drop_fault(int error);

#endif /* SLUICE_SOURCE_AFPACKET_DROP_H */
