/* SPDX-License-Identifier: ISC
 *
 * test_respell.c - the letter case of the client is restored after 0x20.
 */
#include "octets.h"

static void
assert_respelled(const char *before, const char *after)
{
	struct octets message = octets(before);
	struct s53_name spelling = name_of("Www.Example");

	assert_true(passes(&message));
	s53_message_respell(message.at, message.len, &spelling, 1000000);
	assert_octets(message.at, message.len, after);
}

static void
respelling_the_qname_respells_names_that_point_at_it(void **state)
{
	(void)state;
	assert_respelled("1234 8180 0001 0001 0000 0000 .wWW .eXAMPLE 00 0001 0001 " ADDRESS,
	    "1234 8180 0001 0001 0000 0000 .Www .Example 00 0001 0001 " ADDRESS);
}

static void
uncompressed_owners_equal_to_the_qname_are_respelled(void **state)
{
	(void)state;
	assert_respelled("1234 8180 0001 0001 0000 0001 .wWW .eXAMPLE 00 0001 0001 "
			 ".wWW .eXAMPLE 00 0001 0001 0000003c 0004 7f000001 "
			 ".WWW c021 0001 0001 0000003c 0004 7f000001",
	    "1234 8180 0001 0001 0000 0001 .Www .Example 00 0001 0001 "
	    ".Www .Example 00 0001 0001 0000003c 0004 7f000001 "
	    ".Www c021 0001 0001 0000003c 0004 7f000001");
}

static void
labels_of_other_names_that_repeat_the_qname_are_respelled(void **state)
{
	(void)state;
	assert_respelled("1234 8180 0001 0003 0000 0000 .wWW .eXAMPLE 00 0001 0001 "
			 ".eXAMPLE 00 0010 0001 0000003c 0004 03 'wWW "
			 ".wWW .eXAMPLE .oRG 00 0005 0001 0000003c 000a .wWW .tEST 00 "
			 ".a .wWW .eXAMPLE 00 0001 0001 0000003c 0004 7f000001",
	    "1234 8180 0001 0003 0000 0000 .Www .Example 00 0001 0001 "
	    ".Example 00 0010 0001 0000003c 0004 03 'wWW "
	    ".Www .Example .oRG 00 0005 0001 0000003c 000a .Www .tEST 00 "
	    ".a .Www .Example 00 0001 0001 0000003c 0004 7f000001");
}

static void
other_labels_keep_their_spelling(void **state)
{
	(void)state;
	assert_respelled("1234 8180 0001 0002 0000 0000 .wWW .eXAMPLE 00 0001 0001 "
			 ".a .wWW .b 00 0001 0001 0000003c 0004 7f000001 "
			 ".xWWW .nEXAMPLE 00 0001 0001 0000003c 0004 7f000001",
	    "1234 8180 0001 0002 0000 0000 .Www .Example 00 0001 0001 "
	    ".a .wWW .b 00 0001 0001 0000003c 0004 7f000001 "
	    ".xWWW .nEXAMPLE 00 0001 0001 0000003c 0004 7f000001");
	/* NSEC is signed as it is */
	assert_respelled("1234 8180 0001 0000 0001 0000 .wWW .eXAMPLE 00 0001 0001 "
			 ".a 00 002f 0001 0000003c 000d .wWW .eXAMPLE 00",
	    "1234 8180 0001 0000 0001 0000 .Www .Example 00 0001 0001 "
	    ".a 00 002f 0001 0000003c 000d .wWW .eXAMPLE 00");
}

static void
a_message_with_another_question_is_left_alone(void **state)
{
	(void)state;
	assert_respelled("1234 8180 0001 0000 0000 0000 .wWX .eXAMPLE 00 0001 0001 ",
	    "1234 8180 0001 0000 0000 0000 .wWX .eXAMPLE 00 0001 0001 ");
	assert_respelled("1234 8180 0000 0000 0000 0000", "1234 8180 0000 0000 0000 0000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(respelling_the_qname_respells_names_that_point_at_it),
		cmocka_unit_test(uncompressed_owners_equal_to_the_qname_are_respelled),
		cmocka_unit_test(labels_of_other_names_that_repeat_the_qname_are_respelled),
		cmocka_unit_test(other_labels_keep_their_spelling),
		cmocka_unit_test(a_message_with_another_question_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
