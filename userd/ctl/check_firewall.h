/* SPDX-License-Identifier: MIT */
/*
 * `sluicectl check`: what the firewall keeps out, and the module takes before it. Touches: runs
 * `nft`, `iptables-save` and `ip6tables-save`, which only look.
 */
#ifndef SLUICE_CTL_CHECK_FIREWALL_H
#define SLUICE_CTL_CHECK_FIREWALL_H

#include <stdbool.h>
#include "../config/check.h"
#include "firewall.h"

/* Reads the rules of all firewalls that are there into an empty `firewall`. False: none could be
 * read. @owner caller: sluice_firewall_free(), whatever the result */
bool sluice_ctl_read_firewall(struct sluice_firewall *firewall);

/*
 * Adds a warning for each input that the module takes before the firewall's INPUT rules, if one of
 * them keeps out one of its ports. `has_module`: `source: auto` means the module. Says nothing
 * where the rules cannot be read.
 */
void sluice_ctl_check_firewall(const struct sluice_config *config, bool has_module,
			       struct sluice_findings *findings);

#endif /* SLUICE_CTL_CHECK_FIREWALL_H */
