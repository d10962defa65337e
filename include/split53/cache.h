/* SPDX-License-Identifier: ISC
 *
 * cache.h - the response cache, shared by every worker.
 *
 * Layer    cache: knows base and wire; no view, route, socket or upstream (a route is a number)
 * Threads  any thread may call anything. A shard's lock is taken inside a call, for a look-up and a
 *          copy, and released before the call returns; no callback runs under it
 * Memory   an entry is one contiguous block of its shard's memory: key, message, TTL offsets,
 *          times. find() copies out, store() copies in: no caller has a pointer into the cache. All
 *          that the cache uses counts against its size. If the kernel refuses memory, the response
 *          is not cached, and is still sent
 * Units    TTL and lifetimes: seconds (RFC 2181 s8); now_ms: s53_clock_ms(); sizes: bytes
 * Sources  RFC 2308 s5 (negative answers), RFC 8767 s4 and s5 (stale ones), RFC 9520 s3.2
 *          (failures), RFC 2181 s5.2 and s8 (TTLs). RFC 8020 is not applied: a name without data
 *          may have names below it (the apex of Consul's domain does)
 */
#pragma once

#include <split53/fit.h>
#include <split53/key.h>
#include <split53/message.h>

#define S53_STALE_TIMEOUT_OFF UINT32_MAX

/* What the configuration says about the responses of one view or zone; part of the snapshot. */
struct s53_cache_rules {
	bool enabled; /* false (max-cache-size 0): nothing is stored or found, TTLs are untouched */
	uint32_t max_ttl_s, min_ttl_s; /* max-cache-ttl, min-cache-ttl */
	uint32_t max_ncache_ttl_s, min_ncache_ttl_s;
	uint32_t servfail_ttl_s; /* 0: failures are not cached */
	bool stale_keep; /* stale-cache-enable: expired answers stay for max_stale_s */
	bool stale_answer; /* stale-answer-enable: they are sent, too; implies stale_keep */
	bool stale_zero_ttl; /* stale-zero-ttl: answers of TTL 0 too, stale from the start; implies
				stale_keep */
	uint32_t max_stale_s;
	uint32_t stale_answer_ttl_s; /* TTL of stale records in a response */
	uint32_t stale_refresh_s; /* after a failed refresh: no other one for so long */
	/* 0: stale at once; S53_STALE_TIMEOUT_OFF: on failure */
	uint32_t stale_client_timeout_ms;
	uint32_t prefetch_trigger_s; /* prefetch when so little of the TTL remains; 0: never */
	uint32_t prefetch_eligible_s; /* only if the lifetime was at least this */
};

struct s53_cache;

/*
 * The caller owns one count. `max_octets` bounds entries and overhead together; less than 2 MiB
 * counts as 2 MiB. Memory is allocated as the cache fills. NULL: no memory.
 */
struct s53_cache *s53_cache_new(uint64_t max_octets);
struct s53_cache *s53_cache_keep(struct s53_cache *cache);
void s53_cache_drop(struct s53_cache *cache); /* the last count frees; NULL is fine */
uint64_t s53_cache_max_octets(const struct s53_cache *cache);

/* For statistics: takes a short lock of each shard, one after the other. */
struct s53_cache_usage {
	uint64_t entries; /* answers and failures, expired ones too */
	uint64_t octets; /* of these entries */
	uint64_t evictions; /* entries evicted to make room, since the cache was created */
};
void s53_cache_usage(struct s53_cache *cache, struct s53_cache_usage *out);

/* A look-up: the key and how to treat what is found. A plain value on the stack. */
struct s53_cache_lookup {
	const struct s53_key *key;
	uint32_t route_id; /* an entry that came by another route does not match */
	const struct s53_cache_rules *rules; /* enabled */
	bool no_refresh; /* this caller cannot send queries: `refresh` is never set for it */
	uint64_t now_ms;
};

enum s53_freshness {
	S53_CACHE_MISS,
	S53_CACHE_FRESH,
	S53_CACHE_STALE, /* expired less than max_stale_s ago, and stale_answer is set */
	S53_CACHE_FAILURE, /* resolving failed within servfail_ttl_s, and no answer is cached */
	S53_CACHE_CUT, /* fresh, but stored with S53_CACHE_MAY_BE_CUT: not copied yet */
};

/* Properties of an answer besides its message. */
enum s53_cache_trait {
	S53_CACHE_AUTHENTIC = 1,
	S53_CACHE_MAY_BE_CUT = 2, /* the server may have left out records that did not fit */
};

struct s53_cached {
	enum s53_freshness freshness;
	size_t len; /* FRESH, STALE, CUT; if it exceeds `cap`, the message was not copied */
	uint16_t ede; /* FAILURE: the reason, S53_EDE_* */
	bool
	    /* STALE: a refresh failed within stale_refresh_s; do not try again yet */
	    failed_lately;
	bool refresh; /* FRESH, CUT: this caller is to prefetch; others are not, for some seconds */
	bool authentic; /* as stored */
	bool aliases; /* the answer section has a CNAME or DNAME: chase.c looks whether it leaves */
	bool respell; /* names besides the question spell its labels out: s53_message_respell() */
	bool has_error; /* an upstream's extended error lies beside it: s53_cache_find_error() */
	uint32_t note; /* with aliases: as stored, or what s53_cache_note() left; 0: nothing */
	int64_t stored_ms; /* with aliases */
};

/*
 * Look up. FRESH: the message is copied to `octets`, TTLs lowered by its age; its question and
 * owner names are in lower case, its ID is 0, its flags are as stored. STALE copies nothing: call
 * s53_cache_find_stale(). CUT copies nothing: the caller decides whether a response that may lack
 * records is good enough, and then calls s53_cache_find_part(). Counts as a use of the entry for
 * eviction. Does not allocate.
 */
void s53_cache_find(struct s53_cache *cache, const struct s53_cache_lookup *lookup, uint8_t *octets,
    size_t cap, struct s53_cached *out);

/*
 * The same right after s53_cache_find(), for a message that exceeds the client's size limit, or is
 * CUT: copies what fits `fit->limit`, with TC where needed; out->len is the length of the copy. A
 * CUT entry is reported as FRESH here.
 */
void s53_cache_find_part(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    struct s53_fit *fit, uint8_t *octets, struct s53_cached *out);

/*
 * Store a number with the entry that s53_cache_find() reported in `cached`: what the caller found
 * out about its aliases. It is dropped with the entry, and is not saved in the cache file.
 */
void s53_cache_note(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    const struct s53_cached *cached, uint32_t note);

/* Copy the entry if it is STALE (or has become FRESH); the rules set the TTLs of stale records. */
void s53_cache_find_stale(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    uint8_t *octets, size_t cap, struct s53_cached *out);

/*
 * The upstream's extended error (RFC 8914) that is stored with the entry for which s53_cache_find()
 * or s53_cache_find_stale() set has_error. false: the entry has been evicted or replaced since.
 */
bool s53_cache_find_error(
    struct s53_cache *cache, const struct s53_cache_lookup *lookup, struct s53_extended_error *out);

/*
 * Prefetch the memory that the s53_cache_find() of a batch of queries will read: the first function
 * what a find reads first; the second, called when the whole batch had its first call, what it
 * reads last. Neither takes a lock. With a million entries a find takes some 450 ns without, 330 ns
 * after the first call, 160 ns after both.
 */
void s53_cache_prefetch(const struct s53_cache *cache, const struct s53_key *key);
void s53_cache_prefetch_entry(const struct s53_cache *cache, const struct s53_key *key);

/* A message to which the TTL rules are applied, and what was found in it. */
struct s53_ttl_message {
	uint8_t *octets; /* passed s53_message_check() and has no OPT */
	size_t len;
	bool no_data; /* its last name has only records of other types: do not follow aliases */
	bool aliases, respell; /* out: as in struct s53_cached */
	bool stale_use; /* out: to be stored even with a lifetime of 0 (stale_zero_ttl) */
};

/*
 * Apply the TTL rules to an upstream's response, in place: each record's TTL is moved into
 * [min, max]. In a negative answer (RFC 2308 s2: NXDOMAIN, or NOERROR without the queried type) the
 * SOA's becomes min(its TTL, MINIMUM), moved into the ncache bounds. Returns the lifetime; 0: not
 * to be cached (a TTL of 0, a negative answer or referral without SOA, TC). Rules that are not
 * enabled change nothing and give 0. With rules->stale_zero_ttl an answer without SOA counts as one
 * of TTL 0.
 */
uint32_t s53_cache_apply_ttl_rules(const struct s53_cache_rules *rules,
    const struct s53_question *question, struct s53_ttl_message *message);

/* An answer to be stored; the memory is the caller's. */
struct s53_cache_answer {
	const uint8_t *message; /* after s53_cache_apply_ttl_rules() */
	size_t len;
	uint32_t lifetime_s; /* 0: for stale use only, where rules->stale_zero_ttl allows it */
	unsigned traits; /* of enum s53_cache_trait */
	uint32_t note; /* as s53_cache_note() would leave it */
	const struct s53_extended_error *error; /* that its upstream sent with it; or NULL */
};

/*
 * Store an answer under the key; it replaces an earlier entry. false: not stored, because its
 * lifetime is 0, there is no memory, or it is larger than a shard can hold. In the latter two cases
 * the earlier entry is removed, too, as by s53_cache_supersede().
 */
bool s53_cache_store(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    const struct s53_cache_answer *answer);

/*
 * There is a newer answer, which must not be cached: remove the entry, fresh or expired, so that a
 * later failure does not bring it back (RFC 8767 s4: stale data is used when there is no answer).
 */
void s53_cache_supersede(struct s53_cache *cache, const struct s53_cache_lookup *lookup);

/* The same, but only of what the route of `lookup` has stored: another route's entry stays. */
void s53_cache_forget(struct s53_cache *cache, const struct s53_cache_lookup *lookup);

/*
 * Resolving failed. An entry that is fresh, or stale within max_stale_s, stays and is marked: for
 * stale_refresh_s (at least servfail_ttl_s) it is not refreshed again. Otherwise the failure
 * itself is stored for servfail_ttl_s, unless that is 0 (RFC 9520 s3.2), with the extended error
 * that an upstream sent (NULL: none did).
 */
void s53_cache_store_failure(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    uint16_t ede, const struct s53_extended_error *error);

/* --- all entries: dump, warm restart, change of size ----------------------------------------- */

/* One entry, outside the cache. */
struct s53_cache_record {
	uint32_t view_id, route_id;
	bool dnssec_ok, checking_disabled, authentic, may_be_cut;
	uint64_t stored_ms; /* may be before the clock's start: then negative as int64_t */
	uint32_t lifetime_s;
	uint32_t kept_s; /* stays for so long, stale time included */
	const uint8_t *octets; /* the message; its question section has the key's name and type */
	size_t len;
};

struct s53_cache_cursor {
	uint64_t shard, at, end; /* private; begin with { 0 } */
};

/*
 * Visit some entries: they are copied out under one short lock, then each() is called for each of
 * them. false: these were the last. Entries that are stored or moved meanwhile may be missed or
 * visited twice; failures are not visited.
 */
bool s53_cache_walk(struct s53_cache *cache, struct s53_cache_cursor *cursor, uint64_t now_ms,
    void (*each)(void *arg, const struct s53_cache_record *record), void *arg);

enum s53_flush_kind {
	S53_FLUSH_ALL,
	S53_FLUSH_NAME, /* all types of a name */
	S53_FLUSH_TREE, /* of a name and of all names below it */
};

struct s53_cache_flushed {
	uint64_t walked, flushed; /* entries; with failures */
};

struct s53_cache_flush {
	enum s53_flush_kind kind;
	bool all_views;
	uint32_t view_id; /* unless all_views */
	struct s53_name name; /* NAME, TREE; lower case */
	struct s53_cache_flush *next; /* flushed in the same walk; NULL: this is the last */
	struct s53_cache_flushed
	    sum; /* begin with { 0 }; an entry of several counts for the first */
};

/*
 * Remove some entries (fresh, expired, or failures): those whose question has a flushed name, and
 * those with a record of a flushed name in the answer or additional section. `what` and the flushes
 * that follow it share the walk; each call adds to their sums. *more false: this was the last call,
 * and all matching entries that were stored before the first call are removed. The number of calls
 * is bounded, however many answers are stored meanwhile. Each call holds locks for short times
 * only. A cache has one such walk at a time. S53_E_NOMEM: nothing was done; the call may be
 * repeated.
 */
S53_MUST_USE enum s53_status s53_cache_flush(struct s53_cache *cache, struct s53_cache_flush *what,
    struct s53_cache_cursor *cursor, bool *more);

/* Store one unless the key has an entry or the record's time is over. false: not stored. */
bool s53_cache_restore(
    struct s53_cache *cache, const struct s53_cache_record *record, uint64_t now_ms);
