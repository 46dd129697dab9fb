/* SPDX-License-Identifier: MIT */
/*
 * The file in which the daemon remembers which output is which (identity.h): JSON, beside the rings
 * and on the disk store. For the control thread. Touches: those files.
 */
#ifndef SLUICE_IDENTITY_FILE_H
#define SLUICE_IDENTITY_FILE_H

#include "../../lib/folder.h"
#include "identity.h"

/*
 * After which file is called what this configuration leaves for a successor; NULL: nothing tells
 * it from others.
 */
const char *sluice_identity_home(const struct sluice_config *config);

/*
 * The directory of this user's own on tmpfs, where rings and the file are unless the configuration
 * names another: /dev/shm/sluice, or where somebody else has that name first, another one. It need
 * not be there. @threadsafe
 */
const char *sluice_identity_directory(void);

/* Is it there, and can nobody else write to it? @threadsafe */
bool sluice_identity_directory_is_ours(void);

/* Makes it, under another name if somebody else has that one. 0; -EPERM with a sentence in `text`:
 * somebody else has it, and no other can be made; another negative errno, likewise: none can be
 * made. @threadsafe */
int sluice_identity_directory_make(char text[SLUICE_FOLDER_TEXT]);

/*
 * What the names of all that is left behind for `home` begin with. NULL: no memory. @owner
 * caller: free()
 */
char *sluice_identity_prefix(const char *home);

/*
 * Reads what was remembered for the configuration: of the files that lie beside its rings and
 * frames, the newest. If there is none, but one of the same relay whose configuration file is gone,
 * that file was moved: config->home becomes the old one. Nothing there is nothing remembered. 0,
 * -EINVAL, -ENOMEM. @owner caller: sluice_identity_free() @context process
 */
int sluice_identity_load(struct sluice_identity *identity, struct sluice_config *config);

/*
 * Writes it there, in room that is kept for it. 0 or a negative errno, told in the log unless that
 * `is_known`: the first that failed; the others are written.
 * @context process
 */
int sluice_identity_save(const struct sluice_identity *identity, const struct sluice_config *config,
			 bool is_known);

/* Takes the files away: nothing waits for anybody. @context process */
void sluice_identity_forget(const struct sluice_identity *identity,
			    const struct sluice_config *config);
/* The same in one directory only: nothing is there that belongs to `config`. @context process */
void sluice_identity_forget_in(const char *directory, const struct sluice_config *config);

#endif /* SLUICE_IDENTITY_FILE_H */
