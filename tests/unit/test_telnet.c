// SPDX-License-Identifier: MIT
/*
 * The telnet protocol: commands are never text, options are answered once, and two ends never
 * answer each other for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/telnet.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/telnet.h"

#define RANDOM_BYTES 1000000
#define ECHO_OPTION TELOPT_ECHO

/* What came of bytes. */
struct seen {
	char text[256];
	size_t length;
	uint8_t replies[256];
	size_t reply_length;
	unsigned int interrupts, erased, asked;
};

/* Gives bytes to a connection. */
static void give(struct sluice_telnet *telnet, const void *bytes, size_t length, struct seen *seen)
{
	uint8_t reply[SLUICE_TELNET_REPLY];
	size_t number;
	char data;

	for (number = 0; number < length; number++) {
		switch (sluice_telnet_take(telnet, ((const uint8_t *)bytes)[number], &data,
					   reply)) {
		case SLUICE_TELNET_DATA:
			assert_true(seen->length < sizeof(seen->text));
			seen->text[seen->length++] = data;
			break;
		case SLUICE_TELNET_REPLY_DUE:
			assert_true(seen->reply_length + sizeof(reply) <= sizeof(seen->replies));
			memcpy(seen->replies + seen->reply_length, reply, sizeof(reply));
			seen->reply_length += sizeof(reply);
			break;
		case SLUICE_TELNET_INTERRUPT:
			seen->interrupts++;
			break;
		case SLUICE_TELNET_ERASE_LINE:
			seen->erased++;
			break;
		case SLUICE_TELNET_ARE_YOU_THERE:
			seen->asked++;
			break;
		case SLUICE_TELNET_NOTHING:
			break;
		}
	}
}

/* Asserts that exactly these replies were made. */
static void check_replies(const struct seen *seen, const uint8_t *wished, size_t length)
{
	assert_int_equal(seen->reply_length, length);
	assert_memory_equal(seen->replies, wished, length);
}

/* Commands between, before and behind bytes of the text. */
static void commands_are_no_text(void **state)
{
	static const uint8_t bytes[] = {
		's', IAC, NOP, 'h', IAC, WILL, TELOPT_NAWS, 'o', IAC, SB,  TELOPT_NAWS, 'x',
		IAC, IAC, SE,  'y', IAC, SE,   'w',	    IAC, IAC, IAC, IP,		IAC,
		EL,  IAC, AYT, IAC, EC,	 IAC,  GA,	    IAC, DM,  IAC, 7,		'\n',
	};
	static const uint8_t replies[] = {IAC, DONT, TELOPT_NAWS};
	struct sluice_telnet telnet = {0};
	struct seen seen = {0};

	(void)state;
	give(&telnet, bytes, sizeof(bytes), &seen);
	assert_int_equal(seen.length, 7);
	assert_memory_equal(seen.text, "show\xff\x7f\n", 7);
	check_replies(&seen, replies, sizeof(replies));
	assert_int_equal(seen.interrupts, 1);
	assert_int_equal(seen.erased, 1);
	assert_int_equal(seen.asked, 1);
}

/* Each request is refused, each refusal is taken without a word. */
static void options_are_refused_once(void **state)
{
	static const uint8_t bytes[] = {IAC, DO,   TELOPT_SGA, IAC, WILL, TELOPT_LINEMODE,
					IAC, DONT, TELOPT_SGA, IAC, WONT, TELOPT_LINEMODE,
					IAC, DO,   TELOPT_TM,  IAC, DO,	  ECHO_OPTION,
					IAC, DONT, ECHO_OPTION};
	static const uint8_t replies[] = {IAC, WONT, TELOPT_SGA, IAC, DONT, TELOPT_LINEMODE,
					  IAC, WONT, TELOPT_TM,	 IAC, WONT, ECHO_OPTION};
	struct sluice_telnet telnet = {0};
	struct seen seen = {0};

	(void)state;
	give(&telnet, bytes, sizeof(bytes), &seen);
	assert_int_equal(seen.length, 0);
	check_replies(&seen, replies, sizeof(replies));
}

/* A parameter that has no end does not swallow the command that follows. */
static void a_parameter_without_end_is_left(void **state)
{
	static const uint8_t bytes[] = {IAC, SB, 'x', 'y', IAC, IP, 'o', 'k'};
	struct sluice_telnet telnet = {0};
	struct seen seen = {0};

	(void)state;
	give(&telnet, bytes, sizeof(bytes), &seen);
	assert_int_equal(seen.interrupts, 1);
	assert_int_equal(seen.length, 2);
}

/* ECHO: wished, wished otherwise before there is an answer, refused. */
static void what_is_typed_is_hidden_and_shown(void **state)
{
	static const uint8_t yes[] = {IAC, DO, ECHO_OPTION}, no[] = {IAC, DONT, ECHO_OPTION};
	static const uint8_t wont[] = {IAC, WONT, ECHO_OPTION};
	uint8_t reply[SLUICE_TELNET_REPLY];
	struct sluice_telnet telnet = {0};
	struct seen seen = {0};

	(void)state;
	assert_true(sluice_telnet_hide(&telnet, true, reply));
	assert_int_equal(reply[1], WILL);
	assert_false(sluice_telnet_hide(&telnet, true, reply));
	give(&telnet, yes, sizeof(yes), &seen);
	give(&telnet, yes, sizeof(yes), &seen);
	assert_int_equal(seen.reply_length, 0);
	assert_true(sluice_telnet_hide(&telnet, false, reply));
	assert_int_equal(reply[1], WONT);
	give(&telnet, no, sizeof(no), &seen);
	assert_int_equal(seen.reply_length, 0);
	/* Hidden and shown again before the client has answered. */
	assert_true(sluice_telnet_hide(&telnet, true, reply));
	assert_false(sluice_telnet_hide(&telnet, false, reply));
	give(&telnet, yes, sizeof(yes), &seen);
	check_replies(&seen, wont, sizeof(wont));
	give(&telnet, no, sizeof(no), &seen);
	check_replies(&seen, wont, sizeof(wont));
	/* A client that does not want it. */
	assert_true(sluice_telnet_hide(&telnet, true, reply));
	give(&telnet, no, sizeof(no), &seen);
	check_replies(&seen, wont, sizeof(wont));
	assert_false(sluice_telnet_hide(&telnet, false, reply));
}

/* What two of them say to each other comes to an end, from any state. */
static void two_ends_never_answer_for_ever(void **state)
{
	unsigned int seed = 7, round, step;
	uint8_t reply[SLUICE_TELNET_REPLY];

	(void)state;
	for (round = 0; round < 2000; round++) {
		struct sluice_telnet ends[2] = {{0}, {0}};
		struct seen said[2] = {{{0}, 0, {0}, 0, 0, 0, 0}, {{0}, 0, {0}, 0, 0, 0, 0}};
		uint8_t bytes[24];
		size_t number;

		for (number = 0; number < sizeof(bytes); number++)
			bytes[number] = number % 3 == 0	  ? IAC
					: number % 3 == 1 ? (uint8_t)(WILL + rand_r(&seed) % 4)
							  : (uint8_t)(rand_r(&seed) % 4);
		(void)sluice_telnet_hide(&ends[0], rand_r(&seed) % 2, reply);
		give(&ends[0], bytes, sizeof(bytes), &said[0]);
		for (step = 0; said[step % 2].reply_length; step++) {
			struct seen *from = &said[step % 2], *to = &said[(step + 1) % 2];

			assert_true(step < 8);
			give(&ends[(step + 1) % 2], from->replies, from->reply_length, to);
			from->reply_length = 0;
		}
	}
}

/* Output: pairs are never cut, and all of it arrives. */
static void text_is_encoded_whole(void **state)
{
	static const char text[] = "a\nb\rc\xff.";
	static const char wished[] = "a\r\nb\r\0c\xff\xff.";
	char whole[64];
	size_t room, length, taken, done;

	(void)state;
	for (room = 2; room < 16; room++) {
		length = 0;
		for (done = 0; done < sizeof(text) - 1; done += taken) {
			size_t written = sluice_telnet_encode(text + done, sizeof(text) - 1 - done,
							      &taken, whole + length, room);

			assert_true(written <= room && taken > 0);
			length += written;
		}
		assert_int_equal(length, sizeof(wished) - 1);
		assert_memory_equal(whole, wished, length);
	}
	assert_int_equal(sluice_telnet_encode("\n", 1, &taken, whole, 1), 0);
	assert_int_equal(taken, 0);
}

/* Whatever comes, replies take no more room than what asked for them. */
static void random_bytes_are_answered_by_no_more(void **state)
{
	static const uint8_t often[] = {IAC,  IAC, IAC, WILL, WONT,	  DO,
					DONT, SB,  SE,	IP,   ECHO_OPTION};
	uint8_t reply[SLUICE_TELNET_REPLY];
	struct sluice_telnet telnet = {0};
	size_t replied = 0, number;
	unsigned int seed = 3;
	char data;

	(void)state;
	for (number = 1; number <= RANDOM_BYTES; number++) {
		uint8_t byte = rand_r(&seed) % 2 ? often[(size_t)rand_r(&seed) % sizeof(often)]
						 : (uint8_t)rand_r(&seed);

		if (sluice_telnet_take(&telnet, byte, &data, reply) == SLUICE_TELNET_REPLY_DUE) {
			assert_int_equal(reply[0], IAC);
			assert_true(reply[1] == WONT || reply[1] == DONT || reply[1] == WILL);
			replied += sizeof(reply);
		}
		assert_true(replied <= number);
	}
	assert_true(replied > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_no_text),
		cmocka_unit_test(options_are_refused_once),
		cmocka_unit_test(a_parameter_without_end_is_left),
		cmocka_unit_test(what_is_typed_is_hidden_and_shown),
		cmocka_unit_test(two_ends_never_answer_for_ever),
		cmocka_unit_test(text_is_encoded_whole),
		cmocka_unit_test(random_bytes_are_answered_by_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
