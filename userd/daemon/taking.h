/* SPDX-License-Identifier: MIT */
/*
 * `sluiced --takeover`, the new one's side of it (handover/wire.h): from the running daemon's
 * socket to an engine that moves data. In the control thread, before the loop: it waits. Touches:
 * that socket, descriptors; the old daemon.
 */
#ifndef SLUICE_DAEMON_TAKING_H
#define SLUICE_DAEMON_TAKING_H

#include "../lib/packet_socket.h"
#include "daemon.h"

struct sluice_parcel;

/* Where a daemon with this configuration is asked to hand over, beside the socket that sluicectl
 * asks. 0, -ENOENT: nowhere, because it has no file; another negative errno. @context process */
int sluice_taking_place(const struct daemon *daemon, const struct sluice_config *config,
			char path[SLUICE_PACKET_PATH]);
/* Puts what is in a parcel where an engine that starts finds it (lib/handed.h, sockets, counters).
 * 0, or a negative errno and a sentence. @owner caller: *error; the descriptors go. */
int sluice_taking_unpack(struct sluice_parcel *parcel, char **error);

/* Asks the running daemon, which goes on undisturbed. SLUICE_EXIT_OK, or the status and a sentence.
 * @owner caller: *error, as of the next two */
int sluice_taking_begin(struct daemon *daemon, const struct sluice_config *config, char **error);
/* Takes everything that it has. From here on until sluice_taking_prove() has succeeded, whoever
 * fails calls sluice_taking_fail(). */
int sluice_taking_take(struct daemon *daemon, char **error);
/* The engine runs: waits until it moves data, and for the old one's word that it leaves. */
int sluice_taking_prove(struct daemon *daemon, char **error);
/* Everything is ours and in use: sockets get the way in which they are to be read. */
void sluice_taking_settle(struct daemon *daemon);
/* It failed: if something was taken that is not ours yet, tells the old one why and ends the
 * process at once, touching nothing. */
void sluice_taking_fail(const char *why);

#endif /* SLUICE_DAEMON_TAKING_H */
