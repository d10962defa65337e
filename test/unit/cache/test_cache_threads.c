/* SPDX-License-Identifier: ISC
 *
 * test_cache_threads.c - several threads store, find, walk and count at once. A find returns a
 * whole answer of one store, never pieces of two. This is most useful with -fsanitize=thread.
 */
#include "fixture.h"

#include <pthread.h>

#include <split53/rand.h>

#define NAMES 2000
#define STEPS 30000

struct shared {
	struct s53_cache *cache;
	struct s53_cache_rules rules;
	struct s53_question questions[NAMES];
	struct s53_key keys[NAMES];
};

struct worker {
	pthread_t thread;
	struct shared *shared;
	uint64_t seed;
	unsigned found;
	bool torn;
};

/* All bytes of the record are equal, and the first two are its length. */
static bool
is_whole(const uint8_t *octets, size_t len, const struct s53_question *question)
{
	size_t at = S53_HEADER_LEN + question->name.len + 4u + 12u;

	for (size_t i = at; i < len; i++)
		if (octets[i] != (uint8_t)len)
			return false;
	return memcmp(octets + S53_HEADER_LEN, question->lower.octets, question->name.len) == 0;
}

static void
step(struct worker *worker, uint64_t now_ms, uint8_t *octets)
{
	struct shared *shared = worker->shared;
	unsigned i = s53_rand_below(NAMES);
	struct s53_cache_lookup lookup = {
		.key = &shared->keys[i], .route_id = 7, .rules = &shared->rules, .now_ms = now_ms
	};
	struct s53_cached out;

	s53_cache_prefetch(shared->cache, &shared->keys[s53_rand_below(NAMES)]);
	s53_cache_prefetch_entry(shared->cache, &shared->keys[s53_rand_below(NAMES)]);
	if (s53_rand_below(4) == 0) {
		size_t len = 60 + s53_rand_below(s53_rand_below(50) == 0 ? 60000 : 1000);

		answer_of_len(&shared->questions[i], len, (uint8_t)len, octets);
		(void)s53_cache_store(shared->cache, &lookup,
		    &(struct s53_cache_answer){ .message = octets, .len = len, .lifetime_s = 300 });
	} else if (s53_rand_below(20) == 0) {
		s53_cache_store_failure(shared->cache, &lookup, S53_EDE_NETWORK_ERROR, NULL);
	} else {
		s53_cache_find(shared->cache, &lookup, octets, S53_MESSAGE_MAX, &out);
		if (out.freshness == S53_CACHE_FRESH) {
			worker->found++;
			worker->torn |= !is_whole(octets, out.len, &shared->questions[i]);
		}
	}
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	uint8_t *octets = malloc(S53_MESSAGE_MAX);

	s53_rand_test_seed(worker->seed);
	for (unsigned i = 0; octets != NULL && i < STEPS; i++)
		step(worker, START_MS + i, octets);
	free(octets);
	return NULL;
}

static void
touch(void *arg, const struct s53_cache_record *record)
{
	unsigned *sum = arg;

	for (size_t i = 0; i < record->len; i += 64)
		*sum += record->octets[i];
}

static void *
watch(void *arg)
{
	struct worker *worker = arg;
	struct cache_count count;
	unsigned sum = 0;

	for (unsigned i = 0; i < 50; i++) {
		struct s53_cache_cursor cursor = { 0 };

		while (s53_cache_walk(worker->shared->cache, &cursor, START_MS, touch, &sum))
			continue;
		count = cache_count(worker->shared->cache);
		worker->torn |= count.used_octets > s53_cache_max_octets(worker->shared->cache);
	}
	return NULL;
}

static void
concurrent_threads_get_whole_answers(void **state)
{
	static struct shared shared;
	struct worker workers[3];

	(void)state;
	shared.cache = s53_cache_new(4 * MIB);
	shared.rules = default_rules();
	for (unsigned i = 0; i < NAMES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "n%u.example", i);
		shared.questions[i] = question_of(name, S53_TYPE_A);
		s53_key_make(&shared.keys[i], 1, &shared.questions[i], false, false);
	}
	for (unsigned i = 0; i < 3; i++) {
		workers[i] = (struct worker){ .shared = &shared, .seed = i };
		assert_int_equal(
		    pthread_create(&workers[i].thread, NULL, i < 2 ? work : watch, &workers[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_false(workers[i].torn);
		assert_true(workers[i].found > 100 || i == 2);
	}
	s53_cache_drop(shared.cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concurrent_threads_get_whole_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
