// SPDX-License-Identifier: MIT
/*
 * `sluicectl init`: a first configuration out of three answers, or of options. Touches: the file,
 * stdin, stdout, stderr.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../config/check.h"
#include "../config/keys_list.h"
#include "../config/starter.h"
#include "command.h"
#include "whole_file.h"

/* The one that the service starts with. */
#define USUAL_FILE "/etc/sluice/sluice.yaml"
#define FILE_MODE 0644

/* What is wished. */
struct request {
	struct sluice_starter words;
	char *answers[3]; /* @owner the request: those of the words that were asked for */
	const char *output;
	bool force;
};

/* Where the words come from, for findings. */
static const char *const names[SLUICE_STARTER_SOURCE + 1] = {
	[SLUICE_STARTER_NONE] = "init",
	[SLUICE_STARTER_PORTS] = "--port",
	[SLUICE_STARTER_TO] = "--to",
	[SLUICE_STARTER_FRAMING] = "--framing",
	[SLUICE_STARTER_RECEIVER] = "--receiver",
	[SLUICE_STARTER_RELAY] = "--name",
	[SLUICE_STARTER_SOURCE] = "--source",
};

/* Says how it is called. Returns the exit status. */
static int usage(void)
{
	fputs("usage: sluicectl init [--port PORTS] [--to HOST:PORT] [--receiver WHO] "
	      "[--output FILE] [--force]\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}

/*
 * Reads the text, against this machine as well if `view` is not NULL, and prints what is found to
 * stderr. Returns whether it may be used.
 */
static bool check_text(const char *text, const enum sluice_host_view *view)
{
	struct sluice_findings findings;
	bool right;
	char *told;

	(void)sluice_ctl_check_text("init", text, strlen(text), view, &findings);
	right = findings.error_count == 0;
	told = sluice_starter_findings(text, &findings, names);
	fputs(told ? told : "sluicectl: init: out of memory\n", stderr);
	free(told);
	sluice_findings_free(&findings);
	return right;
}

/* Is each word that is there right? What is wrong is told. */
static bool check_words(const struct sluice_starter *words)
{
	struct sluice_starter whole = *words;
	char *text = NULL;
	bool right;
	int error;

	/* Those that are not there yet are somebody's who makes no faults. */
	if (!whole.ports)
		whole.ports = "5000";
	if (!whole.to)
		whole.to = "127.0.0.1:6000";
	error = sluice_starter_text(&whole, &text);
	if (error) {
		fprintf(stderr, "sluicectl: init: %s\n",
			error == -EINVAL ? "a word is too long" : strerror(-error));
		return false;
	}
	right = check_text(text, NULL);
	free(text);
	return right;
}

/* sluice_keys_list(): keeps the values of outputs.receiver. */
static int take_receivers(void *context, const struct sluice_key_facts *facts)
{
	if (strcmp(facts->path, "outputs.receiver") != 0)
		return 0;
	snprintf(context, SLUICE_KEY_VALUES, "%s", facts->values);
	return 1;
}

/*
 * Asks for a word until the answer is right; an empty one is `otherwise`, unless that is NULL. 0;
 * -ENODATA: the input ended; -ENOMEM. *answer: @owner caller: free()
 */
static int ask(struct request *request, const char **word, const char *question,
	       const char *otherwise, char **answer)
{
	size_t room = 0;
	ssize_t length;

	for (;;) {
		fprintf(stderr, "%s ", question);
		fflush(stderr);
		errno = 0;
		length = getline(answer, &room, stdin);
		if (length < 0) {
			fputc('\n', stderr);
			return errno == ENOMEM ? -ENOMEM : -ENODATA;
		}
		while (length > 0 && strchr(" \t\r\n", (*answer)[length - 1]))
			(*answer)[--length] = '\0';
		*word = *answer + strspn(*answer, " \t");
		if (!**word)
			*word = otherwise;
		if (*word && check_words(&request->words))
			return 0;
		*word = NULL;
	}
}

/* Asks for what is missing. 0, -ENODATA, -ENOMEM. */
static int ask_all(struct request *request)
{
	struct sluice_starter *words = &request->words;
	char receivers[SLUICE_KEY_VALUES] = "", question[SLUICE_KEY_VALUES + 128];
	int error = 0;

	if (!words->ports)
		error = ask(request, &words->ports,
			    "Which UDP ports come in? (5000, 5000-5003, or a list with commas)",
			    NULL, &request->answers[0]);
	if (!error && !words->to)
		error = ask(request, &words->to,
			    "Where do they go, over TCP? (HOST:PORT, for example 10.9.1.2:6000)",
			    NULL, &request->answers[1]);
	if (error || words->receiver)
		return error;
	(void)sluice_keys_list(take_receivers, receivers);
	snprintf(question, sizeof(question), "Who receives there? (%s; empty: generic)", receivers);
	return ask(request, &words->receiver, question, "generic", &request->answers[2]);
}

/* Makes `path` a file with `text`, whole or not at all. 0; -EEXIST: there is one, and not
 * `force`; another negative errno. */
static int write_file(const char *path, const char *text, bool force)
{
	const struct sluice_whole_file file = {.path = path,
					       .text = text,
					       .length = strlen(text),
					       .mode = FILE_MODE,
					       .uid = geteuid(),
					       .gid = getegid(),
					       .is_new = !force};

	return sluice_whole_file_write(&file);
}

/* Says what is to be done next. */
static void tell_next(const char *path)
{
	printf("%s is written. Next:\n  sluiced -c %s\n  sluicectl show outputs\n", path, path);
}

/* Says that the file is not written. Returns the exit status. */
static int cannot_write(const char *path, int error)
{
	if (error == -EEXIST)
		fprintf(stderr,
			"sluicectl: init: %s is there already and stays as it is: --force replaces "
			"it, --output FILE takes another\n",
			path);
	else
		fprintf(stderr,
			"sluicectl: init: %s cannot be written: %s: --output FILE takes another, "
			"--output - standard output\n",
			path, strerror(-error));
	return SLUICE_CTL_REFUSED;
}

/* Makes the text and writes it. Returns the exit status. */
static int write_words(const struct request *request)
{
	const enum sluice_host_view view = SLUICE_HOST_FILE;
	bool fits, is_file = strcmp(request->output, "-") != 0;
	char *text = NULL;
	int error;

	error = sluice_starter_text(&request->words, &text);
	if (error) {
		fprintf(stderr, "sluicectl: init: %s\n", strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	/* The words are right; what the machine lacks can be had until it starts. */
	fits = check_text(text, &view);
	if (is_file)
		error = write_file(request->output, text, request->force);
	else if (fputs(text, stdout) < 0 || fflush(stdout))
		error = -errno;
	free(text);
	if (error)
		return cannot_write(request->output, error);
	if (is_file)
		tell_next(request->output);
	return fits ? SLUICE_CTL_OK : SLUICE_CTL_FINDINGS;
}

/* Reads the options. False: usage. */
static bool read_options(int argc, char **argv, struct request *request)
{
	static const struct option known[] = {
		{"port", required_argument, NULL, 'p'},
		{"to", required_argument, NULL, 't'},
		{"receiver", required_argument, NULL, 'r'},
		{"output", required_argument, NULL, 'o'},
		{"force", no_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'p')
			request->words.ports = optarg;
		else if (option == 't')
			request->words.to = optarg;
		else if (option == 'r')
			request->words.receiver = optarg;
		else if (option == 'o')
			request->output = optarg;
		else if (option == 'f')
			request->force = true;
		else
			return false;
	}
	return optind == argc;
}

int sluice_ctl_init(int argc, char **argv)
{
	struct request request = {.output = USUAL_FILE};
	const struct sluice_starter *words = &request.words;
	int error = 0, status;
	size_t number;

	if (!read_options(argc, argv, &request))
		return usage();
	if (!check_words(words))
		return SLUICE_CTL_USAGE;
	/* Before anybody has answered questions. */
	if (!request.force && strcmp(request.output, "-") != 0 && !access(request.output, F_OK))
		return cannot_write(request.output, -EEXIST);
	if (isatty(STDIN_FILENO)) {
		error = ask_all(&request);
	} else if (!words->ports || !words->to || !words->receiver) {
		fprintf(stderr,
			"sluicectl: init: missing:%s%s%s; they are asked for on a terminal\n",
			words->ports ? "" : " --port PORTS", words->to ? "" : " --to HOST:PORT",
			words->receiver ? "" : " --receiver WHO");
		return usage();
	}
	if (!error)
		status = write_words(&request);
	else if (error == -ENODATA)
		status = SLUICE_CTL_USAGE;
	else
		status = SLUICE_CTL_REFUSED;
	if (error)
		fputs("sluicectl: init: nothing was written\n", stderr);
	for (number = 0; number < sizeof(request.answers) / sizeof(request.answers[0]); number++)
		free(request.answers[number]);
	return status;
}
