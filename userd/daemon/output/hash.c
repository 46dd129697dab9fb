// SPDX-License-Identifier: MIT
/*
 * Mode `hash`: every datagram of a flow (addresses and ports of both ends) goes to the same
 * destination, and when one goes only its flows move. Segments are cut into runs of records for one
 * destination, which wait at their connection and go many to a write. Between the feeders and the
 * connections of an output, in one worker. Touches: both.
 *
 * Highest random weight (Thaler and Ravishankar, 1998): flows fall into buckets; in each bucket
 * destinations have ranks that depend on nothing but bucket and name, and the highest of those that
 * are there gets the bucket. A run ends where the first or the second rank changes, so that it can
 * move as a whole when its destination goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/record.h"
#include "../stream/stream.h"
#include "output.h"

#define BUCKETS 1024U
#define NOBODY UINT16_MAX

struct sluice_buckets {
	uint16_t first[BUCKETS], second[BUCKETS]; /* indexes of connections */
};

int sluice_buckets_create(struct sluice_buckets **buckets)
{
	*buckets = calloc(1, sizeof(**buckets));
	return *buckets ? 0 : -ENOMEM;
}

/* Mixes a number well (the finalizer of MurmurHash3, Appleby). */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 33) * 0xff51afd7ed558ccdULL;
	value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return value ^ value >> 33;
}

/* The rank of a destination in a bucket: the best of as many throws as its weight, so that it wins
 * that often. */
static uint64_t rank(const struct sluice_connection *connection, uint64_t bucket)
{
	uint64_t best = 0, value;
	unsigned int throw;

	for (throw = 0; throw < connection->role.weight; throw ++) {
		value = mix(connection->role.identity + mix(bucket << 8 | throw));
		if (value > best)
			best = value;
	}
	return best;
}

/* Gives the buckets to those who are there. */
static void deal(struct sluice_output *output)
{
	struct sluice_buckets *buckets = output->buckets;
	size_t number, bucket;

	for (bucket = 0; bucket < BUCKETS; bucket++) {
		uint64_t first = 0, second = 0, value;

		buckets->first[bucket] = buckets->second[bucket] = NOBODY;
		for (number = 0; number < output->group.connection_count; number++) {
			const struct sluice_connection *connection =
				output->group.connections[number];

			if (!sluice_connection_takes_part(connection))
				continue;
			value = rank(connection, bucket);
			if (buckets->first[bucket] == NOBODY || value > first) {
				second = first;
				buckets->second[bucket] = buckets->first[bucket];
				first = value;
				buckets->first[bucket] = (uint16_t)number;
			} else if (buckets->second[bucket] == NOBODY || value > second) {
				second = value;
				buckets->second[bucket] = (uint16_t)number;
			}
		}
	}
	output->group.changed = false;
}

/* The bucket of a datagram's flow; without addresses, of its input. */
static size_t bucket_of(const struct sluice_record_view *view)
{
	const struct sluice_record_address *address = view->address;
	uint64_t words[4], hash;

	if (!address)
		return mix(view->input) % BUCKETS;
	memcpy(words, address->source, 16);
	memcpy(words + 2, address->destination, 16);
	hash = mix(words[0] ^ mix(words[1]));
	hash = mix(hash ^ words[2]);
	hash = mix(hash ^ words[3]);
	return mix(hash ^ ((uint64_t)address->source_port << 16 | address->destination_port)) %
	       BUCKETS;
}

/* The length of the run that `span` begins with, in bytes and records (as the ring counts them:
 * without PAD), and the bucket of its first datagram. What is no datagram goes with those before
 * it. */
static size_t run_of(const struct sluice_buckets *buckets, const uint8_t *span, size_t length,
		     uint64_t *records, size_t *bucket)
{
	struct sluice_record_view view;
	bool has_bucket = false;
	size_t at = 0, next;

	*records = 0;
	*bucket = 0;
	for (; at < length && !sluice_record_read(span + at, length - at, &view); at += view.span) {
		if (view.type == SLUICE_RECORD_DATA) {
			next = bucket_of(&view);
			if (!has_bucket)
				*bucket = next;
			else if (buckets->first[next] != buckets->first[*bucket] ||
				 buckets->second[next] != buckets->second[*bucket])
				return at;
			has_bucket = true;
		}
		*records += view.type != SLUICE_RECORD_PAD;
	}
	/* Behind damage there is no finding records: all of it goes as one, as it would in another
	 * mode. */
	return length;
}

/* Gives segment `id`, which `output->hold` carries, to its connection, to wait there. */
static void give(struct sluice_output *output, struct sluice_feeder *feeder, uint64_t id,
		 struct sluice_connection *connection, uint64_t now)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	uint64_t bytes = sluice_segment_bytes(segment);

	if (!connection->carrier.segments)
		connection->signs.owed = now;
	output->hold.bytes -= bytes;
	output->hold.segments--;
	segment->carrier = &connection->carrier;
	connection->carrier.bytes += bytes;
	connection->carrier.segments++;
	connection->load.given += bytes;
	/* It may wait for long: the store can have its memory meanwhile. What came from the disk
	 * has a place of its own. */
	if (sluice_feeder_is_first(feeder))
		sluice_feeder_unpin(feeder, id);
	sluice_connection_park(connection, feeder, id);
}

/* May another run wait at `connection`? */
static bool has_room(const struct sluice_output *output, const struct sluice_connection *connection)
{
	return connection->parking.next - connection->parking.first < SLUICE_PARKED &&
	       (!connection->carrier.segments || connection->carrier.bytes < output->group.window);
}

void sluice_output_put_back(struct sluice_output *output)
{
	const struct sluice_segment *segment;

	if (!output->held.feeder)
		return;
	segment = sluice_feeder_segment(output->held.feeder, output->held.id);
	if (segment)
		sluice_feeder_return(output->held.feeder, output->held.id, segment->start,
				     segment->count);
	output->held.feeder = NULL;
	output->group.blocker = NULL;
}

/* Gives what is held to whom it belongs. False: there is no room. */
static bool settle(struct sluice_output *output, uint64_t now)
{
	struct sluice_connection *connection =
		output->group.connections[output->buckets->first[output->held_bucket]];

	/* The receiver of another connection may have said meanwhile that it has it. */
	if (sluice_feeder_segment(output->held.feeder, output->held.id)) {
		if (!has_room(output, connection)) {
			output->group.blocker = connection;
			return false;
		}
		give(output, output->held.feeder, output->held.id, connection, now);
	}
	output->held.feeder = NULL;
	output->group.blocker = NULL;
	return true;
}

/* Gives the next run of `feeder`, `most` bytes if one record has no more, to whom it belongs.
 * False: there is none, or its owner has no room. */
static bool hand_out(struct sluice_output *output, struct sluice_feeder *feeder, size_t most,
		     uint64_t now)
{
	struct sluice_segment *segment;
	const uint8_t *bytes;
	uint64_t id, records;
	size_t length, run;
	bool again;

	segment = sluice_feeder_take(feeder, most, &output->hold, &id, &again);
	if (!segment)
		return false;
	bytes = sluice_feeder_bytes(feeder, segment);
	length = (size_t)sluice_segment_bytes(segment);
	if (!bytes) {
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return false;
	}
	run = run_of(output->buckets, bytes, length, &records, &output->held_bucket);
	if (!again && run < length)
		(void)sluice_feeder_cut(feeder, id, segment->start + run, records);
	if (again)
		sluice_count(
			&output->group.connections[output->buckets->first[output->held_bucket]]
				 ->counters.resent,
			segment->count);
	output->held = (struct sluice_parked){.feeder = feeder, .id = id};
	output->handed += sluice_segment_bytes(segment);
	return settle(output, now);
}

/* Lets everybody write what waits for it. Returns true if something of it waits no longer. */
static bool send_parked(struct sluice_output *output, uint64_t now, uint64_t *due)
{
	bool moved = false;
	uint64_t when;

	for_each_connection (connection, &output->group) {
		if (connection->parking.first == connection->parking.next ||
		    !sluice_connection_is_free(connection))
			continue;
		when = sluice_pacer_due(output->group.pacer);
		if (sluice_pacer_due(connection->role.pacer) > when)
			when = sluice_pacer_due(connection->role.pacer);
		if (when <= now) {
			moved |= sluice_connection_send_parked(
				connection,
				sluice_pacer_portion(
					connection->role.pacer,
					sluice_pacer_portion(output->group.pacer, SIZE_MAX)),
				now);
		} else if (*due <= now || when < *due) {
			*due = when;
		}
	}
	return moved;
}

/* Is every destination there or known to be down? One that is neither: its flows wait for it, so
 * that they do not move twice: for an attempt to connect at most. */
static bool is_settled(const struct sluice_output *output)
{
	for_each_connection (connection, &output->group) {
		if (!connection->role.disabled && !connection->role.standby &&
		    !connection->attempt.complained && connection->state != SLUICE_TCP_READY)
			return false;
	}
	return true;
}

/* The most that a run may have: no more than any rate lets go at once, since nobody knows yet whose
 * it will be. */
static size_t longest_run(const struct sluice_output *output)
{
	size_t most = sluice_pacer_portion(output->group.pacer, output->group.run_bytes);

	for_each_connection (connection, &output->group)
		most = sluice_pacer_portion(connection->role.pacer, most);
	return most;
}

/* Gives out runs, in the order of the feeders or of their priorities, as long as there are some and
 * room for them. Returns true if there was one. */
static bool hand_out_all(struct sluice_output *output, uint64_t now, uint64_t *due)
{
	size_t most = longest_run(output);
	struct sluice_feeder *picked;
	bool moved = false;
	size_t barren = 0;
	uint64_t handed;

	if (sluice_precedence_matters(output->precedence)) {
		while (barren < output->group.feeder_count && !output->held.feeder &&
		       (picked = sluice_output_pick(output, barren > 0, now, due))) {
			handed = output->handed;
			moved |= hand_out(output, picked, most, now);
			sluice_output_account(output, output->handed - handed);
			barren = output->handed > handed ? 0 : barren + 1;
		}
		return moved;
	}
	for_each_feeder (feeder, &output->group) {
		while (!output->held.feeder && sluice_feeder_look(feeder) &&
		       !sluice_output_waits_for_older(output, feeder) &&
		       hand_out(output, feeder, most, now))
			moved = true;
	}
	return moved;
}

void sluice_output_pump_hash(struct sluice_output *output, uint64_t now, uint64_t *due)
{
	bool moved;

	/* It ends: what moves is a segment that leaves a feeder or a connection's queue, and what
	 * changes a connection that is lost. */
	do {
		if (output->group.changed)
			deal(output);
		moved = output->buckets->first[0] != NOBODY && is_settled(output) &&
			(!output->held.feeder || settle(output, now)) &&
			hand_out_all(output, now, due);
		moved |= send_parked(output, now, due);
		/* Losing a connection deals the buckets anew. */
	} while (moved || output->group.changed);
}
