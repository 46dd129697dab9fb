// SPDX-License-Identifier: MIT
/*
 * RELP's frames: what is written, what is read from whole, half and wrong ones, transaction numbers
 * around their end. And a million mutated answers in memory that ends where they do: none is read
 * beyond its end, each is one of four things.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/link/relp_frame.h"

#define OPENED                                                                                     \
	"1 rsp 93 200 OK\nrelp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com" \
	"\ncommands=syslog\n"
#define MUTATIONS 1000000U

/* Writes a command and compares. */
static void writes(uint32_t txnr, const char *data, size_t length, const char *expected,
		   size_t expected_length)
{
	uint8_t out[128];

	assert_int_equal(sluice_relp_size(txnr, "syslog", length), expected_length);
	assert_int_equal(sluice_relp_write(txnr, "syslog", data, length, out), expected_length);
	assert_memory_equal(out, expected, expected_length);
}

/* An empty one has no space behind its length: imrelp would close the session. */
static void a_command_is_written_as_imrelp_wants_it(void **state)
{
	(void)state;
	writes(2, "abc", 3, "2 syslog 3 abc\n", 15);
	writes(7, NULL, 0, "7 syslog 0\n", 11);
	writes(10, "a\nb\0c\xff", 6, "10 syslog 6 a\nb\0c\xff\n", 19);
	writes(SLUICE_RELP_TXNR_MAX, "0123456789", 10, "999999999 syslog 10 0123456789\n", 31);
}

/* Reads text. */
static int reads(const char *text, struct sluice_relp_frame *frame)
{
	return sluice_relp_read((const uint8_t *)text, strlen(text), frame);
}

/* Of each part of an answer it is known that more is to come. */
static void an_answer_is_read_when_it_is_whole(void **state)
{
	struct sluice_relp_frame frame;
	const uint8_t *words;
	size_t length, part;

	(void)state;
	for (part = 0; part < strlen(OPENED); part++)
		assert_int_equal(sluice_relp_read((const uint8_t *)OPENED, part, &frame), -EAGAIN);
	assert_int_equal(reads(OPENED "2 rsp 6 200 OK\n", &frame), 0);
	assert_int_equal(frame.whole, strlen(OPENED));
	assert_int_equal(frame.txnr, 1);
	assert_true(sluice_relp_is(&frame, "rsp"));
	assert_int_equal(sluice_relp_status(&frame, &words, &length), 200);
	assert_int_equal(length, 2);
	assert_memory_equal(words, "OK", 2);
	assert_true(sluice_relp_offers(&frame, "syslog"));
	assert_false(sluice_relp_offers(&frame, "sys"));
	assert_false(sluice_relp_offers(&frame, "syslogs"));
	assert_int_equal(reads("0 serverclose 0\n", &frame), 0);
	assert_true(sluice_relp_is(&frame, "serverclose"));
	assert_false(sluice_relp_is(&frame, "server"));
	assert_int_equal(frame.length, 0);
	assert_int_equal(frame.whole, 16);
	assert_int_equal(reads("0 serverclose 0 \n", &frame), 0);
	assert_int_equal(frame.whole, 17);
	assert_int_equal(reads("12 rsp 28 500 no room for it\nany=thing\n", &frame), 0);
	assert_int_equal(sluice_relp_status(&frame, &words, &length), 500);
	assert_int_equal(length, 14);
	assert_int_equal(reads("1 rsp 35 200 OK\ncommands=starttls,syslog,eof\n", &frame), 0);
	assert_true(sluice_relp_offers(&frame, "syslog"));
	assert_false(sluice_relp_offers(&frame, "rsp"));
}

/* What begins no frame. */
static void what_is_no_frame_is_seen_at_once(void **state)
{
	static const char *const wrong[] = {
		" 1 rsp 0\n",
		"x",
		"1234567890",
		"-1 rsp 0\n",
		"1  rsp 0\n",
		"1 rsp6 200 OK\n",
		"1 rsp x",
		"1 rsp -1",
		"1 rsp 6x00",
		"1 rsp 6 200 OK ",
		"1 rsp 6 200 OK\r\n",
		"1 rsp 0x",
		"1\trsp 0\n",
		"SLUC",
		"HTTP/1.1 400 ",
		"1 rsp 1234567890 200",
		"\n",
		"1 \n",
		"\xff\xff\xff",
		"1 rsp \n",
		"1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	static const char *const no_status[] = {"1 rsp 0\n", "1 rsp 2 20\n", "1 rsp 4 2000\n",
						"1 rsp 2 OK\n", "1 rsp 4 20x \n"};
	struct sluice_relp_frame frame;
	const uint8_t *words;
	size_t number, length;

	(void)state;
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++)
		if (reads(wrong[number], &frame) != -EPROTO)
			fail_msg("`%s` is taken for a frame", wrong[number]);
	assert_int_equal(reads("1 rsp 16384 ", &frame), -EAGAIN);
	assert_int_equal(reads("1 rsp 16385 ", &frame), -EMSGSIZE);
	assert_int_equal(reads("1 rsp 999999999 ", &frame), -EMSGSIZE);
	for (number = 0; number < sizeof(no_status) / sizeof(no_status[0]); number++) {
		assert_int_equal(reads(no_status[number], &frame), 0);
		assert_int_equal(sluice_relp_status(&frame, &words, &length), -EPROTO);
	}
	assert_int_equal(reads("1 rsp 3 200\n", &frame), 0);
	assert_int_equal(sluice_relp_status(&frame, &words, &length), 200);
	assert_int_equal(length, 0);
}

/* 999,999,999 is followed by 1. */
static void numbers_go_round(void **state)
{
	uint64_t number = 0, last = (uint64_t)SLUICE_RELP_TXNR_MAX - 1;

	(void)state;
	assert_int_equal(sluice_relp_txnr(0), 1);
	assert_int_equal(sluice_relp_txnr(last), SLUICE_RELP_TXNR_MAX);
	assert_int_equal(sluice_relp_txnr(last + 1), 1);
	assert_true(sluice_relp_find(SLUICE_RELP_TXNR_MAX, last - 2, last + 3, &number));
	assert_int_equal(number, last);
	assert_true(sluice_relp_find(2, last - 2, last + 3, &number));
	assert_int_equal(number, last + 2);
	assert_false(sluice_relp_find(3, last - 2, last + 3, &number));
	assert_false(sluice_relp_find(SLUICE_RELP_TXNR_MAX - 3, last - 2, last + 3, &number));
	assert_false(sluice_relp_find(0, 0, 5, &number));
	assert_false(sluice_relp_find(SLUICE_RELP_TXNR_MAX + 1, 0, 5, &number));
	assert_false(sluice_relp_find(1, 0, 0, &number));
	assert_true(sluice_relp_find(5, 0, 5, &number));
	assert_false(sluice_relp_find(6, 0, 5, &number));
}

/* What a frame that was read must be, and what every part of it must be. */
static void holds(const uint8_t *bytes, size_t length)
{
	struct sluice_relp_frame frame, again;
	const uint8_t *words;
	int error = sluice_relp_read(bytes, length, &frame), status;
	size_t said;

	assert_true(error == 0 || error == -EAGAIN || error == -EPROTO || error == -EMSGSIZE);
	/* More bytes mend nothing, and fewer break nothing. */
	if (error && length)
		assert_int_not_equal(sluice_relp_read(bytes, length - 1, &again), 0);
	if (error)
		return;
	assert_true(frame.whole > 0 && frame.whole <= length);
	assert_true(frame.length <= SLUICE_RELP_DATA_MAX);
	assert_true(frame.txnr <= SLUICE_RELP_TXNR_MAX);
	assert_int_equal(bytes[frame.whole - 1], '\n');
	assert_int_equal(sluice_relp_read(bytes, frame.whole - 1, &again), -EAGAIN);
	status = sluice_relp_status(&frame, &words, &said);
	if (status >= 0)
		assert_true(status <= 999 && words + said <= frame.data + frame.length);
	(void)sluice_relp_offers(&frame, "syslog");
}

/* Each in a piece of memory of its own size, for ASan to see what lies behind it. */
static void mutated_answers_do_no_harm(void **state)
{
	static const char opened[] = OPENED;
	static const char *const seeds[] = {opened,
					    "17 rsp 6 200 OK\n",
					    "0 serverclose 0\n",
					    "3 rsp 24 500 error: no such thing\n",
					    "999999999 rsp 3 200\n",
					    "1 rsp 25 200 OK\ncommands=a,syslog,\n",
					    "2 rsp 16384 200"};
	static const char bytes[] = "0123456789 \n,=rsp\0\xff";
	unsigned int round;

	(void)state;
	srandom(1);
	for (round = 0; round < MUTATIONS; round++) {
		const char *seed = seeds[(size_t)random() % (sizeof(seeds) / sizeof(seeds[0]))];
		size_t length = strlen(seed), changes = (size_t)random() % 4;
		uint8_t *copy;

		if (random() % 4 == 0)
			length = (size_t)random() % (length + 1);
		copy = malloc(length ? length : 1);
		assert_non_null(copy);
		memcpy(copy, seed, length);
		for (; changes && length; changes--)
			copy[(size_t)random() % length] =
				random() % 2 ? (uint8_t)bytes[(size_t)random() % sizeof(bytes)]
					     : (uint8_t)random();
		holds(copy, length);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_written_as_imrelp_wants_it),
		cmocka_unit_test(an_answer_is_read_when_it_is_whole),
		cmocka_unit_test(what_is_no_frame_is_seen_at_once),
		cmocka_unit_test(numbers_go_round),
		cmocka_unit_test(mutated_answers_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
