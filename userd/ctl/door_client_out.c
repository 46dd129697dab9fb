// SPDX-License-Identifier: MIT
/*
 * What goes out to a client; see door_client_out.h. Touches: the client, its socket, the pipe.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "door_client_out.h"

#define CHUNK 4096U

size_t sluice_door_client_room(const struct sluice_door_client *client)
{
	return sizeof(client->out) - client->out_length;
}

bool sluice_door_client_owes(const struct sluice_door_client *client)
{
	return client->answer || client->out_length > client->out_sent;
}

/* Something is put behind what is in `out`. */
static void grew(struct sluice_door_client *client, size_t length)
{
	/* From now on we wait for the client. */
	if (length && client->out_length == client->out_sent)
		client->moved = sluice_door_now();
	client->out_length += length;
}

void sluice_door_client_put(struct sluice_door_client *client, const void *bytes, size_t length)
{
	if (length > sluice_door_client_room(client))
		return;
	memcpy(client->out + client->out_length, bytes, length);
	grew(client, length);
}

void sluice_door_client_say_text(struct sluice_door_client *client, const char *text, size_t length)
{
	char *grown;

	if (!length)
		return;
	grown = realloc(client->answer, client->answer_length + length);
	if (!grown) {
		client->state = SLUICE_DOOR_CLIENT_GONE;
		return;
	}
	memcpy(grown + client->answer_length, text, length);
	client->answer = grown;
	client->answer_length += length;
}

void sluice_door_client_say(struct sluice_door_client *client, const char *format, ...)
{
	char text[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(text))
		length = (int)sizeof(text) - 1;
	if (length > 0)
		sluice_door_client_say_text(client, text, (size_t)length);
}

/* Makes of text what the client gets. Returns how many bytes of it were used. */
static size_t encode(struct sluice_door_client *client, const char *text, size_t length)
{
	size_t room = sluice_door_client_room(client), taken = 0;

	if (client->door->is_telnet) {
		grew(client, sluice_telnet_encode(text, length, &taken,
						  client->out + client->out_length, room));
		return taken;
	}
	taken = length < room ? length : room;
	sluice_door_client_put(client, text, taken);
	return taken;
}

bool sluice_door_client_encode(struct sluice_door_client *client)
{
	size_t taken;

	if (!client->answer)
		return false;
	taken = encode(client, client->answer + client->answer_taken,
		       client->answer_length - client->answer_taken);
	client->answer_taken += taken;
	if (client->answer_taken < client->answer_length)
		return taken > 0;
	free(client->answer);
	client->answer = NULL;
	client->answer_length = 0;
	client->answer_taken = 0;
	return true;
}

bool sluice_door_client_read_command(struct sluice_door_client *client)
{
	size_t room = sluice_door_client_room(client) / 2;
	char bytes[CHUNK];
	ssize_t got;

	/* What is said already goes before. */
	if (client->pipe < 0 || client->answer || !room)
		return false;
	got = read(client->pipe, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (got > 0) {
		/* Each byte becomes two at most, so there is room. */
		(void)encode(client, bytes, (size_t)got);
		return true;
	}
	if (got < 0 && (errno == EINTR || (errno == EAGAIN && client->child)))
		return false;
	/* Its end; or nothing is there, and it has ended: who else has the pipe has nothing to say.
	 */
	close(client->pipe);
	client->pipe = -1;
	return true;
}

bool sluice_door_client_send(struct sluice_door_client *client)
{
	size_t length = client->out_length - client->out_sent;
	ssize_t sent;

	if (!length || client->state == SLUICE_DOOR_CLIENT_GONE)
		return false;
	sent = send(client->fd, client->out + client->out_sent, length,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			client->state = SLUICE_DOOR_CLIENT_GONE;
		return false;
	}
	client->out_sent += (size_t)sent;
	client->moved = sluice_door_now();
	memmove(client->out, client->out + client->out_sent, client->out_length - client->out_sent);
	client->out_length -= client->out_sent;
	client->out_sent = 0;
	return sent > 0;
}
