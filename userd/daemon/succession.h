/* SPDX-License-Identifier: MIT */
/*
 * The daemon among others of its relay: it claims what it works with, waits for it as a standby,
 * and hands over (standby/). For the control thread. Touches: claims, the socket for standbys, the
 * log, systemd.
 */
#ifndef SLUICE_SUCCESSION_H
#define SLUICE_SUCCESSION_H

#include "daemon.h"

struct sluice_parcel;

/* --standby: waits until the relay is free. -1: it is to work now, with *config, which may be
 * another one, read again; else the status to exit with. @owner caller: *config */
int sluice_succession_wait(struct daemon *daemon, struct sluice_config **config);

/* Claims what `config` works with. 0, also where nothing can be claimed; -EBUSY, or another
 * negative errno: another one has it, or this one was a standby, and a sentence in `text`. */
int sluice_succession_claim(struct daemon *daemon, const struct sluice_config *config,
			    char text[SLUICE_CLAIMS_TEXT]);

/* Everything runs: from here on others can wait for it. */
void sluice_succession_begin(struct daemon *daemon);

/* Those that wait have said something, or have to hear something. */
void sluice_succession_serve(struct daemon *daemon);

/* Another configuration is in force: those that wait are shown its sockets. */
void sluice_succession_renew(struct daemon *daemon);

/* A change to `config` begins: claims its name, if that is another one. 0; else a negative errno
 * and *error. @owner caller: *error */
int sluice_succession_rename(struct daemon *daemon, const struct sluice_config *config,
			     char **error);
/* And has ended so. */
void sluice_succession_renamed(struct daemon *daemon, bool is_in_force);

/* For a take-over (giving.h): puts into `parcel` what others of the relay know this daemon by. 0 or
 * a negative errno. */
int sluice_succession_give(const struct daemon *daemon, struct sluice_parcel *parcel);
/* It has that now, and this one nothing. */
void sluice_succession_leave(struct daemon *daemon);
/* It failed: takes all of it again, from where sluice_claim_take() finds what was handed over. */
void sluice_succession_resume(struct daemon *daemon);

/* The end: lets everything go, unless something of it may still be in use. */
void sluice_succession_end(struct daemon *daemon);

/* After that, if it was asked to: the process begins again, as a standby. Returns if it cannot, or
 * was not asked. */
void sluice_succession_again(const struct daemon *daemon, char **argv);

#endif /* SLUICE_SUCCESSION_H */
