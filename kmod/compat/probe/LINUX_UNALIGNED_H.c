// SPDX-License-Identifier: GPL-2.0
/* Compiles where <linux/unaligned.h> is a header of its own. */
#include <linux/unaligned.h>
