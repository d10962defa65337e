/* SPDX-License-Identifier: ISC
 *
 * cache.h - answers kept between questions, shared by every worker.
 *
 * Layer    cache: knows base and wire; no view, route, socket or upstream (a route is a number)
 * Threads  any thread may call anything. A shard's lock is taken inside a call, for a look-up and a
 *          copy, and never outlives it; no callback runs under it
 * Memory   an entry is one contiguous block in its shard's memory: key, octets, TTL offsets, times.
 *          find() copies out, store() copies in: nobody holds a pointer into the cache. All that
 *          the cache uses counts against its size; what the kernel does not give is not kept, and
 *          the answer at hand goes out all the same
 * Units    TTL and lifetimes: seconds (RFC 2181 s8); now_ms: s53_clock_ms(); sizes: octets
 * Sources  RFC 2308 s5 (negative answers), RFC 8767 s4 and s5 (stale ones), RFC 9520 s3.2
 *          (failures), RFC 2181 s5.2 and s8 (TTLs). RFC 8020 is not applied: a name without data
 *          may have names below it (Consul's apex has)
 */
#pragma once

#include <split53/fit.h>
#include <split53/key.h>
#include <split53/message.h>

#define S53_STALE_TIMEOUT_OFF UINT32_MAX

/* What the configuration says of answers of one view or zone; a part of the snapshot. */
struct s53_cache_rules {
	bool enabled; /* false (max-cache-size 0): nothing is kept, nothing found, TTLs untouched */
	uint32_t max_ttl_s, min_ttl_s; /* max-cache-ttl, min-cache-ttl */
	uint32_t max_ncache_ttl_s, min_ncache_ttl_s;
	uint32_t servfail_ttl_s; /* 0: failures are not remembered */
	bool stale_keep; /* stale-cache-enable: expired answers stay for max_stale_s */
	bool stale_answer; /* stale-answer-enable: and may be given out; implies stale_keep */
	bool stale_zero_ttl; /* stale-zero-ttl: answers of TTL 0 too, stale from the start; implies
				stale_keep */
	uint32_t max_stale_s;
	uint32_t stale_answer_ttl_s; /* what stale records say */
	uint32_t stale_refresh_s; /* after a failed refresh: stale at once for so long */
	/* 0: stale at once; S53_STALE_TIMEOUT_OFF: on failure */
	uint32_t stale_client_timeout_ms;
	uint32_t prefetch_trigger_s; /* with so little left ask again ahead of time; 0: never */
	uint32_t prefetch_eligible_s; /* if the lifetime was at least this */
};

struct s53_cache;

/*
 * One count is the caller's. `max_octets` bounds entries and overhead together; under 2 MiB counts
 * as 2 MiB. Memory is taken as it fills. NULL: no memory.
 */
struct s53_cache *s53_cache_new(uint64_t max_octets);
struct s53_cache *s53_cache_keep(struct s53_cache *cache);
void s53_cache_drop(struct s53_cache *cache); /* the last count frees; NULL is fine */
uint64_t s53_cache_max_octets(const struct s53_cache *cache);

/* What is asked for. Plain, on the stack. */
struct s53_cache_ask {
	const struct s53_key *key;
	uint32_t route_id; /* an entry that came by another route is none */
	const struct s53_cache_rules *rules; /* enabled */
	bool no_refresh; /* this caller cannot ask: it is never told to */
	uint64_t now_ms;
};

enum s53_freshness {
	S53_CACHE_MISS,
	S53_CACHE_FRESH,
	S53_CACHE_STALE, /* expired for less than max_stale_s, and the rules let it be given out */
	S53_CACHE_FAILURE, /* resolving failed within servfail_ttl_s; nothing better here */
	S53_CACHE_CUT, /* fresh, but stored with S53_CACHE_MAY_BE_CUT: not copied yet */
};

/* What is known of an answer besides its octets. */
enum s53_cache_trait {
	S53_CACHE_AUTHENTIC = 1,
	S53_CACHE_MAY_BE_CUT = 2, /* the server may have left out records that did not fit */
};

struct s53_cached {
	enum s53_freshness freshness;
	size_t len; /* FRESH, STALE, CUT: over `cap`: it was not copied */
	uint16_t ede; /* FAILURE: why, S53_EDE_* */
	bool
	    /* STALE: a refresh failed within stale_refresh_s: do not ask */
	    failed_lately;
	bool refresh; /* FRESH, CUT: the caller, and no other for some seconds, is to prefetch */
	bool authentic; /* as stored */
	bool aliases; /* the answer section has a CNAME or DNAME: chase.c looks whether it leaves */
	bool respell; /* names besides the question spell its labels out: s53_message_respell() */
	bool has_error; /* an upstream's extended error lies beside it: s53_cache_find_error() */
	uint32_t note; /* with aliases: what s53_cache_note() left; 0: nothing */
	int64_t stored_ms; /* with aliases */
};

/*
 * Look up. FRESH: the message is copied to `octets`, TTLs lowered by its age; its question and
 * owners are in lower case, its ID 0, its flags as stored. STALE copies nothing: it is for
 * s53_cache_find_stale(). CUT copies nothing: the caller decides whether it is good enough, and has
 * s53_cache_find_part() copy it. Counts as a use of the entry. Allocates nothing.
 */
void s53_cache_find(struct s53_cache *cache, const struct s53_cache_ask *ask, uint8_t *octets,
    size_t cap, struct s53_cached *out);

/*
 * The same right after s53_cache_find(), for a message that is larger than the client takes: copies
 * what fits `fit->limit`, with TC where it has to be; out->len is then the length of that. What is
 * CUT is FRESH here.
 */
void s53_cache_find_part(struct s53_cache *cache, const struct s53_cache_ask *ask,
    struct s53_fit *fit, uint8_t *octets, struct s53_cached *out);

/*
 * Leave a number with the entry that `cached`, of s53_cache_find(), came from: what the caller has
 * found out of its aliases. It goes with the entry, and is not in the cache file.
 */
void s53_cache_note(struct s53_cache *cache, const struct s53_cache_ask *ask,
    const struct s53_cached *cached, uint32_t note);

/* Copy what is there if it is STALE (or FRESH by now), TTLs of stale records set by the rules. */
void s53_cache_find_stale(struct s53_cache *cache, const struct s53_cache_ask *ask, uint8_t *octets,
    size_t cap, struct s53_cached *out);

/*
 * The upstream's extended error (RFC 8914) that lies beside what s53_cache_find() or
 * s53_cache_find_stale() found with has_error. false: the entry has gone meanwhile.
 */
bool s53_cache_find_error(
    struct s53_cache *cache, const struct s53_cache_ask *ask, struct s53_extended_error *out);

/*
 * Finds of a batch are coming: have the memory at hand that they begin with, then (when all of the
 * batch had its first call) the memory that they end with. Neither takes a lock. With a million
 * entries a find takes some 450 ns without, 330 after the first call, 160 after both.
 */
void s53_cache_prefetch(const struct s53_cache *cache, const struct s53_key *key);
void s53_cache_prefetch_entry(const struct s53_cache *cache, const struct s53_key *key);

/* A message that is settled, and what was seen on the way. */
struct s53_settling {
	uint8_t *octets; /* passed s53_message_check() and has no OPT */
	size_t len;
	bool no_data; /* its last name has records of other types alone: aliases lead nowhere */
	bool aliases, respell; /* out: as in struct s53_cached */
	bool stale_use; /* out: to be kept also with a lifetime of 0 (stale_zero_ttl) */
};

/*
 * Apply the TTL rules to an answer of an upstream, in place: each record's TTL into [min, max], and
 * for a negative answer (RFC 2308 s2: NXDOMAIN, or NOERROR without the type asked for) the SOA's to
 * min(its TTL, MINIMUM) within the ncache bounds. Returns how long it may be kept; 0: not at all (a
 * TTL of 0, a negative answer or referral without SOA, TC). Rules that are not enabled change
 * nothing and give 0. With rules->stale_zero_ttl an answer without SOA counts as one of TTL 0.
 */
uint32_t s53_cache_settle(const struct s53_cache_rules *rules, const struct s53_question *question,
    struct s53_settling *message);

/* An answer to be kept; the octets are the caller's. */
struct s53_cache_answer {
	const uint8_t *message; /* settled */
	size_t len;
	uint32_t lifetime_s; /* 0: for stale use only, where rules->stale_zero_ttl allows it */
	unsigned traits; /* of enum s53_cache_trait */
	const struct s53_extended_error *error; /* that its upstream sent with it; or NULL */
};

/*
 * Keep an answer under the key; it takes the place of what was there. false: not kept, since its
 * lifetime is 0, for want of memory, or because it is larger than a shard can hold. In the latter
 * two cases what was there has gone, too, as in s53_cache_supersede().
 */
bool s53_cache_store(struct s53_cache *cache, const struct s53_cache_ask *ask,
    const struct s53_cache_answer *answer);

/*
 * There is a newer answer, which must not be kept: what is there goes, fresh or expired. So a later
 * failure does not bring it back (RFC 8767 s4: stale data is for lack of an answer).
 */
void s53_cache_supersede(struct s53_cache *cache, const struct s53_cache_ask *ask);

/*
 * Resolving failed. What is there, fresh or stale within max_stale_s, stays, and is marked: for
 * stale_refresh_s (at least servfail_ttl_s) nobody asks for it again. Otherwise the failure
 * itself is kept for servfail_ttl_s, unless that is 0 (RFC 9520 s3.2), with the extended error that
 * an upstream sent (NULL: none did).
 */
void s53_cache_store_failure(struct s53_cache *cache, const struct s53_cache_ask *ask, uint16_t ede,
    const struct s53_extended_error *error);

/* --- all of it: dump, warm restart, another size --------------------------------------------- */

/* One entry, outside of the cache. */
struct s53_cache_record {
	uint32_t view_id, route_id;
	bool dnssec_ok, checking_disabled, authentic, may_be_cut;
	uint64_t stored_ms; /* may lie before the clock's start: then negative as int64_t */
	uint32_t lifetime_s;
	uint32_t kept_s; /* stays for so long, stale time included */
	const uint8_t *octets; /* the message: its question is the key's */
	size_t len;
};

struct s53_cache_cursor {
	uint64_t shard, at, end; /* private; begin with { 0 } */
};

/*
 * Some entries: copied out under one short lock, then each() for each of them. false: that was the
 * last of them. What is stored or moved meanwhile may be missed or seen twice; failures are left
 * out.
 */
bool s53_cache_walk(struct s53_cache *cache, struct s53_cache_cursor *cursor, uint64_t now_ms,
    void (*each)(void *arg, const struct s53_cache_record *record), void *arg);

/* Store one unless the key has an entry or the record's time is over. false: not kept. */
bool s53_cache_restore(
    struct s53_cache *cache, const struct s53_cache_record *record, uint64_t now_ms);
