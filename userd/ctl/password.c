// SPDX-License-Identifier: MIT
/*
 * The password of sessions from elsewhere; see password.h. Touches: its file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "password.h"

#define PASSWORD_MAX 255U

/* Reads the first line of a file into `line`, which is zeroed behind it. 0 or a negative errno. */
static int read_line(const char *path, char line[PASSWORD_MAX + 2])
{
	/* O_NONBLOCK: nobody may write to a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t length;
	size_t end;
	int error;

	if (fd < 0)
		return -errno;
	length = read(fd, line, PASSWORD_MAX + 1);
	error = length < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	line[length] = '\0';
	end = strcspn(line, "\r\n");
	if (end > PASSWORD_MAX)
		return -E2BIG;
	explicit_bzero(line + end, PASSWORD_MAX + 2 - end);
	return end ? 0 : -ENODATA;
}

int sluice_password_check(const char *path, const char *given)
{
	char wished[PASSWORD_MAX + 2] = "", padded[PASSWORD_MAX + 2] = "";
	volatile unsigned char difference = 0;
	size_t number;
	int error;

	if (!path || !given)
		return -EINVAL;
	error = read_line(path, wished);
	if (error) {
		explicit_bzero(wished, sizeof(wished));
		return error;
	}
	/* One that is too long differs in its last byte. */
	memcpy(padded, given, strnlen(given, PASSWORD_MAX + 1));
	for (number = 0; number < sizeof(wished); number++)
		difference |= (unsigned char)wished[number] ^ (unsigned char)padded[number];
	explicit_bzero(wished, sizeof(wished));
	explicit_bzero(padded, sizeof(padded));
	return difference == 0;
}
