/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <linux/btf_ids.h>: the set of the functions that a module offers to BPF programs, under
 * the name that it has since 6.8.
 */
#include_next <linux/btf_ids.h>

#ifndef SLUICE_COMPAT_LINUX_BTF_IDS_H
#define SLUICE_COMPAT_LINUX_BTF_IDS_H

#if !defined(BTF_KFUNCS_START) && defined(SLUICE_HAVE_BTF_KFUNC)
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif

#endif /* SLUICE_COMPAT_LINUX_BTF_IDS_H */
