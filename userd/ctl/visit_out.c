// SPDX-License-Identifier: MIT
/*
 * What goes out to a visit's client; see visit_out.h. Touches: the visit, its socket, the pipe.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "visit_out.h"

#define CHUNK 4096U

size_t sluice_visit_room(const struct sluice_visit *visit)
{
	return sizeof(visit->out) - visit->out_length;
}

bool sluice_visit_owes(const struct sluice_visit *visit)
{
	return visit->answer || visit->out_length > visit->out_sent;
}

/* Something is put behind what is in `out`. */
static void grew(struct sluice_visit *visit, size_t length)
{
	/* From now on we wait for the client. */
	if (length && visit->out_length == visit->out_sent)
		visit->moved = sluice_door_now();
	visit->out_length += length;
}

void sluice_visit_put(struct sluice_visit *visit, const void *bytes, size_t length)
{
	if (length > sluice_visit_room(visit))
		return;
	memcpy(visit->out + visit->out_length, bytes, length);
	grew(visit, length);
}

void sluice_visit_say_text(struct sluice_visit *visit, const char *text, size_t length)
{
	char *grown;

	if (!length)
		return;
	grown = realloc(visit->answer, visit->answer_length + length);
	if (!grown) {
		visit->state = SLUICE_VISIT_GONE;
		return;
	}
	memcpy(grown + visit->answer_length, text, length);
	visit->answer = grown;
	visit->answer_length += length;
}

void sluice_visit_say(struct sluice_visit *visit, const char *format, ...)
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
		sluice_visit_say_text(visit, text, (size_t)length);
}

/* Makes of text what the client gets. Returns how many bytes of it were used. */
static size_t encode(struct sluice_visit *visit, const char *text, size_t length)
{
	size_t room = sluice_visit_room(visit), taken = 0;

	if (visit->door->is_telnet) {
		grew(visit, sluice_telnet_encode(text, length, &taken,
						 visit->out + visit->out_length, room));
		return taken;
	}
	taken = length < room ? length : room;
	sluice_visit_put(visit, text, taken);
	return taken;
}

bool sluice_visit_encode(struct sluice_visit *visit)
{
	size_t taken;

	if (!visit->answer)
		return false;
	taken = encode(visit, visit->answer + visit->answer_taken,
		       visit->answer_length - visit->answer_taken);
	visit->answer_taken += taken;
	if (visit->answer_taken < visit->answer_length)
		return taken > 0;
	free(visit->answer);
	visit->answer = NULL;
	visit->answer_length = 0;
	visit->answer_taken = 0;
	return true;
}

bool sluice_visit_read_command(struct sluice_visit *visit)
{
	size_t room = sluice_visit_room(visit) / 2;
	char bytes[CHUNK];
	ssize_t got;

	/* What is said already goes before. */
	if (visit->pipe < 0 || visit->answer || !room)
		return false;
	got = read(visit->pipe, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (got > 0) {
		/* Each byte becomes two at most, so there is room. */
		(void)encode(visit, bytes, (size_t)got);
		return true;
	}
	if (got < 0 && (errno == EINTR || (errno == EAGAIN && visit->child)))
		return false;
	/* Its end; or nothing is there, and it has ended: who else has the pipe has nothing to say.
	 */
	close(visit->pipe);
	visit->pipe = -1;
	return true;
}

bool sluice_visit_send(struct sluice_visit *visit)
{
	size_t length = visit->out_length - visit->out_sent;
	ssize_t sent;

	if (!length || visit->state == SLUICE_VISIT_GONE)
		return false;
	sent = send(visit->fd, visit->out + visit->out_sent, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			visit->state = SLUICE_VISIT_GONE;
		return false;
	}
	visit->out_sent += (size_t)sent;
	visit->moved = sluice_door_now();
	memmove(visit->out, visit->out + visit->out_sent, visit->out_length - visit->out_sent);
	visit->out_length -= visit->out_sent;
	visit->out_sent = 0;
	return sent > 0;
}
