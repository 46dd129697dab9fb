// SPDX-License-Identifier: MIT
/*
 * What a socket lost of datagrams that came together, see socket_count.h. Beside the path of the
 * data. Touches: the program on the socket, the line that it counts in.
 *
 * Between the program and the buffer a packet is on its way for a microsecond: what came before the
 * socket was found empty, less what was read, may be too much by such packets. So the least of
 * several such looks counts; and if it was still too much, the next losses are told of the later.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "bpf/count.h"
#include <count.skel.h>
#include "socket_account.h"
#include "socket_count.h"

/* Looks of which the least is right. */
#define LOOKS 8U

/* A program and its maps, for so many sockets. Made when first needed, and kept: what was
 * needed once will be again. */
struct block {
	struct block *next;
	struct sluice_count *counts; /* by seat, shared with the program */
	int program, sockets;	     /* descriptors, of the program and of the map of seats */
	uint32_t used, next_seat;
	bool taken[SLUICE_COUNT_SEATS];
};

struct sluice_socket_count {
	struct sluice_count *page; /* written by the program */
	struct block *block;
	uint32_t seat;
	uint64_t cookie;
	uint64_t taken, told;		/* datagrams beyond the first */
	struct sluice_socket_came last; /* at the last interval's end */
	int64_t least;			/* datagrams missing, in this interval */
	unsigned int looks;
	uint64_t taken_packets, told_packets;
	int64_t least_packets;	  /* in this interval */
	uint64_t overflowed;	  /* packets, that is surely so many */
	bool is_of_another_count; /* packets are in the buffer that the program has not seen */
	/* Packets that came and were not read, when the socket was surely empty: they were lost.
	 * Less than 0: so many were read that the program has not seen. */
	int64_t settled;
	bool is_settled; /* `settled` is right, but for later losses */
};

/* Workers open and close sockets, too: all below is under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *blocks;

/* Loads a program and makes its maps. 0 or a negative errno. */
static int make_block(struct block **result)
{
	struct sluice_count_programs *object = sluice_count_programs__open();
	struct block *block = calloc(1, sizeof(*block));
	int error = -ENOMEM;

	if (!object || !block)
		goto destroy;
	error = sluice_count_programs__load(object);
	if (error)
		goto destroy;
	block->counts =
		mmap(NULL, SLUICE_COUNT_SEATS * sizeof(*block->counts), PROT_READ | PROT_WRITE,
		     MAP_SHARED, bpf_map__fd(object->maps.counts), 0);
	if (block->counts == MAP_FAILED) {
		error = -errno;
		goto destroy;
	}
	/* Of the others none is needed: the sockets hold the program, and that holds the maps. */
	block->program = fcntl(bpf_program__fd(object->progs.count), F_DUPFD_CLOEXEC, 3);
	block->sockets = fcntl(bpf_map__fd(object->maps.sockets), F_DUPFD_CLOEXEC, 3);
	if (block->program < 0 || block->sockets < 0) {
		error = -errno;
		goto close;
	}
	sluice_count_programs__destroy(object);
	*result = block;
	return 0;

close:
	if (block->program >= 0)
		close(block->program);
	if (block->sockets >= 0)
		close(block->sockets);
	munmap(block->counts, SLUICE_COUNT_SEATS * sizeof(*block->counts));
destroy:
	free(block);
	sluice_count_programs__destroy(object);
	return error;
}

/* Finds or makes a block with a free seat. 0 or a negative errno. */
static int find_block(struct block **result)
{
	/* What this kernel, or the lack of a right, has forbidden once is not tried for each
	 * socket. */
	static int forbidden;
	struct block *block;
	int error;

	if (forbidden)
		return forbidden;
	for (block = blocks; block; block = block->next)
		if (block->used < SLUICE_COUNT_SEATS)
			break;
	if (block) {
		*result = block;
		return 0;
	}
	error = make_block(&block);
	if (error == -EPERM || error == -EACCES || error == -EINVAL)
		forbidden = error;
	if (error)
		return error;
	block->next = blocks;
	blocks = block;
	*result = block;
	return 0;
}

/* Takes a free seat of a block that has one: the next, so that a seat is not taken again soon. */
static uint32_t take_seat(struct block *block)
{
	uint32_t seat;

	do {
		seat = block->next_seat++ % SLUICE_COUNT_SEATS;
	} while (block->taken[seat]);
	block->taken[seat] = true;
	block->used++;
	return seat;
}

/* Gives a socket's seat back. */
static void give_seat(const struct sluice_socket_count *count)
{
	(void)bpf_map_delete_elem(count->block->sockets, &count->cookie);
	count->block->taken[count->seat] = false;
	count->block->used--;
}

int sluice_socket_count_open(struct sluice_socket_count **result, int fd, bool is_bound)
{
	struct sluice_socket_count *count = calloc(1, sizeof(*count));
	socklen_t length = sizeof(count->cookie);
	int error;

	if (!count)
		return -ENOMEM;
	count->least = count->least_packets = INT64_MAX;
	count->is_settled = !is_bound;
	pthread_mutex_lock(&lock);
	error = find_block(&count->block);
	if (error)
		goto free;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &count->cookie, &length)) {
		error = -errno;
		goto free;
	}
	count->seat = take_seat(count->block);
	count->page = &count->block->counts[count->seat];
	memset(count->page, 0, sizeof(*count->page));
	if (bpf_map_update_elem(count->block->sockets, &count->cookie, &count->seat, BPF_ANY) ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &count->block->program,
		       sizeof(count->block->program))) {
		error = -errno;
		give_seat(count);
		goto free;
	}
	pthread_mutex_unlock(&lock);
	*result = count;
	return 0;

free:
	pthread_mutex_unlock(&lock);
	free(count);
	return error;
}

void sluice_socket_count_close(struct sluice_socket_count *count)
{
	if (!count)
		return;
	pthread_mutex_lock(&lock);
	give_seat(count);
	pthread_mutex_unlock(&lock);
	free(count);
}

void sluice_socket_count_leave(struct sluice_socket_count *count)
{
	/* The seat is the socket's as long as the program is. */
	free(count);
}

struct sluice_socket_came sluice_socket_count_came(const struct sluice_socket_count *count)
{
	struct sluice_socket_came came = {0};

	if (count) {
		came.packets = sluice_load_relaxed(&count->page->packets);
		came.beyond = sluice_load_relaxed(&count->page->beyond);
	}
	return came;
}

void sluice_socket_count_take(struct sluice_socket_count *count, uint64_t packets, uint64_t beyond)
{
	if (!count)
		return;
	count->taken_packets += packets;
	count->taken += beyond;
}

/* Takes `missing` datagrams and `packets` for what is lost in all. Returns how many of the
 * datagrams are new. */
static uint32_t tell(struct sluice_socket_count *count, int64_t missing, int64_t packets)
{
	int64_t more = missing - (int64_t)count->told;

	count->looks = 0;
	count->least = count->least_packets = INT64_MAX;
	if (!count->is_of_another_count && packets > (int64_t)count->overflowed)
		count->overflowed = (uint64_t)packets;
	if (more <= 0)
		return 0;
	if (more > UINT32_MAX)
		more = UINT32_MAX;
	count->told += (uint64_t)more;
	return (uint32_t)more;
}

/* Of what came, what was not read. */
static int64_t missing_of(const struct sluice_socket_count *count,
			  const struct sluice_socket_came *came)
{
	return (int64_t)(came->beyond - count->taken);
}

/* The same in packets. */
static int64_t packets_of(const struct sluice_socket_count *count,
			  const struct sluice_socket_came *came)
{
	return (int64_t)(came->packets - count->taken_packets);
}

uint64_t sluice_socket_count_waiting(const struct sluice_socket_count *count,
				     const struct sluice_socket_came *came)
{
	int64_t waiting;

	if (!count || !count->is_settled)
		return 0;
	/* What was lost since it was settled counts as if it were there: too many, never too few.
	 */
	waiting = packets_of(count, came) - count->settled;
	return waiting > 0 ? (uint64_t)waiting : 0;
}

void sluice_socket_count_note(struct sluice_socket_count *count,
			      const struct sluice_socket_came *came)
{
	if (!count)
		return;
	if (missing_of(count, came) < count->least)
		count->least = missing_of(count, came);
	if (packets_of(count, came) < count->least_packets)
		count->least_packets = packets_of(count, came);
	count->looks++;
}

uint32_t sluice_socket_count_lost(struct sluice_socket_count *count, bool is_empty)
{
	struct sluice_socket_came came = sluice_socket_count_came(count), last;

	if (!count)
		return 0;
	last = count->last;
	count->last = came;
	/* Nothing came for a whole interval: nothing is on its way. */
	is_empty = is_empty && came.beyond == last.beyond && came.packets == last.packets;
	if (is_empty && count->is_of_another_count) {
		count->taken_packets = came.packets - count->told_packets;
		count->is_of_another_count = false;
	}
	if (is_empty) {
		count->settled = packets_of(count, &came);
		count->is_settled = true;
	}
	if (count->looks >= LOOKS)
		return tell(count, count->least, count->least_packets);
	if (is_empty)
		return tell(count, missing_of(count, &came), packets_of(count, &came));
	return 0;
}

uint32_t sluice_socket_count_rest(struct sluice_socket_count *count)
{
	struct sluice_socket_came came = sluice_socket_count_came(count);

	return count ? tell(count, missing_of(count, &came), packets_of(count, &came)) : 0;
}

uint32_t sluice_socket_count_overflow_most(const struct sluice_socket_count *count)
{
	struct sluice_socket_came came = sluice_socket_count_came(count);
	int64_t most = packets_of(count, &came) - (int64_t)count->told_packets;

	if (count->is_of_another_count)
		return SLUICE_OVERFLOW_UNKNOWN;
	if (most <= 0)
		return 0;
	return most < SLUICE_OVERFLOW_UNKNOWN ? (uint32_t)most : SLUICE_OVERFLOW_UNKNOWN - 1;
}

uint32_t sluice_socket_count_overflow_least(const struct sluice_socket_count *count)
{
	uint64_t least = count->overflowed - count->told_packets;

	if (count->overflowed <= count->told_packets)
		return 0;
	return least < UINT32_MAX ? (uint32_t)least : UINT32_MAX;
}

void sluice_socket_count_overflow_told(struct sluice_socket_count *count, uint32_t packets)
{
	if (count)
		count->told_packets += packets;
}

uint32_t sluice_socket_count_due(const struct sluice_socket_count *count)
{
	return count ? (uint32_t)(sluice_load_relaxed(&count->page->beyond) - count->taken -
				  count->told)
		     : 0;
}

void sluice_socket_count_owe(struct sluice_socket_count *count, uint32_t datagrams)
{
	if (!count)
		return;
	/* Modulo 2^64, as all that is done with it. */
	count->taken -= datagrams;
	count->is_of_another_count = true;
	count->is_settled = false;
}

void sluice_socket_count_shut(struct sluice_socket_count *count)
{
	sluice_store_relaxed(&count->page->is_shut, 1);
}

void sluice_socket_count_take_many(struct sluice_socket_count *count, bool takes)
{
	sluice_store_relaxed(&count->page->takes_many, (uint32_t)takes);
}

uint64_t sluice_socket_count_refused(const struct sluice_socket_count *count)
{
	return count ? sluice_load_relaxed(&count->page->refused) : 0;
}

uint64_t sluice_socket_count_refused_packets(const struct sluice_socket_count *count)
{
	return count ? sluice_load_relaxed(&count->page->refused_packets) : 0;
}

bool sluice_socket_count_is_open(const struct sluice_socket_count *count)
{
	struct sluice_socket_came came = sluice_socket_count_came(count);

	return count && (came.beyond != count->taken + count->told || !count->is_settled ||
			 packets_of(count, &came) != count->settled);
}
