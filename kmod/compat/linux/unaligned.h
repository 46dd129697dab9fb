/* SPDX-License-Identifier: GPL-2.0 */
/* Shadow of <linux/unaligned.h>, which used to be <asm/unaligned.h>. */
#ifdef SLUICE_HAVE_LINUX_UNALIGNED_H
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
