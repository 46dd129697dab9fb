// SPDX-License-Identifier: MIT
/*
 * Files with secrets; see secret.h. Touches: those files.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "secret.h"

int sluice_secret_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size);
	if (length < 0) {
		length = -errno;
		close(fd);
		return (int)length;
	}
	close(fd);
	if ((size_t)length == size)
		return -EMSGSIZE;
	text[length] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	return 0;
}
