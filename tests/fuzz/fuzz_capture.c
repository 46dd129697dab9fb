// SPDX-License-Identifier: MIT
/*
 * Fuzzing of what reads captures: files of pcap and pcapng, frames of all link types, fragments.
 * Whatever comes, no byte outside of it is read, what is handed out lies within, and it ends. For
 * libFuzzer, `make fuzz`. The first byte says what the rest is: a file (0), read in pieces of the
 * second byte's size, or frames of one link type, each with its length in front.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/capture.h"
#include "lib/dissect.h"
#include "lib/fragments.h"

#define LINKS 10U

/* Stops the fuzzer when `kept` is false. */
static void promise(bool kept)
{
	if (!kept)
		abort();
}

/* What is read. */
struct text {
	const uint8_t *at;
	size_t left, step;
};

/* sluice_capture_read of memory. */
static ssize_t read_text(void *context, void *bytes, size_t room)
{
	struct text *text = context;
	size_t size = text->left < room ? text->left : room;

	if (text->step && size > text->step)
		size = text->step;
	memcpy(bytes, text->at, size);
	text->at += size;
	text->left -= size;
	return (ssize_t)size;
}

/* Looks at a frame. A copy of its own, so that a byte too many is seen. */
static void look(struct sluice_fragments *fragments, uint32_t link, const uint8_t *bytes,
		 size_t size, size_t length, uint64_t time_ns)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct sluice_dissected what;
	volatile uint8_t sum = 0;
	uint32_t at;

	promise(copy != NULL);
	if (size)
		memcpy(copy, bytes, size);
	sluice_dissect(link, copy, size, length, &what);
	if (what.kind == SLUICE_DISSECTED_FRAGMENT &&
	    sluice_fragments_take(fragments, &what, time_ns) != 1)
		what.kind = SLUICE_DISSECTED_OTHER;
	if (what.kind == SLUICE_DISSECTED_DATAGRAM) {
		promise(what.has_ports && what.length <= 65527);
		for (at = 0; at < what.length; at++)
			sum = (uint8_t)(sum + what.payload[at]);
	}
	free(copy);
}

/* Reads a file. */
static void read_file(struct sluice_fragments *fragments, const uint8_t *data, size_t size)
{
	struct text text = {.at = data + 1, .left = size - 1, .step = data[0]};
	struct sluice_capture_packet packet;
	struct sluice_capture *capture;
	char said[SLUICE_CAPTURE_TEXT];
	size_t count = 0;
	int result;

	promise(!sluice_capture_open(&capture, read_text, &text));
	while ((result = sluice_capture_next(capture, &packet, said))) {
		/* A packet takes twelve bytes at least. */
		promise(++count <= size / 8 + 2);
		if (result == -EPROTO || result == -EBADMSG) {
			promise(memchr(said, 0, sizeof(said)) != NULL && said[0]);
			continue;
		}
		promise(result == 1 && packet.length >= packet.captured);
		look(fragments, packet.link, packet.bytes, packet.captured, packet.length,
		     packet.time_ns);
	}
	sluice_capture_close(capture);
}

/* Looks at frames. */
static void read_frames(struct sluice_fragments *fragments, uint32_t link, const uint8_t *data,
			size_t size)
{
	uint64_t time_ns = 0;
	size_t length;

	while (size >= 2) {
		length = data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		look(fragments, link, data, length, length + (time_ns % 3 ? 0 : 5), time_ns);
		data += length;
		size -= length;
		time_ns += 1000000007;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t links[LINKS] = {0, 1, 12, 14, 101, 108, 113, 228, 229, 276};
	struct sluice_fragments *fragments;

	if (size < 2)
		return 0;
	fragments = sluice_fragments_new();
	promise(fragments != NULL);
	if (!data[0])
		read_file(fragments, data + 1, size - 1);
	else
		read_frames(fragments, links[data[0] % LINKS], data + 1, size - 1);
	sluice_fragments_free(fragments);
	return 0;
}
