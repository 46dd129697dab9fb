// SPDX-License-Identifier: MIT
/*
 * Which output is which from one configuration to the next: what people edit every week (names,
 * addresses, modes, ids) keeps the GUID that cursors and frames have; what is another output never
 * gets it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "config/check.h"
#include "daemon/identity/identity.h"
#include "daemon/identity/identity_file.h"
#include "lib/guid.h"

#define ID_A "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001"
#define ID_B "0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0002"

/* A configuration with these lines of `outputs:`, all of which the one input goes to. */
static struct sluice_config *make(const char *names, const char *outputs)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char *text = NULL, *said;

	assert_true(asprintf(&text,
			     "relay: r\ninputs: [{name: i, port: 5000, source: socket, outputs: "
			     "[%s]}]\noutputs:\n%s",
			     names, outputs) > 0);
	if (sluice_config_parse(text, strlen(text), "/tmp/identity.yaml", &config, &findings)) {
		said = sluice_findings_text(&findings, "x");
		fail_msg("%s\n%s", text, said);
	}
	sluice_findings_free(&findings);
	free(text);
	return config;
}

/* What is remembered, over one configuration after the other. */
static struct sluice_identity known;

/* Going on to a configuration with `wishes` is refused, with `sentence` in what is said. */
static void is_refused(const char *names, const char *outputs, const struct sluice_wishes *wishes,
		       const char *sentence)
{
	struct sluice_config *config = make(names, outputs);
	struct sluice_identity next;
	char *error = NULL;

	assert_int_equal(sluice_identity_resolve(&known, config), 0);
	assert_int_equal(sluice_identity_follow(&known, config, wishes, &next, &error), -EINVAL);
	assert_non_null(strstr(error, sentence));
	free(error);
	sluice_config_free(config);
}

/* Goes on to a configuration with `wishes`; returns it. */
static struct sluice_config *follow(const char *names, const char *outputs,
				    const struct sluice_wishes *wishes)
{
	struct sluice_config *config = make(names, outputs);
	struct sluice_identity next;
	char *error = NULL;

	assert_int_equal(sluice_identity_resolve(&known, config), 0);
	if (sluice_identity_follow(&known, config, wishes, &next, &error))
		fail_msg("%s", error);
	sluice_identity_free(&known);
	known = next;
	return config;
}

/* Keeps the id of lane `number` of a configuration, which is freed. */
static void keep_id(struct sluice_config *config, size_t number, uint8_t id[SLUICE_GUID_SIZE])
{
	assert_true(number < config->output_count);
	memcpy(id, config->outputs[number].id, SLUICE_GUID_SIZE);
	sluice_config_free(config);
}

/* Is it remembered as that of an output that is gone? */
static bool is_past(const uint8_t id[SLUICE_GUID_SIZE])
{
	size_t number, lane;

	for (number = 0; number < known.count; number++)
		for (lane = 0; lane < known.outputs[number].lane_count; lane++)
			if (!memcmp(known.outputs[number].lanes[lane].id, id, SLUICE_GUID_SIZE))
				return !known.outputs[number].in_force;
	return false;
}

/* Each test begins with nothing remembered. */
static int forget(void **state)
{
	(void)state;
	sluice_identity_free(&known);
	return 0;
}

/* One line is changed, in every way that a person does it: the cursor stays the same. */
static void an_edited_output_is_the_same(void **state)
{
	static const struct {
		const char *what, *names, *outputs;
	} edits[] = {
		{"renamed", "b", "  - {name: b, to: ['10.0.0.1:6000']}\n"},
		{"another address", "a", "  - {name: a, to: ['10.0.0.9:6000']}\n"},
		{"another spelling", "a", "  - {name: a, to: ['Collector.example:6000']}\n"},
		{"renamed, upper case", "b", "  - {name: b, to: ['10.0.0.1:6000']}\n"},
		{"one more", "a", "  - {name: a, to: ['10.0.0.2:6000', '10.0.0.1:6000']}\n"},
		{"duplicate", "a", "  - {name: a, mode: duplicate, to: ['10.0.0.1:6000']}\n"},
		{"duplicate of two", "a",
		 "  - {name: a, mode: duplicate, to: ['10.0.0.1:6000', '10.0.0.2:6000']}\n"},
		{"duplicate, renamed, moved in the list", "b",
		 "  - {name: b, mode: duplicate, to: ['10.0.0.1:6000', '10.0.0.2:6000']}\n"},
		{"an id", "a", "  - {name: a, id: " ID_A ", to: ['10.0.0.1:6000']}\n"},
		{"id and name", "b", "  - {name: b, id: " ID_A ", to: ['10.0.0.1:6000']}\n"},
		{"another framing", "b", "  - {name: b, framing: raw, to: ['10.0.0.1:6000']}\n"},
		{"others before it", "b,a",
		 "  - {name: b, to: ['10.0.0.7:6000']}\n  - {name: a, to: ['10.0.0.1:6000']}\n"},
	};
	uint8_t before[SLUICE_GUID_SIZE], after[SLUICE_GUID_SIZE], again[SLUICE_GUID_SIZE];
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(edits) / sizeof(edits[0]); number++) {
		struct sluice_config *config;

		sluice_identity_free(&known);
		keep_id(follow("a", "  - {name: a, to: ['10.0.0.1:6000']}\n", NULL), 0, before);
		config = follow(edits[number].names, edits[number].outputs, NULL);
		keep_id(config, strchr(edits[number].names, ',') ? 1 : 0, after);
		if (memcmp(before, after, sizeof(before)) != 0 || is_past(before))
			fail_msg("%s: another cursor", edits[number].what);
		/* And back. */
		keep_id(follow("a", "  - {name: a, to: ['10.0.0.1:6000']}\n", NULL), 0, again);
		if (memcmp(before, again, sizeof(before)) != 0)
			fail_msg("%s, and back: another cursor", edits[number].what);
	}
}

/* The id that is written is what the user sees; the cursor does not depend on it. */
static void an_id_is_the_users_word(void **state)
{
	struct sluice_config *config;
	uint8_t id[SLUICE_GUID_SIZE], wanted[SLUICE_GUID_SIZE];

	(void)state;
	keep_id(follow("a", "  - {name: a, to: ['10.0.0.1:6000']}\n", NULL), 0, id);
	config = follow("a", "  - {name: a, id: " ID_B ", to: ['10.0.0.1:6000']}\n", NULL);
	assert_int_equal(sluice_guid_parse(ID_B, wanted), 0);
	assert_memory_equal(config->outputs[0].group, wanted, SLUICE_GUID_SIZE);
	assert_memory_equal(config->outputs[0].id, id, SLUICE_GUID_SIZE);
	sluice_config_free(config);
	/* An id says more than name and address. */
	config = follow("x,y",
			"  - {name: x, to: ['10.0.0.1:6000']}\n"
			"  - {name: y, id: " ID_B ", to: ['10.0.0.3:6000']}\n",
			NULL);
	assert_memory_equal(config->outputs[1].id, id, SLUICE_GUID_SIZE);
	assert_memory_not_equal(config->outputs[0].id, id, SLUICE_GUID_SIZE);
	sluice_config_free(config);
}

/* Another output never gets a GUID that one has or had, although names repeat. */
static void no_guid_is_given_twice(void **state)
{
	uint8_t first[SLUICE_GUID_SIZE], second[SLUICE_GUID_SIZE], third[SLUICE_GUID_SIZE];
	struct sluice_config *config;

	(void)state;
	keep_id(follow("a", "  - {name: a, to: ['10.0.0.1:6000']}\n", NULL), 0, first);
	/* a becomes b, and another a comes. */
	config = follow("a,b",
			"  - {name: a, to: ['10.0.0.2:6000']}\n  - {name: b, to: "
			"['10.0.0.1:6000']}\n",
			NULL);
	/* By name first: the new line that is called a is the same output with another address. */
	assert_memory_equal(config->outputs[0].id, first, SLUICE_GUID_SIZE);
	assert_memory_not_equal(config->outputs[1].id, first, SLUICE_GUID_SIZE);
	sluice_config_free(config);
	/* In two steps it is clear. */
	sluice_identity_free(&known);
	keep_id(follow("a", "  - {name: a, to: ['10.0.0.1:6000']}\n", NULL), 0, first);
	keep_id(follow("b", "  - {name: b, to: ['10.0.0.1:6000']}\n", NULL), 0, second);
	assert_memory_equal(first, second, SLUICE_GUID_SIZE);
	config = follow("a,b",
			"  - {name: a, to: ['10.0.0.2:6000']}\n  - {name: b, to: "
			"['10.0.0.1:6000']}\n",
			NULL);
	memcpy(third, config->outputs[0].id, sizeof(third));
	assert_memory_equal(config->outputs[1].id, first, SLUICE_GUID_SIZE);
	assert_memory_not_equal(third, first, SLUICE_GUID_SIZE);
	assert_memory_not_equal(config->outputs[0].group, config->outputs[1].group,
				SLUICE_GUID_SIZE);
	sluice_config_free(config);
	/* They keep that. */
	config = follow("a,b",
			"  - {name: a, to: ['10.0.0.2:6000']}\n  - {name: b, to: "
			"['10.0.0.1:6000']}\n",
			NULL);
	assert_memory_equal(config->outputs[0].id, third, SLUICE_GUID_SIZE);
	assert_memory_equal(config->outputs[1].id, first, SLUICE_GUID_SIZE);
	sluice_config_free(config);
}

/* What is taken away is remembered, and is the same when it comes back. */
static void one_that_was_away_is_the_same(void **state)
{
	uint8_t id[SLUICE_GUID_SIZE], again[SLUICE_GUID_SIZE];

	(void)state;
	keep_id(follow("a,b",
		       "  - {name: a, to: ['10.0.0.1:6000']}\n  - {name: b, to: "
		       "['10.0.0.2:6000']}\n",
		       NULL),
		1, id);
	sluice_config_free(follow("a", "  - {name: a, to: ['10.0.0.1:6000']}\n", NULL));
	assert_true(is_past(id));
	assert_string_equal(sluice_identity_name(&known, id), "b");
	keep_id(follow("a,b",
		       "  - {name: a, to: ['10.0.0.1:6000']}\n  - {name: b, to: "
		       "['10.0.0.5:6000']}\n",
		       NULL),
		1, again);
	assert_memory_equal(id, again, SLUICE_GUID_SIZE);
}

/*
 * Destinations of a duplicating output are told apart; a changed address is the one in its
 * place.
 */
static void lanes_are_matched(void **state)
{
	uint8_t one[SLUICE_GUID_SIZE], two[SLUICE_GUID_SIZE];
	struct sluice_config *config = follow(
		"a", "  - {name: a, mode: duplicate, to: ['10.0.0.1:6000', '10.0.0.2:6000']}\n",
		NULL);

	(void)state;
	memcpy(one, config->outputs[0].id, sizeof(one));
	memcpy(two, config->outputs[1].id, sizeof(two));
	sluice_config_free(config);
	/* In another order, one with another address. */
	config = follow("a",
			"  - {name: a, mode: duplicate, to: ['10.0.0.2:6000', '10.0.0.3:6000']}\n",
			NULL);
	assert_memory_equal(config->outputs[0].id, two, SLUICE_GUID_SIZE);
	assert_memory_equal(config->outputs[1].id, one, SLUICE_GUID_SIZE);
	sluice_config_free(config);
	/* One less: what waited for it is nobody's. */
	config = follow("a", "  - {name: a, mode: duplicate, to: ['10.0.0.2:6000']}\n", NULL);
	assert_memory_equal(config->outputs[0].id, two, SLUICE_GUID_SIZE);
	assert_true(is_past(one));
	assert_false(sluice_identity_is_cared_for(&known, config, one));
	sluice_config_free(config);
	/* Back to two, then to one that gets all: what waits for either goes there. */
	sluice_config_free(follow(
		"a", "  - {name: a, mode: duplicate, to: ['10.0.0.2:6000', '10.0.0.3:6000']}\n",
		NULL));
	config = follow("a", "  - {name: a, to: ['10.0.0.3:6000', '10.0.0.2:6000']}\n", NULL);
	assert_int_equal(config->output_count, 1);
	assert_true(sluice_identity_is_cared_for(&known, config, one));
	assert_true(sluice_identity_is_cared_for(&known, config, two));
	assert_memory_equal(sluice_identity_heir(&known, one), config->outputs[0].id, 16);
	assert_memory_equal(sluice_identity_heir(&known, two), config->outputs[0].id, 16);
	sluice_config_free(config);
}

/* What the operator says of an output that goes. */
static void wishes_are_granted(void **state)
{
	static const struct sluice_wish adopt[] = {{"b", "a"}}, drop[] = {{"c", NULL}};
	static const struct sluice_wish wrong[] = {{"b", "nobody"}, {"nobody", "a"}, {"a", NULL}};
	struct sluice_wishes wishes = {adopt, 1};
	uint8_t b[SLUICE_GUID_SIZE], c[SLUICE_GUID_SIZE];
	struct sluice_config *config;
	struct sluice_identity next;
	char *error = NULL;
	size_t number, count;
	uint8_t(*cursors)[SLUICE_GUID_SIZE];

	(void)state;
	config = follow("a,b,c",
			"  - {name: a, to: ['10.0.0.1:1']}\n  - {name: b, to: ['10.0.0.2:1']}\n"
			"  - {name: c, to: ['10.0.0.3:1']}\n",
			NULL);
	memcpy(b, config->outputs[1].id, sizeof(b));
	memcpy(c, config->outputs[2].id, sizeof(c));
	sluice_config_free(config);
	config = make("a", "  - {name: a, to: ['10.0.0.1:1']}\n");
	assert_int_equal(sluice_identity_resolve(&known, config), 0);
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++) {
		struct sluice_wishes bad = {&wrong[number], 1};

		assert_true(sluice_identity_follow(&known, config, &bad, &next, &error) < 0);
		assert_non_null(error);
		free(error);
		error = NULL;
	}
	sluice_config_free(config);
	config = follow("a,c",
			"  - {name: a, to: ['10.0.0.1:1']}\n  - {name: c, to: ['10.0.0.3:1']}\n",
			&wishes);
	assert_memory_equal(sluice_identity_heir(&known, b), config->outputs[0].id, 16);
	sluice_config_free(config);
	wishes.list = drop;
	config = follow("a", "  - {name: a, to: ['10.0.0.1:1']}\n", &wishes);
	assert_null(sluice_identity_heir(&known, c));
	/* The first one is still true. */
	assert_memory_equal(sluice_identity_heir(&known, b), config->outputs[0].id, 16);
	cursors = sluice_identity_cursors(&known, config, &count);
	assert_int_equal(count, 3);
	free(cursors);
	sluice_config_free(config);
	/* An heir that goes, too: then it depends on what becomes of that. */
	config = follow("z", "  - {name: z, to: ['10.0.0.8:1']}\n", NULL);
	assert_false(sluice_identity_is_cared_for(&known, config, b));
	sluice_config_free(config);
	config = follow("a", "  - {name: a, to: ['10.0.0.1:1']}\n", NULL);
	assert_true(sluice_identity_is_cared_for(&known, config, b));
	sluice_config_free(config);
	/* One that comes back cares for itself. */
	config = follow("a,b",
			"  - {name: a, to: ['10.0.0.1:1']}\n  - {name: b, to: ['10.0.0.2:1']}\n",
			NULL);
	assert_memory_equal(config->outputs[1].id, b, SLUICE_GUID_SIZE);
	assert_memory_equal(sluice_identity_heir(&known, b), b, SLUICE_GUID_SIZE);
	sluice_config_free(config);
}

/* What an output lost under an earlier name is its own still, and no other's of that name. */
static void lanes_of_a_renamed_output_are_its_own(void **state)
{
	static const char both[] = "  - {name: b, to: ['10.0.0.1:1', '10.0.0.2:1']}\n";
	uint8_t one[SLUICE_GUID_SIZE], two[SLUICE_GUID_SIZE], again[SLUICE_GUID_SIZE];
	struct sluice_config *config;

	(void)state;
	config = follow("a", "  - {name: a, mode: duplicate, to: ['10.0.0.1:1', '10.0.0.2:1']}\n",
			NULL);
	memcpy(one, config->outputs[0].id, sizeof(one));
	memcpy(two, config->outputs[1].id, sizeof(two));
	sluice_config_free(config);
	/* Renamed and one for all; then a new one of the old name. */
	sluice_config_free(follow("b", both, NULL));
	config = follow("b,a",
			"  - {name: b, to: ['10.0.0.1:1', '10.0.0.2:1']}\n"
			"  - {name: a, to: ['10.0.0.2:1']}\n",
			NULL);
	assert_memory_equal(config->outputs[0].id, one, SLUICE_GUID_SIZE);
	assert_memory_not_equal(config->outputs[1].id, one, SLUICE_GUID_SIZE);
	assert_memory_not_equal(config->outputs[1].id, two, SLUICE_GUID_SIZE);
	assert_memory_not_equal(config->outputs[1].group, config->outputs[0].group,
				SLUICE_GUID_SIZE);
	assert_memory_equal(sluice_identity_heir(&known, two), one, SLUICE_GUID_SIZE);
	sluice_config_free(config);
	/* Renamed back: the cursor that it has, not one that it had. */
	sluice_config_free(follow("b", both, NULL));
	keep_id(follow("c", "  - {name: c, to: ['10.0.0.2:1', '10.0.0.1:1']}\n", NULL), 0, again);
	assert_memory_equal(again, one, SLUICE_GUID_SIZE);
	sluice_identity_free(&known);
	sluice_config_free(follow(
		"a", "  - {name: a, mode: duplicate, to: ['10.0.0.1:1', '10.0.0.2:1']}\n", NULL));
	keep_id(follow("b", both, NULL), 0, one);
	keep_id(follow("a", "  - {name: a, to: ['10.0.0.2:1', '10.0.0.1:1']}\n", NULL), 0, again);
	assert_memory_equal(again, one, SLUICE_GUID_SIZE);
}

/* An `id` that is written leads to what the output has now, not to what it lost. */
static void an_id_leads_to_what_is_in_force(void **state)
{
	uint8_t id[SLUICE_GUID_SIZE], again[SLUICE_GUID_SIZE];

	(void)state;
	sluice_config_free(follow("a",
				  "  - {name: a, id: " ID_A
				  ", mode: duplicate, to: ['10.0.0.1:1', '10.0.0.2:1']}\n",
				  NULL));
	keep_id(follow("a", "  - {name: a, id: " ID_A ", to: ['10.0.0.1:1']}\n", NULL), 0, id);
	keep_id(follow("a", "  - {name: a, id: " ID_A ", to: ['10.0.0.9:1']}\n", NULL), 0, again);
	assert_memory_equal(again, id, SLUICE_GUID_SIZE);
}

/*
 * One that was away comes back by its id under another name: to give it to itself is right, to drop
 * it is not.
 */
static void one_that_was_away_is_given_to_itself(void **state)
{
	static const struct sluice_wish adopt[] = {{"a", "b"}}, drop[] = {{"a", NULL}};
	static const char away[] = "  - {name: c, to: ['10.0.0.3:1']}\n";
	static const char back[] = "  - {name: b, id: " ID_A ", to: ['10.0.0.2:1']}\n"
				   "  - {name: c, to: ['10.0.0.3:1']}\n";
	struct sluice_wishes wishes = {drop, 1};
	uint8_t id[SLUICE_GUID_SIZE], again[SLUICE_GUID_SIZE];

	(void)state;
	keep_id(follow("a", "  - {name: a, id: " ID_A ", to: ['10.0.0.1:1']}\n", NULL), 0, id);
	sluice_config_free(follow("c", away, NULL));
	is_refused("b,c", back, &wishes, "goes on as `b`");
	wishes.list = adopt;
	keep_id(follow("b,c", back, &wishes), 0, again);
	assert_memory_equal(again, id, SLUICE_GUID_SIZE);
	assert_memory_equal(sluice_identity_heir(&known, id), id, SLUICE_GUID_SIZE);
}

/* Of an output that goes on, what waits for a destination that it has no more can be decided. */
static void wishes_for_destinations_that_go(void **state)
{
	static const struct sluice_wish drop[] = {{"a", NULL}}, adopt[] = {{"a", "b"}};
	static const char renamed[] = "  - {name: b, to: ['10.0.0.1:1']}\n";
	struct sluice_wishes wishes = {drop, 1};
	struct sluice_config *config;
	uint8_t two[SLUICE_GUID_SIZE];

	(void)state;
	config = follow("a", "  - {name: a, mode: duplicate, to: ['10.0.0.1:1', '10.0.0.2:1']}\n",
			NULL);
	memcpy(two, config->outputs[1].id, sizeof(two));
	sluice_config_free(config);
	config = follow("a", "  - {name: a, mode: duplicate, to: ['10.0.0.1:1']}\n", &wishes);
	assert_null(sluice_identity_heir(&known, two));
	assert_non_null(sluice_identity_heir(&known, config->outputs[0].id));
	sluice_config_free(config);
	/* One that is renamed takes along what waits: said, or not. */
	is_refused("b", renamed, &wishes, "goes on as `b`");
	wishes.list = adopt;
	sluice_config_free(follow("b", renamed, &wishes));
}

/* Replaces the first `old` in a file, which is there, by `new`, which is as long. */
static void replace_in(const char *path, const char *old, const char *new)
{
	static char text[8192];
	FILE *file = fopen(path, "r+");
	size_t length;
	char *at;

	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	at = strstr(text, old);
	assert_non_null(at);
	memcpy(at, new, strlen(new));
	rewind(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

/*
 * What was written is read again; what is damaged, or another's, is not used, and the start goes
 * on.
 */
static void the_file_survives(void **state)
{
	static const struct sluice_wish drop[] = {{"b", NULL}};
	struct sluice_wishes wishes = {drop, 1};
	char directory[] = "/tmp/sluice-identity-XXXXXX", *path = NULL, *aside = NULL, home[64];
	struct sluice_identity read;
	struct sluice_config *config;
	uint8_t id[SLUICE_GUID_SIZE], b[SLUICE_GUID_SIZE];
	char *prefix;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(home, sizeof(home), "%s/x.yaml", directory);
	config = follow("a,b",
			"  - {name: a, to: ['10.0.0.1:1']}\n  - {name: b, to: ['10.0.0.2:1']}\n",
			NULL);
	keep_id(config, 1, b);
	config = follow("n", "  - {name: n, to: ['10.0.0.1:1']}\n", &wishes);
	memcpy(id, config->outputs[0].id, sizeof(id));
	free(config->path);
	config->path = strdup(home);
	config->store.memory_path = strdup(directory);
	assert_int_equal(sluice_identity_save(&known, config, false), 0);
	assert_int_equal(sluice_identity_load(&read, config), 0);
	assert_int_equal(read.count, known.count);
	assert_string_equal(sluice_identity_name(&read, id), "n");
	assert_string_equal(sluice_identity_name(&read, b), "b");
	assert_null(sluice_identity_heir(&read, b));
	assert_int_equal(read.input_count, known.input_count);
	assert_memory_equal(read.inputs[0].id, config->inputs[0].id, SLUICE_GUID_SIZE);
	assert_int_equal(read.inputs[0].number, known.inputs[0].number);
	sluice_identity_free(&read);
	/* A name of one letter that became another: no JSON parser sees it. The other copy serves.
	 */
	prefix = sluice_identity_prefix(home);
	assert_true(asprintf(&path, "%s/%s-outputs.json", sluice_identity_directory(), prefix) > 0);
	assert_true(asprintf(&aside, "%s.damaged-0", path) > 0);
	replace_in(path, "\"name\": \"n\"", "\"name\": \"m\"");
	assert_int_equal(sluice_identity_load(&read, config), 0);
	assert_string_equal(sluice_identity_name(&read, id), "n");
	sluice_identity_free(&read);
	assert_int_equal(unlink(aside), 0);
	/* A pipe. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(sluice_identity_load(&read, config), 0);
	assert_string_equal(sluice_identity_name(&read, id), "n");
	sluice_identity_free(&read);
	assert_int_equal(unlink(aside), 0);
	/* Damaged: both copies. What cannot be read is put aside. */
	file = fopen(path, "w");
	fputs("{\"version\": 1, \"outputs\": [{\"name\": 7}]}", file);
	fclose(file);
	free(path);
	assert_true(asprintf(&path, "%s/%s-outputs.json", directory, prefix) > 0);
	file = fopen(path, "w");
	fputs("no JSON", file);
	fclose(file);
	assert_int_equal(sluice_identity_load(&read, config), 0);
	assert_int_equal(read.count, 0);
	sluice_identity_free(&read);
	assert_int_equal(unlink(aside), 0);
	free(aside);
	assert_true(asprintf(&aside, "%s.damaged-0", path) > 0);
	assert_int_equal(unlink(aside), 0);
	free(aside);
	/* Not ours. */
	assert_int_equal(sluice_identity_save(&known, config, false), 0);
	assert_int_equal(sluice_identity_load(&read, config), 0);
	assert_true(read.count > 0);
	sluice_identity_free(&read);
	/*
	 * Of a configuration file that is gone (it never was there), the relay being the same:
	 * it was moved.
	 */
	free(config->path);
	assert_true(asprintf(&config->path, "%s/moved.yaml", directory) > 0);
	assert_int_equal(sluice_identity_load(&read, config), 0);
	assert_true(read.count > 0);
	assert_string_equal(config->home, home);
	sluice_identity_free(&read);
	sluice_identity_forget(&known, config);
	assert_int_equal(access(path, F_OK), -1);
	sluice_config_free(config);
	free(path);
	free(prefix);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_edited_output_is_the_same, forget),
		cmocka_unit_test_teardown(an_id_is_the_users_word, forget),
		cmocka_unit_test_teardown(no_guid_is_given_twice, forget),
		cmocka_unit_test_teardown(one_that_was_away_is_the_same, forget),
		cmocka_unit_test_teardown(lanes_are_matched, forget),
		cmocka_unit_test_teardown(wishes_are_granted, forget),
		cmocka_unit_test_teardown(lanes_of_a_renamed_output_are_its_own, forget),
		cmocka_unit_test_teardown(an_id_leads_to_what_is_in_force, forget),
		cmocka_unit_test_teardown(one_that_was_away_is_given_to_itself, forget),
		cmocka_unit_test_teardown(wishes_for_destinations_that_go, forget),
		cmocka_unit_test_teardown(the_file_survives, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
