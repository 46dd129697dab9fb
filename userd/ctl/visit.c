// SPDX-License-Identifier: MIT
/*
 * A visit; see visit.h. Touches: its socket, its command's process.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include "password.h"
#include "visit.h"
#include "visit_out.h"
#include "visit_run.h"

#define TRIES 3U	    /* passwords */
#define PUNISHMENT_MS 1000U /* after each that is wrong */
#define LOGIN_MS 60000U	    /* within which who is told nothing has given it */
#define STALL_MS 60000U	    /* a client that takes nothing for so long is given up */
#define HELD_UP_MS 1000U    /* and one that takes nothing for so long holds its command up */
#define LINE_ROOM 1024U	    /* of `out`, before a line is done */
#define LEFT_MAX 65536U	    /* bytes that are read of one who leaves */
#define ROUNDS 16U	    /* in a row for one visit; then the others have their turn */
#define INTERRUPT '\003'    /* Ctrl-C, where there is no protocol for it */

/* Says the prompt: the next line may come. */
static void prompt(struct sluice_visit *visit)
{
	visit->state = SLUICE_VISIT_TYPES;
	sluice_visit_say(visit, "%s", sluice_session_prompt(&visit->session));
}

/* Has the client hide what is typed, or show it again; there is room. */
static void hide(struct sluice_visit *visit, bool is_hidden)
{
	uint8_t reply[SLUICE_TELNET_REPLY];

	if (visit->door->is_telnet && sluice_telnet_hide(&visit->telnet, is_hidden, reply))
		sluice_visit_put(visit, reply, sizeof(reply));
}

/* Asks for the password. */
static void ask_password(struct sluice_visit *visit)
{
	visit->state = SLUICE_VISIT_PASSWORD;
	hide(visit, true);
	sluice_visit_say(visit, "password: ");
}

struct sluice_visit *sluice_visit_begin(const struct sluice_door *door, int fd, const char *who)
{
	struct sluice_visit *visit = calloc(1, sizeof(*visit));
	char *text = NULL;
	size_t length = 0;
	FILE *stream;

	if (!visit || !door || !who) {
		free(visit);
		return NULL;
	}
	visit->door = door;
	visit->fd = fd;
	visit->pipe = -1;
	visit->opened = visit->active = visit->moved = sluice_door_now();
	visit->session = (struct sluice_session){.may_look = !door->is_far,
						 .may_change = !door->is_telnet,
						 .has_password = door->password_file != NULL};
	snprintf(visit->who, sizeof(visit->who), "%s", who);
	stream = open_memstream(&text, &length);
	if (stream) {
		sluice_session_greet(&visit->session, stream);
		if (!fclose(stream))
			sluice_visit_say_text(visit, text, length);
		free(text);
	}
	if (visit->session.may_look)
		prompt(visit);
	else if (visit->session.has_password)
		ask_password(visit);
	else
		visit->state = SLUICE_VISIT_LEAVES;
	return visit;
}

void sluice_visit_end(struct sluice_visit *visit)
{
	ssize_t got;
	size_t rest;

	if (!visit)
		return;
	if (visit->tries && !visit->session.may_change)
		sluice_door_tell(visit->door, LOG_WARNING, "%s: %u wrong password%s", visit->who,
				 visit->tries, visit->tries == 1 ? "" : "s");
	if (visit->pipe >= 0)
		close(visit->pipe);
	/* A change is whole or not at all; who asked for it is told no more. */
	if (visit->child && visit->step.command->access != SLUICE_CTL_CHANGES)
		(void)kill(-visit->child, SIGKILL);
	/* With something unread the kernel would take back what was said last. */
	(void)shutdown(visit->fd, SHUT_WR);
	for (rest = 0; rest < LEFT_MAX &&
		       (got = recv(visit->fd, visit->out, sizeof(visit->out), MSG_DONTWAIT)) > 0;)
		rest += (size_t)got;
	close(visit->fd);
	free(visit->answer);
	explicit_bzero(visit, sizeof(*visit));
	free(visit);
}

/* Ctrl-C: ends the command that runs; else what was typed is forgotten. */
static void interrupt(struct sluice_visit *visit)
{
	explicit_bzero(visit->typed, sizeof(visit->typed));
	visit->typed_length = 0;
	if (visit->state == SLUICE_VISIT_RUNS && visit->child) {
		(void)kill(-visit->child, SIGINT);
		return;
	}
	if (visit->state == SLUICE_VISIT_TYPES || visit->state == SLUICE_VISIT_PASSWORD) {
		sluice_line_clear(&visit->line);
		/* Not again for each of many: there may be nobody who reads it. */
		if (sluice_visit_owes(visit))
			return;
	} else if (visit->state != SLUICE_VISIT_QUEUES) {
		return;
	}
	sluice_line_clear(&visit->line);
	hide(visit, false);
	sluice_visit_say(visit, "\n");
	prompt(visit);
}

/* Takes a byte of the text. */
static void take_byte(struct sluice_visit *visit, char byte)
{
	if (visit->typed_length < sizeof(visit->typed))
		visit->typed[visit->typed_length++] = byte;
}

/* Takes a byte that came by telnet. */
static void take_telnet(struct sluice_visit *visit, uint8_t byte)
{
	static const char here[] = "[yes]";
	uint8_t reply[SLUICE_TELNET_REPLY];
	char data;

	switch (sluice_telnet_take(&visit->telnet, byte, &data, reply)) {
	case SLUICE_TELNET_DATA:
		take_byte(visit, data);
		break;
	case SLUICE_TELNET_REPLY_DUE:
		sluice_visit_put(visit, reply, sizeof(reply));
		break;
	case SLUICE_TELNET_INTERRUPT:
		interrupt(visit);
		break;
	case SLUICE_TELNET_ERASE_LINE:
		visit->typed_length = 0;
		sluice_line_clear(&visit->line);
		break;
	case SLUICE_TELNET_ARE_YOU_THERE:
		if (!sluice_visit_owes(visit))
			sluice_visit_put(visit, here, sizeof(here) - 1);
		break;
	case SLUICE_TELNET_NOTHING:
		break;
	}
}

/* How much may be read: what there is room for, with the replies that it may ask for. */
static size_t input_room(const struct sluice_visit *visit)
{
	size_t room = sizeof(visit->typed) - visit->typed_length, out = sluice_visit_room(visit);

	if (visit->is_over || visit->state == SLUICE_VISIT_LEAVES)
		return 0;
	/* A little is kept for hide(). */
	out = out > LINE_ROOM ? out - LINE_ROOM / 2 : 0;
	return room < out ? room : out;
}

/* Reads what the client sent. */
static void take_input(struct sluice_visit *visit)
{
	size_t room = input_room(visit), number;
	char bytes[sizeof(visit->typed)];
	ssize_t got;

	if (!room)
		return;
	got = recv(visit->fd, bytes, room, MSG_DONTWAIT);
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			visit->state = SLUICE_VISIT_GONE;
		return;
	}
	if (got == 0) {
		visit->is_over = true;
		/* What does not end by itself ends with the input. */
		if (visit->state == SLUICE_VISIT_RUNS && visit->child && visit->step.follows)
			(void)kill(-visit->child, SIGINT);
		return;
	}
	for (number = 0; number < (size_t)got; number++) {
		if (visit->door->is_telnet)
			take_telnet(visit, (uint8_t)bytes[number]);
		else if (bytes[number] == INTERRUPT)
			interrupt(visit);
		else
			take_byte(visit, bytes[number]);
	}
	explicit_bzero(bytes, (size_t)got);
}

/* Holds a line against the password. */
static void take_password(struct sluice_visit *visit)
{
	int result = visit->line.bytes[0]
			     ? sluice_password_check(visit->door->password_file, visit->line.bytes)
			     : -ECANCELED;

	sluice_visit_say(visit, "\n");
	if (result == 0) {
		visit->tries++;
		visit->punished = sluice_door_now() + PUNISHMENT_MS;
		visit->state = SLUICE_VISIT_PUNISHED;
		return;
	}
	hide(visit, false);
	if (result > 0) {
		visit->session.may_look = true;
		visit->session.may_change = true;
		sluice_door_tell(visit->door, LOG_NOTICE,
				 "%s: gave the password: it may change something", visit->who);
		sluice_visit_say(visit, "this session may change something\n");
	} else if (result != -ECANCELED) {
		sluice_door_tell(visit->door, LOG_WARNING, "%s: no password is right: %s: %s",
				 visit->who, visit->door->password_file,
				 result == -ENODATA ? "its first line is empty"
						    : strerror(-result));
		sluice_visit_say(visit, "no password is right: its file cannot be used, as the log "
					"of sluiced says\n");
	}
	prompt(visit);
}

/* The punishment for a wrong password is over. */
static void forgive(struct sluice_visit *visit)
{
	if (visit->tries >= TRIES) {
		sluice_visit_say(visit, "wrong password, the third time\n");
		visit->state = SLUICE_VISIT_LEAVES;
		return;
	}
	sluice_visit_say(visit, "wrong password; an empty line gives up\n");
	ask_password(visit);
}

/* Does what a whole line asks for. */
static void take_whole_line(struct sluice_visit *visit)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream) {
		visit->state = SLUICE_VISIT_GONE;
		return;
	}
	sluice_session_read(&visit->session, visit->line.bytes, stream, &visit->step);
	if (!fclose(stream))
		sluice_visit_say_text(visit, text, length);
	free(text);
	switch (visit->step.action) {
	case SLUICE_SESSION_ANSWERED:
	case SLUICE_SESSION_FAILED:
		prompt(visit);
		break;
	case SLUICE_SESSION_RUN:
		/* The line stays: the words of the step are in it. */
		visit->state = SLUICE_VISIT_QUEUES;
		return;
	case SLUICE_SESSION_PASSWORD:
		ask_password(visit);
		break;
	case SLUICE_SESSION_QUIT:
		visit->state = SLUICE_VISIT_LEAVES;
		break;
	}
	sluice_line_clear(&visit->line);
}

/* Makes a line of what was typed, and does it. True: something was done. */
static bool take_line(struct sluice_visit *visit)
{
	enum sluice_line_event event = SLUICE_LINE_MORE;
	size_t used = 0;

	while (used < visit->typed_length && event == SLUICE_LINE_MORE)
		event = sluice_line_put(&visit->line, visit->typed[used++]);
	memmove(visit->typed, visit->typed + used, visit->typed_length - used);
	visit->typed_length -= used;
	if (event == SLUICE_LINE_MORE) {
		/* Half a line is none. */
		if (visit->is_over)
			visit->state = SLUICE_VISIT_LEAVES;
		return visit->is_over;
	}
	visit->active = sluice_door_now();
	if (event == SLUICE_LINE_TOO_LONG) {
		sluice_line_clear(&visit->line);
		sluice_visit_say(visit, "the line is longer than %u bytes, and was passed over\n",
				 SLUICE_LINE_MAX);
		hide(visit, false);
		prompt(visit);
	} else if (visit->state == SLUICE_VISIT_PASSWORD) {
		take_password(visit);
		sluice_line_clear(&visit->line);
	} else {
		take_whole_line(visit);
	}
	return true;
}

/* Starts the command that waits. */
static void start(struct sluice_visit *visit)
{
	pid_t child = sluice_visit_run(&visit->step, visit->who, &visit->pipe);

	sluice_line_clear(&visit->line);
	if (child > 0) {
		visit->child = child;
		visit->child_status = 0;
		visit->state = SLUICE_VISIT_RUNS;
		return;
	}
	sluice_visit_say(visit, "no process for it: %s\n", strerror((int)-child));
	prompt(visit);
}

/* Goes on with a command. True: something was done. */
static bool go_on(struct sluice_visit *visit)
{
	/* Enter ends what does not end by itself. */
	if (visit->child && visit->step.follows && visit->typed_length &&
	    (memchr(visit->typed, '\n', visit->typed_length) ||
	     memchr(visit->typed, '\r', visit->typed_length))) {
		visit->typed_length = 0;
		(void)kill(-visit->child, SIGINT);
	}
	if (visit->pipe >= 0)
		return sluice_visit_read_command(visit);
	if (visit->child)
		return false;
	visit->active = sluice_door_now();
	if (WIFSIGNALED(visit->child_status) && WTERMSIG(visit->child_status) == SIGINT)
		sluice_visit_say(visit, "\n");
	else if (WIFSIGNALED(visit->child_status))
		sluice_visit_say(visit, "the command was ended by signal %d\n",
				 WTERMSIG(visit->child_status));
	prompt(visit);
	return true;
}

/* Does the next thing. True: something was done. */
static bool advance(struct sluice_visit *visit, bool may_run)
{
	if (visit->answer)
		return sluice_visit_encode(visit);
	switch (visit->state) {
	case SLUICE_VISIT_TYPES:
	case SLUICE_VISIT_PASSWORD:
		return sluice_visit_room(visit) >= LINE_ROOM && take_line(visit);
	case SLUICE_VISIT_PUNISHED:
		if (sluice_door_now() < visit->punished)
			return false;
		forgive(visit);
		return true;
	case SLUICE_VISIT_QUEUES:
		if (!may_run)
			return false;
		start(visit);
		return true;
	case SLUICE_VISIT_RUNS:
		return go_on(visit);
	case SLUICE_VISIT_LEAVES:
		if (visit->out_length > visit->out_sent)
			return false;
		visit->state = SLUICE_VISIT_GONE;
		return true;
	case SLUICE_VISIT_GONE:
		return false;
	}
	return false;
}

/* When a session that is typed in ends by itself, and why. */
static uint64_t patience(const struct sluice_visit *visit, const char **why)
{
	uint64_t idle = visit->active + visit->door->idle_ms, login = visit->opened + LOGIN_MS;

	if (!visit->session.may_look && login < idle) {
		*why = "the password was not given within 60 s";
		return login;
	}
	*why = "no line came for as long as control.idle allows";
	return idle;
}

/* Ends what has taken too long. */
static void look_at_clock(struct sluice_visit *visit)
{
	uint64_t now = sluice_door_now();
	const char *why;

	if (sluice_visit_owes(visit)) {
		if (now - visit->moved >= STALL_MS)
			visit->state = SLUICE_VISIT_GONE;
		return;
	}
	if (visit->state != SLUICE_VISIT_TYPES && visit->state != SLUICE_VISIT_PASSWORD)
		return;
	if (now < patience(visit, &why))
		return;
	sluice_visit_say(visit, "\n%s: the end\n", why);
	visit->state = SLUICE_VISIT_LEAVES;
	(void)sluice_visit_encode(visit);
	(void)sluice_visit_send(visit);
}

uint64_t sluice_visit_due(const struct sluice_visit *visit)
{
	const char *why;

	if (visit->state == SLUICE_VISIT_PUNISHED)
		return visit->punished;
	if (sluice_visit_owes(visit))
		return visit->moved + STALL_MS;
	if (visit->state == SLUICE_VISIT_TYPES || visit->state == SLUICE_VISIT_PASSWORD)
		return patience(visit, &why);
	return UINT64_MAX;
}

void sluice_visit_wait(const struct sluice_visit *visit, struct pollfd wanted[2])
{
	short events = 0;

	if (input_room(visit))
		events |= POLLIN;
	if (visit->out_length > visit->out_sent)
		events |= POLLOUT;
	/* One that says nothing more is heard of when something is sent; poll() would tell of its
	 * end again and again. */
	wanted[0] =
		(struct pollfd){.fd = !events && visit->is_over ? -1 : visit->fd, .events = events};
	wanted[1] = (struct pollfd){
		.fd = !visit->answer && sluice_visit_room(visit) >= LINE_ROOM ? visit->pipe : -1,
		.events = POLLIN};
}

bool sluice_visit_serve(struct sluice_visit *visit, const struct pollfd *socket, bool may_run)
{
	unsigned int round;
	bool moves = true;

	if (socket->revents & (POLLIN | POLLHUP | POLLERR)) {
		/* Gone, with no room for what it may have said before. */
		if (!input_room(visit) && socket->revents & (POLLHUP | POLLERR))
			visit->state = SLUICE_VISIT_GONE;
		else
			take_input(visit);
	}
	for (round = 0; round < ROUNDS && moves && visit->state != SLUICE_VISIT_GONE; round++) {
		bool waits = visit->state == SLUICE_VISIT_QUEUES;

		moves = advance(visit, may_run);
		/* One was allowed. */
		if (waits && moves)
			may_run = false;
		moves = sluice_visit_send(visit) || moves;
	}
	if (visit->state != SLUICE_VISIT_GONE)
		look_at_clock(visit);
	return moves && visit->state != SLUICE_VISIT_GONE;
}

void sluice_visit_child_ended(struct sluice_visit *visit, int status)
{
	visit->child = 0;
	visit->child_status = status;
}

bool sluice_visit_is_busy(const struct sluice_visit *visit)
{
	return visit->state == SLUICE_VISIT_RUNS && !visit->step.follows &&
	       !(sluice_visit_owes(visit) && sluice_door_now() - visit->moved > HELD_UP_MS);
}
