/* SPDX-License-Identifier: MIT */
/*
 * One worker's half of an output: its destinations, each with a connection of this worker's own,
 * and the feeders of the streams that go there. It gives segments to the connections, which of them
 * by the output's mode (balance.c, hash.c) and when by its rate (link/pace.h). Between streams and
 * connections, in one worker. Touches: feeders and connections of its worker.
 */
#ifndef SLUICE_OUTPUT_H
#define SLUICE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../loop/worker.h"
#include "../stream/feeder.h"
#include "../stream/stream.h"
#include "../link/group.h"
#include "precedence.h"
#include "../link/resolve.h"
#include "../link/connection.h"

/* By which destination a flow goes; hash.c */
struct sluice_buckets;
struct sluice_parcel;

struct sluice_output {
	struct sluice_timer timer; /* when the rate lets something go again */
	struct sluice_group group; /* its connections, and what they are to do */
	enum sluice_mode mode;
	struct sluice_precedence *precedence; /* of its streams, all workers' */
	struct sluice_buckets *buckets;	      /* hash: NULL else */
	struct sluice_carrier hold;	      /* hash: carries the segment that is held */
	struct sluice_parked
		held; /* hash: the one that waits for room at group.blocker; feeder NULL: none */
	size_t held_bucket;
	size_t next_feeder;
	size_t next_lesser; /* whose turn it is of those that have a share only */
	size_t picked;	    /* the one that sluice_output_pick() found, */
	uint64_t due_at; /* and when the rates let it go then, at the earliest; 0: there are none,
			    or at once */
	struct sluice_share own; /* what shares are counted in where there is no rate */
	int told;		 /* the priority that the other workers know of; precedence.h */
	uint64_t deferred; /* since when something more important elsewhere keeps us waiting; 0: it
			      does not */
	int64_t lead;	   /* how far ahead that was when we last looked */
	bool owing; /* what waits in other workers has its share to come, and here is none of it */
	uint64_t yielded; /* when we last began to leave our turn to it; 0: we do not */
	uint64_t handed;  /* hash: bytes of streams, ever */
	bool paused; /* hand out nothing: somebody waits for what is under way to be acknowledged */
};

/*
 * Makes the half of output `config` for `worker`; `kind` is what it is of, `targets` are its
 * destinations, in their order, `pacers` the output's and theirs, `precedence` what its streams
 * share; all outlive it. 0 or -ENOMEM. Nothing is connected yet.
 * @owner caller: sluice_output_destroy() @context process
 */
int sluice_output_create(const struct sluice_config_output *config, const struct sluice_kind *kind,
			 struct sluice_target *const *targets, struct sluice_pacer *pacers,
			 struct sluice_precedence *precedence, struct sluice_worker *worker,
			 struct sluice_output **output);

/* kinds.c. What an output of `kind` does, which is one of the rows. @threadsafe */
const struct sluice_kind *sluice_kind_of(enum sluice_output_kind kind);

/* Frees it, closing its connections; what they carried is returned to the feeders. NULL is allowed.
 * @context worker, or process if it was never in one */
void sluice_output_destroy(struct sluice_output *output);

/* Gets its place in the loop and room for `feeders` feeders; nothing happens yet. 0 or -ENOMEM.
 * @context worker */
int sluice_output_enter(struct sluice_output *output, size_t feeders);

/* Begins to work. `heir_of`, if not NULL: connections to destinations that both have go over to
 * this one, undisturbed, and so do its feeders; destroy it next. Cannot fail. @context worker */
void sluice_output_begin(struct sluice_output *output, struct sluice_output *heir_of);

/* Can connections of `old` go on as those of `heir`? Asks only what does not change. @threadsafe */
bool sluice_output_can_inherit(const struct sluice_output *heir, const struct sluice_output *old);

/* Leaves the loop. @context worker */
void sluice_output_leave(struct sluice_output *output);

/* Makes room for `count` more feeders, so that adding them cannot fail. 0 or -ENOMEM. @context
 * worker */
int sluice_output_reserve(struct sluice_output *output, size_t count);

/* The streams' feeders come and go. @context worker */
void sluice_output_add_feeder(struct sluice_output *output, struct sluice_feeder *feeder);
/* The same for one of another output, whose receivers may have had what is in it. @context worker
 */
void sluice_output_take_over(struct sluice_output *output, struct sluice_feeder *feeder);
void sluice_output_remove_feeder(struct sluice_output *output, struct sluice_feeder *feeder);

/* Hands out segments as long as there are some and connections that take them. @context worker */
void sluice_output_pump(struct sluice_output *output, uint64_t now);

/* The worker wakes soon whatever comes (`is_on_beat`) or not: so its connections need not wake it,
 * or have to. Hear: they read what came meanwhile. @context worker */
void sluice_output_keep_time(struct sluice_output *output, bool is_on_beat);
void sluice_output_drain_input(struct sluice_output *output, uint64_t now);

/* Takes over mode, weights, times and batch size: what does not concern the form on the wire.
 * @context worker */
void sluice_output_retune(struct sluice_output *output, const struct sluice_config_output *config);

/* Bytes of streams that its connections carry. @context worker */
uint64_t sluice_output_carried(const struct sluice_output *output);

/* In a file of its own. It is paused, and another process is to have it. Which of its connections
 * can be passed now with all that they carry: are these all that carry something? Give: puts those
 * into `parcel` (NULL: none is passed) and closes the others; 0 or a negative errno. Go on: what
 * came from a predecessor, if anything did, is used from now on. @context worker */
bool sluice_output_can_pass(const struct sluice_output *output, const struct sluice_parcel *parcel);
int sluice_output_give(struct sluice_output *output, struct sluice_parcel *parcel);
void sluice_output_go_on(struct sluice_output *output, uint64_t now);

/* For the parts of an output only: */

/* The priority of the stream that `feeder` feeds from. */
static inline unsigned int sluice_output_priority_of(const struct sluice_feeder *feeder)
{
	return ((const struct sluice_stream *)feeder->stream)->priority;
}

/* older.c. Does an older ring of the CPU of `feeder` that is being emptied and is no less important
 * hold something for this output that can be handed out? @context worker */
bool sluice_output_has_older(const struct sluice_output *output,
			     const struct sluice_feeder *feeder);

/* Must `feeder` wait for such a ring? @context worker */
static inline bool sluice_output_waits_for_older(const struct sluice_output *output,
						 const struct sluice_feeder *feeder)
{
	return sluice_feeder_respects_older(feeder) && sluice_output_has_older(output, feeder);
}

/* turn.c, where precedence matters: the feeder that is to be taken from next; NULL: none has
 * something, or another worker goes first: then *due is when to look again, if it was later or not
 * set. `any`: in turn, whatever their priority. What it was given is accounted for before the next
 * is picked; 0 bytes: nothing could be had. @context worker */
struct sluice_feeder *sluice_output_pick(struct sluice_output *output, bool any, uint64_t now,
					 uint64_t *due);
void sluice_output_account(struct sluice_output *output, uint64_t bytes);
/* The rate would let what was picked go: is it left to a worker that has a share of it, which wakes
 * at the same moment and might always come too late? *due is when that ends. @context worker */
bool sluice_output_yields(struct sluice_output *output, uint64_t now, uint64_t *due);
/* Tells the other workers what still waits here for a connection that is there. @context worker */
void sluice_output_announce(struct sluice_output *output);

/* balance.c: the connection that the mode gives the next segment to, of those that can take one;
 * NULL: none can. Where only a rate forbids it, *due becomes the moment at which the rate allows
 * it, if *due was later. `is_return`: it came back from a lost connection, and goes to none that
 * acknowledged nothing last time, if there is another. @context worker */
struct sluice_connection *sluice_output_choose(struct sluice_output *output, bool is_return,
					       uint64_t now, uint64_t *due);

/* hash.c. Buckets: 0 or -ENOMEM. Pump: hands out what there is; *due as above. @context worker */
int sluice_buckets_create(struct sluice_buckets **buckets);
void sluice_output_pump_hash(struct sluice_output *output, uint64_t now, uint64_t *due);
/* Gives back the segment that is held. @context worker, or process if never entered */
void sluice_output_put_back(struct sluice_output *output);

#endif /* SLUICE_OUTPUT_H */
