/* SPDX-License-Identifier: MIT */
/*
 * Where the installed systemd service may write. Only what concerns that is read of the unit and
 * its drop-ins. Touches: reads files of systemd.
 */
#ifndef SLUICE_CONFIG_UNIT_H
#define SLUICE_CONFIG_UNIT_H

#include <stdbool.h>
#include <stddef.h>

struct sluice_unit {
	char path[256];	 /* of the unit's file */
	char **writable; /* directories, absolute */
	size_t count;
	bool is_strict;	 /* ProtectSystem=strict: nothing else may be written to */
	bool names_file; /* ExecStart= has the configuration file */
};

/* Reads the unit that starts sluiced with the configuration `file`. 0; -ENOENT: there is none;
 * -ENOMEM.
 * @owner caller: sluice_unit_free() after 0 */
int sluice_unit_read(struct sluice_unit *unit, const char *file);

/* Frees what `unit` holds; not `unit` itself. */
void sluice_unit_free(struct sluice_unit *unit);

/* May the service write to `path`, as far as the unit says? */
bool sluice_unit_may_write(const struct sluice_unit *unit, const char *path);

#endif /* SLUICE_CONFIG_UNIT_H */
