// SPDX-License-Identifier: MIT
/*
 * `sluicectl check`: everything that is wrong with a configuration, before anything runs. Touches:
 * the file, stdout, stderr.
 */
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/check.h"
#include "../config/together.h"
#include "../daemon/source/socket_trial.h"
#include "../lib/kernel.h"
#include "check_firewall.h"
#include "check_online.h"
#include "command.h"
#include "fill_ids.h"
#include "print.h"

/* What `sluicectl check` is doing. */
struct task {
	bool elsewhere;			/* the files are for another host */
	bool online;			/* destinations are asked */
	bool fills_ids;			/* GUIDs that are missing are written into the files */
	json_t *list;			/* of findings; NULL: they go to stdout */
	struct sluice_config **configs; /* of the files so far; NULL: could not be read */
	size_t count;
};

/* As sluice_ctl_check_text(), and leaves the model in *config, NULL if there is none. @owner
 * caller */
static int check_text(const char *name, const char *text, size_t length,
		      const enum sluice_host_view *view, struct sluice_config **config,
		      struct sluice_findings *findings)
{
	int error = sluice_config_parse(text, length, name, config, findings);

	if (!error && view)
		error = sluice_config_check_host(*config, *view, findings);
	if (error && findings->error_count == 0)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, NULL, "out of memory");
	return error;
}

int sluice_ctl_check_text(const char *name, const char *text, size_t length,
			  const enum sluice_host_view *view, struct sluice_findings *findings)
{
	struct sluice_config *config = NULL;
	int error = check_text(name, text, length, view, &config, findings);

	sluice_config_free(config);
	return error;
}

bool sluice_ctl_print_findings(FILE *to, const char *name, const struct sluice_findings *findings)
{
	char *text = sluice_findings_text(findings, name);

	if (text)
		fputs(text, to);
	free(text);
	fflush(to);
	return findings->error_count == 0;
}

/* Adds the findings of `name` to a list of JSON objects. */
static void collect(json_t *list, const char *name, const struct sluice_findings *findings)
{
	const struct sluice_finding *finding;
	size_t number;
	json_t *object;

	for (number = 0; number < findings->count; number++) {
		finding = &findings->list[number];
		/* What is wrong with the file as a whole has no place. */
		object = json_pack("{s:s, s:I, s:I, s:s, s:s}", "file", name, "line",
				   (json_int_t)(finding->column ? finding->line : 0), "column",
				   (json_int_t)finding->column, "severity",
				   sluice_severity_name(finding->severity), "text", finding->text);
		if (object)
			json_array_append_new(list, object);
	}
}

/* Does the module answer? */
static bool has_module(void)
{
	struct sluice_kernel *kernel = NULL;

	if (sluice_kernel_open(&kernel))
		return false;
	sluice_kernel_close(kernel);
	return true;
}

/* Is it written that an input comes from sockets that are read as well as can be had? Of the
 * default nothing is said: a file without a fault is passed over in silence. */
static bool wants_best_way(const struct sluice_config *config)
{
	bool wants = false;
	size_t number;

	for (number = 0; number < config->input_count && !wants; number++) {
		const struct sluice_config_input *input = &config->inputs[number];

		wants = input->receive_place.line && input->receive == SLUICE_RECEIVE_AUTO &&
			sluice_config_is_from_socket(input, has_module());
	}
	return wants;
}

/* Says in which way `receive: auto` would read sockets on this host, as whoever calls us: to
 * `list`, or to stdout if that is NULL. */
static void tell_way(const char *path, json_t *list)
{
	const char *why;
	char text[256];
	json_t *object;

	/* What libbpf has to say of it is for the daemon's log. */
	libbpf_set_print(NULL);
	why = sluice_socket_trial();
	if (why)
		snprintf(text, sizeof(text),
			 "`receive: auto` is `calls` here, because of `bpf`: %s", why);
	else
		snprintf(text, sizeof(text), "`receive: auto` is `bpf` here");
	if (!list) {
		printf("%s: note: %s\n", path, text);
		fflush(stdout);
		return;
	}
	object = json_pack("{s:s, s:i, s:i, s:s, s:s}", "file", path, "line", 0, "column", 0,
			   "severity", "note", "text", text);
	if (object)
		json_array_append_new(list, object);
}

/* Holds a configuration against those of the files before it, which run on the same host. */
static void check_others(const struct task *task, const struct sluice_config *config,
			 struct sluice_findings *findings)
{
	size_t number;

	for (number = 0; number < task->count && !task->elsewhere; number++)
		if (task->configs[number])
			(void)sluice_config_check_together(task->configs[number], config, findings);
}

/* Checks one file, against this host as well unless it is for another one. Returns whether it may
 * be used. */
static bool check_file(struct task *task, const char *path)
{
	const enum sluice_host_view view = SLUICE_HOST_FILE;
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	char *text = NULL;
	size_t length;
	bool right;
	int error;

	error = sluice_config_read(path, &text, &length, &findings);
	if (!error)
		error = check_text(path, text, length, task->elsewhere ? NULL : &view, &config,
				   &findings);
	if (config) {
		check_others(task, config, &findings);
		if (!task->elsewhere)
			sluice_ctl_check_firewall(config, has_module(), &findings);
		if (task->online && !error)
			sluice_ctl_check_online(config, &findings);
	}
	if (task->list)
		collect(task->list, path, &findings);
	else
		sluice_ctl_print_findings(stdout, path, &findings);
	right = !error && findings.error_count == 0;
	if (right && config && !task->elsewhere && wants_best_way(config))
		tell_way(path, task->list);
	if (right && task->fills_ids && sluice_fill_ids(path, text, length))
		right = false;
	task->configs[task->count++] = config;
	sluice_findings_free(&findings);
	free(text);
	return right;
}

/* Says how it is called. Returns the exit status. */
static int usage(void)
{
	fputs("usage: sluicectl check FILE... [--elsewhere] [--online] [--fill-ids] [-j]\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}

int sluice_ctl_check(int argc, char **argv)
{
	int status = SLUICE_CTL_OK, word, files = 0;
	struct task task = {0};
	bool as_json = false;
	size_t number;

	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json"))
			as_json = true;
		else if (!strcmp(argv[word], "--elsewhere"))
			task.elsewhere = true;
		else if (!strcmp(argv[word], "--online"))
			task.online = true;
		else if (!strcmp(argv[word], "--fill-ids"))
			task.fills_ids = true;
		else if (argv[word][0] == '-' && argv[word][1])
			return usage();
		else
			argv[1 + files++] = argv[word];
	}
	/* What is written is said in words, which are no part of JSON. */
	if (files == 0 || (task.elsewhere && task.online) || (as_json && task.fills_ids))
		return usage();
	task.configs = calloc((size_t)files, sizeof(struct sluice_config *));
	if (as_json)
		task.list = json_array();
	if (!task.configs || (as_json && !task.list)) {
		fputs("sluicectl check: out of memory\n", stderr);
		status = SLUICE_CTL_REFUSED;
		goto free;
	}
	for (word = 1; word <= files; word++) {
		if (!check_file(&task, argv[word]))
			status = SLUICE_CTL_FINDINGS;
	}
	if (as_json && sluice_print(task.list, true, NULL, 0))
		status = SLUICE_CTL_REFUSED;
free:
	for (number = 0; number < task.count; number++)
		sluice_config_free(task.configs[number]);
	free(task.configs);
	json_decref(task.list);
	return status;
}
