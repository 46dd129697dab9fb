/* SPDX-License-Identifier: MIT */
/*
 * Error sentences: what, where, how to mend it. Off the path of the data. Touches: the heap.
 */
#ifndef SLUICE_SENTENCE_H
#define SLUICE_SENTENCE_H

#include "model.h"

/* Puts a sentence into *error unless there is one already (the first reason is the best). @owner
 * caller: free()
 * @threadsafe */
void sluice_say(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with "file:line:column: " before it. */
void sluice_say_at(char **error, const struct sluice_config *config,
		   const struct sluice_config_place *place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* SLUICE_SENTENCE_H */
