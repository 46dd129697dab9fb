/* SPDX-License-Identifier: GPL-2.0 */
/* Shadow of <net/netlink.h>: nla_strscpy(), which used to be nla_strlcpy(). */
#include_next <net/netlink.h>

#ifndef SLUICE_COMPAT_NET_NETLINK_H
#define SLUICE_COMPAT_NET_NETLINK_H

#ifndef SLUICE_HAVE_NLA_STRSCPY
/* Copies a string attribute; bytes copied without the NUL, or -E2BIG if it was cut off. */
static inline ssize_t nla_strscpy(char *to, const struct nlattr *attribute, size_t size)
{
	size_t length = nla_strlcpy(to, attribute, size);

	return length < size ? (ssize_t)length : -E2BIG;
}
#endif

#endif /* SLUICE_COMPAT_NET_NETLINK_H */
