/* SPDX-License-Identifier: MIT */
/*
 * The running daemon as the tool reaches it. Touches: a socket, stderr.
 */
#ifndef SLUICE_CTL_DAEMON_H
#define SLUICE_CTL_DAEMON_H

#include <stdint.h>
#include "../config/check.h"
#include "netlink.h"
#include "packet_socket.h"

/* Uses the socket at `path` and nothing else; the text stays the caller's. */
void sluice_daemon_use(const char *path);

/* The path of the socket that is asked. 0 or a negative errno. */
int sluice_daemon_path(char path[SLUICE_PACKET_PATH]);

/* With what of this host a configuration for the daemon that runs is checked before it gets it:
 * what this user sees is what the daemon may do. NULL: another user's daemon, which checks that
 * itself.
 */
const enum sluice_host_view *sluice_daemon_view(void);

/* Connects: by the socket in the file system, or where there is none by netlink; or says why not
 * and returns NULL. @owner caller: sluice_netlink_close() */
struct sluice_netlink *sluice_daemon_connect(void);

/* The same without a word. 0, and *netlink; -EKEYREJECTED: who listens there is not believed; other
 * negative errno: nobody is there. @owner caller: sluice_netlink_close() */
int sluice_daemon_try_connect(struct sluice_netlink **netlink);

/* Says in one sentence why the last call failed with `error`. */
void sluice_daemon_complain(const struct sluice_netlink *netlink, int error);

/* As below, without a word about a failure. */
int sluice_daemon_try_dump(struct sluice_netlink *netlink, uint8_t command,
			   sluice_netlink_handler handler, void *context);

/* Asks for a dump, again if it changed meanwhile; `handler` is given `context`, a JSON array, which
 * is emptied before another try. Returns 0 or a negative errno, having said why. */
int sluice_daemon_dump(struct sluice_netlink *netlink, uint8_t command,
		       sluice_netlink_handler handler, void *context);

#endif /* SLUICE_CTL_DAEMON_H */
