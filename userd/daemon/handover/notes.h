/* SPDX-License-Identifier: MIT */
/*
 * The lines of a parcel's text, until whoever goes on with what they tell of has read them. Kept
 * before an engine starts, in the control thread or the foreman's; read by workers while that
 * thread waits for them. Touches: memory.
 */
#ifndef SLUICE_HANDOVER_NOTES_H
#define SLUICE_HANDOVER_NOTES_H

#include <stddef.h>

/* Keeps a text (NULL: none) in place of the one before. 0 or -ENOMEM. */
int sluice_notes_keep(const char *text);
/* Forgets it. */
void sluice_notes_forget(void);

/* The next line behind `after` (NULL: the first one) that begins with `word` and `key`, a space
 * behind each, or NULL. @owner the notes */
const char *sluice_notes_next(const char *after, const char *word, const char *key);

#endif /* SLUICE_HANDOVER_NOTES_H */
