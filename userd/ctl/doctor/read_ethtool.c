// SPDX-License-Identifier: MIT
/*
 * What a driver tells of its card, see read.h. Only commands that get something, and of them those
 * that need no right: without CAP_NET_ADMIN the kernel refuses each that sets. Touches: a socket.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "read.h"

#define COUNTERS_MOST 65536U /* of one driver; more is no card */

/* A socket, the card, and where the text goes. */
struct card {
	int fd;
	struct ifreq request;
	FILE *to;
};

/* Asks the driver; `data` begins with the command. False: it does not tell. */
static bool get(struct card *card, void *data)
{
	card->request.ifr_data = data;
	return ioctl(card->fd, SIOCETHTOOL, &card->request) == 0;
}

/* Rings, queues, coalescing, flow control. */
static void put_settings(struct card *card)
{
	struct ethtool_ringparam ring = {.cmd = ETHTOOL_GRINGPARAM};
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ethtool_coalesce coalesce = {.cmd = ETHTOOL_GCOALESCE};
	struct ethtool_value checksum = {.cmd = ETHTOOL_GRXCSUM};
	struct ethtool_cmd link = {.cmd = ETHTOOL_GSET};

	if (get(card, &ring))
		fprintf(card->to, "ring-rx %u\nring-rx-max %u\n", ring.rx_pending,
			ring.rx_max_pending);
	if (get(card, &channels)) {
		fprintf(card->to, "channels %u\nchannels-max %u\n",
			channels.combined_count + channels.rx_count,
			channels.max_combined ? channels.max_combined : channels.max_rx);
		fprintf(card->to, "channels-kind %s\n", channels.max_combined ? "combined" : "rx");
	}
	if (get(card, &coalesce))
		fprintf(card->to, "rx-usecs %u\n", coalesce.rx_coalesce_usecs);
	if (get(card, &checksum))
		fprintf(card->to, "rx-checksum %u\n", checksum.data);
	if (get(card, &link) && ethtool_cmd_speed(&link) != (__u32)SPEED_UNKNOWN)
		fprintf(card->to, "speed %u\n", ethtool_cmd_speed(&link));
}

/* By what datagrams of UDP are spread over queues. */
static void put_hash(struct card *card, const char *name, __u32 flow)
{
	struct ethtool_rxnfc hash = {.cmd = ETHTOOL_GRXFH, .flow_type = flow};

	if (get(card, &hash))
		fprintf(card->to, "%s addresses %d\n%s ports %d\n", name,
			!!(hash.data & (RXH_IP_SRC | RXH_IP_DST)), name,
			!!(hash.data & (RXH_L4_B_0_1 | RXH_L4_B_2_3)));
}

/* How many counters the driver has. */
static __u32 counter_count(struct card *card)
{
	struct {
		struct ethtool_sset_info info;
		__u32 count;
	} set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS}};

	return get(card, &set) && set.info.sset_mask ? set.count : 0;
}

/* The driver's own counters. */
static void put_counters(struct card *card)
{
	__u32 count = counter_count(card), number;
	struct ethtool_gstrings *names;
	struct ethtool_stats *stats;

	if (!count || count > COUNTERS_MOST)
		return;
	names = calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	stats = calloc(1, sizeof(*stats) + count * sizeof(stats->data[0]));
	if (names && stats) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_STATS;
		names->len = count;
		stats->cmd = ETHTOOL_GSTATS;
		stats->n_stats = count;
		if (get(card, names) && get(card, stats))
			for (number = 0; number < count; number++)
				fprintf(card->to, "stat %.*s %llu\n", ETH_GSTRING_LEN,
					(char *)names->data + (size_t)number * ETH_GSTRING_LEN,
					stats->data[number]);
	}
	free(names);
	free(stats);
}

int sluice_doctor_read_ethtool(const char *name, char **text)
{
	struct card card = {.fd = -1};
	size_t length;

	if (!name || strlen(name) >= sizeof(card.request.ifr_name))
		return -EINVAL;
	card.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (card.fd < 0)
		return -errno;
	memcpy(card.request.ifr_name, name, strlen(name) + 1);
	card.to = open_memstream(text, &length);
	if (card.to) {
		put_settings(&card);
		put_hash(&card, "udp4-hash", UDP_V4_FLOW);
		put_hash(&card, "udp6-hash", UDP_V6_FLOW);
		put_counters(&card);
	}
	close(card.fd);
	return card.to && !fclose(card.to) ? 0 : -ENOMEM;
}
