// SPDX-License-Identifier: MIT
/*
 * What the door and its clients share; see door_base.h. Touches: the socket to sluiced.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include "door_base.h"

#define TEXT_MAX 1024 /* bytes of a line for the log */

uint64_t sluice_door_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sluice_door_tell(const struct sluice_door *door, int level, const char *format, ...)
{
	char text[TEXT_MAX] = "";
	va_list arguments;
	int length;

	text[0] = (char)('0' + level);
	va_start(arguments, format);
	length = vsnprintf(text + 1, sizeof(text) - 1, format, arguments);
	va_end(arguments);
	if (length < 0 || !door)
		return;
	if ((size_t)length > sizeof(text) - 2)
		length = (int)sizeof(text) - 2;
	(void)send(door->master, text, (size_t)length + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}
