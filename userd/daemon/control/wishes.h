/* SPDX-License-Identifier: MIT */
/*
 * What a CONFIG_APPLY says of outputs that go: CONFIG_ADOPT and CONFIG_DROP. For the control plane.
 */
#ifndef SLUICE_WISHES_H
#define SLUICE_WISHES_H

#include <netlink/attr.h>
#include "../identity/identity.h"

/*
 * Reads them out of `length` bytes of attributes, which were validated. 0; -EINVAL and *text, a
 * sentence (@owner caller); -ENOMEM. @owner caller: sluice_wishes_free(), also on failure
 */
int sluice_wishes_read(struct nlattr *first, int length, struct sluice_wishes *wishes, char **text);

/* Copies them; NULL: there are none. 0 or -ENOMEM. @owner caller: sluice_wishes_free(), also on
 * failure */
int sluice_wishes_copy(struct sluice_wishes *copy, const struct sluice_wishes *wishes);

/* Frees what was read or copied. */
void sluice_wishes_free(struct sluice_wishes *wishes);

#endif /* SLUICE_WISHES_H */
