// SPDX-License-Identifier: MIT
/*
 * Memberships in multicast groups; see membership.h. In the control thread. Touches: a socket for
 * each group, because the kernel lets one have 20 (net.ipv4.igmp_max_memberships).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "membership.h"

struct sluice_membership {
	struct sluice_config_prefix group, from; /* from: a whole address, or none */
	char interface[IF_NAMESIZE];		 /* empty: the one that the route says */
	unsigned int index;			 /* of it when it was joined */
	int fd;					 /* -1: it is not joined */
	int error;				 /* that was told of last */
	char input[SLUICE_NAME_MAX + 1];	 /* for messages */
};

/* An address as a socket address. */
static void put_address(const struct sluice_config_prefix *prefix, struct sockaddr_storage *result)
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

	memset(result, 0, sizeof(*result));
	memcpy(&ipv4.sin_addr, prefix->address, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, prefix->address, sizeof(ipv6.sin6_addr));
	if (prefix->family == AF_INET)
		memcpy(result, &ipv4, sizeof(ipv4));
	else
		memcpy(result, &ipv6, sizeof(ipv6));
}

/* Joins; the socket, or a negative errno (RFC 3678, 5.1: the same calls for both families). */
static int join(const struct sluice_membership *membership)
{
	int level = membership->group.family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, result;
	int fd = socket(membership->group.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct group_source_req of_one = {.gsr_interface = membership->index};
	struct group_req of_any = {.gr_interface = membership->index};

	if (fd < 0)
		return -errno;
	put_address(&membership->group, &of_any.gr_group);
	put_address(&membership->group, &of_one.gsr_group);
	put_address(&membership->from, &of_one.gsr_source);
	result = membership->from.family == AF_UNSPEC
			 ? setsockopt(fd, level, MCAST_JOIN_GROUP, &of_any, sizeof(of_any))
			 : setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &of_one, sizeof(of_one));
	if (!result)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

/* Leaves, if it is joined. */
static void leave(struct sluice_membership *membership)
{
	if (membership->fd >= 0)
		close(membership->fd);
	membership->fd = -1;
}

/* Joins, and joins anew where the interface of that name is another one now. True: it is not
 * joined. */
static bool look_after(struct sluice_membership *membership)
{
	unsigned int index = membership->interface[0] ? if_nametoindex(membership->interface) : 0;
	int error = 0;

	if (membership->fd >= 0 && index == membership->index)
		return false;
	leave(membership);
	membership->index = index;
	if (membership->interface[0] && !index)
		error = -ENODEV;
	else
		membership->fd = error = join(membership);
	if (error < 0 && error != membership->error)
		sluice_warning_about(
			SLUICE_ABOUT(.input = membership->input, .error = strerrorname_np(-error)),
			"input `%s`: its group cannot be joined%s%s: %s; tried again every second",
			membership->input, membership->interface[0] ? " at " : "",
			membership->interface,
			error == -ENODEV && !membership->interface[0]
				? "no route leads to it: name its interface"
				: strerror(-error));
	else if (error >= 0)
		sluice_info_about(SLUICE_ABOUT(.input = membership->input),
				  "input `%s`: its group is joined%s%s", membership->input,
				  membership->interface[0] ? " at " : "", membership->interface);
	membership->error = error < 0 ? error : 0;
	return error < 0;
}

/* The membership that an input asks for. */
static struct sluice_membership wanted(const struct sluice_config_input *input)
{
	struct sluice_membership membership = {.group = input->group, .fd = -1};
	unsigned int whole = input->from.family == AF_INET ? 32 : 128;

	if (input->from.family != AF_UNSPEC && input->from.length == whole)
		membership.from = input->from;
	memcpy(membership.interface, input->interface, sizeof(membership.interface));
	memcpy(membership.input, input->name, sizeof(membership.input));
	return membership;
}

/* That of the list which is the same, or NULL. */
static struct sluice_membership *find(const struct sluice_membership_list *memberships,
				      const struct sluice_membership *other)
{
	size_t number;

	for (number = 0; number < memberships->count; number++) {
		struct sluice_membership *one = &memberships->list[number];

		if (sluice_config_prefix_is_same(&one->group, &other->group) &&
		    sluice_config_prefix_is_same(&one->from, &other->from) &&
		    !strcmp(one->interface, other->interface))
			return one;
	}
	return NULL;
}

bool sluice_membership_follow(struct sluice_membership_list *memberships,
			      const struct sluice_config *config)
{
	struct sluice_membership_list fresh = {0};
	bool waits = false;
	size_t number;

	if (!memberships || !config)
		return false;
	fresh.list = calloc(config->input_count + 1, sizeof(*fresh.list));
	if (!fresh.list)
		return true;
	for (number = 0; number < config->input_count; number++) {
		struct sluice_membership one = wanted(&config->inputs[number]), *known;

		if (one.group.family == AF_UNSPEC || find(&fresh, &one))
			continue;
		known = find(memberships, &one);
		if (known) {
			one.fd = known->fd;
			one.index = known->index;
			one.error = known->error;
			known->fd = -1;
		}
		fresh.list[fresh.count++] = one;
	}
	for (number = 0; number < fresh.count; number++)
		waits |= look_after(&fresh.list[number]);
	/* What is left there nobody asks for. Only now, so that a group that is asked for in
	 * another way is never left in between. */
	sluice_membership_leave(memberships);
	*memberships = fresh;
	return waits;
}

void sluice_membership_leave(struct sluice_membership_list *memberships)
{
	size_t number;

	if (!memberships)
		return;
	for (number = 0; number < memberships->count; number++)
		leave(&memberships->list[number]);
	free(memberships->list);
	memset(memberships, 0, sizeof(*memberships));
}
