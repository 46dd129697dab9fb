// SPDX-License-Identifier: MIT
/*
 * Exchanging pieces of a text; see splice.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "splice.h"

void sluice_splice(struct sluice_splices *splices, size_t from, size_t to, const char *format, ...)
{
	size_t room = splices->room ? splices->room * 2 : 8;
	struct sluice_splice *grown;
	va_list arguments;
	char *bytes;

	if (!splices->list || splices->count == splices->room) {
		grown = reallocarray(splices->list, room, sizeof(*grown));
		if (!grown) {
			splices->out_of_memory = true;
			return;
		}
		splices->list = grown;
		splices->room = room;
	}
	va_start(arguments, format);
	if (vasprintf(&bytes, format, arguments) < 0)
		bytes = NULL;
	va_end(arguments);
	if (bytes)
		splices->list[splices->count++] =
			(struct sluice_splice){.from = from, .to = to, .bytes = bytes};
	else
		splices->out_of_memory = true;
}

/* qsort: by place. */
static int compare(const void *left, const void *right)
{
	const struct sluice_splice *one = left, *other = right;

	return one->from < other->from ? -1 : one->from > other->from;
}

int sluice_splices_apply(struct sluice_splices *splices, const char *text, size_t length,
			 char **result, size_t *result_length)
{
	size_t number, done = 0;
	FILE *stream;

	if (splices->out_of_memory)
		return -ENOMEM;
	if (splices->count)
		qsort(splices->list, splices->count, sizeof(*splices->list), compare);
	for (number = 0; number < splices->count; number++) {
		const struct sluice_splice *one = &splices->list[number];

		if (one->from < done || one->to < one->from || one->to > length)
			return -EINVAL;
		done = one->to;
	}
	*result = NULL;
	stream = open_memstream(result, result_length);
	if (!stream)
		return -ENOMEM;
	done = 0;
	for (number = 0; number < splices->count; number++) {
		fwrite(text + done, 1, splices->list[number].from - done, stream);
		fputs(splices->list[number].bytes, stream);
		done = splices->list[number].to;
	}
	fwrite(text + done, 1, length - done, stream);
	if (!fclose(stream))
		return 0;
	free(*result);
	*result = NULL;
	return -ENOMEM;
}

void sluice_splices_free(struct sluice_splices *splices)
{
	size_t number;

	for (number = 0; number < splices->count; number++)
		free(splices->list[number].bytes);
	free(splices->list);
	memset(splices, 0, sizeof(*splices));
}

size_t sluice_splice_offset(const char *text, size_t length, size_t index)
{
	size_t at = 0;

	for (; at < length && index; index--)
		do
			at++;
		while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

size_t sluice_splice_line_begin(const char *text, size_t at)
{
	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

size_t sluice_splice_line_end(const char *text, size_t length, size_t at)
{
	size_t begin = at;

	while (at < length && text[at] != '\n')
		at++;
	return at < length && at > begin && text[at - 1] == '\r' ? at - 1 : at;
}

size_t sluice_splice_next_line(const char *text, size_t length, size_t at)
{
	while (at < length && text[at] != '\n')
		at++;
	return at < length ? at + 1 : length;
}

const char *sluice_splice_newline(const char *text, size_t length)
{
	const char *first = memchr(text, '\n', length);

	return first && first > text && first[-1] == '\r' ? "\r\n" : "\n";
}
