/* SPDX-License-Identifier: MIT */
/*
 * Texts that may be absent. Touches: nothing.
 */
#ifndef SLUICE_LIB_TEXT_H
#define SLUICE_LIB_TEXT_H

#include <stdbool.h>
#include <string.h>

/* Are both the same text, or both NULL? @threadsafe */
static inline bool sluice_text_is_same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

#endif /* SLUICE_LIB_TEXT_H */
