// SPDX-License-Identifier: GPL-2.0
/* Compiles where string attributes are copied by nla_strscpy(). */
#include <net/netlink.h>

ssize_t probe(char *to, const struct nlattr *attribute);

/* Never called. */
ssize_t probe(char *to, const struct nlattr *attribute)
{
	return nla_strscpy(to, attribute, 1);
}
