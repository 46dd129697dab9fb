// SPDX-License-Identifier: MIT
/*
 * Changing one piece of what runs; see change.h. Touches: a netlink socket, stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "command.h"
#include "daemon.h"
#include "running.h"
#include "size.h"
#include "transaction.h"

/* How often it is tried when others change the configuration at the same time. */
#define ATTEMPTS 10

bool sluice_change_options(struct sluice_change *change, int argc, char **argv)
{
	int word, kept = 0, wish;

	change->argv = argv;
	for (word = 0; word < argc; word++) {
		const char *next = word + 1 < argc ? argv[word + 1] : NULL;

		wish = sluice_order_word(argv[word], next);
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			change->as_json = true;
		} else if (!strcmp(argv[word], "--dry-run")) {
			change->is_dry = true;
		} else if (!strcmp(argv[word], "--no-wait")) {
			change->no_wait = true;
		} else if (!strcmp(argv[word], "--if-revision")) {
			if (!next || sluice_number_parse(next, &change->if_revision) ||
			    !change->if_revision) {
				fputs("sluicectl: --if-revision needs the number of a revision, "
				      "from 1: `sluicectl history` lists them\n",
				      stderr);
				return false;
			}
			word++;
		} else if (!strcmp(argv[word], "--confirm-within")) {
			change->within = sluice_order_within(next);
			if (!change->within)
				return false;
			word++;
		} else if (wish > 0 && change->wish_count + 2 <=
					       sizeof(change->wishes) / sizeof(change->wishes[0])) {
			change->wishes[change->wish_count++] = argv[word++];
			change->wishes[change->wish_count++] = argv[word];
		} else if (argv[word][0] == '-' && argv[word][1] == '-') {
			fprintf(stderr, "sluicectl: %s %s\n", argv[word],
				wish ? "needs a value: --adopt OLD=NEW, --drop OLD"
				     : "is no option of this command");
			return false;
		} else {
			argv[kept++] = argv[word];
		}
	}
	change->argc = kept;
	return true;
}

/* The command line as one text: what the history says of the change. NULL: no memory. @owner
 * caller */
static char *say_how(const struct sluice_change *change)
{
	char *text = NULL;
	size_t length;
	int word;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	for (word = 0; word < change->argc; word++)
		fprintf(stream, "%s%s", word ? " " : "", change->argv[word]);
	if (!fclose(stream))
		return text;
	free(text);
	return NULL;
}

void sluice_change_complain(const struct sluice_findings *findings)
{
	size_t number;

	for (number = 0; number < findings->count; number++)
		if (findings->list[number].severity == SLUICE_FINDING_ERROR)
			fprintf(stderr, "sluicectl: %s\n", findings->list[number].text);
}

int sluice_change_check(const char *name, const struct sluice_config_text *text)
{
	const enum sluice_host_view *view = sluice_daemon_view();
	struct sluice_findings findings;
	int status = SLUICE_CTL_OK;

	if (sluice_ctl_check_text(name, text->bytes, text->length, view, &findings) ||
	    findings.error_count)
		status = SLUICE_CTL_FINDINGS;
	sluice_change_complain(&findings);
	sluice_findings_free(&findings);
	return status;
}

/* One attempt, and what it needs. */
struct attempt {
	const struct sluice_change *change;
	struct sluice_netlink *netlink;
	struct sluice_running running;
	struct sluice_pieces before, after;
	struct sluice_difference *list;
	size_t count;
};

/* Frees what an attempt has but the connection. */
static void attempt_free(struct attempt *attempt)
{
	sluice_running_free(&attempt->running);
	sluice_pieces_free(&attempt->before);
	sluice_pieces_free(&attempt->after);
	free(attempt->list);
	attempt->list = NULL;
}

/* Gives what was edited to the daemon. 0, -ESTALE without a word, or another negative errno, having
 * said why. */
static int give(struct attempt *attempt, bool *accepted)
{
	const struct sluice_change *change = attempt->change;
	struct sluice_order order = {.name = attempt->running.name,
				     .text = attempt->running.text.bytes,
				     .length = attempt->running.text.length,
				     .if_revision = change->if_revision ? change->if_revision
									: attempt->running.revision,
				     .within = change->within,
				     .no_wait = change->no_wait,
				     .words = (char **)(uintptr_t)change->wishes,
				     .word_count = change->wish_count};
	char *how = say_how(change);
	int error = -ENOMEM;

	order.how = how;
	if (how)
		error = sluice_running_apply(attempt->netlink, &order, accepted);
	if (error && (error != -ESTALE || change->if_revision))
		sluice_daemon_complain(attempt->netlink, error);
	free(how);
	return error;
}

/* Edits a text, and compares it with what it was. Returns the exit status, having said what is
 * wrong. */
static int edit(struct attempt *attempt, struct sluice_config_text *text)
{
	char *error = NULL;
	int result = sluice_pieces_read(text->bytes, text->length, &attempt->before, &error);

	if (!result)
		result = attempt->change->edit(attempt->change, text, &error);
	if (!result)
		result = sluice_pieces_read(text->bytes, text->length, &attempt->after, &error);
	if (!result)
		result = sluice_pieces_compare(&attempt->before, &attempt->after, &attempt->list,
					       &attempt->count);
	if (result)
		fprintf(stderr, "sluicectl: %s\n", error ? error : strerror(-result));
	free(error);
	return result ? SLUICE_CTL_FINDINGS : SLUICE_CTL_OK;
}

/* Fetches, edits, checks, compares and gives. Returns the exit status, or -ESTALE: once more. */
static int try_once(struct attempt *attempt)
{
	const struct sluice_change *change = attempt->change;
	struct sluice_running *running = &attempt->running;
	struct sluice_change_result result = {.is_dry = change->is_dry};
	int status;

	if (sluice_running_get(attempt->netlink, 0, running))
		return SLUICE_CTL_REFUSED;
	status = edit(attempt, &running->text);
	if (status)
		return status;
	status = sluice_change_check(running->name, &running->text);
	if (status)
		return status;
	result.list = attempt->list;
	result.count = attempt->count;
	result.revision = running->revision;
	if (attempt->count && !change->is_dry) {
		status = give(attempt, &result.is_accepted);
		if (status)
			return status == -ESTALE && !change->if_revision ? status
									 : SLUICE_CTL_REFUSED;
		result.revision += !result.is_accepted;
	}
	return sluice_change_print(&result, change->as_json) ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

/* Notes in words what was changed beside what was before. 0 or -ENOMEM. */
static int note(struct sluice_transaction *transaction, const struct sluice_change *change)
{
	char *how = say_how(change), *all = NULL;
	int length = -1;

	if (how)
		length = asprintf(&all, "%s%s%s", transaction->how, transaction->how[0] ? "; " : "",
				  how);
	free(how);
	if (length < 0)
		return -ENOMEM;
	free(transaction->how);
	transaction->how = all;
	return 0;
}

/* Changes what waits for `commit`. What is not right yet may become so by the next change, so it is
 * said and kept. Returns the exit status. */
static int put_aside(struct attempt *attempt, struct sluice_transaction *transaction)
{
	const struct sluice_change *change = attempt->change;
	struct sluice_change_result result = {.is_dry = change->is_dry, .waits = !change->is_dry};
	int status;

	if (sluice_running_get(attempt->netlink, 0, &attempt->running) ||
	    !sluice_transaction_holds(transaction, &attempt->running))
		return SLUICE_CTL_REFUSED;

	if (change->if_revision || change->within || change->no_wait || change->wish_count) {
		fputs("sluicectl: a transaction has begun: --if-revision, --confirm-within, "
		      "--no-wait, --adopt and --drop are for `sluicectl commit`\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	status = edit(attempt, &transaction->text);
	if (status)
		return status;
	if (sluice_change_check(transaction->name, &transaction->text))
		fputs("sluicectl: so it could not be committed yet\n", stderr);
	result.list = attempt->list;
	result.count = attempt->count;
	result.revision = transaction->revision;
	if (attempt->count && !change->is_dry &&
	    (note(transaction, change) || sluice_transaction_store(transaction)))
		return SLUICE_CTL_REFUSED;
	return sluice_change_print(&result, change->as_json) ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

int sluice_change_make(const struct sluice_change *change)
{
	struct attempt attempt = {.change = change, .netlink = sluice_daemon_connect()};
	struct sluice_transaction transaction = {0};
	int status = -ESTALE, number, error;

	if (!attempt.netlink)
		return SLUICE_CTL_REFUSED;
	error = sluice_transaction_load(&transaction);
	if (error && error != -ENOENT)
		status = SLUICE_CTL_REFUSED;
	for (number = 0; number < ATTEMPTS && status == -ESTALE; number++) {
		status = error ? try_once(&attempt) : put_aside(&attempt, &transaction);
		attempt_free(&attempt);
	}
	sluice_transaction_free(&transaction);
	sluice_netlink_close(attempt.netlink);
	if (status != -ESTALE)
		return status;
	fputs("sluicectl: others change the configuration all the time; nothing was done\n",
	      stderr);
	return SLUICE_CTL_REFUSED;
}
