// SPDX-License-Identifier: MIT
/*
 * What inputs with `source: xdp` need of this machine: AF_XDP sockets, and the right to use them.
 * Touches: a socket.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "host.h"

/* The largest MTU whose frames a socket holds: a page, less what the kernel puts before a frame
 * (XDP_PACKET_HEADROOM, linux/bpf.h), the header of Ethernet and two tags. */
#define MTU_MOST (4096 - 256 - 14 - 8)

/* The interface's MTU; 0: nobody knows. */
static int mtu_of(const char *interface)
{
	struct ifreq question = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mtu = 0;

	snprintf(question.ifr_name, sizeof(question.ifr_name), "%s", interface);
	if (fd >= 0 && !ioctl(fd, SIOCGIFMTU, &question))
		mtu = question.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

/* Can larger datagrams come than a socket takes? Not on loopback, where senders know no card. */
static void check_mtu(const struct sluice_config_input *input, struct sluice_findings *findings)
{
	int mtu = mtu_of(input->interface);

	if (mtu <= MTU_MOST || mtu > UINT16_MAX)
		return;
	sluice_findings_add(findings, SLUICE_FINDING_WARNING, &input->interface_place,
			    "inputs.interface: the MTU of %s is %d, and XDP takes frames of an MTU "
			    "up to %d: what is larger goes on to the stack and counts as lost "
			    "(`copy`), and the driver may refuse native mode; `ip link set %s mtu "
			    "%d`, or `source: afpacket`",
			    input->interface, mtu, MTU_MOST, input->interface, MTU_MOST);
}

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
	check_mtu(input, findings);
}
