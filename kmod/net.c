// SPDX-License-Identifier: GPL-2.0
/*
 * What every file of the module may need and none owns: sluice's state of a network namespace, the
 * list of all namespaces, the workqueue.
 *
 * main.c fills and empties them. Calls nothing of the module.
 */
#include <net/netns/generic.h>
#include "sluice.h"

struct workqueue_struct *sluice_workqueue;
LIST_HEAD(sluice_nets);
DEFINE_MUTEX(sluice_nets_lock); /* over sluice_nets */
unsigned int sluice_net_id __read_mostly;

/**
 * sluice_net_of() - sluice's state of a network namespace
 * @net: the namespace
 *
 * Return: its state, as long as the namespace lives.
 * Context: any.
 */
struct sluice_net *sluice_net_of(const struct net *net)
{
	return net_generic(net, sluice_net_id);
}
