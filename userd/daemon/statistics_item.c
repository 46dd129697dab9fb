// SPDX-License-Identifier: MIT
/*
 * Lines of statistics by item; see statistics_item.h. Somebody chose that they come, so however
 * many items there are, none is left out. Touches: the log.
 */
#include "statistics_item.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sluice/record.h>
#include "../lib/log.h"
#include "../lib/size.h"

uint64_t sluice_statistics_delivered(const struct sluice_engine_output *output)
{
	bool has_answers = !strcmp(output->framing, "native") || !strcmp(output->framing, "relp");
	uint64_t delivered = 0;
	size_t place;

	for (place = 0; place < output->destination_count; place++)
		delivered += has_answers ? output->destinations[place].acked
					 : output->destinations[place].sent;
	return delivered;
}

uint64_t sluice_statistics_more(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

/* All losses of a counter. */
static uint64_t lost_of(const struct sluice_counters *counters)
{
	uint64_t lost = 0;
	size_t cause;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		lost += counters->lost[cause];
	return lost;
}

/* Takes from the numbers of an item what it had before; `place`: where it is now, and most likely
 * was. One that was not there counts from 0. */
static struct sluice_statistics_item since(const struct sluice_statistics_items *items,
					   struct sluice_statistics_item item, size_t place)
{
	size_t number = place;

	if (number >= items->count || !sluice_guid_equal(items->list[number].guid, item.guid))
		for (number = 0; number < items->count; number++)
			if (sluice_guid_equal(items->list[number].guid, item.guid))
				break;
	if (number >= items->count)
		return item;
	item.received = sluice_statistics_more(item.received, items->list[number].received);
	item.stored = sluice_statistics_more(item.stored, items->list[number].stored);
	item.lost = sluice_statistics_more(item.lost, items->list[number].lost);
	item.dropped = sluice_statistics_more(item.dropped, items->list[number].dropped);
	item.delivered = sluice_statistics_more(item.delivered, items->list[number].delivered);
	return item;
}

/* The line of an input. */
static void tell_input(const struct sluice_engine_input *input,
		       const struct sluice_statistics_item *more)
{
	sluice_notice_asked(SLUICE_ABOUT(.input = input->name,
					 .received = SLUICE_NUMBER(more->received),
					 .stored = SLUICE_NUMBER(more->stored),
					 .lost = SLUICE_NUMBER(more->lost),
					 .dropped = SLUICE_NUMBER(more->dropped)),
			    "statistics of input `%s`: %" PRIu64 " datagrams came, %" PRIu64
			    " were stored, %" PRIu64 " lost, %" PRIu64 " dropped",
			    input->name, more->received, more->stored, more->lost, more->dropped);
}

/* The line of an output. */
static void tell_output(const struct sluice_engine_output *output,
			const struct sluice_statistics_item *more)
{
	uint64_t waiting = output->waiting.memory + output->waiting.disk;
	const char *load = output->load ? output->load : "normal";
	char size[SLUICE_SIZE_TEXT];

	sluice_notice_asked(SLUICE_ABOUT(.output = output->name,
					 .delivered = SLUICE_NUMBER(more->delivered),
					 .dropped = SLUICE_NUMBER(more->dropped),
					 .waiting = SLUICE_NUMBER(waiting), .load = load),
			    "statistics of output `%s`: %" PRIu64 " datagrams delivered, %" PRIu64
			    " dropped; %s wait, load is %s",
			    output->name, more->delivered, more->dropped,
			    sluice_size_format(waiting, size), load);
}

/* The line of a stream. */
static void tell_stream(const struct sluice_engine_stream *stream,
			const struct sluice_statistics_item *more)
{
	uint64_t used = stream->head > stream->tail ? stream->head - stream->tail : 0;
	const char *load = stream->load ? stream->load : "normal";
	char size[SLUICE_SIZE_TEXT], room[SLUICE_SIZE_TEXT];

	sluice_notice_asked(
		SLUICE_ABOUT(.route = stream->name, .cpu = SLUICE_NUMBER(stream->cpu),
			     .stored = SLUICE_NUMBER(more->stored),
			     .lost = SLUICE_NUMBER(more->lost), .bytes = SLUICE_NUMBER(used),
			     .load = load),
		"statistics of stream `%s`, CPU %u: %" PRIu64 " datagrams were stored, %" PRIu64
		" lost; %s of %s are in use, load is %s",
		stream->name, stream->cpu, more->stored, more->lost, sluice_size_format(used, size),
		sluice_size_format(stream->size, room), load);
}

/* The lines of the store. */
static void tell_store(const struct sluice_engine_store *store)
{
	char size[SLUICE_SIZE_TEXT], room[SLUICE_SIZE_TEXT];

	sluice_notice_asked(SLUICE_ABOUT(.bytes = SLUICE_NUMBER(store->memory_used)),
			    "statistics of the memory: %s of %s are in use",
			    sluice_size_format(store->memory_used, size),
			    sluice_size_format(store->memory_size, room));
	if (store->disk_path)
		sluice_notice_asked(SLUICE_ABOUT(.store = store->disk_path,
						 .bytes = SLUICE_NUMBER(store->disk.used),
						 .waiting = SLUICE_NUMBER(store->disk.bytes)),
				    "statistics of the disk: %s of %s are in use",
				    sluice_size_format(store->disk.used, size),
				    sluice_size_format(store->disk_size, room));
}

void sluice_statistics_items_look(struct sluice_statistics_items *items,
				  const struct sluice_engine_report *report, bool tells)
{
	size_t room = report->input_count + report->output_count + report->stream_count, number,
	       place = 0;
	struct sluice_statistics_item *list = calloc(room ? room : 1, sizeof(*list)), item, more;

	tells = tells && items->list;
	for (number = 0; number < report->input_count; number++, place++) {
		const struct sluice_engine_input *input = &report->inputs[number];

		item = (struct sluice_statistics_item){.received = input->counters.matched,
						       .stored = input->counters.stored,
						       .lost = lost_of(&input->counters),
						       .dropped = input->dropped};
		sluice_guid_copy(item.guid, input->guid);
		more = since(items, item, place);
		if (tells)
			tell_input(input, &more);
		if (list)
			list[place] = item;
	}
	for (number = 0; number < report->output_count; number++, place++) {
		const struct sluice_engine_output *output = &report->outputs[number];

		item = (struct sluice_statistics_item){.delivered =
							       sluice_statistics_delivered(output),
						       .dropped = output->dropped};
		sluice_guid_copy(item.guid, output->guid);
		more = since(items, item, place);
		if (tells)
			tell_output(output, &more);
		if (list)
			list[place] = item;
	}
	for (number = 0; number < report->stream_count; number++, place++) {
		const struct sluice_engine_stream *stream = &report->streams[number];

		item = (struct sluice_statistics_item){.stored = stream->counters.stored,
						       .lost = lost_of(&stream->counters)};
		sluice_guid_copy(item.guid, stream->uuid);
		more = since(items, item, place);
		if (tells)
			tell_stream(stream, &more);
		if (list)
			list[place] = item;
	}
	if (tells)
		tell_store(&report->store);
	free(items->list);
	items->list = list;
	items->count = list ? room : 0;
}

void sluice_statistics_items_free(struct sluice_statistics_items *items)
{
	free(items->list);
	memset(items, 0, sizeof(*items));
}
