// SPDX-License-Identifier: MIT
/*
 * The wait of a standby; see standby.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "../../lib/packet_socket.h"
#include "../../lib/service.h"
#include "message.h"
#include "standby.h"
#include "watch.h"

/* How often it looks whether whoever works goes round. */
#define TICK_MS 100
/* Time that passed at a time at most: where there was more, we were not awake ourselves. */
#define AWAKE_NS (2ULL * TICK_MS * SLUICE_NS_PER_MS)
/* How often it tells systemd's watchdog, and who it is behind. */
#define PING_NS SLUICE_NS_PER_S

/* What waits for the lock, in a thread of its own: it sleeps in the kernel. */
struct taking {
	struct sluice_claim claim;
	struct sluice_claim_note former, own; /* who had it; and us */
	char path[SLUICE_CLAIM_PATH];
	int done; /* eventfd */
	int error;
};

struct wait {
	const struct sluice_standby_wish *wish;
	struct sluice_claim own; /* says that we wait */
	struct taking *taking;	 /* @owner the thread, until it is done */
	struct sluice_standby_watch watch;
	char socket[SLUICE_PACKET_PATH];
	int connection, signals;
	uint64_t epoch;			     /* of who works, as far as it said */
	uint64_t pinged, now;		     /* ns */
	struct sluice_standby_sockets fresh; /* a list that is not whole yet */
	struct sluice_standby_sockets *sockets;
	bool is_told_of_sockets;
};

/* Says in the claim that it is ours. At once: were we stopped now, the others had to know whom to
 * look at. 0 or a negative errno. */
static int sign(struct taking *taking)
{
	(void)sluice_claim_read(&taking->claim, &taking->former);
	taking->own.epoch = taking->former.epoch + 1;
	return sluice_claim_sign(&taking->claim, &taking->own);
}

/* The thread: it ends with the lock. */
static void *take(void *argument)
{
	struct taking *taking = argument;
	uint64_t one = 1;

	do {
		taking->error = sluice_claim_take(&taking->claim, taking->path, true);
	} while (taking->error == -EINTR);
	if (!taking->error)
		taking->error = sign(taking);
	(void)!write(taking->done, &one, sizeof(one));
	return NULL;
}

/* Starts it. 0 or a negative errno. */
static int begin_taking(struct taking *taking)
{
	pthread_t thread;
	int error;

	taking->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (taking->done < 0)
		return -errno;
	error = pthread_create(&thread, NULL, take, taking);
	if (error) {
		close(taking->done);
		return -error;
	}
	/* Nobody waits for it: whoever leaves leaves it behind. */
	pthread_detach(thread);
	return 0;
}

/* Says in a claim of our own that we wait. Without it we are only not listed. */
static void sign_in(struct wait *wait)
{
	char path[SLUICE_CLAIM_PATH], text[SLUICE_CLAIM_TEXT], name[2 * SLUICE_CLAIM_NAME];
	const struct sluice_standby_wish *wish = wait->wish;
	struct sluice_claim_note *note = calloc(1, sizeof(*note));
	int error = note ? 0 : -ENOMEM;

	snprintf(name, sizeof(name), "%s-%d", wish->relay, (int)getpid());
	if (!error)
		error = sluice_claim_path(path, SLUICE_CLAIM_STANDBY, name, text);
	if (!error)
		error = sluice_claim_take(&wait->own, path, false);
	if (!error) {
		snprintf(note->relay, sizeof(note->relay), "%s", wish->relay);
		snprintf(note->file, sizeof(note->file), "%s", wish->file);
		error = sluice_claim_sign(&wait->own, note);
	}
	if (error)
		sluice_warning("`sluicectl instances` does not list this standby: %s",
			       strerror(-error));
	free(note);
}

/* Connects to who works, if we are not connected. */
static void connect_to(struct wait *wait)
{
	const struct sluice_standby_message hello = sluice_standby_message_of(SLUICE_STANDBY_WAIT);
	uid_t uid;
	int fd;

	if (wait->connection >= 0)
		return;
	fd = sluice_packet_connect(wait->socket, &uid);
	if (fd < 0)
		return;
	if ((uid && uid != geteuid()) || sluice_standby_send(fd, &hello, -1)) {
		close(fd);
		return;
	}
	wait->connection = fd;
}

/* The other end is gone: he stops, or is dead, or does not want us. */
static void hang_up(struct wait *wait)
{
	close(wait->connection);
	wait->connection = -1;
	wait->watch.has_beaten = false;
	wait->watch.silent_ns = 0;
	wait->watch.looked_at = 0;
	/* What came of a list is more than nothing: sockets tell themselves apart. */
}

/* A list of sockets is whole. */
static void settle_sockets(struct wait *wait, uint64_t count)
{
	if (wait->fresh.count != count) {
		sluice_warning("the sockets of process %d were not shown whole: %zu of %" PRIu64,
			       (int)wait->watch.note.pid, wait->fresh.count, count);
		return;
	}
	sluice_standby_sockets_free(wait->sockets);
	*wait->sockets = wait->fresh;
	wait->fresh = (struct sluice_standby_sockets){0};
	if (!wait->is_told_of_sockets && count)
		sluice_notice("its %zu sockets are open here, too: what is in them does not die "
			      "with it",
			      wait->sockets->count);
	wait->is_told_of_sockets = true;
}

/* It goes round; if it was in doubt, it is told so. */
static void note_beat(struct wait *wait, uint64_t epoch)
{
	struct sluice_standby_message doubt;
	uint64_t doubted = sluice_standby_watch_beat(&wait->watch);

	wait->epoch = epoch;
	if (!doubted)
		return;
	sluice_notice("process %d goes on: it was silent for %" PRIu64 " ms, because %s",
		      (int)wait->watch.note.pid, doubted,
		      wait->watch.why ? wait->watch.why : "of something");
	doubt = sluice_standby_message_of(SLUICE_STANDBY_DOUBT);
	doubt.number = doubted;
	snprintf(doubt.text, sizeof(doubt.text), "%s", wait->watch.why ? wait->watch.why : "");
	(void)sluice_standby_send(wait->connection, &doubt, -1);
}

/* Hears out who works. */
static void listen_to(struct wait *wait)
{
	struct sluice_standby_message message;
	int fd, error;

	while (wait->connection >= 0) {
		error = sluice_standby_receive(wait->connection, &message, &fd);
		if (error == -EAGAIN || error == -EBADMSG)
			return;
		if (error) {
			hang_up(wait);
			return;
		}
		if (message.kind == SLUICE_STANDBY_SOCKET && fd >= 0) {
			(void)sluice_standby_sockets_add(&wait->fresh, fd, message.text);
			continue;
		}
		if (fd >= 0)
			close(fd);
		if (message.kind == SLUICE_STANDBY_BEAT)
			note_beat(wait, message.epoch);
		else if (message.kind == SLUICE_STANDBY_SOCKETS)
			sluice_standby_sockets_free(&wait->fresh);
		else if (message.kind == SLUICE_STANDBY_SOCKETS_DONE)
			settle_sockets(wait, message.number);
	}
}

/* For how long it has been silent. */
static uint64_t silent_ms(const struct sluice_standby_watch *watch)
{
	return watch->silent_ns / SLUICE_NS_PER_MS;
}

/* Tells of one that is silent, and does not go on telling. */
static void tell_of_silence(struct wait *wait, const char *and_so)
{
	struct sluice_standby_watch *watch = &wait->watch;
	uint64_t again = watch->told_ns ? watch->told_ns * 2 : 1;

	if (watch->silent_ns < again)
		return;
	watch->told_ns = watch->silent_ns;
	sluice_error("ALARM: process %d, which works as relay `%s`, is silent for %" PRIu64
		     " ms: %s; %s",
		     (int)watch->note.pid, wait->wish->relay, silent_ms(watch),
		     watch->why ? watch->why : "?", and_so);
}

/* Kills one that hangs. */
static void fence(struct wait *wait)
{
	struct sluice_standby_watch *watch = &wait->watch;
	char text[160];
	int error = sluice_standby_watch_fence(watch);

	if (!error) {
		sluice_error("ALARM: process %d, which works as relay `%s`, hangs: %s, and it was "
			     "silent for %" PRIu64 " ms; it was killed, and this one works as soon "
			     "as it is dead",
			     (int)watch->note.pid, wait->wish->relay, watch->why ? watch->why : "?",
			     silent_ms(watch));
		return;
	}
	snprintf(text, sizeof(text),
		 "it cannot be killed from here (%s), and while it lives nobody else may work",
		 strerror(-error));
	tell_of_silence(wait, text);
}

/* Every tick: is all well with who works? */
static void look(struct wait *wait)
{
	uint64_t now = sluice_now(), passed = now - wait->now;

	wait->now = now;
	if (passed > AWAKE_NS)
		passed = AWAKE_NS;
	if (now - wait->pinged >= PING_NS) {
		wait->pinged = now;
		(void)sluice_service_say("WATCHDOG=1");
		(void)sluice_service_say("STATUS=standby of relay %s; process %d works",
					 wait->wish->relay, (int)wait->watch.note.pid);
	}
	(void)sluice_standby_watch_find(&wait->watch, wait->taking->path);
	connect_to(wait);
	switch (sluice_standby_watch_judge(&wait->watch, passed,
					   wait->wish->limit_ms * SLUICE_NS_PER_MS)) {
	case SLUICE_STANDBY_BUSY:
		tell_of_silence(wait, "that is no reason to take over");
		break;
	case SLUICE_STANDBY_HANGS:
		fence(wait);
		break;
	default:
		break;
	}
}

/* Reads signals. True: it is to leave. */
static bool on_signals(struct wait *wait)
{
	struct signalfd_siginfo information;
	bool leaves = false;

	while (read(wait->signals, &information, sizeof(information)) ==
	       (ssize_t)sizeof(information)) {
		if (information.ssi_signo == SIGHUP || information.ssi_signo == SIGUSR1)
			wait->wish->refresh(wait->wish->context, information.ssi_signo == SIGHUP);
		else
			leaves = true;
	}
	return leaves;
}

/* Signals become readable; they stay so for whoever reads them next. 0 or a negative errno. */
static int take_signals(struct wait *wait)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		return -EINVAL;
	wait->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return wait->signals < 0 ? -errno : 0;
}

/* Until the lock is ours, or somebody wants us to leave. */
static enum sluice_standby_end run(struct wait *wait)
{
	for (;;) {
		struct pollfd wanted[] = {
			{.fd = wait->taking->done, .events = POLLIN},
			{.fd = wait->signals, .events = POLLIN},
			{.fd = wait->connection, .events = POLLIN},
		};

		(void)poll(wanted, 3, TICK_MS);
		if (wanted[0].revents)
			return SLUICE_STANDBY_WORK;
		if (wanted[1].revents && on_signals(wait))
			return SLUICE_STANDBY_LEAVE;
		/* What lies in the socket is heard before anybody is judged. */
		listen_to(wait);
		if (sluice_now() - wait->now >= TICK_MS * SLUICE_NS_PER_MS)
			look(wait);
	}
}

/* Waits until one that died is gone altogether: what it had open is closed then. */
static void see_him_die(const struct sluice_standby_watch *watch)
{
	struct pollfd process = {.fd = watch->process, .events = POLLIN};

	if (watch->process >= 0 && !poll(&process, 1, 2000))
		sluice_notice("process %d, which worked before, is still there, and works no more",
			      (int)watch->note.pid);
}

/* The lock is ours. 0 or a negative errno. */
static int succeed(struct wait *wait, struct sluice_claims *claims)
{
	const struct sluice_claim_note *former = &wait->taking->former;
	size_t number;

	if (wait->taking->error)
		return wait->taking->error;
	claims->relay = wait->taking->claim;
	/* The last words of who worked may still be there. */
	listen_to(wait);
	/* Only somebody who was killed has not taken its sockets with it, or given them. */
	for (number = 0; number < wait->fresh.count; number++) {
		(void)sluice_standby_sockets_add(wait->sockets, wait->fresh.list[number].fd,
						 wait->fresh.list[number].name);
		wait->fresh.list[number].fd = -1;
	}
	if (former->pid && former->pid == wait->watch.note.pid)
		see_him_die(&wait->watch);
	sluice_notice("relay `%s` is free: process %d, which worked with epoch %" PRIu64 ", %s",
		      wait->wish->relay, (int)wait->watch.note.pid, former->epoch,
		      wait->watch.is_killed ? "was killed"
		      : former->pid	    ? "has died"
					    : "has left");
	return 0;
}

int sluice_standby_wait(struct sluice_claims *claims, const struct sluice_standby_wish *wish,
			enum sluice_standby_end *end, struct sluice_standby_sockets *sockets)
{
	char text[SLUICE_CLAIM_TEXT] = "";
	struct wait wait = {.wish = wish,
			    .own = {.fd = -1},
			    .watch = {.process = -1},
			    .connection = -1,
			    .signals = -1,
			    .now = sluice_now(),
			    .sockets = sockets};
	int error;

	if (!claims || !wish || !end || !sockets)
		return -EINVAL;
	*end = SLUICE_STANDBY_FIRST;
	*sockets = (struct sluice_standby_sockets){0};
	wait.taking = calloc(1, sizeof(*wait.taking));
	if (!wait.taking)
		return -ENOMEM;
	error = sluice_claim_path(wait.taking->path, SLUICE_CLAIM_RELAY, wish->relay, text);
	if (!error)
		error = sluice_claim_socket(wait.socket, wait.taking->path);
	if (error) {
		sluice_error("no standby: %s", *text ? text : strerror(-error));
		goto free;
	}
	/* Nobody works: there is nothing to wait for. */
	snprintf(wait.taking->own.relay, sizeof(wait.taking->own.relay), "%s", wish->relay);
	snprintf(wait.taking->own.file, sizeof(wait.taking->own.file), "%s", wish->file);
	error = sluice_claim_take(&wait.taking->claim, wait.taking->path, false);
	if (!error) {
		error = sign(wait.taking);
		claims->relay = wait.taking->claim;
	}
	if (error != -EBUSY)
		goto free;
	error = take_signals(&wait);
	if (error)
		goto free;
	sign_in(&wait);
	(void)sluice_standby_watch_find(&wait.watch, wait.taking->path);
	connect_to(&wait);
	sluice_notice("standby of relay `%s`: process %d works; this one waits", wish->relay,
		      (int)wait.watch.note.pid);
	error = begin_taking(wait.taking);
	if (error)
		goto free;
	wish->ready(wish->context);
	*end = run(&wait);
	if (*end == SLUICE_STANDBY_WORK)
		error = succeed(&wait, claims);
	else
		/* The thread sleeps on, with what is its own, until the process ends. */
		wait.taking = NULL;
free:
	if (error)
		sluice_standby_sockets_free(sockets);
	sluice_standby_sockets_free(&wait.fresh);
	sluice_claim_drop(&wait.own, true);
	sluice_standby_watch_end(&wait.watch);
	if (wait.connection >= 0)
		close(wait.connection);
	if (wait.signals >= 0)
		close(wait.signals);
	free(wait.taking);
	return error;
}
