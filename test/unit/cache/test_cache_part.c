/* SPDX-License-Identifier: ISC
 *
 * test_cache_part.c - a part of an entry that is larger than a datagram, and the note that an
 * entry keeps on its aliases.
 */
#include "fixture.h"

#define COUNT 100

/* An answer with this many addresses, with a CNAME before them if `aliases`. */
static struct octets
large(bool alias)
{
	struct octets message = octets("1234 8180 0001 0000 0000 0000 " QUESTION);
	struct octets cname = octets("c00c 0005 0001 0000003c 0004 .b c010");
	struct octets address = octets(ADDRESS);

	if (alias) {
		memcpy(message.at + message.len, cname.at, cname.len);
		message.len += cname.len;
	}
	for (unsigned i = 0; i < COUNT; i++) {
		memcpy(message.at + message.len, address.at, address.len);
		message.len += address.len;
		message.at[message.len - 1] = (uint8_t)i;
	}
	s53_header_set_count(message.at, S53_ANSWER, COUNT + alias);
	return message;
}

static void
keep(struct fixture *f, bool alias)
{
	struct s53_cache_lookup lookup = ask_of(f);
	struct octets message = large(alias);

	assert_true(s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){
		.message = message.at, .len = message.len, .lifetime_s = 60 }));
}

static void
a_part_has_the_records_that_fit_with_aged_ttls(void **state)
{
	struct fixture *f = fixture_new(2 * MIB);
	struct s53_fit fit = { .limit = 512, .spin = 90 };
	struct s53_cache_lookup lookup;

	(void)state;
	keep(f, false);
	f->now_ms += 10000;
	lookup = ask_of(f);
	s53_cache_find_part(f->cache, &lookup, &fit, f->got, &f->out);
	assert_int_equal(f->out.freshness, S53_CACHE_FRESH);
	assert_int_equal(f->out.len, 29 + 30 * 16);
	assert_int_equal(s53_header_count(f->got, S53_ANSWER), 30);
	assert_int_equal(s53_header_flags(f->got) & S53_TC, S53_TC);
	assert_int_equal(f->got[29 + 15], 90);
	assert_int_equal(f->got[29 + 10 * 16 + 15], 0);
	assert_int_equal(s53_message_least_ttl(f->got, f->out.len), 50);
	fixture_free(f);
}

static void
a_part_that_fits_is_the_whole_answer(void **state)
{
	struct fixture *f = fixture_new(2 * MIB);
	struct s53_fit fit = { .limit = 4096, .spin = 90 };
	struct s53_cache_lookup lookup = ask_of(f);

	(void)state;
	s53_cache_find_part(f->cache, &lookup, &fit, f->got, &f->out);
	assert_int_equal(f->out.freshness, S53_CACHE_MISS);
	keep(f, false);
	s53_cache_find_part(f->cache, &lookup, &fit, f->got, &f->out);
	assert_int_equal(f->out.len, 29 + COUNT * 16);
	assert_int_equal(s53_header_flags(f->got) & S53_TC, 0);
	fixture_free(f);
}

static void
a_note_stays_with_its_entry_until_the_entry_changes(void **state)
{
	struct fixture *f = fixture_new(2 * MIB);
	struct s53_cache_lookup lookup = ask_of(f);
	struct s53_cached seen;

	(void)state;
	keep(f, true);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.aliases);
	assert_int_equal(f->out.note, 0);
	seen = f->out;
	s53_cache_note(f->cache, &lookup, &seen, 53);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->out.note, 53);
	f->now_ms += 1;
	keep(f, true);
	s53_cache_note(f->cache, &lookup, &seen, 54);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->out.note, 0);
	fixture_free(f);
}

static void
an_entry_without_aliases_keeps_no_note(void **state)
{
	struct fixture *f = fixture_new(2 * MIB);
	struct s53_cache_lookup lookup = ask_of(f);

	(void)state;
	keep(f, false);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	s53_cache_note(f->cache, &lookup, &f->out, 53);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->out.note, 0);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_has_the_records_that_fit_with_aged_ttls),
		cmocka_unit_test(a_part_that_fits_is_the_whole_answer),
		cmocka_unit_test(a_note_stays_with_its_entry_until_the_entry_changes),
		cmocka_unit_test(an_entry_without_aliases_keeps_no_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
