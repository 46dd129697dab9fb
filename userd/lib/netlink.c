// SPDX-License-Identifier: MIT
/*
 * Netlink requests and dumps over libnl, see netlink.h. What libnl 3.7 does not do is done here:
 * the extended acknowledgement (linux/netlink.h, enum nlmsgerr_attrs) is read from the raw message,
 * also from the end of a dump.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "netlink.h"
#include "packet_socket.h"

/* Bytes that a dump may be ahead of us; for root, else what net.core.rmem_max allows. */
#define RECEIVE_BUFFER (4 << 20)
#define SEND_BUFFER \
	(2 << 20) /* a configuration of 1 MiB travels as one message; more: make_room() */
#define PACKET_MAX (1U << 20) /* bytes of an answer's datagram */
#define ANSWER_LIMIT 30	      /* seconds: applying a configuration may open files and sockets */

struct sluice_netlink {
	struct nl_sock *socket;
	int type;	 /* message type: the family's, or SLUICE_USERSOCK_TYPE */
	uint32_t peer;	 /* port id that may answer */
	char *error;	 /* sentence about the last failure, NULL if there is none */
	bool peers_text; /* it is the peer's own */
	bool greeted;	 /* the peer has shown who it is */
	int packets;	 /* a socket in the file system that takes the place of netlink; -1: none */
	char *buffer;	 /* what arrives there */
	size_t room;

	/* The request that runs. */
	sluice_netlink_handler handler;
	void *context;
	int result;
	bool done;
};

int sluice_netlink_fail(struct sluice_netlink *netlink, int error, const char *format, ...)
{
	va_list arguments;

	if (!netlink || !format)
		return error;
	free(netlink->error);
	netlink->peers_text = false;
	va_start(arguments, format);
	if (vasprintf(&netlink->error, format, arguments) < 0)
		netlink->error = NULL;
	va_end(arguments);
	return error;
}

const char *sluice_netlink_error(const struct sluice_netlink *netlink)
{
	if (!netlink)
		return "there is no connection";
	return netlink->error ? netlink->error : "no error";
}

bool sluice_netlink_error_is_peers(const struct sluice_netlink *netlink)
{
	return netlink && netlink->peers_text;
}

/*
 * Keeps the text of an extended acknowledgement: the attributes at `head`, `length` bytes of them.
 * Returns whether there was one.
 */
static bool keep_extended(struct sluice_netlink *netlink, const void *head, int length)
{
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
	const struct nlattr *text;

	if (length <= 0 || nla_parse(attributes, NLMSGERR_ATTR_MAX,
				     (struct nlattr *)(uintptr_t)head, length, NULL))
		return false;
	text = attributes[NLMSGERR_ATTR_MSG];
	if (!text || nla_len(text) <= 0)
		return false;
	free(netlink->error);
	/* Not every sender ends it with a NUL. */
	netlink->error = strndup(nla_data(text), (size_t)nla_len(text));
	netlink->peers_text = netlink->error != NULL;
	return netlink->peers_text;
}

/* What to say of a refusal that came without a text. */
static const char *reason(int error)
{
	return error == -EPERM ? "permission denied: this needs root (CAP_NET_ADMIN)"
			       : strerror(-error);
}

/* libnl saw NLMSG_ERROR with an error in it. */
static int on_error(struct sockaddr_nl *sender, struct nlmsgerr *error, void *argument)
{
	struct sluice_netlink *netlink = argument;
	/* libnl hands out the payload of the message; its header lies directly before it. */
	const struct nlmsghdr *header = (const struct nlmsghdr *)error - 1;
	size_t skip = NLMSG_HDRLEN + sizeof(*error);

	(void)sender;
	netlink->done = true;
	netlink->result = error->error < 0 && error->error > -4096 ? error->error : -EPROTO;
	/* The refused message itself follows whole unless it was capped. */
	if (!(header->nlmsg_flags & NLM_F_CAPPED) && error->msg.nlmsg_len > NLMSG_HDRLEN)
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS) || skip > header->nlmsg_len ||
	    !keep_extended(netlink, (const char *)header + skip, (int)(header->nlmsg_len - skip)))
		sluice_netlink_fail(netlink, 0, "%s", reason(netlink->result));
	return NL_STOP;
}

/* Whose word is taken for the daemon's: root's, our own, and that of the user called sluice. */
static bool is_trusted(uid_t uid)
{
	const struct passwd *service;

	if (uid == 0 || uid == geteuid())
		return true;
	service = getpwnam("sluice");
	return service && service->pw_uid == uid;
}

/* A datagram of another sender than the one we asked is not an answer; and anybody may have bound
 * the port that we ask. */
static int on_message(struct nl_msg *message, void *argument)
{
	struct sluice_netlink *netlink = argument;
	const struct ucred *sender;

	if (nlmsg_get_src(message)->nl_pid != netlink->peer)
		return NL_SKIP;
	if (!netlink->peer)
		return NL_OK;
	sender = nlmsg_get_creds(message);
	if (sender && is_trusted(sender->uid))
		return NL_OK;
	netlink->done = true;
	netlink->result = sluice_netlink_fail(netlink, -EKEYREJECTED,
					      "who answers at netlink port %u is user %ld, not "
					      "sluiced: nothing is believed of it; "
					      "end process %ld (/proc/net/netlink)",
					      netlink->peer, sender ? (long)sender->uid : -1L,
					      sender ? (long)sender->pid : -1L);
	return NL_STOP;
}

/* The request was carried out. */
static int on_acknowledge(struct nl_msg *message, void *argument)
{
	struct sluice_netlink *netlink = argument;

	(void)message;
	netlink->done = true;
	return NL_STOP;
}

/* The end of a dump; it carries the error that ended it early (net/netlink/af_netlink.c,
 * netlink_dump_done). */
static int on_finish(struct nl_msg *message, void *argument)
{
	struct sluice_netlink *netlink = argument;
	const struct nlmsghdr *header = nlmsg_hdr(message);
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(int));
	int error = 0;

	netlink->done = true;
	if (header->nlmsg_len >= NLMSG_HDRLEN + sizeof(int))
		memcpy(&error, nlmsg_data(header), sizeof(int));
	if (error >= 0 || netlink->result)
		return NL_STOP;
	netlink->result = error > -4096 ? error : -EPROTO;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS) || skip > header->nlmsg_len ||
	    !keep_extended(netlink, (const char *)header + skip, (int)(header->nlmsg_len - skip)))
		sluice_netlink_fail(netlink, 0, "%s", reason(netlink->result));
	return NL_STOP;
}

/* One message of the answer. */
static int on_valid(struct nl_msg *message, void *argument)
{
	struct sluice_netlink *netlink = argument;
	struct nlattr *attributes[SLUICE_A_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(message);

	if (!netlink->handler || netlink->result)
		return NL_OK;
	if (header->nlmsg_type != netlink->type || !genlmsg_valid_hdr(header, 0) ||
	    genlmsg_parse(header, 0, attributes, SLUICE_A_MAX, sluice_netlink_policy) < 0) {
		netlink->result = sluice_netlink_fail(
			netlink, -EPROTO,
			"the answer is not of the form that this version understands");
		return NL_OK;
	}
	netlink->result = netlink->handler(attributes, netlink->context);
	if (netlink->result == -ENOMEM)
		sluice_netlink_fail(netlink, 0, "out of memory");
	else if (netlink->result && !netlink->error)
		sluice_netlink_fail(netlink, 0, "%s", strerror(-netlink->result));
	return NL_OK;
}

/* Makes room for `size` bytes to be sent at once, as far as this user may. */
static void set_send_buffer(int fd, int size)
{
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* Connects `netlink->socket` to `protocol` and sets it up. 0 or a negative errno with its sentence.
 */
static int socket_open(struct sluice_netlink *netlink, int protocol)
{
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT};
	int one = 1, receive = RECEIVE_BUFFER, fd, error;

	netlink->socket = nl_socket_alloc();
	if (!netlink->socket)
		return -ENOMEM;
	errno = 0;
	error = nl_connect(netlink->socket, protocol);
	if (error)
		return errno ? -errno : -EPROTO;
	fd = nl_socket_get_fd(netlink->socket);
	/* Bigger than net.core.*mem_max only for CAP_NET_ADMIN; others get what the limit allows.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	set_send_buffer(fd, SEND_BUFFER);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	/* Without these, refusals have no text, or carry our whole message back. */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		return -errno;
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	nl_socket_enable_msg_peek(netlink->socket);
	return 0;
}

/* Has what arrives from now on handled by us. */
static void install_callbacks(struct sluice_netlink *netlink)
{
	nl_socket_modify_err_cb(netlink->socket, NL_CB_CUSTOM, on_error, netlink);
	nl_socket_modify_cb(netlink->socket, NL_CB_MSG_IN, NL_CB_CUSTOM, on_message, netlink);
	nl_socket_modify_cb(netlink->socket, NL_CB_VALID, NL_CB_CUSTOM, on_valid, netlink);
	nl_socket_modify_cb(netlink->socket, NL_CB_ACK, NL_CB_CUSTOM, on_acknowledge, netlink);
	nl_socket_modify_cb(netlink->socket, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, netlink);
}

/* A handle without a connection; NULL: no memory. @owner caller: sluice_netlink_close() */
static struct sluice_netlink *allocate(void)
{
	struct sluice_netlink *fresh = calloc(1, sizeof(*fresh));

	if (fresh)
		fresh->packets = -1;
	return fresh;
}

int sluice_netlink_open_family(struct sluice_netlink **netlink, const char *family)
{
	struct sluice_netlink *fresh;
	int error, type;

	if (!netlink || !family)
		return -EINVAL;
	fresh = allocate();
	if (!fresh)
		return -ENOMEM;
	error = socket_open(fresh, NETLINK_GENERIC);
	if (error)
		goto failed;
	type = genl_ctrl_resolve(fresh->socket, family);
	if (type < 0) {
		error = type == -NLE_PERM ? -EPERM : type == -NLE_NOMEM ? -ENOMEM : -ENOENT;
		goto failed;
	}
	fresh->type = type;
	install_callbacks(fresh);
	*netlink = fresh;
	return 0;

failed:
	sluice_netlink_close(fresh);
	return error;
}

int sluice_netlink_renew(struct sluice_netlink *netlink, const char *family)
{
	struct sluice_netlink *fresh = NULL;
	int error;

	if (!netlink || !family)
		return -EINVAL;
	/* By a socket of its own: the callbacks of ours would hear the answer. */
	error = sluice_netlink_open_family(&fresh, family);
	if (!error)
		netlink->type = fresh->type;
	sluice_netlink_close(fresh);
	return error;
}

int sluice_netlink_open_port(struct sluice_netlink **netlink, uint32_t port)
{
	struct sluice_netlink *fresh;
	int error;

	if (!netlink || port == 0)
		return -EINVAL;
	fresh = allocate();
	if (!fresh)
		return -ENOMEM;
	error = socket_open(fresh, NETLINK_USERSOCK);
	if (error) {
		sluice_netlink_close(fresh);
		return error;
	}
	error = nl_socket_set_passcred(fresh->socket, 1);
	if (error) {
		sluice_netlink_close(fresh);
		return -EPROTO;
	}
	nl_socket_set_peer_port(fresh->socket, port);
	install_callbacks(fresh);
	fresh->peer = port;
	fresh->type = SLUICE_USERSOCK_TYPE;
	*netlink = fresh;
	return 0;
}

/* May a socket at `path` be the daemon's, if user `uid` listens there? Only root can have given our
 * directory to somebody. */
static bool may_listen(const char *path, uid_t uid)
{
	struct stat state;

	if (is_trusted(uid))
		return true;
	return !strncmp(path, SLUICE_RUN_DIRECTORY "/", strlen(SLUICE_RUN_DIRECTORY) + 1) &&
	       !lstat(SLUICE_RUN_DIRECTORY, &state) && S_ISDIR(state.st_mode) &&
	       state.st_uid == uid && !(state.st_mode & (S_IWGRP | S_IWOTH));
}

int sluice_netlink_open_socket(struct sluice_netlink **netlink, const char *path)
{
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT};
	struct sluice_netlink *fresh;
	int error;
	uid_t uid;

	if (!netlink || !path)
		return -EINVAL;
	fresh = allocate();
	if (!fresh)
		return -ENOMEM;
	error = -ENOMEM;
	/* Not connected: it gives messages their numbers. */
	fresh->socket = nl_socket_alloc();
	if (!fresh->socket)
		goto failed;
	fresh->packets = sluice_packet_connect(path, &uid);
	error = fresh->packets < 0 ? fresh->packets : 0;
	if (!error && !may_listen(path, uid))
		error = -EKEYREJECTED;
	if (!error && (setsockopt(fresh->packets, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
		       setsockopt(fresh->packets, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit))))
		error = -errno;
	if (error)
		goto failed;
	set_send_buffer(fresh->packets, SEND_BUFFER);
	fresh->type = SLUICE_USERSOCK_TYPE;
	*netlink = fresh;
	return 0;

failed:
	sluice_netlink_close(fresh);
	return error;
}

void sluice_netlink_close(struct sluice_netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	if (netlink->packets >= 0)
		close(netlink->packets);
	free(netlink->buffer);
	free(netlink->error);
	free(netlink);
}

struct nl_msg *sluice_netlink_message(struct sluice_netlink *netlink, uint8_t command, int flags,
				      size_t size)
{
	struct nl_msg *message;

	if (!netlink || size > INT32_MAX / 2)
		return NULL;
	message = nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + size + 64);
	if (!message)
		return NULL;
	if (!genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, netlink->type, 0, flags, command,
			 SLUICE_GENL_VERSION)) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* Turns what sending or receiving ended with into a negative errno and its sentence. */
static int transport_failed(struct sluice_netlink *netlink, int code, int system)
{
	if (code == -NLE_DUMP_INTR)
		return sluice_netlink_fail(netlink, -EINTR, "the list changed while it was read");
	if (code == -NLE_AGAIN)
		return sluice_netlink_fail(netlink, -ETIMEDOUT, "no answer within %d seconds",
					   ANSWER_LIMIT);
	if (code == -NLE_NOMEM && system != ENOBUFS)
		return sluice_netlink_fail(netlink, -ENOMEM, "out of memory");
	if (system == EMSGSIZE)
		return sluice_netlink_fail(netlink, -EMSGSIZE,
					   "the message is larger than this user may send at once "
					   "(net.core.wmem_max)");
	if (system > 0)
		return sluice_netlink_fail(netlink, -system, "%s", strerror(system));
	return sluice_netlink_fail(netlink, -EPROTO, "%s", nl_geterror(code));
}

/* The descriptor that carries the messages. */
static int descriptor_of(const struct sluice_netlink *netlink)
{
	return netlink->packets >= 0 ? netlink->packets : nl_socket_get_fd(netlink->socket);
}

/* Makes the socket's buffer hold a message of `size` bytes, as far as this user may. */
static void make_room(const struct sluice_netlink *netlink, size_t size)
{
	if (size > SEND_BUFFER && size <= INT32_MAX / 2)
		set_send_buffer(descriptor_of(netlink), (int)size);
}

/* Nothing but a question that anybody may hear is sent before the peer has shown who it is. 0 or a
 * negative errno. */
static int greet(struct sluice_netlink *netlink, const struct nl_msg *message)
{
	int error;

	if (!netlink->peer || netlink->greeted ||
	    nlmsg_hdr((struct nl_msg *)(uintptr_t)message)->nlmsg_len <= NLMSG_HDRLEN + GENL_HDRLEN)
		return 0;
	netlink->greeted = true;
	error = sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL);
	netlink->greeted = !error;
	return error;
}

int sluice_netlink_limit(struct sluice_netlink *netlink, unsigned int seconds)
{
	const struct timeval limit = {.tv_sec = seconds};

	return setsockopt(descriptor_of(netlink), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))
		       ? -errno
		       : 0;
}

/* Handles one message of an answer that came as a packet, as libnl would. */
static void handle_message(struct sluice_netlink *netlink, struct nlmsghdr *header)
{
	struct nlmsgerr *error = nlmsg_data(header);
	struct nl_msg *message;

	if (header->nlmsg_type == NLMSG_ERROR &&
	    header->nlmsg_len < NLMSG_HDRLEN + sizeof(*error)) {
		netlink->done = true;
		netlink->result = sluice_netlink_fail(netlink, -EPROTO, "the answer is cut off");
		return;
	}
	if (header->nlmsg_type == NLMSG_ERROR && error->error) {
		(void)on_error(NULL, error, netlink);
		return;
	}
	message = nlmsg_convert(header);
	if (!message) {
		netlink->done = true;
		netlink->result = sluice_netlink_fail(netlink, -ENOMEM, "out of memory");
		return;
	}
	if (header->nlmsg_type == NLMSG_ERROR)
		(void)on_acknowledge(message, netlink);
	else if (header->nlmsg_type == NLMSG_DONE)
		(void)on_finish(message, netlink);
	else
		(void)on_valid(message, netlink);
	nlmsg_free(message);
}

/* Sends `message` as a packet and handles the answer. 0, or a negative errno with its sentence. */
static int exchange_packets(struct sluice_netlink *netlink, struct nl_msg *message)
{
	struct nlmsghdr *header;
	uint32_t sequence;
	ssize_t length;
	int rest;

	nl_complete_msg(netlink->socket, message);
	header = nlmsg_hdr(message);
	sequence = header->nlmsg_seq;
	errno = 0;
	if (send(netlink->packets, header, header->nlmsg_len, MSG_NOSIGNAL) < 0)
		return transport_failed(netlink, errno == EAGAIN ? -NLE_AGAIN : -NLE_FAILURE,
					errno);
	while (!netlink->done) {
		length = sluice_packet_receive(netlink->packets, &netlink->buffer, &netlink->room,
					       PACKET_MAX);
		if (length == -EINTR)
			continue;
		if (length < 0)
			return transport_failed(netlink,
						length == -EAGAIN ? -NLE_AGAIN : -NLE_FAILURE,
						(int)-length);
		if (length == 0)
			return sluice_netlink_fail(netlink, -ECONNRESET,
						   "sluiced has closed the connection");
		header = (struct nlmsghdr *)(void *)netlink->buffer;
		rest = (int)length;
		for (; nlmsg_ok(header, rest) && !netlink->done; header = nlmsg_next(header, &rest))
			if (header->nlmsg_seq == sequence)
				handle_message(netlink, header);
	}
	return netlink->result;
}

int sluice_netlink_request(struct sluice_netlink *netlink, struct nl_msg *message,
			   sluice_netlink_handler handler, void *context)
{
	int code;

	if (!netlink || !message) {
		nlmsg_free(message);
		return sluice_netlink_fail(netlink, -ENOMEM, "out of memory");
	}
	code = greet(netlink, message);
	if (code) {
		nlmsg_free(message);
		return code;
	}
	free(netlink->error);
	netlink->error = NULL;
	netlink->peers_text = false;
	netlink->handler = handler;
	netlink->context = context;
	netlink->result = 0;
	netlink->done = false;
	make_room(netlink, nlmsg_hdr(message)->nlmsg_len);
	if (netlink->packets >= 0) {
		code = exchange_packets(netlink, message);
		nlmsg_free(message);
		return code;
	}
	errno = 0;
	code = nl_send_auto(netlink->socket, message);
	nlmsg_free(message);
	if (code < 0)
		return transport_failed(netlink, code, errno);
	while (!netlink->done) {
		errno = 0;
		code = nl_recvmsgs_default(netlink->socket);
		/* The inconsistency of a dump is told after its end; a refusal has told its own
		 * reason. */
		if (code < 0 && !netlink->result)
			return transport_failed(netlink, code, errno);
		if (code < 0)
			break;
	}
	return netlink->result;
}

int sluice_netlink_dump(struct sluice_netlink *netlink, uint8_t command,
			sluice_netlink_handler handler, void *context)
{
	return sluice_netlink_request(
		netlink, sluice_netlink_message(netlink, command, NLM_F_DUMP, 0), handler, context);
}
