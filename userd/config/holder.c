// SPDX-License-Identifier: MIT
/*
 * Whose a UDP port is, see holder.h. Touches: reads /proc.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "holder.h"

#define LISTENS "0A"	 /* the state of a TCP socket: TCP_LISTEN in hexadecimal */
#define COMMAND_MAX 4096 /* bytes of a command line that are looked at */

/* Adds one socket. 0 or -ENOMEM. */
static int add(struct sluice_holders *holders, const struct sluice_holder *holder)
{
	struct sluice_holder *grown;

	/* Grows when the count is a power of two. */
	if ((holders->count & (holders->count - 1)) == 0) {
		grown = reallocarray(holders->list, holders->count ? holders->count * 2 : 1,
				     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		holders->list = grown;
	}
	holders->list[holders->count++] = *holder;
	return 0;
}

/*
 * Reads a line of /proc/net/udp (udp4_format_sock() in net/ipv4/udp.c): the port behind the second
 * colon, the user in the eighth column, the inode in the tenth. Changes `line`. False: it is no
 * such line, as the first one.
 */
static bool read_line(char *line, bool is_tcp, struct sluice_holder *holder)
{
	char *rest = NULL, *word = strtok_r(line, " ", &rest), *end;
	unsigned long port = ULONG_MAX;
	unsigned int column;

	memset(holder, 0, sizeof(*holder));
	for (column = 1; word && column <= 10; column++, word = strtok_r(NULL, " ", &rest)) {
		end = word;
		if (column == 2 && strchr(word, ':'))
			port = strtoul(strchr(word, ':') + 1, &end, 16);
		else if (column == 4 && is_tcp && strcmp(word, LISTENS) != 0)
			return false;
		else if (column == 8)
			holder->user = (uint32_t)strtoul(word, &end, 10);
		else if (column == 10)
			holder->inode = strtoull(word, &end, 10);
		else
			continue;
		if (end == word || *end)
			return false;
	}
	holder->port = (uint16_t)port;
	return column > 10 && port <= UINT16_MAX;
}

/* Reads one table of the kernel's: "sl local:PORT remote:PORT st tx:rx tr:when retrnsmt uid timeout
 * inode ...". */
static int read_table(const char *path, bool is_tcp, struct sluice_holders *holders)
{
	FILE *file = fopen(path, "re");
	struct sluice_holder holder;
	char line[512];
	int error = 0;

	if (!file)
		return 0;
	while (!error && fgets(line, sizeof(line), file)) {
		if (read_line(line, is_tcp, &holder))
			error = add(holders, &holder);
	}
	fclose(file);
	return error;
}

/* qsort, bsearch: by inode. */
static int by_inode(const void *left, const void *right)
{
	const struct sluice_holder *one = left, *other = right;

	return one->inode < other->inode ? -1 : one->inode > other->inode;
}

/* qsort: by port. */
static int by_port(const void *left, const void *right)
{
	const struct sluice_holder *one = left, *other = right;

	return one->port < other->port ? -1 : one->port > other->port;
}

/* The name of the program of process `pid`, made fit to be shown. */
static void read_program(pid_t pid, char program[SLUICE_HOLDER_PROGRAM])
{
	char path[64], *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(program, SLUICE_HOLDER_PROGRAM, file))
		program[0] = '\0';
	if (file)
		fclose(file);
	for (at = program; *at; at++) {
		if (*at == '\n')
			*at = '\0';
		else if (!isprint((unsigned char)*at))
			*at = '?';
	}
}

/* Notes which of the sockets are those of process `pid`. The first process that is found to have
 * one gets it. */
static void look_at_process(struct sluice_holders *holders, pid_t pid)
{
	char path[64], target[64];
	struct sluice_holder wanted, *found;
	struct dirent *entry;
	DIR *directory;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		length = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strncmp(target, "socket:[", strlen("socket:[")) != 0)
			continue;
		wanted.inode = strtoull(target + strlen("socket:["), NULL, 10);
		found = bsearch(&wanted, holders->list, holders->count, sizeof(*holders->list),
				by_inode);
		if (!found || found->pid)
			continue;
		found->pid = pid;
		read_program(pid, found->program);
	}
	closedir(directory);
}

/* Reads two tables, and finds out whose their sockets are. 0 or -ENOMEM. */
static int read_both(struct sluice_holders *holders, const char *four, const char *six, bool is_tcp)
{
	struct dirent *entry;
	DIR *directory;
	int error;
	long pid;

	memset(holders, 0, sizeof(*holders));
	error = read_table(four, is_tcp, holders);
	if (!error)
		error = read_table(six, is_tcp, holders);
	if (error || holders->count == 0)
		return error;
	qsort(holders->list, holders->count, sizeof(*holders->list), by_inode);
	/* Ourselves first: systemd keeps what is handed from one sluiced to the next. */
	look_at_process(holders, getpid());
	directory = opendir("/proc");
	while (directory && (entry = readdir(directory))) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid > 1 && pid <= INT_MAX)
			look_at_process(holders, (pid_t)pid);
	}
	if (directory)
		closedir(directory);
	look_at_process(holders, 1);
	qsort(holders->list, holders->count, sizeof(*holders->list), by_port);
	return 0;
}

int sluice_holders_read(struct sluice_holders *holders)
{
	return read_both(holders, "/proc/self/net/udp", "/proc/self/net/udp6", false);
}

int sluice_holders_read_tcp(struct sluice_holders *holders)
{
	return read_both(holders, "/proc/self/net/tcp", "/proc/self/net/tcp6", true);
}

void sluice_holder_look(struct sluice_holder *holder, pid_t pid)
{
	if (!holder)
		return;
	holder->pid = pid;
	read_program(pid, holder->program);
}

/* See holder.h. */
void sluice_holders_free(struct sluice_holders *holders)
{
	free(holders->list);
	memset(holders, 0, sizeof(*holders));
}

const struct sluice_holder *sluice_holders_of(const struct sluice_holders *holders, uint16_t port,
					      size_t *count)
{
	const struct sluice_holder wanted = {.port = port}, *first, *end, *last;

	*count = 0;
	if (holders->count == 0)
		return NULL;
	first = bsearch(&wanted, holders->list, holders->count, sizeof(*holders->list), by_port);
	if (!first)
		return NULL;
	end = holders->list + holders->count;
	while (first > holders->list && first[-1].port == port)
		first--;
	for (last = first; last < end && last->port == port; last++)
		(*count)++;
	return first;
}

/* Resolves `path` as process `pid` means it. NULL: not to be found. @owner caller: free() */
static char *resolve_of(pid_t pid, const char *path)
{
	char *whole = NULL, *result;

	if (*path == '/')
		return realpath(path, NULL);
	if (asprintf(&whole, "/proc/%d/cwd/%s", pid, path) < 0)
		return NULL;
	result = realpath(whole, NULL);
	free(whole);
	return result;
}

/* The configuration file on the command line of `length` bytes, each word ended by a NUL; NULL:
 * none. */
static const char *file_of(const char *command, size_t length)
{
	const char *word;
	bool is_next = false;

	for (word = command; word < command + length; word += strlen(word) + 1) {
		if (is_next)
			return word;
		if (!strncmp(word, "--config=", 9))
			return word + 9;
		if (!strncmp(word, "-c", 2) && word[2])
			return word + 2;
		is_next = !strcmp(word, "-c") || !strcmp(word, "--config");
	}
	return NULL;
}

bool sluice_holder_runs(const struct sluice_holder *holder, const char *path)
{
	char name[64], command[COMMAND_MAX + 1] = "";
	char *one = NULL, *other = NULL;
	const char *file;
	size_t length;
	bool result;
	FILE *stream;

	if (!holder->pid || !path || strcmp(holder->program, "sluiced") != 0)
		return false;
	snprintf(name, sizeof(name), "/proc/%d/cmdline", holder->pid);
	stream = fopen(name, "re");
	if (!stream)
		return false;
	length = fread(command, 1, COMMAND_MAX, stream);
	fclose(stream);
	file = file_of(command, length);
	if (file) {
		one = realpath(path, NULL);
		other = resolve_of(holder->pid, file);
	}
	result = one && other && !strcmp(one, other);
	free(one);
	free(other);
	return result;
}
