/* SPDX-License-Identifier: MIT */
/*
 * The daemon as a whole, shared by main.c (start and loop), changes.c (configurations) and ending.c
 * (the stop). For the control thread, which waits for the foreman a little while and for nobody
 * else. Touches: everything through the parts.
 */
#ifndef SLUICE_DAEMON_H
#define SLUICE_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "../config/check.h"
#include "control/control.h"
#include "engine/engine.h"
#include "loop/worker.h"
#include "doors.h"
#include "drained.h"
#include "events.h"
#include "foreman.h"
#include "forward/forwards.h"
#include "links.h"
#include "load.h"
#include "losses.h"
#include "module_events.h"
#include "options.h"
#include "standby/claims.h"
#include "watchdog.h"

struct sluice_change; /* changes.c */
struct sluice_active;

/* Everything the process has. */
struct daemon {
	struct sluice_options options;
	char *path;	/* of the configuration it was started with, absolute */
	bool is_direct; /* that is the command line (direct.h), and `path` says so: no file */
	char *pid_path; /* of the pid file, likewise; NULL: none */
	struct sluice_engine *engine;
	struct sluice_foreman *foreman;
	struct sluice_control *control;
	struct sluice_events events;
	struct sluice_losses losses;
	struct sluice_load load;
	struct sluice_module_events module;
	struct sluice_doors *doors; /* for sessions */
	struct sluice_forwards *forwards;
	int signals;
	struct sluice_watchdog *watchdog;
	struct sluice_links links;     /* interfaces and addresses that come and go */
	struct sluice_drained drained; /* the end when there is nothing more to do */
	int clock;		       /* of a stop */
	int epoll;
	int log; /* readable when the log has something to tell of what it left out */
	int pid_file;
	int ready; /* to the parent that waits, -1: none */
	struct timespec started;
	uint64_t working_since; /* of the first that was taken over, CLOCK_REALTIME, ns */
	/* What is in force, to be read while the foreman changes it. @owner the daemon */
	char *relay, *config_name;
	struct timespec config_since;
	struct sluice_revisions revisions; /* and what was before */
	char *history;			   /* where that is kept, too; NULL: nowhere */
	struct {
		int timer;		     /* when that comes back */
		struct sluice_revision base; /* what was before; without a text: nothing */
	} trial;			     /* a configuration in force for a time (confirm.h) */
	uint64_t stop_limit_ns, stop_connections_ns;
	uint32_t workers;
	struct sluice_change *change; /* under way, or NULL */
	bool is_reload_due;	      /* SIGHUP came meanwhile */
	/* Among others of its relay (succession.h) */
	struct sluice_claims claims;
	struct sluice_claim next_claim; /* of the name that a change brings */
	struct sluice_claim next_store; /* of the place for the store that it brings */
	struct sluice_active *active;	/* towards those that wait */
	uint64_t won;			/* when it became more than a standby, ns; 0: it was none */
	bool is_show_due;		/* those that wait are to be shown the sockets */
	bool begins_again;		/* as a standby, when it has stopped */
	bool handing; /* to another process: there is no engine, for a moment or for good */
	bool failed;  /* it ends because it cannot go on */
	/* The stop */
	bool stopping, hurry;
	bool ended;    /* it is over */
	bool given_up; /* somebody does not answer: what is his is left to the kernel */
	uint64_t stop_began, hurry_began;
	char waits[SLUICE_STOP_TEXT]; /* what for, as a sentence */
};

/* What the control plane asks. */
extern const struct sluice_control_calls sluice_daemon_calls;

/*
 * Reads a configuration and holds it against this machine. NULL if there are errors; then *status
 * says whether they are in the file, or the machine has not what it needs, which may change.
 * @owner caller: all but *status
 */
struct sluice_config *sluice_daemon_load(const char *path, enum sluice_host_view view,
					 struct sluice_findings *findings, int *status);
/* Opens the log as `config` says; the command line's level goes first. 0 or a negative errno. */
int sluice_daemon_open_log(const struct daemon *daemon, const struct sluice_config *config);
/*
 * Begins to change to `config`, log included, which it takes over; `wanted` is what was asked for,
 * without a text: by SIGHUP. 0, or a negative errno and *error.
 * @owner caller: *error
 */
int sluice_daemon_begin_change(struct daemon *daemon, struct sluice_config *config,
			       const struct sluice_control_apply *wanted, char **error);
/* SIGUSR1: the log file anew, for whoever has moved it away. */
void sluice_daemon_reopen_log(void);
/* SIGHUP: the same, and the daemon's own configuration again. */
void sluice_daemon_reload(struct daemon *daemon);
/* Answers for a change that takes too long. */
void sluice_daemon_look_after_change(struct daemon *daemon);
/* A configuration as a revision without a number; the texts stay whose they are. @threadsafe */
struct sluice_revision sluice_daemon_revision_of(const struct sluice_config *config,
						 const char *how, bool is_runtime, uid_t uid);
/* Another configuration is in force: `how` as in struct sluice_revision, by `uid`; before the end:
 * none is. */
void sluice_daemon_note_config(struct daemon *daemon, const char *how, bool is_runtime, uid_t uid);
void sluice_daemon_forget_config(struct daemon *daemon);

/* Begins to stop; goes on with it, every few milliseconds; ends it soon. */
void sluice_daemon_stop(struct daemon *daemon);
void sluice_daemon_go_on_stopping(struct daemon *daemon);
void sluice_daemon_hurry(struct daemon *daemon);

#endif /* SLUICE_DAEMON_H */
