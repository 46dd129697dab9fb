// SPDX-License-Identifier: GPL-2.0
/*
 * sluice, the kernel module: captures UDP datagrams into per-CPU rings that user space maps.
 *
 * Here: loading and unloading, and the begin and end of each network namespace. A datagram goes
 * hook.c, match.h, ring.h; who says what is captured is netlink.c; who reads it comes through
 * dev.c. Calls every other file; none calls this one.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "sluice.h"

#if BITS_PER_LONG != 64
#error "sluice counts in 64-bit words that other CPUs read whole: it needs a 64-bit kernel"
#endif

static int hotplug_state;

/*
 * A network namespace begins: nothing is allocated or hooked that is not needed to answer for it.
 */
static int __net_init net_begin(struct net *net)
{
	struct sluice_net *sn = sluice_net_of(net);
	int error;

	sn->net = net;
	mutex_init(&sn->change);
	mutex_init(&sn->lock);
	xa_init_flags(&sn->rules, XA_FLAGS_ALLOC);
	xa_init_flags(&sn->routes, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&sn->tallies);
	INIT_LIST_HEAD(&sn->batches);
	INIT_LIST_HEAD(&sn->ingresses);
	INIT_LIST_HEAD(&sn->xdps);
	sn->retired = alloc_percpu_gfp(struct sluice_counts, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!sn->retired)
		return -ENOMEM;
	sluice_hook_init(sn);
	error = sluice_stats_net_init(sn);
	if (error) {
		free_percpu(sn->retired);
		return error;
	}
	mutex_lock(&sluice_nets_lock);
	list_add_tail(&sn->list, &sluice_nets);
	mutex_unlock(&sluice_nets_lock);
	return 0;
}

/* It ends, and its rules and routes with it. No file is attached: each holds the namespace. */
static void __net_exit net_end(struct net *net)
{
	struct sluice_net *sn = sluice_net_of(net);

	sluice_stats_net_exit(sn);
	mutex_lock(&sluice_nets_lock);
	list_del(&sn->list);
	mutex_unlock(&sluice_nets_lock);
	mutex_lock(&sn->change);
	sluice_rule_delete_all(sn);
	sluice_route_delete_all(sn);
	mutex_unlock(&sn->change);
	xa_destroy(&sn->rules);
	xa_destroy(&sn->routes);
	free_percpu(sn->retired);
}

static struct pernet_operations net_operations = {
	.init = net_begin,
	.exit = net_end,
	.id = &sluice_net_id,
	.size = sizeof(struct sluice_net),
};

/* Loads the module. */
static int __init sluice_init(void)
{
	int error;

	sluice_workqueue = alloc_workqueue("sluice", WQ_UNBOUND, 0);
	if (!sluice_workqueue)
		return -ENOMEM;
	error = register_pernet_subsys(&net_operations);
	if (error)
		goto destroy_workqueue;
	error = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/sluice:prepare",
					  sluice_route_cpu_prepare, NULL);
	if (error < 0)
		goto unregister_pernet;
	hotplug_state = error;
	error = sluice_rule_init();
	if (error)
		goto remove_hotplug;
	error = sluice_stats_init();
	if (error)
		goto exit_rule;
	error = sluice_dev_init();
	if (error)
		goto exit_stats;
	error = sluice_netlink_init();
	if (error)
		goto exit_dev;
	sluice_xdp_init();
	return 0;

exit_dev:
	sluice_dev_exit();
exit_stats:
	sluice_stats_exit();
exit_rule:
	sluice_rule_exit();
remove_hotplug:
	cpuhp_remove_state_nocalls(hotplug_state);
unregister_pernet:
	unregister_pernet_subsys(&net_operations);
destroy_workqueue:
	destroy_workqueue(sluice_workqueue);
	return error;
}

/* Unloads it: first nobody can change anything, then the hooks go, then what they used. */
static void __exit sluice_exit(void)
{
	sluice_netlink_exit();
	sluice_dev_exit();
	sluice_stats_exit();
	sluice_rule_exit();
	cpuhp_remove_state_nocalls(hotplug_state);
	unregister_pernet_subsys(&net_operations);
	/* kfree_rcu() and queue_rcu_work() callbacks may still be on their way */
	rcu_barrier();
	destroy_workqueue(sluice_workqueue);
}

module_init(sluice_init);
module_exit(sluice_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(SLUICE_VERSION);
MODULE_DESCRIPTION("UDP capture into per-CPU rings mapped by user space");
MODULE_AUTHOR("The sluice project");
