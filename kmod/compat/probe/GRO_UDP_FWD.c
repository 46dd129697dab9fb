// SPDX-License-Identifier: GPL-2.0
/* Compiles where an interface can be told to join UDP datagrams that no socket asked it for. */
#include <linux/netdevice.h>

netdev_features_t probe(void);

/* Never called. */
netdev_features_t probe(void)
{
	return NETIF_F_GRO_UDP_FWD;
}
