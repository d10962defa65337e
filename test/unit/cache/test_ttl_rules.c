/* SPDX-License-Identifier: ISC
 *
 * test_ttl_rules.c - how long an answer may be kept, and which properties its records give it.
 */
#include "fixture.h"

#define HEAD "1234 8180 0001 "
#define NXHEAD "1234 8183 0001 "
#define A(ttl) "c00c 0001 0001 " ttl " 0004 7f000001 "
#define CNAME(ttl) "c00c 0005 0001 " ttl " 0002 c010 " /* www.example -> example */
#define NS(ttl) "c010 0002 0001 " ttl " 0002 c00c "
#define SOA(ttl, minimum) \
	"c010 0006 0001 " ttl " 001b " SOA_NAMES "00000001 00000002 00000003 00000004 " minimum " "

struct settled {
	uint32_t lifetime_s;
	uint32_t ttl[4];
};

static uint32_t
settle_octets(const struct s53_cache_rules *rules, struct octets *text, uint16_t qtype,
    struct s53_ttl_message *seen)
{
	struct s53_ttl_message message = { .octets = text->at, .len = text->len };
	struct s53_question question = { .qtype = qtype, .qclass = S53_CLASS_IN };
	uint32_t lifetime_s;

	assert_int_equal(s53_name_parse("www.example", &question.lower), S53_OK);
	lifetime_s = s53_cache_apply_ttl_rules(rules, &question, &message);
	if (seen != NULL)
		*seen = message;
	return lifetime_s;
}

static struct settled
settle_as(const struct s53_cache_rules *rules, uint16_t qtype, const char *text)
{
	struct octets message = octets(text);
	struct settled out = { 0 };
	struct s53_edns edns;
	struct s53_walk walk;
	struct s53_rr rr;
	size_t opt_at;

	assert_true(s53_message_check(message.at, message.len, &edns, &opt_at));
	out.lifetime_s = settle_octets(rules, &message, qtype, NULL);
	assert_true(s53_message_check(message.at, message.len, &edns, &opt_at));
	assert_true(s53_walk_begin(&walk, message.at, message.len));
	for (size_t i = 0; s53_walk_next(&walk, &rr); i++)
		out.ttl[i] = rr.ttl;
	return out;
}

static struct settled
settle(const struct s53_cache_rules *rules, const char *text)
{
	return settle_as(rules, S53_TYPE_A, text);
}

static void
the_least_ttl_of_all_records_is_the_lifetime(void **state) /* RFC 2181 s5.2 */
{
	struct s53_cache_rules rules = default_rules();
	struct settled all = settle(
	    &rules, HEAD "0001 0001 0001 " QUESTION A("0000012c") NS("00000064") A("00000032"));

	(void)state;
	assert_int_equal(all.lifetime_s, 50);
	assert_int_equal(all.ttl[0], 300);
	assert_int_equal(all.ttl[1], 100);
	assert_int_equal(all.ttl[2], 50);
}

static void
max_cache_ttl_and_min_cache_ttl_bound_each_record(void **state)
{
	struct s53_cache_rules rules = default_rules();
	struct settled all;

	(void)state;
	rules.max_ttl_s = 200;
	rules.min_ttl_s = 60;
	all = settle(
	    &rules, HEAD "0002 0001 0000 " QUESTION A("0000012c") A("00000064") NS("0000001e"));
	assert_int_equal(all.lifetime_s, 60);
	assert_int_equal(all.ttl[0], 200);
	assert_int_equal(all.ttl[1], 100);
	assert_int_equal(all.ttl[2], 60);
}

static void
max_cache_ttl_overrides_a_greater_min_cache_ttl(void **state)
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	rules.max_ttl_s = 10;
	rules.min_ttl_s = 60;
	assert_int_equal(settle(&rules, HEAD "0001 0000 0000 " QUESTION A("0000001e")).ttl[0], 10);
	rules.max_ttl_s = 0;
	assert_int_equal(
	    settle(&rules, HEAD "0001 0000 0000 " QUESTION A("0000001e")).lifetime_s, 0);
}

static void
ttl_0_is_not_kept_unless_min_cache_ttl_raises_it(void **state) /* RFC 1035 s3.2.1 */
{
	struct s53_cache_rules rules = default_rules();
	const char *text = HEAD "0002 0000 0000 " QUESTION A("0000012c") A("00000000");

	(void)state;
	assert_int_equal(settle(&rules, text).lifetime_s, 0);
	rules.min_ttl_s = 5;
	assert_int_equal(settle(&rules, text).lifetime_s, 5);
	assert_int_equal(settle(&rules, text).ttl[1], 5);
}

static void
a_ttl_over_31_bits_counts_as_zero(void **state) /* RFC 2181 s8 */
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	assert_int_equal(
	    settle(&rules, HEAD "0001 0000 0000 " QUESTION A("80000000")).lifetime_s, 0);
	assert_int_equal(settle(&rules, HEAD "0001 0000 0000 " QUESTION A("ffffffff")).ttl[0], 0);
	assert_int_equal(
	    settle(&rules, NXHEAD "0000 0001 0000 " QUESTION SOA("0000003c", "80000000"))
		.lifetime_s,
	    0);
	rules.max_ttl_s = UINT32_MAX;
	assert_int_equal(
	    settle(&rules, HEAD "0001 0000 0000 " QUESTION A("7fffffff")).lifetime_s, 0x7fffffff);
	rules.min_ttl_s = UINT32_MAX;
	assert_int_equal(
	    settle(&rules, HEAD "0001 0000 0000 " QUESTION A("80000000")).ttl[0], 0x7fffffff);
}

static void
nxdomain_is_kept_for_the_lesser_of_soa_ttl_and_minimum(void **state) /* RFC 2308 s5 */
{
	struct s53_cache_rules rules = default_rules();
	struct settled all;

	(void)state;
	all = settle(&rules, NXHEAD "0000 0001 0000 " QUESTION SOA("00000e10", "0000003c"));
	assert_int_equal(all.lifetime_s, 60);
	assert_int_equal(all.ttl[0], 60);
	all = settle(&rules, NXHEAD "0000 0001 0000 " QUESTION SOA("0000001e", "0000003c"));
	assert_int_equal(all.lifetime_s, 30);
	assert_int_equal(all.ttl[0], 30);
	all = settle(&rules,
	    NXHEAD "0000 0002 0000 " QUESTION SOA("0000000a", "0000003c")
		SOA("0000003c", "0000003c"));
	assert_int_equal(all.lifetime_s, 10);
}

static void
nodata_is_kept_like_nxdomain(void **state) /* RFC 2308 s2.2 type 1 and 2, s5 */
{
	struct s53_cache_rules rules = default_rules();
	struct settled all = settle(
	    &rules, HEAD "0000 0002 0000 " QUESTION NS("00000384") SOA("00000e10", "0000003c"));

	(void)state;
	assert_int_equal(all.lifetime_s, 60);
	assert_int_equal(all.ttl[0], 900);
	assert_int_equal(all.ttl[1], 60);
}

static void
the_ncache_ttls_bound_only_negative_answers(void **state)
{
	struct s53_cache_rules rules = default_rules();
	const char *negative = NXHEAD "0000 0001 0000 " QUESTION SOA("00000e10", "00000e10");

	(void)state;
	rules.min_ttl_s = 20;
	rules.max_ncache_ttl_s = 600;
	assert_int_equal(settle(&rules, negative).lifetime_s, 600);
	assert_int_equal(
	    settle(&rules, HEAD "0001 0000 0000 " QUESTION A("00000e10")).lifetime_s, 3600);
	assert_int_equal(
	    settle(&rules, NXHEAD "0000 0001 0000 " QUESTION SOA("00000000", "00000e10"))
		.lifetime_s,
	    0);
	rules.min_ncache_ttl_s = 15;
	assert_int_equal(
	    settle(&rules, NXHEAD "0000 0001 0000 " QUESTION SOA("00000000", "00000e10"))
		.lifetime_s,
	    15);
}

static void
an_soa_that_answers_the_query_is_data(void **state)
{
	struct s53_cache_rules rules = default_rules();
	struct settled all = settle_as(&rules, S53_TYPE_SOA,
	    HEAD "0001 0000 0000 .www .example 00 0006 0001 " SOA("00000e10", "0000003c"));

	(void)state;
	assert_int_equal(all.lifetime_s, 3600);
	all = settle(
	    &rules, HEAD "0001 0001 0000 " QUESTION A("00000e10") SOA("00000e10", "0000003c"));
	assert_int_equal(all.lifetime_s, 3600);
}

static void
a_negative_answer_without_soa_is_not_kept(void **state) /* RFC 2308 s5 */
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	rules.min_ncache_ttl_s = 60;
	assert_int_equal(settle(&rules, NXHEAD "0000 0000 0000 " QUESTION).lifetime_s, 0);
	assert_int_equal(settle(&rules, HEAD "0000 0000 0000 " QUESTION).lifetime_s, 0);
	assert_int_equal(
	    settle(&rules, NXHEAD "0001 0000 0000 " QUESTION CNAME("0000012c")).lifetime_s, 0);
	/* an SOA in the additional section does not count as authority */
	assert_int_equal(
	    settle(&rules, NXHEAD "0000 0000 0001 " QUESTION SOA("00000e10", "0000003c"))
		.lifetime_s,
	    0);
}

static void
a_referral_is_not_kept(void **state) /* RFC 2308 s2.2: NS without SOA */
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	assert_int_equal(
	    settle(&rules, HEAD "0000 0001 0000 " QUESTION NS("0000012c")).lifetime_s, 0);
}

static void
a_chain_without_data_at_its_end_lives_as_long_as_its_soa_and_aliases(
    void **state) /* RFC 2308 s2.1 */
{
	struct s53_cache_rules rules = default_rules();
	struct settled all;

	(void)state;
	all = settle(&rules,
	    NXHEAD "0001 0001 0000 " QUESTION CNAME("0000012c") SOA("00000e10", "0000003c"));
	assert_int_equal(all.lifetime_s, 60);
	assert_int_equal(all.ttl[0], 300);
	assert_int_equal(all.ttl[1], 60);
	all = settle(
	    &rules, HEAD "0001 0001 0000 " QUESTION CNAME("0000001e") SOA("00000e10", "0000003c"));
	assert_int_equal(all.lifetime_s, 30);
	assert_int_equal(all.ttl[1], 60);
}

static void
a_bare_alias_is_data(void **state)
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	assert_int_equal(
	    settle(&rules, HEAD "0001 0000 0000 " QUESTION CNAME("0000012c")).lifetime_s, 300);
}

static void
queries_for_any_cname_and_rrsig_are_answered_by_records_of_that_type(void **state)
{
	struct s53_cache_rules rules = default_rules();
	const char *soa = SOA("00000e10", "0000003c");
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), HEAD "0001 0001 0000 .www .example 00 00ff 0001 %s%s",
	    CNAME("0000012c"), soa);
	assert_int_equal(settle_as(&rules, S53_TYPE_ANY, text).lifetime_s, 300);
	snprintf(text, sizeof(text), HEAD "0001 0001 0000 .www .example 00 0005 0001 %s%s",
	    CNAME("0000012c"), soa);
	assert_int_equal(settle_as(&rules, S53_TYPE_CNAME, text).lifetime_s, 300);
	/* a DNAME does not answer a query for CNAME; an RRSIG answers only a query for RRSIG */
	assert_int_equal(settle_as(&rules, S53_TYPE_CNAME,
			     HEAD "0001 0000 0000 .www .example 00 0005 0001 "
				  "c010 0027 0001 0000012c 0003 .x 00 ")
			     .lifetime_s,
	    300);
	snprintf(text, sizeof(text),
	    HEAD "0001 0001 0000 .www .example 00 002e 0001 "
		 "c00c 002e 0001 0000012c 0014 "
		 "0001 05 02 0000012c 00000000 00000000 0000 00 ff %s",
	    soa);
	assert_int_equal(settle_as(&rules, S53_TYPE_RRSIG, text).lifetime_s, 300);
	assert_int_equal(settle_as(&rules, S53_TYPE_A, text).lifetime_s, 60);
}

static void
mailb_and_maila_are_answered_by_any_of_their_types(void **state) /* RFC 1035 s3.2.3 */
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	assert_int_equal(settle_as(&rules, S53_TYPE_MAILB,
			     HEAD "0001 0000 0000 .www .example 00 00fd 0001 "
				  "c00c 0008 0001 0000012c 0002 c00c ")
			     .lifetime_s,
	    300);
	assert_int_equal(settle_as(&rules, S53_TYPE_MAILA,
			     HEAD "0001 0000 0000 .www .example 00 00fe 0001 "
				  "c00c 0003 0001 0000012c 0002 c00c ")
			     .lifetime_s,
	    300);
	assert_int_equal(settle_as(&rules, S53_TYPE_MAILA,
			     HEAD "0001 0000 0000 .www .example 00 00fe 0001 "
				  "c00c 0008 0001 0000012c 0002 c00c ")
			     .lifetime_s,
	    0);
}

static void
a_truncated_answer_is_not_kept(void **state) /* RFC 2181 s9 */
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	assert_int_equal(
	    settle(&rules, "1234 8380 0001 0001 0000 0000 " QUESTION A("0000012c")).lifetime_s, 0);
}

static void
other_rcodes_are_not_kept(void **state) /* RFC 2308 s7, RFC 9520 s3.2: see store_failure */
{
	struct s53_cache_rules rules = default_rules();

	(void)state;
	assert_int_equal(
	    settle(&rules, "1234 8182 0001 0001 0000 0000 " QUESTION A("0000012c")).lifetime_s, 0);
	assert_int_equal(
	    settle(&rules, "1234 8185 0001 0001 0000 0000 " QUESTION A("0000012c")).lifetime_s, 0);
}

static void
rules_that_are_off_change_nothing(void **state)
{
	struct s53_cache_rules rules = default_rules();
	struct settled all;

	(void)state;
	rules.enabled = false;
	rules.max_ttl_s = 10;
	all = settle(&rules, HEAD "0002 0000 0000 " QUESTION A("0000012c") A("ffffffff"));
	assert_int_equal(all.lifetime_s, 0);
	assert_int_equal(all.ttl[0], 300);
	assert_int_equal(all.ttl[1], 0xffffffff);
}

/* The message check rejects such an SOA; even so nothing is read beyond it. */
static void
an_soa_without_numbers_has_minimum_zero(void **state)
{
	struct s53_cache_rules rules = default_rules();
	struct octets message =
	    octets(NXHEAD "0000 0001 0000 " QUESTION "c010 0006 0001 0000012c 0002 0000");

	(void)state;
	assert_int_equal(settle_octets(&rules, &message, S53_TYPE_A, NULL), 0);
	message.len -= 1;
	assert_int_equal(settle_octets(&rules, &message, S53_TYPE_A, NULL), 0);
}

static void
aliases_and_owners_that_need_respelling_are_reported(void **state)
{
	struct s53_cache_rules rules = default_rules();
	struct octets plain = octets(HEAD "0001 0000 0000 " QUESTION A("0000012c"));
	struct octets alias = octets(HEAD "0001 0000 0000 " QUESTION CNAME("0000012c"));
	struct octets literal = octets(
	    HEAD "0001 0000 0000 " QUESTION ".WWW .example 00 0001 0001 0000012c 0004 7f000001");
	struct s53_ttl_message seen;

	(void)state;
	settle_octets(&rules, &plain, S53_TYPE_A, &seen);
	assert_false(seen.aliases || seen.respell);
	settle_octets(&rules, &alias, S53_TYPE_A, &seen);
	assert_true(seen.aliases && !seen.respell);
	rules.enabled = false;
	settle_octets(&rules, &literal, S53_TYPE_A, &seen);
	assert_true(seen.respell && !seen.aliases);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_ttl_of_all_records_is_the_lifetime),
		cmocka_unit_test(aliases_and_owners_that_need_respelling_are_reported),
		cmocka_unit_test(max_cache_ttl_and_min_cache_ttl_bound_each_record),
		cmocka_unit_test(max_cache_ttl_overrides_a_greater_min_cache_ttl),
		cmocka_unit_test(ttl_0_is_not_kept_unless_min_cache_ttl_raises_it),
		cmocka_unit_test(a_ttl_over_31_bits_counts_as_zero),
		cmocka_unit_test(nxdomain_is_kept_for_the_lesser_of_soa_ttl_and_minimum),
		cmocka_unit_test(nodata_is_kept_like_nxdomain),
		cmocka_unit_test(the_ncache_ttls_bound_only_negative_answers),
		cmocka_unit_test(an_soa_that_answers_the_query_is_data),
		cmocka_unit_test(a_negative_answer_without_soa_is_not_kept),
		cmocka_unit_test(a_referral_is_not_kept),
		cmocka_unit_test(
		    a_chain_without_data_at_its_end_lives_as_long_as_its_soa_and_aliases),
		cmocka_unit_test(a_bare_alias_is_data),
		cmocka_unit_test(
		    queries_for_any_cname_and_rrsig_are_answered_by_records_of_that_type),
		cmocka_unit_test(mailb_and_maila_are_answered_by_any_of_their_types),
		cmocka_unit_test(a_truncated_answer_is_not_kept),
		cmocka_unit_test(other_rcodes_are_not_kept),
		cmocka_unit_test(rules_that_are_off_change_nothing),
		cmocka_unit_test(an_soa_without_numbers_has_minimum_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
