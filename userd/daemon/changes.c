// SPDX-License-Identifier: MIT
/*
 * The configurations of a running daemon: read again, applied, shown; see daemon.h. The foreman
 * changes the engine, so that signals and the control plane are answered meanwhile. Touches: the
 * log's target, the engine by way of the foreman.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../lib/log.h"
#include "../lib/service.h"
#include "access.h"
#include "confirm.h"
#include "control/wishes.h"
#include "daemon.h"
#include "history.h"
#include "picture.h"
#include "source/source.h"
#include "succession.h"

/* How long the control thread waits at most for another job's end. */
#define TURN_MS 80U
/* Likewise where that is a change, or a take-over: whoever asks for another is told at once, and
 * sluicectl tries again for a while. */
#define BUSY_MS 20U
/* Likewise for a change; one that takes longer is answered when it is done, so that others are
 * answered meanwhile. */
#define CHANGE_MS 50U
/* A change, which itself waits 2 s for a worker to answer, is not waited for any longer when a
 * worker has not answered for so long. */
#define SILENCE_NS (2500 * SLUICE_NS_PER_MS)
/* Then the answer is that it was accepted; it goes on. */
#define ANSWER_NS (10 * SLUICE_NS_PER_S)

/* A change of configuration under way. */
struct sluice_change {
	struct sluice_job job;
	struct daemon *daemon;
	struct sluice_config *config; /* ours unless it succeeds */
	char *name;
	struct sluice_wishes wishes; /* @owner the change */
	char *how;		     /* one piece was changed, so; NULL: a file is taken whole */
	uid_t uid;		     /* who wants it */
	bool is_whole;		     /* he may do all that we may */
	uint32_t within;	     /* seconds for which, unless it is confirmed; 0: for good */
	bool is_runtime;	     /* it is in no file */
	bool is_reload;		     /* SIGHUP; else the control plane's */
	bool is_awaited;	     /* call_apply() waits for it */
	bool is_deferred;	     /* the control plane was told to answer later */
	uint64_t began;
	char *error;
	int result;
};

/* Logs a text of several lines, a line each. */
static void log_lines(int level, const char *text)
{
	size_t length;

	for (; text && *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		SLUICE_LOG(level, NULL, "%.*s", (int)length, text);
	}
}

/* How a change came about. */
static const char *how_of(const struct sluice_change *change)
{
	return change->how ? change->how : change->is_reload ? "reload" : "apply";
}

/* Why the foreman has no time. @owner caller: free() */
static char *call_explain(void *context)
{
	const struct daemon *daemon = context;
	char text[SLUICE_SILENCE_TEXT], hang[SLUICE_WATCHDOG_TEXT], *sentence;

	if (sluice_engine_silence(daemon->engine, text))
		return strdup(text);
	if (sluice_watchdog_text(daemon->watchdog, hang))
		return strdup(hang);
	if (asprintf(&sentence, "sluiced is busy with %s; try again",
		     daemon->stopping  ? "stopping"
		     : daemon->handing ? "a take-over by another process"
		     : daemon->change  ? "a change of the configuration"
				       : "another answer") < 0)
		return NULL;
	return sentence;
}

/* struct sluice_job.work: in the foreman's thread. */
static void work_change(struct sluice_job *job)
{
	struct sluice_change *change = (struct sluice_change *)job;

	const struct sluice_revision revision = sluice_daemon_revision_of(
		change->config, how_of(change), change->is_runtime, change->uid);

	sluice_picture_note(change->daemon->engine);
	change->result = sluice_engine_apply(change->daemon->engine, change->config,
					     &change->wishes, &change->error);
	/* Not in the control thread: it may wait for the disk. */
	if (!change->result)
		sluice_history_store(change->daemon, &revision);
}

/* Tells the log and whoever asked what became of a change. */
static void tell_change(struct sluice_change *change)
{
	const struct daemon *daemon = change->daemon;
	const struct sluice_revision *newest = sluice_revisions_newest(&daemon->revisions);
	const struct sluice_log_number revision = {newest != NULL, newest ? newest->number : 0};

	if (change->result)
		sluice_error("%s; the configuration in force stays",
			     change->error ? change->error : "out of memory");
	else if (change->is_reload)
		sluice_notice_about(SLUICE_ABOUT(.path = change->name, .revision = revision),
				    "%s was read again and is in force", change->name);
	else if (change->how)
		sluice_notice_about(SLUICE_ABOUT(.path = change->name,
						 .user = SLUICE_NUMBER(change->uid),
						 .revision = revision),
				    "%s: in force, by user %u; %s is as it was", change->how,
				    (unsigned int)change->uid, change->name);
	else
		sluice_notice_about(SLUICE_ABOUT(.path = change->name,
						 .user = SLUICE_NUMBER(change->uid),
						 .revision = revision),
				    "%s was applied and is in force", change->name);
	if (change->is_deferred)
		sluice_control_answer_apply(daemon->control, change->result, change->error);
	if (change->is_reload)
		(void)sluice_service_say("READY=1");
}

/* Frees a change that is over. */
static void change_free(struct sluice_change *change)
{
	change->daemon->change = NULL;
	sluice_wishes_free(&change->wishes);
	free(change->error);
	free(change->name);
	free(change->how);
	free(change);
}

/* The first file that is applied to a daemon without one becomes its own, to be read on SIGHUP: if
 * whoever applied it may do all that we may, because we take everything from it then. */
static void adopt_file(const struct sluice_change *change)
{
	struct daemon *daemon = change->daemon;
	char *path;

	if (!daemon->is_direct || !daemon->config_name || daemon->config_name[0] != '/' ||
	    !change->is_whole)
		return;
	path = strdup(daemon->config_name);
	if (!path)
		return;
	free(daemon->path);
	daemon->path = path;
	daemon->is_direct = false;
}

/* struct sluice_job.done: in the control thread. */
static void done_change(struct sluice_job *job)
{
	struct sluice_change *change = (struct sluice_change *)job;
	struct daemon *daemon = change->daemon;

	if (change->result) {
		/* It could be opened before. */
		(void)sluice_daemon_open_log(daemon, sluice_engine_config(daemon->engine));
		sluice_doors_cancel(daemon->doors);
		sluice_forwards_cancel(daemon->forwards);
		sluice_succession_renamed(daemon, false);
		sluice_config_free(change->config);
	} else {
		sluice_doors_commit(daemon->doors);
		sluice_forwards_commit(daemon->forwards);
		sluice_confirm_await(daemon, change->within);
		sluice_daemon_note_config(daemon, how_of(change), change->is_runtime, change->uid);
		adopt_file(change);
		/* It may wait for something. */
		sluice_links_look(&daemon->links);
		sluice_succession_renamed(daemon, true);
		sluice_succession_renew(daemon);
	}
	sluice_history_tell(daemon, how_of(change), change->uid,
			    change->result && !change->error ? "out of memory" : change->error);
	tell_change(change);
	if (!change->is_awaited)
		change_free(change);
}

int sluice_daemon_begin_change(struct daemon *daemon, struct sluice_config *config,
			       const struct sluice_control_apply *wanted, char **error)
{
	struct sluice_change *change = calloc(1, sizeof(*change));
	int result = -ENOMEM;

	if (!change)
		goto free;
	change->name = strdup(wanted->name);
	change->how = wanted->how ? strdup(wanted->how) : NULL;
	change->uid = wanted->uid;
	change->is_whole = sluice_access_is_whole(wanted);
	change->within = wanted->within;
	change->is_runtime = wanted->is_runtime;
	if (!change->name || (wanted->how && !change->how) ||
	    sluice_wishes_copy(&change->wishes, wanted->wishes))
		goto free;
	result = -EALREADY;
	if (!sluice_foreman_collect(daemon->foreman,
				    daemon->change || daemon->handing ? BUSY_MS : TURN_MS)) {
		*error = call_explain(daemon);
		goto free;
	}
	result = sluice_access_check(sluice_engine_config(daemon->engine), config, wanted, error);
	if (result)
		goto free;
	result = sluice_succession_rename(daemon, config, error);
	if (result)
		goto free;
	result = sluice_daemon_open_log(daemon, config);
	if (result) {
		if (asprintf(error, "the log %s cannot be opened: %s",
			     config->log.path ? config->log.path : "to the journal",
			     strerror(-result)) < 0)
			*error = NULL;
		goto unname;
	}
	result = sluice_doors_prepare(daemon->doors, config, error);
	if (!result) {
		result = sluice_forwards_prepare(daemon->forwards, config, error);
		if (result)
			sluice_doors_cancel(daemon->doors);
	}
	if (result) {
		(void)sluice_daemon_open_log(daemon, sluice_engine_config(daemon->engine));
		goto unname;
	}
	change->job.work = work_change;
	change->job.done = done_change;
	change->daemon = daemon;
	change->config = config;
	change->is_reload = !wanted->text;
	change->result = -ECANCELED;
	change->began = sluice_now();
	daemon->change = change;
	(void)sluice_foreman_give(daemon->foreman, &change->job);
	return 0;

unname:
	sluice_succession_renamed(daemon, false);
free:
	if (change) {
		sluice_wishes_free(&change->wishes);
		free(change->name);
		free(change->how);
	}
	free(change);
	sluice_config_free(config);
	return result;
}

/* Seconds since `then`. */
static uint64_t seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)(now.tv_sec - then->tv_sec);
}

/* Is there a reason not to read the daemon's own file again? Then the log has it. */
static bool is_refused(const struct daemon *daemon)
{
	if (daemon->stopping) {
		sluice_warning("SIGHUP: sluiced is stopping; nothing is read again");
		return true;
	}
	if (daemon->is_direct) {
		sluice_warning("SIGHUP: sluiced was started with --relay, so there is no file to "
			       "read again; `sluicectl apply FILE` gives it one");
		return true;
	}
	if (sluice_history_forbids_reload(daemon))
		return true;
	if (!daemon->config_name || !strcmp(daemon->config_name, daemon->path))
		return false;
	/* Not silently back to what somebody has changed from while it runs. */
	sluice_warning_about(SLUICE_ABOUT(.path = daemon->path),
			     "SIGHUP: %s is in force, applied %" PRIu64
			     " s ago; %s is not read again, "
			     "because that would undo it: `sluicectl apply %s` does",
			     daemon->config_name, seconds_since(&daemon->config_since),
			     daemon->path, daemon->path);
	return true;
}

void sluice_daemon_reload(struct daemon *daemon)
{
	const struct sluice_control_apply wanted = {.name = daemon->path, .uid = getuid()};
	struct sluice_findings findings;
	struct sluice_config *config;
	struct timespec now;
	char *text, *error = NULL;
	int status;

	sluice_daemon_reopen_log();
	if (daemon->handing) {
		sluice_warning("SIGHUP: another process takes over; nothing is read again");
		return;
	}
	/* Behind what is under way. */
	daemon->is_reload_due = daemon->change != NULL;
	if (daemon->is_reload_due || is_refused(daemon))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sluice_service_say("RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
				 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	config = sluice_daemon_load(daemon->path, SLUICE_HOST_LIVE, &findings, &status);
	text = sluice_findings_text(&findings, daemon->path);
	log_lines(config ? LOG_WARNING : LOG_ERR, text);
	free(text);
	sluice_findings_free(&findings);
	if (!config) {
		sluice_error_about(SLUICE_ABOUT(.path = daemon->path),
				   "%s has faults: the configuration in force stays", daemon->path);
		sluice_history_tell(daemon, "reload", getuid(), "the file has faults");
	} else if (sluice_daemon_begin_change(daemon, config, &wanted, &error)) {
		sluice_error("%s; the configuration in force stays",
			     error ? error : "out of memory");
	} else {
		return;
	}
	free(error);
	(void)sluice_service_say("READY=1");
}

/* CONFIG_APPLY, see control.h. */
static int call_apply(void *context, const struct sluice_control_apply *wanted, char **error)
{
	struct daemon *daemon = context;
	const char *name = wanted->name;
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	struct sluice_change *change;
	int result;

	if (daemon->stopping) {
		*error = strdup("sluiced is stopping; nothing was changed");
		return -ESHUTDOWN;
	}
	if (daemon->handing || (wanted->if_revision && daemon->change)) {
		*error = call_explain(daemon);
		return -EALREADY;
	}
	result = sluice_history_check(daemon, wanted->if_revision, error);
	if (result)
		return result;
	result = sluice_config_parse(wanted->text, wanted->length, name, &config, &findings);
	if (!result)
		result = sluice_config_check_host(config, SLUICE_HOST_LIVE, &findings);
	if (result) {
		*error = sluice_findings_text(&findings, name);
		sluice_config_free(config);
		sluice_error_about(
			SLUICE_ABOUT(.path = name),
			"the configuration %s that was applied has faults: the one in force stays",
			name);
	}
	sluice_findings_free(&findings);
	if (result)
		return result;
	result = sluice_daemon_begin_change(daemon, config, wanted, error);
	if (result) {
		sluice_error("%s; the configuration in force stays",
			     *error ? *error : "out of memory");
		return result;
	}
	if (wanted->no_wait)
		return 0;
	change = daemon->change;
	change->is_awaited = true;
	if (sluice_foreman_collect(daemon->foreman, CHANGE_MS)) {
		result = change->result;
		*error = change->error;
		change->error = NULL;
		change_free(change);
		return result;
	}
	change->is_awaited = false;
	change->is_deferred = true;
	return -EINPROGRESS;
}

void sluice_daemon_look_after_change(struct daemon *daemon)
{
	struct sluice_change *change = daemon->change;
	char silence[SLUICE_SILENCE_TEXT], *error;

	if (!change && daemon->is_reload_due)
		sluice_daemon_reload(daemon);
	if (!change || !change->is_deferred)
		return;
	if (sluice_engine_silence(daemon->engine, silence) < SILENCE_NS) {
		if (sluice_now() - change->began < ANSWER_NS)
			return;
		change->is_deferred = false;
		sluice_control_answer_apply(daemon->control, -EINPROGRESS, "accepted");
		return;
	}
	change->is_deferred = false;
	if (asprintf(&error, "%s; %s is in force whole or not at all when it does, as the log says",
		     silence, change->name) < 0)
		error = NULL;
	sluice_control_answer_apply(daemon->control, -ETIMEDOUT, error);
	free(error);
}

/* What it does now, as a sentence in a buffer of its own. */
static const char *state_of(const struct daemon *daemon)
{
	static char text[SLUICE_STOP_TEXT + SLUICE_SILENCE_TEXT + SLUICE_WATCHDOG_TEXT + 64];
	char silence[SLUICE_SILENCE_TEXT], hang[SLUICE_WATCHDOG_TEXT];
	size_t used = 0;

	if (daemon->handing)
		return "handing over to another process";
	if (daemon->stopping)
		used = (size_t)snprintf(
			text, sizeof(text), "stopping since %" PRIu64 " s%s%s",
			(uint64_t)((sluice_now() - daemon->stop_began) / SLUICE_NS_PER_S),
			*daemon->waits ? ": " : "", daemon->waits);
	if (sluice_engine_silence(daemon->engine, silence))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? "; " : "",
					 silence);
	if (sluice_watchdog_text(daemon->watchdog, hang))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? "; " : "",
					 hang);
	return used ? text : "running";
}

/* What was in force, see control.h. */
static const struct sluice_revisions *call_revisions(void *context)
{
	const struct daemon *daemon = context;

	return &daemon->revisions;
}

/* The forwards, see control.h. */
static int call_forwards(void *context, struct sluice_control_forward **list, size_t *count)
{
	const struct daemon *daemon = context;

	return sluice_forwards_list(daemon->forwards, list, count);
}

/* The events of this run, see control.h. */
static struct sluice_event_log *call_events(void *context)
{
	const struct daemon *daemon = context;

	return daemon->events.log;
}

/* The daemon's own facts, see control.h. */
static void call_facts(void *context, struct sluice_control_facts *facts)
{
	const struct daemon *daemon = context;

	facts->version = SLUICE_VERSION " (" SLUICE_DATE ")";
	facts->relay = daemon->relay;
	facts->config = daemon->config_name;
	facts->config_age = seconds_since(&daemon->config_since);
	facts->own_config = daemon->path;
	facts->state = state_of(daemon);
	sluice_load_facts(&daemon->load, facts);
	facts->pid = (uint32_t)getpid();
	facts->uptime = seconds_since(&daemon->started);
	facts->working_since_ns = daemon->working_since;
	facts->workers = daemon->workers;
	facts->has_checksums =
		sluice_source_socket_checksums(&facts->bad_checksum, &facts->bad_checksum_unplaced);
}

const struct sluice_control_calls sluice_daemon_calls = {
	.apply = call_apply,
	.confirm = sluice_confirm,
	.revisions = call_revisions,
	.report = sluice_picture_report,
	.release = sluice_picture_release,
	.orphans = sluice_picture_orphans,
	.forwards = call_forwards,
	.events = call_events,
	.facts = call_facts,
	.explain = call_explain,
};
