// SPDX-License-Identifier: MIT
/*
 * An interface of the AF_XDP source: who has it, its program and its lanes; see xdp.h. Touches: the
 * interface, the program's maps, an abstract socket by which this process claims the interface.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp.skel.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/xdp_left.h"
#include "xdp.h"

#define PORTS 65536U
#define WORDS_SIZE (PORTS * sizeof(uint64_t))
/* Frames of an MTU up to this, with two tags, fit half a page and what the kernel puts before. */
#define SMALL_MTU 1700
#define SMALL_CHUNK 2048U
#define LARGE_CHUNK 4096U

/* Asks something of an interface. 0 or a negative errno. */
static int ask(const char *interface, unsigned long request, struct ifreq *question)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	snprintf(question->ifr_name, sizeof(question->ifr_name), "%s", interface);
	if (ioctl(fd, request, question))
		error = -errno;
	close(fd);
	return error;
}

uint32_t sluice_xdp_queues_of(const char *interface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq question = {.ifr_data = (void *)&channels};
	uint32_t count;

	if (ask(interface, SIOCETHTOOL, &question))
		return 1;
	count = channels.rx_count + channels.combined_count;
	return count ? count : 1;
}

/* Is the interface there and up? 0, -ENODEV, -ENETDOWN; its MTU in *mtu. */
static int look(const char *interface, int *mtu)
{
	struct ifreq question = {0};

	if (ask(interface, SIOCGIFFLAGS, &question))
		return -ENODEV;
	if (!(question.ifr_flags & IFF_UP))
		return -ENETDOWN;
	if (ask(interface, SIOCGIFMTU, &question))
		return -ENODEV;
	*mtu = question.ifr_mtu;
	return 0;
}

/* Maps an array of words that the program has. NULL: it cannot be. */
static uint64_t *map_words(const struct bpf_map *map, int protection)
{
	void *words = mmap(NULL, WORDS_SIZE, protection, MAP_SHARED, bpf_map__fd(map), 0);

	return words == MAP_FAILED ? NULL : words;
}

/* Undoes what sluice_xdp_interface_open() did but the program's being attached. */
static void free_maps(struct sluice_xdp_interface *interface)
{
	if (interface->port_words)
		munmap(interface->port_words, WORDS_SIZE);
	if (interface->left)
		munmap(interface->left, WORDS_SIZE);
	interface->port_words = interface->left = NULL;
	sluice_xdp_attached_free(&interface->attached);
	if (interface->claim >= 0)
		close(interface->claim);
	interface->claim = -1;
}

/* The program is there: what it takes, and what it counts. 0 or a negative errno. */
static int begin_program(struct sluice_xdp_interface *interface)
{
	struct sluice_xdp_programs *programs = interface->attached.programs;
	int error;

	interface->port_words = map_words(programs->maps.ports, PROT_READ | PROT_WRITE);
	interface->left = map_words(programs->maps.left, PROT_READ);
	if (!interface->port_words || !interface->left)
		return -ENOMEM;
	memset(interface->left_told, 0, WORDS_SIZE);
	memset(interface->left_seen, 0, sizeof(interface->left_seen));
	pthread_mutex_lock(&interface->lock);
	error = sluice_xdp_rules_write(interface);
	if (!error) {
		interface->is_open = true;
		sluice_store_relaxed(&interface->generation, interface->generation + 1);
	}
	pthread_mutex_unlock(&interface->lock);
	return error;
}

int sluice_xdp_interface_open(struct sluice_xdp_interface *interface, char text[SLUICE_PCAP_TEXT])
{
	int mtu = 0, error = look(interface->name, &mtu);

	interface->index = if_nametoindex(interface->name);
	if (error == -ENODEV || !interface->index) {
		snprintf(text, SLUICE_PCAP_TEXT, "for interface %s", interface->name);
		return -ENODEV;
	}
	if (error) {
		snprintf(text, SLUICE_PCAP_TEXT, "for interface %s to come up", interface->name);
		return error;
	}
	interface->claim = sluice_xdp_claim(interface->index);
	if (interface->claim < 0) {
		snprintf(text, SLUICE_PCAP_TEXT,
			 "for interface %s: another sluiced takes datagrams there by XDP",
			 interface->name);
		return interface->claim;
	}
	interface->queue_count = sluice_xdp_queues_of(interface->name);
	interface->chunk = mtu <= SMALL_MTU ? SMALL_CHUNK : LARGE_CHUNK;
	sluice_xdp_trial_begin(interface);
	error = sluice_xdp_attach(interface, &interface->attached, text);
	if (error)
		goto free;
	error = begin_program(interface);
	if (!error)
		return 0;
	snprintf(text, SLUICE_PCAP_TEXT,
		 "for interface %s: its XDP program cannot be told what to "
		 "take: %s",
		 interface->name, strerror(-error));
	sluice_xdp_detach(interface->index, &interface->attached);

free:
	free_maps(interface);
	return error;
}

void sluice_xdp_interface_shut(struct sluice_xdp_interface *interface)
{
	pthread_mutex_lock(&interface->lock);
	if (interface->is_open) {
		/* Before any socket goes: nothing is taken that nobody reads. */
		sluice_xdp_detach(interface->index, &interface->attached);
		interface->is_open = false;
		sluice_store_relaxed(&interface->generation, interface->generation + 1);
	}
	pthread_cond_broadcast(&interface->changed);
	pthread_mutex_unlock(&interface->lock);
}

void sluice_xdp_interface_settle(struct sluice_xdp_interface *interface)
{
	pthread_mutex_lock(&interface->lock);
	while (interface->lanes_in)
		pthread_cond_wait(&interface->changed, &interface->lock);
	free_maps(interface);
	pthread_mutex_unlock(&interface->lock);
}

/* Makes a lane. 0 or -ENOMEM. */
static int add_lane(struct sluice_xdp_interface *interface,
		    const struct sluice_config_input *config,
		    void (*read)(struct sluice_pcap_handle *), uint32_t number)
{
	struct sluice_xdp_lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return -ENOMEM;
	lane->poll = epoll_create1(EPOLL_CLOEXEC);
	lane->handle =
		lane->poll >= 0 ? sluice_pcap_handle_new(config, interface->number + number) : NULL;
	if (!lane->handle) {
		if (lane->poll >= 0)
			close(lane->poll);
		free(lane);
		return -ENOMEM;
	}
	lane->interface = interface;
	lane->number = number;
	lane->handle->own = lane;
	lane->handle->read = read;
	interface->lanes[number] = lane->handle;
	interface->lane_count++;
	return 0;
}

struct sluice_xdp_interface *sluice_xdp_interface_new(const struct sluice_config_input *config,
						      void (*read)(struct sluice_pcap_handle *),
						      uint32_t lanes, uint32_t number)
{
	struct sluice_xdp_interface *interface = calloc(1, sizeof(*interface));

	if (!interface)
		return NULL;
	memcpy(interface->name, config->interface, sizeof(interface->name));
	interface->number = number;
	interface->claim = -1;
	interface->attached.link = -1;
	pthread_mutex_init(&interface->lock, NULL);
	pthread_cond_init(&interface->changed, NULL);
	interface->left_told = calloc(PORTS, sizeof(*interface->left_told));
	while (interface->left_told && interface->lane_count < lanes)
		if (add_lane(interface, config, read, interface->lane_count))
			break;
	if (interface->left_told && interface->lane_count == lanes)
		return interface;
	sluice_xdp_interface_free(interface);
	return NULL;
}

void sluice_xdp_interface_stop(struct sluice_xdp_interface *interface)
{
	uint32_t number;

	/* The leader takes the program away; the others wait for that. */
	for (number = 0; number < interface->lane_count; number++)
		sluice_pcap_handle_still(interface->lanes[number]);
	for (number = 0; number < interface->lane_count; number++)
		sluice_pcap_handle_stop(interface->lanes[number]);
}

void sluice_xdp_interface_free(struct sluice_xdp_interface *interface)
{
	uint32_t number;

	if (!interface)
		return;
	sluice_xdp_interface_stop(interface);
	for (number = 0; number < interface->lane_count; number++) {
		struct sluice_xdp_lane *lane = interface->lanes[number]->own;

		close(lane->poll);
		sluice_pcap_handle_free(interface->lanes[number]);
		free(lane);
	}
	free_maps(interface);
	free(interface->rules);
	free(interface->next_rules);
	free(interface->left_told);
	pthread_cond_destroy(&interface->changed);
	pthread_mutex_destroy(&interface->lock);
	free(interface);
}
