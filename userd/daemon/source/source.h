/* SPDX-License-Identifier: MIT */
/*
 * Sources: where datagrams come from. Each kind makes streams (rings that are being filled) out of
 * the inputs that are its own; what comes after the ring does not know one from the other. A change
 * of configuration is a transaction:
 *
 *   look ──► prepare ──► activate ──► commit     everything that can fail comes before commit;
 *    └──────────┴───────────┴──► cancel           after cancel all is as it was before look
 *
 * Called by the engine in the control thread (@context process); what concerns a worker's streams
 * and sockets is done by call in that worker.
 */
#ifndef SLUICE_SOURCE_H
#define SLUICE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/cost.h"
#include "../../lib/kernel.h"
#include "../../config/model.h"
#include "../identity/identity.h"
#include "../loop/worker.h"
#include "../stream/stream.h"

/* A stream and the worker it lives in, or will. */
struct sluice_placed_stream {
	struct sluice_stream *stream;
	struct sluice_worker *worker;
};

struct sluice_stream_table {
	struct sluice_placed_stream *list;
	size_t count, room;
};

/* Every stream of a table; not while one is added or taken out. `placed` is the loop's own. */
#define for_each_placed_stream(placed, table)                                                \
	for (struct sluice_placed_stream *placed##_at = (table)->list, *placed;              \
	     placed##_at < (table)->list + (table)->count && ((placed) = placed##_at, true); \
	     placed##_at++)

/* What an engine's sources have in common; outlives them. */
struct sluice_source_context {
	struct sluice_worker **workers;
	size_t worker_count;
	struct sluice_stream_table *streams; /* those in force */
};

/* A configuration as one kind of source sees it. */
struct sluice_source_plan {
	const struct sluice_config *config;
	const struct sluice_identity *identity; /* whose cursors it sees to */
	const struct sluice_config_route *routes;
	size_t route_count;
	const enum sluice_source *kinds; /* by input, `auto` decided */
	const size_t *route_of;		 /* by input: index into routes */
	const size_t *spread;		 /* by input: workers with sockets for it; 0: none */
};

struct sluice_intake; /* each kind's own */

struct sluice_source_class {
	enum sluice_source kind;
	/* A stream belongs to the worker that fills it, and workers that deliver nothing of a route
	 * have none for it. Otherwise any worker can have any stream. */
	bool is_filled_by_worker;
	/* It takes datagrams while no daemon runs. */
	bool outlives_daemon;
	/* Does it work on this host? 0 or a negative errno. NULL: it always does. */
	int (*probe)(void);
	/* What such an errno means: what is said after "because " where `source: auto` takes the
	 * next one, and, in `text`, why `source:` this one is refused, with how to mend it. */
	const char *(*absence)(int error);
	void (*refuse)(int error, char *text, size_t room);
	/* Is there something of an earlier daemon with this configuration, so that it must be
	 * opened though no input is its own? `is_start`: this daemon has no configuration yet. */
	bool (*has_left)(const struct sluice_config *config, const struct sluice_identity *identity,
			 bool is_start);
	/* Opens the source; nothing is captured yet. @owner caller: free() of the class */
	int (*open)(const struct sluice_source_context *context, struct sluice_intake **source,
		    char **error);
	/*
	 * First of all, before it is known how large rings are: how many workers, the first ones,
	 * will have sockets for each input, in `spread`; those of other sources are left as they
	 * are. plan->spread and the size of routes are not to be looked at. NULL: it has one ring
	 * per CPU.
	 */
	int (*look)(struct sluice_intake *source, const struct sluice_source_plan *plan,
		    size_t *spread, char **error);
	/* Makes what `plan` needs and is not there; streams made go to `fresh`, not in their
	 * workers yet. */
	int (*prepare)(struct sluice_intake *source, const struct sluice_source_plan *plan,
		       struct sluice_stream_table *fresh, char **error);
	/* Lets the inputs of `plan` flow, as far as that can fail. On failure it has put back what
	 * it changed. */
	int (*activate)(struct sluice_intake *source, const struct sluice_source_plan *plan,
			char **error);
	/* `plan` is in force; what was only in the one before goes. The fresh streams are in their
	 * workers. */
	void (*commit)(struct sluice_intake *source);
	/* Undoes look, prepare and activate. The fresh streams are destroyed by the engine
	 * afterwards. */
	void (*cancel)(struct sluice_intake *source);
	/*
	 * Does a ring of `route` that no stream has hold something for outputs that are not among
	 * its own, `outputs`? Then the route cannot be filled again before they have it. Called
	 * before prepare; `source` may be NULL.
	 */
	bool (*is_held)(struct sluice_intake *source, const struct sluice_config *config,
			size_t workers, const sluice_guid route, const sluice_guid *outputs,
			size_t count);
	/* A stream that only drained is empty: frees what belongs to its route outside. True: it
	 * may be destroyed. */
	bool (*retire)(struct sluice_intake *source, struct sluice_stream *stream);
	/* Stores what has come so far and is not in a ring yet, as far as there is room. Inputs
	 * stay open. */
	void (*catch_up)(struct sluice_intake *source);
	/*
	 * Closes what ends with this process, after what is in it was stored; what finds no room is
	 * told as lost. What another process can go on with is handed over. Returns how many
	 * sockets were. A worker that does not answer keeps its own.
	 */
	size_t (*close_inputs)(struct sluice_intake *source);
	/* Calls `each` for every socket that another process could go on with if this one died now,
	 * and the name that sluice_socket_inherit_named() knows it by. 0; -ETIMEDOUT: a worker did
	 * not answer, and not all were shown. NULL: it has none. */
	int (*show)(struct sluice_intake *source,
		    void (*each)(void *context, int fd, const char *name), void *context);
	/* Counters of all inputs are taken now; counters() tells those of one, and its number in
	 * records. 0 or a negative errno (-ENOENT). */
	int (*measure)(struct sluice_intake *source);
	int (*counters)(struct sluice_intake *source, const sluice_guid input,
			struct sluice_counters *counters, uint16_t *index);
	/* Datagrams that came to the sockets of an input and belong to none. NULL: what belongs to
	 * no input is not taken. */
	uint64_t (*unmatched)(struct sluice_intake *source, const sluice_guid input);
	/* Adds what taking its datagrams in has cost the workers, by stage (lib/cost.h), in
	 * nanoseconds. Optional: nothing. */
	void (*cost)(struct sluice_intake *source, const sluice_guid input,
		     uint64_t sum[SLUICE_COST_STAGES]);
	/* Will nothing come to its inputs any more, because all that they read has ended? What came
	 * is in rings then. NULL: they never end. */
	bool (*is_ended)(struct sluice_intake *source);
	/* Interfaces or addresses came or went: inputs of `plan`, which is in force, that waited
	 * for one begin to receive, and those whose interface is gone wait for it. True: one waits;
	 * call again in a second. NULL: the kernel follows them itself. */
	bool (*follow)(struct sluice_intake *source, const struct sluice_source_plan *plan);
	/* What an input waits for, for the user; valid until the next call. NULL: nothing. The
	 * function may be NULL. */
	const char *(*state)(struct sluice_intake *source, const sluice_guid input);
	/* In which way the sockets of an input are read, and in *why why in no better one, for the
	 * user: a constant, or NULL. The function may be NULL: it has none. */
	enum sluice_receive (*receive)(struct sluice_intake *source, const sluice_guid input,
				       const char **why);
	/*
	 * A worker more is there, behind those that it knows; the context has it afterwards. 0 or
	 * -ENOMEM. And: has the last one nothing of this source any more, so that it may go? It
	 * goes, and is in the context still. NULL, all three: it has nothing in workers but
	 * streams. @context process
	 */
	int (*join)(struct sluice_intake *source, struct sluice_worker *worker);
	bool (*is_quiet)(const struct sluice_intake *source, const struct sluice_worker *worker);
	void (*part)(struct sluice_intake *source, struct sluice_worker *worker);
	void (*free)(struct sluice_intake *source);
};

/* Takes what an earlier daemon handed over (close_inputs); once, before an engine starts. Returns
 * how many sockets. */
size_t sluice_socket_inherit(void);
/* Takes one such socket, whoever gave it; what is none of ours is closed. */
void sluice_socket_inherit_named(int fd, const char *name);

/* Who keeps sockets for the next daemon, in place of systemd. For the thread that ends the engine.
 */
struct sluice_socket_keeper {
	bool (*is_there)(void *context);
	void (*begin)(void *context);
	/* One: @owner the caller, who closes it. */
	void (*keep)(void *context, int fd, const char *name);
	void (*end)(void *context);
	void *context;
};
/* From now on; NULL: systemd does. */
void sluice_socket_keep_by(const struct sluice_socket_keeper *keeper);

struct sluice_parcel;
/* From now on sockets that are passed go into `parcel`, NULL: to systemd again. @context process */
void sluice_socket_pass_to(struct sluice_parcel *parcel);
/* Where they go now; NULL: to systemd. @context process */
struct sluice_parcel *sluice_socket_passes_to(void);
/* Takes one that came in a parcel under this key (SLUICE_HANDED_UDP). 0; -EBADF: it is no such
 * socket, -EXDEV: it is bound to something else, or elsewhere, than the key says; then it stays the
 * caller's. @context process */
int sluice_socket_inherit_one(int fd, const char *key);
/* As long as `hold`, an input that comes has its sockets read with calls, so that what is in them
 * stays in the kernel until it is stored, and another process can go on with them. When that ends
 * sluice_engine_follow_links() gives each the way that it is to have. What the predecessor read an
 * input by: -ENOMEM, or 0. All @context process, before an engine starts, or foreman */
void sluice_socket_way_hold(bool hold);
int sluice_socket_way_note(const sluice_guid guid, enum sluice_receive receive);
void sluice_socket_way_forget(void);

/* Datagrams with a wrong UDP checksum that the kernel dropped in this network namespace since
 * sockets are read; *unplaced: of them those that no input has, because the kernel does not say to
 * which port. False: no sockets are read, or it is not known. @threadsafe */
bool sluice_source_socket_checksums(uint64_t *all, uint64_t *unplaced);

/* Each is in its own file, which ends in it. */
#define SOURCE(word, NAME, class) extern const struct sluice_source_class sluice_source_##class;
#define PLANNED(word, NAME)
#include "../../config/source_rows.h"
#undef SOURCE
#undef PLANNED

/* Calls `each` for the file of every ring of sockets that this configuration has or had, until it
 * returns not 0, which is returned. 0 or a negative errno. @context process */
int sluice_source_socket_files(const struct sluice_config *config,
			       const struct sluice_identity *identity,
			       int (*each)(void *context, const char *path), void *context);

/* The epoch of the ring of sockets in the file `path` when it was noted; 0: it was not. @threadsafe
 */
uint64_t sluice_socket_ring_epoch(const struct sluice_identity *identity, const char *path);

/* Looks at every ring of sockets that this configuration has or had, and of the module. `each` may
 * return not 0, which ends it and is returned. 0 or a negative errno. @context process */
int sluice_source_socket_look(const struct sluice_config *config,
			      const struct sluice_identity *identity,
			      int (*each)(void *context, const struct sluice_ring *ring,
					  const char *where),
			      void *context);
int sluice_source_kmod_look(const struct sluice_config *config,
			    const struct sluice_identity *identity,
			    int (*each)(void *context, const struct sluice_ring *ring,
					const char *where),
			    void *context);

/* The stream of `route`, `kind` and `cpu` (SOCKET: number of the worker) in a table, or NULL. One
 * whose route the module deleted does not count. */
struct sluice_placed_stream *sluice_stream_table_find(const struct sluice_stream_table *table,
						      const sluice_guid route,
						      enum sluice_source kind, uint32_t cpu);

/* Adds one. 0 or -ENOMEM. */
int sluice_stream_table_add(struct sluice_stream_table *table, struct sluice_stream *stream,
			    struct sluice_worker *worker);

/* Takes out the one at `place`. */
void sluice_stream_table_remove(struct sluice_stream_table *table, size_t place);

/* The outputs of a route as GUIDs. NULL: no memory. @owner caller: free() */
sluice_guid *sluice_route_outputs(const struct sluice_config *config,
				  const struct sluice_config_route *route);

/* Which of the cursors that the plan sees to are in the ring, each once; *count: how many. NULL: no
 * memory.
 * @owner caller: free() */
sluice_guid *sluice_cursor_outputs(const struct sluice_source_plan *plan,
				   const struct sluice_ring *ring, size_t *count);

/* idle.c. For a source that keeps nothing outside the process: has_left, is_held (a ring without a
 * stream is none), retire (nothing is outside) and measure (counters are read where they are) of
 * its struct sluice_source_class. @context process */
bool sluice_source_has_left_nothing(const struct sluice_config *config,
				    const struct sluice_identity *identity, bool is_start);
bool sluice_source_holds_nothing(struct sluice_intake *intake, const struct sluice_config *config,
				 size_t workers, const sluice_guid route,
				 const sluice_guid *outputs, size_t count);
bool sluice_source_retires(struct sluice_intake *intake, struct sluice_stream *stream);
int sluice_source_measures_nothing(struct sluice_intake *intake);

#endif /* SLUICE_SOURCE_H */
