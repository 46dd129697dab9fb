// SPDX-License-Identifier: MIT
/*
 * Checks of the disk that the store writes to. Nothing is written to measure it: what the kernel
 * counted of the daemon's own writes, and of everybody else's, is what counts. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define SLOW_MS 20.0
#define INODES_LEAST 64U

/* The disk's part of the store, and the text of its file system. False: there is none. */
static bool spool_of(const struct sluice_doctor_look *look, json_t **store, const json_t **disk,
		     const char **text, char source[512])
{
	*store = sluice_doctor_json(&look->after, "daemon/store");
	*disk = json_object_get(json_array_get(*store, 0), "disk");
	snprintf(source, 512, "filesystem/%s", sluice_doctor_json_text(*disk, "path"));
	*text = sluice_doctor_text(&look->after, source);
	if (*text)
		return true;
	json_decref(*store);
	return false;
}

/* As its row says. */
void sluice_doctor_spool_space(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	uint64_t bytes, all_bytes, inodes, all_inodes;
	const char *text;
	char source[512], value[32];
	const json_t *disk;
	json_t *store, *finding;

	if (!spool_of(look, &store, &disk, &text, source))
		return;
	if (sluice_doctor_number(text, "bytes-free", &bytes) &&
	    sluice_doctor_number(text, "bytes", &all_bytes) &&
	    sluice_doctor_number(text, "inodes-free", &inodes) &&
	    sluice_doctor_number(text, "inodes", &all_inodes) &&
	    /* Some file systems have no table of inodes. */
	    (bytes < all_bytes / 100 || (all_inodes && inodes < INODES_LEAST))) {
		finding = sluice_doctor_find(report, sluice_doctor_json_text(disk, "path"));
		sluice_doctor_fill_number(finding, "free", bytes);
		sluice_doctor_fill_number(finding, "inodes", inodes);
		snprintf(value, sizeof(value), "%" PRIu64, bytes);
		sluice_doctor_proof_text(finding, source, "bytes-free", value);
	}
	json_decref(store);
}

/* How full the disk's part of the store is, 0 to 1. */
static double fill_of(const struct sluice_doctor_sample *sample, uint64_t *size)
{
	json_t *store = sluice_doctor_json(sample, "daemon/store");
	const json_t *disk = json_object_get(json_array_get(store, 0), "disk");
	uint64_t used = (uint64_t)json_integer_value(json_object_get(disk, "used"));

	*size = (uint64_t)json_integer_value(json_object_get(disk, "size"));
	json_decref(store);
	return *size ? (double)used / (double)*size : 0;
}

/* As its row says. */
void sluice_doctor_spool_full(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	uint64_t size, numbers[2];
	double before = fill_of(&look->before, &size), now = fill_of(&look->after, &size);
	json_t *store, *finding;

	if (before <= 0.9 || now <= 0.9)
		return;
	store = sluice_doctor_json(&look->after, "daemon/store");
	finding = sluice_doctor_find(
		report,
		sluice_doctor_json_text(json_object_get(json_array_get(store, 0), "disk"), "path"));
	sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * now);
	sluice_doctor_fill(finding, "more", "%" PRIu64 "m", 2 * size >> 20);
	numbers[0] = (uint64_t)(before * (double)size);
	numbers[1] = (uint64_t)(now * (double)size);
	sluice_doctor_proof(finding, "sluicectl show store -j", "used, bytes", numbers);
	json_decref(store);
}

/* Milliseconds that one of the calls took, of which column `calls` counts the number and `ms` the
 * time; 0: there was none. */
static double average(const uint64_t before[17], const uint64_t after[17], size_t calls, size_t ms)
{
	uint64_t count = sluice_doctor_rise(true, before[calls], true, after[calls]);

	return count ? (double)sluice_doctor_rise(true, before[ms], true, after[ms]) / (double)count
		     : 0;
}

/* As its row says. */
void sluice_doctor_spool_slow(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	char source[512], device[64], number[32] = "", value[32];
	uint64_t before[17] = {0}, after[17] = {0};
	double write, flush = 0;
	const char *text;
	const json_t *disk;
	json_t *store, *finding;
	size_t count;

	if (!spool_of(look, &store, &disk, &text, source))
		return;
	text = strstr(text, "device ");
	if (text)
		sscanf(text, "device %31s", number);
	snprintf(device, sizeof(device), "/sys/dev/block/%s/stat", number);
	/* 17 since Linux 5.5, which added flushes. */
	count = sluice_doctor_figures(sluice_doctor_text(&look->before, device), before, 17);
	if (count >= 11 &&
	    sluice_doctor_figures(sluice_doctor_text(&look->after, device), after, 17) == count) {
		write = average(before, after, 4, 7);
		if (count == 17)
			flush = average(before, after, 15, 16);
		if (write > SLOW_MS || flush > SLOW_MS) {
			finding = sluice_doctor_find(report, sluice_doctor_json_text(disk, "path"));
			sluice_doctor_fill(finding, "write", "%.1f", write);
			sluice_doctor_fill(finding, "flush", "%.1f", flush);
			snprintf(value, sizeof(value), "%.1f and %.1f", write, flush);
			sluice_doctor_proof_text(finding, device, "ms a write and a flush", value);
		}
	}
	json_decref(store);
}
