// SPDX-License-Identifier: MIT
/*
 * Which sluice this is, see version.h. The Makefile tells this file alone of the commit, and makes
 * it anew with each. Touches: reads /sys/module.
 */
#include <stdio.h>
#include <string.h>
#include <sluice/netlink.h>
#include <sluice/ring.h>
#include "frame.h"
#include "spool/spool_format.h"
#include "version.h"

#ifndef SLUICE_COMMIT
#define SLUICE_COMMIT "release"
#endif

/* What MODULE_VERSION() of a module that is loaded says. */
#define MODULE "/sys/module/sluice/version"

static const struct sluice_version_row rows[] = {
#define VERSION(name, constant, what) {#name, constant, what},
#include "version_rows.h"
#undef VERSION
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct sluice_version_row *sluice_version_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

const char *sluice_version_commit(void)
{
	return SLUICE_COMMIT;
}

const char *sluice_version_text(const char *program, char text[SLUICE_VERSION_TEXT])
{
	size_t row, length;

	length = (size_t)snprintf(text, SLUICE_VERSION_TEXT, "%.32s %s (%s, %s)\n", program,
				  SLUICE_VERSION, SLUICE_DATE, SLUICE_COMMIT);
	for (row = 0; row < ROWS && length < SLUICE_VERSION_TEXT; row++)
		length += (size_t)snprintf(text + length, SLUICE_VERSION_TEXT - length, "%s %u%s",
					   rows[row].name, rows[row].version,
					   row + 1 < ROWS ? ", " : "\n");
	return text;
}

bool sluice_version_module(char version[SLUICE_VERSION_MODULE])
{
	FILE *file = fopen(MODULE, "re");
	bool has_line;

	if (!file)
		return false;
	has_line = fgets(version, SLUICE_VERSION_MODULE, file) != NULL;
	fclose(file);
	if (has_line)
		version[strcspn(version, "\n")] = '\0';
	return has_line && version[0];
}

bool sluice_version_module_differs(const char *program, char text[SLUICE_VERSION_TEXT])
{
	char version[SLUICE_VERSION_MODULE];

	if (!sluice_version_module(version) || !strcmp(version, SLUICE_VERSION))
		return false;
	snprintf(text, SLUICE_VERSION_TEXT,
		 "%.32s is version %s, and the module that is loaded is version %s: they work "
		 "together; `sluicectl unload` and `modprobe sluice` exchange it",
		 program, SLUICE_VERSION, version);
	return true;
}
