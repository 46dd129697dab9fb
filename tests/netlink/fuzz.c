// SPDX-License-Identifier: MIT
/*
 * Mutated netlink messages for the module, many a second: netlink-fuzz [MESSAGES [SEED]]. Each is a
 * valid request in which bits, lengths, types or whole attributes were changed, or nothing was;
 * several go in one system call. Knows nothing of the product but uapi/sluice/netlink.h. Works in
 * network namespaces of its own, a new one after every ROUND messages: what came to be dies with
 * the old one. Touches nothing else. Ends with one line of what was sent and how many answers were
 * "done" and "refused".
 */
#include <errno.h>
#include <sched.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sluice/netlink.h>

#define MESSAGE_MAX 1024U			  /* of one message */
#define ROUND 20000U				  /* messages in one namespace */
#define BATCH 16U				  /* messages in one system call */
#define GUID_SPAN (NLA_HDRLEN + SLUICE_GUID_SIZE) /* of the attribute that comes first */
/* routes and rules that can come to be: few, so that their rings fit into the machine */
#define GUIDS 4U
#define ANSWERS_ROOM (1 << 20)

/* What is being put together, and what came back. */
struct fuzz {
	int socket;
	uint16_t family;
	uint32_t sequence;
	uint64_t state; /* of the random numbers */
	uint64_t done;
	uint64_t refused;
	size_t length; /* of the message being made */
	size_t room;
	uint8_t *message;
};

/* A random number (xorshift64*, Vigna 2016). */
static uint64_t chance(struct fuzz *fuzz)
{
	fuzz->state ^= fuzz->state >> 12;
	fuzz->state ^= fuzz->state << 25;
	fuzz->state ^= fuzz->state >> 27;
	return fuzz->state * 0x2545f4914f6cdd1dULL;
}

/* A random number below `limit`, which is not 0. */
static uint32_t below(struct fuzz *fuzz, uint32_t limit)
{
	return (uint32_t)(chance(fuzz) >> 33) % limit;
}

/* Adds an attribute, if it still fits. */
static void put(struct fuzz *fuzz, uint16_t type, const void *value, size_t length)
{
	struct nlattr header = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
	size_t span = NLA_ALIGN(NLA_HDRLEN + length);

	if (span > fuzz->room - fuzz->length)
		return;
	memset(fuzz->message + fuzz->length, 0, span);
	memcpy(fuzz->message + fuzz->length, &header, sizeof(header));
	if (length)
		memcpy(fuzz->message + fuzz->length + NLA_HDRLEN, value, length);
	fuzz->length += span;
}

/* Adds one of few GUIDs, so that some of them name what is there. */
static void put_guid(struct fuzz *fuzz, uint16_t type)
{
	uint8_t guid[SLUICE_GUID_SIZE] = {0x5f};

	guid[15] = (uint8_t)below(fuzz, GUIDS);
	put(fuzz, type, guid, sizeof(guid));
}

static void put_request(struct fuzz *fuzz, uint8_t command);

/* Adds rules that come and go in one step. */
static void put_exchange(struct fuzz *fuzz)
{
	uint32_t rules = below(fuzz, 4);
	struct nlattr nest;
	size_t begin;

	while (rules--) {
		begin = fuzz->length;
		put(fuzz, SLUICE_A_RULE | NLA_F_NESTED, NULL, 0);
		if (fuzz->length == begin)
			break;
		put_request(fuzz, SLUICE_CMD_RULE_SET);
		if (below(fuzz, 2))
			put_guid(fuzz, SLUICE_A_RULE_CONTINUES);
		nest.nla_len = (uint16_t)(fuzz->length - begin);
		nest.nla_type = SLUICE_A_RULE | NLA_F_NESTED;
		memcpy(fuzz->message + begin, &nest, sizeof(nest));
	}
	for (rules = below(fuzz, 3); rules; rules--)
		put_guid(fuzz, SLUICE_A_RULE_GONE);
}

/* Adds the attributes of a right request for `command`. */
static void put_request(struct fuzz *fuzz, uint8_t command)
{
	struct sluice_port_range range = {.first = (uint16_t)(1 + below(fuzz, 20000))};
	uint64_t ring_size = SLUICE_GUID_SIZE << 14; /* 256 KiB, the smallest */
	uint32_t watermark = 1 + below(fuzz, 4096), flags = below(fuzz, 8);
	uint16_t input = (uint16_t)below(fuzz, 9);
	uint8_t address[4] = {10, 9, 0, (uint8_t)below(fuzz, 255)}, prefix = 32;
	uint8_t verdict = (uint8_t)below(fuzz, 2), alarm = (uint8_t)below(fuzz, 101);
	/* Seldom: the first and the last rule at a hook wait for all who might run it. */
	uint8_t hook = below(fuzz, 64) ? SLUICE_HOOK_PREROUTING : SLUICE_HOOK_LOCAL_IN;

	switch (command) {
	case SLUICE_CMD_ROUTE_SET:
		put_guid(fuzz, SLUICE_A_ROUTE_ID);
		put(fuzz, SLUICE_A_ROUTE_NAME, "fuzz", 5);
		put(fuzz, SLUICE_A_ROUTE_RING_SIZE, &ring_size, sizeof(ring_size));
		put(fuzz, SLUICE_A_ROUTE_WATERMARK, &watermark, sizeof(watermark));
		put(fuzz, SLUICE_A_ROUTE_DELAY, &watermark, sizeof(watermark));
		put(fuzz, SLUICE_A_ROUTE_ALARM, &alarm, sizeof(alarm));
		put(fuzz, SLUICE_A_ROUTE_PROMPT, &verdict, sizeof(verdict));
		break;
	case SLUICE_CMD_RULE_SET:
		range.last = (uint16_t)(range.first + below(fuzz, 3));
		put_guid(fuzz, SLUICE_A_RULE_ID);
		put_guid(fuzz, SLUICE_A_RULE_ROUTE);
		put(fuzz, SLUICE_A_RULE_NAME, "fuzz", 5);
		put(fuzz, SLUICE_A_RULE_INPUT, &input, sizeof(input));
		put(fuzz, SLUICE_A_RULE_PORTS, &range, sizeof(range));
		put(fuzz, SLUICE_A_RULE_SOURCE, address, sizeof(address));
		put(fuzz, SLUICE_A_RULE_SOURCE_LEN, &prefix, sizeof(prefix));
		put(fuzz, SLUICE_A_RULE_INTERFACE, "lo", 3);
		put(fuzz, SLUICE_A_RULE_VERDICT, &verdict, sizeof(verdict));
		put(fuzz, SLUICE_A_RULE_FLAGS, &flags, sizeof(flags));
		put(fuzz, SLUICE_A_RULE_HOOK, &hook, sizeof(hook));
		break;
	case SLUICE_CMD_RULES_EXCHANGE:
		put_exchange(fuzz);
		break;
	case SLUICE_CMD_ROUTE_DEL:
	case SLUICE_CMD_ROUTE_GET:
		put_guid(fuzz, SLUICE_A_ROUTE_ID);
		break;
	default:
		put_guid(fuzz, SLUICE_A_RULE_ID);
		break;
	}
}

/* Spoils the attributes, which begin at `from`. */
static void mutate(struct fuzz *fuzz, size_t from)
{
	uint8_t bytes[64];
	uint32_t turn, turns = 1 + below(fuzz, 3);
	size_t at;

	for (turn = 0; turn < turns; turn++) {
		at = from +
		     (fuzz->length > from ? below(fuzz, (uint32_t)(fuzz->length - from)) : 0);
		switch (below(fuzz, 5)) {
		case 0: /* a bit */
			if (at < fuzz->length)
				fuzz->message[at] ^= (uint8_t)(1U << below(fuzz, 8));
			break;
		case 1: /* a byte, often an extreme */
			if (at < fuzz->length)
				fuzz->message[at] = below(fuzz, 2) ? 0xff : (uint8_t)chance(fuzz);
			break;
		case 2: /* cut off */
			fuzz->length = at;
			break;
		default: /* one more attribute, of whatever kind */
			for (at = 0; at < sizeof(bytes); at += sizeof(uint64_t)) {
				uint64_t word = chance(fuzz);

				memcpy(bytes + at, &word, sizeof(word));
			}
			put(fuzz,
			    (uint16_t)(below(fuzz, 8) ? below(fuzz, SLUICE_A_MAX + 3)
						      : chance(fuzz)),
			    bytes, below(fuzz, 4) ? below(fuzz, 20) : below(fuzz, sizeof(bytes)));
			break;
		}
	}
}

/* Makes one message at `bytes`, which has room for MESSAGE_MAX. Returns how long it is, padded. */
static size_t make(struct fuzz *fuzz, uint8_t *bytes)
{
	static const uint16_t flags[] = {0, NLM_F_CREATE, NLM_F_CREATE | NLM_F_EXCL, NLM_F_REPLACE};
	/* Right changes cost a grace period each: seldom. */
	bool is_right = below(fuzz, 200) == 0;
	uint8_t drawn = (uint8_t)(1 + below(fuzz, SLUICE_CMD_STREAM_EVENT + 1));
	uint8_t command = drawn > SLUICE_CMD_STREAM_EVENT ? SLUICE_CMD_RULES_EXCHANGE : drawn;
	struct genlmsghdr command_header = {.cmd = command, .version = SLUICE_GENL_VERSION};
	struct nlmsghdr header = {
		.nlmsg_type = fuzz->family,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags[below(fuzz, 4)]),
		.nlmsg_seq = ++fuzz->sequence,
	};

	fuzz->message = bytes;
	fuzz->room = MESSAGE_MAX;
	fuzz->length = NLMSG_HDRLEN + GENL_HDRLEN;
	put_request(fuzz, command);
	if (!is_right) {
		/* A route of another GUID costs memory and time when it goes: seldom. */
		mutate(fuzz, NLMSG_HDRLEN + GENL_HDRLEN +
				     (command == SLUICE_CMD_ROUTE_SET && below(fuzz, 50) ? GUID_SPAN
											 : 0));
		if (below(fuzz, 10) == 0)
			command_header.cmd = (uint8_t)chance(fuzz);
		if (below(fuzz, 50) == 0)
			header.nlmsg_flags = (uint16_t)(chance(fuzz) & ~NLM_F_DUMP) | NLM_F_REQUEST;
	}
	header.nlmsg_len = (uint32_t)fuzz->length;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + NLMSG_HDRLEN, &command_header, sizeof(command_header));
	while (fuzz->length % NLMSG_ALIGNTO)
		bytes[fuzz->length++] = 0;
	return fuzz->length;
}

/* Reads the answers that are there, and counts them. `family`: takes the number of the family out
 * of one. */
static void answers(struct fuzz *fuzz, int flags, uint16_t *family)
{
	static uint8_t bytes[1 << 16];
	struct nlmsghdr *header;
	ssize_t got;
	int left;

	while ((got = recv(fuzz->socket, bytes, sizeof(bytes), flags)) > 0) {
		left = (int)got;
		for (header = (void *)bytes; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			struct nlattr *attribute =
				(void *)((uint8_t *)NLMSG_DATA(header) + GENL_HDRLEN);
			const uint8_t *end = (uint8_t *)header + header->nlmsg_len;

			if (header->nlmsg_type == NLMSG_ERROR) {
				int error = *(int *)NLMSG_DATA(header);

				fuzz->done += error == 0;
				fuzz->refused += error != 0;
			}
			if (!family || header->nlmsg_type != GENL_ID_CTRL)
				continue;
			while ((uint8_t *)attribute + NLA_HDRLEN <= end && attribute->nla_len) {
				if (attribute->nla_type == CTRL_ATTR_FAMILY_ID)
					memcpy(family, (uint8_t *)attribute + NLA_HDRLEN,
					       sizeof(*family));
				attribute = (void *)((uint8_t *)attribute +
						     NLA_ALIGN(attribute->nla_len));
			}
		}
		if (family)
			return;
	}
}

/* Sends what lies in `bytes`. False: it could not be sent. */
static bool transmit(struct fuzz *fuzz, const uint8_t *bytes, size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return sendto(fuzz->socket, bytes, length, 0, (struct sockaddr *)&kernel, sizeof(kernel)) ==
	       (ssize_t)length;
}

/* Asks for the family's number. False: the module is not there. */
static bool resolve(struct fuzz *fuzz)
{
	uint8_t bytes[MESSAGE_MAX];
	struct nlmsghdr header = {.nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST};
	struct genlmsghdr command = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};

	fuzz->message = bytes;
	fuzz->room = sizeof(bytes);
	fuzz->length = NLMSG_HDRLEN + GENL_HDRLEN;
	put(fuzz, CTRL_ATTR_FAMILY_NAME, SLUICE_GENL_NAME, sizeof(SLUICE_GENL_NAME));
	header.nlmsg_len = (uint32_t)fuzz->length;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + NLMSG_HDRLEN, &command, sizeof(command));
	fuzz->message = NULL;
	if (!transmit(fuzz, bytes, fuzz->length))
		return false;
	answers(fuzz, 0, &fuzz->family);
	return fuzz->family != 0;
}

/* Leaves the namespace, and all that was made there, for a new one. False: not root, or the module
 * is not there. */
static bool begin_round(struct fuzz *fuzz)
{
	const int room = ANSWERS_ROOM, on = 1;

	if (fuzz->socket >= 0)
		close(fuzz->socket);
	if (unshare(CLONE_NEWNET))
		return false;
	fuzz->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fuzz->socket < 0 || !resolve(fuzz))
		return false;
	setsockopt(fuzz->socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fuzz->socket, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fuzz->socket, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return true;
}

int main(int argc, char **argv)
{
	static uint8_t bytes[BATCH * MESSAGE_MAX];
	uint64_t messages = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000, sent = 0;
	struct fuzz fuzz = {.state = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261121,
			    .socket = -1};
	uint32_t number;
	size_t length;

	if (!fuzz.state || !messages) {
		fputs("usage: netlink-fuzz [MESSAGES [SEED]]\n", stderr);
		return 2;
	}
	while (sent < messages) {
		if (sent % ROUND == 0 && !begin_round(&fuzz)) {
			fputs("netlink-fuzz: the module does not answer; be root, and modprobe "
			      "sluice\n",
			      stderr);
			return 1;
		}
		for (length = 0, number = 0; number < BATCH && sent < messages; number++, sent++)
			length += make(&fuzz, bytes + length);
		if (!transmit(&fuzz, bytes, length)) {
			fprintf(stderr, "netlink-fuzz: after %llu: %s\n", (unsigned long long)sent,
				strerror(errno));
			return 1;
		}
		answers(&fuzz, MSG_DONTWAIT, NULL);
	}
	close(fuzz.socket);
	printf("RESULT messages=%llu done=%llu refused=%llu\n", (unsigned long long)sent,
	       (unsigned long long)fuzz.done, (unsigned long long)fuzz.refused);
	/* Something right among them must have been taken, or nothing was tested. */
	return fuzz.refused > 0 && fuzz.done > 0 ? 0 : 1;
}
