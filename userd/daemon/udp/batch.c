// SPDX-License-Identifier: MIT
/*
 * What one sendmmsg(2) sends; see batch.h. Touches: nothing but memory.
 */
#include <netinet/udp.h>
#include <string.h>
#include "../../lib/record.h"
#include "batch.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h of Linux 4.18 */
#endif

/* Adds `more` to `sum`. */
static void count_add(struct sluice_udp_count *sum, const struct sluice_udp_count *more)
{
	sum->datagrams += more->datagrams;
	sum->bytes += more->bytes;
	sum->gaps += more->gaps;
	sum->truncated += more->truncated;
	sum->unsent.unsendable += more->unsent.unsendable;
	sum->unsent.oversized += more->unsent.oversized;
	sum->unsent.skipped += more->unsent.skipped;
}

void sluice_udp_batch_begin(struct sluice_udp_batch *batch)
{
	batch->load = 0;
	batch->at = 0;
	batch->records = 0;
	batch->passed = (struct sluice_udp_count){0};
	batch->plain_load = 0;
	batch->plain_upto = 0;
	batch->count = 0;
}

void sluice_udp_batch_rewind(struct sluice_udp_batch *batch, const struct sluice_udp_load *loads,
			     size_t load)
{
	batch->load = load;
	batch->at = loads[load].at;
	batch->records = loads[load].records;
	batch->passed = (struct sluice_udp_count){0};
	batch->count = 0;
}

/* What becomes of a datagram, and *length, how much of it goes. */
static enum sluice_fate fate_of(const struct sluice_form *form, const struct sluice_udp_way *way,
				const struct sluice_record_view *view, size_t *length)
{
	*length = view->payload_length;
	if (!*length && form->empty == SLUICE_EMPTY_SKIP)
		return SLUICE_FATE_SKIPPED;
	if (form->most && *length > form->most) {
		if (form->oversize != SLUICE_OVERSIZE_TRUNCATE)
			return SLUICE_FATE_OVERSIZED;
		*length = form->most;
	}
	/* An address of the other family cannot be a source on this way. */
	if (way->preserves &&
	    (!view->address || view->address->family != (way->family == AF_INET ? 4 : 6)))
		return SLUICE_FATE_UNSENDABLE;
	return SLUICE_FATE_SENT;
}

/* Can the datagram be cut out of the newest message by the kernel? */
static bool joins(const struct sluice_udp_batch *batch, const struct sluice_udp_way *way,
		  const uint8_t source[16], size_t length)
{
	const struct sluice_udp_message *note;

	if (!batch->count || !length || !way->cuts || length > way->segment_most ||
	    (batch->load == batch->plain_load && batch->at < batch->plain_upto))
		return false;
	note = &batch->notes[batch->count - 1];
	return note->load == batch->load && !note->is_closed && note->part &&
	       length <= note->part && note->part <= way->segment_most &&
	       note->size + length <= SLUICE_UDP_CUT_BYTES &&
	       batch->messages[batch->count - 1].msg_hdr.msg_iovlen < SLUICE_UDP_CUT &&
	       !memcmp(note->source, source, sizeof(note->source)) &&
	       !(note->load == batch->plain_load && note->end <= batch->plain_upto);
}

/* Puts the source address of a message into its control data, from `used` bytes on; returns how
 * many are used then. */
static size_t put_source(union sluice_udp_control *control, const struct sluice_udp_way *way,
			 const uint8_t source[16])
{
	struct cmsghdr *head = &control->align;
	struct in6_pktinfo six = {0};
	struct in_pktinfo four = {0};

	if (way->family == AF_INET) {
		memcpy(&four.ipi_spec_dst, source, sizeof(four.ipi_spec_dst));
		head->cmsg_level = IPPROTO_IP;
		head->cmsg_type = IP_PKTINFO;
		head->cmsg_len = CMSG_LEN(sizeof(four));
		memcpy(CMSG_DATA(head), &four, sizeof(four));
		return CMSG_SPACE(sizeof(four));
	}
	memcpy(&six.ipi6_addr, source, sizeof(six.ipi6_addr));
	head->cmsg_level = IPPROTO_IPV6;
	head->cmsg_type = IPV6_PKTINFO;
	head->cmsg_len = CMSG_LEN(sizeof(six));
	memcpy(CMSG_DATA(head), &six, sizeof(six));
	return CMSG_SPACE(sizeof(six));
}

/* The messages are complete: their control data says what the kernel is to do with them. */
static void seal(struct sluice_udp_batch *batch, const struct sluice_udp_way *way)
{
	size_t number;

	for (number = 0; number < batch->count; number++) {
		struct msghdr *message = &batch->messages[number].msg_hdr;
		union sluice_udp_control *control = &batch->controls[number];
		uint16_t part = (uint16_t)batch->notes[number].part;
		size_t used = 0;
		struct cmsghdr *head;

		if (way->preserves)
			used = put_source(control, way, batch->notes[number].source);
		if (message->msg_iovlen > 1) {
			head = (struct cmsghdr *)(void *)(control->bytes + used);
			head->cmsg_level = IPPROTO_UDP;
			head->cmsg_type = UDP_SEGMENT;
			head->cmsg_len = CMSG_LEN(sizeof(part));
			memcpy(CMSG_DATA(head), &part, sizeof(part));
			used += CMSG_SPACE(sizeof(part));
		}
		message->msg_control = used ? control->bytes : NULL;
		message->msg_controllen = used;
	}
}

/* Adds a datagram, whose record is the next one. False: the batch is full. */
static bool add(struct sluice_udp_batch *batch, const struct sluice_udp_way *way,
		const struct sluice_record_view *view, size_t length)
{
	static const uint8_t nobody[16];
	const uint8_t *source = way->preserves ? view->address->source : nobody;
	struct sluice_udp_message *note;
	struct msghdr *message;
	struct iovec *part;

	if (batch->used == SLUICE_UDP_PARTS)
		return false;
	part = &batch->parts[batch->used];
	if (joins(batch, way, source, length)) {
		note = &batch->notes[batch->count - 1];
		message = &batch->messages[batch->count - 1].msg_hdr;
	} else {
		if (batch->count == SLUICE_UDP_MESSAGES)
			return false;
		note = &batch->notes[batch->count];
		message = &batch->messages[batch->count].msg_hdr;
		memset(note, 0, sizeof(*note));
		memset(message, 0, sizeof(*message));
		note->load = batch->load;
		note->part = length;
		memcpy(note->source, source, sizeof(note->source));
		message->msg_iov = part;
		batch->count++;
	}
	part->iov_base = (void *)(uintptr_t)view->payload;
	part->iov_len = length;
	batch->used++;
	message->msg_iovlen++;
	note->size += length;
	note->is_closed = length < note->part;
	batch->at += view->span;
	batch->records++;
	note->end = batch->at;
	note->records = batch->records;
	batch->passed.datagrams++;
	batch->passed.bytes += length;
	batch->passed.truncated += length < view->payload_length;
	count_add(&note->count, &batch->passed);
	batch->passed = (struct sluice_udp_count){0};
	return true;
}

void sluice_udp_batch_fill(struct sluice_udp_batch *batch, struct sluice_udp_load *loads,
			   size_t count, const struct sluice_form *form,
			   const struct sluice_udp_way *way, size_t *broken)
{
	struct sluice_record_view view = {0};
	enum sluice_fate fate;
	size_t length;

	batch->count = 0;
	batch->used = 0;
	*broken = count;
	while (batch->load < count) {
		struct sluice_udp_load *load = &loads[batch->load];

		if (batch->at < load->length &&
		    sluice_record_read(load->span + batch->at, load->length - batch->at, &view)) {
			*broken = batch->load;
			batch->at = load->length;
		}
		if (batch->at >= load->length) {
			load->rest = batch->passed;
			batch->passed = (struct sluice_udp_count){0};
			batch->load++;
			batch->at = 0;
			batch->records = 0;
			if (*broken < count)
				break;
			continue;
		}
		fate = view.type == SLUICE_RECORD_DATA ? fate_of(form, way, &view, &length)
						       : SLUICE_FATE_NONE;
		if (fate == SLUICE_FATE_SENT) {
			if (!add(batch, way, &view, length))
				break;
			continue;
		}
		batch->passed.gaps += view.type == SLUICE_RECORD_GAP;
		sluice_unsent_note(&batch->passed.unsent, fate);
		batch->at += view.span;
		batch->records++;
	}
	seal(batch, way);
}
