/* SPDX-License-Identifier: MIT */
/*
 * `sluicectl check --online`: do the destinations answer? Touches: the resolver, TCP connections,
 * which receivers see as ones that end at once.
 */
#ifndef SLUICE_CTL_CHECK_ONLINE_H
#define SLUICE_CTL_CHECK_ONLINE_H

#include "../config/check.h"

/*
 * Resolves and connects to every destination that is enabled, all at the same time, for as long as
 * the output's `connect-timeout`, 5 s at most. What does not answer is a warning, since the daemon
 * waits for it; so is a path that takes smaller packets than the interface. Nothing is sent.
 */
void sluice_ctl_check_online(const struct sluice_config *config, struct sluice_findings *findings);

#endif /* SLUICE_CTL_CHECK_ONLINE_H */
