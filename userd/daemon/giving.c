// SPDX-License-Identifier: MIT
/*
 * The old daemon of a take-over; see giving.h. Touches: its socket, the new process.
 *
 *   IDLE ──HELLO──► OFFERED ──TAKE──► WORKING ──all is sent──► WAITING ──READY──► gone
 *    ▲                 │                 │                        │
 *    └─────────────────┘                 └──────► RESUMING ◄──────┘  the new one is ended first
 *
 * Until COMMIT is sent this process keeps descriptors of its own of everything, and an engine can
 * be started from them in the way in which the new one starts its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../lib/log.h"
#include "../lib/service.h"
#include "giving.h"
#include "handover/parcel.h"
#include "identity/identity_file.h"
#include "picture.h"
#include "source/source.h"
#include "succession.h"
#include "successor.h"
#include "taking.h"

/* How long the first word of a new daemon may take, for which nothing else is done. */
#define HELLO_MS 200
/* Between an offer and the wish to take it; outputs may take to come to rest; a packet to be sent;
 * all of that to be taken and used. */
#define OFFERED_S 30
#define REST_NS (2 * SLUICE_NS_PER_S)
#define SEND_S 5
#define WAITING_S 6
/* How long the end of a process that was killed may take. */
#define DEATH_MS 60000
/* How long systemd may take to hear of it: it may be busy. The new one waits longer (taking.c), and
 * relays meanwhile. */
#define HEARD_US (15ULL * 1000 * 1000)

enum state { IDLE, OFFERED, WORKING, WAITING, RESUMING };

/* The one that there is. */
static struct {
	struct sluice_job job;
	struct daemon *daemon;
	enum state state;
	int listener, peer, timer, pidfd;
	pid_t pid; /* of the new daemon */
	char path[SLUICE_PACKET_PATH];
	struct sluice_parcel parcel;
	struct sluice_config *spare; /* what goes on if it fails; NULL: none is made */
	struct sluice_engine *engine;
	char *error;
	int result;
	unsigned int version; /* of the protocol that the new one speaks */
	bool is_given;	      /* the engine is gone */
	bool is_ready;	      /* the new one says that it moves data */
	bool stops;	      /* the daemon is to stop when it goes on */
} giving = {.listener = -1, .peer = -1, .timer = -1, .pidfd = -1};

/* Has the loop watch a descriptor, or not. 0 or a negative errno. */
static int watch(int fd, bool watches)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(giving.daemon->epoll, watches ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event)
		       ? -errno
		       : 0;
}

/* The timer comes in so many seconds; 0: never. */
static void set_timer(int seconds)
{
	const struct itimerspec when = {.it_value.tv_sec = seconds};

	(void)timerfd_settime(giving.timer, 0, &when, NULL);
}

/* Closes a descriptor of ours. */
static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sluice_giving_open(struct daemon *daemon)
{
	int result = sluice_taking_place(daemon, sluice_engine_config(daemon->engine), giving.path);

	giving.daemon = daemon;
	sluice_successor_note();
	if (result == -ENOENT)
		return;
	if (!result) {
		giving.listener = sluice_handed_take(SLUICE_HANDED_PLACE, giving.path);
		if (giving.listener < 0)
			giving.listener = sluice_packet_listen(giving.path);
		result = giving.listener < 0 ? giving.listener : watch(giving.listener, true);
	}
	giving.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!result)
		result = giving.timer < 0 ? -errno : watch(giving.timer, true);
	if (!result)
		return;
	sluice_notice("no other sluiced can take over from this one: %s: %s", giving.path,
		      strerror(-result));
	shut(&giving.listener);
}

void sluice_giving_close(struct daemon *daemon)
{
	uid_t uid;
	int other;

	(void)daemon;
	shut(&giving.peer);
	shut(&giving.pidfd);
	shut(&giving.timer);
	sluice_parcel_empty(&giving.parcel);
	sluice_config_free(giving.spare);
	giving.spare = NULL;
	if (giving.listener < 0)
		return;
	shut(&giving.listener);
	other = sluice_packet_connect(giving.path, &uid);
	if (other == -ECONNREFUSED)
		(void)unlink(giving.path);
	shut(&other);
}

/* It is over, and this daemon goes on. */
static void end_session(void)
{
	if (giving.peer >= 0)
		(void)watch(giving.peer, false);
	shut(&giving.peer);
	shut(&giving.pidfd);
	set_timer(0);
	sluice_parcel_empty(&giving.parcel);
	sluice_config_free(giving.spare);
	giving.spare = NULL;
	free(giving.error);
	giving.error = NULL;
	giving.state = IDLE;
	giving.daemon->handing = false;
	sluice_successor_reap();
	(void)sluice_service_say("READY=1");
	if (giving.stops)
		sluice_daemon_stop(giving.daemon);
	giving.stops = false;
}

/* Nothing was taken: says why, to the log and to the new one. */
static void refuse(const char *why)
{
	sluice_warning("process %d wanted to take over: %s; this sluiced goes on", (int)giving.pid,
		       why);
	(void)sluice_handover_say(giving.peer, SLUICE_HANDOVER_REFUSED, why);
	end_session();
}

/* Had the new one, which has ended, said READY? Then it may have read from connections and written
 * half a frame to them. */
static bool has_used_links(void)
{
	struct sluice_handover_packet *packet = malloc(sizeof(*packet));
	bool has_used = giving.is_ready || !packet;

	while (!has_used && !sluice_handover_receive(giving.peer, packet, 0)) {
		sluice_handover_drop(packet);
		has_used = packet->head.word == SLUICE_HANDOVER_READY;
	}
	free(packet);
	return has_used;
}

/* struct sluice_job.work: the new one has ended, and all is as it was. In the foreman's thread. */
static void work_resume(struct sluice_job *job)
{
	struct pollfd ended = {.fd = giving.pidfd, .events = POLLIN};

	(void)job;
	/* As long as it lives it may store and send. */
	if (poll(&ended, 1, DEATH_MS) != 1) {
		giving.result = -ETIMEDOUT;
		giving.error = strdup("the new process does not end");
		return;
	}
	if (has_used_links()) {
		sluice_parcel_drop(&giving.parcel, SLUICE_HANDED_LINK);
		sluice_parcel_drop(&giving.parcel, SLUICE_HANDED_REST);
	}
	giving.result = sluice_taking_unpack(&giving.parcel, &giving.error);
	/* What waits in the sockets is read before what comes by a program. */
	sluice_socket_way_hold(true);
	if (!giving.result)
		giving.result = sluice_engine_start(giving.spare, &giving.engine, &giving.error);
	sluice_socket_way_hold(false);
	if (giving.result)
		return;
	giving.spare = NULL;
	sluice_engine_go_on(giving.engine);
}

/* struct sluice_job.done: in the control thread. */
static void done_resume(struct sluice_job *job)
{
	struct daemon *daemon = giving.daemon;

	(void)job;
	if (giving.result) {
		sluice_error("the take-over failed, and this sluiced cannot go on: %s; it ends, "
			     "what is in the rings stays there",
			     giving.error ? giving.error : strerror(-giving.result));
		daemon->failed = true;
		daemon->ended = true;
		return;
	}
	daemon->engine = giving.engine;
	giving.engine = NULL;
	sluice_succession_resume(daemon);
	(void)sluice_handed_drop_all();
	sluice_notice("the take-over by process %d failed; this sluiced goes on, and nothing is "
		      "lost by it",
		      (int)giving.pid);
	end_session();
	sluice_links_look(&daemon->links);
	sluice_links_follow(&daemon->links, daemon);
}

/* All of it was given and the new one is no good. */
static void resume(const char *why)
{
	sluice_error("process %d was to take over and did not: %s", (int)giving.pid, why);
	/* What is not ours any more it must not touch. */
	(void)pidfd_send_signal(giving.pidfd, SIGKILL, NULL, 0);
	if (giving.state == WAITING)
		(void)watch(giving.peer, false);
	set_timer(0);
	giving.state = RESUMING;
	giving.job.work = work_resume;
	giving.job.done = done_resume;
	giving.result = -ECANCELED;
	if (sluice_foreman_give(giving.daemon->foreman, &giving.job))
		giving.daemon->ended = giving.daemon->failed = true;
}

/* struct sluice_job.work: the engine goes into the parcel, and that to the new one. In the
 * foreman's thread. */
static void work_give(struct sluice_job *job)
{
	(void)job;
	sluice_picture_note(giving.engine);
	giving.parcel.takes_rests = giving.version >= SLUICE_HANDOVER_RESTS;
	giving.result = sluice_engine_hand_over(giving.engine, REST_NS,
						giving.version >= SLUICE_HANDOVER_LINKS,
						&giving.parcel, &giving.error);
	giving.is_given = giving.result != -EBUSY;
	if (!giving.result)
		giving.result = sluice_parcel_say(&giving.parcel, "working since=%" PRIu64,
						  giving.daemon->working_since);
	/* No worker tells of anything any more. */
	if (!giving.result)
		giving.result = sluice_events_give(&giving.daemon->events, &giving.parcel);
	if (!giving.result)
		giving.result = sluice_parcel_send(&giving.parcel, giving.peer);
}

/* struct sluice_job.done: in the control thread. */
static void done_give(struct sluice_job *job)
{
	char *error;

	(void)job;
	if (!giving.is_given) {
		giving.daemon->engine = giving.engine;
		giving.engine = NULL;
		error = giving.error;
		giving.error = NULL;
		(void)watch(giving.peer, true);
		refuse(error ? error : "out of memory");
		free(error);
		return;
	}
	giving.engine = NULL;
	if (giving.result || giving.stops) {
		resume(giving.result ? strerror(-giving.result) : "this sluiced is to stop");
		return;
	}
	giving.state = WAITING;
	(void)watch(giving.peer, true);
	set_timer(WAITING_S);
}

/* Puts what the control thread has into the parcel. 0 or a negative errno. */
static int pack_own(struct daemon *daemon)
{
	int result = sluice_control_give(daemon->control, &giving.parcel);

	if (!result)
		result = sluice_doors_give(daemon->doors, &giving.parcel);
	if (!result)
		result = sluice_forwards_give(daemon->forwards, &giving.parcel);
	if (!result)
		result = sluice_succession_give(daemon, &giving.parcel);
	if (!result && daemon->pid_file >= 0 && daemon->pid_path)
		result = sluice_parcel_add(&giving.parcel, SLUICE_HANDED_PID_FILE, daemon->pid_path,
					   daemon->pid_file);
	if (!result)
		result = sluice_parcel_add(&giving.parcel, SLUICE_HANDED_PLACE, giving.path,
					   giving.listener);
	return result;
}

/* What goes on if it fails is read before anything is given. 0 or a negative errno. */
static int make_spare(struct daemon *daemon)
{
	const struct sluice_revision *newest = sluice_revisions_newest(&daemon->revisions);
	const struct sluice_config *config = sluice_engine_config(daemon->engine);
	const char *home = sluice_identity_home(config);
	struct sluice_findings findings;
	int result;

	if (!newest || !newest->text || !home)
		return -ENOENT;
	result = sluice_config_parse(newest->text, newest->length, newest->name, &giving.spare,
				     &findings);
	if (!result)
		(void)sluice_config_check_host(giving.spare, SLUICE_HOST_LIVE, &findings);
	sluice_findings_free(&findings);
	if (!result && !giving.spare->home) {
		giving.spare->home = strdup(home);
		result = giving.spare->home ? 0 : -ENOMEM;
	}
	return result;
}

/* Why it cannot be handed over now, or NULL. */
static const char *reason_against(const struct daemon *daemon, const char *text)
{
	const struct sluice_config *config = sluice_engine_config(daemon->engine);
	const char *home = config ? sluice_identity_home(config) : NULL;
	const char *said = strstr(text, "home="), *token = strstr(text, "token=");

	if (daemon->stopping)
		return "it is stopping";
	if (daemon->change || daemon->trial.base.text || !home)
		return "a change of its configuration is under way, or waits to be confirmed";
	if (sluice_revisions_changes(&daemon->revisions) ||
	    (daemon->config_name && strcmp(daemon->config_name, daemon->path) != 0))
		return "what is in force is not what the file says: `sluicectl save` keeps it, or "
		       "`sluicectl apply` undoes it; then try again";
	if (!said || strncmp(said + 5, home, strlen(home)) != 0 || said[5 + strlen(home)] != '\n')
		return "it has another configuration file";
	if (getenv("NOTIFY_SOCKET") &&
	    (!token || !sluice_successor_is(token + 6, strcspn(token + 6, "\n"))))
		return "systemd runs it, and would end what it did not start: use `systemctl "
		       "reload`";
	return NULL;
}

/* HELLO. */
static void on_hello(struct daemon *daemon, const char *text)
{
	const char *against = reason_against(daemon, text);
	char *offer = NULL;
	int result;

	if (against) {
		refuse(against);
		return;
	}
	giving.pidfd = pidfd_open(giving.pid, 0);
	result = giving.pidfd < 0 ? -errno : make_spare(daemon);
	if (!result &&
	    asprintf(&offer, "version=%s\nprocess=%d\n", SLUICE_VERSION, (int)getpid()) < 0)
		result = -ENOMEM;
	if (!result)
		result = sluice_handover_say(giving.peer, SLUICE_HANDOVER_OFFER, offer);
	free(offer);
	if (result) {
		refuse(strerror(-result));
		return;
	}
	giving.state = OFFERED;
	set_timer(OFFERED_S);
	sluice_info("process %d wants to take over", (int)giving.pid);
}

/* TAKE. */
static void on_take(struct daemon *daemon)
{
	const char *against = daemon->stopping || daemon->change || daemon->trial.base.text
				      ? "something else is under way by now"
				      : NULL;

	if (!against && !sluice_foreman_collect(daemon->foreman, 1000))
		against = "it is busy with something else";
	if (!against && pack_own(daemon))
		against = "it has no descriptor or memory left for that";
	if (against) {
		refuse(against);
		return;
	}
	sluice_notice("process %d takes over", (int)giving.pid);
	giving.state = WORKING;
	set_timer(0);
	/* It has nothing to say now; whether it is there shows when it is sent something. */
	(void)watch(giving.peer, false);
	giving.engine = daemon->engine;
	daemon->engine = NULL;
	daemon->handing = true;
	giving.is_given = false;
	giving.job.work = work_give;
	giving.job.done = done_give;
	(void)sluice_foreman_give(daemon->foreman, &giving.job);
}

/* READY: it is the other's from here on. */
static void on_ready(struct daemon *daemon)
{
	int result = sluice_service_say("MAINPID=%d", (int)giving.pid);

	giving.is_ready = true;
	/* First, and until it is heard: who is not the main process any more may leave. */
	if (result > 0 || result == -EAGAIN)
		result = sluice_service_wait(HEARD_US);
	else
		result = 0;
	if (result < 0)
		sluice_error("systemd does not hear which process is the main one: %s",
			     strerror(-result));
	else
		result = sluice_handover_say(giving.peer, SLUICE_HANDOVER_COMMIT, NULL);
	if (result < 0) {
		(void)sluice_service_say("MAINPID=%d", (int)getpid());
		resume(strerror(-result));
		return;
	}
	sluice_notice("process %d has taken over; this sluiced leaves", (int)giving.pid);
	free(daemon->pid_path);
	daemon->pid_path = NULL;
	sluice_succession_leave(daemon);
	daemon->ended = true;
}

/* The new one says something, or is gone. */
static void on_peer(struct daemon *daemon)
{
	struct sluice_handover_packet *packet = malloc(sizeof(*packet));
	int result = packet ? sluice_handover_receive(giving.peer, packet, 0) : -ENOMEM;

	if (!result)
		sluice_handover_drop(packet);
	if (result == -ETIMEDOUT) {
		free(packet);
		return;
	}
	if (!result && giving.state == OFFERED && packet->head.word == SLUICE_HANDOVER_TAKE) {
		on_take(daemon);
	} else if (!result && giving.state == WAITING &&
		   packet->head.word == SLUICE_HANDOVER_READY) {
		on_ready(daemon);
	} else if (giving.state == WAITING) {
		resume(result					      ? "it ended the connection"
		       : packet->head.word == SLUICE_HANDOVER_REFUSED ? packet->text
								      : "it makes no sense");
	} else {
		sluice_info("process %d does not take over after all", (int)giving.pid);
		end_session();
	}
	free(packet);
}

/* Somebody has come. */
static void on_visitor(struct daemon *daemon)
{
	const struct timeval limit = {.tv_sec = SEND_S};
	struct sluice_handover_packet *packet;
	struct ucred credentials = {0};
	socklen_t length = sizeof(credentials);
	int fd = accept4(giving.listener, NULL, NULL, SOCK_CLOEXEC), result;
	char text[128];

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) || !credentials.pid ||
	    (credentials.uid && credentials.uid != geteuid())) {
		close(fd);
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	packet = malloc(sizeof(*packet));
	result = packet ? sluice_handover_receive(fd, packet, HELLO_MS) : -ENOMEM;
	if (!result)
		sluice_handover_drop(packet);
	if (result || packet->head.word != SLUICE_HANDOVER_HELLO) {
		if (result == -EPROTONOSUPPORT)
			(void)sluice_handover_say(fd, SLUICE_HANDOVER_REFUSED,
						  "it speaks an older version of the protocol: "
						  "restart instead");
		close(fd);
	} else if (giving.state != IDLE) {
		snprintf(text, sizeof(text),
			 "process %d is taking over already; nothing was changed", (int)giving.pid);
		sluice_warning("process %d wanted to take over as well: %s", (int)credentials.pid,
			       text);
		(void)sluice_handover_say(fd, SLUICE_HANDOVER_REFUSED, text);
		close(fd);
	} else {
		giving.peer = fd;
		giving.pid = credentials.pid;
		giving.version = packet->head.version;
		giving.is_ready = false;
		(void)watch(fd, true);
		on_hello(daemon, packet->text);
	}
	free(packet);
}

bool sluice_giving_serve(struct daemon *daemon, int fd)
{
	uint64_t count;

	if (fd < 0)
		return false;
	if (fd == giving.listener) {
		on_visitor(daemon);
	} else if (fd == giving.peer) {
		on_peer(daemon);
	} else if (fd == giving.timer) {
		(void)!read(giving.timer, &count, sizeof(count));
		if (giving.state == WAITING)
			resume("it did not say in time that it moves data");
		else if (giving.state == OFFERED)
			refuse("it did not go on in time");
	} else {
		return sluice_successor_serve(fd);
	}
	return true;
}

void sluice_giving_start_successor(struct daemon *daemon)
{
	if (giving.listener < 0 || giving.state != IDLE || daemon->stopping) {
		sluice_warning("no sluiced is started to take over: %s",
			       giving.listener < 0 ? "nobody can take over from this one"
			       : daemon->stopping  ? "this one is stopping"
						   : "one is at it already");
		(void)sluice_service_say("READY=1");
		return;
	}
	sluice_successor_start(daemon);
}

bool sluice_giving_has_other_program(void)
{
	return sluice_successor_is_other();
}

bool sluice_giving_abandon(struct daemon *daemon)
{
	(void)daemon;
	if (giving.state == IDLE)
		return false;
	if (giving.state == OFFERED) {
		refuse("this sluiced is to stop");
		return false;
	}
	giving.stops = true;
	if (giving.state == WAITING)
		resume("this sluiced is to stop");
	return true;
}
