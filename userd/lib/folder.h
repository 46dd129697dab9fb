/* SPDX-License-Identifier: MIT */
/*
 * Directories of the service's own, in places where others may write, too. Touches: the directory.
 */
#ifndef SLUICE_LIB_FOLDER_H
#define SLUICE_LIB_FOLDER_H

#include <sys/types.h>

/* Bytes that hold any sentence below, with a path of ordinary length. */
#define SLUICE_FOLDER_TEXT 512U

/*
 * Makes the directory `path` with `mode` if nothing has that name. Is it one that nobody but us can
 * change: ours, no symbolic link, not writable by others? 0; -EPERM: it is not; other negative
 * errno: it cannot be made. After a failure `text` is one sentence that says how to mend it.
 * @context process @threadsafe
 */
int sluice_folder_make(const char *path, mode_t mode, char text[SLUICE_FOLDER_TEXT]);

#endif /* SLUICE_LIB_FOLDER_H */
