// SPDX-License-Identifier: MIT
/*
 * `sluicectl probe --check FILE`: says what became of the marked datagrams in what a receiver
 * wrote. Touches: the file, stdout, stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "command.h"
#include "probe.h"
#include "probe_cause.h"
#include "probe_find.h"

/* Lines of detail for people; JSON has all. */
#define ROWS 8U
#define READ_FIRST (1U << 20)
#define READ_MOST (4ULL << 30)

/* Reads a file to its end, or standard input. 0 or a negative errno. @owner caller: free(*bytes) */
static int read_all(const char *path, uint8_t **bytes, size_t *length)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	size_t room = READ_FIRST;
	uint8_t *more;
	ssize_t got = 1;
	int error = 0;

	*length = 0;
	*bytes = fd >= 0 ? malloc(room) : NULL;
	if (!*bytes)
		return fd < 0 ? -errno : -ENOMEM;
	while (got > 0 && !error) {
		if (*length == room) {
			more = room < READ_MOST ? realloc(*bytes, room * 2) : NULL;
			if (!more) {
				error = room < READ_MOST ? -ENOMEM : -EFBIG;
				break;
			}
			*bytes = more;
			room *= 2;
		}
		got = read(fd, *bytes + *length, room - *length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			error = -errno;
		else
			*length += (size_t)got;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	if (error) {
		free(*bytes);
		*bytes = NULL;
	}
	return error;
}

/* Prints the numbers for which `has` is true, as ranges; nothing if there is none. */
static void print_numbers(const struct sluice_probe_found *found, const char *title,
			  bool (*has)(const struct sluice_probe_one *one))
{
	uint32_t number, first, rows = 0;

	for (number = 0; number < found->count; number++) {
		if (!has(&found->list[number]))
			continue;
		if (rows == 2 * ROWS) {
			fputs(", ...", stdout);
			break;
		}
		first = number;
		while (number + 1 < found->count && has(&found->list[number + 1]))
			number++;
		printf("%s%" PRIu32, rows++ ? ", " : title, first + 1);
		if (number > first)
			printf("-%" PRIu32, number + 1);
	}
	if (rows)
		fputc('\n', stdout);
}

/* For print_numbers(). */
static bool is_missing(const struct sluice_probe_one *one)
{
	return !one->seen;
}

/* For print_numbers(). */
static bool is_repeated(const struct sluice_probe_one *one)
{
	return one->seen > 1;
}

/* For print_numbers(). */
static bool is_glued(const struct sluice_probe_one *one)
{
	return one->is_glued;
}

/* For print_numbers(). */
static bool is_reordered(const struct sluice_probe_one *one)
{
	return one->is_reordered;
}

/* Prints where datagrams were cut. */
static void print_cuts(const struct sluice_probe_found *found)
{
	uint32_t number, rows = 0;

	for (number = 0; number < found->count; number++) {
		const struct sluice_probe_one *one = &found->list[number];

		if (!one->seen || one->whole)
			continue;
		if (rows++ == ROWS) {
			printf("cut:       ... and %" PRIu32 " more\n", found->cut - ROWS);
			break;
		}
		if (!one->length) {
			printf("cut:       %" PRIu32 " inside its mark\n", number + 1);
			continue;
		}
		printf("cut:       %" PRIu32 " behind byte %" PRIu32 " of %" PRIu32, number + 1,
		       one->kept, one->length);
		if (one->rest)
			printf("; %" PRIu32 " bytes of the rest stand elsewhere, %" PRIu32
			       " nowhere",
			       one->rest, one->length - one->kept - one->rest);
		if (one->is_mixed)
			fputs("; another begins there", stdout);
		else if (one->is_at_end)
			fputs("; the file ends there", stdout);
		fputc('\n', stdout);
	}
}

/* Prints all for people. */
static void print_text(const struct sluice_probe_found *found,
		       const struct sluice_probe_cause *causes, size_t cause_count)
{
	size_t number;

	printf("run %08" PRIx32 " (%s): %" PRIu32 " sent, %" PRIu32 " whole, %" PRIu32
	       " cut, %" PRIu32 " missing, %" PRIu32 " repeated, %" PRIu32 " glued, %" PRIu32
	       " out of order\n",
	       found->run, found->via, found->count, found->whole, found->cut, found->missing,
	       found->repeated, found->glued, found->reordered);
	if (found->runs > 1)
		printf("other runs in the file: %" PRIu32 "; --run says which to look at\n",
		       found->runs - 1);
	print_numbers(found, "missing:   ", is_missing);
	print_cuts(found);
	print_numbers(found, "repeated:  ", is_repeated);
	print_numbers(found, "glued:     ", is_glued);
	print_numbers(found, "too late:  ", is_reordered);
	if (found->escaped)
		printf("written otherwise (as #012 or the like), whole all the same: %" PRIu64
		       " bytes\n",
		       found->escaped);
	if (found->replaced)
		printf("changed: %" PRIu64 " bytes, or left out\n", found->replaced);
	for (number = 0; number < cause_count; number++)
		printf("likely: %s\n  mend: %s\n", causes[number].text, causes[number].mend);
	if (!sluice_probe_is_right(found) && !cause_count)
		puts("no cause in the table fits; docs/receivers.md says what receivers do");
}

/* One number that is not as it should be. @owner caller */
static json_t *fault(uint32_t number, const struct sluice_probe_one *one)
{
	json_t *object =
		json_pack("{s:i, s:i, s:b, s:b, s:b, s:b}", "n", (int)number, "seen",
			  (int)one->seen, "whole", one->whole > 0, "glued", one->is_glued,
			  "out_of_order", one->is_reordered, "mixed", one->is_mixed && !one->whole);

	if (one->seen && !one->whole) {
		json_object_set_new(object, "length", json_integer(one->length));
		json_object_set_new(object, "kept", json_integer(one->kept));
		json_object_set_new(object, "elsewhere", json_integer(one->rest));
	}
	return object;
}

/* Prints all as JSON. */
static void print_json(const struct sluice_probe_found *found,
		       const struct sluice_probe_cause *causes, size_t cause_count)
{
	json_t *faults = json_array(), *likely = json_array(), *object;
	char run[12];
	uint32_t number;

	for (number = 0; number < found->count; number++) {
		const struct sluice_probe_one *one = &found->list[number];

		if (one->whole != 1 || one->seen != 1 || one->is_glued || one->is_reordered)
			json_array_append_new(faults, fault(number + 1, one));
	}
	for (number = 0; number < cause_count; number++)
		json_array_append_new(
			likely, json_pack("{s:s, s:s, s:s}", "cause", causes[number].name, "text",
					  causes[number].text, "mend", causes[number].mend));
	snprintf(run, sizeof(run), "%08" PRIx32, found->run);
	object = json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:i, s:b}",
			   "run", run, "framing", found->via, "sent", (int)found->count, "whole",
			   (int)found->whole, "cut", (int)found->cut, "parted", (int)found->parted,
			   "missing", (int)found->missing, "repeated", (int)found->repeated,
			   "glued", (int)found->glued, "out_of_order", (int)found->reordered,
			   "escaped", (json_int_t)found->escaped, "changed",
			   (json_int_t)found->replaced, "other_runs", (int)found->runs - 1, "right",
			   sluice_probe_is_right(found));
	json_object_set_new(object, "faults", faults);
	json_object_set_new(object, "likely", likely);
	likely = json_pack("[o]", object);
	json_dumpf(likely, stdout, JSON_INDENT(2));
	fputc('\n', stdout);
	json_decref(likely);
}

/* Says why there is nothing to say. */
static void complain(const struct sluice_probe_options *options, size_t length, int error)
{
	if (error != -ENOENT)
		fprintf(stderr, "sluicectl: %s: %s\n", options->file, strerror(-error));
	else if (options->run)
		fprintf(stderr,
			"sluicectl: probe: nothing of run %08" PRIx32 " is in %s (%zu bytes)\n",
			options->run, options->file, length);
	else
		fprintf(stderr, "sluicectl: probe: no mark of a probe is in %s (%zu bytes)\n",
			options->file, length);
}

/* As probe.h says. */
int sluice_probe_check(const struct sluice_probe_options *options)
{
	struct sluice_probe_cause *causes;
	struct sluice_probe_found found = {0};
	int status = SLUICE_CTL_FINDINGS;
	uint8_t *bytes = NULL;
	size_t length = 0, count;
	int error;

	if (!options || !options->file)
		return SLUICE_CTL_USAGE;
	causes = calloc(SLUICE_PROBE_CAUSES_MOST, sizeof(*causes));
	error = causes ? read_all(options->file, &bytes, &length) : -ENOMEM;
	if (error) {
		complain(options, 0, error);
		free(causes);
		return SLUICE_CTL_REFUSED;
	}
	error = sluice_probe_find(bytes, length, options->run, &found);
	if (error) {
		complain(options, length, error);
		status = error == -ENOENT ? SLUICE_CTL_FINDINGS : SLUICE_CTL_REFUSED;
		goto out;
	}
	if (options->any_order)
		found.reordered = 0;
	count = sluice_probe_causes(&found, causes);
	if (options->json)
		print_json(&found, causes, count);
	else
		print_text(&found, causes, count);
	if (sluice_probe_is_right(&found))
		status = SLUICE_CTL_OK;
out:
	sluice_probe_found_free(&found);
	free(bytes);
	free(causes);
	return status;
}
