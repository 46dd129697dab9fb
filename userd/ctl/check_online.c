// SPDX-License-Identifier: MIT
/*
 * `sluicectl check --online`, see check_online.h. Touches: the resolver, TCP connections.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../lib/clock.h"
#include "check_online.h"

/* Nobody waits longer at a terminal. */
#define MOST_NS (5 * SLUICE_NS_PER_S)
/* Bytes of the headers of IPv4 or IPv6 and TCP without options: RFC 9293 section 3.7.1. */
#define HEADERS_4 40U
#define HEADERS_6 60U

/* One destination while it is asked. */
struct attempt {
	const struct sluice_config_destination *to;
	struct addrinfo *list, *address; /* all, and the one that is tried; NULL: none is left */
	uint64_t deadline;
	int fd;	   /* -1: none */
	int error; /* errno of the last address */
};

/* Adds a warning on a destination. */
#define warn(findings, to, format, ...)                                     \
	sluice_findings_add(findings, SLUICE_FINDING_WARNING, &(to)->place, \
			    "outputs.to: %s " format, (to)->text, ##__VA_ARGS__)

/* Begins to connect to the address at hand, or to the next one that can be tried. */
static void begin(struct attempt *attempt)
{
	const struct addrinfo *address;

	for (; attempt->address; attempt->address = attempt->address->ai_next) {
		address = attempt->address;
		attempt->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				     IPPROTO_TCP);
		if (attempt->fd >= 0 &&
		    (!connect(attempt->fd, address->ai_addr, address->ai_addrlen) ||
		     errno == EINPROGRESS))
			return;
		attempt->error = errno;
		if (attempt->fd >= 0)
			close(attempt->fd);
		attempt->fd = -1;
	}
}

/* Resolves a destination and begins to connect. */
static void resolve(struct attempt *attempt, uint64_t patience_ns, struct sluice_findings *findings)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	char port[8];
	int error;

	snprintf(port, sizeof(port), "%u", attempt->to->port);
	error = getaddrinfo(attempt->to->host, port, &hints, &attempt->list);
	if (error) {
		warn(findings, attempt->to,
		     "cannot be resolved: %s; mend the name or /etc/resolv.conf, or write an "
		     "address",
		     error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
		return;
	}
	attempt->address = attempt->list;
	attempt->deadline = sluice_now() + (patience_ns < MOST_NS ? patience_ns : MOST_NS);
	begin(attempt);
}

/* Is it the same address, ports aside? */
static bool is_address(const struct sockaddr *one, const struct sockaddr_storage *other)
{
	if (!one || one->sa_family != other->ss_family)
		return false;
	if (one->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)one)->sin_addr,
			       &((const struct sockaddr_in *)other)->sin_addr,
			       sizeof(struct in_addr));
	return one->sa_family == AF_INET6 &&
	       !memcmp(&((const struct sockaddr_in6 *)one)->sin6_addr,
		       &((const struct sockaddr_in6 *)other)->sin6_addr, sizeof(struct in6_addr));
}

/* MTU of the interface that has the socket's own address, its name in `name`; 0: none is found, or
 * it is loopback, which has no path and of which TCP uses less than there is. */
static unsigned int interface_mtu(int fd, char name[IF_NAMESIZE])
{
	struct sockaddr_storage own = {0};
	socklen_t length = sizeof(own);
	struct ifaddrs *list, *entry;
	struct ifreq request = {0};

	if (getsockname(fd, (struct sockaddr *)&own, &length) || getifaddrs(&list))
		return 0;
	for (entry = list; entry && !is_address(entry->ifa_addr, &own); entry = entry->ifa_next)
		;
	if (entry && !(entry->ifa_flags & IFF_LOOPBACK))
		snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", entry->ifa_name);
	freeifaddrs(list);
	if (!request.ifr_name[0] || ioctl(fd, SIOCGIFMTU, &request))
		return 0;
	snprintf(name, IF_NAMESIZE, "%s", request.ifr_name);
	return (unsigned int)request.ifr_mtu;
}

/* Says so where the path or the peer takes smaller packets than the interface gives. */
static void look_at_path(const struct attempt *attempt, struct sluice_findings *findings)
{
	bool is_4 = attempt->address->ai_family == AF_INET;
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	char name[IF_NAMESIZE] = "";
	unsigned int mtu = interface_mtu(attempt->fd, name);
	unsigned int headers = is_4 ? HEADERS_4 : HEADERS_6, peer;

	if (!mtu || getsockopt(attempt->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return;
	/* What the peer takes: time stamps (RFC 7323) are twelve bytes of a segment. */
	peer = info.tcpi_snd_mss + headers + (info.tcpi_options & TCPI_OPT_TIMESTAMPS ? 12U : 0U);
	if (info.tcpi_pmtu && info.tcpi_pmtu < mtu)
		warn(findings, attempt->to,
		     "is reached with packets of %u bytes, and %s has %u: each segment carries "
		     "less; raise the MTU of the path or of its route, or lower the interface's",
		     info.tcpi_pmtu, name, mtu);
	else if (info.tcpi_snd_mss && peer < mtu)
		warn(findings, attempt->to,
		     "takes packets of %u bytes, and %s has %u: each segment carries less; raise "
		     "the MTU there, if the path bears it",
		     peer, name, mtu);
}

/* A socket has something to say: connected, or the next address has to be tried. */
static void settle(struct attempt *attempt, struct sluice_findings *findings)
{
	socklen_t length = sizeof(attempt->error);

	if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &attempt->error, &length))
		attempt->error = errno;
	if (!attempt->error)
		look_at_path(attempt, findings);
	close(attempt->fd);
	attempt->fd = -1;
	if (attempt->error && attempt->address->ai_next) {
		attempt->address = attempt->address->ai_next;
		begin(attempt);
	}
}

/* Time is over for a destination. */
static void give_up(struct attempt *attempt)
{
	attempt->error = ETIMEDOUT;
	close(attempt->fd);
	attempt->fd = -1;
}

/* Waits until every attempt has ended. `polls` has room for as many. */
static void wait_for_all(struct attempt *attempts, struct pollfd *polls, size_t count,
			 struct sluice_findings *findings)
{
	uint64_t now, next;
	size_t number, open;

	for (;;) {
		now = sluice_now();
		next = UINT64_MAX;
		open = 0;
		for (number = 0; number < count; number++) {
			if (attempts[number].fd >= 0 && attempts[number].deadline <= now)
				give_up(&attempts[number]);
			polls[number] = (struct pollfd){attempts[number].fd, POLLOUT, 0};
			if (attempts[number].fd < 0)
				continue;
			open++;
			if (attempts[number].deadline < next)
				next = attempts[number].deadline;
		}
		if (!open)
			return;
		if (poll(polls, count, (int)((next - now) / SLUICE_NS_PER_MS) + 1) <= 0)
			continue;
		for (number = 0; number < count; number++)
			if (polls[number].revents)
				settle(&attempts[number], findings);
	}
}

/* Every destination that is enabled; none is there twice. Returns how many. */
static size_t gather(const struct sluice_config *config, struct attempt *attempts,
		     struct sluice_findings *findings)
{
	size_t output, number, count = 0;

	for (output = 0; output < config->output_count; output++)
		for (number = 0; number < config->outputs[output].to_count; number++) {
			const struct sluice_config_output *owner = &config->outputs[output];

			/* Nobody answers a datagram. */
			if (!owner->to[number].enabled || owner->kind == SLUICE_KIND_UDP)
				continue;
			attempts[count] = (struct attempt){.to = &owner->to[number], .fd = -1};
			resolve(&attempts[count++], owner->connect_timeout_us * SLUICE_NS_PER_US,
				findings);
		}
	return count;
}

void sluice_ctl_check_online(const struct sluice_config *config, struct sluice_findings *findings)
{
	size_t output, number, count = 0;
	struct attempt *attempts;
	struct pollfd *polls;

	if (!config || !findings)
		return;
	for (output = 0; output < config->output_count; output++)
		count += config->outputs[output].to_count;
	attempts = calloc(count + 1, sizeof(*attempts));
	polls = calloc(count + 1, sizeof(*polls));
	if (!attempts || !polls) {
		findings->out_of_memory = true;
		goto free;
	}
	count = gather(config, attempts, findings);
	wait_for_all(attempts, polls, count, findings);
	for (number = 0; number < count; number++) {
		if (attempts[number].error)
			warn(findings, attempts[number].to,
			     "does not answer: %s; is the receiver started, and does a firewall "
			     "let "
			     "the connection through? The output will try until it answers",
			     strerror(attempts[number].error));
		if (attempts[number].list)
			freeaddrinfo(attempts[number].list);
	}
	sluice_findings_sort(findings);
free:
	free(polls);
	free(attempts);
}
