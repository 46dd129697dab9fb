// SPDX-License-Identifier: MIT
/*
 * The threads of a relay: see relay_threads.h. Read before and after a trial. Touches: files of
 * /proc.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "relay_threads.h"

/* How many fields there were is checked; what overflows is no counter. NOLINTBEGIN(cert-err34-c) */

/* Reads a file of a thread as text. False: it cannot be had. */
static bool read_text(const struct sluice_relay_thread *thread, const char *file, char *text,
		      size_t size)
{
	char path[96];
	FILE *stream;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", thread->process, thread->thread, file);
	stream = fopen(path, "re");
	if (!stream)
		return false;
	length = fread(text, 1, size - 1, stream);
	text[length] = '\0';
	fclose(stream);
	return length > 0;
}

/* The number behind `key` in a text of lines; 0 if there is none. */
static uint64_t number_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* Reads all of a thread. False: it has ended. */
static bool read_thread(struct sluice_relay_thread *thread)
{
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	char text[4096];
	char *end;

	if (!read_text(thread, "comm", text, sizeof(text)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	snprintf(thread->name, sizeof(thread->name), "%.16s", text);
	if (read_text(thread, "schedstat", text, sizeof(text)))
		thread->run_ns = strtoull(text, NULL, 10);
	if (read_text(thread, "status", text, sizeof(text))) {
		thread->voluntary = number_of(text, "\nvoluntary_ctxt_switches:");
		thread->involuntary = number_of(text, "\nnonvoluntary_ctxt_switches:");
	}
	/* A name may have anything in it: behind its end there are numbers only (proc(5)). */
	end = read_text(thread, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;
	if (end &&
	    sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
		   &thread->user, &thread->system) == 2) {
		thread->user = thread->user * 100 / ticks;
		thread->system = thread->system * 100 / ticks;
	}
	return true;
}

/* Adds the children of a thread to the list of processes. */
static void read_children(const struct sluice_relay_thread *thread, pid_t *process, size_t *count)
{
	char text[4096];
	char *at = text;
	char *end;

	if (!read_text(thread, "children", text, sizeof(text)))
		return;
	while (*count < SLUICE_RELAY_PROCESSES) {
		long child = strtol(at, &end, 10);

		if (end == at)
			return;
		process[(*count)++] = (pid_t)child;
		at = end;
	}
}

/* NOLINTEND(cert-err34-c) */

/* As relay_threads.h says. @threadsafe */
void sluice_relay_threads_read(struct sluice_relay_threads *threads, pid_t process)
{
	pid_t list[SLUICE_RELAY_PROCESSES] = {process};
	size_t count = process > 0 ? 1 : 0;
	size_t index;

	threads->count = 0;
	for (index = 0; index < count; index++) {
		const struct dirent *entry;
		char path[64];
		DIR *tasks;

		snprintf(path, sizeof(path), "/proc/%d/task", list[index]);
		tasks = opendir(path);
		/* Only this thread reads it. NOLINTNEXTLINE(concurrency-mt-unsafe) */
		while (tasks && (entry = readdir(tasks))) {
			struct sluice_relay_thread thread = {.process = list[index]};

			thread.thread = (pid_t)strtol(entry->d_name, NULL, 10);
			if (thread.thread <= 0 || threads->count == SLUICE_RELAY_THREADS)
				continue;
			read_children(&thread, list, &count);
			if (read_thread(&thread))
				threads->thread[threads->count++] = thread;
		}
		if (tasks)
			closedir(tasks);
	}
}

/* As relay_threads.h says. @threadsafe */
void sluice_relay_threads_since(struct sluice_relay_threads *threads,
				const struct sluice_relay_threads *before)
{
	size_t index;
	size_t other;

	for (index = 0; index < threads->count; index++) {
		struct sluice_relay_thread *thread = &threads->thread[index];

		for (other = 0; other < before->count; other++) {
			const struct sluice_relay_thread *old = &before->thread[other];

			if (old->thread != thread->thread || old->run_ns > thread->run_ns)
				continue;
			thread->run_ns -= old->run_ns;
			thread->user -= old->user;
			thread->system -= old->system;
			thread->voluntary -= old->voluntary;
			thread->involuntary -= old->involuntary;
		}
	}
}
