// SPDX-License-Identifier: MIT
/*
 * Netlink requests and dumps over libnl, see netlink.h. What libnl 3.7 does not do is done here: the extended
 * acknowledgement (linux/netlink.h, enum nlmsgerr_attrs) is read from the raw message, also from the end of a dump.
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
#include <sys/time.h>
#include <unistd.h>
#include "netlink.h"

#define RECEIVE_BUFFER \
	(4             \
	 << 20) /* bytes a dump may be ahead of us; for root, else what net.core.rmem_max allows */
#define SEND_BUFFER \
	(2 << 20)	/* a configuration of 1 MiB travels as one message; more: make_room() */
#define ANSWER_LIMIT 30 /* seconds: applying a configuration may open files and sockets */

struct sluice_netlink {
	struct nl_sock *socket;
	int type;	 /* message type: the family's, or SLUICE_USERSOCK_TYPE */
	uint32_t peer;	 /* port id that may answer */
	char *error;	 /* sentence about the last failure, NULL if there is none */
	bool peers_text; /* it is the peer's own */
	bool greeted;	 /* the peer has shown who it is */

	/* The request that runs. */
	sluice_netlink_handler handler;
	void *context;
	int result;
	bool done;
};

#define GUID                                                           \
	{                                                              \
		.minlen = SLUICE_GUID_SIZE, .maxlen = SLUICE_GUID_SIZE \
	}
#define NAME                                                      \
	{                                                         \
		.type = NLA_STRING, .maxlen = SLUICE_NAME_MAX + 1 \
	}
#define TEXT                       \
	{                          \
		.type = NLA_STRING \
	}
#define U64                     \
	{                       \
		.type = NLA_U64 \
	}
#define U32                     \
	{                       \
		.type = NLA_U32 \
	}
#define U16                     \
	{                       \
		.type = NLA_U16 \
	}
#define U8                     \
	{                      \
		.type = NLA_U8 \
	}
#define NEST                       \
	{                          \
		.type = NLA_NESTED \
	}

const struct nla_policy sluice_netlink_policy[SLUICE_A_MAX + 1] = {
	[SLUICE_A_ROUTE_GUID] = GUID,
	[SLUICE_A_ROUTE_NAME] = NAME,
	[SLUICE_A_ROUTE_RING_SIZE] = U64,
	[SLUICE_A_ROUTE_WATERMARK] = U32,
	[SLUICE_A_ROUTE_DELAY] = U32,
	[SLUICE_A_ROUTE_RULES] = U32,
	[SLUICE_A_RULE_GUID] = GUID,
	[SLUICE_A_RULE_NAME] = NAME,
	[SLUICE_A_RULE_ROUTE] = GUID,
	[SLUICE_A_RULE_INPUT] = U16,
	[SLUICE_A_RULE_PORTS] = {.minlen = sizeof(struct sluice_port_range)},
	[SLUICE_A_RULE_DESTINATION] = {.minlen = 4, .maxlen = 16},
	[SLUICE_A_RULE_DESTINATION_LEN] = U8,
	[SLUICE_A_RULE_SOURCE] = {.minlen = 4, .maxlen = 16},
	[SLUICE_A_RULE_SOURCE_LEN] = U8,
	[SLUICE_A_RULE_INTERFACE] = {.type = NLA_STRING, .maxlen = IF_NAMESIZE},
	[SLUICE_A_RULE_VERDICT] = U8,
	[SLUICE_A_RULE_FLAGS] = U32,
	[SLUICE_A_RULE_HOOK] = U8,
	[SLUICE_A_RULE_BATCHING] = U8,
	[SLUICE_A_ROUTE_ALARM] = U8,
	[SLUICE_A_RULE_COUNTERS] = NEST,
	[SLUICE_A_RULE_CONTINUES] = GUID,
	[SLUICE_A_RULE] = NEST,
	[SLUICE_A_RULE_GONE] = GUID,
	[SLUICE_A_STREAM_UUID] = GUID,
	[SLUICE_A_STREAM_EPOCH] = U64,
	[SLUICE_A_STREAM_CPU] = U32,
	[SLUICE_A_STREAM_SIZE] = U64,
	[SLUICE_A_STREAM_HEAD] = U64,
	[SLUICE_A_STREAM_TAIL] = U64,
	[SLUICE_A_STREAM_OWNER] = U32,
	[SLUICE_A_STREAM_WAKES] = U64,
	[SLUICE_A_STREAM_COUNTERS] = NEST,
	[SLUICE_A_STREAM_CURSORS] = NEST,
	[SLUICE_A_CURSOR] = NEST,
	[SLUICE_A_CURSOR_ACKED] = U64,
	[SLUICE_A_CURSOR_TAKEN] = U64,
	[SLUICE_A_EVENT_KIND] = U32,
	[SLUICE_A_INPUT_GUID] = GUID,
	[SLUICE_A_INPUT_NAME] = NAME,
	[SLUICE_A_INPUT_SOURCE] = TEXT,
	[SLUICE_A_INPUT_MATCH] = TEXT,
	[SLUICE_A_INPUT_VERDICT] = TEXT,
	[SLUICE_A_INPUT_OUTPUTS] = TEXT,
	[SLUICE_A_INPUT_RECEIVE] = TEXT,
	[SLUICE_A_INPUT_STATE] = TEXT,
	[SLUICE_A_INPUT_COUNTERS] = NEST,
	[SLUICE_A_OUTPUT_GUID] = GUID,
	[SLUICE_A_OUTPUT_NAME] = NAME,
	[SLUICE_A_OUTPUT_MODE] = TEXT,
	[SLUICE_A_OUTPUT_FRAMING] = TEXT,
	[SLUICE_A_OUTPUT_DESTINATION] = NEST,
	[SLUICE_A_DESTINATION_NAME] = TEXT,
	[SLUICE_A_DESTINATION_STATE] = TEXT,
	[SLUICE_A_DESTINATION_ERROR] = TEXT,
	[SLUICE_A_DESTINATION_SENT] = U64,
	[SLUICE_A_DESTINATION_BYTES] = U64,
	[SLUICE_A_DESTINATION_ACKED] = U64,
	[SLUICE_A_DESTINATION_RESENT] = U64,
	[SLUICE_A_DESTINATION_WRITES] = U64,
	[SLUICE_A_DESTINATION_CONNECTS] = U64,
	[SLUICE_A_DESTINATION_MSS] = U32,
	[SLUICE_A_DESTINATION_PMTU] = U32,
	[SLUICE_A_DESTINATION_BACKLOG] = U64,
	[SLUICE_A_DESTINATION_GAPS] = U64,
	[SLUICE_A_DESTINATION_UNSENDABLE] = U64,
	[SLUICE_A_DESTINATION_ESCAPED] = U64,
	[SLUICE_A_DESTINATION_RATE] = U64,
	[SLUICE_A_DESTINATION_ACHIEVED] = U64,
	[SLUICE_A_DESTINATION_ROLE] = TEXT,
	[SLUICE_A_OUTPUT_RATE] = U64,
	[SLUICE_A_DAEMON_VERSION] = TEXT,
	[SLUICE_A_DAEMON_RELAY] = TEXT,
	[SLUICE_A_DAEMON_PID] = U32,
	[SLUICE_A_DAEMON_UPTIME] = U64,
	[SLUICE_A_DAEMON_CONFIG] = TEXT,
	[SLUICE_A_DAEMON_WORKERS] = U32,
	[SLUICE_A_CONFIG_NAME] = TEXT,
	[SLUICE_A_STORE_MEMORY_SIZE] = U64,
	[SLUICE_A_STORE_MEMORY_USED] = U64,
	[SLUICE_A_STORE_MEMORY_ALARMS] = U64,
	[SLUICE_A_STORE_DISK_PATH] = TEXT,
	[SLUICE_A_STORE_DISK_SIZE] = U64,
	[SLUICE_A_STORE_DISK_USED] = U64,
	[SLUICE_A_STORE_DISK_WAITING] = U64,
	[SLUICE_A_STORE_DISK_SPOOLED] = U64,
	[SLUICE_A_STORE_DISK_DRAINED] = U64,
	[SLUICE_A_STORE_DISK_SEGMENTS] = U64,
	[SLUICE_A_STORE_DISK_FREE] = U64,
	[SLUICE_A_STORE_DISK_DAMAGED_FRAMES] = U64,
	[SLUICE_A_STORE_DISK_DAMAGED] = U64,
	[SLUICE_A_STORE_DISK_QUARANTINED] = U64,
	[SLUICE_A_STORE_DISK_ABANDONED] = U64,
	[SLUICE_A_STORE_DISK_ALARMS] = U64,
	[SLUICE_A_STORE_ALARMS_NOW] = U32,
	[SLUICE_A_STREAM_DISK] = U64,
	[SLUICE_A_EVENT_KEY] = TEXT,
	[SLUICE_A_EVENT_WHERE] = TEXT,
	[SLUICE_A_EVENT_TEXT] = TEXT,
	[SLUICE_A_STORE_DISK_DROPPED] = U64,
	[SLUICE_A_INPUT_DROPPED] = U64,
	[SLUICE_A_INPUT_UNMATCHED] = U64,
	[SLUICE_A_OUTPUT_DROPPED] = U64,
	[SLUICE_A_OUTPUT_MEMORY] = U64,
	[SLUICE_A_OUTPUT_DISK] = U64,
	[SLUICE_A_OUTPUT_OLDEST] = U64,
	[SLUICE_A_CURSOR_DISK] = U64,
	[SLUICE_A_STORE_DROPPED_BY_CHANGE] = U64,
	[SLUICE_A_INPUT_PRIORITY] = U32,
	[SLUICE_A_INPUT_DROPPED_BY_CHANGE] = U64,
	[SLUICE_A_CONFIG_ADOPT] = TEXT,
	[SLUICE_A_CONFIG_DROP] = TEXT,
	[SLUICE_A_ORPHAN_OUTPUT] = GUID,
	[SLUICE_A_ORPHAN_NAME] = TEXT,
	[SLUICE_A_ORPHAN_PLACE] = TEXT,
	[SLUICE_A_ORPHAN_WHERE] = TEXT,
	[SLUICE_A_ORPHAN_BYTES] = U64,
	[SLUICE_A_ORPHAN_SINCE] = U64,
	[SLUICE_A_DAEMON_STATE] = TEXT,
	[SLUICE_A_DAEMON_OWN_CONFIG] = TEXT,
	[SLUICE_A_DAEMON_CONFIG_AGE] = U64,
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
 * Keeps the text of an extended acknowledgement: the attributes at `head`, `length` bytes of them. Returns whether
 * there was one.
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

/* A datagram of another sender than the one we asked is not an answer; and anybody may have bound the port that we ask. */
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

/* The end of a dump; it carries the error that ended it early (net/netlink/af_netlink.c, netlink_dump_done). */
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

/* Connects `netlink->socket` to `protocol` and sets it up. 0 or a negative errno with its sentence. */
static int socket_open(struct sluice_netlink *netlink, int protocol)
{
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT};
	int one = 1, receive = RECEIVE_BUFFER, send = SEND_BUFFER, fd, error;

	netlink->socket = nl_socket_alloc();
	if (!netlink->socket)
		return -ENOMEM;
	errno = 0;
	error = nl_connect(netlink->socket, protocol);
	if (error)
		return errno ? -errno : -EPROTO;
	fd = nl_socket_get_fd(netlink->socket);
	/* Bigger than net.core.*mem_max only for CAP_NET_ADMIN; others get what the limit allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
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

int sluice_netlink_open_family(struct sluice_netlink **netlink, const char *family)
{
	struct sluice_netlink *fresh;
	int error, type;

	if (!netlink || !family)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
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

int sluice_netlink_open_port(struct sluice_netlink **netlink, uint32_t port)
{
	struct sluice_netlink *fresh;
	int error;

	if (!netlink || port == 0)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
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

void sluice_netlink_close(struct sluice_netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
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

/* Makes the socket's buffer hold a message of `size` bytes, as far as this user may. */
static void make_room(struct sluice_netlink *netlink, size_t size)
{
	int fd = nl_socket_get_fd(netlink->socket), wanted = (int)size;

	if (size <= SEND_BUFFER || size > INT32_MAX / 2)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
}

/* Nothing but a question that anybody may hear is sent before the peer has shown who it is. 0 or a negative errno. */
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

	return setsockopt(nl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVTIMEO, &limit,
			  sizeof(limit))
		       ? -errno
		       : 0;
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
	errno = 0;
	code = nl_send_auto(netlink->socket, message);
	nlmsg_free(message);
	if (code < 0)
		return transport_failed(netlink, code, errno);
	while (!netlink->done) {
		errno = 0;
		code = nl_recvmsgs_default(netlink->socket);
		/* The inconsistency of a dump is told after its end; a refusal has told its own reason. */
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
