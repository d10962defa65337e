/* SPDX-License-Identifier: ISC
 *
 * zipf.h - ranks 1 to N, rank k with a frequency of 1/k (Zipf, s = 1).
 *
 * Threads  a sampler is not changed after its creation.
 * Memory   40 bytes, however large N is: a table would take the processor's cache from the server.
 * Sources  W. Hoermann, G. Derflinger, "Rejection-inversion to generate variates from monotone
 *          discrete distributions", 1996, for the exponent 1, where the integral of 1/x is log x.
 */
#pragma once

#include <stdint.h>

#include "random.h"

struct bench_zipf {
	uint32_t count;
	double low, high; /* what the integral spans */
	double certain; /* a rank this near to the point drawn needs no further test */
};

void bench_zipf_init(struct bench_zipf *zipf, uint32_t count);

/* A rank from 1 to count. */
uint32_t bench_zipf_draw(const struct bench_zipf *zipf, struct bench_random *random);
