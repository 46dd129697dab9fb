// SPDX-License-Identifier: MIT
/*
 * What it costs to hand a header and a span to TCP, by the ways there are. From the mapped ring:
 * send(2), MSG_ZEROCOPY, vmsplice(2) and splice(2). From a file in the page cache: pread(2) and
 * send, sendfile(2), splice through a pipe. From a file that is not there, as the backlog on a disk
 * is not ("cold", its pages are dropped again with posix_fadvise): sendfile and splice, pread and
 * send, and pread and sendfile, for who has to check a CRC; past the page cache ("direct"): pread
 * and send, which is what the spool does, sendfile and splice. A process of its own takes
 * everything and throws it away. All ways take turns; printed is the median of the rounds: CPU time
 * of the sending thread (what it does in softirqs included), and the time it took.
 *
 *     zerocopy [ADDRESS [FILE [ROUNDS]]]     (default 127.0.0.1, ./zerocopy.tmp, which is removed,
 *                                            9)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOURCE (64U << 20)
#define TOTAL (128U << 20)
#define BLOCK 4096U
#define HEADER 64U /* of a frame, in front of every span */
#define ROUNDS_MOST 64U

/* What is measured with. */
struct bed {
	int fd;		 /* TCP */
	int file;	 /* SOURCE bytes */
	int direct;	 /* the same file, O_DIRECT */
	int pipe[2];	 /* as large as a span */
	uint8_t *ring;	 /* as many in a memfd, mapped */
	uint8_t *buffer; /* for pread */
	uint64_t copied; /* zero-copy sends that were copied after all */
	uint8_t header[HEADER];
};

/* One way to send. */
struct way {
	const char *name;
	/* Sends a span, of `file` if it is not the ring's. Bytes sent, or a negative errno. */
	ssize_t (*send)(struct bed *bed, int file, size_t offset, size_t size);
	bool is_direct;	  /* from the file past the page cache */
	bool is_zerocopy; /* the kernel reports what is done */
	bool is_cold;	  /* the page cache holds nothing of the file, before and after */
};

/* What one round of one way took, a MiB. */
struct cost {
	double cpu_us, wall_us;
	double copied_percent; /* of the zero-copy sends */
};

/* CPU time of this thread in microseconds. */
static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* The time in microseconds. */
static double wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Reads what the kernel says about zero-copy sends: how many are done. */
static uint32_t reap(struct bed *bed, int wait_ms)
{
	struct pollfd polled = {.fd = bed->fd};
	uint32_t done = 0;
	uint8_t control[256];

	for (;;) {
		struct msghdr header = {.msg_control = control, .msg_controllen = sizeof(control)};
		struct sock_extended_err report;
		struct cmsghdr *part;

		if (recvmsg(bed->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			if (done || !wait_ms || poll(&polled, 1, wait_ms) <= 0)
				return done;
			continue;
		}
		for (part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
			memcpy(&report, CMSG_DATA(part), sizeof(report));
			if (report.ee_origin != SO_EE_ORIGIN_ZEROCOPY)
				continue;
			done += report.ee_data - report.ee_info + 1;
			if (report.ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
				bed->copied += report.ee_data - report.ee_info + 1;
		}
	}
}

/* Sends the header, to which more belongs. 0 or a negative errno. */
static int send_header(struct bed *bed)
{
	return send(bed->fd, bed->header, HEADER, MSG_NOSIGNAL | MSG_MORE) < 0 ? -errno : 0;
}

/* Sends the header and a span in memory with one call. The span's bytes, or a negative errno. */
static ssize_t send_both(struct bed *bed, uint8_t *bytes, size_t size, int flags)
{
	struct iovec parts[] = {{.iov_base = bed->header, .iov_len = HEADER},
				{.iov_base = bytes, .iov_len = size}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t sent = sendmsg(bed->fd, &message, MSG_NOSIGNAL | flags);

	return sent < 0 ? -errno : sent - (ssize_t)HEADER;
}

/* Moves `length` bytes from the pipe to TCP. Bytes, or a negative errno. */
static ssize_t empty_pipe(struct bed *bed, ssize_t length)
{
	ssize_t left, moved;
	int error;

	if (length < 0)
		return -errno;
	error = send_header(bed);
	if (error)
		return error;
	for (left = length; left > 0; left -= moved) {
		moved = splice(bed->pipe[0], NULL, bed->fd, NULL, (size_t)left, SPLICE_F_MOVE);
		if (moved <= 0)
			return moved < 0 ? -errno : -EIO;
	}
	return length;
}

/* struct way.send, from the ring. */
static ssize_t by_send(struct bed *bed, int file, size_t offset, size_t size)
{
	(void)file;
	return send_both(bed, bed->ring + offset, size, 0);
}

/* The same, and the kernel tells later when it needs the pages no more. */
static ssize_t by_zerocopy(struct bed *bed, int file, size_t offset, size_t size)
{
	(void)file;
	return send_both(bed, bed->ring + offset, size, MSG_ZEROCOPY);
}

/* The pages of the ring go to TCP by reference. */
static ssize_t by_vmsplice(struct bed *bed, int file, size_t offset, size_t size)
{
	struct iovec span = {.iov_base = bed->ring + offset, .iov_len = size};

	(void)file;
	return empty_pipe(bed, vmsplice(bed->pipe[1], &span, 1, 0));
}

/* struct way.send, read from the file and sent. */
static ssize_t by_pread(struct bed *bed, int file, size_t offset, size_t size)
{
	ssize_t got = pread(file, bed->buffer, size, (off_t)offset);

	return got < 0 ? -errno : send_both(bed, bed->buffer, (size_t)got, 0);
}

/* struct way.send, the same by the kernel. */
static ssize_t by_sendfile(struct bed *bed, int file, size_t offset, size_t size)
{
	off_t place = (off_t)offset;
	ssize_t sent = send_header(bed);

	if (sent < 0)
		return sent;
	sent = sendfile(bed->fd, file, &place, size);
	return sent < 0 ? -errno : sent;
}

/* struct way.send, the same through a pipe of ours. */
static ssize_t by_splice(struct bed *bed, int file, size_t offset, size_t size)
{
	off_t place = (off_t)offset;

	return empty_pipe(bed, splice(file, &place, bed->pipe[1], NULL, size, SPLICE_F_MOVE));
}

/* By the kernel, when user space reads it first, as it must to check its CRC. */
static ssize_t by_checked_sendfile(struct bed *bed, int file, size_t offset, size_t size)
{
	ssize_t got = pread(file, bed->buffer, size, (off_t)offset);

	return got < 0 ? -errno : by_sendfile(bed, file, offset, (size_t)got);
}

static const struct way ways[] = {
	{.name = "send", .send = by_send},
	{.name = "zerocopy", .send = by_zerocopy, .is_zerocopy = true},
	{.name = "vmsplice+splice", .send = by_vmsplice},
	{.name = "cached-pread+send", .send = by_pread},
	{.name = "cached-sendfile", .send = by_sendfile},
	{.name = "cached-splice", .send = by_splice},
	{.name = "cold-sendfile", .send = by_sendfile, .is_cold = true},
	{.name = "cold-splice", .send = by_splice, .is_cold = true},
	{.name = "cold-pread+send", .send = by_pread, .is_cold = true},
	{.name = "cold-pread+sendfile", .send = by_checked_sendfile, .is_cold = true},
	{.name = "direct-pread+send", .send = by_pread, .is_direct = true, .is_cold = true},
	{.name = "direct-sendfile", .send = by_sendfile, .is_direct = true, .is_cold = true},
	{.name = "direct-splice", .send = by_splice, .is_direct = true, .is_cold = true},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Makes the page cache hold the whole file, or nothing of it. 0 or a negative errno. */
static int warm(struct bed *bed, bool is_cold)
{
	size_t offset;

	if (is_cold)
		return -posix_fadvise(bed->file, 0, SOURCE, POSIX_FADV_DONTNEED);
	for (offset = 0; offset < SOURCE; offset += 1U << 20)
		if (pread(bed->file, bed->buffer, 1U << 20, (off_t)offset) < 0)
			return -errno;
	return 0;
}

/* Sends TOTAL bytes in spans of `size`. 0 or a negative errno. */
static int measure(struct bed *bed, const struct way *way, size_t size, struct cost *cost)
{
	double cpu, wall;
	uint64_t done = 0;
	uint64_t sends = 0;
	uint64_t reaped = 0;
	int error = warm(bed, way->is_cold);

	bed->copied = 0;
	cpu = cpu_us();
	wall = wall_us();
	while (done < TOTAL && !error) {
		size_t offset = (size_t)(done % SOURCE);
		ssize_t sent;

		/* Where the ring or the file begins again, and O_DIRECT wants whole blocks. */
		offset -= offset % BLOCK;
		if (offset + size > SOURCE)
			offset = SOURCE - size;
		sent = way->send(bed, way->is_direct ? bed->direct : bed->file, offset, size);
		if (sent == -ENOBUFS && way->is_zerocopy) {
			/* Too many are under way (net.core.optmem_max). */
			reaped += reap(bed, 1000);
			continue;
		}
		if (sent <= 0)
			return sent < 0 ? (int)sent : -EIO;
		done += (uint64_t)sent;
		sends++;
		if (way->is_zerocopy)
			reaped += reap(bed, 0);
		/* Part of its price: the backlog must not drive everything else out of memory. */
		if (way->is_cold && done % SOURCE < size)
			error = warm(bed, true);
	}
	while (way->is_zerocopy && reaped < sends && !error) {
		uint32_t more = reap(bed, 1000);

		error = more ? 0 : -ETIMEDOUT;
		reaped += more;
	}
	cost->cpu_us = (cpu_us() - cpu) / ((double)done / (1U << 20));
	cost->wall_us = (wall_us() - wall) / ((double)done / (1U << 20));
	cost->copied_percent = sends ? 100.0 * (double)bed->copied / (double)sends : 0;
	return error;
}

/* qsort() */
static int compare(const void *left, const void *right)
{
	const double *one = left, *two = right;

	return (*one > *two) - (*one < *two);
}

/* All ways with spans of `size`, taking turns, and their RESULT lines. 0 or a negative errno. */
static int compete(struct bed *bed, size_t size, unsigned int rounds)
{
	static double cpu[WAYS][ROUNDS_MOST], wall[WAYS][ROUNDS_MOST];
	double copied[WAYS] = {0};
	unsigned int round;
	size_t place;
	int error;

	for (round = 0; round < rounds; round++) {
		for (place = 0; place < WAYS; place++) {
			struct cost cost = {0};

			error = measure(bed, &ways[place], size, &cost);
			if (error) {
				fprintf(stderr, "zerocopy: %s: %s\n", ways[place].name,
					strerror(-error));
				return error;
			}
			cpu[place][round] = cost.cpu_us;
			wall[place][round] = cost.wall_us;
			copied[place] = cost.copied_percent;
		}
	}
	for (place = 0; place < WAYS; place++) {
		qsort(cpu[place], rounds, sizeof(double), compare);
		qsort(wall[place], rounds, sizeof(double), compare);
		printf("RESULT method=%s size=%zu cpu_us_per_mib=%.0f least=%.0f most=%.0f "
		       "us_per_mib=%.0f copied_percent=%.0f\n",
		       ways[place].name, size, cpu[place][rounds / 2], cpu[place][0],
		       cpu[place][rounds - 1], wall[place][rounds / 2], copied[place]);
	}
	fflush(stdout);
	return 0;
}

/* Accepts and throws away. @context the child */
static void discard(int listener)
{
	int fd = accept(listener, NULL, NULL);

	while (fd >= 0 && recv(fd, NULL, 1U << 20, MSG_TRUNC) > 0)
		;
	_exit(0);
}

/* Where spans are taken from. 0 or a negative errno. */
static int fill(struct bed *bed, const char *path, size_t largest)
{
	int memory = memfd_create("ring", MFD_CLOEXEC);

	if (memory < 0 || ftruncate(memory, SOURCE))
		return -errno;
	bed->ring = mmap(NULL, SOURCE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	bed->buffer = aligned_alloc(BLOCK, SOURCE);
	if (bed->ring == MAP_FAILED || !bed->buffer)
		return -ENOMEM;
	memset(bed->ring, 0x5a, SOURCE);
	memset(bed->buffer, 0, SOURCE);
	if (pipe2(bed->pipe, O_CLOEXEC) || fcntl(bed->pipe[1], F_SETPIPE_SZ, (int)largest) < 0)
		return -errno;
	bed->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bed->direct = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	unlink(path);
	if (bed->file < 0 || bed->direct < 0)
		return -errno;
	if (write(bed->file, bed->ring, SOURCE) != (ssize_t)SOURCE)
		return -EIO;
	/* Dirty pages could not be dropped. */
	return fsync(bed->file) ? -errno : 0;
}

/* Everything up to the first send. 0 or a negative errno. */
static int prepare(struct bed *bed, const char *address)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};
	socklen_t length = sizeof(peer);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1)
		return -EINVAL;
	if (listener < 0 || bind(listener, (struct sockaddr *)&peer, length) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&peer, &length))
		return -errno;
	if (fork() == 0)
		discard(listener);
	bed->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bed->fd < 0 || connect(bed->fd, (struct sockaddr *)&peer, length) ||
	    setsockopt(bed->fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -errno;
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {16U << 10, 64U << 10, 256U << 10, 1U << 20};
	const size_t count = sizeof(sizes) / sizeof(sizes[0]);
	unsigned int rounds = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 9;
	struct bed bed = {.fd = -1, .pipe = {-1, -1}};
	size_t place;
	int error;

	if (!rounds || rounds > ROUNDS_MOST)
		return 2;
	error = fill(&bed, argc > 2 ? argv[2] : "zerocopy.tmp", sizes[count - 1]);
	if (!error)
		error = prepare(&bed, argc > 1 ? argv[1] : "127.0.0.1");
	for (place = 0; place < count && !error; place++)
		error = compete(&bed, sizes[place], rounds);
	if (error)
		fprintf(stderr, "zerocopy: %s\n", strerror(-error));
	free(bed.buffer);
	close(bed.fd);
	wait(NULL);
	return error ? 1 : 0;
}
