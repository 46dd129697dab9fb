/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * /dev/sluice: how a process becomes the consumer of a ring. One open file is one ring.
 *
 * open(O_RDWR) needs CAP_NET_ADMIN in the user namespace that owns the opener's network namespace;
 * the file sees the routes of that network namespace for ever. After SLUICE_IOC_ATTACH the file can
 * be mapped (see ring.h for its layout) and polled: POLLIN when announced > seen, POLLHUP when the
 * route was deleted (what is in the ring stays readable). Ownership ends when the last reference to
 * the file goes, mappings included, and passes to the one that waits longest.
 */
#ifndef SLUICE_DEVICE_H
#define SLUICE_DEVICE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* struct sluice_attach.flags */
/* sleep (interruptibly) until the ring is free instead of -EBUSY */
#define SLUICE_ATTACH_WAIT 0x01
#define SLUICE_ATTACH_LOOK 0x02 /* map read-only, own nothing */

/**
 * struct sluice_attach - argument of SLUICE_IOC_ATTACH
 * @route:    id of the route
 * @cpu:      which of its rings
 * @flags:    SLUICE_ATTACH_*
 * @map_size: out: bytes to mmap from offset 0 of the file, data twice included
 * @owner:    out: number of this ownership: grows by one with every new owner
 *
 * Errors: ENOENT no such route in this namespace; ENXIO no such CPU; EBUSY owned by another; EINVAL
 * unknown flag; EALREADY this file is attached.
 */
struct sluice_attach {
	__u8 route[16];
	__u32 cpu;
	__u32 flags;
	__u64 map_size;
	__u64 owner;
};

/**
 * struct sluice_xdp - argument of SLUICE_IOC_XDP: the module keeps an XDP program for its rules
 * @ifindex: the interface, which a rule with SLUICE_HOOK_XDP names
 * @link:    descriptor of the BPF link that holds a program at it; the caller may close it
 *
 * The program calls the module's function sluice_xdp_take(), which returns XDP_DROP for what it
 * stored and XDP_PASS for all else. The link goes, and the program with it, when no rule names the
 * interface any more, when the interface goes or gets another name, and with the namespace.
 *
 * One that is kept already is let go, since no two can be at an interface.
 *
 * Errors: ENODEV no such rule and interface in this namespace; else EBADF there is no such
 * descriptor (-1: so one asks whether a program is wanted), EINVAL it is no link of an XDP program.
 */
struct sluice_xdp {
	__u32 ifindex;
	__s32 link;
};

#define SLUICE_IOC_MAGIC 0xB5
#define SLUICE_IOC_ATTACH _IOWR(SLUICE_IOC_MAGIC, 1, struct sluice_attach)
#define SLUICE_IOC_XDP _IOW(SLUICE_IOC_MAGIC, 2, struct sluice_xdp)

#endif /* SLUICE_DEVICE_H */
