// SPDX-License-Identifier: MIT
/*
 * Events by netlink; see event_socket.h. Touches: a NETLINK_USERSOCK socket.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../lib/event.h"
#include "event_socket.h"

static int event_socket = -1;

/* sluice_event_listener: sends the event to the group. Nobody is asked whether it came. @threadsafe
 */
static void send_event(enum sluice_event kind, const char *key, const char *where,
		       const char *interface, const char *text)
{
	struct sockaddr_nl group = {.nl_family = AF_NETLINK,
				    .nl_groups = 1U << (SLUICE_USERSOCK_EVENTS - 1)};
	struct genlmsghdr header = {.cmd = SLUICE_CMD_DAEMON_EVENT, .version = SLUICE_GENL_VERSION};
	struct nl_msg *message;

	if (event_socket < 0)
		return;
	message = nlmsg_alloc_size(256 + strlen(key) + strlen(where) + strlen(text));
	if (!message)
		return;
	/* Who does not listen, or has no room, misses it. */
	if (nlmsg_put(message, 0, 0, SLUICE_USERSOCK_TYPE, 0, 0) &&
	    !nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) &&
	    !nla_put_u32(message, SLUICE_A_EVENT_KIND, kind) &&
	    !nla_put_string(message, SLUICE_A_EVENT_KEY, key) &&
	    !nla_put_string(message, SLUICE_A_EVENT_WHERE, where) &&
	    (!interface || !nla_put_string(message, SLUICE_A_EVENT_INTERFACE, interface)) &&
	    !nla_put_string(message, SLUICE_A_EVENT_TEXT, text))
		(void)sendto(event_socket, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len,
			     MSG_DONTWAIT, (struct sockaddr *)&group, sizeof(group));
	nlmsg_free(message);
}

int sluice_event_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_USERSOCK);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -errno;
	}
	event_socket = fd;
	sluice_event_listen(send_event);
	return 0;
}

void sluice_event_close(void)
{
	sluice_event_listen(NULL);
	if (event_socket >= 0)
		close(event_socket);
	event_socket = -1;
}
