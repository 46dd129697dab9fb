// SPDX-License-Identifier: MIT
/*
 * What both readers of rsyslog's configuration note: rulesets, templates, inputs; see
 * import_rsyslog.h. Touches: memory.
 */
#include "import_rsyslog.h"
#include <string.h>

size_t sluice_import_rsyslog_ruleset(struct sluice_rsyslog *reader, const char *name)
{
	size_t number;

	if (!name[0] || !strcasecmp(name, "RSYSLOG_DefaultRuleset"))
		return 0;
	for (number = 1; number < reader->ruleset_count; number++)
		if (!strcmp(reader->rulesets[number].name, name))
			return number;
	if (number >= SLUICE_RSYSLOG_RULESETS)
		return SLUICE_RSYSLOG_RULESETS;
	memcpy(reader->rulesets[number].name, name, SLUICE_IMPORT_WORD);
	reader->ruleset_count++;
	return number;
}

void sluice_import_rsyslog_send(struct sluice_rsyslog *reader,
				const struct sluice_import_output *output, const char *template)
{
	struct sluice_ruleset *ruleset;
	size_t number;
	int made;

	if (reader->current >= SLUICE_RSYSLOG_RULESETS) {
		sluice_import_remark(reader->import, output->line,
				     "%s: more than %u rulesets: part the file", output->host,
				     SLUICE_RSYSLOG_RULESETS);
		return;
	}
	ruleset = &reader->rulesets[reader->current];
	if (ruleset->has_ended) {
		sluice_import_remark(reader->import, output->line,
				     "%s: a stop above lets nothing come here: remove it",
				     output->host);
		return;
	}
	made = sluice_import_output(reader->import, output);
	if (made < 0)
		return;
	for (number = 0; number < reader->raw_template_count; number++)
		if (!strcmp(template, reader->raw_templates[number]))
			break;
	if (number == reader->raw_template_count)
		sluice_import_remark(
			reader->import, output->line,
			"template %s: rsyslog writes the header of each message anew, "
			"sluice sends it as it came: what is RFC 3164 with a host name "
			"stays the same, have the receiver parse the rest",
			template[0] ? template : "RSYSLOG_TraditionalForwardFormat");
	if (ruleset->output_count < SLUICE_IMPORT_FAN)
		ruleset->outputs[ruleset->output_count++] = made;
	else
		sluice_import_remark(reader->import, output->line,
				     "%s: more than %u outputs of a ruleset: add it by hand",
				     output->host, SLUICE_IMPORT_FAN);
}

void sluice_import_rsyslog_template(struct sluice_rsyslog *reader, const char *name,
				    const struct sluice_import_token *text)
{
	bool raw = (text->length == 8 && !memcmp(text->text, "%rawmsg%", 8)) ||
		   (text->length == 10 && !memcmp(text->text, "%rawmsg%\\n", 10));

	if (raw && name[0] && reader->raw_template_count < SLUICE_RSYSLOG_TEMPLATES)
		memcpy(reader->raw_templates[reader->raw_template_count++], name,
		       SLUICE_IMPORT_WORD);
}

void sluice_import_rsyslog_input(struct sluice_rsyslog *reader,
				 const struct sluice_import_input *input, const char *ruleset)
{
	if (reader->input_count >= SLUICE_IMPORT_PIECES) {
		sluice_import_remark(reader->import, input->line,
				     "port %s: more than %u inputs: part the file", input->port,
				     SLUICE_IMPORT_PIECES);
		return;
	}
	reader->inputs[reader->input_count].wish = *input;
	memcpy(reader->inputs[reader->input_count++].ruleset, ruleset, SLUICE_IMPORT_WORD);
}

bool sluice_import_rsyslog_listed(const struct sluice_import_token *key, const char *list)
{
	size_t length;

	for (; *list; list += length + (list[length] == ' ')) {
		length = strcspn(list, " ");
		if (key->length < length || strncasecmp(key->text, list, length) != 0)
			continue;
		if (key->length == length || list[length - 1] == '.')
			return true;
	}
	return false;
}
