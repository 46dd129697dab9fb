// SPDX-License-Identifier: MIT
/*
 * The Kernel tab of `sluicectl top`: what the module tells of rules, rings and CPUs.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ctl/top/figure.h"
#include "ctl/top/model.h"
#include "ctl/top/order.h"
#include "ctl/top/pool.h"
#include "ctl/top/screen.h"
#include "lib/clock.h"

/* The screen as text. @owner caller: free() */
static char *draw(const struct sluice_top_model *model, struct sluice_top_view *view, size_t rows,
		  size_t columns, bool is_ascii)
{
	struct sluice_top_screen screen;
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);

	assert_non_null(to);
	assert_int_equal(sluice_top_screen_draw(&screen, model, view, rows, columns, is_ascii), 0);
	assert_true(sluice_top_grid_print(&screen.grid, to));
	sluice_top_screen_free(&screen);
	assert_int_equal(fclose(to), 0);
	return text;
}

/* Draws, and looks for a text. */
static void check_seen(const struct sluice_top_model *model, struct sluice_top_view *view,
		       size_t columns, const char *wanted)
{
	char *text = draw(model, view, 24, columns, false);

	if (!strstr(text, wanted))
		fail_msg("\"%s\" is not on the screen:\n%s", wanted, text);
	free(text);
}

/* Draws, and looks whether a text is absent. */
static void check_absent(const struct sluice_top_model *model, struct sluice_top_view *view,
			 size_t columns, const char *unwanted)
{
	char *text = draw(model, view, 24, columns, false);

	if (strstr(text, unwanted))
		fail_msg("\"%s\" is on the screen:\n%s", unwanted, text);
	free(text);
}

/* The Kernel tab has rules, rings and CPUs; of a module that is older, or newer, what both know. */
static void the_kernel_tab_shows_what_both_know(void **state)
{
	static const char *const told[] = {
		/* older: it has no CPUs, and rings have no inside */
		"{\"time_ns\":1700000000000000000,\"daemon\":{},\"rules\":[{\"id\":\"r1\",\"name\":"
		"\"syslog\","
		"\"stored\":70,\"lost\":{\"ring_full\":0}}],\"rings\":[{\"stream\":\"s1\",\"name\":"
		"\"up\","
		"\"cpu\":1}]}",
		"{\"time_ns\":1700000001000000000,\"daemon\":{},\"rules\":[{\"id\":\"r1\",\"name\":"
		"\"syslog\","
		"\"stored\":80,\"lost\":{\"ring_full\":9}}],\"rings\":[{\"stream\":\"s1\",\"name\":"
		"\"up\","
		"\"cpu\":1,\"size\":1000,\"head\":900,\"shared_tail\":400,\"wakes\":5,\"from_"
		"tomorrow\":77,"
		"\"batch\":{\"4\":3}}],\"cpus\":[{\"cpu\":0,\"entries\":1,\"stored\":80,\"lost\":{}"
		"}]}",
	};
	struct sluice_top_model model;
	struct sluice_top_view view;
	json_t *snapshot;
	size_t number;

	(void)state;
	sluice_top_view_init(&view);
	sluice_top_view_go(&view, SLUICE_TOP_TAB_KERNEL);
	assert_int_equal(sluice_top_model_init(&model), 0);
	for (number = 0; number < sizeof(told) / sizeof(told[0]); number++) {
		snapshot = json_loads(told[number], 0, NULL);
		assert_non_null(snapshot);
		assert_int_equal(sluice_top_model_take(&model, snapshot), 0);
		json_decref(snapshot);
		check_seen(&model, &view, 120, "syslog");
		check_seen(&model, &view, 120, "ring up cpu 1");
		if (!number)
			check_absent(&model, &view, 120, "cpu 0");
	}
	check_seen(&model, &view, 120, "cpu 0");
	check_seen(&model, &view, 120, "50%");
	check_seen(&model, &view, 120, "      10 ");
	sluice_top_model_free(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_tab_shows_what_both_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
