/* SPDX-License-Identifier: GPL-2.0 */
/* Shadow of <net/netns/generic.h>, which used to lean on others having declared struct net. */
#include <net/net_namespace.h>
#include_next <net/netns/generic.h>
