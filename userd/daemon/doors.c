// SPDX-License-Identifier: MIT
/*
 * The doors for sessions; see doors.h. Touches: sockets, processes, the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../config/check.h"
#include "../config/sentence.h"
#include "../lib/clock.h"
#include "../lib/event.h"
#include "../lib/folder.h"
#include "../lib/log.h"
#include "../lib/packet_socket.h"
#include "../lib/text.h"
#include "door.h"
#include "handover/parcel.h"
#include "doors.h"

#define PAUSE_LEAST_MS 200U  /* before a process that ended is started anew; twice as long */
#define PAUSE_MOST_MS 30000U /* each time, up to this */
#define LONG_NS (60 * SLUICE_NS_PER_S) /* one that ran for so long begins with the least again */

/* How a door is to be, by a configuration. */
struct wish {
	char *address; /* as written; NULL: closed. @owner the wish */
	char *password_file;
	const char *kind;
	struct sockaddr_storage tcp; /* of those that listen there */
	uint64_t idle_ms;
};

struct door {
	const char *key;
	/* Where a configuration says it listens for TCP; NULL: at a path. */
	const struct sluice_config_listener *(*tcp)(const struct sluice_config_control *control);
	bool is_for_sessions; /* else it is for browsers */
	struct wish now, next;
	int listener;	   /* -1: closed */
	int next_listener; /* of `next`; may be the same */
	struct sluice_door_process process;
	uint64_t started;
	uint64_t again; /* when it is to be started anew, in ns; 0: it runs, or is closed */
	uint64_t pause_ms;
	bool is_told; /* that there are no sessions */
};

struct sluice_doors {
	struct door list[3];
	char *socket;
	char *program; /* sluicectl; NULL: not found */
	int epoll;
	int timer;
};

#define DOORS (sizeof(((struct sluice_doors *)0)->list) / sizeof(struct door))

/* control.telnet */
static const struct sluice_config_listener *telnet_of(const struct sluice_config_control *control)
{
	return &control->telnet;
}

/* control.http */
static const struct sluice_config_listener *http_of(const struct sluice_config_control *control)
{
	return &control->http;
}

/* Frees what it holds, and empties it. */
static void wish_free(struct wish *wish)
{
	free(wish->address);
	free(wish->password_file);
	*wish = (struct wish){.address = NULL};
}

/* Puts `fd` into the loop. 0 or a negative errno. */
static int watch(const struct sluice_doors *doors, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(doors->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int sluice_doors_open(struct sluice_doors **doors, const char *socket)
{
	struct sluice_doors *fresh = calloc(1, sizeof(*fresh));
	size_t number;
	int error;

	if (!fresh || !doors) {
		free(fresh);
		return doors ? -ENOMEM : -EINVAL;
	}
	fresh->list[0].key = "control.telnet";
	fresh->list[0].tcp = telnet_of;
	fresh->list[0].is_for_sessions = true;
	fresh->list[1].key = "control.shell";
	fresh->list[1].is_for_sessions = true;
	fresh->list[2].key = "control.http";
	fresh->list[2].tcp = http_of;
	for (number = 0; number < DOORS; number++) {
		fresh->list[number].listener = -1;
		fresh->list[number].next_listener = -1;
		fresh->list[number].process =
			(struct sluice_door_process){.master = -1, .ended = -1};
	}
	fresh->socket = socket ? strdup(socket) : NULL;
	fresh->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	fresh->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (fresh->timer < 0 || fresh->epoll < 0)
		error = -errno;
	else if (socket && !fresh->socket)
		error = -ENOMEM;
	else
		error = watch(fresh, fresh->timer);
	if (error) {
		sluice_doors_close(fresh);
		return error;
	}
	*doors = fresh;
	return 0;
}

/* Takes the socket's file away, if nobody has put his own there. */
static void unlink_shell(const char *path)
{
	pid_t pid;

	if (path && sluice_socket_listener(path, &pid) == -ECONNREFUSED)
		(void)unlink(path);
}

/* Closes a door: sessions end, nobody listens. */
static void shut(struct door *door)
{
	sluice_door_stop(&door->process);
	door->again = 0;
	if (door->listener < 0)
		return;
	close(door->listener);
	door->listener = -1;
	if (!door->tcp)
		unlink_shell(door->now.address);
}

void sluice_doors_close(struct sluice_doors *doors)
{
	size_t number;

	if (!doors)
		return;
	sluice_doors_cancel(doors);
	for (number = 0; number < DOORS; number++) {
		shut(&doors->list[number]);
		wish_free(&doors->list[number].now);
	}
	if (doors->timer >= 0)
		close(doors->timer);
	if (doors->epoll >= 0)
		close(doors->epoll);
	free(doors->socket);
	free(doors->program);
	free(doors);
}

int sluice_doors_give(const struct sluice_doors *doors, struct sluice_parcel *parcel)
{
	size_t number;
	int result = 0;

	for (number = 0; doors && !result && number < DOORS; number++)
		if (doors->list[number].listener >= 0)
			result = sluice_parcel_add(parcel, SLUICE_HANDED_DOOR,
						   doors->list[number].now.address,
						   doors->list[number].listener);
	return result;
}

/* Reads out of a configuration how a door is to be. 0 or -ENOMEM. */
static int wish_read(struct wish *wish, const struct sluice_config_control *control,
		     const struct door *door)
{
	const struct sluice_config_listener *tcp = door->tcp ? door->tcp(control) : NULL;
	const char *address = tcp ? tcp->text : control->shell;
	/* Who comes by the socket has shown who he is; a browser changes nothing. */
	const char *file = tcp && door->is_for_sessions ? control->password_file : NULL;

	memset(wish, 0, sizeof(*wish));
	if (!address)
		return 0;
	wish->kind = !tcp		      ? "socket"
		     : !door->is_for_sessions ? "http"
		     : tcp->is_far	      ? "far"
					      : "telnet";
	wish->idle_ms = control->idle_us / 1000;
	if (tcp)
		wish->tcp = tcp->address;
	wish->address = strdup(address);
	wish->password_file = file ? strdup(file) : NULL;
	if (wish->address && (!file || wish->password_file))
		return 0;
	wish_free(wish);
	return -ENOMEM;
}

/* Is it the same place? */
static bool same_place(const struct wish *one, const struct wish *other, bool is_tcp)
{
	if (!one->address || !other->address)
		return false;
	return is_tcp ? !memcmp(&one->tcp, &other->tcp, sizeof(one->tcp))
		      : !strcmp(one->address, other->address);
}

/* Listens at a door's next place. 0 or a negative errno. */
static int listen_next(struct door *door, const struct sluice_config_control *control)
{
	char text[SLUICE_FOLDER_TEXT], *copy;

	door->next_listener = sluice_handed_take(SLUICE_HANDED_DOOR, door->next.address);
	if (door->next_listener >= 0)
		return 0;
	if (door->tcp) {
		door->next_listener = sluice_config_listen(door->tcp(control));
	} else {
		copy = strdup(door->next.address);
		/* Ours is made, if it is not there yet. */
		if (copy && !strcmp(dirname(copy), SLUICE_RUN_DIRECTORY))
			(void)sluice_folder_make(SLUICE_RUN_DIRECTORY, SLUICE_RUN_MODE, text);
		free(copy);
		door->next_listener = sluice_stream_listen(door->next.address);
	}
	if (door->next_listener >= 0)
		return 0;
	return door->next_listener;
}

/* Prepares one door. 0, or a negative errno and *error. */
static int prepare(struct sluice_doors *doors, struct door *door,
		   const struct sluice_config_control *control, char **error)
{
	int result = wish_read(&door->next, control, door);

	if (result || !door->next.address)
		return result;
	if (!doors->program && sluice_door_program(&doors->program)) {
		sluice_say(error,
			   "%s: sluicectl, which serves it, is neither beside sluiced nor in "
			   "../bin: install it there, or take the key out",
			   door->key);
		return -ENOENT;
	}
	if (same_place(&door->now, &door->next, door->tcp)) {
		door->next_listener = door->listener;
		return 0;
	}
	result = listen_next(door, control);
	if (result)
		sluice_say(error, "%s: %s: %s", door->key, door->next.address,
			   sluice_config_listen_fault(result));
	return result;
}

int sluice_doors_prepare(struct sluice_doors *doors, const struct sluice_config *config,
			 char **error)
{
	size_t number;
	int result = 0;

	if (!doors || !config || !error)
		return -EINVAL;
	sluice_doors_cancel(doors);
	for (number = 0; number < DOORS && !result; number++)
		result = prepare(doors, &doors->list[number], &config->control, error);
	if (result)
		sluice_doors_cancel(doors);
	return result;
}

void sluice_doors_cancel(struct sluice_doors *doors)
{
	size_t number;

	if (!doors)
		return;
	for (number = 0; number < DOORS; number++) {
		struct door *door = &doors->list[number];

		if (door->next_listener >= 0 && door->next_listener != door->listener) {
			close(door->next_listener);
			if (!door->tcp)
				unlink_shell(door->next.address);
		}
		door->next_listener = -1;
		wish_free(&door->next);
	}
}

/* Sets the timer for the next process that is to be started. */
static void set_timer(const struct sluice_doors *doors)
{
	struct itimerspec when = {0};
	uint64_t first = 0;
	size_t number;

	for (number = 0; number < DOORS; number++)
		if (doors->list[number].again && (!first || doors->list[number].again < first))
			first = doors->list[number].again;
	when.it_value.tv_sec = (time_t)(first / SLUICE_NS_PER_S);
	when.it_value.tv_nsec = (long)(first % SLUICE_NS_PER_S);
	(void)timerfd_settime(doors->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* It is tried again, later each time. */
static void put_off(struct door *door)
{
	door->pause_ms = door->pause_ms ? door->pause_ms * 2 : PAUSE_LEAST_MS;
	if (door->pause_ms > PAUSE_MOST_MS)
		door->pause_ms = PAUSE_MOST_MS;
	door->again = sluice_now() + door->pause_ms * SLUICE_NS_PER_MS;
}

/* Tells the log and whoever listens to events why there are no sessions, and puts them off. */
static void tell_none(struct door *door, const char *why)
{
	char text[512];

	put_off(door);
	snprintf(text, sizeof(text), "%s; it is started anew in %" PRIu64 " ms", why,
		 door->pause_ms);
	sluice_warning("%s: %s", door->key, text);
	sluice_event_send(SLUICE_EVENT_NO_SESSIONS, door->key, door->now.address, text);
	door->is_told = true;
}

/* Starts the process of a door that is open, or says why it cannot, and when it is tried again. */
static void start(struct sluice_doors *doors, struct door *door)
{
	const struct sluice_door_service service = {.key = door->key,
						    .kind = door->now.kind,
						    .socket = doors->socket,
						    .program = doors->program,
						    .listener = door->listener,
						    .idle_ms = door->now.idle_ms,
						    .password_file = door->now.password_file};
	int error = sluice_door_start(&door->process, &service);
	char why[400];

	door->again = 0;
	door->started = sluice_now();
	if (!error)
		error = watch(doors, door->process.master);
	if (!error)
		error = watch(doors, door->process.ended);
	if (!error) {
		if (door->is_told)
			sluice_event_send(SLUICE_EVENT_NO_SESSIONS_OVER, door->key,
					  door->now.address, "sessions are taken again");
		door->is_told = false;
		return;
	}
	sluice_door_stop(&door->process);
	snprintf(why, sizeof(why), "%s cannot be started: %s", doors->program, strerror(-error));
	tell_none(door, why);
}

void sluice_doors_commit(struct sluice_doors *doors)
{
	size_t number;

	if (!doors)
		return;
	for (number = 0; number < DOORS; number++) {
		struct door *door = &doors->list[number];
		bool is_open = door->next_listener >= 0;

		if (is_open && door->next_listener == door->listener &&
		    door->now.idle_ms == door->next.idle_ms &&
		    sluice_text_is_same(door->now.kind, door->next.kind) &&
		    sluice_text_is_same(door->now.password_file, door->next.password_file)) {
			wish_free(&door->next);
			door->next_listener = -1;
			continue;
		}
		/* Sessions by another password, or with another limit, are other sessions. */
		if (door->next_listener == door->listener)
			sluice_door_stop(&door->process);
		else
			shut(door);
		wish_free(&door->now);
		door->now = door->next;
		door->listener = door->next_listener;
		memset(&door->next, 0, sizeof(door->next));
		door->next_listener = -1;
		door->pause_ms = 0;
		door->again = 0;
		if (!is_open)
			continue;
		start(doors, door);
		sluice_notice("%s: %s at %s%s", door->key,
			      door->is_for_sessions ? "sessions" : "figures", door->now.address,
			      !door->tcp || !door->is_for_sessions ? ""
			      : !door->now.password_file	   ? "; they may look"
							 : "; with the password they may change "
							   "something");
	}
	set_timer(doors);
}

int sluice_doors_fd(const struct sluice_doors *doors)
{
	return doors ? doors->epoll : -1;
}

/* Looks after one door. */
static void look_after(struct sluice_doors *doors, struct door *door)
{
	char why[160];
	int status;

	sluice_door_listen(&door->process, door->key);
	if (sluice_door_has_ended(&door->process, &status)) {
		if (sluice_now() - door->started > LONG_NS)
			door->pause_ms = 0;
		snprintf(why, sizeof(why),
			 "the process that serves it %s %d, and all sessions with it",
			 WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		tell_none(door, why);
	}
	if (door->again && sluice_now() >= door->again)
		start(doors, door);
}

void sluice_doors_serve(struct sluice_doors *doors)
{
	uint64_t expired;
	size_t number;

	if (!doors)
		return;
	(void)!read(doors->timer, &expired, sizeof(expired));
	for (number = 0; number < DOORS; number++)
		look_after(doors, &doors->list[number]);
	set_timer(doors);
}
