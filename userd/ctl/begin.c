// SPDX-License-Identifier: MIT
/*
 * `sluicectl begin`, `commit` and `abort`: several changes that come into force together or not at
 * all. Touches: a file beside the daemon's socket, a netlink socket, stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "change.h"
#include "command.h"
#include "diff.h"
#include "transaction.h"

int sluice_ctl_begin(int argc, char **argv)
{
	struct sluice_transaction transaction = {0};
	struct sluice_running running = {0};
	struct sluice_netlink *netlink;
	char nothing[1] = "";
	int error;

	(void)argv;
	if (argc > 1) {
		fputs("usage: sluicectl begin\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	error = sluice_transaction_load(&transaction);
	if (!error)
		fprintf(stderr,
			"sluicectl: one has begun already, at revision %" PRIu64 " (%s); end it by "
			"`sluicectl commit` or `sluicectl abort`\n",
			transaction.revision,
			transaction.how[0] ? transaction.how : "nothing changed yet");
	sluice_transaction_free(&transaction);
	netlink = error == -ENOENT ? sluice_daemon_connect() : NULL;
	if (!netlink)
		return SLUICE_CTL_REFUSED;
	error = sluice_running_get(netlink, 0, &running);
	if (!error) {
		/* What it holds is lent by `running`. */
		transaction.text = running.text;
		transaction.revision = running.revision;
		transaction.since = running.time_ns;
		transaction.begun = (uint64_t)time(NULL);
		transaction.name = running.name;
		transaction.how = nothing;
		error = sluice_transaction_store(&transaction);
	}
	if (!error)
		printf("begun at revision %" PRIu64 ": changes wait for `sluicectl commit`\n",
		       running.revision);
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

/* Says that there is nothing to end. Returns the exit status. */
static int say_none(void)
{
	fputs("sluicectl: nothing has begun: `sluicectl begin` does\n", stderr);
	return SLUICE_CTL_REFUSED;
}

/* Checks what was gathered, as the daemon will. Returns the exit status. */
static int check(const struct sluice_transaction *transaction)
{
	int status = sluice_change_check(transaction->name, &transaction->text);

	if (status)
		fputs("sluicectl: nothing is changed; mend it and commit again, or abort\n",
		      stderr);
	return status;
}

/* Gives it to the daemon, or shows what it would change. Returns the exit status. */
static int give(const struct sluice_change *change, const struct sluice_transaction *transaction,
		struct sluice_netlink *netlink)
{
	struct sluice_order order = {.name = transaction->name,
				     .text = transaction->text.bytes,
				     .length = transaction->text.length,
				     .how = transaction->how,
				     .if_revision = transaction->revision,
				     .within = change->within,
				     .no_wait = change->no_wait,
				     .words = (char **)(uintptr_t)change->wishes,
				     .word_count = change->wish_count};
	struct sluice_change_result outcome = {.is_dry = change->is_dry};
	struct sluice_running running = {0};
	int status = SLUICE_CTL_REFUSED, error;

	if (sluice_running_get(netlink, 0, &running))
		goto free;
	if (!sluice_transaction_holds(transaction, &running))
		goto free;
	if (!change->is_dry && transaction->how[0]) {
		error = sluice_running_apply(netlink, &order, &outcome.is_accepted);
		if (error) {
			sluice_daemon_complain(netlink, error);
			goto free;
		}
		running.revision += !outcome.is_accepted;
	}
	outcome.revision = running.revision;
	if (!sluice_ctl_compare(&running, order.text, order.length, &outcome, change->as_json))
		status = SLUICE_CTL_OK;
free:
	sluice_running_free(&running);
	return status;
}

int sluice_ctl_commit(int argc, char **argv)
{
	struct sluice_transaction transaction;
	struct sluice_netlink *netlink = NULL;
	struct sluice_change change = {0};
	int status, error;

	if (!sluice_change_options(&change, argc, argv) || change.argc > 1 || change.if_revision) {
		fputs("usage: sluicectl commit [--dry-run] [--confirm-within TIME] [--no-wait] "
		      "[--adopt "
		      "OLD=NEW]... [--drop OLD]... [-j]\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	error = sluice_transaction_load(&transaction);
	status = error ? SLUICE_CTL_REFUSED : check(&transaction);
	if (error == -ENOENT)
		status = say_none();
	if (status == SLUICE_CTL_OK)
		netlink = sluice_daemon_connect();
	if (status == SLUICE_CTL_OK)
		status = netlink ? give(&change, &transaction, netlink) : SLUICE_CTL_REFUSED;
	if (status == SLUICE_CTL_OK && !change.is_dry && sluice_transaction_remove())
		status = SLUICE_CTL_REFUSED;
	sluice_netlink_close(netlink);
	sluice_transaction_free(&transaction);
	return status;
}

int sluice_ctl_abort(int argc, char **argv)
{
	int error;

	(void)argv;
	if (argc > 1) {
		fputs("usage: sluicectl abort\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	error = sluice_transaction_remove();
	if (error == -ENOENT)
		return say_none();
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}
