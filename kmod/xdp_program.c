// SPDX-License-Identifier: GPL-2.0
/*
 * What BPF programs see of the module, a function that takes a frame in, and keeping such a program
 * at the interfaces of rules with SLUICE_HOOK_XDP.
 *
 * Only user space can attach a program; it is held by a BPF link, and a link lives as long as
 * anybody has its file. So the daemon hands that over (SLUICE_IOC_XDP), as rules outlive the
 * daemon, and lets go of it when the last rule of the interface goes, by whatever way. Whoever does
 * not want a card to reset with its first and last rule prepares the interface: then the program
 * stays without rules, and lets all pass. It holds the module, which cannot be unloaded before.
 *
 * Called by hook_set.c, of which it is a row, after each change of rules and of interfaces, and by
 * dev.c. Touches links of interfaces, with RTNL held.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/xdp.h>
#include <sluice/device.h>
#include "sluice.h"

/**
 * struct sluice_xdp_entry - the program of one interface
 * @list:     in sluice_net.xdps
 * @device:   the interface
 * @link:     file of the BPF link that holds its program
 * @prepared: it stays without rules
 */
struct sluice_xdp_entry {
	struct list_head list;
	const struct net_device *device;
	struct file *link;
	bool prepared;
};

/**
 * sluice_xdp_take() - take in the datagram in a frame; for XDP programs
 * @context: the program's
 *
 * Return: XDP_DROP: it was taken; XDP_PASS: it is for the stack.
 * Context: softirq or bottom halves off; under RCU.
 */
__used noinline int sluice_xdp_take(struct xdp_md *context)
{
	struct xdp_buff *frame = (struct xdp_buff *)context;

	return sluice_xdp_frame(sluice_net_of(dev_net(frame->rxq->dev)), frame);
}

SLUICE_BTF_OFFER(offered, sluice_xdp_take);

/**
 * sluice_xdp_init() - offer the function to XDP programs
 *
 * A kernel or a build that cannot is no reason not to load: datagrams are taken at prerouting then.
 *
 * Context: process, module load.
 */
void sluice_xdp_init(void)
{
	int error;

	if (!SLUICE_BTF_OFFERS || !sluice_btf_is_there(THIS_MODULE))
		return;
	error = sluice_btf_offer(BPF_PROG_TYPE_XDP, &offered);
	if (error)
		pr_warn("no function for XDP programs (error %d): rules with the hook xdp take at prerouting\n",
			error);
}

/* The entry of an interface, or NULL: no program is kept. RTNL held. */
static struct sluice_xdp_entry *entry_of(struct sluice_net *sn, const struct net_device *device)
{
	struct sluice_xdp_entry *entry;

	list_for_each_entry(entry, &sn->xdps, list) {
		if (entry->device == device)
			return entry;
	}
	return NULL;
}

/* True if some rule wants the interface's frames. RTNL held, sn->lock not. */
static bool xdp_is_wanted(struct sluice_net *sn, const struct net_device *device)
{
	struct sluice_rule *rule;
	unsigned long number;
	bool is_wanted = false;

	mutex_lock(&sn->lock);
	if (sn->hook_rules[SLUICE_HOOK_XDP]) {
		xa_for_each(&sn->rules, number, rule)
			is_wanted |= rule->hook == SLUICE_HOOK_XDP &&
				     rule->ifindex == device->ifindex;
	}
	mutex_unlock(&sn->lock);
	return is_wanted;
}

/* Lets go of an entry. The link is freed when RTNL, which is held, is free. */
static void let_go(struct sluice_xdp_entry *entry)
{
	list_del(&entry->list);
	fput(entry->link);
	kfree(entry);
}

/**
 * sluice_xdp_look() - let go of an interface's program if no rule wants it
 * @sn:     its namespace
 * @device: the interface
 * @leaves: it is leaving the namespace
 *
 * The link is freed a moment later, when RTNL is free, and takes its program from the interface.
 *
 * Return: true if a program was let go.
 * Context: process, RTNL held; sn->lock not.
 */
bool sluice_xdp_look(struct sluice_net *sn, struct net_device *device, bool leaves)
{
	struct sluice_xdp_entry *entry = entry_of(sn, device);

	if (!entry || (!leaves && (entry->prepared || xdp_is_wanted(sn, device))))
		return false;
	let_go(entry);
	return true;
}

/**
 * sluice_xdp_update() - let go of programs that the rules do not want any more
 * @sn: the namespace
 *
 * When it returns and there are no such rules, nobody looks at the table for one.
 *
 * Context: process, sleeps; sn->change held, neither RTNL nor sn->lock.
 */
void sluice_xdp_update(struct sluice_net *sn)
{
	struct net_device *device;

	rtnl_lock();
	for_each_netdev(sn->net, device)
		sluice_xdp_look(sn, device, false);
	rtnl_unlock();
	if (!sn->hook_rules[SLUICE_HOOK_XDP])
		synchronize_net();
}

/**
 * sluice_xdp_refuse() - whether a rule cannot be at XDP
 * @info:      the request
 * @attribute: the hook
 * @draft:     the rule, its verdict and interface read
 *
 * Return: 0, or a negative errno with a sentence.
 * Context: process.
 */
int sluice_xdp_refuse(struct genl_info *info, const struct nlattr *attribute,
		      const struct sluice_rule *draft)
{
	if (!draft->interface[0]) {
		sluice_refuse(info, attribute,
			      "rule \"%s\" wants the hook xdp but names no interface, which the hook is one of",
			      draft->name);
		return -EINVAL;
	}
	if (draft->verdict != SLUICE_VERDICT_STEAL) {
		sluice_refuse(info, attribute,
			      "rule \"%s\" wants the hook xdp to copy; what goes on through the stack is copied at prerouting for less",
			      draft->name);
		return -EINVAL;
	}
	if (!SLUICE_BTF_OFFERS) {
		sluice_refuse(info, attribute,
			      "rule \"%s\" wants the hook xdp, but on this kernel no BPF program can call a module; use ingress",
			      draft->name);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* True if a file is a BPF link that holds an XDP program: no other has such a name there. */
static bool is_xdp_link(const struct file *file)
{
	const char *name = (const char *)file->f_path.dentry->d_name.name;
	const struct bpf_link *link = file->private_data;

	if (file_inode(file)->i_sb->s_magic != ANON_INODE_FS_MAGIC ||
	    (strcmp(name, "bpf_link") && strcmp(name, "bpf-link")))
		return false;
	return link && link->type == BPF_LINK_TYPE_XDP;
}

/* Has the namespace keep a link of the interface, in place of one that it may have. RTNL held. */
static int keep_link(struct sluice_net *sn, const struct net_device *device, struct file *link)
{
	struct sluice_xdp_entry *entry = entry_of(sn, device);

	if (entry) {
		/* Two cannot be at one interface: that one was detached behind our back. */
		fput(entry->link);
		entry->link = link;
		return 0;
	}
	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	entry->device = device;
	entry->link = link;
	list_add_tail(&entry->list, &sn->xdps);
	return 0;
}

/**
 * sluice_xdp_hold() - keep the link of an interface's program while rules want it
 * @sn:      the namespace
 * @ifindex: the interface
 * @link:    descriptor of the link
 *
 * Return: 0, -ENODEV: no such interface, or no rule wants it; -EBADF: there is no such descriptor;
 * -EINVAL: it is no such link; -ENOMEM.
 * Context: process, sleeps.
 */
int sluice_xdp_hold(struct sluice_net *sn, int ifindex, int link)
{
	struct net_device *device;
	struct file *file = NULL;
	int error = -ENODEV;

	rtnl_lock();
	device = __dev_get_by_index(sn->net, ifindex);
	if (!device || !xdp_is_wanted(sn, device))
		goto unlock;
	error = -EBADF;
	file = link < 0 ? NULL : fget(link);
	if (!file)
		goto unlock;
	error = is_xdp_link(file) ? keep_link(sn, device, file) : -EINVAL;
	if (error)
		fput(file);
unlock:
	rtnl_unlock();
	return error;
}

/* SLUICE_XDP_RELEASE, of one entry. RTNL held. */
static void release(struct sluice_net *sn, struct sluice_xdp_entry *entry)
{
	entry->prepared = false;
	if (!xdp_is_wanted(sn, entry->device))
		let_go(entry);
}

/* SLUICE_XDP_PREPARE. RTNL held. */
static int prepare(struct sluice_net *sn, const struct net_device *device, int link)
{
	struct sluice_xdp_entry *entry;
	struct file *file;
	int error;

	if (link >= 0) {
		file = fget(link);
		if (!file)
			return -EBADF;
		error = is_xdp_link(file) ? keep_link(sn, device, file) : -EINVAL;
		if (error) {
			fput(file);
			return error;
		}
	}
	entry = entry_of(sn, device);
	if (!entry)
		return -ENOENT;
	entry->prepared = true;
	return 0;
}

/* Fills in how it is about an interface. RTNL held. */
static void describe(struct sluice_net *sn, const struct net_device *device,
		     struct sluice_xdp_keep *keep)
{
	const struct sluice_xdp_entry *entry = entry_of(sn, device);
	const struct bpf_link *link = entry ? entry->link->private_data : NULL;

	keep->program = link ? link->prog->aux->id : 0;
	keep->state = xdp_is_wanted(sn, device) ? SLUICE_XDP_S_WANTED : 0;
	if (entry && entry->prepared)
		keep->state |= SLUICE_XDP_S_PREPARED;
}

/**
 * sluice_xdp_keep() - prepare an interface for its program, undo that, or look how it is
 * @sn:   the namespace
 * @keep: what is wanted of which interface; becomes how it is then
 * @link: SLUICE_XDP_OPEN: becomes the link that is kept; the caller calls fput()
 *
 * Return: 0, or a negative errno of struct sluice_xdp_keep.
 * Context: process, sleeps.
 */
int sluice_xdp_keep(struct sluice_net *sn, struct sluice_xdp_keep *keep, struct file **link)
{
	struct sluice_xdp_entry *entry, *next;
	struct net_device *device;
	int error = 0;

	rtnl_lock();
	if (!keep->ifindex && keep->action == SLUICE_XDP_RELEASE) {
		list_for_each_entry_safe(entry, next, &sn->xdps, list)
			release(sn, entry);
		keep->program = 0;
		keep->state = 0;
		goto unlock;
	}
	error = -ENODEV;
	device = keep->ifindex > INT_MAX ? NULL : __dev_get_by_index(sn->net, keep->ifindex);
	if (!device)
		goto unlock;
	entry = entry_of(sn, device);
	error = 0;
	switch (keep->action) {
	case SLUICE_XDP_LOOK:
		break;
	case SLUICE_XDP_PREPARE:
		error = prepare(sn, device, keep->link);
		break;
	case SLUICE_XDP_RELEASE:
		if (entry)
			release(sn, entry);
		break;
	case SLUICE_XDP_OPEN:
		if (entry)
			*link = get_file(entry->link);
		else
			error = -ENOENT;
		break;
	default:
		error = -EINVAL;
	}
	if (!error)
		describe(sn, device, keep);
unlock:
	rtnl_unlock();
	return error;
}
