// SPDX-License-Identifier: GPL-2.0
/* Compiles where <net/gso.h> is a header of its own. */
#include <net/gso.h>
