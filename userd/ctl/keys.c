// SPDX-License-Identifier: MIT
/*
 * `sluicectl keys`: what a configuration may hold: keys, values, defaults, and when a change is in
 * force. Asks nobody. Touches: stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <jansson.h>
#include "../config/keys_list.h"
#include "command.h"
#include "print.h"

/* A request, and what came of it. */
struct request {
	const char *wanted; /* a key, or the beginning of keys up to a point; NULL: all */
	json_t *list;	    /* as JSON, if that is wanted */
	size_t found;
};

/* Is `path` the wanted key, or one below it? */
static bool is_wanted(const char *wanted, const char *path)
{
	size_t length = wanted ? strlen(wanted) : 0;

	return !length ||
	       (!strncasecmp(wanted, path, length) && (!path[length] || path[length] == '.'));
}

/* Adds a key to the list of JSON objects. 0 or -ENOMEM. */
static int add(json_t *list, const struct sluice_key_facts *facts)
{
	json_t *object = json_pack("{s:s, s:s, s:s?, s:s?, s:b, s:s, s:s}", "key", facts->path,
				   "values", facts->values, "default", facts->fallback, "otherwise",
				   facts->otherwise, "required", facts->is_required, "change",
				   facts->change, "what", facts->does);

	return object && !json_array_append_new(list, object) ? 0 : -ENOMEM;
}

/* One key. */
static int take(void *context, const struct sluice_key_facts *facts)
{
	struct request *request = context;

	if (!is_wanted(request->wanted, facts->path))
		return 0;
	request->found++;
	if (request->list)
		return add(request->list, facts);
	printf("%s\n    %s\n    values: %s\n", facts->path, facts->does, facts->values);
	if (facts->is_required)
		printf("    required\n");
	else
		printf("    default: %s\n", facts->fallback    ? facts->fallback
					    : facts->otherwise ? facts->otherwise
							       : "none");
	printf("    change: %s\n", facts->change);
	return 0;
}

int sluice_ctl_keys(int argc, char **argv)
{
	struct request request = {0};
	bool as_json = false;
	int word, error;

	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			as_json = true;
		} else if (argv[word][0] != '-' && !request.wanted) {
			request.wanted = argv[word];
		} else {
			fprintf(stderr, "usage: sluicectl keys [KEY] [-j]\n");
			return SLUICE_CTL_USAGE;
		}
	}
	if (as_json)
		request.list = json_array();
	error = as_json && !request.list ? -ENOMEM : sluice_keys_list(take, &request);
	if (!error && as_json)
		error = sluice_print(request.list, true, NULL, 0);
	json_decref(request.list);
	if (error) {
		fprintf(stderr, "sluicectl: %s\n", strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	if (!request.found) {
		fprintf(stderr,
			"sluicectl: no key is called \"%s\" or begins so; `sluicectl keys` lists "
			"all\n",
			request.wanted);
		return SLUICE_CTL_USAGE;
	}
	return SLUICE_CTL_OK;
}
