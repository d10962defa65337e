/* SPDX-License-Identifier: ISC
 *
 * test_cachefile.c - the entries of a written file are read back, aged.
 */
#include "cachefile_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static void
written_answers_are_read_back_and_have_aged(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);
	struct s53_cache_record plain = record_of(1500), other = record_of(0);
	const struct found *found;
	uint8_t octets[S53_MESSAGE_MAX];

	(void)state;
	other.view_id = UINT32_MAX;
	other.route_id = UINT32_MAX - 1;
	other.dnssec_ok = other.checking_disabled = other.authentic = other.may_be_cut = true;
	other.lifetime_s = 86400;
	other.kept_s = UINT32_MAX;
	assert_true(put(old, "plain.example.com", plain, 1));
	assert_true(put(old, "other.example.com", other, 3));
	assert_int_equal(save(old), 2);
	assert_int_equal(load(new, 30), 2);

	found = find(new, "plain.example.com");
	assert_int_equal(found->count, 1);
	assert_int_equal(found->record.view_id, 7);
	assert_int_equal(found->record.route_id, 9);
	assert_false(found->record.dnssec_ok || found->record.checking_disabled ||
	    found->record.authentic || found->record.may_be_cut);
	assert_int_equal(found->record.lifetime_s, 300);
	assert_int_equal(found->record.kept_s, 3600);
	assert_int_equal((int64_t)found->record.stored_ms, 5000 - 31500);
	assert_int_equal(found->record.len, message_of("plain.example.com", 1, octets));
	assert_memory_equal(found->octets, octets, found->record.len);

	found = find(new, "other.example.com");
	assert_int_equal(found->count, 1);
	assert_int_equal(found->record.view_id, UINT32_MAX);
	assert_int_equal(found->record.route_id, UINT32_MAX - 1);
	assert_true(found->record.dnssec_ok && found->record.checking_disabled &&
	    found->record.authentic && found->record.may_be_cut);
	assert_int_equal(found->record.lifetime_s, 86400);
	assert_int_equal(found->record.kept_s, UINT32_MAX);
	assert_int_equal((int64_t)found->record.stored_ms, 5000 - 30000);
	assert_int_equal(found->record.len, message_of("other.example.com", 3, octets));
	assert_memory_equal(found->octets, octets, found->record.len);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
stale_answers_stay_as_long_as_without_a_restart(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);

	(void)state;
	assert_true(put(old, "stale.example.com", record_of(400 * 1000), 1));
	assert_int_equal(save(old), 1);
	assert_int_equal(load(new, 3199), 1);
	assert_int_equal(find(new, "stale.example.com")->count, 1);
	s53_cache_drop(new);
	new = s53_cache_new(SIZE);
	assert_int_equal(load(new, 3201), 0); /* read, and expired */
	s53_cache_drop(new);
	new = s53_cache_new(SIZE);
	assert_int_equal(load(new, UINT32_MAX + UINT64_C(99)), 0);
	assert_int_equal(find(new, NULL)->all, 0);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
answers_that_the_cache_has_already_stay(void **state)
{
	static const char *const names[] = { "a.example.com", "b.example.com", NULL };
	struct s53_cache *old = cache_of(names), *new = s53_cache_new(SIZE);
	struct s53_cache_record newer = record_of(0);

	(void)state;
	newer.stored_ms = LATER_MS;
	assert_int_equal(save(old), 2);
	assert_true(put(new, "a.example.com", newer, 5));
	assert_int_equal(load(new, 0), 1);
	assert_int_equal(find(new, "a.example.com")->count, 1);
	assert_int_equal(s53_header_count(find(new, "a.example.com")->octets, S53_ANSWER), 5);
	assert_int_equal(find(new, "b.example.com")->count, 1);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
many_answers_take_many_blocks_and_one_turn_each(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);
	struct s53_cachefile_loader *loader = NULL;
	unsigned turns = 0;
	uint64_t kept;
	char name[64];

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "name-%u.example.com", i);
		put(old, name, record_of(0), i % 8);
	}
	kept = find(old, NULL)->all;
	assert_in_range(kept, 5000, 6000);
	assert_int_equal(save(old), kept);
	assert_int_equal(open_after(0, &loader), S53_OK);
	while (s53_cachefile_progress(loader, new, LATER_MS, why) == S53_CACHEFILE_MORE)
		turns++;
	assert_in_range(turns, 8, 40);
	assert_int_equal(s53_cachefile_loaded(loader), kept);
	s53_cachefile_close(loader);
	assert_int_equal(find(new, NULL)->all, kept);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
the_largest_message_fits(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);

	(void)state;
	assert_true(put(old, "large.example.com", record_of(0), 4000));
	assert_true(put(old, "larger.example.com", record_of(0), 4093));
	assert_int_equal(save(old), 2);
	assert_int_equal(load(new, 0), 2);
	assert_int_equal(
	    s53_header_count(find(new, "larger.example.com")->octets, S53_ANSWER), 4093);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
an_empty_cache_is_written_too(void **state)
{
	static const char *const none[] = { NULL };
	struct s53_cache *cache = cache_of(none);

	(void)state;
	assert_int_equal(save(cache), 0);
	assert_int_equal(load(cache, 0), 0);
	s53_cache_drop(cache);
}

static void
a_file_that_cannot_be_written_leaves_the_old_one(void **state)
{
	static const char *const names[] = { "a.example.com", "b.example.com", NULL };
	struct s53_cache *cache = cache_of(names);
	struct rlimit limit, small = { 100, RLIM_INFINITY };
	uint64_t entries = 99;

	(void)state;
	assert_int_equal(s53_cachefile_save(cache, "no/it", writing, &entries, why), S53_E_IO);
	assert_string_equal(why, "cannot be written: No such file or directory");
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(s53_cachefile_save(cache, "dir", writing, &entries, why), S53_E_IO);
	assert_string_equal(why, "is not a regular file");

	save_one();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(s53_cachefile_save(cache, "it", writing, &entries, why), S53_E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_string_equal(why, "cannot be written: File too large");
	assert_int_equal(entries, 99);
	assert_int_equal(access("it.new", F_OK), -1);
	s53_cache_drop(cache);
	cache = s53_cache_new(SIZE);
	assert_int_equal(load(cache, 0), 1);
	s53_cache_drop(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(written_answers_are_read_back_and_have_aged),
		TEST(stale_answers_stay_as_long_as_without_a_restart),
		TEST(answers_that_the_cache_has_already_stay),
		TEST(many_answers_take_many_blocks_and_one_turn_each),
		TEST(the_largest_message_fits),
		TEST(an_empty_cache_is_written_too),
		TEST(a_file_that_cannot_be_written_leaves_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
