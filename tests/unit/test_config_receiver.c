// SPDX-License-Identifier: MIT
/*
 * Profiles of receivers: what they set where the file says nothing, and how many connections of
 * ours they bear. Run in the top folder of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "config/check.h"
#include "config/receiver.h"

/* The outputs of tests/config/good/receivers.yaml, in their order. */
enum { COUNTED, LINES, ANSWERED, NG, PROXY, WRITTEN, CAPTURE, OWN, ANYBODY };

/* What is not written is as the receiver needs it; what is written stays. */
static void a_profile_sets_what_is_not_written(void **state)
{
	struct sluice_findings findings = {0};
	const struct sluice_config_output *outputs;
	struct sluice_config *config = NULL;

	(void)state;
	assert_int_equal(sluice_config_load("tests/config/good/receivers.yaml", &config, &findings),
			 0);
	outputs = config->outputs;
	assert_int_equal(outputs[COUNTED].framing, SLUICE_FRAMING_OCTET_COUNTED);
	assert_int_equal(outputs[COUNTED].max_datagram, 8096);
	assert_int_equal(outputs[COUNTED].oversize, SLUICE_OVERSIZE_SPLIT);
	assert_int_equal(outputs[COUNTED].empty, SLUICE_EMPTY_SKIP);
	assert_int_equal(outputs[COUNTED].hazards, SLUICE_HAZARD_GROWS);
	assert_int_equal(outputs[LINES].framing, SLUICE_FRAMING_NEWLINE);
	assert_int_equal(outputs[LINES].max_datagram, 2048);
	assert_int_equal(outputs[LINES].oversize, SLUICE_OVERSIZE_REFUSE);
	assert_int_equal(outputs[LINES].hazards, SLUICE_HAZARD_DIGIT | SLUICE_HAZARD_GROWS);
	assert_int_equal(outputs[ANSWERED].framing, SLUICE_FRAMING_RELP);
	assert_int_equal(outputs[ANSWERED].empty, SLUICE_EMPTY_SEND);
	assert_int_equal(outputs[NG].hazards, SLUICE_HAZARD_NUL | SLUICE_HAZARD_CR);
	assert_int_equal(outputs[NG].empty, SLUICE_EMPTY_SEND);
	assert_int_equal(outputs[PROXY].hazards, SLUICE_HAZARD_NO_PRI | SLUICE_HAZARD_CR);
	assert_int_equal(outputs[WRITTEN].framing, SLUICE_FRAMING_RAW);
	assert_int_equal(outputs[WRITTEN].max_datagram, 0);
	assert_int_equal(outputs[CAPTURE].framing, SLUICE_FRAMING_PCAP);
	assert_true(config->inputs[0].addresses);
	assert_int_equal(outputs[OWN].framing, SLUICE_FRAMING_NATIVE);
	assert_int_equal(outputs[ANYBODY].framing, SLUICE_FRAMING_NEWLINE);
	assert_int_equal(outputs[ANYBODY].max_datagram, 0);
	sluice_findings_free(&findings);
	sluice_config_free(config);
}

/* Checks a configuration with these workers and outputs against this machine; returns the finding
 * on connections as text, or "". */
static const char *check(const char *workers, const char *outputs, char text[1024])
{
	struct sluice_findings findings = {0};
	struct sluice_config *config = NULL;
	char file[2048];
	size_t number;

	snprintf(file, sizeof(file),
		 "inputs: [{name: in, port: 5999, source: socket, outputs: [a]}]\n"
		 "outputs:\n%sworkers: %s\n",
		 outputs, workers);
	assert_int_equal(sluice_config_parse(file, strlen(file), "file", &config, &findings), 0);
	(void)sluice_config_check_host(config, SLUICE_HOST_FILE, &findings);
	text[0] = '\0';
	for (number = 0; number < findings.count && !text[0]; number++)
		if (!strncmp(findings.list[number].text, "outputs.to: ", 12))
			snprintf(text, 1024, "%zu:%zu %s: %s", findings.list[number].line,
				 findings.list[number].column,
				 sluice_severity_name(findings.list[number].severity),
				 findings.list[number].text);
	sluice_findings_free(&findings);
	sluice_config_free(config);
	return text;
}

/* An output has no more connections than its receiver bears; more, if written, are told, with the
 * line for both sides. */
static void connections_are_what_the_receiver_bears(void **state)
{
	char text[1024];

	(void)state;
	assert_string_equal(
		check("12", "  - {name: a, to: \"10.9.1.2:601\", receiver: syslog-ng}\n", text),
		"");
	assert_string_equal(
		check("12",
		      "  - {name: a, to: \"10.9.1.2:601\", receiver: syslog-ng, connections: 11}\n",
		      text),
		"3:19 warning: outputs.to: syslog-ng bears 10 connections unless its "
		"configuration says more, and 11 would go to \"10.9.1.2:601\": write "
		"`max-connections(11)` there, or connections: 10 here");
	assert_string_equal(
		check("6",
		      "  - {name: a, to: \"10.9.1.2:601\", receiver: syslog-ng}\n"
		      "  - {name: b, to: \"10.9.1.2:601\", receiver: syslog-ng}\n",
		      text),
		"3:19 warning: outputs.to: syslog-ng bears 10 connections unless its "
		"configuration says more, and 12 would go to \"10.9.1.2:601\", from several "
		"outputs: write `max-connections(12)` there, or connections: 5 here");
	assert_string_equal(
		check("2", "  - {name: a, to: \"10.9.1.2:601\", receiver: nc, framing: raw}\n",
		      text),
		"");
	assert_string_equal(
		check("2", "  - {name: a, to: \"10.9.1.2:601\", receiver: nc, connections: auto}\n",
		      text),
		"3:19 error: outputs.to: nc reads one connection at a time, and 2 would go to "
		"\"10.9.1.2:601\": write connections: 1 here, or take a receiver that reads "
		"several there");
	assert_string_equal(
		check("64", "  - {name: a, to: \"10.9.1.2:601\", receiver: rsyslog}\n", text), "");
}

/* One that resets connections which it took gets what it may not have read again, if nobody says
 * otherwise. */
static void what_a_receiver_resets_is_sent_again(void **state)
{
	struct sluice_draft_output draft = {.output.receiver = SLUICE_RECEIVER_SYSLOG_NG};

	(void)state;
	sluice_receiver_settle(&draft);
	assert_true(draft.output.resends);
	assert_int_equal(draft.output.connections, 10);
	draft = (struct sluice_draft_output){.output.receiver = SLUICE_RECEIVER_SYSLOG_NG,
					     .unconfirmed_place.line = 3};
	sluice_receiver_settle(&draft);
	assert_false(draft.output.resends);
	draft = (struct sluice_draft_output){.output.receiver = SLUICE_RECEIVER_NC};
	sluice_receiver_settle(&draft);
	assert_false(draft.output.resends);
	assert_int_equal(draft.output.connections, 1);
}

/* The table can be read by those who use it: each receiver has a framing, and each limit a way up
 * that is no lower. */
static void the_table_makes_sense(void **state)
{
	unsigned int kind;
	size_t number;

	(void)state;
	assert_null(sluice_receiver_of(SLUICE_RECEIVER_NONE));
	assert_null(sluice_receiver_of(SLUICE_RECEIVER_GENERIC));
	for (kind = SLUICE_RECEIVER_NATIVE; kind <= SLUICE_RECEIVER_SPLUNK; kind++) {
		const struct sluice_receiver *receiver =
			sluice_receiver_of((enum sluice_receiver_kind)kind);

		assert_non_null(receiver);
		assert_non_null(receiver->ways[0].input);
		assert_true(!receiver->bear || receiver->connections);
		assert_true(receiver->reads_several || receiver->connections == 1);
		for (number = 0; number < SLUICE_RECEIVER_WAYS && receiver->ways[number].input;
		     number++) {
			const struct sluice_receiver_way *way = &receiver->ways[number];

			assert_ptr_equal(sluice_receiver_way_of(receiver, way->framing), way);
			assert_true(!way->most || way->most >= SLUICE_DATAGRAM_LEAST);
			assert_true(way->most <= SLUICE_DATAGRAM_MOST);
			assert_true(!way->most_possible ||
				    (way->most_possible > way->most && receiver->raise));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_sets_what_is_not_written),
		cmocka_unit_test(connections_are_what_the_receiver_bears),
		cmocka_unit_test(what_a_receiver_resets_is_sent_again),
		cmocka_unit_test(the_table_makes_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
