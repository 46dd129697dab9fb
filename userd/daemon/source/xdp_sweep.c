// SPDX-License-Identifier: MIT
/*
 * What a sluiced that was killed left in libxdp's dispatcher; see xdp_sweep.h. Others that the
 * dispatcher runs go on. Touches: interfaces, programs in /sys/fs/bpf/xdp.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>
#include "../../lib/log.h"
#include "../../lib/xdp_left.h"
#include "../options.h"
#include "xdp_sweep.h"

/* Interfaces of one look; the next start has the rest. */
#define LEFT_MOST 64U

int sluice_xdp_sweep_interface(uint32_t index)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex((int)index);
	struct xdp_program *program = NULL;
	int swept = 0, error;

	if (libxdp_get_error(all) || !all)
		return 0;
	while (!xdp_multiprog__is_legacy(all) &&
	       (program = xdp_multiprog__next_prog(program, all))) {
		if (!sluice_xdp_is_ours(xdp_program__fd(program)))
			continue;
		error = xdp_program__detach(program, (int)index, xdp_multiprog__attach_mode(all),
					    0);
		swept = error ? error : 1;
		break;
	}
	xdp_multiprog__close(all);
	return swept;
}

/* Of one interface, if nobody works there. As sluice_xdp_sweep_interface(), told. */
static int sweep(const struct sluice_xdp_leftover *left)
{
	int claim = sluice_xdp_claim(left->index), swept;

	/* One has started meanwhile, and does it itself. */
	if (claim < 0)
		return 0;
	swept = sluice_xdp_sweep_interface(left->index);
	close(claim);
	if (swept > 0)
		sluice_notice("interface %s: what a sluiced that was killed left in the XDP "
			      "dispatcher is taken away",
			      left->name);
	else if (swept < 0)
		sluice_warning("interface %s: what a sluiced that was killed left in the XDP "
			       "dispatcher cannot be taken away: %s; `xdp-loader status %s` shows "
			       "its id, `xdp-loader unload %s --id ID` takes it away",
			       left->name, strerror(-swept), left->name, left->name);
	return swept;
}

int sluice_xdp_sweep(void)
{
	struct sluice_xdp_leftover left[LEFT_MOST];
	int found = sluice_xdp_left_find(left, LEFT_MOST), number, swept, count = 0, error = 0;

	for (number = 0; number < found; number++) {
		swept = sweep(&left[number]);
		if (swept < 0)
			error = swept;
		else
			count += swept;
	}
	return found < 0 ? found : error ? error : count;
}

int sluice_xdp_sweep_only(void)
{
	int result = sluice_xdp_sweep();

	if (result >= 0)
		return SLUICE_EXIT_OK;
	if (result == -EACCES || result == -EPERM)
		sluice_error("--sweep: no permission to look for XDP programs in /sys/fs/bpf/xdp: "
			     "run it as root");
	return SLUICE_EXIT_START;
}
