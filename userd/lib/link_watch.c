// SPDX-License-Identifier: MIT
/*
 * Events of interfaces and addresses, see link_watch.h. Touches: its netlink socket.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "link_watch.h"

/* A message of an interface with many virtual functions may be long; one that does not fit is told
 * of as missed. */
#define MESSAGE_MAX 32768U

int sluice_link_watch_open(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), error;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* Copies an attribute of up to `size` bytes; a longer one is cut. */
static void copy_attribute(const struct rtattr *attribute, void *to, size_t size)
{
	size_t length = RTA_PAYLOAD(attribute);

	memcpy(to, RTA_DATA(attribute), length < size ? length : size);
}

/* Reads a message of an interface. False: it is too short. */
static bool read_link(const struct nlmsghdr *header, struct sluice_link_event *event)
{
	const struct ifinfomsg *link = NLMSG_DATA(header);
	const struct rtattr *attribute;
	int left;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return false;
	event->change = header->nlmsg_type == RTM_DELLINK ? SLUICE_LINK_GONE : SLUICE_LINK_CHANGED;
	event->index = (unsigned int)link->ifi_index;
	event->is_up = (link->ifi_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	left = (int)IFLA_PAYLOAD(header);
	for (attribute = IFLA_RTA(link); RTA_OK(attribute, left);
	     attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == IFLA_IFNAME)
			copy_attribute(attribute, event->name, sizeof(event->name) - 1);
	return true;
}

/* Reads a message of an address. False: it is too short, or of neither IPv4 nor IPv6. */
static bool read_address(const struct nlmsghdr *header, struct sluice_link_event *event)
{
	const struct ifaddrmsg *message = NLMSG_DATA(header);
	const struct rtattr *attribute;
	bool has_local = false;
	uint32_t flags;
	int left;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return false;
	if (message->ifa_family != AF_INET && message->ifa_family != AF_INET6)
		return false;
	event->change =
		header->nlmsg_type == RTM_DELADDR ? SLUICE_ADDRESS_GONE : SLUICE_ADDRESS_CHANGED;
	event->index = message->ifa_index;
	event->family = message->ifa_family;
	flags = message->ifa_flags;
	left = (int)IFA_PAYLOAD(header);
	for (attribute = IFA_RTA(message); RTA_OK(attribute, left);
	     attribute = RTA_NEXT(attribute, left)) {
		/* Of a point-to-point link IFA_ADDRESS is the peer's. */
		if (attribute->rta_type == IFA_LOCAL ||
		    (attribute->rta_type == IFA_ADDRESS && !has_local))
			copy_attribute(attribute, event->address, sizeof(event->address));
		has_local |= attribute->rta_type == IFA_LOCAL;
		if (attribute->rta_type == IFA_FLAGS)
			copy_attribute(attribute, &flags, sizeof(flags));
	}
	event->is_tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
	return true;
}

/* Reads one message. False: it tells of nothing. */
static bool read_message(const struct nlmsghdr *header, struct sluice_link_event *event)
{
	memset(event, 0, sizeof(*event));
	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return read_link(header, event);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return read_address(header, event);
	default:
		return false;
	}
}

/* Tells of what one datagram of the kernel holds. Returns how many events. */
static int tell(const void *bytes, size_t length,
		void (*told)(const struct sluice_link_event *event, void *context), void *context)
{
	const struct nlmsghdr *header;
	struct sluice_link_event event;
	unsigned int left = (unsigned int)length;
	int count = 0;

	for (header = bytes; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		if (!read_message(header, &event))
			continue;
		count++;
		if (told)
			told(&event, context);
	}
	return count;
}

int sluice_link_watch_read(int fd,
			   void (*told)(const struct sluice_link_event *event, void *context),
			   void *context)
{
	const struct sluice_link_event missed = {.change = SLUICE_LINK_MISSED};
	uint8_t bytes[MESSAGE_MAX] __attribute__((aligned(8)));
	struct sockaddr_nl from = {0};
	socklen_t size;
	ssize_t length;
	int count = 0;

	for (;;) {
		size = sizeof(from);
		length = recvfrom(fd, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&from,
				  &size);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			return count;
		if (length < 0 && errno != ENOBUFS)
			return -errno;
		/* Anybody may send to us; only the kernel is number 0. */
		if (length >= 0 && (size < sizeof(from) || from.nl_pid))
			continue;
		if (length >= 0 && length <= (ssize_t)sizeof(bytes)) {
			count += tell(bytes, (size_t)length, told, context);
			continue;
		}
		count++;
		if (told)
			told(&missed, context);
	}
}
