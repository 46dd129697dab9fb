// SPDX-License-Identifier: MIT
/*
 * Answers of the control plane, see answer.h. libnl's builders write the attributes; the messages
 * go out through our own socket, several to a datagram. Touches: nothing but memory.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sluice/counters.h>
#include "answer.h"
#include "cost_list.h"
#include "thread_list.h"
#include "../../lib/field.h"
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

static int dump_done(const struct dump *dump);

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

struct nl_msg *sluice_answer_begin(const struct nlmsghdr *request, uint8_t command, size_t size)
{
	const struct dump dump = {.request = request, .command = command};

	return message_begin(&dump, size);
}

int sluice_answer_add(struct sluice_answer *answer, struct nl_msg *message)
{
	return message_end(answer, message);
}

int sluice_answer_done(struct sluice_answer *answer, const struct nlmsghdr *request)
{
	const struct dump dump = {.answer = answer, .request = request};

	return dump_done(&dump);
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

/* Where the daemon's report has a field: a member, and the one without which it is not told; of
 * `gate_size` 0: it always is. */
struct source {
	size_t offset, size;
	size_t gate, gate_size;
};

/* What the members in field_rows.h are of, by list. */
#define INPUT_REPORT struct sluice_engine_input
#define OUTPUT_REPORT struct sluice_engine_output
#define DESTINATION_REPORT struct sluice_engine_destination
#define MEMORY_REPORT struct sluice_engine_store
#define DISK_REPORT struct sluice_engine_store
#define STORE_REPORT struct sluice_engine_store
#define DAEMON_REPORT struct sluice_control_facts
#define ORPHAN_REPORT struct sluice_orphan
#define THREAD_REPORT struct sluice_control_thread
#define COST_REPORT struct sluice_control_cost
#define FORWARD_REPORT struct sluice_control_forward
#define SIZE_OF(list, member) sizeof(((list##_REPORT *)0)->member)
#define FIELD(list, attribute, member, ...) \
	{offsetof(list##_REPORT, member), SIZE_OF(list, member), 0, 0},
#define FIELD_IF(list, attribute, gate, member, ...)                                            \
	{offsetof(list##_REPORT, member), SIZE_OF(list, member), offsetof(list##_REPORT, gate), \
	 SIZE_OF(list, gate)},
#define TOLD(...) {0, 0, 0, 0}, /* not by the daemon, or not field by field */

/* By the number of a row in sluice_fields. */
static const struct source sources[] = {
#include "../../lib/field_rows.h"
};

/* Is the field told of this report? */
static bool is_told(const struct source *source, const char *report)
{
	const char *gate = report + source->gate;
	size_t byte;

	for (byte = 0; byte < source->gate_size; byte++)
		if (gate[byte])
			return true;
	return source->gate_size == 0;
}

/* The text of a member that is a text or points to one; NULL: none. */
static const char *text_of(const struct source *source, const char *member)
{
	const char *text;

	if (source->size != sizeof(text))
		return member;
	memcpy(&text, member, sizeof(text));
	return text;
}

/* A member that is a number of 16, 32 or 64 bits. */
static uint64_t number_of(const struct source *source, const char *member)
{
	uint64_t wide;
	uint32_t narrow;
	uint16_t least;

	if (source->size == sizeof(wide)) {
		memcpy(&wide, member, sizeof(wide));
		return wide;
	}
	if (source->size == sizeof(least)) {
		memcpy(&least, member, sizeof(least));
		return least;
	}
	memcpy(&narrow, member, sizeof(narrow));
	return narrow;
}

/* Puts a number as wide as the schema has it. */
static int put_number(struct nl_msg *message, int attribute, uint64_t number)
{
	if (sluice_netlink_policy[attribute].type == NLA_U32)
		return nla_put_u32(message, attribute, (uint32_t)number);
	return nla_put_u64(message, attribute, number);
}

/* Puts one field. 0, or a negative number: there is no room. */
static int put_field(struct nl_msg *message, const struct sluice_field *field,
		     const struct source *source, const char *member)
{
	switch (field->kind) {
	case SLUICE_FIELD_NUMBER:
	case SLUICE_FIELD_MOMENT:
		return put_number(message, field->attribute, number_of(source, member));
	case SLUICE_FIELD_TEXT:
		return put_text(message, field->attribute, text_of(source, member));
	case SLUICE_FIELD_LONG_TEXT:
	case SLUICE_FIELD_REASON:
	case SLUICE_FIELD_NAMES:
		return put_long_text(message, field->attribute, text_of(source, member));
	case SLUICE_FIELD_GUID:
		return nla_put(message, field->attribute, SLUICE_GUID_SIZE, member);
	case SLUICE_FIELD_COUNTERS:
		return sluice_netlink_put_counters(message, field->attribute,
						   (const struct sluice_counters *)member);
	case SLUICE_FIELD_PART:
		return 0;
	}
	return -EINVAL;
}

/* Puts all fields of a list. `report`: the struct that the list is of. 0 or -ENOMEM. */
static int put_fields(struct nl_msg *message, enum sluice_field_list list, const void *report)
{
	size_t row;

	for (row = 0; row < sluice_field_count; row++) {
		const struct source *source = &sources[row];

		if (sluice_fields[row].list != list || !is_told(source, report))
			continue;
		if (put_field(message, &sluice_fields[row], source,
			      (const char *)report + source->offset))
			return -ENOMEM;
	}
	return 0;
}

/* How many bytes of a message put_fields() takes at most. */
static size_t size_of_fields(enum sluice_field_list list, const void *report)
{
	const char *text;
	size_t row, size = 0;

	for (row = 0; row < sluice_field_count; row++) {
		if (sluice_fields[row].list != list)
			continue;
		switch (sluice_fields[row].kind) {
		case SLUICE_FIELD_TEXT:
			size += NLA_HDRLEN + NLA_ALIGN(WORD_MAX + 1);
			break;
		case SLUICE_FIELD_LONG_TEXT:
		case SLUICE_FIELD_REASON:
		case SLUICE_FIELD_NAMES:
			text = text_of(&sources[row], (const char *)report + sources[row].offset);
			size += NLA_HDRLEN + NLA_ALIGN((text ? strlen(text) : 0) + 1);
			break;
		case SLUICE_FIELD_COUNTERS:
			size += 2 * sizeof(struct sluice_counters);
			break;
		default:
			size += NLA_HDRLEN + SLUICE_GUID_SIZE;
		}
	}
	return size;
}

/* A message of nothing but the fields of a list. */
static int dump_fields(const struct dump *dump, enum sluice_field_list list, const void *report)
{
	struct nl_msg *message = message_begin(dump, size_of_fields(list, report));

	if (!message || put_fields(message, list, report)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return message_end(dump->answer, message);
}

/* OUTPUT_GET: one output, its destinations nested. */
static int dump_output(const struct dump *dump, const struct sluice_engine_output *output)
{
	size_t number, size = size_of_fields(SLUICE_FIELDS_OUTPUT, output);
	struct nl_msg *message;
	struct nlattr *nest;

	for (number = 0; number < output->destination_count; number++)
		size += NLA_HDRLEN +
			size_of_fields(SLUICE_FIELDS_DESTINATION, &output->destinations[number]);
	message = message_begin(dump, size);
	if (!message || put_fields(message, SLUICE_FIELDS_OUTPUT, output))
		goto failed;
	for (number = 0; number < output->destination_count; number++) {
		nest = nla_nest_start(message, SLUICE_A_OUTPUT_DESTINATION | NLA_F_NESTED);
		if (!nest ||
		    put_fields(message, SLUICE_FIELDS_DESTINATION, &output->destinations[number]))
			goto failed;
		nla_nest_end(message, nest);
	}
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
	    put_text(message, SLUICE_A_STREAM_SOURCE, stream->source) ||
	    nla_put_u64(message, SLUICE_A_STREAM_EPOCH, stream->epoch) ||
	    nla_put_u32(message, SLUICE_A_STREAM_CPU, stream->cpu) ||
	    nla_put_u32(message, SLUICE_A_STREAM_WORKER, stream->worker) ||
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
	if ((stream->has_disk && nla_put_u64(message, SLUICE_A_STREAM_DISK, stream->disk)) ||
	    nla_put_u8(message, SLUICE_A_STREAM_DRAINING, stream->is_draining))
		goto failed;
	if (stream->load &&
	    (put_text(message, SLUICE_A_STREAM_LOAD, stream->load) ||
	     nla_put_u64(message, SLUICE_A_STREAM_LOAD_SINCE, stream->load_since_ns)))
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

/* STORE_GET: the one message; of the disk if there is one. */
static int dump_store(const struct dump *dump, const struct sluice_engine_store *store)
{
	struct nl_msg *message =
		message_begin(dump, size_of_fields(SLUICE_FIELDS_MEMORY, store) +
					    size_of_fields(SLUICE_FIELDS_DISK, store) +
					    size_of_fields(SLUICE_FIELDS_STORE, store));

	if (!message || put_fields(message, SLUICE_FIELDS_MEMORY, store) ||
	    put_fields(message, SLUICE_FIELDS_STORE, store) ||
	    (store->disk_path && put_fields(message, SLUICE_FIELDS_DISK, store))) {
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
		error = dump_fields(dump, SLUICE_FIELDS_ORPHAN, &orphans.list[number]);
	sluice_orphans_free(&orphans);
	return error;
}

/* THREAD_GET: all threads. They need nobody's help to be listed. */
static int dump_threads(const struct dump *dump)
{
	struct sluice_control_thread *list;
	size_t count, number;
	int error = sluice_control_threads(&list, &count);

	for (number = 0; number < count && !error; number++)
		error = dump_fields(dump, SLUICE_FIELDS_THREAD, &list[number]);
	free(list);
	return error;
}

/* COST_GET: what everything costs. */
static int dump_costs(const struct dump *dump, const struct sluice_engine_report *report)
{
	struct sluice_control_costs costs;
	size_t number;
	int error = sluice_control_costs(report, &costs);

	for (number = 0; number < costs.count && !error; number++)
		error = dump_fields(dump, SLUICE_FIELDS_COST, &costs.list[number]);
	free(costs.list);
	return error;
}

/* FORWARD_GET: all forwards. */
static int dump_forwards(const struct dump *dump, const struct sluice_control_calls *calls,
			 void *context)
{
	struct sluice_control_forward *list = NULL;
	size_t count = 0, number;
	int error = calls->forwards ? calls->forwards(context, &list, &count) : 0;

	for (number = 0; number < count && !error; number++)
		error = dump_fields(dump, SLUICE_FIELDS_FORWARD, &list[number]);
	free(list);
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
		error = dump_fields(&dump, SLUICE_FIELDS_DAEMON, &facts);
		return error ? error : dump_done(&dump);
	}
	if (command == SLUICE_CMD_THREAD_GET) {
		error = dump_threads(&dump);
		return error ? error : dump_done(&dump);
	}
	if (command == SLUICE_CMD_FORWARD_GET) {
		error = dump_forwards(&dump, calls, context);
		return error ? error : dump_done(&dump);
	}
	if (command == SLUICE_CMD_ORPHAN_GET) {
		error = dump_orphans(&dump, calls, context);
		return error ? error : dump_done(&dump);
	}
	if (command != SLUICE_CMD_INPUT_GET && command != SLUICE_CMD_OUTPUT_GET &&
	    command != SLUICE_CMD_STREAM_GET && command != SLUICE_CMD_STORE_GET &&
	    command != SLUICE_CMD_COST_GET)
		return -EOPNOTSUPP;
	error = calls->report(context, &report);
	if (error)
		return error;
	if (command == SLUICE_CMD_INPUT_GET)
		for (number = 0; number < report.input_count && !error; number++)
			error = dump_fields(&dump, SLUICE_FIELDS_INPUT, &report.inputs[number]);
	else if (command == SLUICE_CMD_OUTPUT_GET)
		for (number = 0; number < report.output_count && !error; number++)
			error = dump_output(&dump, &report.outputs[number]);
	else if (command == SLUICE_CMD_STORE_GET)
		error = dump_store(&dump, &report.store);
	else if (command == SLUICE_CMD_COST_GET)
		error = dump_costs(&dump, &report);
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
