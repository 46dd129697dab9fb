// SPDX-License-Identifier: MIT
/*
 * What somebody looks at, and what keys do with it; see view.h. Touches: nothing but memory.
 */
#include "view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "order.h"

#define INTERVAL_MAX_S 60U

void sluice_top_view_init(struct sluice_top_view *view)
{
	memset(view, 0, sizeof(*view));
	view->interval_s = 1;
	view->page = 10;
}

enum sluice_top_list sluice_top_view_list(const struct sluice_top_view *view)
{
	if (view->tab >= SLUICE_TOP_TAB_INPUTS && view->tab <= SLUICE_TOP_TAB_KERNEL)
		return SLUICE_TOP_INPUTS + (view->tab - SLUICE_TOP_TAB_INPUTS);
	return SLUICE_TOP_LISTS;
}

void sluice_top_view_go(struct sluice_top_view *view, enum sluice_top_tab tab)
{
	view->tab = tab < SLUICE_TOP_TABS ? tab : SLUICE_TOP_TAB_OVERVIEW;
	view->has_details = false;
	view->has_help = false;
}

void sluice_top_view_sort(struct sluice_top_view *view, size_t column)
{
	enum sluice_top_list list = sluice_top_view_list(view);

	if (list == SLUICE_TOP_LISTS || column > sluice_top_tables[list].column_count)
		return;
	view->is_upward[list] = column && view->sort[list] == column && !view->is_upward[list];
	view->sort[list] = column;
}

void sluice_top_view_choose(struct sluice_top_view *view, const char *key)
{
	enum sluice_top_list list = sluice_top_view_list(view);

	if (list != SLUICE_TOP_LISTS)
		snprintf(view->selected[list], sizeof(view->selected[list]), "%s", key);
}

/* The rows of the table as they are shown. @owner caller: free() */
static const struct sluice_top_item **rows_of(const struct sluice_top_view *view,
					      const struct sluice_top_model *model, size_t *count)
{
	enum sluice_top_list list = sluice_top_view_list(view);
	const struct sluice_top_order order = {
		.list = list,
		.column = list == SLUICE_TOP_LISTS ? 0 : view->sort[list],
		.is_upward = list != SLUICE_TOP_LISTS && view->is_upward[list],
		.filter = view->filter,
	};

	*count = 0;
	return list == SLUICE_TOP_LISTS ? NULL : sluice_top_order(model, &order, count);
}

const struct sluice_top_item *sluice_top_view_item(const struct sluice_top_view *view,
						   const struct sluice_top_model *model)
{
	enum sluice_top_list list = sluice_top_view_list(view);
	const struct sluice_top_item *item, **rows;
	size_t count;

	if (list == SLUICE_TOP_LISTS)
		return NULL;
	item = sluice_top_find(model, list, view->selected[list]);
	if (item)
		return item;
	rows = rows_of(view, model, &count);
	item = count ? rows[0] : NULL;
	free(rows);
	return item;
}

/* Moves the choice by so many rows; in texts the place. */
static void move(struct sluice_top_view *view, const struct sluice_top_model *model, long by)
{
	enum sluice_top_list list = sluice_top_view_list(view);
	size_t *scroll = view->has_details ? &view->details_scroll : &view->scroll[view->tab];
	const struct sluice_top_item **rows, *item;
	size_t count, place;
	long wanted;

	if (list == SLUICE_TOP_LISTS || view->has_details) {
		*scroll = by < 0 && *scroll < (size_t)-by ? 0 : *scroll + (size_t)by;
		return;
	}
	item = sluice_top_view_item(view, model);
	rows = rows_of(view, model, &count);
	if (!rows)
		return;
	for (place = 0; place < count && rows[place] != item; place++)
		;
	if (place == count)
		place = 0;
	wanted = (long)place + by;
	if (wanted >= (long)count)
		wanted = (long)count - 1;
	item = count ? rows[wanted < 0 ? 0 : wanted] : NULL;
	if (item)
		sluice_top_view_choose(view, item->key);
	free(rows);
}

/* A member of a row as text. */
static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* Begins a change of the item whose details are shown. */
static void begin_change(struct sluice_top_view *view, const struct sluice_top_model *model,
			 enum sluice_top_prompt what)
{
	const struct sluice_top_item *item = sluice_top_view_item(view, model);
	enum sluice_top_list list = sluice_top_view_list(view);
	struct sluice_top_change *change = &view->change;

	memset(change, 0, sizeof(*change));
	if (!item || (list != SLUICE_TOP_INPUTS && list != SLUICE_TOP_OUTPUTS)) {
		snprintf(view->message, sizeof(view->message),
			 "only inputs and outputs can be changed here");
		return;
	}
	if (!view->can_change) {
		snprintf(view->message, sizeof(view->message),
			 "this is a recording: nothing can be changed");
		return;
	}
	snprintf(change->piece, sizeof(change->piece), "%s", text_of(item->now, "name"));
	snprintf(change->destination, sizeof(change->destination), "%s", text_of(item->now, "to"));
	if ((what == SLUICE_TOP_PROMPT_RATE && list != SLUICE_TOP_OUTPUTS) ||
	    (what == SLUICE_TOP_PROMPT_WEIGHT && !*change->destination)) {
		snprintf(view->message, sizeof(view->message), "%s",
			 what == SLUICE_TOP_PROMPT_RATE ? "an input has no rate"
							: "only a destination has a weight");
		return;
	}
	change->is_enabled = !strcmp(text_of(item->now, "role"), "disabled") ||
			     !strcmp(text_of(item->now, "state"), "disabled");
	view->prompt = what;
	view->input[0] = '\0';
}

/* What was asked for is typed. */
static void end_prompt(struct sluice_top_view *view)
{
	if (view->prompt == SLUICE_TOP_PROMPT_FILTER) {
		snprintf(view->filter, sizeof(view->filter), "%s", view->input);
	} else if (view->input[0]) {
		snprintf(view->change.value, sizeof(view->change.value), "%s", view->input);
		view->change.what = view->prompt;
	}
	view->prompt = SLUICE_TOP_PROMPT_NONE;
}

/* A key while something is asked for. */
static void type(struct sluice_top_view *view, unsigned int key)
{
	size_t length = strlen(view->input);

	if (view->prompt == SLUICE_TOP_PROMPT_SWITCH) {
		if (key == 'y' || key == 'Y')
			view->change.what = SLUICE_TOP_PROMPT_SWITCH;
		view->prompt = SLUICE_TOP_PROMPT_NONE;
	} else if (key == SLUICE_TOP_KEY_ESCAPE) {
		view->prompt = SLUICE_TOP_PROMPT_NONE;
	} else if (key == SLUICE_TOP_KEY_ENTER) {
		end_prompt(view);
	} else if (key == SLUICE_TOP_KEY_BACKSPACE && length) {
		view->input[length - 1] = '\0';
	} else if (key >= ' ' && key < 0x7f && length + 1 < sizeof(view->input)) {
		view->input[length] = (char)key;
		view->input[length + 1] = '\0';
	}
	/* A filter is seen at work while it is typed. */
	if (view->prompt == SLUICE_TOP_PROMPT_FILTER)
		snprintf(view->filter, sizeof(view->filter), "%s", view->input);
}

/* Enter: the details of the row. */
static void enter(struct sluice_top_view *view, const struct sluice_top_model *model)
{
	const struct sluice_top_item *item = sluice_top_view_item(view, model);

	if (!item || view->has_help)
		return;
	sluice_top_view_choose(view, item->key);
	view->has_details = true;
	view->details_scroll = 0;
}

/* Esc: back one step. */
static void go_back(struct sluice_top_view *view)
{
	if (view->has_help)
		view->has_help = false;
	else if (view->has_details)
		view->has_details = false;
	else
		view->filter[0] = '\0';
}

/* Sorts by the column beside. */
static void sort_beside(struct sluice_top_view *view, bool is_right)
{
	enum sluice_top_list list = sluice_top_view_list(view);
	size_t columns;

	if (list == SLUICE_TOP_LISTS)
		return;
	columns = sluice_top_tables[list].column_count + 1;
	view->sort[list] = (view->sort[list] + (is_right ? 1 : columns - 1)) % columns;
	view->is_upward[list] = false;
}

/* Keys that change what is seen. False: it is another. */
static bool look(struct sluice_top_view *view, unsigned int key)
{
	enum sluice_top_list list = sluice_top_view_list(view);

	switch (key) {
	case '\t':
		sluice_top_view_go(view, (view->tab + 1) % SLUICE_TOP_TABS);
		return true;
	case SLUICE_TOP_KEY_TAB_BACK:
		sluice_top_view_go(view, (view->tab + SLUICE_TOP_TABS - 1) % SLUICE_TOP_TABS);
		return true;
	case 's':
	case SLUICE_TOP_KEY_RIGHT:
	case '>':
	case SLUICE_TOP_KEY_LEFT:
	case '<':
		sort_beside(view, key != SLUICE_TOP_KEY_LEFT && key != '<');
		return true;
	case 'S':
	case 'R':
		if (list != SLUICE_TOP_LISTS)
			view->is_upward[list] = !view->is_upward[list];
		return true;
	case ' ':
	case 'f':
		view->is_frozen = !view->is_frozen;
		return true;
	case 'b':
		view->has_no_blink = !view->has_no_blink;
		return true;
	case '+':
	case '-':
		if (key == '+' && view->interval_s < INTERVAL_MAX_S)
			view->interval_s++;
		else if (key == '-' && view->interval_s > 1)
			view->interval_s--;
		snprintf(view->message, sizeof(view->message), "a look every %u s",
			 view->interval_s);
		return true;
	case '?':
	case 'h':
		view->has_help = !view->has_help;
		return true;
	default:
		return false;
	}
}

/* Keys that move. False: it is another. */
static bool walk(struct sluice_top_view *view, const struct sluice_top_model *model,
		 unsigned int key)
{
	const long page = (long)view->page, all = 1 << 20;
	long by = 0;

	switch (key) {
	case SLUICE_TOP_KEY_UP:
	case 'k':
		by = -1;
		break;
	case SLUICE_TOP_KEY_DOWN:
	case 'j':
		by = 1;
		break;
	case SLUICE_TOP_KEY_PAGE_UP:
		by = -page;
		break;
	case SLUICE_TOP_KEY_PAGE_DOWN:
		by = page;
		break;
	case SLUICE_TOP_KEY_HOME:
		by = -all;
		break;
	case SLUICE_TOP_KEY_END:
		by = all;
		break;
	default:
		return false;
	}
	move(view, model, by);
	return true;
}

void sluice_top_view_key(struct sluice_top_view *view, const struct sluice_top_model *model,
			 unsigned int key)
{
	view->message[0] = '\0';
	if (view->prompt != SLUICE_TOP_PROMPT_NONE) {
		type(view, key);
		return;
	}
	if (key >= '1' && key <= '9') {
		sluice_top_view_go(view, (enum sluice_top_tab)(key - '1'));
		return;
	}
	if (look(view, key) || walk(view, model, key))
		return;
	switch (key) {
	case SLUICE_TOP_KEY_ENTER:
		enter(view, model);
		break;
	case SLUICE_TOP_KEY_ESCAPE:
		go_back(view);
		break;
	case '/':
		view->prompt = SLUICE_TOP_PROMPT_FILTER;
		snprintf(view->input, sizeof(view->input), "%s", view->filter);
		break;
	case 'e':
	case 'r':
	case 'w':
		if (view->has_details)
			begin_change(view, model,
				     key == 'e'	  ? SLUICE_TOP_PROMPT_SWITCH
				     : key == 'r' ? SLUICE_TOP_PROMPT_RATE
						  : SLUICE_TOP_PROMPT_WEIGHT);
		else
			snprintf(view->message, sizeof(view->message),
				 "choose a row and press Enter first");
		break;
	case 'L' - '@':
		view->wants_repaint = true;
		break;
	case 'q':
		view->wants_quit = true;
		break;
	default:
		break;
	}
}
