// SPDX-License-Identifier: MIT
/*
 * Where snapshots come from; see top_source.h. Touches: netlink sockets, a process, files.
 */
#include "top_source.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "command.h"

#define LINE_MAX_BYTES (256UL << 20)   /* of a snapshot; more is none */
#define RETRY_NS (3 * SLUICE_NS_PER_S) /* until a host is tried again */
/* What ssh ends with: a shell's word for a command that it has not found, and its own (ssh(1), EXIT
 * STATUS). */
#define SSH_NOT_FOUND 127
#define SSH_FAILED 255

/* Begins ssh. `is_first`: it may ask for a password. 0 or a negative errno. */
static int start_remote(struct sluice_top_source *source, bool is_first)
{
	char every[16];
	int ends[2];

	snprintf(every, sizeof(every), "%u", source->interval_s);
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	source->child = fork();
	if (source->child == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(ends[1], STDOUT_FILENO);
		/* What is typed is for the screen, and what it says would be written across it. */
		dup2(null, STDIN_FILENO);
		if (!is_first)
			dup2(null, STDERR_FILENO);
		execlp("ssh", "ssh", "-o", is_first ? "BatchMode=no" : "BatchMode=yes", "--",
		       source->host, "sluicectl", "top", "-j", "-d", every, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	if (source->child < 0) {
		source->child = 0;
		close(ends[0]);
		return -EAGAIN;
	}
	source->fd = ends[0];
	fcntl(source->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* Ends ssh. */
static void stop_remote(struct sluice_top_source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
	if (source->child > 0) {
		kill(source->child, SIGTERM);
		waitpid(source->child, NULL, 0);
	}
	source->child = 0;
	source->length = 0;
}

/* Why ssh, whose output is at its end, has ended, and what mends it. */
static const char *reason_of(const struct sluice_top_source *source)
{
	siginfo_t told = {0};

	/* It ends by itself, a moment after its output: not by the signal that would follow. */
	if (source->child <= 0 || waitid(P_PID, (id_t)source->child, &told, WEXITED | WNOWAIT) ||
	    told.si_code != CLD_EXITED)
		return "ssh has ended";
	switch (told.si_status) {
	case SSH_NOT_FOUND:
		return "there is no sluicectl there (or no ssh here): install sluice there, or "
		       "link sluicectl into /usr/local/bin";
	case SSH_FAILED:
		return "ssh cannot connect or log in; `ssh HOST true` says why, and has to work "
		       "without a password";
	case SLUICE_CTL_USAGE:
		return "the sluicectl there is older and does not know `top -j`: upgrade it";
	default:
		return "ssh has ended";
	}
}

int sluice_top_source_open(struct sluice_top_source *source, const char *record)
{
	int error = 0;

	source->fd = -1;
	if (source->replay) {
		source->file = fopen(source->replay, "re");
		if (!source->file)
			error = -errno;
		if (error)
			fprintf(stderr, "sluicectl: %s: %s\n", source->replay, strerror(-error));
	}
	if (!error && record) {
		source->record = fopen(record, "ae");
		if (!source->record)
			error = -errno;
		if (error)
			fprintf(stderr, "sluicectl: %s: %s\n", record, strerror(-error));
	}
	if (!error && source->host) {
		/* An option is no host. */
		error = *source->host == '-' || !*source->host ? -EINVAL
							       : start_remote(source, true);
		if (error)
			fprintf(stderr, "sluicectl: ssh to \"%s\" cannot be begun: %s\n",
				source->host, strerror(-error));
	}
	return error;
}

void sluice_top_source_close(struct sluice_top_source *source)
{
	stop_remote(source);
	if (source->file)
		fclose(source->file);
	if (source->record && fclose(source->record))
		fprintf(stderr, "sluicectl: the recording is not whole: %s\n", strerror(errno));
	sluice_top_asker_free(&source->asker);
	free(source->bytes);
}

/* A snapshot that says why there is none. */
static json_t *complaint(const char *who, const char *what)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return json_pack("{s:i, s:I, s:s++}", "format", 1, "time_ns",
			 (json_int_t)now.tv_sec * (json_int_t)SLUICE_NS_PER_S + now.tv_nsec,
			 "error", who, ": ", what);
}

/* Reads what is there. False: it has ended. */
static bool read_more(struct sluice_top_source *source)
{
	ssize_t more;

	for (;;) {
		if (source->length + 65536 > source->room) {
			size_t room = source->room ? 2 * source->room : 131072;
			char *grown = room > LINE_MAX_BYTES ? NULL : realloc(source->bytes, room);

			if (!grown)
				return false;
			source->bytes = grown;
			source->room = room;
		}
		more = read(source->fd, source->bytes + source->length, 65536);
		if (more <= 0)
			return more < 0 && (errno == EAGAIN || errno == EINTR);
		source->length += (size_t)more;
	}
}

/* The first line of what was read; NULL: it is not whole yet. */
static json_t *take_line(struct sluice_top_source *source)
{
	char *end = source->length ? memchr(source->bytes, '\n', source->length) : NULL;
	size_t length = end ? (size_t)(end - source->bytes) : 0;
	json_t *snapshot;

	if (!end)
		return NULL;
	snapshot = json_loadb(source->bytes, length, 0, NULL);
	source->length -= length + 1;
	memmove(source->bytes, end + 1, source->length);
	return snapshot ? snapshot : complaint(source->host, "what it says is no snapshot");
}

/* The next snapshot of another host. */
static json_t *next_remote(struct sluice_top_source *source)
{
	json_t *snapshot = source->length ? take_line(source) : NULL;
	const char *reason;

	if (snapshot)
		return snapshot;
	if (source->fd < 0) {
		if (sluice_now() < source->retry_ns || start_remote(source, false))
			return NULL;
		return NULL;
	}
	if (read_more(source))
		return take_line(source);
	snapshot = take_line(source);
	if (snapshot)
		return snapshot;
	reason = reason_of(source);
	stop_remote(source);
	source->retry_ns = sluice_now() + RETRY_NS;
	return complaint(source->host, reason);
}

/* The next line of a recording; NULL: it is at its end. */
static json_t *next_recorded(struct sluice_top_source *source)
{
	json_t *snapshot = NULL;
	ssize_t length;

	while (!snapshot && !source->has_ended) {
		length = getline(&source->bytes, &source->room, source->file);
		source->has_ended = length < 0;
		/* Half a line at the end is none. */
		if (length > 0)
			snapshot = json_loadb(source->bytes, (size_t)length, 0, NULL);
	}
	return snapshot;
}

json_t *sluice_top_source_next(struct sluice_top_source *source)
{
	json_t *snapshot = source->replay ? next_recorded(source)
			   : source->host ? next_remote(source)
					  : sluice_top_snapshot(&source->asker);

	if (snapshot && source->record &&
	    (json_dumpf(snapshot, source->record, JSON_COMPACT) ||
	     fputc('\n', source->record) == EOF || fflush(source->record))) {
		fclose(source->record);
		source->record = NULL;
	}
	return snapshot;
}
