/* SPDX-License-Identifier: ISC
 *
 * zipf.c - rejection-inversion for the exponent 1.
 *
 * The density 1/x is inverted exactly over [1/2, N + 1/2], with the piece before 3/2 cut so that
 * rank 1 gets its share; the point found is rounded to a rank and kept if it lies under that rank's
 * own bar. More than 97 of 100 are.
 */
#include "zipf.h"

#include <math.h>

void
bench_zipf_init(struct bench_zipf *zipf, uint32_t count)
{
	zipf->count = count;
	zipf->low = log(1.5) - 1.0;
	zipf->high = log((double)count + 0.5);
	zipf->certain = 2.0 - exp(log(2.5) - 0.5);
}

uint32_t
bench_zipf_draw(const struct bench_zipf *zipf, struct bench_random *random)
{
	for (;;) {
		double u = zipf->high + bench_random_real(random) * (zipf->low - zipf->high);
		double x = exp(u), rank = floor(x + 0.5);

		if (rank < 1.0)
			rank = 1.0;
		else if (rank > (double)zipf->count)
			rank = (double)zipf->count;
		if (rank - x <= zipf->certain || u >= log(rank + 0.5) - 1.0 / rank)
			return (uint32_t)rank;
	}
}
