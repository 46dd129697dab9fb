/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <net/netfilter/ipv6/nf_defrag_ipv6.h>: where enabling is for good, disabling is
 * nothing.
 */
#include_next <net/netfilter/ipv6/nf_defrag_ipv6.h>

#ifndef SLUICE_COMPAT_NF_DEFRAG_IPV6_H
#define SLUICE_COMPAT_NF_DEFRAG_IPV6_H

#ifndef SLUICE_HAVE_NF_DEFRAG_DISABLE
/* Reassembly in @net goes on. */
static inline void nf_defrag_ipv6_disable(struct net *net)
{
}
#endif

#endif /* SLUICE_COMPAT_NF_DEFRAG_IPV6_H */
