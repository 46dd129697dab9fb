// SPDX-License-Identifier: MIT
/*
 * Events of the module; see kernel_watch.h. Touches: its netlink socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel_watch.h"
#include "netlink.h"

#define MESSAGE_MAX 8192U /* no message of the group comes near it */

int sluice_kernel_watch_open(int *type)
{
	struct nl_sock *socket;
	int family, group, fd = -ENOENT;

	if (!type)
		return -EINVAL;
	socket = nl_socket_alloc();
	if (!socket)
		return -ENOMEM;
	if (genl_connect(socket)) {
		fd = -EPROTONOSUPPORT;
		goto free;
	}
	family = genl_ctrl_resolve(socket, SLUICE_GENL_NAME);
	group = family < 0 ? family
			   : genl_ctrl_resolve_grp(socket, SLUICE_GENL_NAME, SLUICE_GENL_EVENTS);
	if (group < 0)
		goto free;
	if (nl_socket_add_membership(socket, group)) {
		fd = -EPERM;
		goto free;
	}
	*type = family;
	/* The membership is the socket's, and outlives what libnl knows of it. */
	fd = fcntl(nl_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	else if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		fd = -EIO;
	}
free:
	nl_socket_free(socket);
	return fd;
}

/* Reads a message. False: it is no event. */
static bool read_event(struct nlmsghdr *header, int type, struct sluice_kernel_event *event)
{
	struct nlattr *attributes[SLUICE_A_MAX + 1];

	if (header->nlmsg_type != type || !genlmsg_valid_hdr(header, 0) ||
	    genlmsg_hdr(header)->cmd != SLUICE_CMD_STREAM_EVENT ||
	    genlmsg_parse(header, 0, attributes, SLUICE_A_MAX, sluice_netlink_policy) < 0 ||
	    !attributes[SLUICE_A_EVENT_KIND])
		return false;
	event->kind = sluice_attribute_u32(attributes[SLUICE_A_EVENT_KIND]);
	event->cpu = sluice_attribute_u32(attributes[SLUICE_A_STREAM_CPU]);
	sluice_attribute_guid(attributes[SLUICE_A_ROUTE_ID], event->route);
	snprintf(event->name, sizeof(event->name), "%s",
		 sluice_attribute_string(attributes[SLUICE_A_ROUTE_NAME]));
	return true;
}

int sluice_kernel_watch_read(int fd, int type,
			     void (*told)(const struct sluice_kernel_event *event, void *context),
			     void *context)
{
	char bytes[MESSAGE_MAX] __attribute__((aligned(8)));
	struct sluice_kernel_event event = {0};
	struct sockaddr_nl from;
	bool is_missed = false;
	socklen_t size;
	ssize_t length;

	if (!told)
		return -EINVAL;
	for (;;) {
		struct nlmsghdr *header = (struct nlmsghdr *)(void *)bytes;
		int rest;

		size = sizeof(from);
		memset(&from, 0, sizeof(from));
		length = recvfrom(fd, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&from,
				  &size);
		if (length < 0 && errno == EAGAIN)
			break;
		if (length < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (length < 0) {
			is_missed |= errno == ENOBUFS;
			continue;
		}
		/* Anybody may send to us; only the kernel is number 0. */
		if (size != sizeof(from) || from.nl_pid)
			continue;
		if (length > (ssize_t)sizeof(bytes)) {
			is_missed = true;
			continue;
		}
		rest = (int)length;
		for (; nlmsg_ok(header, rest); header = nlmsg_next(header, &rest))
			if (read_event(header, type, &event))
				told(&event, context);
	}
	if (is_missed) {
		memset(&event, 0, sizeof(event));
		event.is_missed = true;
		told(&event, context);
	}
	return 0;
}
