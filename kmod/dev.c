// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/sluice: attaching to a ring, its mapping, and sleeping until there is something in it.
 *
 * The interface is uapi/sluice/device.h. One open file is one ring. Ownership belongs to the open
 * file, so it ends when the last descriptor and the last mapping are gone, however the process
 * ended. Touches rings through ring.h, never the network path.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <sluice/device.h>
#include "sluice.h"

/**
 * struct sluice_file - one open file
 * @net:    network namespace of the opener, held
 * @lock:   one attach at a time
 * @ring:   NULL until attached; then never changes
 * @looks:  it does not own
 * @looked: how far poll() has told it, if it looks
 */
struct sluice_file {
	struct net *net;
	struct mutex lock; /* over attaching */
	struct sluice_ring *ring;
	bool looks;
	u64 looked;
};

/* Opens: for those who may administer the network namespace they are in. */
static int sluice_open(struct inode *inode, struct file *file)
{
	struct net *net = current->nsproxy->net_ns;
	struct sluice_file *sf;

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	sf = kzalloc(sizeof(*sf), GFP_KERNEL_ACCOUNT);
	if (!sf)
		return -ENOMEM;
	mutex_init(&sf->lock);
	sf->net = get_net(net);
	file->private_data = sf;
	return nonseekable_open(inode, file);
}

/* SLUICE_IOC_ATTACH. */
static long sluice_attach(struct sluice_file *sf, struct sluice_attach __user *argument)
{
	struct sluice_attach attach;
	struct sluice_ring *ring;
	bool looks;
	int error;

	if (copy_from_user(&attach, argument, sizeof(attach)))
		return -EFAULT;
	if (attach.flags & ~(SLUICE_ATTACH_WAIT | SLUICE_ATTACH_LOOK))
		return -EINVAL;
	looks = attach.flags & SLUICE_ATTACH_LOOK;
	if (mutex_lock_interruptible(&sf->lock))
		return -ERESTARTSYS;
	error = -EALREADY;
	if (sf->ring)
		goto unlock;
	ring = sluice_route_ring(sluice_net_of(sf->net), attach.route, attach.cpu);
	error = PTR_ERR_OR_ZERO(ring);
	if (error)
		goto unlock;
	if (!looks) {
		error = sluice_ring_own(ring, sf, attach.flags & SLUICE_ATTACH_WAIT);
		if (error)
			goto put;
	}
	attach.map_size = (u64)ring->page_count << PAGE_SHIFT;
	attach.owner = READ_ONCE(ring->owner_number);
	error = -EFAULT;
	if (copy_to_user(argument, &attach, sizeof(attach)))
		goto disown;
	sf->looks = looks;
	sluice_ring_watch(ring, !looks);
	/* pairs with sluice_file_ring(): whoever sees the ring sees all of the above */
	smp_store_release(&sf->ring, ring);
	mutex_unlock(&sf->lock);
	if (!looks)
		sluice_event_tell(ring, SLUICE_EVENT_OWNER);
	return 0;

disown:
	if (!looks)
		sluice_ring_disown(ring, sf);
put:
	sluice_ring_put(ring);
unlock:
	mutex_unlock(&sf->lock);
	return error;
}

/* SLUICE_IOC_XDP. */
static long sluice_xdp(const struct sluice_file *sf, const struct sluice_xdp __user *argument)
{
	struct sluice_xdp xdp;

	if (copy_from_user(&xdp, argument, sizeof(xdp)))
		return -EFAULT;
	if (xdp.ifindex > INT_MAX)
		return -ENODEV;
	return sluice_xdp_hold(sluice_net_of(sf->net), xdp.ifindex, xdp.link);
}

/* SLUICE_IOC_XDP_KEEP. */
static long sluice_xdp_of(const struct sluice_file *sf, struct sluice_xdp_keep __user *argument)
{
	struct sluice_xdp_keep keep;
	struct file *link = NULL;
	int error, descriptor;

	if (copy_from_user(&keep, argument, sizeof(keep)))
		return -EFAULT;
	error = sluice_xdp_keep(sluice_net_of(sf->net), &keep, &link);
	if (error)
		return error;
	if (!link)
		return copy_to_user(argument, &keep, sizeof(keep)) ? -EFAULT : 0;
	descriptor = get_unused_fd_flags(O_CLOEXEC);
	if (descriptor < 0) {
		error = descriptor;
		goto put;
	}
	keep.link = descriptor;
	error = -EFAULT;
	if (copy_to_user(argument, &keep, sizeof(keep)))
		goto unused;
	fd_install(descriptor, link);
	return 0;

unused:
	put_unused_fd(descriptor);
put:
	fput(link);
	return error;
}

/* Control calls. */
static long sluice_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	switch (command) {
	case SLUICE_IOC_ATTACH:
		return sluice_attach(file->private_data, (struct sluice_attach __user *)argument);
	case SLUICE_IOC_XDP:
		return sluice_xdp(file->private_data, (const struct sluice_xdp __user *)argument);
	case SLUICE_IOC_XDP_KEEP:
		return sluice_xdp_of(file->private_data, (struct sluice_xdp_keep __user *)argument);
	default:
		return -ENOTTY;
	}
}

/* The ring that the file is attached to, or NULL. */
static struct sluice_ring *sluice_file_ring(struct file *file)
{
	struct sluice_file *sf = file->private_data;

	/* pairs with the release in sluice_attach() */
	return smp_load_acquire(&sf->ring);
}

/*
 * Maps a part of the file. Read-only, and never to be made writable, but for exactly the consumer
 * page of the owner. Nothing may be executed, nothing grows, nothing is inherited by a child.
 */
static int sluice_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sluice_file *sf = file->private_data;
	struct sluice_ring *ring = sluice_file_ring(file);
	unsigned long pages = vma_pages(vma);

	if (!ring)
		return -EINVAL;
	if (vma->vm_pgoff >= ring->page_count || pages > ring->page_count - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (vma->vm_flags & VM_WRITE) {
		if (sf->looks || !(vma->vm_flags & VM_SHARED) ||
		    vma->vm_pgoff != SLUICE_RING_PAGE >> PAGE_SHIFT || pages != 1)
			return -EPERM;
	} else {
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	/* It takes a reference to each page, and the mapping one to the file. */
	return vm_insert_pages(vma, vma->vm_start, ring->pages + vma->vm_pgoff, &pages);
}

/* Whether there is something to read: announced beyond what the consumer has seen. */
static __poll_t sluice_poll(struct file *file, poll_table *wait)
{
	struct sluice_file *sf = file->private_data;
	struct sluice_ring *ring = sluice_file_ring(file);
	u64 announced, seen;
	__poll_t mask = 0;

	if (!ring)
		return EPOLLERR;
	poll_wait(file, &ring->wait, wait);
	/*
	 * Pairs with the one in sluice_ring_announce(): either it sees us in the queue, or we see
	 * what it announced.
	 */
	smp_mb();
	sluice_ring_settle(ring);
	announced = READ_ONCE(ring->producer->announced);
	seen = sf->looks ? READ_ONCE(sf->looked) : READ_ONCE(ring->consumer->seen);
	if (announced > seen) {
		mask |= EPOLLIN | EPOLLRDNORM;
		if (sf->looks)
			WRITE_ONCE(sf->looked, announced);
	}
	if (READ_ONCE(ring->dead))
		mask |= EPOLLHUP;
	return mask;
}

/* The last reference to the file is gone. */
static int sluice_release(struct inode *inode, struct file *file)
{
	struct sluice_file *sf = file->private_data;

	if (sf->ring) {
		sluice_ring_unwatch(sf->ring, !sf->looks);
		if (!sf->looks)
			sluice_ring_disown(sf->ring, sf);
		sluice_ring_put(sf->ring);
	}
	put_net(sf->net);
	kfree(sf);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = sluice_open,
	.release = sluice_release,
	.unlocked_ioctl = sluice_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = sluice_mmap,
	.poll = sluice_poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sluice",
	.fops = &operations,
	.mode = 0600,
};

/**
 * sluice_dev_init() - make /dev/sluice
 *
 * Return: 0 or a negative errno.
 * Context: process, module load.
 */
int sluice_dev_init(void)
{
	return misc_register(&device);
}

/**
 * sluice_dev_exit() - undo sluice_dev_init()
 *
 * Context: process, module unload: no file is open.
 */
void sluice_dev_exit(void)
{
	misc_deregister(&device);
}
