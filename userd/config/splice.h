/* SPDX-License-Identifier: MIT */
/*
 * Pieces of a text exchanged for others, all at once, and where in a text things are. Under edit.c.
 * Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_CONFIG_SPLICE_H
#define SLUICE_CONFIG_SPLICE_H

#include <stdbool.h>
#include <stddef.h>

/* What stands in [from, to) is exchanged. */
struct sluice_splice {
	size_t from, to;
	char *bytes;
};

/* Begins zeroed. @owner whoever has it: sluice_splices_free() */
struct sluice_splices {
	struct sluice_splice *list;
	size_t count, room;
	bool out_of_memory;
};

/* Exchanges [from, to) for a text; two that overlap make the whole fail. */
void sluice_splice(struct sluice_splices *splices, size_t from, size_t to, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Makes the new text. 0; -ENOMEM; -EINVAL: they overlap. @owner caller: *result */
int sluice_splices_apply(struct sluice_splices *splices, const char *text, size_t length,
			 char **result, size_t *result_length);
void sluice_splices_free(struct sluice_splices *splices);

/* The byte at which character number `index` begins, in UTF-8: libyaml counts characters. */
size_t sluice_splice_offset(const char *text, size_t length, size_t index);
/* Where the line that `at` is in begins, and where it ends: before its newline, CR LF included. */
size_t sluice_splice_line_begin(const char *text, size_t at);
size_t sluice_splice_line_end(const char *text, size_t length, size_t at);
/* Behind that newline. */
size_t sluice_splice_next_line(const char *text, size_t length, size_t at);
/* How lines of this text end: "\n" or "\r\n"; a constant. */
const char *sluice_splice_newline(const char *text, size_t length);

#endif /* SLUICE_CONFIG_SPLICE_H */
