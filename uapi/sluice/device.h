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

#define SLUICE_IOC_MAGIC 0xB5
#define SLUICE_IOC_ATTACH _IOWR(SLUICE_IOC_MAGIC, 1, struct sluice_attach)

#endif /* SLUICE_DEVICE_H */
