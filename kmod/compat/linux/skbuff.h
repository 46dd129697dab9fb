/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <linux/skbuff.h>: skb_tstamp() where skb->tstamp has one meaning only, and the flag of
 * hardware times that are none where they always are.
 */
#include_next <linux/skbuff.h>

#ifndef SLUICE_COMPAT_LINUX_SKBUFF_H
#define SLUICE_COMPAT_LINUX_SKBUFF_H

#ifndef SLUICE_HAVE_SKB_TSTAMP
/* When @skb was received, or 0. */
static inline ktime_t skb_tstamp(const struct sk_buff *skb)
{
	return skb->tstamp;
}
#endif

#ifndef SLUICE_HAVE_HW_TSTAMP_NETDEV
#define SKBTX_HW_TSTAMP_NETDEV 0
#endif

#endif /* SLUICE_COMPAT_LINUX_SKBUFF_H */
