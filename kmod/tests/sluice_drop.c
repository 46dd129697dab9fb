// SPDX-License-Identifier: GPL-2.0
/*
 * For benchmarks only: drops UDP datagrams to some ports at the hook where sluice takes them,
 * having looked at as little as can be. What this costs is what "beyond sending and dropping" is
 * measured from; and it keeps the stack away from packets that another method captures.
 */
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/net_namespace.h>

static ushort port = 5000;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "destination port whose datagrams are dropped");

static ushort more;
module_param(more, ushort, 0444);
MODULE_PARM_DESC(more, "how many ports behind that one as well");

/* The hook. */
static unsigned int drop_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	const struct udphdr *udp;
	struct udphdr copy;

	if (ip->protocol != IPPROTO_UDP)
		return NF_ACCEPT;
	udp = skb_header_pointer(skb, ip->ihl * 4, sizeof(copy), &copy);
	if (!udp || (u16)(ntohs(udp->dest) - port) > more)
		return NF_ACCEPT;
	consume_skb(skb);
	return NF_STOLEN;
}

static const struct nf_hook_ops drop_ops = {
	.hook = drop_hook,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_PRE_ROUTING,
	.priority = NF_IP_PRI_RAW - 50,
};

/* Registers the hook in the first namespace. */
static int __init drop_init(void)
{
	return nf_register_net_hook(&init_net, &drop_ops);
}

/* Takes it away. */
static void __exit drop_exit(void)
{
	nf_unregister_net_hook(&init_net, &drop_ops);
}

module_init(drop_init);
module_exit(drop_exit);
MODULE_DESCRIPTION("sluice: drops datagrams for comparison");
MODULE_LICENSE("GPL");
