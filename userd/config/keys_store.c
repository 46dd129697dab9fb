// SPDX-License-Identifier: MIT
/*
 * What `store` may hold: its keys, their limits and defaults; part of keys.c. Touches: nothing but
 * memory.
 */
#include <stddef.h>
#include <sluice/ring.h>
#include "spool/spool.h"
#include "draft.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)

/* Of `drain` and `drop`. */
static const struct sluice_choice ends[] = {
	{"newest", 0, false}, {"oldest", 1, false}, {NULL, 0, false}};

static const struct sluice_choice huges[] = {
	{"off", 0, false}, {"auto", 1, false}, {NULL, 0, false}};

static const struct sluice_key memory_keys[] = {
	/* At most what 46 address bits reach; the machine's own limit is host.c's business. */
	{.path = "store.memory.size",
	 .does = "all rings of all routes together",
	 .fallback = "64m",
	 .change = SLUICE_KEY_RINGS,
	 .read = sluice_read_size,
	 .offset = DRAFT(store.memory_size),
	 .place = DRAFT(store.memory_place),
	 .minimum = SLUICE_RING_SIZE_MIN,
	 .maximum = 1ULL << 46},
	{.path = "store.memory.path",
	 .does = "directory on tmpfs of the rings of sockets",
	 .otherwise = "/dev/shm/sluice",
	 .change = SLUICE_KEY_RINGS,
	 .read = sluice_read_word,
	 .offset = DRAFT(memory_path)},
	{.path = "store.memory.huge",
	 .does = "whether rings of sockets that are made from now on are of huge pages",
	 .fallback = "off",
	 .read = sluice_read_choice,
	 .offset = DRAFT(store.huge),
	 .choices = huges},
	{.path = "store.memory.alarm",
	 .does = "how full a ring is when an alarm is raised",
	 .otherwise = "none",
	 .read = sluice_read_percent,
	 .offset = DRAFT(store.memory_alarm)},
};

static const struct sluice_key_table memory_table = {"store.memory", "store.memory", memory_keys,
						     COUNT(memory_keys)};

static const struct sluice_key disk_keys[] = {
	{.path = "store.disk.path",
	 .does = "directory of what does not fit into memory",
	 .read = sluice_read_word,
	 .offset = DRAFT(disk_path),
	 .required = true},
	{.path = "store.disk.size",
	 .does = "how much the store on the disk takes",
	 .fallback = "1g",
	 .read = sluice_read_size,
	 .offset = DRAFT(store.disk_size),
	 .place = DRAFT(store.disk_size_place),
	 .minimum = SLUICE_SPOOL_SEGMENTS_MIN * SLUICE_SPOOL_SEGMENT_MIN,
	 .maximum = 1ULL << 50},
	{.path = "store.disk.segment",
	 .does = "size of one file",
	 .otherwise = "64m, less for a small disk",
	 .read = sluice_read_size,
	 .offset = DRAFT(store.disk_segment),
	 .minimum = SLUICE_SPOOL_SEGMENT_MIN,
	 .maximum = SLUICE_SPOOL_SEGMENT_MAX},
	{.path = "store.disk.rate",
	 .does = "most bytes a second written to disk",
	 .otherwise = "none",
	 .read = sluice_read_size,
	 .offset = DRAFT(store.disk_rate),
	 .minimum = 1 << 20,
	 .maximum = 1ULL << 62},
	{.path = "store.disk.alarm",
	 .does = "how full the disk is when an alarm is raised",
	 .otherwise = "none",
	 .read = sluice_read_percent,
	 .offset = DRAFT(store.disk_alarm)},
};

static const struct sluice_key_table disk_table = {"store.disk", "store.disk", disk_keys,
						   COUNT(disk_keys)};

static const struct sluice_key spool_keys[] = {
	{.path = "store.spool.begin",
	 .does = "how full a ring is when it is emptied to disk",
	 .fallback = "75%",
	 .read = sluice_read_percent,
	 .offset = DRAFT(store.spool_begin)},
	{.path = "store.spool.end",
	 .does = "how full it is when that ends",
	 .fallback = "50%",
	 .read = sluice_read_percent,
	 .offset = DRAFT(store.spool_end)},
};

static const struct sluice_key_table spool_table = {"store.spool", "store.spool", spool_keys,
						    COUNT(spool_keys)};

static const struct sluice_key store_keys[] = {
	{.path = "store.memory",
	 .does = "rings",
	 .read = sluice_read_nested,
	 .table = &memory_table},
	{.path = "store.disk",
	 .does = "the store on a disk",
	 .otherwise = "none",
	 .read = sluice_read_nested,
	 .table = &disk_table},
	{.path = "store.spool",
	 .does = "when rings are emptied to disk",
	 .read = sluice_read_nested,
	 .table = &spool_table,
	 .place = DRAFT(spool_place)},
	{.path = "store.drain",
	 .does = "in which order what waits is sent",
	 .fallback = "newest",
	 .read = sluice_read_choice,
	 .offset = DRAFT(store.drain),
	 .choices = ends},
	{.path = "store.drop",
	 .does = "what is lost when memory and disk are full",
	 .fallback = "newest",
	 .read = sluice_read_choice,
	 .offset = DRAFT(store.drop),
	 .place = DRAFT(store.drop_place),
	 .choices = ends},
};

const struct sluice_key_table sluice_store_table = {"store", "store", store_keys,
						    COUNT(store_keys)};

void sluice_store_settle(const struct sluice_reader *reader, struct sluice_draft *draft)
{
	/* 64 MiB, but sixteen of them at least, as long as they do not become too small. */
	if (!draft->store.disk_segment) {
		draft->store.disk_segment = 64 << 20;
		while (draft->store.disk_size / draft->store.disk_segment < 16 &&
		       draft->store.disk_segment > SLUICE_SPOOL_SEGMENT_MIN)
			draft->store.disk_segment /= 2;
	}
	draft->store.disk_segment -= draft->store.disk_segment % SLUICE_DISK_BLOCK;
	if (draft->store.disk_size / draft->store.disk_segment < SLUICE_SPOOL_SEGMENTS_MIN)
		sluice_findings_add(
			reader->findings, SLUICE_FINDING_ERROR, &draft->store.disk_size_place,
			"store.disk.size: at least %u segments of `store.disk.segment` must "
			"fit into it",
			SLUICE_SPOOL_SEGMENTS_MIN);
}
