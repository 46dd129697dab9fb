// SPDX-License-Identifier: MIT
/*
 * Does native mode work at this interface? Some drivers, in some kernels, take the program and then
 * starve: the card drops what comes, or the places of the sockets' fill rings leak away (igb of
 * Linux 6.14: xdp-project/xdp-tutorial#466). So what the link and the sockets count after attaching
 * is looked at, and where that is wrong the interface gets generic mode; see xdp.h. Touches: reads
 * the counters of the interface.
 */
#include <ifaddrs.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "xdp.h"

/* So long the link is looked at, and so long it may take to come back: igb takes three seconds. */
#define TRIAL_NS (15 * SLUICE_NS_PER_S)
#define CARRIER_NS (10 * SLUICE_NS_PER_S)
/* So many frames the card may drop in that time, whatever comes. */
#define DROPS_MOST 16U

/* Reads what the link counts. False: it is not known. */
static bool read_link(const char *interface, struct sluice_xdp_trial *trial)
{
	struct ifaddrs *all, *one;
	bool is_known = false;

	if (getifaddrs(&all))
		return false;
	for (one = all; one; one = one->ifa_next) {
		const struct rtnl_link_stats *counts = one->ifa_data;

		if (!one->ifa_addr || one->ifa_addr->sa_family != AF_PACKET || !counts ||
		    strcmp(one->ifa_name, interface) != 0)
			continue;
		trial->packets = counts->rx_packets;
		trial->drops =
			counts->rx_fifo_errors + counts->rx_missed_errors + counts->rx_over_errors;
		trial->has_carrier = one->ifa_flags & IFF_RUNNING;
		is_known = true;
	}
	freeifaddrs(all);
	return is_known;
}

void sluice_xdp_trial_begin(struct sluice_xdp_interface *interface)
{
	memset(&interface->trial, 0, sizeof(interface->trial));
	interface->trial.is_known = read_link(interface->name, &interface->trial);
	interface->trial.began = sluice_now();
	interface->trial.starved = sluice_load_relaxed(&interface->starved);
}

bool sluice_xdp_trial_fails(struct sluice_xdp_interface *interface, char text[SLUICE_PCAP_TEXT])
{
	const struct sluice_xdp_trial *before = &interface->trial;
	struct sluice_xdp_trial now = {0};
	uint64_t passed = sluice_now() - before->began, drops, packets;
	uint64_t starved = sluice_load_relaxed(&interface->starved) - before->starved;

	if (!interface->attached.is_native)
		return false;
	/* There are twice as many places as frames that can wait for us, so that not even a sluiced
	 * that stands still empties the fill ring. With zero-copy asking in vain loses nothing. */
	if (starved && !sluice_load_relaxed(&interface->zerocopy)) {
		snprintf(text, SLUICE_PCAP_TEXT,
			 "generic mode, because in native mode the driver loses places for frames: "
			 "%" PRIu64 " found none",
			 starved);
		return true;
	}
	if (passed > TRIAL_NS || !before->is_known || !read_link(interface->name, &now))
		return false;
	if (before->has_carrier && !now.has_carrier && passed > CARRIER_NS) {
		snprintf(text, SLUICE_PCAP_TEXT,
			 "generic mode, because in native mode the link does not come back");
		return true;
	}
	/* They are 32 bits wide. */
	drops = (uint32_t)(now.drops - before->drops);
	packets = (uint32_t)(now.packets - before->packets);
	if (drops <= DROPS_MOST || drops <= packets)
		return false;
	snprintf(text, SLUICE_PCAP_TEXT,
		 "generic mode, because in native mode the card dropped %" PRIu64
		 " frames, and %" PRIu64 " came through",
		 drops, packets);
	return true;
}
