// SPDX-License-Identifier: MIT
/*
 * The numbers that inputs have in records, from one configuration to the next.
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
#include "config/check.h"
#include "daemon/identity/identity.h"

/* What is remembered, over one configuration after the other. */
static struct sluice_identity known;

/* Goes on to a configuration with these inputs; returns the number of the one called `name`. */
static uint16_t number_after(const char *inputs, const char *name)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	struct sluice_identity next;
	uint16_t number = UINT16_MAX;
	char *text = NULL, *error = NULL;
	size_t place;

	assert_true(asprintf(&text,
			     "relay: r\ninputs:\n%soutputs: [{name: o, to: ['10.0.0.1:1']}]\n",
			     inputs) > 0);
	assert_int_equal(
		sluice_config_parse(text, strlen(text), "/tmp/identity.yaml", &config, &findings),
		0);
	sluice_findings_free(&findings);
	free(text);
	assert_int_equal(sluice_identity_follow(&known, config, NULL, &next, &error), 0);
	sluice_identity_free(&known);
	known = next;
	for (place = 0; place < config->input_count; place++)
		if (!strcmp(config->inputs[place].name, name))
			assert_int_equal(
				sluice_identity_number(&known, config->inputs[place].id, &number),
				0);
	sluice_config_free(config);
	return number;
}

#define INPUT(name, port) "  - {name: " name ", port: " port ", source: socket, outputs: [o]}\n"

/*
 * An input's number stays while others come and go, and under another name; nobody gets that of one
 * that is gone, and which comes back.
 */
static void numbers_of_inputs_stay(void **state)
{
	uint8_t nobody[SLUICE_GUID_SIZE] = {1};
	uint16_t one, two, three, number;

	(void)state;
	one = number_after(INPUT("one", "1") INPUT("two", "2"), "one");
	two = number_after(INPUT("two", "2"), "two");
	assert_int_not_equal(one, two);
	three = number_after(INPUT("three", "3") INPUT("two", "2"), "three");
	assert_int_not_equal(three, one);
	assert_int_not_equal(three, two);
	assert_int_equal(number_after(INPUT("three", "3") INPUT("second", "2"), "second"), two);
	assert_int_equal(number_after(INPUT("one", "1") INPUT("second", "2"), "one"), one);
	assert_int_equal(number_after(INPUT("two", "9") INPUT("three", "3"), "three"), three);
	/* Another input that is called as it was once. */
	number = number_after(INPUT("two", "9") INPUT("second", "2"), "two");
	assert_int_not_equal(number, two);
	assert_int_equal(number_after(INPUT("two", "9") INPUT("second", "2"), "second"), two);
	assert_int_equal(sluice_identity_number(&known, nobody, &number), -ENOENT);
	assert_int_equal(sluice_identity_number(NULL, nobody, &number), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_inputs_stay),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	sluice_identity_free(&known);
	return failed;
}
