// SPDX-License-Identifier: MIT
/*
 * `sluicectl unload`: takes the module out of the kernel without losing what is in it. A daemon
 * that runs is asked to receive by sockets first, and delivers what is in the rings meanwhile. What
 * waits for nobody is given up only where that was said, and counted. Programs that were prepared
 * (xdp.c) go before the module, which they call. Touches: the daemon's configuration, the module,
 * stdout, stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../lib/clock.h"
#include "../lib/hook_xdp.h"
#include "../lib/netlink.h"
#include "change.h"
#include "command.h"
#include "daemon.h"
#include "list.h"
#include "module_use.h"
#include "running.h"

#define WITHIN_S 60U
#define PAUSE_US 100000U
/* Programs go a grace period after their links, on a busy machine later. */
#define PROGRAMS_S 5U

/* What is wanted. */
struct wish {
	bool drop;	 /* what waits is given up */
	uint32_t within; /* seconds that delivering it may take */
};

/* struct sluice_change.edit: the inputs behind the command are from sockets. */
static int edit(const struct sluice_change *change, struct sluice_config_text *text, char **error)
{
	int word, result = 0;

	for (word = 1; word < change->argc && !result; word++)
		result = sluice_edit_set(text, change->argv[word], "source", "socket", error);
	return result;
}

/* The names of the inputs that the daemon has from the module, behind "unload", *count words in
 * all; NULL: none, or no memory. @owner caller: free(), the words are `inputs`' */
static char **inputs_of_module(const json_t *inputs, int *count)
{
	char **words = calloc(json_array_size(inputs) + 2, sizeof(*words));
	const char *source;
	json_t *input;
	size_t number;

	*count = 1;
	if (!words)
		return NULL;
	words[0] = (char *)(uintptr_t) "unload";
	json_array_foreach(inputs, number, input)
	{
		source = json_string_value(json_object_get(input, "source"));
		if (source && !strcmp(source, "kmod"))
			words[(*count)++] = (char *)(uintptr_t)json_string_value(
				json_object_get(input, "name"));
	}
	if (*count > 1)
		return words;
	free(words);
	return NULL;
}

/* Has the daemon, if one runs, receive by sockets what it has from the module. *revision is what
 * was in force before, 0: nothing was changed. Returns the exit status, having said what went
 * wrong. */
static int hand_over(uint64_t *revision)
{
	struct sluice_running before = {0};
	struct sluice_netlink *netlink = NULL;
	struct sluice_change change = {.edit = edit};
	int status = SLUICE_CTL_REFUSED;
	json_t *inputs, *probe;

	*revision = 0;
	if (sluice_daemon_try_connect(&netlink))
		return SLUICE_CTL_OK;
	probe = json_array();
	if (!probe || sluice_list_ask_daemon(netlink, probe) == -ECONNREFUSED) {
		json_decref(probe);
		sluice_netlink_close(netlink);
		return SLUICE_CTL_OK;
	}
	json_decref(probe);
	inputs = sluice_list_inputs();
	if (!inputs)
		goto close;
	change.argv = inputs_of_module(inputs, &change.argc);
	if (!change.argv) {
		status = SLUICE_CTL_OK;
	} else if (!sluice_running_get(netlink, 0, &before)) {
		*revision = before.revision;
		change.if_revision = before.revision;
		status = sluice_change_make(&change);
	}
	sluice_running_free(&before);
	free(change.argv);
	json_decref(inputs);
close:
	sluice_netlink_close(netlink);
	return status;
}

/* Says why it was refused, what waits and who holds the module. */
static void refuse(const struct sluice_module_use *use, const char *why)
{
	fprintf(stderr, "sluicectl: the module stays: %s\n", why);
	sluice_module_use_print(use);
}

/* Deletes the rules of this network namespace, so that nothing more goes into the rings. 0 or a
 * negative errno, said. */
static int delete_rules(void)
{
	struct sluice_kernel_rule *rules = NULL;
	struct sluice_kernel *kernel = NULL;
	size_t count = 0, number;
	int error = sluice_kernel_open(&kernel);

	if (!error)
		error = sluice_kernel_rules(kernel, &rules, &count);
	for (number = 0; number < count && !error; number++) {
		error = sluice_kernel_rule_delete(kernel, rules[number].guid);
		if (error == -ENOENT)
			error = 0;
	}
	if (error)
		fprintf(stderr, "sluicectl: the module's rules cannot be deleted: %s\n",
			kernel ? sluice_kernel_error(kernel) : strerror(-error));
	free(rules);
	sluice_kernel_close(kernel);
	return error;
}

/* Waits until no process consumes a ring, and until all are empty or nobody would empty them. *use
 * is what is there then. 0 or a negative errno. @owner caller: *use */
static int await_rings(const struct wish *wish, struct sluice_module_use *use)
{
	uint64_t until = sluice_now() + wish->within * SLUICE_NS_PER_S;
	int error;

	for (;;) {
		error = sluice_module_use_look(use);
		if (error || (!use->consumed && !use->holder_count) || sluice_now() >= until)
			return error;
		sluice_module_use_free(use);
		usleep(PAUSE_US);
	}
}

/* Deletes the module from the kernel, once XDP programs that were prepared, and call it, are gone.
 * 0 or a negative errno. */
static int delete_module(void)
{
	struct sluice_hook_xdp_state state;
	uint64_t until = sluice_now() + PROGRAMS_S * SLUICE_NS_PER_S;
	char why[320];

	/* An older module cannot be asked that, and has none that are. */
	(void)sluice_hook_xdp_release(NULL, &state, why, sizeof(why));
	while (syscall(SYS_delete_module, "sluice", O_NONBLOCK)) {
		if (errno != EWOULDBLOCK || sluice_now() >= until)
			return -errno;
		usleep(PAUSE_US);
	}
	return 0;
}

/* Takes the module out of the kernel; *use is what there was. Returns the exit status, having said
 * what went wrong. */
static int take_out(const struct wish *wish, const struct sluice_module_use *use)
{
	bool is_counted;
	uint64_t bytes, datagrams;
	int error;

	is_counted = sluice_module_use_waiting(use, &bytes, &datagrams);
	if (use->holder_count || use->consumed) {
		refuse(use, "it is in use, and what waits in its rings is not delivered yet; give "
			    "it more time (`--within`), or stop those first (`systemctl stop "
			    "sluiced` delivers, and moves the rest to `store.disk`)");
		return SLUICE_CTL_REFUSED;
	}
	if (bytes && !wish->drop) {
		refuse(use, "what waits in its rings would be lost; start sluiced, which delivers "
			    "it, or give it up with `--drop`");
		return SLUICE_CTL_REFUSED;
	}
	error = delete_module();
	if (error) {
		refuse(use, error == -EPERM ? "it takes root to unload it" : strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	if (bytes && is_counted)
		printf("the module is unloaded; given up: %" PRIu64 " datagrams, %" PRIu64
		       " bytes\n",
		       datagrams, bytes);
	else if (bytes)
		printf("the module is unloaded; given up: at least %" PRIu64 " datagrams, %" PRIu64
		       " bytes\n",
		       datagrams, bytes);
	else
		puts("the module is unloaded; nothing was given up");
	return SLUICE_CTL_OK;
}

/* Reads the command line. False: it is wrong. */
static bool read_wish(int argc, char **argv, struct wish *wish)
{
	int word;

	*wish = (struct wish){.within = WITHIN_S};
	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "--drop")) {
			wish->drop = true;
		} else if (!strcmp(argv[word], "--within") && word + 1 < argc) {
			wish->within = sluice_order_within(argv[++word]);
			if (!wish->within)
				return false;
		} else {
			return false;
		}
	}
	return true;
}

int sluice_ctl_unload(int argc, char **argv)
{
	struct sluice_module_use use;
	struct wish wish;
	uint64_t revision = 0;
	int status, error;

	if (!read_wish(argc, argv, &wish)) {
		fputs("usage: sluicectl unload [--within TIME] [--drop]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	error = sluice_module_use_look(&use);
	if (error == -ENOENT) {
		puts("the module is not loaded");
		return SLUICE_CTL_OK;
	}
	/* Nobody will empty the rings: before anything changes. */
	if (!error && !wish.drop && use.ring_count && !use.consumed) {
		status = take_out(&wish, &use);
		sluice_module_use_free(&use);
		return status;
	}
	sluice_module_use_free(&use);
	if (error) {
		fprintf(stderr, "sluicectl: the module cannot be looked at: %s\n",
			error == -EPERM ? "it takes CAP_NET_ADMIN" : strerror(-error));
		return SLUICE_CTL_REFUSED;
	}
	status = hand_over(&revision);
	if (status)
		return status;
	error = await_rings(&wish, &use);
	/* Rules of a daemon that is gone; one that runs has taken its own back. */
	if (!error && use.rules && !use.consumed && !use.holder_count) {
		error = delete_rules();
		sluice_module_use_free(&use);
		if (!error)
			error = sluice_module_use_look(&use);
	}
	status = error ? SLUICE_CTL_REFUSED : take_out(&wish, &use);
	sluice_module_use_free(&use);
	if (revision)
		printf("the inputs above are received by sockets now; with the module again, "
		       "`sluicectl rollback %" PRIu64 "` brings them back to it\n",
		       revision);
	return status;
}
