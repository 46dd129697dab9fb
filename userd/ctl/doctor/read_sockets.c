// SPDX-License-Identifier: MIT
/*
 * Sockets of this network namespace, by sock_diag, see read.h: /proc/net/udp has no size of the
 * receive buffer, and nothing tells as cheaply what TCP waits for. Touches: a netlink socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "read.h"
#include "tcp_info.h"

#define ESTABLISHED (1U << 1) /* TCP_ESTABLISHED, of an enum that user space has not */
#define MEMORY_INFO 9	      /* SK_MEMINFO_VARS */

/* "10.9.1.1:6000", IPv4 in IPv6 as IPv4, IPv6 in brackets. */
static const char *address_text(int family, const __be32 *address, __be16 port, char text[64])
{
	char bare[INET6_ADDRSTRLEN] = "?";

	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address)) {
		family = AF_INET;
		address += 3;
	}
	inet_ntop(family, address, bare, sizeof(bare));
	snprintf(text, 64, family == AF_INET6 ? "[%s]:%u" : "%s:%u", bare, ntohs(port));
	return text;
}

/* One socket of UDP. */
static void put_udp(FILE *to, const struct inet_diag_msg *socket, const struct nlattr *memory)
{
	__u32 info[MEMORY_INFO] = {0};

	if (memory)
		memcpy(info, nla_data(memory),
		       (size_t)nla_len(memory) < sizeof(info) ? (size_t)nla_len(memory)
							      : sizeof(info));
	fprintf(to, "udp %u %u queued %u buffer %u drops %u\n", ntohs(socket->id.idiag_sport),
		socket->idiag_inode, info[SK_MEMINFO_RMEM_ALLOC], info[SK_MEMINFO_RCVBUF],
		info[SK_MEMINFO_DROPS]);
}

/* One connection of TCP. */
static void put_tcp(FILE *to, const struct inet_diag_msg *socket, const struct nlattr *told)
{
	char local[64], peer[64];

	fprintf(to, "tcp %s %s ",
		address_text(socket->idiag_family, socket->id.idiag_src, socket->id.idiag_sport,
			     local),
		address_text(socket->idiag_family, socket->id.idiag_dst, socket->id.idiag_dport,
			     peer));
	sluice_doctor_put_tcp_info(to, nla_data(told), (size_t)nla_len(told));
}

/* One message of a dump. */
static int on_message(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct inet_diag_msg *socket = nlmsg_data(header);
	struct nlattr *attributes[INET_DIAG_MAX + 1];

	if (nlmsg_parse(header, sizeof(*socket), attributes, INET_DIAG_MAX, NULL) < 0)
		return NL_OK;
	if (attributes[INET_DIAG_INFO] && nla_len(attributes[INET_DIAG_INFO]) > 0)
		put_tcp(context, socket, attributes[INET_DIAG_INFO]);
	else
		put_udp(context, socket, attributes[INET_DIAG_SKMEMINFO]);
	return NL_OK;
}

int sluice_doctor_read_sockets(const char *protocol, char **text)
{
	bool is_tcp = protocol && !strcmp(protocol, "tcp");
	struct inet_diag_req_v2 request = {
		.sdiag_protocol = is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.idiag_ext = (__u8)(1U << ((is_tcp ? INET_DIAG_INFO : INET_DIAG_SKMEMINFO) - 1)),
		.idiag_states = is_tcp ? ESTABLISHED : ~0U,
	};
	static const __u8 families[] = {AF_INET, AF_INET6};
	struct nl_sock *netlink = nl_socket_alloc();
	size_t length, number;
	FILE *to = open_memstream(text, &length);
	int error = netlink && to ? 0 : -ENOMEM;

	if (!error && nl_connect(netlink, NETLINK_SOCK_DIAG) < 0)
		error = -EIO;
	if (!error) {
		nl_socket_disable_seq_check(netlink);
		nl_socket_modify_cb(netlink, NL_CB_VALID, NL_CB_CUSTOM, on_message, to);
	}
	for (number = 0; !error && number < sizeof(families); number++) {
		request.sdiag_family = families[number];
		if (nl_send_simple(netlink, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request,
				   sizeof(request)) < 0 ||
		    nl_recvmsgs_default(netlink) < 0)
			error = -EIO;
	}
	nl_socket_free(netlink);
	if (to && fclose(to) && !error)
		error = -ENOMEM;
	return error;
}
