// SPDX-License-Identifier: MIT
/*
 * Handing datagrams to the kernel: see emitter.h. First stage of a bench; what it counts as sent is
 * what everything behind it is measured against. Touches: its sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include "emitter.h"

/* Payload bytes of a burst, so that it stays in the processor's second-level cache. */
#define BURST_BYTES (512U << 10)
/* Waiting for room: from, to, in nanoseconds. */
#define BACKOFF_FIRST 20000L
#define BACKOFF_LAST 5000000L
/* Asked for; the kernel gives what net.core.wmem_max allows. */
#define SEND_BUFFER (4 << 20)

struct sluice_emitter {
	struct sluice_emitter_counts counts;
	int *sockets; /* @owner emitter */
	size_t sources;
	union sluice_bench_address *ports; /* @owner emitter; a destination address per port */
	size_t port_count;
	bool connected;	 /* only one destination: the kernel looks up the way once */
	uint8_t *buffer; /* @owner emitter; `room` slots of `slot` bytes */
	size_t slot;
	size_t room;
	size_t filled;
	size_t segments; /* datagrams to a message */
	struct mmsghdr message[SLUICE_EMITTER_BURST];
	struct iovec piece[SLUICE_EMITTER_BURST];
};

/* Bytes of an address of its family. */
static socklen_t address_size(const union sluice_bench_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

/* Sets the port of an address. */
static void set_port(union sluice_bench_address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htobe16(port);
	else
		address->v4.sin_port = htobe16(port);
}

/* The port of an address. */
static uint16_t get_port(const union sluice_bench_address *address)
{
	return be16toh(address->any.sa_family == AF_INET6 ? address->v6.sin6_port
							  : address->v4.sin_port);
}

/* Moves an address up by `offset`. The caller's range ends within its network. */
static void move_address(union sluice_bench_address *address, size_t offset)
{
	uint64_t low;

	if (address->any.sa_family != AF_INET6) {
		address->v4.sin_addr.s_addr =
			htobe32(be32toh(address->v4.sin_addr.s_addr) + (uint32_t)offset);
		return;
	}
	memcpy(&low, &address->v6.sin6_addr.s6_addr[8], sizeof(low));
	low = htobe64(be64toh(low) + offset);
	memcpy(&address->v6.sin6_addr.s6_addr[8], &low, sizeof(low));
}

/* Opens one source socket. Its descriptor, or a negative errno and *why. */
static int open_source(const struct sluice_emitter *emitter,
		       const struct sluice_emitter_route *route, size_t index, const char **why)
{
	bool v6 = route->to.any.sa_family == AF_INET6;
	union sluice_bench_address from = route->from;
	size_t addresses = route->addresses > 1 ? route->addresses : 1;
	int cut = (int)emitter->slot;
	int size = SEND_BUFFER;
	int on = 1;
	int error;
	int fd;

	*why = "no socket";
	fd = socket(route->to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Without it an unconnected socket never hears of an ICMP error (ip(7)). */
	*why = "ICMP errors cannot be received";
	if (setsockopt(fd, v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on)))
		goto failed;
	*why = "the kernel cannot cut datagrams (UDP_SEGMENT)";
	if (emitter->segments > 1 && setsockopt(fd, SOL_UDP, UDP_SEGMENT, &cut, sizeof(cut)))
		goto failed;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) && errno != EPERM)
		goto failed;
	/* Any address. */
	if (route->ports && from.any.sa_family == AF_UNSPEC)
		from.any.sa_family = route->to.any.sa_family;
	if (from.any.sa_family != AF_UNSPEC) {
		*why = "the source address cannot be taken";
		move_address(&from, index % addresses);
		if (route->ports)
			set_port(&from, route->ports[index]);
		else if (get_port(&from) != 0)
			set_port(&from, (uint16_t)(get_port(&from) + index / addresses));
		/* Those that are not this machine's take a privilege (ip(7)); binding tells. */
		if (addresses > 1)
			setsockopt(fd, v6 ? SOL_IPV6 : SOL_IP,
				   v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof(on));
		if (bind(fd, &from.any, address_size(&from)))
			goto failed;
	}
	*why = "no way to the destination";
	if (emitter->connected &&
	    connect(fd, &emitter->ports[0].any, address_size(&emitter->ports[0])))
		goto failed;
	return fd;
failed:
	error = -errno;
	close(fd);
	return error;
}

/* As emitter.h says. @context process */
int sluice_emitter_open(struct sluice_emitter **emitter, const struct sluice_emitter_route *route,
			uint32_t size, const char **why)
{
	struct sluice_emitter *made;
	size_t index;
	int error = -ENOMEM;

	if (!emitter || !route || !why || route->sources == 0 ||
	    route->last_port < route->first_port)
		return -EINVAL;
	*why = "no memory";
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->slot = size > 0 ? size : 1;
	made->room = BURST_BYTES / made->slot;
	if (made->room > SLUICE_EMITTER_BURST)
		made->room = SLUICE_EMITTER_BURST;
	made->port_count = (size_t)(route->last_port - route->first_port) + 1;
	made->connected = made->port_count == 1;
	made->segments = route->segments > 1 ? route->segments : 1;
	if (made->segments > 1 && !made->connected) {
		error = -EINVAL;
		goto failed;
	}
	made->buffer = calloc(made->room, made->slot);
	made->ports = calloc(made->port_count, sizeof(*made->ports));
	made->sockets = calloc(route->sources, sizeof(*made->sockets));
	if (!made->buffer || !made->ports || !made->sockets)
		goto failed;
	for (index = 0; index < made->port_count; index++) {
		made->ports[index] = route->to;
		set_port(&made->ports[index], (uint16_t)(route->first_port + index));
	}
	for (; made->sources < route->sources; made->sources++) {
		error = open_source(made, route, route->first + made->sources, why);
		if (error < 0)
			goto failed;
		made->sockets[made->sources] = error;
	}
	*emitter = made;
	return 0;
failed:
	sluice_emitter_close(made);
	return error;
}

/* Frees all of it. NULL is allowed. @context process */
void sluice_emitter_close(struct sluice_emitter *emitter)
{
	if (!emitter)
		return;
	while (emitter->sources > 0)
		close(emitter->sockets[--emitter->sources]);
	free(emitter->sockets);
	free(emitter->ports);
	free(emitter->buffer);
	free(emitter);
}

/* As emitter.h says. */
const struct sluice_emitter_counts *sluice_emitter_counts(const struct sluice_emitter *emitter)
{
	return &emitter->counts;
}

/* As emitter.h says. @context process */
uint8_t *sluice_emitter_add(struct sluice_emitter *emitter, size_t port, uint32_t length)
{
	struct msghdr *header;
	size_t place;

	if (!emitter || emitter->filled == emitter->room || port >= emitter->port_count ||
	    length > emitter->slot)
		return NULL;
	place = emitter->filled++;
	emitter->piece[place].iov_base = emitter->buffer + place * emitter->slot;
	emitter->piece[place].iov_len = length;
	header = &emitter->message[place].msg_hdr;
	header->msg_iov = &emitter->piece[place];
	header->msg_iovlen = 1;
	if (!emitter->connected) {
		header->msg_name = &emitter->ports[port].any;
		header->msg_namelen = address_size(&emitter->ports[port]);
	}
	return emitter->piece[place].iov_base;
}

/* Reads the ICMP errors of one socket. Returns how many there were. */
static size_t listen_source(struct sluice_emitter *emitter, int fd)
{
	size_t heard = 0;

	for (;;) {
		uint8_t control[512];
		uint8_t data[64];
		struct iovec piece = {.iov_base = data, .iov_len = sizeof(data)};
		struct msghdr header = {.msg_iov = &piece,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = sizeof(control)};
		struct cmsghdr *part;

		if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return heard;
		for (part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
			struct sock_extended_err report;

			if (!(part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) &&
			    !(part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR))
				continue;
			memcpy(&report, CMSG_DATA(part), sizeof(report));
			/* What this host finds itself (EMSGSIZE, ENOBUFS) the send call reports
			 * too. */
			if (report.ee_origin != SO_EE_ORIGIN_ICMP &&
			    report.ee_origin != SO_EE_ORIGIN_ICMP6)
				continue;
			emitter->counts.errors++;
			emitter->counts.last_error = (int)report.ee_errno;
			heard++;
		}
	}
}

/* As emitter.h says. @context process */
void sluice_emitter_listen(struct sluice_emitter *emitter)
{
	size_t index;

	for (index = 0; emitter && index < emitter->sources; index++)
		listen_source(emitter, emitter->sockets[index]);
}

/* What a failed send means: 0 to try again, else the negative errno that ends the run. `*wait` is
 * the back-off. */
static int judge(struct sluice_emitter *emitter, int fd, int error, long *wait)
{
	/* An ICMP error that came earlier is reported by the next send, which then did not happen:
	 * that datagram is not to blame and goes out again at once. */
	if (listen_source(emitter, fd) > 0)
		return 0;
	switch (error) {
	case EINTR:
		return 0;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		emitter->counts.retries++;
		*wait = *wait ? *wait * 2 : BACKOFF_FIRST;
		break;
	case EMSGSIZE:
	case EACCES:
	case EINVAL:
	case EBADF:
	case EAFNOSUPPORT:
	case EDESTADDRREQ:
	case ENOTCONN:
		return -error;
	default:
		emitter->counts.errors++;
		emitter->counts.last_error = error;
		*wait = *wait ? *wait * 2 : BACKOFF_FIRST;
		break;
	}
	if (*wait > BACKOFF_LAST)
		*wait = BACKOFF_LAST;
	return 0;
}

/* Makes messages of what is in the burst. Returns how many. */
static size_t bundle(struct sluice_emitter *emitter)
{
	size_t messages = 0;
	size_t first;

	if (emitter->segments == 1)
		return emitter->filled;
	for (first = 0; first < emitter->filled; first += emitter->segments) {
		struct msghdr *header = &emitter->message[messages++].msg_hdr;
		size_t left = emitter->filled - first;

		header->msg_iov = &emitter->piece[first];
		header->msg_iovlen = left < emitter->segments ? left : emitter->segments;
	}
	return messages;
}

/* Counts the datagrams of a message as sent. */
static void count_sent(struct sluice_emitter *emitter, const struct msghdr *header)
{
	size_t place;

	emitter->counts.sent += header->msg_iovlen;
	for (place = 0; place < header->msg_iovlen; place++)
		emitter->counts.bytes += header->msg_iov[place].iov_len;
}

/* As emitter.h says. */
int sluice_emitter_send(struct sluice_emitter *emitter, size_t source, const volatile bool *stop)
{
	size_t done = 0;
	size_t messages;
	long wait = 0;
	int error = 0;

	if (!emitter || !stop || source >= emitter->sources)
		return -EINVAL;
	messages = bundle(emitter);
	while (done < messages && !*stop && !error) {
		int sent = sendmmsg(emitter->sockets[source], emitter->message + done,
				    (unsigned int)(messages - done), 0);

		if (sent > 0) {
			for (wait = 0; sent > 0; sent--, done++)
				count_sent(emitter, &emitter->message[done].msg_hdr);
			continue;
		}
		error = judge(emitter, emitter->sockets[source], sent < 0 ? errno : EAGAIN, &wait);
		if (!error && wait) {
			struct timespec pause = {.tv_nsec = wait};

			nanosleep(&pause, NULL);
		}
	}
	emitter->filled = 0;
	return error;
}
