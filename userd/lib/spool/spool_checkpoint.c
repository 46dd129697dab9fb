// SPDX-License-Identifier: MIT
/*
 * Checkpoints of the spool: what the outputs have acknowledged of what lies there; see spool.h. Two
 * slots, written in turn, so that a torn write spoils the older one's successor only. A lost
 * checkpoint means that frames are sent again, never that they are lost. What stands in for one
 * that cannot be written is in spool_stand_in.c. Touches: the checkpoint file.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "frame.h"
#include "log.h"
#include "spool_inner.h"

/* Position of slot `number` in the file. */
static uint64_t slot_position(uint64_t number)
{
	return SLUICE_DISK_BLOCK + number * SLUICE_SPOOL_SLOT;
}

bool sluice_spool_needs_checkpoint(const struct sluice_spool *spool)
{
	return spool && (spool->dirty || spool->is_unlisted) && !spool->look;
}

/* Puts the acknowledged ranges of all logs behind `slot`. Returns how many there are; those that do
 * not fit are left out. */
static uint32_t collect(const struct sluice_spool *spool, struct sluice_spool_entry *entries)
{
	uint32_t count = 0;
	size_t number, reader, range;

	for (number = 0; number < spool->log_count; number++) {
		const struct sluice_spool_log *log = spool->logs[number];

		for (reader = 0; reader < log->output_count; reader++) {
			const struct sluice_ranges *acked = &log->outputs[reader].acked;

			for (range = 0; range < acked->count && count < SLUICE_SPOOL_ENTRIES;
			     range++) {
				struct sluice_spool_entry *entry = &entries[count++];

				sluice_guid_copy(entry->stream, log->name.stream);
				sluice_guid_copy(entry->output, log->outputs[reader].guid);
				entry->epoch = htole64(log->name.epoch);
				entry->start = htole64(acked->list[range].start);
				entry->end = htole64(acked->list[range].end);
			}
		}
	}
	return count;
}

/* The room behind the entries of the slot in memory. */
static size_t behind_entries(const struct sluice_spool *spool, void **memory)
{
	const struct sluice_spool_slot *slot = (void *)spool->slot;
	size_t used = sizeof(*slot) + le32toh(slot->count) * sizeof(struct sluice_spool_entry);

	*memory = spool->slot + used;
	return SLUICE_SPOOL_SLOT - used;
}

/* Fills the slot in memory with what is known now. */
static void fill(struct sluice_spool *spool)
{
	struct sluice_spool_slot *slot = (void *)spool->slot;
	size_t room;
	void *rest;

	memset(spool->slot, 0, SLUICE_SPOOL_SLOT);
	sluice_guid_copy(slot->store, spool->store);
	slot->generation = htole64(spool->generation + 1);
	slot->serial = htole64(spool->serial);
	slot->count = htole32(collect(spool, (struct sluice_spool_entry *)(slot + 1)));
	sluice_spool_slot_seal(slot, (struct sluice_spool_entry *)(slot + 1));
	room = behind_entries(spool, &rest);
	sluice_spool_catalog_write(spool, rest, room);
}

int sluice_spool_checkpoint(struct sluice_spool *spool)
{
	int error;

	if (!spool || spool->look)
		return -EINVAL;
	fill(spool);
	error = sluice_disk_write(spool->checkpoint_fd, spool->slot, SLUICE_SPOOL_SLOT,
				  slot_position((spool->generation + 1) % 2));
	if (!error)
		error = sluice_disk_sync(spool->checkpoint_fd);
	if (error)
		return error;
	spool->generation++;
	spool->dirty = false;
	spool->is_unlisted = false;
	sluice_spool_stand_in_remove(spool);
	return 0;
}

int sluice_spool_note(struct sluice_spool *spool)
{
	int error = -EROFS, other;

	if (!spool || (spool->look && !spool->is_read_only))
		return -EINVAL;
	if (!spool->dirty && !spool->is_unlisted)
		return 0;
	if (!spool->look)
		error = sluice_spool_checkpoint(spool);
	if (!error || spool->is_noted || !spool->dirty)
		return error;
	fill(spool);
	other = sluice_spool_stand_in_write(spool);
	spool->is_noted = !other;
	if (other && !spool->is_forgetful) {
		spool->is_forgetful = true;
		sluice_error_about(
			SLUICE_ABOUT(.store = spool->path, .error = strerrorname_np(-error)),
			"spool %s: it cannot be noted what was delivered of what lies there: "
			"not there (%s), and not in %s (%s); until it can be, a start delivers "
			"that once more, and native receivers drop what they have",
			spool->path, strerror(-error),
			spool->stand_in ? spool->stand_in : "another place", strerror(-other));
	}
	return error;
}

/* Is what is in memory a slot of this store? 0 or a negative errno. */
static int check_slot(const struct sluice_spool *spool)
{
	const struct sluice_spool_slot *slot = (void *)spool->slot;
	int error = sluice_spool_slot_check(slot);

	if (!error && !sluice_guid_equal(slot->store, spool->store))
		error = -EPROTO;
	if (!error &&
	    le32toh(slot->entries_crc) !=
		    sluice_crc32c(0, slot + 1,
				  le32toh(slot->count) * sizeof(struct sluice_spool_entry)))
		error = -EBADMSG;
	return error;
}

/* Reads slot `number` into spool->slot. 0 or a negative errno. */
static int read_slot(struct sluice_spool *spool, uint64_t number)
{
	int error = sluice_disk_read(spool->checkpoint_fd, spool->slot, SLUICE_SPOOL_SLOT,
				     slot_position(number));

	return error ? error : check_slot(spool);
}

/* Reads what stands in for a checkpoint of a later generation than `generation`. False: there is
 * none. */
static bool read_stand_in(struct sluice_spool *spool, uint64_t generation)
{
	const struct sluice_spool_slot *slot = (void *)spool->slot;

	return !sluice_spool_stand_in_read(spool) && !check_slot(spool) &&
	       le64toh(slot->generation) > generation;
}

/* Acknowledges what the slot in memory says, of the logs that are there. */
static void apply(struct sluice_spool *spool)
{
	const struct sluice_spool_slot *slot = (void *)spool->slot;
	const struct sluice_spool_entry *entries = (void *)(slot + 1);
	uint32_t number, count = le32toh(slot->count);
	size_t place;

	for (number = 0; number < count; number++) {
		for (place = 0; place < spool->log_count; place++) {
			struct sluice_spool_log *log = spool->logs[place];

			if (log->name.epoch != le64toh(entries[number].epoch) ||
			    !sluice_guid_equal(log->name.stream, entries[number].stream))
				continue;
			(void)sluice_spool_acknowledge(spool, log, entries[number].output,
						       le64toh(entries[number].start),
						       le64toh(entries[number].end));
			break;
		}
	}
}

uint64_t sluice_spool_checkpoint_generation(struct sluice_spool *spool)
{
	const struct sluice_spool_slot *slot = (void *)spool->slot;
	uint64_t number, best = 0;

	for (number = 0; spool->checkpoint_fd >= 0 && number < 2; number++)
		if (!read_slot(spool, number) && le64toh(slot->generation) > best)
			best = le64toh(slot->generation);
	return best;
}

int sluice_spool_checkpoint_load(struct sluice_spool *spool)
{
	const struct sluice_spool_slot *slot = (void *)spool->slot;
	uint64_t number, best = 0, generation = 0;
	bool found = false, was_bad = false;
	size_t room;
	void *rest;
	int error;

	if (spool->checkpoint_fd < 0)
		return -ENOENT;
	for (number = 0; number < 2; number++) {
		if (read_slot(spool, number)) {
			was_bad = true;
			continue;
		}
		if (!found || le64toh(slot->generation) > generation) {
			generation = le64toh(slot->generation);
			best = number;
		}
		found = true;
	}
	spool->is_stood_in = read_stand_in(spool, generation);
	if (spool->is_stood_in)
		generation = le64toh(slot->generation);
	else if (!spool->look)
		sluice_spool_stand_in_remove(spool);
	if (!spool->is_stood_in && (!found || read_slot(spool, best)))
		return -ENOENT;
	spool->generation = generation;
	/* The first checkpoint of all has no other beside it. */
	spool->figures.slot_lost = was_bad && generation > 1;
	if (le64toh(slot->serial) > spool->serial)
		spool->serial = le64toh(slot->serial);
	room = behind_entries(spool, &rest);
	error = sluice_spool_catalog_compare(spool, rest, room);
	if (error)
		sluice_error_about(
			SLUICE_ABOUT(.store = spool->path),
			"spool %s: out of memory for what is missing there; a part of it is "
			"not told of",
			spool->path);
	apply(spool);
	sluice_spool_catalog_report_missing(spool);
	spool->dirty = spool->is_stood_in;
	spool->is_noted = spool->is_stood_in;
	/* What it says of logs without frames is forgotten here, and must not apply to what is
	 * written later. */
	spool->must_checkpoint = true;
	return 0;
}
