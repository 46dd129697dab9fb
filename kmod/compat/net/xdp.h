/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <net/xdp.h>: xdp_buff_has_frags() where a frame is always in one buffer.
 */
#include_next <net/xdp.h>

#ifndef SLUICE_COMPAT_NET_XDP_H
#define SLUICE_COMPAT_NET_XDP_H

#ifndef SLUICE_HAVE_XDP_FRAGS
/* True if the frame lies in several buffers: never. */
static __always_inline bool xdp_buff_has_frags(struct xdp_buff *xdp)
{
	return false;
}
#endif

#endif /* SLUICE_COMPAT_NET_XDP_H */
