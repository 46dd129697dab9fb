// SPDX-License-Identifier: MIT
/*
 * A daemon without a file; see direct.h. Touches: stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/check.h"
#include "../config/starter.h"
#include "direct.h"

/* Where the words come from, for findings. */
static const char *const names[SLUICE_STARTER_SOURCE + 1] = {
	[SLUICE_STARTER_NONE] = SLUICE_DIRECT_NAME,
	[SLUICE_STARTER_PORTS] = "--relay",
	[SLUICE_STARTER_TO] = "--relay",
	[SLUICE_STARTER_FRAMING] = "--framing",
	[SLUICE_STARTER_RECEIVER] = "--receiver",
	[SLUICE_STARTER_RELAY] = "--name",
	[SLUICE_STARTER_SOURCE] = "--source",
};

/* Says that something went wrong that is nobody's word. Returns the status. */
static int cannot_read(int error)
{
	fprintf(stderr, "sluiced: --relay: %s\n",
		error == -EINVAL ? "a word is too long: write a file and give it with -c"
				 : strerror(-error));
	return error == -EINVAL ? SLUICE_EXIT_USAGE : SLUICE_EXIT_START;
}

/* Prints the findings in words of the command line. */
static void tell(const char *text, const struct sluice_findings *findings, FILE *stream)
{
	char *told = sluice_starter_findings(text, findings, names);

	if (told)
		fputs(told, stream);
	else
		fputs("sluiced: out of memory\n", stderr);
	free(told);
}

/* Calls it `SLUICE_DIRECT_NAME`, and what it leaves after the relay: as if it had a file that is
 * gone, so that a file for the same relay goes on with it, too. 0 or -ENOMEM. */
static int name_it(struct sluice_config *config)
{
	free(config->path);
	config->path = strdup(SLUICE_DIRECT_NAME);
	free(config->home);
	if (asprintf(&config->home, "/sluiced --relay/%s", config->relay) < 0)
		config->home = NULL;
	return config->path && config->home ? 0 : -ENOMEM;
}

struct sluice_config *sluice_direct_load(const struct sluice_options *options,
					 enum sluice_host_view view, int *status)
{
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	char *text = NULL;
	int error;

	if (!options || !status)
		return NULL;
	error = sluice_starter_text(&options->relay, &text);
	if (error) {
		*status = cannot_read(error);
		return NULL;
	}
	*status = SLUICE_EXIT_USAGE;
	error = sluice_config_parse(text, strlen(text), SLUICE_DIRECT_NAME, &config, &findings);
	if (!error) {
		*status = options->check ? SLUICE_EXIT_CONFIG : SLUICE_EXIT_START;
		error = name_it(config);
	}
	if (!error)
		error = sluice_config_check_host(config, view, &findings);
	tell(text, &findings, options->check ? stdout : stderr);
	if (error && !findings.error_count)
		*status = cannot_read(-ENOMEM);
	sluice_findings_free(&findings);
	free(text);
	if (!error)
		return config;
	sluice_config_free(config);
	return NULL;
}

int sluice_direct_print(const struct sluice_options *options)
{
	struct sluice_config *config = NULL;
	struct sluice_findings findings;
	int error, status = SLUICE_EXIT_OK;
	char *text = NULL;

	if (!options)
		return SLUICE_EXIT_USAGE;
	error = sluice_starter_text(&options->relay, &text);
	if (error)
		return cannot_read(error);
	error = sluice_config_parse(text, strlen(text), SLUICE_DIRECT_NAME, &config, &findings);
	tell(text, &findings, stderr);
	if (error)
		status = SLUICE_EXIT_USAGE;
	else if (fputs(text, stdout) < 0 || fflush(stdout)) {
		fprintf(stderr, "sluiced: --print: standard output: %s\n", strerror(errno));
		status = SLUICE_EXIT_START;
	}
	sluice_findings_free(&findings);
	sluice_config_free(config);
	free(text);
	return status;
}
