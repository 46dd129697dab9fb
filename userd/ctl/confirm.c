// SPDX-License-Identifier: MIT
/*
 * `sluicectl confirm`: what was changed with --confirm-within stays. Touches: a netlink socket,
 * stderr.
 */
#include <stdio.h>
#include "command.h"
#include "daemon.h"

int sluice_ctl_confirm(int argc, char **argv)
{
	struct sluice_netlink *netlink;
	int error;

	(void)argv;
	if (argc > 1) {
		fputs("usage: sluicectl confirm\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	netlink = sluice_daemon_connect();
	if (!netlink)
		return SLUICE_CTL_REFUSED;
	error = sluice_netlink_request(
		netlink, sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_CONFIRM, 0, 0), NULL,
		NULL);
	if (error)
		sluice_daemon_complain(netlink, error);
	sluice_netlink_close(netlink);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}
