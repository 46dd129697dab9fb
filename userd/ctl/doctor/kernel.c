// SPDX-License-Identifier: MIT
/*
 * Checks of what the kernel says, of the module, and of the time. Touches: nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

/* Messages that mean lost or late datagrams. */
static const char *const messages[] = {
	"I/O error",
	"Detected Tx Unit Hang",
	"NETDEV WATCHDOG",
	"page allocation failure",
	"table full, dropping",
	"neighbour table overflow",
	"Remounting filesystem read-only",
	"blocked for more than",
	"Reset adapter",
	"UDP: bad checksum",
};

/* Is it one of them? */
static bool is_bad(const char *line, size_t length)
{
	const char *found;
	size_t number;

	for (number = 0; number < sizeof(messages) / sizeof(messages[0]); number++) {
		found = strstr(line, messages[number]);
		if (found && found < line + length)
			return true;
	}
	return false;
}

/* Where the messages begin that came after the first sample: behind its last line. NULL: there is
 * no saying. */
static const char *news(const char *before, const char *after)
{
	size_t length = strlen(before), start;
	char last[512];
	const char *found;

	while (length && before[length - 1] == '\n')
		length--;
	start = length;
	while (start && before[start - 1] != '\n')
		start--;
	/* A line has its time: it is there once. */
	snprintf(last, sizeof(last), "%.*s", (int)(length - start), before + start);
	if (!*last)
		return after;
	found = strstr(after, last);
	return found ? sluice_doctor_next_line(found) : NULL;
}

/* As its row says: one finding for each kind of message is enough, so it is the last of each. */
void sluice_doctor_kernel_log(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	const char *before = sluice_doctor_text(&look->before, "log/kernel"),
		   *after = sluice_doctor_text(&look->after, "log/kernel"), *line;
	unsigned int count = 0;
	char message[256];
	json_t *finding;
	size_t length;

	line = before && after ? news(before, after) : NULL;
	for (; line && *line; line = sluice_doctor_next_line(line)) {
		length = strcspn(line, "\n");
		if (!is_bad(line, length))
			continue;
		snprintf(message, sizeof(message), "%.*s", (int)length, line);
		count++;
	}
	if (!count)
		return;
	finding = sluice_doctor_find(report, "kernel");
	sluice_doctor_fill(finding, "message", "%s", message);
	if (count > 1)
		sluice_doctor_add(finding, "(and %u more)", count - 1);
	sluice_doctor_proof_text(finding, "log/kernel", "last message", message);
}

/* The first word of a source. "": it was not read. */
static void word_of(const struct sluice_doctor_look *look, const char *source, char word[128])
{
	const char *text = sluice_doctor_text(&look->after, source);

	word[0] = '\0';
	if (text)
		sscanf(text, "%127s", word);
}

/* As its row says. */
void sluice_doctor_module_version(const struct sluice_doctor_look *look,
				  struct sluice_doctor_report *report)
{
	char module[128], program[128];
	json_t *finding;

	word_of(look, "/sys/module/sluice/version", module);
	word_of(look, "program/version", program);
	if (!*module || !*program || !strcmp(module, program))
		return;
	finding = sluice_doctor_find(report, module);
	sluice_doctor_fill(finding, "version", "%s", program);
	sluice_doctor_proof_text(finding, "/sys/module/sluice/version", "version", module);
}

/* As its row says. A line of kernels/installed is "RELEASE module 0|1". */
void sluice_doctor_next_kernel(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	const char *line = sluice_doctor_text(&look->after, "kernels/installed");
	char module[128], running[128], release[128];
	uint64_t has_module;
	json_t *finding;

	word_of(look, "/sys/module/sluice/version", module);
	word_of(look, "/proc/sys/kernel/osrelease", running);
	if (!*module || !*running)
		return;
	for (; line && *line; line = sluice_doctor_next_line(line)) {
		if (sscanf(line, "%127s", release) != 1 ||
		    !sluice_doctor_line_number(line, "module", &has_module) || has_module ||
		    strverscmp(release, running) <= 0)
			continue;
		finding = sluice_doctor_find(report, release);
		sluice_doctor_proof_text(finding, "/lib/modules/*/modules.dep", "without sluice.ko",
					 release);
	}
}

/* As its row says. */
void sluice_doctor_time(const struct sluice_doctor_look *look, struct sluice_doctor_report *report)
{
	const char *text = sluice_doctor_text(&look->after, "clock/state");
	uint64_t wrong, us = 0;
	char value[24];
	json_t *finding;

	if (!sluice_doctor_number(text, "unsynchronised", &wrong) || !wrong)
		return;
	(void)sluice_doctor_number(text, "error-us", &us);
	finding = sluice_doctor_find(report, "clock");
	snprintf(value, sizeof(value), "%llu", (unsigned long long)us);
	sluice_doctor_proof_text(finding, "adjtimex(2)", "greatest error, us", value);
}
