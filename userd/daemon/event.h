/* SPDX-License-Identifier: MIT */
/*
 * What happened to the daemon, told to whoever listens: messages of the schema in
 * uapi/sluice/netlink.h to a multicast group of NETLINK_USERSOCK. Beside the log, and global like
 * it. Touches: a socket of its own.
 */
#ifndef SLUICE_DAEMON_EVENT_H
#define SLUICE_DAEMON_EVENT_H

#include <sluice/netlink.h>

/* Before it is opened, and where that fails, events go nowhere. 0 or a negative errno. @context
 * process */
int sluice_event_open(void);
void sluice_event_close(void);

/*
 * Tells of one event: `key` is the key of the configuration that it belongs to, `where` what it
 * happened to, `text` a sentence. Not for the path of datagrams: it allocates and asks the kernel.
 * @threadsafe
 */
void sluice_event_send(enum sluice_event kind, const char *key, const char *where,
		       const char *text);
/* The same of a network interface, which it names. @threadsafe */
void sluice_event_send_link(enum sluice_event kind, const char *key, const char *where,
			    const char *interface, const char *text);

#endif /* SLUICE_DAEMON_EVENT_H */
