/* SPDX-License-Identifier: MIT */
/*
 * Quantities as people write them: sizes (64m), durations (2ms), percentages (80%), rates
 * (900mbit), and back. The one place that knows the suffixes; none of them is case-sensitive. Off
 * the path of the data. Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_SIZE_H
#define SLUICE_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* What the readers take, for messages and help. */
#define SLUICE_SIZE_FORM \
	"a whole number of bytes, or one with k, m, g or t behind it (256k, 64m, 1g)"
#define SLUICE_DURATION_FORM "a number with us, ms, s or min behind it (100us, 2ms, 5s)"
#define SLUICE_PERCENT_FORM "a number from 0% to 100%"
#define SLUICE_RATE_FORM "a number with bit, kbit, mbit or gbit behind it (900mbit)"

#define SLUICE_SIZE_TEXT 32 /* bytes that the writers below need at most */

/* "64m" to bytes; k, m, g, t are powers of 1024, "b" or "ib" may follow. 0, -EINVAL (no such form)
 * or -ERANGE (more than 64 bits hold). On failure *bytes is untouched; so with all of these. */
int sluice_size_parse(const char *text, uint64_t *bytes);

/* "2ms", "1.5s", "0" to microseconds. A bare number other than 0 is refused: nobody knows its unit.
 * What is finer than a microsecond is refused. 0, -EINVAL, -ERANGE. */
int sluice_duration_parse(const char *text, uint64_t *microseconds);

/* "80%" to 80. 0, -EINVAL, -ERANGE. */
int sluice_percent_parse(const char *text, unsigned int *percent);

/* "900mbit" to bit/s; powers of 1000. 0, -EINVAL, -ERANGE. */
int sluice_rate_parse(const char *text, uint64_t *bits);

/* A whole decimal number without sign; 0, -EINVAL, -ERANGE. */
int sluice_number_parse(const char *text, uint64_t *number);

/* Bytes for people: "256k", "64m"; exact where a power of 1024 divides it, else one decimal
 * ("1.4m"). Returns `text`. */
char *sluice_size_format(uint64_t bytes, char text[SLUICE_SIZE_TEXT]);

/* Microseconds for people: "100us", "2ms", "5s", always exact. Returns `text`. */
char *sluice_duration_format(uint64_t microseconds, char text[SLUICE_SIZE_TEXT]);

/*
 * Writes how long `ns` nanoseconds are as one would say it (12.3 s, 2 min 5 s, 3 h 2 min) into
 * `text`; returns it, NULL for NULL. @threadsafe
 */
char *sluice_duration_say(uint64_t ns, char text[SLUICE_SIZE_TEXT]);

#endif /* SLUICE_SIZE_H */
