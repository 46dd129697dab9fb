// SPDX-License-Identifier: MIT
/*
 * One UDP socket in its worker: datagrams come out of it many at a time and become records in the ring. Between the
 * kernel's socket buffer and the stream. Touches: the socket, the ring's producer side.
 *
 * Waking is dear, and so is writing, so the first datagram waits for others (most of the batch delay), and as long as many
 * come the socket is not listened to at all but emptied on a beat. When few came, epoll watches it again.
 *
 *      watched ──datagram──► gathering ──time──► drained ──many──► resting ──time──┐
 *         ▲                                        │ ▲                             │
 *         └──────────────── few ───────────────────┘ └─────────────────────────────┘
 */
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/record.h"
#include "../../lib/log.h"
#include "socket.h"

/* Datagrams per recvmmsg(2), and how often that is called before others have their turn. */
#define BATCH 256U
#define TURNS 8U
/* A buffer that nothing comes into any more is empty after fewer drains, and holds fewer datagrams. */
#define EMPTYING_DRAINS 4096U
#define EMPTYING_DATAGRAMS (1U << 20)
/* A place for the largest datagram. Not a power of two: the places' beginnings must not share one cache set. */
#define PLACE (65536U + 320U)
#define CONTROL 128U
/* Datagrams that the kernel hands over as one (UDP_GRO): 64, 128 in later versions. With as many a message takes at most: */
#define SEGMENTS 128U
#define MESSAGE_SPAN_MAX                                                                   \
	(SLUICE_RECORD_SPAN_MAX +                                                          \
	 SEGMENTS * (sizeof(struct sluice_record) + sizeof(struct sluice_record_address) + \
		     SLUICE_RECORD_ALIGN))
_Static_assert(MESSAGE_SPAN_MAX + SLUICE_RECORD_ALIGN < SLUICE_STREAM_ROOM,
	       "a ring is emptied before");
/* What a small datagram occupies of a socket's buffer beside its bytes (sk_buff and its head: 768 on x86-64, more with
 * some drivers). */
#define OVERHEAD 1024U
/* Fewer than this in one go are few. */
#define FEW 8U
/* What may come into a socket in a microsecond, in bytes of its buffer: 400,000 small datagrams a second. */
#define BUFFER_PER_US 400U
#define RETRY_NS (10 * SLUICE_NS_PER_MS)
#define LOOK_AFTER_NS (200 * SLUICE_NS_PER_MS)

/* Where datagrams are received before they are records. One per worker, touched only as far as needed. */
struct scratch {
	struct mmsghdr messages[BATCH];
	struct iovec places[BATCH];
	struct sockaddr_in6 sources[BATCH];
	uint8_t control[BATCH][CONTROL] __attribute__((aligned(8)));
	uint8_t *bytes;
};

/* The worker's scratch memory, made when first needed; NULL: none to be had. */
static struct scratch *scratch_of(struct sluice_worker *worker)
{
	struct scratch *scratch = worker->scratch;
	unsigned int place;

	if (scratch)
		return scratch;
	/* One block, so that whoever frees the worker frees it without knowing what it is. */
	scratch = calloc(1, sizeof(*scratch) + (size_t)BATCH * PLACE);
	if (!scratch)
		return NULL;
	scratch->bytes = (uint8_t *)(scratch + 1);
	for (place = 0; place < BATCH; place++) {
		scratch->places[place].iov_base = scratch->bytes + (size_t)place * PLACE;
		scratch->places[place].iov_len = SLUICE_PAYLOAD_MAX + 1;
		scratch->messages[place].msg_hdr.msg_iov = &scratch->places[place];
		scratch->messages[place].msg_hdr.msg_iovlen = 1;
		scratch->messages[place].msg_hdr.msg_control = scratch->control[place];
	}
	worker->scratch = scratch;
	return scratch;
}

/* Counts `more` datagrams that the socket had no room for. */
static void lose(struct sluice_port *port, uint32_t more)
{
	struct sluice_socket_counters *counters = &port->use.input->counters[port->worker->number];

	sluice_count(&counters->lost, (uint64_t)more);
	sluice_ring_lose(&port->use.stream->ring, port->use.input->index, SLUICE_LOST_SOCKET, more,
			 0);
}

void sluice_port_count_drops(struct sluice_port *port)
{
	uint32_t figures[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(figures);
	uint32_t more;

	if (getsockopt(port->fd, SOL_SOCKET, SO_MEMINFO, figures, &length) ||
	    length < (SK_MEMINFO_DROPS + 1) * sizeof(figures[0]))
		return;
	/* Wraps at 32 bits. */
	more = figures[SK_MEMINFO_DROPS] - port->drops;
	if (!more)
		return;
	lose(port, more);
	port->drops += more;
	/* It overflowed while we rested, unless that was for want of room. */
	if (!port->starved)
		port->wait_ns /= 2;
}

/* Does `address` of `family` lie in `prefix`? A prefix that was not given holds every address. */
static bool prefix_holds(const struct sluice_config_prefix *prefix, int family,
			 const uint8_t *address)
{
	size_t whole = prefix->length / 8, bits = prefix->length % 8;

	if (prefix->family == AF_UNSPEC)
		return true;
	if (prefix->family != family || memcmp(prefix->address, address, whole) != 0)
		return false;
	return !bits || !((prefix->address[whole] ^ address[whole]) & (0xff00U >> bits) & 0xffU);
}

/* The same for an IPv6 address that may be an IPv4 one in disguise (RFC 4291 section 2.5.5.2). */
static bool prefix_holds_in6(const struct sluice_config_prefix *prefix,
			     const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		return prefix_holds(prefix, AF_INET, address->s6_addr + 12);
	return prefix_holds(prefix, AF_INET6, address->s6_addr);
}

/* Notes an address in a record's address block: IPv4 in disguise as what it is. */
static void keep_in6(struct sluice_record_address *block, uint8_t *place,
		     const struct in6_addr *address)
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(address);

	block->family = mapped ? 4 : 6;
	memcpy(place, mapped ? address->s6_addr + 12 : address->s6_addr, mapped ? 4 : 16);
}

/* Begins an address block with what the socket and the sender's address tell. */
static void begin_block(const struct sluice_port *port, const struct sockaddr_in6 *source,
			struct sluice_record_address *block)
{
	memset(block, 0, sizeof(*block));
	block->destination_port = htole16(port->key.port);
	block->source_port = htole16(ntohs(source->sin6_port)); /* where sin_port is, too */
	if (source->sin6_family == AF_INET) {
		block->family = 4;
		memcpy(block->source, &((const struct sockaddr_in *)source)->sin_addr, 4);
	} else {
		keep_in6(block, block->source, &source->sin6_addr);
	}
}

/* Reads a message's control messages: in pieces of which length it is to be cut, whether its destination is wanted, and
 * for `block` where it went and how it came. */
static bool control_is_right(struct sluice_port *port, struct msghdr *header, uint32_t *cut,
			     struct sluice_record_address *block)
{
	struct cmsghdr *message;
	bool right = true;
	int size;

	for (message = CMSG_FIRSTHDR(header); message; message = CMSG_NXTHDR(header, message)) {
		if (message->cmsg_level == SOL_UDP && message->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(message), sizeof(size));
			if (size > 0)
				*cut = (uint32_t)size;
		} else if (message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(message), sizeof(info));
			right &= prefix_holds(&port->use.destination, AF_INET,
					      (const uint8_t *)&info.ipi_addr);
			memcpy(block->destination, &info.ipi_addr, sizeof(info.ipi_addr));
			block->interface = htole32((uint32_t)info.ipi_ifindex);
		} else if (message->cmsg_level == IPPROTO_IPV6 &&
			   message->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(message), sizeof(info));
			right &= prefix_holds_in6(&port->use.destination, &info.ipi6_addr);
			keep_in6(block, block->destination, &info.ipi6_addr);
			block->interface = htole32(info.ipi6_ifindex);
		}
	}
	return right;
}

/* Is the datagram's source one that the input takes? */
static bool source_is_right(const struct sluice_port *port, const struct sockaddr_in6 *source)
{
	if (source->sin6_family == AF_INET)
		return prefix_holds(
			&port->use.source, AF_INET,
			(const uint8_t *)&((const struct sockaddr_in *)source)->sin_addr);
	return prefix_holds_in6(&port->use.source, &source->sin6_addr);
}

/* What the datagrams of one batch have in common. */
struct batch {
	struct sluice_ring *ring;
	uint64_t time_ns;
	uint16_t input;
	uint8_t flags;
	struct sluice_record_address block; /* with SLUICE_RECORD_F_ADDRESS */
	uint64_t stored;
	uint64_t stored_bytes;
	uint64_t buffer; /* bytes of socket buffer that they were */
};

/* Makes one datagram a record. False: no room. */
static bool store_one(struct batch *batch, const uint8_t *bytes, uint32_t length)
{
	size_t head = sizeof(struct sluice_record) + (batch->flags ? sizeof(batch->block) : 0);
	uint8_t *record = sluice_ring_reserve(batch->ring, (uint32_t)head + length);

	if (!record)
		return false;
	sluice_record_write(record, (uint32_t)head + length, SLUICE_RECORD_DATA, batch->flags,
			    batch->input, batch->time_ns);
	if (batch->flags)
		memcpy(record + sizeof(struct sluice_record), &batch->block, sizeof(batch->block));
	memcpy(record + head, bytes, length);
	sluice_ring_commit(batch->ring);
	batch->stored++;
	batch->stored_bytes += length;
	return true;
}

/*
 * Makes records of the first `count` messages of the scratch memory, for which there is room. One message is one
 * datagram, or as many of one sender as the kernel put together on the way (UDP_GRO): all of the same length but the
 * last, which may be shorter. Returns how many datagrams they were, and in *buffer adds their bytes of socket buffer.
 */
static unsigned int store(struct sluice_port *port, struct scratch *scratch, unsigned int count,
			  uint64_t *buffer)
{
	struct sluice_socket_counters *counters = &port->use.input->counters[port->worker->number];
	struct batch batch = {
		.ring = &port->use.stream->ring,
		.input = port->use.input->index,
		.flags = port->use.addresses ? SLUICE_RECORD_F_ADDRESS : 0,
	};
	unsigned int place, datagrams = 0;
	struct timespec now;

	/* One look at the clock for all: they came in within the batch delay. */
	clock_gettime(CLOCK_REALTIME, &now);
	batch.time_ns = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
	for (place = 0; place < count; place++) {
		struct msghdr *header = &scratch->messages[place].msg_hdr;
		const uint8_t *bytes = scratch->places[place].iov_base;
		uint32_t length = scratch->messages[place].msg_len;
		uint32_t cut = length, begin = 0, step;
		bool right = true;

		if (batch.flags)
			begin_block(port, &scratch->sources[place], &batch.block);
		if (header->msg_controllen)
			right = control_is_right(port, header, &cut, &batch.block);
		if (port->use.source.family != AF_UNSPEC)
			right &= source_is_right(port, &scratch->sources[place]);
		/* Once at least: a datagram may be empty. */
		do {
			step = length - begin < cut ? length - begin : cut;
			datagrams++;
			batch.buffer += step + OVERHEAD;
			/* No room cannot be: it was there for the largest. If it is, nobody shall wonder where they are. */
			if (right && !store_one(&batch, bytes + begin, step))
				lose(port, 1);
			begin += step;
		} while (begin < length);
	}
	sluice_count(&counters->stored, batch.stored);
	sluice_count(&counters->stored_bytes, batch.stored_bytes);
	*buffer += batch.buffer;
	return datagrams;
}

/* Receives up to as many messages as surely find room. Returns how many, 0 if there are none, -ENOBUFS if the ring is
 * full. */
static int receive(struct sluice_port *port, struct scratch *scratch, unsigned int *most)
{
	uint64_t room = sluice_ring_room(&port->use.stream->ring) / MESSAGE_SPAN_MAX;
	bool named = port->use.source.family != AF_UNSPEC || port->use.addresses;
	unsigned int place;
	int count;

	*most = room < BATCH ? (unsigned int)room : BATCH;
	if (!*most)
		return -ENOBUFS;
	for (place = 0; place < *most; place++) {
		struct msghdr *header = &scratch->messages[place].msg_hdr;

		header->msg_controllen = CONTROL;
		header->msg_name = named ? &scratch->sources[place] : NULL;
		header->msg_namelen = named ? sizeof(scratch->sources[place]) : 0;
	}
	do {
		count = recvmmsg(port->fd, scratch->messages, *most, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count >= 0)
		return count;
	return errno == EAGAIN ? 0 : -errno;
}

/* The longest that a socket may be left alone: what the configuration allows, less if its buffer is small. */
static uint64_t longest_rest(const struct sluice_port *port)
{
	uint64_t most = port->buffer / BUFFER_PER_US * SLUICE_NS_PER_US;

	return most < port->use.wait_most_ns ? most : port->use.wait_most_ns;
}

/* Chooses how long to rest after `buffer` bytes of socket buffer had gathered: long enough to gather many, short enough
 * that the buffer does not overflow. */
static void choose_rest(struct sluice_port *port, uint64_t buffer)
{
	if (buffer > port->buffer / 2)
		port->wait_ns /= 2;
	else if (buffer < port->buffer / 4)
		port->wait_ns = port->wait_ns < SLUICE_NS_PER_US * 50 ? SLUICE_NS_PER_US * 50
								      : 2 * port->wait_ns;
	if (port->wait_ns > longest_rest(port))
		port->wait_ns = longest_rest(port);
}

/* Nothing was there: let epoll say when there is. */
static void listen_again(struct sluice_port *port, uint64_t now)
{
	if (port->closing)
		return;
	if (sluice_worker_change_watch(port->worker, port->fd, EPOLLIN | EPOLLONESHOT,
				       &port->handler))
		sluice_worker_set_timer(port->worker, &port->timer, now + RETRY_NS);
}

bool sluice_port_drain(struct sluice_port *port, uint64_t now)
{
	struct scratch *scratch = scratch_of(port->worker);
	struct sluice_stream *stream = port->use.stream;
	unsigned int turn, most;
	unsigned int taken = 0;
	uint64_t buffer = 0;
	int count = 0;

	port->timer.at = 0;
	port->starved = false;
	for (turn = 0; scratch && turn < TURNS; turn++) {
		count = receive(port, scratch, &most);
		if (count <= 0)
			break;
		taken += store(port, scratch, (unsigned int)count, &buffer);
		if ((unsigned int)count < most)
			break;
	}
	if (buffer) {
		/* Losses are told of where they were, behind what the full buffer held; lesser ones when looked after. */
		port->touched = !port->closing;
		if (port->touched && buffer > port->buffer / 2) {
			port->touched = false;
			sluice_port_count_drops(port);
		}
		sluice_stream_notify(stream);
	}
	if (count == -ENOBUFS) {
		/* Datagrams stay in the socket's buffer; what does not fit there the kernel counts. */
		port->starved = true;
		stream->starved = true;
		/* With a disk that is a reason to make some. */
		stream->moved = true;
	} else if (count < 0 || !scratch) {
		sluice_worker_set_timer(port->worker, &port->timer, now + RETRY_NS);
	} else if (turn == TURNS) {
		sluice_worker_set_timer(port->worker, &port->timer, now + 1);
	} else if (!buffer) {
		listen_again(port, now);
		return true;
	} else {
		choose_rest(port, buffer);
		/* On a common beat, so that one wake serves all sockets of the worker. */
		if (port->wait_ns && taken >= FEW)
			sluice_worker_set_timer(port->worker, &port->timer,
						now + port->wait_ns - now % port->wait_ns);
		else
			listen_again(port, now);
		return true;
	}
	return false;
}

/* Epoll says that there is something. @context worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_port *port = (struct sluice_port *)handler;

	(void)events;
	if (port->closing)
		return;
	if (port->wait_ns)
		sluice_worker_set_timer(port->worker, &port->timer, now + port->wait_ns);
	else
		sluice_port_drain(port, now);
}

/* The rest is over. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_port *port =
		(struct sluice_port *)((char *)timer - offsetof(struct sluice_port, timer));

	sluice_port_drain(port, now);
}

int sluice_port_enter(struct sluice_port *port, struct sluice_worker *worker)
{
	int error;

	port->worker = worker;
	port->handler.ready = ready;
	port->timer.due = due;
	if (!scratch_of(worker))
		return -ENOMEM;
	error = sluice_worker_add_timer(worker, &port->timer);
	if (error)
		return error;
	error = sluice_worker_watch(worker, port->fd, EPOLLIN | EPOLLONESHOT, &port->handler);
	if (error)
		sluice_worker_remove_timer(worker, &port->timer);
	port->entered = !error;
	return error;
}

void sluice_port_shut(struct sluice_port *port)
{
	/* A filter that keeps nothing: the buffer can be emptied to the end although the sender goes on. */
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (port->closing)
		return;
	/* Before, because the socket counts what the filter refuses as well. */
	sluice_port_count_drops(port);
	if (setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		sluice_warning("port %u: the socket cannot be shut before it is emptied: %s",
			       port->key.port, strerror(errno));
	port->closing = true;
	port->touched = false;
}

void sluice_port_empty(struct sluice_port *port, uint64_t now)
{
	uint32_t left = 0, drains = 0;

	/* A drain stops after a few turns, and says that it wants to go on at once. Nothing comes in any more, unless the
	 * filter was refused: therefore the limits. */
	while (drains++ < EMPTYING_DRAINS && !sluice_port_drain(port, now) && port->timer.at &&
	       port->timer.at <= now + 1)
		;
	while (port->starved && left < EMPTYING_DATAGRAMS &&
	       recv(port->fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0)
		left++;
	if (!left)
		return;
	lose(port, left);
	sluice_warning("port %u: closed with %u datagrams in its buffer, because the ring is full",
		       port->key.port, left);
}

void sluice_port_free(struct sluice_port *port)
{
	if (!port)
		return;
	if (port->entered) {
		sluice_worker_unwatch(port->worker, port->fd);
		sluice_worker_remove_timer(port->worker, &port->timer);
	}
	if (port->fd >= 0)
		close(port->fd);
	free(port);
}

bool sluice_port_refill(struct sluice_stream *stream, uint64_t now)
{
	struct sluice_port_set *set = stream->source;
	uint64_t head = sluice_ring_head(&stream->ring);
	struct sluice_port *port;

	/* Not for every few bytes: a quarter of the ring is worth a batch. */
	if (!set || sluice_ring_room(&stream->ring) < (stream->ring.mask + 1) / 4)
		return false;
	/* Its ports may have another ring by now: what it did not find room to tell is told here. */
	stream->starved = !sluice_ring_tell(&stream->ring);
	if (sluice_ring_head(&stream->ring) != head)
		sluice_stream_notify(stream);
	for (port = set->ports; port; port = port->next)
		if (port->use.stream == stream && port->starved)
			sluice_port_drain(port, now);
	return sluice_ring_head(&stream->ring) != head;
}

void sluice_port_look_after(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_port_set *set = (struct sluice_port_set *)timer;
	struct sluice_port *port;
	uint64_t head;

	for (port = set->ports; port; port = port->next) {
		/* The last losses before a silence come with no datagram: nobody else would tell of them; nor of those
		 * of a port that waits for room, which may be for hours. What its buffer holds is older, and comes behind. */
		if ((port->touched || port->starved) && !port->closing) {
			port->touched = false;
			sluice_port_count_drops(port);
		}
		head = sluice_ring_head(&port->use.stream->ring);
		(void)sluice_ring_tell(&port->use.stream->ring);
		if (sluice_ring_head(&port->use.stream->ring) != head)
			sluice_stream_notify(port->use.stream);
	}
	sluice_worker_set_timer(set->worker, timer, now + LOOK_AFTER_NS);
}
