// SPDX-License-Identifier: MIT
/*
 * A packet socket with a ring of TPACKET_V3 that the kernel fills; see afpacket.h. Touches: packet
 * sockets, mapped memory.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "afpacket.h"

/* Since Linux 6.2; older kernels do not look at it, and older headers do not have it. */
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

/* Of the sockets of <linux/if_packet.h>: frames lie where they fit, this is a unit for checks. */
#define FRAME 2048U
#define MAP_BYTES ((size_t)SLUICE_AFPACKET_BLOCK * SLUICE_AFPACKET_BLOCKS)
#define LINK_ETHERNET 1U
#define LINK_RAW 101U
/* Instructions in front of each filter. */
#define INCOMING 3U
/* The largest packet there is, with its link layer. */
#define SNAP 262144

/* Sets an option that is a number. 0 or a negative errno. */
static int set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) ? -errno : 0;
}

/* Attaches a filter. 0 or a negative errno. */
static int attach(int fd, struct sock_filter *instructions, size_t count)
{
	const struct sock_fprog program = {.len = (unsigned short)count, .filter = instructions};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

/* The ring and all that has to be set before it is there. 0 or a negative errno. */
static int prepare(struct sluice_afpacket_socket *socket, bool is_ethernet)
{
	const struct tpacket_req3 request = {
		.tp_block_size = SLUICE_AFPACKET_BLOCK,
		.tp_block_nr = SLUICE_AFPACKET_BLOCKS,
		.tp_frame_size = FRAME,
		.tp_frame_nr = SLUICE_AFPACKET_BLOCK / FRAME * SLUICE_AFPACKET_BLOCKS,
		.tp_retire_blk_tov = SLUICE_AFPACKET_MS,
	};
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	void *map;
	int error = set(socket->fd, PACKET_VERSION, TPACKET_V3);

	/* What this machine sends is no input of it; on loopback all of it is both. */
	if (!error)
		error = set(socket->fd, PACKET_IGNORE_OUTGOING, 1);
	/* Only packets with their link layer can have it. */
	if (!error && is_ethernet)
		error = set(socket->fd, PACKET_VNET_HDR, 1);
	if (!error)
		error = attach(socket->fd, &nothing, 1);
	if (!error && setsockopt(socket->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		error = -errno;
	if (error)
		return error;
	map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, socket->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	socket->map = map;
	return 0;
}

struct sluice_afpacket_socket *sluice_afpacket_open(unsigned int index, bool is_ethernet,
						    int *error)
{
	struct sluice_afpacket_socket *result = calloc(1, sizeof(*result));
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
					    .sll_protocol = htons(ETH_P_ALL),
					    .sll_ifindex = (int)index};

	if (!result) {
		*error = -ENOMEM;
		return NULL;
	}
	/* Of no protocol: nothing comes before it is bound. */
	result->fd = socket(
		AF_PACKET, (is_ethernet ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result->link = is_ethernet ? LINK_ETHERNET : LINK_RAW;
	result->interface = index;
	result->is_joining = is_ethernet;
	*error = result->fd < 0 ? -errno : prepare(result, is_ethernet);
	if (!*error && bind(result->fd, (const struct sockaddr *)&address, sizeof(address)))
		*error = -errno;
	if (!*error)
		return result;
	sluice_afpacket_close(result);
	return NULL;
}

void sluice_afpacket_close(struct sluice_afpacket_socket *socket)
{
	if (!socket)
		return;
	if (socket->map)
		(void)munmap(socket->map, MAP_BYTES);
	if (socket->fd >= 0)
		close(socket->fd);
	free(socket);
}

int sluice_afpacket_join(const struct sluice_afpacket_socket *socket, uint16_t *group, bool is_new)
{
	uint32_t type = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_IGNORE_OUTGOING;
	uint32_t value = 0;
	socklen_t length = sizeof(value);

	/* All fragments of a datagram have one hash: it is of their addresses only. A group that
	 * nobody else has: the kernel chooses its number. */
	if (is_new)
		type |= PACKET_FANOUT_FLAG_UNIQUEID;
	value = (is_new ? 0U : *group) | type << 16;
	if (setsockopt(socket->fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)))
		return -errno;
	if (!is_new)
		return 0;
	if (getsockopt(socket->fd, SOL_PACKET, PACKET_FANOUT, &value, &length))
		return -errno;
	*group = (uint16_t)value;
	return 0;
}

/* Attaches a filter that begins with what the option does not do for a group before Linux 6.2: what
 * goes out is left alone. 0 or a negative errno. */
static int attach_incoming(int fd, const struct sock_filter *instructions, size_t count)
{
	const struct sock_filter begin[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter *all = calloc(count + INCOMING, sizeof(*all));
	int error;

	_Static_assert(sizeof(begin) / sizeof(begin[0]) == INCOMING, "there is room for it");
	if (!all)
		return -ENOMEM;
	memcpy(all, begin, sizeof(begin));
	memcpy(all + INCOMING, instructions, count * sizeof(*all));
	error = count + INCOMING > BPF_MAXINSNS ? -E2BIG : attach(fd, all, count + INCOMING);
	free(all);
	return error;
}

int sluice_afpacket_filter(const struct sluice_afpacket_socket *socket,
			   const struct sluice_pcap_table *table)
{
	const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SNAP);
	char *text = table ? sluice_pcap_filter_write(table, socket->link == LINK_ETHERNET) : NULL;
	pcap_t *pcap = pcap_open_dead(socket->link == LINK_ETHERNET ? DLT_EN10MB : DLT_RAW, SNAP);
	struct bpf_program program;
	int error = -ENOMEM;

	/* The instructions are the kernel's, by another name (pcap(3PCAP)). */
	if (pcap && text && !pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN)) {
		error = attach_incoming(socket->fd,
					(const struct sock_filter *)(const void *)program.bf_insns,
					program.bf_len);
		pcap_freecode(&program);
	}
	/* Without a filter all is looked at by the worker. */
	if (error)
		error = attach_incoming(socket->fd, &all, 1);
	if (pcap)
		pcap_close(pcap);
	free(text);
	return error;
}

void sluice_afpacket_still(const struct sluice_afpacket_socket *socket)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);

	if (socket)
		(void)attach(socket->fd, &nothing, 1);
}

uint64_t sluice_afpacket_drops(const struct sluice_afpacket_socket *socket)
{
	struct tpacket_stats_v3 state;
	socklen_t length = sizeof(state);

	/* Reading zeroes it. */
	if (getsockopt(socket->fd, SOL_PACKET, PACKET_STATISTICS, &state, &length))
		return 0;
	return state.tp_drops;
}
