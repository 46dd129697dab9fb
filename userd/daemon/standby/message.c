// SPDX-License-Identifier: MIT
/*
 * Packets between the daemon that works and those that wait; see message.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "message.h"

struct sluice_standby_message sluice_standby_message_of(enum sluice_standby_kind kind)
{
	return (struct sluice_standby_message){.magic = SLUICE_STANDBY_MAGIC,
					       .version = SLUICE_STANDBY_VERSION,
					       .kind = kind,
					       .pid = (uint32_t)getpid()};
}

int sluice_standby_send(int socket, const struct sluice_standby_message *message, int fd)
{
	char ancillary[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec vector = {.iov_base = (void *)message, .iov_len = sizeof(*message)};
	struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
	struct cmsghdr *part;

	if (!message)
		return -EINVAL;
	if (fd >= 0) {
		header.msg_control = ancillary;
		header.msg_controllen = sizeof(ancillary);
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	}
	while (sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == ENOBUFS ? -EAGAIN : -errno;
	return 0;
}

int sluice_standby_receive(int socket, struct sluice_standby_message *message, int *fd)
{
	/* More than one descriptor: what finds no room the kernel closes. */
	char ancillary[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec vector = {.iov_base = message, .iov_len = sizeof(*message)};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = ancillary,
				.msg_controllen = sizeof(ancillary)};
	struct cmsghdr *part;
	ssize_t length;

	if (!message || !fd)
		return -EINVAL;
	*fd = -1;
	memset(message, 0, sizeof(*message));
	do {
		length = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	for (part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
		    part->cmsg_len >= CMSG_LEN(sizeof(*fd)))
			memcpy(fd, CMSG_DATA(part), sizeof(*fd));
	if (!length)
		return -EPIPE;
	message->text[sizeof(message->text) - 1] = '\0';
	if ((size_t)length < sizeof(*message) || message->magic != SLUICE_STANDBY_MAGIC) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return -EBADMSG;
	}
	return 0;
}
