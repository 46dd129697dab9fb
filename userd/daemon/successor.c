// SPDX-License-Identifier: MIT
/*
 * Starting a successor; see successor.h. Touches: the process, /proc/self/exe.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include "../lib/guid.h"
#include "../lib/log.h"
#include "../lib/service.h"
#include "successor.h"

/* In which variable of the environment its word is. */
#define TOKEN "SLUICE_SUCCESSOR"
/* Words of its command line at most, with the end. */
#define WORDS 24U

static struct {
	char path[4096]; /* of the program that runs; empty: not known */
	struct stat state;
	struct daemon *daemon;
	pid_t pid; /* of the one that was started; 0: none, or it goes on by itself */
	char given[SLUICE_GUID_TEXT]; /* the word that it was given; empty: none was started */
	char own[SLUICE_GUID_TEXT];   /* that we were given; empty: none */
	int pidfd;
} successor = {.pidfd = -1};

void sluice_successor_note(void)
{
	ssize_t length = readlink("/proc/self/exe", successor.path, sizeof(successor.path) - 1);

	if (length < 0 || stat("/proc/self/exe", &successor.state))
		length = 0;
	successor.path[length] = '\0';
}

bool sluice_successor_is_other(void)
{
	struct stat now;

	return successor.path[0] && !stat(successor.path, &now) &&
	       (now.st_dev != successor.state.st_dev || now.st_ino != successor.state.st_ino);
}

/* Writes the command line: what this one was given, from whatever folder it is started. */
static void write_words(const struct daemon *daemon, const char *words[WORDS])
{
	static const char *const levels[] = {"error",	"error",  "error", "error",
					     "warning", "notice", "info",  "debug"};
	const struct sluice_options *options = &daemon->options;
	size_t count = 0;

	words[count++] = "sluiced";
	words[count++] = "-c";
	words[count++] = daemon->path;
	words[count++] = "--takeover";
	if (daemon->pid_path) {
		words[count++] = "--pid-file";
		words[count++] = daemon->pid_path;
	}
	if (options->socket) {
		words[count++] = "--socket";
		words[count++] = options->socket;
	}
	if (options->log_level >= 0 &&
	    (size_t)options->log_level < sizeof(levels) / sizeof(levels[0])) {
		words[count++] = "--log-level";
		words[count++] = levels[options->log_level];
	}
	words[count] = NULL;
}

/* Runs the program. 0 or an errno. */
static int spawn(const char *const *words)
{
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	uuid_t word;
	int error = posix_spawnattr_init(&attributes);

	if (error)
		return error;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	error = posix_spawnattr_setsigmask(&attributes, &none);
	if (!error)
		error = posix_spawnattr_setsigdefault(&attributes, &usual);
	if (!error)
		error = posix_spawnattr_setflags(&attributes,
						 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	/* The watchdog is whoever's the main process is. */
	(void)unsetenv("WATCHDOG_PID");
	uuid_generate_random(word);
	(void)sluice_guid_format(word, successor.given);
	if (!error && setenv(TOKEN, successor.given, 1))
		error = errno;
	if (!error)
		error = posix_spawn(&successor.pid, successor.path, NULL, &attributes,
				    (char *const *)(uintptr_t)words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)unsetenv(TOKEN);
	return error;
}

void sluice_successor_start(struct daemon *daemon)
{
	struct epoll_event event = {.events = EPOLLIN};
	const char *words[WORDS];
	int error;

	if (successor.pid) {
		sluice_warning("process %d was started to take over and has not ended",
			       (int)successor.pid);
		return;
	}
	successor.daemon = daemon;
	write_words(daemon, words);
	error = successor.path[0] ? spawn(words) : ENOENT;
	if (error) {
		successor.pid = 0;
		sluice_error("%s cannot be started to take over: %s; this sluiced goes on",
			     successor.path, strerror(error));
		(void)sluice_service_say("READY=1");
		return;
	}
	sluice_notice("process %d (%s) was started to take over", (int)successor.pid,
		      successor.path);
	successor.pidfd = pidfd_open(successor.pid, 0);
	event.data.fd = successor.pidfd;
	if (successor.pidfd >= 0)
		(void)epoll_ctl(daemon->epoll, EPOLL_CTL_ADD, successor.pidfd, &event);
}

void sluice_successor_begin(void)
{
	const char *word = getenv(TOKEN);

	if (!word)
		return;
	snprintf(successor.own, sizeof(successor.own), "%s", word);
	(void)unsetenv(TOKEN);
	if (fork() > 0)
		_exit(0);
}

const char *sluice_successor_token(void)
{
	return successor.own;
}

bool sluice_successor_is(const char *token, size_t length)
{
	return length && length == strlen(successor.given) &&
	       !memcmp(token, successor.given, length);
}

void sluice_successor_reap(void)
{
	int status;

	if (!successor.pid || waitpid(successor.pid, &status, WNOHANG) != successor.pid)
		return;
	/* Otherwise it goes on by itself, and says what becomes of it. */
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		sluice_warning("process %d, which was to take over, ended with %s %d; this sluiced "
			       "goes on",
			       (int)successor.pid, WIFEXITED(status) ? "status" : "signal",
			       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	if (successor.pidfd >= 0)
		close(successor.pidfd);
	successor.pidfd = -1;
	successor.pid = 0;
	(void)sluice_service_say("READY=1");
}

bool sluice_successor_serve(int fd)
{
	if (fd < 0 || fd != successor.pidfd)
		return false;
	sluice_successor_reap();
	return true;
}
