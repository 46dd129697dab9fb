/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <linux/netdevice.h>: NETIF_F_GRO_UDP_FWD where UDP is not joined for being forwarded.
 */
#include_next <linux/netdevice.h>

#ifndef SLUICE_COMPAT_LINUX_NETDEVICE_H
#define SLUICE_COMPAT_LINUX_NETDEVICE_H

#ifndef SLUICE_HAVE_GRO_UDP_FWD
/* No feature at all: who turns it on turns nothing on. */
#define NETIF_F_GRO_UDP_FWD ((netdev_features_t)0)
#endif

#endif /* SLUICE_COMPAT_LINUX_NETDEVICE_H */
