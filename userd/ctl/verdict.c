// SPDX-License-Identifier: MIT
/*
 * What lists of the daemon mean, see verdict.h. Touches: nothing but memory.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "size.h"
#include "verdict.h"

/* Of its rate an output that has more to send gets nearly all: the pace is kept over some
 * milliseconds, what is achieved is measured over a second. */
#define HELD_BACK 0.9

/* A member of an object as text; "": there is none. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A member as number; 0: there is none. */
static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* How much a number of an object has grown; one that shrank was counted anew. */
static json_int_t growth_of(const json_t *now, const json_t *before, const char *key)
{
	json_int_t grown = before ? number_of(now, key) - number_of(before, key) : 0;

	return grown > 0 ? grown : 0;
}

/* Is TCP there, whatever the receiver makes of it? */
static bool is_connected(const json_t *destination)
{
	static const char *const there[] = {"connected", "slow", "ack-not-durable", "queue-full"};
	const char *state = text_of(destination, "state");
	size_t number;

	for (number = 0; number < sizeof(there) / sizeof(there[0]); number++)
		if (!strcmp(state, there[number]))
			return true;
	return false;
}

/* Which destination to speak of: one that is connected if there is one, else the first that is not
 * disabled, else the first. NULL: there is none. */
static const json_t *spokesman(const json_t *output)
{
	const json_t *destinations = json_object_get(output, "destinations"), *one, *found = NULL;
	size_t number;

	json_array_foreach(destinations, number, one)
	{
		if (is_connected(one))
			return one;
		if (!found && strcmp(text_of(one, "state"), "disabled") != 0)
			found = one;
	}
	return found ? found : json_array_get(destinations, 0);
}

/* Sum of a number over the destinations. */
static json_int_t sum_of(const json_t *output, const char *key)
{
	json_int_t sum = 0;
	const json_t *one;
	size_t number;

	json_array_foreach(json_object_get(output, "destinations"), number, one) sum +=
		number_of(one, key);
	return sum;
}

/* Bytes that wait for an output. */
static json_int_t waiting_of(const json_t *output)
{
	return number_of(output, "memory") + number_of(output, "disk");
}

/* "; 1.4m wait for it, the oldest since ..." or, if nothing waits, "". Returns `text`. */
static const char *say_waiting(const json_t *output, char text[160])
{
	char size[SLUICE_SIZE_TEXT];
	json_int_t waiting = waiting_of(output);
	const char *oldest = text_of(output, "oldest");

	text[0] = '\0';
	if (waiting > 0)
		snprintf(text, 160, "; %s wait for it%s%s",
			 sluice_size_format((uint64_t)waiting, size),
			 *oldest ? ", the oldest since " : "", oldest);
	return text;
}

char *sluice_verdict_load(const json_t *place)
{
	const char *load = text_of(place, "load");
	char *text = NULL;

	if (!*load || !strcmp(load, "normal"))
		return strdup("");
	if (asprintf(&text, "load is `%s` since %s: %s", load, text_of(place, "load_since"),
		     text_of(place, "load_why")) < 0)
		return NULL;
	return text;
}

/* Appends a sentence to a list. 0, or -1: no memory. */
__attribute__((format(printf, 2, 3))) static int add(json_t *list, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length, error;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	error = length < 0 ? -1 : json_array_append_new(list, json_string(text));
	free(length < 0 ? NULL : text);
	return error;
}

/* Does the state of an input say that it waits for something? One whose captures have ended has
 * done what it is there for. */
static bool waits(const char *state)
{
	return !strncmp(state, "waiting", strlen("waiting"));
}

json_t *sluice_verdict_problems(const struct sluice_verdict_lists *now)
{
	const json_t *daemon = json_array_get(now->daemon, 0), *one, *destination;
	const json_t *store = json_array_get(now->store, 0);
	json_t *list = json_array();
	char waiting[160], *load;
	size_t number;
	int error = 0;

	if (strcmp(text_of(daemon, "state"), "running") != 0)
		error |= add(list, "sluiced is %s", text_of(daemon, "state"));
	json_array_foreach(now->inputs, number, one)
	{
		if (waits(text_of(one, "state")))
			error |= add(list, "input %s is %s", text_of(one, "name"),
				     text_of(one, "state"));
	}
	json_array_foreach(now->outputs, number, one)
	{
		destination = spokesman(one);
		if (destination && is_connected(destination) &&
		    !strcmp(text_of(destination, "state"), "queue-full"))
			error |= add(list,
				     strcmp(text_of(one, "framing"), "nats") != 0 &&
						     strcmp(text_of(one, "framing"), "kafka") != 0
					     ? "output %s: the queue of %s is full: what it "
					       "acknowledges may be discarded there"
					     : "output %s: the server at %s refuses messages; "
					       "they wait",
				     text_of(one, "name"), text_of(destination, "to"));
		else if (destination && !is_connected(destination) &&
			 strcmp(text_of(destination, "state"), "disabled") != 0)
			error |= add(list, "output %s: %s is %s%s%s%s", text_of(one, "name"),
				     text_of(destination, "to"), text_of(destination, "state"),
				     *text_of(destination, "error") ? ": " : "",
				     text_of(destination, "error"), say_waiting(one, waiting));
	}
	if (!strcmp(text_of(daemon, "load"), "losing")) {
		load = sluice_verdict_load(daemon);
		error |= load ? add(list, "%s", load) : -1;
		free(load);
	}
	if (number_of(store, "alarms_now"))
		error |= add(list,
			     "%lld alarms are raised: `sluicectl show store` and the log say "
			     "which",
			     (long long)number_of(store, "alarms_now"));
	if (!error && list)
		return list;
	json_decref(list);
	return NULL;
}

/* What a state of a destination means for the output; NULL: it holds nothing back. */
static const char *meaning_of(const char *state)
{
	static const struct {
		const char *state, *means;
	} meanings[] = {
		{"slow", "it reads more slowly than datagrams come: TCP has no room for more"},
		{"ack-not-durable", "it acknowledges what it has not on stable storage, and the "
				    "output waits for that"},
		{"queue-full", "its queue is full: it answers late, and may discard what it "
			       "acknowledges; of kind: nats or kafka, it refuses messages"},
		{"rejecting", "it ends each connection within seconds"},
		{"protocol-error", "it broke the protocol"},
		{"connecting", "it does not answer yet"},
		{"waiting", "it cannot be reached; the next attempt comes by itself"},
		{"disabled", "it is switched off: `sluicectl enable` switches it on"},
	};
	size_t number;

	for (number = 0; number < sizeof(meanings) / sizeof(meanings[0]); number++)
		if (!strcmp(state, meanings[number].state))
			return meanings[number].means;
	return NULL;
}

/* Where the time of an output goes, as sluice_verdict_output() without its load. */
static char *output_sentence(const json_t *now, const json_t *before, double seconds)
{
	const json_t *destination = spokesman(now);
	const char *name = text_of(now, "name"), *to = text_of(destination, "to"), *means, *why;
	json_int_t rate = number_of(now, "rate"), sent = sum_of(now, "sent");
	double per_second = 0, achieved = (double)number_of(now, "achieved");
	char waiting[160], *text = NULL;
	int length;

	if (before && seconds > 0 && sent > sum_of(before, "sent"))
		per_second = (double)(sent - sum_of(before, "sent")) / seconds;
	say_waiting(now, waiting);
	means = meaning_of(text_of(destination, "state"));
	why = text_of(destination, "error");
	if (!destination)
		length = asprintf(&text, "output %s has no destination", name);
	else if (means)
		length = asprintf(
			&text, "output %s is held back by %s, which is %s since %s: %s%s%s%s%s",
			name, to, text_of(destination, "state"), text_of(destination, "since"),
			means, *why && !is_connected(destination) ? " (" : "",
			*why && !is_connected(destination) ? why : "",
			*why && !is_connected(destination) ? ")" : "", waiting);
	else if (rate && achieved >= HELD_BACK * (double)rate)
		length = asprintf(&text,
				  "output %s is held back by its own rate of %lld bit/s, which it "
				  "uses up%s; `sluicectl set %s rate=` changes it",
				  name, (long long)rate, waiting, name);
	else if (waiting_of(now) > 0)
		length = asprintf(&text,
				  "output %s sends %.0f datagrams/s and is held back by nothing "
				  "that shows%s",
				  name, per_second, waiting);
	else
		length = asprintf(&text,
				  "nothing waits for output %s: what comes leaves at once, %.0f "
				  "datagrams/s now",
				  name, per_second);
	return length < 0 ? NULL : text;
}

char *sluice_verdict_output(const json_t *now, const json_t *before, double seconds)
{
	char *text = output_sentence(now, before, seconds), *load = sluice_verdict_load(now);
	char *whole = NULL;

	if (!text || !load || asprintf(&whole, "%s%s%s", text, *load ? "; " : "", load) < 0)
		whole = NULL;
	free(load);
	free(text);
	return whole;
}

/* The output of this name. NULL: there is none. */
static const json_t *output_named(const json_t *outputs, const char *name)
{
	const json_t *one;
	size_t number;

	json_array_foreach(outputs, number,
			   one) if (!strcmp(text_of(one, "name"), name)) return one;
	return NULL;
}

/* The cause by which most were lost since `before`, or ever if that is NULL; its number in *lost.
 */
static const char *worst_cause(const json_t *now, const json_t *before, json_int_t *lost)
{
	json_t *causes = json_object_get(now, "lost"), *value;
	const char *cause, *worst = "";
	json_int_t one;

	*lost = 0;
	json_object_foreach(causes, cause, value)
	{
		one = before ? growth_of(causes, json_object_get(before, "lost"), cause)
			     : json_integer_value(value);
		if (one > *lost) {
			*lost = one;
			worst = cause;
		}
	}
	return worst;
}

/* The output of an input for which most waits. NULL: for none anything does. */
static const json_t *slowest_output(const struct sluice_verdict_lists *lists, const json_t *input)
{
	const json_t *name, *one, *slowest = NULL;
	size_t number;

	json_array_foreach(json_object_get(input, "outputs"), number, name)
	{
		one = output_named(lists->outputs, json_string_value(name));
		if (one && waiting_of(one) > 0 &&
		    (!slowest || waiting_of(one) > waiting_of(slowest)))
			slowest = one;
	}
	return slowest;
}

char *sluice_verdict_input(const struct sluice_verdict_lists *lists, const json_t *now,
			   const json_t *before, double seconds)
{
	const json_t *slowest = slowest_output(lists, now);
	const char *name = text_of(now, "name"), *state = text_of(now, "state"), *cause;
	json_int_t lost, matched = growth_of(now, before, "matched");
	char *text = NULL, *output = NULL, since[128] = "";
	int length;

	cause = worst_cause(now, before, &lost);
	if (waits(state)) {
		length = asprintf(&text, "input %s takes nothing in: it is %s", name, state);
	} else if (before && lost) {
		output = slowest ? sluice_verdict_output(slowest, NULL, 0) : NULL;
		length =
			asprintf(&text,
				 "input %s loses %.0f datagrams/s to `%s` (`sluicectl show fields` "
				 "and operations.md say what that is)%s%s",
				 name, seconds > 0 ? (double)lost / seconds : (double)lost, cause,
				 output ? "; " : "", output ? output : "");
	} else if (!number_of(now, "matched")) {
		length =
			asprintf(&text,
				 "nothing that matches %s has come to input %s: is it sent to this "
				 "host and port, and does a firewall let it through?",
				 text_of(now, "match"), name);
	} else {
		cause = worst_cause(now, NULL, &lost);
		if (lost)
			snprintf(since, sizeof(since), "; since it began %lld were lost to `%s`",
				 (long long)lost, cause);
		output = slowest ? sluice_verdict_output(slowest, NULL, 0) : NULL;
		length = asprintf(&text,
				  "input %s takes in %.0f datagrams/s and loses none now%s%s%s",
				  name, seconds > 0 ? (double)matched / seconds : 0, since,
				  output ? "; " : "", output ? output : "");
	}
	free(output);
	return length < 0 ? NULL : text;
}
