// SPDX-License-Identifier: MIT
/*
 * What an earlier process left in the spool's directory: segments are found, their lists read; one
 * without a usable list is scanned. Foreign and newer files are put aside. See spool.h. Touches:
 * the files of the store.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "frame.h"
#include "log.h"
#include "spool_inner.h"

/* Scanning reads in pieces of this size. */
#define PIECE (1U << 20)

/* Enters the frame with `head` at `position` of segment `place` into the index. */
static int enter(struct sluice_spool *spool, size_t place, uint64_t position,
		 const struct sluice_spool_frame_head *head)
{
	struct sluice_spool_extent extent = {
		.start = le64toh(head->offset),
		.end = le64toh(head->offset) + le64toh(head->span),
		.count = le32toh(head->count),
		.length = le32toh(head->length),
		.segment = (uint32_t)place,
		.block = (uint32_t)(position / SLUICE_DISK_BLOCK),
		.head_length = le16toh(head->head_length),
		.type = head->type,
	};
	struct sluice_spool_name name = {.epoch = le64toh(head->epoch), .cpu = le32toh(head->cpu)};
	struct sluice_spool_log *log;

	if (head->type != SLUICE_SPOOL_DATA && head->type != SLUICE_SPOOL_GAPS)
		return 0;
	sluice_guid_copy(name.stream, head->stream);
	sluice_guid_copy(name.route, head->route);
	log = sluice_spool_index_log(spool, &name);
	if (!log)
		return -ENOMEM;
	return sluice_spool_index_add(spool, log, &extent, (const sluice_guid *)(head + 1),
				      le32toh(head->outputs));
}

/* Is it a frame of this store and of this use of the segment? */
static bool belongs(const struct sluice_spool *spool, size_t place,
		    const struct sluice_spool_frame_head *head, size_t available)
{
	return !sluice_spool_frame_check(head, available) &&
	       le64toh(head->serial) == spool->segments[place].serial &&
	       sluice_guid_equal(head->store, spool->store);
}

/* Enters what the list at `position` says. 0; -EBADMSG or what the disk said: it cannot be used,
 * nothing was entered. */
static int read_list(struct sluice_spool *spool, size_t place, uint64_t position)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	const struct sluice_spool_frame_head *head = (void *)spool->block;
	uint64_t bytes, at, where;
	uint8_t *list, *payload;
	int error;

	if (position % SLUICE_DISK_BLOCK || position >= segment->size)
		return -EBADMSG;
	error = sluice_disk_read(segment->fd, spool->block, SLUICE_DISK_BLOCK, position);
	if (error)
		return error;
	bytes = sluice_spool_frame_bytes(sizeof(*head), le32toh(head->length));
	if (!belongs(spool, place, head, SLUICE_DISK_BLOCK) || head->type != SLUICE_SPOOL_LIST ||
	    bytes > segment->size - position)
		return -EBADMSG;
	list = sluice_disk_memory(bytes);
	if (!list)
		return -ENOMEM;
	error = sluice_disk_read(segment->fd, list, bytes, position);
	payload = list + sizeof(*head);
	bytes = le32toh(head->length);
	if (!error && sluice_crc32c(0, payload, bytes) != le32toh(head->payload_crc))
		error = -EBADMSG;
	for (at = 0; !error && at + sizeof(__le64) + sizeof(*head) <= bytes;) {
		const struct sluice_spool_frame_head *entry =
			(void *)(payload + at + sizeof(__le64));

		memcpy(&where, payload + at, sizeof(where));
		if (!belongs(spool, place, entry, bytes - at - sizeof(__le64))) {
			error = -EBADMSG;
			break;
		}
		error = enter(spool, place, le64toh(where), entry);
		at += sizeof(__le64) + le16toh(entry->head_length);
	}
	if (error)
		sluice_spool_index_remove(spool, place, false);
	segment->used = segment->size;
	free(list);
	return error;
}

/* A window on a segment that is being scanned. */
struct window {
	uint8_t *bytes;
	uint64_t start, length;
	/* Before it a piece could not be read: no more is asked for than is wanted. */
	uint64_t careful;
};

/* Makes [at, at + wanted) of the segment readable. NULL: the disk does not give it. One bad place
 * does not hide what lies beside it in the same piece. */
static uint8_t *look_at(struct sluice_spool *spool, size_t place, struct window *window,
			uint64_t at, uint64_t wanted)
{
	struct sluice_spool_segment *segment = &spool->segments[place];

	if (at + wanted > segment->size)
		return NULL;
	if (at < window->start || at + wanted > window->start + window->length) {
		window->start = at;
		window->length = segment->size - at < PIECE ? segment->size - at : PIECE;
		if (at < window->careful) {
			window->length = wanted;
		} else if (sluice_disk_read(segment->fd, window->bytes, window->length, at)) {
			window->careful = at + window->length;
			window->length = wanted;
		} else {
			return window->bytes;
		}
		if (sluice_disk_read(segment->fd, window->bytes, wanted, at)) {
			window->length = 0;
			return NULL;
		}
	}
	return window->bytes + (at - window->start);
}

/*
 * Looks for frames in every block of a segment. `serial`: adopt the highest serial that a frame of
 * the store has, because the head is damaged.
 */
static int scan(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	struct window window = {.bytes = sluice_disk_memory(PIECE)};
	const struct sluice_spool_frame_head *head;
	uint64_t at = SLUICE_DISK_BLOCK, bytes, last = at;
	uint64_t known = at; /* to where the last frame goes, whole or not */
	bool was_bad = false;
	uint8_t *found;
	int error = window.bytes ? 0 : -ENOMEM;

	spool->figures.scanned++;
	while (!error && at < segment->size) {
		head = (void *)look_at(spool, place, &window, at, SLUICE_DISK_BLOCK);
		bytes = head ? sluice_spool_frame_bytes(le16toh(head->head_length),
							le32toh(head->length))
			     : 0;
		/* A frame whose head cannot be read leaves nothing but that there was one, if there
		 * was. */
		if (!head && at >= known && !was_bad) {
			spool->figures.damaged_frames++;
			sluice_error_about(
				SLUICE_ABOUT(.store = spool->path),
				"spool %s: segment %06u, block %llu cannot be read: a frame "
				"that began there is lost",
				spool->path, segment->number,
				(unsigned long long)at / SLUICE_DISK_BLOCK);
		}
		was_bad = !head && at >= known;
		if (!head || !belongs(spool, place, head, SLUICE_DISK_BLOCK) ||
		    bytes > segment->size - at || bytes > PIECE ||
		    head->type == SLUICE_SPOOL_LIST) {
			at += SLUICE_DISK_BLOCK;
			continue;
		}
		known = at + bytes;
		found = look_at(spool, place, &window, at, bytes);
		head = (void *)found;
		if (!found || sluice_crc32c(0, found + le16toh(head->head_length),
					    le32toh(head->length)) != le32toh(head->payload_crc)) {
			/* Never whole, or spoilt since: its head says what is missing, so it is
			 * told as lost. */
			spool->figures.torn++;
			head = (void *)look_at(spool, place, &window, at, SLUICE_DISK_BLOCK);
			if (head)
				error = enter(spool, place, at, head);
			at += SLUICE_DISK_BLOCK;
			continue;
		}
		error = enter(spool, place, at, head);
		at += bytes;
		last = at;
	}
	segment->used = last;
	free(window.bytes);
	return error;
}

/* The serial of the frames that a segment with a damaged head holds: the highest there is. 0: no
 * frame of this store. */
static uint64_t serial_of(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	struct window window = {.bytes = sluice_disk_memory(PIECE)};
	const struct sluice_spool_frame_head *head;
	uint64_t at, best = 0;

	for (at = SLUICE_DISK_BLOCK; window.bytes && at < segment->size; at += SLUICE_DISK_BLOCK) {
		head = (void *)look_at(spool, place, &window, at, SLUICE_DISK_BLOCK);
		if (head && !sluice_spool_frame_check(head, SLUICE_DISK_BLOCK) &&
		    sluice_guid_equal(head->store, spool->store) && le64toh(head->serial) > best)
			best = le64toh(head->serial);
	}
	free(window.bytes);
	return best;
}

/* Renames what has the name of segment `number` to one that says why; nothing is deleted. */
static void put_aside(struct sluice_spool *spool, uint32_t number, const char *why)
{
	char *path = sluice_spool_segment_path(spool, number), *aside = NULL;
	unsigned int tries;

	spool->figures.quarantined++;
	for (tries = 0; path && !spool->look && tries < 1000; tries++) {
		if (asprintf(&aside, "%s.%s.%u", path, why, tries) < 0)
			break;
		if (access(aside, F_OK)) {
			if (!rename(path, aside))
				sluice_warning_about(
					SLUICE_ABOUT(.path = path),
					"%s: %s; it was put aside as %s", path,
					strcmp(why, "newer") == 0
						? "written by a newer version of sluice"
						: "no segment of this store",
					aside);
			free(aside);
			break;
		}
		free(aside);
	}
	free(path);
}

/* Puts a file aside, and a fresh one is made in its place. */
static void quarantine(struct sluice_spool *spool, size_t place, const char *why)
{
	struct sluice_spool_segment *segment = &spool->segments[place];

	sluice_spool_segment_close(spool, place);
	put_aside(spool, segment->number, why);
	segment->size = 0;
}

/* Is the first block nothing but zeros: a segment that was never used? */
static bool is_blank(const uint8_t *block)
{
	size_t place;

	for (place = 0; place < SLUICE_DISK_BLOCK; place++)
		if (block[place])
			return false;
	return true;
}

/* Finds out what one segment is. 0 or -ENOMEM. */
static int examine(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	const struct sluice_spool_segment_head *head = (void *)spool->block;
	int fd = sluice_spool_segment_open(spool, place), error;
	uint64_t list;
	bool is_sealed;

	error = fd < 0 ? fd : sluice_disk_read(fd, spool->block, SLUICE_DISK_BLOCK, 0);
	if (error == -ENOMEM)
		return error;
	if (error) {
		sluice_error_about(
			SLUICE_ABOUT(.store = spool->path, .error = strerrorname_np(-error)),
			"spool %s: the head of segment %06u cannot be read: %s", spool->path,
			segment->number, strerror(-error));
		/* Its frames may be readable all the same. */
		segment->serial = fd < 0 ? 0 : serial_of(spool, place);
		if (!segment->serial) {
			quarantine(spool, place, "unreadable");
			return 0;
		}
	} else if (is_blank(spool->block)) {
		/* Never used; or its head was lost to zeros. */
		segment->serial = serial_of(spool, place);
		if (!segment->serial)
			return 0;
		error = -EBADMSG;
	} else {
		error = sluice_spool_segment_check(head);
		if (!error && !sluice_guid_equal(head->store, spool->store))
			error = -EPROTO;
	}
	if (error == -EPROTONOSUPPORT) {
		quarantine(spool, place, "newer");
		return 0;
	}
	segment->is_touched = true;
	if (error) {
		if (!segment->serial)
			segment->serial = serial_of(spool, place);
		if (!segment->serial) {
			quarantine(spool, place, "foreign");
			return 0;
		}
		sluice_warning_about(
			SLUICE_ABOUT(.store = spool->path),
			"spool %s: the head of segment %06u is damaged; its frames are looked "
			"for one by one",
			spool->path, segment->number);
		segment->use = SLUICE_SPOOL_IS_SEALED;
		return scan(spool, place);
	}
	segment->serial = le64toh(head->serial);
	if (segment->serial > spool->serial)
		spool->serial = segment->serial;
	if (le32toh(head->state) == SLUICE_SPOOL_FREE)
		return 0;
	is_sealed = le32toh(head->state) == SLUICE_SPOOL_SEALED;
	list = le64toh(head->list);
	segment->use = SLUICE_SPOOL_IS_SEALED;
	error = is_sealed ? read_list(spool, place, list) : -EBADMSG;
	return error == -ENOMEM || !error ? error : scan(spool, place);
}

/* By serial: older segments first, so that newer frames win. */
static int by_number(const void *one, const void *other)
{
	const struct sluice_spool_segment *first = one, *second = other;

	return first->number < second->number ? -1 : first->number > second->number;
}

/* The number in `name`, if it is that of a segment's file: six digits. */
static bool is_segment(const char *name, uint32_t *number)
{
	static const char prefix[] = "segment-";
	const char *digits = name + sizeof(prefix) - 1;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 || strlen(digits) != 6 ||
	    strspn(digits, "0123456789") != 6)
		return false;
	*number = (uint32_t)strtoul(digits, NULL, 10);
	return true;
}

int sluice_spool_recover(struct sluice_spool *spool, char **error)
{
	DIR *directory = opendir(spool->path);
	struct dirent *entry;
	uint32_t number;
	size_t place;
	int failure = 0;

	if (!directory) {
		failure = -errno;
		if (asprintf(error, "%s: cannot be listed: %s", spool->path, strerror(errno)) < 0)
			*error = NULL;
		return failure;
	}
	while (!failure && (entry = readdir(directory))) {
		struct stat state;

		if (!is_segment(entry->d_name, &number))
			continue;
		if (fstatat(dirfd(directory), entry->d_name, &state, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!S_ISREG(state.st_mode)) {
			/* A link, a directory: whoever made it, none of ours. */
			put_aside(spool, number, "foreign");
			continue;
		}
		failure = sluice_spool_segment_add(
			spool, number,
			(uint64_t)state.st_size / SLUICE_DISK_BLOCK * SLUICE_DISK_BLOCK, &place);
	}
	closedir(directory);
	if (spool->segment_count)
		qsort(spool->segments, spool->segment_count, sizeof(*spool->segments), by_number);
	for (place = 0; !failure && place < spool->segment_count; place++)
		failure = examine(spool, place);
	if (failure && asprintf(error, "%s: %s", spool->path, strerror(-failure)) < 0)
		*error = NULL;
	return failure;
}
