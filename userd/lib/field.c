// SPDX-License-Identifier: MIT
/*
 * The table of field.h, out of the rows of field_rows.h. Touches: nothing.
 */
#include "field.h"
#include <sluice/counters.h>
#include <sluice/netlink.h>

/* clang-format off */
#define ZERO true
#define ANY false
#define ROW(list, attribute, is_optional, key, kind, place, title, unit, normally, meaning) \
	{SLUICE_FIELDS_##list, SLUICE_FIELD_##kind, SLUICE_A_##attribute, is_optional, \
	 key, place, title, unit, normally, meaning},
/* clang-format on */
#define FIELD(list, attribute, member, ...) ROW(list, attribute, false, __VA_ARGS__)
#define FIELD_IF(list, attribute, gate, member, ...) ROW(list, attribute, true, __VA_ARGS__)

#define TOLD(list, key, place, ...) ROW(list, UNSPEC, false, key, PART, place, __VA_ARGS__)

const struct sluice_field sluice_fields[] = {
#include "field_rows.h"
};

const size_t sluice_field_count = sizeof(sluice_fields) / sizeof(sluice_fields[0]);
