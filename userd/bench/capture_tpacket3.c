// SPDX-License-Identifier: MIT
/*
 * Capture by AF_PACKET with a TPACKET_V3 ring (Documentation/networking/packet_mmap.rst): blocks
 * mapped from the kernel, filled by it, given back by us. The stack's own work is dropped at the
 * hook, so that only the capture is compared. Filter: a classic BPF program for the port, as every
 * user of it has one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "capture.h"

#define BLOCK_SIZE (256U << 10)
#define BLOCKS 16U

struct reader {
	int fd;
	uint8_t *blocks;
	unsigned int next;
	uint8_t frames[BLOCK_SIZE * 2]; /* a packet's headers are longer than a frame's count */
};

/* Unmaps and closes. */
static void tpacket3_close(void *state)
{
	struct reader *reader = state;

	if (reader->blocks)
		munmap(reader->blocks, (size_t)BLOCK_SIZE * BLOCKS);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
}

/* A ring of 16 blocks of 256 KiB; a block is given over when it is full or 1 ms old. */
static int tpacket3_open(const struct sluice_capture_options *options, void **state)
{
	/* UDP, not a later fragment, our port: offsets from the start of the Ethernet frame. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CAPTURE_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCK_SIZE / 2048 * BLOCKS,
		.tp_retire_blk_tov = 1,
	};
	struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	struct reader *reader = calloc(1, sizeof(*reader));
	int version = TPACKET_V3;
	void *map;

	(void)options;
	if (!reader)
		return -ENOMEM;
	link.sll_ifindex = (int)if_nametoindex(CAPTURE_NEAR);
	reader->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (reader->fd < 0 ||
	    setsockopt(reader->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(reader->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0 ||
	    setsockopt(reader->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		goto refuse;
	map = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, reader->fd, 0);
	if (map == MAP_FAILED)
		goto refuse;
	reader->blocks = map;
	if (bind(reader->fd, (struct sockaddr *)&link, sizeof(link)) < 0)
		goto refuse;
	*state = reader;
	return 0;
refuse:
	fprintf(stderr, "sluicebench: no TPACKET_V3 ring: %m\n");
	tpacket3_close(reader);
	return -EIO;
}

/* Takes every block that was given over. */
static long tpacket3_drain(void *state, int fd)
{
	struct reader *reader = state;
	long taken = 0;

	for (;;) {
		struct tpacket_block_desc *block =
			(void *)(reader->blocks + (size_t)reader->next * BLOCK_SIZE);
		struct tpacket3_hdr *packet;
		uint32_t count, done;
		uint8_t *end = reader->frames;
		int status = 0;

		/* Pairs with the kernel's smp_wmb() in prb_flush_block(), net/packet/af_packet.c.
		 */
		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return taken;
		count = block->hdr.bh1.num_pkts;
		packet = (void *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
		for (done = 0; done < count; done++) {
			if (fd >= 0) {
				/* Ethernet 14, IPv4 20, UDP 8: the bench sends no options. */
				uint32_t length = packet->tp_snaplen - 42;
				uint32_t wire = htonl(length);

				memcpy(end, &wire, sizeof(wire));
				memcpy(end + 4, (uint8_t *)packet + packet->tp_mac + 42, length);
				end += 4 + length;
			}
			packet = (void *)((uint8_t *)packet + packet->tp_next_offset);
		}
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		reader->next = (reader->next + 1) % BLOCKS;
		taken += count;
		if (fd >= 0)
			status = sluice_capture_send(fd, reader->frames,
						     (size_t)(end - reader->frames));
		if (status < 0)
			return status;
	}
}

const struct sluice_capture_method sluice_capture_tpacket3 = {
	.name = "tpacket3",
	.drop = true,
	.open = tpacket3_open,
	.drain = tpacket3_drain,
	.close = tpacket3_close,
};
