// SPDX-License-Identifier: MIT
/*
 * Answers of the control plane, see answer.h. libnl's builders write the attributes; the messages
 * go out through our own socket, several to a datagram. Touches: nothing but memory.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "answer.h"
#include "../../lib/netlink.h"

#define DATAGRAM (16U << 10)	   /* bytes after which a dump begins a new datagram */
#define ERROR_TEXT_MAX (60U << 10) /* an attribute holds 65,531 bytes */
#define WORD_MAX 512U		   /* bytes of one text inside an answer */

/* An answer that grows, and what its messages have in common. */
struct dump {
	struct sluice_answer *answer;
	const struct nlmsghdr *request;
	uint8_t command;
};

/* A message with room for `size` bytes of attributes. NULL: no memory. @owner caller: message_end()
 * or nlmsg_free() */
static struct nl_msg *message_begin(const struct dump *dump, size_t size)
{
	struct nl_msg *message = nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + size);
	struct genlmsghdr header = {.cmd = dump->command, .version = SLUICE_GENL_VERSION};

	if (!message)
		return NULL;
	if (!nlmsg_put(message, dump->request->nlmsg_pid, dump->request->nlmsg_seq,
		       SLUICE_USERSOCK_TYPE, 0, NLM_F_MULTI) ||
	    nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO)) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* One more datagram of `length` bytes; NULL: no memory. */
static struct sluice_answer_part *part_add(struct sluice_answer *answer)
{
	size_t room = answer->room ? answer->room * 2 : 8;
	struct sluice_answer_part *grown;

	if (!answer->parts || answer->count == answer->room) {
		grown = reallocarray(answer->parts, room, sizeof(*grown));
		if (!grown)
			return NULL;
		answer->parts = grown;
		answer->room = room;
	}
	answer->parts[answer->count] = (struct sluice_answer_part){0};
	return &answer->parts[answer->count++];
}

/* Puts a finished message behind the last datagram if it fits there, else into a new one. Frees it.
 * 0 or -ENOMEM. */
static int message_end(struct sluice_answer *answer, struct nl_msg *message)
{
	const struct nlmsghdr *header = nlmsg_hdr(message);
	size_t aligned = NLMSG_ALIGN(header->nlmsg_len);
	struct sluice_answer_part *part = answer->count ? &answer->parts[answer->count - 1] : NULL;
	char *grown;

	if (!part || part->length + aligned > DATAGRAM)
		part = part_add(answer);
	grown = part ? realloc(part->bytes, part->length + aligned) : NULL;
	if (!grown) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	memcpy(grown + part->length, header, header->nlmsg_len);
	memset(grown + part->length + header->nlmsg_len, 0, aligned - header->nlmsg_len);
	part->bytes = grown;
	part->length += aligned;
	nlmsg_free(message);
	return 0;
}

/* A text attribute, cut to WORD_MAX; NULL is "". */
static int put_text(struct nl_msg *message, int type, const char *text)
{
	char copy[WORD_MAX + 1];

	snprintf(copy, sizeof(copy), "%s", text ? text : "");
	return nla_put_string(message, type, copy);
}

/* A text attribute of any length: match texts may be long. */
static int put_long_text(struct nl_msg *message, int type, const char *text)
{
	return nla_put_string(message, type, text ? text : "");
}

/* Bytes of a text that may be absent. */
static size_t text_bytes(const char *text)
{
	return text ? strlen(text) + 8 : 8;
}

/* INPUT_GET: one input. */
static int dump_input(const struct dump *dump, const struct sluice_engine_input *input)
{
	size_t size = 1024 + text_bytes(input->match) + text_bytes(input->outputs);
	struct nl_msg *message = message_begin(dump, size);

	if (!message || nla_put(message, SLUICE_A_INPUT_ID, SLUICE_GUID_SIZE, input->guid) ||
	    put_text(message, SLUICE_A_INPUT_NAME, input->name) ||
	    put_text(message, SLUICE_A_INPUT_SOURCE, input->source) ||
	    put_long_text(message, SLUICE_A_INPUT_MATCH, input->match) ||
	    put_text(message, SLUICE_A_INPUT_VERDICT, input->verdict) ||
	    put_long_text(message, SLUICE_A_INPUT_OUTPUTS, input->outputs) ||
	    sluice_netlink_put_counters(message, SLUICE_A_INPUT_COUNTERS, &input->counters) ||
	    nla_put_u64(message, SLUICE_A_INPUT_DROPPED, input->dropped) ||
	    nla_put_u64(message, SLUICE_A_INPUT_DROPPED_BY_CHANGE, input->dropped_by_change) ||
	    nla_put_u32(message, SLUICE_A_INPUT_PRIORITY, input->priority) ||
	    put_long_text(message, SLUICE_A_INPUT_STATE, input->state) ||
	    (input->receive &&
	     (nla_put_string(message, SLUICE_A_INPUT_RECEIVE, input->receive) ||
	      put_long_text(message, SLUICE_A_INPUT_RECEIVE_WHY,
			    input->receive_why ? input->receive_why : "") ||
	      nla_put_u64(message, SLUICE_A_INPUT_UNMATCHED, input->unmatched)))) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return message_end(dump->answer, message);
}

/* A destination, nested. */
static int put_destination(struct nl_msg *message,
			   const struct sluice_engine_destination *destination)
{
	struct nlattr *nest = nla_nest_start(message, SLUICE_A_OUTPUT_DESTINATION | NLA_F_NESTED);

	if (!nest || put_text(message, SLUICE_A_DESTINATION_NAME, destination->name) ||
	    put_text(message, SLUICE_A_DESTINATION_STATE, destination->state) ||
	    put_text(message, SLUICE_A_DESTINATION_ERROR, destination->error) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_SENT, destination->sent) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_BYTES, destination->bytes) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_ACKED, destination->acked) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_RESENT, destination->resent) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_WRITES, destination->writes) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_CONNECTS, destination->connects) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_BACKLOG, destination->backlog) ||
	    nla_put_u32(message, SLUICE_A_DESTINATION_MSS, destination->mss) ||
	    nla_put_u32(message, SLUICE_A_DESTINATION_PMTU, destination->pmtu) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_GAPS, destination->gaps) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_UNSENDABLE, destination->unsendable) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_ESCAPED, destination->escaped) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_FAULTS, destination->faults) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_REFUSED, destination->refused) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_OVERSIZED, destination->oversized) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_SKIPPED, destination->skipped) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_SPLIT, destination->split) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_PIECES, destination->pieces) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_TRUNCATED, destination->truncated) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_UNCONFIRMED, destination->unconfirmed) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_RATE, destination->rate) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_ACHIEVED, destination->achieved) ||
	    nla_put_u64(message, SLUICE_A_DESTINATION_SINCE, destination->since_ns) ||
	    put_text(message, SLUICE_A_DESTINATION_ROLE, destination->role) ||
	    (destination->is_alone &&
	     (nla_put_u64(message, SLUICE_A_DESTINATION_MEMORY, destination->waiting.memory) ||
	      nla_put_u64(message, SLUICE_A_DESTINATION_DISK, destination->waiting.disk) ||
	      nla_put_u64(message, SLUICE_A_DESTINATION_OLDEST, destination->waiting.oldest_ns))))
		return -ENOMEM;
	nla_nest_end(message, nest);
	return 0;
}

/* OUTPUT_GET: one output. */
static int dump_output(const struct dump *dump, const struct sluice_engine_output *output)
{
	struct nl_msg *message =
		message_begin(dump, 1024 + output->destination_count * (3 * WORD_MAX + 448));
	size_t number;

	if (!message || nla_put(message, SLUICE_A_OUTPUT_ID, SLUICE_GUID_SIZE, output->guid) ||
	    put_text(message, SLUICE_A_OUTPUT_NAME, output->name) ||
	    put_text(message, SLUICE_A_OUTPUT_MODE, output->mode) ||
	    put_text(message, SLUICE_A_OUTPUT_FRAMING, output->framing) ||
	    nla_put_u64(message, SLUICE_A_OUTPUT_RATE, output->rate) ||
	    nla_put_u64(message, SLUICE_A_OUTPUT_DROPPED, output->dropped) ||
	    nla_put_u64(message, SLUICE_A_OUTPUT_MEMORY, output->waiting.memory) ||
	    nla_put_u64(message, SLUICE_A_OUTPUT_DISK, output->waiting.disk) ||
	    nla_put_u64(message, SLUICE_A_OUTPUT_OLDEST, output->waiting.oldest_ns))
		goto failed;
	for (number = 0; number < output->destination_count; number++)
		if (put_destination(message, &output->destinations[number]))
			goto failed;
	return message_end(dump->answer, message);

failed:
	nlmsg_free(message);
	return -ENOMEM;
}

/* A cursor, nested. */
static int put_cursor(struct nl_msg *message, const struct sluice_engine_cursor *cursor)
{
	struct nlattr *nest = nla_nest_start(message, SLUICE_A_CURSOR | NLA_F_NESTED);

	if (!nest || nla_put(message, SLUICE_A_OUTPUT_ID, SLUICE_GUID_SIZE, cursor->output) ||
	    put_text(message, SLUICE_A_OUTPUT_NAME, cursor->output_name) ||
	    nla_put_u64(message, SLUICE_A_CURSOR_ACKED, cursor->acked) ||
	    nla_put_u64(message, SLUICE_A_CURSOR_TAKEN, cursor->taken) ||
	    nla_put_u64(message, SLUICE_A_CURSOR_DISK, cursor->disk))
		return -ENOMEM;
	nla_nest_end(message, nest);
	return 0;
}

/* STREAM_GET: one stream. */
static int dump_stream(const struct dump *dump, const struct sluice_engine_stream *stream)
{
	struct nl_msg *message = message_begin(dump, 1024 + stream->cursor_count * 192);
	struct nlattr *nest;
	size_t number;

	if (!message || nla_put(message, SLUICE_A_ROUTE_ID, SLUICE_GUID_SIZE, stream->route) ||
	    (*stream->name && put_text(message, SLUICE_A_ROUTE_NAME, stream->name)) ||
	    nla_put(message, SLUICE_A_STREAM_ID, SLUICE_GUID_SIZE, stream->uuid) ||
	    nla_put_u64(message, SLUICE_A_STREAM_EPOCH, stream->epoch) ||
	    nla_put_u32(message, SLUICE_A_STREAM_CPU, stream->cpu) ||
	    nla_put_u64(message, SLUICE_A_STREAM_SIZE, stream->size) ||
	    nla_put_u64(message, SLUICE_A_STREAM_HEAD, stream->head) ||
	    nla_put_u64(message, SLUICE_A_STREAM_TAIL, stream->tail) ||
	    nla_put_u32(message, SLUICE_A_STREAM_OWNER, stream->owner) ||
	    nla_put_u64(message, SLUICE_A_STREAM_WAKES, stream->wakes) ||
	    sluice_netlink_put_counters(message, SLUICE_A_STREAM_COUNTERS, &stream->counters))
		goto failed;
	nest = nla_nest_start(message, SLUICE_A_STREAM_CURSORS | NLA_F_NESTED);
	if (!nest)
		goto failed;
	for (number = 0; number < stream->cursor_count; number++)
		if (put_cursor(message, &stream->cursors[number]))
			goto failed;
	nla_nest_end(message, nest);
	if (stream->has_disk && nla_put_u64(message, SLUICE_A_STREAM_DISK, stream->disk))
		goto failed;
	return message_end(dump->answer, message);

failed:
	nlmsg_free(message);
	return -ENOMEM;
}

/* STREAM_GET: all streams. */
static int dump_streams(const struct dump *dump, const struct sluice_engine_report *report)
{
	size_t number;
	int error = 0;

	for (number = 0; number < report->stream_count && !error; number++)
		error = dump_stream(dump, &report->streams[number]);
	return error;
}

/* DAEMON_GET: the one message. */
static int dump_daemon(const struct dump *dump, const struct sluice_control_facts *facts)
{
	struct nl_msg *message = message_begin(dump, 6 * WORD_MAX + 256);

	if (!message || put_text(message, SLUICE_A_DAEMON_VERSION, facts->version) ||
	    put_text(message, SLUICE_A_DAEMON_RELAY, facts->relay) ||
	    nla_put_u32(message, SLUICE_A_DAEMON_PID, facts->pid) ||
	    nla_put_u64(message, SLUICE_A_DAEMON_UPTIME, facts->uptime) ||
	    put_text(message, SLUICE_A_DAEMON_CONFIG, facts->config) ||
	    put_text(message, SLUICE_A_DAEMON_STATE, facts->state) ||
	    put_text(message, SLUICE_A_DAEMON_OWN_CONFIG, facts->own_config) ||
	    nla_put_u64(message, SLUICE_A_DAEMON_CONFIG_AGE, facts->config_age) ||
	    nla_put_u32(message, SLUICE_A_DAEMON_WORKERS, facts->workers) ||
	    (facts->has_checksums &&
	     (nla_put_u64(message, SLUICE_A_DAEMON_BAD_CHECKSUM, facts->bad_checksum) ||
	      nla_put_u64(message, SLUICE_A_DAEMON_BAD_CHECKSUM_UNPLACED,
			  facts->bad_checksum_unplaced)))) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return message_end(dump->answer, message);
}

/* STORE_GET: the one message. */
static int dump_store(const struct dump *dump, const struct sluice_engine_store *store)
{
	const struct sluice_spool_figures *disk = &store->disk;
	struct nl_msg *message = message_begin(dump, WORD_MAX + 512);

	if (!message || nla_put_u64(message, SLUICE_A_STORE_MEMORY_SIZE, store->memory_size) ||
	    nla_put_u64(message, SLUICE_A_STORE_MEMORY_USED, store->memory_used) ||
	    nla_put_u64(message, SLUICE_A_STORE_MEMORY_ALARMS, store->memory_alarms) ||
	    nla_put_u32(message, SLUICE_A_STORE_ALARMS_NOW, store->alarms_now) ||
	    nla_put_u64(message, SLUICE_A_STORE_DROPPED_BY_CHANGE, store->dropped_by_change))
		goto failed;
	if (store->disk_path &&
	    (put_text(message, SLUICE_A_STORE_DISK_PATH, store->disk_path) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_SIZE, disk->segments * disk->segment_size) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_USED, disk->used) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_WAITING, disk->bytes) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_SPOOLED, disk->spooled) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_DRAINED, disk->drained) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_SEGMENTS, disk->segments) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_FREE, disk->free_segments) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_DAMAGED_FRAMES, disk->damaged_frames) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_DAMAGED, disk->damaged_records) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_QUARANTINED, disk->quarantined) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_ABANDONED, disk->abandoned) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_DROPPED, disk->dropped) ||
	     nla_put_u64(message, SLUICE_A_STORE_DISK_ALARMS, store->disk_alarms)))
		goto failed;
	return message_end(dump->answer, message);

failed:
	nlmsg_free(message);
	return -ENOMEM;
}

/* ORPHAN_GET: what waits in one place for one output that is gone. */
static int dump_orphan(const struct dump *dump, const struct sluice_orphan *orphan)
{
	size_t size = 1024 + text_bytes(orphan->where);
	struct nl_msg *message = message_begin(dump, size);

	if (!message ||
	    nla_put(message, SLUICE_A_ORPHAN_OUTPUT, SLUICE_GUID_SIZE, orphan->output) ||
	    put_text(message, SLUICE_A_ORPHAN_NAME, orphan->name) ||
	    put_text(message, SLUICE_A_ORPHAN_PLACE, orphan->place) ||
	    put_long_text(message, SLUICE_A_ORPHAN_WHERE, orphan->where) ||
	    nla_put_u64(message, SLUICE_A_ORPHAN_BYTES, orphan->bytes) ||
	    nla_put_u64(message, SLUICE_A_ORPHAN_SINCE, orphan->since_ns)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return message_end(dump->answer, message);
}

/* ORPHAN_GET: all of it. */
static int dump_orphans(const struct dump *dump, const struct sluice_control_calls *calls,
			void *context)
{
	struct sluice_orphans orphans = {0};
	size_t number;
	int error = calls->orphans(context, &orphans);

	for (number = 0; number < orphans.count && !error; number++)
		error = dump_orphan(dump, &orphans.list[number]);
	sluice_orphans_free(&orphans);
	return error;
}

/* The end of a dump; its payload is the error it ended with: none. */
static int dump_done(const struct dump *dump)
{
	struct nl_msg *message = nlmsg_alloc_size(NLMSG_HDRLEN + 16);
	int none = 0;

	if (!message)
		return -ENOMEM;
	if (!nlmsg_put(message, dump->request->nlmsg_pid, dump->request->nlmsg_seq, NLMSG_DONE, 0,
		       NLM_F_MULTI) ||
	    nlmsg_append(message, &none, sizeof(none), NLMSG_ALIGNTO)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return message_end(dump->answer, message);
}

int sluice_answer_dump(struct sluice_answer *answer, const struct nlmsghdr *request,
		       uint8_t command, const struct sluice_control_calls *calls, void *context)
{
	struct dump dump = {.answer = answer, .request = request, .command = command};
	struct sluice_control_facts facts = {0};
	struct sluice_engine_report report = {0};
	size_t number;
	int error;

	if (!answer || !request || !calls)
		return -EINVAL;
	if (command == SLUICE_CMD_DAEMON_GET) {
		calls->facts(context, &facts);
		error = dump_daemon(&dump, &facts);
		return error ? error : dump_done(&dump);
	}
	if (command == SLUICE_CMD_ORPHAN_GET) {
		error = dump_orphans(&dump, calls, context);
		return error ? error : dump_done(&dump);
	}
	if (command != SLUICE_CMD_INPUT_GET && command != SLUICE_CMD_OUTPUT_GET &&
	    command != SLUICE_CMD_STREAM_GET && command != SLUICE_CMD_STORE_GET)
		return -EOPNOTSUPP;
	error = calls->report(context, &report);
	if (error)
		return error;
	if (command == SLUICE_CMD_INPUT_GET)
		for (number = 0; number < report.input_count && !error; number++)
			error = dump_input(&dump, &report.inputs[number]);
	else if (command == SLUICE_CMD_OUTPUT_GET)
		for (number = 0; number < report.output_count && !error; number++)
			error = dump_output(&dump, &report.outputs[number]);
	else if (command == SLUICE_CMD_STORE_GET)
		error = dump_store(&dump, &report.store);
	else
		error = dump_streams(&dump, &report);
	calls->release(context, &report);
	return error ? error : dump_done(&dump);
}

int sluice_answer_error(struct sluice_answer *answer, const struct nlmsghdr *request, int error,
			const char *text, uint32_t offset)
{
	size_t length = text ? strnlen(text, ERROR_TEXT_MAX) : 0;
	struct nlmsgerr body = {.error = error, .msg = *request};
	/* The request itself is not sent back: it may be a megabyte. */
	int flags = NLM_F_CAPPED | (error && (length || offset) ? NLM_F_ACK_TLVS : 0);
	struct nl_msg *message;
	char *copy = NULL;

	if (!answer)
		return -EINVAL;
	message = nlmsg_alloc_size(NLMSG_HDRLEN + sizeof(body) + length + 64);
	if (!message ||
	    !nlmsg_put(message, request->nlmsg_pid, request->nlmsg_seq, NLMSG_ERROR, 0, flags) ||
	    nlmsg_append(message, &body, sizeof(body), NLMSG_ALIGNTO))
		goto failed;
	if (error && length) {
		copy = strndup(text, length);
		if (!copy || nla_put_string(message, NLMSGERR_ATTR_MSG, copy))
			goto failed;
	}
	if (error && offset && nla_put_u32(message, NLMSGERR_ATTR_OFFS, offset))
		goto failed;
	free(copy);
	return message_end(answer, message);

failed:
	free(copy);
	nlmsg_free(message);
	return -ENOMEM;
}

void sluice_answer_free(struct sluice_answer *answer)
{
	size_t number;

	if (!answer)
		return;
	for (number = 0; number < answer->count; number++)
		free(answer->parts[number].bytes);
	free(answer->parts);
	memset(answer, 0, sizeof(*answer));
}
