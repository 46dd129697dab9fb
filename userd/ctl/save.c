// SPDX-License-Identifier: MIT
/*
 * `sluicectl save`: writes the running configuration back to its file. What is half-written never
 * takes the place of a good file: it is written beside it, made durable, and renamed. Touches: the
 * file, a netlink socket, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"
#include "running.h"
#include "runtime_changes.h"
#include "whole_file.h"

/* Is it root's user, or ours? */
static bool is_trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

/* May we write to the file of which user `uid` has told the daemon? Else says so. A member of
 * control.group could have root write a file anywhere, or where a link of his leads. */
static bool is_named_well(const char *path, uid_t uid)
{
	struct stat state;

	if (is_trusted(uid) ||
	    (!lstat(path, &state) && S_ISREG(state.st_mode) && is_trusted(state.st_uid)))
		return true;
	fprintf(stderr,
		"sluicectl: %s was named by user %u when it was applied, and is neither root's nor "
		"yours: `save` is for that user; `sluicectl show config >FILE` and `sluicectl "
		"apply "
		"FILE` make a file of yours the one that is saved\n",
		path, (unsigned int)uid);
	return false;
}

/* Is it this text? */
static bool is_text(const struct sluice_running *running, const char *text, size_t length)
{
	return length == running->text.length && !memcmp(text, running->text.bytes, length);
}

/* Is the file as the daemon last read it, which is revision `base` (0: not known), or as it shall
 * become? Else says so. */
static bool is_untouched(struct sluice_netlink *netlink, const struct sluice_running *running,
			 uint64_t base)
{
	struct sluice_findings findings = {0};
	struct sluice_running read = {0};
	char *text = NULL;
	size_t length = 0;
	bool result = false;

	if (access(running->name, F_OK) && errno == ENOENT)
		return true;
	if (base && sluice_running_get(netlink, base, &read))
		goto out;
	if (sluice_config_read(running->name, &text, &length, &findings)) {
		(void)sluice_ctl_print_findings(stdout, running->name, &findings);
		goto out;
	}
	result = (base && is_text(&read, text, length)) || is_text(running, text, length);
	if (!result)
		fprintf(stderr,
			"sluicectl: %s %s: `sluicectl diff %s` shows what differs from what runs, "
			"`save --force` writes over it\n",
			running->name,
			base ? "is not as sluiced read it: somebody has changed it since"
			     : "is not what runs, and how sluiced read it is not known any more",
			running->name);
out:
	free(text);
	sluice_findings_free(&findings);
	sluice_running_free(&read);
	return result;
}

/* Saves. Returns the exit status, having said what went wrong. */
static int save(struct sluice_netlink *netlink, const struct sluice_running *running,
		bool is_forced)
{
	struct sluice_order order = {.name = running->name,
				     .text = running->text.bytes,
				     .length = running->text.length,
				     .if_revision = running->revision};
	struct sluice_runtime_changes changes;
	bool accepted, is_right;
	int error;

	if (running->name[0] != '/') {
		fprintf(stderr,
			"sluicectl: %s is no file that could be written: `sluicectl show config` "
			"prints the configuration\n",
			running->name);
		return SLUICE_CTL_REFUSED;
	}
	is_right = !sluice_runtime_changes_read(netlink, &changes) &&
		   is_named_well(running->name, changes.base_uid) &&
		   (is_forced || is_untouched(netlink, running, changes.base));
	sluice_runtime_changes_free(&changes);
	if (!is_right)
		return SLUICE_CTL_REFUSED;
	error = sluice_whole_file_replace(running->name, running->text.bytes, running->text.length);
	if (error) {
		fprintf(stderr, "sluicectl: %s cannot be written: %s\n", running->name,
			strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	/* The daemon knows from now on that what runs is in the file. */
	error = sluice_running_apply(netlink, &order, &accepted);
	if (error) {
		sluice_daemon_complain(netlink, error);
		return SLUICE_CTL_REFUSED;
	}
	printf("%s is what runs\n", running->name);
	return SLUICE_CTL_OK;
}

int sluice_ctl_save(int argc, char **argv)
{
	bool is_forced = argc == 2 && !strcmp(argv[1], "--force");
	struct sluice_running running = {0};
	struct sluice_netlink *netlink;
	int status = SLUICE_CTL_REFUSED;

	if (argc > 1 && !is_forced) {
		fputs("usage: sluicectl save [--force]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	netlink = sluice_daemon_connect();
	if (netlink && !sluice_running_get(netlink, 0, &running))
		status = save(netlink, &running, is_forced);
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	return status;
}
