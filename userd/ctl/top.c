// SPDX-License-Identifier: MIT
/*
 * `sluicectl top`: watches the daemon on the terminal, or prints the same as text. Touches: the
 * terminal, stdout, stderr; through top_source.h and top_change.h netlink sockets, processes,
 * files.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "command.h"
#include "top/pool.h"
#include "top/screen.h"
#include "top/terminal.h"
#include "top_change.h"
#include "top_source.h"

#define TEXT_COLUMNS 160U		  /* where nothing says how wide it may be */
#define REPAINT_NS (60 * SLUICE_NS_PER_S) /* somebody else may have written on the terminal */
#define COUNT_MAX 1000000000UL

/* What the command line says. */
struct wish {
	bool is_batch, as_json;
	unsigned long count; /* looks; 0: until it is ended */
	unsigned int interval_s;
	enum sluice_top_tab tab; /* SLUICE_TOP_TABS: all of them */
	const char *record;
	const char *replay;
	const char *host;
};

/* A signal came that ends it. */
static volatile sig_atomic_t is_over;

/* For sigaction(). */
static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

/* A number from 1 to `most`. False: it is none. */
static bool read_number(const char *text, unsigned long most, unsigned long *number)
{
	char *end;

	if (!text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return !errno && !*end && *number >= 1 && *number <= most;
}

/* A tab by its name. False: there is none. */
static bool read_tab(const char *text, enum sluice_top_tab *tab)
{
	unsigned int number;

	for (number = 0; text && number < SLUICE_TOP_TABS; number++) {
		*tab = (enum sluice_top_tab)number;
		if (!strcasecmp(text, sluice_top_tab_name(*tab)))
			return true;
	}
	return false;
}

/* Reads the command line. False: it is wrong, said. */
static bool parse(struct wish *wish, int argc, char **argv)
{
	unsigned long number;
	bool is_right = true;
	int word;

	for (word = 1; word < argc && is_right; word++) {
		const char *option = argv[word], *next = word + 1 < argc ? argv[word + 1] : NULL;

		if (!strcmp(option, "-b") || !strcmp(option, "--batch")) {
			wish->is_batch = true;
			continue;
		}
		if (!strcmp(option, "-j") || !strcmp(option, "--json")) {
			wish->as_json = true;
			continue;
		}
		word++;
		if (!strcmp(option, "-n")) {
			is_right = read_number(next, COUNT_MAX, &wish->count);
		} else if (!strcmp(option, "-d")) {
			is_right = read_number(next, 60, &number);
			wish->interval_s = is_right ? (unsigned int)number : 1;
		} else if (!strcmp(option, "--tab")) {
			is_right = read_tab(next, &wish->tab);
		} else if (!strcmp(option, "--record")) {
			wish->record = next;
			is_right = next;
		} else if (!strcmp(option, "--replay")) {
			wish->replay = next;
			is_right = next;
		} else if (!strcmp(option, "--ssh")) {
			wish->host = next;
			is_right = next;
		} else {
			is_right = false;
		}
	}
	is_right = is_right && !(wish->replay && (wish->host || wish->record));
	if (!is_right)
		fputs("usage: sluicectl top [--batch | -j] [-n LOOKS] [-d SECONDS] [--tab NAME] "
		      "[--record FILE] [--ssh HOST]\n"
		      "       sluicectl top --replay FILE [--batch] [-n LOOKS] [-d SECONDS] "
		      "[--tab NAME]\n",
		      stderr);
	return is_right;
}

/* Waits for the next look, or a signal. */
static void rest(const struct wish *wish, const struct sluice_top_source *source)
{
	const struct timespec while_ssh = {.tv_nsec = 50000000};
	const struct timespec whole = {.tv_sec = wish->interval_s};

	if (!source->replay)
		nanosleep(source->host ? &while_ssh : &whole, NULL);
}

/* The next snapshot, waited for where it comes from another host. NULL: it is over. */
static json_t *wait_next(const struct wish *wish, struct sluice_top_source *source)
{
	json_t *snapshot = sluice_top_source_next(source);

	while (!snapshot && !is_over && !source->replay) {
		rest(wish, source);
		snapshot = sluice_top_source_next(source);
	}
	return snapshot;
}

/* How wide text may be. */
static size_t text_columns(void)
{
	const char *wished = getenv("COLUMNS");
	struct winsize size;
	unsigned long columns;

	if (read_number(wished, 1000, &columns) && columns >= 20)
		return columns;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 20)
		return size.ws_col;
	return TEXT_COLUMNS;
}

/* Prints what the model has. False: stdout does not take it. */
static bool print_look(const struct wish *wish, const struct sluice_top_model *model)
{
	bool is_ascii = sluice_top_terminal_is_ascii(), is_taken = true;
	unsigned int tab;

	for (tab = 0; tab < SLUICE_TOP_TABS && is_taken; tab++)
		if (wish->tab == SLUICE_TOP_TABS || wish->tab == tab)
			is_taken = sluice_top_screen_print(model, (enum sluice_top_tab)tab,
							   text_columns(), is_ascii, stdout);
	putchar('\n');
	return is_taken && !fflush(stdout);
}

/* Prints looks as text; the first snapshot is needed for what grows. The exit status. */
static int print_looks(const struct wish *wish, struct sluice_top_source *source)
{
	struct sluice_top_model model;
	unsigned long looks = 0, taken = 0;
	bool is_well = !sluice_top_model_init(&model);
	json_t *snapshot;

	while (is_well && !is_over && (!wish->count || looks < wish->count)) {
		if (taken++ && !source->host)
			rest(wish, source);
		snapshot = wait_next(wish, source);
		if (!snapshot)
			break;
		/* Of a host that was never reached there is nothing to print but why. */
		if (source->host && taken == 1 && json_object_get(snapshot, "error")) {
			fprintf(stderr, "sluicectl: %s\n",
				json_string_value(json_object_get(snapshot, "error")));
			json_decref(snapshot);
			break;
		}
		is_well = sluice_top_model_take(&model, snapshot) != -ENOMEM;
		json_decref(snapshot);
		/* A daemon that is away is told of at once. */
		if (is_well && (taken > 1 || model.is_away)) {
			is_well = print_look(wish, &model);
			looks++;
		}
	}
	is_well = is_well && !model.is_away && (looks || is_over);
	sluice_top_model_free(&model);
	return is_well ? SLUICE_CTL_OK : SLUICE_CTL_REFUSED;
}

/* Prints snapshots, a line each. The exit status. */
static int print_snapshots(const struct wish *wish, struct sluice_top_source *source)
{
	unsigned long looks;
	json_t *snapshot;
	bool is_away = false, is_taken = true;

	for (looks = 0; is_taken && !is_over && (!wish->count || looks < wish->count); looks++) {
		if (looks && !source->host)
			rest(wish, source);
		snapshot = wait_next(wish, source);
		if (!snapshot)
			break;
		is_away = json_object_get(snapshot, "error");
		is_taken = !json_dumpf(snapshot, stdout, JSON_COMPACT) && putchar('\n') != EOF &&
			   !fflush(stdout);
		json_decref(snapshot);
	}
	return is_taken && !is_away ? SLUICE_CTL_OK : SLUICE_CTL_REFUSED;
}

/* What a terminal is watched on with. */
struct watch {
	const struct wish *wish;
	struct sluice_top_source *source;
	struct sluice_top_model model;
	struct sluice_top_view view;
	struct sluice_top_screen screen; /* the last one drawn */
	json_t *later;			 /* what came while it was frozen */
	uint64_t next_ns, paint_ns;	 /* the next look, the next time that all is drawn */
};

/* Keeps what came while it is frozen: the last snapshot, with the events of all. Takes over
 * `snapshot`. */
static void keep(struct watch *watch, json_t *snapshot)
{
	json_t *events = json_array();

	json_array_extend(events, json_object_get(watch->later, "events"));
	json_array_extend(events, json_object_get(snapshot, "events"));
	json_object_set_new(snapshot, "events", events);
	if (!json_object_get(snapshot, "config") && json_object_get(watch->later, "config"))
		json_object_set(snapshot, "config", json_object_get(watch->later, "config"));
	json_decref(watch->later);
	watch->later = snapshot;
}

/* Looks once. False: no memory. */
static bool look(struct watch *watch)
{
	json_t *snapshot;
	int error = 0;

	if (watch->view.is_frozen && watch->source->replay)
		return true;
	snapshot = sluice_top_source_next(watch->source);
	if (!snapshot && watch->source->has_ended)
		snprintf(watch->view.message, sizeof(watch->view.message),
			 "the recording is at its end");
	if (snapshot)
		keep(watch, snapshot);
	if (watch->later && !watch->view.is_frozen) {
		error = sluice_top_model_take(&watch->model, watch->later);
		json_decref(watch->later);
		watch->later = NULL;
	}
	return error != -ENOMEM;
}

/* Draws everything. */
static void draw(struct watch *watch)
{
	uint64_t now = sluice_now();
	bool whole = watch->view.wants_repaint || now >= watch->paint_ns;
	struct sluice_top_grid small;
	size_t rows, columns;

	if (whole)
		watch->paint_ns = now + REPAINT_NS;
	watch->view.wants_repaint = false;
	sluice_top_terminal_size(&rows, &columns);
	sluice_top_screen_free(&watch->screen);
	if (!sluice_top_screen_draw(&watch->screen, &watch->model, &watch->view, rows, columns,
				    sluice_top_terminal_is_ascii())) {
		sluice_top_terminal_draw(&watch->screen.grid, whole);
	} else if (!sluice_top_grid_init(&small, rows, columns, true)) {
		sluice_top_grid_put(&small, 0, 0, columns, SLUICE_TOP_PLAIN, "too small");
		sluice_top_terminal_draw(&small, whole);
		sluice_top_grid_free(&small);
	}
	/* Rows are the model's, and it may change before they are clicked at. */
}

/* Does what was pressed. */
static void act(struct watch *watch, const struct sluice_top_press *press)
{
	struct sluice_top_change change;

	if (press->is_click)
		sluice_top_screen_click(&watch->screen, &watch->model, &watch->view, press->row,
					press->column, press->is_twice);
	else if (press->key)
		sluice_top_view_key(&watch->view, &watch->model, press->key);
	if (watch->view.change.what == SLUICE_TOP_PROMPT_NONE)
		return;
	change = watch->view.change;
	watch->view.change.what = SLUICE_TOP_PROMPT_NONE;
	sluice_top_change_make(&change, watch->source->host, watch->view.message,
			       sizeof(watch->view.message));
	/* What it did is seen at once. */
	watch->next_ns = 0;
}

/* Milliseconds until the next look. */
static int until_next(const struct watch *watch)
{
	uint64_t now = sluice_now();

	return now >= watch->next_ns
		       ? 0
		       : (int)((watch->next_ns - now + SLUICE_NS_PER_MS - 1) / SLUICE_NS_PER_MS);
}

/* Watches until somebody ends it. The exit status. */
static int watch_on(struct watch *watch)
{
	bool is_well = !sluice_top_model_init(&watch->model);
	struct sluice_top_press press;

	sluice_top_view_init(&watch->view);
	watch->view.interval_s = watch->wish->interval_s;
	watch->view.can_change = !watch->source->replay;
	if (watch->wish->tab != SLUICE_TOP_TABS)
		sluice_top_view_go(&watch->view, watch->wish->tab);
	watch->paint_ns = sluice_now() + REPAINT_NS;
	while (is_well && !is_over && !watch->view.wants_quit) {
		if (!until_next(watch) || watch->source->fd >= 0) {
			is_well = look(watch);
			if (!until_next(watch))
				watch->next_ns =
					sluice_now() + watch->view.interval_s * SLUICE_NS_PER_S;
		}
		draw(watch);
		press = sluice_top_terminal_wait(until_next(watch), watch->source->fd);
		act(watch, &press);
	}
	json_decref(watch->later);
	sluice_top_screen_free(&watch->screen);
	sluice_top_model_free(&watch->model);
	return is_well ? SLUICE_CTL_OK : SLUICE_CTL_REFUSED;
}

/* Does what the command line says. The exit status. */
static int run(struct wish *wish, struct sluice_top_source *source)
{
	struct watch watch = {.wish = wish, .source = source};
	struct sigaction end = {.sa_handler = on_signal};
	int status;

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	if (sluice_top_source_open(source, wish->record))
		return SLUICE_CTL_REFUSED;
	if (wish->as_json)
		return print_snapshots(wish, source);
	if (wish->is_batch)
		return print_looks(wish, source);
	/* A password is asked for before the screen is drawn. */
	if (source->host && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		watch.later = wait_next(wish, source);
	if (!sluice_top_terminal_open()) {
		status = watch_on(&watch);
		sluice_top_terminal_close();
		return status;
	}
	json_decref(watch.later);
	if (!wish->count)
		wish->count = 1;
	return print_looks(wish, source);
}

int sluice_ctl_top(int argc, char **argv)
{
	struct wish wish = {.interval_s = 1, .tab = SLUICE_TOP_TABS};
	struct sluice_top_source source = {0};
	int status;

	if (!parse(&wish, argc, argv))
		return SLUICE_CTL_USAGE;
	/* Characters only: numbers are written as everywhere. */
	setlocale(LC_CTYPE, "");
	json_set_alloc_funcs(sluice_top_pool_take, sluice_top_pool_give);
	source.host = wish.host;
	source.replay = wish.replay;
	source.interval_s = wish.interval_s;
	is_over = 0;
	status = run(&wish, &source);
	sluice_top_source_close(&source);
	return status;
}
