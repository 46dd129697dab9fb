// SPDX-License-Identifier: MIT
/*
 * See xdp.h. The program does nothing but call the module, and has a link: the module holds that,
 * so the program stays when this process ends and goes with the last rule.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sluice/device.h>
#include <hook_xdp.skel.h>
#include "hook_xdp.h"

#define DEVICE "/dev/sluice"
#define ETHERNET_MTU 1500 /* RFC 894 */
/* What the program is called in the kernel: the function in hook_xdp.bpf.c. */
#define NAME "sluice_hook_xdp"

struct sluice_hook_xdp_program {
	struct sluice_hook_xdp_programs *object;
};

int sluice_hook_xdp_load(struct sluice_hook_xdp_program **program, char *why, size_t room)
{
	struct sluice_hook_xdp_program *fresh = calloc(1, sizeof(*fresh));
	int error = -ENOMEM;

	*program = NULL;
	if (fresh)
		fresh->object = sluice_hook_xdp_programs__open();
	if (fresh && fresh->object)
		error = sluice_hook_xdp_programs__load(fresh->object);
	if (!error) {
		*program = fresh;
		return 0;
	}
	sluice_hook_xdp_unload(fresh);
	if (error == -EPERM)
		snprintf(why, room,
			 "no permission to load a program that calls the module: that needs "
			 "CAP_SYS_ADMIN beside CAP_BPF and CAP_NET_ADMIN");
	else if (error == -ENOMEM)
		snprintf(why, room, "no memory for the program");
	else
		snprintf(why, room,
			 "the kernel does not take a program that calls the module (%s): the "
			 "module was built without its types (`kmod/btf/add`, package dwarves), or "
			 "the kernel has none (/sys/kernel/btf/vmlinux)",
			 strerror(-error));
	return error;
}

void sluice_hook_xdp_unload(struct sluice_hook_xdp_program *program)
{
	if (!program)
		return;
	sluice_hook_xdp_programs__destroy(program->object);
	free(program);
}

/* The name of the program with this id, in `room` bytes: as far as the kernel tells. */
static void name_of(uint32_t id, char *name, size_t room)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	snprintf(name, room, "?");
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length))
		snprintf(name, room, "%s", info.name);
	close(fd);
}

/* Is a program at the interface? Its id, 0: none, and its name. */
static uint32_t found(int interface, char *name, size_t room)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(interface, 0, &query))
		return 0;
	if (query.prog_id)
		name_of(query.prog_id, name, room);
	return query.prog_id;
}

/* Has the module keep a link. 0 or a negative errno. With -1 only asks: -EBADF if it would. */
static int hand_over(int interface, int link)
{
	struct sluice_xdp keep = {.ifindex = (uint32_t)interface, .link = link};
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC), result = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SLUICE_IOC_XDP, &keep))
		result = -errno;
	close(fd);
	return result;
}

/* The interface's MTU, 0: nobody knows. */
static int mtu_of(const char *interface)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mtu = 0;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd >= 0 && !ioctl(fd, SIOCGIFMTU, &request))
		mtu = request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

/* What a driver that refuses means to a user. */
static void tell_refusal(const char *interface, int error, char *why, size_t room)
{
	int mtu = mtu_of(interface);

	if (error == -EOPNOTSUPP)
		snprintf(why, room, "the driver of %s has no XDP; `hook: ingress` is the next best",
			 interface);
	else if (error == -EINVAL && mtu > ETHERNET_MTU)
		snprintf(why, room,
			 "the driver of %s refuses XDP; its MTU is %d, and most take it only where "
			 "a frame is in one buffer: `ip link set %s mtu 1500`, or `hook: ingress`",
			 interface, mtu, interface);
	else
		snprintf(why, room,
			 "the driver of %s refuses XDP (%s); the kernel's log may say why "
			 "(`dmesg`), virtio wants a queue more for each processor, and `hook: "
			 "ingress` is the next best",
			 interface, strerror(-error));
}

int sluice_hook_xdp_attach(const struct sluice_hook_xdp_program *program, const char *interface,
			   bool *attached, char *why, size_t room)
{
	struct bpf_link_create_opts options = {.sz = sizeof(options), .flags = XDP_FLAGS_DRV_MODE};
	char name[BPF_OBJ_NAME_LEN] = "";
	int ifindex = (int)if_nametoindex(interface), link, error;
	uint32_t id;

	*attached = false;
	if (ifindex <= 0) {
		snprintf(why, room, "there is no interface %s", interface);
		return -ENODEV;
	}
	id = found(ifindex, name, sizeof(name));
	if (id && !strcmp(name, NAME))
		return 0;
	if (id) {
		snprintf(
			why, room,
			"the XDP program `%s` (id %u) of another is at %s; detach it (`ip link set "
			"%s xdp off`, `bpftool net`) or use `hook: ingress`",
			name, id, interface, interface);
		return -EBUSY;
	}
	/* First, as attaching in vain costs a card's link some seconds. */
	error = hand_over(ifindex, -1);
	if (error != -EBADF) {
		snprintf(why, room,
			 error == -ENODEV ? "no rule with this hook names %s in the module"
					  : "the module does not say whether it wants %s",
			 interface);
		return error;
	}
	link = bpf_link_create(bpf_program__fd(program->object->progs.sluice_hook_xdp), ifindex,
			       BPF_XDP, &options);
	if (link < 0) {
		tell_refusal(interface, link, why, room);
		return link;
	}
	error = hand_over(ifindex, link);
	/* Without the module's hold it goes with this. */
	close(link);
	if (error)
		snprintf(why, room, "the module does not keep the program at %s: %s", interface,
			 strerror(-error));
	*attached = !error;
	return error;
}
