// SPDX-License-Identifier: MIT
/*
 * Sizes, durations, percentages, rates, addresses, endpoints and GUIDs as people write them: what
 * is taken, what is refused, and what comes out when they are written again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include "address.h"
#include "config/suggest.h"
#include "guid.h"
#include "size.h"

/* A text, what reading it returns, and the value if that is 0. */
struct example {
	const char *text;
	int result;
	uint64_t value;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Holds a reader against examples. */
static void check_examples(int (*parse)(const char *, uint64_t *), const struct example *examples,
			   size_t count)
{
	const uint64_t untouched = 0x5a5a5a5a5a5a5a5aULL;
	uint64_t value;
	size_t number;
	int result;

	for (number = 0; number < count; number++) {
		value = untouched;
		result = parse(examples[number].text, &value);
		if (result != examples[number].result)
			fail_msg("\"%s\": %d instead of %d", examples[number].text, result,
				 examples[number].result);
		if (value != (result ? untouched : examples[number].value))
			fail_msg("\"%s\": %" PRIu64, examples[number].text, value);
	}
	assert_int_equal(parse(NULL, &value), -EINVAL);
	assert_int_equal(parse("1", NULL), -EINVAL);
}

/* Powers of 1024. */
static void sizes(void **state)
{
	static const struct example examples[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"256k", 0, 256 << 10},
		{"64M", 0, 64 << 20},
		{"1g", 0, 1 << 30},
		{"2t", 0, 2ULL << 40},
		{"64MiB", 0, 64 << 20},
		{"64mb", 0, 64 << 20},
		{"1.5k", 0, 1536},
		{"64 m", 0, 64 << 20},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"16777216t", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"m", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1.k", -EINVAL, 0},
		{"0.3k", -EINVAL, 0},
		{"1.0000000001g", -EINVAL, 0},
		{"64x", -EINVAL, 0},
		{"64m ", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
	};

	(void)state;
	check_examples(sluice_size_parse, examples, COUNT(examples));
}

/* To microseconds; a number without unit is nobody's guess. */
static void durations(void **state)
{
	static const struct example examples[] = {
		{"0", 0, 0},
		{"100us", 0, 100},
		{"2ms", 0, 2000},
		{"5S", 0, 5000000},
		{"1.5s", 0, 1500000},
		{"2min", 0, 120000000},
		{"1h", 0, 3600000000ULL},
		{"5", -EINVAL, 0},
		{"0.5us", -EINVAL, 0},
		{"5m", -EINVAL, 0},
		{"99999999999999h", -ERANGE, 0},
	};

	(void)state;
	check_examples(sluice_duration_parse, examples, COUNT(examples));
}

/* Powers of 1000. */
static void rates_and_numbers(void **state)
{
	static const struct example rates[] = {
		{"900mbit", 0, 900000000}, {"1.5Gbit", 0, 1500000000},
		{"10kbit", 0, 10000},	   {"8bit", 0, 8},
		{"900", -EINVAL, 0},	   {"900m", -EINVAL, 0},
	};
	static const struct example numbers[] = {
		{"0", 0, 0},	    {"65535", 0, 65535}, {"1.0", -EINVAL, 0},
		{"1k", -EINVAL, 0}, {"", -EINVAL, 0},
	};
	unsigned int percent = 7;

	(void)state;
	check_examples(sluice_rate_parse, rates, COUNT(rates));
	check_examples(sluice_number_parse, numbers, COUNT(numbers));
	assert_int_equal(sluice_percent_parse("80%", &percent), 0);
	assert_int_equal(percent, 80);
	assert_int_equal(sluice_percent_parse("101%", &percent), -ERANGE);
	assert_int_equal(sluice_percent_parse("80", &percent), -EINVAL);
	assert_int_equal(percent, 80);
}

/* Written so that it can be read again where that is possible. */
static void quantities_are_written(void **state)
{
	char text[SLUICE_SIZE_TEXT];

	(void)state;
	assert_string_equal(sluice_size_format(0, text), "0");
	assert_string_equal(sluice_size_format(1023, text), "1023");
	assert_string_equal(sluice_size_format(1024, text), "1k");
	assert_string_equal(sluice_size_format(1536, text), "1.5k");
	assert_string_equal(sluice_size_format(64 << 20, text), "64m");
	assert_string_equal(sluice_size_format((1ULL << 40) - 1, text), "1023.9g");
	assert_string_equal(sluice_size_format(UINT64_MAX, text), "16777215.9t");
	assert_string_equal(sluice_duration_format(0, text), "0");
	assert_string_equal(sluice_duration_format(100, text), "100us");
	assert_string_equal(sluice_duration_format(2000, text), "2ms");
	assert_string_equal(sluice_duration_format(5000000, text), "5s");
	assert_string_equal(sluice_duration_format(1500000, text), "1500ms");
}

/* Addresses and prefixes there and back; a prefix with bits behind it is told what it meant. */
static void prefixes(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *written;
	} examples[] = {
		{"10.9.0.1", 0, "10.9.0.1"},
		{"10.9.0.0/24", 0, "10.9.0.0/24"},
		{"10.9.0.1/32", 0, "10.9.0.1"},
		{"0.0.0.0/0", 0, "0.0.0.0/0"},
		{"10.9.0.1/24", -EDOM, "10.9.0.0/24"},
		{"10.9.255.255/17", -EDOM, "10.9.128.0/17"},
		{"FD09:0::/64", 0, "fd09::/64"},
		{"fd09::1/127", -EDOM, "fd09::/127"},
		{"::1", 0, "::1"},
		/* IPv4 in disguise, as programs that listen for both write it. */
		{"::ffff:10.9.0.1", 0, "10.9.0.1"},
		{"::ffff:10.9.0.0/120", 0, "10.9.0.0/24"},
		{"::ffff:0.0.0.0/96", 0, "0.0.0.0/0"},
		{"::FFFF:a09:0/112", 0, "10.9.0.0/16"},
		{"::ffff:10.9.0.1/120", -EDOM, "10.9.0.0/24"},
		{"::/0", 0, "::/0"},
		{"10.9.0.0/33", -ERANGE, NULL},
		{"fd09::/129", -ERANGE, NULL},
		{"10.9.0", -EINVAL, NULL},
		{"10.9.0.0/", -EINVAL, NULL},
		{"10.9.0.0/-1", -EINVAL, NULL},
		{"10.9.0.0/1.0", -EINVAL, NULL},
		{"host", -EINVAL, NULL},
		{"", -EINVAL, NULL},
	};
	struct sluice_prefix prefix;
	char text[SLUICE_PREFIX_TEXT];
	size_t number;
	int result;

	(void)state;
	for (number = 0; number < COUNT(examples); number++) {
		result = sluice_prefix_parse(examples[number].text, &prefix);
		if (result != examples[number].result)
			fail_msg("\"%s\": %d instead of %d", examples[number].text, result,
				 examples[number].result);
		if (examples[number].written)
			assert_string_equal(sluice_prefix_format(&prefix, text),
					    examples[number].written);
	}
	prefix.family = AF_UNSPEC;
	assert_string_equal(sluice_prefix_format(&prefix, text), "any");
}

/* Do these two share an address? */
static bool overlap(const char *one, const char *other)
{
	struct sluice_prefix left = {0}, right = {0};

	if (*one)
		assert_int_equal(sluice_prefix_parse(one, &left), 0);
	if (*other)
		assert_int_equal(sluice_prefix_parse(other, &right), 0);
	assert_int_equal(sluice_prefixes_overlap(&left, &right),
			 sluice_prefixes_overlap(&right, &left));
	return sluice_prefixes_overlap(&left, &right);
}

/* Whichever is the shorter decides; none holds everything. */
static void prefixes_that_share_addresses(void **state)
{
	(void)state;
	assert_true(overlap("10.9.0.0/16", "10.9.7.1"));
	assert_true(overlap("10.9.0.0/23", "10.9.1.0/24"));
	assert_false(overlap("10.9.0.0/23", "10.9.2.0/24"));
	assert_false(overlap("10.9.0.1", "10.9.0.2"));
	assert_true(overlap("0.0.0.0/0", "10.9.0.2"));
	assert_false(overlap("0.0.0.0/0", "fd09::/64"));
	assert_true(overlap("", "fd09::/64"));
	assert_true(overlap("fd09::/63", "fd09:0:0:1::/64"));
	assert_false(overlap("fd09::/64", "fd09:0:0:1::/64"));
}

/* Destinations that are right; the wrong ones are in tests/config/bad/destinations.yaml. */
static void endpoints(void **state)
{
	char host[SLUICE_HOST_MAX + 1], small[4];
	const char *why;
	uint16_t port;

	(void)state;
	assert_int_equal(sluice_endpoint_parse("10.9.1.2:6000", host, sizeof(host), &port, &why),
			 0);
	assert_string_equal(host, "10.9.1.2");
	assert_int_equal(port, 6000);
	assert_int_equal(sluice_endpoint_parse("[fe80::1%eth0]:1", host, sizeof(host), &port, &why),
			 0);
	assert_string_equal(host, "fe80::1%eth0");
	assert_int_equal(sluice_endpoint_parse("third-server.example.:65535", host, sizeof(host),
					       &port, &why),
			 0);
	assert_int_equal(port, 65535);
	assert_int_equal(sluice_endpoint_parse("third:1", small, sizeof(small), &port, &why),
			 -EINVAL);
	assert_non_null(why);
	assert_int_equal(sluice_endpoint_parse(NULL, host, sizeof(host), &port, NULL), -EINVAL);
}

/* Known words near unknown ones. */
static void words_near_each_other(void **state)
{
	(void)state;
	assert_int_equal(sluice_word_distance("port", "PORT", 3), 0);
	assert_int_equal(sluice_word_distance("prot", "port", 3), 1);
	assert_int_equal(sluice_word_distance("adress", "address", 3), 1);
	assert_int_equal(sluice_word_distance("verdikt", "verdict", 3), 1);
	assert_int_equal(sluice_word_distance("", "abc", 3), 3);
	assert_int_equal(sluice_word_distance("abcd", "wxyz", 3), 4);
	assert_int_equal(sluice_word_distance(NULL, "a", 3), 4);
}

/* What others wrote is shown without its control characters, and cut between characters. */
static void foreign_words_are_shown_safely(void **state)
{
	char text[SLUICE_QUOTE_TEXT], longer[400];

	(void)state;
	assert_string_equal(sluice_quote("a\033[31mb\xc2\x9b\x7f", text), "\"a?[31mb??\"");
	memset(longer, 'x', 58);
	memcpy(longer + 58, "\xe2\x82\xac\xe2\x82\xac", 7);
	assert_int_equal(strncmp(sluice_quote(longer, text), "\"xxxx", 5), 0);
	assert_string_equal(text + 59, "\xe2\x82\xac...\"");
	memset(longer, 0x80, sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_true(strlen(sluice_quote(longer, text)) < SLUICE_QUOTE_TEXT);
}

/* GUIDs there and back; derived ones are always the same (the value: Python's uuid.uuid5). */
static void guids(void **state)
{
	char text[SLUICE_GUID_TEXT];
	uint8_t guid[16] = {0}, other[16];

	(void)state;
	assert_true(sluice_guid_is_zero(guid));
	assert_int_equal(sluice_guid_parse("0B0E5A1C-6f0e-4d8e-9a55-2f6b9f6a0001", guid), 0);
	assert_string_equal(sluice_guid_format(guid, text), "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001");
	assert_int_equal(guid[0], 0x0b);
	assert_int_equal(sluice_guid_parse("0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a00011", guid), -EINVAL);
	assert_int_equal(sluice_guid_parse("0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a000", guid), -EINVAL);
	assert_int_equal(sluice_guid_parse("0b0e5a1c6f0e4d8e9a552f6b9f6a00010000", guid), -EINVAL);
	assert_int_equal(sluice_guid_derive("route", "x", 1, guid), 0);
	assert_string_equal(sluice_guid_format(guid, text), "ec6425bf-752e-5969-87a6-321ab705bbd6");
	assert_int_equal(sluice_guid_derive("input", "x", 1, other), 0);
	assert_memory_not_equal(guid, other, 16);
	assert_int_equal(sluice_guid_derive("input", NULL, 1, other), -EINVAL);
	assert_int_equal(sluice_guid_derive("input", "x", SIZE_MAX, other), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(rates_and_numbers),
		cmocka_unit_test(quantities_are_written),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(prefixes_that_share_addresses),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(words_near_each_other),
		cmocka_unit_test(foreign_words_are_shown_safely),
		cmocka_unit_test(guids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
