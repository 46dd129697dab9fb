// SPDX-License-Identifier: MIT
/*
 * The first configuration out of a few words: the text is valid and says what the words say,
 * whatever they hold; a fault is told by option; and the command line of sluiced that they come
 * from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config/starter.h"
#include "daemon/direct.h"
#include "daemon/options.h"

#define WORDS 16

static const char *const options_of[SLUICE_STARTER_SOURCE + 1] = {
	"none", "ports", "to", "framing", "receiver", "relay", "source",
};

/* The configuration that `wish` stands for. @owner caller */
static struct sluice_config *read_wish(const struct sluice_starter *wish)
{
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	char *text = NULL;

	assert_int_equal(sluice_starter_text(wish, &text), 0);
	assert_int_equal(sluice_config_parse(text, strlen(text), "x", &config, &findings), 0);
	assert_int_equal(findings.count, 0);
	sluice_findings_free(&findings);
	free(text);
	return config;
}

/* The words stand in the configuration, the rest has its defaults. */
static void a_text_says_what_the_words_say(void **state)
{
	const struct sluice_starter wish = {.ports = "[6000, 5000-5003]",
					    .to = "10.9.1.2:6000,[fd09:1::2]:6001",
					    .receiver = "rsyslog",
					    .source = "socket",
					    .log = "journal"};
	struct sluice_config *config = read_wish(&wish);

	(void)state;
	assert_int_equal(config->input_count, 1);
	assert_int_equal(config->inputs[0].port_count, 2);
	assert_int_equal(config->inputs[0].ports[0].first, 5000);
	assert_int_equal(config->inputs[0].ports[0].last, 5003);
	assert_int_equal(config->inputs[0].source, SLUICE_SOURCE_SOCKET);
	assert_int_equal(config->output_count, 1);
	assert_int_equal(config->outputs[0].to_count, 2);
	assert_string_equal(config->outputs[0].to[0].text, "10.9.1.2:6000");
	assert_string_equal(config->outputs[0].to[1].host, "fd09:1::2");
	assert_int_equal(config->outputs[0].framing, SLUICE_FRAMING_OCTET_COUNTED);
	assert_int_equal(config->log.target, SLUICE_LOG_JOURNAL);
	sluice_config_free(config);
}

/* The relay is called after its ports, however they are written, and after nothing else. */
static void a_relay_is_called_after_its_ports(void **state)
{
	static const char *const same[] = {"5000-5002", "5000,5001,5002", "5002, 5000-5001"};
	struct sluice_starter wish = {.to = "10.9.1.2:6000"};
	char many[1024] = "", other[1100], *end = many;
	struct sluice_config *config, *second;
	size_t number;

	(void)state;
	for (number = 0; number < 3; number++) {
		wish.ports = same[number];
		wish.framing = number ? "newline" : NULL;
		config = read_wish(&wish);
		assert_string_equal(config->relay, "relay-5000-5002");
		sluice_config_free(config);
	}
	wish.relay = "middle";
	config = read_wish(&wish);
	assert_string_equal(config->relay, "middle");
	sluice_config_free(config);
	/* Too many for a name: two lists have two names nevertheless. */
	wish.relay = NULL;
	for (number = 0; number < 100; number++)
		end += sprintf(end, "%s%zu", number ? "," : "", 5000 + 2 * number);
	snprintf(other, sizeof(other), "%s,7001", many);
	wish.ports = many;
	config = read_wish(&wish);
	wish.ports = other;
	second = read_wish(&wish);
	assert_string_not_equal(config->relay, second->relay);
	sluice_config_free(config);
	sluice_config_free(second);
}

/* Expects that the words have one fault, told of `option`, which says `words`. */
static void expect_fault(const struct sluice_starter *wish, const char *option, const char *words)
{
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	char *text = NULL, *told;

	assert_int_equal(sluice_starter_text(wish, &text), 0);
	assert_int_equal(sluice_config_parse(text, strlen(text), "x", &config, &findings), -EINVAL);
	told = sluice_starter_findings(text, &findings, options_of);
	assert_non_null(told);
	if (findings.error_count != 1 || strncmp(told, option, strlen(option)) != 0 ||
	    told[strlen(option)] != ':' || !strstr(told, words))
		fail_msg("expected %s: %s, got: %s\n%s", option, words, told, text);
	free(told);
	sluice_findings_free(&findings);
	free(text);
}

/* A fault is told of the word that has it, and no word becomes anything but a value. */
static void faults_are_told_by_option(void **state)
{
	struct sluice_starter wish = {.ports = "5000", .to = "10.9.1.2:6000"};

	(void)state;
	wish.ports = "5003-5000";
	expect_fault(&wish, "ports", "write 5000-5003");
	wish.ports = "5000,";
	expect_fault(&wish, "ports", "no value is given");
	wish.ports = "5000\"\noutputs: []\n";
	expect_fault(&wish, "ports", "control");
	wish.ports = "5000 # all";
	expect_fault(&wish, "ports", "no port");
	wish.ports = "{}";
	expect_fault(&wish, "ports", "no port");
	wish.ports = "5000";
	wish.to = "10.9.1.2";
	expect_fault(&wish, "to", "write HOST:PORT");
	wish.to = "10.9.1.2:6000";
	wish.framing = "new-line";
	expect_fault(&wish, "framing", "did you mean \"newline\"");
	wish.framing = NULL;
	wish.receiver = "nobody\\";
	expect_fault(&wish, "receiver", "valid values");
	wish.receiver = NULL;
	wish.source = "*a";
	expect_fault(&wish, "source", "valid values");
	wish.source = NULL;
	wish.relay = "a, b";
	expect_fault(&wish, "relay", "no spaces");
}

/* What cannot be a text is refused. */
static void arguments_are_checked(void **state)
{
	struct sluice_starter wish = {.ports = "5000"};
	char *text = NULL, *longest = malloc(SLUICE_STARTER_WORD + 2);

	(void)state;
	assert_non_null(longest);
	memset(longest, '5', SLUICE_STARTER_WORD + 1);
	longest[SLUICE_STARTER_WORD + 1] = '\0';
	assert_int_equal(sluice_starter_text(&wish, &text), -EINVAL);
	assert_int_equal(sluice_starter_text(NULL, &text), -EINVAL);
	wish.to = "a:1";
	assert_int_equal(sluice_starter_text(&wish, NULL), -EINVAL);
	wish.to = longest;
	assert_int_equal(sluice_starter_text(&wish, &text), -EINVAL);
	assert_int_equal(sluice_starter_word_at(NULL, 1), SLUICE_STARTER_NONE);
	assert_int_equal(sluice_starter_word_at("relay: a\n", 0), SLUICE_STARTER_NONE);
	assert_int_equal(sluice_starter_word_at("relay: a\n", 9), SLUICE_STARTER_NONE);
	assert_int_equal(sluice_starter_word_at("relay: a\n", 1), SLUICE_STARTER_RELAY);
	free(longest);
}

/* Reads the command line `line`, printing to nowhere. The words lie in `copy`. */
static int read_line(const char *line, char copy[256], struct sluice_options *options)
{
	int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY), status, count = 0;
	char *words[WORDS + 1] = {NULL}, *rest, *word;

	snprintf(copy, 256, "sluiced %s", line);
	for (word = strtok_r(copy, " ", &rest); word && count < WORDS;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	assert_true(kept >= 0 && nowhere >= 0 && dup2(nowhere, STDERR_FILENO) >= 0);
	status = sluice_options_read(count, words, options);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(nowhere);
	return status;
}

/* Either a file or --relay, and nothing that belongs to the other. */
static void a_command_line_is_a_file_or_a_relay(void **state)
{
	static const char *const wrong[] = {
		"",
		"--relay 5000",
		"--relay 5000 a:1 b:2",
		"--relay 5000 a:1 -c file",
		"-c file --framing raw",
		"-c file --print",
		"--name middle",
		"-c file extra",
	};
	struct sluice_options options;
	char copy[256];
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++)
		assert_int_equal(read_line(wrong[number], copy, &options), SLUICE_EXIT_USAGE);
	assert_int_equal(read_line("-c file", copy, &options), -1);
	assert_null(options.relay.ports);
	assert_int_equal(read_line("--framing newline --relay 5000-5003 a:1 --source socket "
				   "--name middle --receiver socat --print",
				   copy, &options),
			 -1);
	assert_null(options.config);
	assert_true(options.print);
	assert_string_equal(options.relay.ports, "5000-5003");
	assert_string_equal(options.relay.to, "a:1");
	assert_string_equal(options.relay.framing, "newline");
	assert_string_equal(options.relay.receiver, "socat");
	assert_string_equal(options.relay.relay, "middle");
	assert_string_equal(options.relay.source, "socket");
	assert_null(options.relay.log);
	/* A background process has no stderr. */
	assert_int_equal(read_line("--relay 5000 a:1 --daemon", copy, &options), -1);
	assert_string_equal(options.relay.log, "journal");
}

/* What is left for a successor is called after the relay, whatever else is said. */
static void what_is_left_is_called_after_the_relay(void **state)
{
	static const char *const lines[] = {
		"--relay 45000-45001 127.0.0.1:46000 --source socket",
		"--framing raw --relay 45001,45000 127.0.0.1:46001 --source socket",
	};
	struct sluice_options options;
	struct sluice_config *config;
	char copy[256];
	size_t number;
	int status;

	(void)state;
	for (number = 0; number < 2; number++) {
		assert_int_equal(read_line(lines[number], copy, &options), -1);
		config = sluice_direct_load(&options, SLUICE_HOST_START, &status);
		assert_non_null(config);
		assert_string_equal(config->path, SLUICE_DIRECT_NAME);
		assert_string_equal(config->home, "/sluiced --relay/relay-45000-45001");
		sluice_config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_says_what_the_words_say),
		cmocka_unit_test(a_relay_is_called_after_its_ports),
		cmocka_unit_test(faults_are_told_by_option),
		cmocka_unit_test(arguments_are_checked),
		cmocka_unit_test(a_command_line_is_a_file_or_a_relay),
		cmocka_unit_test(what_is_left_is_called_after_the_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
