// SPDX-License-Identifier: MIT
/*
 * `sluicectl show config`: what runs, as a file that can be fed back; `show defaults`: what holds
 * where a key is not written. Touches: a netlink socket, stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "../config/keys_list.h"
#include "command.h"
#include "running.h"
#include "show_config.h"

int sluice_show_config(void)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	struct sluice_running running = {0};
	int status = SLUICE_CTL_REFUSED;

	if (netlink && !sluice_running_get(netlink, 0, &running) &&
	    fwrite(running.text.bytes, 1, running.text.length, stdout) == running.text.length &&
	    !fflush(stdout))
		status = SLUICE_CTL_OK;
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	return status;
}

/* A line for one key. */
static int print_default(void *context, const struct sluice_key_facts *facts)
{
	(void)context;
	if (!facts->is_required)
		printf("%s: %s\n", facts->path,
		       facts->fallback	  ? facts->fallback
		       : facts->otherwise ? facts->otherwise
					  : "none");
	return 0;
}

int sluice_show_defaults(void)
{
	return sluice_keys_list(print_default, NULL) || fflush(stdout) ? SLUICE_CTL_REFUSED
								       : SLUICE_CTL_OK;
}
