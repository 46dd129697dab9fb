// SPDX-License-Identifier: MIT
/*
 * The engine goes to another process; see engine.h. In the foreman's thread. Touches: workers, by
 * call; the descriptors of sockets and rings.
 *
 *   outputs pause ──► what is under way is acknowledged, or nearly ──► sockets are emptied into
 *   rings and put into the parcel, rings likewise, with their locks ──► connections are put into
 *   it, with what they carry ──► the engine is freed
 *
 * While outputs come to rest sockets are read: the time in which nobody reads them begins only
 * then. A socket of `receive: bpf` is replaced by one beside it (socket_pass.c), so that no
 * successor meets what a program has left of a datagram.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../config/sentence.h"
#include "../../lib/log.h"
#include "../handover/notes.h"
#include "../handover/parcel.h"
#include "../source/source.h"
#include "../spool/disk_side.h"
#include "inner.h"
#include "past.h"

/* How often it is asked whether outputs are at rest. */
#define PAUSE_US 1000U
/* So long most of what is under way takes to be acknowledged. */
#define MOMENT_NS (20 * SLUICE_NS_PER_MS)

/* What outputs have under way. */
struct rest {
	uint64_t carried; /* bytes of streams that are not acknowledged */
	uint64_t again;	  /* of them, those of outputs that cannot go with all that they carry */
	unsigned int cut; /* connections that have written a part of something */
	const struct sluice_parcel *parcel; /* where they are to go */
};

/* Worker call: what waits at a connection and was not written goes back. */
static int put_back(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_output (output, worker) {
		sluice_output_put_back(output);
		for_each_connection (connection, &output->group)
			sluice_connection_unpark(connection, NULL);
	}
	return 0;
}

/* Worker call: adds up what is under way. */
static int add_carried(struct sluice_worker *worker, void *argument)
{
	struct rest *rest = argument;
	uint64_t carried;

	for_each_output (output, worker) {
		carried = sluice_output_carried(output);
		rest->carried += carried;
		rest->again += sluice_output_can_pass(output, rest->parcel) ? 0 : carried;
		for_each_connection (connection, &output->group)
			/* Of native the rest goes along, or a receiver throws a cut frame away
			 * and gets it again. */
			rest->cut += connection->writing.busy &&
				     output->group.form.framing != SLUICE_FRAMING_NATIVE;
	}
	return 0;
}

/* Waits until nothing is under way, `most_ns` at most; where connections are passed a moment is
 * enough, if they can go with what they carry. */
static struct rest come_to_rest(struct sluice_engine *engine, uint64_t most_ns, bool passes,
				const struct sluice_parcel *parcel)
{
	uint64_t began = sluice_now(), passed;
	struct rest rest;

	sluice_gather_pause(engine);
	for_each_worker (worker, engine)
		(void)sluice_worker_call(worker, put_back, NULL);
	for (;;) {
		rest = (struct rest){.parcel = parcel};
		for_each_worker (worker, engine)
			(void)sluice_worker_call(worker, add_carried, &rest);
		if (!passes)
			rest.again = rest.carried;
		passed = sluice_now() - began;
		if (!(rest.carried + rest.cut) || passed > most_ns ||
		    (!(rest.again + rest.cut) && passed > MOMENT_NS))
			return rest;
		usleep(PAUSE_US);
	}
}

/* What a worker is asked to put into a parcel. */
struct give_call {
	struct sluice_parcel *parcel; /* NULL: connections are ended */
	int result;
};

/* Worker call: its connections go, or end. */
static int give_links(struct sluice_worker *worker, void *argument)
{
	struct give_call *call = argument;

	for_each_output (output, worker) {
		int result = sluice_output_give(output, call->parcel);

		if (result)
			call->result = result;
	}
	return 0;
}

/* Puts the connections into the parcel (NULL: ends them). 0 or a negative errno. */
static int pack_links(struct sluice_engine *engine, struct sluice_parcel *parcel)
{
	struct give_call call = {.parcel = parcel};

	for_each_worker (worker, engine)
		(void)sluice_worker_call(worker, give_links, &call);
	return call.result;
}

/* Is there a ring that ends with this process? */
static bool has_mortal_ring(const struct sluice_engine *engine)
{
	for_each_placed_stream (placed, &engine->streams)
		if (placed->stream->fd < 0 && !placed->stream->ring.file)
			return true;
	return false;
}

/* Puts the counters into the parcel. 0 or -ENOMEM. */
static int pack_counters(struct sluice_engine *engine, struct sluice_parcel *parcel)
{
	struct sluice_engine_report report;
	int result = sluice_engine_report(engine, &report);

	if (result)
		return result;
	result = sluice_past_say(parcel, &report);
	sluice_engine_report_free(&report);
	return result;
}

/* Puts the rings into it. 0 or a negative errno. */
static int pack_rings(struct sluice_engine *engine, struct sluice_parcel *parcel)
{
	int result = 0;

	for_each_placed_stream (placed, &engine->streams)
		if (!result && placed->stream->ring.file)
			result = sluice_parcel_add(parcel, SLUICE_HANDED_RING,
						   placed->stream->ring.file,
						   placed->stream->ring.lock);
	return result;
}

/* Puts the sockets into it, emptied as far as there is room. */
static void pack_sockets(struct sluice_engine *engine, struct sluice_parcel *parcel)
{
	size_t number, passed = 0;

	sluice_socket_pass_to(parcel);
	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			passed += sluice_intake_classes[number]->close_inputs(
				engine->intakes[number]);
	sluice_socket_pass_to(NULL);
	sluice_debug("%zu sockets go to the next sluiced", passed);
}

int sluice_engine_hand_over(struct sluice_engine *engine, uint64_t rest_ns, bool passes,
			    struct sluice_parcel *parcel, char **error)
{
	struct rest rest;
	int result = 0;

	if (!engine || !parcel || !error)
		return -EINVAL;
	if (has_mortal_ring(engine)) {
		sluice_say(error, "a ring of this daemon is no file and ends with it: "
				  "`store.memory.path` names a place for rings");
		return -EBUSY;
	}
	rest = come_to_rest(engine, rest_ns, passes, parcel);
	if (rest.cut) {
		sluice_say(error,
			   "%u connections are in the middle of a datagram, and their receivers do "
			   "not take the rest of it: try again when they read",
			   rest.cut);
		result = -EBUSY;
	}
	if (!result)
		result = pack_rings(engine, parcel);
	if (result) {
		sluice_gather_resume(engine);
		sluice_say(error, "it cannot be handed over: %s", strerror(-result));
		return -EBUSY;
	}
	if (rest.again)
		sluice_notice("%llu bytes that no receiver has acknowledged go again on the next "
			      "daemon's connections",
			      (unsigned long long)rest.again);
	/* CLOCK_MONOTONIC is the same for both. */
	(void)sluice_parcel_say(parcel, "unread since=%llu", (unsigned long long)sluice_now());
	pack_sockets(engine, parcel);
	result = pack_links(engine, passes ? parcel : NULL);
	/* Behind the last datagram that is stored, and the last acknowledgement. */
	if (!result)
		result = pack_counters(engine, parcel);
	engine->is_handed = true;
	sluice_engine_free(engine);
	return result;
}

/* Worker call: connections of a predecessor are used. */
static int go_on(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_output (output, worker)
		sluice_output_go_on(output, sluice_now());
	return 0;
}

void sluice_engine_go_on(struct sluice_engine *engine)
{
	for_each_worker (worker, engine)
		(void)sluice_worker_call(worker, go_on, NULL);
	sluice_notes_forget();
}
