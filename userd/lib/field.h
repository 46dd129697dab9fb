/* SPDX-License-Identifier: MIT */
/*
 * The table of all that daemon and module tell of themselves: attribute, name in JSON, column,
 * unit, meaning. Its rows are in field_rows.h. Touches: nothing.
 */
#ifndef SLUICE_LIB_FIELD_H
#define SLUICE_LIB_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* What a field is of. The disk's are told only where there is one. */
enum sluice_field_list {
	SLUICE_FIELDS_INPUT,
	SLUICE_FIELDS_OUTPUT,
	SLUICE_FIELDS_DESTINATION,
	SLUICE_FIELDS_MEMORY,
	SLUICE_FIELDS_DISK,
	SLUICE_FIELDS_STORE,
	SLUICE_FIELDS_DAEMON,
	SLUICE_FIELDS_ORPHAN,
	SLUICE_FIELDS_THREAD,
	SLUICE_FIELDS_COST,
	SLUICE_FIELDS_FORWARD,
	SLUICE_FIELDS_STREAM,
	SLUICE_FIELDS_CURSOR, /* of an output in a stream */
	SLUICE_FIELDS_RULE,
	SLUICE_FIELDS_ROUTE,
	SLUICE_FIELDS_RING, /* of the module, with all that it has of it */
	SLUICE_FIELDS_CPU,  /* what the module counted on it */
	SLUICE_FIELDS_LOST, /* by cause */
	SLUICE_FIELDS_PLACEMENT,
	SLUICE_FIELD_LISTS
};

enum sluice_field_kind {
	SLUICE_FIELD_NUMBER,	/* u32 or u64, as sluice_netlink_policy has it */
	SLUICE_FIELD_TEXT,	/* at most 512 bytes of it are told */
	SLUICE_FIELD_LONG_TEXT, /* of any length */
	SLUICE_FIELD_REASON,	/* likewise; an empty one is not shown */
	SLUICE_FIELD_NAMES,	/* likewise: "a, b", in JSON a list */
	SLUICE_FIELD_GUID,
	SLUICE_FIELD_MOMENT,   /* u64: nanoseconds since 1970, 0: none; in JSON a text */
	SLUICE_FIELD_COUNTERS, /* the nest of struct sluice_counters, of which the rows that follow
				  are */
	SLUICE_FIELD_PART,     /* a member of such a nest; it has no attribute of its own */
};

/* A row. */
struct sluice_field {
	enum sluice_field_list list;
	enum sluice_field_kind kind;
	int attribute;
	bool is_optional; /* an attribute that is absent is not shown; else it is 0 or empty */
	const char *key;
	unsigned int place; /* of its column, from left to right; 0: it has none */
	const char *title;  /* as struct sluice_print_column has it */
	const char *unit;   /* "": none */
	bool is_normally_zero;
	const char *meaning;
};

extern const struct sluice_field sluice_fields[];
extern const size_t sluice_field_count;

#endif /* SLUICE_LIB_FIELD_H */
