// SPDX-License-Identifier: MIT
/*
 * Does another sluiced have what this configuration needs for itself: the relay's name in this
 * network namespace, the store? By the claims that daemons make (claim.h), so that a check and a
 * start say the same. Touches: reads claims.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "claim.h"
#include "host.h"
#include "suggest.h"

/* Is it the daemon of this very file, about which a tool asks? Or ourselves? */
static bool is_ours(const struct sluice_claim_note *note, const struct sluice_config *config,
		    enum sluice_host_view view)
{
	char *one, *other;
	bool result;

	if (note->pid == getpid())
		return true;
	if (view != SLUICE_HOST_FILE || !config->path)
		return false;
	one = realpath(note->file, NULL);
	other = realpath(config->path, NULL);
	result = one && other && !strcmp(one, other);
	free(one);
	free(other);
	return result;
}

/* Does somebody work as this relay? */
static void check_relay(const struct sluice_config *config, enum sluice_host_view view,
			struct sluice_findings *findings)
{
	char path[SLUICE_CLAIM_PATH], text[SLUICE_CLAIM_TEXT], quoted[SLUICE_QUOTE_TEXT];
	struct sluice_claim_note note;

	if (!config->relay || sluice_claim_path(path, SLUICE_CLAIM_RELAY, config->relay, text) ||
	    sluice_claim_look(path, &note) || is_ours(&note, config, view))
		return;
	sluice_findings_add(findings, SLUICE_FINDING_ERROR, NULL,
			    "relay: another sluiced, process %d with %s, works as relay %s in this "
			    "network namespace: end it, give one of them another name, or start "
			    "this one with `--standby`, to take over when that one ends",
			    (int)note.pid, note.file[0] ? note.file : "another file",
			    sluice_quote(config->relay, quoted));
}

/* Is it somebody's store? */
static void check_store(const struct sluice_config *config, enum sluice_host_view view,
			struct sluice_findings *findings)
{
	char path[SLUICE_CLAIM_PATH], text[SLUICE_CLAIM_TEXT], quoted[SLUICE_QUOTE_TEXT];
	struct sluice_claim_note note;

	if (!config->store.disk_path || sluice_claim_place(path, config->store.disk_path, text) ||
	    sluice_claim_look(path, &note) || is_ours(&note, config, view))
		return;
	sluice_findings_add(
		findings, SLUICE_FINDING_ERROR, &config->store.disk_path_place,
		"store.disk.path: another sluiced, process %d as relay %s, has its store "
		"there: give each a directory of its own",
		(int)note.pid, sluice_quote(note.relay, quoted));
}

void sluice_host_check_claims(const struct sluice_config *config, enum sluice_host_view view,
			      struct sluice_findings *findings)
{
	/* One that runs claims what a change brings, when it comes to it. */
	if (view == SLUICE_HOST_LIVE)
		return;
	check_relay(config, view, findings);
	check_store(config, view, findings);
}
