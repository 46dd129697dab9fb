// SPDX-License-Identifier: GPL-2.0
/* Compiles where a frame may lie in several buffers when XDP sees it. */
#include <net/xdp.h>

bool probe(struct xdp_buff *frame);

/* Never called. */
bool probe(struct xdp_buff *frame)
{
	return xdp_buff_has_frags(frame);
}
