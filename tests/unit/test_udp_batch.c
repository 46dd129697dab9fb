// SPDX-License-Identifier: MIT
/*
 * What one sendmmsg(2) of `kind: udp` sends: datagrams of the same size become one message that the
 * kernel cuts, no other datagram is ever glued to another; loss records and what is not to go are
 * passed over and counted; who sent it stands in the control data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/udp.h>
#include <cmocka.h>
#include "daemon/udp/batch.h"
#include "lib/record.h"
#include "stream_builder.h"

static const struct sluice_udp_way way = {.family = AF_INET, .cuts = true, .segment_most = 1472};
static const struct sluice_form form = {.framing = SLUICE_FRAMING_RAW,
					.oversize = SLUICE_OVERSIZE_REFUSE};

/* Fills `batch` from the start with what `builder` has, as one load. */
static void fill(struct sluice_udp_batch *batch, struct sluice_udp_load *load,
		 const struct builder *builder, const struct sluice_form *wished,
		 const struct sluice_udp_way *by)
{
	size_t broken;

	*load = (struct sluice_udp_load){.span = builder->bytes, .length = builder->length};
	sluice_udp_batch_begin(batch);
	sluice_udp_batch_fill(batch, load, 1, wished, by, &broken);
	assert_int_equal(broken, 1);
}

/* Adds `count` datagrams of `length` bytes. */
static void add(struct builder *builder, size_t count, size_t length)
{
	for (; count; count--)
		memset(builder_record(builder, SLUICE_RECORD_DATA, 0, 0, length), 1, length);
}

/* Equal ones together, up to as many as the kernel cuts; a shorter one may end a message, a longer
 * one begins another; empty ones and those beyond a packet go alone. */
static void only_equal_sizes_are_one_message(void **state)
{
	static struct sluice_udp_batch batch;
	struct sluice_udp_load load;
	struct builder builder;

	(void)state;
	builder_start(&builder);
	add(&builder, 70, 100);
	add(&builder, 1, 60);
	add(&builder, 1, 60);
	add(&builder, 1, 61);
	add(&builder, 2, 0);
	add(&builder, 2, 1473);
	fill(&batch, &load, &builder, &form, &way);
	assert_int_equal(batch.count, 8);
	assert_int_equal(batch.messages[0].msg_hdr.msg_iovlen, 64);
	assert_int_equal(batch.messages[1].msg_hdr.msg_iovlen, 7);
	assert_int_equal(batch.notes[1].size, 660);
	assert_int_equal(batch.messages[2].msg_hdr.msg_iovlen, 1);
	assert_int_equal(batch.messages[3].msg_hdr.msg_iovlen, 1);
	assert_int_equal(batch.messages[4].msg_hdr.msg_iovlen, 1);
	assert_int_equal(batch.notes[4].size, 0);
	assert_int_equal(batch.messages[6].msg_hdr.msg_iovlen, 1);
	assert_int_equal(batch.messages[7].msg_hdr.msg_iovlen, 1);
	assert_non_null(batch.messages[0].msg_hdr.msg_control);
	assert_null(batch.messages[2].msg_hdr.msg_control);
	assert_int_equal(batch.notes[7].end, builder.length);
	assert_int_equal(batch.notes[7].records, builder.records);
	builder_end(&builder);
}

/* A message that the kernel could not cut goes datagram by datagram, and only that one. */
static void what_cannot_be_cut_goes_alone(void **state)
{
	static struct sluice_udp_batch batch;
	struct sluice_udp_load load;
	struct builder builder;
	size_t broken;

	(void)state;
	builder_start(&builder);
	add(&builder, 80, 100);
	fill(&batch, &load, &builder, &form, &way);
	assert_int_equal(batch.count, 2);
	batch.plain_load = 0;
	batch.plain_upto = batch.notes[0].end;
	sluice_udp_batch_rewind(&batch, &load, 0);
	sluice_udp_batch_fill(&batch, &load, 1, &form, &way, &broken);
	assert_int_equal(batch.count, 64);
	assert_int_equal(batch.messages[63].msg_hdr.msg_iovlen, 1);
	sluice_udp_batch_fill(&batch, &load, 1, &form, &way, &broken);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.messages[0].msg_hdr.msg_iovlen, 16);
	builder_end(&builder);
}

/* Loss records, empty and too long ones are passed over; each is counted with the datagram behind
 * it, or with the rest. */
static void what_does_not_go_is_counted(void **state)
{
	struct sluice_form wished = {.framing = SLUICE_FRAMING_RAW,
				     .most = 500,
				     .oversize = SLUICE_OVERSIZE_REFUSE,
				     .empty = SLUICE_EMPTY_SKIP};
	static struct sluice_udp_batch batch;
	struct sluice_udp_load load;
	struct builder builder;

	(void)state;
	builder_start(&builder);
	builder_gap(&builder, 0, 7, SLUICE_LOST_RING_FULL);
	add(&builder, 1, 0);
	add(&builder, 1, 501);
	add(&builder, 1, 500);
	builder_gap(&builder, 0, 7, SLUICE_LOST_RING_FULL);
	add(&builder, 1, 501);
	fill(&batch, &load, &builder, &wished, &way);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.notes[0].count.datagrams, 1);
	assert_int_equal(batch.notes[0].count.bytes, 500);
	assert_int_equal(batch.notes[0].count.gaps, 1);
	assert_int_equal(batch.notes[0].count.unsent.skipped, 1);
	assert_int_equal(batch.notes[0].count.unsent.oversized, 1);
	assert_int_equal(batch.notes[0].records, 4);
	assert_int_equal(load.rest.gaps, 1);
	assert_int_equal(load.rest.unsent.oversized, 1);
	wished.oversize = SLUICE_OVERSIZE_TRUNCATE;
	fill(&batch, &load, &builder, &wished, &way);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.notes[0].count.datagrams, 3);
	assert_int_equal(batch.notes[0].count.truncated, 2);
	assert_int_equal(batch.notes[0].size, 1500);
	builder_end(&builder);
}

/* Two senders are two messages; without an address, or with one of the other family, a datagram
 * cannot go. */
static void senders_are_kept_apart(void **state)
{
	static struct sluice_udp_batch batch;
	struct sluice_udp_way by = way;
	struct sluice_udp_load load;
	struct builder builder;
	struct in_pktinfo info;
	unsigned int number;

	(void)state;
	builder_start(&builder);
	for (number = 0; number < 6; number++) {
		uint8_t *place = builder_record(&builder, SLUICE_RECORD_DATA,
						SLUICE_RECORD_F_ADDRESS, 0, 100);
		struct sluice_record_address *address =
			(struct sluice_record_address *)(void *)(place - sizeof(*address));

		address->family = number == 5 ? 6 : 4;
		memcpy(address->source, (uint8_t[4]){192, 0, 2, (uint8_t)(number / 2)}, 4);
	}
	add(&builder, 1, 100);
	by.preserves = true;
	fill(&batch, &load, &builder, &form, &by);
	assert_int_equal(batch.count, 3);
	assert_int_equal(batch.messages[0].msg_hdr.msg_iovlen, 2);
	assert_int_equal(batch.messages[1].msg_hdr.msg_iovlen, 2);
	assert_int_equal(batch.messages[2].msg_hdr.msg_iovlen, 1);
	assert_int_equal(load.rest.unsent.unsendable, 2);
	for (number = 0; number < 3; number++) {
		const struct cmsghdr *head = CMSG_FIRSTHDR(&batch.messages[number].msg_hdr);

		assert_int_equal(head->cmsg_type, IP_PKTINFO);
		memcpy(&info, CMSG_DATA(head), sizeof(info));
		assert_int_equal(ntohl(info.ipi_spec_dst.s_addr), 0xc0000200 + number);
	}
	builder_end(&builder);
}

/* What is no record ends the load, and the others go on. */
static void what_is_no_record_is_passed_over(void **state)
{
	static struct sluice_udp_batch batch;
	struct sluice_udp_load loads[2];
	struct builder builder;
	size_t broken;

	(void)state;
	builder_start(&builder);
	add(&builder, 4, 100);
	memset(builder.bytes + builder.boundary[2], 0, 4);
	loads[0] = (struct sluice_udp_load){.span = builder.bytes, .length = builder.length};
	loads[1] = (struct sluice_udp_load){.span = builder.bytes, .length = builder.boundary[1]};
	sluice_udp_batch_begin(&batch);
	sluice_udp_batch_fill(&batch, loads, 2, &form, &way, &broken);
	assert_int_equal(broken, 0);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.notes[0].count.datagrams, 2);
	sluice_udp_batch_fill(&batch, loads, 2, &form, &way, &broken);
	assert_int_equal(broken, 2);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.load, 2);
	builder_end(&builder);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_equal_sizes_are_one_message),
		cmocka_unit_test(what_cannot_be_cut_goes_alone),
		cmocka_unit_test(what_does_not_go_is_counted),
		cmocka_unit_test(senders_are_kept_apart),
		cmocka_unit_test(what_is_no_record_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
