// SPDX-License-Identifier: GPL-2.0
/* The tracepoints themselves; what each tells is in trace.h. Calls nothing of the module. */
#define CREATE_TRACE_POINTS
#include "trace.h"
