// SPDX-License-Identifier: MIT
/*
 * What form the bytes of an output have, and whether two have the same; see framing.h. Touches:
 * nothing.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "framing.h"

struct sluice_form sluice_form_of(const struct sluice_config_output *config)
{
	return (struct sluice_form){
		.framing = config->framing,
		.most = config->max_datagram,
		.oversize = config->oversize,
		.empty = config->empty,
		.unsafe = config->unsafe,
		.prefix = config->prefix,
		.hazards = config->hazards,
		/* Native receivers say whether they want it; that is no form of the stream. */
		.packs = config->compresses && config->framing != SLUICE_FRAMING_NATIVE,
	};
}

const char *sluice_form_text(const struct sluice_form *form, char text[SLUICE_FORM_TEXT])
{
	/* Another size: a member came, went or grew, and has to be told of here. `packs` is the
	 * last one. */
	_Static_assert(offsetof(struct sluice_form, packs) ==
			       5 * sizeof(int) + sizeof(form->hazards) + sizeof(form->most),
		       "sluice_form_text() names every member");

	snprintf(text, SLUICE_FORM_TEXT, "%s/%zu/%d/%d/%d/%u/%d%s",
		 sluice_config_framing_name(form->framing), form->most, (int)form->oversize,
		 (int)form->empty, (int)form->unsafe, form->hazards, (int)form->prefix,
		 form->packs ? "/zstd" : "");
	return text;
}

bool sluice_form_is_same(const struct sluice_form *one, const struct sluice_form *other)
{
	char text[SLUICE_FORM_TEXT], text_of_other[SLUICE_FORM_TEXT];

	return !strcmp(sluice_form_text(one, text), sluice_form_text(other, text_of_other));
}
