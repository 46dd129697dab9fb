// SPDX-License-Identifier: MIT
/*
 * What inputs that are captured (`source: pcap`, `afpacket`) need of this machine: captures that
 * can be read, the right to read an interface. That an interface is there host.c looks for.
 * Touches: files, sockets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../lib/nftables.h"
#include "host.h"
#include "suggest.h"

/* The check may be another user's, and what is read written later: it says so, and no more. */
static enum sluice_severity severity_in(enum sluice_host_view view)
{
	return view == SLUICE_HOST_START ? SLUICE_FINDING_ERROR : SLUICE_FINDING_WARNING;
}

/* Is each of the captures there? */
static void check_files(const struct sluice_config_input *input, enum sluice_host_view view,
			struct sluice_findings *findings)
{
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	for (number = 0; number < input->file_count; number++) {
		if (!strcmp(input->files[number], "-") || !access(input->files[number], R_OK))
			continue;
		if (errno == ENOENT)
			sluice_findings_add(
				findings, severity_in(view), &input->file_place,
				"inputs.file: there is no %s: correct the path, or write the "
				"capture there first",
				sluice_quote(input->files[number], quoted));
		else
			sluice_findings_add(
				findings, severity_in(view), &input->file_place,
				"inputs.file: %s cannot be read: %s; give the user of sluiced the "
				"right to (`chmod`, `setfacl`)",
				sluice_quote(input->files[number], quoted), strerror(errno));
	}
}

/* Can the firewall be told to drop what packet sockets steal? */
static void check_steal(const struct sluice_config_input *input, enum sluice_host_view view,
			struct sluice_findings *findings)
{
	int error = sluice_nftables_probe();

	if (error == -EPERM || error == -EACCES)
		sluice_findings_add(findings, severity_in(view), &input->source_place,
				    "inputs.verdict: no permission to take datagrams away from the "
				    "stack by a rule of the firewall; run sluiced as root or with "
				    "CAP_NET_ADMIN, or write `verdict: copy`");
	else if (error)
		sluice_findings_add(findings, severity_in(view), &input->source_place,
				    "inputs.verdict: this kernel has no nf_tables (%s), by which "
				    "datagrams are taken away from the stack; load it (`modprobe "
				    "nf_tables`), or write `verdict: copy`",
				    strerror(-error));
}

void sluice_host_check_capture(const struct sluice_config_input *input, enum sluice_host_view view,
			       struct sluice_findings *findings)
{
	int fd;

	check_files(input, view, findings);
	if (!input->interface[0])
		return;
	if (input->source == SLUICE_SOURCE_AFPACKET && input->verdict == SLUICE_VERDICT_STEAL)
		check_steal(input, view, findings);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	else if (errno == EAFNOSUPPORT)
		sluice_findings_add(findings, severity_in(view), &input->source_place,
				    "inputs.source: packet sockets are not allowed here; let the "
				    "service have them (`systemctl edit sluiced`: [Service], "
				    "RestrictAddressFamilies=AF_PACKET), or use `source: socket`");
	else if (errno == EPERM || errno == EACCES)
		sluice_findings_add(findings, severity_in(view), &input->source_place,
				    "inputs.source: no permission to capture from %s; run sluiced "
				    "as root or with CAP_NET_RAW, or use `source: socket`",
				    input->interface);
}
