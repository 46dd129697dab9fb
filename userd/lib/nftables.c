// SPDX-License-Identifier: MIT
/*
 * Changes of the firewall; see nftables.h. The kernel works a message off before send() comes back
 * (nfnetlink_rcv()), so its answers are there then. Touches: a netlink socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "nftables.h"

/* More than any answer needs: they are without what they answer (NETLINK_CAP_ACK), and the kernel's
 * words about it are short. */
#define ANSWER_MAX 8192

struct sluice_nftables {
	int fd;
	uint8_t *bytes; /* the change under way */
	size_t length, room;
	size_t last; /* where its last message begins */
	int error;   /* of what was added */
};

/* Opens the socket. It, or a negative errno. */
static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), yes = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof(yes));
	return fd;
}

struct sluice_nftables *sluice_nftables_open(int *error)
{
	struct sluice_nftables *result = calloc(1, sizeof(*result));

	*error = -ENOMEM;
	if (!result)
		return NULL;
	result->fd = open_socket();
	if (result->fd >= 0)
		return result;
	*error = result->fd;
	free(result);
	return NULL;
}

void sluice_nftables_close(struct sluice_nftables *nftables)
{
	if (!nftables)
		return;
	close(nftables->fd);
	free(nftables->bytes);
	free(nftables);
}

/* Reads answers until one is a refusal, or that of message `sequence`. 0 or a negative errno. */
static int read_answers(int fd, uint32_t sequence)
{
	uint8_t bytes[ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header;
	const struct nlmsgerr *answer;
	ssize_t got;
	int left;

	for (;;) {
		got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN ? -EPROTO : -errno;
		header = (const struct nlmsghdr *)(const void *)bytes;
		left = (int)got;
		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			/* What was asked for. */
			if (header->nlmsg_type != NLMSG_ERROR) {
				if (header->nlmsg_seq == sequence)
					return 0;
				continue;
			}
			if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)))
				return -EPROTO;
			answer = (const struct nlmsgerr *)NLMSG_DATA(header);
			if (answer->error || header->nlmsg_seq == sequence)
				return answer->error;
		}
	}
}

/* Throws away what answers are left. */
static void drain(int fd)
{
	uint8_t bytes[ANSWER_MAX];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
		;
}

int sluice_nftables_probe(void)
{
	const struct {
		struct nlmsghdr header;
		struct nfgenmsg general;
	} question = {
		.header = {.nlmsg_len = sizeof(question),
			   .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			   .nlmsg_seq = 1},
		.general = {.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0},
	};
	int fd = open_socket(), result;

	if (fd < 0)
		return fd;
	result = send(fd, &question, sizeof(question), 0) < 0 ? -errno : read_answers(fd, 1);
	close(fd);
	return result;
}

/* Makes room for `more` bytes. 0 or -ENOMEM. */
static int make_room(struct sluice_nftables *nftables, size_t more)
{
	size_t room = nftables->room ? nftables->room : 4096;
	uint8_t *larger;

	while (room - nftables->length < more)
		room *= 2;
	if (room == nftables->room)
		return 0;
	larger = realloc(nftables->bytes, room);
	if (!larger)
		return -ENOMEM;
	nftables->bytes = larger;
	nftables->room = room;
	return 0;
}

/* Makes a message of any type. NULL: no memory. @owner caller */
static struct nl_msg *make(int type, int flags, uint8_t family, uint16_t resource)
{
	const struct nfgenmsg general = {
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
	struct nl_msg *message = nlmsg_alloc();
	struct nlmsghdr *header =
		message ? nlmsg_put(message, 0, 0, type, sizeof(general), flags) : NULL;

	if (header) {
		memcpy(nlmsg_data(header), &general, sizeof(general));
		return message;
	}
	nlmsg_free(message);
	return NULL;
}

struct nl_msg *sluice_nftables_message(int type, int flags)
{
	return make(NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_REQUEST | flags, NFPROTO_INET, 0);
}

/* Adds the bytes of a message, which is freed. */
static void append(struct sluice_nftables *nftables, struct nl_msg *message, bool good)
{
	struct nlmsghdr *header = message ? nlmsg_hdr(message) : NULL;
	size_t length = header ? NLMSG_ALIGN(header->nlmsg_len) : 0;

	if (!nftables->error && (!good || !header || make_room(nftables, length)))
		nftables->error = -ENOMEM;
	if (!nftables->error) {
		header->nlmsg_seq = (uint32_t)nftables->length;
		memset(nftables->bytes + nftables->length, 0, length);
		memcpy(nftables->bytes + nftables->length, header, header->nlmsg_len);
		nftables->last = nftables->length;
		nftables->length += length;
	}
	nlmsg_free(message);
}

void sluice_nftables_add(struct sluice_nftables *nftables, struct nl_msg *message, bool good)
{
	if (!nftables->length)
		append(nftables,
		       make(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, AF_UNSPEC, NFNL_SUBSYS_NFTABLES),
		       true);
	append(nftables, message, good);
}

int sluice_nftables_commit(struct sluice_nftables *nftables)
{
	struct nlmsghdr last;
	int result, size;

	if (!nftables->length)
		return nftables->error;
	/* The last one is acknowledged: refusals come before that. */
	memcpy(&last, nftables->bytes + nftables->last, sizeof(last));
	last.nlmsg_flags |= NLM_F_ACK;
	memcpy(nftables->bytes + nftables->last, &last, sizeof(last));
	append(nftables, make(NFNL_MSG_BATCH_END, NLM_F_REQUEST, AF_UNSPEC, NFNL_SUBSYS_NFTABLES),
	       true);
	result = nftables->error;
	/* A change is one message of the socket; the kernel's own bookkeeping counts, too. */
	size = nftables->length < INT32_MAX / 4 ? (int)nftables->length * 2 + 4096 : INT32_MAX / 2;
	(void)setsockopt(nftables->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (!result && send(nftables->fd, nftables->bytes, nftables->length, 0) < 0)
		result = -errno;
	if (!result)
		result = read_answers(nftables->fd, last.nlmsg_seq);
	drain(nftables->fd);
	nftables->length = 0;
	nftables->error = 0;
	return result;
}
