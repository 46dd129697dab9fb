// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "sluice_match": the table of rules, overlaps, prefixes, interfaces.
 *
 * Contains match.c and match_change.c, so that it tests the same lines as run in the module,
 * beside the module.
 */
#include <kunit/test.h>
#include <linux/inet.h>
#include "../match.c"
#include "../match_change.c"
#include "table.h"

/* A rule for ports @first to @last, allocated for the test, with the name @name. */
static struct sluice_rule *a_rule(struct kunit *test, const char *name, u16 first, u16 last)
{
	struct sluice_rule *rule;

	rule = kunit_kzalloc(test, struct_size(rule, ranges, 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rule);
	strscpy(rule->name, name, sizeof(rule->name));
	rule->ranges[0].first = first;
	rule->ranges[0].last = last;
	rule->range_count = 1;
	return rule;
}

/* Sets a prefix from text; @length -1: the whole address. */
static void set_prefix(struct kunit *test, struct sluice_prefix *prefix, const char *text,
		       int length)
{
	u8 address[16];
	bool is_v6 = strchr(text, ':');

	if (is_v6)
		KUNIT_ASSERT_EQ(test, in6_pton(text, -1, address, -1, NULL), 1);
	else
		KUNIT_ASSERT_EQ(test, in4_pton(text, -1, address, -1, NULL), 1);
	KUNIT_ASSERT_EQ(test, sluice_match_prefix(prefix, address, is_v6 ? 16 : 4, length), 0);
}

/* Finds the rule of a datagram described by text. */
static const struct sluice_rule *find(const struct sluice_match *match, u16 port,
				      const char *source, const char *destination, int ifindex)
{
	__be32 from[4] = {}, to[4] = {};
	struct sluice_ends ends = {
		.source = from,
		.destination = to,
		.family = strchr(source, ':') ? 6 : 4,
		.ifindex = ifindex,
	};

	if (ends.family == 6) {
		in6_pton(source, -1, (u8 *)from, -1, NULL);
		in6_pton(destination, -1, (u8 *)to, -1, NULL);
	} else {
		in4_pton(source, -1, (u8 *)from, -1, NULL);
		in4_pton(destination, -1, (u8 *)to, -1, NULL);
	}
	return sluice_match_find(match, port, &ends);
}

/* A table for the test. */
static struct sluice_match *a_table(struct kunit *test)
{
	struct sluice_match *match = kunit_kzalloc(test, sizeof(*match), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, match);
	KUNIT_ASSERT_EQ(test, sluice_match_init(match), 0);
	test->priv = match;
	return match;
}

/* The rule in the table that clashes with @rule, which would replace @except, or NULL. */
static struct sluice_rule *sluice_match_clash(struct sluice_match *match, struct sluice_rule *rule,
					      struct sluice_rule *except, u16 *port)
{
	struct sluice_match_plan *plan =
		sluice_match_plan(match, &except, except ? 1 : 0, &rule, 1);
	struct sluice_rule *clash, *which;

	if (IS_ERR(plan))
		return ERR_CAST(plan);
	clash = sluice_match_plan_clash(plan, &which, port);
	sluice_match_plan_drop(plan);
	return clash;
}

/* Frees the test's table, with the chains that are still in it. */
static void free_table(struct kunit *test)
{
	struct sluice_match *match = test->priv;

	if (match)
		sluice_match_free(match);
}

/* A range is found at its ports and nowhere else, ports 1 and 65535 included. */
static void range_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *low = a_rule(test, "low", 1, 3);
	struct sluice_rule *high = a_rule(test, "high", 65534, 65535);
	unsigned int port;

	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, low), 0);
	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, high), 0);
	for (port = 0; port < SLUICE_PORTS; port++) {
		const struct sluice_rule *wanted = port >= 1 && port <= 3 ? low :
						   port >= 65534	  ? high :
									    NULL;

		if (find(match, port, "1.2.3.4", "5.6.7.8", 1) != wanted)
			KUNIT_FAIL(test, "port %u", port);
	}
	KUNIT_EXPECT_EQ(test, sluice_match_change(match, low, NULL), 0);
	KUNIT_EXPECT_NULL(test, find(match, 2, "1.2.3.4", "5.6.7.8", 1));
	KUNIT_EXPECT_PTR_EQ(test, find(match, 65535, "::1", "::2", 1), high);
}

/* Replacing a rule moves exactly the ports that differ. */
static void replace_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *old = a_rule(test, "old", 10, 20);
	struct sluice_rule *new = a_rule(test, "new", 15, 25);

	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, old), 0);
	KUNIT_ASSERT_EQ(test, sluice_match_change(match, old, new), 0);
	KUNIT_EXPECT_NULL(test, find(match, 14, "1.1.1.1", "2.2.2.2", 1));
	KUNIT_EXPECT_PTR_EQ(test, find(match, 15, "1.1.1.1", "2.2.2.2", 1), new);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 25, "1.1.1.1", "2.2.2.2", 1), new);
	KUNIT_EXPECT_NULL(test, find(match, 26, "1.1.1.1", "2.2.2.2", 1));
}

/*
 * A rule is found at its own hook only, a change may move it to the other, and rules of different
 * hooks clash as those of one.
 */
static void hooks_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *early = a_rule(test, "early", 65530, 65535);
	struct sluice_rule *late = a_rule(test, "late", 65535, 65535);
	const __be32 address[4] = {};
	struct sluice_ends ends = { .source = address, .destination = address, .family = 4 };
	u16 port = 0;

	late->hook = SLUICE_HOOK_LOCAL_IN;
	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, early), 0);
	KUNIT_EXPECT_PTR_EQ(test, sluice_match_clash(match, late, NULL, &port), early);
	KUNIT_EXPECT_EQ(test, (int)port, 65535);
	KUNIT_EXPECT_NULL(test, sluice_match_clash(match, late, early, &port));
	KUNIT_EXPECT_PTR_EQ(test, sluice_match_find(match, 65535, &ends), early);
	ends.hook = SLUICE_HOOK_LOCAL_IN;
	KUNIT_EXPECT_NULL(test, sluice_match_find(match, 65535, &ends));

	KUNIT_ASSERT_EQ(test, sluice_match_change(match, early, late), 0);
	KUNIT_EXPECT_PTR_EQ(test, sluice_match_find(match, 65535, &ends), late);
	KUNIT_EXPECT_NULL(test, sluice_match_find(match, 65534, &ends));
	ends.hook = SLUICE_HOOK_PREROUTING;
	KUNIT_EXPECT_NULL(test, sluice_match_find(match, 65530, &ends));
	KUNIT_EXPECT_NULL(test, sluice_match_find(match, 65535, &ends));
	KUNIT_EXPECT_PTR_EQ(test, sluice_match_clash(match, early, NULL, &port), late);
}

/* Several rules on one port: each datagram finds its own, and taking one out leaves the others. */
static void chain_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *rules[3];
	unsigned int place;

	for (place = 0; place < 3; place++) {
		char network[16];

		scnprintf(network, sizeof(network), "10.%u.0.0", place);
		rules[place] = a_rule(test, network, 80, 81);
		set_prefix(test, &rules[place]->source, network, 16);
		KUNIT_ASSERT_TRUE(test, sluice_match_prepare(rules[place]));
		KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, rules[place]), 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, find(match, 80, "10.0.255.255", "9.9.9.9", 1), rules[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 81, "10.1.0.0", "9.9.9.9", 1), rules[1]);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 80, "10.2.1.1", "9.9.9.9", 1), rules[2]);
	KUNIT_EXPECT_NULL(test, find(match, 80, "10.3.1.1", "9.9.9.9", 1));
	KUNIT_EXPECT_NULL(test, find(match, 80, "::ffff:10.2.1.1", "::1", 1));

	KUNIT_EXPECT_EQ(test, sluice_match_change(match, rules[1], NULL), 0);
	KUNIT_EXPECT_NULL(test, find(match, 80, "10.1.0.0", "9.9.9.9", 1));
	KUNIT_EXPECT_PTR_EQ(test, find(match, 80, "10.2.1.1", "9.9.9.9", 1), rules[2]);
	KUNIT_EXPECT_EQ(test, sluice_match_change(match, rules[0], NULL), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 80, "10.2.1.1", "9.9.9.9", 1), rules[2]);
	KUNIT_EXPECT_EQ(test, match->slots[80], (unsigned long)rules[2]);
	KUNIT_EXPECT_EQ(test, sluice_match_change(match, rules[2], NULL), 0);
	KUNIT_EXPECT_EQ(test, match->slots[80], 0UL);
}

/* Prefix lengths at and beside the borders of words. */
static void prefix_test(struct kunit *test)
{
	static const struct {
		const char *prefix;
		int length;
		const char *inside;
		const char *outside;
	} cases[] = {
		{ "10.9.0.1", -1, "10.9.0.1", "10.9.0.2" },
		{ "10.9.0.1", 32, "10.9.0.1", "10.9.0.0" },
		{ "10.9.0.1", 31, "10.9.0.0", "10.9.0.2" },
		{ "10.9.0.0", 24, "10.9.0.255", "10.9.1.0" },
		{ "128.0.0.0", 1, "255.0.0.1", "127.255.255.255" },
		{ "1.2.3.4", 0, "255.255.255.255", NULL },
		{ "fd09::1", -1, "fd09::1", "fd09::2" },
		{ "fd09::", 127, "fd09::1", "fd09::2" },
		{ "fd09:0:0:1::", 64, "fd09:0:0:1:ffff::", "fd09:0:0:2::" },
		{ "fd09:0:0:1::", 63, "fd09::1", "fd09:0:0:2::" },
		{ "fd09:0:8000::", 33, "fd09:0:ffff::", "fd09:0:7fff::" },
		{ "fd09::", 32, "fd09:0:1::", "fd09:1::" },
		{ "::", 0, "ffff::", NULL },
	};
	unsigned int place;

	for (place = 0; place < ARRAY_SIZE(cases); place++) {
		bool is_v6 = strchr(cases[place].prefix, ':');
		const char *other = is_v6 ? "::9" : "9.9.9.9";
		struct sluice_match *match = a_table(test);
		struct sluice_rule *rule = a_rule(test, "rule", 7, 7);

		set_prefix(test, &rule->destination, cases[place].prefix, cases[place].length);
		KUNIT_ASSERT_TRUE(test, sluice_match_prepare(rule));
		KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, rule), 0);
		KUNIT_EXPECT_PTR_EQ_MSG(test, find(match, 7, other, cases[place].inside, 1), rule,
					"%s/%d", cases[place].prefix, cases[place].length);
		if (cases[place].outside)
			KUNIT_EXPECT_NULL_MSG(test,
					      find(match, 7, other, cases[place].outside, 1),
					      "%s/%d", cases[place].prefix, cases[place].length);
		/* A prefix of length 0 still says which family. */
		if (is_v6)
			KUNIT_EXPECT_NULL(test, find(match, 7, "9.9.9.9", "0.0.0.0", 1));
		else
			KUNIT_EXPECT_NULL(test, find(match, 7, "::9", "::", 1));
		sluice_match_free(match);
		test->priv = NULL;
	}
}

/* What is no prefix is refused. */
static void bad_prefix_test(struct kunit *test)
{
	struct sluice_prefix prefix;
	u8 address[16] = {};

	KUNIT_EXPECT_EQ(test, sluice_match_prefix(&prefix, address, 4, 33), -EINVAL);
	KUNIT_EXPECT_EQ(test, sluice_match_prefix(&prefix, address, 16, 129), -EINVAL);
	KUNIT_EXPECT_EQ(test, sluice_match_prefix(&prefix, address, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, sluice_match_prefix(&prefix, address, 5, 0), -EINVAL);
}

/* An interface that is not there (index 0) matches nothing; one that appears does. */
static void interface_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *rule = a_rule(test, "rule", 7, 7);

	strscpy(rule->interface, "eth7", sizeof(rule->interface));
	KUNIT_ASSERT_TRUE(test, sluice_match_prepare(rule));
	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, rule), 0);
	KUNIT_EXPECT_NULL(test, find(match, 7, "1.1.1.1", "2.2.2.2", 3));
	rule->ifindex = 3;
	KUNIT_EXPECT_PTR_EQ(test, find(match, 7, "1.1.1.1", "2.2.2.2", 3), rule);
	KUNIT_EXPECT_NULL(test, find(match, 7, "1.1.1.1", "2.2.2.2", 4));
}

/* One rule of a pair, as text. */
struct described {
	u16 first, last;
	const char *destination;
	int destination_length;
	const char *source;
	int source_length;
	const char *interface;
};

/* Makes it. */
static struct sluice_rule *described_rule(struct kunit *test, const struct described *what)
{
	struct sluice_rule *rule = a_rule(test, "described", what->first, what->last);

	if (what->destination)
		set_prefix(test, &rule->destination, what->destination, what->destination_length);
	if (what->source)
		set_prefix(test, &rule->source, what->source, what->source_length);
	if (what->interface)
		strscpy(rule->interface, what->interface, sizeof(rule->interface));
	KUNIT_ASSERT_TRUE(test, sluice_match_prepare(rule));
	return rule;
}

/* Which pairs of rules clash, either way round, and at which port first. */
static void clash_test(struct kunit *test)
{
	static const struct {
		struct described one, two;
		int port; /* 0: they do not */
	} pairs[] = {
		{ { 5000, 5000 }, { 5000, 5000 }, 5000 },
		{ { 5000, 5003 }, { 5003, 5009 }, 5003 },
		{ { 5000, 5003 }, { 5004, 5009 }, 0 },
		{ { 9, 9, "10.0.0.0", 8 }, { 9, 9, "10.1.0.0", 16 }, 9 },
		{ { 9, 9, "10.0.0.0", 16 }, { 9, 9, "10.1.0.0", 16 }, 0 },
		{ { 9, 9, "10.0.0.0", 8 }, { 9, 9, NULL, 0, "10.0.0.0", 8 }, 9 },
		{ { 9, 9, "10.0.0.0", 8 }, { 9, 9, "fd09::", 16 }, 0 },
		{ { 9, 9, "10.0.0.0", 8 }, { 9, 9, NULL, 0, "fd09::", 16 }, 0 },
		{ { 9, 9, "0.0.0.0", 0 }, { 9, 9, "::", 0 }, 0 },
		{ { 9, 9, "0.0.0.0", 0 }, { 9, 9 }, 9 },
		{ { 9, 9, NULL, 0, NULL, 0, "eth0" }, { 9, 9, NULL, 0, NULL, 0, "eth1" }, 0 },
		{ { 9, 9, NULL, 0, NULL, 0, "eth0" }, { 9, 9, NULL, 0, NULL, 0, "eth0" }, 9 },
		{ { 9, 9, NULL, 0, NULL, 0, "eth0" }, { 9, 9 }, 9 },
		{ { 9, 9, "fd09::", 16, "fd0a::", 16 }, { 9, 9, "fd09::1", 128, "fd0b::", 16 }, 0 },
		{ { 9, 9, "fd09::", 16, "fd0a::", 16 }, { 9, 9, "fd09::1", 128, "fd0a::", 15 }, 9 },
	};
	unsigned int place, turn;

	for (place = 0; place < ARRAY_SIZE(pairs); place++) {
		for (turn = 0; turn < 2; turn++) {
			struct sluice_match *match = a_table(test);
			struct sluice_rule *one = described_rule(test, &pairs[place].one);
			struct sluice_rule *two = described_rule(test, &pairs[place].two);
			struct sluice_rule *clash, *wanted;
			u16 port = 0;

			if (turn)
				swap(one, two);
			KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, one), 0);
			clash = sluice_match_clash(match, two, NULL, &port);
			wanted = pairs[place].port ? one : NULL;
			KUNIT_EXPECT_PTR_EQ_MSG(test, clash, wanted, "pair %u turn %u", place,
						turn);
			KUNIT_EXPECT_EQ_MSG(test, (int)port, pairs[place].port, "pair %u turn %u",
					    place, turn);
			/* Not with the one that it replaces. */
			KUNIT_EXPECT_NULL(test, sluice_match_clash(match, two, one, &port));
			sluice_match_free(match);
			test->priv = NULL;
		}
	}
}

/* Ranges are sorted and joined; empty ones and port 0 are refused. */
static void ranges_test(struct kunit *test)
{
	struct sluice_port_range ranges[] = { { 100, 200 }, { 1, 1 }, { 2, 5 }, { 150, 300 },
					      { 65535, 65535 }, { 5, 5 }, { 302, 302 } };
	struct sluice_port_range backwards[] = { { 5, 4 } }, zero[] = { { 0, 4 } };
	unsigned int count = ARRAY_SIZE(ranges), one = 1;

	KUNIT_ASSERT_TRUE(test, sluice_match_ranges(ranges, &count));
	KUNIT_ASSERT_EQ(test, count, 4U);
	KUNIT_EXPECT_EQ(test, ranges[0].first, 1);
	KUNIT_EXPECT_EQ(test, ranges[0].last, 5);
	KUNIT_EXPECT_EQ(test, ranges[1].first, 100);
	KUNIT_EXPECT_EQ(test, ranges[1].last, 300);
	KUNIT_EXPECT_EQ(test, ranges[2].first, 302);
	KUNIT_EXPECT_EQ(test, ranges[3].last, 65535);
	KUNIT_EXPECT_FALSE(test, sluice_match_ranges(backwards, &one));
	KUNIT_EXPECT_FALSE(test, sluice_match_ranges(zero, &one));
}

/* A rule whose source and destination are of different families matches nothing, and says so. */
static void families_test(struct kunit *test)
{
	struct sluice_rule *rule = a_rule(test, "rule", 7, 7);

	set_prefix(test, &rule->destination, "10.0.0.0", 8);
	set_prefix(test, &rule->source, "fd09::", 16);
	KUNIT_EXPECT_FALSE(test, sluice_match_prepare(rule));
}

/* Works out a change of two rules for two; the test fails if that cannot be had. */
static struct sluice_match_plan *a_plan(struct kunit *test, struct sluice_match *match,
					struct sluice_rule **remove, struct sluice_rule **add)
{
	struct sluice_match_plan *plan = sluice_match_plan(match, remove, 2, add, 2);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, plan);
	return plan;
}

/*
 * Two rules exchange their ports in one step: they clash with each other's successors no more than
 * with their own, and a plan that is dropped leaves everything as it was.
 */
static void exchange_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *old[] = { a_rule(test, "one", 10, 19), a_rule(test, "two", 20, 29) };
	struct sluice_rule *new[] = { a_rule(test, "one", 20, 29), a_rule(test, "two", 10, 19) };
	struct sluice_rule *third = a_rule(test, "third", 30, 30), *rule;
	struct sluice_match_plan *plan;
	u16 port = 0;

	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, old[0]), 0);
	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, old[1]), 0);
	KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, third), 0);

	plan = a_plan(test, match, old, new);
	KUNIT_EXPECT_NULL(test, sluice_match_plan_clash(plan, &rule, &port));
	KUNIT_EXPECT_FALSE(test, plan->bridged);
	sluice_match_plan_drop(plan);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 19, "1.1.1.1", "2.2.2.2", 1), old[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 20, "1.1.1.1", "2.2.2.2", 1), old[1]);

	/* One that stays is in the way of one that comes. */
	new[0]->ranges[0].last = 30;
	plan = a_plan(test, match, old, new);
	KUNIT_EXPECT_PTR_EQ(test, sluice_match_plan_clash(plan, &rule, &port), third);
	KUNIT_EXPECT_PTR_EQ(test, rule, new[0]);
	KUNIT_EXPECT_EQ(test, (int)port, 30);
	sluice_match_plan_drop(plan);

	/* Two that come are in each other's. */
	new[0]->ranges[0].first = 19;
	new[0]->ranges[0].last = 29;
	plan = a_plan(test, match, old, new);
	KUNIT_EXPECT_PTR_EQ(test, sluice_match_plan_clash(plan, &rule, &port), new[1]);
	KUNIT_EXPECT_PTR_EQ(test, rule, new[0]);
	KUNIT_EXPECT_EQ(test, (int)port, 19);
	sluice_match_plan_drop(plan);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 19, "1.1.1.1", "2.2.2.2", 1), old[0]);

	new[0]->ranges[0].first = 20;
	sluice_match_plan_make(a_plan(test, match, old, new));
	KUNIT_EXPECT_PTR_EQ(test, find(match, 19, "1.1.1.1", "2.2.2.2", 1), new[1]);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 20, "1.1.1.1", "2.2.2.2", 1), new[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 30, "1.1.1.1", "2.2.2.2", 1), third);
}

/*
 * Two rules for one port, of different destinations, exchange their hooks: in between, each hook
 * finds for a datagram what comes there, and what goes from there for one that has passed the
 * other.
 */
static void bridge_test(struct kunit *test)
{
	struct sluice_match *match = a_table(test);
	struct sluice_rule *old[2], *new[2];
	struct sluice_match_plan *plan;
	const struct sluice_chain *chain;
	unsigned int number;

	for (number = 0; number < 2; number++) {
		old[number] = a_rule(test, "old", 7, 7);
		new[number] = a_rule(test, "new", 7, 7);
		set_prefix(test, &old[number]->destination, number ? "2.2.2.2" : "1.1.1.1", -1);
		new[number]->destination = old[number]->destination;
		old[number]->hook = number;
		new[number]->hook = !number;
		KUNIT_ASSERT_TRUE(test, sluice_match_prepare(old[number]));
		KUNIT_ASSERT_TRUE(test, sluice_match_prepare(new[number]));
		KUNIT_ASSERT_EQ(test, sluice_match_change(match, NULL, old[number]), 0);
	}
	plan = a_plan(test, match, old, new);
	KUNIT_EXPECT_TRUE(test, plan->bridged);
	KUNIT_ASSERT_EQ(test, plan->count, 2U);
	for (number = 0; number < 2; number++) {
		chain = sluice_slot_chain(plan->slots[number].bridge);
		KUNIT_ASSERT_NOT_NULL(test, chain);
		KUNIT_ASSERT_EQ(test, chain->count, 2U);
		KUNIT_EXPECT_PTR_EQ(test, chain->rules[0], new[!number]);
		KUNIT_EXPECT_PTR_EQ(test, chain->rules[1], old[number]);
	}
	sluice_match_plan_make(plan);
	KUNIT_EXPECT_PTR_EQ(test, find(match, 7, "9.9.9.9", "2.2.2.2", 1), new[1]);
	KUNIT_EXPECT_NULL(test, find(match, 7, "9.9.9.9", "1.1.1.1", 1));
	KUNIT_EXPECT_EQ(test, match->slots[sluice_match_place(SLUICE_HOOK_LOCAL_IN, 7)],
			(unsigned long)new[0]);
}

static struct kunit_case cases[] = { KUNIT_CASE(range_test),
				     KUNIT_CASE(replace_test),
				     KUNIT_CASE(chain_test),
				     KUNIT_CASE(prefix_test),
				     KUNIT_CASE(bad_prefix_test),
				     KUNIT_CASE(interface_test),
				     KUNIT_CASE(clash_test),
				     KUNIT_CASE(ranges_test),
				     KUNIT_CASE(families_test),
				     KUNIT_CASE(hooks_test),
				     KUNIT_CASE(exchange_test),
				     KUNIT_CASE(bridge_test),
				     {} };

static struct kunit_suite suite = {
	.name = "sluice_match",
	.exit = free_table,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of sluice's rule table");
