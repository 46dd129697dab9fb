// SPDX-License-Identifier: MIT
/*
 * Talking to the daemon of this network namespace, see daemon.h. Touches: a socket, stderr.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon.h"
#include "packet_socket.h"

#define DUMP_ATTEMPTS 10

/* The socket that the command line names; NULL: the usual one. */
static const char *wished;

void sluice_daemon_complain(const struct sluice_netlink *netlink, int error)
{
	if (error == -ECONNREFUSED)
		fputs("sluicectl: sluiced is not running in this network namespace: start it with "
		      "sluiced -c FILE\n",
		      stderr);
	else
		fprintf(stderr, "sluicectl: %s\n", sluice_netlink_error(netlink));
}

void sluice_daemon_use(const char *path)
{
	wished = path;
}

int sluice_daemon_path(char path[SLUICE_PACKET_PATH])
{
	if (!wished)
		return sluice_packet_path(path, 0);
	if (strlen(wished) >= SLUICE_PACKET_PATH)
		return -ENAMETOOLONG;
	snprintf(path, SLUICE_PACKET_PATH, "%s", wished);
	return 0;
}

int sluice_daemon_try_connect(struct sluice_netlink **netlink)
{
	char usual[SLUICE_PACKET_PATH];
	const char *path = wished;
	int error = 0;

	if (!path) {
		error = sluice_packet_path(usual, 0);
		path = usual;
	}
	if (!error)
		error = sluice_netlink_open_socket(netlink, path);
	/* A daemon from before there was such a socket, or one in another mount namespace. */
	if (error && error != -EKEYREJECTED && !wished)
		error = sluice_netlink_open_port(netlink, SLUICE_USERSOCK_PORT);
	return error;
}

const enum sluice_host_view *sluice_daemon_view(void)
{
	static const enum sluice_host_view live = SLUICE_HOST_LIVE;
	char path[SLUICE_PACKET_PATH];
	struct stat state;

	if (geteuid() == 0)
		return &live;
	if (sluice_daemon_path(path) || stat(path, &state) || state.st_uid != geteuid())
		return NULL;
	return &live;
}

struct sluice_netlink *sluice_daemon_connect(void)
{
	struct sluice_netlink *netlink = NULL;
	char usual[SLUICE_PACKET_PATH] = "";
	int error = sluice_daemon_try_connect(&netlink);

	if (!error)
		return netlink;
	(void)sluice_daemon_path(usual);
	if (error == -EKEYREJECTED)
		fprintf(stderr,
			"sluicectl: who listens at %s is neither root nor the user of sluiced: "
			"nothing is said to it, and nothing believed; fuser %s shows the process\n",
			usual, usual);
	else if (wished)
		fprintf(stderr, "sluicectl: nobody answers at %s: %s\n", wished, strerror(-error));
	else
		fprintf(stderr, "sluicectl: cannot open a netlink socket: %s\n", strerror(-error));
	return NULL;
}

int sluice_daemon_try_dump(struct sluice_netlink *netlink, uint8_t command,
			   sluice_netlink_handler handler, void *context)
{
	int error = -EINTR;
	int attempt;

	for (attempt = 0; attempt < DUMP_ATTEMPTS && error == -EINTR; attempt++) {
		json_array_clear(context);
		error = sluice_netlink_dump(netlink, command, handler, context);
	}
	return error;
}

int sluice_daemon_dump(struct sluice_netlink *netlink, uint8_t command,
		       sluice_netlink_handler handler, void *context)
{
	int error = sluice_daemon_try_dump(netlink, command, handler, context);

	if (error < 0)
		sluice_daemon_complain(netlink, error);
	return error;
}
