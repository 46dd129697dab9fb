// SPDX-License-Identifier: MIT
/*
 * A feeder's segments as text; see recall.h. Touches: the feeder, the parcel.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../handover/notes.h"
#include "../handover/parcel.h"
#include "recall.h"

/* Bytes of what a line has behind its word and of a line's list. */
#define KEY (2UL * SLUICE_GUID_TEXT)
#define LIST 4096U
/* Bytes of one segment in a list: four numbers at most. */
#define ITEM 96U

bool sluice_recall_is_possible(const struct sluice_feeder *feeder)
{
	return sluice_feeder_is_of_ring(feeder) && feeder->floor <= sluice_feeder_acked(feeder);
}

/* Writes what tells the feeder from others into `key`; returns it. */
static const char *key_of(const struct sluice_feeder *feeder, char key[KEY])
{
	char output[SLUICE_GUID_TEXT], stream[SLUICE_GUID_TEXT];

	snprintf(key, KEY, "%s %s", sluice_guid_format(feeder->cursor->output, output),
		 sluice_guid_format(feeder->ring->producer->stream, stream));
	return key;
}

/* Writes one segment into `text`. Returns its bytes. */
static size_t write_item(const struct sluice_segment *segment, const struct sluice_recall *recall,
			 char text[ITEM])
{
	size_t number = segment->state == SLUICE_SEGMENT_CARRIED
				? recall->number_of(recall->context, segment->carrier)
				: SLUICE_RECALL_NOBODY;
	int length = snprintf(text, ITEM, "%" PRIu64 "+%" PRIu64 "*%" PRIu64 "@", segment->start,
			      segment->end - segment->start, segment->count);

	if (segment->state == SLUICE_SEGMENT_DONE)
		length += snprintf(text + length, ITEM - (size_t)length, "d,");
	else if (number == SLUICE_RECALL_NOBODY)
		length += snprintf(text + length, ITEM - (size_t)length, "r,");
	else
		length += snprintf(text + length, ITEM - (size_t)length, "%zu,", number);
	return (size_t)length;
}

int sluice_recall_tell(const struct sluice_feeder *feeder, const struct sluice_recall *recall,
		       struct sluice_parcel *parcel)
{
	uint64_t epoch = feeder->ring->producer->epoch, id = feeder->first;
	char key[KEY], list[LIST];
	size_t used, place;
	int result = 0;

	(void)key_of(feeder, key);
	while (!result && id < feeder->next) {
		for (used = 0; id < feeder->next && used + ITEM < LIST; id++)
			used += write_item(sluice_feeder_slot(feeder, id), recall, list + used);
		result = sluice_parcel_say(parcel, "spans %s epoch=%" PRIu64 " list=%s", key, epoch,
					   list);
	}
	for (place = 0; !result && place < feeder->known.count; place++)
		result = sluice_parcel_say(
			parcel, "known %s epoch=%" PRIu64 " start=%" PRIu64 " end=%" PRIu64, key,
			epoch, feeder->known.list[place].start, feeder->known.list[place].end);
	return result;
}

/* Reads one segment, from `at`, and who carries it: its word. NULL: that makes no sense; else where
 * the next one begins. */
static const char *read_item(const char *at, struct sluice_segment *segment, const char **who)
{
	char *end;

	*segment = (struct sluice_segment){.start = strtoull(at, &end, 10)};
	if (*end++ != '+')
		return NULL;
	segment->end = segment->start + strtoull(end, &end, 10);
	if (*end++ != '*')
		return NULL;
	segment->count = strtoull(end, &end, 10);
	if (*end++ != '@' || segment->end <= segment->start)
		return NULL;
	*who = end;
	at = strchr(end, ',');
	return at ? at + 1 : NULL;
}

/* Adds a segment behind the last one. False: it cannot be of this ring. */
static bool add(struct sluice_feeder *feeder, struct sluice_segment *segment, const char *who,
		const struct sluice_recall *recall)
{
	uint64_t sequence;

	if (segment->start < feeder->taken || segment->end > sluice_ring_head(feeder->ring) ||
	    feeder->next - feeder->first >= SLUICE_FEEDER_SEGMENTS ||
	    sluice_ring_locate(feeder->ring, segment->end, &sequence))
		return false;
	segment->state = SLUICE_SEGMENT_RETURNED;
	if (*who == 'd')
		segment->state = SLUICE_SEGMENT_DONE;
	else if (*who != 'r')
		segment->carrier = recall->carrier_of(recall->context, strtoul(who, NULL, 10));
	if (segment->carrier) {
		segment->state = SLUICE_SEGMENT_CARRIED;
		segment->carrier->bytes += sluice_segment_bytes(segment);
		segment->carrier->segments++;
	}
	feeder->returned += segment->state == SLUICE_SEGMENT_RETURNED;
	*sluice_feeder_slot(feeder, feeder->next++) = *segment;
	feeder->taken = segment->end;
	feeder->taken_sequence = sequence;
	return true;
}

/* Takes the segments of one line. False: it makes no sense from somewhere on. */
static bool take_line(struct sluice_feeder *feeder, const char *line,
		      const struct sluice_recall *recall)
{
	struct sluice_segment segment;
	size_t length;
	const char *at = sluice_handover_value(line, "list", &length), *who, *end;

	if (!at || sluice_handover_number(line, "epoch") != feeder->ring->producer->epoch)
		return false;
	for (end = at + length; at < end;) {
		at = read_item(at, &segment, &who);
		if (!at || !add(feeder, &segment, who, recall))
			return false;
	}
	return true;
}

void sluice_recall_take(struct sluice_feeder *feeder, const struct sluice_recall *recall)
{
	const char *line = NULL;
	char key[KEY];

	if (!sluice_recall_is_possible(feeder) || feeder->first != feeder->next)
		return;
	(void)key_of(feeder, key);
	while ((line = sluice_notes_next(line, "spans", key)))
		if (!take_line(feeder, line, recall))
			break;
	feeder->recount = true;
	while ((line = sluice_notes_next(line, "known", key)))
		if (sluice_handover_number(line, "epoch") == feeder->ring->producer->epoch)
			(void)sluice_ranges_add(&feeder->known,
						sluice_handover_number(line, "start"),
						sluice_handover_number(line, "end"));
	sluice_feeder_advance(feeder);
}
