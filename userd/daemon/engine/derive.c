// SPDX-License-Identifier: MIT
/*
 * What follows from a configuration on this machine: routes, and which source takes which input. In
 * the control thread, before anything is changed. Touches: asks whether the module is there; the
 * log, who listens for events.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../config/host.h"
#include "../../lib/event.h"
#include "../../lib/guid.h"
#include "../../lib/log.h"
#include "../../lib/priority.h"
#include "derive.h"
#include "../../config/sentence.h"

/* The longest sentence about a source, bytes. */
#define SENTENCE 256U
/* What the alarm is about that there is no module. */
#define ALARM "inputs.source"

void sluice_derived_free(struct sluice_derived *derived)
{
	sluice_config_routes_free(derived->routes, derived->route_count);
	free(derived->kinds);
	free(derived->spread);
	free(derived->route_of);
	memset(derived, 0, sizeof(*derived));
}

/* What the sources said when they were asked, once each. */
struct answers {
	bool is_asked[SLUICE_INTAKES];
	int error[SLUICE_INTAKES];
};

/* Does source `number` work here? 0 or a negative errno. */
static int ask(struct answers *answers, size_t number)
{
	const struct sluice_source_class *class = sluice_intake_classes[number];

	if (!answers->is_asked[number]) {
		answers->is_asked[number] = true;
		answers->error[number] = class->probe ? class->probe() : 0;
	}
	return answers->error[number];
}

/* The first source that works here. Says once which it is, and why not the one before. */
static enum sluice_source choose(struct answers *answers, bool *told)
{
	const struct sluice_source_class *best;
	char why[SLUICE_HOST_KERNEL_TEXT], text[256];
	size_t number = 0;

	while (number + 1 < SLUICE_INTAKES && ask(answers, number))
		number++;
	best = sluice_intake_classes[number];
	if (!*told && number)
		sluice_notice(
			"source: auto is %s here, because %s",
			sluice_config_source_name(best->kind),
			sluice_intake_classes[number - 1]->absence(answers->error[number - 1]));
	else if (!*told)
		sluice_notice("source: auto is %s here", sluice_config_source_name(best->kind));
	if (!*told && number && sluice_host_lacks_module(why)) {
		/* How it is mended the check has said. */
		snprintf(text, sizeof(text),
			 "the inputs are received by %ss: the kernel that runs has no sluice "
			 "module; `sluicectl check` says how it gets one",
			 sluice_config_source_name(best->kind));
		sluice_warning_about(SLUICE_ABOUT(.alarm = ALARM), "%s", text);
		sluice_event_send(SLUICE_EVENT_ALARM, ALARM, "", text);
	}
	*told = true;
	return best->kind;
}

/* Says that an input's source is not there yet, and which are. */
static void refuse_planned(const struct sluice_config *config,
			   const struct sluice_config_input *input, char **error)
{
	char words[SENTENCE] = "auto";
	size_t number, used;

	for (number = 0; number < SLUICE_INTAKES; number++) {
		used = strlen(words);
		snprintf(words + used, sizeof(words) - used, "%s%s",
			 number + 1 < SLUICE_INTAKES ? ", " : " or ",
			 sluice_config_source_name(sluice_intake_classes[number]->kind));
	}
	sluice_say_at(error, config, &input->place,
		      "input `%s`: `source: %s` is not supported yet; use %s", input->name,
		      sluice_config_source_name(input->source), words);
}

/* Decides where an input's datagrams come from. 0, or a negative errno with a sentence. */
static int decide(const struct sluice_config *config, const struct sluice_config_input *input,
		  struct answers *answers, bool *told, enum sluice_source *kind, char **error)
{
	size_t number = sluice_intake_of(input->source);
	char text[SENTENCE];
	int result;

	if (input->source == SLUICE_SOURCE_AUTO) {
		*kind = choose(answers, told);
		return 0;
	}
	if (number == SLUICE_INTAKES) {
		refuse_planned(config, input, error);
		return -EOPNOTSUPP;
	}
	*kind = input->source;
	result = ask(answers, number);
	if (result) {
		sluice_intake_classes[number]->refuse(result, text, sizeof(text));
		sluice_say_at(error, config, &input->place, "input `%s`: %s", input->name, text);
	}
	return result;
}

/* Decides for all inputs. */
static int decide_all(struct sluice_derived *derived, const struct sluice_config *config,
		      char **error)
{
	struct answers answers = {0};
	bool told = false;
	size_t number;
	int result = 0;

	for (number = 0; !result && number < config->input_count; number++)
		result = decide(config, &config->inputs[number], &answers, &told,
				&derived->kinds[number], error);
	return result;
}

int sluice_derive(const struct sluice_config *config, struct sluice_derived *derived, char **error)
{
	size_t number, place;
	int result;

	memset(derived, 0, sizeof(*derived));
	result = sluice_config_routes(config, sluice_config_cpus(), &derived->routes,
				      &derived->route_count);
	if (result == -E2BIG)
		sluice_say_at(error, config, &config->store.memory_place,
			      "`store.memory.size` of %zu bytes does not give each of %zu routes "
			      "on %zu CPUs its least ring of "
			      "%lu bytes; make it larger",
			      config->store.memory_size, derived->route_count, sluice_config_cpus(),
			      SLUICE_RING_SIZE_MIN);
	if (result) {
		/* On failure the count may be set without a list. */
		derived->routes = NULL;
		derived->route_count = 0;
		return result;
	}
	derived->kinds =
		calloc(config->input_count ? config->input_count : 1, sizeof(*derived->kinds));
	derived->route_of =
		calloc(config->input_count ? config->input_count : 1, sizeof(*derived->route_of));
	derived->spread =
		calloc(config->input_count ? config->input_count : 1, sizeof(*derived->spread));
	if (!derived->kinds || !derived->route_of || !derived->spread) {
		sluice_derived_free(derived);
		return -ENOMEM;
	}
	for (number = 0; number < derived->route_count; number++)
		for (place = 0; place < derived->routes[number].input_count; place++)
			derived->route_of[derived->routes[number].inputs[place]] = number;
	result = decide_all(derived, config, error);
	if (result)
		sluice_derived_free(derived);
	return result;
}

bool sluice_derived_fills(const struct sluice_derived *derived, const struct sluice_config *config,
			  const struct sluice_stream *stream)
{
	const struct sluice_config_route *route;
	size_t number;

	for (number = 0; number < config->input_count; number++) {
		route = &derived->routes[derived->route_of[number]];
		if (derived->kinds[number] == stream->kind &&
		    sluice_guid_equal(route->id, stream->route))
			return !sluice_intake_is_filled_by_worker(stream->kind) ||
			       stream->cpu < route->spread;
	}
	return false;
}

/* Is a route of that name still being emptied? A ring of a worker that shall fill none for it is no
 * hindrance. */
static bool is_draining(const struct sluice_stream_table *streams, const sluice_guid guid,
			size_t spread)
{
	for_each_placed_stream (placed, streams)
		if (placed->stream->draining &&
		    (placed->stream->cpu < spread ||
		     !sluice_intake_is_filled_by_worker(placed->stream->kind)) &&
		    sluice_guid_equal(placed->stream->route, guid))
			return true;
	return false;
}

/* Is there a stream of this route that an output feeds from which is not in `outputs`? *found:
 * there is a stream. */
static bool has_leaving(const struct sluice_stream_table *streams, const sluice_guid guid,
			const sluice_guid *outputs, size_t count, bool *found)
{
	size_t place, output;

	*found = false;
	for_each_placed_stream (placed, streams) {
		const struct sluice_stream *stream = placed->stream;

		if (!sluice_guid_equal(stream->route, guid))
			continue;
		*found = true;
		for (place = 0; place < stream->feeder_count; place++) {
			for (output = 0; output < count; output++)
				if (sluice_guid_equal(stream->outputs[place], outputs[output]))
					break;
			if (output == count)
				return true;
		}
	}
	return false;
}

/* Can the route not be filled, under the name that it has now? */
static bool is_unusable(const struct sluice_engine *engine, const struct sluice_config *config,
			const struct sluice_config_route *route, const sluice_guid *outputs)
{
	size_t number;
	bool found;

	if (is_draining(&engine->streams, route->id, route->spread) ||
	    has_leaving(&engine->streams, route->id, outputs, route->output_count, &found))
		return true;
	for (number = 0; !found && number < SLUICE_INTAKES; number++)
		if (sluice_intake_classes[number]->is_held(engine->intakes[number], config,
							   engine->worker_count, route->id, outputs,
							   route->output_count))
			return true;
	return false;
}

int sluice_derived_rename(struct sluice_derived *derived, const struct sluice_engine *engine,
			  const struct sluice_config *config)
{
	sluice_guid *outputs;
	size_t number;
	int result = 0;

	for (number = 0; number < derived->route_count && !result; number++) {
		struct sluice_config_route *route = &derived->routes[number];

		outputs = sluice_route_outputs(config, route);
		if (!outputs)
			return -ENOMEM;
		while (!result &&
		       is_unusable(engine, config, route, (const sluice_guid *)outputs)) {
			result =
				sluice_guid_derive("route", route->id, SLUICE_GUID_SIZE, route->id);
			sluice_priority_mark(route->id, route->priority);
		}
		free(outputs);
	}
	return result;
}
