/* SPDX-License-Identifier: MIT */
/*
 * Tables of `sluicectl top`: what there is a row for, and which columns it has. Rows are in
 * columns.c. Touches: nothing.
 */
#ifndef SLUICE_CTL_TOP_COLUMNS_H
#define SLUICE_CTL_TOP_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#define SLUICE_TOP_COLUMNS_MAX 24U /* of a table */

/* What there is a row for. */
enum sluice_top_list {
	SLUICE_TOP_TOTALS, /* "in", "out": sums over all; on no tab of their own */
	SLUICE_TOP_INPUTS,
	SLUICE_TOP_OUTPUTS, /* and, below each, its destinations */
	SLUICE_TOP_STREAMS,
	SLUICE_TOP_STORE, /* memory, disk */
	SLUICE_TOP_THREADS,
	SLUICE_TOP_RULES, /* of the module */
	SLUICE_TOP_LISTS
};

/* How a value is shown. What is counted is shown as it is, or as what it grows by. */
enum sluice_top_kind {
	SLUICE_TOP_WORDS,   /* a text, or several */
	SLUICE_TOP_COUNT,   /* a number; of counters by cause the sum */
	SLUICE_TOP_NUMBER,  /* one that is a name: of a process, a CPU */
	SLUICE_TOP_RATE,    /* a second */
	SLUICE_TOP_BITRATE, /* of bytes, in bits a second */
	SLUICE_TOP_BITS,    /* a gauge in bits a second; 0: "-" */
	SLUICE_TOP_SIZE,    /* a gauge in bytes */
	SLUICE_TOP_FILL,    /* a gauge in percent, as a bar */
	SLUICE_TOP_BUSY,    /* of nanoseconds, in percent of a second */
	SLUICE_TOP_SINCE,   /* a moment, as its age */
	SLUICE_TOP_CURVE,   /* the last two minutes of the table's curve */
};

struct sluice_top_column {
	const char *title;
	const char *key; /* of the row */
	enum sluice_top_kind kind;
	unsigned int drop; /* where there is no room the highest go first; 0: never */
	bool is_setting;   /* it changes with the configuration or connections, and blinks then */
	bool is_bad;	   /* anything but 0 is bad */
};

/* A table. */
struct sluice_top_table {
	const char *name;  /* of its tab */
	const char *curve; /* key of what the curve is of */
	bool is_gauge;	   /* it is shown as it is; else by what it grows a second */
	const struct sluice_top_column *columns;
	size_t column_count;
};

extern const struct sluice_top_table sluice_top_tables[SLUICE_TOP_LISTS];

#endif /* SLUICE_CTL_TOP_COLUMNS_H */
