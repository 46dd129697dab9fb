// SPDX-License-Identifier: MIT
/*
 * Fuzzing of what takes connections: a TCP stream that is cut into records, and native frames of a
 * relay upstream. Whatever comes, records are no longer than they may be, and a program that says
 * "no room now" gets each record once all the same. For libFuzzer, `make fuzz`. The first byte says
 * what the rest is (0 to 2: a framing; else native frames), the second in which pieces it comes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/source/inlet_cutter.h"
#include "lib/receiver_inner.h"

#define MOST 100U

/* Stops the fuzzer when `kept` is false. */
static void promise(bool kept)
{
	if (!kept)
		abort();
}

/* Cuts a stream. */
static void cut(enum sluice_cutting framing, const uint8_t *data, size_t size, size_t step)
{
	struct sluice_inlet_cutter cutter;
	struct sluice_inlet_item item;
	volatile uint8_t sum = 0;
	size_t room, part, at;
	uint8_t *bytes;
	int result = 0;

	sluice_inlet_cutter_begin(&cutter, framing, MOST);
	while (result >= 0 && size) {
		bytes = sluice_inlet_cutter_room(&cutter, &room);
		promise(bytes && room);
		part = size < step ? size : step;
		part = part < room ? part : room;
		memcpy(bytes, data, part);
		sluice_inlet_cutter_fed(&cutter, part);
		data += part;
		size -= part;
		while ((result = sluice_inlet_cutter_look(&cutter, !size, &item)) == 1) {
			promise(item.length <= MOST && item.used);
			for (at = 0; at < item.length; at++)
				sum = (uint8_t)(sum + item.bytes[at]);
			sluice_inlet_cutter_take(&cutter, &item);
		}
	}
	sluice_inlet_cutter_free(&cutter);
}

/* sluice_receiver_take: refuses every third call for want of room. */
static int take(void *context, const struct sluice_receiver_record *record)
{
	unsigned int *calls = context;

	promise(record->end > record->offset && record->length <= 65527);
	return ++*calls % 3 ? 0 : -EAGAIN;
}

/* sluice_receiver_path: names end. */
static int look_at_path(void *context, const struct sluice_frame_relay *relays, size_t count)
{
	(void)context;
	promise(count && memchr(relays[count - 1].name, 0, sizeof(relays[0].name)));
	return 0;
}

/* Takes native frames. */
static void receive(const uint8_t *data, size_t size, size_t step)
{
	struct sluice_receiver *receiver = NULL;
	struct sluice_receiver_link *link = NULL;
	unsigned int calls = 0;
	size_t room, part, length;
	const void *due;
	uint8_t *bytes;
	int result = 0;

	promise(!sluice_receiver_open(&receiver, take, &calls));
	if (step % 2)
		sluice_receiver_hold(receiver);
	promise(!sluice_receiver_link_open(receiver, &link));
	sluice_receiver_link_watch(link, look_at_path, NULL);
	while (!result && size) {
		bytes = sluice_receiver_room(link, &room);
		promise(bytes && room);
		part = size < step ? size : step;
		part = part < room ? part : room;
		memcpy(bytes, data, part);
		data += part;
		size -= part;
		result = sluice_receiver_fed(link, part);
		while (result == -EAGAIN)
			result = sluice_receiver_fed(link, 0);
		promise(!sluice_receiver_acknowledge(link, SLUICE_RECEIVER_DURABLE));
		promise(!sluice_receiver_output(link, &due, &length));
		sluice_receiver_sent(link, length);
	}
	sluice_receiver_link_close(link);
	sluice_receiver_close(receiver);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] <= SLUICE_CUTTING_LENGTH32)
		cut((enum sluice_cutting)data[0], data + 2, size - 2, (size_t)data[1] + 1);
	else
		receive(data + 2, size - 2, (size_t)data[1] * 16 + 1);
	return 0;
}
