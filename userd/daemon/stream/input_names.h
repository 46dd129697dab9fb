/* SPDX-License-Identifier: MIT */
/*
 * What inputs are called whose numbers stand in records, for whoever tells receivers: the engine
 * fills it in when a configuration is in force. Beside the path of the data. Touches: itself.
 */
#ifndef SLUICE_INPUT_NAMES_H
#define SLUICE_INPUT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"

/* The number that an input has in records: unique among those of one kind of source. */
struct sluice_input_name {
	enum sluice_source kind;
	uint16_t index;
	char name[SLUICE_NAME_MAX + 1];
};

/* From now on the relay and its inputs are called so. 0 or -ENOMEM, then it is as before.
 * @threadsafe */
int sluice_input_names_set(const char *relay, const struct sluice_input_name *list, size_t count);

/* What input `index` of sources of `kind` is called. False: it is not known (yet). @threadsafe */
bool sluice_input_names_find(enum sluice_source kind, uint16_t index,
			     char name[SLUICE_NAME_MAX + 1]);

/* What the relay is called; "" if that is not known yet. @threadsafe */
void sluice_input_names_relay(char name[SLUICE_NAME_MAX + 1]);

#endif /* SLUICE_INPUT_NAMES_H */
