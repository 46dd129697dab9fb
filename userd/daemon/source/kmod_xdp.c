// SPDX-License-Identifier: MIT
/*
 * See kmod_xdp.h. What becomes of the program is the module's: it goes with the last rule that
 * names the interface, whatever becomes of this process. Touches: lib/hook_xdp.h, the log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "../../lib/hook_xdp.h"
#include "kmod_xdp.h"

#define WHY 320U

/* An interface that inputs name, and what was said of it last. */
struct place {
	char name[IFNAMSIZ];
	char told[WHY];
};

struct sluice_kmod_xdp {
	struct sluice_hook_xdp_program *program; /* while this waits for something */
	bool cannot_load; /* nothing will change that while this process runs */
	char told[WHY];	  /* why */
	struct place *places;
	size_t count;
};

/* What is known of an interface. NULL: out of memory. */
static struct place *place_of(struct sluice_kmod_xdp *xdp, const char *name)
{
	struct place *places;
	size_t number;

	for (number = 0; number < xdp->count; number++)
		if (!strcmp(xdp->places[number].name, name))
			return &xdp->places[number];
	places = reallocarray(xdp->places, xdp->count + 1, sizeof(*places));
	if (!places)
		return NULL;
	xdp->places = places;
	memset(&places[xdp->count], 0, sizeof(*places));
	memcpy(places[xdp->count].name, name, sizeof(places[xdp->count].name));
	return &places[xdp->count++];
}

/* Says why an input is taken at prerouting, unless it was said. */
static void tell(char told[WHY], const char *why, const struct sluice_config_input *input)
{
	if (!strcmp(told, why))
		return;
	memcpy(told, why, WHY);
	sluice_warning_about(SLUICE_ABOUT(.input = input->name),
			     "input `%s`: `hook: xdp` cannot be had, its datagrams are taken at "
			     "prerouting: %s",
			     input->name, why);
}

/* Loads the program, once. */
static bool is_loaded(struct sluice_kmod_xdp *xdp, const struct sluice_config_input *input)
{
	char why[WHY] = "";

	if (xdp->program)
		return true;
	if (!xdp->cannot_load && !sluice_hook_xdp_load(&xdp->program, why, sizeof(why)))
		return true;
	if (!xdp->cannot_load)
		tell(xdp->told, why, input);
	xdp->cannot_load = true;
	return false;
}

/* Has the program be at the interface of one input. True: it waits for something. */
static bool follow_one(struct sluice_kmod_xdp *xdp, const struct sluice_config_input *input)
{
	struct place *place = place_of(xdp, input->interface);
	char why[WHY] = "";
	bool attached;
	int error;

	if (!place || !is_loaded(xdp, input))
		return false;
	error = sluice_hook_xdp_attach(xdp->program, input->interface, &attached, why, sizeof(why));
	if (error) {
		tell(place->told, why, input);
		return true;
	}
	place->told[0] = '\0';
	if (attached)
		sluice_notice_about(
			SLUICE_ABOUT(.input = input->name),
			"input `%s`: datagrams are taken in the driver of %s (XDP); many cards' "
			"links are down for some seconds when the program comes, now, and when it "
			"goes with the last rule",
			input->name, input->interface);
	return false;
}

bool sluice_kmod_xdp_follow(struct sluice_kmod_xdp **xdp, const struct sluice_source_plan *plan)
{
	bool waits = false;
	size_t number;

	for (number = 0; number < plan->config->input_count; number++) {
		const struct sluice_config_input *input = &plan->config->inputs[number];

		if (plan->kinds[number] != SLUICE_SOURCE_KMOD || input->hook != SLUICE_HOOK_XDP)
			continue;
		if (!*xdp)
			*xdp = calloc(1, sizeof(**xdp));
		if (*xdp)
			waits |= follow_one(*xdp, input);
	}
	/* Whoever has it loaded holds the module, which is to be unloaded when the rules are gone.
	 */
	if (*xdp && !waits) {
		sluice_hook_xdp_unload((*xdp)->program);
		(*xdp)->program = NULL;
	}
	return waits;
}

void sluice_kmod_xdp_free(struct sluice_kmod_xdp *xdp)
{
	if (!xdp)
		return;
	sluice_hook_xdp_unload(xdp->program);
	free(xdp->places);
	free(xdp);
}
