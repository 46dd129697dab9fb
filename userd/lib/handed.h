/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that a predecessor handed over, until whoever would open the same thing takes them
 * out: each is of a kind and has a key, which tells it from others of its kind. For the control
 * thread, before and while an engine starts. Touches: the descriptors.
 */
#ifndef SLUICE_LIB_HANDED_H
#define SLUICE_LIB_HANDED_H

#include <stddef.h>

/*
 * The kinds: a row for each. Its word is what two versions call it, and never changes; who does not
 * know a word closes what came with it. In the comment: the key.
 */
#define SLUICE_HANDED_ROWS(ROW)                                                                  \
	ROW(UDP, "udp")		      /* a name as systemd keeps it, then what it is bound to */ \
	ROW(RING, "ring")	      /* the ring's file: with its lock */                       \
	ROW(PID_FILE, "pid-file")     /* its path: with its lock */                              \
	ROW(NETLINK, "netlink")	      /* nothing: the socket that sluicectl asks */              \
	ROW(CONTROL, "control")	      /* its path */                                             \
	ROW(DOOR, "door")	      /* its address as it is configured */                      \
	ROW(CLAIM, "claim")	      /* its path (lib/claim.h): with its lock */                \
	ROW(WAITERS, "waiters")	      /* its path: where standbys come to */                     \
	ROW(FORWARD, "forward")	      /* ADDRESS:PORT where a forward listens, as configured */  \
	ROW(INLET, "inlet")	      /* likewise, where an input takes connections */           \
	ROW(INLET_LINK, "inlet-link") /* that, and a number: a client's connection */            \
	ROW(INLET_REST, "inlet-rest") /* that: memory with what is half read */                  \
	ROW(LINK, "link")	      /* a connection: output, worker, destination */            \
	ROW(REST, "rest")	      /* that: memory with what is half written, half read */    \
	ROW(PLACE, "place")	      /* its path: where the next one asks for all this */

enum sluice_handed {
#define SLUICE_HANDED_ROW(NAME, word) SLUICE_HANDED_##NAME,
	SLUICE_HANDED_ROWS(SLUICE_HANDED_ROW)
#undef SLUICE_HANDED_ROW
		SLUICE_HANDED_COUNT
};

/* Bytes of a key with its end. */
#define SLUICE_HANDED_KEY 4200U

/* The word of a kind. @threadsafe */
const char *sluice_handed_word(enum sluice_handed kind);
/* The kind of a word, or SLUICE_HANDED_COUNT. @threadsafe */
enum sluice_handed sluice_handed_kind(const char *word);

/* Keeps a descriptor. 0, -EINVAL or -ENOMEM: then it stays the caller's. @owner the store: `fd` */
int sluice_handed_put(enum sluice_handed kind, const char *key, int fd);
/* Takes one out. -ENOENT: there is none. @owner caller */
int sluice_handed_take(enum sluice_handed kind, const char *key);
/* Closes those that nobody took. Returns how many. */
size_t sluice_handed_drop_all(void);

#endif /* SLUICE_LIB_HANDED_H */
