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
 * interface any more, unless it is prepared (SLUICE_IOC_XDP_KEEP), when the interface goes or gets
 * another name, and with the namespace.
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

/*
 * What SLUICE_IOC_XDP_KEEP does about an interface:
 *
 * SLUICE_XDP_LOOK:    says how it is
 * SLUICE_XDP_PREPARE: its program stays without rules, too; @link is one to be kept, or -1: that
 *                     which is kept already
 * SLUICE_XDP_RELEASE: it stays no longer than rules want it; of @ifindex 0: of all in the namespace
 * SLUICE_XDP_OPEN:    @link becomes a descriptor of the link that is kept, which holds the program,
 *                     too, until it is closed
 */
#define SLUICE_XDP_LOOK 0U
#define SLUICE_XDP_PREPARE 1U
#define SLUICE_XDP_RELEASE 2U
#define SLUICE_XDP_OPEN 3U

/* Of @state: a rule with SLUICE_HOOK_XDP names the interface; it is prepared. */
#define SLUICE_XDP_S_WANTED (1U << 0)
#define SLUICE_XDP_S_PREPARED (1U << 1)

/**
 * struct sluice_xdp_keep - argument of SLUICE_IOC_XDP_KEEP: a program that stays without rules
 * @ifindex: in: the interface
 * @link:    in and out, see above
 * @action:  in: what is to be done
 * @program: out: id of the program whose link is kept; 0: none is. Whether it still is at the
 *           interface, that says
 * @state:   out: bits of SLUICE_XDP_S_*
 *
 * While no rule wants anything the program lets all pass. A prepared one goes when it is released
 * and no rule wants it, when the interface leaves the namespace, and with the namespace. It holds
 * the module.
 *
 * Errors: ENODEV no such interface in this namespace; EINVAL no such action, or @link is no link of
 * an XDP program; EBADF no such descriptor; ENOENT no link is kept.
 */
struct sluice_xdp_keep {
	__u32 ifindex;
	__s32 link;
	__u32 action;
	__u32 program;
	__u32 state;
};

#define SLUICE_IOC_MAGIC 0xB5
#define SLUICE_IOC_ATTACH _IOWR(SLUICE_IOC_MAGIC, 1, struct sluice_attach)
#define SLUICE_IOC_XDP _IOW(SLUICE_IOC_MAGIC, 2, struct sluice_xdp)
#define SLUICE_IOC_XDP_KEEP _IOWR(SLUICE_IOC_MAGIC, 3, struct sluice_xdp_keep)

#endif /* SLUICE_DEVICE_H */
