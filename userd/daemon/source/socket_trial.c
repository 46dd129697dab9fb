// SPDX-License-Identifier: MIT
/*
 * Whether `receive: bpf` can be had, see socket_trial.h. Beside socket_bpf.c, which does in earnest
 * what is tried here. Touches: a socket, BPF programs and maps, all gone when it returns.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <receive.skel.h>
#include "bpf/seat.h"
#include "socket_trial.h"

#define RING_SIZE 4096U
/* A datagram that has not come by then was dropped on its way, and proves nothing. */
#define PATIENCE_MS 100
#define TICKET (1ULL << 32)

/* Loads all of it for one socket. 0 or a negative errno. */
static int load(struct sluice_receive_programs *object)
{
	struct sluice_socket_seat_page page = {0};
	const uint32_t seat = 0;
	int error = bpf_map__set_max_entries(object->maps.ring, RING_SIZE);

	if (!error)
		error = bpf_map__set_max_entries(object->maps.tickets, 1);
	if (!error)
		error = bpf_map__set_max_entries(object->maps.seats, 1);
	if (!error)
		error = bpf_map__set_max_entries(object->maps.sockets, 1);
	if (!error)
		error = sluice_receive_programs__load(object);
	if (!error)
		error = bpf_prog_attach(bpf_program__fd(object->progs.verdict),
					bpf_map__fd(object->maps.sockets), BPF_SK_SKB_VERDICT, 0);
	if (!error && bpf_map_update_elem(bpf_map__fd(object->maps.seats), &seat, &page, BPF_ANY))
		error = -errno;
	return error;
}

/* Puts a socket under the programs and binds it; in *address where. 0 or a negative errno. */
static int put_under(const struct sluice_receive_programs *object, int fd,
		     struct sockaddr_in *address)
{
	int program = bpf_program__fd(object->progs.filter);
	const uint64_t ticket = TICKET;
	const uint32_t seat = 0;
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) ||
	    bpf_map_update_elem(bpf_map__fd(object->maps.tickets), &cookie, &ticket, BPF_ANY) ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) ||
	    bind(fd, (struct sockaddr *)address, sizeof(*address)) ||
	    bpf_map_update_elem(bpf_map__fd(object->maps.sockets), &seat, &fd, BPF_ANY))
		return -errno;
	length = sizeof(*address);
	return getsockname(fd, (struct sockaddr *)address, &length) ? -errno : 0;
}

/*
 * Sends the socket a datagram. It must come out of the ring, and the socket must stay empty. 0,
 * also if it comes nowhere; -EPROTO: the programs do not do what they should.
 */
static int send_one(const struct sluice_receive_programs *object, int fd,
		    const struct sockaddr_in *address)
{
	struct pollfd ring = {.fd = bpf_map__fd(object->maps.ring), .events = POLLIN};
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t byte = 0;
	int error = 0;

	if (sender < 0)
		return -errno;
	/* Without a way to 127.0.0.1 there is nothing to be seen. */
	if (sendto(sender, &byte, sizeof(byte), 0, (const struct sockaddr *)address,
		   sizeof(*address)) == sizeof(byte)) {
		(void)poll(&ring, 1, PATIENCE_MS);
		if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
			error = -EPROTO;
	}
	close(sender);
	return error;
}

/* Tries all of it. 0 or a negative errno. */
static int try_it(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sluice_receive_programs *object;
	int fd, error;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	object = sluice_receive_programs__open();
	error = object ? load(object) : -errno;
	if (!error)
		error = put_under(object, fd, &address);
	if (!error)
		error = send_one(object, fd, &address);
	close(fd);
	sluice_receive_programs__destroy(object);
	return error;
}

const char *sluice_socket_trial(void)
{
	static char text[160];
	static bool is_known;
	int error;

	if (is_known)
		return text[0] ? text : NULL;
	is_known = true;
	error = try_it();
	if (error == -EPERM || error == -EACCES)
		snprintf(text, sizeof(text),
			 "no permission: run sluiced as root or with CAP_BPF and CAP_NET_ADMIN, "
			 "in a system that is not locked down");
	else if (error == -EPROTO)
		snprintf(text, sizeof(text),
			 "this kernel takes the program and leaves datagrams in the socket");
	else if (error == -ENOMEM)
		snprintf(text, sizeof(text), "no memory for the program and its maps");
	else if (error)
		snprintf(text, sizeof(text), "this kernel refuses the program: %s",
			 strerror(-error));
	return text[0] ? text : NULL;
}
