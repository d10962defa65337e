/* SPDX-License-Identifier: ISC
 *
 * rand.h - unpredictable numbers: message IDs, ports, letter case (RFC 5452 s9).
 *
 * Layer    base
 * Threads  any; each thread draws from a small buffer of its own
 * Memory   thread-local, fixed
 * Sources  libevent's secure random
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void s53_rand_fill(void *out, size_t len);
uint16_t s53_rand_u16(void);
uint32_t s53_rand_u32(void);
uint64_t s53_rand_u64(void);

/* Uniform among 0 .. bound-1; bound is at least 1. */
uint32_t s53_rand_below(uint32_t bound);

/* For tests: a repeatable sequence in this thread from now on. Never called by the programs. */
void s53_rand_test_seed(uint64_t seed);
