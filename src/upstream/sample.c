/* SPDX-License-Identifier: ISC
 *
 * sample.c - the numbers of a record: round-trip time, loss, failures.
 *
 * Each number is one atomic word. It is written only when its value changes, so the caches of other
 * processors keep their copy of the line while a server behaves as usual.
 */
#include "record.h"

#define RTT_MAX_MS 60000
#define HEDGE_MIN_MS 20
#define HEDGE_MAX_MS 250
#define SHARE_MS 250 /* cost of a server that loses or fails all queries */

/*
 * Each query has a weight of 1/32. So a loss of one in a hundred does not reach a tenth by chance
 * (four of some fifteen queries would have to be lost), and a loss of one in five reaches it after
 * some twenty queries.
 */
#define LOSS_WEIGHT 32
#define LOSSY (SHARE_WHOLE / 10)

/*
 * The first samples have more weight, so that eight failures in eight replies suffice for a server
 * that never did well.
 */
#define FAILED_WEIGHT 16
#define FAILED_LEAST 8
#define FAILING (SHARE_WHOLE / 10 * 9)

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
rtt_of(const struct record *record)
{
	return atomic_load_explicit(&record->rtt, memory_order_relaxed);
}

/*
 * RFC 6298 s2.2, s2.3 with alpha 1/8 and beta 1/4, in scaled integers as in Jacobson's paper. One
 * difference: a sample below a quarter of the mean has the weight 1/2. A server that was
 * slow and is quick again gets few queries, so few replies must suffice to show it. The variation
 * changes as usual, so the timeouts shrink cautiously.
 */
void
record_sample_rtt(struct record *record, uint32_t rtt_ms)
{
	uint64_t was = rtt_of(record), is;
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
	is = (uint64_t)smoothed << 32 | (variation > 0 ? variation : 1); /* 0 means "unknown" */
	if (is != was)
		atomic_store_explicit(&record->rtt, is, memory_order_relaxed);
}

void
record_forget_rtt(struct record *record)
{
	atomic_store_explicit(&record->rtt, 0, memory_order_relaxed);
}

void
record_sample_loss(struct record *record, bool lost)
{
	uint32_t loss = get32(&record->loss);

	if (lost)
		loss += (SHARE_WHOLE - loss) / LOSS_WEIGHT;
	else
		loss -= (loss + LOSS_WEIGHT - 1) / LOSS_WEIGHT;
	set32(&record->loss, loss);
}

bool
record_is_lossy(const struct record *record)
{
	return get32(&record->loss) > LOSSY;
}

void
record_sample_good(struct record *record)
{
	uint32_t word = get32(&record->failed), share = word >> 8, samples = word & 0xff;

	if (samples < FAILED_WEIGHT)
		samples++;
	share -= (share + samples - 1) / samples;
	set32(&record->failed, share << 8 | samples);
}

/* The reply itself was counted as good first: undo that as well. */
void
record_sample_failed(struct record *record)
{
	uint32_t word = get32(&record->failed), share = word >> 8, samples = word & 0xff;

	if (samples == 0)
		samples = 1;
	share += SHARE_WHOLE / samples + 1;
	if (share > SHARE_WHOLE)
		share = SHARE_WHOLE;
	set32(&record->failed, share << 8 | samples);
}

uint32_t
record_failed_share(const struct record *record)
{
	return get32(&record->failed) >> 8;
}

bool
record_is_failing(const struct record *record)
{
	return record_failed_share(record) > FAILING &&
	    (get32(&record->failed) & 0xff) >= FAILED_LEAST;
}

uint32_t
record_srtt_8ms(const struct record *record)
{
	return (uint32_t)(rtt_of(record) >> 32);
}

uint32_t
record_rto_ms(const struct record *record)
{
	uint64_t rtt = rtt_of(record);

	return (uint32_t)(rtt >> 32) / 8 + (uint32_t)rtt;
}

uint32_t
record_hedge_ms(const struct record *record)
{
	uint32_t rto_ms = record_rto_ms(record);

	if (rto_ms == 0 || rto_ms > HEDGE_MAX_MS)
		return HEDGE_MAX_MS;
	return rto_ms < HEDGE_MIN_MS ? HEDGE_MIN_MS : rto_ms;
}

uint32_t
record_cost_8ms(const struct record *record)
{
	uint64_t shares = (uint64_t)get32(&record->loss) + record_failed_share(record);

	return record_srtt_8ms(record) + (uint32_t)(shares * SHARE_MS * 8 / SHARE_WHOLE);
}
