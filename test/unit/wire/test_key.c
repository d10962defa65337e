/* SPDX-License-Identifier: ISC
 *
 * test_key.c - which queries have the same cache key.
 */
#include "octets.h"

#include <split53/key.h>

static struct s53_question
question(const char *name)
{
	struct s53_question asked = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };

	asked.name = name_of(name);
	asked.lower = asked.name;
	s53_name_lower(&asked.lower);
	return asked;
}

static void
letter_case_does_not_change_the_key(void **state)
{
	struct s53_question a = question("www.example");
	struct s53_question b = question("WWW.eXample");
	struct s53_key key, other;

	(void)state;
	s53_key_make(&key, 1, &a, false, false);
	s53_key_make(&other, 1, &b, false, false);
	assert_int_equal(key.hash, other.hash);
	assert_true(s53_key_equal(&key, &other));
}

static void
each_field_changes_the_key(void **state)
{
	struct s53_question asked[4] = { question("www.example"), question("www.example"),
		question("www.example"), question("wwx.example") };
	struct s53_key keys[7];

	(void)state;
	asked[1].qtype = S53_TYPE_AAAA;
	asked[2].qclass = S53_CLASS_CH;
	for (unsigned i = 0; i < 4; i++)
		s53_key_make(&keys[i], 1, &asked[i], false, false);
	s53_key_make(&keys[4], 2, &asked[0], false, false);
	s53_key_make(&keys[5], 1, &asked[0], true, false);
	s53_key_make(&keys[6], 1, &asked[0], false, true);
	for (unsigned a = 0; a < 7; a++)
		for (unsigned b = 0; b < 7; b++) {
			assert_int_equal(s53_key_equal(&keys[a], &keys[b]), a == b);
			assert_int_equal(keys[a].hash == keys[b].hash, a == b);
		}
}

static void
keys_with_equal_hashes_may_differ(void **state)
{
	struct s53_question a = question("www.example");
	struct s53_question b = question("wwx.example");
	struct s53_key key, other;

	(void)state;
	s53_key_make(&key, 1, &a, false, false);
	s53_key_make(&other, 1, &b, false, false);
	other.hash = key.hash;
	assert_false(s53_key_equal(&key, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letter_case_does_not_change_the_key),
		cmocka_unit_test(each_field_changes_the_key),
		cmocka_unit_test(keys_with_equal_hashes_may_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
