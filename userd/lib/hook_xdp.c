// SPDX-License-Identifier: MIT
/*
 * See hook_xdp.h. The program does nothing but call the module, and has a link: the module holds
 * that, so the program stays when this process ends and goes with the last rule, or when the
 * interface is released.
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
			 "no permission to load a program that calls the module: kernels show a "
			 "module's types only to whoever has CAP_SYS_ADMIN; have root attach it "
			 "once (`sluicectl xdp prepare INTERFACE`)");
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

/* A control call of the module's device. 0 or a negative errno. */
static int call(unsigned long request, void *argument)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC), result = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, request, argument))
		result = -errno;
	close(fd);
	return result;
}

/* Has the module keep a link. 0 or a negative errno. With -1 only asks: -EBADF if it would. */
static int hand_over(int interface, int link)
{
	struct sluice_xdp keep = {.ifindex = (uint32_t)interface, .link = link};

	return call(SLUICE_IOC_XDP, &keep);
}

int sluice_hook_xdp_look(const char *interface, struct sluice_hook_xdp_state *state)
{
	struct sluice_xdp_keep keep = {.link = -1, .action = SLUICE_XDP_LOOK};
	char name[BPF_OBJ_NAME_LEN];
	int error;

	memset(state, 0, sizeof(*state));
	keep.ifindex = state->ifindex = if_nametoindex(interface);
	if (!keep.ifindex)
		return -ENODEV;
	error = call(SLUICE_IOC_XDP_KEEP, &keep);
	if (error)
		return error;
	/* The link that is kept may have been detached behind the module's back. */
	state->is_there =
		keep.program && found((int)keep.ifindex, name, sizeof(name)) == keep.program;
	state->is_wanted = keep.state & SLUICE_XDP_S_WANTED;
	state->is_prepared = keep.state & SLUICE_XDP_S_PREPARED;
	return 0;
}

/* What it means that the module does not say how it is about an interface. */
static void tell_look(const char *interface, int error, char *why, size_t room)
{
	if (error == -ENODEV)
		snprintf(why, room, "there is no interface %s", interface);
	else if (error == -ENOENT)
		snprintf(why, room, "the module is not loaded; load it (`modprobe sluice`)");
	else if (error == -EACCES || error == -EPERM)
		snprintf(why, room, "no permission to open " DEVICE "; it takes root");
	else if (error == -ENOTTY)
		snprintf(why, room,
			 "the module that is loaded is an older one; load the new one (`sluicectl "
			 "unload`, `modprobe sluice`)");
	else
		snprintf(why, room, "the module does not say how it is about %s: %s", interface,
			 strerror(-error));
}

int sluice_hook_xdp_open(unsigned int ifindex)
{
	struct sluice_xdp_keep keep = {.ifindex = ifindex, .link = -1, .action = SLUICE_XDP_OPEN};
	int error = call(SLUICE_IOC_XDP_KEEP, &keep);

	return error ? error : keep.link;
}

int sluice_hook_xdp_give(unsigned int ifindex, int link)
{
	return hand_over((int)ifindex, link);
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

/* Is there room for the program? 0, or a negative errno and whose is there. *is_ours: it is one of
 * ours. */
static int look_for_others(const char *interface, int ifindex, bool *is_ours, char *why,
			   size_t room)
{
	char name[BPF_OBJ_NAME_LEN] = "";
	uint32_t id = found(ifindex, name, sizeof(name));

	*is_ours = id && !strcmp(name, NAME);
	if (!id || *is_ours)
		return 0;
	snprintf(why, room,
		 "the XDP program `%s` (id %u) of another is at %s; detach it (`ip link set %s xdp "
		 "off`, `bpftool net`) or use `hook: ingress`",
		 name, id, interface, interface);
	return -EBUSY;
}

/* Attaches the program. Its link, or a negative errno with a sentence. @owner caller: close() */
static int attach(const struct sluice_hook_xdp_program *program, const char *interface, int ifindex,
		  char *why, size_t room)
{
	struct bpf_link_create_opts options = {.sz = sizeof(options), .flags = XDP_FLAGS_DRV_MODE};
	int link = bpf_link_create(bpf_program__fd(program->object->progs.sluice_hook_xdp), ifindex,
				   BPF_XDP, &options);

	if (link < 0)
		tell_refusal(interface, link, why, room);
	return link;
}

int sluice_hook_xdp_attach(const struct sluice_hook_xdp_program *program, const char *interface,
			   bool *attached, char *why, size_t room)
{
	int ifindex = (int)if_nametoindex(interface), link, error;
	bool is_ours = false;

	*attached = false;
	if (ifindex <= 0) {
		snprintf(why, room, "there is no interface %s", interface);
		return -ENODEV;
	}
	error = look_for_others(interface, ifindex, &is_ours, why, room);
	if (error || is_ours)
		return error;
	/* First, as attaching in vain costs a card's link some seconds. */
	error = hand_over(ifindex, -1);
	if (error != -EBADF) {
		snprintf(why, room,
			 error == -ENODEV ? "no rule with this hook names %s in the module"
					  : "the module does not say whether it wants %s",
			 interface);
		return error;
	}
	link = attach(program, interface, ifindex, why, room);
	if (link < 0)
		return link;
	error = hand_over(ifindex, link);
	/* Without the module's hold it goes with this. */
	close(link);
	if (error)
		snprintf(why, room, "the module does not keep the program at %s: %s", interface,
			 strerror(-error));
	*attached = !error;
	return error;
}

/* Has the module keep a link without rules, too; -1: that which it keeps. 0 or a negative errno. */
static int keep_prepared(unsigned int ifindex, int link)
{
	struct sluice_xdp_keep keep = {
		.ifindex = ifindex, .link = link, .action = SLUICE_XDP_PREPARE};

	return call(SLUICE_IOC_XDP_KEEP, &keep);
}

int sluice_hook_xdp_prepare(const char *interface, bool *attached, char *why, size_t room)
{
	struct sluice_hook_xdp_program *program = NULL;
	struct sluice_hook_xdp_state state;
	int error = sluice_hook_xdp_look(interface, &state), link = -1;
	bool is_ours = false;

	*attached = false;
	if (error) {
		tell_look(interface, error, why, room);
		return error;
	}
	if (!state.is_there) {
		error = look_for_others(interface, (int)state.ifindex, &is_ours, why, room);
		if (!error && is_ours) {
			snprintf(why, room,
				 "a program of ours is at %s that the module does not keep; detach "
				 "it (`ip link set %s xdp off`, or end the sluiced that has it)",
				 interface, interface);
			error = -EBUSY;
		}
		if (!error)
			error = sluice_hook_xdp_load(&program, why, room);
		if (error)
			return error;
		link = attach(program, interface, (int)state.ifindex, why, room);
		sluice_hook_xdp_unload(program);
		if (link < 0)
			return link;
		*attached = true;
	}
	error = keep_prepared(state.ifindex, link);
	if (link >= 0)
		close(link);
	if (error)
		snprintf(why, room, "the module does not keep the program at %s: %s", interface,
			 strerror(-error));
	return error;
}

int sluice_hook_xdp_release(const char *interface, struct sluice_hook_xdp_state *state, char *why,
			    size_t room)
{
	struct sluice_xdp_keep keep = {.link = -1, .action = SLUICE_XDP_RELEASE};
	int error = 0;

	memset(state, 0, sizeof(*state));
	if (interface) {
		keep.ifindex = if_nametoindex(interface);
		error = keep.ifindex ? 0 : -ENODEV;
	}
	if (!error)
		error = call(SLUICE_IOC_XDP_KEEP, &keep);
	if (error)
		tell_look(interface ? interface : "the interfaces", error, why, room);
	state->ifindex = keep.ifindex;
	state->is_there = keep.program;
	state->is_wanted = keep.state & SLUICE_XDP_S_WANTED;
	return error;
}
