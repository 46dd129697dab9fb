// SPDX-License-Identifier: MIT
/*
 * Can the files be read that outputs with `tls` need? Part of sluice_config_check_host(); see
 * host.h. Touches: reads files.
 */
#include <openssl/ssl.h>
#include "host.h"

void sluice_host_check_tls(const struct sluice_config *config, enum sluice_host_view view,
			   struct sluice_findings *findings)
{
	const struct sluice_config_output *output;
	char why[SLUICE_TLS_WHY];
	SSL_CTX *context;
	size_t number;

	for (number = 0; number < config->output_count; number++) {
		output = &config->outputs[number];
		if (!sluice_tls_is_wanted(&output->tls) || sluice_config_is_twin(config, number))
			continue;
		if (!sluice_tls_open(&output->tls, &context, why)) {
			SSL_CTX_free(context);
			continue;
		}
		/* A daemon that starts takes datagrams all the same, and keeps them; who only looks
		 * may be one who must not read the key. */
		sluice_findings_add(findings,
				    view == SLUICE_HOST_LIVE ? SLUICE_FINDING_ERROR
							     : SLUICE_FINDING_WARNING,
				    &output->place, "outputs.tls: %s: %s", output->name, why);
	}
}
