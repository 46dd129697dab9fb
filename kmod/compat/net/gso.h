/* SPDX-License-Identifier: GPL-2.0 */
/* Shadow of <net/gso.h>, which was split from <linux/netdevice.h>. */
#ifdef SLUICE_HAVE_NET_GSO_H
#include_next <net/gso.h>
#else
#include <linux/netdevice.h>
#endif
