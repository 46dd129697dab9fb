// SPDX-License-Identifier: MIT
/*
 * `sluicectl history`: the configurations that were in force, and `sluicectl rollback N`: one of
 * them again. Touches: a netlink socket, stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/check.h"
#include "change.h"
#include "command.h"
#include "daemon.h"
#include "diff.h"
#include "origin.h"
#include "print.h"
#include "running.h"
#include "size.h"

/* One of REVISION_GET; the context is a JSON array. 0 or -ENOMEM. */
static int take(struct nlattr **attributes, void *context)
{
	const struct nlattr *runtime = attributes[SLUICE_A_CONFIG_RUNTIME];
	char when[32];
	json_t *object = json_pack(
		"{s:I, s:s, s:I, s:s, s:b, s:s}", "revision",
		(json_int_t)sluice_attribute_u64(attributes[SLUICE_A_CONFIG_REVISION]), "since",
		sluice_origin_time(sluice_attribute_u64(attributes[SLUICE_A_CONFIG_TIME]), when),
		"uid", (json_int_t)sluice_attribute_u32(attributes[SLUICE_A_CONFIG_UID]), "how",
		sluice_attribute_string(attributes[SLUICE_A_CONFIG_HOW]), "runtime",
		runtime && nla_get_u8(runtime), "file",
		sluice_attribute_string(attributes[SLUICE_A_CONFIG_NAME]));

	return object && !json_array_append_new(context, object) ? 0 : -ENOMEM;
}

int sluice_ctl_history(int argc, char **argv)
{
	static const struct sluice_print_column columns[] = {
		{"revision", "REVISION"}, {"since", "SINCE"}, {"uid", "USER"},
		{"file", "FILE"},	  {"how", "HOW"},
	};
	bool as_json = argc == 2 && (!strcmp(argv[1], "-j") || !strcmp(argv[1], "--json"));
	struct sluice_netlink *netlink;
	json_t *list;
	int error;

	if (argc > 1 && !as_json) {
		fputs("usage: sluicectl history [-j]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	netlink = sluice_daemon_connect();
	if (!netlink)
		return SLUICE_CTL_REFUSED;
	list = json_array();
	error = sluice_daemon_dump(netlink, SLUICE_CMD_REVISION_GET, take, list);
	if (!error)
		error = sluice_print(list, as_json, columns, sizeof(columns) / sizeof(columns[0]));
	json_decref(list);
	sluice_netlink_close(netlink);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

/* Checks and applies revision `wanted` in the place of the one in force. Returns the exit status,
 * having said what went wrong. */
static int go_back(struct sluice_netlink *netlink, const struct sluice_change *change,
		   const struct sluice_running *now, const struct sluice_running *wanted)
{
	const enum sluice_host_view *view = sluice_daemon_view();
	struct sluice_findings findings;
	struct sluice_order order = {.name = wanted->name,
				     .text = wanted->text.bytes,
				     .length = wanted->text.length,
				     .if_revision = change->if_revision ? change->if_revision
									: now->revision,
				     .within = change->within,
				     .words = (char **)(uintptr_t)change->wishes,
				     .word_count = change->wish_count};
	bool is_same = now->text.length == order.length &&
		       !memcmp(now->text.bytes, order.text, order.length);
	int error = sluice_ctl_check_text(order.name, order.text, order.length, view, &findings);
	struct sluice_change_result outcome = {.is_dry = change->is_dry};
	char how[64];

	sluice_change_complain(&findings);
	error = error || findings.error_count;
	sluice_findings_free(&findings);
	if (error)
		return SLUICE_CTL_FINDINGS;
	snprintf(how, sizeof(how), "rollback %" PRIu64, wanted->revision);
	order.how = how;
	if (!change->is_dry && !is_same) {
		error = sluice_running_apply(netlink, &order, &outcome.is_accepted);
		if (error) {
			sluice_daemon_complain(netlink, error);
			return SLUICE_CTL_REFUSED;
		}
	}
	outcome.revision = now->revision + (!change->is_dry && !is_same && !outcome.is_accepted);
	return sluice_ctl_compare(now, order.text, order.length, &outcome, change->as_json)
		       ? SLUICE_CTL_REFUSED
		       : SLUICE_CTL_OK;
}

int sluice_ctl_rollback(int argc, char **argv)
{
	struct sluice_running now = {0}, wanted = {0};
	struct sluice_change change = {0};
	struct sluice_netlink *netlink;
	int status = SLUICE_CTL_REFUSED;
	uint64_t number;

	if (!sluice_change_options(&change, argc, argv))
		return SLUICE_CTL_USAGE;
	if (change.argc != 2 || sluice_number_parse(change.argv[1], &number) || !number) {
		fputs("usage: sluicectl rollback REVISION [--adopt OLD=NEW] [--drop OLD] "
		      "[--dry-run] [--no-wait] [--if-revision N] [-j]\n       `sluicectl history` "
		      "lists the "
		      "revisions\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	netlink = sluice_daemon_connect();
	if (!netlink)
		return status;
	if (!sluice_running_get(netlink, 0, &now) && !sluice_running_get(netlink, number, &wanted))
		status = go_back(netlink, &change, &now, &wanted);
	sluice_running_free(&now);
	sluice_running_free(&wanted);
	sluice_netlink_close(netlink);
	return status;
}
