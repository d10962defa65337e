/* SPDX-License-Identifier: ISC
 *
 * entry.h - the layout of one answer in a shard's memory.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   one block: this header, the offsets of the TTLs, the message; behind it the note (of an
 *          answer with aliases), the seams (of a message that may be cut) and the upstream's
 *          extended error, if it sent one. Its key is the message's question (stored in lower case)
 *          together with view_id and two flags
 * Units    blocks in units of 8 bytes, times in ms of base/clock, TTL and lifetimes in s
 */
#pragma once

#include <split53/cache.h>
#include <split53/fit.h>

#define S53_ENTRY_UNIT 8
#define S53_ENTRY_USES_MAX 3u /* as in the S3-FIFO paper: higher counts do not help */
#define S53_ENTRY_EDE_NONE 63u
#define S53_ENTRY_TTLS_MAX ((S53_MESSAGE_MAX - S53_HEADER_LEN) / 11) /* a record has 11 bytes */
#define S53_ENTRY_SEAMS_FROM 400 /* a shorter message nearly always fits a datagram */
#define S53_ENTRY_ERROR_LEN(text_len) (3 + (text_len)) /* code, length, text */
#define S53_ENTRY_TICK_BITS 6 /* `marked` is in units of 64 ms: it wraps after 8.7 years */

enum {
	S53_ENTRY_DO = 1, /* of the key */
	S53_ENTRY_CD = 2, /* of the key */
	S53_ENTRY_AUTHENTIC = 4,
	S53_ENTRY_ALIASES = 8,
	S53_ENTRY_RESPELL = 16,
	/*
	 * Not a complete answer: without records it is a failure, and `ede` has the reason; with
	 * records it is an answer that may lack some.
	 */
	S53_ENTRY_ODD = 32,
	S53_ENTRY_CLAIMED = 64, /* at `marked` a caller was told to refresh it */
	S53_ENTRY_FAILED = 128, /* at `marked` refreshing it failed, `ede` has the reason */
};

struct s53_entry {
	uint16_t size8; /* of the block */
	uint16_t message_len; /* 0: dead, and what follows `tag` may not exist */
	uint32_t tag; /* the lower half of the key's hash */
	uint8_t flags;
	uint8_t uses : 2, ede : 6;
	uint16_t ttl_count : 15, has_error : 1;
	uint32_t view_id;
	uint32_t route_id;
	uint32_t lifetime_s;
	uint32_t kept_s;
	uint32_t marked; /* when, in ticks of 64 ms, modulo 2^32 */
	int64_t stored_ms; /* may be negative after a warm start */
	uint16_t ttl_at[]; /* offsets into the message; then the message itself */
};

/* The size of a block with the longest message of the shortest records. */
#define S53_ENTRY_SIZE_MAX                                                                     \
	((sizeof(struct s53_entry) + S53_MESSAGE_MAX + S53_ENTRY_TTLS_MAX * sizeof(uint16_t) + \
	     sizeof(uint32_t) + S53_SEAMS_LEN(S53_ENTRY_TTLS_MAX) +                            \
	     S53_ENTRY_ERROR_LEN(S53_ERROR_TEXT_MAX) + S53_ENTRY_UNIT) /                       \
	    S53_ENTRY_UNIT * S53_ENTRY_UNIT)

_Static_assert(sizeof(struct s53_entry) == 40, "each octet counts a million times");

static inline size_t
s53_entry_size(const struct s53_entry *entry)
{
	return (size_t)entry->size8 * S53_ENTRY_UNIT;
}

static inline size_t
s53_entry_seams_len(size_t len, size_t ttl_count)
{
	return len >= S53_ENTRY_SEAMS_FROM ? S53_SEAMS_LEN(ttl_count) : 0;
}

/* Size of a block for a message of `len` bytes with `ttl_count` records. */
static inline size_t
s53_entry_size_for(size_t len, size_t ttl_count, bool aliases, size_t error_len)
{
	size_t size = sizeof(struct s53_entry) + ttl_count * sizeof(uint16_t) + len +
	    (aliases ? sizeof(uint32_t) : 0) + s53_entry_seams_len(len, ttl_count) + error_len;

	return (size + S53_ENTRY_UNIT - 1) & ~(size_t)(S53_ENTRY_UNIT - 1);
}

static inline bool
s53_entry_is_dead(const struct s53_entry *entry)
{
	return entry->message_len == 0;
}

static inline bool
s53_entry_is_failure(const struct s53_entry *entry)
{
	return (entry->flags & S53_ENTRY_ODD) != 0 && entry->ttl_count == 0;
}

static inline bool
s53_entry_may_be_cut(const struct s53_entry *entry)
{
	return (entry->flags & S53_ENTRY_ODD) != 0 && entry->ttl_count > 0;
}

/* Mark the block dead, so that no look-up finds it; the caller removes it from the index. */
static inline void
s53_entry_mark_dead(struct s53_entry *entry, size_t size)
{
	entry->size8 = (uint16_t)(size / S53_ENTRY_UNIT);
	entry->message_len = 0;
	entry->tag = 0;
}

static inline uint8_t *
s53_entry_message(struct s53_entry *entry)
{
	return (uint8_t *)(entry->ttl_at + entry->ttl_count);
}

/* Valid only for an entry with aliases. */
static inline uint8_t *
s53_entry_note(struct s53_entry *entry)
{
	return s53_entry_message(entry) + entry->message_len;
}

/* NULL: it has none. */
static inline uint8_t *
s53_entry_seams(struct s53_entry *entry)
{
	bool aliases = (entry->flags & S53_ENTRY_ALIASES) != 0;

	if (entry->message_len < S53_ENTRY_SEAMS_FROM)
		return NULL;
	return s53_entry_note(entry) + (aliases ? sizeof(uint32_t) : 0);
}

/* Valid only for an entry with has_error. */
static inline uint8_t *
s53_entry_error(struct s53_entry *entry)
{
	bool aliases = (entry->flags & S53_ENTRY_ALIASES) != 0;

	return s53_entry_note(entry) + (aliases ? sizeof(uint32_t) : 0) +
	    s53_entry_seams_len(entry->message_len, entry->ttl_count);
}

/* From this time on it is no longer fresh. */
static inline int64_t
s53_entry_end_ms(const struct s53_entry *entry)
{
	return entry->stored_ms + (int64_t)entry->lifetime_s * 1000;
}

/* From this time on it is of no use, not even as stale data. */
static inline int64_t
s53_entry_over_ms(const struct s53_entry *entry)
{
	return entry->stored_ms + (int64_t)entry->kept_s * 1000;
}

/* Whole seconds since it was stored; 0 if `now_ms` is slightly earlier than that. */
static inline uint32_t
s53_entry_age_s(const struct s53_entry *entry, int64_t now_ms)
{
	int64_t age_s = (now_ms - entry->stored_ms) / 1000;

	if (age_s < 0)
		return 0;
	return age_s > UINT32_MAX ? UINT32_MAX : (uint32_t)age_s;
}

static inline void
s53_entry_mark(struct s53_entry *entry, uint8_t flag, uint64_t now_ms)
{
	entry->flags &= (uint8_t) ~(S53_ENTRY_CLAIMED | S53_ENTRY_FAILED);
	entry->flags |= flag;
	entry->marked = (uint32_t)(now_ms >> S53_ENTRY_TICK_BITS);
}

/* Was it marked so less than `window_s` ago? A window may end up to 63 ms early. */
static inline bool
s53_entry_marked_within(
    const struct s53_entry *entry, uint8_t flag, uint64_t now_ms, uint64_t window_s)
{
	uint64_t mask = (UINT64_C(1) << (32 + S53_ENTRY_TICK_BITS)) - 1;
	uint64_t since = (now_ms - ((uint64_t)entry->marked << S53_ENTRY_TICK_BITS)) & mask;

	return (entry->flags & flag) != 0 && since < window_s * 1000;
}

static inline bool
s53_entry_has_key(struct s53_entry *entry, const struct s53_key *key)
{
	const struct s53_name *name = key->name;
	uint8_t bits = (uint8_t)((key->dnssec_ok ? S53_ENTRY_DO : 0) |
	    (key->checking_disabled ? S53_ENTRY_CD : 0));
	const uint8_t *question = s53_entry_message(entry) + S53_HEADER_LEN;

	return entry->view_id == key->view_id &&
	    (entry->flags & (S53_ENTRY_DO | S53_ENTRY_CD)) == bits &&
	    entry->message_len >= S53_HEADER_LEN + name->len + 4u &&
	    memcmp(question, name->octets, name->len) == 0 &&
	    s53_u16_get(question + name->len) == key->qtype &&
	    s53_u16_get(question + name->len + 2) == key->qclass;
}
