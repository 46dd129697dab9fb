// SPDX-License-Identifier: MIT
/*
 * What comes back of datagrams: ICMP messages, which the kernel puts into the socket's queue of
 * errors. They are counted and told; that nobody is there ends the connection, so that the rest
 * waits. See udp.h. In the connection's worker. Touches: the connection, its socket, the log.
 */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "udp.h"

/* The log is told once in so long. */
#define TELL_NS (60 * SLUICE_NS_PER_S)
/* Messages that are read at once; what is left the next look reads. */
#define READS 256U

/* What was read. */
struct heard {
	uint64_t came_back; /* datagrams that did not get there */
	int error;	    /* errno of one after which the others would not either; 0: none */
};

/* Notes one message of the queue. */
static void note(struct heard *heard, const struct sock_extended_err *message)
{
	/* What is too long for an interface of our own the write has said. */
	if (message->ee_origin != SO_EE_ORIGIN_ICMP && message->ee_origin != SO_EE_ORIGIN_ICMP6)
		return;
	heard->came_back++;
	/* Too long for the way: shorter ones, and from now on fragments, get there. */
	if (message->ee_errno != EMSGSIZE)
		heard->error = (int)message->ee_errno;
}

/* Reads the queue of errors. */
static struct heard read_errors(int fd)
{
	struct heard heard = {0};
	unsigned int turn;

	for (turn = 0; turn < READS; turn++) {
		union {
			struct cmsghdr align;
			uint8_t bytes[256];
		} control;
		struct msghdr message = {.msg_control = control.bytes,
					 .msg_controllen = sizeof(control.bytes)};
		struct cmsghdr *head;

		if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		for (head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
			struct sock_extended_err error;

			if (!((head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_RECVERR) ||
			      (head->cmsg_level == IPPROTO_IPV6 &&
			       head->cmsg_type == IPV6_RECVERR)) ||
			    head->cmsg_len < CMSG_LEN(sizeof(error)))
				continue;
			memcpy(&error, CMSG_DATA(head), sizeof(error));
			note(&heard, &error);
		}
	}
	return heard;
}

/* Why a connection ends with `error`. */
static const char *words_for(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "nobody listens there (ICMP port unreachable)";
	case EHOSTUNREACH:
	case ENETUNREACH:
		return "datagrams do not get there";
	default:
		return "writing to it failed";
	}
}

void sluice_udp_tell(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_udp *udp = connection->own;
	char name[SLUICE_CONNECTION_NAME];

	if (udp->told == udp->unanswered || (udp->told_at && now - udp->told_at < TELL_NS))
		return;
	sluice_notice_about(SLUICE_ABOUT_CONNECTION(connection),
			    "%s: at least %llu datagram%s since the start came to nobody, says "
			    "ICMP; UDP has no "
			    "acknowledgement, so they are not sent again",
			    sluice_connection_name(connection, name),
			    (unsigned long long)udp->unanswered, udp->unanswered == 1 ? "" : "s");
	udp->told = udp->unanswered;
	udp->told_at = now ? now : 1;
}

/* Counts what came back; what is held is not among it, because it is sent again. Returns why others
 * would come back as well: an errno, or 0. */
static int take_errors(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_udp *udp = connection->own;
	struct heard heard = read_errors(connection->fd);

	if (heard.error && udp->is_held)
		heard.came_back = 0;
	udp->unanswered += heard.came_back;
	sluice_count(&connection->counters.unconfirmed, heard.came_back);
	if (heard.came_back)
		sluice_udp_tell(connection, now);
	return heard.error;
}

bool sluice_udp_hear(struct sluice_connection *connection, uint64_t now)
{
	int error = take_errors(connection, now);

	if (error)
		sluice_gate_shut(sluice_target_gate(connection->target), now);
	if (error)
		sluice_connection_lose(connection, words_for(error), error, now);
	return error != 0;
}

void sluice_udp_fail(struct sluice_connection *connection, int error, uint64_t now)
{
	int said = take_errors(connection, now);

	sluice_gate_shut(sluice_target_gate(connection->target), now);
	if (said)
		error = said;
	sluice_connection_lose(connection, words_for(error), error, now);
}
