// SPDX-License-Identifier: MIT
/*
 * How the values of `outputs.tls` are read, and what these keys need of each other; part of
 * keys_output.c and of check_draft() (check.c). Touches: nothing but memory.
 */
#include <string.h>
#include "draft.h"
#include "suggest.h"

/* A path or a name, which stays empty after a finding. */
void sluice_read_tls_text(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char *target = (char *)object + key->offset, quoted[SLUICE_QUOTE_TEXT];
	bool is_name = strstr(key->path, ".name") != NULL;

	if (!text)
		return;
	if (strlen(text) >= SLUICE_TLS_TEXT) {
		sluice_reader_fault(reader, key, node, "%zu characters; at most %u are possible",
				    strlen(text), SLUICE_TLS_TEXT - 1);
		return;
	}
	if (!is_name && *text != '/' &&
	    (strcmp(text, SLUICE_TLS_SYSTEM) != 0 || !strstr(key->path, ".ca"))) {
		sluice_reader_fault(
			reader, key, node,
			"%s is no absolute path: the daemon's working folder is "
			"another one%s",
			sluice_quote(text, quoted),
			strstr(key->path, ".ca") ? "; `system` is what this machine trusts" : "");
		return;
	}
	memcpy(target, text, strlen(text) + 1);
}

/* One pin. */
static void read_pin(struct sluice_reader *reader, const struct sluice_key *key,
		     const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	struct sluice_tls_settings *settings = object;
	char quoted[SLUICE_QUOTE_TEXT];

	if (!text)
		return;
	if (settings->pin_count == SLUICE_TLS_PINS) {
		sluice_reader_fault(reader, key, node, "more than %u keys", SLUICE_TLS_PINS);
		return;
	}
	if (sluice_tls_pin_parse(text, settings->pins[settings->pin_count])) {
		sluice_reader_fault(
			reader, key, node,
			"%s is no pin: it begins with sha256// and has 44 characters of "
			"base64 behind that, which end in =",
			sluice_quote(text, quoted));
		return;
	}
	settings->pin_count++;
}

void sluice_read_tls_pins(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	struct sluice_tls_settings *settings = (void *)((char *)object + key->offset);

	if (node->type == YAML_MAPPING_NODE) {
		sluice_reader_fault(reader, key, node,
				    "a pin or a list of pins is expected here, not %s",
				    sluice_reader_kind(node));
		return;
	}
	settings->pin_count = 0;
	sluice_reader_items(reader, key, node, settings, read_pin);
}

void sluice_tls_check(const struct sluice_draft_output *draft, struct sluice_findings *findings)
{
	const struct sluice_tls_settings *tls = &draft->output.tls;
	const struct sluice_config_place *places[] = {
		&draft->tls_ca_place, &draft->tls_name_place, &draft->tls_certificate_place,
		&draft->tls_key_place, &draft->tls_pins_place};
	const struct sluice_config_place *first = NULL;
	size_t number;

	for (number = 0; number < sizeof(places) / sizeof(places[0]) && !first; number++)
		if (places[number]->line)
			first = places[number];
	if (!first)
		return;
	if (!draft->tls_ca_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, first,
				    "outputs.tls: there is no ca, which says whose signature under "
				    "the receiver's certificate is trusted: add a file of "
				    "certificates, or ca: system");
	if (draft->tls_certificate_place.line && !draft->tls_key_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->tls_certificate_place,
				    "outputs.tls.certificate: it is of no use without its key: add "
				    "outputs.tls.key");
	if (draft->tls_key_place.line && !draft->tls_certificate_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->tls_key_place,
				    "outputs.tls.key: it is of no use without its certificate: add "
				    "outputs.tls.certificate");
	if (tls->ca[0] && draft->output.kind != SLUICE_KIND_TCP &&
	    draft->output.kind != SLUICE_KIND_KAFKA)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, first,
				    "outputs.tls: only connections of kind: tcp and kafka are "
				    "encrypted by it: leave it out");
}
