// SPDX-License-Identifier: MIT
/*
 * `sluicectl top` without a terminal: figures, the model that is made of snapshots, and screens as
 * text, at several sizes. Touches: nothing.
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

#define BEGIN_S 1700000000LL /* when the first snapshot is of */

/* What a snapshot is of that differs from test to test. */
struct scene {
	long long second, matched, sent, lost, pid;
	const char *state;	 /* of the second destination */
	const char *rate_of_up;	 /* bits a second, as JSON */
	const char *inputs_more; /* JSON behind the first input */
};

static const struct scene plain = {.pid = 77, .state = "connected", .rate_of_up = "400000000"};

/* A snapshot of a scene: an input, an output with two destinations, a stream, a store, a thread.
 * @owner caller: json_decref() */
static json_t *snapshot_of(const struct scene *scene)
{
	json_t *snapshot;
	char *text = NULL;
	int length = asprintf(
		&text,
		"{\"format\":1,\"time_ns\":%lld,"
		"\"daemon\":{\"relay\":\"middle\",\"pid\":%lld,\"uptime_seconds\":93784,"
		"\"state\":\"running\",\"load\":\"normal\",\"workers\":2},"
		"\"inputs\":[{\"id\":\"i1\",\"name\":\"telemetry\",\"source\":\"socket\","
		"\"match\":\"5000-5003\",\"state\":\"active\",\"verdict\":\"steal\","
		"\"outputs\":[\"up\"],\"matched\":%lld,\"stored\":%lld,\"stored_bytes\":%lld,"
		"\"lost\":{\"ring_full\":%lld,\"disk\":0},\"dropped\":0}%s],"
		"\"outputs\":[{\"id\":\"o1\",\"name\":\"up\",\"mode\":\"balance\","
		"\"framing\":\"native\",\"rate\":%s,\"dropped\":0,\"memory\":1536,\"disk\":0,"
		"\"oldest\":\"\",\"achieved\":800,\"backlog\":0,\"load\":\"normal\","
		"\"destinations\":[{\"to\":\"10.9.1.2:6000\",\"state\":\"connected\","
		"\"role\":\"active\",\"sent\":%lld,\"acked\":5,\"bytes\":10,\"connects\":1},"
		"{\"to\":\"10.9.1.3:6000\",\"state\":\"%s\",\"role\":\"active\",\"sent\":0,"
		"\"acked\":0,\"bytes\":0,\"connects\":1}]}],"
		"\"streams\":[{\"id\":\"s1\",\"route_name\":\"up\",\"cpu\":0,\"size\":1048576,"
		"\"fill_percent\":85.0,\"stored\":%lld,\"lost\":{},\"cursors\":[{\"name\":\"up\","
		"\"behind\":2048}]}],"
		"\"store\":[{\"memory\":{\"size\":1000,\"used\":850,\"alarms\":1},\"disk\":null}],"
		"\"threads\":[{\"name\":\"sluice-w0\",\"tid\":12345,\"cpu_time\":%lld,"
		"\"health\":\"well\"}],\"rules\":[],\"problems\":[\"memory is filled to 85 %%\"],"
		"\"alarm\":{\"memory\":80,\"disk\":70},"
		"\"events\":[{\"time_ns\":%lld,\"kind\":\"alarm\",\"severity\":\"error\","
		"\"text\":\"memory filled to 85 %%\"}],"
		"\"config\":{\"revision\":3,\"time_ns\":%lld,\"name\":\"/etc/sluice/sluice.yaml\","
		"\"how\":\"start\",\"text\":\"relay: middle\\nworkers: 2\\n\"}}",
		(BEGIN_S + scene->second) * 1000000000LL, scene->pid, scene->matched,
		scene->matched - scene->lost, 100 * scene->matched, scene->lost,
		scene->inputs_more ? scene->inputs_more : "", scene->rate_of_up, scene->sent,
		scene->state, scene->matched, scene->second * 500000000LL, BEGIN_S * 1000000000LL,
		BEGIN_S * 1000000000LL);

	assert_true(length > 0);
	snapshot = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(snapshot);
	return snapshot;
}

/* Gives the model a scene. */
static void show(struct sluice_top_model *model, const struct scene *scene)
{
	json_t *snapshot = snapshot_of(scene);

	assert_int_equal(sluice_top_model_take(model, snapshot), 0);
	json_decref(snapshot);
}

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

/* Amounts, rates, ages, bars and curves are short texts. */
static void figures_are_read_easily(void **state)
{
	char text[SLUICE_TOP_TEXT];
	const double rises[] = {0, 1, 2, NAN, 4};

	(void)state;
	assert_string_equal(sluice_top_count(0, text), "0");
	assert_string_equal(sluice_top_count(999, text), "999");
	assert_string_equal(sluice_top_count(1204551, text), "1,204,551");
	assert_string_equal(sluice_top_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
	assert_string_equal(sluice_top_rate(NAN, text), "–");
	assert_string_equal(sluice_top_rate(-1, text), "–");
	assert_string_equal(sluice_top_rate(0, text), "0");
	assert_string_equal(sluice_top_rate(0.25, text), "0.2");
	assert_string_equal(sluice_top_rate(62499.4, text), "62,499");
	assert_string_equal(sluice_top_bytes(1023, text), "1023");
	assert_string_equal(sluice_top_bytes(1536, text), "1.5K");
	assert_string_equal(sluice_top_bits(400e6, text), "400 Mbit/s");
	assert_string_equal(sluice_top_bits(77.1e6, text), "77.1 Mbit/s");
	assert_string_equal(sluice_top_age(7, text), "7s");
	assert_string_equal(sluice_top_age(760, text), "12m 40s");
	assert_string_equal(sluice_top_age(93784, text), "1d 2h");
	assert_string_equal(sluice_top_bar(50, 80, 10, text), "█████░░░│░");
	assert_string_equal(sluice_top_bar(0.1, 0, 4, text), "█░░░");
	assert_string_equal(sluice_top_bar(250, 0, 3, text), "███");
	assert_string_equal(sluice_top_curve(rises, 5, 6, text), " ▁▃▅ █");
	assert_true(sluice_top_moment("2026-11-30T03:08:46Z") == 1796008126ULL * SLUICE_NS_PER_S);
	assert_true(sluice_top_moment("") == 0);
	assert_true(sluice_top_moment("yesterday") == 0);
}

/* What grows is told a second; a new item, a counter that was reset and another daemon have no
 * rate, and never a peak. */
static void rates_are_known_or_not(void **state)
{
	struct sluice_top_model model;
	struct sluice_top_view view;
	struct scene scene = plain;
	const struct sluice_top_item *item;

	(void)state;
	sluice_top_view_init(&view);
	sluice_top_view_go(&view, SLUICE_TOP_TAB_INPUTS);
	assert_int_equal(sluice_top_model_init(&model), 0);
	scene.matched = 1000;
	show(&model, &scene);
	item = sluice_top_find(&model, SLUICE_TOP_INPUTS, "i1");
	assert_non_null(item);
	assert_true(isnan(sluice_top_growth(&model, item, "matched")));
	check_seen(&model, &view, 120, "–");
	scene.second = 2;
	scene.matched = 5000;
	show(&model, &scene);
	item = sluice_top_find(&model, SLUICE_TOP_INPUTS, "i1");
	assert_true(fabs(sluice_top_growth(&model, item, "matched") - 2000) < 1e-6);
	check_seen(&model, &view, 120, "2,000");
	/* Reset. */
	scene.second = 3;
	scene.matched = 10;
	show(&model, &scene);
	item = sluice_top_find(&model, SLUICE_TOP_INPUTS, "i1");
	assert_true(isnan(sluice_top_growth(&model, item, "matched")));
	/* Another daemon has counted more than the one before. */
	scene.second = 4;
	scene.matched = 1000000;
	scene.pid = 78;
	show(&model, &scene);
	item = sluice_top_find(&model, SLUICE_TOP_INPUTS, "i1");
	assert_true(isnan(sluice_top_growth(&model, item, "matched")));
	assert_true(isnan(item->samples[item->sample_count - 1]));
	check_absent(&model, &view, 120, "999,990");
	sluice_top_model_free(&model);
}

/* Two minutes are kept, and seconds that nobody looked at are gaps. */
static void a_curve_is_two_minutes_long(void **state)
{
	struct sluice_top_model model;
	struct scene scene = plain;
	const struct sluice_top_item *item;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	for (scene.second = 0; scene.second < 300; scene.second++) {
		scene.matched += scene.second;
		show(&model, &scene);
	}
	item = sluice_top_find(&model, SLUICE_TOP_INPUTS, "i1");
	assert_int_equal(item->sample_count, SLUICE_TOP_SAMPLES);
	assert_true(item->samples[SLUICE_TOP_SAMPLES - 1] == 299);
	assert_true(item->samples[0] == 180);
	scene.second = 309;
	scene.matched += 100;
	show(&model, &scene);
	item = sluice_top_find(&model, SLUICE_TOP_INPUTS, "i1");
	assert_true(item->samples[SLUICE_TOP_SAMPLES - 1] == 10);
	assert_true(isnan(item->samples[SLUICE_TOP_SAMPLES - 2]));
	assert_true(item->samples[SLUICE_TOP_SAMPLES - 11] == 299);
	sluice_top_model_free(&model);
}

/* Has any cell of a text on the screen a flag? */
static bool has_flag(const struct sluice_top_model *model, struct sluice_top_view *view,
		     const char *text, uint8_t flag)
{
	struct sluice_top_screen screen;
	size_t place, letter;
	bool is_found = false;

	assert_int_equal(sluice_top_screen_draw(&screen, model, view, 24, 200, false), 0);
	for (place = 0; place + strlen(text) < screen.grid.rows * screen.grid.columns; place++) {
		for (letter = 0; letter < strlen(text); letter++)
			if (screen.grid.cells[place + letter].text[0] != text[letter])
				break;
		if (letter == strlen(text))
			is_found |= screen.grid.cells[place].style & flag;
	}
	sluice_top_screen_free(&screen);
	return is_found;
}

/* What the configuration or connections changed blinks for two seconds, and counters never do. */
static void changed_settings_blink(void **state)
{
	struct sluice_top_model model;
	struct sluice_top_view view;
	struct scene scene = plain;

	(void)state;
	sluice_top_view_init(&view);
	sluice_top_view_go(&view, SLUICE_TOP_TAB_OUTPUTS);
	assert_int_equal(sluice_top_model_init(&model), 0);
	show(&model, &scene);
	scene.second = 1;
	scene.sent = 4711;
	show(&model, &scene);
	assert_false(has_flag(&model, &view, "4,711", SLUICE_TOP_BLINK));
	assert_false(has_flag(&model, &view, "400 Mbit/s", SLUICE_TOP_BLINK));
	scene.second = 2;
	scene.rate_of_up = "300000000";
	scene.state = "waiting";
	show(&model, &scene);
	assert_true(has_flag(&model, &view, "300 Mbit/s", SLUICE_TOP_BLINK));
	assert_true(has_flag(&model, &view, "1 of 2 up", SLUICE_TOP_BLINK));
	assert_true(has_flag(&model, &view, "waiting", SLUICE_TOP_BLINK));
	assert_false(has_flag(&model, &view, "4,711", SLUICE_TOP_BLINK));
	sluice_top_view_go(&view, SLUICE_TOP_TAB_OVERVIEW);
	assert_true(has_flag(&model, &view, "1 of 2 up", SLUICE_TOP_BLINK));
	view.has_no_blink = true;
	assert_false(has_flag(&model, &view, "1 of 2 up", SLUICE_TOP_BLINK));
	view.has_no_blink = false;
	sluice_top_view_go(&view, SLUICE_TOP_TAB_OUTPUTS);
	scene.second = 3;
	show(&model, &scene);
	assert_true(has_flag(&model, &view, "300 Mbit/s", SLUICE_TOP_BLINK));
	scene.second = 4;
	show(&model, &scene);
	assert_false(has_flag(&model, &view, "300 Mbit/s", SLUICE_TOP_BLINK));
	sluice_top_model_free(&model);
}

#define OTHER_INPUTS                                                                       \
	",{\"id\":\"i2\",\"name\":\"syslog\",\"match\":\"514\",\"matched\":7,\"lost\":{}}" \
	",{\"id\":\"i3\",\"name\":\"Alpha\",\"match\":\"53\",\"matched\":99,\"lost\":{}}"

/* Where a name stands on the screen. */
static size_t place_of(const struct sluice_top_model *model, struct sluice_top_view *view,
		       const char *name)
{
	char *text = draw(model, view, 24, 160, false), *found = strstr(text, name);
	size_t place = found ? (size_t)(found - text) : 0;

	free(text);
	if (!found)
		fail_msg("%s is not there", name);
	return place;
}

/* Rows are as configured, by any column, upward and downward, and only those that hold a text. */
static void rows_are_sorted_and_chosen(void **state)
{
	struct sluice_top_model model;
	struct sluice_top_view view;
	struct scene scene = plain;

	(void)state;
	sluice_top_view_init(&view);
	sluice_top_view_go(&view, SLUICE_TOP_TAB_INPUTS);
	assert_int_equal(sluice_top_model_init(&model), 0);
	scene.matched = 50;
	scene.inputs_more = OTHER_INPUTS;
	show(&model, &scene);
	assert_true(place_of(&model, &view, "telemetry") < place_of(&model, &view, "syslog"));
	assert_true(place_of(&model, &view, "syslog") < place_of(&model, &view, "Alpha"));
	/* By the name. */
	sluice_top_view_key(&view, &model, 's');
	assert_true(place_of(&model, &view, "Alpha") < place_of(&model, &view, "syslog"));
	assert_true(place_of(&model, &view, "syslog") < place_of(&model, &view, "telemetry"));
	sluice_top_view_key(&view, &model, 'S');
	assert_true(place_of(&model, &view, "telemetry") < place_of(&model, &view, "Alpha"));
	/* By what was matched: the most first. */
	sluice_top_view_sort(&view, 8);
	check_seen(&model, &view, 160, "MATCHED▼");
	assert_true(place_of(&model, &view, "Alpha") < place_of(&model, &view, "telemetry"));
	assert_true(place_of(&model, &view, "telemetry") < place_of(&model, &view, "syslog"));
	sluice_top_view_sort(&view, 8);
	assert_true(place_of(&model, &view, "syslog") < place_of(&model, &view, "telemetry"));
	sluice_top_view_key(&view, &model, '/');
	sluice_top_view_key(&view, &model, 'S');
	sluice_top_view_key(&view, &model, 'y');
	check_seen(&model, &view, 160, "syslog");
	check_absent(&model, &view, 160, "telemetry");
	sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_ENTER);
	check_absent(&model, &view, 160, "telemetry");
	sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_ESCAPE);
	check_seen(&model, &view, 160, "telemetry");
	sluice_top_model_free(&model);
}

/* From the details of an output a change is made that the commands understand. */
static void details_lead_to_changes(void **state)
{
	struct sluice_top_model model;
	struct sluice_top_view view;

	(void)state;
	sluice_top_view_init(&view);
	view.can_change = true;
	assert_int_equal(sluice_top_model_init(&model), 0);
	show(&model, &plain);
	sluice_top_view_go(&view, SLUICE_TOP_TAB_OUTPUTS);
	sluice_top_view_key(&view, &model, 'e');
	assert_int_equal(view.prompt, SLUICE_TOP_PROMPT_NONE);
	sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_DOWN);
	sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_ENTER);
	check_seen(&model, &view, 120, "10.9.1.2:6000");
	check_seen(&model, &view, 120, "its address and port");
	sluice_top_view_key(&view, &model, 'e');
	check_seen(&model, &view, 120, "disable up 10.9.1.2:6000? y or n");
	sluice_top_view_key(&view, &model, 'n');
	assert_int_equal(view.change.what, SLUICE_TOP_PROMPT_NONE);
	sluice_top_view_key(&view, &model, 'e');
	sluice_top_view_key(&view, &model, 'y');
	assert_int_equal(view.change.what, SLUICE_TOP_PROMPT_SWITCH);
	assert_false(view.change.is_enabled);
	assert_string_equal(view.change.piece, "up");
	assert_string_equal(view.change.destination, "10.9.1.2:6000");
	sluice_top_view_key(&view, &model, 'w');
	sluice_top_view_key(&view, &model, '7');
	sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_ENTER);
	assert_int_equal(view.change.what, SLUICE_TOP_PROMPT_WEIGHT);
	assert_string_equal(view.change.value, "7");
	/* A recording is not changed. */
	view.can_change = false;
	sluice_top_view_key(&view, &model, 'r');
	assert_int_equal(view.prompt, SLUICE_TOP_PROMPT_NONE);
	check_seen(&model, &view, 120, "nothing can be changed");
	sluice_top_model_free(&model);
}

/* At any size from the least on everything is drawn within it; below that it is refused. */
static void every_size_is_drawn(void **state)
{
	static const size_t sizes[][2] = {{5, 20},  {10, 40},  {24, 80},
					  {25, 81}, {60, 200}, {50, 132}};
	struct sluice_top_model model;
	struct sluice_top_screen screen;
	struct sluice_top_view view;
	struct scene scene = plain;
	size_t size, tab, lines;
	char *text, *line;

	(void)state;
	assert_int_equal(sluice_top_model_init(&model), 0);
	sluice_top_view_init(&view);
	assert_int_equal(sluice_top_screen_draw(&screen, &model, &view, 4, 80, false), -EINVAL);
	show(&model, &scene);
	scene.second = 1;
	show(&model, &scene);
	for (size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++) {
		for (tab = 0; tab < SLUICE_TOP_TABS; tab++) {
			sluice_top_view_go(&view, (enum sluice_top_tab)tab);
			text = draw(&model, &view, sizes[size][0], sizes[size][1], true);
			lines = 0;
			for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
				assert_true(strlen(line) <= sizes[size][1]);
			assert_true(lines <= sizes[size][0]);
			free(text);
			view.has_help = true;
			free(draw(&model, &view, sizes[size][0], sizes[size][1], false));
			view.has_help = false;
			sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_ENTER);
			sluice_top_view_key(&view, &model, SLUICE_TOP_KEY_END);
			free(draw(&model, &view, sizes[size][0], sizes[size][1], false));
		}
	}
	sluice_top_model_free(&model);
}

/* The Overview begins with the path, and lists alarms; its bars have the mark of the alarm. */
static void the_overview_tells_the_path(void **state)
{
	struct sluice_top_model model;
	struct sluice_top_view view;
	struct scene scene = plain;
	char *text;

	(void)state;
	sluice_top_view_init(&view);
	assert_int_equal(sluice_top_model_init(&model), 0);
	scene.lost = 3;
	scene.matched = 3;
	show(&model, &scene);
	scene.second = 1;
	scene.matched = 1237;
	scene.sent = 617;
	scene.state = "waiting";
	show(&model, &scene);
	check_seen(&model, &view, 80, "senders");
	check_seen(&model, &view, 80, "middle: middle");
	check_seen(&model, &view, 80, "1,234 /s");
	check_seen(&model, &view, 80, "617 /s");
	check_seen(&model, &view, 80, "1 of 2 up");
	check_seen(&model, &view, 80, "matched 1,237 = stored 1,234 + lost 3");
	check_seen(&model, &view, 80, "memory is filled to 85 %");
	assert_true(has_flag(&model, &view, "1 of 2 up", SLUICE_TOP_BAD));
	sluice_top_view_go(&view, SLUICE_TOP_TAB_STREAMS);
	check_seen(&model, &view, 120, "████████│░  85%");
	/* Without UTF-8 there is none of it. */
	sluice_top_view_go(&view, SLUICE_TOP_TAB_OVERVIEW);
	text = draw(&model, &view, 24, 80, true);
	for (size_t letter = 0; text[letter]; letter++)
		assert_true((unsigned char)text[letter] < 0x80);
	assert_non_null(strstr(text, "+- senders"));
	free(text);
	sluice_top_model_free(&model);
}

/* A daemon that is away is told of, and what it was stays to be seen. */
static void a_daemon_that_is_away_is_told_of(void **state)
{
	struct sluice_top_model model;
	struct sluice_top_view view;
	struct scene scene = plain;
	json_t *away = json_pack("{s:i, s:I, s:s}", "format", 1, "time_ns",
				 (json_int_t)((BEGIN_S + 5) * 1000000000LL), "error",
				 "sluiced is not running");

	(void)state;
	sluice_top_view_init(&view);
	assert_int_equal(sluice_top_model_init(&model), 0);
	show(&model, &scene);
	assert_int_equal(sluice_top_model_take(&model, away), 0);
	check_seen(&model, &view, 80, "sluiced is not running (for 0s); waiting");
	scene.second = 9;
	scene.matched = 1;
	scene.pid = 90;
	show(&model, &scene);
	check_absent(&model, &view, 80, "not running");
	check_seen(&model, &view, 80, "pid 90");
	json_decref(away);
	/* What is no snapshot is refused. */
	away = json_pack("{s:s}", "hello", "world");
	assert_int_equal(sluice_top_model_take(&model, away), -EINVAL);
	json_decref(away);
	sluice_top_model_free(&model);
}

/* Snapshots of a daemon that tells less, or other things than numbers, do no harm. */
static void strange_snapshots_do_no_harm(void **state)
{
	static const char *const strange[] = {
		"{\"time_ns\":1700000000000000000,\"daemon\":{}}",
		"{\"time_ns\":1700000001000000000,\"daemon\":{},\"inputs\":[1,\"x\",null,{\"id\":7}"
		"],"
		"\"outputs\":{\"a\":1},\"streams\":[{}],\"store\":[{\"memory\":3}],\"threads\":7,"
		"\"problems\":[null],\"events\":[null,{}],\"config\":{\"text\":9}}",
		"{\"time_ns\":1700000000500000000,\"daemon\":{\"pid\":\"x\"},\"inputs\":[{\"id\":"
		"\"a\","
		"\"name\":\"\\u001b[2J\",\"matched\":-5,\"lost\":[1]}],\"outputs\":[{\"id\":\"b\","
		"\"destinations\":[null,{}]}]}",
	};
	struct sluice_top_model model;
	struct sluice_top_view view;
	json_t *snapshot;
	size_t number, tab;
	char *text;

	(void)state;
	sluice_top_view_init(&view);
	assert_int_equal(sluice_top_model_init(&model), 0);
	for (number = 0; number < sizeof(strange) / sizeof(strange[0]); number++) {
		snapshot = json_loads(strange[number], 0, NULL);
		assert_non_null(snapshot);
		assert_int_equal(sluice_top_model_take(&model, snapshot), 0);
		json_decref(snapshot);
		for (tab = 0; tab < SLUICE_TOP_TABS; tab++) {
			sluice_top_view_go(&view, (enum sluice_top_tab)tab);
			text = draw(&model, &view, 24, 80, false);
			/* Nothing steers the terminal. */
			assert_null(strchr(text, 0x1b));
			free(text);
		}
	}
	sluice_top_model_free(&model);
}

/* Pieces of the pool are apart from each other, and are used again. */
static void pieces_of_the_pool_are_apart(void **state)
{
	char *pieces[300], *again;
	size_t number;

	(void)state;
	for (number = 0; number < 300; number++) {
		pieces[number] = sluice_top_pool_take(number * 3);
		assert_non_null(pieces[number]);
		assert_int_equal((uintptr_t)pieces[number] % 16, 0);
		memset(pieces[number], (int)number, number * 3);
	}
	for (number = 1; number < 300; number++) {
		assert_int_equal((unsigned char)pieces[number][0], number & 0xff);
		assert_int_equal((unsigned char)pieces[number][number * 3 - 1], number & 0xff);
	}
	sluice_top_pool_give(pieces[100]);
	again = sluice_top_pool_take(300);
	assert_ptr_equal(again, pieces[100]);
	for (number = 0; number < 300; number++)
		sluice_top_pool_give(pieces[number]);
	sluice_top_pool_give(NULL);
	assert_null(sluice_top_pool_take(SIZE_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_read_easily),
		cmocka_unit_test(rates_are_known_or_not),
		cmocka_unit_test(a_curve_is_two_minutes_long),
		cmocka_unit_test(changed_settings_blink),
		cmocka_unit_test(rows_are_sorted_and_chosen),
		cmocka_unit_test(details_lead_to_changes),
		cmocka_unit_test(every_size_is_drawn),
		cmocka_unit_test(the_overview_tells_the_path),
		cmocka_unit_test(a_daemon_that_is_away_is_told_of),
		cmocka_unit_test(strange_snapshots_do_no_harm),
		cmocka_unit_test(pieces_of_the_pool_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
