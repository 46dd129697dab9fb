// SPDX-License-Identifier: MIT
/*
 * What it costs to hand a span to TCP, by the ways there are: from a mapped ring with send(2), with MSG_ZEROCOPY; from a
 * file in the page cache, as a segment of the spool is, with pread(2) and send(2), with sendfile(2). A process of its own
 * takes everything and throws it away. Prints CPU time of the sending thread (what it does in softirqs included).
 *
 *     zerocopy [ADDRESS [FILE]]     (default 127.0.0.1, ./zerocopy.tmp, which is removed)
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
#include <sys/wait.h>
#include <unistd.h>

#define SOURCE (64U << 20)
#define TOTAL (512U << 20)

/* What is measured with. */
struct bed {
	int fd;		 /* TCP */
	int file;	 /* SOURCE bytes, in the page cache */
	uint8_t *ring;	 /* as many in a memfd, mapped */
	uint8_t *buffer; /* for pread */
	uint64_t copied; /* zero-copy sends that were copied after all */
};

/* CPU time of this thread in microseconds. */
static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
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

/* Sends one span by `method`. Bytes sent, or a negative errno. */
static ssize_t send_span(struct bed *bed, char method, size_t offset, size_t size)
{
	off_t place = (off_t)offset;
	ssize_t sent = -1;

	switch (method) {
	case 's':
		sent = send(bed->fd, bed->ring + offset, size, MSG_NOSIGNAL);
		break;
	case 'z':
		sent = send(bed->fd, bed->ring + offset, size, MSG_NOSIGNAL | MSG_ZEROCOPY);
		break;
	case 'p':
		sent = pread(bed->file, bed->buffer, size, place);
		if (sent > 0)
			sent = send(bed->fd, bed->buffer, (size_t)sent, MSG_NOSIGNAL);
		break;
	case 'f':
		sent = sendfile(bed->fd, bed->file, &place, size);
		break;
	default:
		return -EINVAL;
	}
	return sent < 0 ? -errno : sent;
}

/* Sends TOTAL bytes in spans of `size` and prints the RESULT line. 0 or a negative errno. */
static int measure(struct bed *bed, char method, const char *name, size_t size)
{
	uint64_t done = 0;
	uint64_t sends = 0;
	uint64_t reaped = 0;
	double begun = cpu_us();

	bed->copied = 0;
	while (done < TOTAL) {
		size_t offset = (size_t)(done % SOURCE);
		ssize_t sent;

		if (offset + size > SOURCE)
			offset = 0;
		sent = send_span(bed, method, offset, size);
		if (sent == -ENOBUFS && method == 'z') {
			/* Too many are under way (net.core.optmem_max). */
			reaped += reap(bed, 1000);
			continue;
		}
		if (sent <= 0)
			return sent < 0 ? (int)sent : -EIO;
		done += (uint64_t)sent;
		sends++;
		if (method == 'z')
			reaped += reap(bed, 0);
	}
	while (method == 'z' && reaped < sends) {
		uint32_t more = reap(bed, 1000);

		if (!more)
			return -ETIMEDOUT;
		reaped += more;
	}
	printf("RESULT method=%s size=%zu cpu_us_per_mib=%.1f copied_percent=%.0f\n", name, size,
	       (cpu_us() - begun) / (TOTAL >> 20),
	       sends ? 100.0 * (double)bed->copied / (double)sends : 0);
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

/* Everything up to the first send. 0 or a negative errno. */
static int prepare(struct bed *bed, const char *address, const char *path)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};
	socklen_t length = sizeof(peer);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int memory = memfd_create("ring", MFD_CLOEXEC);
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
	if (memory < 0 || ftruncate(memory, SOURCE))
		return -errno;
	bed->ring = mmap(NULL, SOURCE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	bed->buffer = malloc(SOURCE);
	bed->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (bed->ring == MAP_FAILED || !bed->buffer || bed->file < 0)
		return -ENOMEM;
	unlink(path);
	memset(bed->ring, 0x5a, SOURCE);
	return write(bed->file, bed->ring, SOURCE) == (ssize_t)SOURCE ? 0 : -EIO;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {16U << 10, 64U << 10, 256U << 10};
	struct bed bed = {.fd = -1};
	int error = prepare(&bed, argc > 1 ? argv[1] : "127.0.0.1",
			    argc > 2 ? argv[2] : "zerocopy.tmp");
	size_t place;

	for (place = 0; place < sizeof(sizes) / sizeof(sizes[0]) && !error; place++) {
		error = measure(&bed, 's', "send", sizes[place]);
		if (!error)
			error = measure(&bed, 'z', "zerocopy", sizes[place]);
		if (!error)
			error = measure(&bed, 'p', "pread+send", sizes[place]);
		if (!error)
			error = measure(&bed, 'f', "sendfile", sizes[place]);
	}
	if (error)
		fprintf(stderr, "zerocopy: %s\n", strerror(-error));
	free(bed.buffer);
	close(bed.fd);
	wait(NULL);
	return error ? 1 : 0;
}
