/* SPDX-License-Identifier: MIT */
/*
 * What `sluicectl top` knows: a row for each thing that the snapshots tell of, with what it was
 * before, its last two minutes and when its settings changed. Snapshots are JSON objects, as
 * userd/ctl/top_snapshot.h makes them. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_MODEL_H
#define SLUICE_CTL_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "columns.h"

#define SLUICE_TOP_SAMPLES 120U /* of a curve */
#define SLUICE_TOP_EVENTS 256U	/* that are kept */

/* A row. */
struct sluice_top_item {
	char *key;	      /* tells it from the others of its list, over renames */
	json_t *now, *before; /* flat objects; before: NULL, it was not there */
	double *samples;      /* of the curve, the newest last; NAN: not known */
	size_t sample_count;  /* at most SLUICE_TOP_SAMPLES */
	uint64_t changed_ns[SLUICE_TOP_COLUMNS_MAX]; /* when a setting changed last; 0: never */
	uint64_t seen; /* number of the last snapshot that told of it */
};

struct sluice_top_items {
	struct sluice_top_item *list;
	size_t count, room;
	json_t *places; /* where each key is */
};

struct sluice_top_model {
	struct sluice_top_items items[SLUICE_TOP_LISTS];
	json_t *snapshot; /* the last one with a daemon; NULL: there was none */
	json_t *config;	  /* the last one's that told it; or NULL */
	json_t *events;	  /* array, the newest last */
	uint64_t time_ns,
		before_ns; /* of the last snapshot and the one before, since 1970; 0: none */
	uint64_t taken;	   /* how many snapshots were taken in */
	bool is_away;	   /* the last one had no daemon */
	uint64_t away_since_ns;
	char why[256];		    /* it had none */
	int64_t pid;		    /* of the daemon; another one counts from 0 */
	uint64_t config_changed_ns; /* when another configuration was seen; 0: never */
};

/* 0 or -ENOMEM. @owner caller: sluice_top_model_free(), also on failure */
int sluice_top_model_init(struct sluice_top_model *model);
void sluice_top_model_free(struct sluice_top_model *model);

/* Takes in a snapshot, which stays the caller's. 0, -EINVAL: it is none; -ENOMEM. */
int sluice_top_model_take(struct sluice_top_model *model, const json_t *snapshot);

/* A number of a row; counters by cause: their sum. False: it has no such number. */
bool sluice_top_number(const json_t *row, const char *key, double *number);

/* By what a number of an item grows a second. NAN: not known: it is new, or was reset. */
double sluice_top_growth(const struct sluice_top_model *model, const struct sluice_top_item *item,
			 const char *key);

/* Did a setting change within the last two seconds? */
bool sluice_top_has_changed(const struct sluice_top_model *model,
			    const struct sluice_top_item *item, size_t column);

/* An item by its key; NULL: there is none. */
const struct sluice_top_item *sluice_top_find(const struct sluice_top_model *model,
					      enum sluice_top_list list, const char *key);

#endif /* SLUICE_CTL_TOP_MODEL_H */
