// SPDX-License-Identifier: MIT
/*
 * `sluicectl show`: what is there. Touches: stdout, stderr,
 * the locale; with -i the signals SIGINT and SIGTERM.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "../config/suggest.h"
#include "clock.h"
#include "command.h"
#include "fields.h"
#include "list.h"
#include "placement.h"
#include "print.h"
#include "show_config.h"
#include "show_rates.h"
#include "show_table.h"

#define COLUMNS(...)                                                        \
	(const struct sluice_print_column[]){__VA_ARGS__},                  \
		sizeof((const struct sluice_print_column[]){__VA_ARGS__}) / \
			sizeof(struct sluice_print_column)

#define FIELDS(...)                                                     \
	(const enum sluice_field_list[]){__VA_ARGS__},                  \
		sizeof((const enum sluice_field_list[]){__VA_ARGS__}) / \
			sizeof(enum sluice_field_list)
#define NO_FIELDS NULL, 0
#define NO_COLUMNS NULL, 0
#define INTERVAL_MIN 0.1 /* seconds of -i */
#define INTERVAL_MAX 86400.0

/* A thing that can be shown. */
struct view {
	const char *name;
	const char *item; /* what one of them is called; NULL: it has no items with names */
	json_t *(*list)(void);
	json_t *(*flatten)(json_t *list);
	struct sluice_show_columns columns;
};

/* What the command line says. */
struct request {
	const struct view *view;
	const char *item; /* name or GUID of the only one that is shown; NULL: all */
	bool as_json;
	double interval; /* seconds between two tables; 0: there is one */
	uint64_t rounds; /* tables; 0: any number */
	struct sluice_show_way way;
};

/* One row per destination: what its output has and it has not goes into each. Takes over `list`. */
static json_t *flatten_outputs(json_t *list)
{
	json_t *rows = json_array(), *output, *destination;
	size_t index, place;

	json_array_foreach(list, index, output)
	{
		json_array_foreach(json_object_get(output, "destinations"), place, destination)
		{
			json_t *row = json_copy(destination);

			/* What may go to any of them waits for each; the limit is all of theirs. */
			json_object_update_missing(row, output);
			json_object_del(row, "destinations");
			if (!json_integer_value(json_object_get(row, "rate")))
				json_object_set(row, "rate", json_object_get(output, "rate"));
			json_array_append_new(rows, row);
		}
	}
	json_decref(list);
	return rows;
}

/* One row per cursor, or one without. Takes over `list`. */
static json_t *flatten_streams(json_t *list)
{
	json_t *rows = json_array(), *stream, *cursor;
	size_t index, place;

	json_array_foreach(list, index, stream)
	{
		json_t *cursors = json_object_get(stream, "cursors");

		if (json_array_size(cursors) == 0)
			json_array_append(rows, stream);
		json_array_foreach(cursors, place, cursor)
		{
			json_t *row = json_copy(stream);

			json_object_update(row, cursor);
			json_array_append_new(rows, row);
		}
	}
	json_decref(list);
	return rows;
}

/* A row for the memory, and one for the disk if there is one. Takes over `list`. */
static json_t *flatten_store(json_t *list)
{
	json_t *rows = json_array(), *store, *part;
	const char *key;
	size_t index;

	json_array_foreach(list, index, store)
	{
		json_object_foreach(store, key, part)
		{
			if (!json_is_object(part))
				continue;
			json_object_set_new(part, "store", json_string(key));
			json_array_append(rows, part);
		}
	}
	json_decref(list);
	return rows;
}

/* A row for each CPU, which gets a name, rule and ring. Takes over `list`. */
static json_t *flatten_kernel(json_t *list)
{
	static const struct {
		const char *of, *key;
	} parts[] = {{"cpu", "cpus"}, {"rule", "rules"}, {"ring", "rings"}};
	json_t *rows = json_array(), *kernel = json_array_get(list, 0), *row;
	size_t part, number;

	for (part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
		json_array_foreach(json_object_get(kernel, parts[part].key), number, row)
		{
			json_object_set_new(row, "of", json_string(parts[part].of));
			if (!part)
				json_object_set_new(row, "name",
						    json_sprintf("cpu %" JSON_INTEGER_FORMAT,
								 json_integer_value(json_object_get(
									 row, "cpu"))));
			json_array_append(rows, row);
		}
	}
	json_decref(list);
	return rows;
}

static const struct view views[] = {
	{"inputs",
	 "input",
	 sluice_list_inputs,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_INPUT), NO_COLUMNS, "name,match,matched,stored,lost,dropped,state"}},
	{"outputs",
	 "output",
	 sluice_list_outputs,
	 flatten_outputs,
	 {FIELDS(SLUICE_FIELDS_OUTPUT, SLUICE_FIELDS_DESTINATION), NO_COLUMNS,
	  "name,to,state,since,sent,memory,disk,error"}},
	{"streams",
	 "stream",
	 sluice_list_streams,
	 flatten_streams,
	 {FIELDS(SLUICE_FIELDS_STREAM, SLUICE_FIELDS_CURSOR), NO_COLUMNS,
	  "route_name,cpu,fill_percent,name,behind,lost"}},
	{"store",
	 NULL,
	 sluice_list_store,
	 flatten_store,
	 {FIELDS(SLUICE_FIELDS_MEMORY, SLUICE_FIELDS_DISK), COLUMNS({"store", "STORE"}),
	  "store,size,used,waiting,dropped,alarms"}},
	{"orphans",
	 "orphan",
	 sluice_list_orphans,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_ORPHAN), NO_COLUMNS, "name,place,bytes,since"}},
	{"threads",
	 "thread",
	 sluice_list_threads,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_THREAD), NO_COLUMNS, "name,health,state,cpu_time,cpu"}},
	{"cost",
	 NULL,
	 sluice_list_costs,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_COST), NO_COLUMNS, "of,name,stage,cpu_time,each"}},
	{"forwards",
	 "forward",
	 sluice_list_forwards,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_FORWARD), NO_COLUMNS, "name,to,now,total,failed,state"}},
	{"daemon",
	 NULL,
	 sluice_list_daemon,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_DAEMON), NO_COLUMNS, "relay,version,pid,uptime_seconds,state"}},
	{"rules",
	 "rule",
	 sluice_list_rules,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_RULE), NO_COLUMNS, "name,ports,matched,stored,lost"}},
	{"routes",
	 "route",
	 sluice_list_routes,
	 NULL,
	 {FIELDS(SLUICE_FIELDS_ROUTE), NO_COLUMNS, "name,priority,ring_size,rules"}},
	{"kernel",
	 NULL,
	 sluice_list_kernel,
	 flatten_kernel,
	 {FIELDS(SLUICE_FIELDS_CPU, SLUICE_FIELDS_RING, SLUICE_FIELDS_RULE), COLUMNS({"of", "OF"}),
	  "of,name,cpu,stored,lost"}},
	{"fields",
	 NULL,
	 sluice_fields_all,
	 NULL,
	 {NO_FIELDS,
	  COLUMNS({"of", "OF"}, {"key", "KEY"}, {"column", "COLUMN"}, {"unit", "UNIT"},
		  {"normally", "NORMALLY"}, {"meaning", "MEANING"}),
	  "of,key,meaning"}},
};

#define VIEWS (sizeof(views) / sizeof(views[0]))

/* A table of a daemon that is stopping, or stuck, is no picture of one that runs: says so, on
 * stderr. */
static void tell_state(void)
{
	json_t *list = sluice_list_daemon();
	const char *state = json_string_value(json_object_get(json_array_get(list, 0), "state"));

	if (state && *state && strcmp(state, "running") != 0)
		fprintf(stderr, "sluicectl: sluiced: %s\n", state);
	json_decref(list);
}

/* Is it `show NAME`, or `show NAME -j`? */
static bool is_text(int argc, char **argv, const char *name)
{
	return argc >= 2 && argc <= 3 && !strcmp(argv[1], name) &&
	       (argc == 2 || !strcmp(argv[2], "-j") || !strcmp(argv[2], "--json"));
}

/* The view of this name, or of this name of an item. NULL: there is none. */
static const struct view *find_view(const char *word)
{
	size_t index;

	for (index = 0; index < VIEWS; index++)
		if (!strcmp(word, views[index].name) ||
		    (views[index].item && !strcmp(word, views[index].item)))
			return &views[index];
	return NULL;
}

/* A number of seconds from INTERVAL_MIN to INTERVAL_MAX; 0: it is none. */
static double read_interval(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	return *end || end == text || !(seconds >= INTERVAL_MIN && seconds <= INTERVAL_MAX)
		       ? 0
		       : seconds;
}

/* Reads the command line. False: it is wrong. */
static bool parse(struct request *request, int argc, char **argv)
{
	char *end;
	int word;

	for (word = 1; word < argc; word++) {
		const char *next = word + 1 < argc ? argv[word + 1] : "";

		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			request->as_json = true;
		} else if (!strcmp(argv[word], "-h")) {
			request->way.is_human = true;
		} else if (!strcmp(argv[word], "-br")) {
			request->way.is_brief = true;
		} else if (!strcmp(argv[word], "-o")) {
			request->way.wanted = *next ? argv[++word] : "";
		} else if (!strcmp(argv[word], "-i")) {
			request->interval = read_interval(next);
			word++;
			if (!(request->interval > 0))
				return false;
		} else if (!strcmp(argv[word], "-n")) {
			errno = 0;
			request->rounds = strtoull(next, &end, 10);
			word++;
			if (errno || *end || *next < '0' || *next > '9' || !request->rounds)
				return false;
		} else if (argv[word][0] == '-' || request->item) {
			return false;
		} else if (request->view) {
			request->item = argv[word];
		} else {
			request->view = find_view(argv[word]);
			if (!request->view)
				return false;
		}
	}
	return request->view && !(request->item && !request->view->item) &&
	       !(request->rounds && !(request->interval > 0)) &&
	       !(request->as_json && (request->interval > 0 || request->way.is_human ||
				      request->way.is_brief || request->way.wanted));
}

/* Is a row, or something in it, called so? */
static bool is_called(const json_t *row, const char *name)
{
	static const char *const keys[] = {"name", "id", "route_name"};
	const json_t *cursor;
	const char *value;
	size_t key, place;

	for (key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
		value = json_string_value(json_object_get(row, keys[key]));
		if (value && !(key == 1 ? strcasecmp(value, name) : strcmp(value, name)))
			return true;
	}
	json_array_foreach(json_object_get(row, "cursors"), place, cursor)
	{
		value = json_string_value(json_object_get(cursor, "name"));
		if (value && !strcmp(value, name))
			return true;
	}
	return false;
}

/* Says that there is no such item, and which there are. */
static void tell_items(const struct request *request, const json_t *list)
{
	const char *before = "; there are: ", *name;
	char quoted[SLUICE_QUOTE_TEXT];
	const json_t *row;
	size_t number;

	fprintf(stderr, "sluicectl: there is no %s %s", request->view->item,
		sluice_quote(request->item, quoted));
	json_array_foreach(list, number, row)
	{
		name = json_string_value(json_object_get(row, "name"));
		name = name ? name : json_string_value(json_object_get(row, "route_name"));
		fprintf(stderr, "%s%s", before, name ? name : "?");
		before = ", ";
	}
	fputc('\n', stderr);
}

/* Asks for the list, and keeps of it what is wanted. NULL: that cannot be had, said. @owner caller:
 * json_decref() */
static json_t *ask(const struct request *request)
{
	json_t *list = request->view->list(), *kept, *row;
	size_t number;

	if (!list || !request->item)
		return list;
	kept = json_array();
	json_array_foreach(list, number, row)
	{
		if (is_called(row, request->item))
			json_array_append(kept, row);
	}
	if (!json_array_size(kept)) {
		tell_items(request, list);
		json_decref(kept);
		kept = NULL;
	}
	json_decref(list);
	return kept;
}

/* As a table has it. Takes over `list`. */
static json_t *flatten(const struct request *request, json_t *list)
{
	return list && request->view->flatten ? request->view->flatten(list) : list;
}

/* Seconds of a clock that nobody sets. */
static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / (double)SLUICE_NS_PER_S;
}

/* Waits until that second of the clock, or a signal to end. True: that came. */
static bool is_ended_before(double until, const sigset_t *ends)
{
	double left = until - seconds_now();
	struct timespec wait = {0};
	int signal;

	if (left > 0) {
		wait.tv_sec = (time_t)left;
		wait.tv_nsec = (long)((left - (double)wait.tv_sec) * (double)SLUICE_NS_PER_S);
	}
	do
		signal = sigtimedwait(ends, NULL, &wait);
	while (signal < 0 && errno == EINTR);
	return signal > 0;
}

/* A table each interval, until SIGINT or SIGTERM comes, or there were enough. A daemon that is away
 * is said to be so, and waited for. The exit status. */
static int follow(const struct request *request)
{
	json_t *before = flatten(request, ask(request)), *rows, *rates;
	double then = seconds_now(), due = then, now;
	uint64_t round;
	sigset_t ends;
	int error = 0;

	if (!before)
		return SLUICE_CTL_REFUSED;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	for (round = 0; !error && (!request->rounds || round < request->rounds); round++) {
		due += request->interval;
		/* What took longer than the interval is no reason for a table at once. */
		if (due < seconds_now())
			due = seconds_now() + request->interval;
		if (is_ended_before(due, &ends))
			break;
		rows = flatten(request, ask(request));
		now = seconds_now();
		if (rows && round)
			putchar('\n');
		rates = rows ? sluice_show_rates(before, rows, now - then,
						 request->view->columns.lists,
						 request->view->columns.list_count)
			     : NULL;
		if (rows)
			error = rates ? sluice_show_table(rows, rates, &request->view->columns,
							  &request->way)
				      : -ENOMEM;
		json_decref(rates);
		json_decref(before);
		before = rows;
		then = now;
	}
	json_decref(before);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

/* What the usage says. */
static int tell_usage(void)
{
	fputs("usage: sluicectl show inputs|outputs|forwards|streams|store|orphans|threads|cost|"
	      "daemon|rules|routes|kernel|fields\n"
	      "                 [NAME|GUID] [-j | -h -br -o COLUMN,... -i SECONDS [-n TABLES]]\n"
	      "       sluicectl show placement [-j]\n       sluicectl show config|defaults\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}

int sluice_ctl_show(int argc, char **argv)
{
	struct request request = {.view = NULL};
	json_t *list;
	int error;

	/* These two are files, with -j, too. */
	if (is_text(argc, argv, "config"))
		return sluice_show_config();
	if (is_text(argc, argv, "defaults"))
		return sluice_show_defaults();
	/* Not the daemon's to tell, but the kernel's. */
	if (is_text(argc, argv, "placement"))
		return sluice_show_placement(argc == 3);
	if (!parse(&request, argc, argv))
		return tell_usage();
	if (!sluice_show_has_columns(&request.view->columns, &request.way))
		return SLUICE_CTL_USAGE;
	setlocale(LC_CTYPE, "");
	request.way.width = sluice_show_width();
	if (request.interval > 0)
		return follow(&request);
	list = ask(&request);
	if (!list)
		return SLUICE_CTL_REFUSED;
	if (!request.as_json)
		list = flatten(&request, list);
	error = request.as_json
			? sluice_print_json(list)
			: sluice_show_table(list, NULL, &request.view->columns, &request.way);
	json_decref(list);
	if (!error && request.view->list == sluice_list_outputs)
		tell_state();
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}
