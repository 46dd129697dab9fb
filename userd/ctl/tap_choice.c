// SPDX-License-Identifier: MIT
/*
 * What `sluicectl tap` is asked for; see tap_choice.h. Touches: stderr.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "tap_choice.h"

/* Reads a number from 1 to `most`. False: it is none, and that was said. */
static bool read_number(const char *option, const char *text, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = text ? strtoull(text, &end, 10) : 0;
	if (text && !errno && !*end && *text >= '0' && *text <= '9' && *number && *number <= most)
		return true;
	fprintf(stderr, "sluicectl: tap: %s takes a number from 1 to %llu, not `%s`\n", option,
		(unsigned long long)most, text ? text : "");
	return false;
}

/* Reads a source prefix. False: it is none, and that was said. */
static bool read_prefix(const char *text, struct sluice_prefix *prefix)
{
	char meant[SLUICE_PREFIX_TEXT];
	int error = text ? sluice_prefix_parse(text, prefix) : -EINVAL;

	if (!error)
		return true;
	if (error == -EDOM)
		fprintf(stderr, "sluicectl: tap: --from %s: bits are set behind the prefix: %s?\n",
			text, sluice_prefix_format(prefix, meant));
	else
		fprintf(stderr,
			"sluicectl: tap: --from takes an address or a prefix such as 10.9.0.0/24 "
			"or fd09::/16, not `%s`\n",
			text ? text : "");
	return false;
}

/* Options that stand alone. False: it is none of them. */
static bool read_flag(struct sluice_tap_choice *choice, const char *word)
{
	if (!strcmp(word, "--backlog"))
		choice->backlog = true;
	else if (!strcmp(word, "--interfaces"))
		choice->is_parted = true;
	else if (!strcmp(word, "-A"))
		choice->with_text = true;
	else if (!strcmp(word, "-x"))
		choice->with_hex = true;
	else if (!strcmp(word, "-j"))
		choice->as_json = true;
	else
		return false;
	return true;
}

/* Options with a value. 1: it is one; 0: it is none of them; -1: its value is wrong, and that was
 * said. */
static int read_option(struct sluice_tap_choice *choice, const char *word, const char *value)
{
	uint64_t number;

	if (!strcmp(word, "-w") || !strcmp(word, "--output")) {
		choice->file = value;
		if (!value)
			fprintf(stderr, "sluicectl: tap: %s takes a file, or - for stdout\n", word);
		return value ? 1 : -1;
	}
	if (!strcmp(word, "-c") || !strcmp(word, "--count"))
		return read_number(word, value, UINT64_MAX, &choice->wanted) ? 1 : -1;
	if (!strcmp(word, "--rate"))
		return read_number(word, value, UINT64_MAX, &choice->rate) ? 1 : -1;
	if (!strcmp(word, "--from"))
		return read_prefix(value, &choice->from) ? 1 : -1;
	if (strcmp(word, "--port") != 0)
		return 0;
	if (!read_number(word, value, UINT16_MAX, &number))
		return -1;
	choice->port = (uint16_t)number;
	return 1;
}

bool sluice_tap_choice_parse(struct sluice_tap_choice *choice, int argc, char **argv)
{
	int word, read;

	for (word = 1; word < argc; word++) {
		if (read_flag(choice, argv[word]))
			continue;
		read = read_option(choice, argv[word], word + 1 < argc ? argv[word + 1] : NULL);
		if (read < 0)
			return false;
		if (read) {
			word++;
		} else if (argv[word][0] != '-' && !choice->name) {
			choice->name = argv[word];
		} else {
			fprintf(stderr,
				"sluicectl: tap: `%s` is not understood\n"
				"usage: sluicectl tap [INPUT|ROUTE] [--port N] [--from PREFIX] "
				"[-A] [-x] [-j] [-c COUNT] [--rate N] [--backlog] [-w FILE "
				"[--interfaces]]\n",
				argv[word]);
			return false;
		}
	}
	if (choice->file && (choice->as_json || choice->with_text || choice->with_hex)) {
		fputs("sluicectl: tap: -w writes a capture, and -A, -x and -j print: one of the "
		      "two\n",
		      stderr);
		return false;
	}
	return true;
}

/* Does the address lie in the prefix? */
static bool is_from(const struct sluice_prefix *prefix, const struct sluice_record_address *address)
{
	struct sluice_prefix source = {.family = address->family == 6 ? AF_INET6 : AF_INET,
				       .length = address->family == 6 ? 128 : 32};

	memcpy(source.address, address->source, sizeof(source.address));
	return sluice_prefixes_overlap(prefix, &source);
}

enum sluice_tap_answer sluice_tap_choice_asks(const struct sluice_tap_choice *choice,
					      const struct sluice_record_view *record)
{
	if (!choice->port && choice->from.family == AF_UNSPEC)
		return SLUICE_TAP_WANTED;
	if (!record->address)
		return SLUICE_TAP_UNKNOWN;
	if (choice->port && le16toh(record->address->destination_port) != choice->port)
		return SLUICE_TAP_OTHER;
	return choice->from.family == AF_UNSPEC || is_from(&choice->from, record->address)
		       ? SLUICE_TAP_WANTED
		       : SLUICE_TAP_OTHER;
}
