// SPDX-License-Identifier: MIT
/*
 * The tables of columns.h. Touches: nothing.
 */
#include "columns.h"

#define COLUMNS(rows) rows, sizeof(rows) / sizeof((rows)[0])

/* Title, key, kind, drop, is_setting, is_bad. */
static const struct sluice_top_column inputs[] = {
	{"INPUT", "name", SLUICE_TOP_WORDS, 0, false, false},
	{"STATE", "state", SLUICE_TOP_WORDS, 2, true, false},
	{"PORTS", "match", SLUICE_TOP_WORDS, 4, true, false},
	{"SOURCE", "source", SLUICE_TOP_WORDS, 7, true, false},
	{"/s", "matched", SLUICE_TOP_RATE, 0, false, false},
	{"bit/s", "stored_bytes", SLUICE_TOP_BITRATE, 1, false, false},
	{"LAST 2 MIN", "matched", SLUICE_TOP_CURVE, 3, false, false},
	{"MATCHED", "matched", SLUICE_TOP_COUNT, 1, false, false},
	{"STORED", "stored", SLUICE_TOP_COUNT, 6, false, false},
	{"LOST", "lost", SLUICE_TOP_COUNT, 0, false, true},
	{"DROPPED", "dropped", SLUICE_TOP_COUNT, 5, false, true},
	{"VERDICT", "verdict", SLUICE_TOP_WORDS, 9, true, false},
	{"RECEIVE", "receive", SLUICE_TOP_WORDS, 10, true, false},
	{"PRIO", "priority", SLUICE_TOP_NUMBER, 11, true, false},
	{"OUTPUTS", "outputs", SLUICE_TOP_WORDS, 8, true, false},
};

static const struct sluice_top_column outputs[] = {
	{"OUTPUT / DESTINATION", "label", SLUICE_TOP_WORDS, 0, false, false},
	{"STATE", "state", SLUICE_TOP_WORDS, 0, true, false},
	{"SINCE", "since", SLUICE_TOP_SINCE, 4, false, false},
	{"sent/s", "sent", SLUICE_TOP_RATE, 0, false, false},
	{"bit/s", "achieved", SLUICE_TOP_BITS, 1, false, false},
	{"LIMIT", "rate", SLUICE_TOP_BITS, 3, true, false},
	{"LAST 2 MIN", "sent", SLUICE_TOP_CURVE, 6, false, false},
	{"SENT", "sent", SLUICE_TOP_COUNT, 7, false, false},
	{"ACKED", "acked", SLUICE_TOP_COUNT, 8, false, false},
	{"UNACKED", "backlog", SLUICE_TOP_SIZE, 9, false, false},
	{"MEMORY", "memory", SLUICE_TOP_SIZE, 2, false, false},
	{"DISK", "disk", SLUICE_TOP_SIZE, 2, false, false},
	{"OLDEST", "oldest", SLUICE_TOP_SINCE, 5, false, false},
	{"DROPPED", "dropped", SLUICE_TOP_COUNT, 5, false, true},
	{"RESENT", "resent", SLUICE_TOP_COUNT, 10, false, false},
	{"CONNECTS", "connects", SLUICE_TOP_COUNT, 11, true, false},
	{"MODE", "mode", SLUICE_TOP_WORDS, 12, true, false},
	{"FRAMING", "framing", SLUICE_TOP_WORDS, 12, true, false},
	{"LOAD", "load", SLUICE_TOP_WORDS, 10, false, false},
	{"ROLE", "role", SLUICE_TOP_WORDS, 13, true, false},
	{"LAST ERROR", "error", SLUICE_TOP_WORDS, 14, false, false},
};

static const struct sluice_top_column streams[] = {
	{"ROUTE", "label", SLUICE_TOP_WORDS, 0, false, false},
	{"CPU", "cpu", SLUICE_TOP_NUMBER, 0, false, false},
	{"WORKER", "worker", SLUICE_TOP_NUMBER, 5, true, false},
	{"PRIO", "priority", SLUICE_TOP_NUMBER, 8, true, false},
	{"/s", "stored", SLUICE_TOP_RATE, 0, false, false},
	{"LAST 2 MIN", "stored", SLUICE_TOP_CURVE, 4, false, false},
	{"STORED", "stored", SLUICE_TOP_COUNT, 3, false, false},
	{"LOST", "lost", SLUICE_TOP_COUNT, 1, false, true},
	{"RING", "size", SLUICE_TOP_SIZE, 6, true, false},
	{"FILL", "fill_percent", SLUICE_TOP_FILL, 0, false, false},
	{"DISK", "disk", SLUICE_TOP_SIZE, 2, false, false},
	{"BEHIND", "behind", SLUICE_TOP_SIZE, 1, false, false},
	{"MOST FOR", "slowest", SLUICE_TOP_WORDS, 2, false, false},
	{"LOAD", "load", SLUICE_TOP_WORDS, 7, false, false},
	{"OWNER", "owner", SLUICE_TOP_NUMBER, 9, true, false},
	{"wakes/s", "wakes", SLUICE_TOP_RATE, 10, false, false},
};

static const struct sluice_top_column store[] = {
	{"STORE", "label", SLUICE_TOP_WORDS, 0, false, false},
	{"FILL", "fill", SLUICE_TOP_FILL, 0, false, false},
	{"USED", "used", SLUICE_TOP_SIZE, 0, false, false},
	{"SIZE", "size", SLUICE_TOP_SIZE, 0, true, false},
	{"LAST 2 MIN", "used", SLUICE_TOP_CURVE, 3, false, false},
	{"ALARMS", "alarms", SLUICE_TOP_COUNT, 1, false, true},
	{"WAITING", "waiting", SLUICE_TOP_SIZE, 2, false, false},
	{"written bit/s", "spooled", SLUICE_TOP_BITRATE, 4, false, false},
	{"FREE SEGMENTS", "free_segments", SLUICE_TOP_COUNT, 7, false, false},
	{"DROPPED", "dropped", SLUICE_TOP_COUNT, 2, false, true},
	{"DAMAGED", "damaged", SLUICE_TOP_COUNT, 5, false, true},
	{"ABANDONED", "abandoned", SLUICE_TOP_COUNT, 6, false, true},
	{"PATH", "path", SLUICE_TOP_WORDS, 8, true, false},
};

static const struct sluice_top_column threads[] = {
	{"THREAD", "label", SLUICE_TOP_WORDS, 0, false, false},
	{"TID", "tid", SLUICE_TOP_NUMBER, 4, true, false},
	{"KIND", "kind", SLUICE_TOP_WORDS, 5, false, false},
	{"HEALTH", "health", SLUICE_TOP_WORDS, 0, true, false},
	{"CPU", "cpu", SLUICE_TOP_NUMBER, 2, false, false},
	{"cpu%", "cpu_time", SLUICE_TOP_BUSY, 0, false, false},
	{"LAST 2 MIN", "cpu_time", SLUICE_TOP_CURVE, 6, false, false},
	{"rounds/s", "rounds", SLUICE_TOP_RATE, 1, false, false},
	{"PROGRESS", "progress", SLUICE_TOP_SINCE, 3, false, false},
	{"POLICY", "policy", SLUICE_TOP_WORDS, 7, true, false},
	{"STATE", "state", SLUICE_TOP_WORDS, 2, false, false},
};

/* Of rules, rings and CPUs: each has some. */
static const struct sluice_top_column kernel[] = {
	{"RULE, RING, CPU", "label", SLUICE_TOP_WORDS, 0, false, false},
	{"PORTS", "ports", SLUICE_TOP_WORDS, 1, true, false},
	{"HOOK", "hook", SLUICE_TOP_WORDS, 4, true, false},
	{"VERDICT", "verdict", SLUICE_TOP_WORDS, 3, true, false},
	{"stored/s", "stored", SLUICE_TOP_RATE, 0, false, false},
	{"bit/s", "stored_bytes", SLUICE_TOP_BITRATE, 1, false, false},
	{"LAST 2 MIN", "stored", SLUICE_TOP_CURVE, 5, false, false},
	{"MATCHED", "matched", SLUICE_TOP_COUNT, 3, false, false},
	{"STORED", "stored", SLUICE_TOP_COUNT, 2, false, false},
	{"LOST", "lost", SLUICE_TOP_COUNT, 0, false, true},
	{"FILL", "fill", SLUICE_TOP_FILL, 4, false, false},
	{"GAPS", "gaps", SLUICE_TOP_COUNT, 5, false, true},
	{"wakes/s", "wakes", SLUICE_TOP_RATE, 4, false, false},
	{"INTERFACE", "interface", SLUICE_TOP_WORDS, 5, true, false},
	{"SOURCE", "source", SLUICE_TOP_WORDS, 6, true, false},
	{"DESTINATION", "destination", SLUICE_TOP_WORDS, 6, true, false},
};

static const struct sluice_top_column totals[] = {
	{"", "label", SLUICE_TOP_WORDS, 0, false, false},
	{"", "up", SLUICE_TOP_WORDS, 0, true, false},
	{"", "workers", SLUICE_TOP_COUNT, 0, true, false},
};

const struct sluice_top_table sluice_top_tables[SLUICE_TOP_LISTS] = {
	[SLUICE_TOP_TOTALS] = {"Overview", "datagrams", false, COLUMNS(totals)},
	[SLUICE_TOP_INPUTS] = {"Inputs", "matched", false, COLUMNS(inputs)},
	[SLUICE_TOP_OUTPUTS] = {"Outputs", "sent", false, COLUMNS(outputs)},
	[SLUICE_TOP_STREAMS] = {"Streams", "stored", false, COLUMNS(streams)},
	[SLUICE_TOP_STORE] = {"Store", "used", true, COLUMNS(store)},
	[SLUICE_TOP_THREADS] = {"Threads", "cpu_time", false, COLUMNS(threads)},
	[SLUICE_TOP_RULES] = {"Kernel", "stored", false, COLUMNS(kernel)},
};
