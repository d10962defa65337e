/* SPDX-License-Identifier: ISC
 *
 * test_chain.c - where the aliases of an answer lead.
 */
#include "octets.h"

#define ANSWERS(count) "1234 8180 0001 " count " 0000 0000 " QUESTION
#define ALIAS(owner, target) owner " 0005 0001 0000003c 0003 " target " 00 "
#define LAST(owner) owner " 00 0001 0001 0000003c 0004 7f000001 "

/* Follow from www.example; `end` and `answered` are what must come out. Returns the count. */
static unsigned
follow(const char *text, uint16_t qtype, const char *end, bool answered)
{
	struct octets message = octets(text);
	struct s53_name qname = name_of("WWW.example");
	struct s53_name name;
	bool found;
	unsigned count;

	assert_true(passes(&message));
	count = s53_message_chain(message.at, message.len, &qname, qtype, &name, &found);
	assert_name(&name, end);
	assert_int_equal(found, answered);
	return count;
}

static void
without_aliases_the_question_is_the_end(void **state)
{
	(void)state;
	assert_int_equal(follow(ANSWERS("0001") ADDRESS, S53_TYPE_A, "WWW.example", true), 0);
	assert_int_equal(follow(ANSWERS("0001") ADDRESS, S53_TYPE_AAAA, "WWW.example", false), 0);
	assert_int_equal(follow(ANSWERS("0001") ADDRESS, S53_TYPE_ANY, "WWW.example", true), 0);
	assert_int_equal(follow(ANSWERS("0000"), S53_TYPE_A, "WWW.example", false), 0);
	assert_int_equal(follow(ANSWERS("0001") LAST(".b"), S53_TYPE_A, "WWW.example", false), 0);
}

static void
aliases_are_followed_in_any_order(void **state)
{
	(void)state;
	assert_int_equal(follow(ANSWERS("0003") ALIAS("c00c", ".b") ALIAS(".B 00", ".c") LAST(".c"),
			     S53_TYPE_A, "c", true),
	    2);
	assert_int_equal(follow(ANSWERS("0003") LAST(".c") ALIAS(".b 00", ".c") ALIAS("c00c", ".b"),
			     S53_TYPE_A, "c", true),
	    2);
}

static void
a_chain_that_leads_out_of_the_message_is_not_answered(void **state)
{
	(void)state;
	assert_int_equal(follow(ANSWERS("0001") ALIAS("c00c", ".b"), S53_TYPE_A, "b", false), 1);
	assert_int_equal(
	    follow(ANSWERS("0002") ALIAS("c00c", ".b") LAST(".b"), S53_TYPE_AAAA, "b", false), 1);
}

static void
who_asks_for_the_alias_gets_it(void **state)
{
	(void)state;
	assert_int_equal(
	    follow(ANSWERS("0001") ALIAS("c00c", ".b"), S53_TYPE_CNAME, "WWW.example", true), 0);
	assert_int_equal(
	    follow(ANSWERS("0001") ALIAS("c00c", ".b"), S53_TYPE_ANY, "WWW.example", true), 0);
}

static void
a_record_asked_for_goes_before_an_alias_beside_it(void **state)
{
	(void)state;
	assert_int_equal(
	    follow(ANSWERS("0002") ALIAS("c00c", ".b") "c00c 002f 0001 00000000 0001 00",
		S53_TYPE_NSEC, "WWW.example", true),
	    0);
}

static void
circles_end_where_they_come_back(void **state)
{
	(void)state;
	assert_int_equal(follow(ANSWERS("0001") "c00c 0005 0001 0000003c 0002 c00c", S53_TYPE_A,
			     "www.example", false),
	    1);
	assert_int_equal(
	    follow(ANSWERS("0003") ALIAS("c00c", ".a") ALIAS(".a 00", ".b") ALIAS(".b 00", ".A"),
		S53_TYPE_A, "A", false),
	    3);
}

static void
other_sections_are_not_looked_at(void **state)
{
	(void)state;
	assert_int_equal(
	    follow("1234 8180 0001 0000 0001 0001" QUESTION ALIAS("c00c", ".b") ADDRESS, S53_TYPE_A,
		"WWW.example", false),
	    0);
}

static void
long_chains_are_followed_so_far(void **state)
{
	struct octets message = octets(ANSWERS("0028") ALIAS("c00c", "01 00"));
	struct s53_name qname = name_of("www.example");
	struct s53_name end;
	bool answered;

	(void)state;
	for (uint8_t i = 0; i < 39; i++) {
		const uint8_t alias[] = { 1, i, 0, 0, 5, 0, 1, 0, 0, 0, 60, 0, 3, 1,
			(uint8_t)(i + 1), 0 };

		memcpy(message.at + message.len, alias, sizeof(alias));
		message.len += sizeof(alias);
	}
	assert_true(passes(&message));
	assert_int_equal(
	    s53_message_chain(message.at, message.len, &qname, S53_TYPE_A, &end, &answered),
	    S53_CHAIN_MAX);
	assert_false(answered);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_aliases_the_question_is_the_end),
		cmocka_unit_test(aliases_are_followed_in_any_order),
		cmocka_unit_test(a_chain_that_leads_out_of_the_message_is_not_answered),
		cmocka_unit_test(who_asks_for_the_alias_gets_it),
		cmocka_unit_test(a_record_asked_for_goes_before_an_alias_beside_it),
		cmocka_unit_test(circles_end_where_they_come_back),
		cmocka_unit_test(other_sections_are_not_looked_at),
		cmocka_unit_test(long_chains_are_followed_so_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
