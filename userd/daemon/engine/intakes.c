// SPDX-License-Identifier: MIT
/*
 * Which sources there are; see inner.h. Touches: nothing.
 */
#include "inner.h"

const struct sluice_source_class *const sluice_intake_classes[SLUICE_INTAKES] = {
	[SLUICE_INTAKE_KMOD] = &sluice_source_kmod,
	[SLUICE_INTAKE_SOCKET] = &sluice_source_socket,
};
