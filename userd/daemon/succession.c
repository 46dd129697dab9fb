// SPDX-License-Identifier: MIT
/*
 * The daemon among others of its relay; see succession.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "../lib/clock.h"
#include "../lib/event.h"
#include "../lib/log.h"
#include "../lib/service.h"
#include "../lib/usdt.h"
#include "background.h"
#include "handover/parcel.h"
#include "source/source.h"
#include "standby/active.h"
#include "standby/standby.h"
#include "succession.h"

/* How long another daemon's start in this network namespace is waited for: by one that succeeds a
 * dead one, whose ports are its own; and by the first one. */
#define SUCCESSOR_WAIT_MS 20U
#define FIRST_WAIT_MS 20000U

/* What the kernel puts behind the name of a program that was replaced (proc(5)). */
#define DELETED " (deleted)"

/* What the wait needs of the daemon. */
struct waiting {
	struct daemon *daemon;
	struct sluice_config **config;
};

/* Reads the daemon's file again; what it says takes the place of *config if it has no faults. */
static void reread(const struct daemon *daemon, struct sluice_config **config)
{
	struct sluice_findings findings;
	struct sluice_config *fresh = NULL;
	char *text;

	if (daemon->is_direct)
		return;
	if (!sluice_config_load(daemon->path, &fresh, &findings) &&
	    !strcmp(fresh->relay, (*config)->relay)) {
		free(fresh->path);
		fresh->path = strdup(daemon->path);
		if (fresh->path) {
			sluice_config_free(*config);
			*config = fresh;
			fresh = NULL;
		}
	} else {
		text = sluice_findings_text(&findings, daemon->path);
		sluice_warning("%s is not as it was, and this standby goes by what it read before: "
			       "%s",
			       daemon->path,
			       fresh  ? "it is of another relay"
			       : text ? text
				      : "out of memory");
		free(text);
	}
	sluice_config_free(fresh);
	sluice_findings_free(&findings);
}

/* struct sluice_standby_wish.refresh */
static void on_refresh(void *context, bool wants_reread)
{
	const struct waiting *waiting = context;

	sluice_daemon_reopen_log();
	if (wants_reread)
		reread(waiting->daemon, waiting->config);
}

/* struct sluice_standby_wish.ready */
static void on_ready(void *context)
{
	struct daemon *daemon = ((const struct waiting *)context)->daemon;
	int error = sluice_background_ready(daemon->ready);

	daemon->ready = -1;
	if (error)
		sluice_warning("going to the background: %s", strerror(-error));
	(void)sluice_service_say("READY=1");
}

/* Holds the configuration against this machine once more: nobody works as the relay. -1: go on;
 * else the status, told. */
static int check_first(struct daemon *daemon, struct sluice_config *config)
{
	struct sluice_findings findings = {0};
	char *text = NULL;
	int error;

	(void)sluice_claims_begin_start(&daemon->claims, FIRST_WAIT_MS);
	error = sluice_config_check_host(config, SLUICE_HOST_START, &findings);
	if (error) {
		text = sluice_findings_text(&findings, daemon->path);
		sluice_error("could not start: %s", text ? text : "out of memory");
	}
	free(text);
	sluice_findings_free(&findings);
	return error ? SLUICE_EXIT_START : -1;
}

int sluice_succession_wait(struct daemon *daemon, struct sluice_config **config)
{
	struct waiting waiting = {.daemon = daemon, .config = config};
	struct sluice_standby_wish wish = {.relay = (*config)->relay,
					   .file = (*config)->path,
					   .limit_ms = daemon->options.standby_limit_ms,
					   .refresh = on_refresh,
					   .ready = on_ready,
					   .context = &waiting};
	struct sluice_standby_sockets sockets = {0};
	enum sluice_standby_end end;
	char *relay = strdup(wish.relay);
	size_t number;
	int error;

	/* The configuration may be read again while we wait. */
	wish.relay = relay;
	wish.file = daemon->path;
	error = relay ? sluice_daemon_open_log(daemon, *config) : -ENOMEM;
	if (!error)
		error = sluice_standby_wait(&daemon->claims, &wish, &end, &sockets);
	free(relay);
	if (error) {
		sluice_error("could not start: it cannot wait as a standby: %s", strerror(-error));
		return SLUICE_EXIT_START;
	}
	if (end == SLUICE_STANDBY_LEAVE) {
		sluice_notice("the standby was told to stop");
		return SLUICE_EXIT_OK;
	}
	/* As every start: nobody has been looked at who would not let us have something. */
	if (end == SLUICE_STANDBY_FIRST)
		return check_first(daemon, *config);
	daemon->won = sluice_now();
	(void)sluice_claims_begin_start(&daemon->claims, SUCCESSOR_WAIT_MS);
	for (number = 0; number < sockets.count; number++) {
		sluice_socket_inherit_named(sockets.list[number].fd, sockets.list[number].name);
		sockets.list[number].fd = -1;
	}
	sluice_standby_sockets_free(&sockets);
	reread(daemon, config);
	return -1;
}

int sluice_succession_claim(struct daemon *daemon, const struct sluice_config *config,
			    char text[SLUICE_CLAIMS_TEXT])
{
	int error = sluice_claims_take(&daemon->claims, config, text);

	/* Where nothing can be written, nobody else can be kept away; that is no reason not to
	 * work. */
	if (error && error != -EBUSY && !daemon->won) {
		sluice_warning("a second sluiced of this relay would not be refused, and none can "
			       "wait for this one: %s",
			       text);
		error = 0;
	}
	return error;
}

/* Tells everybody that this one works. */
static void announce(const struct daemon *daemon, const char *why)
{
	char text[1024];

	snprintf(text, sizeof(text), "process %d works as relay %s, epoch %" PRIu64 "%s%s",
		 (int)getpid(), daemon->relay ? daemon->relay : "?", daemon->claims.epoch,
		 why ? ": " : "", why ? why : "");
	SLUICE_USDT2(owner, getpid(), daemon->claims.epoch);
	sluice_notice("%s", text);
	sluice_event_send(SLUICE_EVENT_ACTIVE, "", daemon->relay ? daemon->relay : "", text);
}

/* struct sluice_active_calls.yield */
static int on_yield(void *context, bool leave, char *text, size_t room)
{
	struct daemon *daemon = context;

	if (daemon->stopping || daemon->handing) {
		snprintf(text, room, "sluiced is %s already",
			 daemon->stopping ? "stopping" : "being taken over from");
		return EALREADY;
	}
	if (!sluice_active_standbys(daemon->active)) {
		snprintf(text, room,
			 "no standby waits for relay %s, so nobody would go on: start one with "
			 "--standby first",
			 daemon->relay ? daemon->relay : "?");
		return ENOENT;
	}
	snprintf(text, room,
		 "process %d hands over relay %s, epoch %" PRIu64 ", to one of %zu; "
		 "then it %s",
		 (int)getpid(), daemon->relay ? daemon->relay : "?", daemon->claims.epoch,
		 sluice_active_standbys(daemon->active), leave ? "leaves" : "waits itself");
	daemon->begins_again = !leave;
	sluice_daemon_stop(daemon);
	return 0;
}

/* struct sluice_active_calls.contested */
static void on_contested(void *context, const char *sentence)
{
	announce(context, sentence);
}

/* For each socket that another process could go on with: in a worker, or the foreman. */
static void show_one(void *context, int fd, const char *name)
{
	struct daemon *daemon = context;

	sluice_active_show(daemon->active, fd, name);
}

/* What the foreman does for those that wait. */
struct show {
	struct sluice_job job;
	struct daemon *daemon;
	struct sluice_engine *engine;
	int result;
};
static struct show show;

/* struct sluice_job.work */
static void work_show(struct sluice_job *job)
{
	(void)job;
	sluice_active_show_begin(show.daemon->active);
	show.result = sluice_engine_show_sockets(show.engine, show_one, show.daemon);
	/* A list that lacks some has no end: whoever waits keeps what he had beside it. */
	if (!show.result)
		sluice_active_show_end(show.daemon->active);
}

/* struct sluice_job.done */
static void done_show(struct sluice_job *job)
{
	(void)job;
	/* Again with the next beat; else at once if others have come meanwhile. */
	if (show.result)
		show.daemon->is_show_due = true;
	else if (show.daemon->is_show_due)
		sluice_succession_renew(show.daemon);
}

void sluice_succession_renew(struct daemon *daemon)
{
	if (!daemon->active || !sluice_active_standbys(daemon->active) || daemon->stopping)
		return;
	/* Tried again with the next beat. */
	daemon->is_show_due = true;
	if (!daemon->engine || sluice_foreman_is_busy(daemon->foreman))
		return;
	show.job.work = work_show;
	show.job.done = done_show;
	show.daemon = daemon;
	show.engine = daemon->engine;
	daemon->is_show_due = false;
	(void)sluice_foreman_give(daemon->foreman, &show.job);
}

void sluice_succession_serve(struct daemon *daemon)
{
	sluice_active_serve(daemon->active);
	sluice_watchdog_note_heir(daemon->watchdog, sluice_active_standbys(daemon->active) > 0);
}

/* struct sluice_active_calls.joined */
static void on_joined(void *context)
{
	sluice_succession_renew(context);
}

static const struct sluice_active_calls calls = {
	.yield = on_yield, .joined = on_joined, .contested = on_contested};

/* Does anybody wait who keeps sockets, at the end (source/source.h)? */
static bool is_kept(void *context)
{
	return sluice_active_standbys(((struct daemon *)context)->active) > 0;
}

/* Then these are all. */
static void keep_begin(void *context)
{
	sluice_active_show_begin(((struct daemon *)context)->active);
}

/* And that was all. */
static void keep_end(void *context)
{
	sluice_active_show_end(((struct daemon *)context)->active);
}

void sluice_succession_begin(struct daemon *daemon)
{
	const struct sluice_socket_keeper keeper = {.is_there = is_kept,
						    .begin = keep_begin,
						    .keep = show_one,
						    .end = keep_end,
						    .context = daemon};
	struct epoll_event event = {.events = EPOLLIN};
	char why[96];
	int error;

	sluice_claims_end_start(&daemon->claims);
	if (daemon->claims.relay.fd < 0)
		return;
	error = sluice_active_open(&daemon->active, &daemon->claims, &calls, daemon);
	event.data.fd = sluice_active_fd(daemon->active);
	if (!error && epoll_ctl(daemon->epoll, EPOLL_CTL_ADD, event.data.fd, &event))
		error = -errno;
	if (error)
		sluice_warning("a standby cannot see whether this one hangs, nor have its sockets: "
			       "%s",
			       strerror(-error));
	else
		sluice_socket_keep_by(&keeper);
	if (daemon->won)
		snprintf(why, sizeof(why), "it was a standby, and began %.1f ms after it was free",
			 (double)(sluice_now() - daemon->won) / (double)SLUICE_NS_PER_MS);
	announce(daemon, daemon->won ? why : NULL);
}

int sluice_succession_rename(struct daemon *daemon, const struct sluice_config *config,
			     char **error)
{
	char *text = malloc(SLUICE_CLAIMS_TEXT);
	int result;

	daemon->next_claim.fd = -1;
	daemon->next_store.fd = -1;
	if (!text)
		return -ENOMEM;
	result = sluice_claims_move_store(&daemon->claims, config, &daemon->next_store, text);
	if (!result && daemon->relay && strcmp(daemon->relay, config->relay) != 0)
		result = sluice_claims_rename(&daemon->claims, config, &daemon->next_claim, text);
	if (!result) {
		free(text);
		return 0;
	}
	sluice_claim_drop(&daemon->next_store, false);
	*error = text;
	return result;
}

/* The store's claim goes with the store. `has_store`: the configuration in force has one. */
static void move_store(struct daemon *daemon, bool is_in_force, bool has_store)
{
	if (!is_in_force) {
		sluice_claim_drop(&daemon->next_store, true);
		return;
	}
	if (daemon->next_store.fd < 0 && has_store)
		return;
	sluice_claim_drop(&daemon->claims.store, true);
	daemon->claims.store = daemon->next_store;
	daemon->next_store.fd = -1;
}

void sluice_succession_renamed(struct daemon *daemon, bool is_in_force)
{
	struct sluice_claim_note note;

	move_store(daemon, is_in_force,
		   sluice_engine_config(daemon->engine)->store.disk_path != NULL);
	if (daemon->next_claim.fd < 0)
		return;
	if (!is_in_force) {
		sluice_claim_drop(&daemon->next_claim, true);
		return;
	}
	/* Those that wait for the old name have it now. */
	sluice_active_close(daemon->active);
	daemon->active = NULL;
	sluice_claim_drop(&daemon->claims.relay, false);
	daemon->claims.relay = daemon->next_claim;
	daemon->next_claim.fd = -1;
	if (!sluice_claim_read(&daemon->claims.relay, &note))
		daemon->claims.epoch = note.epoch;
	sluice_succession_begin(daemon);
}

int sluice_succession_give(const struct daemon *daemon, struct sluice_parcel *parcel)
{
	const struct sluice_claim *const own[] = {&daemon->claims.relay, &daemon->claims.state,
						  &daemon->claims.rings, &daemon->claims.store};
	const char *path;
	int listener = sluice_active_listener(daemon->active, &path), result = 0;
	size_t number;

	for (number = 0; !result && number < sizeof(own) / sizeof(own[0]); number++)
		if (own[number]->fd >= 0)
			result = sluice_parcel_add(parcel, SLUICE_HANDED_CLAIM, own[number]->path,
						   own[number]->fd);
	if (!result && listener >= 0)
		result = sluice_parcel_add(parcel, SLUICE_HANDED_WAITERS, path, listener);
	return result;
}

void sluice_succession_leave(struct daemon *daemon)
{
	sluice_socket_keep_by(NULL);
	sluice_active_leave(daemon->active);
	daemon->active = NULL;
	sluice_claims_leave(&daemon->claims);
}

void sluice_succession_resume(struct daemon *daemon)
{
	char *text = malloc(SLUICE_CLAIMS_TEXT);
	int error;

	/* The other one has signed them meanwhile, and those who wait may have seen it. */
	sluice_succession_leave(daemon);
	error = text ? sluice_succession_claim(daemon, sluice_engine_config(daemon->engine), text)
		     : -ENOMEM;
	if (error)
		sluice_error("after a take-over that failed this sluiced does not have its relay "
			     "for itself any more: %s",
			     text ? text : strerror(-error));
	free(text);
	sluice_succession_begin(daemon);
}

void sluice_succession_end(struct daemon *daemon)
{
	bool is_last = !sluice_active_standbys(daemon->active);

	sluice_socket_keep_by(NULL);
	sluice_active_close(daemon->active);
	daemon->active = NULL;
	/* What somebody still holds is let go by the kernel, when he is gone. */
	if (!daemon->given_up)
		sluice_claims_drop(&daemon->claims, is_last && !daemon->begins_again);
}

void sluice_succession_again(const struct daemon *daemon, char **argv)
{
	char option[] = "--standby", program[PATH_MAX], *deleted, **again;
	size_t count = 0, number;
	bool is_there = false;
	ssize_t length;

	if (!daemon->begins_again || !argv)
		return;
	while (argv[count])
		count++;
	again = calloc(count + 2, sizeof(*again));
	if (!again)
		return;
	for (number = 0; number < count; number++) {
		again[number] = argv[number];
		is_there |= !strncmp(argv[number], "--standby", sizeof("--standby"));
	}
	if (!is_there)
		again[count] = option;
	/* By its name: by /proc/self/exe the process would be called so. What took its place there
	 * meanwhile is what is wanted. */
	length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[length > 0 ? length : 0] = '\0';
	deleted = strstr(program, DELETED);
	if (deleted && !deleted[strlen(DELETED)])
		*deleted = '\0';
	execv(program, again);
	fprintf(stderr, "sluiced: it handed over, and cannot begin again as a standby: %s\n",
		strerror(errno));
	free(again);
}
