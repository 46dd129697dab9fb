// SPDX-License-Identifier: MIT
/*
 * See kmod_xdp.h. The module keeps the program while a rule names the interface; this process holds
 * it, too, while it lives and has inputs from the module, so that a rule that goes and comes again
 * resets no card. Touches: lib/hook_xdp.h, the log, who listens for events.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/event.h"
#include "../../lib/log.h"
#include "../../lib/hook_xdp.h"
#include "kmod_xdp.h"

#define WHY 320U
#define KEY "inputs.hook"

/* An interface that inputs name, and what was said of it last. */
struct place {
	char name[IFNAMSIZ];
	char told[WHY];	      /* why the program is not there; "": it is, or nothing was said */
	bool said_there;      /* it is, and that was said */
	unsigned int ifindex; /* that `link` is of */
	int link;	      /* of the program; -1: none */
};

struct sluice_kmod_xdp {
	struct sluice_hook_xdp_program *program; /* while this waits for something */
	bool cannot_load; /* nothing will change that while this process runs */
	char why[WHY];	  /* that is so */
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
	places[xdp->count].link = -1;
	return &places[xdp->count++];
}

/* Holds an interface's program no longer. */
static void let_go(struct place *place)
{
	if (place->link >= 0)
		close(place->link);
	place->link = -1;
}

/* Tells whoever listens whether an input is taken at XDP, and if not, why. */
static void tell_event(enum sluice_event kind, const struct sluice_config_input *input,
		       const char *text)
{
	sluice_event_tell(&(const struct sluice_event_news){.kind = kind,
							    .key = KEY,
							    .where = input->name,
							    .interface = input->interface,
							    .guid = input->id,
							    .text = text});
}

/* Says why an input is taken at prerouting, unless it was said. */
static void tell(struct place *place, const char *why, const struct sluice_config_input *input)
{
	char text[WHY + 256];

	if (!strcmp(place->told, why))
		return;
	snprintf(place->told, sizeof(place->told), "%s", why);
	place->said_there = false;
	snprintf(text, sizeof(text),
		 "input `%s`: `hook: xdp` cannot be had, its datagrams are taken at prerouting: %s",
		 input->name, why);
	sluice_warning_about(SLUICE_ABOUT(.input = input->name), "%s", text);
	tell_event(SLUICE_EVENT_FALLBACK, input, text);
}

/* The program is there: says so if that is new. */
static void tell_there(struct place *place, bool attached, const struct sluice_config_input *input)
{
	char text[512];

	if (!attached && place->said_there)
		return;
	place->said_there = true;
	snprintf(text, sizeof(text), "input `%s`: datagrams are taken in the driver of %s (XDP)%s",
		 input->name, input->interface,
		 attached ? "; many cards' links are down for some seconds when the program "
			    "comes, now, and when it goes; `sluicectl xdp prepare` lets it stay"
			  : "");
	sluice_notice_about(SLUICE_ABOUT(.input = input->name), "%s", text);
	if (place->told[0])
		tell_event(SLUICE_EVENT_FALLBACK_OVER, input, text);
	place->told[0] = '\0';
}

/* Loads the program, once. */
static bool is_loaded(struct sluice_kmod_xdp *xdp)
{
	if (xdp->program)
		return true;
	if (xdp->cannot_load)
		return false;
	xdp->cannot_load = sluice_hook_xdp_load(&xdp->program, xdp->why, sizeof(xdp->why));
	return !xdp->cannot_load;
}

/* Is the program at the interface, and kept by the module? Has this process hold it. */
static bool is_there(struct place *place)
{
	struct sluice_hook_xdp_state state;

	if (sluice_hook_xdp_look(place->name, &state) && !state.ifindex)
		return false;
	if (place->ifindex != state.ifindex)
		let_go(place);
	place->ifindex = state.ifindex;
	/* The module let go when the last rule went, and there is one again. */
	if (!state.is_there && place->link >= 0 &&
	    (sluice_hook_xdp_give(place->ifindex, place->link) ||
	     sluice_hook_xdp_look(place->name, &state) || !state.is_there))
		let_go(place);
	if (state.is_there && place->link < 0)
		place->link = sluice_hook_xdp_open(place->ifindex);
	return state.is_there;
}

/* Has the program be at the interface of one input. True: it waits for something. */
static bool follow_one(struct sluice_kmod_xdp *xdp, const struct sluice_config_input *input)
{
	struct place *place = place_of(xdp, input->interface);
	bool attached = false;
	char why[WHY] = "";

	if (!place)
		return false;
	if (is_there(place)) {
		tell_there(place, false, input);
		return false;
	}
	if (!is_loaded(xdp)) {
		/* Somebody with more rights may attach it. */
		tell(place, xdp->why, input);
		return true;
	}
	if (sluice_hook_xdp_attach(xdp->program, input->interface, &attached, why, sizeof(why))) {
		tell(place, why, input);
		return true;
	}
	tell_there(place, attached, input);
	is_there(place);
	return false;
}

/* Holds no program any more. */
static void let_all_go(struct sluice_kmod_xdp *xdp)
{
	size_t number;

	for (number = 0; number < xdp->count; number++)
		let_go(&xdp->places[number]);
}

bool sluice_kmod_xdp_follow(struct sluice_kmod_xdp **xdp, const struct sluice_source_plan *plan)
{
	bool waits = false, has_module = false;
	size_t number;

	for (number = 0; number < plan->config->input_count; number++) {
		const struct sluice_config_input *input = &plan->config->inputs[number];

		if (plan->kinds[number] != SLUICE_SOURCE_KMOD)
			continue;
		has_module = true;
		if (input->hook != SLUICE_HOOK_XDP)
			continue;
		if (!*xdp)
			*xdp = calloc(1, sizeof(**xdp));
		if (*xdp)
			waits |= follow_one(*xdp, input);
	}
	/* Whoever has a program holds the module, which is to be unloaded when nothing of it is
	 * wanted. */
	if (*xdp && !has_module)
		let_all_go(*xdp);
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
	let_all_go(xdp);
	sluice_hook_xdp_unload(xdp->program);
	free(xdp->places);
	free(xdp);
}
