// SPDX-License-Identifier: MIT
/*
 * The daemon that is profiled: see profile_target.h. What came is asked where the daemon is: in its
 * network namespace. Touches: /proc, processes that it starts.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <jansson.h>
#include "profile_target.h"
#include "relay_threads.h"

#define DAEMON "sluiced"
#define SECOND_NS 1e9

/* As profile_target.h says. @threadsafe */
const char *sluice_profile_thread(pid_t pid, pid_t thread, char name[SLUICE_PROFILE_NAME])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, thread);
	file = fopen(path, "re");
	if (!file || !fgets(name, SLUICE_PROFILE_NAME, file))
		snprintf(name, SLUICE_PROFILE_NAME, "?");
	name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
	return name;
}

/* As profile_target.h says. @threadsafe */
bool sluice_profile_is_worker(const char *name)
{
	static const char begin[] = "sluice-w";

	return strncmp(name, begin, sizeof(begin) - 1) == 0 &&
	       isdigit((unsigned char)name[sizeof(begin) - 1]);
}

/* As profile_target.h says. @context process */
pid_t sluice_profile_find(void)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	/* Only this thread reads it. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (processes && (entry = readdir(processes))) {
		char name[SLUICE_PROFILE_NAME];
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || strcmp(sluice_profile_thread(pid, pid, name), DAEMON) != 0)
			continue;
		if (found > 0) {
			found = -E2BIG;
			break;
		}
		found = pid;
	}
	if (processes)
		closedir(processes);
	return found;
}

/* As profile_target.h says. @context process */
pid_t sluice_profile_find_in(pid_t relay)
{
	static struct sluice_relay_threads threads;
	size_t index;

	sluice_relay_threads_read(&threads, relay);
	for (index = 0; index < threads.count; index++) {
		const struct sluice_relay_thread *thread = &threads.thread[index];

		if (thread->thread == thread->process && strcmp(thread->name, DAEMON) == 0)
			return thread->process;
	}
	return relay;
}

/* The child that tells what came: enters the daemon's network and becomes the command. */
static void ask(const struct sluice_profile *profile, int output)
{
	char path[64];
	int network;
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/%d/ns/net", profile->pid);
	network = open(path, O_RDONLY | O_CLOEXEC);
	/* Without the right to, it is the same network or it will not answer. */
	if (network >= 0)
		(void)setns(network, CLONE_NEWNET);
	dup2(output, STDOUT_FILENO);
	if (nothing >= 0)
		dup2(nothing, STDERR_FILENO);
	if (profile->counters)
		execl("/bin/sh", "sh", "-c", profile->counters, (char *)NULL);
	else
		execlp("sluicectl", "sluicectl", "show", "inputs", "-j", (char *)NULL);
	_exit(127);
}

/* As profile_target.h says. @context process */
bool sluice_profile_came(const struct sluice_profile *profile, uint64_t *datagrams)
{
	int ends[2];
	int status = -1;
	json_t *inputs;
	size_t index;
	FILE *stream;
	pid_t child;
	bool good;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	child = fork();
	if (child == 0)
		ask(profile, ends[1]);
	close(ends[1]);
	stream = fdopen(ends[0], "re");
	inputs = stream && child > 0 ? json_loadf(stream, 0, NULL) : NULL;
	if (stream)
		fclose(stream);
	else
		close(ends[0]);
	if (child > 0)
		waitpid(child, &status, 0);
	good = status == 0 && json_is_array(inputs);
	*datagrams = 0;
	for (index = 0; good && index < json_array_size(inputs); index++)
		*datagrams += (uint64_t)json_integer_value(
			json_object_get(json_array_get(inputs, index), "matched"));
	json_decref(inputs);
	return good;
}

/* As profile_target.h says. @context process */
void sluice_profile_head(const struct sluice_profile *profile, const char *what)
{
	char name[SLUICE_PROFILE_NAME];
	double seconds = (double)profile->ns / SECOND_NS;

	printf("%s of %s (process %d) in %.1f s: ", what,
	       sluice_profile_thread(profile->pid, profile->pid, name), profile->pid, seconds);
	if (profile->counted)
		printf("%" PRIu64 " datagrams came, %.0f a second\n\n", profile->datagrams,
		       (double)profile->datagrams / seconds);
	else
		printf("how many datagrams came is not known, since `%s` does not tell\n\n",
		       profile->counters ? profile->counters : "sluicectl show inputs -j");
}

/* As profile_target.h says. @threadsafe */
const char *sluice_profile_per(const struct sluice_profile *profile, uint64_t count, char *text,
			       size_t size)
{
	if (!profile->counted || profile->datagrams == 0)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%.4f", (double)count / (double)profile->datagrams);
	return text;
}
