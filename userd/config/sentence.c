// SPDX-License-Identifier: MIT
/*
 * Error sentences; see sentence.h. Touches: the heap.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "sentence.h"

void sluice_say(char **error, const char *format, ...)
{
	va_list list;

	if (!error || *error)
		return;
	va_start(list, format);
	if (vasprintf(error, format, list) < 0)
		*error = NULL;
	va_end(list);
}

void sluice_say_at(char **error, const struct sluice_config *config,
		   const struct sluice_config_place *place, const char *format, ...)
{
	char *sentence = NULL;
	va_list list;

	if (!error || *error)
		return;
	va_start(list, format);
	if (vasprintf(&sentence, format, list) < 0)
		sentence = NULL;
	va_end(list);
	sluice_say(error, "%s:%zu:%zu: %s", config->path ? config->path : "configuration",
		   place->line, place->column, sentence ? sentence : "out of memory");
	free(sentence);
}
