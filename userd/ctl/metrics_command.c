// SPDX-License-Identifier: MIT
/*
 * `sluicectl metrics`: all figures as metrics, once to standard output, or again and again to a
 * file that node-exporter's textfile collector reads. Touches: netlink sockets, stdout, stderr, the
 * file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "metrics.h"
#include "print.h"
#include "size.h"

#define EVERY_US 15000000ULL /* node-exporter is asked about as often */
#define LEAST_US 1000000ULL

/* What is asked for. */
struct request {
	const char *file; /* NULL: standard output */
	uint64_t every_us;
	enum sluice_metrics_format format;
	bool is_list, as_json;
};

/* Says how it is called. Returns the exit status. */
static int usage(void)
{
	fputs("usage: sluicectl metrics [--openmetrics] [--textfile FILE [--every TIME]]\n"
	      "       sluicectl metrics --list [-j]\n",
	      stderr);
	return SLUICE_CTL_USAGE;
}

/* Reads the words. False: they make no sense. */
static bool read_words(int argc, char **argv, struct request *request)
{
	int word;

	request->every_us = EVERY_US;
	for (word = 1; word < argc; word++) {
		const char *value = word + 1 < argc ? argv[word + 1] : NULL;

		if (!strcmp(argv[word], "--list")) {
			request->is_list = true;
		} else if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			request->as_json = true;
		} else if (!strcmp(argv[word], "--openmetrics")) {
			request->format = SLUICE_METRICS_OPEN;
		} else if (!strcmp(argv[word], "--textfile") && value) {
			request->file = value;
			word++;
		} else if (!strcmp(argv[word], "--every") && value) {
			if (sluice_duration_parse(value, &request->every_us) ||
			    request->every_us < LEAST_US) {
				fprintf(stderr,
					"sluicectl: --every: \"%s\" is no time of at least "
					"1s, such as 15s\n",
					value);
				return false;
			}
			word++;
		} else {
			return false;
		}
	}
	/* A file for node-exporter is of Prometheus' own format. */
	return !(request->as_json && !request->is_list) &&
	       !(request->file && (request->is_list || request->format == SLUICE_METRICS_OPEN));
}

/* Lists what there is. Returns the exit status. */
static int list_all(bool as_json)
{
	static const struct sluice_print_column columns[] = {
		{"name", "METRIC"}, {"type", "TYPE"}, {"labels", "LABELS"}, {"meaning", "MEANING"}};
	json_t *all = sluice_metrics_all();
	int error = all ? sluice_print(all, as_json, columns, sizeof(columns) / sizeof(columns[0]))
			: -ENOMEM;

	json_decref(all);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

/* Writes the metrics of now to a stream. 0 or a negative errno. */
static int write_now(FILE *stream, enum sluice_metrics_format format)
{
	struct sluice_figures figures;
	int error;

	(void)sluice_figures_ask(&figures);
	error = sluice_metrics_write(stream, &figures, format);
	sluice_figures_free(&figures);
	return error;
}

/* Puts the metrics of now in place of the file, whole or not at all. 0 or a negative errno. */
static int replace_file(const char *file, enum sluice_metrics_format format)
{
	char *fresh = NULL;
	FILE *stream;
	int fd, error;

	/* The collector reads what ends in .prom, so not this one. */
	if (asprintf(&fresh, "%s.%d", file, (int)getpid()) < 0)
		return -ENOMEM;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (!stream) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		goto out;
	}
	/* Another user reads it, whatever our mask is. */
	error = fchmod(fd, 0644) ? -errno : write_now(stream, format);
	if (fclose(stream) && !error)
		error = -errno;
	if (!error && rename(fresh, file))
		error = -errno;
	if (error)
		(void)unlink(fresh);
out:
	free(fresh);
	return error;
}

/* Writes the file again and again until somebody says that it is enough; then it goes away, so that
 * nobody takes old figures for those of now. Returns the exit status. */
static int keep_file(const struct request *request)
{
	const struct timespec pause = {.tv_sec = (time_t)(request->every_us / 1000000),
				       .tv_nsec = (long)(request->every_us % 1000000) * 1000};
	const char *file = request->file;
	sigset_t ends;
	int error;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &ends, NULL))
		return SLUICE_CTL_REFUSED;
	do {
		error = replace_file(file, request->format);
		if (error) {
			fprintf(stderr,
				"sluicectl: %s: %s: name a folder that there is, and may "
				"be written to\n",
				file, strerror(-error));
			break;
		}
	} while (sigtimedwait(&ends, NULL, &pause) < 0 && (errno == EAGAIN || errno == EINTR));
	(void)unlink(file);
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}

int sluice_ctl_metrics(int argc, char **argv)
{
	struct request request = {0};
	int error;

	if (!read_words(argc, argv, &request))
		return usage();
	if (request.is_list)
		return list_all(request.as_json);
	if (request.file)
		return keep_file(&request);
	error = write_now(stdout, request.format);
	if (!error && fflush(stdout))
		error = -errno;
	if (!error)
		return SLUICE_CTL_OK;
	fprintf(stderr, "sluicectl: %s\n", strerror(-error));
	return SLUICE_CTL_REFUSED;
}
