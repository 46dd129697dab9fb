/* SPDX-License-Identifier: MIT */
/*
 * Netlink as both of our schema's speakers use it: requests and dumps to the module (generic
 * netlink) and to the daemon (NETLINK_USERSOCK, or packets of a socket in the file system), with
 * the extended error text of a refusal. libnl does the transport. Blocking, with a time limit; for
 * the control thread and the tools. Touches: one socket per handle. Not @threadsafe.
 */
#ifndef SLUICE_LIB_NETLINK_H
#define SLUICE_LIB_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sluice/netlink.h>
#include "guid.h"
#include "kernel.h"

struct sluice_netlink;

/* What every attribute of the schema must look like; used by both ends. Index: enum
 * sluice_attribute. */
extern const struct nla_policy sluice_netlink_policy[SLUICE_A_MAX + 1];
/* The same of counters. Index: enum sluice_counter_attribute. */
extern const struct nla_policy sluice_netlink_counter_policy[SLUICE_C_MAX + 1];

/* Connects to the generic netlink family `family`: 0, -ENOENT (no such family: the module is not
 * loaded), -EPERM or another negative errno. @owner caller: sluice_netlink_close() */
int sluice_netlink_open_family(struct sluice_netlink **netlink, const char *family);

/* Looks for the family again, which has another number since the module was unloaded and loaded. 0
 * or as above, then the handle is as it was. */
int sluice_netlink_renew(struct sluice_netlink *netlink, const char *family);

/* Connects to whoever has port id `port` on NETLINK_USERSOCK in this network namespace. That nobody
 * has it shows with the first request (-ECONNREFUSED). Anybody can have it: answers are believed if
 * the kernel says that root, we or the user called sluice sent them (else -EKEYREJECTED), and
 * before one was nothing is sent but questions. @owner caller: sluice_netlink_close() */
int sluice_netlink_open_port(struct sluice_netlink **netlink, uint32_t port);

/* Connects to the daemon's socket in the file system at `path`. 0; -EKEYREJECTED: who listens there
 * is somebody whose word is not taken; other negative errno: nobody is there, or we may not. @owner
 * caller: sluice_netlink_close() */
int sluice_netlink_open_socket(struct sluice_netlink **netlink, const char *path);

/* How long its answers may take, in seconds, instead of 30. 0 or a negative errno. */
int sluice_netlink_limit(struct sluice_netlink *netlink, unsigned int seconds);
void sluice_netlink_close(struct sluice_netlink *netlink);

/* Sentence about the last failure on this handle, the peer's own words where it gave any; valid
 * until the next call. */
const char *sluice_netlink_error(const struct sluice_netlink *netlink);

/* Did the peer itself give the text of the last failure? */
bool sluice_netlink_error_is_peers(const struct sluice_netlink *netlink);

/* Sets that sentence, for callers that find the fault themselves; returns `error`. */
int sluice_netlink_fail(struct sluice_netlink *netlink, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Begins a message with room for `size` bytes of attributes; NULL: no memory. @owner caller:
 * request() takes it */
struct nl_msg *sluice_netlink_message(struct sluice_netlink *netlink, uint8_t command, int flags,
				      size_t size);

/* Called for every message that arrives; attributes are checked against the policy and valid during
 * the call. Returns 0 or a negative errno, which ends the reading. */
typedef int (*sluice_netlink_handler)(struct nlattr **attributes, void *context);

/* Sends `message` (and frees it) and waits for the answer: messages go to `handler` (may be NULL)
 * until the acknowledgement. 0, or the negative errno of the refusal. */
int sluice_netlink_request(struct sluice_netlink *netlink, struct nl_msg *message,
			   sluice_netlink_handler handler, void *context);

/* Asks for a dump. -EINTR: the list changed meanwhile and what was handed out is not consistent:
 * ask again. */
int sluice_netlink_dump(struct sluice_netlink *netlink, uint8_t command,
			sluice_netlink_handler handler, void *context);

/* Counters as a nested attribute: reading (causes that are newer than this program are left out)
 * and writing (0 or -EMSGSIZE). */
void sluice_netlink_counters(struct nlattr *nest, struct sluice_counters *counters);
int sluice_netlink_put_counters(struct nl_msg *message, int type,
				const struct sluice_counters *counters);

/* The values of optional attributes: 0, "" or zeroes if absent. The policy has checked the lengths.
 */
uint64_t sluice_attribute_u64(const struct nlattr *attribute);
uint32_t sluice_attribute_u32(const struct nlattr *attribute);
const char *sluice_attribute_string(const struct nlattr *attribute);
void sluice_attribute_guid(const struct nlattr *attribute, sluice_guid guid);

#endif /* SLUICE_LIB_NETLINK_H */
