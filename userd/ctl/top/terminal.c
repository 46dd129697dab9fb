// SPDX-License-Identifier: MIT
/*
 * The terminal; see terminal.h. Touches: stdin, stdout.
 */
#include "terminal.h"
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* The macros of its own that nobody asked for (move, erase) stay away. */
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include "view.h"

#define RUN 4096U    /* bytes of characters of one style that are put at once */
#define ESCAPE_MS 25 /* after which Esc is the key, and no part of another */

static SCREEN *screen;
static bool has_colours;

int sluice_top_terminal_open(void)
{
	const char *unwanted = getenv("NO_COLOR");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -ENOTTY;
	set_term(screen);
	/* Without these it is a printer, or says that it is dumb. */
	if (!tigetstr("cup") || tigetstr("cup") == (char *)-1) {
		sluice_top_terminal_close();
		return -ENOTTY;
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	mouseinterval(250);
	mousemask(BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON1_PRESSED | BUTTON4_PRESSED |
			  BUTTON5_PRESSED,
		  NULL);
	has_colours = !(unwanted && *unwanted) && has_colors();
	if (has_colours) {
		start_color();
		use_default_colors();
		init_pair(1, COLOR_GREEN, -1);
		init_pair(2, COLOR_YELLOW, -1);
		init_pair(3, COLOR_RED, -1);
	}
	return 0;
}

void sluice_top_terminal_close(void)
{
	if (!screen)
		return;
	curs_set(1);
	endwin();
	delscreen(screen);
	screen = NULL;
}

bool sluice_top_terminal_is_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void sluice_top_terminal_size(size_t *rows, size_t *columns)
{
	*rows = (size_t)getmaxy(stdscr);
	*columns = (size_t)getmaxx(stdscr);
}

/* What a style looks like; without colours what is bad is bold, and an alarm underlined. */
static attr_t attributes_of(uint8_t style)
{
	attr_t attributes = A_NORMAL;

	switch (style & 0x3f) {
	case SLUICE_TOP_DIM:
		attributes = A_DIM;
		break;
	case SLUICE_TOP_BOLD:
		attributes = A_BOLD;
		break;
	case SLUICE_TOP_GOOD:
		attributes = has_colours ? (attr_t)COLOR_PAIR(1) : A_NORMAL;
		break;
	case SLUICE_TOP_WARNING:
		attributes = has_colours ? (attr_t)COLOR_PAIR(2) | A_BOLD : A_UNDERLINE;
		break;
	case SLUICE_TOP_BAD:
		attributes = has_colours ? (attr_t)COLOR_PAIR(3) | A_BOLD : A_BOLD | A_UNDERLINE;
		break;
	case SLUICE_TOP_HEADING:
		attributes = A_REVERSE;
		break;
	default:
		break;
	}
	if (style & SLUICE_TOP_BLINK)
		attributes |= A_BLINK;
	if (style & SLUICE_TOP_SELECTED)
		attributes |= A_REVERSE;
	return attributes;
}

void sluice_top_terminal_draw(const struct sluice_top_grid *grid, bool whole)
{
	size_t row, column, length, begin;
	char run[RUN];

	werase(stdscr);
	for (row = 0; row < grid->rows; row++) {
		const struct sluice_top_cell *cells = &grid->cells[row * grid->columns];

		for (column = 0; column < grid->columns;) {
			begin = column;
			length = 0;
			while (column < grid->columns &&
			       cells[column].style == cells[begin].style &&
			       length + sizeof(cells->text) < sizeof(run)) {
				size_t more = strlen(cells[column].text);

				memcpy(run + length, cells[column++].text, more);
				length += more;
			}
			run[length] = '\0';
			wattrset(stdscr, (int)attributes_of(cells[begin].style));
			mvwaddstr(stdscr, (int)row, (int)begin, run);
		}
	}
	wattrset(stdscr, A_NORMAL);
	if (whole)
		clearok(curscr, TRUE);
	wrefresh(stdscr);
}

/* Keys of ncurses as those of view.h. */
static unsigned int key_of(int pressed)
{
	static const struct {
		int pressed;
		unsigned int key;
	} keys[] = {
		{KEY_UP, SLUICE_TOP_KEY_UP},
		{KEY_DOWN, SLUICE_TOP_KEY_DOWN},
		{KEY_LEFT, SLUICE_TOP_KEY_LEFT},
		{KEY_RIGHT, SLUICE_TOP_KEY_RIGHT},
		{KEY_PPAGE, SLUICE_TOP_KEY_PAGE_UP},
		{KEY_NPAGE, SLUICE_TOP_KEY_PAGE_DOWN},
		{KEY_HOME, SLUICE_TOP_KEY_HOME},
		{KEY_END, SLUICE_TOP_KEY_END},
		{KEY_ENTER, SLUICE_TOP_KEY_ENTER},
		{'\n', SLUICE_TOP_KEY_ENTER},
		{'\r', SLUICE_TOP_KEY_ENTER},
		{27, SLUICE_TOP_KEY_ESCAPE},
		{KEY_BACKSPACE, SLUICE_TOP_KEY_BACKSPACE},
		{127, SLUICE_TOP_KEY_BACKSPACE},
		{'\b', SLUICE_TOP_KEY_BACKSPACE},
		{KEY_BTAB, SLUICE_TOP_KEY_TAB_BACK},
	};
	size_t number;

	for (number = 0; number < sizeof(keys) / sizeof(keys[0]); number++)
		if (keys[number].pressed == pressed)
			return keys[number].key;
	return pressed > 0 && pressed < KEY_MIN ? (unsigned int)pressed : 0;
}

/* What the mouse did. */
static void take_mouse(struct sluice_top_press *press)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return;
	if (event.bstate & BUTTON4_PRESSED)
		press->key = SLUICE_TOP_KEY_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		press->key = SLUICE_TOP_KEY_DOWN;
	else
		press->is_click = true;
	press->is_twice = event.bstate & BUTTON1_DOUBLE_CLICKED;
	press->row = (size_t)event.y;
	press->column = (size_t)event.x;
}

struct sluice_top_press sluice_top_terminal_wait(int wait_ms, int fd)
{
	struct pollfd wait[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
				 {.fd = fd, .events = POLLIN}};
	struct sluice_top_press press = {0};
	int pressed = wgetch(stdscr);

	if (pressed == ERR) {
		(void)poll(wait, 2, wait_ms);
		pressed = wgetch(stdscr);
	}
	if (pressed == KEY_MOUSE)
		take_mouse(&press);
	else if (pressed == KEY_RESIZE)
		press.is_resize = true;
	else if (pressed != ERR)
		press.key = key_of(pressed);
	return press;
}
