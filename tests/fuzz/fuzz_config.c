// SPDX-License-Identifier: MIT
/*
 * Fuzzing of the configuration reader: any bytes give a model or findings, never a crash, a leak or
 * a hang. What comes out must hold what its headers promise. For libFuzzer, `make fuzz`.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "config/check.h"

/* Stops the fuzzer when `kept` is false. */
static void promise(int kept)
{
	if (!kept)
		abort();
}

/* What model.h says of every configuration that is handed out. */
static void check_model(const struct sluice_config *config)
{
	struct sluice_config_route *routes;
	size_t number, count, place;
	char *match;

	promise(config->relay && config->path);
	for (number = 0; number < config->input_count; number++) {
		const struct sluice_config_input *input = &config->inputs[number];

		promise(input->port_count > 0 && input->output_count > 0 && input->name[0]);
		for (place = 0; place < input->port_count; place++)
			promise(input->ports[place].first <= input->ports[place].last &&
				input->ports[place].first > 0);
		for (place = 0; place < input->output_count; place++)
			promise(input->outputs[place] < config->output_count &&
				(place == 0 || input->outputs[place - 1] < input->outputs[place]));
		match = sluice_config_input_match(input);
		promise(match != NULL);
		free(match);
	}
	for (number = 0; number < config->output_count; number++)
		promise(config->outputs[number].to_count > 0 && config->outputs[number].name[0]);
	if (sluice_config_routes(config, 2, &routes, &count) == 0)
		sluice_config_routes_free(routes, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	size_t number;
	char *text;
	int error;

	error = sluice_config_parse((const char *)data, size, "fuzz", &config, &findings);
	promise(error == 0 || error == -EINVAL);
	promise((error == 0) == (findings.error_count == 0));
	for (number = 0; number < findings.count; number++)
		promise(findings.list[number].text[0] &&
			!strpbrk(findings.list[number].text, "\n\033"));
	text = sluice_findings_text(&findings, "fuzz");
	promise(text != NULL);
	free(text);
	if (!error)
		check_model(config);
	sluice_findings_free(&findings);
	if (!error)
		sluice_config_free(config);
	return 0;
}
