/* SPDX-License-Identifier: MIT */
/*
 * The daemon's end of the control plane: answers the schema of uapi/sluice/netlink.h on
 * NETLINK_USERSOCK, and on a socket in the file system, where nobody else can stand in the way.
 * Runs in the control thread, never waits for a client. Touches: its socket and timer; everything
 * else through the calls below.
 */
#ifndef SLUICE_CONTROL_H
#define SLUICE_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../engine/engine.h"
#include "../engine/orphans.h"
#include "event_log.h"
#include "revisions.h"
#include "rights.h"

struct sluice_control;

/* What there is to say about the daemon itself. Strings are the callee's and valid until the next
 * call. */
struct sluice_control_facts {
	const char *version;
	const char *relay;
	const char *config;	/* what the configuration in force is called */
	const char *own_config; /* the one it was started with, which it reads again on SIGHUP */
	const char *state;	/* "running", or what else it does */
	const char *load;	/* step of load (load.h); NULL: not known yet */
	const char *load_why;	/* a sentence, "": it is normal */
	uint64_t load_since_ns; /* since 1970 */
	uint64_t config_age;	/* seconds for which it has been in force */
	uint32_t pid;
	uint64_t uptime;	   /* seconds */
	uint64_t working_since_ns; /* CLOCK_REALTIME */
	uint32_t workers;
	/* Datagrams with a wrong checksum that the kernel dropped in this network namespace, if it
	 * says so and sockets are read; of them those that no input has. */
	bool has_checksums;
	uint64_t bad_checksum, bad_checksum_unplaced;
};

/* A forward (daemon/forward/forwards.h). Texts are the callee's and valid until the next call. */
struct sluice_control_forward {
	sluice_guid id;
	const char *name, *listen, *to, *state;
	uint64_t now, total; /* connections */
	uint64_t denied, limited, failed, aborted;
	uint64_t up, down; /* bytes */
};

/* A CONFIG_APPLY. Texts are the caller's. */
struct sluice_control_apply {
	const char *text;
	size_t length;
	const char *name;
	const struct sluice_wishes *wishes; /* what the operator said of outputs that go */
	const char *how;		    /* one piece was changed, so; NULL: a file was given */
	bool is_runtime;		    /* it is in no file */
	uint64_t if_revision;		    /* only if that is in force; 0: whatever is */
	uint32_t within; /* seconds after which what was before comes back, unless confirmed; 0:
			    never */
	bool no_wait;	 /* the answer is that it was accepted */
	bool is_limited; /* whoever it is for has not shown that he is root, whatever `uid` is */
	uid_t uid;	 /* who asks */
};

/* What the control plane asks of the daemon; `context` is passed through. */
struct sluice_control_calls {
	/* Checks a configuration and changes to it, whole or not at all. On failure a negative
	 * errno, and *error is what is wrong, one line per fault (@owner caller: free).
	 * -EINPROGRESS: sluice_control_answer_apply() is called when it is known, or when that
	 * takes too long, with that errno: it was accepted. */
	int (*apply)(void *context, const struct sluice_control_apply *apply, char **error);
	/* What was applied for a time stays. 0; -ENOENT: nothing was, *error says so (@owner
	 * caller). May be NULL. */
	int (*confirm)(void *context, uid_t uid, char **error);
	/* The configurations that were in force, the last of which is. NULL: none is known. */
	const struct sluice_revisions *(*revisions)(void *context);
	/* Takes a picture; @owner caller: release(). 0 or a negative errno. */
	int (*report)(void *context, struct sluice_engine_report *report);
	void (*release)(void *context, struct sluice_engine_report *report);
	/* What waits for outputs that are gone; @owner caller: sluice_orphans_free(), also on
	 * failure. 0 or -errno. */
	int (*orphans)(void *context, struct sluice_orphans *orphans);
	/* The forwards. 0 or -errno; @owner caller: free(*list). */
	int (*forwards)(void *context, struct sluice_control_forward **list, size_t *count);
	/* The events of this run. NULL, also returned: there are none. */
	struct sluice_event_log *(*events)(void *context);
	void (*facts)(void *context, struct sluice_control_facts *facts);
	/* Why a picture cannot be taken now (-EBUSY), as a sentence; may be NULL. @owner caller:
	 * free() */
	char *(*explain)(void *context);
};

/* Goes on with the sockets of a predecessor, if it handed them over (lib/handed.h); else binds the
 * first free port id from SLUICE_USERSOCK_PORT on. 0 or a negative errno. @owner caller:
 * close */
int sluice_control_open(struct sluice_control **control, const struct sluice_control_calls *calls,
			void *context);
void sluice_control_close(struct sluice_control *control);

/* Listens at `path` as well: the same messages, as packets. 0 or a negative errno. */
int sluice_control_listen(struct sluice_control *control, const char *path);

/* Who may ask from now on, beside root and our own user; connections of others end. 0 or a negative
 * errno: others than these cannot connect. */
int sluice_control_allow(struct sluice_control *control, const struct sluice_rights *rights);

/* Answers the apply that was in progress: `error` is 0 or a negative errno, with `text` (may be
 * NULL). */
void sluice_control_answer_apply(struct sluice_control *control, int error, const char *text);

/* Events have been added: hands them to those who wait for one. Never blocks. */
void sluice_control_tell_events(struct sluice_control *control);

struct sluice_parcel;
/* Puts its sockets into the parcel; this one goes on with them until the end. 0 or a negative
 * errno.
 */
int sluice_control_give(const struct sluice_control *control, struct sluice_parcel *parcel);

/* Readable whenever sluice_control_serve() has something to do. */
int sluice_control_fd(const struct sluice_control *control);

/* The port id that was bound. */
uint32_t sluice_control_port(const struct sluice_control *control);

/* Reads and answers what has arrived, a few messages at most, and goes on with answers that clients
 * had no room for. Never blocks. @context process, control thread */
void sluice_control_serve(struct sluice_control *control);

#endif /* SLUICE_CONTROL_H */
