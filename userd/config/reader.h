/* SPDX-License-Identifier: MIT */
/*
 * Reading YAML nodes by tables of keys: what a mapping may hold is data (keys.c), and this reads it
 * and finds every fault in it: unknown and repeated keys, wrong types, values out of range, what is
 * not supported yet. Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_READER_H
#define SLUICE_CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>
#include "check.h"

/* One reading of one document. */
struct sluice_reader {
	yaml_document_t *document;
	struct sluice_findings *findings;
	size_t visits; /* nodes looked at: aliases can make few nodes many */
	bool out_of_memory;
};

struct sluice_key;

/* Reads the value `node` of `key` into `object`; faults become findings. */
typedef void (*sluice_key_reader)(struct sluice_reader *reader, const struct sluice_key *key,
				  const yaml_node_t *node, void *object);

/* A value out of a fixed set. */
struct sluice_choice {
	const char *name; /* NULL ends the table */
	int value;
	bool unsupported; /* known, and not there yet */
};

/* values.c. Writes the names of those that are supported, "steal, copy", into `text` of `size`
 * bytes, as far as they fit. @threadsafe */
void sluice_choices_list(const struct sluice_choice *choices, char *text, size_t size);

/* The name of `value`; "?" if it has none. @threadsafe */
const char *sluice_choice_name(const struct sluice_choice *choices, int value);

/* off, on, and what else YAML's users write for them (values.c) */
extern const struct sluice_choice sluice_switches[];

/* When a changed value is in force after a reload, and what that costs. */
enum sluice_key_change {
	SLUICE_KEY_LIVE,	/* at once, nothing else is disturbed */
	SLUICE_KEY_CONNECTIONS, /* at once, the output's connections may be made anew */
	SLUICE_KEY_RINGS,   /* at once, rings are replaced; what is in the old ones is delivered */
	SLUICE_KEY_LATER,   /* at the next start */
	SLUICE_KEY_WORKERS, /* at once, workers come or go with their connections */
};

/* A key of a mapping. */
struct sluice_key {
	const char *path; /* "outputs.batch.bytes": the last part is the key, the whole is for
			     messages */
	sluice_key_reader read;
	size_t offset; /* of the value in the object */
	size_t place; /* of a struct sluice_config_place in the object that takes the value's place;
			 0: none */
	uint64_t minimum;
	uint64_t maximum;		      /* of numbers, sizes, durations */
	const struct sluice_choice *choices;  /* of sluice_read_choice() */
	const struct sluice_key_table *table; /* of sluice_read_nested() */
	const struct sluice_key_table *items; /* what a mapping in its list may hold */
	/* What holds where it is not written: a value, read by `read`; or words, where it depends.
	 */
	const char *fallback;
	const char *otherwise;
	const char *does; /* what it is for, without a capital and a full stop */
	const char *form; /* what its value looks like, where `read` does not tell */
	enum sluice_key_change change;
	bool required;
	const char *unless; /* required, unless this key is there; NULL: in any case */
	bool unsupported;
};

/* What a mapping may hold. */
struct sluice_key_table {
	const char *path; /* "outputs.batch", "" for the document */
	const char *what; /* "an output" */
	const struct sluice_key *keys;
	size_t count;
};

/* A word and where it stands; text NULL: not given. */
struct sluice_word {
	char *text; /* @owner who owns the structure */
	struct sluice_config_place place;
};

/* Reads a mapping into `object`. Findings instead of errors; no memory is noted in `reader`. */
void sluice_read_mapping(struct sluice_reader *reader, const struct sluice_key_table *table,
			 const yaml_node_t *node, void *object);

/* Sets what a table's keys are where they are not written, as far as that is a value. For memory
 * that is zeroed. */
void sluice_read_fallbacks(struct sluice_reader *reader, const struct sluice_key_table *table,
			   void *object);

/* Readers for keys. Where they write, at key->offset of the object, is in brackets. */
void sluice_read_nested(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object); /* [the same object] */
void sluice_read_size(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object); /* [size_t] */
void sluice_read_duration(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object); /* [uint64_t, µs] */
/* The same, or `auto`. [uint64_t, µs or SLUICE_DELAY_AUTO] */
void sluice_read_delay(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object);
/* `auto` (0), or a number. [size_t] */
void sluice_read_count(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object);
void sluice_read_percent(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object); /* [unsigned int] */
void sluice_read_rate(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object); /* [uint64_t, bit/s] */
void sluice_read_choice(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object); /* [an enumeration or int] */
void sluice_read_word(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object); /* [struct sluice_word] */

/* For the readers of particular keys: */

/* The text of a scalar that is not empty and free of NULs and control characters, or NULL after a
 * finding. */
const char *sluice_reader_scalar(struct sluice_reader *reader, const struct sluice_key *key,
				 const yaml_node_t *node);

/* Calls `item` for a scalar or mapping once, for a list once per entry. False after a finding for
 * an empty list. */
bool sluice_reader_items(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object, sluice_key_reader item);

/* How many items that would be. */
size_t sluice_reader_item_count(const yaml_node_t *node);

/* Copies `text` (of `node`) into `word`, which must be empty. */
void sluice_reader_keep(struct sluice_reader *reader, const yaml_node_t *node, const char *text,
			struct sluice_word *word);

/* Where `node` begins, as an editor counts. */
struct sluice_config_place sluice_reader_place(const yaml_node_t *node);

/* Adds an error "path: ..." at `node`. */
void sluice_reader_fault(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "a mapping", "a list", "a value" */
const char *sluice_reader_kind(const yaml_node_t *node);

#endif /* SLUICE_CONFIG_READER_H */
