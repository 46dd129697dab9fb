// SPDX-License-Identifier: MIT
/*
 * Capture by AF_XDP in generic (skb) mode, the one that every driver has
 * (Documentation/networking/af_xdp.rst). The program in front of the socket takes the datagrams of
 * one UDP port and leaves everything else to the stack. By the plain system calls, so that the tool
 * needs no library for it. Touches: queue 0 of the near end of the pair.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "capture.h"

#define FRAMES 2048U
#define FRAME_SIZE 2048U
/* Ethernet, IPv4 and UDP headers in front of the payload; the bench sends no options. */
#define HEADERS 42U
/* A socket that was closed gives its queue back from a work item (xp_put_pool(),
 * net/xdp/xsk_buff_pool.c): until then the next one is refused with EBUSY. So often, 10 ms apart,
 * it is tried again. */
#define BIND_TRIES 200

/* One of the four rings of the socket, as the kernel maps it. */
struct ring {
	uint32_t *producer;
	uint32_t *consumer;
	void *entries;
	void *mapping;
	size_t size;
};

struct reader {
	int socket;
	int map;
	int program;
	int link;
	uint8_t *area;
	struct ring fill;
	struct ring completion;
	struct ring receive;
	uint8_t frames[CAPTURE_BURST * CAPTURE_SLOT];
};

/* bpf(2), which the C library does not have. Returns a descriptor or 0, or a negative errno. */
static int bpf(int command, union bpf_attr *attributes)
{
	int result = (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : result;
}

/* Takes the socket off the interface and frees the memory. */
static void afxdp_close(void *state)
{
	struct reader *reader = state;
	struct ring *rings[] = {&reader->fill, &reader->completion, &reader->receive};
	int files[] = {reader->link, reader->program, reader->map, reader->socket};
	size_t place;

	for (place = 0; place < sizeof(rings) / sizeof(rings[0]); place++)
		if (rings[place]->mapping)
			munmap(rings[place]->mapping, rings[place]->size);
	for (place = 0; place < sizeof(files) / sizeof(files[0]); place++)
		if (files[place] >= 0)
			close(files[place]);
	if (reader->area)
		munmap(reader->area, (size_t)FRAMES * FRAME_SIZE);
	free(reader);
}

/* Sets the size of a ring and maps it. 0 or a negative errno. */
static int make_ring(struct reader *reader, struct ring *ring, int option, off_t page,
		     const struct xdp_ring_offset *offset, size_t entry)
{
	int count = FRAMES, error;
	void *map;

	ring->size = offset->desc + FRAMES * entry;
	map = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		   reader->socket, page);
	if (map == MAP_FAILED) {
		error = -errno; /* before printing changes it */
		fprintf(stderr, "sluicebench: AF_XDP ring %d of %d: %s\n", option, count,
			strerror(-error));
		return error;
	}
	ring->mapping = map;
	ring->producer = (uint32_t *)((uint8_t *)map + offset->producer);
	ring->consumer = (uint32_t *)((uint8_t *)map + offset->consumer);
	ring->entries = (uint8_t *)map + offset->desc;
	return 0;
}

/* The memory of the packets, the rings, and every frame given to the kernel to fill. 0 or a
 * negative errno. */
static int make_memory(struct reader *reader)
{
	struct xdp_umem_reg memory = {.len = (uint64_t)FRAMES * FRAME_SIZE,
				      .chunk_size = FRAME_SIZE};
	struct xdp_mmap_offsets offsets;
	socklen_t length = sizeof(offsets);
	int count = FRAMES, status;
	uint32_t slot;
	void *area = mmap(NULL, memory.len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (area == MAP_FAILED)
		return -errno;
	reader->area = area;
	memory.addr = (uintptr_t)area;
	if (setsockopt(reader->socket, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) < 0 ||
	    setsockopt(reader->socket, SOL_XDP, XDP_UMEM_FILL_RING, &count, sizeof(count)) < 0 ||
	    setsockopt(reader->socket, SOL_XDP, XDP_UMEM_COMPLETION_RING, &count, sizeof(count)) <
		    0 ||
	    setsockopt(reader->socket, SOL_XDP, XDP_RX_RING, &count, sizeof(count)) < 0 ||
	    getsockopt(reader->socket, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length) < 0)
		return -errno;
	status = make_ring(reader, &reader->fill, XDP_UMEM_FILL_RING,
			   (off_t)XDP_UMEM_PGOFF_FILL_RING, &offsets.fr, sizeof(uint64_t));
	if (status == 0)
		status = make_ring(reader, &reader->completion, XDP_UMEM_COMPLETION_RING,
				   (off_t)XDP_UMEM_PGOFF_COMPLETION_RING, &offsets.cr,
				   sizeof(uint64_t));
	if (status == 0)
		status = make_ring(reader, &reader->receive, XDP_RX_RING, XDP_PGOFF_RX_RING,
				   &offsets.rx, sizeof(struct xdp_desc));
	if (status < 0)
		return status;
	for (slot = 0; slot < FRAMES; slot++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): -errno is below 0 */
		((uint64_t *)reader->fill.entries)[slot] = (uint64_t)slot * FRAME_SIZE;
	__atomic_store_n(reader->fill.producer, FRAMES, __ATOMIC_RELEASE);
	return 0;
}

/* Short for one instruction of the program below. */
#define INSN(operation, to, from, jump, value)  \
	((struct bpf_insn){.code = (operation), \
			   .dst_reg = (to),     \
			   .src_reg = (from),   \
			   .off = (jump),       \
			   .imm = (value)})

/* Loads the program: IPv4 without options, UDP, not a fragment, our port, go to the socket of this
 * queue; all else passes. Returns its descriptor or a negative errno. */
static int load_program(int map)
{
	const struct bpf_insn code[] = {
		/* r2 = data, r3 = data_end */
		INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct xdp_md, data), 0),
		INSN(BPF_LDX | BPF_MEM | BPF_W, 3, 1, offsetof(struct xdp_md, data_end), 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, HEADERS),
		INSN(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 16, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_H, 4, 2, 12, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 14, htons(ETH_P_IP)),
		INSN(BPF_LDX | BPF_MEM | BPF_B, 4, 2, 14, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 12, 0x45),
		INSN(BPF_LDX | BPF_MEM | BPF_B, 4, 2, 23, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 10, IPPROTO_UDP),
		INSN(BPF_LDX | BPF_MEM | BPF_H, 4, 2, 20, 0),
		INSN(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 8, htons(0x3fff)),
		INSN(BPF_LDX | BPF_MEM | BPF_H, 4, 2, 36, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 6, htons(CAPTURE_PORT)),
		/* return bpf_redirect_map(map, queue, XDP_PASS); */
		INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct xdp_md, rx_queue_index), 0),
		INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, XDP_PASS),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		/* the way of everything else */
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr load;

	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_XDP;
	load.insns = (uintptr_t)code;
	load.insn_cnt = sizeof(code) / sizeof(code[0]);
	load.license = (uintptr_t) "Dual MIT/GPL";
	return bpf(BPF_PROG_LOAD, &load);
}

/* Binds the socket to queue 0, waiting for one before it to be gone. 0 or a negative errno. */
static int bind_socket(const struct reader *reader, unsigned int interface)
{
	const struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY, .sxdp_ifindex = interface};
	const struct timespec pause = {.tv_nsec = 10000000};
	unsigned int tries;

	for (tries = 0; tries < BIND_TRIES; tries++) {
		if (bind(reader->socket, (const struct sockaddr *)&address, sizeof(address)) == 0)
			return 0;
		if (errno != EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return -errno;
}

/* Puts the program in front of the interface and the socket into its map. 0 or a negative errno. */
static int attach(struct reader *reader, unsigned int interface)
{
	union bpf_attr make, update, link;
	uint32_t queue = 0;
	int status;

	memset(&make, 0, sizeof(make));
	make.map_type = BPF_MAP_TYPE_XSKMAP;
	make.key_size = make.value_size = sizeof(uint32_t);
	make.max_entries = 1;
	reader->map = bpf(BPF_MAP_CREATE, &make);
	if (reader->map < 0)
		return reader->map;
	memset(&update, 0, sizeof(update));
	update.map_fd = (uint32_t)reader->map;
	update.key = (uintptr_t)&queue;
	update.value = (uintptr_t)&reader->socket;
	status = bpf(BPF_MAP_UPDATE_ELEM, &update);
	if (status < 0)
		return status;
	reader->program = load_program(reader->map);
	if (reader->program < 0)
		return reader->program;
	memset(&link, 0, sizeof(link));
	link.link_create.prog_fd = (uint32_t)reader->program;
	link.link_create.target_ifindex = interface;
	link.link_create.attach_type = BPF_XDP;
	link.link_create.flags = XDP_FLAGS_SKB_MODE;
	reader->link = bpf(BPF_LINK_CREATE, &link);
	return reader->link < 0 ? reader->link : 0;
}

/* A socket with 2,048 frames of memory, behind its program. */
static int afxdp_open(const struct sluice_capture_options *options, void **state)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	unsigned int interface = if_nametoindex(CAPTURE_NEAR);
	const char *what = "socket";
	int status;

	(void)options;
	if (!reader)
		return -ENOMEM;
	reader->map = reader->program = reader->link = -1;
	reader->socket = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	status = reader->socket < 0 ? -errno : 0;
	if (status == 0) {
		what = "memory";
		status = make_memory(reader);
	}
	if (status == 0) {
		what = "bind";
		status = bind_socket(reader, interface);
	}
	if (status == 0) {
		what = "program";
		status = attach(reader, interface);
	}
	if (status == 0) {
		*state = reader;
		return 0;
	}
	fprintf(stderr, "sluicebench: AF_XDP, %s: %s\n", what, strerror(-status));
	afxdp_close(reader);
	return status;
}

/* Takes what is in the receive ring, a burst at a time, and gives the frames back. */
static long afxdp_drain(void *state, int fd)
{
	struct reader *reader = state;
	const struct xdp_desc *packets = reader->receive.entries;
	uint64_t *free_frames = reader->fill.entries;
	uint32_t taken = *reader->receive.consumer, given = *reader->fill.producer;
	long total = 0;
	int status;

	for (;;) {
		/* Pairs with the release in xskq_prod_submit(), net/xdp/xsk_queue.h. */
		uint32_t count =
			__atomic_load_n(reader->receive.producer, __ATOMIC_ACQUIRE) - taken;
		uint8_t *end = reader->frames;
		uint32_t slot;

		if (count == 0)
			return total;
		if (count > CAPTURE_BURST)
			count = CAPTURE_BURST;
		for (slot = 0; slot < count; slot++) {
			struct xdp_desc packet = packets[(taken + slot) & (FRAMES - 1)];

			if (fd >= 0 && packet.len > HEADERS && packet.len <= ETH_FRAME_LEN) {
				uint32_t length = packet.len - HEADERS, wire = htonl(length);

				memcpy(end, &wire, sizeof(wire));
				memcpy(end + 4, reader->area + packet.addr + HEADERS, length);
				end += 4 + length;
			}
			/* There is always room: as many frames as entries. */
			free_frames[(given + slot) & (FRAMES - 1)] =
				packet.addr & ~(uint64_t)(FRAME_SIZE - 1);
		}
		given += count;
		taken += count;
		total += count;
		__atomic_store_n(reader->fill.producer, given, __ATOMIC_RELEASE);
		__atomic_store_n(reader->receive.consumer, taken, __ATOMIC_RELEASE);
		if (fd < 0)
			continue;
		status = sluice_capture_send(fd, reader->frames, (size_t)(end - reader->frames));
		if (status < 0)
			return status;
	}
}

const struct sluice_capture_method sluice_capture_afxdp = {
	.name = "afxdp",
	.open = afxdp_open,
	.drain = afxdp_drain,
	.close = afxdp_close,
};
