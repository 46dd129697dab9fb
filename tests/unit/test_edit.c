// SPDX-License-Identifier: MIT
/*
 * Changing one piece of a configuration's text: what is not meant stays byte for byte, and what
 * cannot be done is refused with a sentence. Texts are written as people write them: with comments,
 * in lines and in brackets.
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
#include "../../userd/config/check.h"
#include "../../userd/config/edit.h"
#include "../../userd/config/pieces.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In lines, with comments wherever one may stand. */
static const char lines[] = "# The relay of the hall.\n"
			    "relay: hall   # not of the cellar\n"
			    "\n"
			    "inputs:\n"
			    "  # From the dish.\n"
			    "  - name: telemetry   # its name\n"
			    "    port: 5000-5003\n"
			    "    # what goes first\n"
			    "    priority: 3 # of 7\n"
			    "    outputs: [collector, \"archive\"]\n"
			    "\n"
			    "  # Everybody's.\n"
			    "  - id: 0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001\n"
			    "    name: syslog\n"
			    "    port:  # two\n"
			    "      - 514 # the old one\n"
			    "      - 601\n"
			    "    outputs: archive # all of it\n"
			    "# Behind the inputs.\n"
			    "outputs:\n"
			    "- name: collector\n"
			    "  to:\n"
			    "    - 10.9.1.2:6000 # first\n"
			    "    - {address: \"[fd09::2]:6000\", weight: 2}\n"
			    "  rate: 80mbit\n"
			    "  batch:\n"
			    "    bytes: 64k  # small\n"
			    "# The last one.\n"
			    "- name: archive\n"
			    "  to: 10.9.1.3:514\n"
			    "  framing: octet-counted\n"
			    "  # The end.\n"
			    "store: {memory: {size: 64m}}\n";

/* In brackets: JSON is YAML. */
static const char flow[] =
	"{\"inputs\": [{\"name\": \"a\", \"port\": 5000, \"outputs\": \"x\"}, {\"name\": \"b\", "
	"\"port\": 5001, \"outputs\": [\"x\", \"y\"]}],\n"
	" \"outputs\": [{\"name\": \"x\", \"to\": \"10.0.0.1:1\"}, {\"name\": \"y\", \"to\": "
	"[\"10.0.0.1:2\"]}]}\n";

/* A copy that an edit may exchange. */
static struct sluice_config_text copy_of(const char *text)
{
	struct sluice_config_text copy = {.bytes = strdup(text), .length = strlen(text)};

	assert_non_null(copy.bytes);
	return copy;
}

/* What is done. */
enum act { SET, ADD_INPUT, ADD_OUTPUT, DELETE, ENABLE, DISABLE };

/* Does it. 0 or a negative errno. */
static int act(struct sluice_config_text *text, enum act what, const char *piece, const char *key,
	       const char *value, char **error)
{
	switch (what) {
	case ADD_INPUT:
		return sluice_edit_add(text, SLUICE_PIECE_INPUT, piece, error);
	case ADD_OUTPUT:
		return sluice_edit_add(text, SLUICE_PIECE_OUTPUT, piece, error);
	case DELETE:
		return sluice_edit_delete(text, piece, error);
	case ENABLE:
	case DISABLE:
		return sluice_edit_enable(text, piece, key, what == ENABLE, error);
	case SET:
		break;
	}
	return sluice_edit_set(text, piece, key, value, error);
}

/* `text` with the first `old` exchanged for `fresh`. @owner caller */
static char *exchanged(const char *text, const char *old, const char *fresh)
{
	const char *at = strstr(text, old);
	char *result;

	assert_non_null(at);
	assert_true(asprintf(&result, "%.*s%s%s", (int)(at - text), text, fresh, at + strlen(old)) >
		    0);
	return result;
}

/* An edit, and what of the text becomes what: nothing else may change. */
struct edit {
	const char *text;
	enum act act;
	const char *piece, *key, *value;
	const char *old, *fresh;
};

/* Nothing but what was meant is another byte. */
static void test_edits(void **state)
{
	static const struct edit edits[] = {
		/* Values that are there. */
		{lines, SET, "telemetry", "port", "5000-5004", "port: 5000-5003\n",
		 "port: 5000-5004\n"},
		{lines, SET, "input/telemetry", "Priority", "5", "priority: 3 #", "priority: 5 #"},
		{lines, SET, "telemetry", "outputs", "collector", "[collector, \"archive\"]",
		 "collector"},
		{lines, SET, "telemetry", "outputs", "archive, collector",
		 "[collector, \"archive\"]", "[archive, collector]"},
		{lines, SET, "syslog", "port", "514",
		 "port:  # two\n      - 514 # the old one\n"
		 "      - 601\n",
		 "port: 514  # two\n"},
		{lines, SET, "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001", "port", "514,602",
		 "port:  # two\n      - 514 # the old one\n      - 601\n",
		 "port: [514, 602]  # two\n"},
		{lines, SET, "collector", "rate", "500mbit", "rate: 80mbit", "rate: 500mbit"},
		{lines, SET, "collector", "batch.bytes", "1m", "bytes: 64k  #", "bytes: 1m  #"},
		{lines, SET, NULL, "relay", "cellar", "relay: hall   #", "relay: cellar   #"},
		{lines, SET, NULL, "store.memory.size", "128m", "size: 64m", "size: 128m"},
		{lines, SET, "archive", "to", "[fd09::3]:514", "to: 10.9.1.3:514",
		 "to: \"[fd09::3]:514\""},
		{lines, SET, "archive", "to", "[10.9.1.3:514, \"[fd09::3]:514\"]",
		 "to: 10.9.1.3:514", "to: [10.9.1.3:514, \"[fd09::3]:514\"]"},
		{lines, SET, "syslog", "name", "sys: log", "name: syslog", "name: \"sys: log\""},
		{lines, SET, "syslog", "name", "a\"b\\c", "name: syslog", "name: \"a\\\"b\\\\c\""},
		{lines, SET, "syslog", "name", "null", "name: syslog", "name: \"null\""},
		{lines, SET, "syslog", "name", "Zoë", "name: syslog", "name: \"Zoë\""},
		/* Values that are not. */
		{lines, SET, "telemetry", "verdict", "copy", "\"archive\"]\n",
		 "\"archive\"]\n    verdict: copy\n"},
		{lines, SET, "syslog", "receive", "bpf", "outputs: archive # all of it\n",
		 "outputs: archive # all of it\n    receive: bpf\n"},
		{lines, SET, "collector", "batch.delay", "5ms", "bytes: 64k  # small\n",
		 "bytes: 64k  # small\n    delay: 5ms\n"},
		{lines, SET, "archive", "batch.delay", "5ms", "framing: octet-counted\n",
		 "framing: octet-counted\n  batch: {delay: 5ms}\n"},
		{lines, SET, NULL, "store.memory.alarm", "80%", "size: 64m}",
		 "size: 64m, alarm: 80%}"},
		{lines, SET, NULL, "store.drain", "oldest", "{size: 64m}}",
		 "{size: 64m}, drain: oldest}"},
		{lines, SET, NULL, "log.level", "debug", "size: 64m}}\n",
		 "size: 64m}}\nlog: {level: debug}\n"},
		{lines, SET, NULL, "workers", "2", "size: 64m}}\n", "size: 64m}}\nworkers: 2\n"},
		/* Values that go. */
		{lines, SET, "telemetry", "priority", "", "    priority: 3 # of 7\n", ""},
		{lines, SET, "collector", "rate", "", "  rate: 80mbit\n", ""},
		{lines, SET, "collector", "batch.bytes", "", "  batch:\n    bytes: 64k  # small\n",
		 ""},
		{lines, SET, "syslog", "id", "",
		 "- id: 0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001\n    name", "- name"},
		{lines, SET, NULL, "store.memory.size", "", "store: {memory: {size: 64m}}\n", ""},
		{lines, SET, "archive", "rate", "", "", ""},
		/* An output's other name. */
		{lines, SET, "telemetry", "name", "dish", "name: telemetry ", "name: dish "},
		/* More of them, and fewer. */
		{lines, ADD_INPUT, "radar", NULL, NULL, "outputs: archive # all of it\n",
		 "outputs: archive # all of it\n  - name: radar\n"},
		{lines, ADD_OUTPUT, "tape", NULL, NULL, "framing: octet-counted\n",
		 "framing: octet-counted\n- name: tape\n"},
		{lines, DELETE, "syslog", NULL, NULL,
		 "  - id: 0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001\n    name: syslog\n    port:  # "
		 "two\n      - 514 # the old one\n      - 601\n    outputs: archive # all of it\n",
		 ""},
		{lines, DELETE, "telemetry", NULL, NULL,
		 "  - name: telemetry   # its name\n    port: 5000-5003\n    # what goes first\n"
		 "    priority: 3 # of 7\n    outputs: [collector, \"archive\"]\n",
		 ""},
		/* On and off. */
		{lines, DISABLE, "archive", NULL, NULL, "to: 10.9.1.3:514\n",
		 "to: {address: 10.9.1.3:514, enabled: off}\n"},
		{lines, DISABLE, "collector", "10.9.1.2:6000", NULL, "- 10.9.1.2:6000 #",
		 "- {address: 10.9.1.2:6000, enabled: off} #"},
		{lines, DISABLE, "collector", "[fd09::2]:6000", NULL, "weight: 2}",
		 "weight: 2, enabled: off}"},
		{lines, ENABLE, "collector", NULL, NULL, "", ""},
		{lines, DISABLE, "telemetry", NULL, NULL, "\"archive\"]\n",
		 "\"archive\"]\n    enabled: off\n"},
		/* In brackets. */
		{flow, SET, "a", "port", "5002", "\"port\": 5000", "\"port\": 5002"},
		{flow, SET, "a", "priority", "1", "\"outputs\": \"x\"}",
		 "\"outputs\": \"x\", priority: 1}"},
		{flow, SET, "b", "outputs", "y", "[\"x\", \"y\"]", "y"},
		{flow, ADD_INPUT, "c", NULL, NULL, "\"y\"]}],\n", "\"y\"]}, {name: c}],\n"},
		{flow, DELETE, "a", NULL, NULL,
		 "{\"name\": \"a\", \"port\": 5000, \"outputs\": \"x\"}, ", ""},
		{flow, DELETE, "b", NULL, NULL,
		 ", {\"name\": \"b\", \"port\": 5001, \"outputs\": [\"x\", \"y\"]}", ""},
		{flow, DISABLE, "y", NULL, NULL, "[\"10.0.0.1:2\"]",
		 "[{address: 10.0.0.1:2, enabled: off}]"},
		{flow, SET, NULL, "relay", "z", "[\"10.0.0.1:2\"]}]",
		 "[\"10.0.0.1:2\"]}], relay: z"},
	};
	size_t number;

	(void)state;
	for (number = 0; number < COUNT(edits); number++) {
		const struct edit *edit = &edits[number];
		struct sluice_config_text text = copy_of(edit->text);
		char *wanted = exchanged(edit->text, edit->old, edit->fresh), *error = NULL;
		int result = act(&text, edit->act, edit->piece, edit->key, edit->value, &error);

		if (result)
			fail_msg("edit %zu: %d %s", number, result, error);
		assert_null(error);
		assert_string_equal(text.bytes, wanted);
		free(wanted);
		free(text.bytes);
	}
}

/* Line ends of another system, no newline at the end, items
 * behind a dash that stands alone. */
static void test_other_texts(void **state)
{
	static const struct edit edits[] = {
		{"inputs:\r\n- name: a\r\n  port: 1\r\n  outputs: x\r\noutputs:\r\n- {name: x, to: "
		 "h:1}\r\n",
		 SET, "a", "priority", "1", "outputs: x\r\n", "outputs: x\r\n  priority: 1\r\n"},
		{"inputs:\r\n- name: a\r\n  port: 1\r\n  priority: 1\r\n  outputs: x\r\noutputs:"
		 "\r\n- {name: x, to: h:1}\r\n",
		 SET, "a", "priority", "", "  priority: 1\r\n", ""},
		{"outputs: [{name: x, to: h:1}]\ninputs:\n- name: a\n  port: 1\n  outputs: x", SET,
		 "a", "priority", "1", "  outputs: x", "  outputs: x\n  priority: 1"},
		{"outputs: [{name: x, to: h:1}]\ninputs:\n- name: a\n  port: 1\n  outputs: x",
		 ADD_INPUT, "b", NULL, NULL, "  outputs: x", "  outputs: x\n- name: b"},
		{"---\ninputs:\n-\n  # behind the dash\n  name: a\n  port: 1\n  outputs: x\n- "
		 "{name: b, port: 2, outputs: x}\noutputs:\n- {name: x, to: h:1}\n...\n",
		 DELETE, "a", NULL, NULL,
		 "-\n  # behind the dash\n  name: a\n  port: 1\n  outputs: x\n", ""},
		{"inputs:\n- priority: 1 # c\n  # the name\n  name: a\n  port: 1\n  outputs: x\n"
		 "outputs:\n- {name: x, to: h:1}\n",
		 SET, "a", "priority", "", "- priority: 1 # c\n", "- \n"},
		{"inputs:\n- name: ä\n  port: 1\n  outputs: ö # ü\n  priority: 1\noutputs:\n- "
		 "{name: ö, to: h:1}\n",
		 SET, "ä", "priority", "2", "priority: 1", "priority: 2"},
		{"inputs:\n- name: a\n  port: 1\n  outputs: x\noutputs:\n- name: x\n  to: h:1\n  "
		 "rate: >\n    1mbit\n\n\n# c\n",
		 SET, "x", "rate", "2mbit", "rate: >\n    1mbit\n", "rate: 2mbit\n"},
		{"inputs:\n- name: a\n  port: 1\n  outputs: x\noutputs:\n- name: x\n  to: h:1\n  "
		 "rate: >\n    1mbit\n\n\n# c\n",
		 SET, "x", "mode", "hash", "rate: >\n    1mbit\n",
		 "rate: >\n    1mbit\n  mode: hash\n"},
		{"inputs:\n- name: a\n  port:\n  outputs: x\noutputs:\n- name: x\n  to: h:1\n", SET,
		 "a", "port", "2", "port:\n", "port: 2\n"},
	};
	size_t number;

	(void)state;
	for (number = 0; number < COUNT(edits); number++) {
		const struct edit *edit = &edits[number];
		struct sluice_config_text text = copy_of(edit->text);
		char *wanted = exchanged(edit->text, edit->old, edit->fresh), *error = NULL;
		int result = act(&text, edit->act, edit->piece, edit->key, edit->value, &error);

		if (result)
			fail_msg("edit %zu: %d %s", number, result, error);
		assert_string_equal(text.bytes, wanted);
		free(wanted);
		free(text.bytes);
	}
}

/* An output whose destinations are not written has none to switch off: that is said. */
static void test_no_destinations(void **state)
{
	static const char *const texts[] = {
		"inputs: [{name: in, port: 1, outputs: out}]\noutputs: [{name: out, to: }]\n",
		"inputs: [{name: in, port: 1, outputs: out}]\noutputs: [{name: out, to: ~}]\n",
		"inputs: [{name: in, port: 1, outputs: out}]\noutputs: [{name: out, to: []}]\n",
		"inputs: [{name: in, port: 1, outputs: out}]\noutputs: [{name: out}]\n",
		/* Two lists, of which a reader may take the one or the other. */
		"inputs: []\noutputs: [{name: far, to: }]\noutputs: [{name: out, mode: hash}]\n",
	};
	size_t number;

	(void)state;
	for (number = 0; number < COUNT(texts); number++) {
		struct sluice_config_text text = copy_of(texts[number]);
		char *error = NULL;

		assert_true(sluice_edit_enable(&text, "out", "10.9.1.2:6000", false, &error) < 0);
		assert_non_null(error);
		assert_non_null(strstr(error, "has no destination \"10.9.1.2:6000\""));
		assert_string_equal(text.bytes, texts[number]);
		free(error);
		free(text.bytes);
	}
}

/* An output's other name is one in all inputs, too, and everything is as it was when it gets back
 * its first one. */
static void test_rename(void **state)
{
	struct sluice_config_text text = copy_of(lines);
	char *error = NULL;

	(void)state;
	assert_int_equal(sluice_edit_set(&text, "archive", "name", "tape", &error), 0);
	assert_non_null(strstr(text.bytes, "outputs: [collector, tape]\n"));
	assert_non_null(strstr(text.bytes, "outputs: tape # all of it\n"));
	assert_non_null(strstr(text.bytes, "- name: tape\n"));
	assert_null(strstr(text.bytes, "\"archive\""));
	assert_int_equal(sluice_edit_set(&text, "tape", "name", "archive", &error), 0);
	assert_int_equal(text.length, strlen(lines) - 2); /* its quotes */
	free(text.bytes);
}

/* What is switched off and on again is byte for byte as it was. */
static void test_off_and_on(void **state)
{
	static const char *const pieces[] = {"archive", "collector", "telemetry", "syslog"};
	struct sluice_config_text text = copy_of(lines);
	char *error = NULL;
	size_t number;

	(void)state;
	for (number = 0; number < COUNT(pieces); number++) {
		assert_int_equal(sluice_edit_enable(&text, pieces[number], NULL, false, &error), 0);
		assert_string_not_equal(text.bytes, lines);
		assert_int_equal(sluice_edit_enable(&text, pieces[number], NULL, true, &error), 0);
		assert_string_equal(text.bytes, lines);
	}
	free(text.bytes);
}

/* An edit that cannot be, and the sentence about it: the edit's own, or the first of the check. */
struct refusal {
	enum act act;
	const char *piece, *key, *value;
	const char *sentence;
};

#include "test_edit_refusals.h"

/* Each is refused in a sentence that says why and what would be right. */
static void test_refusals(void **state)
{
	size_t number, wrong = 0;

	(void)state;
	for (number = 0; number < COUNT(refusals); number++) {
		const struct refusal *refusal = &refusals[number];
		struct sluice_config_text text = copy_of(lines);
		struct sluice_findings findings = {0};
		struct sluice_config *config = NULL;
		char *error = NULL;
		const char *found = NULL;
		size_t place;
		int result = act(&text, refusal->act, refusal->piece, refusal->key, refusal->value,
				 &error);

		if (result) {
			found = error;
			assert_string_equal(text.bytes, lines);
		} else {
			(void)sluice_config_parse(text.bytes, text.length, "t", &config, &findings);
			for (place = 0; !found && place < findings.count; place++)
				if (findings.list[place].severity == SLUICE_FINDING_ERROR)
					found = findings.list[place].text;
		}
		if (!found || strcmp(found, refusal->sentence) != 0) {
			print_message("%zu: %s\n   %s\n", number, found ? found : "nothing",
				      refusal->sentence);
			wrong++;
		}
		free(error);
		free(text.bytes);
		sluice_config_free(config);
		sluice_findings_free(&findings);
	}
	assert_true(COUNT(refusals) >= 60);
	assert_int_equal(wrong, 0);
}

/* Texts in which one value is in two places, or that are no configuration. */
static void test_bad_texts(void **state)
{
	struct sluice_config_text text =
		copy_of("inputs:\n- {name: a, port: 1, outputs: &x y}\n- {name: b, port: 2, "
			"outputs: *x}\noutputs: [{name: y, to: h:1}]\n");
	char *error = NULL;

	(void)state;
	assert_int_equal(sluice_edit_set(&text, "a", "port", "3", &error), -EINVAL);
	assert_string_equal(error, "the configuration has an alias (line 3), one value in two "
				   "places: write it out, or change the file and `apply` it");
	free(error);
	free(text.bytes);
	text = copy_of("- a\n- b\n");
	error = NULL;
	assert_int_equal(sluice_edit_set(&text, NULL, "relay", "x", &error), -ENOENT);
	assert_string_equal(error, "the configuration is no mapping of keys and values");
	free(error);
	error = NULL;
	assert_int_equal(sluice_edit_add(&text, SLUICE_PIECE_INPUT, "x", &error), -EINVAL);
	assert_string_equal(error, "the configuration has no list \"inputs\"");
	free(error);
	free(text.bytes);
	text = copy_of("a: [\n");
	error = NULL;
	assert_int_equal(sluice_edit_delete(&text, "x", &error), -EINVAL);
	assert_non_null(strstr(error, "not valid YAML"));
	free(error);
	free(text.bytes);
}

/* Any value set anywhere is read back as it was given, and setting back leaves the rest. */
static void test_any_value(void **state)
{
	static const char *const values[] = {"x",    "-",   "- a",  "a: b", "#",    " ",   "a #b",
					     "*x",   "&x",  "!x",   "%x",   "@x",   "`x",  "'x'",
					     "\"",   "\\n", "{",    "}",    "[a]b", "a,b", "yes",
					     "NULL", "~",   "0x10", "1e3",  "?",    "? a", ":",
					     "::",   "a:",  "ä",    "<<",   "=",    "|",   ">",
					     "---",  "...", "''",   "a\\",  "日本"};
	size_t number, which;

	(void)state;
	for (number = 0; number < COUNT(values); number++)
		for (which = 0; which < 2; which++) {
			const char *base = which ? flow : lines;
			const char *piece = which ? "a" : "telemetry";
			struct sluice_config_text text = copy_of(base);
			struct sluice_pieces pieces;
			char *error = NULL;

			assert_int_equal(
				sluice_edit_set(&text, piece, "interface", values[number], &error),
				0);
			assert_int_equal(
				sluice_pieces_read(text.bytes, text.length, &pieces, &error), 0);
			assert_string_equal(
				sluice_pieces_find(&pieces,
						   sluice_pieces_item(&pieces, piece, &error),
						   "interface")
					->value,
				values[number]);
			sluice_pieces_free(&pieces);
			assert_int_equal(sluice_edit_set(&text, piece, "interface", "", &error), 0);
			assert_string_equal(text.bytes, base);
			free(text.bytes);
		}
}

/* Differences as one line each. @owner caller */
static char *differences(const char *before, const char *after)
{
	struct sluice_pieces one, other;
	struct sluice_difference *list;
	size_t count, number, length;
	char *text, *error = NULL;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	assert_int_equal(sluice_pieces_read(before, strlen(before), &one, &error), 0);
	assert_int_equal(sluice_pieces_read(after, strlen(after), &other, &error), 0);
	assert_int_equal(sluice_pieces_compare(&one, &other, &list, &count), 0);
	for (number = 0; number < count; number++)
		fprintf(stream, "%s%s %s: %s -> %s\n",
			list[number].what == SLUICE_DIFFERENCE_ADDED  ? "+"
			: list[number].what == SLUICE_DIFFERENCE_GONE ? "-"
								      : "",
			list[number].item ? list[number].item->name : "",
			list[number].word ? list[number].word : "",
			list[number].before ? list[number].before : "",
			list[number].after ? list[number].after : "");
	fclose(stream);
	free(list);
	sluice_pieces_free(&one);
	sluice_pieces_free(&other);
	return text;
}

/* What two texts differ in is what they mean, not how they are written. */
static void test_differences(void **state)
{
	static const struct {
		const char *before, *after, *wanted;
	} cases[] = {
		{lines, lines, ""},
		{flow, flow, ""},
		{"inputs: [{name: a, port: 1, outputs: x}]",
		 "inputs:\n- name: a\n  outputs: [x]\n  port: 1\n  verdict: steal\n  priority: 0",
		 ""},
		{"inputs: [{name: a, port: 1}, {name: b, port: 2}]",
		 "inputs: [{name: b, port: 2}, {name: a, port: 1}]", ""},
		{"inputs: [{name: a, port: 1}]", "inputs: [{name: a, port: 2}]",
		 "a port: 1 -> 2\n"},
		{"inputs: [{name: a, port: 1}]", "inputs: [{name: b, port: 1}]",
		 "b name: a -> b\n"},
		{"inputs: [{name: a, port: 1}]", "inputs: [{name: a, port: 1}, {name: b, port: 2}]",
		 "+b :  -> \nb name:  -> b\nb port:  -> 2\n"},
		{"inputs: [{name: a, port: 1}, {name: b, port: 2}]", "inputs: [{name: a, port: 1}]",
		 "-b :  -> \n"},
		{"outputs: [{name: a, batch: {bytes: 1m}}]", "outputs: [{name: a}]",
		 "a batch.bytes: 1m -> \n"},
		{"outputs: [{name: a}]", "outputs: [{name: a, batch: {bytes: 256K, delay: 1ms}}]",
		 "a batch.delay:  -> 1ms\n"},
		{"relay: a", "relay: A\nstore: {drain: oldest}",
		 " relay: a -> A\n store.drain:  -> oldest\n"},
	};
	size_t number;

	(void)state;
	for (number = 0; number < COUNT(cases); number++) {
		char *found = differences(cases[number].before, cases[number].after);

		assert_string_equal(found, cases[number].wanted);
		free(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),		cmocka_unit_test(test_other_texts),
		cmocka_unit_test(test_no_destinations), cmocka_unit_test(test_rename),
		cmocka_unit_test(test_off_and_on),	cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bad_texts),	cmocka_unit_test(test_any_value),
		cmocka_unit_test(test_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
