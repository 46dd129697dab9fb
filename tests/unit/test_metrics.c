// SPDX-License-Identifier: MIT
/*
 * Metrics: every number that daemon and module tell is one, or is none on purpose; texts that would
 * end a line or a label do not; what has the same labels is one series; what is not there is not
 * told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sluice/counters.h>
#include "ctl/metrics.h"
#include "lib/field.h"

/* A row of the table. */
struct row {
	enum sluice_field_list list;
	const char *key;
};

/* clang-format off */
#define METRIC(list, key, form, name) {SLUICE_FIELDS_##list, key},
#define METRIC_IS(list, key, words, name, meaning) {SLUICE_FIELDS_##list, key},
#define NO_METRIC(list, key) {SLUICE_FIELDS_##list, key},
static const struct row rows[] = {
#include "ctl/metric_rows.h"
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Lists that are no things with figures, or whose figures are samples: what a route and a placement
 * are is configuration, what outputs have of a stream they tell themselves, causes are labels. */
static bool is_without_metrics(enum sluice_field_list list)
{
	return list == SLUICE_FIELDS_ROUTE || list == SLUICE_FIELDS_PLACEMENT ||
	       list == SLUICE_FIELDS_CURSOR || list == SLUICE_FIELDS_LOST;
}

/* Nobody can add a field and forget that people watch it; nor does a row name a field that is gone.
 */
static void every_field_is_a_metric_or_none_on_purpose(void **state)
{
	size_t field, row;
	bool found;

	(void)state;
	for (field = 0; field < sluice_field_count; field++) {
		found = is_without_metrics(sluice_fields[field].list);
		for (row = 0; row < ROWS; row++)
			found |= rows[row].list == sluice_fields[field].list &&
				 !strcmp(rows[row].key, sluice_fields[field].key);
		if (!found)
			fail_msg("field \"%s\" of list %d has no row in metric_rows.h",
				 sluice_fields[field].key, (int)sluice_fields[field].list);
	}
	for (row = 0; row < ROWS; row++) {
		found = false;
		for (field = 0; field < sluice_field_count; field++)
			found |= rows[row].list == sluice_fields[field].list &&
				 !strcmp(rows[row].key, sluice_fields[field].key);
		if (!found)
			fail_msg("metric_rows.h: list %d has no field \"%s\"", (int)rows[row].list,
				 rows[row].key);
	}
}

/* Figures out of a text of JSON, an object with a member for each list. */
static struct sluice_figures make(const char *text)
{
	json_t *all = json_loads(text, 0, NULL);
	struct sluice_figures figures = {0};

	assert_non_null(all);
	figures.daemon = json_incref(json_object_get(all, "daemon"));
	figures.inputs = json_incref(json_object_get(all, "inputs"));
	figures.outputs = json_incref(json_object_get(all, "outputs"));
	figures.store = json_incref(json_object_get(all, "store"));
	figures.streams = json_incref(json_object_get(all, "streams"));
	figures.costs = json_incref(json_object_get(all, "costs"));
	json_decref(all);
	return figures;
}

/* The metrics of such figures. @owner caller: free() */
static char *write_of(const char *text, enum sluice_metrics_format format)
{
	struct sluice_figures figures = make(text);
	char *written = NULL;
	size_t length;
	FILE *stream = open_memstream(&written, &length);

	assert_non_null(stream);
	assert_int_equal(sluice_metrics_write(stream, &figures, format), 0);
	assert_int_equal(fclose(stream), 0);
	sluice_figures_free(&figures);
	return written;
}

/* Is there such a line? */
static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);
	const char *at = text;

	for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, line, length) && (at[length] == '\n' || !at[length]))
			return true;
	return false;
}

#define ASSERT_LINE(text, line)                                         \
	do {                                                            \
		if (!has_line(text, line))                              \
			fail_msg("not there: %s\nin:\n%s", line, text); \
	} while (0)

static const char some[] =
	"{\"daemon\": [{\"relay\": \"middle\", \"version\": \"1\", \"state\": \"running\","
	"  \"load\": \"disk\", \"workers\": 2}],"
	" \"inputs\": [{\"name\": \"a \\\"b\\\" \\\\ c\\nd\", \"id\": \"x\", \"match\": \"5000\","
	"  \"matched\": 9007199254740993, \"lost\": {\"socket\": 3, \"disk\": 4},"
	"  \"state\": \"waits for eth0\"}],"
	" \"outputs\": [{\"name\": \"out\", \"rate\": 8000, \"oldest\": \"\","
	"  \"destinations\": ["
	"   {\"to\": \"h:1\", \"state\": \"slow\", \"role\": \"active\", \"sent\": 5,"
	"    \"since\": \"1970-01-01T00:01:40Z\"},"
	"   {\"to\": \"h:2\", \"state\": \"waiting\", \"role\": \"disabled\", \"sent\": 0}]}],"
	" \"store\": [{\"memory\": {\"size\": 10, \"used\": 1, \"alarms\": 0}, \"disk\": null}],"
	" \"streams\": ["
	"  {\"route_name\": \"r\", \"priority\": 0, \"cpu\": 1, \"size\": 4, "
	"\"fill_percent\": 25.0},"
	"  {\"route_name\": \"r\", \"priority\": 0, \"cpu\": 1, \"size\": 8, "
	"\"fill_percent\": 50.0}]}";

/* Numbers, causes, moments, steps and states, with their labels. */
static void figures_become_samples(void **state)
{
	char *text = write_of(some, SLUICE_METRICS_TEXT);

	(void)state;
	ASSERT_LINE(text, "sluice_up 1");
	ASSERT_LINE(text, "sluice_relay_info{relay=\"middle\",version=\"1\"} 1");
	ASSERT_LINE(text, "sluice_relay_load_step 2");
	ASSERT_LINE(text, "# TYPE sluice_input_matched_datagrams_total counter");
	/* A double would make 9007199254740992 of it. */
	ASSERT_LINE(text, "sluice_input_matched_datagrams_total{input=\"a \\\"b\\\" \\\\ c\\nd\"} "
			  "9007199254740993");
	ASSERT_LINE(text, "sluice_input_lost_datagrams_total{input=\"a \\\"b\\\" \\\\ c\\nd\","
			  "cause=\"disk\"} 4");
	ASSERT_LINE(text, "sluice_input_active{input=\"a \\\"b\\\" \\\\ c\\nd\"} 0");
	ASSERT_LINE(text, "sluice_output_rate_limit_bytes_per_second{output=\"out\"} 1000");
	ASSERT_LINE(text, "sluice_destination_connected{output=\"out\",destination=\"h:1\"} 1");
	ASSERT_LINE(text, "sluice_destination_connected{output=\"out\",destination=\"h:2\"} 0");
	ASSERT_LINE(text, "sluice_destination_enabled{output=\"out\",destination=\"h:2\"} 0");
	ASSERT_LINE(text, "sluice_destination_state_since_timestamp_seconds{output=\"out\","
			  "destination=\"h:1\"} 100");
	ASSERT_LINE(text, "sluice_store_memory_used_bytes 1");
	free(text);
}

/* No sample says 0 of what nobody told. */
static void what_is_not_there_is_not_told(void **state)
{
	char *text = write_of(some, SLUICE_METRICS_TEXT);

	(void)state;
	/* Nothing waits; there is no disk; this daemon says nothing of memory that waits. */
	assert_null(strstr(text, "\nsluice_output_oldest_waiting_timestamp_seconds{"));
	assert_null(strstr(text, "sluice_store_disk"));
	assert_null(strstr(text, "\nsluice_output_memory_waiting_bytes"));
	free(text);
	text = write_of("{}", SLUICE_METRICS_TEXT);
	ASSERT_LINE(text, "sluice_up 0");
	assert_null(strstr(text, "sluice_input"));
	free(text);
}

/* Stages of threads and items, in seconds; a total is none, so that a sum over stages is right. */
static void costs_are_told_by_stage(void **state)
{
	char *text = write_of("{\"daemon\": [{\"relay\": \"middle\"}], \"costs\": ["
			      " {\"of\": \"thread\", \"name\": \"sluice-w0\", \"stage\": \"send\","
			      "  \"cpu_time\": 1500000000, \"bytes\": 7},"
			      " {\"of\": \"thread\", \"name\": \"sluice-w0\","
			      "  \"stage\": \"not measured yet\", \"cpu_time\": 5, \"bytes\": 0},"
			      " {\"of\": \"thread\", \"name\": \"sluice-w0\", \"stage\": \"total\","
			      "  \"cpu_time\": 1500000005, \"bytes\": 7}]}",
			      SLUICE_METRICS_TEXT);

	(void)state;
	ASSERT_LINE(text, "sluice_cost_cpu_seconds_total{of=\"thread\",name=\"sluice-w0\","
			  "stage=\"send\"} 1.5");
	ASSERT_LINE(text,
		    "sluice_cost_bytes_total{of=\"thread\",name=\"sluice-w0\",stage=\"send\"} 7");
	assert_null(strstr(text, "stage=\"total\""));
	assert_null(strstr(text, "stage=\"not measured yet\""));
	free(text);
}

/* Prometheus refuses a scrape in which a series stands twice. */
static void rings_with_the_same_labels_are_one_series(void **state)
{
	char *text = write_of(some, SLUICE_METRICS_TEXT);

	(void)state;
	ASSERT_LINE(text, "sluice_stream_ring_size_bytes{route=\"r\",priority=\"0\",cpu=\"1\"} 12");
	ASSERT_LINE(text,
		    "sluice_stream_ring_fill_ratio{route=\"r\",priority=\"0\",cpu=\"1\"} 0.5");
	free(text);
}

/* The other format. */
static void openmetrics_has_units_and_an_end(void **state)
{
	char *text = write_of(some, SLUICE_METRICS_OPEN);
	const char *end = strstr(text, "# EOF\n");

	(void)state;
	ASSERT_LINE(text, "# TYPE sluice_relay info");
	ASSERT_LINE(text, "# TYPE sluice_input_matched_datagrams counter");
	ASSERT_LINE(text, "# UNIT sluice_store_memory_used_bytes bytes");
	assert_non_null(end);
	assert_string_equal(end, "# EOF\n");
	free(text);
}

/* More rows than a scrape should have. */
static void a_list_without_end_is_cut(void **state)
{
	struct sluice_figures figures = make("{\"daemon\": [{}], \"inputs\": []}");
	char *text = NULL, name[16];
	size_t length, number;
	FILE *stream = open_memstream(&text, &length);

	(void)state;
	for (number = 0; number < 10007; number++) {
		snprintf(name, sizeof(name), "in%zu", number);
		json_array_append_new(figures.inputs,
				      json_pack("{s:s, s:i}", "name", name, "matched", 1));
	}
	assert_int_equal(sluice_metrics_write(stream, &figures, SLUICE_METRICS_TEXT), 0);
	assert_int_equal(fclose(stream), 0);
	sluice_figures_free(&figures);
	ASSERT_LINE(text, "sluice_left_out_rows 7");
	ASSERT_LINE(text, "sluice_input_matched_datagrams_total{input=\"in9999\"} 1");
	assert_null(strstr(text, "\"in10000\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_a_metric_or_none_on_purpose),
		cmocka_unit_test(figures_become_samples),
		cmocka_unit_test(what_is_not_there_is_not_told),
		cmocka_unit_test(costs_are_told_by_stage),
		cmocka_unit_test(rings_with_the_same_labels_are_one_series),
		cmocka_unit_test(openmetrics_has_units_and_an_end),
		cmocka_unit_test(a_list_without_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
