/* SPDX-License-Identifier: MIT */
/*
 * Reading capture files, pcap and pcapng, packet by packet, from whatever gives bytes in order: a
 * file, a pipe, memory. Microseconds and nanoseconds, both byte orders, link types that differ by
 * interface. What a file says is not believed: what cannot be right is told with its place, and
 * what stands before it has been handed out. Touches: the memory it allocates, at most
 * SLUICE_CAPTURE_BUFFER and what the list of interfaces takes.
 */
#ifndef SLUICE_LIB_CAPTURE_H
#define SLUICE_LIB_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest packet that is believed, in bytes; libpcap's own limit is a quarter of that. */
#define SLUICE_CAPTURE_PACKET_MAX (1U << 20)
#define SLUICE_CAPTURE_BUFFER (2U << 20)
/* Bytes of a sentence about what is wrong. */
#define SLUICE_CAPTURE_TEXT 200

struct sluice_capture;

/* Reads up to `room` bytes into `bytes`, as read(2) does: how many, 0 at the end, or a negative
 * errno. */
typedef ssize_t (*sluice_capture_read)(void *context, void *bytes, size_t room);

struct sluice_capture_packet {
	const uint8_t *bytes; /* valid until the next call */
	uint32_t captured;    /* how many of them are there */
	uint32_t length;      /* how many the packet had; at least `captured` */
	uint32_t link;	      /* LINKTYPE_* of the interface */
	uint64_t time_ns;     /* since 1970; 0: not told */
	uint64_t number;      /* of the packet in the file, from 1 */
};

/* 0 or -ENOMEM. @owner caller: sluice_capture_close() */
int sluice_capture_open(struct sluice_capture **capture, sluice_capture_read read, void *context);

/* NULL is allowed. */
void sluice_capture_close(struct sluice_capture *capture);

/*
 * The next packet. 1; 0: that was all. -EBADMSG: something is wrong that can be passed over, call
 * again; -EPROTO: something is wrong, and what follows cannot be read: 0 from then on; both with
 * `text`, which says what and where. Another negative errno: of `read`; call again to go on.
 */
int sluice_capture_next(struct sluice_capture *capture, struct sluice_capture_packet *packet,
			char text[SLUICE_CAPTURE_TEXT]);

#endif /* SLUICE_LIB_CAPTURE_H */
