// SPDX-License-Identifier: GPL-2.0
/* Compiles where skb->tstamp can be a time of delivery, too, and a function tells. */
#include <linux/skbuff.h>

ktime_t probe(const struct sk_buff *skb);

/* Never called. */
ktime_t probe(const struct sk_buff *skb)
{
	return skb_tstamp(skb);
}
