/* SPDX-License-Identifier: MIT */
/*
 * Probes that bpftrace, perf and SystemTap attach to in a running program: provider `sluice`, by
 * systemtap's <sys/sdt.h>. One costs an instruction that does nothing where nobody looks. They
 * stand where the module's tracepoints do, with the same arguments in the same order, but that a
 * ring is told by the address of its producer page. Without that header they are not there.
 * Touches: nothing.
 *
 *   store    ring, input, bytes of payload        a datagram came into a ring
 *   lost     ring, input, cause, datagrams        that many did not
 *   gap      ring, input, cause, datagrams        a GAP that tells of them came into the ring
 *   wake     worker, events                       a worker that waited goes on
 *   owner    process, epoch                       this process works as its relay from now on
 *   receive  input, bytes of payload, offset      libsluice: the program took a datagram
 *   told     input, cause, datagrams, offset      libsluice: the program took a GAP
 */
#ifndef SLUICE_LIB_USDT_H
#define SLUICE_LIB_USDT_H

/* What analyses the text cannot read inline assembly. */
#if defined(__has_include) && !defined(__clang_analyzer__) && !defined(SLUICE_NO_USDT)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define SLUICE_HAS_USDT 1
#endif
#endif

#ifdef SLUICE_HAS_USDT
#define SLUICE_USDT2(name, one, two) DTRACE_PROBE2(sluice, name, one, two)
#define SLUICE_USDT3(name, one, two, three) DTRACE_PROBE3(sluice, name, one, two, three)
#define SLUICE_USDT4(name, one, two, three, four) DTRACE_PROBE4(sluice, name, one, two, three, four)
#else
#define SLUICE_USDT2(name, one, two) ((void)(one), (void)(two))
#define SLUICE_USDT3(name, one, two, three) ((void)(one), (void)(two), (void)(three))
#define SLUICE_USDT4(name, one, two, three, four) \
	((void)(one), (void)(two), (void)(three), (void)(four))
#endif

#endif /* SLUICE_LIB_USDT_H */
