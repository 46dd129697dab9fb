// SPDX-License-Identifier: MIT
/*
 * An interface that packets are taken from: its sockets, one for each of the first workers, come
 * and go with it; see afpacket.h. For the control thread. Touches: packet sockets, and the lanes by
 * worker call.
 */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "afpacket.h"

/* The kernel hands a block over that is begun after so long at the latest: its timer looks twice,
 * and may be a jiffy late. */
#define RETIRE_NS ((4 * SLUICE_AFPACKET_MS + 8) * SLUICE_NS_PER_MS)

/* What an interface is now. */
struct link {
	unsigned int index; /* 0: it is not there */
	bool is_up, is_ethernet;
};

/* Sets what the handle waits for, which is told once. */
__attribute__((format(printf, 2, 3))) static void wait_for(struct sluice_afpacket_handle *handle,
							   const char *format, ...)
{
	char text[SLUICE_PCAP_TEXT];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (strcmp(text, handle->text) != 0)
		sluice_warning("source: afpacket waits %s; nothing is captured there until then",
			       text);
	memcpy(handle->text, text, sizeof(handle->text));
}

/* Looks at the interface of that name. */
static struct link look_at(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	struct link link = {0};

	if (fd < 0)
		return link;
	memcpy(request.ifr_name, name, IF_NAMESIZE);
	if (!ioctl(fd, SIOCGIFINDEX, &request))
		link.index = (unsigned int)request.ifr_ifindex;
	if (link.index && !ioctl(fd, SIOCGIFFLAGS, &request))
		link.is_up = (request.ifr_flags & IFF_UP) != 0;
	if (link.index && !ioctl(fd, SIOCGIFHWADDR, &request))
		link.is_ethernet = request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
				   request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	close(fd);
	return link;
}

struct sluice_afpacket_handle *sluice_afpacket_handle_new(const char *interface)
{
	struct sluice_afpacket_handle *handle = calloc(1, sizeof(*handle));

	if (handle)
		snprintf(handle->interface, sizeof(handle->interface), "%s", interface);
	return handle;
}

void sluice_afpacket_handle_free(struct sluice_afpacket_handle *handle)
{
	size_t number;

	if (!handle)
		return;
	for (number = 0; number < SLUICE_WORKERS_MAX; number++) {
		struct sluice_afpacket_lane *lane = handle->lanes[number];

		if (!lane)
			continue;
		sluice_pcap_table_free(lane->table);
		sluice_pcap_table_free(lane->next_table);
		sluice_fragments_free(lane->fragments);
		free(lane);
	}
	free(handle);
}

struct sluice_afpacket_lane *sluice_afpacket_handle_lane(struct sluice_afpacket_handle *handle,
							 size_t number)
{
	struct sluice_afpacket_lane *lane = handle->lanes[number];

	if (lane)
		return lane;
	lane = aligned_alloc(64, sizeof(*lane));
	if (!lane)
		return NULL;
	memset(lane, 0, sizeof(*lane));
	handle->lanes[number] = lane;
	return lane;
}

/* Waits until the kernel has handed over the blocks that it has begun. */
static void wait_for_blocks(void)
{
	const struct timespec time = {.tv_nsec = RETIRE_NS};

	(void)nanosleep(&time, NULL);
}

void sluice_afpacket_handle_close(struct sluice_afpacket_handle *handle,
				  const struct sluice_source_context *context, size_t first)
{
	size_t number;

	if (first >= handle->lanes_open)
		return;
	for (number = first; number < handle->lanes_open; number++)
		sluice_afpacket_still(handle->lanes[number]->socket);
	wait_for_blocks();
	for (number = first; number < handle->lanes_open; number++) {
		struct sluice_afpacket_socket *socket = handle->lanes[number]->socket;

		(void)sluice_worker_call(context->workers[number], sluice_afpacket_lane_leave,
					 handle->lanes[number]);
		sluice_afpacket_close(socket);
	}
	handle->lanes_open = first;
	if (!first) {
		handle->index = 0;
		handle->has_group = false;
	}
}

/* Opens one more socket, which takes nothing yet. 0 or a negative errno. */
static int open_lane(struct sluice_afpacket_handle *handle,
		     const struct sluice_source_context *context, const struct link *link)
{
	size_t number = handle->lanes_open;
	struct sluice_afpacket_lane *lane = handle->lanes[number];
	int error;

	lane->socket = sluice_afpacket_open(link->index, link->is_ethernet, &error);
	if (!lane->socket)
		return error;
	/* A group is only needed by more than one. */
	if (number && !handle->has_group) {
		error = sluice_afpacket_join(handle->lanes[0]->socket, &handle->group, true);
		handle->has_group = !error;
	}
	if (!error && number)
		error = sluice_afpacket_join(lane->socket, &handle->group, false);
	if (!error)
		error = sluice_worker_call(context->workers[number], sluice_afpacket_lane_enter,
					   lane);
	if (error) {
		sluice_afpacket_close(lane->socket);
		lane->socket = NULL;
		return error;
	}
	handle->lanes_open++;
	handle->index = link->index;
	return 0;
}

/* Opens the sockets that are missing. 0 or a negative errno. */
static int open_lanes(struct sluice_afpacket_handle *handle,
		      const struct sluice_source_context *context, const struct link *link)
{
	size_t first = handle->lanes_open, number;
	int error = 0;

	while (!error && handle->lanes_open < handle->lanes_wanted)
		error = open_lane(handle, context, link);
	/* All are in the group by now: none takes what another one has. */
	for (number = first; !error && number < handle->lanes_open; number++)
		error = sluice_afpacket_filter(handle->lanes[number]->socket,
					       handle->lanes[number]->table);
	if (error)
		sluice_afpacket_handle_close(handle, context, 0);
	return error;
}

bool sluice_afpacket_handle_refresh(struct sluice_afpacket_handle *handle,
				    const struct sluice_source_context *context)
{
	struct link link = look_at(handle->interface);
	int error;

	/* An interface is what has that name. */
	if (handle->index && handle->index != link.index)
		sluice_afpacket_handle_close(handle, context, 0);
	sluice_afpacket_handle_close(handle, context, handle->lanes_wanted);
	if (!link.index) {
		wait_for(handle, "for interface %s", handle->interface);
		return true;
	}
	/* Sockets that are open take again when it comes up. */
	if (!link.is_up) {
		wait_for(handle, "for interface %s to come up", handle->interface);
		return true;
	}
	error = open_lanes(handle, context, &link);
	if (error == -EPERM || error == -EACCES) {
		wait_for(handle,
			 "for the right to capture from %s: run sluiced as root or with "
			 "CAP_NET_RAW",
			 handle->interface);
		return true;
	}
	if (error == -ENOMEM) {
		wait_for(handle,
			 "for interface %s: no memory for %zu rings of %u MiB; have fewer "
			 "`workers`",
			 handle->interface, handle->lanes_wanted,
			 (SLUICE_AFPACKET_BLOCK * SLUICE_AFPACKET_BLOCKS) >> 20);
		return true;
	}
	if (error) {
		wait_for(handle, "for interface %s: %s", handle->interface, strerror(-error));
		return true;
	}
	if (handle->text[0])
		sluice_notice("interface %s: it is captured from now", handle->interface);
	handle->text[0] = '\0';
	return false;
}

void sluice_afpacket_handle_turn(struct sluice_afpacket_handle *handle,
				 const struct sluice_source_context *context)
{
	size_t number;

	handle->lanes_wanted = handle->next_lanes;
	/* By the tables that they have. */
	sluice_afpacket_handle_close(handle, context, handle->lanes_wanted);
	for (number = 0; number < SLUICE_WORKERS_MAX; number++) {
		struct sluice_afpacket_lane *lane = handle->lanes[number];
		struct sluice_pcap_table *old = lane ? lane->table : NULL;

		if (!lane)
			continue;
		if (lane->socket) {
			(void)sluice_worker_call(context->workers[number],
						 sluice_afpacket_lane_turn, lane);
			(void)sluice_afpacket_filter(lane->socket, lane->table);
		} else {
			lane->table = lane->next_table;
			lane->next_table = old;
		}
		sluice_pcap_table_free(lane->next_table);
		lane->next_table = NULL;
	}
}
