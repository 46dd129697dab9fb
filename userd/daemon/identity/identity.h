/* SPDX-License-Identifier: MIT */
/*
 * Which output is which from one configuration to the next. A cursor in a ring, and a frame on the
 * disk, name their output by a GUID. Names, addresses and modes are text that people edit, so the
 * GUIDs that are in use are remembered, and a configuration that comes gets those of the outputs
 * that it goes on with. For the control thread. Touches: memory. identity_file.h has the files that
 * hold it.
 *
 * An output (what the user writes) has one lane, or one for each destination if it duplicates. A
 * lane has a cursor.
 */
#ifndef SLUICE_IDENTITY_H
#define SLUICE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../../lib/names.h"

/* Outputs and inputs that are remembered at most beside those in force: the latest. */
#define SLUICE_IDENTITY_PAST 256U

/* What has a cursor. */
struct sluice_known_lane {
	sluice_guid id;
	char **to; /* destinations as written, lower case; @owner the lane */
	size_t to_count;
};

/* An output as the user knows it. */
struct sluice_known_output {
	sluice_guid group; /* its `id` */
	char name[SLUICE_NAME_MAX + 1];
	bool in_force; /* else an earlier configuration had it */
	struct sluice_known_lane *lanes;
	size_t lane_count;
};

/* What waits for `old` goes to `heir`; an heir of zeroes: it is dropped. */
struct sluice_alias {
	sluice_guid old;
	sluice_guid heir;
};

/* An input, and its number in records. */
struct sluice_known_input {
	sluice_guid id;
	uint16_t number;
	bool in_force; /* else an earlier configuration had it */
	char *match;   /* which datagrams are its own, as text; @owner the input */
};

struct sluice_identity {
	struct sluice_known_output *outputs;
	size_t count;
	struct sluice_alias *aliases;
	size_t alias_count;
	struct sluice_known_input *inputs;
	size_t input_count;
	struct sluice_names memory; /* directories of rings, of now and before */
	struct sluice_names disks;  /* of disk stores, likewise */
	struct sluice_names relays; /* what the relay was called, likewise: routes in the module are
				       marked so */
	struct sluice_names
		rings; /* files of rings that were there when it was noted: all of them */
	struct sluice_names
		lives; /* of those, "EPOCH PATH": which life of the relay's they are of */
};

/*
 * What the operator said about outputs that go, with a change: a name or GUID of an output that
 * was, and of one that is.
 */
struct sluice_wish {
	const char *old;
	const char *heir; /* NULL: what waits is dropped */
};

struct sluice_wishes {
	const struct sluice_wish *list;
	size_t count;
};

/* Frees what is in it, and zeroes it. NULL is allowed. */
void sluice_identity_free(struct sluice_identity *identity);

/*
 * Gives the outputs of `config` the GUIDs of those in `identity` that they go on with: by `id`,
 * else by name, else by a destination that both have. Lanes likewise, by destination, then in their
 * order. A GUID is never given twice. 0, -EINVAL or -ENOMEM. @context process
 */
int sluice_identity_resolve(const struct sluice_identity *identity, struct sluice_config *config);

/*
 * Makes in *next what is to be remembered when `config`, resolved, follows what `identity` says,
 * with the `wishes` (NULL: none). Lanes of an output that goes on which it has no more are given to
 * its first one, if it does not duplicate. 0; -ENOENT (a wish names what nobody knows) or -EINVAL
 * with a sentence; -ENOMEM. @owner caller: sluice_identity_free()
 */
int sluice_identity_follow(const struct sluice_identity *identity,
			   const struct sluice_config *config, const struct sluice_wishes *wishes,
			   struct sluice_identity *next, char **error);

/*
 * Whom a cursor called `id` is for: `id` itself, its heir, or NULL: what waits for it is
 * dropped. @threadsafe
 */
const uint8_t *sluice_identity_heir(const struct sluice_identity *identity, const sluice_guid id);

/*
 * Is `id` that of an output of `config`, or does an alias lead to one, or to nobody? Then
 * somebody sees to it. @threadsafe
 */
bool sluice_identity_is_cared_for(const struct sluice_identity *identity,
				  const struct sluice_config *config, const sluice_guid id);

/* Was an output of `config` in force, by name or by a destination? @threadsafe */
bool sluice_identity_has_in_common(const struct sluice_identity *identity,
				   const struct sluice_config *config);

/*
 * The number that records of input `id` have where its source gives it none (sockets): the same as
 * long as it is remembered, and one that no other has, because records in rings outlive a daemon. 0
 * or -ENOENT. @threadsafe
 */
int sluice_identity_number(const struct sluice_identity *identity, const sluice_guid id,
			   uint16_t *number);

/* The name of the output that has, or had, a lane called `id`; NULL: nobody knows it. */
const char *sluice_identity_name(const struct sluice_identity *identity, const sluice_guid id);

/*
 * The GUIDs of all cursors that `config` sees to, aliases included. *count: how many. NULL: no
 * memory.
 * @owner caller: free()
 */
sluice_guid *sluice_identity_cursors(const struct sluice_identity *identity,
				     const struct sluice_config *config, size_t *count);

#endif /* SLUICE_IDENTITY_H */
