// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: what was counted on each CPU, the numbers of /proc/net/stat/sluice.
 *
 * The schema is uapi/sluice/netlink.h. Reads counters, changes nothing.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/cpumask.h>
#include "netlink.h"

/* Puts the counters of a CPU into a message. 0 or -EMSGSIZE. sn->lock held. */
static int put_counted(struct sk_buff *skb, struct sluice_net *sn, unsigned int cpu)
{
	struct sluice_cpu_figures figures;

	sluice_figures_cpu(sn, cpu, &figures);
	if (nla_put_u32(skb, SLUICE_A_CPU_NUMBER, cpu) ||
	    nla_put_u32(skb, SLUICE_A_CPU_ENTRIES, figures.entries) ||
	    nla_put_u64_64bit(skb, SLUICE_A_CPU_WAKES, figures.wakes, SLUICE_A_PAD))
		return -EMSGSIZE;
	return sluice_put_counts(skb, SLUICE_A_CPU_COUNTERS, &figures.counts, &figures.gaps);
}

/**
 * sluice_cpu_get_dumpit() - CPU_GET
 * @skb: where to
 * @cb:  state; args[0] is the next CPU
 *
 * Return: bytes written; 0 at the end.
 * Context: process.
 */
int sluice_cpu_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sluice_net *sn = sluice_net_of(sock_net(cb->skb->sk));

	mutex_lock(&sn->lock);
	for (; cb->args[0] < nr_cpu_ids; cb->args[0]++) {
		void *header;

		if (!cpu_possible(cb->args[0]))
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     &sluice_genl_family, NLM_F_MULTI, SLUICE_CMD_CPU_GET);
		if (!header)
			break;
		if (put_counted(skb, sn, cb->args[0])) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}
