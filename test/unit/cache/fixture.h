/* SPDX-License-Identifier: ISC
 *
 * fixture.h - a cache, rules, a clock and messages for tests.
 */
#pragma once

#include "unit/wire/octets.h"

#include "cache_count.h"

#include <split53/cache.h>

#define MIB (UINT64_C(1) << 20)
#define START_MS 1000000u
#define SOA_NAMES ".ns 00 .h 00 " /* 7 bytes */

struct fixture {
	struct s53_cache *cache;
	struct s53_cache_rules rules;
	uint64_t now_ms;
	uint32_t route_id;
	struct s53_question question;
	struct s53_key key;
	struct s53_cached out;
	uint8_t got[S53_MESSAGE_MAX];
};

/* named's defaults. */
static inline struct s53_cache_rules
default_rules(void)
{
	return (struct s53_cache_rules){
		.enabled = true,
		.max_ttl_s = 604800,
		.max_ncache_ttl_s = 10800,
		.servfail_ttl_s = 1,
		.max_stale_s = 86400,
		.stale_answer_ttl_s = 30,
		.stale_refresh_s = 30,
		.stale_client_timeout_ms = S53_STALE_TIMEOUT_OFF,
		.prefetch_trigger_s = 2,
		.prefetch_eligible_s = 9,
	};
}

static inline struct s53_question
question_of(const char *name, uint16_t qtype)
{
	struct s53_question question = { .qtype = qtype, .qclass = S53_CLASS_IN };

	assert_int_equal(s53_name_parse(name, &question.name), S53_OK);
	s53_name_lower_of(&question.name, &question.lower);
	return question;
}

/* Set the key that the following calls use. */
static inline void
ask_about(struct fixture *f, const char *name, uint16_t qtype)
{
	f->question = question_of(name, qtype);
	s53_key_make(&f->key, 1, &f->question, false, false);
}

/* For www.example A; a test sets what it needs otherwise. */
static inline struct fixture *
fixture_new(uint64_t max_octets)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->cache = s53_cache_new(max_octets);
	assert_non_null(f->cache);
	f->rules = default_rules();
	f->now_ms = START_MS;
	f->route_id = 7;
	ask_about(f, "www.example", S53_TYPE_A);
	return f;
}

static inline void
fixture_free(struct fixture *f)
{
	s53_cache_drop(f->cache);
	free(f);
}

static inline struct s53_cache_lookup
ask_of(const struct fixture *f)
{
	return (struct s53_cache_lookup){
		.key = &f->key,
		.route_id = f->route_id,
		.rules = &f->rules,
		.now_ms = f->now_ms,
	};
}

static inline bool
store(struct fixture *f, const char *text, uint32_t lifetime_s)
{
	struct octets message = octets(text);
	struct s53_cache_lookup lookup = ask_of(f);

	return s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){
		.message = message.at, .len = message.len, .lifetime_s = lifetime_s });
}

static inline enum s53_freshness
find(struct fixture *f)
{
	struct s53_cache_lookup lookup = ask_of(f);

	s53_cache_find(f->cache, &lookup, f->got, sizeof(f->got), &f->out);
	return f->out.freshness;
}

static inline enum s53_freshness
find_stale(struct fixture *f)
{
	struct s53_cache_lookup lookup = ask_of(f);

	s53_cache_find_stale(f->cache, &lookup, f->got, sizeof(f->got), &f->out);
	return f->out.freshness;
}

static inline void
resolving_fails(struct fixture *f, uint16_t ede)
{
	struct s53_cache_lookup lookup = ask_of(f);

	s53_cache_store_failure(f->cache, &lookup, ede, NULL);
}

/* Assert that the last find returned this message. */
static inline void
assert_got(const struct fixture *f, const char *text)
{
	assert_octets(f->got, f->out.len, text);
}

/* The TTL of record `which` of the message that was found. */
static inline uint32_t
got_ttl(const struct fixture *f, unsigned which)
{
	struct s53_walk walk;
	struct s53_rr rr;

	assert_true(s53_walk_begin(&walk, f->got, f->out.len));
	for (unsigned i = 0; i <= which; i++)
		assert_true(s53_walk_next(&walk, &rr));
	return rr.ttl;
}

static inline struct cache_count
count_of(const struct fixture *f)
{
	return cache_count(f->cache);
}

/*
 * An answer of exactly `len` bytes to a query: one A record or, from 40 bytes over the question
 * on, as many NULL records as needed. Each byte of their rdata is `fill`.
 */
static inline size_t
answer_of_len(const struct s53_question *question, size_t len, uint8_t fill, uint8_t *out)
{
	struct s53_writer writer = s53_writer_of(out, len);

	memset(s53_write_reserve(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_flags(out, S53_QR | S53_RD | S53_RA);
	s53_header_set_count(out, S53_QUESTION, 1);
	s53_header_set_count(out, S53_ANSWER, 1);
	s53_write(&writer, question->name.octets, question->name.len);
	s53_write_u16(&writer, question->qtype);
	s53_write_u16(&writer, question->qclass);
	assert_true(writer.at + 12 <= len);
	s53_write_u16(&writer, 0xc00c);
	s53_write_u16(&writer, S53_TYPE_NULL);
	s53_write_u16(&writer, S53_CLASS_IN);
	s53_write_u32(&writer, 300);
	s53_write_u16(&writer, (uint16_t)(len - writer.at - 2));
	memset(out + writer.at, fill, len - writer.at);
	return len;
}

/* Store an answer of `len` bytes for `name`. Returns whether the cache keeps it. */
static inline bool
store_len(struct fixture *f, const char *name, size_t len, uint32_t lifetime_s)
{
	struct s53_cache_lookup lookup;
	uint8_t message[S53_MESSAGE_MAX];

	ask_about(f, name, S53_TYPE_A);
	lookup = ask_of(f);
	answer_of_len(&f->question, len, 'x', message);
	return s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message, .len = len, .lifetime_s = lifetime_s });
}

static inline enum s53_freshness
find_name(struct fixture *f, const char *name)
{
	ask_about(f, name, S53_TYPE_A);
	return find(f);
}
