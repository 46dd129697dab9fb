/* SPDX-License-Identifier: MIT */
/*
 * Whether two series of pairs differ by more than chance. Touches: nothing.
 */
#ifndef SLUICE_BENCH_COMPARE_H
#define SLUICE_BENCH_COMPARE_H

#include <stddef.h>

/* The two-sided sign test: how probable it is that of `up` + `down` pairs that go either way with
 * the same chance, so few or fewer go the rarer way; 0 to 1. @threadsafe */
double sluice_sign_test(size_t up, size_t down);

#endif /* SLUICE_BENCH_COMPARE_H */
