// SPDX-License-Identifier: MIT
/*
 * The stop of the engine, in steps; see engine.h. In the foreman's thread. Touches: workers, by
 * call; the log.
 *
 *   begin ──► DELIVER ──► SAVE (if there is a disk) ──► inputs are closed ──► LAST ──► OVER
 *
 * What comes after the beginning is stored and not delivered, so that a stop ends under traffic,
 * too; it waits for the next daemon. Only a ring that ends with the process is delivered to its
 * last byte. A worker that does not answer is passed over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../source/socket.h"
#include "../stream/ring_feeder.h"
#include "../spool/disk_side.h"
#include "absence.h"
#include "inner.h"

/* What waits is kept for the next daemon: after so long in which nobody took any of it, it is left.
 */
#define STANDSTILL_NS (5 * SLUICE_NS_PER_S)
/* How often sluice_engine_stop() goes on. */
#define PAUSE_US 5000U

/* Does what is in the ring end with this process? */
static bool is_mortal(const struct sluice_stream *stream)
{
	/* The module keeps its rings, unless their route is deleted: then they live only as long as
	 * we have them mapped. */
	return stream->fd >= 0 ? stream->hung : !stream->ring.file;
}

/* Worker call: nothing beyond what is in the rings now is handed out, of those that are kept. */
static int set_limits(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_stream (stream, worker) {
		uint64_t head = is_mortal(stream) ? UINT64_MAX : sluice_ring_head(&stream->ring);

		for_each_feeder (feeder, stream)
			if (sluice_feeder_is_of_ring(feeder))
				feeder->limit = head;
		sluice_stream_notify(stream);
	}
	return 0;
}

/* Worker call: what is in the rings goes to the disk from now on, or (NULL) no more. */
static int clear_rings(struct sluice_worker *worker, void *argument)
{
	for_each_stream (stream, worker)
		sluice_disk_side_clear(stream, argument != NULL);
	return 0;
}

/* What is not delivered and not on the disk, in bytes of stream. */
struct remainder {
	uint64_t kept;	 /* of what the stop is to deliver, where it would be kept */
	uint64_t mortal; /* where it would end with us */
	uint64_t all;	 /* whatever the limit is */
	bool silent;	 /* a worker does not answer */
};

/* Bytes that the output which lacks most has not got, up to the head. */
static uint64_t behind(const struct sluice_stream *stream)
{
	uint64_t head = sluice_ring_head(&stream->ring), most = 0, need;

	for_each_feeder (feeder, stream) {
		if (!sluice_feeder_is_of_ring(feeder))
			continue;
		need = sluice_ring_feeder_need(feeder);
		if (head > need && head - need > most)
			most = head - need;
	}
	return most;
}

/* Worker call: adds up what is not delivered. */
static int add_remaining(struct sluice_worker *worker, void *argument)
{
	struct remainder *left = argument;

	for_each_stream (stream, worker) {
		if (is_mortal(stream))
			left->mortal += behind(stream);
		else
			left->kept += sluice_stream_remaining(stream);
		left->all += behind(stream);
	}
	return 0;
}

/* Has every worker that answers do what a call says. False: one does not answer. */
static bool call_all(struct sluice_engine *engine,
		     int (*call)(struct sluice_worker *worker, void *argument), void *argument)
{
	bool answered = true;

	for_each_worker (worker, engine)
		answered &= sluice_worker_call_within(worker, call, argument,
						      SLUICE_WORKER_PATIENCE_NS) != -ETIMEDOUT;
	return answered;
}

/* What the workers have not delivered; also notes whether that became less. */
static struct remainder remaining(struct sluice_engine *engine)
{
	struct remainder left = {0};

	left.silent = !call_all(engine, add_remaining, &left);
	if (left.kept + left.mortal != engine->stop.left)
		engine->stop.moved = sluice_now();
	engine->stop.left = left.kept + left.mortal;
	return left;
}

/* What waits for one output. */
struct waiting {
	uint64_t files, file_datagrams;	    /* in rings of sockets that are files */
	uint64_t modules, module_datagrams; /* in the module's */
	uint64_t mortals, mortal_datagrams; /* in rings that end with us */
	uint64_t disk;
};

/* The same for all, by number in the configuration; those of a group under the first. */
struct inventory {
	struct sluice_engine *engine;
	struct waiting *list;
};

/* The entry of output `guid`, or NULL. */
static struct waiting *entry_of(const struct inventory *inventory, const sluice_guid guid)
{
	const struct sluice_config *config = inventory->engine->config;
	size_t number;

	for (number = 0; number < config->output_count; number++) {
		if (!sluice_guid_equal(config->outputs[number].id, guid))
			continue;
		while (number && sluice_config_is_twin(config, number))
			number--;
		return &inventory->list[number];
	}
	return NULL;
}

/* Adds what one output has not got of a ring. */
static void add_feeder(const struct sluice_stream *stream, const struct sluice_feeder *feeder,
		       struct waiting *entry)
{
	uint64_t head = sluice_ring_head(&stream->ring), need = sluice_ring_feeder_need(feeder);
	uint64_t last = 0, first = 0;

	if (head <= need)
		return;
	if (sluice_ring_locate(&stream->ring, head, &last) ||
	    sluice_ring_locate(&stream->ring, need, &first))
		last = first;
	if (is_mortal(stream)) {
		entry->mortals += head - need;
		entry->mortal_datagrams += last - first;
	} else if (stream->fd >= 0) {
		entry->modules += head - need;
		entry->module_datagrams += last - first;
	} else {
		entry->files += head - need;
		entry->file_datagrams += last - first;
	}
}

/* Worker call: the log is told what it does not know of interruptions, before its last lines. */
static int tell_outages(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_output (output, worker)
		for_each_connection (connection, &output->group)
			sluice_connection_tell_outages(connection, worker->now);
	return 0;
}

/* Worker call: adds what the outputs have not got. */
static int take_inventory(struct sluice_worker *worker, void *argument)
{
	const struct inventory *inventory = argument;
	size_t place;

	for_each_stream (stream, worker) {
		for (place = 0; place < stream->feeder_count; place++) {
			const struct sluice_feeder *feeder = stream->feeders[place];
			struct waiting *entry = entry_of(inventory, stream->outputs[place]);

			if (!entry)
				continue;
			if (sluice_feeder_is_of_ring(feeder))
				add_feeder(stream, feeder, entry);
			else
				entry->disk += sluice_feeder_on_disk(feeder);
		}
	}
	return 0;
}

/* Says what one output has not got. */
static void tell_output(const struct sluice_config *config, size_t number,
			const struct waiting *entry)
{
	const char *name = config->outputs[number].name;

	if (entry->files)
		sluice_warning_about(
			SLUICE_ABOUT(.output = name, .bytes = SLUICE_NUMBER(entry->files),
				     .datagrams = SLUICE_NUMBER(entry->file_datagrams),
				     .path = sluice_socket_ring_directory(config)),
			"%" PRIu64 " bytes / %" PRIu64 " datagrams stay in memory (%s) for "
			"output `%s`; the next sluiced delivers them, they are lost at a reboot",
			entry->files, entry->file_datagrams, sluice_socket_ring_directory(config),
			name);
	if (entry->modules)
		sluice_warning_about(
			SLUICE_ABOUT(.output = name, .bytes = SLUICE_NUMBER(entry->modules),
				     .datagrams = SLUICE_NUMBER(entry->module_datagrams)),
			"%" PRIu64 " bytes / %" PRIu64 " datagrams stay in memory (the "
			"module's rings) for output `%s`; the next sluiced delivers them, "
			"they are lost at a reboot and with `rmmod sluice`",
			entry->modules, entry->module_datagrams, name);
	if (entry->mortals)
		sluice_error_about(
			SLUICE_ABOUT(.output = name, .bytes = SLUICE_NUMBER(entry->mortals),
				     .datagrams = SLUICE_NUMBER(entry->mortal_datagrams)),
			"%" PRIu64 " bytes / %" PRIu64 " datagrams for output `%s` are lost: "
			"their ring ends with this process",
			entry->mortals, entry->mortal_datagrams, name);
	if (entry->disk)
		sluice_notice_about(SLUICE_ABOUT(.output = name,
						 .bytes = SLUICE_NUMBER(entry->disk),
						 .store = config->store.disk_path),
				    "%" PRIu64 " bytes stay on the disk (%s) for output `%s`",
				    entry->disk, config->store.disk_path, name);
}

/* The last lines of the log: what was not delivered, where it is, for whom. */
static void tell_all(struct sluice_engine *engine)
{
	const struct sluice_config *config = engine->config;
	struct inventory inventory = {.engine = engine};
	uint64_t memory = 0, lost = 0, disk = 0;
	char text[SLUICE_SILENCE_TEXT];
	bool answered;
	size_t number;

	inventory.list = calloc(config->output_count + 1, sizeof(*inventory.list));
	if (!inventory.list)
		return;
	answered = call_all(engine, take_inventory, &inventory);
	if (answered)
		(void)call_all(engine, tell_outages, NULL);
	for (number = 0; number < config->output_count; number++) {
		const struct waiting *entry = &inventory.list[number];

		tell_output(config, number, entry);
		memory += entry->files + entry->modules;
		lost += entry->mortals;
		disk += entry->disk;
	}
	free(inventory.list);
	if (engine->stop.passed)
		sluice_notice(
			"%zu sockets stay open for the next sluiced (a standby or systemd keeps "
			"them)",
			engine->stop.passed);
	if (!answered) {
		(void)sluice_engine_silence(engine, text);
		sluice_error("stopped: %s; what is in its rings stays there, what is in its "
			     "sockets is lost",
			     text);
	} else if (memory + lost + disk) {
		sluice_warning("stopped before everything was delivered: %" PRIu64
			       " bytes stay in memory, %" PRIu64 " bytes on the disk, %" PRIu64
			       " bytes are lost",
			       memory, disk, lost);
	} else {
		sluice_notice("stopped: everything was delivered");
	}
}

void sluice_engine_stop_text(struct sluice_engine *engine, char text[SLUICE_STOP_TEXT])
{
	const struct sluice_config *config = engine->config;
	struct inventory inventory = {.engine = engine};
	uint64_t bytes, datagrams;
	size_t number, used = 0;

	*text = '\0';
	inventory.list = calloc(config->output_count + 1, sizeof(*inventory.list));
	if (!inventory.list)
		return;
	(void)call_all(engine, take_inventory, &inventory);
	for (number = 0; number < config->output_count && used < SLUICE_STOP_TEXT; number++) {
		const struct waiting *entry = &inventory.list[number];

		bytes = entry->files + entry->modules + entry->mortals;
		datagrams =
			entry->file_datagrams + entry->module_datagrams + entry->mortal_datagrams;
		if (!bytes)
			continue;
		used += (size_t)snprintf(text + used, SLUICE_STOP_TEXT - used,
					 "%s%" PRIu64 " datagrams (%" PRIu64 " bytes) wait for %s",
					 used ? ", " : "", datagrams, bytes,
					 config->outputs[number].name);
	}
	free(inventory.list);
}

int sluice_engine_show_sockets(struct sluice_engine *engine,
			       void (*each)(void *context, int fd, const char *name), void *context)
{
	size_t number;
	int error = 0;

	for (number = 0; engine && each && !error && number < SLUICE_INTAKES; number++)
		if (engine->intakes[number] && sluice_intake_classes[number]->show)
			error = sluice_intake_classes[number]->show(engine->intakes[number], each,
								    context);
	return error;
}

void sluice_engine_stop_begin(struct sluice_engine *engine, uint64_t limit_ns)
{
	size_t number;

	if (!engine || engine->stop.phase != SLUICE_STOP_NOT)
		return;
	engine->stop = (struct sluice_stop){.phase = SLUICE_STOP_DELIVER,
					    .began = sluice_now(),
					    .limit = limit_ns,
					    .moved = sluice_now()};
	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			sluice_intake_classes[number]->catch_up(engine->intakes[number]);
	(void)call_all(engine, set_limits, NULL);
}

/* Has so much of the time passed, in percent? */
static bool is_past(const struct sluice_stop *stop, unsigned int percent)
{
	return sluice_now() - stop->began >= stop->limit / 100 * percent;
}

/* The disk takes what the rings have, from now on. */
static void begin_saving(struct sluice_engine *engine)
{
	sluice_spooler_hurry(engine->spooler);
	(void)call_all(engine, set_limits, NULL);
	(void)call_all(engine, clear_rings, engine);
	engine->stop.phase = SLUICE_STOP_SAVE;
	engine->stop.moved = sluice_now();
}

/* Inputs end; what is in sockets is in rings then, or stays with the sockets. */
static void close_inputs(struct sluice_engine *engine)
{
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			engine->stop.passed += sluice_intake_classes[number]->close_inputs(
				engine->intakes[number]);
	/* With a disk the limit of what is to be saved is where the rings end now. */
	if (engine->spooler)
		(void)call_all(engine, set_limits, NULL);
	engine->stop.phase = SLUICE_STOP_LAST;
	engine->stop.moved = sluice_now();
}

/* The end: all is where it is. */
static void finish(struct sluice_engine *engine)
{
	if (engine->spooler)
		(void)call_all(engine, clear_rings, NULL);
	if (sluice_intake_is_open(engine, false))
		sluice_absence_note(engine->config);
	tell_all(engine);
	engine->stop.phase = SLUICE_STOP_OVER;
}

bool sluice_engine_stop_step(struct sluice_engine *engine, bool hurry)
{
	struct sluice_stop *stop = &engine->stop;
	struct remainder left = remaining(engine);
	bool stands = sluice_now() - stop->moved > STANDSTILL_NS, done;

	switch (stop->phase) {
	case SLUICE_STOP_DELIVER:
		done = !(left.kept + left.mortal) && !left.silent;
		/* Nobody takes it, and nothing is lost by leaving it where it is. */
		if (!done && !hurry && !(stands && !left.mortal) &&
		    !is_past(stop, engine->spooler ? 60 : 85))
			break;
		if (engine->spooler && !hurry && left.all)
			begin_saving(engine);
		else
			close_inputs(engine);
		break;
	case SLUICE_STOP_SAVE:
		done = !(left.kept + left.mortal) && !left.silent;
		if (done || hurry || stands || is_past(stop, 85))
			close_inputs(engine);
		break;
	case SLUICE_STOP_LAST:
		/* Without a disk what came meanwhile stays where it is, if it can. */
		done = !(engine->spooler ? left.kept + left.mortal : left.mortal);
		if (done || hurry || (stands && !left.mortal) || is_past(stop, 95))
			finish(engine);
		break;
	default:
		break;
	}
	return stop->phase == SLUICE_STOP_OVER || stop->phase == SLUICE_STOP_NOT;
}

uint64_t sluice_engine_stop_end(struct sluice_engine *engine)
{
	struct remainder left;

	if (!engine)
		return 0;
	left = remaining(engine);
	/* What a worker that does not answer has in its hands cannot be freed: the process ends,
	 * and that goes with it. */
	if (!left.silent)
		sluice_engine_free(engine);
	return left.all;
}

uint64_t sluice_engine_stop(struct sluice_engine *engine, int patience_ms,
			    const volatile bool *interrupted)
{
	if (!engine)
		return 0;
	sluice_engine_stop_begin(engine,
				 (uint64_t)(patience_ms > 0 ? patience_ms : 0) * SLUICE_NS_PER_MS);
	while (!sluice_engine_stop_step(engine, patience_ms <= 0 || (interrupted && *interrupted)))
		usleep(PAUSE_US);
	return sluice_engine_stop_end(engine);
}
