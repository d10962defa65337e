/* SPDX-License-Identifier: ISC
 *
 * sample.c - the numbers of a record: round-trip time, loss, failures.
 *
 * Each is one atomic word. It is written only when it changes: the other workers keep their copy of
 * the cache line while a server does as it always does.
 */
#include "health.h"

#define RTT_MAX_MS 60000
#define LATE_MIN_MS 20
#define LATE_MAX_MS 250
#define SHARE_MS 250 /* what a server costs that loses or fails all */

/*
 * A lost question weighs a 32nd: then loss of one in a hundred does not reach a tenth by chance
 * (four of some fifteen would have to be lost), and loss of one in five does so after some
 * twenty questions.
 */
#define LOSS_WEIGHT 32
#define LOSSY (HEALTH_WHOLE / 10)

/* The first ones count more, so that eight of eight tell of a server that never did well. */
#define FAILED_WEIGHT 16
#define FAILED_LEAST 8
#define FAILING (HEALTH_WHOLE / 10 * 9)

static uint32_t
get32(const _Atomic uint32_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

static void
set32(_Atomic uint32_t *at, uint32_t value)
{
	if (get32(at) != value)
		atomic_store_explicit(at, value, memory_order_relaxed);
}

static uint64_t
rtt_of(const struct health *health)
{
	return atomic_load_explicit(&health->rtt, memory_order_relaxed);
}

/*
 * RFC 6298 s2.2, s2.3 with alpha 1/8 and beta 1/4, on scaled whole numbers as in Jacobson's paper.
 * But a sample under a quarter of the mean counts half: a server that was slow and is quick again
 * is asked little, and has to be known as quick by the few answers that it gives. The variation
 * stays what it would be, so that the wait for an answer shrinks with care.
 */
void
health_sample_rtt(struct health *health, uint32_t rtt_ms)
{
	uint64_t was = rtt_of(health), is;
	uint32_t rtt = rtt_ms < RTT_MAX_MS ? rtt_ms : RTT_MAX_MS;
	uint32_t smoothed = (uint32_t)(was >> 32), variation = (uint32_t)was;

	if (was == 0) {
		smoothed = 8 * rtt;
		variation = 2 * rtt;
	} else {
		uint32_t mean = smoothed / 8;

		variation += (rtt > mean ? rtt - mean : mean - rtt);
		variation -= variation / 4;
		if (4 * rtt < mean)
			smoothed = smoothed / 2 + 4 * rtt;
		else
			smoothed = smoothed - smoothed / 8 + rtt;
	}
	is = (uint64_t)smoothed << 32 | (variation > 0 ? variation : 1); /* never "unknown" */
	if (is != was)
		atomic_store_explicit(&health->rtt, is, memory_order_relaxed);
}

void
health_forget_rtt(struct health *health)
{
	atomic_store_explicit(&health->rtt, 0, memory_order_relaxed);
}

void
health_sample_loss(struct health *health, bool lost)
{
	uint32_t loss = get32(&health->loss);

	if (lost)
		loss += (HEALTH_WHOLE - loss) / LOSS_WEIGHT;
	else
		loss -= (loss + LOSS_WEIGHT - 1) / LOSS_WEIGHT;
	set32(&health->loss, loss);
}

bool
health_is_lossy(const struct health *health)
{
	return get32(&health->loss) > LOSSY;
}

void
health_sample_good(struct health *health)
{
	uint32_t word = get32(&health->failed), share = word >> 8, samples = word & 0xff;

	if (samples < FAILED_WEIGHT)
		samples++;
	share -= (share + samples - 1) / samples;
	set32(&health->failed, share << 8 | samples);
}

/* The answer itself was taken for a good one: what that took is given back as well. */
void
health_sample_failed(struct health *health)
{
	uint32_t word = get32(&health->failed), share = word >> 8, samples = word & 0xff;

	if (samples == 0)
		samples = 1;
	share += HEALTH_WHOLE / samples + 1;
	if (share > HEALTH_WHOLE)
		share = HEALTH_WHOLE;
	set32(&health->failed, share << 8 | samples);
}

uint32_t
health_failed_share(const struct health *health)
{
	return get32(&health->failed) >> 8;
}

bool
health_is_failing(const struct health *health)
{
	return health_failed_share(health) > FAILING &&
	    (get32(&health->failed) & 0xff) >= FAILED_LEAST;
}

uint32_t
health_srtt_8ms(const struct health *health)
{
	return (uint32_t)(rtt_of(health) >> 32);
}

uint32_t
health_wait_ms(const struct health *health)
{
	uint64_t rtt = rtt_of(health);

	return (uint32_t)(rtt >> 32) / 8 + (uint32_t)rtt;
}

uint32_t
health_late_ms(const struct health *health)
{
	uint32_t wait_ms = health_wait_ms(health);

	if (wait_ms == 0 || wait_ms > LATE_MAX_MS)
		return LATE_MAX_MS;
	return wait_ms < LATE_MIN_MS ? LATE_MIN_MS : wait_ms;
}

uint32_t
health_cost_8ms(const struct health *health)
{
	uint64_t shares = (uint64_t)get32(&health->loss) + health_failed_share(health);

	return health_srtt_8ms(health) + (uint32_t)(shares * SHARE_MS * 8 / HEALTH_WHOLE);
}
