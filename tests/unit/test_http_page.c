// SPDX-License-Identifier: MIT
/*
 * The page for browsers: what a name or a sentence contains is text and never HTML, what changes
 * each second is one line, curves have gaps where nothing is known, and a daemon that is away is
 * told of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ctl/http_asset.h"
#include "ctl/http_page.h"

/* A snapshot at a second, with so many datagrams matched since the start. @owner caller */
static json_t *snapshot_at(unsigned int second, unsigned int matched)
{
	json_t *snapshot = json_loads(
		"{\"format\": 1, \"daemon\": {\"relay\": \"<b>&\\\"\", \"version\": \"1\","
		"  \"pid\": 7, \"uptime_seconds\": 61, \"state\": \"running\", \"workers\": 1},"
		" \"inputs\": [{\"id\": \"i\", \"name\": \"<script>alert(1)</script>\","
		"  \"source\": \"socket\", \"match\": \"5000\", \"state\": \"active\","
		"  \"stored_bytes\": 0, \"stored\": 0, \"lost\": {\"socket\": 2},"
		"  \"dropped\": 0}],"
		" \"outputs\": [], \"streams\": [], \"threads\": [], \"rules\": [],"
		" \"store\": [{\"memory\": {\"size\": 100, \"used\": 90, \"alarms\": 0},"
		"  \"disk\": null}], \"alarm\": {\"memory\": 80, \"disk\": 80},"
		" \"problems\": [\"a < b\\nand c\"], \"events\": [{\"kind\": \"x\","
		"  \"severity\": \"error\", \"time\": \"2026-11-30T01:02:03.4+0000\","
		"  \"where\": \"<i>\", \"text\": \"line\\rend\"}]}",
		0, NULL);

	assert_non_null(snapshot);
	json_object_set_new(snapshot, "time_ns", json_integer(1000000000LL * second));
	json_object_set_new(json_array_get(json_object_get(snapshot, "inputs"), 0), "matched",
			    json_integer(matched));
	return snapshot;
}

/* Takes a snapshot in. */
static void take(struct sluice_top_model *model, json_t *snapshot)
{
	assert_int_equal(sluice_top_model_take(model, snapshot), 0);
	json_decref(snapshot);
}

/* What is live on the page. @owner caller: free() */
static char *now_of(const struct sluice_top_model *model)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	sluice_http_page_now(stream, model);
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* A name like this one would run in the browser of whoever looks. */
static void what_is_told_is_text(void **state)
{
	struct sluice_top_model model;
	char *text;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	take(&model, snapshot_at(100, 0));
	text = now_of(&model);
	assert_null(strstr(text, "<script"));
	assert_non_null(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(text, "&lt;b&gt;&amp;&quot;"));
	assert_non_null(strstr(text, "a &lt; b and c"));
	assert_null(strstr(text, "<i>"));
	free(text);
	sluice_top_model_free(&model);
}

/* A line end would end the message to who follows. */
static void what_is_live_is_one_line(void **state)
{
	struct sluice_top_model model;
	char *text;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	take(&model, snapshot_at(100, 0));
	text = now_of(&model);
	assert_null(strpbrk(text, "\r\n"));
	free(text);
	sluice_top_model_free(&model);
}

/* 100 datagrams in a second; then a counter that begins anew, whose rate nobody knows. */
static void rates_and_curves_are_of_what_is_known(void **state)
{
	struct sluice_top_model model;
	char *text;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	take(&model, snapshot_at(100, 1000));
	take(&model, snapshot_at(101, 1100));
	text = now_of(&model);
	assert_non_null(strstr(text, "<td class=\"plain number\">100</td>"));
	assert_non_null(strstr(text, "<polyline points=\"119,1.0\"/>"));
	/* No setting is another one; what is not told is none, either. */
	assert_null(strstr(text, "changed"));
	free(text);
	take(&model, snapshot_at(102, 5));
	take(&model, snapshot_at(103, 55));
	text = now_of(&model);
	/* Two lines with a gap between them. */
	assert_non_null(
		strstr(text, "<polyline points=\"117,1.0\"/><polyline points=\"119,12.0\"/>"));
	free(text);
	sluice_top_model_free(&model);
}

/* Losses and a store beyond its alarm catch the eye. */
static void what_is_bad_is_marked(void **state)
{
	struct sluice_top_model model;
	char *text;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	take(&model, snapshot_at(100, 1000));
	text = now_of(&model);
	assert_non_null(strstr(text, "<p class=\"bad\">lost 2</p>"));
	assert_non_null(strstr(text, "<rect class=\"over\" width=\"90.0\""));
	assert_non_null(
		strstr(text, "<td class=\"dim\">2026-11-30T01:02:03</td><td class=\"bad\">x"));
	free(text);
	sluice_top_model_free(&model);
}

/* It says so, and why, and shows what was last. */
static void a_daemon_that_is_away_is_told_of(void **state)
{
	struct sluice_top_model model;
	char *text;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	text = now_of(&model);
	assert_non_null(strstr(text, "does not answer"));
	free(text);
	take(&model, snapshot_at(100, 0));
	take(&model, json_pack("{s:i, s:I, s:s}", "format", 1, "time_ns",
			       (json_int_t)101000000000LL, "error", "gone <for> now"));
	text = now_of(&model);
	assert_non_null(strstr(text, "does not answer: gone &lt;for&gt; now"));
	assert_non_null(strstr(text, "<h2>Inputs</h2>"));
	free(text);
	sluice_top_model_free(&model);
}

/* They are in the program, whole. */
static void files_of_the_page_are_there(void **state)
{
	const struct sluice_http_asset *css = sluice_http_asset_find("/page.css");
	const struct sluice_http_asset *js = sluice_http_asset_find("/page.js");

	(void)state;
	assert_non_null(css);
	assert_non_null(js);
	assert_true(css->length > 500 && css->bytes[css->length - 1] == '\n');
	assert_non_null(memmem(js->bytes, js->length, "EventSource", 11));
	assert_null(sluice_http_asset_find("/page"));
	assert_null(sluice_http_asset_find(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_text),
		cmocka_unit_test(what_is_live_is_one_line),
		cmocka_unit_test(rates_and_curves_are_of_what_is_known),
		cmocka_unit_test(what_is_bad_is_marked),
		cmocka_unit_test(a_daemon_that_is_away_is_told_of),
		cmocka_unit_test(files_of_the_page_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
