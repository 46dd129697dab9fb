// SPDX-License-Identifier: MIT
/*
 * What a sweep has found, as tables, pictures and data: see sweep.h. Touches: files of the sweep's
 * folder, gnuplot, stdout and stderr.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include "command.h"
#include "sweep.h"

#define PATH_TEXT 4096U

/* A file of the folder, to write. NULL: says why. @owner caller */
static FILE *create(const struct sluice_sweep *sweep, const char *name)
{
	char path[PATH_TEXT];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", sweep->folder, name);
	file = fopen(path, "we");
	if (!file)
		fprintf(stderr, "sluicebench sweep: %s: %s\n", path, strerror(errno));
	return file;
}

/* A number of the first goal of a point's search. */
static double of_goal(const json_t *entry, const char *key)
{
	const json_t *goals = json_object_get(json_object_get(entry, "search"), "goals");

	return json_number_value(json_object_get(json_array_get(goals, 0), key));
}

/* Microseconds of the relay's processors for a datagram, at that rate; 0: not known. */
static double cost_of(const json_t *entry)
{
	const json_t *used = json_object_get(json_object_get(entry, "search"), "relay_threads");

	return json_number_value(json_object_get(used, "cpu_us"));
}

/* Is the rate between two bounds, or only a lower one? */
static bool is_regular(const json_t *entry)
{
	const json_t *goals = json_object_get(json_object_get(entry, "search"), "goals");

	return json_is_true(json_object_get(json_array_get(goals, 0), "regular"));
}

/* The value of a point on an axis. */
static const char *value_of(const json_t *entry, const char *axis)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(entry, "point"), axis));

	return text ? text : "";
}

/* Writes all points as rows: `before` and `after` each row, `between` its cells. */
static void write_rows(const struct sluice_sweep *sweep, const json_t *points, FILE *file,
		       const char *before, const char *between, const char *after)
{
	const json_t *entry;
	size_t index;
	size_t axis;

	json_array_foreach(points, index, entry)
	{
		fputs(before, file);
		for (axis = 0; axis < sweep->axes; axis++)
			fprintf(file, "%s%s",
				value_of(entry, sluice_sweep_axis_name(sweep->axis[axis])),
				between);
		fprintf(file, "%lld%s%.0f%s%.0f%s%.0f%s%s%s%.0f%s%.3f%s",
			(long long)json_integer_value(json_object_get(entry, "run")), between,
			of_goal(entry, "rate"), between, of_goal(entry, "lower"), between,
			of_goal(entry, "upper"), between, is_regular(entry) ? "yes" : "no", between,
			json_number_value(
				json_object_get(json_object_get(entry, "search"), "max_load")),
			between, cost_of(entry), after);
	}
}

/* Writes the names of the columns. */
static void write_head(const struct sluice_sweep *sweep, FILE *file, const char *before,
		       const char *between, const char *after)
{
	static const char *const names[] = {"run",     "rate",	   "lower", "upper",
					    "regular", "max_load", "cpu_us"};
	size_t index;

	fputs(before, file);
	for (index = 0; index < sweep->axes; index++)
		fprintf(file, "%s%s", sluice_sweep_axis_name(sweep->axis[index]), between);
	for (index = 0; index < 7; index++)
		fprintf(file, "%s%s", names[index], index < 6 ? between : after);
}

/* Writes text so that it is only text in HTML. */
static void write_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '&')
			fputs(*text == '<' ? "&lt;" : "&amp;", file);
		else
			fputc(*text, file);
	}
}

/* Writes where, when and how: a line for each. */
static void write_origin(const json_t *results, FILE *file, bool html)
{
	static const char *const keys[] = {"processor", "kernel", "date", "command"};
	size_t index;

	for (index = 0; index < 4; index++) {
		const char *text = json_string_value(json_object_get(results, keys[index]));

		fprintf(file, html ? "<li>%s: " : "- %s: `", keys[index]);
		if (html)
			write_escaped(file, text ? text : "?");
		else
			fputs(text ? text : "?", file);
		fputs(html ? "</li>\n" : "`\n", file);
	}
	fprintf(file, html ? "<li>processors: %lld</li>\n" : "- processors: %lld\n",
		(long long)json_integer_value(json_object_get(results, "processors")));
}

/* What the columns are. */
static const char legend[] =
	"rate: datagrams a second of the first goal (--loss); with regular no it is at least that, "
	"as Max Load was passed or the search ended early. cpu_us: microseconds of all threads of "
	"the relay for a delivered datagram, at the lower bound.";

/* Is every value of the first axis a number? */
static bool is_numeric(const struct sluice_sweep *sweep)
{
	size_t index;

	for (index = 0; index < sweep->values[0]; index++)
		if (sweep->value[0][index][strspn(sweep->value[0][index], "0123456789")])
			return false;
	return true;
}

/* Writes what gnuplot reads: a block for each line of the picture, which is what points have in
 * common but for the first axis; and what it is to do. False: a file could not be written. */
static bool write_plot(const struct sluice_sweep *sweep, const json_t *points)
{
	FILE *data = create(sweep, "sweep.dat");
	FILE *plot = create(sweep, "sweep.gnuplot");
	const char *first = sluice_sweep_axis_name(sweep->axis[0]);
	size_t lines = sluice_sweep_points(sweep) / sweep->values[0];
	bool numeric = is_numeric(sweep);
	size_t line;

	if (plot)
		fprintf(plot,
			"set key outside bottom\nset grid\nset xlabel '%s'\n"
			"set ylabel 'datagrams a second'\nset y2label 'us a datagram'\n"
			"set ytics nomirror\nset y2tics\nset yrange [0:*]\nset y2range [0:*]\n%s"
			"set terminal svg size 900,600\nset output 'sweep.svg'\nplot ",
			first, numeric && sweep->values[0] > 3 ? "set logscale x\n" : "");
	for (line = 0; data && plot && line < lines; line++) {
		struct sluice_sweep_point point = sluice_sweep_point(sweep, line);
		char name[SLUICE_SWEEP_NAME] = "";
		const json_t *entry;
		size_t length = 0;
		size_t index;
		size_t axis;

		for (axis = 1; axis < sweep->axes; axis++)
			length += (size_t)snprintf(name + length, sizeof(name) - length, "%s=%s ",
						   sluice_sweep_axis_name(sweep->axis[axis]),
						   point.value[sweep->axis[axis]]);
		json_array_foreach(points, index, entry)
		{
			const char *value = value_of(entry, first);
			size_t place = 0;

			for (axis = 1; axis < sweep->axes; axis++)
				if (strcmp(value_of(entry,
						    sluice_sweep_axis_name(sweep->axis[axis])),
					   point.value[sweep->axis[axis]]) != 0)
					break;
			if (axis < sweep->axes)
				continue;
			while (place + 1 < sweep->values[0] &&
			       strcmp(sweep->value[0][place], value) != 0)
				place++;
			fprintf(data, "%llu \"%s\" %.0f %.3f\n",
				numeric ? strtoull(value, NULL, 10) : (unsigned long long)place,
				value, of_goal(entry, "rate"), cost_of(entry));
		}
		fputs("\n\n", data);
		fprintf(plot,
			"%s'sweep.dat' index %zu using 1:3%s with linespoints title '%srate', "
			"'' index %zu using 1:4 axes x1y2 with linespoints dashtype 2 title "
			"'%sus a datagram'",
			line ? ", " : "", line, numeric ? "" : ":xtic(2)", name, line, name);
	}
	if (plot)
		fputs("\nset terminal png size 900,600\nset output 'sweep.png'\nreplot\n", plot);
	/* Both, whatever becomes of the first. */
	if (data && fclose(data))
		data = NULL;
	if (plot && fclose(plot))
		plot = NULL;
	return data && plot;
}

/* Runs gnuplot in the folder. False: there is none, or it failed. */
static bool draw(const struct sluice_sweep *sweep)
{
	int status = 0;
	pid_t child = fork();

	if (child < 0)
		return false;
	if (child == 0) {
		if (chdir(sweep->folder) == 0)
			execlp("gnuplot", "gnuplot", "sweep.gnuplot", (char *)NULL);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* As sweep.h says. @context process */
int sluice_sweep_report(const struct sluice_sweep *sweep, const json_t *results)
{
	const json_t *points = json_object_get(results, "points");
	FILE *file[4] = {create(sweep, "sweep.json"), create(sweep, "sweep.csv"),
			 create(sweep, "sweep.md"), create(sweep, "sweep.html")};
	bool drawn = write_plot(sweep, points) && draw(sweep);
	bool whole = true;
	size_t index;

	if (file[0])
		json_dumpf(results, file[0], JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	if (file[1]) {
		write_head(sweep, file[1], "", ",", "\n");
		write_rows(sweep, points, file[1], "", ",", "\n");
	}
	if (file[2]) {
		fputs("# Sweep\n\n", file[2]);
		write_origin(results, file[2], false);
		fprintf(file[2], "\n%s%s\n\n", drawn ? "![](sweep.svg)\n\n" : "", legend);
		write_head(sweep, file[2], "| ", " | ", " |\n|");
		for (index = 0; index < sweep->axes + 7; index++)
			fputs("---|", file[2]);
		fputc('\n', file[2]);
		write_rows(sweep, points, file[2], "| ", " | ", " |\n");
	}
	if (file[3]) {
		fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		      "<title>Sweep</title></head><body>\n<h1>Sweep</h1>\n<ul>\n",
		      file[3]);
		write_origin(results, file[3], true);
		fprintf(file[3], "</ul>\n%s<p>%s</p>\n<table border=\"1\">\n",
			drawn ? "<img src=\"sweep.svg\" alt=\"rate and cost\">\n" : "", legend);
		write_head(sweep, file[3], "<tr><th>", "</th><th>", "</th></tr>\n");
		write_rows(sweep, points, file[3], "<tr><td>", "</td><td>", "</td></tr>\n");
		fputs("</table></body></html>\n", file[3]);
	}
	for (index = 0; index < 4; index++)
		whole &= file[index] && fclose(file[index]) == 0;
	write_head(sweep, stdout, "", "\t", "\n");
	write_rows(sweep, points, stdout, "", "\t", "\n");
	if (!drawn)
		fprintf(stderr,
			"sluicebench sweep: no pictures: gnuplot is missing or failed (Debian: "
			"gnuplot-nox); sweep.gnuplot in %s draws them\n",
			sweep->folder);
	printf("RESULT part=sweep points=%zu pictures=%s\n", json_array_size(points),
	       drawn ? "yes" : "no");
	return whole ? SLUICE_BENCH_OK : SLUICE_BENCH_FAILURE;
}
