// SPDX-License-Identifier: MIT
/*
 * sluicebench profile flame: where the daemon is while it runs, as a flame graph: a picture (SVG)
 * of stacks, each function as wide as the part of the samples in which it, or what it called, ran.
 * Samples are perf's. Touches: the daemon (by that tool), files, stdout, stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "profile_target.h"
#include "profile_tool.h"

#define FREQUENCY "499" /* a second; odd, so that no timer of ours runs in step */
#define NODES 20000U
#define DEPTH 128U
#define NAME_TEXT 64U
#define WIDTH 1200.0
#define ROW 16U
#define LETTER 7.0 /* width */

/* A function at its place in the stacks; the first is all of them. */
struct node {
	char name[NAME_TEXT];
	uint64_t samples;
	uint32_t child; /* 0: none */
	uint32_t next;	/* of the same caller; 0: none */
};

/* All of them. */
struct tree {
	struct node node[NODES];
	uint32_t count;
	size_t depth;
};

/* The callee of this name below `parent`, new if need be; 0: there is no room. */
static uint32_t below(struct tree *tree, uint32_t parent, const char *name)
{
	uint32_t at;

	for (at = tree->node[parent].child; at; at = tree->node[at].next)
		if (strcmp(tree->node[at].name, name) == 0)
			return at;
	if (tree->count == NODES)
		return 0;
	at = tree->count++;
	snprintf(tree->node[at].name, NAME_TEXT, "%s", name);
	tree->node[at].next = tree->node[parent].child;
	tree->node[parent].child = at;
	return at;
}

/* Adds a stack, whose first of `count` functions is the one that ran, under a thread's name. */
static void add(struct tree *tree, char stack[][NAME_TEXT], size_t count, const char *thread)
{
	uint32_t at = below(tree, 0, thread);

	tree->node[0].samples++;
	tree->node[at].samples += at != 0;
	if (count + 2 > tree->depth)
		tree->depth = count + 2;
	while (at && count--) {
		at = below(tree, at, stack[count]);
		tree->node[at].samples += at != 0;
	}
}

/* Reads what `perf script -F comm,ip,sym` prints: a thread, its functions, an empty line. */
static void read_stacks(struct tree *tree, FILE *script)
{
	static char stack[DEPTH][NAME_TEXT];
	char thread[NAME_TEXT] = "?";
	char line[1024];
	size_t count = 0;

	while (fgets(line, sizeof(line), script)) {
		char *text = line + strspn(line, " \t");
		size_t cut;

		line[strcspn(line, "\n")] = '\0';
		if (!*text) {
			if (count)
				add(tree, stack, count, thread);
			count = 0;
		} else if (text == line) {
			snprintf(thread, sizeof(thread), "%.*s", (int)strcspn(line, " \t"), line);
		} else if (count < DEPTH) {
			text += strcspn(text, " ");
			text += *text == ' ';
			cut = strcspn(text, "<>&\"");
			snprintf(stack[count++], NAME_TEXT, "%.*s", (int)cut, text);
		}
	}
	if (count)
		add(tree, stack, count, thread);
}

/* Draws a function and what it called, from `left`, in row `depth` from below. Deeper than DEPTH no
 * stack is. NOLINTNEXTLINE(misc-no-recursion) */
static void draw(const struct tree *tree, uint32_t at, double left, size_t depth, FILE *to)
{
	const struct node *node = &tree->node[at];
	double scale = WIDTH / (double)tree->node[0].samples;
	double width = (double)node->samples * scale;
	size_t top = (tree->depth - depth) * ROW;
	uint32_t child;

	fprintf(to,
		"<g><title>%s: %" PRIu64 " samples, %.2f %%</title><rect x=\"%.1f\" y=\"%zu\" "
		"width=\"%.1f\" height=\"%u\" fill=\"hsl(%u,80%%,65%%)\" stroke=\"white\"/>",
		node->name, node->samples, width * 100 / WIDTH, left, top, width, ROW,
		(unsigned int)(strlen(node->name) * 7 % 50));
	if (width > 3 * LETTER)
		fprintf(to, "<text x=\"%.1f\" y=\"%zu\">%.*s</text>", left + 2, top + ROW - 4,
			(int)(width / LETTER), node->name);
	fputs("</g>\n", to);
	for (child = node->child; child; child = tree->node[child].next) {
		draw(tree, child, left, depth + 1, to);
		left += (double)tree->node[child].samples * scale;
	}
}

/* Writes the picture. 0, or a negative errno. */
static int write_picture(const struct tree *tree, const char *path)
{
	FILE *file = fopen(path, "we");
	int status;

	if (!file)
		return -errno;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%zu\" "
		"font-family=\"monospace\" font-size=\"11\">\n",
		WIDTH, (tree->depth + 1) * ROW);
	draw(tree, 0, 0, 0, file);
	fputs("</svg>\n", file);
	status = ferror(file) ? -EIO : 0;
	return fclose(file) ? -errno : status;
}

/* Takes samples into the file `data`, then reads them. Exit status. */
static int sample(struct sluice_profile *profile, struct tree *tree, const char *data)
{
	char pid[16];
	const char *const record[] = {"perf", "record", "-q", "-F", FREQUENCY, "-g",
				      "-p",   pid,	"-o", data, NULL};
	const char *const script[] = {"perf", "script", "-i", data, "-F", "comm,ip,sym", NULL};
	struct sluice_profile_tool tool;

	snprintf(pid, sizeof(pid), "%d", profile->pid);
	if (sluice_profile_tool_start(&tool, record))
		return SLUICE_BENCH_FAILURE;
	sluice_profile_measure(profile);
	sluice_profile_tool_end(&tool, SIGINT);
	if (sluice_profile_tool_start(&tool, script))
		return SLUICE_BENCH_FAILURE;
	read_stacks(tree, tool.output);
	sluice_profile_tool_end(&tool, 0);
	return tree->node[0].samples ? SLUICE_BENCH_OK : SLUICE_BENCH_FAILURE;
}

/* As profile.h says. @context process */
int sluice_profile_flame(struct sluice_profile *profile)
{
	const char *out = profile->out ? profile->out : "flame.svg";
	struct tree *tree = calloc(1, sizeof(*tree));
	char data[] = "/tmp/sluicebench-XXXXXX";
	int file = mkstemp(data);
	int status = SLUICE_BENCH_FAILURE;
	int fault;

	if (!tree || file < 0)
		goto out;
	tree->count = 1;
	snprintf(tree->node[0].name, NAME_TEXT, "all");
	if (!sluice_profile_tool_there("perf")) {
		fputs("sluicebench profile flame: this machine has no perf; install the package "
		      "linux-perf\n",
		      stderr);
		goto out;
	}
	status = sample(profile, tree, data);
	if (status) {
		fputs("sluicebench profile flame: perf took no samples: the daemon did not run, "
		      "or who is not root may not look at it\n",
		      stderr);
		goto out;
	}
	fault = write_picture(tree, out);
	if (fault) {
		fprintf(stderr, "sluicebench profile flame: --out %s: %s\n", out, strerror(-fault));
		status = SLUICE_BENCH_FAILURE;
		goto out;
	}
	sluice_profile_head(profile, "stacks");
	printf("RESULT kind=flame datagrams=%" PRIu64 " samples=%" PRIu64 " functions=%u file=%s\n",
	       profile->datagrams, tree->node[0].samples, tree->count - 1, out);
out:
	if (file >= 0) {
		close(file);
		unlink(data);
	}
	free(tree);
	return status;
}
