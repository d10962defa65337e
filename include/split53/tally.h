/* SPDX-License-Identifier: ISC
 *
 * tally.h - the counters of one zone in one worker.
 *
 * Layer    base: a zone is a number here (s53_route.number; s53_tally_book of layer stats gives it)
 * Threads  only the owner counts and allocates; any thread may read
 * Memory   a tally is one cache line. A chunk of 64 tallies is allocated when one of them is first
 *          used: so a worker has tallies only for zones that its clients query, at 64 bytes each in
 *          the best case and one chunk of 4 KiB each in the worst. The chunk of number 0 is
 *          embedded, so that a set without numbered zones allocates nothing. Without memory for a
 *          chunk its zones count as number 0
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum s53_tally_kind {
	S53_TALLY_QUERIES, /* queries for names of the zone, including targets of CNAME chains */
	S53_TALLY_HITS, /* answered from the cache */
	S53_TALLY_MISSES, /* not answered from the cache */
	S53_TALLY_STALE, /* answered with expired data */
	/* SERVFAIL, by cause: */
	S53_TALLY_FAILED_UPSTREAM, /* no server had a good answer in time, or all are down */
	S53_TALLY_FAILED_UNREACHABLE, /* the last one refused, or there is no route to it */
	S53_TALLY_FAILED_LIMIT, /* recursive-clients, clients-per-query, fetches-per-... */
	S53_TALLY_FAILED_REMEMBERED, /* it failed within servfail-ttl */
	S53_TALLY_KINDS
};

struct s53_tally {
	_Alignas(64) _Atomic uint64_t value[S53_TALLY_KINDS];
};

#define S53_TALLY_CHUNK 64
#define S53_TALLY_CHUNKS 4096
#define S53_TALLY_NUMBERS (S53_TALLY_CHUNK * S53_TALLY_CHUNKS) /* a number is less */

struct s53_tallies {
	struct s53_tally first[S53_TALLY_CHUNK];
	struct s53_tally *_Atomic chunk[S53_TALLY_CHUNKS]; /* [0]: unused */
};

void s53_tallies_fini(struct s53_tallies *tallies);

/* The owner's tally of `number`, which is 64 or more; its chunk is allocated if needed. */
struct s53_tally *s53_tallies_make(struct s53_tallies *tallies, uint32_t number);

/* The same for any number. */
static inline struct s53_tally *
s53_tallies_get(struct s53_tallies *tallies, uint32_t number)
{
	struct s53_tally *chunk;

	if (number < S53_TALLY_CHUNK)
		return &tallies->first[number];
	chunk =
	    atomic_load_explicit(&tallies->chunk[number / S53_TALLY_CHUNK], memory_order_relaxed);
	return chunk != NULL ? &chunk[number % S53_TALLY_CHUNK] : s53_tallies_make(tallies, number);
}

/* For readers: the tally of a number, or NULL when nothing was counted yet. */
const struct s53_tally *s53_tallies_look(const struct s53_tallies *tallies, uint32_t number);

/*
 * Count one; only the owner calls it. Always inlined: gcc otherwise takes it and s53_count() for
 * the same function, and warns of counters of the one that are beyond the array of the other.
 */
__attribute__((always_inline)) static inline void
s53_tally_count(struct s53_tally *tally, enum s53_tally_kind kind)
{
	uint64_t was = atomic_load_explicit(&tally->value[kind], memory_order_relaxed);

	atomic_store_explicit(&tally->value[kind], was + 1, memory_order_relaxed);
}
