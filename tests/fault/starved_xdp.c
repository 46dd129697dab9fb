// SPDX-License-Identifier: MIT
/*
 * A driver whose native XDP loses places of the fill ring, under a program that knows nothing of
 * it: preloaded (LD_PRELOAD), it adds to what the kernel counts of AF_XDP sockets that were not
 * bound for copies behind the driver (XDP_COPY), while the file that SLUICE_STARVED_XDP names is
 * there: 7 frames that found no place, in both counters that the kernel moves for one. Touches:
 * nothing else.
 */
#include <dlfcn.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STARVED 7
#define SOCKETS 1024

static bool is_generic[SOCKETS];

/* bind(2), which notes how. */
int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_xdp *xdp = (const void *)address;

	if (fd >= 0 && fd < SOCKETS && length >= sizeof(*xdp) && address->sa_family == AF_XDP)
		is_generic[fd] = xdp->sxdp_flags & XDP_COPY;
	return ((__typeof__(&bind))dlsym(RTLD_NEXT, "bind"))(fd, address, length);
}

/* getsockopt(2), which adds. */
int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	int result = ((__typeof__(&getsockopt))dlsym(RTLD_NEXT, "getsockopt"))(fd, level, option,
									       value, length);
	const char *file = getenv("SLUICE_STARVED_XDP");
	struct xdp_statistics *counts = value;

	if (!result && level == SOL_XDP && option == XDP_STATISTICS && fd < SOCKETS &&
	    !is_generic[fd] && file && !access(file, F_OK)) {
		counts->rx_dropped += STARVED;
		counts->rx_fill_ring_empty_descs += STARVED;
	}
	return result;
}
