/* SPDX-License-Identifier: MIT */
/*
 * Claims: files in a directory of the service's own that say who works as what. Who has one holds a
 * lock of the file (F_OFD_SETLK, fcntl(2)), which the kernel takes from him when he dies, at once
 * and whatever he died of; the text in the file says who he is. The lock belongs to the open file:
 * a descriptor that is passed on takes it along. Touches: those files, /proc.
 */
#ifndef SLUICE_LIB_CLAIM_H
#define SLUICE_LIB_CLAIM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "packet_socket.h"

/* Bytes that hold the path of any claim. */
#define SLUICE_CLAIM_PATH 512U
/* Bytes that hold a relay's name, and a version. */
#define SLUICE_CLAIM_NAME 128U
/* Bytes that hold any sentence below. */
#define SLUICE_CLAIM_TEXT 1024U

/* What claims are on; in the names of their files. */
#define SLUICE_CLAIM_RELAY "relay"     /* who works as this relay in this network namespace */
#define SLUICE_CLAIM_STANDBY "standby" /* who waits for that */
#define SLUICE_CLAIM_START "start"     /* who binds ports there just now */
#define SLUICE_CLAIM_PLACE "place"     /* whose a directory, or a file in it, is */

/* Who has a claim. */
struct sluice_claim_note {
	pid_t pid;	     /* in his own PID namespace */
	uint64_t ticks;	     /* when that process began, by /proc/PID/stat: no other has both */
	uint64_t epoch;	     /* grows each time the claim changes hands; 0: it has none */
	int64_t since;	     /* when he took it, in seconds of the epoch of time(2) */
	char what[PATH_MAX]; /* the place that is claimed; "": the name of the file says it */
	char file[PATH_MAX]; /* the configuration */
	char relay[SLUICE_CLAIM_NAME];
	char version[SLUICE_CLAIM_NAME];
};

/* One that we have. */
struct sluice_claim {
	int fd; /* that the lock belongs to, to be passed on; -1: none */
	char path[SLUICE_CLAIM_PATH];
};

/*
 * The path of a claim on `name` as `kind` in this process's network namespace; NULL: in none. What
 * cannot stand in a file's name becomes %XX. It is in SLUICE_RUN_DIRECTORY, or where this user may
 * not write there, in a directory of his own on tmpfs, which is made. 0, -ENAMETOOLONG, or a
 * negative errno and one sentence in `text`. @threadsafe
 */
int sluice_claim_path(char path[SLUICE_CLAIM_PATH], const char *kind, const char *name,
		      char text[SLUICE_CLAIM_TEXT]);

/* Likewise of a claim on the place `where` in the file system, by its real path. */
int sluice_claim_place(char path[SLUICE_CLAIM_PATH], const char *where,
		       char text[SLUICE_CLAIM_TEXT]);

/* The path of the socket at which who has the claim at `claim` answers those who wait for it. 0 or
 * a negative errno. @threadsafe */
int sluice_claim_socket(char path[SLUICE_PACKET_PATH], const char *claim);

/*
 * Takes the claim at `path`: at once or not at all (-EBUSY), or as soon as who has it lets it go or
 * dies. 0, -EINTR, another negative errno. The note in it is the former one's. One that a
 * predecessor handed over (lib/handed.h) is ours already. @owner caller
 * @context the control thread, where something was handed over; else @threadsafe
 */
int sluice_claim_take(struct sluice_claim *claim, const char *path, bool wait);

/* Says in a claim that we have who we are; `note` needs relay, file, what and epoch: the rest is
 * filled in. 0 or a negative errno. */
int sluice_claim_sign(const struct sluice_claim *claim, struct sluice_claim_note *note);

/* Reads what stands in one that we have. 0; -ENOENT: nothing that makes sense. */
int sluice_claim_read(const struct sluice_claim *claim, struct sluice_claim_note *note);

/* Lets it go, and says so in it; `is_last`: nobody waits for it, so its file goes, too. */
void sluice_claim_drop(struct sluice_claim *claim, bool is_last);

/* Who has the claim at `path`: 0 and *note; -ENOENT: nobody; another negative errno. Disturbs
 * nobody. @threadsafe */
int sluice_claim_look(const char *path, struct sluice_claim_note *note);

/*
 * Calls `each` for every claim of `kind` that somebody has, in any network namespace, until it
 * returns another value than 0: that. Negative errno: the directory cannot be read.
 */
int sluice_claims_each(const char *kind,
		       int (*each)(const char *path, const struct sluice_claim_note *note,
				   void *context),
		       void *context);

/* As which relay the process works, or waits to, by its claim. False: none that we can see.
 * @threadsafe */
bool sluice_claim_relay_of(pid_t pid, struct sluice_claim_note *note);

/* When the process began, in ticks since the start of the machine; 0: there is none, or it cannot
 * be seen. Of its first thread: *state (proc(5)), and *used, the ticks of processor time that it
 * has had. Both may be NULL. @threadsafe */
uint64_t sluice_claim_process(pid_t pid, char *state, uint64_t *used);

#endif /* SLUICE_LIB_CLAIM_H */
