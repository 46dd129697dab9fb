// SPDX-License-Identifier: MIT
/*
 * Subjects of `kind: nats`: what a template becomes, what a stream's subjects cover, and from which
 * sequence on what is there has to be read back (nats/subjects.c), against a list of all that was
 * published.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <stdlib.h>
#include "daemon/nats/nats.h"

/* Names stand in a subject as tokens that can be one. @context process */
static void templates(void **state)
{
	char subject[SLUICE_NATS_SUBJECT], name[SLUICE_NATS_SUBJECT];

	(void)state;
	assert_int_equal(sluice_nats_subject("udp.{relay}.{input}", "middle", "in", "g", subject),
			 0);
	assert_string_equal(subject, "udp.middle.in.g");
	assert_int_equal(sluice_nats_subject("{input}-x", "r", "a.b *>c", "g", subject), 0);
	assert_string_equal(subject, "a_b___c-x.g");
	assert_int_equal(sluice_nats_subject("{relay}.{input}", "", "", "g", subject), 0);
	assert_string_equal(subject, "_._.g");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sluice_nats_subject("{input}", "r", name, "g", subject), -EMSGSIZE);
}

/* Wildcards cover what the server says they cover. @context process */
static void coverage(void **state)
{
	static const struct {
		const char *by, *subject;
		bool is_covered;
	} cases[] = {
		{"udp.>", "udp.a.b", true},   {"udp.>", "udp", false},
		{">", "udp", true},	      {"udp.*.b", "udp.a.b", true},
		{"udp.*", "udp.a.b", false},  {"udp.*.*.*", "udp.a.b", false},
		{"udp.a.b", "udp.a.b", true}, {"udp.a", "udp.ab", false},
		{"ud*.a", "udp.a", false},    {"udp.a.b.c", "udp.a.b", false},
	};
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(cases) / sizeof(cases[0]); number++) {
		const char *subjects[] = {"other.thing", cases[number].by};
		jsStreamConfig stream = {.Subjects = subjects, .SubjectsLen = 2};

		assert_int_equal(sluice_nats_is_covered(&stream, cases[number].subject),
				 cases[number].is_covered);
	}
}

/* Whatever the order in which things are published and acknowledged: behind the sequence that is
 * told lies everything that is not before the floor. @context process */
static void base_is_never_too_high(void **state)
{
	enum { MESSAGES = 40000 };
	struct sluice_nats_subject_state *subject = calloc(1, sizeof(*subject));
	uint64_t *ends = calloc(MESSAGES, sizeof(*ends)), floor = 0, sequence;
	uint32_t seed = 7;
	size_t number, other, lowest = 0;

	(void)state;
	assert_non_null(subject);
	assert_non_null(ends);
	for (number = 0; number < MESSAGES; number++) {
		uint64_t base;

		/* Two ways through one stream: the newest, and what waited on a disk. */
		ends[number] = number % 3 ? 10000000 + 8 * number : 8 * number + 8;
		sluice_nats_subject_mark(subject, ends[number]);
		sequence = number + 1;
		seed = seed * 1103515245U + 12345U;
		if ((seed >> 16) % 4)
			subject->sequence = sequence - (seed >> 20) % 3;
		if (number % 500)
			continue;
		/* Everything before it is acknowledged: the older way, and all that was sent. */
		if (number > MESSAGES / 2)
			floor = 8 * (number - 1000);
		base = sluice_nats_subject_base(subject, floor);
		while (lowest < number && ends[lowest] <= floor)
			lowest++;
		for (other = lowest; other <= number; other++) {
			if (ends[other] > floor && other + 1 <= base)
				fail_msg("message %zu ends at %lu behind floor %lu, base %lu",
					 other, ends[other], floor, base);
		}
	}
	assert_true(subject->mark_count <= SLUICE_NATS_MARKS);
	/* When all is acknowledged nothing need be read back. */
	assert_int_equal(sluice_nats_subject_base(subject, UINT64_MAX), subject->sequence);
	free(ends);
	free(subject);
}

/* What the server has: before the floor everything, behind it what was read back; a GAP and a
 * datagram at the same place are two things. @context process */
static void what_the_server_has(void **state)
{
	struct sluice_nats_subject_state *subject = calloc(1, sizeof(*subject));

	(void)state;
	assert_non_null(subject);
	subject->floor = 100;
	assert_int_equal(sluice_ranges_add(&subject->has, 200, 240), 0);
	assert_true(sluice_nats_subject_has(subject, false, 60, 100));
	assert_true(sluice_nats_subject_has(subject, true, 60, 100));
	assert_false(sluice_nats_subject_has(subject, false, 100, 140));
	assert_true(sluice_nats_subject_has(subject, false, 200, 240));
	assert_false(sluice_nats_subject_has(subject, true, 200, 240));
	sluice_ranges_free(&subject->has);
	free(subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates),
		cmocka_unit_test(coverage),
		cmocka_unit_test(base_is_never_too_high),
		cmocka_unit_test(what_the_server_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
