/* SPDX-License-Identifier: MIT */
/*
 * Words for messages: the known word that is nearest to an unknown one, and foreign text made fit
 * to be shown. Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_CONFIG_SUGGEST_H
#define SLUICE_CONFIG_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

#define SLUICE_QUOTE_TEXT 128 /* bytes that sluice_quote() needs */

/*
 * How many letters must be changed, added, left out or swapped with their neighbour to make `one`
 * of `other` (not case-sensitive), or `limit` + 1 if it is more than `limit`. Words longer than 63
 * bytes are never near.
 */
unsigned int sluice_word_distance(const char *one, const char *other, unsigned int limit);

/* Up to how many changes a word of this length may still be meant. */
unsigned int sluice_word_tolerance(const char *word);

/*
 * `word` in double quotes, cut after some 60 bytes (never within a character), control characters
 * replaced by "?", so that a file cannot send escape sequences to the terminal of whoever checks
 * it. Returns `text`.
 */
const char *sluice_quote(const char *word, char text[SLUICE_QUOTE_TEXT]);

/* Has `word` control characters (C0, DEL, C1 in UTF-8)? */
bool sluice_has_control(const char *word);

#endif /* SLUICE_CONFIG_SUGGEST_H */
