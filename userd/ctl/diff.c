// SPDX-License-Identifier: MIT
/*
 * `sluicectl diff FILE`: what applying a file would change of what runs. Touches: the file, a
 * netlink socket, stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "command.h"
#include "daemon.h"
#include "diff.h"

int sluice_ctl_compare(const struct sluice_running *running, const char *text, size_t length,
		       const struct sluice_change_result *outcome, bool as_json)
{
	struct sluice_change_result result = *outcome;
	struct sluice_difference *list = NULL;
	struct sluice_pieces before, after;
	char *why = NULL;
	int error = sluice_pieces_read(running->text.bytes, running->text.length, &before, &why);

	memset(&after, 0, sizeof(after));
	if (!error)
		error = sluice_pieces_read(text, length, &after, &why);
	if (!error)
		error = sluice_pieces_compare(&before, &after, &list, &result.count);
	result.list = list;
	if (!error)
		error = sluice_change_print(&result, as_json);
	else
		fprintf(stderr, "sluicectl: %s\n", why ? why : strerror(-error));
	free(why);
	free(list);
	sluice_pieces_free(&before);
	sluice_pieces_free(&after);
	return error;
}

int sluice_ctl_diff(int argc, char **argv)
{
	const enum sluice_host_view *view = sluice_daemon_view();
	struct sluice_netlink *netlink = NULL;
	struct sluice_findings findings;
	struct sluice_running running = {0};
	int word, status = SLUICE_CTL_FINDINGS;
	const char *file = NULL;
	bool as_json = false;
	struct sluice_change_result outcome = {.is_dry = true};
	char *text = NULL;
	size_t length;

	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			as_json = true;
		} else if (argv[word][0] != '-' && !file) {
			file = argv[word];
		} else {
			file = NULL;
			break;
		}
	}
	if (!file) {
		fputs("usage: sluicectl diff FILE [-j]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	if (!sluice_config_read(file, &text, &length, &findings))
		sluice_ctl_check_text(file, text, length, view, &findings);
	if (!text || findings.error_count) {
		(void)sluice_ctl_print_findings(as_json ? stderr : stdout, file, &findings);
		goto out;
	}
	status = SLUICE_CTL_REFUSED;
	netlink = sluice_daemon_connect();
	if (netlink && !sluice_running_get(netlink, 0, &running)) {
		outcome.revision = running.revision;
		if (!sluice_ctl_compare(&running, text, length, &outcome, as_json))
			status = SLUICE_CTL_OK;
	}
out:
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	sluice_findings_free(&findings);
	free(text);
	return status;
}
