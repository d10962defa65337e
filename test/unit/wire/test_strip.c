/* SPDX-License-Identifier: ISC
 *
 * test_strip.c - removing the OPT record.
 */
#include "octets.h"

/* `before` without its OPT is `after`, and both pass the check. */
static void
assert_stripped(const char *before, const char *after)
{
	struct octets message = octets(before);
	struct s53_edns edns;
	size_t opt_at;

	assert_true(s53_message_check(message.at, message.len, &edns, &opt_at));
	message.len = s53_message_strip_opt(message.at, message.len, opt_at);
	assert_octets(message.at, message.len, after);
	assert_true(passes(&message));
}

static void
a_message_without_opt_is_left_unchanged(void **state)
{
	(void)state;
	assert_stripped("1234 8180 0001 0001 0000 0000" QUESTION ADDRESS,
	    "1234 8180 0001 0001 0000 0000" QUESTION ADDRESS);
}

static void
an_opt_at_the_end_is_removed(void **state)
{
	(void)state;
	assert_stripped("1234 8180 0001 0001 0000 0001" QUESTION ADDRESS
			"00 0029 04d0 00000000 0004 0003 0000",
	    "1234 8180 0001 0001 0000 0000" QUESTION ADDRESS);
}

static void
pointers_to_before_the_opt_are_left_unchanged(void **state)
{
	(void)state;
	assert_stripped("1234 8180 0001 0000 0000 0002" QUESTION OPT ADDRESS,
	    "1234 8180 0001 0000 0000 0001" QUESTION ADDRESS);
}

static void
pointers_to_after_the_opt_are_corrected(void **state)
{
	(void)state;
	/* owner and rdata names that point at .n .dc1, which moves by 11 */
	assert_stripped("1234 8180 0001 0000 0000 0005" QUESTION OPT
			".n .dc1 00 0001 0001 00000000 0004 0a000001 "
			"c028 0001 0001 00000000 0004 0a000002 "
			".x c02a 0005 0001 00000000 0004 .y c02a "
			"c00c 0006 0001 00000000 001a c028 .h c03d 00000001 00000002 00000003 "
			"00000004 00000005",
	    "1234 8180 0001 0000 0000 0004" QUESTION ".n .dc1 00 0001 0001 00000000 0004 0a000001 "
	    "c01d 0001 0001 00000000 0004 0a000002 "
	    ".x c01f 0005 0001 00000000 0004 .y c01f "
	    "c00c 0006 0001 00000000 001a c01d .h c032 00000001 00000002 00000003 00000004 "
	    "00000005");
}

static void
opaque_rdata_that_looks_like_a_pointer_is_left_unchanged(void **state)
{
	(void)state;
	assert_stripped("1234 8180 0001 0000 0000 0002" QUESTION OPT
			"c00c 002b 0001 00000000 0002 c0ff",
	    "1234 8180 0001 0000 0000 0001" QUESTION "c00c 002b 0001 00000000 0002 c0ff");
}

static void
pointers_in_srv_and_key_records_are_corrected_too(void **state)
{
	(void)state;
	assert_stripped("1234 8180 0001 0000 0000 0003" QUESTION OPT
			".n 00 0001 0001 00000000 0004 0a000001 "
			"c00c 0021 0001 00000000 0008 0001 0002 0003 c028",
	    "1234 8180 0001 0000 0000 0002" QUESTION ".n 00 0001 0001 00000000 0004 0a000001 "
	    "c00c 0021 0001 00000000 0008 0001 0002 0003 c01d");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_without_opt_is_left_unchanged),
		cmocka_unit_test(an_opt_at_the_end_is_removed),
		cmocka_unit_test(pointers_to_before_the_opt_are_left_unchanged),
		cmocka_unit_test(pointers_to_after_the_opt_are_corrected),
		cmocka_unit_test(opaque_rdata_that_looks_like_a_pointer_is_left_unchanged),
		cmocka_unit_test(pointers_in_srv_and_key_records_are_corrected_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
