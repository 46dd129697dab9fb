/* SPDX-License-Identifier: MIT */
/*
 * Changes of the kernel's firewall (nf_tables), all or none, by the messages that nft(8) sends
 * (linux/netfilter/nf_tables.h). Our own messages over libnl and not libnftables: that reads the
 * whole ruleset of the machine before each change, and brings three libraries with it; what is
 * needed here are four messages. Touches: a netlink socket per handle. Not @threadsafe.
 */
#ifndef SLUICE_LIB_NFTABLES_H
#define SLUICE_LIB_NFTABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netfilter/nf_tables.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

/* The process that holds it owns the tables that it made with NFT_TABLE_F_OWNER: they go with the
 * handle, also after a kill -9, and nobody else can change or flush them. */
struct sluice_nftables;

/* NULL: *error is a negative errno. @owner caller: sluice_nftables_close() @context process */
struct sluice_nftables *sluice_nftables_open(int *error);
void sluice_nftables_close(struct sluice_nftables *nftables);

/* Can this process change the firewall of this network namespace? 0; -EPERM; else a negative errno:
 * the kernel has no nf_tables. Changes nothing. */
int sluice_nftables_probe(void);

/* A message of the change, NFT_MSG_* with NLM_F_* beside those of a request, of family inet. NULL:
 * no memory. @owner caller: sluice_nftables_add() takes it */
struct nl_msg *sluice_nftables_message(int type, int flags);
/* Adds it to the change under way; `good` is false where it is not whole. What fails here is told
 * by commit(). NULL is allowed. */
void sluice_nftables_add(struct sluice_nftables *nftables, struct nl_msg *message, bool good);
/* Puts what was added in force, all or nothing, and begins anew. 0 or a negative errno. */
int sluice_nftables_commit(struct sluice_nftables *nftables);

#endif /* SLUICE_LIB_NFTABLES_H */
