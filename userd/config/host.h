/* SPDX-License-Identifier: MIT */
/*
 * The parts of sluice_config_check_host() (check.h), by file. Each adds what it finds. Touches:
 * reads facts of the system.
 */
#ifndef SLUICE_CONFIG_HOST_H
#define SLUICE_CONFIG_HOST_H

#include <stdbool.h>
#include "check.h"

/* host_ports.c: the module, the ports of sockets, descriptors. 0 or -ENOMEM. */
int sluice_host_check_inputs(const struct sluice_config *config, enum sluice_host_view view,
			     struct sluice_findings *findings);

/* host_capture.c: files that are not there, an interface that may not be read. */
void sluice_host_check_capture(const struct sluice_config_input *input, enum sluice_host_view view,
			       struct sluice_findings *findings);

/* host_xdp.c: sockets of a kind that may not be had. */
void sluice_host_check_xdp(const struct sluice_config_input *input, enum sluice_host_view view,
			   struct sluice_findings *findings);

/* host_hook_xdp.c: what attaching the program of `hook: xdp` costs, and an MTU that is too large.
 * With the module loaded only. */
void sluice_host_check_hook_xdp(const struct sluice_config_input *input, enum sluice_host_view view,
				struct sluice_findings *findings);

/* from_check.c: have connections an address to come from? */
void sluice_host_check_from(const struct sluice_config *config, struct sluice_findings *findings);

/* host_tls.c: files that connections are encrypted by. */
void sluice_host_check_tls(const struct sluice_config *config, enum sluice_host_view view,
			   struct sluice_findings *findings);

/* host_loop.c: does an output of `kind: udp` send to an input that goes to it? */
void sluice_host_check_loops(const struct sluice_config *config, struct sluice_findings *findings);

/* host_places.c: the log, the directory of the rings, and whether the service may write to the
 * places that are named. */
void sluice_host_check_places(const struct sluice_config *config, enum sluice_host_view view,
			      struct sluice_findings *findings);

/* host_control.c: the doors for sessions. 0 or -ENOMEM. */
int sluice_host_check_control(const struct sluice_config *config, enum sluice_host_view view,
			      struct sluice_findings *findings);

/* host_control.c, too: can be listened there? What has the port is named with `key`. 0 or -ENOMEM.
 */
int sluice_host_check_listener(const struct sluice_config *config, const char *key,
			       const struct sluice_config_listener *listener,
			       enum sluice_host_view view, struct sluice_findings *findings);

/* host_threads.c: CPUs that are not there, policies that are not allowed. */
void sluice_host_check_threads(const struct sluice_config *config, enum sluice_host_view view,
			       struct sluice_findings *findings);

/* host_claims.c: what another sluiced has for itself. */
void sluice_host_check_claims(const struct sluice_config *config, enum sluice_host_view view,
			      struct sluice_findings *findings);

/* receiver_check.c: connections to receivers, against those that they bear. */
void sluice_host_check_receivers(const struct sluice_config *config,
				 struct sluice_findings *findings);

/* host_address.c: does this machine have the address, of the interface with index `scope` if it is
 * link-local? True also where that cannot be found out. */
bool sluice_host_has_address(const struct sluice_config_prefix *prefix, unsigned int scope);

/* host_files.c: bytes that the files in `path` take whose names begin so; 0 if it cannot be read.
 */
uint64_t sluice_host_bytes_of(const char *path, const char *begin);

/* host_files.c: bytes that rings in the directory `path` take already. */
uint64_t sluice_host_rings_of(const char *path);

/* Does any input need sockets? `module`: what sluice_host_module() said. */
bool sluice_host_uses_sockets(const struct sluice_config *config, int module);

/* 0: the module answers; -ENOENT: it is not loaded; another negative errno: it does not answer. */
int sluice_host_module(void);

/* Room for what sluice_host_lacks_module() says. */
#define SLUICE_HOST_KERNEL_TEXT 384U

/*
 * host_kernel.c: has DKMS the module's sources (the package sluice-dkms), but no module for the
 * kernel that runs? Then a clause that says so and how to mend it is in `text`. False also where
 * that cannot be seen.
 * @context process @threadsafe
 */
bool sluice_host_lacks_module(char text[SLUICE_HOST_KERNEL_TEXT]);

/*
 * host_kernel.c: has the newest kernel that is installed no module yet, although the one that runs
 * has one? Then a sentence that says what comes of a reboot, and how to mend it, is in `text`.
 * False also where that cannot be seen.
 * @context process @threadsafe
 */
bool sluice_host_next_lacks_module(char text[SLUICE_HOST_KERNEL_TEXT]);

#endif /* SLUICE_CONFIG_HOST_H */
