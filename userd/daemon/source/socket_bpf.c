// SPDX-License-Identifier: MIT
/*
 * The way `receive: bpf`, see socket_bpf.h. Between the program in the kernel and the ring of the stream. Touches: BPF programs and
 * maps, the socket they are put on.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "bpf/entry.h"
#include <receive.skel.h>
#include "socket_batch.h"
#include "socket_bpf.h"

/* What may come while the worker does something else: 40,000 datagrams of 100 bytes, 5,000 of 1400. A power of two. The
 * kernel's memory, taken at once, for each port in each worker. */
#define RING_SIZE (8U << 20)
/* Datagrams a turn, as with calls. */
#define BATCH 256U
/* Husks that may have come in the moment between binding and the verdict. */
#define SWEEP_MAX 65536U
/* 5.10 refuses such a verdict; what lies between nobody has tried. */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

struct sluice_socket_bpf {
	struct sluice_receive_programs *object;
	struct ring_buffer *ring;
	/* Of the turn that is under way. */
	struct sluice_socket_batch batch;
	struct sluice_port_take *take;
	uint64_t ahead_ns; /* CLOCK_REALTIME before CLOCK_MONOTONIC */
	unsigned int most; /* take->datagrams at which it is over */
	bool discards;	   /* everything is thrown away */
	/* Of its whole life. */
	uint32_t swept;
	uint64_t told; /* of those refused */
};

/* The input that takes a packet, or NULL. */
static struct sluice_socket_claim *claim_of(struct sluice_socket_batch *batch,
					    const struct sluice_socket_entry *entry)
{
	size_t size = entry->family == 4 ? 4 : 16;
	struct sluice_socket_facts facts = {
		.family = entry->family == 4 ? AF_INET : AF_INET6,
		.source = entry->addresses,
		.destination = entry->addresses + size,
		.source_port = ntohs(entry->udp.source),
		.interface = entry->interface,
		.is_for_many = entry->is_for_many,
	};

	return sluice_socket_batch_claim(batch, &facts);
}

/* One packet of the ring, of which it is the last look. Returns a negative errno to stop behind it:
 * -EAGAIN (it is the others' turn, or there is less room). @context worker */
static int take_one(void *context, void *bytes, size_t size)
{
	struct sluice_socket_bpf *bpf = context;
	const struct sluice_socket_entry *entry = bytes;
	struct sluice_socket_batch *batch = &bpf->batch;
	struct sluice_port_use *use = batch->port->use;
	uint32_t length = entry->length - (uint32_t)sizeof(entry->udp);
	struct sluice_socket_claim *claim = &use->claims[0];

	bpf->take->buffer += size + BPF_RINGBUF_HDR_SZ;
	if (bpf->discards) {
		bpf->take->datagrams += entry->segment && length > entry->segment
						? (length + entry->segment - 1) / entry->segment
						: 1;
		return bpf->take->datagrams < bpf->most ? 0 : -EAGAIN;
	}
	batch->time_ns = entry->time_ns + bpf->ahead_ns;
	if (!use->is_plain)
		claim = claim_of(batch, entry);
	bpf->take->datagrams += sluice_socket_batch_store(
		batch, claim, (const uint8_t *)(entry + 1), length, entry->segment);
	if (claim && !claim->is_full &&
	    sluice_ring_room(&claim->stream->ring) < SLUICE_SOCKET_SPAN_MAX)
		return -EAGAIN;
	return bpf->take->datagrams < bpf->most ? 0 : -EAGAIN;
}

/* Takes packets out of the ring, until they are `most` datagrams or there is no room. Returns like ring_buffer__consume(). */
static int take_some(struct sluice_port *port, struct sluice_port_take *take, uint32_t most,
		     bool discards)
{
	struct sluice_socket_bpf *bpf = port->bpf;
	struct timespec now;
	int result;

	sluice_socket_batch_begin(&bpf->batch, port);
	clock_gettime(CLOCK_MONOTONIC, &now);
	bpf->ahead_ns = bpf->batch.time_ns -
			((uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec);
	bpf->take = take;
	bpf->most = take->datagrams + most;
	bpf->discards = discards;
	result = ring_buffer__consume(bpf->ring);
	sluice_socket_batch_end(&bpf->batch);
	return result;
}

int sluice_socket_bpf_take(struct sluice_port *port, struct sluice_port_take *take)
{
	int result;

	if (!sluice_port_room(port))
		return -ENOBUFS;
	result = take_some(port, take, BATCH, false);
	if (result == -EAGAIN)
		return 1;
	return result < 0 ? result : 0;
}

uint32_t sluice_socket_bpf_discard(struct sluice_port *port, uint32_t most)
{
	struct sluice_port_take take = {0};

	(void)take_some(port, &take, most, true);
	return take.datagrams;
}

uint32_t sluice_socket_bpf_dropped(const struct sluice_socket_bpf *bpf)
{
	/* What the program has counted the socket may not have yet: rather too much here than too little. */
	return (uint32_t)sluice_load_relaxed(&bpf->object->bss->accounted) - bpf->swept;
}

uint32_t sluice_socket_bpf_refused(struct sluice_socket_bpf *bpf)
{
	uint64_t refused = sluice_load_relaxed(&bpf->object->bss->refused);
	uint64_t more = refused - bpf->told;

	if (more > UINT32_MAX)
		more = UINT32_MAX;
	bpf->told += more;
	return (uint32_t)more;
}

void sluice_socket_bpf_shut(struct sluice_socket_bpf *bpf)
{
	sluice_store_relaxed(&bpf->object->bss->is_shut, 1);
}

void sluice_socket_bpf_take_many(struct sluice_socket_bpf *bpf, bool takes)
{
	sluice_store_relaxed(&bpf->object->bss->takes_many, (uint32_t)takes);
}

int sluice_socket_bpf_descriptor(const struct sluice_socket_bpf *bpf)
{
	return bpf_map__fd(bpf->object->maps.ring);
}

uint64_t sluice_socket_bpf_room(const struct sluice_socket_bpf *bpf)
{
	return bpf_map__max_entries(bpf->object->maps.ring);
}

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

int sluice_socket_bpf_open(struct sluice_socket_bpf **result)
{
	struct sluice_socket_bpf *bpf = calloc(1, sizeof(*bpf));
	int error = -ENOMEM;

	if (!bpf)
		return -ENOMEM;
	bpf->object = sluice_receive_programs__open();
	if (!bpf->object) {
		error = -errno;
		goto fail;
	}
	error = bpf_map__set_max_entries(bpf->object->maps.ring, RING_SIZE);
	if (!error)
		error = sluice_receive_programs__load(bpf->object);
	if (error)
		goto fail;
	bpf->ring = ring_buffer__new(bpf_map__fd(bpf->object->maps.ring), take_one, bpf, NULL);
	if (!bpf->ring) {
		error = -errno;
		goto fail;
	}
	*result = bpf;
	return 0;

fail:
	sluice_socket_bpf_close(bpf);
	return error;
}

int sluice_socket_bpf_attach(struct sluice_socket_bpf *bpf, int fd)
{
	int program = bpf_program__fd(bpf->object->progs.filter);

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) ? -errno : 0;
}

/* Takes husks out that no verdict took: those from before there was one. Whatever comes later finds it. */
static void sweep(struct sluice_socket_bpf *bpf, int fd)
{
	uint32_t count = 0;
	uint8_t byte;

	/* Without room for a byte a socket in such a map says 0 for ever (udp_bpf_recvmsg(), net/ipv4/udp_bpf.c). */
	while (count < SWEEP_MAX && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		count++;
	bpf->swept += count;
}

int sluice_socket_bpf_join(struct sluice_socket_bpf *bpf, int fd)
{
	int map = bpf_map__fd(bpf->object->maps.sockets);
	const int on = 1;
	uint32_t key = 0;
	int error;

	error = bpf_prog_attach(bpf_program__fd(bpf->object->progs.verdict), map,
				BPF_SK_SKB_VERDICT, 0);
	if (!error)
		error = bpf_map_update_elem(map, &key, &fd, BPF_ANY);
	if (error)
		return error;
	sweep(bpf, fd);
	/* Only now: a swept husk counts as one datagram. */
	(void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	return 0;
}

void sluice_socket_bpf_close(struct sluice_socket_bpf *bpf)
{
	if (!bpf)
		return;
	ring_buffer__free(bpf->ring);
	sluice_receive_programs__destroy(bpf->object);
	free(bpf);
}

/* Tries all of it with a socket that nobody sends to. 0 or a negative errno. */
static int try_it(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sluice_socket_bpf *bpf = NULL;
	int fd, error;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = sluice_socket_bpf_open(&bpf);
	if (!error)
		error = sluice_socket_bpf_attach(bpf, fd);
	if (!error && bind(fd, (struct sockaddr *)&any, sizeof(any)))
		error = -errno;
	if (!error)
		error = sluice_socket_bpf_join(bpf, fd);
	close(fd);
	sluice_socket_bpf_close(bpf);
	return error;
}

/* Is the kernel, which calls itself `release` ("6.1.0-13-amd64"), new enough? */
static bool is_new_enough(const char *release)
{
	unsigned long major, minor = 0;
	char *end;

	major = strtoul(release, &end, 10);
	if (*end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
}

const char *sluice_socket_bpf_hindrance(void)
{
	static char text[160];
	static bool is_known;
	struct utsname kernel;
	int error;

	if (is_known)
		return text[0] ? text : NULL;
	is_known = true;
	if (!uname(&kernel) && !is_new_enough(kernel.release)) {
		snprintf(text, sizeof(text), "it needs kernel %d.%d, this is %.60s", KERNEL_MAJOR,
			 KERNEL_MINOR, kernel.release);
		return text;
	}
	error = try_it();
	if (error == -EPERM || error == -EACCES)
		snprintf(text, sizeof(text),
			 "no permission: run sluiced as root or with CAP_BPF and CAP_NET_ADMIN");
	else if (error)
		snprintf(text, sizeof(text), "the kernel says: %s", strerror(-error));
	return text[0] ? text : NULL;
}
