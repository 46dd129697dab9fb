// SPDX-License-Identifier: MIT
/*
 * Tools that measure: see profile_tool.h. Touches: processes that it starts, a temporary file of
 * theirs, a mount of tracefs in their own namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "../lib/clock.h"
#include "profile_target.h"
#include "profile_tool.h"

#define TRACEFS "/sys/kernel/tracing"
#define SCRIPT 8192U
#define US_PER_S 1000000U
#define NS_PER_US 1000U

/* Probes are there one after the other: count only when all are, a second later, and tell so. */
#define ON_RULE " interval:ms:1000 /!@on/ { @on = 1; printf(\"on\\n\"); }"

/* As profile_tool.h says. @context process */
bool sluice_profile_tool_there(const char *name)
{
	const char *at = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
	char path[4096];

	while (at && *at) {
		size_t length = strcspn(at, ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)length, at, name);
		if (access(path, X_OK) == 0)
			return true;
		at += length + (at[length] == ':');
	}
	return false;
}

/* Tracepoints need tracefs: where it is not mounted, this process and its children see one. */
static void see_tracefs(void)
{
	if (access(TRACEFS "/events", F_OK) == 0 || unshare(CLONE_NEWNS))
		return;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("tracefs", TRACEFS, "tracefs", 0, NULL);
}

/* As profile_tool.h says. @context process */
int sluice_profile_tool_start(struct sluice_profile_tool *tool, const char *const words[])
{
	int ends[2];
	int fault;

	memset(tool, 0, sizeof(*tool));
	tool->complaints = tmpfile();
	if (!tool->complaints || pipe2(ends, O_CLOEXEC)) {
		fault = -errno;
		goto complaints;
	}
	tool->output = fdopen(ends[0], "re");
	tool->pid = tool->output ? fork() : -1;
	if (tool->pid < 0) {
		fault = -errno;
		goto pipe;
	}
	if (tool->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM, 0UL, 0UL, 0UL);
		/* A Ctrl-C is for us, and we end the tool. */
		setpgid(0, 0);
		dup2(ends[1], STDOUT_FILENO);
		dup2(fileno(tool->complaints), STDERR_FILENO);
		see_tracefs();
		execvp(words[0], (char *const *)words);
		_exit(127);
	}
	close(ends[1]);
	return 0;
pipe:
	close(ends[1]);
	if (tool->output)
		fclose(tool->output);
	else
		close(ends[0]);
complaints:
	if (tool->complaints)
		fclose(tool->complaints);
	return fault;
}

/* As profile_tool.h says. @context process */
int sluice_profile_tool_end(struct sluice_profile_tool *tool, int number)
{
	char line[1024];
	int status = -1;

	if (number)
		kill(tool->pid, number);
	while (fgets(line, sizeof(line), tool->output))
		;
	waitpid(tool->pid, &status, 0);
	if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == number)) {
		rewind(tool->complaints);
		while (fgets(line, sizeof(line), tool->complaints))
			fputs(line, stderr);
	}
	fclose(tool->output);
	fclose(tool->complaints);
	return status;
}

/* As profile_tool.h says. @context process */
void sluice_profile_measure(struct sluice_profile *profile)
{
	struct timespec rest = {.tv_sec = (time_t)(profile->us / US_PER_S),
				.tv_nsec = (long)(profile->us % US_PER_S * NS_PER_US)};
	uint64_t before = 0;
	uint64_t after = 0;
	uint64_t begin;
	bool known;

	known = sluice_profile_came(profile, &before);
	begin = sluice_now();
	nanosleep(&rest, NULL);
	profile->ns = sluice_now() - begin;
	profile->counted = known && sluice_profile_came(profile, &after) && after >= before;
	profile->datagrams = profile->counted ? after - before : 0;
}

/* As profile_tool.h says. @context process */
int sluice_profile_tool_count(struct sluice_profile *profile, struct sluice_profile_tool *tool,
			      const char *const words[])
{
	char line[256];
	int error = sluice_profile_tool_start(tool, words);

	if (error)
		return error;
	sluice_profile_measure(profile);
	kill(tool->pid, SIGINT);
	while (fgets(line, sizeof(line), tool->output))
		;
	return 0;
}

/* Reads lines of bpftrace until `wanted` comes ("on"), or to the end; what maps they have goes to
 * `maps`. True: it came. */
static bool read_lines(FILE *output, const char *wanted, json_t *maps)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (!found && getline(&line, &size, output) > 0) {
		json_t *object = json_loads(line, 0, NULL);
		const char *type = json_string_value(json_object_get(object, "type"));
		const char *text = json_string_value(json_object_get(object, "data"));

		if (type && strcmp(type, "map") == 0)
			json_object_update(maps, json_object_get(object, "data"));
		found = wanted && text && strncmp(text, wanted, strlen(wanted)) == 0;
		json_decref(object);
	}
	free(line);
	return found;
}

/* As profile_tool.h says. @context process */
json_t *sluice_profile_trace(struct sluice_profile *profile, const char *script)
{
	char text[SCRIPT];
	const char *const words[] = {"bpftrace", "-B", "line", "-f", "json", "-e", text, NULL};
	struct sluice_profile_tool tool;
	json_t *maps = NULL;
	int status;
	bool on;

	if (!sluice_profile_tool_there(words[0])) {
		fputs("sluicebench profile: this machine has no bpftrace; install the package "
		      "bpftrace\n",
		      stderr);
		return NULL;
	}
	snprintf(text, sizeof(text), "%s%s", script, ON_RULE);
	status = sluice_profile_tool_start(&tool, words);
	if (status) {
		fprintf(stderr, "sluicebench profile: bpftrace does not start: %s\n",
			strerror(-status));
		return NULL;
	}
	maps = json_object();
	on = read_lines(tool.output, "on", maps);
	if (on) {
		sluice_profile_measure(profile);
		kill(tool.pid, SIGINT);
		read_lines(tool.output, NULL, maps);
	}
	status = sluice_profile_tool_end(&tool, 0);
	if (on && status == 0)
		return maps;
	fprintf(stderr,
		"sluicebench profile: bpftrace cannot trace here; what it says is above (it "
		"needs root, and a kernel with BPF and %s)\n",
		strncmp(script, "uprobe", 6) == 0 ? "uprobes" : "tracepoints");
	json_decref(maps);
	return NULL;
}

/* Which of two lines comes first. */
static int by_number(const void *one, const void *other)
{
	const struct sluice_profile_row *a = one;
	const struct sluice_profile_row *b = other;

	return (a->number < b->number) - (a->number > b->number);
}

/* As profile_tool.h says. @threadsafe */
struct sluice_profile_row *sluice_profile_rows(const json_t *map, size_t *count)
{
	size_t most = json_object_size(map);
	struct sluice_profile_row *rows = most ? calloc(most, sizeof(*rows)) : NULL;
	const char *key;
	json_t *value;

	*count = 0;
	if (!rows)
		return NULL;
	/* json_object_foreach() wants it to be not const, and changes nothing. */
	json_object_foreach((json_t *)map, key, value)
	{
		rows[*count].key = key;
		rows[(*count)++].number = (uint64_t)json_integer_value(value);
	}
	qsort(rows, *count, sizeof(*rows), by_number);
	return rows;
}
