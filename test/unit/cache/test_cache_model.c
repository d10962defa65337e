/* SPDX-License-Identifier: ISC
 *
 * test_cache_model.c - random stores, finds, failures and walks, compared with a plain table: a
 * find returns what was stored last, within its lifetime, with aged TTLs.
 */
#include "fixture.h"

#include <split53/rand.h>

#define KEYS 400

/* What the table knows about a key. */
struct known {
	bool there; /* an answer was stored */
	uint32_t route_id;
	uint32_t lifetime_s, kept_s;
	uint64_t stored_ms;
	size_t len;
	uint8_t fill;
	uint64_t failed_ms; /* when a failure was last stored; 0: not since the answer */
	bool failure; /* only a failure, for lifetime_s */
};

struct model {
	struct fixture *f;
	struct known known[KEYS];
	size_t len_max; /* of answers */
	bool all_fits; /* nothing ever has to be evicted */
	unsigned fresh, stale, failures, misses;
};

static void
ask_about_nth(struct model *m, unsigned i)
{
	char name[64];

	/* a quarter of the names, in four variants */
	snprintf(name, sizeof(name), "n%u.model.example", i / 4);
	m->f->question = question_of(name, S53_TYPE_A);
	s53_key_make(&m->f->key, i % 2, &m->f->question, i / 2 % 2 != 0, false);
}

static void
do_store(struct model *m, unsigned i)
{
	struct known *known = &m->known[i];
	uint8_t message[S53_MESSAGE_MAX];
	struct s53_cache_lookup lookup;

	m->f->route_id = 7 + s53_rand_below(10) / 9;
	ask_about_nth(m, i);
	lookup = ask_of(m->f);
	*known = (struct known){
		.there = true,
		.route_id = m->f->route_id,
		.lifetime_s = 1 + s53_rand_below(300),
		.stored_ms = m->f->now_ms,
		.len = 60 + s53_rand_below((uint32_t)m->len_max - 60),
		.fill = (uint8_t)s53_rand_below(256),
	};
	known->kept_s = known->lifetime_s;
	if (m->f->rules.stale_keep || m->f->rules.stale_answer)
		known->kept_s += m->f->rules.max_stale_s;
	answer_of_len(&m->f->question, known->len, known->fill, message);
	assert_true(s53_cache_store(m->f->cache, &lookup,
	    &(struct s53_cache_answer){
		.message = message, .len = known->len, .lifetime_s = known->lifetime_s }));
}

static void
do_fail(struct model *m, unsigned i)
{
	struct known *known = &m->known[i];
	bool of_use = known->there && !known->failure && known->route_id == m->f->route_id &&
	    m->f->now_ms < known->stored_ms + known->kept_s * UINT64_C(1000);

	if (!m->all_fits) /* it may have been evicted */
		return;
	ask_about_nth(m, i);
	resolving_fails(m->f, S53_EDE_NETWORK_ERROR);
	if (of_use) {
		known->failed_ms = m->f->now_ms;
	} else {
		*known = (struct known){
			.there = true,
			.failure = true,
			.route_id = m->f->route_id,
			.lifetime_s = m->f->rules.servfail_ttl_s,
			.stored_ms = m->f->now_ms,
		};
	}
}

static enum s53_freshness
expected(const struct model *m, const struct known *known)
{
	const struct s53_cache_rules *rules = &m->f->rules;
	uint64_t end_ms = known->stored_ms + known->lifetime_s * UINT64_C(1000);
	uint64_t over_ms = known->stored_ms + known->kept_s * UINT64_C(1000);

	if (!known->there || known->route_id != m->f->route_id)
		return S53_CACHE_MISS;
	if (known->failure)
		return m->f->now_ms < end_ms ? S53_CACHE_FAILURE : S53_CACHE_MISS;
	if (m->f->now_ms < end_ms)
		return S53_CACHE_FRESH;
	if (rules->stale_answer && m->f->now_ms < over_ms)
		return S53_CACHE_STALE;
	/* all times here are multiples of 64 ms, the unit in which failures are remembered */
	if (known->failed_ms != 0 &&
	    m->f->now_ms < known->failed_ms + rules->servfail_ttl_s * UINT64_C(1000))
		return S53_CACHE_FAILURE;
	return S53_CACHE_MISS;
}

static void
check_octets(const struct model *m, const struct known *known, uint32_t least)
{
	uint32_t age_s = (uint32_t)((m->f->now_ms - known->stored_ms) / 1000);
	uint8_t message[S53_MESSAGE_MAX];
	size_t at = S53_HEADER_LEN + m->f->question.name.len + 4u + 6u;

	answer_of_len(&m->f->question, known->len, known->fill, message);
	s53_u32_put(message + at, age_s < 300 ? 300 - age_s : least);
	assert_int_equal(m->f->out.len, known->len);
	assert_memory_equal(m->f->got, message, known->len);
}

static void
do_find(struct model *m, unsigned i)
{
	struct known *known = &m->known[i];
	enum s53_freshness freshness, should;

	m->f->route_id = 7 + s53_rand_below(10) / 9;
	ask_about_nth(m, i);
	should = expected(m, known);
	freshness = find(m->f);
	if (freshness == S53_CACHE_MISS && !m->all_fits) {
		m->misses++;
		return;
	}
	assert_int_equal(freshness, should);
	if (freshness == S53_CACHE_FRESH) {
		m->fresh++;
		check_octets(m, known, 1);
	} else if (freshness == S53_CACHE_STALE) {
		m->stale++;
		assert_int_equal(find_stale(m->f), S53_CACHE_STALE);
		check_octets(m, known, m->f->rules.stale_answer_ttl_s);
	} else if (freshness == S53_CACHE_FAILURE) {
		m->failures++;
	}
}

static void
count_one(void *arg, const struct s53_cache_record *record)
{
	unsigned *count = arg;

	(void)record;
	(*count)++;
}

static void
do_walk(struct model *m)
{
	struct s53_cache_cursor cursor = { 0 };
	struct cache_count count = count_of(m->f);
	unsigned seen = 0;

	while (s53_cache_walk(m->f->cache, &cursor, 0, count_one, &seen))
		continue;
	assert_true(seen <= count.entries);
	assert_true(count.entries <= KEYS);
	assert_true(count.used_octets <= s53_cache_max_octets(m->f->cache));
}

static void
run(struct model *m, unsigned steps, uint64_t seed)
{
	s53_rand_test_seed(seed);
	m->f->now_ms = 64 * UINT64_C(1000);
	for (unsigned step = 0; step < steps; step++) {
		unsigned what = s53_rand_below(1000);
		unsigned i = s53_rand_below(KEYS);

		m->f->now_ms += 64 * s53_rand_below(30);
		if (what == 0)
			m->f->rules.stale_answer = !m->f->rules.stale_answer;
		else if (what == 1)
			do_walk(m);
		else if (what < 300)
			do_store(m, i);
		else if (what < 400)
			do_fail(m, i);
		else
			do_find(m, i);
	}
}

static void
a_find_returns_what_was_stored_while_everything_fits(void **state)
{
	struct model m = { .f = fixture_new(0), .len_max = 700, .all_fits = true };

	(void)state;
	m.f->rules.stale_keep = m.f->rules.stale_answer = true;
	m.f->rules.servfail_ttl_s = 30;
	run(&m, 200000, 1);
	assert_true(m.fresh > 10000 && m.stale > 10000 && m.failures > 100);
	fixture_free(m.f);
}

static void
a_find_returns_what_was_stored_while_most_is_evicted(void **state)
{
	struct model m = { .f = fixture_new(0), .len_max = 65000 };

	(void)state;
	m.f->rules.stale_keep = m.f->rules.stale_answer = true;
	run(&m, 30000, 2);
	assert_true(m.fresh > 1000 && m.stale > 100 && m.misses > 1000);
	fixture_free(m.f);
}

static void
a_find_returns_what_was_stored_without_stale_answers(void **state)
{
	struct model m = { .f = fixture_new(3 * MIB), .len_max = 3000, .all_fits = true };

	(void)state;
	m.f->rules.stale_keep = false;
	run(&m, 100000, 3);
	assert_true(m.fresh > 1000);
	fixture_free(m.f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_find_returns_what_was_stored_while_everything_fits),
		cmocka_unit_test(a_find_returns_what_was_stored_while_most_is_evicted),
		cmocka_unit_test(a_find_returns_what_was_stored_without_stale_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
