// SPDX-License-Identifier: MIT
/*
 * What inputs with `source: xdp` need of this machine: AF_XDP sockets, and the right to use them.
 * Touches: a socket.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "host.h"

void sluice_host_check_xdp(const struct sluice_config_input *input, enum sluice_host_view view,
			   struct sluice_findings *findings)
{
	/* The check may be another user's: it says so, and no more. */
	enum sluice_severity severity =
		view == SLUICE_HOST_START ? SLUICE_FINDING_ERROR : SLUICE_FINDING_WARNING;
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	else if (errno == EAFNOSUPPORT)
		sluice_findings_add(findings, severity, &input->source_place,
				    "inputs.source: AF_XDP sockets are not allowed here, or this "
				    "kernel has none (CONFIG_XDP_SOCKETS); let the service have "
				    "them (`systemctl edit sluiced`: [Service], "
				    "RestrictAddressFamilies=AF_XDP), or use `source: socket`");
	else if (errno == EPERM || errno == EACCES)
		sluice_findings_add(findings, severity, &input->source_place,
				    "inputs.source: no permission to use XDP on %s; run sluiced as "
				    "root or with CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF, or use "
				    "`source: socket`",
				    input->interface);
}
