// SPDX-License-Identifier: MIT
/*
 * Interfaces, their addresses and queues, by rtnetlink, which tells of the process's own network
 * namespace (the files of /sys tell of the one in which they were mounted). See read.h. Touches: a
 * netlink socket, files in /sys/fs/bpf/xdp.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/xdp_left.h"
#include "read.h"

/* Interfaces with a program that was left which are told of. */
#define LEFT_MOST 64U

/* Writes the counters of an interface. */
static void put_counters(FILE *to, const char *name, const struct nlattr *attribute)
{
	struct rtnl_link_stats64 stats = {0};
	int length = nla_len(attribute);

	/* A kernel has fewer or more of them. */
	memcpy(&stats, nla_data(attribute),
	       length < (int)sizeof(stats) ? (size_t)length : sizeof(stats));
	fprintf(to,
		"%s rx_packets %llu\n%s rx_bytes %llu\n%s tx_bytes %llu\n%s rx_missed_errors %llu\n"
		"%s rx_fifo_errors %llu\n%s rx_over_errors %llu\n%s rx_crc_errors %llu\n"
		"%s rx_length_errors %llu\n%s rx_frame_errors %llu\n%s rx_nohandler %llu\n",
		name, stats.rx_packets, name, stats.rx_bytes, name, stats.tx_bytes, name,
		stats.rx_missed_errors, name, stats.rx_fifo_errors, name, stats.rx_over_errors,
		name, stats.rx_crc_errors, name, stats.rx_length_errors, name,
		stats.rx_frame_errors, name, stats.rx_nohandler);
}

/* The program that an interface has in XDP; 0: none. */
static unsigned int xdp_program(struct nlattr *attribute)
{
	struct nlattr *inner[IFLA_XDP_MAX + 1];

	if (nla_parse_nested(inner, IFLA_XDP_MAX, attribute, NULL) < 0 || !inner[IFLA_XDP_PROG_ID])
		return 0;
	return nla_get_u32(inner[IFLA_XDP_PROG_ID]);
}

/* One interface. */
static void put_link(FILE *to, struct nlmsghdr *header)
{
	const struct ifinfomsg *info = nlmsg_data(header);
	struct nlattr *attributes[IFLA_MAX + 1];
	const char *name;

	if (nlmsg_parse(header, sizeof(*info), attributes, IFLA_MAX, NULL) < 0 ||
	    !attributes[IFLA_IFNAME])
		return;
	name = nla_get_string(attributes[IFLA_IFNAME]);
	fprintf(to, "%s up %d\n", name, !!(info->ifi_flags & IFF_UP));
	if (attributes[IFLA_MTU])
		fprintf(to, "%s mtu %u\n", name, nla_get_u32(attributes[IFLA_MTU]));
	if (attributes[IFLA_CARRIER_DOWN_COUNT])
		fprintf(to, "%s carrier_down %u\n", name,
			nla_get_u32(attributes[IFLA_CARRIER_DOWN_COUNT]));
	if (attributes[IFLA_XDP])
		fprintf(to, "%s xdp %u\n", name, xdp_program(attributes[IFLA_XDP]));
	if (attributes[IFLA_STATS64])
		put_counters(to, name, attributes[IFLA_STATS64]);
}

/* One address. */
static void put_address(FILE *to, struct nlmsghdr *header)
{
	const struct ifaddrmsg *info = nlmsg_data(header);
	struct nlattr *attributes[IFA_MAX + 1], *address;
	char text[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

	if (nlmsg_parse(header, sizeof(*info), attributes, IFA_MAX, NULL) < 0)
		return;
	address = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	if (address && if_indextoname(info->ifa_index, name) &&
	    inet_ntop(info->ifa_family, nla_data(address), text, sizeof(text)))
		fprintf(to, "address %s %s\n", text, name);
}

/* One queue of what leaves. */
static void put_qdisc(FILE *to, struct nlmsghdr *header)
{
	const struct tcmsg *info = nlmsg_data(header);
	struct nlattr *attributes[TCA_MAX + 1], *inner[TCA_STATS_MAX + 1];
	struct gnet_stats_queue queue = {0};
	char name[IF_NAMESIZE];

	/* Those below the root are counted in it. */
	if (nlmsg_parse(header, sizeof(*info), attributes, TCA_MAX, NULL) < 0 ||
	    info->tcm_parent != TC_H_ROOT || !attributes[TCA_STATS2] ||
	    !if_indextoname((unsigned int)info->tcm_ifindex, name) ||
	    nla_parse_nested(inner, TCA_STATS_MAX, attributes[TCA_STATS2], NULL) < 0 ||
	    !inner[TCA_STATS_QUEUE])
		return;
	memcpy(&queue, nla_data(inner[TCA_STATS_QUEUE]),
	       (size_t)nla_len(inner[TCA_STATS_QUEUE]) < sizeof(queue)
		       ? (size_t)nla_len(inner[TCA_STATS_QUEUE])
		       : sizeof(queue));
	fprintf(to, "qdisc %s drops %u\n", name, queue.drops);
}

/* One message of a dump. */
static int on_message(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);

	if (header->nlmsg_type == RTM_NEWLINK)
		put_link(context, header);
	else if (header->nlmsg_type == RTM_NEWADDR)
		put_address(context, header);
	else if (header->nlmsg_type == RTM_NEWQDISC)
		put_qdisc(context, header);
	return NL_OK;
}

/* Asks for one dump. 0 or a negative errno. */
static int dump(struct nl_sock *socket, int type, void *request, size_t size)
{
	int error = nl_send_simple(socket, type, NLM_F_DUMP, request, size);

	if (error >= 0)
		error = nl_recvmsgs_default(socket);
	return error < 0 ? -EIO : 0;
}

/* Where a sluiced that was killed left an XDP program. */
static void put_left(FILE *to)
{
	struct sluice_xdp_leftover left[LEFT_MOST];
	int count = sluice_xdp_left_find(left, LEFT_MOST), number;

	for (number = 0; number < count; number++)
		fprintf(to, "%s xdp-left 1\n", left[number].name);
}

int sluice_doctor_read_links(char **text)
{
	struct ifinfomsg links = {.ifi_family = AF_UNSPEC};
	struct ifaddrmsg addresses = {.ifa_family = AF_UNSPEC};
	struct tcmsg queues = {.tcm_family = AF_UNSPEC};
	struct nl_sock *socket = nl_socket_alloc();
	size_t length;
	FILE *to = open_memstream(text, &length);
	int error = socket && to ? 0 : -ENOMEM;

	if (!error && nl_connect(socket, NETLINK_ROUTE) < 0)
		error = -EIO;
	if (!error) {
		nl_socket_disable_seq_check(socket);
		nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, to);
		error = dump(socket, RTM_GETLINK, &links, sizeof(links));
	}
	if (!error)
		error = dump(socket, RTM_GETADDR, &addresses, sizeof(addresses));
	if (!error)
		error = dump(socket, RTM_GETQDISC, &queues, sizeof(queues));
	if (!error)
		put_left(to);
	nl_socket_free(socket);
	if (to && fclose(to) && !error)
		error = -ENOMEM;
	return error;
}
