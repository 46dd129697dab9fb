/* SPDX-License-Identifier: MIT */
/*
 * Events as messages of the schema in uapi/sluice/netlink.h to a multicast group of
 * NETLINK_USERSOCK. Under events.c, in the control thread. Touches: a socket of its own.
 */
#ifndef SLUICE_DAEMON_EVENT_SOCKET_H
#define SLUICE_DAEMON_EVENT_SOCKET_H

#include "control/event_log.h"

/* Opens the socket. The descriptor or a negative errno. @owner caller: close() @context process */
int sluice_event_socket_open(void);

/* Sends an event to the group by socket `fd`; nobody is asked whether it came. @context process */
void sluice_event_socket_send(int fd, const struct sluice_event_entry *entry);

#endif /* SLUICE_DAEMON_EVENT_SOCKET_H */
