// SPDX-License-Identifier: MIT
/*
 * The file in which the daemon remembers which output is which; see identity.h. It lies beside what
 * it names: beside the rings on tmpfs, which a restart of the machine takes together with it, and
 * beside the segments of the disk store. For the control thread. Touches: those files, as JSON
 * (libjansson).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/folder.h"
#include "../../lib/guid.h"
#include "../../lib/log.h"
#include "identity.h"
#include "identity_file.h"
#include "identity_json.h"
#include "identity_room.h"

/*
 * tmpfs on every Linux (shm_overview(7)). Anybody may write there, so what is ours has a directory
 * of its own; what is from before that is read once.
 */
#define SHARED "/dev/shm"
#define PREFIX "sluice-"
#define SUFFIX "-outputs.json"
/* Larger than any that we write: 1,024 outputs of 256 destinations. */
#define LARGEST (64L << 20)

const char *sluice_identity_home(const struct sluice_config *config)
{
	const char *home = config->home ? config->home : config->path;

	return home && home[0] == '/' ? home : NULL;
}

char *sluice_identity_prefix(const char *home)
{
	char text[SLUICE_GUID_TEXT], *prefix;
	sluice_guid guid;

	if (sluice_guid_derive("rings", home, strlen(home), guid) ||
	    asprintf(&prefix, PREFIX "%s", sluice_guid_format(guid, text)) < 0)
		return NULL;
	return prefix;
}

/* The file's path in `directory`. NULL: no memory. @owner caller: free() */
static char *path_in(const char *directory, const char *home)
{
	char *prefix = sluice_identity_prefix(home), *path = NULL;

	if (prefix && asprintf(&path, "%s/%s" SUFFIX, directory, prefix) < 0)
		path = NULL;
	free(prefix);
	return path;
}

/* Is what it says what was written? An older version wrote no checksum. */
static bool is_unharmed(const json_t *root)
{
	const json_t *said = json_object_get(root, "checksum");
	uint32_t sum;

	return !said || !sluice_identity_checksum(root, &sum) || json_integer_value(said) == sum;
}

/*
 * Reads a file that only we can have written. *why: what is wrong with it; NULL: nothing, or there
 * is no file. NULL: nothing that can be used.
 * @owner caller: json_decref()
 */
static json_t *read_file(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_t *root = NULL;
	json_error_t fault;
	struct stat state;
	FILE *file;

	*why = NULL;
	if (fd < 0) {
		if (errno != ENOENT)
			*why = strerror(errno);
		return NULL;
	}
	if (fstat(fd, &state) || !S_ISREG(state.st_mode) || state.st_uid != geteuid() ||
	    (state.st_mode & (S_IWGRP | S_IWOTH)) || state.st_size > LARGEST) {
		*why = "no file that only this user can have written";
		close(fd);
		return NULL;
	}
	/* With a buffer: json_loadfd() has a system call for each byte, and all notes of all relays
	 * are read at a start. */
	file = fdopen(fd, "r");
	if (!file) {
		*why = strerror(errno);
		close(fd);
		return NULL;
	}
	root = json_loadf(file, 0, &fault);
	(void)fclose(file);
	if (!root)
		*why = "no JSON";
	else if (json_integer_value(json_object_get(root, "version")) != SLUICE_IDENTITY_VERSION)
		*why = "of another version";
	else if (!is_unharmed(root))
		*why = "damaged";
	if (!*why)
		return root;
	json_decref(root);
	return NULL;
}

/* Renames what cannot be read, before another is written in its place, and says so. */
static void put_aside(const char *path, const char *why)
{
	struct stat state;
	unsigned int tries;
	bool done = false;
	char *aside;

	for (tries = 0; !done && tries < 1000; tries++) {
		if (asprintf(&aside, "%s.damaged-%u", path, tries) < 0)
			return;
		done = lstat(aside, &state) && !rename(path, aside);
		if (done)
			sluice_warning_about(
				SLUICE_ABOUT(.path = path),
				"%s: which outputs an earlier daemon had cannot be read "
				"there (%s); it was put aside as %s",
				path, why, aside);
		free(aside);
	}
	if (!done)
		sluice_warning_about(
			SLUICE_ABOUT(.path = path),
			"%s: which outputs an earlier daemon had cannot be read there (%s)", path,
			why);
}

/* A GUID out of an object. False: there is none. */
static bool get_guid(const json_t *object, const char *key, sluice_guid guid)
{
	return !sluice_guid_parse(json_string_value(json_object_get(object, key)), guid);
}

/* Reads one lane. 0, -EINVAL, -ENOMEM. */
static int read_lane(const json_t *object, struct sluice_known_lane *lane)
{
	const json_t *to = json_object_get(object, "to");
	size_t number, count = json_array_size(to);
	const char *text;

	if (!get_guid(object, "id", lane->id))
		return -EINVAL;
	lane->to = calloc(count + 1, sizeof(char *));
	if (!lane->to)
		return -ENOMEM;
	for (number = 0; number < count; number++) {
		text = json_string_value(json_array_get(to, number));
		if (!text)
			return -EINVAL;
		lane->to[number] = strdup(text);
		if (!lane->to[number])
			return -ENOMEM;
		lane->to_count++;
	}
	return 0;
}

/* Reads one output. 0, -EINVAL, -ENOMEM; what was read is the caller's in any case. */
static int read_output(const json_t *object, struct sluice_known_output *output)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const json_t *lanes = json_object_get(object, "lanes");
	size_t number, count = json_array_size(lanes);
	int result = 0;

	if (!name || strlen(name) > SLUICE_NAME_MAX || !get_guid(object, "id", output->group))
		return -EINVAL;
	memcpy(output->name, name, strlen(name) + 1);
	output->in_force = json_is_true(json_object_get(object, "in_force"));
	output->lanes = calloc(count + 1, sizeof(*output->lanes));
	if (!output->lanes)
		return -ENOMEM;
	for (number = 0; number < count && !result; number++)
		result = read_lane(json_array_get(lanes, number),
				   &output->lanes[output->lane_count++]);
	return result;
}

/* Reads a list of texts; adds them with `add`. 0, -EINVAL, -ENOMEM. */
static int read_names(const json_t *root, const char *key, struct sluice_names *names,
		      int (*add)(struct sluice_names *names, const char *name))
{
	const json_t *list = json_object_get(root, key);
	const char *text;
	size_t number;
	int result = 0;

	for (number = 0; number < json_array_size(list) && !result; number++) {
		text = json_string_value(json_array_get(list, number));
		result = text ? add(names, text) : -EINVAL;
	}
	return result;
}

/* Reads the numbers of inputs. 0, -EINVAL, -ENOMEM. */
static int read_inputs(const json_t *root, struct sluice_identity *identity)
{
	const json_t *list = json_object_get(root, "inputs"), *object;
	struct sluice_known_input *input;
	const char *match;
	json_int_t value;
	size_t number;

	identity->inputs = calloc(json_array_size(list) + 1, sizeof(*identity->inputs));
	if (!identity->inputs)
		return -ENOMEM;
	for (number = 0; number < json_array_size(list); number++) {
		object = json_array_get(list, number);
		input = &identity->inputs[number];
		match = json_string_value(json_object_get(object, "match"));
		value = json_integer_value(json_object_get(object, "number"));
		if (!match || value < 0 || value > UINT16_MAX || !get_guid(object, "id", input->id))
			return -EINVAL;
		input->number = (uint16_t)value;
		input->in_force = json_is_true(json_object_get(object, "in_force"));
		input->match = strdup(match);
		if (!input->match)
			return -ENOMEM;
		identity->input_count++;
	}
	return 0;
}

/* Reads everything. 0, -EINVAL, -ENOMEM; then `identity` is empty. */
static int read_identity(const json_t *root, struct sluice_identity *identity)
{
	const json_t *outputs = json_object_get(root, "outputs");
	const json_t *aliases = json_object_get(root, "aliases");
	size_t number;
	int result = 0;

	memset(identity, 0, sizeof(*identity));
	identity->outputs = calloc(json_array_size(outputs) + 1, sizeof(*identity->outputs));
	identity->aliases = calloc(json_array_size(aliases) + 1, sizeof(*identity->aliases));
	if (!identity->outputs || !identity->aliases)
		result = -ENOMEM;
	for (number = 0; number < json_array_size(outputs) && !result; number++)
		result = read_output(json_array_get(outputs, number),
				     &identity->outputs[identity->count++]);
	for (number = 0; number < json_array_size(aliases) && !result; number++) {
		struct sluice_alias *alias = &identity->aliases[identity->alias_count++];

		if (!get_guid(json_array_get(aliases, number), "old", alias->old) ||
		    !get_guid(json_array_get(aliases, number), "heir", alias->heir))
			result = -EINVAL;
	}
	if (!result)
		result = read_inputs(root, identity);
	if (!result)
		result = read_names(root, "memory", &identity->memory, sluice_names_add);
	if (!result)
		result = read_names(root, "disks", &identity->disks, sluice_names_add);
	if (!result)
		result = read_names(root, "relays", &identity->relays, sluice_names_add);
	if (!result)
		result = read_names(root, "rings", &identity->rings, sluice_names_append);
	if (!result)
		result = read_names(root, "lives", &identity->lives, sluice_names_append);
	if (result)
		sluice_identity_free(identity);
	return result;
}

/* When it was written: the higher the newer. */
static json_int_t serial_of(const json_t *root)
{
	return json_integer_value(json_object_get(root, "serial"));
}

/* Keeps the newer one of *best and what is in `directory`; frees the other. What cannot be read is
 * put aside, but not what anybody may have put where everybody may write. */
static void consider(json_t **best, const char *directory, const char *home)
{
	char *path = directory ? path_in(directory, home) : NULL;
	const char *why = NULL;
	json_t *root = path ? read_file(path, &why) : NULL;
	struct sluice_identity identity;

	if (root && read_identity(root, &identity) == -EINVAL) {
		why = "damaged";
		json_decref(root);
		root = NULL;
	} else if (root) {
		sluice_identity_free(&identity);
	}
	if (why && strcmp(directory, SHARED) != 0)
		put_aside(path, why);
	free(path);
	if (root && (!*best || serial_of(root) > serial_of(*best))) {
		json_decref(*best);
		*best = root;
	} else {
		json_decref(root);
	}
}

/* Does the configuration have an output that was in force there? */
static bool has_output_in_common(const json_t *root, const struct sluice_config *config)
{
	struct sluice_identity identity;
	bool found;

	if (read_identity(root, &identity))
		return false;
	found = sluice_identity_has_in_common(&identity, config);
	sluice_identity_free(&identity);
	return found;
}

/*
 * Is it of a configuration file that is gone, of the same relay and with an output that this one
 * has as well? Then that file was moved, or renamed. One that is still there may be in use again:
 * what it left is its own.
 */
static bool is_of_a_moved_file(const json_t *root, const struct sluice_config *config)
{
	const char *relay = json_string_value(json_object_get(root, "relay"));
	const char *file = json_string_value(json_object_get(root, "config"));

	return relay && file && config->relay && !strcmp(relay, config->relay) &&
	       access(file, F_OK) && errno == ENOENT && has_output_in_common(root, config);
}

/*
 * Looks in `directory` for what a configuration file that was moved here left. The newest goes
 * to *best.
 */
static void look_for_moved(json_t **best, const char *directory, const struct sluice_config *config)
{
	DIR *list = directory ? opendir(directory) : NULL;
	const char *why; /* another configuration's: its own daemon sees to it */
	struct dirent *entry;
	size_t length;
	json_t *root;
	char *path;

	while (list && (entry = readdir(list))) {
		length = strlen(entry->d_name);
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    length < strlen(SUFFIX) ||
		    strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) != 0 ||
		    asprintf(&path, "%s/%s", directory, entry->d_name) < 0)
			continue;
		root = read_file(path, &why);
		free(path);
		if (root && is_of_a_moved_file(root, config) &&
		    (!*best || serial_of(root) > serial_of(*best))) {
			json_decref(*best);
			*best = root;
		} else {
			json_decref(root);
		}
	}
	if (list)
		closedir(list);
}

int sluice_identity_load(struct sluice_identity *identity, struct sluice_config *config)
{
	const char *home, *moved, *own;
	json_t *root = NULL;
	int result = 0;

	if (!identity || !config)
		return -EINVAL;
	/* In somebody else's nothing is read, nor renamed. */
	own = sluice_identity_directory_is_ours() ? sluice_identity_directory() : NULL;
	memset(identity, 0, sizeof(*identity));
	home = sluice_identity_home(config);
	if (!home)
		return 0;
	consider(&root, own, home);
	consider(&root, SHARED, home);
	consider(&root, config->store.memory_path, home);
	consider(&root, config->store.disk_path, home);
	if (!root) {
		look_for_moved(&root, own, config);
		look_for_moved(&root, SHARED, config);
		look_for_moved(&root, config->store.memory_path, config);
		look_for_moved(&root, config->store.disk_path, config);
		moved = json_string_value(json_object_get(root, "config"));
		if (moved) {
			sluice_notice_about(
				SLUICE_ABOUT(.path = home),
				"%s goes on with what a daemon with %s left: there is no "
				"such file, and the relay is the same",
				home, moved);
			free(config->home);
			config->home = strdup(moved);
			if (!config->home)
				result = -ENOMEM;
		}
	}
	if (root && !result)
		result = read_identity(root, identity);
	if (result == -EINVAL) {
		sluice_warning("what an earlier daemon remembered of its outputs is damaged: it is "
			       "not used");
		result = 0;
	}
	json_decref(root);
	return result;
}

/* Writes it to `directory`, whole or not at all. 0 or a negative errno. */
static int write_file(const json_t *root, const char *directory, const char *home)
{
	char *path = path_in(directory, home), *text = json_dumps(root, JSON_INDENT(1));
	int result = -ENOMEM;

	if (path && text)
		result = sluice_identity_room_write(path, text, strlen(text));
	free(text);
	free(path);
	return result;
}

/* Writes it to `directory`; says what went wrong, unless that is known. Returns the first error of
 * all. */
static int write_to(const json_t *root, const char *directory, const char *home, bool is_known,
		    int before)
{
	int result = write_file(root, directory, home);

	if (result && !is_known)
		sluice_warning_about(
			SLUICE_ABOUT(.path = directory, .error = strerrorname_np(-result)),
			"%s: which outputs there are cannot be noted (%s): a change of "
			"names or addresses before the next start may leave what waits "
			"without an output (`sluicectl show orphans`)",
			directory, strerror(-result));
	return before ? before : result;
}

/* Takes away the one of a daemon from before there was a directory of our own, if it is ours. */
static void remove_shared(const char *home)
{
	char *path = path_in(SHARED, home);
	struct stat state;

	if (path && !lstat(path, &state) && S_ISREG(state.st_mode) && state.st_uid == geteuid())
		(void)unlink(path);
	free(path);
}

/* Writes it to our directory, which it makes. 0 or a negative errno, told unless it is known. */
static int write_own(const json_t *root, const char *home, bool is_known)
{
	char text[SLUICE_FOLDER_TEXT];
	int result = sluice_identity_directory_make(text);

	if (result == -EPERM && !is_known)
		sluice_warning("which outputs there are is not noted on tmpfs: %s", text);
	else if (result != -EPERM)
		result = write_to(root, sluice_identity_directory(), home, is_known, 0);
	if (!result)
		remove_shared(home);
	return result;
}

int sluice_identity_save(const struct sluice_identity *identity, const struct sluice_config *config,
			 bool is_known)
{
	const char *home;
	json_t *root;
	int result;

	if (!identity || !config)
		return -EINVAL;
	home = sluice_identity_home(config);
	if (!home)
		return 0;
	root = sluice_identity_json(identity, config, home);
	if (!root)
		return -ENOMEM;
	result = write_own(root, home, is_known);
	if (config->store.memory_path && !mkdir(config->store.memory_path, 0700))
		errno = 0;
	if (config->store.memory_path)
		result = write_to(root, config->store.memory_path, home, is_known, result);
	if (config->store.disk_path)
		result = write_to(root, config->store.disk_path, home, is_known, result);
	json_decref(root);
	return result;
}

/* Takes one away. */
static void remove_from(const char *directory, const char *home)
{
	char *path = directory ? path_in(directory, home) : NULL;

	sluice_identity_room_remove(path);
	free(path);
}

void sluice_identity_forget(const struct sluice_identity *identity,
			    const struct sluice_config *config)
{
	const char *home = config ? sluice_identity_home(config) : NULL;
	size_t number;

	if (!home || !identity)
		return;
	for (number = 0; number < identity->memory.count; number++)
		remove_from(identity->memory.list[number], home);
	if (sluice_identity_directory_is_ours())
		remove_from(sluice_identity_directory(), home);
	remove_shared(home);
	remove_from(config->store.memory_path, home);
	remove_from(config->store.disk_path, home);
}

void sluice_identity_forget_in(const char *directory, const struct sluice_config *config)
{
	const char *home = config ? sluice_identity_home(config) : NULL;

	if (home && directory)
		remove_from(directory, home);
}
