// SPDX-License-Identifier: GPL-2.0
/* Compiles where a network card may leave something else than a time, and a flag tells. */
#include <linux/skbuff.h>

int probe(const struct sk_buff *skb);

/* Never called. */
int probe(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV;
}
