// SPDX-License-Identifier: MIT
/*
 * The way `receive: bpf`, see socket_bpf.h: programs, maps, and the sockets that they are put on.
 * Beside the path of the data; what comes out of the ring is in socket_bpf_read.c. Touches: BPF
 * programs and maps, sockets.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include <receive.skel.h>
#include "socket_bpf_inner.h"

/* Emptied packets that may have come in the moment between binding and the verdict. */
#define SWEEP_MAX 65536U

/* What libbpf has to say: why a program was refused, in the log of those who look closely. */
static int say(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[512];
	size_t length;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), format, arguments);
	length = strlen(text);
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	sluice_debug("%s", text);
	return 0;
}

void sluice_socket_bpf_log(void)
{
	libbpf_set_print(say);
}

/* A power of two of at least `size` bytes, and of a page. */
static size_t round_up(size_t size)
{
	size_t rounded = (size_t)sysconf(_SC_PAGESIZE);

	while (rounded < size && rounded < SLUICE_SOCKET_BPF_RING_MAX)
		rounded *= 2;
	return rounded;
}

/* Maps the ring: the consumer's page, the producer's, which is read only as the data is. 0 or a
 * negative errno. */
static int map_ring(struct sluice_socket_bpf_ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	ring->consumer = consumer;
	producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED)
		return -errno;
	ring->producer = producer;
	ring->data = (const uint8_t *)producer + page;
	ring->size = size;
	return 0;
}

/* Undoes it, as far as it got. */
static void unmap_ring(const struct sluice_socket_bpf_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->consumer)
		munmap(ring->consumer, page);
	if (ring->producer)
		munmap((void *)(uintptr_t)ring->producer, page + 2 * ring->size);
}

/* Gives the maps their sizes and loads all of it. 0 or a negative errno. */
static int load(struct sluice_socket_bpf *bpf, size_t size)
{
	struct sluice_receive_programs *object = sluice_receive_programs__open();
	int error;

	if (!object)
		return -errno;
	bpf->object = object;
	error = bpf_map__set_max_entries(object->maps.ring, (uint32_t)size);
	if (!error)
		error = bpf_map__set_max_entries(object->maps.tickets, bpf->seat_count);
	if (!error)
		error = bpf_map__set_max_entries(object->maps.seats, bpf->seat_count);
	if (!error)
		error = bpf_map__set_max_entries(object->maps.sockets, bpf->seat_count);
	if (!error)
		error = sluice_receive_programs__load(object);
	if (!error)
		error = bpf_prog_attach(bpf_program__fd(object->progs.verdict),
					bpf_map__fd(object->maps.sockets), BPF_SK_SKB_VERDICT, 0);
	return error;
}

/* Bytes of the pages of all seats. */
static size_t pages_size(const struct sluice_socket_bpf *bpf)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bpf->seat_count * sizeof(*bpf->pages) + page - 1) / page * page;
}

int sluice_socket_bpf_open(struct sluice_socket_bpf **result, struct sluice_port_set *set,
			   size_t size)
{
	struct sluice_socket_bpf *bpf = calloc(1, sizeof(*bpf));
	int error = -ENOMEM;
	void *pages;

	if (!bpf)
		return -ENOMEM;
	bpf->set = set;
	TAILQ_INIT(&bpf->waiting);
	bpf->seat_count = SLUICE_SOCKET_SEATS;
	bpf->seats = calloc(SLUICE_SOCKET_SEATS, sizeof(*bpf->seats));
	if (!bpf->seats)
		goto fail;
	size = round_up(size);
	error = load(bpf, size);
	if (error)
		goto fail;
	error = map_ring(&bpf->ring, bpf_map__fd(bpf->object->maps.ring), size);
	if (error)
		goto fail;
	pages = mmap(NULL, pages_size(bpf), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(bpf->object->maps.seats), 0);
	if (pages == MAP_FAILED) {
		error = -errno;
		goto fail;
	}
	bpf->pages = pages;
	bpf->beat.fd = bpf_map__fd(bpf->object->maps.ring);
	bpf->beat.buffer = size;
	*result = bpf;
	return 0;

fail:
	sluice_socket_bpf_close(bpf);
	return error;
}

void sluice_socket_bpf_close(struct sluice_socket_bpf *bpf)
{
	if (!bpf)
		return;
	if (bpf->pages)
		munmap(bpf->pages, pages_size(bpf));
	unmap_ring(&bpf->ring);
	sluice_receive_programs__destroy(bpf->object);
	free(bpf->aside.bytes);
	free(bpf->seats);
	free(bpf);
}

/* Finds a seat that nobody has; the next one, so that a seat is not taken again soon. Returns its
 * number, or -ENOSPC. */
static int find_seat(struct sluice_socket_bpf *bpf)
{
	uint32_t tries, number;

	for (tries = 0; tries < bpf->seat_count; tries++) {
		number = bpf->next_seat++ % bpf->seat_count;
		if (!bpf->seats[number].ticket)
			return (int)number;
	}
	return -ENOSPC;
}

int sluice_socket_bpf_attach(struct sluice_port *port, int fd)
{
	struct sluice_socket_bpf *bpf = sluice_socket_bpf_of(port);
	int program = bpf_program__fd(bpf->object->progs.filter), number = find_seat(bpf);
	socklen_t length = sizeof(port->cookie);
	struct sluice_socket_seat *seat;

	if (number < 0)
		return number;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &port->cookie, &length))
		return -errno;
	seat = &bpf->seats[number];
	port->ticket = (uint64_t)++seat->generation << 32 | (uint32_t)number;
	if (bpf_map_update_elem(bpf_map__fd(bpf->object->maps.tickets), &port->cookie,
				&port->ticket, BPF_ANY)) {
		port->ticket = 0;
		return -errno;
	}
	memset(&bpf->pages[number], 0, sizeof(bpf->pages[number]));
	seat->port = NULL;
	sluice_store_release(&seat->ticket, port->ticket);
	bpf->users++;
	/* From here on it is sluice_port_free() that gives the seat back. */
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) ? -errno : 0;
}

/* The seat of a port that has one. */
static struct sluice_socket_seat *seat_of(const struct sluice_port *port)
{
	return &sluice_socket_bpf_of(port)->seats[(uint32_t)port->ticket];
}

void sluice_socket_bpf_detach(struct sluice_port *port)
{
	struct sluice_socket_bpf *bpf = sluice_socket_bpf_of(port);

	(void)bpf_map_delete_elem(bpf_map__fd(bpf->object->maps.tickets), &port->cookie);
	seat_of(port)->port = NULL;
	sluice_store_release(&seat_of(port)->ticket, (uint64_t)0);
	port->ticket = 0;
	bpf->users--;
}

/* Takes emptied packets out that no verdict took: those from before there was one. Whatever comes
 * later finds it. */
static void sweep(struct sluice_port *port, int fd)
{
	uint32_t count = 0;
	uint8_t byte;

	/* Without room for a byte a socket in such a map says 0 for ever (udp_bpf_recvmsg(),
	 * net/ipv4/udp_bpf.c). */
	while (count < SWEEP_MAX && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		count++;
	port->swept += count;
}

int sluice_socket_bpf_join(struct sluice_port *port, int fd)
{
	uint32_t number = (uint32_t)port->ticket;
	const int on = 1;

	if (bpf_map_update_elem(bpf_map__fd(sluice_socket_bpf_of(port)->object->maps.sockets),
				&number, &fd, BPF_ANY))
		return -errno;
	sweep(port, fd);
	/* Only now: a swept emptied packet counts as one datagram. */
	(void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	return 0;
}

void sluice_socket_bpf_own(struct sluice_port *port)
{
	sluice_socket_bpf_of(port)->beat.worker = port->worker;
	seat_of(port)->port = port;
}

uint64_t sluice_socket_bpf_refused_in_all(const struct sluice_socket_bpf *bpf)
{
	return sluice_load_relaxed(&bpf->object->bss->refused_in_all);
}
