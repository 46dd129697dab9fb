// SPDX-License-Identifier: GPL-2.0
/* Compiles where a module can offer functions to BPF programs by a set of ids with flags. */
#include <linux/btf.h>
#include <linux/btf_ids.h>

BTF_SET8_START(probe_set)
BTF_SET8_END(probe_set)

static const struct btf_kfunc_id_set probe_functions = {
	.set = &probe_set,
};

/* Never called. */
static int __maybe_unused probe(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &probe_functions);
}
