/* SPDX-License-Identifier: MIT */
/*
 * The password of sessions from elsewhere. Touches: its file.
 */
#ifndef SLUICE_CTL_PASSWORD_H
#define SLUICE_CTL_PASSWORD_H

/*
 * Is `given` the first line of the file `path`? 1: it is; 0: it is not; a negative errno: the file
 * cannot be read, or its first line is empty (-ENODATA) or longer than 255 bytes (-E2BIG). How long
 * it takes does not depend on how much of it is right. The file is read each time, so that another
 * password holds at once.
 */
int sluice_password_check(const char *path, const char *given);

#endif /* SLUICE_CTL_PASSWORD_H */
