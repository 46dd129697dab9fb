/* SPDX-License-Identifier: MIT */
/*
 * The engine's insides, shared by engine.c (start), stop.c, change.c (from one configuration to the
 * next) and report.c. For the control thread.
 */
#ifndef SLUICE_ENGINE_INNER_H
#define SLUICE_ENGINE_INNER_H

#include <string.h>
#include "../output/output.h"
#include "../source/source.h"
#include "../spool/spooler.h"
#include "engine.h"
#include "membership.h"
#include "../identity/identity.h"
#include "../loop/worker.h"

enum {
#define SOURCE(word, NAME, class) SLUICE_INTAKE_##NAME,
#define PLANNED(word, NAME)
#include "../../config/source_rows.h"
#undef SOURCE
#undef PLANNED
	SLUICE_INTAKES
};

/* An output over all workers. */
struct sluice_whole_output {
	sluice_guid guid;
	struct sluice_target **targets; /* references, in the order of the configuration */
	size_t target_count;
	struct sluice_credentials *credentials; /* of TLS, all workers'; NULL: none */
	struct sluice_pacer *pacers;		/* the output's, then each target's; all workers' */
	struct sluice_precedence *precedence;	/* all workers' */
	struct sluice_output **halves;		/* by worker */
	struct sluice_tcp_counters *past;	/* by target: of workers that are gone */
};

/* What follows from a configuration on this machine. */
struct sluice_derived {
	struct sluice_config_route *routes;
	size_t route_count;
	enum sluice_source *kinds; /* by input: KMOD or SOCKET */
	size_t *spread;		   /* by input: workers with sockets for it; 0: none */
	size_t *route_of;	   /* by input: index into routes */
};

/* Datagrams that were dropped because the operator said so, of one input. */
struct sluice_dropped {
	enum sluice_source kind; /* of the input; AUTO: not known */
	uint16_t input;
	uint64_t datagrams;
};

/* A stop under way (stop.c). Times are CLOCK_MONOTONIC nanoseconds. */
enum sluice_stop_phase {
	SLUICE_STOP_NOT,     /* it runs */
	SLUICE_STOP_DELIVER, /* what lay there when it began goes to the receivers */
	SLUICE_STOP_SAVE,    /* what they did not take goes to the disk */
	SLUICE_STOP_LAST,    /* inputs are closed; the same for what came meanwhile */
	SLUICE_STOP_OVER,
};

struct sluice_stop {
	enum sluice_stop_phase phase;
	uint64_t began, limit; /* limit: how long it may take */
	uint64_t moved;	       /* when something was delivered or saved last */
	uint64_t left;	       /* bytes that were not then */
	size_t passed;	       /* sockets that the next daemon finds */
};

/* What stores on the disk did that a live change left since the start, so that counters go on. */
struct sluice_disk_past {
	struct sluice_spool_figures figures;
	uint64_t alarms;
	struct sluice_spool_drop *drops;
	size_t drop_count;
};

struct sluice_engine {
	struct sluice_config *config; /* in force; NULL only while starting */
	struct sluice_identity identity;
	bool has_left;			/* at the end: a successor will find something */
	bool is_handed;			/* at the end: another process goes on with all of it */
	struct sluice_dropped *dropped; /* since the start */
	size_t dropped_count;
	struct sluice_renamed *renamed; /* inputs, since the start (renamed.c) */
	size_t renamed_count;
	struct sluice_derived derived;
	struct sluice_worker **workers;
	size_t worker_count;
	struct sluice_resolver *resolver;
	struct sluice_spooler *spooler; /* NULL: there is no `store.disk` */
	struct sluice_disk_past disk_past;
	struct sluice_stream_table streams;
	struct sluice_source_context context;
	struct sluice_intake *intakes[SLUICE_INTAKES]; /* NULL: not opened */
	struct sluice_whole_output *outputs;
	size_t output_count;
	struct sluice_stop stop;
	struct sluice_membership_list memberships;
	struct sluice_alarm unnoted; /* which outputs there are cannot be noted everywhere */
};

/* Every worker. `worker` is the loop's own. */
#define for_each_worker(worker, engine)                                             \
	for (struct sluice_worker *const *worker##_at = (engine)->workers, *worker; \
	     worker##_at < (engine)->workers + (engine)->worker_count &&            \
	     ((worker) = *worker##_at, true);                                       \
	     worker##_at++)

/* Frees everything that is there. */
void sluice_engine_free(struct sluice_engine *engine);

/* The output in force called `guid`, or NULL. */
static inline struct sluice_whole_output *
sluice_engine_find_output(const struct sluice_engine *engine, const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < engine->output_count; number++)
		if (sluice_guid_equal(engine->outputs[number].guid, guid))
			return &engine->outputs[number];
	return NULL;
}

extern const struct sluice_source_class *const sluice_intake_classes[SLUICE_INTAKES];

/* The place of a kind of source among them; of `auto` and of one that is not there yet it is
 * SLUICE_INTAKES. @threadsafe */
size_t sluice_intake_of(enum sluice_source kind);

/* Does a worker fill the streams of this kind itself, so that they are its own? @threadsafe */
bool sluice_intake_is_filled_by_worker(enum sluice_source kind);

/* Is a source open that takes datagrams while no daemon runs (`outlives`), or one that does not?
 * @context process */
bool sluice_intake_is_open(const struct sluice_engine *engine, bool outlives);

/* Has an earlier daemon, or this one, left something in a source? See source.h. @context process */
bool sluice_intake_has_left(const struct sluice_engine *engine);
/* Does the plan have inputs of this kind? @threadsafe */
bool sluice_source_plan_has(const struct sluice_source_plan *plan, enum sluice_source kind);
/* Opens source `number` if it is not open; *opened: it was not. 0, or a negative errno with a
 * sentence. @context process, as the next */
int sluice_intake_open(struct sluice_engine *engine, size_t number, bool *opened, char **error);
/* Opens the sources that look (source.h) and that `plan` has inputs for, and lets them. By source:
 * `opened` as above, `begun`: to be committed or cancelled. 0, or a negative errno with a
 * sentence. */
int sluice_intakes_look(struct sluice_engine *engine, const struct sluice_source_plan *plan,
			size_t *spread, bool *opened, bool *begun, char **error);

/* From what is in force to `config`, whole or not at all, with what the operator said of outputs
 * that go (NULL: nothing); on success the engine owns `config`. 0 or a negative errno with a
 * sentence. */
int sluice_engine_change(struct sluice_engine *engine, struct sluice_config *config,
			 const struct sluice_wishes *wishes, char **error);

/* Gives the streams of `worker` feeders for outputs of their routes that have none. 0, -ENOMEM,
 * -ENOSPC, -EPROTO; what was done until then stays. @context worker */
int sluice_lanes_add(struct sluice_engine *engine, const struct sluice_config *config,
		     const struct sluice_source_plan *plan, const struct sluice_worker *worker);
/* Takes away feeders of `worker` that belong to no output. @context worker */
void sluice_lanes_drop(struct sluice_engine *engine, const struct sluice_worker *worker);
/* Gives the `fresh` streams of a change their disk side in the store of `spooler`. 0 or a negative
 * errno with a sentence. */
int sluice_engine_add_disk(struct sluice_engine *engine, struct sluice_spooler *spooler,
			   const struct sluice_source_plan *plan, struct sluice_stream_table *fresh,
			   char **error);

/*
 * gather.c. Has an output fewer connections by `config`, which comes, so that streams of workers
 * without one go to others? Then their outputs pause before sources follow. End: when `config` is
 * in force and sources store nothing into those streams from their workers any more, streams move,
 * and outputs go on.
 */
bool sluice_gather_is_needed(const struct sluice_engine *engine,
			     const struct sluice_config *config);
void sluice_gather_end(struct sluice_engine *engine);
/* All outputs pause, and go on. */
void sluice_gather_pause(struct sluice_engine *engine);
void sluice_gather_resume(struct sluice_engine *engine);

/* Streams that only drained and are empty go. */
void sluice_engine_reap(struct sluice_engine *engine);

/* Notes which rings of sockets there are, so that a successor misses one whose file is gone.
 * `ends`: those that are empty go with us. */
void sluice_ring_list_note(struct sluice_engine *engine, bool ends);

/* engine/note.c: notes which outputs there are, for whoever starts after us; where that fails there
 * is an alarm. Tries it once more if it failed: true: it still does. @context process */
void sluice_engine_note(struct sluice_engine *engine, const struct sluice_identity *identity,
			const struct sluice_config *config);
bool sluice_engine_note_again(struct sluice_engine *engine);
/* Says which of those that an earlier daemon noted are gone. */
void sluice_ring_list_tell(const struct sluice_identity *identity,
			   const struct sluice_config *config);

/* name_inputs.c: whoever tells receivers what inputs are called hears it; for the configuration in
 * force. @context process */
void sluice_name_inputs(struct sluice_engine *engine);

/* past.c: adds what a predecessor counted, by GUID, to a picture. */
void sluice_past_add(const struct sluice_engine *engine, struct sluice_engine_report *report);

/* renamed.c: notes which inputs of `next`, which is to be in force, are those that had another
 * name; adds what was counted under that to an input's counters. @context process */
void sluice_renamed_follow(struct sluice_engine *engine, const struct sluice_config *next,
			   const struct sluice_derived *derived,
			   const struct sluice_identity *identity);
void sluice_renamed_add(const struct sluice_engine *engine, enum sluice_source kind,
			const sluice_guid guid, struct sluice_counters *counters);

/* disk_past.c: remembers what the store that is left did; adds that to what the present one did;
 * likewise what was given up. */
void sluice_disk_past_add(struct sluice_disk_past *past, struct sluice_spooler *spooler);
void sluice_disk_past_figures(const struct sluice_disk_past *past,
			      struct sluice_spool_figures *figures, uint64_t *alarms);
void sluice_disk_past_drops(const struct sluice_disk_past *past,
			    void (*each)(void *context, const struct sluice_spool_drop *drop),
			    void *context);

/* Frees what sluice_engine_change() made of a configuration. */
void sluice_derived_free(struct sluice_derived *derived);
void sluice_whole_output_free(struct sluice_whole_output *output, size_t workers);
/* Makes the half for a worker more, the next one, by the configuration in force; it is in no loop
 * yet. 0 or -ENOMEM. @context process */
int sluice_whole_output_join(struct sluice_whole_output *output,
			     const struct sluice_config_output *config,
			     struct sluice_worker *worker);
/* Ends the half of `worker`, if there is one, and adds to `past` what its connections counted.
 * @context worker */
void sluice_whole_output_part(struct sluice_whole_output *output,
			      const struct sluice_worker *worker);
/* What was counted to destinations that both have goes on with it, if their connections do.
 * @context process */
void sluice_whole_output_inherit(struct sluice_whole_output *output,
				 const struct sluice_whole_output *heir_of);
/* Would the connections of `config` be those that `old` has? @threadsafe */
bool sluice_whole_output_is_same(const struct sluice_whole_output *old,
				 const struct sluice_config_output *config);
/* Puts the rates of the configuration in force. @threadsafe */
void sluice_whole_output_set_rates(struct sluice_pacer *pacers,
				   const struct sluice_config_output *config);
/* Makes one that is new or changed in `output`, which is zeroed: targets and halves. 0 or -ENOMEM.
 * @owner caller: sluice_whole_output_free(), also on failure. @context process */
int sluice_whole_output_make(struct sluice_engine *engine,
			     const struct sluice_config_output *config,
			     struct sluice_whole_output *output);

#endif /* SLUICE_ENGINE_INNER_H */
