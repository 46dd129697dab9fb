// SPDX-License-Identifier: MIT
/*
 * `sluicectl apply`: gives a configuration to the running daemon, which checks it again and takes it whole or not at
 * all. Touches: the file, a netlink socket, stdout, stderr.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../daemon/config/check.h"
#include "command.h"
#include "daemon.h"

#define PIECE 60000U /* bytes of text in one attribute, which holds 65,531 */

/* The request that carries `text`. NULL: no memory. @owner caller */
static struct nl_msg *request_make(struct sluice_netlink *netlink, const char *name,
				   const char *text, size_t length)
{
	size_t size = length + (length / PIECE + 2) * NLA_HDRLEN + strlen(name) + 256, from, piece;
	struct nl_msg *message;

	message = sluice_netlink_message(netlink, SLUICE_CMD_CONFIG_APPLY, 0, size);
	if (!message || nla_put_string(message, SLUICE_A_CONFIG_NAME, name))
		goto failed;
	for (from = 0; from < length; from += piece) {
		piece = length - from < PIECE ? length - from : PIECE;
		if (nla_put(message, SLUICE_A_CONFIG_TEXT, (int)piece, text + from))
			goto failed;
	}
	return message;

failed:
	nlmsg_free(message);
	return NULL;
}

/* Sends it. Returns the exit status, having said what went wrong. */
static int send_text(const char *name, const char *text, size_t length)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	int status = SLUICE_CTL_OK, error;

	if (!netlink)
		return SLUICE_CTL_REFUSED;
	error = sluice_netlink_request(netlink, request_make(netlink, name, text, length), NULL,
				       NULL);
	if (error) {
		sluice_daemon_complain(netlink, error);
		status = SLUICE_CTL_REFUSED;
	}
	sluice_netlink_close(netlink);
	return status;
}

int sluice_ctl_apply(int argc, char **argv)
{
	struct sluice_findings findings;
	char *text = NULL, *name;
	int status;
	size_t length;

	if (argc != 2) {
		fputs("usage: sluicectl apply FILE\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	/* What can be found out here need not trouble the daemon; it checks all the same. */
	if (!sluice_config_read(argv[1], &text, &length, &findings))
		sluice_ctl_check_text(argv[1], text, length, &findings);
	status = sluice_ctl_print_findings(argv[1], &findings) && text ? SLUICE_CTL_OK
								       : SLUICE_CTL_FINDINGS;
	sluice_findings_free(&findings);
	if (status == SLUICE_CTL_OK) {
		/* The daemon says which file is in force: a path that means the same to everybody. */
		name = realpath(argv[1], NULL);
		status = send_text(name ? name : argv[1], text, length);
		free(name);
	}
	free(text);
	return status;
}
