// SPDX-License-Identifier: MIT
/*
 * Packets of a take-over; see wire.h. Touches: the socket.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "wire.h"

int sluice_handover_send(int fd, struct sluice_handover_packet *packet)
{
	char ancillary[CMSG_SPACE(sizeof(packet->fds))] __attribute__((aligned(8)));
	struct iovec parts[2] = {{&packet->head, sizeof(packet->head)},
				 {packet->text, packet->head.length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	size_t bytes = packet->head.count * sizeof(packet->fds[0]);
	struct cmsghdr *part;

	if (packet->head.count > SLUICE_HANDOVER_FDS || packet->head.length > SLUICE_HANDOVER_TEXT)
		return -EINVAL;
	packet->head.magic = SLUICE_HANDOVER_MAGIC;
	packet->head.version = SLUICE_HANDOVER_VERSION;
	packet->head.least = SLUICE_HANDOVER_LEAST;
	if (bytes) {
		memset(ancillary, 0, sizeof(ancillary));
		message.msg_control = ancillary;
		message.msg_controllen = CMSG_SPACE(bytes);
		part = CMSG_FIRSTHDR(&message);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(part), packet->fds, bytes);
	}
	while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

int sluice_handover_say(int fd, enum sluice_handover_word word, const char *text)
{
	struct sluice_handover_packet *packet = calloc(1, sizeof(*packet));
	int result;

	if (!packet)
		return -ENOMEM;
	packet->head.word = (uint16_t)word;
	(void)snprintf(packet->text, sizeof(packet->text), "%s", text ? text : "");
	packet->head.length = (uint32_t)strlen(packet->text);
	result = sluice_handover_send(fd, packet);
	free(packet);
	return result;
}

void sluice_handover_drop(struct sluice_handover_packet *packet)
{
	while (packet->head.count)
		close(packet->fds[--packet->head.count]);
}

/* Takes the descriptors out of a message. Returns how many. */
static size_t take_out(struct msghdr *message, int fds[SLUICE_HANDOVER_FDS])
{
	struct cmsghdr *part;
	size_t count = 0, number, held;
	int fd;

	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		held = (part->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (number = 0; number < held; number++) {
			memcpy(&fd, CMSG_DATA(part) + number * sizeof(fd), sizeof(fd));
			if (count < SLUICE_HANDOVER_FDS)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
	return count;
}

/* Waits until something can be received. 0, -ETIMEDOUT or another negative errno. */
static int await(int fd, int most_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int result = poll(&poll_fd, 1, most_ms);

	if (result < 0)
		return errno == EINTR ? -ETIMEDOUT : -errno;
	return result ? 0 : -ETIMEDOUT;
}

/* Is it a packet of ours, with all that its head, which said so many descriptors, speaks of? */
static bool is_whole(const struct msghdr *message, const struct sluice_handover_packet *packet,
		     size_t bytes, size_t said)
{
	return bytes >= sizeof(packet->head) && packet->head.magic == SLUICE_HANDOVER_MAGIC &&
	       !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && said == packet->head.count &&
	       packet->head.length == bytes - sizeof(packet->head) &&
	       packet->head.length <= SLUICE_HANDOVER_TEXT;
}

int sluice_handover_receive(int fd, struct sluice_handover_packet *packet, int most_ms)
{
	/* Of three integers: what a peer may add must not become a cut message. */
	char ancillary[CMSG_SPACE(sizeof(packet->fds)) + 256] __attribute__((aligned(8)));
	struct iovec parts[2] = {{&packet->head, sizeof(packet->head)},
				 {packet->text, SLUICE_HANDOVER_TEXT}};
	struct msghdr message = {.msg_iov = parts,
				 .msg_iovlen = 2,
				 .msg_control = ancillary,
				 .msg_controllen = sizeof(ancillary)};
	int result = await(fd, most_ms);
	size_t count, said;
	ssize_t got;

	memset(&packet->head, 0, sizeof(packet->head));
	packet->text[0] = '\0';
	if (result)
		return result;
	got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (!got)
		return -EPIPE;
	count = take_out(&message, packet->fds);
	said = packet->head.count;
	packet->head.count = (uint16_t)count;
	if (!is_whole(&message, packet, (size_t)got, said))
		result = -EPROTO;
	else if (packet->head.version < SLUICE_HANDOVER_LEAST ||
		 packet->head.least > SLUICE_HANDOVER_VERSION)
		result = -EPROTONOSUPPORT;
	if (result) {
		sluice_handover_drop(packet);
		return result;
	}
	packet->text[packet->head.length] = '\0';
	return 0;
}

int sluice_handover_lines(char *text, int (*each)(void *context, char *line), void *context)
{
	char *line, *rest = text;
	int result = 0;

	while (!result && rest && *rest) {
		line = strsep(&rest, "\n");
		if (*line)
			result = each(context, line);
	}
	return result;
}

const char *sluice_handover_value(const char *line, const char *name, size_t *length)
{
	size_t bytes = strlen(name);
	const char *at;

	for (at = line; (at = strstr(at, name)); at += bytes) {
		if ((at != line && at[-1] != ' ') || at[bytes] != '=')
			continue;
		at += bytes + 1;
		*length = strcspn(at, " ");
		return at;
	}
	return NULL;
}

uint64_t sluice_handover_number(const char *line, const char *name)
{
	size_t length;
	const char *value = sluice_handover_value(line, name, &length);

	return value ? strtoull(value, NULL, 10) : 0;
}
