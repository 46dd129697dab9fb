// SPDX-License-Identifier: MIT
/*
 * Checks of what the daemon counts itself: inputs, rings, store, outputs. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

/* Both samples of one list of the daemon. @owner close_pair() */
struct pair {
	json_t *before, *after;
};

/* Reads a list. */
static struct pair pair_of(const struct sluice_doctor_look *look, const char *source)
{
	return (struct pair){sluice_doctor_json(&look->before, source),
			     sluice_doctor_json(&look->after, source)};
}

/* Frees it. */
static void close_pair(struct pair *pair)
{
	json_decref(pair->before);
	json_decref(pair->after);
}

/* The same object in the first sample; NULL: it was not there. */
static const json_t *earlier(const struct pair *pair, const json_t *now, const char *key)
{
	return sluice_doctor_json_find(pair->before, key, sluice_doctor_json_text(now, key));
}

/* Figures of a member in both. */
static void figures(const json_t *was, const json_t *now, const char *key, uint64_t numbers[2])
{
	numbers[0] = (uint64_t)json_integer_value(json_object_get(was, key));
	numbers[1] = (uint64_t)json_integer_value(json_object_get(now, key));
}

/* Adds up the members of `keys` that grew, as "name N, name N" in `causes`. The sum. */
static uint64_t grown(const json_t *was, const json_t *now, const char *const *keys, size_t count,
		      char causes[256])
{
	uint64_t sum = 0, rise;
	size_t number, used = 0;

	causes[0] = '\0';
	for (number = 0; number < count && used < 200; number++) {
		rise = sluice_doctor_json_rise(was, now, keys[number]);
		if (rise)
			used += (size_t)snprintf(causes + used, 256 - used, "%s%s %" PRIu64,
						 used ? ", " : "", keys[number], rise);
		sum += rise;
	}
	return sum;
}

/* As its row says. */
void sluice_doctor_relay_lost(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	static const char *const keys[] = {"ring_full", "bad_length", "bad_checksum",
					   "bad_tail",	"copy",	      "no_ring",
					   "socket",	"disk",	      "dropped_oldest"};
	struct pair pair = pair_of(look, "daemon/inputs");
	uint64_t lost, numbers[2];
	char causes[256];
	json_t *finding, *one;
	size_t number, key;

	json_array_foreach(pair.after, number, one)
	{
		const json_t *was = json_object_get(earlier(&pair, one, "id"), "lost"),
			     *now = json_object_get(one, "lost");

		lost = grown(was, now, keys, sizeof(keys) / sizeof(keys[0]), causes);
		if (!lost)
			continue;
		finding = sluice_doctor_find(report, sluice_doctor_json_text(one, "name"));
		sluice_doctor_fill(finding, "causes", "%s", causes);
		sluice_doctor_lost(report, finding, lost);
		for (key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
			figures(was, now, keys[key], numbers);
			if (numbers[1] > numbers[0])
				sluice_doctor_proof(finding, "sluicectl show inputs -j", keys[key],
						    numbers);
		}
	}
	close_pair(&pair);
}

/* As its row says. */
void sluice_doctor_relay_dropped(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	struct pair pair = pair_of(look, "daemon/inputs");
	json_t *finding, *one;
	uint64_t lost, numbers[2];
	size_t number;

	json_array_foreach(pair.after, number, one)
	{
		const json_t *was = earlier(&pair, one, "id");
		uint64_t wanted = sluice_doctor_json_rise(was, one, "dropped_by_change");

		lost = sluice_doctor_json_rise(was, one, "dropped");
		/* What an operator wished is no fault. */
		if (lost <= wanted)
			continue;
		finding = sluice_doctor_find(report, sluice_doctor_json_text(one, "name"));
		figures(was, one, "dropped", numbers);
		sluice_doctor_proof(finding, "sluicectl show inputs -j", "dropped", numbers);
		sluice_doctor_lost(report, finding, lost - wanted);
	}
	close_pair(&pair);
}

/* As its row says. */
void sluice_doctor_relay_damaged(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	struct pair pair = pair_of(look, "daemon/store");
	const json_t *was = json_object_get(json_array_get(pair.before, 0), "disk"),
		     *now = json_object_get(json_array_get(pair.after, 0), "disk");
	uint64_t damaged = sluice_doctor_json_rise(was, now, "damaged"), numbers[2];
	uint64_t abandoned = sluice_doctor_json_rise(was, now, "abandoned");
	json_t *finding;

	if (damaged || abandoned) {
		finding = sluice_doctor_find(report, sluice_doctor_json_text(now, "path"));
		sluice_doctor_lost(report, finding, damaged);
		sluice_doctor_fill_number(finding, "damaged", damaged);
		sluice_doctor_fill_number(finding, "abandoned", abandoned);
		figures(was, now, "damaged", numbers);
		sluice_doctor_proof(finding, "sluicectl show store -j", "damaged", numbers);
		figures(was, now, "abandoned", numbers);
		sluice_doctor_proof(finding, "sluicectl show store -j", "abandoned", numbers);
	}
	close_pair(&pair);
}

/* Is a destination of the output connected? `reason`: why one that should be is not; "": none
 * should be. */
static bool is_connected(const json_t *output, const char **reason)
{
	const json_t *one;
	const char *state;
	size_t number;

	*reason = "";
	json_array_foreach(json_object_get(output, "destinations"), number, one)
	{
		state = sluice_doctor_json_text(one, "state");
		if (strcmp(state, "waiting") != 0 && strcmp(state, "connecting") != 0 &&
		    strcmp(state, "disabled") != 0)
			return true;
		if (!strcmp(state, "disabled"))
			continue;
		*reason = sluice_doctor_json_text(one, "error");
		if (!**reason)
			*reason = "it has not answered yet";
	}
	return false;
}

/* As its row says. */
void sluice_doctor_output_down(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	struct pair pair = pair_of(look, "daemon/outputs");
	const char *reason, *before;
	uint64_t waiting;
	json_t *finding, *one;
	size_t number;

	json_array_foreach(pair.after, number, one)
	{
		const json_t *was = earlier(&pair, one, "id");

		if (!was || is_connected(was, &before) || is_connected(one, &reason) || !*reason)
			continue;
		waiting = (uint64_t)json_integer_value(json_object_get(one, "memory")) +
			  (uint64_t)json_integer_value(json_object_get(one, "disk"));
		finding = sluice_doctor_find(report, sluice_doctor_json_text(one, "name"));
		sluice_doctor_fill(finding, "reason", "%s", reason);
		sluice_doctor_fill_number(finding, "waiting", waiting);
		sluice_doctor_proof_text(finding, "sluicectl show outputs -j", "error", reason);
	}
	close_pair(&pair);
}

/* Destinations of one output of which something did not arrive. */
static void check_destinations(struct sluice_doctor_report *report, const json_t *was,
			       const json_t *now)
{
	static const char *const keys[] = {"unsendable", "oversized", "refused", "unconfirmed"};
	const json_t *before, *one;
	uint64_t lost, numbers[2];
	char causes[256];
	json_t *finding;
	size_t number, key;

	json_array_foreach(json_object_get(now, "destinations"), number, one)
	{
		before = sluice_doctor_json_find(json_object_get(was, "destinations"), "to",
						 sluice_doctor_json_text(one, "to"));
		lost = grown(before, one, keys, sizeof(keys) / sizeof(keys[0]), causes);
		if (!lost)
			continue;
		finding = sluice_doctor_find(report, sluice_doctor_json_text(one, "to"));
		sluice_doctor_fill(finding, "causes", "%s", causes);
		sluice_doctor_fill(finding, "output", "%s", sluice_doctor_json_text(now, "name"));
		sluice_doctor_lost(report, finding, lost);
		for (key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
			figures(before, one, keys[key], numbers);
			if (numbers[1] > numbers[0])
				sluice_doctor_proof(finding, "sluicectl show outputs -j", keys[key],
						    numbers);
		}
	}
}

/* As its row says. */
void sluice_doctor_output_refused(const struct sluice_doctor_look *look,
				  struct sluice_doctor_report *report)
{
	struct pair pair = pair_of(look, "daemon/outputs");
	json_t *one;
	size_t number;

	json_array_foreach(pair.after, number, one)
	{
		check_destinations(report, earlier(&pair, one, "id"), one);
	}
	close_pair(&pair);
}

/* The name of an input that fills the route of a stream: the stream's own name, if none is found.
 */
static const char *input_of(const json_t *inputs, const json_t *stream)
{
	const char *route = sluice_doctor_json_text(stream, "route_name");
	const json_t *one = sluice_doctor_json_find(inputs, "name", route);

	if (!one && json_array_size(inputs) == 1)
		one = json_array_get(inputs, 0);
	return one ? sluice_doctor_json_text(one, "name") : route;
}

/* As its row says. */
void sluice_doctor_relay_full(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	struct pair pair = pair_of(look, "daemon/streams");
	json_t *inputs = sluice_doctor_json(&look->after, "daemon/inputs"), *finding, *one;
	double before, now;
	uint64_t numbers[2];
	size_t number;

	json_array_foreach(pair.after, number, one)
	{
		before = json_number_value(
			json_object_get(earlier(&pair, one, "id"), "fill_percent"));
		now = json_number_value(json_object_get(one, "fill_percent"));
		if (before <= 90 || now <= 90)
			continue;
		finding = sluice_doctor_find(report, input_of(inputs, one));
		sluice_doctor_fill(finding, "percent", "%.0f", now);
		numbers[0] = (uint64_t)before;
		numbers[1] = (uint64_t)now;
		sluice_doctor_proof(finding, "sluicectl show streams -j", "fill_percent", numbers);
	}
	json_decref(inputs);
	close_pair(&pair);
}
