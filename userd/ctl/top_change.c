// SPDX-License-Identifier: MIT
/*
 * Changes from the details of `sluicectl top`; see top_change.h. Touches: a process, netlink
 * sockets.
 */
#include "top_change.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "command.h"
#include "daemon.h"
#include "running.h"

#define VALUE 4096U /* bytes of `to=[...]` */

/* Adds to a text; what does not fit is noted in *is_full. */
static void __attribute__((format(printf, 3, 4)))
add(char text[VALUE], bool *is_full, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text + used, VALUE - used, format, arguments);
	va_end(arguments);
	*is_full |= length < 0 || (size_t)length >= VALUE - used;
}

/* `to=[...]` of an output as it is, but for one destination's weight. False: there is no such
 * destination, or there are too many. */
static bool write_to(const struct sluice_config *config, const struct sluice_top_change *change,
		     char text[VALUE])
{
	bool is_full = false, is_there = false;
	size_t number, place;

	snprintf(text, VALUE, "to=[");
	for (number = 0; number < config->output_count; number++) {
		const struct sluice_config_output *output = &config->outputs[number];

		if (strcmp(output->name, change->piece) != 0)
			continue;
		for (place = 0; place < output->to_count; place++) {
			const struct sluice_config_destination *to = &output->to[place];
			bool is_meant = !strcmp(to->text, change->destination);

			is_there |= is_meant;
			add(text, &is_full,
			    "%s{address: '%s', weight: ", strlen(text) > 4 ? ", " : "", to->text);
			if (is_meant)
				add(text, &is_full, "%s", change->value);
			else
				add(text, &is_full, "%u", to->weight);
			if (to->standby)
				add(text, &is_full, ", standby: yes");
			if (!to->enabled)
				add(text, &is_full, ", enabled: no");
			if (to->rate)
				add(text, &is_full, ", rate: %llubit",
				    (unsigned long long)to->rate);
			add(text, &is_full, "}");
		}
	}
	add(text, &is_full, "]");
	return is_there && !is_full;
}

/* The same of the configuration that runs. 0 or not, said. */
static int ask_to(const struct sluice_top_change *change, char text[VALUE])
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	struct sluice_running running = {0};
	struct sluice_config *config = NULL;
	struct sluice_findings findings = {0};
	int error = -EINVAL;

	if (strspn(change->value, "0123456789") != strlen(change->value)) {
		fputs("sluicectl: a weight is a number\n", stderr);
	} else if (netlink && !sluice_running_get(netlink, 0, &running)) {
		if (!sluice_config_parse(running.text.bytes, running.text.length, "running",
					 &config, &findings) &&
		    write_to(config, change, text))
			error = 0;
		else
			fputs("sluicectl: there is no such destination\n", stderr);
	}
	sluice_config_free(config);
	sluice_findings_free(&findings);
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	return error;
}

/* Runs the command, on this host in this process, which is a child of its own. The exit status. */
static int run(const struct sluice_top_change *change, const char *host)
{
	char value[VALUE] = "", *words[4] = {NULL};
	int count = 0, status;

	if (change->what == SLUICE_TOP_PROMPT_SWITCH) {
		words[count++] = change->is_enabled ? (char *)"enable" : (char *)"disable";
		words[count++] = (char *)change->piece;
		if (*change->destination)
			words[count++] = (char *)change->destination;
	} else {
		words[count++] = (char *)"set";
		words[count++] = (char *)change->piece;
		words[count++] = value;
		snprintf(value, sizeof(value), "rate=%s", change->value);
	}
	if (change->what == SLUICE_TOP_PROMPT_WEIGHT && host) {
		fputs("sluicectl: weights are changed on the host itself\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	if (change->what == SLUICE_TOP_PROMPT_WEIGHT && ask_to(change, value))
		return SLUICE_CTL_REFUSED;
	if (host) {
		/* The shell there splits words again: nothing in them may mean anything to it. */
		for (status = 0; status < count; status++)
			if (strpbrk(words[status], " \t\n'\"\\$`&|;<>()*?[]#~!{}")) {
				fputs("sluicectl: this is changed on the host itself\n", stderr);
				return SLUICE_CTL_USAGE;
			}
		execlp("ssh", "ssh", "-o", "BatchMode=yes", "--", host, "sluicectl", words[0],
		       words[1], words[2], words[3], (char *)NULL);
		return SLUICE_CTL_REFUSED;
	}
	status = change->what == SLUICE_TOP_PROMPT_SWITCH ? sluice_ctl_enable(count, words)
							  : sluice_ctl_set(count, words);
	fflush(stdout);
	fflush(stderr);
	return status;
}

void sluice_top_change_make(const struct sluice_top_change *change, const char *host, char *said,
			    size_t room)
{
	int ends[2], status = 0, null;
	size_t length = 0;
	ssize_t more;
	pid_t child;

	snprintf(said, room, "it cannot be changed now: %s", strerror(EAGAIN));
	if (pipe2(ends, O_CLOEXEC))
		return;
	child = fork();
	if (child == 0) {
		/* Commands give back what jansson took by free(). */
		json_set_alloc_funcs(malloc, free);
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		_exit(run(change, host));
	}
	close(ends[1]);
	while (child > 0 && length + 1 < room &&
	       (more = read(ends[0], said + length, room - 1 - length)) > 0)
		length += (size_t)more;
	close(ends[0]);
	if (child < 0)
		return;
	said[length] = '\0';
	waitpid(child, &status, 0);
	said[strcspn(said, "\n")] = '\0';
	if (!*said)
		snprintf(said, room, status ? "it was refused" : "done");
}
