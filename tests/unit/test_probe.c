// SPDX-License-Identifier: MIT
/*
 * The finder of `sluicectl probe --check`: marked datagrams as receivers write them (heads taken
 * apart, bytes escaped), and what receivers do to them: cut, part, glue, repeat, lose, tear, change
 * the order. Each is found, and nothing else.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ctl/probe_cause.h"
#include "ctl/probe_find.h"
#include "ctl/probe_mark.h"
#include "ctl/probe_way.h"

#define RUN 0x1a2b3c4dU
#define COUNT 20U
#define HEAD "<14>May  1 10:00:00 h t: "

/* What a receiver wrote. */
struct file {
	uint8_t *bytes;
	size_t length;
};

/* Adds bytes to the file. */
static void put(struct file *file, const void *bytes, size_t length)
{
	file->bytes = realloc(file->bytes, file->length + length + 1);
	assert_non_null(file->bytes);
	memcpy(file->bytes + file->length, bytes, length);
	file->length += length;
}

/* Adds a text. */
static void put_text(struct file *file, const char *text)
{
	put(file, text, strlen(text));
}

/* Flows that datagrams are sent by, in turn. */
static uint32_t flows = 4;

/* The mark of datagram `number` of COUNT. */
static struct sluice_probe_mark mark_of(uint32_t number, uint32_t length, bool nasty)
{
	struct sluice_probe_mark mark = {.run = RUN,
					 .number = number,
					 .count = COUNT,
					 .flow = (number - 1) % flows,
					 .at = sizeof(HEAD) - 1,
					 .length = length,
					 .most = length,
					 .nasty = nasty};

	strcpy(mark.via, "newline");
	return mark;
}

/* Datagram `number`, as it was sent, into `bytes`. */
static void make(uint8_t bytes[SLUICE_PROBE_SIZE_MAX], uint32_t number, uint32_t length, bool nasty)
{
	struct sluice_probe_mark mark = mark_of(number, length, nasty);

	memcpy(bytes, HEAD, sizeof(HEAD) - 1);
	assert_int_equal(sluice_probe_body(&mark, bytes + mark.at, SLUICE_PROBE_SIZE_MAX - mark.at),
			 length - mark.at);
}

/* Adds bytes [from, to) of datagram `number`, with what a receiver writes before them; no end of
 * line. */
static void put_part(struct file *file, uint32_t number, uint32_t length, size_t from, size_t to)
{
	uint8_t *bytes = malloc(SLUICE_PROBE_SIZE_MAX);

	assert_non_null(bytes);
	make(bytes, number, length, false);
	if (from == 0) {
		put_text(file, "2026-05-01T10:00:00+00:00 h t: ");
		from = sizeof(HEAD) - 1;
	}
	put(file, bytes + from, to - from);
	free(bytes);
}

/* Adds a whole one as a line. */
static void put_line(struct file *file, uint32_t number, uint32_t length)
{
	put_part(file, number, length, 0, length);
	put_text(file, "\n");
}

/* Searches, and frees the file. */
static void search(struct file *file, uint32_t run, struct sluice_probe_found *found)
{
	assert_int_equal(sluice_probe_find(file->bytes, file->length, run, found), 0);
	free(file->bytes);
	memset(file, 0, sizeof(*file));
}

/* The first cause, which must be this one; NULL: none. */
static void expect_cause(const struct sluice_probe_found *found, const char *name)
{
	struct sluice_probe_cause causes[SLUICE_PROBE_CAUSES_MOST];
	size_t count = sluice_probe_causes(found, causes);

	if (!name) {
		assert_int_equal(count, 0);
		return;
	}
	assert_true(count >= 1);
	assert_string_equal(causes[0].name, name);
	assert_true(strlen(causes[0].text) > 10 && strlen(causes[0].mend) > 10);
}

/* A mark says what was put into it; every byte of it that is changed, or cut, is noticed. */
static void a_mark_is_what_was_sent(void **state)
{
	struct sluice_probe_mark mark = mark_of(7, 1000, false), seen;
	uint8_t *body = malloc(SLUICE_PROBE_SIZE_MAX);
	size_t least = sluice_probe_least(&mark), marked = least - mark.at - 1, place;

	(void)state;
	assert_non_null(body);
	assert_int_equal(sluice_probe_body(&mark, body, SLUICE_PROBE_SIZE_MAX), 1000 - mark.at);
	assert_int_equal(body[1000 - mark.at - 1], '.');
	assert_int_equal(sluice_probe_read(body, 1000 - mark.at, &seen), 0);
	assert_memory_equal(&seen, &mark, sizeof(mark));
	for (place = 0; place < marked; place++) {
		assert_int_not_equal(sluice_probe_read(body, place, &seen), 0);
		body[place] ^= 1;
		assert_int_not_equal(sluice_probe_read(body, 1000 - mark.at, &seen), 0);
		body[place] ^= 1;
	}
	/* The least length has a form, one less has not; nor have numbers that nothing was sent
	 * with. */
	mark.length = (uint32_t)least;
	assert_int_equal(sluice_probe_body(&mark, body, SLUICE_PROBE_SIZE_MAX), least - mark.at);
	mark.length--;
	assert_int_equal(sluice_probe_body(&mark, body, SLUICE_PROBE_SIZE_MAX), 0);
	mark.length = 1000;
	assert_int_equal(sluice_probe_body(&mark, body, 1000 - mark.at - 1), 0);
	mark.number = COUNT + 1;
	assert_int_equal(sluice_probe_body(&mark, body, SLUICE_PROBE_SIZE_MAX), 0);
	assert_int_equal(sluice_probe_body(NULL, body, 1), 0);
	free(body);
}

/* All whole, of every size, between lines of others: right, and no cause. */
static void all_that_arrived_is_right(void **state)
{
	static const uint32_t sizes[] = {200, 201, 1400, 9000, 65507};
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	uint32_t number;

	(void)state;
	put_text(&file, "somebody else's line\n");
	for (number = 1; number <= COUNT; number++) {
		put_line(&file, number, sizes[number % 5]);
		put_text(&file, "=1a2b.00001@00024= is no piece\n");
	}
	search(&file, 0, &found);
	assert_true(sluice_probe_is_right(&found));
	assert_int_equal(found.run, RUN);
	assert_int_equal(found.whole, COUNT);
	expect_cause(&found, NULL);
	sluice_probe_found_free(&found);
}

/* Nothing is in an empty file, in one of others' bytes, and of another run. */
static void nothing_is_nothing(void **state)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};

	(void)state;
	assert_int_equal(sluice_probe_find((const uint8_t *)"", 0, 0, &found), -ENOENT);
	sluice_probe_found_free(&found);
	put_text(&file, "sluice-probe run=zzz\nsluice-probe run=");
	assert_int_equal(sluice_probe_find(file.bytes, file.length, 0, &found), -ENOENT);
	sluice_probe_found_free(&found);
	put_line(&file, 1, 200);
	assert_int_equal(sluice_probe_find(file.bytes, file.length, 5, &found), -ENOENT);
	sluice_probe_found_free(&found);
	assert_int_equal(sluice_probe_find(NULL, 0, 0, &found), -EINVAL);
	free(file.bytes);
}

/* Cut at every length, with nothing behind: how much was kept is right to the byte. */
static void cut_to_the_byte(void **state)
{
	struct sluice_probe_mark mark = mark_of(1, 400, false);
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	size_t length;

	(void)state;
	for (length = sluice_probe_least(&mark) - 1; length < 400; length++) {
		put_part(&file, 1, 400, 0, length);
		put_text(&file, "\n");
		put_line(&file, 2, 400);
		search(&file, 0, &found);
		assert_int_equal(found.cut, 1);
		assert_int_equal(found.list[0].kept, length);
		assert_int_equal(found.list[0].rest, 0);
		assert_int_equal(found.whole, 1);
		assert_int_equal(found.glued, 0);
		sluice_probe_found_free(&found);
	}
}

/* Parted as imtcp does it: 8,096 bytes, one is gone, the rest as a message of its own, wherever
 * that begins. */
static void parted_with_a_byte_missing(void **state)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	uint32_t number;

	(void)state;
	for (number = 1; number <= COUNT; number++) {
		put_part(&file, number, 9000, 0, 8096);
		put_text(&file, "\n2026-05-01 h ");
		put_part(&file, number, 9000, 8097, 9000);
		put_text(&file, "\n");
	}
	search(&file, RUN, &found);
	assert_int_equal(found.cut, COUNT);
	assert_int_equal(found.parted, COUNT);
	assert_int_equal(found.list[3].kept, 8096);
	assert_int_equal(found.list[3].rest, 903);
	assert_false(sluice_probe_is_right(&found));
	expect_cause(&found, "rsyslog-limit");
	sluice_probe_found_free(&found);
}

/* The beginning again and again: imptcp. */
static void the_beginning_again(void **state)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	uint32_t number, copy;

	(void)state;
	for (number = 1; number <= COUNT; number++)
		for (copy = 0; copy < 5; copy++) {
			put_part(&file, number, 8100, 0, 8096);
			put_text(&file, "\n");
		}
	search(&file, 0, &found);
	assert_int_equal(found.repeated, COUNT);
	assert_int_equal(found.copies, 4 * COUNT);
	expect_cause(&found, "rsyslog-imptcp-lines");
	sluice_probe_found_free(&found);
}

/* Some are missing, one came twice, one too late in its flow; one out of order of another flow is
 * none. */
static void missing_repeated_too_late(void **state)
{
	static const uint32_t order[] = {2, 1, 3, 4, 9, 5, 6, 6, 7, 8, 10, 11, 15, 16};
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	size_t place;

	(void)state;
	for (place = 0; place < sizeof(order) / sizeof(order[0]); place++)
		put_line(&file, order[place], 200);
	search(&file, 0, &found);
	assert_int_equal(found.whole, 13);
	assert_int_equal(found.missing, 7);
	assert_true(found.list[11].seen == 0 && found.list[19].seen == 0);
	assert_int_equal(found.repeated, 1);
	assert_int_equal(found.list[5].seen, 2);
	/* 5 behind 9, and both are of flow 1. */
	assert_int_equal(found.reordered, 1);
	assert_true(found.list[4].is_reordered);
	sluice_probe_found_free(&found);
}

/* Two in a line are glued; in a capture there are no lines. */
static void glued_in_a_line(void **state)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	uint32_t number;

	(void)state;
	for (number = 1; number <= COUNT; number++) {
		put_part(&file, number, 200, 0, 200);
		put_text(&file, number % 2 ? "#012200 " : "\n");
	}
	search(&file, 0, &found);
	assert_int_equal(found.whole, COUNT);
	assert_int_equal(found.glued, COUNT / 2);
	assert_true(found.list[1].is_glued && !found.list[2].is_glued);
	assert_false(sluice_probe_is_right(&found));
	sluice_probe_found_free(&found);
	put(&file, "\x4d\x3c\xb2\xa1\x02\x00\x04\x00", 8);
	for (number = 1; number <= COUNT; number++)
		put_part(&file, number, 200, 0, 200);
	search(&file, 0, &found);
	assert_true(sluice_probe_is_right(&found));
	sluice_probe_found_free(&found);
}

/* One torn where another begins, as a file of two writers has it. */
static void torn_by_another(void **state)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	uint32_t number;

	(void)state;
	put_part(&file, 1, 700, 0, 400);
	put_line(&file, 2, 700);
	put_part(&file, 1, 700, 400, 700);
	put_text(&file, "\n");
	for (number = 3; number <= COUNT; number++)
		put_line(&file, number, 700);
	search(&file, 0, &found);
	assert_int_equal(found.cut, 1);
	assert_int_equal(found.mixed, 1);
	assert_int_equal(found.list[0].rest, 300);
	expect_cause(&found, "torn-by-connections");
	sluice_probe_found_free(&found);
}

/* Writes all but those for which `is_lost` says so, and expects a cause. */
static void lose(bool (*is_lost)(uint32_t number), const char *cause)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	uint32_t number;

	for (number = 1; number <= COUNT; number++)
		if (!is_lost(number))
			put_line(&file, number, 200);
	search(&file, 0, &found);
	expect_cause(&found, cause);
	sluice_probe_found_free(&found);
}

/* A flow of four. */
static bool is_of_flow(uint32_t number)
{
	return number % 4 == 2;
}

/* Two of each flow. */
static bool is_in_the_middle(uint32_t number)
{
	return number >= 9 && number <= 16;
}

/* Every other one, with one flow. */
static bool is_even(uint32_t number)
{
	return number % 2 == 0;
}

/* What is missing tells by its place: a connection that nobody reads, one that broke, a full queue.
 */
static void missing_by_flow(void **state)
{
	(void)state;
	lose(is_of_flow, "one-connection-unread");
	lose(is_in_the_middle, "connection-broken");
	flows = 1;
	lose(is_even, "queue-full");
	flows = 4;
}

/* Nasty bytes, written in each way that a receiver has for them; and one that it leaves out. */
static void nasty_bytes_in_every_form(void **state)
{
	static const char *const forms[] = {"#%03o", "\\%03o", "\\x%02x", "\\u%04x", "%c"};
	uint8_t *bytes = malloc(SLUICE_PROBE_SIZE_MAX);
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	char text[16];
	size_t form, place;
	uint32_t number;

	(void)state;
	assert_non_null(bytes);
	for (form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
		for (number = 1; number <= COUNT; number++) {
			make(bytes, number, 500, true);
			for (place = 0; place < 500; place++) {
				int length =
					snprintf(text, sizeof(text), forms[form], bytes[place]);

				if (bytes[place] >= ' ' && bytes[place] < 0x7f)
					put(&file, bytes + place, 1);
				else
					put(&file, text, (size_t)length);
			}
			put_text(&file, "\n");
		}
		search(&file, 0, &found);
		assert_true(sluice_probe_is_right(&found));
		assert_int_equal(found.escaped > 0, form < 4);
		sluice_probe_found_free(&found);
	}
	for (number = 1; number <= COUNT; number++) {
		make(bytes, number, 500, true);
		for (place = 0; place < 500; place++)
			if (bytes[place])
				put(&file, bytes + place, 1);
		put_text(&file, "\n");
	}
	search(&file, 0, &found);
	assert_int_equal(found.whole, COUNT);
	assert_true(found.replaced >= COUNT);
	assert_false(sluice_probe_is_right(&found));
	sluice_probe_found_free(&found);
	free(bytes);
}

/* Of several runs the one whose first mark is last, or the one that was named. */
static void one_run_of_several(void **state)
{
	struct sluice_probe_mark mark = mark_of(1, 300, false);
	uint8_t *body = malloc(SLUICE_PROBE_SIZE_MAX);
	struct sluice_probe_found found;
	struct file file = {NULL, 0};

	(void)state;
	assert_non_null(body);
	put_line(&file, 1, 200);
	mark.run = 7;
	mark.count = 1;
	put(&file, body, sluice_probe_body(&mark, body, SLUICE_PROBE_SIZE_MAX));
	put_text(&file, "\n");
	put_line(&file, 2, 200);
	assert_int_equal(sluice_probe_find(file.bytes, file.length, 0, &found), 0);
	assert_int_equal(found.run, 7);
	assert_int_equal(found.runs, 2);
	assert_true(sluice_probe_is_right(&found));
	sluice_probe_found_free(&found);
	search(&file, RUN, &found);
	assert_int_equal(found.whole, 2);
	assert_int_equal(found.missing, COUNT - 2);
	expect_cause(&found, "not-written-yet");
	sluice_probe_found_free(&found);
	free(body);
}

/* Every prefix of a file, and the file with any byte changed, is searched without harm (under
 * ASan). */
static void any_file_is_survived(void **state)
{
	struct sluice_probe_found found;
	struct file file = {NULL, 0};
	size_t length;
	uint8_t *copy;

	(void)state;
	put_line(&file, 1, 250);
	put_part(&file, 2, 250, 0, 200);
	put_part(&file, 2, 250, 210, 250);
	put_line(&file, 3, 250);
	for (length = 0; length <= file.length; length++) {
		/* A copy of its own, so that a byte too far is seen. */
		copy = malloc(length ? length : 1);
		assert_non_null(copy);
		memcpy(copy, file.bytes, length);
		sluice_probe_find(copy, length, 0, &found);
		sluice_probe_found_free(&found);
		free(copy);
		if (length == file.length)
			break;
		file.bytes[length] ^= 0x11;
		sluice_probe_find(file.bytes, file.length, 0, &found);
		sluice_probe_found_free(&found);
		file.bytes[length] ^= 0x11;
	}
	free(file.bytes);
}

/* What show inputs says is turned into addresses; what this machine cannot send is refused with a
 * reason. */
static void the_way_to_an_input(void **state)
{
	struct sluice_probe_way way = {.to_length = 0};
	const char *why = NULL;

	(void)state;
	assert_int_equal(sluice_probe_way_read("5000-5003,6000", &way, &why), 0);
	assert_int_equal(way.to.ss_family, AF_INET);
	assert_int_equal(way.from_length, 0);
	assert_int_equal(sluice_probe_way_read("5000 to 127.0.0.0/8", &way, &why), 0);
	assert_int_equal(sluice_probe_way_read("5000 from 127.0.0.0/8", &way, &why), 0);
	assert_true(way.from_length > 0);
	assert_int_equal(sluice_probe_way_read("5000 to 198.51.100.77", &way, &why),
			 -EADDRNOTAVAIL);
	assert_int_equal(sluice_probe_way_read("5000 from 198.51.100.64/27", &way, &why),
			 -EADDRNOTAVAIL);
	assert_int_equal(sluice_probe_way_read("5000 on eth0", &way, &why), -ENODEV);
	assert_int_equal(sluice_probe_way_read("", &way, &why), -EINVAL);
	assert_int_equal(sluice_probe_way_read("70000", &way, &why), -EINVAL);
	assert_int_equal(sluice_probe_way_to("127.0.0.1:5000", &way), 0);
	assert_int_equal(sluice_probe_way_to("[::1]:5000", &way), 0);
	assert_int_equal(way.to.ss_family, AF_INET6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_what_was_sent),
		cmocka_unit_test(all_that_arrived_is_right),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(cut_to_the_byte),
		cmocka_unit_test(parted_with_a_byte_missing),
		cmocka_unit_test(the_beginning_again),
		cmocka_unit_test(missing_repeated_too_late),
		cmocka_unit_test(glued_in_a_line),
		cmocka_unit_test(torn_by_another),
		cmocka_unit_test(missing_by_flow),
		cmocka_unit_test(nasty_bytes_in_every_form),
		cmocka_unit_test(one_run_of_several),
		cmocka_unit_test(any_file_is_survived),
		cmocka_unit_test(the_way_to_an_input),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
