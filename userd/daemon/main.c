// SPDX-License-Identifier: MIT
/*
 * sluiced: from the command line to the running engine, and the control thread's loop: signals, the control plane,
 * systemd. No datagram passes here. Touches: signal, timer and epoll descriptors; starts and stops everything else.
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
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>
#include "../lib/log.h"
#include "background.h"
#include "config/check.h"
#include "control/control.h"
#include "engine/engine.h"
#include "event.h"
#include "options.h"

/* Everything the process has. */
struct daemon {
	struct sluice_options options;
	char *path;	/* of the configuration, absolute */
	char *pid_path; /* of the pid file, likewise; NULL: none */
	struct sluice_engine *engine;
	struct sluice_control *control;
	int signals;
	int watchdog;
	int epoll;
	int pid_file;
	int ready; /* to the parent that waits, -1: none */
	struct timespec started;
	bool stopping;
};

/* Set by a signal while the engine is stopping; read by sluice_engine_stop(). */
static volatile bool interrupted;

/* Logs a text of several lines, a line each. */
static void log_lines(int level, const char *text)
{
	size_t length;

	for (; text && *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		sluice_log(level, "%.*s", (int)length, text);
	}
}

/* Opens the log as `config` says; the command line's level goes first. 0 or a negative errno. */
static int open_log(const struct daemon *daemon, const struct sluice_config *config)
{
	static const enum sluice_log_to targets[] = {
		[SLUICE_LOG_STDERR] = SLUICE_LOG_TO_STDERR,
		[SLUICE_LOG_FILE] = SLUICE_LOG_TO_FILE,
		[SLUICE_LOG_JOURNAL] = SLUICE_LOG_TO_JOURNAL,
	};

	return sluice_log_open(targets[config->log.target], config->log.path,
			       daemon->options.log_level >= 0 ? daemon->options.log_level
							      : config->log.level);
}

/* Reads the daemon's own file and holds it against this machine. NULL if there are errors. @owner caller: both */
static struct sluice_config *load(const char *path, struct sluice_findings *findings)
{
	struct sluice_config *config = NULL;

	if (sluice_config_load(path, &config, findings))
		return NULL;
	if (sluice_config_check_host(config, findings) == 0)
		return config;
	sluice_config_free(config);
	return NULL;
}

/*
 * Changes to `config`, log included, or leaves everything as it is and frees it. 0 or a negative errno and *error.
 * @owner caller: *error
 */
static int change_to(struct daemon *daemon, struct sluice_config *config,
		     const struct sluice_wishes *wishes, char **error)
{
	const struct sluice_config *old = sluice_engine_config(daemon->engine);
	int result = open_log(daemon, config);

	if (result) {
		if (asprintf(error, "the log %s cannot be opened: %s",
			     config->log.path ? config->log.path : "to the journal",
			     strerror(-result)) < 0)
			*error = NULL;
		sluice_config_free(config);
		return result;
	}
	result = sluice_engine_apply(daemon->engine, config, wishes, error);
	if (result) {
		/* It could be opened before. */
		open_log(daemon, old);
		sluice_config_free(config);
		return result;
	}
	sluice_event_send(SLUICE_EVENT_CONFIG, "", config->path,
			  "another configuration is in force");
	return 0;
}

/* SIGHUP: the log file anew, the configuration again. */
static void reload(struct daemon *daemon)
{
	struct sluice_findings findings;
	struct sluice_config *config;
	struct timespec now;
	char *text, *error = NULL;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		   (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	result = sluice_log_reopen();
	if (result)
		sluice_warning("the log file cannot be opened anew: %s", strerror(-result));
	config = load(daemon->path, &findings);
	text = sluice_findings_text(&findings, daemon->path);
	log_lines(config ? LOG_WARNING : LOG_ERR, text);
	free(text);
	sluice_findings_free(&findings);
	if (!config)
		sluice_error("%s has faults: the configuration in force stays", daemon->path);
	else if (change_to(daemon, config, NULL, &error))
		sluice_error("%s; the configuration in force stays",
			     error ? error : "out of memory");
	else
		sluice_notice("%s was read again and is in force", daemon->path);
	free(error);
	sd_notify(0, "READY=1");
}

/* CONFIG_APPLY, see control.h. */
static int call_apply(void *context, const char *text, size_t length, const char *name,
		      const struct sluice_wishes *wishes, char **error)
{
	struct daemon *daemon = context;
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	int result;

	result = sluice_config_parse(text, length, name, &config, &findings);
	if (!result)
		result = sluice_config_check_host(config, &findings);
	if (result) {
		*error = sluice_findings_text(&findings, name);
		sluice_config_free(config);
		sluice_error(
			"the configuration %s that was applied has faults: the one in force stays",
			name);
	} else {
		result = change_to(daemon, config, wishes, error);
		if (result)
			sluice_error("%s; the configuration in force stays",
				     *error ? *error : "out of memory");
		else
			sluice_notice("%s was applied and is in force", name);
	}
	sluice_findings_free(&findings);
	return result;
}

/* The engine's picture, see control.h. */
static int call_report(void *context, struct sluice_engine_report *report)
{
	return sluice_engine_report(((struct daemon *)context)->engine, report);
}

/* What waits for outputs that are gone, see control.h. */
static int call_orphans(void *context, struct sluice_orphans *orphans)
{
	return sluice_engine_orphans(((struct daemon *)context)->engine, orphans);
}

/* Frees it again, see control.h. */
static void call_release(void *context, struct sluice_engine_report *report)
{
	(void)context;
	sluice_engine_report_free(report);
}

/* The daemon's own facts, see control.h. */
static void call_facts(void *context, struct sluice_control_facts *facts)
{
	const struct daemon *daemon = context;
	const struct sluice_config *config = sluice_engine_config(daemon->engine);
	struct sluice_engine_report report;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	facts->version = SLUICE_VERSION " (" SLUICE_DATE ")";
	facts->relay = config->relay;
	facts->config = config->path;
	facts->pid = (uint32_t)getpid();
	facts->uptime = (uint64_t)(now.tv_sec - daemon->started.tv_sec);
	if (sluice_engine_report(daemon->engine, &report))
		return;
	facts->workers = (uint32_t)report.workers;
	sluice_engine_report_free(&report);
}

/* A second SIGTERM or SIGINT while the rings are being emptied. @context signal */
static void on_impatience(int number)
{
	(void)number;
	interrupted = true;
}

/* Stops: delivers what is there, unless a second signal forbids it. */
static void stop(struct daemon *daemon)
{
	struct sigaction action = {.sa_handler = on_impatience};
	uint64_t left;
	sigset_t set;

	sd_notify(0, "STOPPING=1");
	/* Nobody serves it any more: who asks shall be told at once, not wait. */
	sluice_control_close(daemon->control);
	daemon->control = NULL;
	sluice_notice("stopping: delivering what is in the rings; a second signal ends that");
	/* From now on this thread is busy, so the signal has to come to it. */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	left = sluice_engine_stop(daemon->engine, -1, &interrupted);
	daemon->engine = NULL;
	if (left)
		sluice_warning("stopped before everything was delivered: %" PRIu64
			       " bytes stay in the rings",
			       left);
	else
		sluice_notice("stopped: everything was delivered");
}

/* Reads the signals that have come. */
static void on_signals(struct daemon *daemon)
{
	struct signalfd_siginfo information;

	while (read(daemon->signals, &information, sizeof(information)) ==
	       (ssize_t)sizeof(information)) {
		if (information.ssi_signo == SIGHUP)
			reload(daemon);
		else
			daemon->stopping = true;
		/* What comes after the first wish to end is for stop() to notice. */
		if (daemon->stopping)
			return;
	}
}

/* Puts `fd` into the loop. 0 or a negative errno. */
static int watch(const struct daemon *daemon, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(daemon->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Until a signal says stop. */
static void run(struct daemon *daemon)
{
	struct epoll_event event;
	uint64_t expired;

	while (!daemon->stopping) {
		if (epoll_wait(daemon->epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == daemon->signals)
			on_signals(daemon);
		else if (event.data.fd == daemon->watchdog &&
			 read(daemon->watchdog, &expired, sizeof(expired)) > 0)
			sd_notify(0, "WATCHDOG=1");
		else if (event.data.fd == sluice_control_fd(daemon->control))
			sluice_control_serve(daemon->control);
	}
}

/* Says why it could not start, on the log and, if that is elsewhere, on stderr. Returns the status. */
static int cannot_start(const char *what, const char *why)
{
	sluice_error("could not start: %s%s%s", what, why ? ": " : "", why ? why : "");
	if (!sluice_log_is_on_stderr())
		fprintf(stderr, "error: could not start: %s%s%s\n", what, why ? ": " : "",
			why ? why : "");
	return SLUICE_EXIT_START;
}

/* Signals become readable, in every thread that is started from now on; SIGPIPE is a result of write(). 0 or -errno. */
static int prepare_signals(struct daemon *daemon)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		return -EINVAL;
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return daemon->signals < 0 ? -errno : 0;
}

/* The loop's descriptors. 0 or a negative errno. */
static int prepare_loop(struct daemon *daemon)
{
	uint64_t interval = sluice_watchdog_interval() / 2;
	struct itimerspec when = {0};

	daemon->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (daemon->epoll < 0)
		return -errno;
	if (interval) {
		daemon->watchdog = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		when.it_value.tv_sec = (time_t)(interval / 1000000);
		when.it_value.tv_nsec = (long)(interval % 1000000) * 1000;
		when.it_interval = when.it_value;
		if (daemon->watchdog < 0 || timerfd_settime(daemon->watchdog, 0, &when, NULL) ||
		    watch(daemon, daemon->watchdog))
			return -errno;
	}
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

/* Starts everything that `config` describes; takes it over. SLUICE_EXIT_OK or the status, told. */
static int start(struct daemon *daemon, struct sluice_config *config)
{
	static const struct sluice_control_calls calls = {
		.apply = call_apply,
		.report = call_report,
		.release = call_release,
		.orphans = call_orphans,
		.facts = call_facts,
	};
	char *error = NULL;
	int result, status;

	/* A background process has no stderr. */
	if (daemon->options.daemon && config->log.target == SLUICE_LOG_STDERR) {
		status = cannot_start("--daemon needs log.to: journal, or a file", NULL);
		goto failed;
	}
	status = take_pid_file(daemon);
	if (status)
		goto failed;
	result = open_log(daemon, config);
	if (result) {
		status = cannot_start(config->log.path ? config->log.path : "log.to: journal",
				      strerror(-result));
		goto failed;
	}
	result = prepare_signals(daemon);
	if (!result)
		result = prepare_loop(daemon);
	if (result) {
		status = cannot_start("the control thread", strerror(-result));
		goto failed;
	}
	result = sluice_event_open();
	if (result)
		sluice_warning("nobody can be told of alarms by netlink: %s", strerror(-result));
	sluice_notice("sluiced %s (%s) starts with %s", SLUICE_VERSION, SLUICE_DATE, daemon->path);
	if (sluice_engine_start(config, &daemon->engine, &error)) {
		status = cannot_start(error ? error : "out of memory", NULL);
		free(error);
		goto failed;
	}
	/* From here on the configuration is the engine's. */
	result = sluice_control_open(&daemon->control, &calls, daemon);
	if (!result)
		result = watch(daemon, sluice_control_fd(daemon->control));
	if (result)
		return cannot_start("the control socket", strerror(-result));
	if (sluice_control_port(daemon->control) != SLUICE_USERSOCK_PORT)
		sluice_warning("another sluiced answers sluicectl in this network namespace; this "
			       "one has netlink port %u",
			       sluice_control_port(daemon->control));
	return SLUICE_EXIT_OK;

failed:
	sluice_config_free(config);
	return status;
}

/* Ends what start() began, whatever it got to. */
static void finish(struct daemon *daemon)
{
	/* Not reached with an engine unless the start failed behind it: nothing was promised, nothing is waited for. */
	if (daemon->engine)
		sluice_engine_stop(daemon->engine, 0, NULL);
	sluice_control_close(daemon->control);
	sluice_pid_file_remove(daemon->pid_path, daemon->pid_file);
	if (daemon->watchdog >= 0)
		close(daemon->watchdog);
	if (daemon->signals >= 0)
		close(daemon->signals);
	if (daemon->epoll >= 0)
		close(daemon->epoll);
	sluice_event_close();
	sluice_log_close();
	free(daemon->path);
	free(daemon->pid_path);
}

/* The findings on `stream`; the configuration if it is free of errors. @owner caller */
static struct sluice_config *load_and_print(const char *path, FILE *stream)
{
	struct sluice_findings findings;
	struct sluice_config *config = load(path, &findings);
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
	struct daemon daemon = {
		.signals = -1, .watchdog = -1, .epoll = -1, .pid_file = -1, .ready = -1};
	struct sluice_config *config;
	int status, error;

	status = sluice_options_read(argc, argv, &daemon.options);
	if (status >= 0)
		return status;
	config = load_and_print(daemon.options.config, daemon.options.check ? stdout : stderr);
	if (!config)
		return SLUICE_EXIT_CONFIG;
	if (daemon.options.check) {
		sluice_config_free(config);
		return SLUICE_EXIT_OK;
	}
	/* SIGHUP reads it again, from wherever we are then; whoever asks what is in force gets the same. */
	daemon.path = realpath(daemon.options.config, NULL);
	if (!daemon.path)
		daemon.path = strdup(daemon.options.config);
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
	clock_gettime(CLOCK_MONOTONIC, &daemon.started);
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
		sd_notify(0, "READY=1");
		run(&daemon);
		stop(&daemon);
	}
	finish(&daemon);
	return status;
}
