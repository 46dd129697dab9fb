// SPDX-License-Identifier: MIT
/*
 * Events by netlink; see event_socket.h. Touches: a NETLINK_USERSOCK socket.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <sys/socket.h>
#include <unistd.h>
#include "control/event_answer.h"
#include "event_socket.h"

int sluice_event_socket_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_USERSOCK);
	int error;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

void sluice_event_socket_send(int fd, const struct sluice_event_entry *entry)
{
	struct sockaddr_nl group = {.nl_family = AF_NETLINK,
				    .nl_groups = 1U << (SLUICE_USERSOCK_EVENTS - 1)};
	struct genlmsghdr header = {.cmd = SLUICE_CMD_DAEMON_EVENT, .version = SLUICE_GENL_VERSION};
	struct nl_msg *message;

	if (fd < 0)
		return;
	message = nlmsg_alloc_size(SLUICE_EVENT_MESSAGE + NLMSG_HDRLEN + GENL_HDRLEN);
	if (!message)
		return;
	/* Who does not listen, or has no room, misses it. */
	if (nlmsg_put(message, 0, 0, SLUICE_USERSOCK_TYPE, 0, 0) &&
	    !nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) &&
	    sluice_event_put(message, entry))
		(void)sendto(fd, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, MSG_DONTWAIT,
			     (struct sockaddr *)&group, sizeof(group));
	nlmsg_free(message);
}
