// SPDX-License-Identifier: MIT
/*
 * The programs, written by hand so that no compiler for them is needed, and the ring. By the plain
 * system calls.
 *
 *   softirq:  socket filter ──copy──► ring ──► process, on its beat
 *                   │ no room: the datagram passes
 *                   └──► socket buffer ──► recvmmsg
 *
 * With a sockmap there is no such way around: what its verdict lets pass (SK_PASS) is a stream, in
 * which datagrams lose their ends and their sender (sk_msg_recvmsg(), net/core/skmsg.c). So what
 * has no room is dropped, and the process must not read the socket: until its verdict is spoken a
 * datagram is in the socket's queue, and could be taken twice.
 *
 * A place in the ring must be of a size that the verifier knows (bpf_ringbuf_reserve()), so there
 * are size classes, each with its own piece of the program, and the payload is copied straight into
 * the place: once in the kernel, once out.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/sock_diag.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "receiving_bpf.h"

/* Power of two. */
#define RING_SIZE (32U << 20)
#define INSTRUCTIONS_MOST 512U
#define PASSES_MOST 32U

/* What lies in front of each datagram in the ring. */
struct head {
	uint32_t length;    /* of what follows */
	uint32_t interface; /* like ip */
	uint64_t time_ns;   /* CLOCK_MONOTONIC */
	uint8_t ip[20]; /* the IP header, if the program sees one: then the UDP header is the first
			   of what follows */
	uint8_t unused[4];
};

struct receiving_bpf {
	int socket;
	int ring;
	int sockmap;
	int filter;
	int verdict;
	enum receiving_bpf_way way;
	uint64_t *consumer;	  /* a page, ours */
	const uint64_t *producer; /* a page, the kernel's; behind it the ring, twice */
	uint64_t taken;
	struct head last;
	struct udphdr last_udp;
};

/* A program in the making. */
struct code {
	struct bpf_insn instructions[INSTRUCTIONS_MOST];
	unsigned int count;
	unsigned int passes[PASSES_MOST]; /* jumps to where the datagram passes */
	unsigned int passes_count;
};

/* bpf(2), which the C library does not have. Returns a descriptor or 0, or a negative errno. */
static int call_bpf(int command, union bpf_attr *attributes)
{
	int result = (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : result;
}

/* Adds an instruction. Returns its place. */
static unsigned int add(struct code *code, int operation, int to, int from, int offset, int value)
{
	if (code->count < INSTRUCTIONS_MOST)
		code->instructions[code->count] = (struct bpf_insn){.code = (uint8_t)operation,
								    .dst_reg = (uint8_t)to & 15U,
								    .src_reg = (uint8_t)from & 15U,
								    .off = (int16_t)offset,
								    .imm = value};
	return code->count++;
}

/* to = value */
static void set(struct code *code, int to, int value)
{
	add(code, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

/* to = from */
static void move(struct code *code, int to, int from)
{
	add(code, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

/* to = from + value */
static void move_plus(struct code *code, int to, int from, int value)
{
	move(code, to, from);
	add(code, BPF_ALU64 | BPF_ADD, to, 0, 0, value); /* BPF_K is 0 */
}

/* Calls a helper of the kernel. */
static void call(struct code *code, int helper)
{
	add(code, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

/* if (to OPERATION value) the datagram passes */
static void pass_if(struct code *code, int operation, int to, int value)
{
	if (code->passes_count < PASSES_MOST)
		code->passes[code->passes_count++] =
			add(code, BPF_JMP | operation | BPF_K, to, 0, 0, value);
}

/* The jump at `place` goes to here. */
static void land(struct code *code, unsigned int place)
{
	code->instructions[place].off = (int16_t)(code->count - place - 1);
}

/*
 * The piece for datagrams of up to `most` bytes: r6 is the context, r7 the length, not 0 in a
 * filter. With `sees_ip` the IP header is copied as well. Returns with `verdict` when copied.
 */
static void add_class(struct code *code, int ring, int most, int sees_ip, int verdict)
{
	unsigned int larger, copied, empty = 0;

	larger = add(code, BPF_JMP | BPF_JGT | BPF_K, 7, 0, 0, most);
	add(code, BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, ring);
	add(code, 0, 0, 0, 0, 0);
	set(code, 2, (int)sizeof(struct head) + most);
	set(code, 3, 0);
	call(code, BPF_FUNC_ringbuf_reserve);
	pass_if(code, BPF_JEQ, 0, 0);
	move(code, 8, 0);
	if (!sees_ip)
		empty = add(code, BPF_JMP | BPF_JLT | BPF_K, 7, 0, 0, 1);
	move(code, 1, 6);
	set(code, 2, 0);
	move_plus(code, 3, 8, sizeof(struct head));
	move(code, 4, 7);
	call(code, BPF_FUNC_skb_load_bytes);
	copied = add(code, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	move(code, 1, 8);
	set(code, 2, BPF_RB_NO_WAKEUP);
	call(code, BPF_FUNC_ringbuf_discard);
	pass_if(code, BPF_JA, 0, 0);
	land(code, copied);
	if (!sees_ip)
		land(code, empty);
	if (sees_ip) {
		move(code, 1, 6);
		set(code, 2, 0);
		move_plus(code, 3, 8, offsetof(struct head, ip));
		set(code, 4, sizeof(((struct head *)NULL)->ip));
		set(code, 5, BPF_HDR_START_NET);
		call(code, BPF_FUNC_skb_load_bytes_relative);
		/* Never in a verdict: there the pointer to the device was none (dev_scratch,
		 * net/ipv4/udp.c) until udp_read_skb() began to clear it, and the kernel follows it
		 * unchecked. */
		add(code, BPF_LDX | BPF_MEM | BPF_W, 1, 6, offsetof(struct __sk_buff, ifindex), 0);
		add(code, BPF_STX | BPF_MEM | BPF_W, 8, 1, offsetof(struct head, interface), 0);
	}
	call(code, BPF_FUNC_ktime_get_ns);
	add(code, BPF_STX | BPF_MEM | BPF_DW, 8, 0, offsetof(struct head, time_ns), 0);
	add(code, BPF_STX | BPF_MEM | BPF_W, 8, 7, offsetof(struct head, length), 0);
	move(code, 1, 8);
	set(code, 2, BPF_RB_NO_WAKEUP);
	call(code, BPF_FUNC_ringbuf_submit);
	set(code, 0, verdict);
	add(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	land(code, larger);
}

/* The program that copies: `verdict` for what was copied, `pass` for what had no room. */
static void write_copier(struct code *code, int ring, int sees_ip, int verdict, int pass)
{
	static const int classes[] = {128,  256,  384,	512,   768,   1024, 1536,
				      2048, 4096, 8192, 16384, 32768, 65536};
	unsigned int number;

	move(code, 6, 1);
	add(code, BPF_LDX | BPF_MEM | BPF_W, 7, 6, offsetof(struct __sk_buff, len), 0);
	if (sees_ip)
		pass_if(code, BPF_JLT, 7, sizeof(struct udphdr));
	for (number = 0; number < sizeof(classes) / sizeof(classes[0]); number++)
		add_class(code, ring, classes[number], sees_ip, verdict);
	for (number = 0; number < code->passes_count; number++)
		land(code, code->passes[number]);
	set(code, 0, pass);
	add(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The program that drops everything. */
static void write_dropper(struct code *code)
{
	set(code, 0, SK_DROP);
	add(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Loads a program; when the verifier refuses it, says what it said. Its descriptor or a negative
 * errno. */
static int load(const struct code *code, uint32_t type)
{
	static char log[65536];
	union bpf_attr attributes;
	int program;

	if (code->count > INSTRUCTIONS_MOST || code->passes_count == PASSES_MOST)
		return -E2BIG;
	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = type;
	attributes.insns = (uintptr_t)code->instructions;
	attributes.insn_cnt = code->count;
	attributes.license = (uintptr_t) "Dual MIT/GPL";
	program = call_bpf(BPF_PROG_LOAD, &attributes);
	if (program != -EACCES && program != -EINVAL)
		return program;
	attributes.log_buf = (uintptr_t)log;
	attributes.log_size = sizeof(log);
	attributes.log_level = 1;
	(void)call_bpf(BPF_PROG_LOAD, &attributes);
	fprintf(stderr, "receiving: %s\n", log);
	return program;
}

/* Makes the ring and maps it. 0 or a negative errno. */
static int make_ring(struct receiving_bpf *bpf)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	/* Before 5.11 maps counted as locked memory. */
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	union bpf_attr attributes;
	void *map;

	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_RINGBUF;
	attributes.max_entries = RING_SIZE;
	bpf->ring = call_bpf(BPF_MAP_CREATE, &attributes);
	if (bpf->ring < 0)
		return bpf->ring;
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, bpf->ring, 0);
	if (map == MAP_FAILED)
		return -errno;
	bpf->consumer = map;
	map = mmap(NULL, page + 2 * (size_t)RING_SIZE, PROT_READ, MAP_SHARED | MAP_POPULATE,
		   bpf->ring, (off_t)page);
	if (map == MAP_FAILED)
		return -errno;
	bpf->producer = map;
	return 0;
}

/* Makes the sockmap, the verdict its program, and puts the socket in. 0 or a negative errno. */
static int join_sockmap(struct receiving_bpf *bpf)
{
	uint32_t key = 0, value = (uint32_t)bpf->socket;
	union bpf_attr attributes;
	int error;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_SOCKMAP;
	attributes.key_size = attributes.value_size = sizeof(uint32_t);
	attributes.max_entries = 1;
	bpf->sockmap = call_bpf(BPF_MAP_CREATE, &attributes);
	if (bpf->sockmap < 0)
		return bpf->sockmap;
	memset(&attributes, 0, sizeof(attributes));
	attributes.target_fd = (uint32_t)bpf->sockmap;
	attributes.attach_bpf_fd = (uint32_t)bpf->verdict;
	attributes.attach_type = BPF_SK_SKB_VERDICT;
	error = call_bpf(BPF_PROG_ATTACH, &attributes);
	if (error)
		return error;
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = (uint32_t)bpf->sockmap;
	attributes.key = (uintptr_t)&key;
	attributes.value = (uintptr_t)&value;
	return call_bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

/* Writes, loads and attaches what the way wants. 0 or a negative errno. */
static int put_programs(struct receiving_bpf *bpf)
{
	/* Nothing of the payload: what is left of a datagram is its UDP header. */
	int kept = bpf->way == RECEIVING_BPF_BOTH ? (int)sizeof(struct udphdr) : 0;
	int pass = bpf->way == RECEIVING_BPF_BOTH ? kept : INT32_MAX;
	struct code code;
	int error;

	if (bpf->way != RECEIVING_BPF_FILTER) {
		memset(&code, 0, sizeof(code));
		if (bpf->way == RECEIVING_BPF_BOTH)
			write_dropper(&code);
		else
			write_copier(&code, bpf->ring, 0, SK_DROP, SK_DROP);
		bpf->verdict = load(&code, BPF_PROG_TYPE_SK_SKB);
		if (bpf->verdict < 0)
			return bpf->verdict;
		error = join_sockmap(bpf);
		if (error)
			return error;
	}
	if (bpf->way != RECEIVING_BPF_SOCKMAP) {
		memset(&code, 0, sizeof(code));
		write_copier(&code, bpf->ring, 1, kept, pass);
		bpf->filter = load(&code, BPF_PROG_TYPE_SOCKET_FILTER);
		if (bpf->filter < 0)
			return bpf->filter;
		if (setsockopt(bpf->socket, SOL_SOCKET, SO_ATTACH_BPF, &bpf->filter,
			       sizeof(bpf->filter)))
			return -errno;
	}
	return 0;
}

int receiving_bpf_open(struct receiving_bpf **bpf, int fd, enum receiving_bpf_way way)
{
	struct receiving_bpf *made = calloc(1, sizeof(*made));
	const char *what = "ring";
	int error;

	if (!made)
		return -ENOMEM;
	made->socket = fd;
	made->way = way;
	made->ring = made->sockmap = made->filter = made->verdict = -1;
	error = make_ring(made);
	if (!error) {
		what = "program";
		error = put_programs(made);
	}
	if (!error) {
		*bpf = made;
		return 0;
	}
	fprintf(stderr, "receiving: bpf, %s: %s\n", what, strerror(-error));
	receiving_bpf_close(made);
	return error;
}

uint64_t receiving_bpf_take(struct receiving_bpf *bpf, uint8_t *place)
{
	const uint8_t *ring = (const uint8_t *)bpf->producer + sysconf(_SC_PAGESIZE);
	/* Pairs with the release in __bpf_ringbuf_reserve(), kernel/bpf/ringbuf.c. */
	uint64_t end = __atomic_load_n(bpf->producer, __ATOMIC_ACQUIRE), at = *bpf->consumer;
	size_t skip = bpf->way == RECEIVING_BPF_SOCKMAP ? 0 : sizeof(struct udphdr);
	uint64_t count = 0;

	while (at < end) {
		const uint8_t *entry = ring + (at & (RING_SIZE - 1));
		/* Pairs with the exchange in bpf_ringbuf_commit(). */
		uint32_t size = __atomic_load_n((const uint32_t *)entry, __ATOMIC_ACQUIRE);
		const uint8_t *bytes = entry + BPF_RINGBUF_HDR_SZ + sizeof(struct head);

		if (size & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(size & BPF_RINGBUF_DISCARD_BIT)) {
			memcpy(&bpf->last, entry + BPF_RINGBUF_HDR_SZ, sizeof(bpf->last));
			memcpy(&bpf->last_udp, bytes, skip);
			memcpy(place, bytes + skip, bpf->last.length - skip);
			count++;
		}
		size &= ~BPF_RINGBUF_DISCARD_BIT;
		at += (size + BPF_RINGBUF_HDR_SZ + 7U) & ~7ULL;
	}
	__atomic_store_n(bpf->consumer, at, __ATOMIC_RELEASE);
	bpf->taken += count;
	return count;
}

uint32_t receiving_bpf_lost(struct receiving_bpf *bpf, uint8_t *place)
{
	uint32_t figures[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(figures);

	if (getsockopt(bpf->socket, SOL_SOCKET, SO_MEMINFO, figures, &length))
		return 0;
	(void)receiving_bpf_take(bpf, place);
	return figures[SK_MEMINFO_DROPS] - (uint32_t)bpf->taken;
}

bool receiving_bpf_addresses(const struct receiving_bpf *bpf, struct sockaddr_in addresses[2])
{
	if (bpf->way == RECEIVING_BPF_SOCKMAP || !bpf->taken)
		return false;
	memset(addresses, 0, 2 * sizeof(*addresses));
	addresses[0].sin_family = addresses[1].sin_family = AF_INET;
	memcpy(&addresses[0].sin_addr, bpf->last.ip + offsetof(struct iphdr, saddr), 4);
	memcpy(&addresses[1].sin_addr, bpf->last.ip + offsetof(struct iphdr, daddr), 4);
	addresses[0].sin_port = bpf->last_udp.source;
	addresses[1].sin_port = bpf->last_udp.dest;
	return true;
}

void receiving_bpf_close(struct receiving_bpf *bpf)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int none = 0;

	if (!bpf)
		return;
	if (bpf->filter >= 0) {
		(void)setsockopt(bpf->socket, SOL_SOCKET, SO_DETACH_BPF, &none, sizeof(none));
		close(bpf->filter);
	}
	if (bpf->sockmap >= 0)
		close(bpf->sockmap);
	if (bpf->verdict >= 0)
		close(bpf->verdict);
	if (bpf->producer)
		munmap((void *)(uintptr_t)bpf->producer, page + 2 * (size_t)RING_SIZE);
	if (bpf->consumer)
		munmap(bpf->consumer, page);
	if (bpf->ring >= 0)
		close(bpf->ring);
	free(bpf);
}
