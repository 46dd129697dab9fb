// SPDX-License-Identifier: MIT
/*
 * What a socket lost of datagrams that came together, see socket_count.h. Beside the path of the data. Touches: the program on the
 * socket, the page that it counts in.
 *
 * Between the program and the buffer a packet is on its way for a microsecond: what came before the socket was found empty, less what
 * was read, may be too much by such packets. So the least of several such looks counts; and if it was still too
 * much, the next losses are told of the later.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "bpf/count.h"
#include <count.skel.h>
#include "socket_count.h"

/* Looks of which the least is right. */
#define LOOKS 8U

struct sluice_socket_count {
	struct sluice_count *page; /* written by the program */
	size_t size;
	uint64_t taken, told;
	uint64_t last; /* page->beyond at the last interval's end */
	int64_t least; /* in this interval */
	unsigned int looks;
};

int sluice_socket_count_open(struct sluice_socket_count **result, int fd)
{
	/* What this kernel, or the lack of a right, has forbidden once is not tried for each socket. */
	static int forbidden;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	struct sluice_count_programs *object;
	struct sluice_socket_count *count;
	int error, program;
	void *page;

	if (forbidden)
		return forbidden;
	object = sluice_count_programs__open();
	if (!object)
		return -errno;
	error = sluice_count_programs__load(object);
	if (error == -EPERM || error == -EACCES || error == -EINVAL)
		forbidden = error;
	if (error)
		goto destroy;
	/* Mapped by ourselves, so that a socket costs no descriptor but its own: it holds the program, and the page its map. */
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(object->maps.bss),
		    0);
	if (page == MAP_FAILED) {
		error = -errno;
		goto destroy;
	}
	count = calloc(1, sizeof(*count));
	if (!count) {
		error = -ENOMEM;
		goto unmap;
	}
	program = bpf_program__fd(object->progs.count);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program))) {
		error = -errno;
		goto free;
	}
	count->page = page;
	count->size = size;
	count->least = INT64_MAX;
	sluice_count_programs__destroy(object);
	*result = count;
	return 0;

free:
	free(count);
unmap:
	munmap(page, size);
destroy:
	sluice_count_programs__destroy(object);
	return error;
}

void sluice_socket_count_close(struct sluice_socket_count *count)
{
	if (!count)
		return;
	munmap(count->page, count->size);
	free(count);
}

uint64_t sluice_socket_count_came(const struct sluice_socket_count *count)
{
	return count ? sluice_load_relaxed(&count->page->beyond) : 0;
}

void sluice_socket_count_take(struct sluice_socket_count *count, uint64_t beyond)
{
	if (count)
		count->taken += beyond;
}

/* Takes `missing` for what is lost in all. Returns how many of them are new. */
static uint32_t tell(struct sluice_socket_count *count, int64_t missing)
{
	int64_t more = missing - (int64_t)count->told;

	count->looks = 0;
	count->least = INT64_MAX;
	if (more <= 0)
		return 0;
	if (more > UINT32_MAX)
		more = UINT32_MAX;
	count->told += (uint64_t)more;
	return (uint32_t)more;
}

void sluice_socket_count_note(struct sluice_socket_count *count, uint64_t came)
{
	int64_t missing;

	if (!count)
		return;
	missing = (int64_t)(came - count->taken);
	if (missing < count->least)
		count->least = missing;
	count->looks++;
}

uint32_t sluice_socket_count_lost(struct sluice_socket_count *count, bool is_empty)
{
	uint64_t came, last;

	if (!count)
		return 0;
	came = sluice_load_relaxed(&count->page->beyond);
	last = count->last;
	count->last = came;
	if (count->looks >= LOOKS)
		return tell(count, count->least);
	/* Nothing came for a whole interval: nothing is on its way. */
	if (is_empty && came == last)
		return tell(count, (int64_t)(came - count->taken));
	return 0;
}

uint32_t sluice_socket_count_rest(struct sluice_socket_count *count)
{
	return count ? tell(count,
			    (int64_t)(sluice_load_relaxed(&count->page->beyond) - count->taken))
		     : 0;
}

uint32_t sluice_socket_count_due(const struct sluice_socket_count *count)
{
	return count ? (uint32_t)(sluice_load_relaxed(&count->page->beyond) - count->taken -
				  count->told)
		     : 0;
}

void sluice_socket_count_owe(struct sluice_socket_count *count, uint32_t datagrams)
{
	/* Modulo 2^64, as all that is done with it. */
	if (count)
		count->taken -= datagrams;
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
	return count && sluice_load_relaxed(&count->page->beyond) != count->taken + count->told;
}
