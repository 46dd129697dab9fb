// SPDX-License-Identifier: GPL-2.0
/* Compiles where vm_flags are changed by functions (vma->vm_flags is const there). */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);

/* Never called. */
void probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTDUMP);
	vm_flags_clear(vma, VM_MAYWRITE);
}
