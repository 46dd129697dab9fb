/* SPDX-License-Identifier: MIT */
/*
 * What of the model somebody looks at: tab, order, filter, the row that is chosen, what he types.
 * Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_VIEW_H
#define SLUICE_CTL_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "model.h"

#define SLUICE_TOP_INPUT 128U /* bytes of what is typed at most, with its end */

enum sluice_top_tab {
	SLUICE_TOP_TAB_OVERVIEW,
	SLUICE_TOP_TAB_INPUTS,
	SLUICE_TOP_TAB_OUTPUTS,
	SLUICE_TOP_TAB_STREAMS,
	SLUICE_TOP_TAB_STORE,
	SLUICE_TOP_TAB_THREADS,
	SLUICE_TOP_TAB_KERNEL,
	SLUICE_TOP_TAB_EVENTS,
	SLUICE_TOP_TAB_CONFIG,
	SLUICE_TOP_TABS
};

/* Keys that are no character. */
enum sluice_top_key {
	SLUICE_TOP_KEY_UP = 0x200000, /* beyond all of Unicode */
	SLUICE_TOP_KEY_DOWN,
	SLUICE_TOP_KEY_LEFT,
	SLUICE_TOP_KEY_RIGHT,
	SLUICE_TOP_KEY_PAGE_UP,
	SLUICE_TOP_KEY_PAGE_DOWN,
	SLUICE_TOP_KEY_HOME,
	SLUICE_TOP_KEY_END,
	SLUICE_TOP_KEY_ENTER,
	SLUICE_TOP_KEY_ESCAPE,
	SLUICE_TOP_KEY_BACKSPACE,
	SLUICE_TOP_KEY_TAB_BACK,
};

/* What is asked for in the last line. */
enum sluice_top_prompt {
	SLUICE_TOP_PROMPT_NONE,
	SLUICE_TOP_PROMPT_FILTER,
	SLUICE_TOP_PROMPT_SWITCH, /* y or n */
	SLUICE_TOP_PROMPT_RATE,
	SLUICE_TOP_PROMPT_WEIGHT,
};

/* A change that is to be made, by the control commands. */
struct sluice_top_change {
	enum sluice_top_prompt what;	    /* SWITCH, RATE, WEIGHT; NONE: there is none */
	bool is_enabled;		    /* SWITCH: on, or off */
	char piece[SLUICE_TOP_INPUT];	    /* name of the input or output */
	char destination[SLUICE_TOP_INPUT]; /* "": the whole piece */
	char value[SLUICE_TOP_INPUT];
};

struct sluice_top_view {
	enum sluice_top_tab tab;
	size_t sort[SLUICE_TOP_LISTS];	  /* number of a column, from 1; 0: as it is configured */
	bool is_upward[SLUICE_TOP_LISTS]; /* numbers: the least first */
	char selected[SLUICE_TOP_LISTS][384]; /* key of the row; "": the first */
	size_t scroll[SLUICE_TOP_TABS], details_scroll;
	size_t page; /* rows that were shown last */
	char filter[SLUICE_TOP_INPUT];
	char input[SLUICE_TOP_INPUT];
	enum sluice_top_prompt prompt;
	struct sluice_top_change change;
	char message[256];	 /* in the last line, until a key is pressed */
	unsigned int interval_s; /* between two looks, 1 to 60 */
	bool is_frozen, has_help, has_details, has_no_blink, can_change;
	bool wants_quit, wants_repaint;
};

/* Overview, a look a second. */
void sluice_top_view_init(struct sluice_top_view *view);

/* The list whose table a tab shows; SLUICE_TOP_LISTS: it shows none. */
enum sluice_top_list sluice_top_view_list(const struct sluice_top_view *view);

/* Does what a key is for: a character of Unicode, or enum sluice_top_key. */
void sluice_top_view_key(struct sluice_top_view *view, const struct sluice_top_model *model,
			 unsigned int key);

/* The same for a tab, a heading, a row that was clicked at. */
void sluice_top_view_go(struct sluice_top_view *view, enum sluice_top_tab tab);
void sluice_top_view_sort(struct sluice_top_view *view, size_t column);
void sluice_top_view_choose(struct sluice_top_view *view, const char *key);

/* The item that is chosen; NULL: none. */
const struct sluice_top_item *sluice_top_view_item(const struct sluice_top_view *view,
						   const struct sluice_top_model *model);

#endif /* SLUICE_CTL_TOP_VIEW_H */
