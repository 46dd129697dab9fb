/* SPDX-License-Identifier: MIT */
/*
 * Events (lib/event.h) as messages of the schema in uapi/sluice/netlink.h to a multicast group of
 * NETLINK_USERSOCK. Global like the log. Touches: a socket of its own.
 */
#ifndef SLUICE_DAEMON_EVENT_SOCKET_H
#define SLUICE_DAEMON_EVENT_SOCKET_H

/* Before it is opened, and where that fails, events go nowhere. When there are no threads that tell
 * of any. 0 or a negative errno. @context process */
int sluice_event_open(void);
void sluice_event_close(void);

#endif /* SLUICE_DAEMON_EVENT_SOCKET_H */
