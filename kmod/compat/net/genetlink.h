/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <net/genetlink.h>: SLUICE_GENL_RESV_START(command) is the initializer of
 * genl_family.resv_start_op, and nothing where no command has its flags checked.
 */
#include_next <net/genetlink.h>

#ifndef SLUICE_COMPAT_NET_GENETLINK_H
#define SLUICE_COMPAT_NET_GENETLINK_H

#ifdef SLUICE_HAVE_GENL_RESV_START_OP
#define SLUICE_GENL_RESV_START(command) .resv_start_op = (command),
#else
#define SLUICE_GENL_RESV_START(...)
#endif

#endif /* SLUICE_COMPAT_NET_GENETLINK_H */
