// SPDX-License-Identifier: MIT
/*
 * `sluicectl why INPUT|OUTPUT`: one sentence on where its datagrams or the time go, from two looks
 * a second apart. Touches: a netlink socket, stdout, stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../config/suggest.h"
#include "../lib/clock.h"
#include "command.h"
#include "list.h"
#include "print.h"
#include "verdict.h"

/* Between the two looks. */
#define PAUSE_NS SLUICE_NS_PER_S

/* The object of this name or GUID. NULL: there is none. */
static const json_t *find(const json_t *list, const char *word)
{
	const char *name, *id;
	const json_t *one;
	size_t number;

	json_array_foreach(list, number, one)
	{
		name = json_string_value(json_object_get(one, "name"));
		id = json_string_value(json_object_get(one, "id"));
		if ((name && !strcmp(name, word)) || (id && !strcmp(id, word)))
			return one;
	}
	return NULL;
}

/* Two looks at the daemon. */
struct looks {
	json_t *inputs, *outputs;     /* the first */
	json_t *inputs_2, *outputs_2; /* the second */
	double seconds;
};

/* Looks twice. False, having said why not. */
static bool look(struct looks *looks, const char *word)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS % SLUICE_NS_PER_S,
				       .tv_sec = PAUSE_NS / SLUICE_NS_PER_S};
	char quoted[SLUICE_QUOTE_TEXT];
	uint64_t begun = sluice_now();

	looks->inputs = sluice_list_inputs();
	looks->outputs = looks->inputs ? sluice_list_outputs() : NULL;
	if (!looks->outputs)
		return false;
	if (!find(looks->inputs, word) && !find(looks->outputs, word)) {
		fprintf(stderr,
			"sluicectl: there is no input or output %s; `sluicectl get` lists them\n",
			sluice_quote(word, quoted));
		return false;
	}
	(void)nanosleep(&pause, NULL);
	looks->inputs_2 = sluice_list_inputs();
	looks->outputs_2 = looks->inputs_2 ? sluice_list_outputs() : NULL;
	looks->seconds = (double)(sluice_now() - begun) / (double)SLUICE_NS_PER_S;
	return looks->outputs_2;
}

/* Prints a sentence. Returns the exit status. */
static int print(const char *word, const char *sentence, bool as_json)
{
	json_t *object;
	int error = 0;

	if (!sentence) {
		fputs("sluicectl: out of memory, or it went while it was looked at\n", stderr);
		return SLUICE_CTL_REFUSED;
	}
	if (as_json) {
		object = json_pack("{s:s, s:s}", "what", word, "why", sentence);
		error = sluice_print_json(object);
		json_decref(object);
	} else {
		puts(sentence);
	}
	return error || fflush(stdout) ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

int sluice_ctl_why(int argc, char **argv)
{
	const char *word = NULL;
	struct looks looks = {0};
	int status = SLUICE_CTL_REFUSED, number;
	bool as_json = false;
	char *sentence = NULL;
	const json_t *now;

	for (number = 1; number < argc; number++) {
		if (!strcmp(argv[number], "-j") || !strcmp(argv[number], "--json")) {
			as_json = true;
		} else if (!word && argv[number][0] != '-') {
			word = argv[number];
		} else {
			word = NULL;
			break;
		}
	}
	if (!word) {
		fputs("usage: sluicectl why INPUT|OUTPUT [-j]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	if (look(&looks, word)) {
		const struct sluice_verdict_lists lists = {.inputs = looks.inputs_2,
							   .outputs = looks.outputs_2};

		now = find(looks.outputs_2, word);
		if (now)
			sentence = sluice_verdict_output(now, find(looks.outputs, word),
							 looks.seconds);
		now = now ? NULL : find(looks.inputs_2, word);
		if (now)
			sentence = sluice_verdict_input(&lists, now, find(looks.inputs, word),
							looks.seconds);
		status = print(word, sentence, as_json);
	}
	free(sentence);
	json_decref(looks.inputs);
	json_decref(looks.outputs);
	json_decref(looks.inputs_2);
	json_decref(looks.outputs_2);
	return status;
}
