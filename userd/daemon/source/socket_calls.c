// SPDX-License-Identifier: MIT
/*
 * Reading a socket with calls, see socket_calls.h. Between the kernel's socket buffer and
 * the ring. Touches: the socket, what the worker has in hand (socket_hand.h), the ring's
 * producer side.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "../../lib/log.h"
#include "socket_calls.h"
#include "socket_count.h"
#include "socket_hand.h"

/* So many datagrams are asked for where few came. */
#define FEW 8U
/* What a small datagram occupies of a socket's buffer beside its bytes (sk_buff and its head: 768
 * on x86-64, more with some drivers). */
#define OVERHEAD 1024U

/* What a message's control messages tell: of which length its datagrams are, where it went and how
 * it came. */
struct note {
	uint32_t segment; /* 0: it is one datagram */
	uint32_t interface;
	int family; /* of `destination`; AF_UNSPEC: not told */
	bool is_for_many;
	uint8_t destination[16];
};

/* The address that an IPv6 one stands for, which may be an IPv4 one (RFC 4291 section 2.5.5.2). */
static const uint8_t *unmap(const struct in6_addr *address, int *family)
{
	*family = IN6_IS_ADDR_V4MAPPED(address) ? AF_INET : AF_INET6;
	return address->s6_addr + (*family == AF_INET ? 12 : 0);
}

/* Reads a message's control messages. */
static void read_control(struct msghdr *header, struct note *note)
{
	struct cmsghdr *message;
	int size;

	memset(note, 0, sizeof(*note));
	for (message = CMSG_FIRSTHDR(header); message; message = CMSG_NXTHDR(header, message)) {
		if (message->cmsg_level == SOL_UDP && message->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(message), sizeof(size));
			if (size > 0)
				note->segment = (uint32_t)size;
		} else if (message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(message), sizeof(info));
			note->family = AF_INET;
			memcpy(note->destination, &info.ipi_addr, sizeof(info.ipi_addr));
			note->interface = (uint32_t)info.ipi_ifindex;
			/* The address to answer from is another one then. */
			note->is_for_many |= info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
		} else if (message->cmsg_level == IPPROTO_IPV6 &&
			   message->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			const uint8_t *address;

			memcpy(&info, CMSG_DATA(message), sizeof(info));
			address = unmap(&info.ipi6_addr, &note->family);
			memcpy(note->destination, address, note->family == AF_INET ? 4 : 16);
			note->interface = info.ipi6_ifindex;
			note->is_for_many |= IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
		}
	}
}

/* Puts together what the sender's address and the control messages tell. */
static void gather(const struct sockaddr_in6 *source, const struct note *note,
		   struct sluice_socket_facts *facts)
{
	facts->source_port = ntohs(source->sin6_port); /* where sin_port is, too */
	facts->interface = note->interface;
	facts->is_for_many = note->is_for_many;
	if (source->sin6_family == AF_INET) {
		facts->family = AF_INET;
		facts->source = (const uint8_t *)&((const struct sockaddr_in *)source)->sin_addr;
	} else {
		facts->source = unmap(&source->sin6_addr, &facts->family);
	}
	facts->destination = note->family == facts->family ? note->destination : NULL;
}

/* Makes a record of message `place` of what is in hand, of which `*claim` may be another input's
 * than the one before; of how many datagrams. `closely`: its way is measured (lib/cost.h). */
static inline __attribute__((always_inline)) uint32_t
store_one(const struct sluice_port *port, struct sluice_socket_batch *batch,
	  struct sluice_socket_hand *hand, unsigned int place, struct sluice_socket_claim **claim,
	  bool closely)
{
	struct msghdr *header = &hand->messages[place].msg_hdr;
	struct sluice_socket_facts facts;
	struct note note = {0};
	uint32_t datagrams;

	if (closely)
		sluice_cost_look();
	if (header->msg_controllen)
		read_control(header, &note);
	if (!port->use->is_plain) {
		gather(&hand->sources[place], &note, &facts);
		*claim = sluice_socket_batch_claim(batch, &facts);
	}
	if (closely)
		sluice_cost_near(SLUICE_COST_MATCH, *claim ? &(*claim)->counters->cost : NULL);
	datagrams = sluice_socket_batch_store(batch, *claim, hand->places[place].iov_base,
					      hand->messages[place].msg_len, note.segment);
	if (closely)
		sluice_cost_near(SLUICE_COST_STORE, NULL);
	return datagrams;
}

/*
 * Makes records of messages `first` to `end` of what is in hand, for which there is room. Returns
 * how many datagrams beyond the first of their message they were.
 */
static uint64_t store(struct sluice_port *port, struct sluice_socket_batch *batch,
		      struct sluice_socket_hand *hand, unsigned int first, unsigned int end,
		      struct sluice_port_take *take)
{
	struct sluice_socket_claim *claim = &port->use->claims[0];
	unsigned int look = sluice_cost_first_look(), place;
	uint64_t beyond = 0;
	uint32_t datagrams;

	sluice_socket_batch_turn(batch, port);
	for (place = first; place < end; place++) {
		if (place != look) {
			datagrams = store_one(port, batch, hand, place, &claim, false);
		} else {
			datagrams = store_one(port, batch, hand, place, &claim, true);
			look += SLUICE_COST_NEAR;
		}
		take->datagrams += datagrams;
		take->buffer += hand->messages[place].msg_len + (uint64_t)datagrams * OVERHEAD;
		beyond += datagrams - 1;
		sluice_socket_hand_note(hand, place + 1);
	}
	sluice_cost_near_end();
	sluice_socket_hand_end(hand);
	return beyond;
}

/* Receives up to as many messages as surely find room, `waiting` if that is known. Returns how
 * many, 0 if there are none, -ENOBUFS if the ring is full. */
static int receive(struct sluice_port *port, struct sluice_socket_hand *hand, uint64_t waiting,
		   unsigned int *most)
{
	uint64_t room = sluice_port_room(port);
	bool named = !port->use->is_plain;
	unsigned int place;
	int count, error;

	*most = port->expected > FEW ? port->expected : FEW;
	if (waiting)
		*most = waiting < SLUICE_HAND_BATCH ? (unsigned int)waiting : SLUICE_HAND_BATCH;
	if (room < *most)
		*most = (unsigned int)room;
	if (!*most)
		return -ENOBUFS;
	for (place = 0; place < *most; place++) {
		struct msghdr *header = &hand->messages[place].msg_hdr;

		header->msg_controllen = SLUICE_HAND_CONTROL;
		header->msg_name = named ? &hand->sources[place] : NULL;
		header->msg_namelen = named ? sizeof(hand->sources[place]) : 0;
	}
	sluice_socket_hand_begin(hand, port, *most);
	do {
		/* Also for one: of recvmsg(2) only who lives to see it return knows the length. */
		count = recvmmsg(port->fd, hand->messages, *most, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count > 0)
		return count;
	error = count ? -errno : 0;
	sluice_socket_hand_end(hand);
	/* No room in the file: the socket counts that one as lost, and no other will be. */
	if (error == -EFAULT && !sluice_socket_hand_leave_file(port->worker))
		return 0;
	return error == -EAGAIN ? 0 : error;
}

int sluice_socket_calls_enter(struct sluice_worker *worker)
{
	return sluice_socket_hand_of(worker) ? 0 : -ENOMEM;
}

/* Chooses how many to ask for next time: preparing a place costs something, and a second call
 * more. */
static void expect(struct sluice_port *port, unsigned int count, unsigned int most)
{
	port->expected = count == most ? 4 * most : count + count / 2;
	if (port->expected > SLUICE_HAND_BATCH)
		port->expected = SLUICE_HAND_BATCH;
}

int sluice_socket_calls_take(struct sluice_port *port, struct sluice_socket_batch *batch,
			     struct sluice_port_take *take)
{
	struct sluice_socket_hand *hand = sluice_socket_hand_of(port->worker);
	struct sluice_socket_came came = sluice_socket_count_came(port->count);
	struct sluice_cost_mark before;
	uint64_t waiting = sluice_socket_count_waiting(port->count, &came), beyond;
	unsigned int most;
	int count;

	if (!hand)
		return -ENOMEM;
	/* Its first input's, unless a datagram is looked at closely. */
	before = sluice_cost_enter(SLUICE_COST_RECEIVE, &port->use->claims[0].counters->cost);
	count = receive(port, hand, waiting, &most);
	sluice_cost_leave(before);
	if (count < 0)
		return count;
	expect(port, (unsigned int)count, most);
	before = sluice_cost_enter(SLUICE_COST_STORE, NULL);
	if (count) {
		beyond = store(port, batch, hand, 0, (unsigned int)count, take);
		sluice_socket_count_take(port->count, (uint64_t)count, beyond);
	}
	sluice_cost_leave(before);
	/* All that was in it when it was counted has been read: a call that finds nothing would be
	 * half of the cost where one datagram came. What came later is an edge of its own. */
	if ((unsigned int)count == most && (!waiting || (uint64_t)count < waiting))
		return 1;
	sluice_socket_count_note(port->count, &came);
	return 0;
}

void sluice_socket_calls_recover(struct sluice_port *port, bool any)
{
	struct sluice_port_take take = {0};
	struct sluice_socket_batch batch;
	struct sluice_socket_hand *hand;
	unsigned int first;

	while ((hand = sluice_socket_hand_take(port, any))) {
		first = hand->done;
		sluice_socket_batch_begin(&batch);
		(void)store(port, &batch, hand, first, first + sluice_socket_hand_count(hand),
			    &take);
		sluice_socket_batch_end(&batch);
		sluice_socket_hand_free(hand);
	}
	if (take.datagrams)
		sluice_notice_about(SLUICE_ABOUT(.port = SLUICE_NUMBER(port->key.port),
						 .datagrams = SLUICE_NUMBER(take.datagrams)),
				    "port %u: %u datagrams that a sluiced which is dead had in "
				    "hand are stored",
				    port->key.port, take.datagrams);
}

uint32_t sluice_socket_calls_discard(struct sluice_port *port, uint32_t most)
{
	uint8_t control[SLUICE_HAND_CONTROL] __attribute__((aligned(8)));
	uint32_t count = 0, datagrams;
	struct note note;
	ssize_t length;

	while (count < most) {
		struct msghdr header = {.msg_control = control, .msg_controllen = sizeof(control)};

		length = recvmsg(port->fd, &header, MSG_DONTWAIT | MSG_TRUNC);
		if (length < 0)
			break;
		read_control(&header, &note);
		datagrams = note.segment ? ((uint32_t)length + note.segment - 1) / note.segment : 1;
		sluice_socket_count_take(port->count, 1, datagrams - 1);
		count += datagrams;
	}
	return count;
}
