// SPDX-License-Identifier: MIT
/*
 * How the XDP program gets to its interface, and away from it; see xdp.h. Alone it is there by a
 * BPF link, which the kernel takes away with the process. An interface has room for one program;
 * beside others ours goes into libxdp's dispatcher, which is pinned in /sys/fs/bpf/xdp and outlives
 * a process that was killed. What such a one left goes first: the leader has a claim to the
 * interface, so that a program of ours there is nobody's any more. Touches: programs and maps of
 * the kernel, /sys/fs/bpf.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp.skel.h>
#include <xdp/libxdp.h>
#include "../../lib/log.h"
#include "../../lib/xdp_left.h"
#include "xdp.h"
#include "xdp_sweep.h"

/* What the kernel puts before a frame in its place (XDP_PACKET_HEADROOM, linux/bpf.h). */
#define HEADROOM 256U

/* libxdp and libbpf explain at length what is tried and does not work; that is for `debug`. */
static int say_nothing(enum libxdp_print_level level, const char *format, va_list list)
{
	char text[SLUICE_PCAP_TEXT];

	(void)level;
	vsnprintf(text, sizeof(text), format, list);
	text[strcspn(text, "\n")] = '\0';
	sluice_debug("libxdp: %s", text);
	return 0;
}

/* The name and the number of the program at the interface, for the user. */
static void name_program(uint32_t index, char *text, size_t room)
{
	struct bpf_xdp_query_opts query = {.sz = sizeof(query)};
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info);
	int fd;

	snprintf(text, room, "another XDP program");
	if (bpf_xdp_query((int)index, 0, &query) || !query.prog_id)
		return;
	snprintf(text, room, "XDP program %u", query.prog_id);
	fd = bpf_prog_get_fd_by_id(query.prog_id);
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length) && info.name[0])
		snprintf(text, room, "XDP program `%s` (%u)", info.name, query.prog_id);
	close(fd);
}

/* Is a program at the interface? */
static bool is_occupied(uint32_t index)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query((int)index, 0, &query) && query.attach_mode != XDP_ATTACHED_NONE;
}

/* Opens the program for the interface. NULL: no memory. */
static struct sluice_xdp_programs *open_programs(const struct sluice_xdp_interface *interface)
{
	struct sluice_xdp_programs *programs = sluice_xdp_programs__open();

	if (!programs)
		return NULL;
	(void)bpf_map__set_max_entries(programs->maps.sockets, interface->queue_count);
	programs->data->frame_most = interface->chunk - HEADROOM;
	return programs;
}

/* Attaches by a link. 0 or a negative errno. */
static int attach_link(uint32_t index, struct sluice_xdp_attached *attached, bool is_native)
{
	struct bpf_link_create_opts options = {
		.sz = sizeof(options),
		.flags = is_native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE,
	};
	int fd = bpf_link_create(bpf_program__fd(attached->programs->progs.sluice_xdp), (int)index,
				 BPF_XDP, &options);

	if (fd < 0)
		return fd == -1 ? -errno : fd;
	attached->link = fd;
	attached->is_native = is_native;
	return 0;
}

/* Attaches alone: native where that goes. 0 or a negative errno. */
static int attach_alone(struct sluice_xdp_interface *interface,
			struct sluice_xdp_attached *attached)
{
	int error = bpf_object__load(attached->programs->obj), native;

	if (error)
		return error;
	if (!interface->is_generic_forced) {
		native = attach_link(interface->index, attached, true);
		if (!native || native == -EBUSY || native == -EEXIST || native == -EPERM)
			return native;
		error = attach_link(interface->index, attached, false);
		if (!error && native != -EOPNOTSUPP)
			snprintf(interface->note, sizeof(interface->note),
				 "generic mode, because the driver refuses: %s; a smaller MTU may "
				 "help (`ip link set %s mtu 1500`)",
				 strerror(-native), interface->name);
		return error;
	}
	memcpy(interface->note, interface->failure, sizeof(interface->note));
	return attach_link(interface->index, attached, false);
}

/* Attaches beside others, by their dispatcher. 0 or a negative errno. */
static int attach_dispatched(struct sluice_xdp_interface *interface,
			     struct sluice_xdp_attached *attached, enum xdp_attach_mode mode)
{
	struct xdp_program_opts options = {
		.sz = sizeof(options),
		.obj = attached->programs->obj,
		.prog_name = SLUICE_XDP_PROGRAM,
	};
	struct xdp_program *program = xdp_program__create(&options);
	int error = (int)libxdp_get_error(program);

	if (error)
		return error;
	/* What we leave goes on to the next. */
	error = xdp_program__set_chain_call_enabled(program, XDP_PASS, true);
	if (!error)
		error = xdp_program__attach(program, (int)interface->index, mode, 0);
	if (error) {
		xdp_program__close(program);
		return error;
	}
	attached->dispatched = program;
	attached->is_native = mode == XDP_MODE_NATIVE;
	return 0;
}

/* Who is at the interface already? 0: nobody, or *mode and it is libxdp's dispatcher; -EBUSY. */
static int look_at_others(struct sluice_xdp_interface *interface, bool *is_shared,
			  enum xdp_attach_mode *mode)
{
	struct xdp_multiprog *all;
	bool is_legacy;
	int swept = sluice_xdp_sweep_interface(interface->index);

	*is_shared = false;
	if (swept > 0)
		sluice_notice("interface %s: what a sluiced that was killed left in the XDP "
			      "dispatcher is taken away",
			      interface->name);
	else if (swept < 0)
		sluice_warning("interface %s: what a sluiced that was killed left in the XDP "
			       "dispatcher cannot be taken away: %s",
			       interface->name, strerror(-swept));
	if (!is_occupied(interface->index))
		return 0;
	all = xdp_multiprog__get_from_ifindex((int)interface->index);
	if (!all || libxdp_get_error(all))
		return -EBUSY;
	is_legacy = xdp_multiprog__is_legacy(all);
	*mode = xdp_multiprog__attach_mode(all);
	*is_shared = true;
	xdp_multiprog__close(all);
	return is_legacy ? -EBUSY : 0;
}

/* Why it did not work, for the user. */
static void explain(const struct sluice_xdp_interface *interface, int error,
		    char text[SLUICE_PCAP_TEXT])
{
	char who[64];

	if (error == -EPERM || error == -EACCES) {
		snprintf(
			text, SLUICE_PCAP_TEXT,
			"for the right to use XDP on %s: run sluiced as root, or with CAP_NET_RAW, "
			"CAP_NET_ADMIN and CAP_BPF",
			interface->name);
	} else if (error == -EBUSY || error == -EEXIST) {
		name_program(interface->index, who, sizeof(who));
		snprintf(
			text, SLUICE_PCAP_TEXT,
			"for interface %s: %s has it, and not by libxdp's dispatcher; take it away "
			"(`ip link set %s xdp off`, or end who attached it)",
			interface->name, who, interface->name);
	} else if (error == -EOPNOTSUPP) {
		snprintf(text, SLUICE_PCAP_TEXT,
			 "for interface %s: it cannot have an XDP program; use another source",
			 interface->name);
	} else {
		snprintf(text, SLUICE_PCAP_TEXT,
			 "for interface %s: no XDP program can be attached: %s", interface->name,
			 strerror(-error));
	}
}

int sluice_xdp_attach(struct sluice_xdp_interface *interface, struct sluice_xdp_attached *attached,
		      char text[SLUICE_PCAP_TEXT])
{
	enum xdp_attach_mode mode = XDP_MODE_UNSPEC;
	bool is_shared;
	int error;

	(void)libxdp_set_print(say_nothing);
	interface->note[0] = '\0';
	*attached = (struct sluice_xdp_attached){.link = -1};
	error = look_at_others(interface, &is_shared, &mode);
	if (!error) {
		attached->programs = open_programs(interface);
		error = attached->programs ? 0 : -ENOMEM;
	}
	if (!error)
		error = is_shared ? attach_dispatched(interface, attached, mode)
				  : attach_alone(interface, attached);
	if (!error)
		return 0;
	explain(interface, error, text);
	sluice_xdp_attached_free(attached);
	return error;
}

void sluice_xdp_detach(uint32_t index, struct sluice_xdp_attached *attached)
{
	int error;

	if (attached->dispatched) {
		error = xdp_program__detach(attached->dispatched, (int)index,
					    attached->is_native ? XDP_MODE_NATIVE : XDP_MODE_SKB,
					    0);
		if (error && error != -ENODEV && error != -ENOENT)
			sluice_warning("an XDP program cannot be taken away: %s; the next start of "
				       "sluiced does it",
				       strerror(-error));
		xdp_program__close(attached->dispatched);
		attached->dispatched = NULL;
	}
	if (attached->link >= 0)
		close(attached->link);
	attached->link = -1;
}

void sluice_xdp_attached_free(struct sluice_xdp_attached *attached)
{
	sluice_xdp_programs__destroy(attached->programs);
	attached->programs = NULL;
}
