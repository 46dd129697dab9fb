/* SPDX-License-Identifier: MIT */
/*
 * Events: what happened to the daemon, told to whoever listens. Beside the log, and global like it.
 * Touches: the listener.
 */
#ifndef SLUICE_EVENT_H
#define SLUICE_EVENT_H

#include <sluice/netlink.h>

/*
 * Takes an event: `key` is the key of the configuration that it belongs to, `where` what it
 * happened to, `interface` the network interface that it is of, or NULL, `text` a sentence.
 * @threadsafe
 */
typedef void (*sluice_event_listener)(enum sluice_event kind, const char *key, const char *where,
				      const char *interface, const char *text);

/* Whom events are told to; before it is called, and with NULL, nobody. When there are no threads
 * that tell of any. @context process */
void sluice_event_listen(sluice_event_listener listener);

/* Tells of an event; nothing if `key`, `where` or `text` is NULL. Not for the path of datagrams:
 * who listens may allocate and ask the kernel. @threadsafe */
void sluice_event_send(enum sluice_event kind, const char *key, const char *where,
		       const char *text);
/* The same of a network interface, which it names. @threadsafe */
void sluice_event_send_link(enum sluice_event kind, const char *key, const char *where,
			    const char *interface, const char *text);

#endif /* SLUICE_EVENT_H */
