/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <net/netfilter/ipv4/nf_defrag_ipv4.h>: where enabling is for good, disabling is
 * nothing.
 */
#include_next <net/netfilter/ipv4/nf_defrag_ipv4.h>

#ifndef SLUICE_COMPAT_NF_DEFRAG_IPV4_H
#define SLUICE_COMPAT_NF_DEFRAG_IPV4_H

#ifndef SLUICE_HAVE_NF_DEFRAG_DISABLE
/* Reassembly in @net goes on. */
static inline void nf_defrag_ipv4_disable(struct net *net)
{
}
#endif

#endif /* SLUICE_COMPAT_NF_DEFRAG_IPV4_H */
