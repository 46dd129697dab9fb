/* SPDX-License-Identifier: MIT */
/*
 * `sluicectl check --fill-ids`: GUIDs of inputs and outputs that have none written. Touches: the
 * file, stdout, stderr.
 */
#ifndef SLUICE_CTL_FILL_IDS_H
#define SLUICE_CTL_FILL_IDS_H

#include <stddef.h>

/*
 * Writes `id` into each input and output of the file `path` that has none: the GUID that it goes by
 * already, derived from its name, so that nothing changes for a daemon that runs with it, and the
 * piece stays the same when its name changes. `text` is what is in the file, without a fault. 0, or
 * a negative errno, having said why; then the file is as it was.
 */
int sluice_fill_ids(const char *path, const char *text, size_t length);

#endif /* SLUICE_CTL_FILL_IDS_H */
