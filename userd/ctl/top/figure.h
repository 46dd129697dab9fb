/* SPDX-License-Identifier: MIT */
/*
 * Figures as people read them: amounts, rates, ages, bars and curves, as short texts. Touches:
 * nothing. All of it @threadsafe.
 */
#ifndef SLUICE_CTL_TOP_FIGURE_H
#define SLUICE_CTL_TOP_FIGURE_H

#include <stddef.h>
#include <stdint.h>

#define SLUICE_TOP_TEXT 512U /* bytes of a text that these write at most */

/* A number with a comma every three digits: "1,204,551". */
const char *sluice_top_count(uint64_t number, char text[SLUICE_TOP_TEXT]);

/* A rate, rounded; not a number, or less than 0: "–", nobody knows. */
const char *sluice_top_rate(double a_second, char text[SLUICE_TOP_TEXT]);

/* Bytes in steps of 1,024 ("1.5M"), and bits a second in steps of 1,000 ("400 Mbit/s"). Not a
 * number: "–". */
const char *sluice_top_bytes(uint64_t bytes, char text[SLUICE_TOP_TEXT]);
const char *sluice_top_bits(double bits_a_second, char text[SLUICE_TOP_TEXT]);

/* Seconds as the two greatest of days, hours, minutes, seconds: "3d 4h", "12m 40s", "7s". */
const char *sluice_top_age(uint64_t seconds, char text[SLUICE_TOP_TEXT]);

/* Nanoseconds since 1970 of a moment as the lists tell it, "2026-11-30T03:08:46Z"; 0: it is none.
 */
uint64_t sluice_top_moment(const char *text);

/* A bar of `width` characters, full to `percent`, with a mark where the alarm is; an alarm of 0:
 * none. */
const char *sluice_top_bar(double percent, double alarm, size_t width, char text[SLUICE_TOP_TEXT]);

/* A curve of `width` characters: the last of `count` samples, the highest of them at the top. What
 * is not a number is a gap. */
const char *sluice_top_curve(const double *samples, size_t count, size_t width,
			     char text[SLUICE_TOP_TEXT]);

#endif /* SLUICE_CTL_TOP_FIGURE_H */
