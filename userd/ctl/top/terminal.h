/* SPDX-License-Identifier: MIT */
/*
 * The terminal of `sluicectl top`, by ncurses; nothing else here knows of it. Touches: stdin,
 * stdout, signals. @context process: there is one terminal
 */
#ifndef SLUICE_CTL_TOP_TERMINAL_H
#define SLUICE_CTL_TOP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include "grid.h"

/* What somebody did. */
struct sluice_top_press {
	unsigned int key; /* a character, or enum sluice_top_key; 0: nothing, or a click */
	bool is_click, is_twice;
	bool is_resize;
	size_t row, column; /* of a click */
};

/* Takes the terminal. 0, or -ENOTTY: it is none that can be drawn on. With NO_COLOR set there are
 * no colours. */
int sluice_top_terminal_open(void);

/* Gives it back as it was. Nothing if it was not taken. */
void sluice_top_terminal_close(void);

/* Can it show more than ASCII? */
bool sluice_top_terminal_is_ascii(void);

/* Rows and columns that it has now. */
void sluice_top_terminal_size(size_t *rows, size_t *columns);

/* Draws a grid; `whole`: whatever else was written there is overwritten, too. */
void sluice_top_terminal_draw(const struct sluice_top_grid *grid, bool whole);

/* Waits until something is pressed, `fd` (-1: none) can be read, a signal came or the time is over.
 * @context blocks for up to `wait_ms` */
struct sluice_top_press sluice_top_terminal_wait(int wait_ms, int fd);

#endif /* SLUICE_CTL_TOP_TERMINAL_H */
