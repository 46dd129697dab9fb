// SPDX-License-Identifier: MIT
/*
 * The whole screen; see screen.h. Touches: nothing but memory, and the stream it is given.
 */
#include "screen.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "details.h"
#include "figure.h"
#include "order.h"
#include "overview.h"
#include "pages.h"

#define ROWS_MIN 5U
#define COLUMNS_MIN 20U
#define ROWS_PRINTED 4000U /* of a table as text at most */
#define LINE 512U

static const char *const tabs[SLUICE_TOP_TABS] = {"Overview", "Inputs", "Outputs",
						  "Streams",  "Store",	"Threads",
						  "Kernel",   "Events", "Config"};

const char *sluice_top_tab_name(enum sluice_top_tab tab)
{
	return tab < SLUICE_TOP_TABS ? tabs[tab] : "?";
}

/* Draws the tabs. */
static void draw_tabs(struct sluice_top_screen *screen, const struct sluice_top_view *view)
{
	size_t tab, at = 0;
	char text[24];

	for (tab = 0; tab < SLUICE_TOP_TABS; tab++) {
		bool is_here = view->tab == tab;

		snprintf(text, sizeof(text), is_here ? "[%zu%s]" : "%zu%s", tab + 1, tabs[tab]);
		screen->tab_at[tab] = at;
		at += sluice_top_grid_put(&screen->grid, 0, at, screen->grid.columns,
					  is_here ? SLUICE_TOP_HEADING : SLUICE_TOP_PLAIN, text);
		at++;
	}
	screen->tab_at[SLUICE_TOP_TABS] = at;
}

/* Draws what daemon it is, how it is, and the time. */
static void draw_state(struct sluice_top_grid *grid, const struct sluice_top_model *model,
		       const struct sluice_top_view *view, size_t row)
{
	const json_t *daemon = json_object_get(model->snapshot, "daemon");
	const char *relay = json_string_value(json_object_get(daemon, "relay"));
	const char *state = json_string_value(json_object_get(daemon, "state"));
	const char *load = json_string_value(json_object_get(daemon, "load"));
	size_t alarms = json_array_size(json_object_get(model->snapshot, "problems")), at = 0;
	time_t seconds = (time_t)(model->time_ns / SLUICE_NS_PER_S);
	char line[LINE], age[SLUICE_TOP_TEXT];
	struct tm local;

	if (model->is_away || !model->snapshot) {
		sluice_top_age((model->time_ns - model->away_since_ns) / SLUICE_NS_PER_S, age);
		snprintf(line, sizeof(line), "%s (for %.24s); waiting", model->why, age);
		sluice_top_grid_put(grid, row, 0, grid->columns, SLUICE_TOP_BAD,
				    model->time_ns ? line : "asking sluiced ...");
		return;
	}
	sluice_top_age((uint64_t)json_integer_value(json_object_get(daemon, "uptime_seconds")),
		       age);
	snprintf(line, sizeof(line), "%.64s  pid %lld  up %.24s  ", relay ? relay : "?",
		 (long long)model->pid, age);
	at += sluice_top_grid_put(grid, row, at, grid->columns, SLUICE_TOP_PLAIN, line);
	if (state && strcmp(state, "running") != 0) {
		at += sluice_top_grid_put(grid, row, at, 40, SLUICE_TOP_BAD, state) + 2;
	} else if (load) {
		snprintf(line, sizeof(line), "load %.16s  ", load);
		at += sluice_top_grid_put(grid, row, at, grid->columns,
					  !strcmp(load, "losing") ? SLUICE_TOP_BAD
					  : !strcmp(load, "disk") ? SLUICE_TOP_WARNING
								  : SLUICE_TOP_PLAIN,
					  line);
	}
	if (alarms) {
		snprintf(line, sizeof(line), "ALARMS %zu  ", alarms);
		at += sluice_top_grid_put(grid, row, at, grid->columns, SLUICE_TOP_BAD, line);
	}
	if (view->is_frozen)
		at += sluice_top_grid_put(grid, row, at, grid->columns, SLUICE_TOP_WARNING,
					  "FROZEN  ");
	if (view->filter[0]) {
		snprintf(line, sizeof(line), "filter: %.64s", view->filter);
		sluice_top_grid_put(grid, row, at, grid->columns, SLUICE_TOP_WARNING, line);
	}
	if (localtime_r(&seconds, &local) && strftime(line, sizeof(line), "%H:%M:%S", &local))
		sluice_top_grid_put_right(grid, row, grid->columns - 9, 9, SLUICE_TOP_PLAIN, line);
}

/* Draws the last line: what is asked for, said, or which keys there are. */
static void draw_foot(struct sluice_top_grid *grid, const struct sluice_top_view *view)
{
	const struct sluice_top_change *change = &view->change;
	const char *help =
		view->has_details
			? "Esc back  e on/off  r rate  w weight  Up Down scroll  ? help  q quit"
			: "? help  Enter details  s sort  / filter  f freeze  + - pace  q quit";
	char line[LINE];

	switch (view->prompt) {
	case SLUICE_TOP_PROMPT_NONE:
		snprintf(line, sizeof(line), "%s", view->message[0] ? view->message : help);
		break;
	case SLUICE_TOP_PROMPT_FILTER:
		snprintf(line, sizeof(line), "filter: %s_", view->input);
		break;
	case SLUICE_TOP_PROMPT_SWITCH:
		snprintf(line, sizeof(line), "%s %s %s? y or n",
			 change->is_enabled ? "enable" : "disable", change->piece,
			 change->destination);
		break;
	case SLUICE_TOP_PROMPT_RATE:
		snprintf(line, sizeof(line), "rate of %s (80mbit; none): %s_", change->piece,
			 view->input);
		break;
	case SLUICE_TOP_PROMPT_WEIGHT:
		snprintf(line, sizeof(line), "weight of %s at %s: %s_", change->destination,
			 change->piece, view->input);
		break;
	}
	sluice_top_grid_put(grid, grid->rows - 1, 0, grid->columns,
			    view->prompt != SLUICE_TOP_PROMPT_NONE || view->message[0]
				    ? SLUICE_TOP_BOLD
				    : SLUICE_TOP_DIM,
			    line);
}

/* Scrolls so that the row of that key is seen. */
static void follow(struct sluice_top_view *view, const struct sluice_top_screen *screen,
		   const char *key, size_t room)
{
	size_t *scroll = &view->scroll[view->tab], place;

	for (place = 0; place < screen->row_count; place++)
		if (!strcmp(screen->rows[place]->key, key))
			break;
	if (place < screen->row_count && place < *scroll)
		*scroll = place;
	else if (place < screen->row_count && place >= *scroll + room)
		*scroll = place + 1 - room;
	if (*scroll + room > screen->row_count)
		*scroll = screen->row_count > room ? screen->row_count - room : 0;
}

/* Draws the table of a tab. */
static void draw_list(struct sluice_top_screen *screen, const struct sluice_top_model *model,
		      struct sluice_top_view *view, size_t bottom)
{
	enum sluice_top_list list = sluice_top_view_list(view);
	const struct sluice_top_order order = {.list = list,
					       .column = view->sort[list],
					       .is_upward = view->is_upward[list],
					       .filter = view->filter};
	struct sluice_top_drawing drawing = {.model = model,
					     .list = list,
					     .top = screen->top,
					     .bottom = bottom,
					     .sort = view->sort[list],
					     .is_upward = view->is_upward[list],
					     .has_blink = true};
	const struct sluice_top_item *chosen = sluice_top_view_item(view, model);

	screen->rows = sluice_top_order(model, &order, &screen->row_count);
	if (bottom > screen->top + 1)
		follow(view, screen, chosen ? chosen->key : "", bottom - screen->top - 1);
	drawing.rows = screen->rows;
	drawing.count = screen->row_count;
	drawing.scroll = view->scroll[view->tab];
	drawing.selected = chosen ? chosen->key : NULL;
	sluice_top_draw_table(&screen->grid, &drawing, &screen->places);
	if (!screen->row_count)
		sluice_top_grid_put(&screen->grid, screen->top + 1, 0, screen->grid.columns,
				    SLUICE_TOP_DIM,
				    view->filter[0]	       ? "nothing holds the filter"
				    : list == SLUICE_TOP_RULES ? "no rule: the module is not "
								 "loaded, or has none"
							       : "there are none");
}

/* Takes the blinking out of a grid: what blinked is bold. */
static void stop_blink(struct sluice_top_grid *grid)
{
	size_t place;

	for (place = 0; place < grid->rows * grid->columns; place++)
		grid->cells[place].style &= (uint8_t)~SLUICE_TOP_BLINK;
}

/* Draws what the tab shows on the lines from screen->top to before `bottom`. */
static void draw_tab(struct sluice_top_screen *screen, const struct sluice_top_model *model,
		     struct sluice_top_view *view, size_t bottom)
{
	const struct sluice_top_item *item =
		view->has_details ? sluice_top_view_item(view, model) : NULL;
	size_t *scroll = &view->scroll[view->tab];

	if (view->has_help)
		sluice_top_pages_help(&screen->grid, screen->top, bottom);
	else if (item)
		sluice_top_details_draw(&screen->grid, model, sluice_top_view_list(view), item,
					screen->top, bottom, &view->details_scroll);
	else if (view->tab == SLUICE_TOP_TAB_OVERVIEW)
		sluice_top_overview_draw(&screen->grid, model, screen->top, bottom, true);
	else if (view->tab == SLUICE_TOP_TAB_EVENTS)
		sluice_top_pages_events(&screen->grid, model, view->filter, screen->top, bottom,
					scroll);
	else if (view->tab == SLUICE_TOP_TAB_CONFIG)
		sluice_top_pages_config(&screen->grid, model, view->filter, screen->top, bottom,
					scroll, true);
	else
		draw_list(screen, model, view, bottom);
}

int sluice_top_screen_draw(struct sluice_top_screen *screen, const struct sluice_top_model *model,
			   struct sluice_top_view *view, size_t rows, size_t columns, bool is_ascii)
{
	int error;

	memset(screen, 0, sizeof(*screen));
	if (rows < ROWS_MIN || columns < COLUMNS_MIN)
		return -EINVAL;
	error = sluice_top_grid_init(&screen->grid, rows, columns, is_ascii);
	if (error)
		return error;
	view->page = rows - 4;
	draw_tabs(screen, view);
	draw_state(&screen->grid, model, view, 1);
	screen->top = 2;
	draw_tab(screen, model, view, rows - 1);
	draw_foot(&screen->grid, view);
	if (view->has_no_blink)
		stop_blink(&screen->grid);
	return 0;
}

void sluice_top_screen_free(struct sluice_top_screen *screen)
{
	sluice_top_grid_free(&screen->grid);
	free(screen->rows);
	memset(screen, 0, sizeof(*screen));
}

void sluice_top_screen_click(const struct sluice_top_screen *screen,
			     const struct sluice_top_model *model, struct sluice_top_view *view,
			     size_t row, size_t column, bool is_twice)
{
	size_t number, place;

	if (row == 0) {
		for (number = 0; number < SLUICE_TOP_TABS; number++)
			if (column >= screen->tab_at[number] && column < screen->tab_at[number + 1])
				sluice_top_view_go(view, (enum sluice_top_tab)number);
		return;
	}
	if (!screen->places.count)
		return;
	if (row == screen->top) {
		for (number = 0; number < screen->places.count; number++)
			if (column >= screen->places.at[number] &&
			    column < screen->places.at[number] + screen->places.width[number])
				sluice_top_view_sort(view, screen->places.column[number] + 1);
		return;
	}
	place = row - screen->top - 1 + view->scroll[view->tab];
	if (row < screen->top || row + 1 >= screen->grid.rows || place >= screen->row_count)
		return;
	sluice_top_view_choose(view, screen->rows[place]->key);
	if (is_twice)
		sluice_top_view_key(view, model, SLUICE_TOP_KEY_ENTER);
}

/* Lines that a tab needs to show all it has. */
static size_t lines_of(const struct sluice_top_model *model, const struct sluice_top_view *view)
{
	enum sluice_top_list list = sluice_top_view_list(view);
	size_t lines;

	if (view->tab == SLUICE_TOP_TAB_OVERVIEW)
		lines = 12 + model->items[SLUICE_TOP_INPUTS].count +
			model->items[SLUICE_TOP_OUTPUTS].count +
			json_array_size(json_object_get(model->snapshot, "problems"));
	else if (view->tab == SLUICE_TOP_TAB_EVENTS)
		lines = json_array_size(model->events);
	else if (view->tab == SLUICE_TOP_TAB_CONFIG)
		lines = sluice_top_pages_config_lines(model);
	else
		lines = model->items[list].count ? model->items[list].count : 1;
	lines += 3;
	return lines < 24 && view->tab == SLUICE_TOP_TAB_OVERVIEW ? 24
	       : lines < ROWS_PRINTED				  ? lines
								  : ROWS_PRINTED;
}

bool sluice_top_screen_print(const struct sluice_top_model *model, enum sluice_top_tab tab,
			     size_t columns, bool is_ascii, FILE *to)
{
	struct sluice_top_screen screen = {.top = 1};
	struct sluice_top_view view;
	size_t last;

	sluice_top_view_init(&view);
	sluice_top_view_go(&view, tab);
	fprintf(to, "== %s\n", sluice_top_tab_name(tab));
	if (sluice_top_grid_init(&screen.grid, lines_of(model, &view), columns, is_ascii))
		return false;
	draw_state(&screen.grid, model, &view, 0);
	draw_tab(&screen, model, &view, screen.grid.rows);
	/* Without empty lines at the end. */
	for (last = screen.grid.rows * columns; last; last--)
		if (strcmp(screen.grid.cells[last - 1].text, " ") != 0)
			break;
	screen.grid.rows = (last + columns - 1) / columns;
	sluice_top_grid_print(&screen.grid, to);
	sluice_top_screen_free(&screen);
	return !ferror(to);
}
