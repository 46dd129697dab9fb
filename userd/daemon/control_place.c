// SPDX-License-Identifier: MIT
/*
 * The place in the file system where the daemon is asked; see control_place.h. Touches:
 * /run/sluice, the control plane, the log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../config/sentence.h"
#include "../lib/folder.h"
#include "../lib/log.h"
#include "../lib/packet_socket.h"
#include "../lib/socket_sweep.h"
#include "control_place.h"

int sluice_control_place_open(const struct daemon *daemon, char **listened, char **error)
{
	unsigned int number = sluice_control_port(daemon->control) - SLUICE_USERSOCK_PORT;
	const char *path = daemon->options.socket;
	char usual[SLUICE_PACKET_PATH], text[SLUICE_FOLDER_TEXT];
	int result = 0;

	if (!path) {
		result = sluice_folder_make(SLUICE_RUN_DIRECTORY, SLUICE_RUN_MODE, text);
		/* Root's, and we are not: there is netlink. */
		if (result && geteuid() != 0 && access(SLUICE_RUN_DIRECTORY, W_OK)) {
			sluice_notice("sluicectl reaches this daemon by netlink only: %s", text);
			return 0;
		}
		if (result == -EPERM) {
			sluice_say(error, "%s", text);
			return result;
		}
		(void)sluice_socket_sweep(SLUICE_RUN_DIRECTORY);
		if (!result)
			result = sluice_packet_path(usual, number);
		path = usual;
	}
	if (!result)
		result = sluice_control_listen(daemon->control, path);
	if (!result) {
		/* In the background the working folder is another one. */
		*listened = realpath(path, NULL);
		return 0;
	}
	if (daemon->options.socket) {
		sluice_say(error, "%s: %s", path, strerror(-result));
		return result;
	}
	sluice_warning("sluicectl reaches this daemon by netlink only: no socket in %s: %s",
		       SLUICE_RUN_DIRECTORY, strerror(-result));
	return 0;
}
