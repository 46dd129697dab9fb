/* SPDX-License-Identifier: MIT */
/*
 * Numbers out of the texts of a sample: names and figures as the kernel prints them. Touches:
 * nothing.
 */
#ifndef SLUICE_DOCTOR_TEXT_H
#define SLUICE_DOCTOR_TEXT_H

#include <jansson.h>
#include "sample.h"

/* The text of a source, which stays the sample's; NULL: it was not read. */
const char *sluice_doctor_text(const struct sluice_doctor_sample *sample, const char *source);

/* What begins behind the end of this line; "" behind the last. */
const char *sluice_doctor_next_line(const char *line);

/* The number behind `name`, which is the beginning of a line or stands behind a blank, with blanks,
 * ":" or "=" between. False: it is not there. `name` may be several words. */
bool sluice_doctor_number(const char *text, const char *name, uint64_t *number);

/* The same in one line only. */
bool sluice_doctor_line_number(const char *line, const char *name, uint64_t *number);

/* Reads decimal figures that stand behind each other, at most `most`. How many there are. */
size_t sluice_doctor_figures(const char *text, uint64_t *figures, size_t most);

/* The figure below `name` in the lines that begin with `table` ("Udp:"), as snmp and netstat have
 * them. False: it is not there. */
bool sluice_doctor_table_number(const char *text, const char *table, const char *name,
				uint64_t *number);

/* By how much a number grew; 0 where it was not there, or went down: it began anew. */
uint64_t sluice_doctor_rise(bool was_there, uint64_t before, bool is_there, uint64_t after);

/* By how much sluice_doctor_number() of a source grew; the figures in numbers[2]. */
uint64_t sluice_doctor_number_rise(const struct sluice_doctor_look *look, const char *source,
				   const char *name, uint64_t numbers[2]);

/* The same of sluice_doctor_table_number(). */
uint64_t sluice_doctor_table_rise(const struct sluice_doctor_look *look, const char *source,
				  const char *table, const char *name, uint64_t numbers[2]);

/* The same of a counter of `protocol` ("Ip", "Udp"), IPv4 and IPv6 together, in /proc/net/snmp and
 * snmp6. */
uint64_t sluice_doctor_snmp_rise(const struct sluice_doctor_look *look, const char *protocol,
				 const char *name, uint64_t numbers[2]);

/* The same of the sum of column `name` of a file of /proc/net/stat: hexadecimal figures, a line for
 * each CPU. */
uint64_t sluice_doctor_stat_rise(const struct sluice_doctor_look *look, const char *source,
				 const char *name, uint64_t numbers[2]);

/* A list of CPUs ("0-3,8") has this one in it. */
bool sluice_doctor_list_has(const char *list, unsigned int number);

/* A source that is JSON. NULL: it was not read, or is none. @owner caller: json_decref() */
json_t *sluice_doctor_json(const struct sluice_doctor_sample *sample, const char *source);

/* The object of a list whose `key` is the text `value`; it stays the list's. NULL: none. */
json_t *sluice_doctor_json_find(const json_t *list, const char *key, const char *value);

/* By how much member `key` of an object grew. */
uint64_t sluice_doctor_json_rise(const json_t *before, const json_t *after, const char *key);

#endif /* SLUICE_DOCTOR_TEXT_H */
