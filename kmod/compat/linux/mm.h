/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <linux/mm.h>: vm_flags_set() and vm_flags_clear() where vma->vm_flags is changed
 * directly.
 */
#include_next <linux/mm.h>

#ifndef SLUICE_COMPAT_LINUX_MM_H
#define SLUICE_COMPAT_LINUX_MM_H

#ifndef SLUICE_HAVE_VM_FLAGS_SET
/* Adds @flags to a mapping that is being made. */
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

/* Takes @flags from a mapping that is being made. */
static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif /* SLUICE_COMPAT_LINUX_MM_H */
