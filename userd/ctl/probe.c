// SPDX-License-Identifier: MIT
/*
 * `sluicectl probe`: proof from one end to the other for receivers that acknowledge nothing. Here:
 * its command line. Touches: stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "probe.h"
#include "probe_mark.h"

#define RATE_MOST 1000000U

/* A whole number from 1 to `most`. False: it is none. */
static bool read_number(const char *text, int base, uint32_t most, uint32_t *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || *end || !strchr("0123456789abcdefABCDEF", text[0]) || !text[0] || value == 0 ||
	    value > most)
		return false;
	*number = (uint32_t)value;
	return true;
}

/* "200,1400,9000". False: it is no such list. */
static bool read_sizes(const char *text, struct sluice_probe_options *options)
{
	char one[8];
	size_t length;

	options->size_count = 0;
	do {
		length = strcspn(text, ",");
		if (length == 0 || length >= sizeof(one) ||
		    options->size_count == SLUICE_PROBE_SIZES_MOST)
			return false;
		memcpy(one, text, length);
		one[length] = '\0';
		if (!read_number(one, 10, SLUICE_PROBE_SIZE_MAX,
				 &options->sizes[options->size_count++]))
			return false;
		text += length;
	} while (*text++ == ',');
	return true;
}

/* Takes in an option with its value. False: it is wrong. */
static bool read_option(struct sluice_probe_options *options, const char *name, const char *value)
{
	if (!strcmp(name, "--count"))
		return read_number(value, 10, SLUICE_PROBE_COUNT_MAX, &options->count);
	if (!strcmp(name, "--flows"))
		return read_number(value, 10, SLUICE_PROBE_FLOWS_MAX + 1, &options->flows);
	if (!strcmp(name, "--rate"))
		return read_number(value, 10, RATE_MOST, &options->rate);
	if (!strcmp(name, "--wait"))
		return read_number(value, 10, 3600, &options->wait);
	if (!strcmp(name, "--run"))
		return read_number(value, 16, UINT32_MAX, &options->run);
	if (!strcmp(name, "--size"))
		return read_sizes(value, options);
	if (!strcmp(name, "--to"))
		options->to = value;
	else if (!strcmp(name, "--input"))
		options->input = value;
	else if (!strcmp(name, "--check"))
		options->file = value;
	else if (!strcmp(name, "--bytes") && !strcmp(value, "nasty"))
		options->nasty = true;
	else
		return !strcmp(name, "--bytes") && !strcmp(value, "printable");
	return true;
}

/* Reads the command line. False: it is wrong. */
static bool parse(struct sluice_probe_options *options, int argc, char **argv)
{
	int word;

	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			options->json = true;
		} else if (!strcmp(argv[word], "--any-order")) {
			options->any_order = true;
		} else if (!strncmp(argv[word], "--", 2)) {
			if (word + 1 == argc || !read_option(options, argv[word], argv[word + 1])) {
				fprintf(stderr, "sluicectl: probe: %s%s%s\n", argv[word],
					word + 1 == argc ? " needs a value" : " cannot be ",
					word + 1 == argc ? "" : argv[word + 1]);
				return false;
			}
			word++;
		} else if (argv[word][0] != '-' && !options->output) {
			options->output = argv[word];
		} else {
			return false;
		}
	}
	return !!options->output + !!options->to + !!options->file == 1 &&
	       !(options->input && !options->output);
}

/* As command.h says. */
int sluice_ctl_probe(int argc, char **argv)
{
	struct sluice_probe_options options = {
		.count = 100, .flows = 8, .rate = 1000, .wait = 5, .sizes = {200}, .size_count = 1};

	if (!parse(&options, argc, argv)) {
		fputs("usage: sluicectl probe OUTPUT [--input NAME] [--count N] [--size "
		      "BYTES[,...]] "
		      "[--bytes nasty]\n"
		      "                       [--flows N] [--rate N] [--run ID] [--wait SECONDS] "
		      "[-j]\n"
		      "       sluicectl probe --to ADDRESS:PORT [--count N] ...\n"
		      "       sluicectl probe --check FILE|- [--run ID] [--any-order] [-j]\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	return options.file ? sluice_probe_check(&options) : sluice_probe_send(&options);
}
