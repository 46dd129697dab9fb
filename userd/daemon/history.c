// SPDX-License-Identifier: MIT
/*
 * The daemon's history; see history.h. Touches: the state directory, the log.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../config/sentence.h"
#include "../lib/event.h"
#include "../lib/log.h"
#include "control/revisions_file.h"
#include "history.h"

void sluice_history_open(struct daemon *daemon, const struct sluice_config *config)
{
	char how[] = "start";
	const struct sluice_revision first = {.uid = getuid(),
					      .how = how,
					      .name = config->path,
					      .text = config->text,
					      .length = config->text_length};
	int error;

	daemon->history = sluice_revisions_folder(config->relay);
	if (!daemon->history)
		return;
	error = sluice_revisions_load(daemon->history, &daemon->revisions);
	if (error && error != -ENOENT)
		sluice_warning_about(
			SLUICE_ABOUT(.path = daemon->history, .error = strerrorname_np(-error)),
			"earlier configurations in %s cannot be read: %s", daemon->history,
			strerror(-error));
	sluice_history_store(daemon, &first);
}

void sluice_history_close(struct daemon *daemon)
{
	sluice_revisions_free(&daemon->revisions);
	free(daemon->history);
	daemon->history = NULL;
}

int sluice_history_check(const struct daemon *daemon, uint64_t wanted, char **error)
{
	const struct sluice_revision *newest = sluice_revisions_newest(&daemon->revisions);

	if (!wanted || (newest && newest->number == wanted))
		return 0;
	sluice_say(error,
		   "revision %" PRIu64 " is in force (%s, by user %u), not %" PRIu64
		   ": look at it with `sluicectl history`, then ask again",
		   newest ? newest->number : 0, newest ? newest->how : "?",
		   newest ? (unsigned int)newest->uid : 0, wanted);
	return -ESTALE;
}

void sluice_history_store(const struct daemon *daemon, const struct sluice_revision *revision)
{
	struct sluice_revision next = *revision;
	int error;

	if (!daemon->history || !sluice_revisions_is_next(&daemon->revisions, &next))
		return;
	error = sluice_revisions_store(daemon->history, &next);
	if (error)
		sluice_warning_about(
			SLUICE_ABOUT(.revision = SLUICE_NUMBER(next.number),
				     .path = daemon->history, .error = strerrorname_np(-error)),
			"revision %" PRIu64 " of the configuration is not kept in %s: %s",
			next.number, daemon->history, strerror(-error));
}

bool sluice_history_forbids_reload(const struct daemon *daemon)
{
	size_t changes = sluice_revisions_changes(&daemon->revisions);
	bool is_one = changes == 1;

	if (!changes)
		return false;
	sluice_warning("SIGHUP: %zu change%s made while it runs %s in force; %s is not read again, "
		       "because that would undo %s: `sluicectl apply %s` does, `sluicectl save` "
		       "keeps %s",
		       changes, is_one ? "" : "s", is_one ? "is" : "are", daemon->path,
		       is_one ? "it" : "them", daemon->path, is_one ? "it" : "them");
	return true;
}

void sluice_history_tell(const struct daemon *daemon, const char *how, uid_t uid, const char *error)
{
	const struct sluice_revision *newest = sluice_revisions_newest(&daemon->revisions);
	char text[1024];

	if (error)
		snprintf(text, sizeof(text), "%s, by user %u: %s; the configuration in force stays",
			 how, (unsigned int)uid, error);
	else
		snprintf(text, sizeof(text), "%s, by user %u: revision %" PRIu64 " is in force",
			 how, (unsigned int)uid, newest ? newest->number : 0);
	sluice_event_send(error ? SLUICE_EVENT_CONFIG_FAILED : SLUICE_EVENT_CONFIG, "",
			  daemon->config_name ? daemon->config_name : "", text);
}
