/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow of <linux/btf.h>: SLUICE_BTF_OFFER(), a set of the one function that the module has for
 * BPF programs, and sluice_btf_offer(), which offers it to those of a type: none before 6.0 can.
 */
#include_next <linux/btf.h>

#ifndef SLUICE_COMPAT_LINUX_BTF_H
#define SLUICE_COMPAT_LINUX_BTF_H

#include <linux/btf_ids.h>
#include <linux/module.h>

#ifdef SLUICE_HAVE_BTF_KFUNC
#define SLUICE_BTF_OFFER(name, function)                                          \
	BTF_KFUNCS_START(name##_ids)                                              \
	BTF_ID_FLAGS(func, function)                                              \
	BTF_KFUNCS_END(name##_ids)                                                \
	static const struct btf_kfunc_id_set name = { .owner = THIS_MODULE, .set = &name##_ids }
#define sluice_btf_offer(type, name) register_btf_kfunc_id_set(type, name)
#define SLUICE_BTF_OFFERS true
#else
#define SLUICE_BTF_OFFER(name, function) static const char name[] = #function
#define sluice_btf_offer(type, name) ((void)(name), -EOPNOTSUPP)
#define SLUICE_BTF_OFFERS false
#endif

/* True if the module came with its types, without which no program finds its functions. */
static inline bool sluice_btf_is_there(const struct module *module)
{
#if defined(SLUICE_HAVE_BTF_KFUNC) && defined(CONFIG_DEBUG_INFO_BTF_MODULES)
	return module->btf_data_size;
#else
	return false;
#endif
}

#endif /* SLUICE_COMPAT_LINUX_BTF_H */
