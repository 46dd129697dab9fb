// SPDX-License-Identifier: MIT
/*
 * A client; see door_client.h. Touches: its socket, its command's process.
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
#include "door_client.h"
#include "door_client_out.h"
#include "door_client_run.h"

#define TRIES 3U	    /* passwords */
#define PUNISHMENT_MS 1000U /* after each that is wrong */
#define LOGIN_MS 60000U	    /* for the password, where nothing is told without it */
#define STALL_MS 60000U	    /* a client that takes nothing for so long is given up */
#define HELD_UP_MS 1000U    /* and one that takes nothing for so long holds its command up */
#define LINE_ROOM 1024U	    /* of `out`, before a line is done */
#define LEFT_MAX 65536U	    /* bytes that are read of one who leaves */
#define ROUNDS 16U	    /* in a row for one client; then the others have their turn */
#define INTERRUPT '\003'    /* Ctrl-C, where there is no protocol for it */

/* Says the prompt: the next line may come. */
static void prompt(struct sluice_door_client *client)
{
	client->state = SLUICE_DOOR_CLIENT_TYPES;
	sluice_door_client_say(client, "%s", sluice_session_prompt(&client->session));
}

/* Has the client hide what is typed, or show it again; there is room. */
static void hide(struct sluice_door_client *client, bool is_hidden)
{
	uint8_t reply[SLUICE_TELNET_REPLY];

	if (client->door->is_telnet && sluice_telnet_hide(&client->telnet, is_hidden, reply))
		sluice_door_client_put(client, reply, sizeof(reply));
}

/* Asks for the password. */
static void ask_password(struct sluice_door_client *client)
{
	client->state = SLUICE_DOOR_CLIENT_PASSWORD;
	hide(client, true);
	sluice_door_client_say(client, "password: ");
}

struct sluice_door_client *sluice_door_client_begin(const struct sluice_door *door, int fd,
						    const char *who)
{
	struct sluice_door_client *client = calloc(1, sizeof(*client));
	char *text = NULL;
	size_t length = 0;
	FILE *stream;

	if (!client || !door || !who) {
		free(client);
		return NULL;
	}
	client->door = door;
	client->fd = fd;
	client->pipe = -1;
	client->opened = client->active = client->moved = sluice_door_now();
	client->session = (struct sluice_session){.may_look = !door->is_far,
						  .may_change = !door->is_telnet,
						  .is_limited = door->is_telnet,
						  .has_password = door->password_file != NULL};
	snprintf(client->who, sizeof(client->who), "%s", who);
	stream = open_memstream(&text, &length);
	if (stream) {
		sluice_session_greet(&client->session, stream);
		if (!fclose(stream))
			sluice_door_client_say_text(client, text, length);
		free(text);
	}
	if (client->session.may_look)
		prompt(client);
	else if (client->session.has_password)
		ask_password(client);
	else
		client->state = SLUICE_DOOR_CLIENT_LEAVES;
	return client;
}

void sluice_door_client_end(struct sluice_door_client *client)
{
	ssize_t got;
	size_t rest;

	if (!client)
		return;
	if (client->tries && !client->session.may_change)
		sluice_door_tell(client->door, LOG_WARNING, "%s: %u wrong password%s", client->who,
				 client->tries, client->tries == 1 ? "" : "s");
	if (client->pipe >= 0)
		close(client->pipe);
	/* A change is whole or not at all; who asked for it is told no more. */
	if (client->child && client->step.command->access != SLUICE_CTL_CHANGES)
		(void)kill(-client->child, SIGKILL);
	/* With something unread the kernel would take back what was said last. */
	(void)shutdown(client->fd, SHUT_WR);
	for (rest = 0; rest < LEFT_MAX && (got = recv(client->fd, client->out, sizeof(client->out),
						      MSG_DONTWAIT)) > 0;)
		rest += (size_t)got;
	close(client->fd);
	free(client->answer);
	explicit_bzero(client, sizeof(*client));
	free(client);
}

/* Ctrl-C: ends the command that runs; else what was typed is forgotten. */
static void interrupt(struct sluice_door_client *client)
{
	explicit_bzero(client->typed, sizeof(client->typed));
	client->typed_length = 0;
	if (client->state == SLUICE_DOOR_CLIENT_RUNS && client->child) {
		(void)kill(-client->child, SIGINT);
		return;
	}
	if (client->state == SLUICE_DOOR_CLIENT_TYPES ||
	    client->state == SLUICE_DOOR_CLIENT_PASSWORD) {
		sluice_line_clear(&client->line);
		/* Not again for each of many: there may be nobody who reads it. */
		if (sluice_door_client_owes(client))
			return;
	} else if (client->state != SLUICE_DOOR_CLIENT_QUEUES) {
		return;
	}
	sluice_line_clear(&client->line);
	hide(client, false);
	sluice_door_client_say(client, "\n");
	prompt(client);
}

/* Takes a byte of the text. */
static void take_byte(struct sluice_door_client *client, char byte)
{
	if (client->typed_length < sizeof(client->typed))
		client->typed[client->typed_length++] = byte;
}

/* Takes a byte that came by telnet. */
static void take_telnet(struct sluice_door_client *client, uint8_t byte)
{
	static const char here[] = "[yes]";
	uint8_t reply[SLUICE_TELNET_REPLY];
	char data;

	switch (sluice_telnet_take(&client->telnet, byte, &data, reply)) {
	case SLUICE_TELNET_DATA:
		take_byte(client, data);
		break;
	case SLUICE_TELNET_REPLY_DUE:
		sluice_door_client_put(client, reply, sizeof(reply));
		break;
	case SLUICE_TELNET_INTERRUPT:
		interrupt(client);
		break;
	case SLUICE_TELNET_ERASE_LINE:
		client->typed_length = 0;
		sluice_line_clear(&client->line);
		break;
	case SLUICE_TELNET_ARE_YOU_THERE:
		if (!sluice_door_client_owes(client))
			sluice_door_client_put(client, here, sizeof(here) - 1);
		break;
	case SLUICE_TELNET_NOTHING:
		break;
	}
}

/* How much may be read: what there is room for, with the replies that it may ask for. */
static size_t input_room(const struct sluice_door_client *client)
{
	size_t room = sizeof(client->typed) - client->typed_length,
	       out = sluice_door_client_room(client);

	if (client->is_over || client->state == SLUICE_DOOR_CLIENT_LEAVES)
		return 0;
	/* A little is kept for hide(). */
	out = out > LINE_ROOM ? out - LINE_ROOM / 2 : 0;
	return room < out ? room : out;
}

/* Reads what the client sent. */
static void take_input(struct sluice_door_client *client)
{
	size_t room = input_room(client), number;
	char bytes[sizeof(client->typed)];
	ssize_t got;

	if (!room)
		return;
	got = recv(client->fd, bytes, room, MSG_DONTWAIT);
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			client->state = SLUICE_DOOR_CLIENT_GONE;
		return;
	}
	if (got == 0) {
		client->is_over = true;
		/* What does not end by itself ends with the input. */
		if (client->state == SLUICE_DOOR_CLIENT_RUNS && client->child &&
		    client->step.follows)
			(void)kill(-client->child, SIGINT);
		return;
	}
	for (number = 0; number < (size_t)got; number++) {
		if (client->door->is_telnet)
			take_telnet(client, (uint8_t)bytes[number]);
		else if (bytes[number] == INTERRUPT)
			interrupt(client);
		else
			take_byte(client, bytes[number]);
	}
	explicit_bzero(bytes, (size_t)got);
}

/* Holds a line against the password. */
static void take_password(struct sluice_door_client *client)
{
	int result = client->line.bytes[0] ? sluice_password_check(client->door->password_file,
								   client->line.bytes)
					   : -ECANCELED;

	sluice_door_client_say(client, "\n");
	if (result == 0) {
		client->tries++;
		client->punished = sluice_door_now() + PUNISHMENT_MS;
		client->state = SLUICE_DOOR_CLIENT_PUNISHED;
		return;
	}
	hide(client, false);
	if (result > 0) {
		client->session.may_look = true;
		client->session.may_change = true;
		sluice_door_tell(client->door, LOG_NOTICE,
				 "%s: gave the password: it may change something", client->who);
		sluice_door_client_say(client, "this session may change something\n");
	} else if (result != -ECANCELED) {
		sluice_door_tell(client->door, LOG_WARNING, "%s: no password is right: %s: %s",
				 client->who, client->door->password_file,
				 result == -ENODATA ? "its first line is empty"
						    : strerror(-result));
		sluice_door_client_say(client,
				       "no password is right: its file cannot be used, as the log "
				       "of sluiced says\n");
	}
	prompt(client);
}

/* The punishment for a wrong password is over. */
static void forgive(struct sluice_door_client *client)
{
	if (client->tries >= TRIES) {
		sluice_door_client_say(client, "wrong password, the third time\n");
		client->state = SLUICE_DOOR_CLIENT_LEAVES;
		return;
	}
	sluice_door_client_say(client, "wrong password; an empty line gives up\n");
	ask_password(client);
}

/* Does what a whole line asks for. */
static void take_whole_line(struct sluice_door_client *client)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream) {
		client->state = SLUICE_DOOR_CLIENT_GONE;
		return;
	}
	sluice_session_read(&client->session, client->line.bytes, stream, &client->step);
	if (!fclose(stream))
		sluice_door_client_say_text(client, text, length);
	free(text);
	switch (client->step.action) {
	case SLUICE_SESSION_ANSWERED:
	case SLUICE_SESSION_FAILED:
		prompt(client);
		break;
	case SLUICE_SESSION_RUN:
		/* The line stays: the words of the step are in it. */
		client->state = SLUICE_DOOR_CLIENT_QUEUES;
		return;
	case SLUICE_SESSION_PASSWORD:
		ask_password(client);
		break;
	case SLUICE_SESSION_QUIT:
		client->state = SLUICE_DOOR_CLIENT_LEAVES;
		break;
	}
	sluice_line_clear(&client->line);
}

/* Makes a line of what was typed, and does it. True: something was done. */
static bool take_line(struct sluice_door_client *client)
{
	enum sluice_line_event event = SLUICE_LINE_MORE;
	size_t used = 0;

	while (used < client->typed_length && event == SLUICE_LINE_MORE)
		event = sluice_line_put(&client->line, client->typed[used++]);
	memmove(client->typed, client->typed + used, client->typed_length - used);
	client->typed_length -= used;
	if (event == SLUICE_LINE_MORE) {
		/* Half a line is none. */
		if (client->is_over)
			client->state = SLUICE_DOOR_CLIENT_LEAVES;
		return client->is_over;
	}
	client->active = sluice_door_now();
	if (event == SLUICE_LINE_TOO_LONG) {
		sluice_line_clear(&client->line);
		sluice_door_client_say(client,
				       "the line is longer than %u bytes, and was passed over\n",
				       SLUICE_LINE_MAX);
		hide(client, false);
		prompt(client);
	} else if (client->state == SLUICE_DOOR_CLIENT_PASSWORD) {
		take_password(client);
		sluice_line_clear(&client->line);
	} else {
		take_whole_line(client);
	}
	return true;
}

/* Starts the command that waits. */
static void start(struct sluice_door_client *client)
{
	pid_t child = sluice_door_client_run(&client->step, client->who, client->session.is_limited,
					     &client->pipe);

	sluice_line_clear(&client->line);
	if (child > 0) {
		client->child = child;
		client->child_status = 0;
		client->state = SLUICE_DOOR_CLIENT_RUNS;
		return;
	}
	sluice_door_client_say(client, "no process for it: %s\n", strerror((int)-child));
	prompt(client);
}

/* Goes on with a command. True: something was done. */
static bool go_on(struct sluice_door_client *client)
{
	/* Enter ends what does not end by itself. */
	if (client->child && client->step.follows && client->typed_length &&
	    (memchr(client->typed, '\n', client->typed_length) ||
	     memchr(client->typed, '\r', client->typed_length))) {
		client->typed_length = 0;
		(void)kill(-client->child, SIGINT);
	}
	if (client->pipe >= 0)
		return sluice_door_client_read_command(client);
	if (client->child)
		return false;
	client->active = sluice_door_now();
	if (WIFSIGNALED(client->child_status) && WTERMSIG(client->child_status) == SIGINT)
		sluice_door_client_say(client, "\n");
	else if (WIFSIGNALED(client->child_status))
		sluice_door_client_say(client, "the command was ended by signal %d\n",
				       WTERMSIG(client->child_status));
	prompt(client);
	return true;
}

/* Does the next thing. True: something was done. */
static bool advance(struct sluice_door_client *client, bool may_run)
{
	if (client->answer)
		return sluice_door_client_encode(client);
	switch (client->state) {
	case SLUICE_DOOR_CLIENT_TYPES:
	case SLUICE_DOOR_CLIENT_PASSWORD:
		return sluice_door_client_room(client) >= LINE_ROOM && take_line(client);
	case SLUICE_DOOR_CLIENT_PUNISHED:
		if (sluice_door_now() < client->punished)
			return false;
		forgive(client);
		return true;
	case SLUICE_DOOR_CLIENT_QUEUES:
		if (!may_run)
			return false;
		start(client);
		return true;
	case SLUICE_DOOR_CLIENT_RUNS:
		return go_on(client);
	case SLUICE_DOOR_CLIENT_LEAVES:
		if (client->out_length > client->out_sent)
			return false;
		client->state = SLUICE_DOOR_CLIENT_GONE;
		return true;
	case SLUICE_DOOR_CLIENT_GONE:
		return false;
	}
	return false;
}

/* When a session that is typed in ends by itself, and why. */
static uint64_t patience(const struct sluice_door_client *client, const char **why)
{
	uint64_t idle = client->active + client->door->idle_ms, login = client->opened + LOGIN_MS;

	if (!client->session.may_look && login < idle) {
		*why = "the password was not given within 60 s";
		return login;
	}
	*why = "no line came for as long as control.idle allows";
	return idle;
}

/* Ends what has taken too long. */
static void look_at_clock(struct sluice_door_client *client)
{
	uint64_t now = sluice_door_now();
	const char *why;

	if (sluice_door_client_owes(client)) {
		if (now - client->moved >= STALL_MS)
			client->state = SLUICE_DOOR_CLIENT_GONE;
		return;
	}
	if (client->state != SLUICE_DOOR_CLIENT_TYPES &&
	    client->state != SLUICE_DOOR_CLIENT_PASSWORD)
		return;
	if (now < patience(client, &why))
		return;
	sluice_door_client_say(client, "\n%s: the end\n", why);
	client->state = SLUICE_DOOR_CLIENT_LEAVES;
	(void)sluice_door_client_encode(client);
	(void)sluice_door_client_send(client);
}

uint64_t sluice_door_client_due(const struct sluice_door_client *client)
{
	const char *why;

	if (client->state == SLUICE_DOOR_CLIENT_PUNISHED)
		return client->punished;
	if (sluice_door_client_owes(client))
		return client->moved + STALL_MS;
	if (client->state == SLUICE_DOOR_CLIENT_TYPES ||
	    client->state == SLUICE_DOOR_CLIENT_PASSWORD)
		return patience(client, &why);
	return UINT64_MAX;
}

void sluice_door_client_wait(const struct sluice_door_client *client, struct pollfd wanted[2])
{
	short events = 0;

	if (input_room(client))
		events |= POLLIN;
	if (client->out_length > client->out_sent)
		events |= POLLOUT;
	/* One that says nothing more is heard of when something is sent; poll() would tell of its
	 * end again and again. */
	wanted[0] = (struct pollfd){.fd = !events && client->is_over ? -1 : client->fd,
				    .events = events};
	wanted[1] = (struct pollfd){
		.fd = !client->answer && sluice_door_client_room(client) >= LINE_ROOM ? client->pipe
										      : -1,
		.events = POLLIN};
}

bool sluice_door_client_serve(struct sluice_door_client *client, const struct pollfd *socket,
			      bool may_run)
{
	unsigned int round;
	bool moves = true;

	if (socket->revents & (POLLIN | POLLHUP | POLLERR)) {
		/* Gone, with no room for what it may have said before. */
		if (!input_room(client) && socket->revents & (POLLHUP | POLLERR))
			client->state = SLUICE_DOOR_CLIENT_GONE;
		else
			take_input(client);
	}
	for (round = 0; round < ROUNDS && moves && client->state != SLUICE_DOOR_CLIENT_GONE;
	     round++) {
		bool waits = client->state == SLUICE_DOOR_CLIENT_QUEUES;

		moves = advance(client, may_run);
		/* One was allowed. */
		if (waits && moves)
			may_run = false;
		moves = sluice_door_client_send(client) || moves;
	}
	if (client->state != SLUICE_DOOR_CLIENT_GONE)
		look_at_clock(client);
	return moves && client->state != SLUICE_DOOR_CLIENT_GONE;
}

void sluice_door_client_child_ended(struct sluice_door_client *client, int status)
{
	client->child = 0;
	client->child_status = status;
}

bool sluice_door_client_is_busy(const struct sluice_door_client *client)
{
	return client->state == SLUICE_DOOR_CLIENT_RUNS && !client->step.follows &&
	       !(sluice_door_client_owes(client) && sluice_door_now() - client->moved > HELD_UP_MS);
}
