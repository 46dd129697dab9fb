// SPDX-License-Identifier: MIT
/*
 * What one daemon has for itself; see claims.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../identity/identity_file.h"
#include "claims.h"

/* A predecessor that is dying gives its claims back one after the other; one that has just been
 * asked about, and by whoever looks, never. */
#define TRIES 50U
#define PAUSE_US 2000U
/* Between looks whether another one has started. */
#define START_PAUSE_MS 10U

/* Takes one claim within a moment. 0, -EBUSY, other negative errno. */
static int take(struct sluice_claim *claim, const char *path, unsigned int tries,
		unsigned int pause_us)
{
	int error;

	while ((error = sluice_claim_take(claim, path, false)) == -EBUSY && --tries)
		usleep(pause_us);
	return error;
}

int sluice_claims_begin_start(struct sluice_claims *claims, unsigned int most_ms)
{
	char path[SLUICE_CLAIM_PATH], text[SLUICE_CLAIM_TEXT];
	int error;

	if (!claims)
		return -EINVAL;
	error = sluice_claim_path(path, SLUICE_CLAIM_START, "", text);
	if (!error)
		error = take(&claims->start, path, most_ms / START_PAUSE_MS + 1,
			     START_PAUSE_MS * 1000);
	return error;
}

void sluice_claims_end_start(struct sluice_claims *claims)
{
	if (claims)
		sluice_claim_drop(&claims->start, false);
}

/* Who has the claim at `path`, as words. */
static void name_holder(const char *path, char who[SLUICE_CLAIMS_TEXT])
{
	struct sluice_claim_note *note = calloc(1, sizeof(*note));

	if (note && !sluice_claim_look(path, note) && note->pid)
		snprintf(who, SLUICE_CLAIMS_TEXT, "another sluiced (relay `%s`, process %d, %s)",
			 note->relay, (int)note->pid, note->file);
	else
		snprintf(who, SLUICE_CLAIMS_TEXT, "another sluiced");
	free(note);
}

/* Takes one and signs it. `text` says what `what` is and who has it. */
static int take_and_sign(struct sluice_claim *claim, const char *path,
			 const struct sluice_config *config, uint64_t epoch, const char *what,
			 const char *advice, char text[SLUICE_CLAIMS_TEXT])
{
	struct sluice_claim_note *note;
	char *who;
	int error;

	note = calloc(1, sizeof(*note));
	who = malloc(SLUICE_CLAIMS_TEXT);
	error = note && who ? take(claim, path, TRIES, PAUSE_US) : -ENOMEM;
	if (!error) {
		note->epoch = epoch;
		snprintf(note->relay, sizeof(note->relay), "%s", config->relay);
		snprintf(note->file, sizeof(note->file), "%s", config->path ? config->path : "");
		snprintf(note->what, sizeof(note->what), "%s", what);
		error = sluice_claim_sign(claim, note);
		if (error)
			sluice_claim_drop(claim, false);
	}
	if (error == -EBUSY) {
		name_holder(path, who);
		snprintf(text, SLUICE_CLAIMS_TEXT,
			 "relay `%s`, process %d, wants %s, which %s has: %s", config->relay,
			 (int)getpid(), what, who, advice);
	} else if (error) {
		snprintf(text, SLUICE_CLAIMS_TEXT, "%s cannot be claimed by %s: %s", what, path,
			 strerror(-error));
	}
	free(who);
	free(note);
	return error;
}

/* The file that keeps the relay's epoch over a reboot; NULL: there is no state directory. @owner
 * caller */
static char *epoch_file(const char *relay)
{
	const char *state = getenv("STATE_DIRECTORY");
	char *path;

	if (!state || *state != '/' || strchr(relay, '/') || *relay == '.' ||
	    asprintf(&path, "%.*s/epoch-%s", (int)strcspn(state, ":"), state, relay) < 0)
		return NULL;
	return path;
}

/* The epoch behind what the claim and the state directory know. */
static uint64_t next_epoch(const struct sluice_claim *claim, const struct sluice_config *config)
{
	struct sluice_claim_note *note = calloc(1, sizeof(*note));
	char *path = epoch_file(config->relay), digits[32] = "";
	uint64_t epoch = 0, kept = 0;
	ssize_t length;
	int fd = -1;

	if (note && !sluice_claim_read(claim, note))
		epoch = note->epoch;
	if (path)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && pread(fd, digits, sizeof(digits) - 1, 0) > 0)
		kept = strtoull(digits, NULL, 10);
	/* A standby has counted on already, when it took the claim. */
	if (!note || note->pid != getpid())
		epoch++;
	epoch = epoch > kept ? epoch : kept + 1;
	if (fd >= 0) {
		length = snprintf(digits, sizeof(digits), "%" PRIu64 "\n", epoch);
		if (pwrite(fd, digits, (size_t)length, 0) != length || fdatasync(fd))
			sluice_warning("%s: the epoch of the relay is not kept: %s", path,
				       strerror(errno));
		close(fd);
	}
	free(path);
	free(note);
	return epoch;
}

/* The relay itself. */
static int take_relay(struct sluice_claims *claims, const struct sluice_config *config,
		      char text[SLUICE_CLAIMS_TEXT])
{
	static const char advice[] = "end that one, give this one another name (relay:), or start "
				     "it with --standby, to take over when that one ends";
	char path[SLUICE_CLAIM_PATH], why[SLUICE_CLAIM_TEXT], what[2 * SLUICE_CLAIM_NAME];
	struct sluice_claim_note *note;
	int error;

	error = sluice_claim_path(path, SLUICE_CLAIM_RELAY, config->relay, why);
	if (error) {
		snprintf(text, SLUICE_CLAIMS_TEXT, "%s", *why ? why : strerror(-error));
		return error;
	}
	snprintf(what, sizeof(what), "the name of relay `%s` in this network namespace",
		 config->relay);
	if (claims->relay.fd < 0) {
		error = take(&claims->relay, path, TRIES, PAUSE_US);
		if (error == -EBUSY)
			/* Says whose it is. */
			return take_and_sign(&claims->relay, path, config, 0, what, advice, text);
		if (error) {
			snprintf(text, SLUICE_CLAIMS_TEXT, "%s: %s", path, strerror(-error));
			return error;
		}
	}
	note = calloc(1, sizeof(*note));
	if (!note)
		return -ENOMEM;
	claims->epoch = next_epoch(&claims->relay, config);
	note->epoch = claims->epoch;
	snprintf(note->relay, sizeof(note->relay), "%s", config->relay);
	snprintf(note->file, sizeof(note->file), "%s", config->path ? config->path : "");
	error = sluice_claim_sign(&claims->relay, note);
	free(note);
	if (error)
		snprintf(text, SLUICE_CLAIMS_TEXT, "%s: %s", path, strerror(-error));
	return error;
}

/* One place in the file system. */
static int take_place(const struct sluice_claims *claims, struct sluice_claim *claim,
		      const struct sluice_config *config, const char *where, const char *what,
		      const char *advice, char text[SLUICE_CLAIMS_TEXT])
{
	char path[SLUICE_CLAIM_PATH], why[SLUICE_CLAIM_TEXT], words[PATH_MAX];
	int error = sluice_claim_place(path, where, why);

	if (error) {
		snprintf(text, SLUICE_CLAIMS_TEXT, "%s", *why ? why : strerror(-error));
		return error;
	}
	snprintf(words, sizeof(words), "%s %.*s", what, (int)sizeof(words) - 64, where);
	return take_and_sign(claim, path, config, claims->epoch, words, advice, text);
}

/* The folder of its state, if there is one. */
static int take_state(struct sluice_claims *claims, const struct sluice_config *config,
		      char text[SLUICE_CLAIMS_TEXT])
{
	char *path = epoch_file(config->relay);
	int error;

	if (!path)
		return 0;
	error = take_place(claims, &claims->state, config, path, "the state of its relay in",
			   "give each unit a StateDirectory= of its own, or one of them another "
			   "name (relay:)",
			   text);
	free(path);
	return error;
}

/* Its rings. */
static int take_rings(struct sluice_claims *claims, const struct sluice_config *config,
		      char text[SLUICE_CLAIMS_TEXT])
{
	const char *home = sluice_identity_home(config);
	char *prefix = home ? sluice_identity_prefix(home) : NULL, *path = NULL;
	int error;

	if (!home)
		return 0;
	if (!prefix || asprintf(&path, "%s/%s",
				config->store.memory_path ? config->store.memory_path
							  : sluice_identity_directory(),
				prefix) < 0) {
		free(prefix);
		return -ENOMEM;
	}
	error = take_place(claims, &claims->rings, config, path, "the rings",
			   "they are called after the configuration file: use a copy of it, or end "
			   "that one",
			   text);
	free(path);
	free(prefix);
	return error;
}

/* Its store on the disk. */
static int take_store(const struct sluice_claims *claims, struct sluice_claim *claim,
		      const struct sluice_config *config, char text[SLUICE_CLAIMS_TEXT])
{
	return take_place(claims, claim, config, config->store.disk_path, "the store",
			  "give `store.disk.path` another directory", text);
}

int sluice_claims_take(struct sluice_claims *claims, const struct sluice_config *config,
		       char text[SLUICE_CLAIMS_TEXT])
{
	int error;

	if (!claims || !config || !config->relay || !text)
		return -EINVAL;
	text[0] = '\0';
	error = take_relay(claims, config, text);
	if (!error)
		error = take_state(claims, config, text);
	if (!error)
		error = take_rings(claims, config, text);
	if (!error && config->store.disk_path)
		error = take_store(claims, &claims->store, config, text);
	if (!error)
		return 0;
	if (!*text)
		snprintf(text, SLUICE_CLAIMS_TEXT, "%s", strerror(-error));
	sluice_claim_drop(&claims->store, false);
	sluice_claim_drop(&claims->rings, false);
	sluice_claim_drop(&claims->state, false);
	return error;
}

void sluice_claims_drop(struct sluice_claims *claims, bool is_last)
{
	if (!claims)
		return;
	sluice_claims_end_start(claims);
	sluice_claim_drop(&claims->store, true);
	sluice_claim_drop(&claims->rings, true);
	sluice_claim_drop(&claims->state, true);
	/* The last one, by which whoever waits knows that we are gone. */
	sluice_claim_drop(&claims->relay, is_last);
}

void sluice_claims_leave(struct sluice_claims *claims)
{
	static const struct sluice_claims none = SLUICE_CLAIMS_NONE;
	size_t number;

	if (!claims)
		return;
	const int own[] = {claims->relay.fd, claims->state.fd, claims->rings.fd, claims->store.fd,
			   claims->start.fd};

	for (number = 0; number < sizeof(own) / sizeof(own[0]); number++)
		if (own[number] >= 0)
			close(own[number]);
	*claims = none;
}

int sluice_claims_rename(const struct sluice_claims *claims, const struct sluice_config *config,
			 struct sluice_claim *other, char text[SLUICE_CLAIMS_TEXT])
{
	struct sluice_claims fresh = SLUICE_CLAIMS_NONE;
	int error;

	if (!claims || !config || !other || !text)
		return -EINVAL;
	text[0] = '\0';
	other->fd = -1;
	error = take_relay(&fresh, config, text);
	if (!error)
		*other = fresh.relay;
	else
		sluice_claim_drop(&fresh.relay, false);
	return error;
}

int sluice_claims_move_store(const struct sluice_claims *claims, const struct sluice_config *config,
			     struct sluice_claim *other, char text[SLUICE_CLAIMS_TEXT])
{
	char path[SLUICE_CLAIM_PATH], why[SLUICE_CLAIM_TEXT];

	if (!claims || !config || !other || !text)
		return -EINVAL;
	text[0] = '\0';
	other->fd = -1;
	if (!config->store.disk_path)
		return 0;
	/* A second claim of ours on one place would be refused. */
	if (claims->store.fd >= 0 && !sluice_claim_place(path, config->store.disk_path, why) &&
	    !strcmp(path, claims->store.path))
		return 0;
	return take_store(claims, other, config, text);
}
