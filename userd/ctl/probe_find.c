// SPDX-License-Identifier: MIT
/*
 * The search for marked datagrams: see probe_find.h. Two passes: first the marks, each compared
 * with what was sent, then pieces of the filler that belong to none of them. Touches: memory.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "probe_find.h"

/* So far behind a cut the bytes of another are looked for. */
#define MIXED_LOOK ((size_t)2 * SLUICE_PROBE_MARK_MAX)

/* A part of the file that was recognised as the beginning of a datagram. */
struct span {
	size_t begin, end;
};

/* The search at work. */
struct search {
	const uint8_t *bytes;
	size_t length;
	struct sluice_probe_found *found;
	uint8_t *body;	    /* what one datagram should be */
	struct span *spans; /* in order */
	size_t span_count, span_room;
	uint32_t latest[SLUICE_PROBE_FLOWS_MAX + 1]; /* highest number so far, by flow */
};

/* Where `text` is next, from `from` on; the end of the file: nowhere. */
static size_t next_word(const struct search *search, size_t from, const char *text)
{
	const uint8_t *at =
		from < search->length
			? memmem(search->bytes + from, search->length - from, text, strlen(text))
			: NULL;

	return at ? (size_t)(at - search->bytes) : search->length;
}

/* Is it a capture file, which has no lines? */
static bool is_capture(const uint8_t *bytes, size_t length)
{
	uint32_t magic;

	if (length < sizeof(magic))
		return false;
	memcpy(&magic, bytes, sizeof(magic));
	magic = le32toh(magic);
	return magic == 0x0a0d0d0aU || magic == 0xa1b2c3d4U || magic == 0xa1b23c4dU ||
	       magic == 0xd4c3b2a1U || magic == 0x4d3cb2a1U;
}

/* Finds out which run is meant, of how many, and makes the list. 0, -ENOENT, -ENOMEM. */
static int choose(struct search *search, uint32_t wanted)
{
	struct sluice_probe_found *found = search->found;
	struct sluice_probe_mark mark;
	uint32_t *runs = NULL, *more;
	uint32_t number;
	size_t at;
	int error = 0;

	for (at = next_word(search, 0, SLUICE_PROBE_WORD); at < search->length && !error;
	     at = next_word(search, at + 1, SLUICE_PROBE_WORD)) {
		if (sluice_probe_read(search->bytes + at, search->length - at, &mark))
			continue;
		for (number = 0; runs && number < found->runs && runs[number] != mark.run; number++)
			;
		if (number == found->runs) {
			more = realloc(runs, (found->runs + 1) * sizeof(*runs));
			error = more ? 0 : -ENOMEM;
			runs = more ? more : runs;
			if (error)
				break;
			runs[found->runs++] = mark.run;
		} else if (mark.run == found->run) {
			continue;
		}
		if ((wanted && mark.run != wanted) || number + 1 < found->runs)
			continue;
		found->run = mark.run;
		found->count = mark.count;
		found->most = mark.most;
		memcpy(found->via, mark.via, sizeof(found->via));
	}
	free(runs);
	if (error || !found->count)
		return error ? error : -ENOENT;
	found->list = calloc(found->count, sizeof(*found->list));
	return found->list ? 0 : -ENOMEM;
}

/* Remembers a part that belongs to a datagram with its mark. 0 or -ENOMEM. */
static int remember(struct search *search, size_t begin, size_t end)
{
	size_t room = search->span_room ? search->span_room * 2 : 256;
	struct span *more;

	if (search->span_count == search->span_room) {
		more = realloc(search->spans, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		search->spans = more;
		search->span_room = room;
	}
	search->spans[search->span_count++] = (struct span){begin, end};
	return 0;
}

/* Is there no end of line between the datagram before and the mark at `at`? */
static bool is_glued(const struct search *search, size_t at)
{
	size_t before = search->span_count ? search->spans[search->span_count - 1].end : 0;

	return search->span_count && !search->found->is_capture && at >= before &&
	       !memchr(search->bytes + before, '\n', at - before);
}

/* How long the line is that ends at or before `end`. */
static size_t line_until(const struct search *search, size_t end)
{
	const uint8_t *newline = memrchr(search->bytes, '\n', end);

	return newline ? end - (size_t)(newline - search->bytes) - 1 : end;
}

/* Do the bytes that follow a cut belong to another datagram, in the same line? */
static bool is_mixed(const struct search *search, size_t end)
{
	size_t left = search->length - end;
	size_t look = left < MIXED_LOOK ? left : MIXED_LOOK;
	const uint8_t *newline = memchr(search->bytes + end, '\n', look);
	uint32_t run, number, place;
	size_t at;

	look = newline ? (size_t)(newline - search->bytes) - end : look;
	for (at = end; at < end + look; at++)
		if (search->bytes[at] == '=' &&
		    sluice_probe_group(search->bytes + at, search->length - at, &run, &number,
				       &place))
			return true;
	return false;
}

/* Takes in a datagram whose mark at `at` says `mark`. 0 or -ENOMEM. */
static int take(struct search *search, size_t at, const struct sluice_probe_mark *mark)
{
	struct sluice_probe_found *found = search->found;
	struct sluice_probe_one *one = &found->list[mark->number - 1];
	size_t length = sluice_probe_body(mark, search->body, SLUICE_PROBE_SIZE_MAX);
	struct sluice_probe_match match;
	size_t end;

	sluice_probe_compare(search->body, length, search->bytes + at, search->length - at, &match);
	end = at + match.taken;
	one->is_glued = one->is_glued || is_glued(search, at);
	found->copies += one->seen > 0;
	one->seen++;
	one->length = mark->length;
	one->at = (uint16_t)mark->at;
	one->is_nasty = mark->nasty;
	one->flow = (uint8_t)mark->flow;
	found->escaped += match.escaped;
	found->replaced += match.replaced;
	if (match.matched == length) {
		one->whole++;
	} else if (!one->whole && mark->at + match.matched > one->kept) {
		one->kept = (uint32_t)(mark->at + match.matched);
		one->written = (uint32_t)(mark->at + match.taken);
		one->is_at_end = end == search->length;
		one->is_mixed = is_mixed(search, end);
		if (line_until(search, end) > found->line_most)
			found->line_most = (uint32_t)line_until(search, end);
	}
	if (one->seen == 1) {
		one->is_reordered = mark->number < search->latest[mark->flow];
		if (mark->number > search->latest[mark->flow])
			search->latest[mark->flow] = mark->number;
	}
	return remember(search, at, end);
}

/* The number of a mark that ends, or was changed, before its own end; 0: it cannot be told. */
static uint32_t number_of_torn(const struct search *search, size_t at)
{
	size_t left = search->length - at, word = strlen(SLUICE_PROBE_WORD);
	char text[32] = "", *end;
	unsigned long number;

	memcpy(text, search->bytes + at, left < sizeof(text) - 1 ? left : sizeof(text) - 1);
	if (strtoul(text + word, &end, 16) != search->found->run || strncmp(end, " n=", 3) != 0 ||
	    strspn(end + 3, "0123456789") != 5)
		return 0;
	number = strtoul(end + 3, NULL, 10);
	return number <= search->found->count ? (uint32_t)number : 0;
}

/* First pass: every mark. 0 or -ENOMEM. */
static int find_marks(struct search *search)
{
	struct sluice_probe_mark mark;
	size_t at, from = 0;
	uint32_t number;
	int error = 0;

	while (!error && (at = next_word(search, from, SLUICE_PROBE_WORD)) < search->length) {
		int result = sluice_probe_read(search->bytes + at, search->length - at, &mark);

		from = at + 1;
		if (result == 0 && mark.run == search->found->run &&
		    mark.count == search->found->count) {
			error = take(search, at, &mark);
			from = search->spans ? search->spans[search->span_count - 1].end : from;
			continue;
		}
		number = result ? number_of_torn(search, at) : 0;
		if (!number)
			continue;
		search->found->list[number - 1].is_spoiled = result == -EBADMSG;
		search->found->list[number - 1].seen++;
	}
	return error;
}

/* What of a datagram is around the marker of its group at `at`, which says `place`: *begin to *end
 * of the datagram. */
static void extend(struct search *search, uint32_t number, size_t at, uint32_t place, size_t *begin,
		   size_t *end)
{
	const struct sluice_probe_one *one = &search->found->list[number - 1];
	struct sluice_probe_mark mark = {.run = search->found->run, .number = number};
	struct sluice_probe_match match;
	size_t length, start;

	*begin = place;
	*end = place;
	mark.count = search->found->count;
	mark.length = one->length;
	mark.at = one->at;
	mark.most = search->found->most;
	mark.flow = one->flow;
	mark.nasty = one->is_nasty;
	memcpy(mark.via, search->found->via, sizeof(mark.via));
	length = sluice_probe_body(&mark, search->body, SLUICE_PROBE_SIZE_MAX);
	if (!length || place < one->at || place >= one->length)
		return;
	start = place - one->at;
	sluice_probe_compare(search->body + start, length - start, search->bytes + at,
			     search->length - at, &match);
	*end = place + match.matched;
	while (start > 0 && at > 0 && search->bytes[at - 1] == search->body[start - 1]) {
		start--;
		at--;
	}
	*begin = one->at + start;
}

/* Takes in a piece. Returns how many bytes of the file to pass over. */
static size_t take_piece(struct search *search, uint32_t number, size_t at, uint32_t place)
{
	struct sluice_probe_one *one = &search->found->list[number - 1];
	size_t begin, end;

	one->pieces++;
	/* Without its mark nobody knows what else belongs to it. */
	if (!one->length || one->whole)
		return SLUICE_PROBE_GROUP_MARK;
	extend(search, number, at, place, &begin, &end);
	begin = begin > one->kept ? begin : one->kept;
	if (end > begin && one->kept + one->rest + (end - begin) <= one->length)
		one->rest += (uint32_t)(end - begin);
	/* Bytes may be written as several; a marker is never missed by too small a step. */
	return end > place + SLUICE_PROBE_GROUP_MARK ? end - place : SLUICE_PROBE_GROUP_MARK;
}

/* Second pass: pieces of the filler outside of everything that the first pass compared. */
static void find_pieces(struct search *search)
{
	uint32_t run, number, place;
	size_t span = 0, at = 0;
	const uint8_t *sign;

	while (at < search->length) {
		while (span < search->span_count && search->spans[span].end <= at)
			span++;
		if (span < search->span_count && at >= search->spans[span].begin) {
			at = search->spans[span].end;
			continue;
		}
		sign = memchr(search->bytes + at, '=', search->length - at);
		if (!sign)
			return;
		at = (size_t)(sign - search->bytes);
		if (span < search->span_count && at >= search->spans[span].begin)
			continue;
		if (sluice_probe_group(sign, search->length - at, &run, &number, &place) &&
		    run == (search->found->run & 0xffff) && number > 0 &&
		    number <= search->found->count)
			at += take_piece(search, number, at, place);
		else
			at++;
	}
}

/* Adds up what is known of each number. */
static void add_up(struct sluice_probe_found *found)
{
	const struct sluice_probe_one *one;
	uint32_t number;

	for (number = 0; number < found->count; number++) {
		one = &found->list[number];
		found->whole += one->whole > 0;
		found->cut += one->seen > 0 && !one->whole;
		found->parted += one->seen > 0 && !one->whole && one->rest > 0;
		found->missing += one->seen == 0;
		found->repeated += one->seen > 1;
		found->glued += one->is_glued;
		found->mixed += one->is_mixed && !one->whole;
		found->reordered += one->is_reordered;
		found->spoiled += one->is_spoiled;
	}
}

/* As probe_find.h says. */
int sluice_probe_find(const uint8_t *bytes, size_t length, uint32_t run,
		      struct sluice_probe_found *found)
{
	struct search search = {.bytes = bytes, .length = length, .found = found};
	int error;

	if (!bytes || !found)
		return -EINVAL;
	memset(found, 0, sizeof(*found));
	search.body = malloc(SLUICE_PROBE_SIZE_MAX);
	if (!search.body)
		return -ENOMEM;
	found->is_capture = is_capture(bytes, length);
	error = choose(&search, run);
	if (!error)
		error = find_marks(&search);
	if (!error) {
		find_pieces(&search);
		add_up(found);
	}
	free(search.spans);
	free(search.body);
	return error;
}

/* As probe_find.h says. */
void sluice_probe_found_free(struct sluice_probe_found *found)
{
	if (!found)
		return;
	free(found->list);
	found->list = NULL;
}

/* As probe_find.h says. */
bool sluice_probe_is_right(const struct sluice_probe_found *found)
{
	return found && found->count && found->whole == found->count && !found->repeated &&
	       !found->glued && !found->reordered && !found->replaced && !found->spoiled;
}
