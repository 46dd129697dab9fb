// SPDX-License-Identifier: GPL-2.0
/* Compiles where a family says from which command on flags are checked. */
#include <net/genetlink.h>

struct genl_family probe = { .resv_start_op = 1 };
