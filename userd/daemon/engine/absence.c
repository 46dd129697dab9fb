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
#include "../../lib/udp_counters.h"
#include "../source/socket.h"
#include "absence.h"

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

/* How many datagrams came to ports that nobody had bound, in this network namespace, since it is
 * there. */
static uint64_t closed_ports(void)
{
	struct sluice_udp_counters counters;

	return sluice_udp_counters_read(&counters) ? 0 : counters.no_ports;
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
		sluice_debug_about(SLUICE_ABOUT(.path = path, .error = strerrorname_np(errno)),
				   "%s: %s; what comes until the next start is not told", path,
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
	sluice_warning_about(
		SLUICE_ABOUT(.datagrams = SLUICE_NUMBER(now - note[2])),
		"%" PRIu64 " datagrams came to closed UDP ports of this network namespace in "
		"the %" PRIu64 " s since the last sluiced stopped (UdpNoPorts); what was for "
		"the inputs is lost",
		now - note[2], uptime() - note[1]);
close:
	close(fd);
free:
	free(path);
}
