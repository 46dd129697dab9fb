// SPDX-License-Identifier: MIT
/*
 * Datagrams to closed ports between two daemons, see absence.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../source/socket.h"
#include "absence.h"

/* Reads the first line of `path` that begins with `word`, behind that. False: there is none. */
static bool find_line(const char *path, const char *word, unsigned int skip, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(line, size, file))
		found = !strncmp(line, word, strlen(word)) && !skip--;
	if (file)
		fclose(file);
	return found;
}

/* Reads `count` numbers with white space before each. False: there are fewer. */
static bool read_numbers(const char *text, uint64_t *numbers, size_t count)
{
	char *end;

	for (; count; count--, numbers++, text = end) {
		*numbers = strtoull(text, &end, 10);
		if (end == text)
			return false;
	}
	return true;
}

/* How many datagrams came to ports that nobody had bound, in this network namespace, since it is there. */
static uint64_t closed_ports(void)
{
	uint64_t four[2] = {0}, six = 0;
	char line[1024];

	/* The first such line has the names, the second the figures: InDatagrams, NoPorts, ... */
	if (!find_line("/proc/self/net/snmp", "Udp: ", 1, line, sizeof(line)) ||
	    !read_numbers(line + strlen("Udp: "), four, 2))
		four[1] = 0;
	if (!find_line("/proc/self/net/snmp6", "Udp6NoPorts", 0, line, sizeof(line)) ||
	    !read_numbers(line + strlen("Udp6NoPorts"), &six, 1))
		six = 0;
	return four[1] + six;
}

/* Which network namespace it is; 0: not known. */
static uint64_t namespace_number(void)
{
	struct stat state;

	return stat("/proc/self/ns/net", &state) ? 0 : state.st_ino;
}

/* Seconds since this machine was started. */
static uint64_t uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

void sluice_absence_note(const struct sluice_config *config)
{
	char *path = sluice_socket_note_path(config, false), text[80];
	int fd, length;

	if (!path)
		return;
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	length = snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			  namespace_number(), uptime(), closed_ports());
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		sluice_debug("%s: %s; what comes until the next start is not told", path,
			     strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
}

void sluice_absence_tell(const struct sluice_config *config)
{
	uint64_t note[3], now = closed_ports(); /* namespace, uptime, count at the stop */
	char *path = sluice_socket_note_path(config, false), text[80];
	struct stat state;
	ssize_t length;
	int fd;

	if (!path)
		return;
	/* Not kept waiting by a pipe. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		free(path);
		path = sluice_socket_note_path(config, true);
		fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	}
	if (fd < 0)
		goto free;
	if (fstat(fd, &state) || !S_ISREG(state.st_mode))
		goto close;
	length = read(fd, text, sizeof(text) - 1);
	/* It says what it says once, and only if nobody else can have written it. */
	(void)unlink(path);
	if (length <= 0 || fstat(fd, &state) || state.st_uid != geteuid())
		goto close;
	text[length] = '\0';
	if (!read_numbers(text, note, 3) || note[0] != namespace_number() || uptime() < note[1] ||
	    now <= note[2])
		goto close;
	sluice_warning(
		"%" PRIu64 " datagrams came to closed UDP ports of this network namespace in "
		"the %" PRIu64 " s since the last sluiced stopped (UdpNoPorts); what was for "
		"the inputs is lost",
		now - note[2], uptime() - note[1]);
close:
	close(fd);
free:
	free(path);
}
