// SPDX-License-Identifier: MIT
/*
 * The sockets of the control plane: receiving requests, who may ask, handing out answers. See
 * control.h.
 *
 * A client that does not read gets no more: what its socket has no room for waits in a queue, is
 * tried again every few milliseconds and thrown away after some seconds. Touches: a
 * NETLINK_USERSOCK socket, a timer, an epoll descriptor.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "../../config/check.h"
#include "../../lib/log.h"
#include "../../lib/netlink.h"
#include "../handover/parcel.h"
#include "answer.h"
#include "answer_config.h"
#include "clients.h"
#include "control.h"
#include "event_answer.h"
#include "port.h"
#include "queue.h"
#include "request.h"
#include "wishes.h"

/* Bytes of one request: a configuration and its attributes. */
#define REQUEST_MAX (SLUICE_CONFIG_TEXT_MAX + 65536)
#define REQUESTS_AT_ONCE 16U /* signals and other descriptors get their turn after so many */
#define LOOKS_AT_ONCE 128U   /* likewise of datagrams, most of which only strangers can have sent */
/* Refusals to users who may ask nothing: so many at once, one more in so many ms. Who asks oftener
 * gets no answer. */
#define REFUSALS 50U
#define REFUSAL_MS 20U
#define REQUEST_ROOM 8192U    /* bytes that there is room for to begin with */
#define RETRY_NS 5000000L     /* between attempts at a client without room: 5 ms */
#define WITHIN_MAX 86400U     /* seconds for which something may be tried */
#define CLIENT_MAX (4U << 20) /* bytes that wait for one before it may ask for more */

struct sluice_control {
	const struct sluice_control_calls *calls;
	void *context;
	int socket;
	int timer;
	int epoll;
	uint32_t port;
	char *buffer; /* a request; grows to REQUEST_MAX */
	size_t size;
	struct sluice_queue queue;
	struct sluice_clients clients;
	struct sluice_listeners listeners;
	unsigned int refusals; /* to strangers, that are left */
	uint64_t refilled;     /* ms, CLOCK_MONOTONIC: until when they were counted */
	struct {	       /* an apply whose answer comes later */
		struct nlmsghdr header;
		struct sluice_peer peer;
		bool is_awaited;
	} later;
};

/* Puts `fd` into the epoll set. 0 or a negative errno. */
static int watch(const struct sluice_control *control, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int sluice_control_give(const struct sluice_control *control, struct sluice_parcel *parcel)
{
	int result = sluice_parcel_add(parcel, SLUICE_HANDED_NETLINK, "-", control->socket);

	if (!result && control->clients.listener >= 0)
		result = sluice_parcel_add(parcel, SLUICE_HANDED_CONTROL, control->clients.path,
					   control->clients.listener);
	return result;
}

int sluice_control_open(struct sluice_control **control, const struct sluice_control_calls *calls,
			void *context)
{
	struct sluice_control *fresh;
	int error;

	if (!control || !calls || !calls->apply || !calls->report || !calls->release ||
	    !calls->facts || !calls->orphans)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->calls = calls;
	fresh->context = context;
	fresh->timer = -1;
	fresh->epoll = -1;
	fresh->socket = -1;
	fresh->clients.listener = -1;
	fresh->size = REQUEST_ROOM;
	fresh->buffer = malloc(fresh->size);
	if (!fresh->buffer)
		goto failed;
	fresh->socket = sluice_control_socket(&fresh->port);
	if (fresh->socket < 0) {
		errno = -fresh->socket;
		goto failed;
	}
	fresh->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	fresh->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (fresh->timer < 0 || fresh->epoll < 0 || watch(fresh, fresh->socket) ||
	    watch(fresh, fresh->timer))
		goto failed;
	*control = fresh;
	return 0;

failed:
	error = errno ? -errno : -EIO;
	sluice_control_close(fresh);
	return error;
}

void sluice_control_close(struct sluice_control *control)
{
	if (!control)
		return;
	sluice_clients_close(&control->clients);
	sluice_queue_free(&control->queue);
	if (control->epoll >= 0)
		close(control->epoll);
	if (control->timer >= 0)
		close(control->timer);
	if (control->socket >= 0)
		close(control->socket);
	free(control->buffer);
	free(control);
}

int sluice_control_listen(struct sluice_control *control, const char *path)
{
	if (!control || control->clients.listener >= 0)
		return -EINVAL;
	return sluice_clients_open(&control->clients, control->epoll, path);
}

int sluice_control_fd(const struct sluice_control *control)
{
	return control ? control->epoll : -1;
}

uint32_t sluice_control_port(const struct sluice_control *control)
{
	return control ? control->port : 0;
}

/* Arms the timer for the next attempt at the queue, or the end of a listener's wait, or stops it.
 */
static void set_timer(const struct sluice_control *control)
{
	uint64_t due = sluice_listeners_due(&control->listeners);
	struct itimerspec when = {0};

	if (control->queue.count > 0) {
		when.it_value.tv_nsec = RETRY_NS;
	} else if (due != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(due / 1000);
		/* Not 0, which would stop it. */
		when.it_value.tv_nsec = (long)(due % 1000) * 1000000 + 1;
	}
	timerfd_settime(control->timer, 0, &when, NULL);
}

/* CONFIG_APPLY. 0 or a negative errno and *text. @owner caller: *text */
static int apply(struct sluice_control *control, const struct sluice_request *request, char **text)
{
	struct sluice_wishes wishes = {0};
	struct sluice_control_apply wanted = {
		.name = "(netlink)", .wishes = &wishes, .uid = request->uid};
	char *config;
	int error;

	config = malloc((size_t)request->length + 1);
	error = config ? sluice_wishes_read(request->first, request->length, &wishes, text)
		       : -ENOMEM;
	if (error)
		goto free;
	sluice_request_read_apply(request, config, &wanted);
	if (wanted.length == 0) {
		error = -EINVAL;
		*text = strdup("CONFIG_APPLY needs CONFIG_TEXT with a configuration in it");
	} else if (wanted.within > WITHIN_MAX) {
		error = -ERANGE;
		*text = strdup("CONFIG_WITHIN is more than a day");
	} else {
		error = control->calls->apply(control->context, &wanted, text);
	}
free:
	sluice_wishes_free(&wishes);
	free(config);
	return error;
}

/* Does a request with this command change anything? Dumps, and what waits for events, do not. */
static bool changes(uint8_t command)
{
	return command == SLUICE_CMD_CONFIG_APPLY || command == SLUICE_CMD_CONFIG_CONFIRM;
}

/* Carries out one request. Fills in `answer`; 0, or a negative errno and *text (NULL: the errno
 * must do). */
static int carry_out(struct sluice_control *control, struct sluice_request *request,
		     const struct sluice_peer *peer, struct sluice_answer *answer, char **text)
{
	const char *fault;
	int error;

	error = sluice_request_check(request, &fault);
	if (error) {
		*text = strdup(fault);
		return error;
	}
	if (changes(request->command->cmd) && !peer->may_change) {
		*text = strdup("permission denied: you may look and not change anything; root, the "
			       "user that sluiced runs as and members of control.group may");
		return -EPERM;
	}
	if (request->command->cmd == SLUICE_CMD_CONFIG_APPLY)
		return apply(control, request, text);
	if (request->command->cmd == SLUICE_CMD_CONFIG_CONFIRM && control->calls->confirm)
		return control->calls->confirm(control->context, request->uid, text);
	if (request->command->cmd == SLUICE_CMD_EVENT_GET && control->calls->events)
		return sluice_listeners_ask(
			&control->listeners, control->calls->events(control->context),
			request->header, request->first, request->length, peer, answer, text);
	if ((request->header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
		*text = strdup("the daemon answers CONFIG_APPLY and dumps (NLM_F_DUMP) of inputs, "
			       "outputs, streams, the store and itself");
		return -EOPNOTSUPP;
	}
	if (request->command->cmd == SLUICE_CMD_CONFIG_GET ||
	    request->command->cmd == SLUICE_CMD_REVISION_GET)
		return sluice_answer_config(answer, request->header, request->command->cmd,
					    request->first, request->length,
					    control->calls->revisions
						    ? control->calls->revisions(control->context)
						    : NULL,
					    text);
	error = sluice_answer_dump(answer, request->header, request->command->cmd, control->calls,
				   control->context);
	if (error == -EBUSY && control->calls->explain)
		*text = control->calls->explain(control->context);
	if (error == -EOPNOTSUPP)
		*text = strdup("the daemon has no such dump: routes and rules are the module's");
	return error;
}

/* May a stranger have another answer? There is a number of them for all strangers together. */
static bool may_refuse(struct sluice_control *control)
{
	uint64_t now = sluice_queue_now(), more = (now - control->refilled) / REFUSAL_MS;

	if (more) {
		control->refilled += more * REFUSAL_MS;
		control->refusals = more > REFUSALS - control->refusals
					    ? REFUSALS
					    : control->refusals + (unsigned int)more;
	}
	if (!control->refusals)
		return false;
	control->refusals--;
	return true;
}

/* Refuses what a user sent who may ask nothing: its first request at most, and nothing waits for
 * room. */
static void refuse(struct sluice_control *control, const struct nlmsghdr *header, size_t length,
		   uint32_t port)
{
	const struct sluice_peer peer = {.fd = control->socket, .port = port};
	struct sluice_answer answer = {0};

	if (length < sizeof(*header) || header->nlmsg_len < sizeof(*header) ||
	    header->nlmsg_len > length || !(header->nlmsg_flags & NLM_F_REQUEST) ||
	    header->nlmsg_type < NLMSG_MIN_TYPE || !may_refuse(control))
		return;
	if (!sluice_answer_error(&answer, header, -EPERM,
				 "permission denied: only root, the user that sluiced runs as and "
				 "members of control.group may ask it",
				 0))
		(void)sluice_queue_send(&peer, answer.parts[0].bytes, answer.parts[0].length);
	sluice_answer_free(&answer);
}

/* Takes one message apart and answers it. */
static void handle_message(struct sluice_control *control, const struct nlmsghdr *header,
			   const struct sluice_peer *peer)
{
	struct sluice_request request = {.header = header, .uid = peer->uid};
	struct sluice_answer answer = {0};
	char *text = NULL;
	int error = -EINVAL;
	bool acknowledge;

	/* Answers and noise are nobody's request; answering them could go on for ever between two
	 * daemons. */
	if (!(header->nlmsg_flags & NLM_F_REQUEST) || header->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	/* Who does not read what was asked for gets no more; it notices by its own time limit. */
	if (sluice_queue_waits(&control->queue, peer) > CLIENT_MAX)
		return;
	acknowledge = header->nlmsg_flags & NLM_F_ACK;
	if (header->nlmsg_type != SLUICE_USERSOCK_TYPE) {
		text = strdup("malformed message: not of the type of sluice's schema");
	} else if (header->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN) {
		text = strdup("malformed message: shorter than its headers");
	} else {
		request.command = nlmsg_data(header);
		request.first = (struct nlattr *)(void *)((char *)nlmsg_data(header) + GENL_HDRLEN);
		request.length = (int)header->nlmsg_len - (int)NLMSG_HDRLEN - (int)GENL_HDRLEN;
		error = carry_out(control, &request, peer, &answer, &text);
		if (error == -EINPROGRESS && request.command->cmd == SLUICE_CMD_EVENT_GET) {
			free(text);
			return;
		}
		if (error == -EINPROGRESS) {
			control->later.header = *header;
			control->later.peer = *peer;
			control->later.is_awaited = true;
			free(text);
			return;
		}
		/* A dump that was delivered acknowledges itself by its end. */
		if (!error && answer.count > 0)
			acknowledge = false;
	}
	if (error || acknowledge) {
		/* What there is of a dump that failed is no use to anybody. */
		sluice_answer_free(&answer);
		if (sluice_answer_error(&answer, header, error, text ? text : strerror(-error),
					request.fault))
			sluice_warning("control: no memory for an answer");
	}
	sluice_queue_deliver(&control->queue, peer, &answer);
	sluice_answer_free(&answer);
	free(text);
}

void sluice_control_answer_apply(struct sluice_control *control, int error, const char *text)
{
	struct sluice_answer answer = {0};

	if (!control || !control->later.is_awaited)
		return;
	if (sluice_answer_error(&answer, &control->later.header, error,
				text ? text : strerror(-error), 0))
		sluice_warning("control: no memory for an answer");
	sluice_queue_deliver(&control->queue, &control->later.peer, &answer);
	set_timer(control);
	sluice_answer_free(&answer);
	control->later.is_awaited = false;
}

void sluice_control_tell_events(struct sluice_control *control)
{
	if (!control || !control->calls->events)
		return;
	sluice_listeners_answer(&control->listeners, control->calls->events(control->context),
				&control->queue);
	set_timer(control);
}

/* The sender out of a message's ancillary data; false if the kernel gave none. */
static bool sender(struct msghdr *message, struct ucred *credentials)
{
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS ||
		    part->cmsg_len < CMSG_LEN(sizeof(*credentials)))
			continue;
		memcpy(credentials, CMSG_DATA(part), sizeof(*credentials));
		return true;
	}
	return false;
}

/* What came of looking for a datagram. */
enum look { LOOK_NONE, LOOK_NOBODY, LOOK_STRANGER, LOOK_TRUSTED };

/*
 * Looks at the datagram that waits first: who sent it, how long it is and how it begins. Who may
 * ask nothing pays for the whole of what is sent, and we for these few bytes, so that strangers
 * cannot fill the socket faster than it is emptied.
 */
static enum look look(const struct sluice_control *control, struct nlmsghdr *header, size_t *length,
		      struct sluice_peer *peer)
{
	char ancillary[CMSG_SPACE(sizeof(struct ucred)) + 64] __attribute__((aligned(8)));
	struct sockaddr_nl from = {0};
	struct ucred credentials;
	struct iovec vector = {.iov_base = header, .iov_len = sizeof(*header)};
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t result;

	memset(header, 0, sizeof(*header));
	result = recvmsg(control->socket, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	/* Something was lost on the way to us; its sender will notice. */
	if (result < 0)
		return errno == ENOBUFS || errno == EINTR ? LOOK_NOBODY : LOOK_NONE;
	*length = (size_t)result;
	peer->port = from.nl_pid;
	/* Port 0 is the kernel, which asks us nothing. */
	if (message.msg_namelen != sizeof(from) || from.nl_pid == 0 ||
	    !sender(&message, &credentials)) {
		(void)recv(control->socket, NULL, 0, MSG_DONTWAIT);
		return LOOK_NOBODY;
	}
	peer->uid = credentials.uid;
	peer->may_change = sluice_rights_of_sender(&control->clients.rights, credentials.uid,
						   credentials.gid) == SLUICE_RIGHT_CHANGE;
	if (peer->may_change)
		return LOOK_TRUSTED;
	(void)recv(control->socket, NULL, 0, MSG_DONTWAIT);
	return LOOK_STRANGER;
}

/* Makes room for a datagram of `length` bytes. False: that is too much, or there is no memory. */
static bool make_room(struct sluice_control *control, size_t length)
{
	char *grown;

	if (length <= control->size)
		return true;
	grown = length <= REQUEST_MAX ? realloc(control->buffer, length) : NULL;
	if (!grown)
		return false;
	control->buffer = grown;
	control->size = length;
	return true;
}

/* Handles the messages of a datagram, `bytes` of which are in the buffer. */
static void handle_datagram(struct sluice_control *control, size_t bytes,
			    const struct sluice_peer *peer)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)(void *)control->buffer;
	int rest = (int)bytes;

	for (; nlmsg_ok(header, rest);
	     header = nlmsg_next((struct nlmsghdr *)(uintptr_t)header, &rest))
		handle_message(control, header, peer);
}

/* Says that a datagram, which begins with `header`, is too large. */
static void refuse_large(struct sluice_control *control, const struct nlmsghdr *header,
			 const struct sluice_peer *peer)
{
	struct sluice_answer answer = {0};

	if (header->nlmsg_flags & NLM_F_REQUEST &&
	    !sluice_answer_error(&answer, header, -EMSGSIZE,
				 "the message is too large: a configuration has at most 1 MiB", 0))
		sluice_queue_deliver(&control->queue, peer, &answer);
	sluice_answer_free(&answer);
}

/* Reads one datagram and handles its messages. What it was. */
static enum look serve_one(struct sluice_control *control)
{
	struct nlmsghdr header;
	size_t length = 0;
	struct sluice_peer peer = {.fd = control->socket};
	enum look seen = look(control, &header, &length, &peer);
	ssize_t got;

	if (seen == LOOK_STRANGER)
		refuse(control, &header, length, peer.port);
	if (seen != LOOK_TRUSTED)
		return seen;
	if (!make_room(control, length)) {
		(void)recv(control->socket, NULL, 0, MSG_DONTWAIT);
		refuse_large(control, &header, &peer);
		return seen;
	}
	got = recv(control->socket, control->buffer, control->size, MSG_DONTWAIT);
	if (got > 0)
		handle_datagram(control, (size_t)got, &peer);
	return seen;
}

/* A connection ends: nobody waits there for an answer any more. */
static void forget(void *context, int fd)
{
	struct sluice_control *control = context;
	const struct sluice_peer peer = {.fd = fd};

	sluice_queue_forget(&control->queue, &peer);
	sluice_listeners_forget(&control->listeners, &peer);
	if (!control->later.peer.port && control->later.peer.fd == fd)
		control->later.is_awaited = false;
}

int sluice_control_allow(struct sluice_control *control, const struct sluice_rights *rights)
{
	if (!control || !rights)
		return -EINVAL;
	return sluice_clients_allow(&control->clients, rights, forget, control);
}

/* Reads one packet of a connection at most, and handles it. False: the connection has ended. */
static bool serve_client(struct sluice_control *control, struct sluice_client *client)
{
	const struct sluice_peer peer = {.fd = client->fd,
					 .uid = client->uid,
					 .may_change = client->right == SLUICE_RIGHT_CHANGE};
	ssize_t length =
		sluice_packet_receive(client->fd, &control->buffer, &control->size, REQUEST_MAX);

	if (length == -EAGAIN || length == -EINTR)
		return true;
	/* Who sends more than a request can have does not speak our language. */
	if (length <= 0)
		return false;
	client->heard = sluice_queue_now();
	handle_datagram(control, (size_t)length, &peer);
	return true;
}

/* Those who are connected: each gets its turn. */
static void serve_clients(struct sluice_control *control)
{
	struct sluice_clients *clients = &control->clients;
	size_t place = 0;

	sluice_clients_accept(clients, forget, control);
	while (place < clients->count) {
		if (serve_client(control, &clients->list[place])) {
			place++;
			continue;
		}
		forget(control, clients->list[place].fd);
		sluice_clients_drop(clients, place);
	}
}

void sluice_control_serve(struct sluice_control *control)
{
	unsigned int handled = 0, looked = 0;
	uint64_t expired;

	if (!control)
		return;
	if (read(control->timer, &expired, sizeof(expired)) > 0) {
		sluice_queue_retry(&control->queue);
		sluice_control_tell_events(control);
	}
	serve_clients(control);
	while (handled < REQUESTS_AT_ONCE && looked++ < LOOKS_AT_ONCE) {
		enum look seen = serve_one(control);

		if (seen == LOOK_NONE)
			break;
		handled += seen == LOOK_TRUSTED;
	}
	set_timer(control);
}
