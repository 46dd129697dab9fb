// SPDX-License-Identifier: MIT
/*
 * `sluicectl import`: our configuration out of what rinetd, rsyslog, syslog-ng or socat are told to
 * do, and a list of what is not taken over. Touches: the file, stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/buffer.h"
#include "command.h"
#include "import.h"

/* A format: its name, and who reads it. */
struct format {
	const char *name;
	void (*read)(struct sluice_import *import, const char *text, size_t length);
};

static const struct format formats[] = {
	{"rinetd", sluice_import_rinetd},
	{"rsyslog", sluice_import_rsyslog},
	{"syslog-ng", sluice_import_syslog_ng},
	{"socat", sluice_import_socat},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

/* Reads a file ("-": standard input) with a NUL behind it. 0 (@owner caller: free(*text)) or a
 * negative errno; -EFBIG: longer than SLUICE_IMPORT_TEXT_MAX. */
static int read_text(const char *path, char **text, size_t *length)
{
	FILE *file = strcmp(path, "-") != 0 ? fopen(path, "re") : stdin;
	uint8_t *bytes = NULL;
	size_t size = 0, used = 0, wanted = 65536;
	int error = 0;

	if (!file)
		return -errno;
	for (;;) {
		if (!sluice_buffer_grow(&bytes, &size, wanted)) {
			error = -ENOMEM;
			break;
		}
		used += fread(bytes + used, 1, size - 1 - used, file);
		if (ferror(file))
			error = errno ? -errno : -EIO;
		else if (used > SLUICE_IMPORT_TEXT_MAX)
			error = -EFBIG;
		if (error || used < size - 1)
			break;
		wanted = size * 2;
	}
	if (file != stdin)
		fclose(file);
	if (error) {
		free(bytes);
		return error;
	}
	bytes[used] = '\0';
	*text = (char *)bytes;
	*length = used;
	return 0;
}

/* Says how it is called. Returns the exit status. */
static int usage(void)
{
	fputs("usage: sluicectl import rinetd|rsyslog|syslog-ng|socat FILE\n"
	      "       sluicectl import socat -- ARGUMENT...\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}

/* Prints what became of it. Returns the exit status. */
static int finish(struct sluice_import *import, const char *name)
{
	char *yaml = sluice_import_yaml(import), *remarks = sluice_import_remarks(import);
	int status = sluice_import_remark_count(import) ? SLUICE_CTL_FINDINGS : SLUICE_CTL_OK;

	if (remarks)
		fputs(remarks, stderr);
	if (yaml) {
		fputs(yaml, stdout);
		if (fflush(stdout) || ferror(stdout)) {
			fprintf(stderr, "sluicectl: cannot write the configuration: %s\n",
				strerror(errno));
			status = SLUICE_CTL_REFUSED;
		}
	} else {
		fprintf(stderr,
			"sluicectl: %s: nothing to take over: nothing there takes UDP and sends it "
			"on by TCP, or passes TCP on\n",
			name);
		status = SLUICE_CTL_USAGE;
	}
	free(yaml);
	free(remarks);
	return status;
}

int sluice_ctl_import(int argc, char **argv)
{
	bool has_words = argc > 2 && !strcmp(argv[1], "socat") && !strcmp(argv[2], "--");
	const struct format *format = NULL;
	struct sluice_import *import;
	char *text = NULL;
	size_t number, length = 0;
	const char *name;
	int status;

	for (number = 0; argc > 1 && number < FORMATS; number++)
		if (!strcmp(argv[1], formats[number].name))
			format = &formats[number];
	if (argc > 1 && !format)
		fprintf(stderr, "sluicectl: there is no format \"%s\"\n", argv[1]);
	if (!format || (has_words ? argc < 4 : argc != 3))
		return usage();
	if (!has_words && argv[2][0] == '-' && argv[2][1])
		return usage();
	name = has_words ? "socat" : argv[2];
	if (!has_words) {
		status = read_text(name, &text, &length);
		if (status) {
			fprintf(stderr, "sluicectl: %s: cannot be read: %s%s\n", name,
				strerror(-status),
				status == -EFBIG ? " (more than 16 MiB: part it)" : "");
			return SLUICE_CTL_USAGE;
		}
	}
	import = sluice_import_new(name);
	if (!import) {
		free(text);
		fputs("sluicectl: out of memory\n", stderr);
		return SLUICE_CTL_REFUSED;
	}
	if (has_words)
		sluice_import_socat_words(import, 1, argv + 3, (size_t)argc - 3);
	else
		format->read(import, text, length);
	status = finish(import, name);
	sluice_import_free(import);
	free(text);
	return status;
}
