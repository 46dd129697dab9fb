/* SPDX-License-Identifier: MIT */
/*
 * Views of `sluicectl show` that are no tables. Touches: a netlink socket, stdout, stderr.
 */
#ifndef SLUICE_CTL_SHOW_CONFIG_H
#define SLUICE_CTL_SHOW_CONFIG_H

/* Both return the exit status, having said what went wrong. */
int sluice_show_config(void);
int sluice_show_defaults(void);

#endif /* SLUICE_CTL_SHOW_CONFIG_H */
