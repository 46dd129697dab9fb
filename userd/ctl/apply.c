// SPDX-License-Identifier: MIT
/*
 * `sluicectl apply`: gives a configuration to the running daemon, which checks it again and takes
 * it whole or not at all. Touches: the file, a netlink socket, stdout, stderr.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/check.h"
#include "command.h"
#include "daemon.h"
#include "diff.h"
#include "runtime_changes.h"
#include "size.h"

/* What the command line says. */
struct request {
	const char *file;
	bool as_json, is_dry, no_wait;
	uint64_t if_revision;
	uint32_t within;
};

/* Reads the command line. False: it is wrong. */
static bool read_request(int argc, char **argv, struct request *request)
{
	int word, wish;

	memset(request, 0, sizeof(*request));
	for (word = 1; word < argc; word++) {
		const char *next = word + 1 < argc ? argv[word + 1] : NULL;

		wish = sluice_order_word(argv[word], next);
		if (wish < 0)
			return false;
		if (wish > 0) {
			word++;
		} else if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			request->as_json = true;
		} else if (!strcmp(argv[word], "--dry-run")) {
			request->is_dry = true;
		} else if (!strcmp(argv[word], "--no-wait")) {
			request->no_wait = true;
		} else if (!strcmp(argv[word], "--if-revision")) {
			if (!next || sluice_number_parse(next, &request->if_revision) ||
			    !request->if_revision)
				return false;
			word++;
		} else if (!strcmp(argv[word], "--confirm-within")) {
			request->within = sluice_order_within(next);
			if (!request->within)
				return false;
			word++;
		} else if (argv[word][0] == '-' || request->file) {
			return false;
		} else {
			request->file = argv[word];
		}
	}
	return request->file != NULL;
}

/* Is it what runs already? */
static bool is_same(const struct sluice_running *running, const struct sluice_order *order)
{
	return running->text.length == order->length &&
	       !memcmp(running->text.bytes, order->text, order->length) &&
	       !strcmp(running->name, order->name);
}

/* Says which changes of pieces, that are in no file, it will undo. 0 or a negative errno, having
 * said why. */
static int warn(struct sluice_netlink *netlink, const struct sluice_running *running)
{
	struct sluice_runtime_changes changes;
	size_t number;
	int error;

	if (!running->is_runtime)
		return 0;
	error = sluice_runtime_changes_read(netlink, &changes);
	if (!error)
		fputs("sluicectl: this undoes what was changed while sluiced runs:\n", stderr);
	for (number = 0; number < changes.count && !error; number++)
		fprintf(stderr, "sluicectl: revision %" PRIu64 ", by user %u: %s\n",
			changes.list[number].revision, changes.list[number].uid,
			changes.list[number].how);
	sluice_runtime_changes_free(&changes);
	return error;
}

/* Sends it, or tells what it would change. Returns the exit status, having said what went wrong. */
static int send_order(const struct request *request, const struct sluice_order *order)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	struct sluice_running running = {0};
	int status = SLUICE_CTL_REFUSED, error;
	struct sluice_change_result outcome = {.is_dry = request->is_dry};

	if (!netlink)
		return status;
	if (sluice_running_get(netlink, 0, &running) || warn(netlink, &running))
		goto out;
	if (!request->is_dry) {
		error = sluice_running_apply(netlink, order, &outcome.is_accepted);
		if (error) {
			sluice_daemon_complain(netlink, error);
			goto out;
		}
	}
	/* The same once more is no other revision. */
	outcome.revision = running.revision +
			   (!request->is_dry && !outcome.is_accepted && !is_same(&running, order));
	if (!sluice_ctl_compare(&running, order->text, order->length, &outcome, request->as_json))
		status = SLUICE_CTL_OK;
out:
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	return status;
}

int sluice_ctl_apply(int argc, char **argv)
{
	const enum sluice_host_view *view = sluice_daemon_view();
	struct sluice_findings findings;
	char *text = NULL, *name;
	int status;
	struct sluice_order order = {.words = argv, .word_count = (size_t)argc};
	struct request request;
	size_t length;

	if (!read_request(argc, argv, &request)) {
		fputs("usage: sluicectl apply FILE [--adopt OLD=NEW]... [--drop OLD]... "
		      "[--dry-run] [--no-wait] [--if-revision N] [--confirm-within 60s]\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	/* What can be found out here need not trouble the daemon; it checks all the same. */
	if (!sluice_config_read(request.file, &text, &length, &findings))
		sluice_ctl_check_text(request.file, text, length, view, &findings);
	status = sluice_ctl_print_findings(request.as_json ? stderr : stdout, request.file,
					   &findings) &&
				 text
			 ? SLUICE_CTL_OK
			 : SLUICE_CTL_FINDINGS;
	sluice_findings_free(&findings);
	if (status == SLUICE_CTL_OK) {
		/* The daemon says which file is in force: a path that means the same to everybody.
		 */
		name = realpath(request.file, NULL);
		order.name = name ? name : request.file;
		order.text = text;
		order.length = length;
		order.if_revision = request.if_revision;
		order.within = request.within;
		order.no_wait = request.no_wait;
		status = send_order(&request, &order);
		free(name);
	}
	free(text);
	return status;
}
