// SPDX-License-Identifier: GPL-2.0
/* Compiles where reassembly is switched off when its last user goes. */
#include <net/net_namespace.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

void probe(struct net *net);

/* Never called. */
void probe(struct net *net)
{
	nf_defrag_ipv4_disable(net);
	nf_defrag_ipv6_disable(net);
}
