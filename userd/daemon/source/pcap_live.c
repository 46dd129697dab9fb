// SPDX-License-Identifier: MIT
/*
 * The thread of a handle reads an interface by libpcap; see pcap.h. It sleeps in a poll of its own,
 * because pcap_dispatch(3PCAP) does not come back from an idle interface in the time that it was
 * told. What the kernel's buffer had no room for is counted here, too: on loopback libpcap counts
 * each packet twice, once as it goes and once as it comes. Touches: packet sockets.
 */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "pcap.h"

/* The kernel's buffer; libpcap maps twice as much. */
#define BUFFER_BYTES (16 << 20)
/* The largest packet there is, with its link layer. */
#define SNAP 262144
#define TIMEOUT_MS 10
/* Packets of one turn, and how long is slept at most before it is looked once more. */
#define TURN 512
#define LOOK_NS (100 * SLUICE_NS_PER_MS)
/* How often an interface that is not there is looked for, and losses are. */
#define RETRY_NS SLUICE_NS_PER_S

/* An interface that is open. */
struct live {
	struct sluice_pcap_handle *handle;
	pcap_t *pcap;
	uint32_t link;
	uint32_t index;
	uint32_t drops; /* as last read */
	uint64_t looked;
	struct sluice_pcap_table *filtered; /* that the filter was made of */
	bool is_loopback;
};

/* Sets the filter for the inputs that there are now. Without one all is looked at here. */
static void set_filter(struct live *live)
{
	struct sluice_pcap_handle *handle = live->handle;
	struct bpf_program program;
	char *text;

	pthread_mutex_lock(&handle->lock);
	if (handle->table == live->filtered) {
		pthread_mutex_unlock(&handle->lock);
		return;
	}
	live->filtered = handle->table;
	text = handle->table ? sluice_pcap_filter_write(handle->table, live->link == DLT_EN10MB)
			     : NULL;
	pthread_mutex_unlock(&handle->lock);
	if (pcap_compile(live->pcap, &program, text ? text : "", 1, PCAP_NETMASK_UNKNOWN)) {
		sluice_warning("interface %s: all of its packets are looked at, because a filter "
			       "cannot be made: %s",
			       handle->interface, pcap_geterr(live->pcap));
	} else {
		if (pcap_setfilter(live->pcap, &program))
			sluice_warning("interface %s: all of its packets are looked at, because "
				       "the filter is refused: %s",
				       handle->interface, pcap_geterr(live->pcap));
		pcap_freecode(&program);
	}
	free(text);
}

/* pcap_handler: one packet. */
static void take(u_char *context, const struct pcap_pkthdr *head, const u_char *bytes)
{
	struct live *live = (struct live *)(void *)context;
	uint32_t size;
	const struct sluice_pcap_frame frame = {
		.link = live->link,
		.bytes = bytes,
		.captured = head->caplen,
		.length = head->len,
		/* Nanoseconds, as was asked for. */
		.time_ns = (uint64_t)head->ts.tv_sec * SLUICE_NS_PER_S + (uint64_t)head->ts.tv_usec,
		.interface = live->index,
	};

	if (sluice_pcap_take(live->handle, &frame, &size) == -ECANCELED)
		pcap_breakloop(live->pcap);
}

/* Why the interface cannot be opened, for the user. */
static void explain(const struct sluice_pcap_handle *handle, int status, const char *why,
		    char text[SLUICE_PCAP_TEXT])
{
	if (!if_nametoindex(handle->interface))
		snprintf(text, SLUICE_PCAP_TEXT, "for interface %s", handle->interface);
	else if (status == PCAP_ERROR_PERM_DENIED)
		snprintf(text, SLUICE_PCAP_TEXT,
			 "for the right to capture from %s: run sluiced as root or with "
			 "CAP_NET_RAW",
			 handle->interface);
	else if (status == PCAP_ERROR_IFACE_NOT_UP)
		snprintf(text, SLUICE_PCAP_TEXT, "for interface %s to come up", handle->interface);
	else
		snprintf(text, SLUICE_PCAP_TEXT, "for interface %s: %.150s", handle->interface,
			 why);
}

/* Opens the interface. 0, or -EAGAIN and `text` says what it waits for. */
static int open_interface(struct live *live, char text[SLUICE_PCAP_TEXT])
{
	struct sluice_pcap_handle *handle = live->handle;
	char why[PCAP_ERRBUF_SIZE] = "";
	int status = PCAP_ERROR;
	pcap_t *pcap = pcap_create(handle->interface, why);

	if (!pcap)
		goto failed;
	(void)pcap_set_snaplen(pcap, SNAP);
	(void)pcap_set_timeout(pcap, TIMEOUT_MS);
	(void)pcap_set_buffer_size(pcap, BUFFER_BYTES);
	(void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(pcap);
	if (status < 0) {
		snprintf(why, sizeof(why), "%s", pcap_geterr(pcap));
		goto failed;
	}
	/* What this machine sends is no input of it; on loopback all of it is both. */
	if (pcap_setdirection(pcap, PCAP_D_IN) || pcap_setnonblock(pcap, 1, why)) {
		snprintf(why, sizeof(why), "%s", pcap_geterr(pcap));
		goto failed;
	}
	live->pcap = pcap;
	live->link = (uint32_t)pcap_datalink(pcap);
	live->index = if_nametoindex(handle->interface);
	live->filtered = NULL;
	live->drops = 0;
	if (sluice_dissect_knows(live->link))
		return 0;
	snprintf(text, SLUICE_PCAP_TEXT,
		 "for interface %s: its link type %" PRIu32
		 " is not known; Ethernet, raw IP, Linux "
		 "cooked and loopback are",
		 handle->interface, live->link);
	live->pcap = NULL;
	pcap_close(pcap);
	return -EAGAIN;

failed:
	explain(handle, status, why, text);
	if (pcap)
		pcap_close(pcap);
	return -EAGAIN;
}

/* Losses of the kernel's buffer since the last look: of all inputs of the interface together, so
 * they are told of the first. */
static void look_for_drops(struct live *live)
{
	struct sluice_pcap_handle *handle = live->handle;
	struct sluice_pcap_claim *claim;
	struct sluice_pcap_ring *ring;
	struct pcap_stat state;
	uint32_t more;

	live->looked = sluice_now();
	if (pcap_stats(live->pcap, &state))
		return;
	more = state.ps_drop - live->drops;
	live->drops = state.ps_drop;
	if (live->is_loopback)
		more = (more + 1) / 2;
	if (!more)
		return;
	pthread_mutex_lock(&handle->lock);
	if (handle->table && handle->table->claim_count) {
		claim = &handle->table->claims[0];
		ring = &handle->table->rings[claim->ring];
		sluice_count(&claim->input->lost_capture, more);
		sluice_ring_lose(&ring->stream->ring, claim->input->index, SLUICE_LOST_SOCKET, more,
				 0);
		ring->is_untold = true;
	}
	pthread_mutex_unlock(&handle->lock);
}

/* Reads until the interface goes, or the thread is to end. 0 or -ECANCELED. */
static int read_on(struct live *live)
{
	struct sluice_pcap_handle *handle = live->handle;
	int fd = pcap_get_selectable_fd(live->pcap), count;

	for (;;) {
		set_filter(live);
		count = pcap_dispatch(live->pcap, TURN, take, (u_char *)live);
		sluice_pcap_flush(handle);
		if (sluice_pcap_is_over(handle))
			return -ECANCELED;
		if (count < 0 && count != PCAP_ERROR_BREAK) {
			sluice_warning("interface %s: nothing is captured from it now: %s",
				       handle->interface, pcap_geterr(live->pcap));
			return 0;
		}
		if (sluice_now() - live->looked >= RETRY_NS) {
			look_for_drops(live);
			/* One of the same name may be another one. */
			if (if_nametoindex(handle->interface) != live->index)
				return 0;
		}
		if (count > 0) {
			sluice_thread_progress(sluice_now());
			continue;
		}
		if (sluice_pcap_wait(handle, fd, sluice_now() + LOOK_NS) == -ECANCELED)
			return -ECANCELED;
	}
}

void sluice_pcap_read_interface(struct sluice_pcap_handle *handle)
{
	struct live live = {.handle = handle, .is_loopback = !strcmp(handle->interface, "lo")};
	char text[SLUICE_PCAP_TEXT], told[SLUICE_PCAP_TEXT] = "";
	int result = 0;

	while (result != -ECANCELED) {
		if (open_interface(&live, text)) {
			if (strcmp(text, told) != 0)
				sluice_warning("source: pcap waits %s; nothing is captured there "
					       "until then",
					       text);
			memcpy(told, text, sizeof(told));
			sluice_pcap_say(handle, SLUICE_PCAP_WAITS, "%s", text);
			result = sluice_pcap_wait(handle, -1, sluice_now() + RETRY_NS);
			continue;
		}
		if (told[0])
			sluice_notice("interface %s: it is captured from now", handle->interface);
		told[0] = '\0';
		sluice_pcap_say(handle, SLUICE_PCAP_READS, "active");
		live.looked = sluice_now();
		result = read_on(&live);
		look_for_drops(&live);
		pcap_close(live.pcap);
		live.pcap = NULL;
	}
	sluice_pcap_flush(handle);
}
