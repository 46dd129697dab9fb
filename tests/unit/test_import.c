// SPDX-License-Identifier: MIT
/*
 * `sluicectl import`: what becomes of whole files of other programs, of files that end anywhere,
 * and of nonsense. Run in the top folder of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/command.h"
#include "ctl/import.h"

#define FOLDER "tests/import/fixtures/"

typedef void (*reader)(struct sluice_import *import, const char *text, size_t length);

/* The files that are there; what each becomes is beside it, with ".yaml" behind its name. */
static const struct file {
	const char *path;
	reader read;
} files[] = {
	{FOLDER "legacy.conf", sluice_import_rsyslog},
	{FOLDER "script.conf", sluice_import_rsyslog},
	{FOLDER "syslog-ng.conf", sluice_import_syslog_ng},
	{FOLDER "rinetd.conf", sluice_import_rinetd},
	{FOLDER "socat.sh", sluice_import_socat},
};

#define FILES (sizeof(files) / sizeof(files[0]))

/* Reads a file whole, with a NUL behind it. @owner caller */
static char *read_file(const char *path, size_t *length)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "r");
	ssize_t bytes;

	if (!file)
		fail_msg("%s is not there", path);
	bytes = getdelim(&text, &room, '\0', file);
	fclose(file);
	assert_true(bytes > 0);
	*length = (size_t)bytes;
	return text;
}

/* Imports text; *remarks may be NULL. Returns the YAML or NULL; fails if the check of
 * configurations does not pass it. @owner caller */
static char *import_text(reader read, const char *name, const char *text, size_t length,
			 char **remarks)
{
	struct sluice_import *import = sluice_import_new(name);
	struct sluice_findings findings;
	char *yaml;

	assert_non_null(import);
	read(import, text, length);
	yaml = sluice_import_yaml(import);
	if (remarks)
		*remarks = sluice_import_remarks(import);
	sluice_import_free(import);
	if (yaml) {
		sluice_ctl_check_text(name, yaml, strlen(yaml), NULL, &findings);
		if (findings.error_count)
			fail_msg("%s: %s: %s", name, findings.list[0].text, yaml);
		sluice_findings_free(&findings);
	}
	return yaml;
}

/* Imports a text and expects words in the YAML (NULL: there is none) and in the remarks. */
static void expect(reader read, const char *text, const char *yaml_words, const char *remark_words)
{
	char *remarks, *yaml = import_text(read, "f", text, strlen(text), &remarks);

	if (!yaml_words != !yaml || (yaml && yaml_words && !strstr(yaml, yaml_words)))
		fail_msg("%s: not \"%s\" but %s", text, yaml_words ? yaml_words : "nothing",
			 yaml ? yaml : "nothing");
	if (remark_words && !strstr(remarks, remark_words))
		fail_msg("%s: not \"%s\" but \"%s\"", text, remark_words, remarks);
	if (!remark_words && remarks[0])
		fail_msg("%s: told: %s", text, remarks);
	free(yaml);
	free(remarks);
}

/* Whole files become what is beside them. */
static void test_files_become_what_is_beside_them(void **state)
{
	char path[128], *text, *wanted, *yaml;
	size_t number, length, wanted_length;

	(void)state;
	for (number = 0; number < FILES; number++) {
		text = read_file(files[number].path, &length);
		snprintf(path, sizeof(path), "%s.yaml", files[number].path);
		wanted = read_file(path, &wanted_length);
		yaml = import_text(files[number].read, files[number].path, text, length, NULL);
		assert_non_null(yaml);
		assert_string_equal(yaml, wanted);
		free(yaml);
		free(wanted);
		free(text);
	}
}

/* A file that ends anywhere is read without reading beyond it, and what it gives passes the check;
 * so with every byte made each of a few that mean something. */
static void test_files_that_end_anywhere(void **state)
{
	static const char nasty[] = {'\0', '"', '(', '}', '\n', '\xff'};
	char *text, *part;
	size_t number, length, cut, kind;

	(void)state;
	for (number = 0; number < FILES; number++) {
		text = read_file(files[number].path, &length);
		for (cut = 0; cut <= length; cut++) {
			/* Of its own size, so that ASan sees a step beyond. */
			part = malloc(cut + 1);
			assert_non_null(part);
			memcpy(part, text, cut);
			part[cut] = '\0';
			free(import_text(files[number].read, "f", part, cut, NULL));
			free(part);
		}
		for (cut = 0; cut < length; cut += 3) {
			kind = cut / 3 % sizeof(nasty);
			part = malloc(length + 1);
			assert_non_null(part);
			memcpy(part, text, length + 1);
			part[cut] = nasty[kind];
			free(import_text(files[number].read, "f", part, length, NULL));
			free(part);
		}
		free(text);
	}
}

/* Any file given to the reader of another program. */
static void test_files_of_another_program(void **state)
{
	size_t number, other, length;
	char *text;

	(void)state;
	for (number = 0; number < FILES; number++) {
		text = read_file(files[number].path, &length);
		for (other = 0; other < FILES; other++)
			free(import_text(files[other].read, "f", text, length, NULL));
		free(text);
	}
}

/* Many pieces are bounded, their names unique, and it is told what is left out. */
static void test_many_pieces_are_bounded(void **state)
{
	static const char *const deep[] = {"(",	 "{",	"source a {", "ruleset(name=\"a\") {",
					   "\"", "\\\n"};
	char *text = NULL, *remarks, *yaml;
	size_t size, number, other;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	assert_non_null(file);
	for (number = 0; number < 5000; number++)
		fprintf(file, "10.0.%zu.%zu 4000/udp 10.9.1.2 %zu\n", number / 250,
			number % 250 + 1, number + 1);
	fclose(file);
	yaml = import_text(sluice_import_rinetd, "f", text, size, &remarks);
	assert_non_null(yaml);
	assert_non_null(strstr(yaml, "\"udp-4000-1024\""));
	assert_null(strstr(yaml, "\"udp-4000-1025\""));
	assert_non_null(strstr(remarks, "more: only the first 500 are told"));
	free(yaml);
	free(remarks);
	free(text);
	for (number = 0; number < sizeof(deep) / sizeof(deep[0]); number++) {
		size_t length = strlen(deep[number]), times;

		text = malloc(length * 20000 + 1);
		assert_non_null(text);
		for (times = 0; times < 20000; times++)
			memcpy(text + times * length, deep[number], length);
		text[length * 20000] = '\0';
		for (other = 0; other < FILES; other++)
			free(import_text(files[other].read, "f", text, length * 20000, NULL));
		free(text);
	}
}

/* Framing and receiver are those with which the bytes stay as they were; all of it: nothing told.
 */
static void test_bytes_stay_as_they_were(void **state)
{
	(void)state;
	expect(sluice_import_socat, "socat -u UDP-RECV:5000 TCP:h.example:6000",
	       "to: [\"h.example:6000\"], framing: raw, connections: 1}", NULL);
	expect(sluice_import_socat,
	       "socat -U TCP6:[fd09::2]:6000 UDP6-RECV:5000,so-bindtodevice=eth0",
	       "to: [\"[fd09::2]:6000\"], framing: raw", NULL);
	expect(sluice_import_rsyslog,
	       "$template r,\"%rawmsg%\"\n$ModLoad imudp\n$UDPServerRun 514\n*.* "
	       "@@(o)h.example:6000;r\n",
	       "receiver: rsyslog, framing: octet-counted}", NULL);
	expect(sluice_import_rsyslog,
	       "template(name=\"r\" type=\"string\" string=\"%rawmsg%\") module(load=\"imudp\") "
	       "input(type=\"imudp\" port=\"514\") action(type=\"omfwd\" protocol=\"tcp\" "
	       "target=\"h.example\" template=\"r\")",
	       "to: [\"h.example:514\"], receiver: rsyslog, framing: newline}", NULL);
	expect(sluice_import_syslog_ng,
	       "source s { syslog(transport(\"udp\") port(514) flags(no-parse)); }; destination d "
	       "{ "
	       "tcp(\"h.example\" port(6000) template(\"$MSG\\n\")); }; log { source(s); "
	       "destination(d); };",
	       "receiver: syslog-ng, framing: newline}", NULL);
}

/* What sluice cannot do is told with its line, and nobody gets in whom the other program keeps
 * out, nor goes in the clear what it protects. */
static void test_what_cannot_be_taken_over(void **state)
{
	(void)state;
	expect(sluice_import_socat, "\nsocat TCP-LISTEN:5000 TCP:h.example:6000", NULL,
	       "f:2: TCP-LISTEN: ");
	expect(sluice_import_socat, "socat -u UDP-RECV:5000 OPENSSL:h.example:6000", NULL,
	       "without TLS");
	expect(sluice_import_socat,
	       "socat -u UDP-RECV:5000,range=10.0.0.0:255.0.0.0 TCP:h.example:6000", NULL,
	       "keep senders out");
	expect(sluice_import_socat, "socat -u UDP-RECV:5000,range=10.9.0.0/16 TCP:h.example:6000",
	       "from: \"10.9.0.0/16\"", NULL);
	expect(sluice_import_socat, "socat UDP-LISTEN:5000,fork TCP:h.example:6000", "framing: raw",
	       "a connection of its own");
	expect(sluice_import_rinetd, "allow 10.*\n0.0.0.0 4000/udp 10.9.1.2 22\n", NULL,
	       "f:2: UDP port 4000: an allow or deny for all rules");
	expect(sluice_import_rinetd, "0.0.0.0 4000/udp 10.9.1.2 22\ndeny 10.*\n", NULL,
	       "f:2: deny: ");
	expect(sluice_import_rinetd, "0.0.0.0 80 10.9.1.2 80\n",
	       "listen: \"0.0.0.0:80\", to: \"10.9.1.2:80\"}", NULL);
	expect(sluice_import_rinetd, "allow 10.*\ndeny 10.9.9.*\n::1 ssh fd09::2 22/tcp\n",
	       "listen: \"[::1]:22\", to: \"[fd09::2]:22\", allow: [10.0.0.0/8], "
	       "deny: [10.9.9.0/24]}",
	       NULL);
	expect(sluice_import_rinetd, "0.0.0.0 80 10.9.1.2 80 [src=10.9.1.1]\ndeny 10.9.9.?\n", NULL,
	       "f:2: deny: it cannot be written as a list of prefixes");
	expect(sluice_import_rinetd, "allow 10.*\n0.0.0.0 80 10.9.1.2 80\nallow 10.9.*\n", NULL,
	       "f:3: allow: it cannot be written as a list of prefixes");
	expect(sluice_import_rinetd, "0.0.0.0 80 10.9.1.2 80/udp\n", NULL,
	       "f:1: port 80: the rule takes TCP and sends UDP");
	expect(sluice_import_rsyslog,
	       "$AllowedSender UDP, 10.9.0.0/16\n$UDPServerRun 514\n*.* @@h.example:6000\n", NULL,
	       "$AllowedSender keeps senders out");
	expect(sluice_import_rsyslog,
	       "$ActionSendStreamDriverMode 1\n$UDPServerRun 514\n*.* @@h.example:6000\n", NULL,
	       "f:3: h.example:6000: it is protected by TLS");
	expect(sluice_import_rsyslog, "$UDPServerRun 514\n*.* ~\n*.* @@h.example:6000\n", NULL,
	       "a stop above");
	expect(sluice_import_rsyslog, "$UDPServerRun 514\n*.* @@\"}, x: [:6000\n", NULL,
	       "no host that can be used");
	expect(sluice_import_syslog_ng,
	       "source s { udp(); }; destination d { network(\"h\" port(1) tls(peer-verify(yes))); "
	       "}; log { source(s); destination(d); };",
	       NULL, "without TLS");
	expect(sluice_import_syslog_ng,
	       "source s { udp(); }; destination d { tcp(\"h\" port(1)); }; log { source(s); "
	       "filter(f); destination(d); };",
	       NULL, "filter(f)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_become_what_is_beside_them),
		cmocka_unit_test(test_files_that_end_anywhere),
		cmocka_unit_test(test_files_of_another_program),
		cmocka_unit_test(test_many_pieces_are_bounded),
		cmocka_unit_test(test_bytes_stay_as_they_were),
		cmocka_unit_test(test_what_cannot_be_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
