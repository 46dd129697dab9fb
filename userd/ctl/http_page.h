/* SPDX-License-Identifier: MIT */
/*
 * The page for browsers: what `sluicectl top` has on its Overview, as HTML. It is a table without
 * JavaScript, too. Touches: nothing but memory and the stream that it is given.
 */
#ifndef SLUICE_CTL_HTTP_PAGE_H
#define SLUICE_CTL_HTTP_PAGE_H

#include <stdio.h>
#include "top/model.h"

#define SLUICE_HTTP_PAGE_ROWS 100U /* of a table; of more it is said how many */

/* Writes what changes each second, in one line. */
void sluice_http_page_now(FILE *stream, const struct sluice_top_model *model);

/* Writes the whole page, that included. */
void sluice_http_page_whole(FILE *stream, const struct sluice_top_model *model);

#endif /* SLUICE_CTL_HTTP_PAGE_H */
