// SPDX-License-Identifier: MIT
/*
 * `sluicectl spool list|check|export|repair DIRECTORY`: the store on a disk, without the daemon.
 * list and check change nothing and may run beside it; repair needs the store for itself. Touches:
 * the store's files, stdout.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "guid.h"
#include "priority.h"
#include "record.h"
#include "size.h"
#include "spool/spool.h"
#include "spool_command.h"
#include "spool/spool_marks.h"

/* What a walk over a store needs. */
struct walk {
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	struct sluice_spool_export *export;
	uint8_t *memory;
	bool all;
	uint64_t reached; /* of the log's stream */
	uint64_t frames, records, bytes, dropped, damaged, damaged_records;
	int error;
};

/* Adds up a frame. */
static int add_frame(void *context, const struct sluice_spool_frame *frame)
{
	struct walk *walk = context;

	walk->frames++;
	if (frame->type == SLUICE_SPOOL_GAPS) {
		walk->dropped += frame->count;
		return 0;
	}
	walk->records += frame->count;
	walk->bytes += frame->span;
	return 0;
}

/* Prints an output that waits. */
static int print_output(void *context, const sluice_guid output)
{
	char text[SLUICE_GUID_TEXT];

	(void)context;
	printf("    waits for it: output %s\n", sluice_guid_format(output, text));
	return 0;
}

/* Prints a log. */
static int print_log(void *context, struct sluice_spool_log *log)
{
	struct walk *sum = context, walk = {.spool = sum->spool};
	const struct sluice_spool_name *name = sluice_spool_log_name(log);
	char text[SLUICE_GUID_TEXT], route[SLUICE_GUID_TEXT], size[SLUICE_SIZE_TEXT];

	(void)sluice_spool_frames(sum->spool, log, false, add_frame, &walk);
	if (!walk.frames)
		return 0;
	printf("stream %s, epoch %llu, CPU %u, route %s, priority %u\n    frames: %llu, records: "
	       "%llu, %s\n",
	       sluice_guid_format(name->stream, text), (unsigned long long)name->epoch, name->cpu,
	       sluice_guid_format(name->route, route), sluice_priority_of(name->route),
	       (unsigned long long)walk.frames, (unsigned long long)walk.records,
	       sluice_size_format(walk.bytes, size));
	if (walk.dropped)
		printf("    datagrams that were given up, to be told of: %llu\n",
		       (unsigned long long)walk.dropped);
	return sluice_spool_waiting(sum->spool, log, print_output, NULL);
}

/* Prints what the store is as a whole. */
static void print_figures(const struct sluice_spool *spool)
{
	struct sluice_spool_figures figures;
	char size[SLUICE_SIZE_TEXT], used[SLUICE_SIZE_TEXT];

	sluice_spool_figures(spool, &figures);
	printf("segments: %llu, free: %llu, in use: %s; frames: %llu, records: %llu, %s wait\n",
	       (unsigned long long)figures.segments, (unsigned long long)figures.free_segments,
	       sluice_size_format(figures.used, used), (unsigned long long)figures.frames,
	       (unsigned long long)figures.records, sluice_size_format(figures.bytes, size));
	if (figures.checkpoint_lost)
		puts("no checkpoint can be read: everything is sent again at the next start");
	if (figures.torn)
		printf("frames that are not whole: %llu\n", (unsigned long long)figures.torn);
	if (figures.missing_frames)
		printf("frames that are not there although the checkpoint lists them: %llu, "
		       "records: "
		       "%llu\n",
		       (unsigned long long)figures.missing_frames,
		       (unsigned long long)figures.missing_records);
	if (figures.quarantined)
		printf("files that are no segments of this store: %llu\n",
		       (unsigned long long)figures.quarantined);
	if (figures.scanned)
		printf("segments whose list was missing or damaged: %llu\n",
		       (unsigned long long)figures.scanned);
}

/* Hands on what of a frame lies in [at, upto) of the stream. 0 or what the export says. */
static int export_part(struct walk *walk, const struct sluice_spool_frame *frame,
		       const uint8_t *payload, uint64_t at, uint64_t upto)
{
	uint8_t losses[SLUICE_SPOOL_LOSSES_ROOM];
	uint32_t records;
	size_t length;

	if (frame->type == SLUICE_SPOOL_GAPS) {
		length = sluice_spool_write_losses(
			(const struct sluice_spool_mark *)payload,
			frame->length / sizeof(struct sluice_spool_mark),
			(uint32_t)((at - frame->offset) / SLUICE_RECORD_ALIGN),
			(uint32_t)((upto - frame->offset) / SLUICE_RECORD_ALIGN), frame->time_ns,
			losses, &records);
		return sluice_spool_export_span(walk->export, losses, length);
	}
	/* What stands for damaged bytes is one record. */
	if (frame->is_damaged)
		return sluice_spool_export_span(walk->export, payload, frame->length);
	return sluice_spool_export_span(walk->export, payload + (at - frame->offset),
					(size_t)(upto - at));
}

/* Reads one frame and hands its records on. Of what was given up while the daemon was killed both
 * may be there, the frames and what tells of them: each byte of the stream is taken once, from the
 * newest. */
static int read_frame(void *context, const struct sluice_spool_frame *known)
{
	struct walk *walk = context;
	uint64_t at = known->offset > walk->reached ? known->offset : walk->reached, upto;
	const uint64_t end = known->offset + known->span;
	struct sluice_spool_frame frame;
	const uint8_t *payload;
	bool is_lost = false;

	walk->frames++;
	walk->records += known->type == SLUICE_SPOOL_DATA ? known->count : 0;
	for (; !walk->error && at < end; at = upto) {
		if (sluice_spool_read(walk->spool, walk->log, at, walk->memory, &frame, &payload)) {
			is_lost = true;
			break;
		}
		upto = frame.offset + frame.span < end ? frame.offset + frame.span : end;
		is_lost |= frame.is_damaged;
		if (walk->export)
			walk->error = export_part(walk, &frame, payload, at, upto);
	}
	/* Once, however many damaged frames overlap it. */
	walk->damaged += is_lost;
	walk->damaged_records += is_lost ? known->count : 0;
	if (end > walk->reached)
		walk->reached = end;
	return walk->error;
}

/* Reads all frames of a log. */
static int read_log(void *context, struct sluice_spool_log *log)
{
	struct walk *walk = context;

	const struct sluice_spool_name *name = sluice_spool_log_name(log);

	walk->log = log;
	walk->reached = 0;
	if (walk->export)
		walk->error = sluice_spool_export_stream(walk->export, name->stream, name->cpu);
	if (walk->error)
		return walk->error;
	return sluice_spool_frames(walk->spool, log, walk->all, read_frame, walk);
}

/* Opens a store, only to look at it. NULL after a message. */
static struct sluice_spool *open_store(const char *path)
{
	struct sluice_spool_options options = {.path = path, .look = true};
	struct sluice_spool *spool = NULL;
	char *error = NULL;
	int result = sluice_spool_open(&options, &spool, &error);

	if (result)
		fprintf(stderr, "sluicectl: %s\n", error ? error : strerror(-result));
	free(error);
	return spool;
}

/* list */
static int list(const char *path)
{
	struct walk walk = {.spool = open_store(path)};

	if (!walk.spool)
		return SLUICE_CTL_REFUSED;
	print_figures(walk.spool);
	(void)sluice_spool_logs(walk.spool, print_log, &walk);
	sluice_spool_close(walk.spool);
	return SLUICE_CTL_OK;
}

/* check: every frame that somebody needs is read. */
static int check(const char *path)
{
	struct walk walk = {.spool = open_store(path),
			    .memory = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM)};
	struct sluice_spool_figures figures = {0};
	int status = SLUICE_CTL_REFUSED;

	if (!walk.spool || !walk.memory)
		goto free;
	print_figures(walk.spool);
	(void)sluice_spool_logs(walk.spool, read_log, &walk);
	sluice_spool_figures(walk.spool, &figures);
	printf("read: %llu frames, %llu records; damaged: %llu frames, %llu records\n",
	       (unsigned long long)walk.frames, (unsigned long long)walk.records,
	       (unsigned long long)walk.damaged, (unsigned long long)walk.damaged_records);
	status = walk.damaged || figures.quarantined ? SLUICE_CTL_FINDINGS : SLUICE_CTL_OK;
free:
	sluice_spool_close(walk.spool);
	free(walk.memory);
	return status;
}

/* export: what waits (or everything that is still there), as pcapng or raw payloads. */
static int export(const char *path, const char *format, const char *file, bool all)
{
	struct walk walk = {.all = all};
	int status = SLUICE_CTL_REFUSED, error;

	error = sluice_spool_export_open(format, file, &walk.export);
	if (error == -EINVAL) {
		fprintf(stderr, "sluicectl: spool export: `%s` is no format: pcapng or raw\n",
			format);
		return SLUICE_CTL_USAGE;
	}
	if (error) {
		fprintf(stderr, "sluicectl: %s: %s\n", file, strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	walk.spool = open_store(path);
	walk.memory = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM);
	if (walk.spool && walk.memory) {
		(void)sluice_spool_logs(walk.spool, read_log, &walk);
		error = walk.error;
		status = SLUICE_CTL_OK;
	}
	sluice_spool_close(walk.spool);
	free(walk.memory);
	if (!error)
		error = sluice_spool_export_close(walk.export, &walk.records);
	else
		(void)sluice_spool_export_close(walk.export, &walk.records);
	if (error) {
		fprintf(stderr, "sluicectl: %s: %s\n", file, strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	fprintf(stderr, "%llu datagrams written; damaged: %llu frames\n",
		(unsigned long long)walk.records, (unsigned long long)walk.damaged);
	return status;
}

/* repair: opens the store for writing, which puts aside what is foreign, and writes head, list and
 * checkpoint anew. */
static int repair(const char *path)
{
	struct sluice_spool *spool = open_store(path);
	struct sluice_spool_figures figures;
	struct sluice_spool_options options = {.path = path};
	char *error = NULL;
	int result;

	if (!spool)
		return SLUICE_CTL_REFUSED;
	sluice_spool_figures(spool, &figures);
	sluice_spool_close(spool);
	spool = NULL;
	options.repair = true;
	result = sluice_spool_open(&options, &spool, &error);
	if (!result) {
		print_figures(spool);
		result = sluice_spool_checkpoint(spool);
		sluice_spool_close(spool);
	}
	if (result)
		fprintf(stderr, "sluicectl: %s\n", error ? error : strerror(-result));
	free(error);
	return result ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

int sluice_ctl_spool(int argc, char **argv)
{
	bool all = argc == 6 && !strcmp(argv[5], "--all");

	if (argc == 3 && !strcmp(argv[1], "list"))
		return list(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "repair"))
		return repair(argv[2]);
	if ((argc == 5 || all) && !strcmp(argv[1], "export"))
		return export(argv[2], argv[3], argv[4], all);
	fputs("usage: sluicectl spool list|check|repair DIRECTORY\n"
	      "       sluicectl spool export DIRECTORY pcapng|raw FILE [--all]\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}
