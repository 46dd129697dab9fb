// SPDX-License-Identifier: MIT
/*
 * The module's routes and rules as the configuration wants them; see kmod.h. Before the path of the
 * data, in the control thread. Touches: the module, over netlink.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "../../config/sentence.h"
#include "kmod.h"

/* Bytes of a relay's name that go into its mark. */
#define MARK 31

int sluice_kmod_ledger_read(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			    char **error)
{
	int result;

	memset(ledger, 0, sizeof(*ledger));
	result = sluice_kernel_routes(kernel, &ledger->routes, &ledger->route_count);
	if (!result)
		result = sluice_kernel_rules(kernel, &ledger->rules, &ledger->rule_count);
	if (result) {
		sluice_say(error, "the module does not tell what it captures: %s",
			   sluice_kernel_error(kernel));
		sluice_kmod_ledger_free(ledger);
	}
	return result;
}

void sluice_kmod_ledger_free(struct sluice_kmod_ledger *ledger)
{
	free(ledger->routes);
	free(ledger->rules);
	free(ledger->changed);
	memset(ledger, 0, sizeof(*ledger));
}

const struct sluice_kernel_route *sluice_kmod_ledger_route(const struct sluice_kmod_ledger *ledger,
							   const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < ledger->route_count; number++)
		if (sluice_guid_equal(ledger->routes[number].guid, guid))
			return &ledger->routes[number];
	return NULL;
}

/* The rule called `guid` as it was, or NULL. */
static const struct sluice_kernel_rule *ledger_rule(const struct sluice_kmod_ledger *ledger,
						    const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < ledger->rule_count; number++)
		if (sluice_guid_equal(ledger->rules[number].guid, guid))
			return &ledger->rules[number];
	return NULL;
}

/* What the names of a relay's routes begin with: its name, in which '/' cannot be, and a '/'. */
static size_t mark(const char *relay, char text[SLUICE_NAME_MAX + 1])
{
	size_t length = 0;

	for (; relay && relay[length] && length < MARK; length++)
		text[length] = relay[length] == '/' ? '_' : relay[length];
	/* Do not leave half a character of UTF-8 at the end. */
	while (length == MARK && length > 0 && ((unsigned char)relay[length] & 0xc0) == 0x80 &&
	       ((unsigned char)text[length - 1] & 0x80))
		length--;
	text[length++] = '/';
	text[length] = '\0';
	return length;
}

/* The name of a route in the module: "RELAY/NAME", cut. */
static void route_name(const struct sluice_config *config, const char *name,
		       char text[SLUICE_NAME_MAX + 1])
{
	size_t length = mark(config->relay, text), more = strlen(name);

	if (more > SLUICE_NAME_MAX - length) {
		more = SLUICE_NAME_MAX - length;
		while (more > 0 && ((unsigned char)name[more] & 0xc0) == 0x80)
			more--;
	}
	memcpy(text + length, name, more);
	text[length + more] = '\0';
}

bool sluice_kmod_is_marked(const struct sluice_config *config,
			   const struct sluice_identity *identity, const char *name)
{
	char text[SLUICE_NAME_MAX + 1];
	size_t length = mark(config->relay, text), number;
	bool is_marked = !strncmp(name, text, length);

	/* Also by a name that the relay had before. */
	for (number = 0; number < identity->relays.count && !is_marked; number++) {
		length = mark(identity->relays.list[number], text);
		is_marked = !strncmp(name, text, length);
	}
	return is_marked;
}

bool sluice_kmod_is_ours(const struct sluice_kmod_ledger *ledger,
			 const struct sluice_source_context *context,
			 const struct sluice_source_plan *plan, const sluice_guid route)
{
	const struct sluice_kernel_route *known = sluice_kmod_ledger_route(ledger, route);
	size_t number;

	for (number = 0; number < plan->route_count; number++)
		if (sluice_guid_equal(plan->routes[number].id, route))
			return true;
	for_each_placed_stream (placed, context->streams) {
		const struct sluice_stream *stream = placed->stream;

		if (stream->kind == SLUICE_SOURCE_KMOD && sluice_guid_equal(stream->route, route))
			return true;
	}
	return known && sluice_kmod_is_marked(plan->config, plan->identity, known->name);
}

int sluice_kmod_set_route(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			  const struct sluice_source_plan *plan,
			  const struct sluice_config_route *route, char **error)
{
	struct sluice_kernel_route wanted = {
		.ring_size = route->ring_size,
		.watermark = (uint32_t)route->watermark,
		.delay_us = (uint32_t)route->delay_us,
		.alarm = (uint8_t)plan->config->store.memory_alarm,
		.is_prompt = route->is_prompt,
	};
	sluice_guid *changed;
	int result;

	sluice_guid_copy(wanted.guid, route->id);
	route_name(plan->config, route->name, wanted.name);
	changed = reallocarray(ledger->changed, ledger->changed_count + 1, sizeof(*changed));
	if (!changed) {
		sluice_say(error, "out of memory for route `%s`", route->name);
		return -ENOMEM;
	}
	ledger->changed = changed;
	result = sluice_kernel_route_set(kernel, &wanted, false);
	if (result) {
		sluice_say(error, "route `%s`: the module refuses it: %s", route->name,
			   sluice_kernel_error(kernel));
		return result;
	}
	sluice_guid_copy(ledger->changed[ledger->changed_count++], route->id);
	return 0;
}

/* A prefix in the module's words. */
static struct sluice_kernel_prefix prefix_of(const struct sluice_config_prefix *prefix)
{
	struct sluice_kernel_prefix other = {.family = (uint8_t)prefix->family,
					     .length = prefix->length};

	memcpy(other.address, prefix->address, sizeof(other.address));
	return other;
}

/* An input in the module's words, but for its index. 0 or -E2BIG. */
static int rule_of(const struct sluice_config_input *input, const struct sluice_config_route *route,
		   struct sluice_kernel_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	if (input->port_count > sizeof(rule->ports) / sizeof(rule->ports[0]))
		return -E2BIG;
	sluice_guid_copy(rule->guid, input->id);
	sluice_guid_copy(rule->route, route->id);
	memcpy(rule->name, input->name, sizeof(rule->name));
	rule->verdict = (uint8_t)input->verdict;
	rule->hook = (uint8_t)input->hook;
	rule->batching = (uint8_t)input->batching;
	rule->flags = (uint32_t)(input->checksum | input->time) |
		      (input->addresses ? SLUICE_RULE_F_ADDRESS : 0);
	memcpy(rule->ports, input->ports, input->port_count * sizeof(rule->ports[0]));
	rule->port_count = input->port_count;
	rule->destination = prefix_of(&input->address);
	rule->source = prefix_of(&input->from);
	memcpy(rule->interface, input->interface, sizeof(rule->interface));
	return 0;
}

/* Has a rule that is there, or one of the first `count` that are wanted, this index? */
static bool has_index(const struct sluice_kmod_exchange *exchange, size_t count, uint16_t index)
{
	size_t number;

	for (number = 0; number < exchange->now_count; number++)
		if (exchange->now[number].input == index)
			return true;
	for (number = 0; number < count; number++)
		if (exchange->wanted[number].input == index)
			return true;
	return false;
}

/*
 * Gives each rule wanted its index: see wanted_rules(). A new one gets what the daemon remembers
 * for its input, so that records that are left of an input that is gone are not counted as
 * another's.
 */
static void number_rules(const struct sluice_source_plan *plan,
			 const struct sluice_kmod_exchange *exchange)
{
	const struct sluice_kernel_rule *before;
	unsigned int index = 0;
	uint16_t remembered;
	size_t number;

	for (number = 0; number < exchange->now_count; number++)
		if (exchange->now[number].input >= index)
			index = exchange->now[number].input + 1U;
	for (number = 0; number < exchange->wanted_count; number++) {
		before = sluice_kmod_exchange_before(exchange, &exchange->wanted[number]);
		if (!before &&
		    !sluice_identity_number(plan->identity, exchange->wanted[number].guid,
					    &remembered) &&
		    !has_index(exchange, number, remembered)) {
			exchange->wanted[number].input = remembered;
			continue;
		}
		if (!before && index > UINT16_MAX)
			index = 0; /* after 65,536 inputs: by then the oldest are delivered */
		exchange->wanted[number].input = before ? before->input : (uint16_t)index++;
	}
}

/* Notes which rules of ours go. 0 or -ENOMEM. */
static int find_goers(const struct sluice_kmod_ledger *ledger,
		      const struct sluice_source_context *context,
		      const struct sluice_source_plan *plan, struct sluice_kmod_exchange *exchange)
{
	size_t number;

	exchange->goes =
		calloc(exchange->now_count ? exchange->now_count : 1, sizeof(*exchange->goes));
	if (!exchange->goes)
		return -ENOMEM;
	for (number = 0; number < exchange->now_count; number++) {
		const struct sluice_kernel_rule *rule = &exchange->now[number];

		exchange->goes[number] =
			sluice_kmod_is_ours(ledger, context, plan, rule->route) &&
			!sluice_kmod_is_among(exchange->wanted, exchange->wanted_count, rule->guid);
	}
	return 0;
}

/*
 * The exchange that `plan` wants. An input that the module knows, by its id or by what it takes,
 * keeps its index, for the records in the rings say it; a new one gets one that none has. 0 or a
 * negative errno with a sentence.
 * @owner caller: free() of goes and wanted, also on failure
 */
static int wanted_rules(const struct sluice_kmod_ledger *ledger,
			const struct sluice_source_context *context,
			const struct sluice_source_plan *plan,
			struct sluice_kmod_exchange *exchange, char **error)
{
	const struct sluice_config *config = plan->config;
	size_t number;

	memset(exchange, 0, sizeof(*exchange));
	exchange->now = ledger->rules;
	exchange->now_count = ledger->rule_count;
	exchange->wanted =
		calloc(config->input_count ? config->input_count : 1, sizeof(*exchange->wanted));
	if (!exchange->wanted)
		goto out_of_memory;
	for (number = 0; number < config->input_count; number++) {
		const struct sluice_config_input *input = &config->inputs[number];

		if (plan->kinds[number] != SLUICE_SOURCE_KMOD)
			continue;
		if (rule_of(input, &plan->routes[plan->route_of[number]],
			    &exchange->wanted[exchange->wanted_count])) {
			sluice_say_at(error, config, &input->place,
				      "input `%s`: the module takes at most 256 port ranges",
				      input->name);
			return -E2BIG;
		}
		exchange->wanted_count++;
	}
	if (find_goers(ledger, context, plan, exchange))
		goto out_of_memory;
	sluice_kmod_exchange_continue(exchange);
	number_rules(plan, exchange);
	return 0;

out_of_memory:
	sluice_say(error, "out of memory for the module's rules");
	return -ENOMEM;
}

/* Deletes the rules of ours that are not among `rules`. `all`: those that are, too. */
static void delete_ours(const struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			const struct sluice_source_context *context,
			const struct sluice_source_plan *plan,
			const struct sluice_kernel_rule *rules, size_t count, bool all)
{
	size_t number;

	for (number = 0; number < ledger->rule_count; number++) {
		const struct sluice_kernel_rule *rule = &ledger->rules[number];

		if (!sluice_kmod_is_ours(ledger, context, plan, rule->route))
			continue;
		if (all || !sluice_kmod_is_among(rules, count, rule->guid))
			(void)sluice_kernel_rule_delete(kernel, rule->guid);
	}
}

/* Sets those of `rules` that are not `done`. Returns 0, or the first refusal; *clashes: all
 * refusals were clashes. */
static int set_each(struct sluice_kernel *kernel, const struct sluice_kernel_rule *rules,
		    size_t count, bool *done, bool *clashes, char **error)
{
	int first = 0, result;
	size_t number;

	*clashes = true;
	for (number = 0; number < count; number++) {
		if (done[number])
			continue;
		result = sluice_kernel_rule_set(kernel, &rules[number], false);
		done[number] = !result;
		if (!result)
			continue;
		if (!first)
			sluice_say(error, "input `%s`: the module refuses its rule: %s",
				   rules[number].name, sluice_kernel_error(kernel));
		first = first ? first : result;
		*clashes &= result == -EEXIST;
	}
	return first;
}

/*
 * For a module that cannot exchange rules in one step: sets `rules`, in place as far as that goes.
 * What clashes may clash with one of our own that moves away or is gone: after those it is tried
 * again, and in the end (two inputs change places) with all of ours out of the way, which is the
 * only case in which capturing pauses.
 */
static int impose(const struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
		  const struct sluice_source_context *context,
		  const struct sluice_source_plan *plan, const struct sluice_kernel_rule *rules,
		  size_t count, char **error)
{
	bool *done = calloc(count ? count : 1, sizeof(*done)), clashes;
	char *sentence = NULL;
	unsigned int step;
	int result = -ENOMEM;

	for (step = 0; done && step < 3; step++) {
		if (step == 1)
			delete_ours(ledger, kernel, context, plan, rules, count, false);
		if (step == 2) {
			delete_ours(ledger, kernel, context, plan, rules, count, true);
			memset(done, 0, count * sizeof(*done));
		}
		free(sentence);
		sentence = NULL;
		result = set_each(kernel, rules, count, done, &clashes, &sentence);
		if (!result || !clashes)
			break;
		/* What was refused before something else moved may be right now. */
	}
	if (!result)
		delete_ours(ledger, kernel, context, plan, rules, count, false);
	else
		sluice_say(error, "%s",
			   sentence ? sentence : "out of memory for the module's rules");
	free(sentence);
	free(done);
	return result;
}

/* Puts the rules of ours back as the ledger has them, one by one. */
static void restore_each(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			 const struct sluice_source_context *context,
			 const struct sluice_source_plan *plan,
			 const struct sluice_kernel_rule *now, size_t now_count)
{
	size_t count = 0, number;
	char *error = NULL;

	for (number = 0; number < now_count; number++)
		if (sluice_kmod_is_ours(ledger, context, plan, now[number].route) &&
		    !sluice_kmod_is_among(ledger->rules, ledger->rule_count, now[number].guid))
			(void)sluice_kernel_rule_delete(kernel, now[number].guid);
	for (number = 0; number < ledger->rule_count; number++) {
		const struct sluice_kernel_rule *rule = &ledger->rules[number];

		if (sluice_kmod_is_ours(ledger, context, plan, rule->route) &&
		    sluice_kernel_rule_set(kernel, rule, false))
			count++;
	}
	/* Two that changed places: once more, with the first of them out of the way. */
	for (number = 0; count && number < ledger->rule_count; number++)
		if (sluice_kmod_is_ours(ledger, context, plan, ledger->rules[number].route))
			(void)sluice_kernel_rule_delete(kernel, ledger->rules[number].guid);
	for (number = 0; count && number < ledger->rule_count; number++)
		if (sluice_kmod_is_ours(ledger, context, plan, ledger->rules[number].route) &&
		    sluice_kernel_rule_set(kernel, &ledger->rules[number], false))
			sluice_say(&error, "rule `%s` could not be put back: %s",
				   ledger->rules[number].name, sluice_kernel_error(kernel));
	if (error)
		sluice_error("%s", error);
	free(error);
}

/* The same in one step. 0 or a negative errno: nothing changed. */
static int restore_at_once(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			   const struct sluice_source_context *context,
			   const struct sluice_source_plan *plan,
			   const struct sluice_kernel_rule *now, size_t now_count)
{
	struct sluice_kmod_exchange exchange = {.now = now, .now_count = now_count};
	size_t number;
	int result = -ENOMEM;

	exchange.wanted =
		calloc(ledger->rule_count ? ledger->rule_count : 1, sizeof(*exchange.wanted));
	for (number = 0; exchange.wanted && number < ledger->rule_count; number++)
		if (sluice_kmod_is_ours(ledger, context, plan, ledger->rules[number].route))
			exchange.wanted[exchange.wanted_count++] = ledger->rules[number];
	if (exchange.wanted && !find_goers(ledger, context, plan, &exchange)) {
		sluice_kmod_exchange_continue(&exchange);
		result = sluice_kmod_exchange_make(&exchange, kernel);
	}
	free(exchange.goes);
	free(exchange.wanted);
	return result;
}

/* Puts the rules of ours back as the ledger has them. */
static void restore_rules(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			  const struct sluice_source_context *context,
			  const struct sluice_source_plan *plan)
{
	struct sluice_kernel_rule *now = NULL;
	size_t count = 0;

	if (sluice_kernel_rules(kernel, &now, &count))
		count = 0;
	if (restore_at_once(ledger, kernel, context, plan, now, count))
		restore_each(ledger, kernel, context, plan, now, count);
	free(now);
	ledger->rules_changed = false;
}

/* Makes the exchange, one by one with a module that cannot do better. 0 or a negative errno with a
 * sentence. */
static int exchange_rules(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			  const struct sluice_source_context *context,
			  const struct sluice_source_plan *plan,
			  const struct sluice_kmod_exchange *exchange, char **error)
{
	static bool told;
	int result = sluice_kmod_exchange_make(exchange, kernel);

	if (!result) {
		ledger->rules_changed = true;
		return 0;
	}
	if (result != -ENOSYS && result != -EMSGSIZE) {
		sluice_say(error, "the module refuses the rules: %s",
			   result == -ENOMEM ? "out of memory" : sluice_kernel_error(kernel));
		return result;
	}
	if (!told)
		sluice_notice("the rules are set one by one, and inputs that exchange ports or get "
			      "another name may lose datagrams meanwhile: %s",
			      sluice_kernel_error(kernel));
	told = true;
	result = impose(ledger, kernel, context, plan, exchange->wanted, exchange->wanted_count,
			error);
	if (result)
		restore_rules(ledger, kernel, context, plan);
	else
		ledger->rules_changed = true;
	return result;
}

int sluice_kmod_set_rules(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
			  const struct sluice_source_context *context,
			  const struct sluice_source_plan *plan, char **error)
{
	struct sluice_kmod_exchange exchange;
	size_t number;
	int result;

	result = wanted_rules(ledger, context, plan, &exchange, error);
	for (number = 0; !result && number < exchange.wanted_count; number++) {
		const struct sluice_kernel_rule *known =
			ledger_rule(ledger, exchange.wanted[number].guid);

		if (!known || sluice_kmod_is_ours(ledger, context, plan, known->route))
			continue;
		sluice_say(error,
			   "input `%s`: another relay's rule in the module has the same id; give "
			   "the input an `id` of its own",
			   exchange.wanted[number].name);
		result = -EEXIST;
	}
	if (!result)
		result = exchange_rules(ledger, kernel, context, plan, &exchange, error);
	free(exchange.goes);
	free(exchange.wanted);
	return result;
}

void sluice_kmod_undo(struct sluice_kmod_ledger *ledger, struct sluice_kernel *kernel,
		      const struct sluice_source_context *context,
		      const struct sluice_source_plan *plan)
{
	size_t number;

	if (ledger->rules_changed)
		restore_rules(ledger, kernel, context, plan);
	for (number = 0; number < ledger->changed_count; number++) {
		const struct sluice_kernel_route *known =
			sluice_kmod_ledger_route(ledger, ledger->changed[number]);

		if (known ? sluice_kernel_route_set(kernel, known, false)
			  : sluice_kernel_route_delete(kernel, ledger->changed[number]))
			sluice_error("a route could not be put back: %s",
				     sluice_kernel_error(kernel));
	}
	ledger->changed_count = 0;
}
