/* SPDX-License-Identifier: MIT */
/*
 * Destinations and their addresses. Numeric hosts are known at once; names are looked up by a
 * thread of its own, because a look-up may take half a minute and a worker must never wait. Beside
 * the path of the data. Touches: the system's resolver.
 */
#ifndef SLUICE_RESOLVE_H
#define SLUICE_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "../../config/model.h"
#include "gate.h"
#include "presence.h"

#define SLUICE_TARGET_ADDRESSES 16U /* of one name; more are not used */

struct sluice_target;
struct sluice_resolver;

/* Makes a resolver; its thread starts with the first name. 0 or -ENOMEM. @owner caller:
 * sluice_resolver_free() */
int sluice_resolver_create(struct sluice_resolver **resolver);

/* A look-up under way is not waited for: what it needs goes when it ends. NULL is allowed. */
void sluice_resolver_free(struct sluice_resolver *resolver);

/* Makes a target with one reference. NULL: no memory. @owner caller: sluice_target_put() @context
 * process */
struct sluice_target *sluice_target_create(struct sluice_resolver *resolver,
					   const struct sluice_config_destination *destination);

/* One reference more, one less (the last one frees). @threadsafe */
struct sluice_target *sluice_target_get(struct sluice_target *target);
void sluice_target_put(struct sluice_target *target);

/* "host:port" as configured; valid as long as the caller has a reference. @threadsafe */
const char *sluice_target_text(const struct sluice_target *target);
/* The host alone, an address or a name. The same. */
const char *sluice_target_host(const struct sluice_target *target);

/* Whether it is there; of all workers. @threadsafe */
struct sluice_presence *sluice_target_presence(struct sluice_target *target);

/* Who may try it; of all workers. @threadsafe */
struct sluice_gate *sluice_target_gate(struct sluice_target *target);

/*
 * The address to try as the `attempt`th; *count is how many there are. Returns 0, -EAGAIN (being
 * looked up: ask again), -ENOENT (the look-up failed; a new one has begun) or -ENODEV (the
 * interface that the address belongs to is not there). Never blocks for long. @threadsafe
 */
int sluice_target_address(struct sluice_target *target, unsigned int attempt,
			  struct sockaddr_storage *address, socklen_t *length, unsigned int *count);

/* The number that the interface of a link-local address (fe80::1%eth0) has now; 0: it is not there,
 * or none belongs to the destination. @threadsafe */
unsigned int sluice_target_interface(const struct sluice_target *target);

/* All addresses failed: look the name up again. Does nothing for a numeric host. @threadsafe */
void sluice_target_refresh(struct sluice_target *target);

#endif /* SLUICE_RESOLVE_H */
