// SPDX-License-Identifier: MIT
/*
 * `sluicectl yield`: the daemon that works as a relay hands over to one that waits for it. Touches:
 * its socket for standbys, claims, stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../daemon/standby/message.h"
#include "claim.h"
#include "clock.h"
#include "command.h"
#include "list.h"

/* It answers at once; then it delivers what it has, as at every stop: stop.limit is 30 s unless
 * configured. */
#define ANSWER_MS 5000
#define WITHIN_NS (600 * SLUICE_NS_PER_S)
#define LOOK_US 5000

/* Whose claim is looked for, and what was found. */
struct search {
	pid_t pid;
	char path[SLUICE_CLAIM_PATH];
	char relay[SLUICE_CLAIM_NAME];
};

/* Is it this process's? */
static int is_its(const char *path, const struct sluice_claim_note *note, void *context)
{
	struct search *search = context;

	if (note->pid != search->pid)
		return 0;
	snprintf(search->path, sizeof(search->path), "%s", path);
	snprintf(search->relay, sizeof(search->relay), "%s", note->relay);
	return 1;
}

/* Asks who listens at `path`. 0, or a status, told. */
static int ask(const char *path, bool leave)
{
	struct sluice_standby_message message = sluice_standby_message_of(SLUICE_STANDBY_YIELD);
	struct pollfd readable = {.events = POLLIN};
	int fd = -1, passed, error;
	uid_t uid;

	readable.fd = sluice_packet_connect(path, &uid);
	if (readable.fd < 0) {
		fprintf(stderr, "sluicectl: %s: %s\n", path, strerror(-readable.fd));
		return SLUICE_CTL_REFUSED;
	}
	message.number = leave ? 1 : 0;
	error = sluice_standby_send(readable.fd, &message, -1);
	while (!error) {
		if (poll(&readable, 1, ANSWER_MS) != 1) {
			error = -ETIMEDOUT;
			break;
		}
		error = sluice_standby_receive(readable.fd, &message, &passed);
		if (passed >= 0)
			close(passed);
		if (error == -EAGAIN || error == -EBADMSG)
			error = 0;
		else if (!error && message.kind == SLUICE_STANDBY_ANSWER)
			break;
	}
	fd = readable.fd;
	close(fd);
	if (error == -EPIPE) {
		fputs("sluicectl: permission denied: only root and the user that sluiced runs as "
		      "may have it hand over\n",
		      stderr);
		return SLUICE_CTL_REFUSED;
	}
	if (error || message.number) {
		fprintf(stderr, "sluicectl: %s\n", error ? strerror(-error) : message.text);
		return SLUICE_CTL_REFUSED;
	}
	puts(message.text);
	return SLUICE_CTL_OK;
}

/* Waits until another one works. */
static int await(const struct search *search)
{
	uint64_t until = sluice_now() + WITHIN_NS;
	struct sluice_claim_note note;

	fflush(stdout);
	while (sluice_now() < until) {
		if (!sluice_claim_look(search->path, &note) && note.pid &&
		    note.pid != search->pid) {
			printf("process %d works as relay %s, epoch %" PRIu64 "\n", (int)note.pid,
			       note.relay, note.epoch);
			return SLUICE_CTL_OK;
		}
		usleep(LOOK_US);
	}
	fprintf(stderr,
		"sluicectl: nobody works as relay %s yet: `sluicectl instances` shows who "
		"waits\n",
		search->relay);
	return SLUICE_CTL_REFUSED;
}

int sluice_ctl_yield(int argc, char **argv)
{
	bool leave = argc == 2 && !strcmp(argv[1], "--leave");
	struct search search = {0};
	char path[SLUICE_PACKET_PATH];
	json_t *list;
	int status;

	if (argc > 1 && !leave) {
		fputs("usage: sluicectl yield [--leave]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	/* It tells who it is, wherever it is. */
	list = sluice_list_daemon();
	if (!list)
		return SLUICE_CTL_REFUSED;
	search.pid = (pid_t)json_integer_value(json_object_get(json_array_get(list, 0), "pid"));
	json_decref(list);
	if (sluice_claims_each(SLUICE_CLAIM_RELAY, is_its, &search) != 1 ||
	    sluice_claim_socket(path, search.path)) {
		fprintf(stderr,
			"sluicectl: process %d claims no relay where this user can see it: ask as "
			"root, or as the user that it runs as\n",
			(int)search.pid);
		return SLUICE_CTL_REFUSED;
	}
	status = ask(path, leave);
	return status == SLUICE_CTL_OK ? await(&search) : status;
}
