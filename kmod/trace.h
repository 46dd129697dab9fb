/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints (/sys/kernel/tracing/events/sluice): a record stored, datagrams lost, a GAP record
 * written, the consumer woken, the owner changed. Each costs one no-operation while nobody listens.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM sluice

#ifdef SLUICE_WITHOUT_TRACE
/* For KUnit suites, which contain files of the module: an event may be defined once in a kernel. */
#ifndef SLUICE_KMOD_TRACE_H
#define SLUICE_KMOD_TRACE_H
#define trace_sluice_store(...) do { } while (0)
#define trace_sluice_lost(...) do { } while (0)
#define trace_sluice_gap(...) do { } while (0)
#define trace_sluice_wake(...) do { } while (0)
#define trace_sluice_owner(...) do { } while (0)
#endif
#else

#if !defined(SLUICE_KMOD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SLUICE_KMOD_TRACE_H

#include <linux/tracepoint.h>
#include "ring.h"

TRACE_EVENT(sluice_store,
	    TP_PROTO(const struct sluice_ring *ring, u16 input, unsigned int length),
	    TP_ARGS(ring, input, length),
	    TP_STRUCT__entry(__field(u32, cpu)
			     __field(u16, input)
			     __field(unsigned int, length)
			     __field(u64, head)
			     __field(u64, used)
	    ),
	    TP_fast_assign(__entry->cpu = ring->cpu;
			   __entry->input = input;
			   __entry->length = length;
			   __entry->head = ring->head;
			   __entry->used = ring->head - ring->tail;
	    ),
	    TP_printk("cpu=%u input=%u length=%u head=%llu used=%llu", __entry->cpu,
		      __entry->input, __entry->length, __entry->head, __entry->used)
);

DECLARE_EVENT_CLASS(sluice_loss,
		    TP_PROTO(const struct sluice_ring *ring, u16 input, unsigned int cause,
			     u64 datagrams),
		    TP_ARGS(ring, input, cause, datagrams),
		    TP_STRUCT__entry(__field(u32, cpu)
				     __field(u16, input)
				     __field(unsigned int, cause)
				     __field(u64, datagrams)
				     __field(u64, head)
		    ),
		    TP_fast_assign(__entry->cpu = ring->cpu;
				   __entry->input = input;
				   __entry->cause = cause;
				   __entry->datagrams = datagrams;
				   __entry->head = ring->head;
		    ),
		    TP_printk("cpu=%u input=%u cause=%u datagrams=%llu head=%llu", __entry->cpu,
			      __entry->input, __entry->cause, __entry->datagrams, __entry->head)
);

DEFINE_EVENT(sluice_loss, sluice_lost,
	     TP_PROTO(const struct sluice_ring *ring, u16 input, unsigned int cause,
		      u64 datagrams),
	     TP_ARGS(ring, input, cause, datagrams));

DEFINE_EVENT(sluice_loss, sluice_gap,
	     TP_PROTO(const struct sluice_ring *ring, u16 input, unsigned int cause,
		      u64 datagrams),
	     TP_ARGS(ring, input, cause, datagrams));

DECLARE_EVENT_CLASS(sluice_number,
		    TP_PROTO(const struct sluice_ring *ring, u64 number),
		    TP_ARGS(ring, number),
		    TP_STRUCT__entry(__field(u32, cpu)
				     __field(u64, number)
		    ),
		    TP_fast_assign(__entry->cpu = ring->cpu;
				   __entry->number = number;
		    ),
		    TP_printk("cpu=%u number=%llu", __entry->cpu, __entry->number)
);

/* number: head */
DEFINE_EVENT(sluice_number, sluice_wake,
	     TP_PROTO(const struct sluice_ring *ring, u64 number),
	     TP_ARGS(ring, number));

/* number: of the ownership; 0: nobody */
DEFINE_EVENT(sluice_number, sluice_owner,
	     TP_PROTO(const struct sluice_ring *ring, u64 number),
	     TP_ARGS(ring, number));

#endif /* SLUICE_KMOD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

#endif /* SLUICE_WITHOUT_TRACE */
