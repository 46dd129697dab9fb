// SPDX-License-Identifier: MIT
/*
 * `sluicectl version`: which sluice this is, and which module is loaded. Touches: reads
 * /sys/module; stdout.
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "../lib/version.h"
#include "command.h"
#include "print.h"

/* The same as one object. 0 or not. */
static int print_object(const char *module)
{
	const struct sluice_version_row *rows;
	json_t *formats = json_object(), *object;
	size_t count, row;
	int error = formats ? 0 : -ENOMEM;

	rows = sluice_version_rows(&count);
	for (row = 0; row < count && !error; row++)
		error = json_object_set_new(formats, rows[row].name,
					    json_integer((json_int_t)rows[row].version));
	object = error ? NULL
		       : json_pack("{s:s, s:s, s:s, s:O, s:s?}", "version", SLUICE_VERSION, "date",
				   SLUICE_DATE, "commit", sluice_version_commit(), "formats",
				   formats, "module", module);
	error = sluice_print_json(object);
	json_decref(object);
	json_decref(formats);
	return error;
}

int sluice_ctl_version(int argc, char **argv)
{
	char text[SLUICE_VERSION_TEXT], module[SLUICE_VERSION_MODULE];
	bool as_json = argc == 2 && (!strcmp(argv[1], "-j") || !strcmp(argv[1], "--json"));
	bool is_loaded;

	if (argc > 1 && !as_json) {
		fputs("usage: sluicectl version [-j]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	is_loaded = sluice_version_module(module);
	if (as_json)
		return print_object(is_loaded ? module : NULL) ? SLUICE_CTL_FINDINGS
							       : SLUICE_CTL_OK;
	fputs(sluice_version_text("sluicectl", text), stdout);
	if (is_loaded)
		printf("module %s\n", module);
	if (sluice_version_module_differs("sluicectl", text))
		printf("%s\n", text);
	return fflush(stdout) ? SLUICE_CTL_FINDINGS : SLUICE_CTL_OK;
}
