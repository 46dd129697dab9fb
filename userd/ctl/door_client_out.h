/* SPDX-License-Identifier: MIT */
/*
 * What goes out to a client: texts of ours and the output of its command, both no faster
 * than it is taken. Touches: the client, its socket, its command's pipe.
 */
#ifndef SLUICE_CTL_DOOR_CLIENT_OUT_H
#define SLUICE_CTL_DOOR_CLIENT_OUT_H

#include "door_client.h"

/* Bytes of `out` that are free. */
size_t sluice_door_client_room(const struct sluice_door_client *client);

/* Is there anything that the client has not taken? */
bool sluice_door_client_owes(const struct sluice_door_client *client);

/* Puts bytes of the protocol as they are; there is room. */
void sluice_door_client_put(struct sluice_door_client *client, const void *bytes, size_t length);

/* Says a text of ours, behind what is said already. Without memory for it the client is over. */
void sluice_door_client_say(struct sluice_door_client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with `length` bytes; the text stays the caller's. */
void sluice_door_client_say_text(struct sluice_door_client *client, const char *text,
				 size_t length);

/* Moves what is said to what is sent, as far as there is room. True: something moved. */
bool sluice_door_client_encode(struct sluice_door_client *client);

/* Reads from the command as much as there is room for. True: something came, or its end. */
bool sluice_door_client_read_command(struct sluice_door_client *client);

/* Sends what the client takes. True: something went. A client that is gone ends the client. */
bool sluice_door_client_send(struct sluice_door_client *client);

#endif /* SLUICE_CTL_DOOR_CLIENT_OUT_H */
