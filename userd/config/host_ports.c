// SPDX-License-Identifier: MIT
/*
 * What the inputs need of this machine: the module, their UDP ports, the right to them, and
 * descriptors. A port is tried as the start tries it (source/socket_open.c), alone and for a
 * moment. Touches: sockets, netlink, /proc.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "claim.h"
#include "kernel.h"
#include "deal.h"
#include "holder.h"
#include "host.h"
#include "suggest.h"

/* Descriptors that the daemon needs beside those of its sockets and connections, generously. */
#define OTHER_DESCRIPTORS 64U

/* What the parts of this check share. */
struct search {
	const struct sluice_config *config;
	enum sluice_host_view view;
	struct sluice_findings *findings;
	struct sluice_holders holders; /* read when the first port is found taken */
	bool has_holders;
	bool is_next_told; /* that the next kernel has no module, if so */
	bool is_told;	   /* that the module is not there, where sockets do */
	int error;	   /* -ENOMEM */
};

int sluice_host_module(void)
{
	struct sluice_kernel *kernel = NULL;
	int error = sluice_kernel_open(&kernel);

	if (!error)
		sluice_kernel_close(kernel);
	return error;
}

bool sluice_host_uses_sockets(const struct sluice_config *config, int module)
{
	size_t number;

	for (number = 0; number < config->input_count; number++)
		if (sluice_config_is_from_socket(&config->inputs[number], !module))
			return true;
	return false;
}

/* The module is not loaded, and an input would be from it: an error if it must, and a warning where
 * the kernel that runs has been left without one. */
static void tell_absence(struct search *search, const struct sluice_config_input *input,
			 const struct sluice_config_place *place)
{
	char why[SLUICE_HOST_KERNEL_TEXT] = "";
	bool is_lacking = sluice_host_lacks_module(why);

	if (input->source == SLUICE_SOURCE_KMOD)
		sluice_findings_add(search->findings, SLUICE_FINDING_ERROR, place,
				    "inputs.source: `source: kmod`, but the module is not loaded; "
				    "%s or use `source: socket`",
				    is_lacking ? why : "load it (`modprobe sluice`)");
	else if (is_lacking && !search->is_told) {
		search->is_told = true;
		sluice_findings_add(search->findings, SLUICE_FINDING_WARNING, place,
				    "inputs.source: `auto` is socket here, because the module is "
				    "not loaded; %s",
				    why);
	}
}

/* The next kernel will have none: a warning, once. */
static void tell_next_kernel(struct search *search, const struct sluice_config_input *input,
			     const struct sluice_config_place *place)
{
	char why[SLUICE_HOST_KERNEL_TEXT];

	if (search->is_next_told || input->source == SLUICE_SOURCE_SOCKET)
		return;
	search->is_next_told = true;
	if (sluice_host_next_lacks_module(why))
		sluice_findings_add(search->findings, SLUICE_FINDING_WARNING, place,
				    "inputs.source: %s", why);
}

/* What an input asks of the module that is not there, or of sockets that cannot do it. */
static void check_source(struct search *search, const struct sluice_config_input *input, int module)
{
	struct sluice_findings *findings = search->findings;
	const struct sluice_config_place *place =
		input->source_place.line ? &input->source_place : &input->place;

	tell_next_kernel(search, input, place);
	if (module == -ENOENT &&
	    (input->source == SLUICE_SOURCE_KMOD || input->source == SLUICE_SOURCE_AUTO))
		tell_absence(search, input, place);
	else if (input->source == SLUICE_SOURCE_KMOD && (module == -EPERM || module == -EACCES))
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "inputs.source: no permission to use the module; run sluiced "
				    "as root or with CAP_NET_ADMIN, or use `source: socket`");
	else if (input->source == SLUICE_SOURCE_KMOD && module)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "inputs.source: the module does not answer: %s; load it anew "
				    "(`rmmod sluice`, `modprobe sluice`) or use `source: socket`",
				    strerror(-module));
	if (!sluice_config_is_from_socket(input, !module))
		return;
	if (input->verdict == SLUICE_VERDICT_COPY)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &input->place,
				    "inputs.verdict: `copy` needs the module, because a socket "
				    "takes what it receives; load it (`modprobe sluice`) or use "
				    "`verdict: steal`");
	if (input->checksum)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &input->place,
				    "inputs.checksum: `%s` needs the module, because a socket "
				    "never sees a datagram with a wrong one; load it (`modprobe "
				    "sluice`) or leave the key out",
				    sluice_config_checksum_name((uint32_t)input->checksum));
}

/* Binds a socket as the input's would be, alone, and closes it. 0 or a negative errno; -ENODEV and
 * -EADDRNOTAVAIL: what it shall be bound to is not there now. */
static int try_port(const struct sluice_config_input *input, int family, bool both, uint16_t port)
{
	const struct sluice_config_prefix *prefix = &input->address;
	const int on = 1, only = !both;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	/* Three system calls, for each port. */
	const int index = input->interface[0] ? (int)if_nametoindex(input->interface) : 0;
	bool is_whole = prefix->length == (prefix->family == AF_INET ? 32 : 128);
	int error = 0, fd;

	if (input->interface[0] && !index)
		return -ENODEV;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (prefix->family == AF_INET && is_whole) {
		memcpy(&in.sin_addr, prefix->address, sizeof(in.sin_addr));
		(void)setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	}
	if (prefix->family == AF_INET6 && is_whole) {
		memcpy(&in6.sin6_addr, prefix->address, sizeof(in6.sin6_addr));
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	}
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (index && setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index)) &&
	    errno != ENOPROTOOPT)
		error = -errno;
	if (!error && (family == AF_INET ? bind(fd, (struct sockaddr *)&in, sizeof(in))
					 : bind(fd, (struct sockaddr *)&in6, sizeof(in6))))
		error = -errno;
	close(fd);
	return error;
}

/* Are we a sluiced, and is the socket one of another relay's? A standby has descriptors of the
 * sockets of the daemon that it waits for. */
static bool is_anothers(const struct sluice_holder *holder)
{
	struct sluice_claim_note ours, theirs;

	return sluice_claim_relay_of(getpid(), &ours) &&
	       sluice_claim_relay_of(holder->pid, &theirs) && strcmp(ours.relay, theirs.relay) != 0;
}

/* May the daemon have the port although this socket has it? */
static bool is_ours(const struct search *search, const struct sluice_holder *holder)
{
	if (holder->pid == getpid())
		return true;
	if (search->view == SLUICE_HOST_LIVE)
		return !strcmp(holder->program, "sluiced") && !is_anothers(holder);
	return search->view == SLUICE_HOST_FILE && sluice_holder_runs(holder, search->config->path);
}

/* Reads who has which port, once. */
static void read_holders(struct search *search)
{
	if (search->has_holders)
		return;
	search->has_holders = true;
	search->error = sluice_holders_read(&search->holders);
}

/* Says who has the port, unless it is the daemon itself. */
static void tell_holder(struct search *search, const struct sluice_config_input *input,
			uint16_t port)
{
	const struct sluice_config_place *place =
		input->port_place.line ? &input->port_place : &input->place;
	const struct sluice_holder *holder, *stranger = NULL;
	char quoted[SLUICE_QUOTE_TEXT], relay[SLUICE_QUOTE_TEXT + 16] = "";
	struct sluice_claim_note note;
	size_t count, number;

	read_holders(search);
	holder = sluice_holders_of(&search->holders, port, &count);
	for (number = 0; number < count; number++) {
		if (is_ours(search, &holder[number]))
			return;
		if (!stranger || (!stranger->pid && holder[number].pid))
			stranger = &holder[number];
	}
	if (stranger && sluice_claim_relay_of(stranger->pid, &note))
		snprintf(relay, sizeof(relay), " of relay %s", sluice_quote(note.relay, quoted));
	if (stranger && stranger->pid)
		sluice_findings_add(search->findings, SLUICE_FINDING_ERROR, place,
				    "inputs.port: UDP port %u is taken by %s%s, process %d; stop "
				    "that, choose another port, or use `source: kmod`, which "
				    "shares it",
				    port,
				    !strcmp(stranger->program, "sluiced") ? "another sluiced"
									  : stranger->program,
				    relay, stranger->pid);
	else if (stranger)
		sluice_findings_add(
			search->findings, SLUICE_FINDING_ERROR, place,
			"inputs.port: UDP port %u is taken by a program of user %" PRIu32
			" (`ss -lunp` shows it to root); stop that, choose another "
			"port, or use `source: kmod`, which shares it",
			port, stranger->user);
	else
		sluice_findings_add(search->findings, SLUICE_FINDING_ERROR, place,
				    "inputs.port: UDP port %u is taken by another program (`ss "
				    "-lunp` shows it); stop that, choose another port, or use "
				    "`source: kmod`, which shares it",
				    port);
}

/* Tries one port. Returns whether a fault was found, which for the others of the range would be the
 * same. */
static bool check_port(struct search *search, const struct sluice_config_input *input, int family,
		       bool both, uint16_t port)
{
	const struct sluice_config_place *place =
		input->port_place.line ? &input->port_place : &input->place;
	size_t before = search->findings->count;
	int error = try_port(input, family, both, port);

	/* Those that are not there are waited for. Without descriptors nothing can be tried. */
	if (!error || error == -ENODEV || error == -EADDRNOTAVAIL || error == -EMFILE ||
	    error == -ENFILE)
		return false;
	if (error == -EADDRINUSE)
		tell_holder(search, input, port);
	else if (error == -EACCES || error == -EPERM)
		sluice_findings_add(search->findings, SLUICE_FINDING_ERROR, place,
				    "inputs.port: no permission for UDP port %u; run sluiced as "
				    "root or with CAP_NET_BIND_SERVICE, or choose a port from 1024 "
				    "on",
				    port);
	else if (error == -EINVAL && both == false && family == AF_INET6)
		sluice_findings_add(search->findings, SLUICE_FINDING_ERROR, place,
				    "inputs.address: a link-local address means nothing without "
				    "its interface; add `interface:` to the input");
	else
		sluice_findings_add(
			search->findings, SLUICE_FINDING_ERROR, place,
			"inputs.port: no socket can be bound to UDP port %u: %s; choose "
			"another port or address",
			port, strerror(-error));
	return search->findings->count > before;
}

/* Tries the ports of an input. */
static void check_ports(struct search *search, const struct sluice_config_input *input)
{
	int family =
		input->address.family != AF_UNSPEC ? input->address.family : input->from.family;
	bool both = false;
	unsigned int port;
	size_t range;
	int fd;

	if (family == AF_UNSPEC) {
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		both = fd >= 0 || errno != EAFNOSUPPORT;
		if (fd >= 0)
			close(fd);
		family = both ? AF_INET6 : AF_INET;
	}
	for (range = 0; range < input->port_count; range++)
		for (port = input->ports[range].first; port <= input->ports[range].last; port++)
			if (check_port(search, input, family, both, (uint16_t)port))
				break;
}

/* Says whose sockets get nothing any more because the module takes what comes for their ports.
 * One of an input is enough: whoever has one of a range often has all of it. */
static void check_stolen(struct search *search, const struct sluice_config_input *input)
{
	const struct sluice_config_place *place =
		input->port_place.line ? &input->port_place : &input->place;
	const struct sluice_holder *holder;
	size_t count, number, range;
	unsigned int port;

	if (input->verdict != SLUICE_VERDICT_STEAL)
		return;
	read_holders(search);
	for (range = 0; range < input->port_count; range++)
		for (port = input->ports[range].first; port <= input->ports[range].last; port++) {
			holder = sluice_holders_of(&search->holders, (uint16_t)port, &count);
			for (number = 0; number < count; number++) {
				if (!holder[number].pid || holder[number].pid == getpid() ||
				    !strcmp(holder[number].program, "sluiced"))
					continue;
				sluice_findings_add(
					search->findings, SLUICE_FINDING_WARNING, place,
					"inputs.port: UDP port %u is %s's, process %d, which gets "
					"nothing of what this input takes; write `verdict: copy` "
					"if both shall have it",
					port, holder[number].program, holder[number].pid);
				return;
			}
		}
}

/* Are there descriptors for the sockets of all workers (deal.h)? */
static void check_descriptors(struct search *search, int module)
{
	const struct sluice_config *config = search->config;
	const struct sluice_config_input *first = NULL;
	uint64_t wanted = OTHER_DESCRIPTORS, ports = 0;
	size_t number, range, workers;
	struct rlimit limit;
	rlim_t most;

	workers = config->worker_count ? config->worker_count : sluice_config_cpus();
	for (number = 0; number < config->input_count; number++) {
		const struct sluice_config_input *input = &config->inputs[number];

		if (!sluice_config_is_from_socket(input, !module))
			continue;
		first = first ? first : input;
		for (range = 0; range < input->port_count; range++)
			ports += input->ports[range].last - input->ports[range].first + 1U;
	}
	wanted += ports * sluice_deal_width(ports, workers);
	if (!first || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	/* The daemon takes as much as it may have (source/socket.c). */
	most = limit.rlim_max;
	if (most == RLIM_INFINITY || wanted <= most)
		return;
	/* A tool's limit need not be the daemon's. */
	sluice_findings_add(search->findings,
			    search->view == SLUICE_HOST_START ? SLUICE_FINDING_ERROR
							      : SLUICE_FINDING_WARNING,
			    first->port_place.line ? &first->port_place : &first->place,
			    "inputs.port: %" PRIu64 " ports need %" PRIu64
			    " descriptors, and a process may have %" PRIu64
			    "; raise the limit (`LimitNOFILE=` of the service, `ulimit -n`), name "
			    "fewer ports, or use `source: kmod`, which needs none",
			    ports, wanted, (uint64_t)most);
}

/* Can the forwards listen where they are to? 0 or -ENOMEM. */
static int check_forwards(const struct sluice_config *config, enum sluice_host_view view,
			  struct sluice_findings *findings)
{
	size_t forward, number;
	int error = 0;

	for (forward = 0; forward < config->forward_count; forward++)
		for (number = 0; !error && number < config->forwards[forward].listen_count;
		     number++)
			error = sluice_host_check_listener(
				config, "forwards.listen",
				&config->forwards[forward].listen[number], view, findings);
	return error;
}

int sluice_host_check_inputs(const struct sluice_config *config, enum sluice_host_view view,
			     struct sluice_findings *findings)
{
	struct search search = {.config = config, .view = view, .findings = findings};
	int module = sluice_host_module();
	size_t number;

	for (number = 0; number < config->input_count; number++) {
		if (sluice_config_is_inlet(&config->inputs[number])) {
			if (!search.error)
				search.error = sluice_host_check_listener(
					config, "inputs.listen",
					&config->inputs[number].inlet.listen, view, findings);
			continue;
		}
		if (sluice_config_is_captured(&config->inputs[number])) {
			sluice_host_check_capture(&config->inputs[number], view, findings);
			continue;
		}
		if (config->inputs[number].source == SLUICE_SOURCE_XDP) {
			sluice_host_check_xdp(&config->inputs[number], view, findings);
			continue;
		}
		check_source(&search, &config->inputs[number], module);
		if (sluice_config_is_from_socket(&config->inputs[number], !module))
			check_ports(&search, &config->inputs[number]);
		else
			check_stolen(&search, &config->inputs[number]);
		if (!module && config->inputs[number].hook == SLUICE_HOOK_XDP)
			sluice_host_check_hook_xdp(&config->inputs[number], view, findings);
	}
	check_descriptors(&search, module);
	sluice_holders_free(&search.holders);
	return search.error ? search.error : check_forwards(config, view, findings);
}
