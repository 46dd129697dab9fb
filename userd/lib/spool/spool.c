// SPDX-License-Identifier: MIT
/*
 * Opening and closing the spool's store; see spool.h. Touches: its directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include "log.h"
#include "size.h"
#include "spool_inner.h"

/* Of how many segments the heads say whose the store is; so many are enough if they agree. */
#define HEADS 9U
#define HEADS_AGREED 3U

/* A predecessor that was killed gives the lock back when the kernel has taken it apart. */
#define LOCK_TRIES 200U
#define LOCK_PAUSE_US 10000U
/* Who looks at a store while it is in use looks again so often, if it changed meanwhile. */
#define LOOK_TRIES 10U
/* Segments that have their zeros before the first frame comes. */
#define SPARES 2U

/* Frees memory and descriptors; writes nothing. */
static void release(struct sluice_spool *spool)
{
	size_t place;

	for (place = 0; place < spool->segment_count; place++)
		sluice_spool_segment_close(spool, place);
	sluice_disk_queue_free(spool->queue);
	sluice_disk_ahead_free(spool->ahead);
	for (place = 0; place < SLUICE_DISK_DEPTH; place++)
		free(spool->buffers[place]);
	sluice_spool_index_free(spool);
	if (spool->checkpoint_fd >= 0)
		close(spool->checkpoint_fd);
	free(spool->segments);
	free(spool->drops);
	free(spool->list);
	free(spool->slot);
	free(spool->block);
	free(spool->stand_in);
	free(spool->path);
	free(spool);
}

/* Sets *error to a sentence and returns `failure`. */
__attribute__((format(printf, 3, 4))) static int say(char **error, int failure, const char *format,
						     ...)
{
	va_list arguments;

	va_start(arguments, format);
	free(*error);
	if (vasprintf(error, format, arguments) < 0)
		*error = NULL;
	va_end(arguments);
	return failure;
}

/* Memory for everything that has a fixed size. */
static struct sluice_spool *allocate(const struct sluice_spool_options *options)
{
	struct sluice_spool *spool = calloc(1, sizeof(*spool));
	size_t place;

	if (!spool)
		return NULL;
	spool->settle = sluice_spool_settle_segment;
	spool->checkpoint_fd = -1;
	spool->active = SIZE_MAX;
	spool->look = options->look;
	spool->segment_size = options->segment;
	spool->path = strdup(options->path);
	spool->stand_in = options->stand_in ? strdup(options->stand_in) : NULL;
	spool->block = sluice_disk_memory(SLUICE_DISK_BLOCK);
	spool->slot = sluice_disk_memory(SLUICE_SPOOL_SLOT);
	if (!spool->path || !spool->block || !spool->slot ||
	    (options->stand_in && !spool->stand_in) ||
	    (!spool->look && sluice_disk_queue_create(&spool->queue)))
		goto release;
	if (!spool->look)
		spool->ahead = sluice_disk_ahead_create();
	for (place = 0; !spool->look && place < SLUICE_DISK_DEPTH; place++) {
		spool->buffers[place] = sluice_disk_memory(SLUICE_SPOOL_BUFFER);
		if (!spool->buffers[place])
			goto release;
	}
	return spool;

release:
	release(spool);
	return NULL;
}

/* Puts what is called `path` aside as `path`.foreign.N. False: it is still there. */
static bool put_aside(const char *path)
{
	struct stat state;
	unsigned int tries;
	bool done = false;
	char *aside;

	for (tries = 0; !done && tries < 1000; tries++) {
		if (asprintf(&aside, "%s.foreign.%u", path, tries) < 0)
			return false;
		done = lstat(aside, &state) && !rename(path, aside);
		free(aside);
	}
	return done;
}

/* Is a link, a directory or a pipe where the checkpoint should be? None of ours made it: it is put
 * aside, and whoever only looks takes it for gone. */
static void clear_checkpoint(struct sluice_spool *spool, const char *path)
{
	struct stat state;

	if (lstat(path, &state) || S_ISREG(state.st_mode))
		return;
	sluice_warning_about(SLUICE_ABOUT(.path = path),
			     "%s: no file, and so not the checkpoint; it is put aside as "
			     "`checkpoint.foreign.N`",
			     path);
	spool->figures.quarantined++;
	spool->is_checkpoint_foreign = spool->look || !put_aside(path);
}

/* Nothing can be written there, because of `error`: what the store holds is delivered all the same.
 */
static void enter_read_only(struct sluice_spool *spool, int error)
{
	spool->is_read_only = true;
	spool->look = true;
	spool->write_error = error;
}

/* Was something ever written to the file? */
static bool has_content(int fd)
{
	struct stat state;

	return !fstat(fd, &state) && state.st_size > 0;
}

/* Opens the checkpoint file, makes it if need be, and takes the lock that is on it. */
static int open_checkpoint(struct sluice_spool *spool, char **error)
{
	char *path = sluice_spool_path(spool, "checkpoint");
	unsigned int tries = 0;
	int result = 0;

	if (!path)
		return say(error, -ENOMEM, "out of memory");
	clear_checkpoint(spool, path);
	spool->checkpoint_fd = sluice_disk_open(path, spool->look ? O_RDONLY : O_RDWR | O_CREAT);
	if (!spool->look && (spool->checkpoint_fd == -EROFS || spool->checkpoint_fd == -EIO)) {
		result = spool->checkpoint_fd;
		spool->checkpoint_fd = sluice_disk_open(path, O_RDONLY);
		if (spool->checkpoint_fd < 0)
			spool->checkpoint_fd = result;
		else
			enter_read_only(spool, result);
		result = 0;
	}
	if (spool->look && (spool->checkpoint_fd == -ENOENT || spool->is_checkpoint_foreign))
		goto free; /* a store that lost it can be looked at */
	if (spool->checkpoint_fd < 0) {
		result = spool->checkpoint_fd;
		say(error, result, "%s: cannot be opened: %s", path, strerror(-result));
		goto free;
	}
	while ((!spool->look || spool->is_read_only) &&
	       flock(spool->checkpoint_fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK || ++tries > LOCK_TRIES) {
			result = errno == EWOULDBLOCK ? -EBUSY : -errno;
			say(error, result,
			    "%s: another sluiced uses this store (or sluicectl repairs it); stop "
			    "it, or "
			    "give `store.disk.path` another directory",
			    spool->path);
			goto free;
		}
		usleep(LOCK_PAUSE_US);
	}
	if (!spool->look) {
		result = sluice_disk_reserve(spool->checkpoint_fd,
					     SLUICE_DISK_BLOCK + 2 * SLUICE_SPOOL_SLOT);
		if (result == -EIO && has_content(spool->checkpoint_fd)) {
			enter_read_only(spool, result);
			result = 0;
		}
		if (result)
			say(error, result, "%s: %s", path, strerror(-result));
	}
free:
	free(path);
	return result;
}

/*
 * The UUID in the heads of segments, which goes to `uuid`: the one that most of the first few have.
 * If that is not what `uuid` had, more of them have it than have that. False: there is none.
 */
static bool find_uuid(struct sluice_spool *spool, sluice_guid uuid)
{
	const struct sluice_spool_segment_head *head = (void *)spool->block;
	size_t looked = 0, wanted_count = 0, lead = 0, other_count = 0, place;
	sluice_guid wanted, other, seen[HEADS];
	unsigned int number;
	char *path;
	int fd;

	sluice_guid_copy(wanted, uuid);
	/* Enough if the first few agree: every one costs a look at the disk. */
	for (number = 0;
	     number < 1024 && looked < HEADS && !(wanted_count == looked && looked == HEADS_AGREED);
	     number++) {
		path = sluice_spool_segment_path(spool, number);
		fd = path ? sluice_disk_open(path, O_RDONLY) : -1;
		free(path);
		if (fd < 0)
			continue;
		if (!sluice_disk_read(fd, spool->block, SLUICE_DISK_BLOCK, 0) &&
		    !sluice_spool_segment_check(head)) {
			sluice_guid_copy(seen[looked++], head->store);
			wanted_count += sluice_guid_equal(head->store, wanted);
		}
		close(fd);
	}
	/* Of the others, the one that has the majority, if one has. */
	for (place = 0; place < looked; place++) {
		if (sluice_guid_equal(seen[place], wanted))
			continue;
		if (!lead)
			sluice_guid_copy(other, seen[place]);
		if (sluice_guid_equal(seen[place], other))
			lead++;
		else
			lead--;
	}
	for (place = 0; lead && place < looked; place++)
		other_count += sluice_guid_equal(seen[place], other);
	if (lead && other_count > wanted_count)
		sluice_guid_copy(uuid, other);
	return wanted_count || other_count;
}

/* The checkpoint is another store's: it is put aside, and the segments are believed. 0 or a
 * negative errno with a sentence. */
static int replace_checkpoint(struct sluice_spool *spool, char **error)
{
	char *path = sluice_spool_path(spool, "checkpoint");

	sluice_warning_about(
		SLUICE_ABOUT(.store = spool->path),
		"spool %s: the checkpoint belongs to another store than the segments; it is put "
		"aside as `checkpoint.foreign.N`, and the segments are believed",
		spool->path);
	spool->figures.quarantined++;
	if (path && !spool->look)
		(void)put_aside(path);
	free(path);
	if (spool->look)
		return 0;
	close(spool->checkpoint_fd);
	return open_checkpoint(spool, error);
}

/* Reads who the store is, or decides it. */
static int identify(struct sluice_spool *spool, char **error)
{
	struct sluice_spool_store *store = (void *)spool->block;
	sluice_guid uuid;
	bool is_known;
	int result = spool->checkpoint_fd < 0 ? -ENOENT
					      : sluice_disk_read(spool->checkpoint_fd, spool->block,
								 SLUICE_DISK_BLOCK, 0);

	if (!result)
		result = sluice_spool_store_check(store);
	if (!result) {
		sluice_guid_copy(spool->store, store->store);
		sluice_guid_copy(uuid, spool->store);
		if (!find_uuid(spool, uuid) || sluice_guid_equal(uuid, spool->store))
			return 0;
		result = replace_checkpoint(spool, error);
		if (result)
			return result;
	} else if (result == -EPROTONOSUPPORT) {
		return say(
			error, -EPROTONOSUPPORT,
			"%s: the store was written by a newer version of sluice; use that, or give "
			"`store.disk.path` another directory",
			spool->path);
	}
	is_known = find_uuid(spool, spool->store);
	if (!is_known)
		uuid_generate_random(spool->store);
	if (spool->look)
		return 0;
	memset(spool->block, 0, SLUICE_DISK_BLOCK);
	sluice_guid_copy(store->store, spool->store);
	sluice_spool_store_seal(store);
	result = sluice_disk_write(spool->checkpoint_fd, spool->block, SLUICE_DISK_BLOCK, 0);
	if (!result)
		result = sluice_disk_sync(spool->checkpoint_fd);
	if (result == -EIO && is_known) {
		enter_read_only(spool, result);
		return 0;
	}
	if (result)
		return say(error, result, "%s/checkpoint: cannot be written: %s", spool->path,
			   strerror(-result));
	return 0;
}

/*
 * Makes the segments that are missing; those of another size or beyond the number are used up
 * first. A new store has all of them or is refused; one that may hold something goes on with what
 * there is.
 */
static int complete(struct sluice_spool *spool, uint64_t size, char **error)
{
	size_t wanted = (size_t)(size / spool->segment_size), before = spool->segment_count;
	size_t have = sluice_spool_keep(spool, wanted), found = have;
	char bytes[SLUICE_SIZE_TEXT], room[SLUICE_SIZE_TEXT];
	uint32_t number = 0;
	struct statvfs disk;
	int result;

	for (; have < wanted; have++, number++) {
		number = sluice_spool_segment_fresh_number(spool, number);
		result = sluice_spool_segment_make(spool, number, spool->segment_size);
		if (!result)
			continue;
		if (found) {
			sluice_error_about(
				SLUICE_ABOUT(.store = spool->path,
					     .error = strerrorname_np(-result)),
				"spool %s: no more segments can be made: %s; the store goes "
				"on with %zu of %zu segments until the next start",
				spool->path, strerror(-result), have, wanted);
			break;
		}
		/* Nothing is left of it: the next start would take it for a store that may hold
		 * something. */
		(void)sluice_spool_keep(spool, 0);
		memset(&disk, 0, sizeof(disk));
		(void)statvfs(spool->path, &disk);
		return say(error, result,
			   "store.disk.size: %s do not fit into %s: %s; %s are free there",
			   sluice_size_format(size, bytes), spool->path, strerror(-result),
			   sluice_size_format((uint64_t)disk.f_bavail * disk.f_frsize, room));
	}
	spool->is_new = !before;
	sluice_spool_sync_directory(spool);
	return 0;
}

/* Says what was found, if that was not nothing. */
static void tell(const struct sluice_spool *spool)
{
	const struct sluice_spool_figures *figures = &spool->figures;
	char bytes[SLUICE_SIZE_TEXT];

	if (figures->frames)
		sluice_notice_about(SLUICE_ABOUT(.store = spool->path,
						 .datagrams = SLUICE_NUMBER(figures->records),
						 .bytes = SLUICE_NUMBER(figures->bytes)),
				    "spool %s: %llu frames with %llu records (%s) wait there",
				    spool->path, (unsigned long long)figures->frames,
				    (unsigned long long)figures->records,
				    sluice_size_format(figures->bytes, bytes));
	if (figures->checkpoint_lost)
		sluice_warning_about(
			SLUICE_ABOUT(.store = spool->path),
			"spool %s: no checkpoint can be read; everything that lies there is sent "
			"again, and native receivers drop what they have; if a segment is missing, "
			"an unknown number of records is lost with it",
			spool->path);
	if (figures->slot_lost)
		sluice_warning_about(
			SLUICE_ABOUT(.store = spool->path),
			"spool %s: one of the two slots of the checkpoint cannot be read; if it "
			"was the newer one and a segment is missing, an unknown number of records "
			"is lost with it",
			spool->path);
	if (spool->is_read_only)
		sluice_error_about(
			SLUICE_ABOUT(.store = spool->path,
				     .error = strerrorname_np(-spool->write_error)),
			"spool %s: %s: what waits there is delivered (%s), and nothing is "
			"written to it until the next start",
			spool->path,
			spool->write_error == -EROFS
				? "the file system is read-only"
				: "the disk cannot be written (input/output error; see the "
				  "kernel's log)",
			spool->stand_in ? "which is noted in memory until the disk can be "
					  "written: after a restart of the machine it is "
					  "delivered once more"
					: "and once more after the next start, since nobody "
					  "can note that");
	if (figures->torn)
		sluice_warning_about(SLUICE_ABOUT(.store = spool->path),
				     "spool %s: %llu frames were not whole", spool->path,
				     (unsigned long long)figures->torn);
}

/* Is the directory one that only we (or root) can put things into, and the way to it no link of
 * somebody else's? What lies there is overwritten and believed. 0 or -EPERM with a sentence; others
 * as they come. */
static int check_owner(const char *path, char **error)
{
	struct stat itself, target;

	if (lstat(path, &itself) || stat(path, &target))
		return say(error, -errno, "store.disk.path: %s: %s", path, strerror(errno));
	if ((itself.st_uid && itself.st_uid != geteuid()) ||
	    (target.st_uid && target.st_uid != geteuid()))
		return say(
			error, -EPERM,
			"store.disk.path: %s belongs to another user (%u), who could put anything "
			"there; give it a directory of our own, or change its owner",
			path,
			itself.st_uid && itself.st_uid != geteuid() ? itself.st_uid
								    : target.st_uid);
	if (S_ISDIR(target.st_mode) && (target.st_mode & (S_IWGRP | S_IWOTH)))
		return say(
			error, -EPERM,
			"store.disk.path: others may write to %s, and so put anything there; take "
			"that away (chmod go-w %s)",
			path, path);
	return 0;
}

/* Opens the store once; see spool.h. *changed: it was looked at, something seems to be missing, and
 * its owner wrote another checkpoint meanwhile. */
static int open_once(const struct sluice_spool_options *options, struct sluice_spool **result,
		     char **error, bool *changed)
{
	struct sluice_spool *spool;
	unsigned int spare;
	uint64_t before = 0;
	int failure;

	*changed = false;
	*error = NULL;
	if (!options->look && !options->repair &&
	    (options->segment < SLUICE_SPOOL_SEGMENT_MIN ||
	     options->segment > SLUICE_SPOOL_SEGMENT_MAX || options->segment % SLUICE_DISK_BLOCK ||
	     options->size / options->segment < SLUICE_SPOOL_SEGMENTS_MIN))
		return say(error, -EINVAL, "store.disk.size: at least %u segments are needed",
			   SLUICE_SPOOL_SEGMENTS_MIN);
	if (!options->look && !options->repair && mkdir(options->path, 0750) && errno != EEXIST) {
		failure = -errno;
		return say(error, failure, "store.disk.path: %s cannot be made: %s", options->path,
			   strerror(-failure));
	}
	failure = options->look ? 0 : check_owner(options->path, error);
	if (failure)
		return failure;
	spool = allocate(options);
	if (!spool)
		return say(error, -ENOMEM, "out of memory for the spool");
	failure = open_checkpoint(spool, error);
	if (!failure)
		failure = identify(spool, error);
	if (!failure && options->look)
		before = sluice_spool_checkpoint_generation(spool);
	if (!failure)
		failure = sluice_spool_recover(spool, error);
	if (!failure && sluice_spool_checkpoint_load(spool))
		spool->figures.checkpoint_lost = spool->figures.frames > 0;
	spool->figures.drained = 0; /* that was earlier */
	if (!failure && !spool->look && !options->repair)
		failure = complete(spool, options->size, error);
	if (failure) {
		release(spool);
		return failure;
	}
	if (options->look && spool->figures.missing_frames)
		*changed = sluice_spool_checkpoint_generation(spool) != before;
	for (spare = 0; spare < SPARES; spare++)
		(void)sluice_spool_touch(spool);
	/* From the first day on there is one: that none can be read means that it was lost. And
	 * what stood in for one is needed no more. */
	if (!spool->look && (!spool->generation || spool->is_stood_in))
		(void)sluice_spool_checkpoint(spool);
	if (!spool->look || spool->is_read_only)
		tell(spool);
	*result = spool;
	return 0;
}

int sluice_spool_open(const struct sluice_spool_options *options, struct sluice_spool **result,
		      char **error)
{
	char *nowhere = NULL;
	unsigned int tries = 0;
	bool changed = true;
	int failure = 0;

	if (!options || !options->path || !result)
		return -EINVAL;
	if (!error)
		error = &nowhere;
	while (changed && !failure) {
		failure = open_once(options, result, error, &changed);
		if (failure || !changed || ++tries == LOOK_TRIES)
			break;
		release(*result);
		*result = NULL;
	}
	free(nowhere);
	return failure;
}

void sluice_spool_close(struct sluice_spool *spool)
{
	if (!spool)
		return;
	if (!spool->look)
		(void)sluice_spool_commit(spool);
	(void)sluice_spool_note(spool);
	release(spool);
}

bool sluice_spool_abolish(struct sluice_spool *spool)
{
	char *checkpoint;

	if (!spool || !spool->is_new || spool->look || spool->figures.frames) {
		sluice_spool_close(spool);
		return false;
	}
	if (spool->active != SIZE_MAX)
		spool->segments[spool->active].use = SLUICE_SPOOL_IS_SEALED;
	spool->active = SIZE_MAX;
	(void)sluice_spool_keep(spool, 0);
	checkpoint = sluice_spool_path(spool, "checkpoint");
	release(spool);
	if (checkpoint)
		(void)unlink(checkpoint);
	free(checkpoint);
	return true;
}

void sluice_spool_crash(struct sluice_spool *spool)
{
	if (spool)
		release(spool);
}

/* Is there something in the segment that somebody needs, or will when it is committed? */
static bool is_needed(const struct sluice_spool *spool, size_t place)
{
	const struct sluice_spool_segment *segment = &spool->segments[place];

	if (segment->live || segment->use == SLUICE_SPOOL_IS_SEALED)
		return true;
	return place == spool->active && spool->is_pending;
}

/* As spool.h says. */
void sluice_spool_figures(const struct sluice_spool *spool, struct sluice_spool_figures *figures)
{
	size_t place;

	if (!spool || !figures)
		return;
	*figures = spool->figures;
	figures->segment_size = spool->segment_size;
	figures->is_deep = sluice_disk_queue_is_deep(spool->queue);
	for (place = 0; place < spool->segment_count; place++) {
		const struct sluice_spool_segment *segment = &spool->segments[place];

		if (!segment->size)
			continue;
		figures->segments++;
		if (segment->use == SLUICE_SPOOL_IS_FREE)
			figures->free_segments++;
		else if (is_needed(spool, place))
			figures->used += place == spool->active ? segment->used : segment->size;
	}
}
