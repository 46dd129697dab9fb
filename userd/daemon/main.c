// SPDX-License-Identifier: MIT
/*
 * sluiced: from the command line to the running engine, and the control thread's loop: signals, the
 * control plane, systemd. No datagram passes here, and nothing waits for a worker: that is the
 * foreman's. What changes the configuration is in changes.c, the stop in ending.c. Touches: signal,
 * timer and epoll descriptors; starts and stops everything else.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "../lib/folder.h"
#include "../lib/link_watch.h"
#include "../lib/log.h"
#include "../lib/packet_socket.h"
#include "../lib/service.h"
#include "../lib/socket_sweep.h"
#include "../lib/thread.h"
#include "../lib/version.h"
#include "access.h"
#include "background.h"
#include "confirm.h"
#include "control_place.h"
#include "daemon.h"
#include "direct.h"
#include "giving.h"
#include "history.h"
#include "loop/treatment.h"
#include "source/source.h"
#include "source/xdp_sweep.h"
#include "standby/active.h"
#include "succession.h"
#include "successor.h"
#include "taking.h"

/* How often the loop looks after a change that takes long. */
#define LOOK_MS 500
/* How often what an input waits for is looked for, beside when the kernel tells of a change. */
#define WAIT_MS 1000
/* How long another daemon's start in this network namespace is waited for. */
#define START_WAIT_MS 20000U

/* Reads the signals that have come. */
static void on_signals(struct daemon *daemon)
{
	struct signalfd_siginfo information;

	while (read(daemon->signals, &information, sizeof(information)) ==
	       (ssize_t)sizeof(information)) {
		if (information.ssi_signo == SIGUSR1)
			sluice_daemon_reopen_log();
		else if (information.ssi_signo == SIGUSR2 ||
			 (information.ssi_signo == SIGHUP && sluice_giving_has_other_program()))
			sluice_giving_start_successor(daemon);
		else if (information.ssi_signo == SIGHUP)
			sluice_daemon_reload(daemon);
		else if (daemon->stopping)
			sluice_daemon_hurry(daemon);
		else if (!sluice_giving_abandon(daemon))
			sluice_daemon_stop(daemon);
	}
}

/* Puts `fd` into the loop. 0 or a negative errno. */
static int watch(const struct daemon *daemon, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(daemon->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Is somebody asked who may not answer, so that it has to be looked for? */
static bool may_be_silent(const struct daemon *daemon)
{
	return daemon->change || daemon->events.is_silent ||
	       sluice_foreman_is_busy(daemon->foreman);
}

/* Tells of a worker that does not answer, and that it does again. */
static void look_for_silence(struct daemon *daemon)
{
	char text[SLUICE_SILENCE_TEXT] = "";

	if (may_be_silent(daemon))
		sluice_events_note_silence(&daemon->events,
					   sluice_engine_silence(daemon->engine, text), text);
}

/* Waits for the next event. Their number: 0 or 1; a negative one: a signal came. */
static int wait_for_event(const struct daemon *daemon, struct epoll_event *event)
{
	int most = may_be_silent(daemon)	       ? LOOK_MS
		   : sluice_links_wait(&daemon->links) ? WAIT_MS
						       : -1;
	int drained = sluice_drained_wait(&daemon->drained), count;

	if (drained >= 0 && (most < 0 || drained < most))
		most = drained;

	sluice_thread_sleeps();
	count = epoll_wait(daemon->epoll, event, 1, most);
	/* Nobody takes its work from it. */
	(void)sluice_thread_wakes();
	sluice_thread_progress(sluice_now());
	return count;
}

/* Until a stop has ended. */
static void run(struct daemon *daemon)
{
	struct epoll_event event;
	uint64_t expired;

	while (!daemon->ended) {
		int count = wait_for_event(daemon, &event);

		sluice_daemon_look_after_change(daemon);
		look_for_silence(daemon);
		if (!count || sluice_links_is_due(&daemon->links))
			sluice_links_follow(&daemon->links, daemon);
		if (daemon->is_show_due)
			sluice_succession_renew(daemon);
		sluice_drained_follow(&daemon->drained);
		if (count != 1)
			continue;
		if (event.data.fd == daemon->signals)
			on_signals(daemon);
		else if (event.data.fd == sluice_watchdog_fd(daemon->watchdog))
			sluice_watchdog_serve(daemon->watchdog);
		else if (event.data.fd == daemon->clock &&
			 read(daemon->clock, &expired, sizeof(expired)) > 0)
			sluice_daemon_go_on_stopping(daemon);
		else if (event.data.fd == daemon->trial.timer &&
			 read(daemon->trial.timer, &expired, sizeof(expired)) > 0)
			sluice_confirm_expired(daemon, sluice_daemon_begin_change);
		else if (event.data.fd == sluice_foreman_fd(daemon->foreman))
			(void)sluice_foreman_collect(daemon->foreman, 0);
		else if (event.data.fd == daemon->links.fd)
			sluice_links_notice(&daemon->links, daemon);
		else if (event.data.fd == sluice_control_fd(daemon->control))
			sluice_control_serve(daemon->control);
		else if (event.data.fd == sluice_events_fd(&daemon->events))
			sluice_events_hand_out(&daemon->events, daemon->control);
		else if (event.data.fd == sluice_hooks_fd(daemon->events.hooks))
			sluice_hooks_serve(daemon->events.hooks);
		else if (event.data.fd == daemon->log)
			sluice_log_settle(false);
		else if (event.data.fd == daemon->module.fd)
			sluice_module_events_serve(&daemon->module);
		else if (event.data.fd == sluice_doors_fd(daemon->doors))
			sluice_doors_serve(daemon->doors);
		else if (event.data.fd == sluice_active_fd(daemon->active))
			sluice_succession_serve(daemon);
		else if (!sluice_giving_serve(daemon, event.data.fd) &&
			 !sluice_load_serve(&daemon->load, event.data.fd))
			(void)sluice_losses_serve(&daemon->losses, event.data.fd, daemon);
	}
}

/* Says why it could not start, on the log and, if that is elsewhere, on stderr. Returns the status.
 */
static int cannot_start(const char *what, const char *why)
{
	sluice_error("could not start: %s%s%s", what, why ? ": " : "", why ? why : "");
	if (!sluice_log_is_on_stderr())
		fprintf(stderr, "error: could not start: %s%s%s\n", what, why ? ": " : "",
			why ? why : "");
	return SLUICE_EXIT_START;
}

/* Signals become readable, in every thread that is started from now on; SIGPIPE is a result of
 * write(). 0 or -errno. */
static int prepare_signals(struct daemon *daemon)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		return -EINVAL;
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return daemon->signals < 0 ? -errno : 0;
}

/* The loop's descriptors. 0 or a negative errno. */
static int prepare_loop(struct daemon *daemon)
{
	daemon->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (daemon->epoll < 0)
		return -errno;
	daemon->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (daemon->clock < 0 || watch(daemon, daemon->clock))
		return -errno;
	daemon->trial.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (daemon->trial.timer < 0 || watch(daemon, daemon->trial.timer))
		return -errno;
	daemon->links.fd = sluice_link_watch_open();
	if (daemon->links.fd < 0 || watch(daemon, daemon->links.fd))
		sluice_warning("interfaces that come and go are not noticed at once: %s",
			       strerror(daemon->links.fd < 0 ? -daemon->links.fd : errno));
	daemon->log = sluice_log_fd();
	if (daemon->log < 0 || watch(daemon, daemon->log))
		sluice_warning("what the log leaves out (`log.limit`) is not told at once: %s",
			       strerror(daemon->log < 0 ? -daemon->log : errno));
	return watch(daemon, daemon->signals);
}

/* Takes the pid file. SLUICE_EXIT_OK or the status, told. */
static int take_pid_file(struct daemon *daemon)
{
	char what[4200];

	if (!daemon->options.pid_file)
		return SLUICE_EXIT_OK;
	daemon->pid_file = sluice_pid_file_create(daemon->options.pid_file);
	if (daemon->pid_file >= 0) {
		/* In the background the working folder is another one. */
		daemon->pid_path = realpath(daemon->options.pid_file, NULL);
		return SLUICE_EXIT_OK;
	}
	snprintf(what, sizeof(what), "the pid file %s", daemon->options.pid_file);
	return cannot_start(what, daemon->pid_file == -EBUSY ? "another sluiced that runs has it"
							     : strerror(-daemon->pid_file));
}

/* Opens the doors for sessions, which ask by the socket at `path` (NULL: there is none).
 * SLUICE_EXIT_OK or the status, told. */
static int open_doors(struct daemon *daemon, const char *path)
{
	char *error = NULL;
	int result = sluice_doors_open(&daemon->doors, path);

	if (!result)
		result = sluice_doors_prepare(daemon->doors, sluice_engine_config(daemon->engine),
					      &error);
	if (!result)
		result = watch(daemon, sluice_doors_fd(daemon->doors));
	if (result)
		(void)cannot_start(error ? error : "the doors for sessions",
				   error ? NULL : strerror(-result));
	free(error);
	if (result)
		return SLUICE_EXIT_START;
	sluice_doors_commit(daemon->doors);
	return SLUICE_EXIT_OK;
}

/* Tells whoever listens to events that it runs. */
static void tell_of_start(const struct daemon *daemon)
{
	char text[512];

	snprintf(text, sizeof(text), "sluiced " SLUICE_VERSION " runs with %s, process %d",
		 daemon->path, (int)getpid());
	sluice_event_send(SLUICE_EVENT_STARTED, "", daemon->relay ? daemon->relay : "", text);
}

/* Has all threads looked after from now on: what a start takes is nobody's fault. SLUICE_EXIT_OK or
 * the status, told. */
static int start_watchdog(struct daemon *daemon)
{
	static const struct sluice_thread_calls calls = {.poke = sluice_watchdog_wake};
	int error = sluice_watchdog_start(&daemon->watchdog, sluice_watchdog_interval(),
					  SLUICE_EXIT_HANG);

	if (!error)
		error = watch(daemon, sluice_watchdog_fd(daemon->watchdog));
	if (error)
		return cannot_start("the watchdog's thread", strerror(-error));
	sluice_watchdog_configure(daemon->watchdog, sluice_engine_config(daemon->engine));
	(void)sluice_thread_begin(SLUICE_THREAD_CONTROL, "sluiced", &calls, daemon->watchdog);
	return SLUICE_EXIT_OK;
}

/* Starts everything that `config` describes; takes it over. SLUICE_EXIT_OK or the status, told. */
static int start(struct daemon *daemon, struct sluice_config *config)
{
	char *error = NULL, *listened = NULL, other[SLUICE_VERSION_TEXT];
	char text[SLUICE_CLAIMS_TEXT];
	int result, status;

	/* A background process has no stderr. */
	if (daemon->options.daemon && config->log.target == SLUICE_LOG_STDERR) {
		status = cannot_start("--daemon needs log.to: journal, syslog, or a file", NULL);
		goto failed;
	}
	if (daemon->options.takeover) {
		status = sluice_taking_begin(daemon, config, &error);
		if (status)
			(void)cannot_start(error ? error : "out of memory", NULL);
	} else {
		status = take_pid_file(daemon);
	}
	if (status)
		goto failed;
	(void)sluice_log_relay(config->relay);
	result = sluice_daemon_open_log(daemon, config);
	if (result) {
		status = cannot_start(config->log.path ? config->log.path
						       : "log.to: journal or syslog",
				      strerror(-result));
		goto failed;
	}
	sluice_treatment_begin(SLUICE_CLASS_CONTROL, 0);
	result = prepare_signals(daemon);
	if (!result)
		result = prepare_loop(daemon);
	if (result) {
		status = cannot_start("the control thread", strerror(-result));
		goto failed;
	}
	result = sluice_events_open(&daemon->events);
	if (!result)
		result = watch(daemon, sluice_events_fd(&daemon->events));
	if (!result && daemon->events.hooks)
		result = watch(daemon, sluice_hooks_fd(daemon->events.hooks));
	if (!result)
		result = sluice_losses_open(&daemon->losses, daemon->epoll);
	if (result)
		sluice_warning("not everybody can be told of events: %s", strerror(-result));
	if (!daemon->options.takeover) {
		/* Before anything is touched that may be another one's. */
		if (sluice_succession_claim(daemon, config, text)) {
			status = cannot_start(text, NULL);
			goto failed;
		}
		(void)sluice_socket_inherit();
	}
	sluice_notice_about(SLUICE_ABOUT(.path = daemon->path), "sluiced %s (%s) starts with %s",
			    SLUICE_VERSION, SLUICE_DATE, daemon->path);
	if (sluice_version_module_differs("sluiced", other))
		sluice_warning("%s", other);
	if (daemon->options.takeover) {
		result = sluice_taking_take(daemon, &error);
		/* The claims are among what was handed over. */
		if (!result && sluice_succession_claim(daemon, config, text)) {
			error = strdup(text);
			result = SLUICE_EXIT_START;
		}
		if (result) {
			status = cannot_start(error ? error : "out of memory", NULL);
			goto failed;
		}
	}
	(void)sluice_xdp_sweep();
	if (sluice_engine_start(config, &daemon->engine, &error)) {
		status = cannot_start(error ? error : "out of memory", NULL);
		goto failed;
	}
	/* From here on the configuration is the engine's. */
	if (daemon->options.takeover) {
		status = sluice_taking_prove(daemon, &error);
		if (status)
			status = cannot_start(error ? error : "out of memory", NULL);
		if (status) {
			sluice_taking_fail(error);
			return status;
		}
		status = take_pid_file(daemon);
		if (status)
			return status;
	}
	sluice_history_open(daemon, sluice_engine_config(daemon->engine));
	sluice_daemon_note_config(daemon, "start", false, getuid());
	result = sluice_foreman_start(&daemon->foreman);
	if (!result)
		result = watch(daemon, sluice_foreman_fd(daemon->foreman));
	if (result)
		return cannot_start("the foreman's thread", strerror(-result));
	result = sluice_control_open(&daemon->control, &sluice_daemon_calls, daemon);
	if (!result)
		result = watch(daemon, sluice_control_fd(daemon->control));
	if (result)
		return cannot_start("the control socket", strerror(-result));
	result = sluice_control_place_open(daemon, &listened, &error);
	status = result ? SLUICE_EXIT_OK : open_doors(daemon, listened);
	free(listened);
	if (status)
		return status;
	if (!result)
		result = sluice_forwards_open(&daemon->forwards,
					      sluice_engine_config(daemon->engine), &error);
	if (result) {
		status = cannot_start(error ? error : strerror(-result), NULL);
		free(error);
		return status;
	}
	sluice_access_set(daemon, sluice_engine_config(daemon->engine));
	if (sluice_control_port(daemon->control) != SLUICE_USERSOCK_PORT)
		sluice_warning("another sluiced answers sluicectl in this network namespace; this "
			       "one has netlink port %u",
			       sluice_control_port(daemon->control));
	sluice_giving_open(daemon);
	sluice_succession_begin(daemon);
	if (daemon->options.takeover)
		sluice_taking_settle(daemon);
	tell_of_start(daemon);
	sluice_losses_begin(&daemon->losses, daemon);
	result = sluice_load_open(&daemon->load, daemon);
	if (result)
		sluice_warning("nobody looks how loaded it is: %s", strerror(-result));
	status = sluice_drained_begin(&daemon->drained, daemon);
	return status ? status : start_watchdog(daemon);

failed:
	sluice_taking_fail(error);
	free(error);
	sluice_config_free(config);
	return status;
}

/* Ends what start() began, whatever it got to. */
static void finish(struct daemon *daemon)
{
	sluice_treatment_end();
	sluice_thread_end();
	sluice_watchdog_stop(daemon->watchdog);
	/* Not reached with an engine unless the start failed behind it: nothing was promised,
	 * nothing is waited for. */
	if (daemon->engine && !daemon->given_up)
		sluice_engine_stop(daemon->engine, 0, NULL);
	if (!daemon->given_up)
		sluice_foreman_stop(daemon->foreman);
	sluice_giving_close(daemon);
	sluice_doors_close(daemon->doors);
	sluice_forwards_close(daemon->forwards);
	/* Nobody who listens misses the last one. */
	sluice_events_hand_out(&daemon->events, daemon->control);
	sluice_control_close(daemon->control);
	sluice_pid_file_remove(daemon->pid_path, daemon->pid_file);
	sluice_succession_end(daemon);
	if (daemon->clock >= 0)
		close(daemon->clock);
	sluice_confirm_end(daemon);
	if (daemon->trial.timer >= 0)
		close(daemon->trial.timer);
	if (daemon->links.fd >= 0)
		close(daemon->links.fd);
	if (daemon->signals >= 0)
		close(daemon->signals);
	if (daemon->epoll >= 0)
		close(daemon->epoll);
	sluice_losses_close(&daemon->losses);
	sluice_load_close(&daemon->load);
	sluice_module_events_close(&daemon->module);
	/* A thread that was left behind may tell of something yet. */
	if (!daemon->given_up)
		sluice_events_close(&daemon->events);
	sluice_log_close();
	free(daemon->path);
	free(daemon->pid_path);
	sluice_daemon_forget_config(daemon);
}

/* The findings on stdout if that is all that is wanted (`check`), else on stderr; the configuration
 * if it is free of errors, else NULL and *status.
 * @owner caller */
static struct sluice_config *load_and_print(const char *path, enum sluice_host_view view,
					    int *status)
{
	const bool check = view == SLUICE_HOST_FILE;
	FILE *stream = check ? stdout : stderr;
	struct sluice_findings findings;
	struct sluice_config *config = sluice_daemon_load(path, view, &findings, status);
	char *text = sluice_findings_text(&findings, path);

	if (text)
		fputs(text, stream);
	if (!config && findings.error_count == 0)
		fputs("sluiced: out of memory\n", stderr);
	free(text);
	sluice_findings_free(&findings);
	return config;
}

int main(int argc, char **argv)
{
	struct daemon daemon = {.signals = -1,
				.clock = -1,
				.links = {.fd = -1},
				.module = {.fd = -1},
				.trial = {.timer = -1},
				.epoll = -1,
				.log = -1,
				.pid_file = -1,
				.claims = SLUICE_CLAIMS_NONE,
				.next_claim = {.fd = -1},
				.next_store = {.fd = -1},
				.ready = -1};
	enum sluice_host_view view;
	struct sluice_config *config;
	int status, error;

	sluice_successor_begin();
	status = sluice_options_read(argc, argv, &daemon.options);
	if (status >= 0)
		return status;
	if (daemon.options.sweep)
		return sluice_xdp_sweep_only();
	if (daemon.options.print)
		return sluice_direct_print(&daemon.options);
	/* What is found free now is to be so when it is bound. */
	if (!daemon.options.check && !daemon.options.standby && !daemon.options.takeover)
		(void)sluice_claims_begin_start(&daemon.claims, START_WAIT_MS);
	/* What one that works has is the standby's as soon as that works, and the successor's. */
	view = daemon.options.check				   ? SLUICE_HOST_FILE
	       : daemon.options.standby || daemon.options.takeover ? SLUICE_HOST_LIVE
								   : SLUICE_HOST_START;
	config = daemon.options.relay.ports ? sluice_direct_load(&daemon.options, view, &status)
					    : load_and_print(daemon.options.config, view, &status);
	if (!config)
		return daemon.options.check && daemon.options.config ? SLUICE_EXIT_CONFIG : status;
	if (daemon.options.check) {
		sluice_config_free(config);
		return SLUICE_EXIT_OK;
	}
	/* SIGHUP reads it again, from wherever we are then; whoever asks what is in force gets the
	 * same. */
	daemon.is_direct = !daemon.options.config;
	if (!daemon.is_direct)
		daemon.path = realpath(daemon.options.config, NULL);
	if (!daemon.path)
		daemon.path = strdup(daemon.is_direct ? config->path : daemon.options.config);
	free(config->path);
	config->path = daemon.path ? strdup(daemon.path) : NULL;
	if (daemon.options.daemon) {
		error = sluice_background_begin(&daemon.ready);
		if (error) {
			status = cannot_start("going to the background", strerror(-error));
			sluice_config_free(config);
			free(daemon.path);
			return status;
		}
	}
	if (daemon.options.standby && config->path) {
		status = sluice_succession_wait(&daemon, &config);
		if (status >= 0) {
			sluice_config_free(config);
			free(daemon.path);
			return status;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &daemon.started);
	daemon.working_since = sluice_wall_now();
	if (config->path) {
		status = start(&daemon, config);
	} else {
		status = cannot_start("out of memory", NULL);
		sluice_config_free(config);
	}
	if (status == SLUICE_EXIT_OK) {
		error = sluice_background_ready(daemon.ready);
		if (error)
			sluice_warning("going to the background: %s", strerror(-error));
		(void)sluice_service_say("READY=1");
		run(&daemon);
		if (daemon.failed)
			status = SLUICE_EXIT_START;
	}
	finish(&daemon);
	sluice_drained_tell(&daemon.drained);
	/* A thread that does not answer is not waited for. */
	if (daemon.given_up)
		_exit(status);
	sluice_succession_again(&daemon, argv);
	return status;
}
