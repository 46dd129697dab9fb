// SPDX-License-Identifier: MIT
/*
 * `sluicectl replay`: captures to a TCP receiver, by a sluiced of their own that ends when all is
 * delivered. No daemon that runs is disturbed. Touches: a file in a directory of its own, a
 * child process, stdout, stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../config/check.h"
#include "command.h"

/* What is wished; NULL: not said. */
struct request {
	char **files;
	int file_count;
	const char *to, *framing, *receiver, *speed, *ports, *prefix;
};

/* Says how it is called. Returns the exit status. */
static int usage(void)
{
	fputs("usage: sluicectl replay FILE... --to HOST:PORT [--framing F] [--receiver R] "
	      "[--speed max|recorded|FACTOR|RATE] [--port PORTS] [--prefix P]\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}

/* Reads the command line. 0 or the exit status, told. */
static int read_words(int argc, char **argv, struct request *request)
{
	static const struct option known[] = {{"to", required_argument, NULL, 't'},
					      {"framing", required_argument, NULL, 'f'},
					      {"receiver", required_argument, NULL, 'r'},
					      {"speed", required_argument, NULL, 's'},
					      {"port", required_argument, NULL, 'p'},
					      {"prefix", required_argument, NULL, 'x'},
					      {NULL, 0, NULL, 0}};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 't':
			request->to = optarg;
			break;
		case 'f':
			request->framing = optarg;
			break;
		case 'r':
			request->receiver = optarg;
			break;
		case 's':
			request->speed = optarg;
			break;
		case 'p':
			request->ports = optarg;
			break;
		case 'x':
			request->prefix = optarg;
			break;
		default:
			return usage();
		}
	}
	request->files = argv + optind;
	request->file_count = argc - optind;
	if (request->file_count && request->to)
		return 0;
	fprintf(stderr, "sluicectl: replay: %s\n",
		request->to ? "which capture? name a file, a directory, or - for standard input"
			    : "where to? --to HOST:PORT");
	return usage();
}

/* Writes a word as YAML has it, whatever it is. */
static void put_word(FILE *file, const char *word)
{
	fputc('"', file);
	for (; *word; word++) {
		unsigned char byte = (unsigned char)*word;

		if (byte == '"' || byte == '\\')
			fprintf(file, "\\%c", byte);
		else if (byte < ' ' || byte == 127)
			fprintf(file, "\\x%02x", byte);
		else
			fputc(byte, file);
	}
	fputc('"', file);
}

/* Writes a line of a mapping, if there is a word. */
static void put_line(FILE *file, const char *key, const char *word)
{
	if (!word)
		return;
	fprintf(file, "    %s: ", key);
	put_word(file, word);
	fputc('\n', file);
}

/* Writes the configuration. 0 or a negative errno, told: one of the files is not there. */
static int put_config(FILE *file, const struct request *request)
{
	char path[PATH_MAX];
	int number;

	fprintf(file, "relay: replay-%d\ninputs:\n  - name: capture\n    source: pcap\n",
		(int)getpid());
	put_line(file, "port", request->ports ? request->ports : "1-65535");
	put_line(file, "speed", request->speed ? request->speed : "max");
	fputs("    outputs: [receiver]\n    file: [", file);
	for (number = 0; number < request->file_count; number++) {
		const char *name = request->files[number];

		/* The daemon wants to know where it is, whatever its folder. */
		if (strcmp(name, "-") != 0 && !realpath(name, path)) {
			fprintf(stderr, "sluicectl: replay: %s: %s\n", name, strerror(errno));
			return -errno;
		}
		fputs(number ? ", " : "", file);
		put_word(file, strcmp(name, "-") != 0 ? path : name);
	}
	fputs("]\noutputs:\n  - name: receiver\n", file);
	put_line(file, "to", request->to);
	put_line(file, "framing",
		 request->framing || request->receiver ? request->framing : "native");
	put_line(file, "receiver", request->receiver);
	put_line(file, "prefix", request->prefix);
	/* One connection: in the order of the capture. */
	fputs("workers: 1\nlog: {level: warning}\n", file);
	return 0;
}

/* Becomes sluiced: the one beside this program, or that of PATH. */
static void become_daemon(const char *config)
{
	char own[PATH_MAX], program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	signal(SIGINT, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (length > 0) {
		own[length] = '\0';
		slash = strrchr(own, '/');
		if (slash) {
			*slash = '\0';
			if (snprintf(program, sizeof(program), "%s/sluiced", own) <
			    (int)sizeof(program))
				execl(program, "sluiced", "-c", config, "--until-drained", NULL);
			if (snprintf(program, sizeof(program), "%s/../sbin/sluiced", own) <
			    (int)sizeof(program))
				execl(program, "sluiced", "-c", config, "--until-drained", NULL);
		}
	}
	execlp("sluiced", "sluiced", "-c", config, "--until-drained", NULL);
	fprintf(stderr, "sluicectl: replay: sluiced cannot be started: %s\n", strerror(errno));
	_exit(SLUICE_CTL_REFUSED);
}

/* Runs the daemon until it ends. Returns its status. */
static int run(const char *config)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		become_daemon(config);
	if (child < 0) {
		fprintf(stderr, "sluicectl: replay: %s\n", strerror(errno));
		return SLUICE_CTL_REFUSED;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "sluicectl: replay: sluiced was ended by signal %d (%s)\n",
		WTERMSIG(status), strsignal(WTERMSIG(status)));
	return SLUICE_CTL_REFUSED;
}

int sluice_ctl_replay(int argc, char **argv)
{
	char folder[] = "/tmp/sluice-replay.XXXXXX", path[sizeof(folder) + 16];
	struct request request = {0};
	int status = read_words(argc, argv, &request), error;
	FILE *file;

	if (status)
		return status;
	if (!mkdtemp(folder)) {
		fprintf(stderr, "sluicectl: replay: %s: %s\n", folder, strerror(errno));
		return SLUICE_CTL_REFUSED;
	}
	snprintf(path, sizeof(path), "%s/replay.yaml", folder);
	file = fopen(path, "wxe");
	error = file ? put_config(file, &request) : -errno;
	if (!file || fclose(file))
		error = error ? error : -errno;
	if (!file)
		fprintf(stderr, "sluicectl: replay: %s: %s\n", path, strerror(-error));
	/* A signal to the group ends the daemon, which ends this. */
	signal(SIGINT, SIG_IGN);
	status = error ? SLUICE_CTL_REFUSED : run(path);
	(void)unlink(path);
	(void)rmdir(folder);
	return status;
}
