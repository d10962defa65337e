/* SPDX-License-Identifier: ISC
 *
 * test_minimize.c - which records a positive answer does not need.
 */
#include "octets.h"

#define A "0001 0001 0000003c 0004 "
#define NS "0002 0001 0000003c "

static void
assert_minimized(const char *before, bool additional, const char *after)
{
	struct octets message = octets(before);

	assert_true(passes(&message));
	message.len = s53_message_minimize(message.at, message.len, additional);
	assert_true(passes(&message));
	assert_octets(message.at, message.len, after);
}

/* Both ways. */
static void
assert_untouched(const char *message)
{
	assert_minimized(message, false, message);
	assert_minimized(message, true, message);
}

static void
the_ns_records_of_the_zone_and_their_addresses_are_removed(void **state)
{
	(void)state;
	for (int additional = 0; additional <= 1; additional++)
		assert_minimized("1234 8180 0001 0001 0002 0002 " QUESTION ADDRESS "c010 " NS
				 "0006 .ns1 c010 c010 " NS "0006 .ns2 c010 "
				 "c039 " A "01010101 c04b " A "02020202",
		    additional != 0, "1234 8180 0001 0001 0000 0000 " QUESTION ADDRESS);
}

static void
addresses_that_the_answer_names_stay(void **state)
{
	static const char before[] =
	    "1234 8180 0001 0001 0001 0002 " QUESTION
	    "c00c 000f 0001 0000003c 0007 000a .mx c010 c010 " NS "0006 .ns1 c010 "
	    "c03c " A "01010101 c02b " A "02020202";

	(void)state;
	assert_minimized(before, false,
	    "1234 8180 0001 0001 0000 0001 " QUESTION
	    "c00c 000f 0001 0000003c 0007 000a .mx c010 c02b " A "02020202");
	assert_minimized(before, true,
	    "1234 8180 0001 0001 0000 0000 " QUESTION
	    "c00c 000f 0001 0000003c 0007 000a .mx c010 ");
}

static void
the_address_of_a_name_server_that_the_answer_names_stays(void **state)
{
	(void)state;
	assert_minimized("1234 8180 0001 0001 0001 0001 " QUESTION
			 "c00c 000f 0001 0000003c 0007 000a .mx c010 c010 " NS "0002 c02b "
			 "c02b " A "02020202",
	    false,
	    "1234 8180 0001 0001 0000 0001 " QUESTION
	    "c00c 000f 0001 0000003c 0007 000a .mx c010 c02b " A "02020202");
}

/* An alias, a PTR or an SOA needs no address. */
static void
a_target_that_needs_no_address_keeps_none(void **state)
{
	(void)state;
	assert_minimized("1234 8180 0001 0001 0001 0001 " QUESTION
			 "c00c 000c 0001 0000003c 0006 .ns1 c010 c010 " NS "0002 c029 "
			 "c029 " A "02020202",
	    false,
	    "1234 8180 0001 0001 0000 0000 " QUESTION "c00c 000c 0001 0000003c 0006 .ns1 c010 ");
	assert_minimized("1234 8180 0001 0001 0001 0001 " QUESTION
			 "c00c 0006 0001 0000003c 001b .ns1 c010 00 00000001 00000002 00000003 "
			 "00000004 00000005 c010 " NS "0002 c029 c029 " A "02020202",
	    false,
	    "1234 8180 0001 0001 0000 0000 " QUESTION
	    "c00c 0006 0001 0000003c 001b .ns1 c010 00 00000001 00000002 00000003 "
	    "00000004 00000005 ");
}

/* TXT records that Consul adds, and addresses of hosts that the answer does not name: they stay. */
static void
other_additional_records_stay_unless_all_are_removed(void **state)
{
	static const char before[] =
	    "1234 8180 0001 0001 0001 0002 " QUESTION ADDRESS "c010 " NS "0006 .ns1 c010 "
	    ".web c010 " A "01010101 c00c 0010 0001 00000000 0003 02 'k=";

	(void)state;
	assert_minimized(before, false,
	    "1234 8180 0001 0001 0000 0002 " QUESTION ADDRESS ".web c010 " A
	    "01010101 c00c 0010 0001 00000000 0003 02 'k=");
	assert_minimized(before, true, "1234 8180 0001 0001 0000 0000 " QUESTION ADDRESS);
}

/*
 * RFC 4035 s3.1.3.3: the NSEC that proves a wildcard stays; the NS and its signature are removed.
 */
static void
denial_proofs_stay_and_signatures_are_removed_with_their_set(void **state)
{
#define SIGNED(type) \
	"c010 002e 0001 0000003c 0014 " type " 0d02 0000003c 00000002 00000001 0001 00 aa "
#define NSEC "c010 002f 0001 0000003c 0005 .zz c010 "

	(void)state;
	assert_minimized("1234 8180 0001 0001 0004 0000 " QUESTION ADDRESS NSEC SIGNED(
			     "002f") "c010 " NS "0006 .ns1 c010 " SIGNED("0002"),
	    false, "1234 8180 0001 0001 0002 0000 " QUESTION ADDRESS NSEC SIGNED("002f"));
}

static void
an_ns_record_between_proofs_is_removed_alone(void **state)
{
	struct octets message = octets("1234 8180 0001 0001 0003 0000 " QUESTION ADDRESS
				       "c010 002f 0001 0000003c 000c .zz .example 00 "
				       "c010 " NS "0006 .ns1 c010 c010 002f 0001 0000003c 000c "
				       ".zz .example 00 ");

	(void)state;
	assert_true(passes(&message));
	message.len = s53_message_minimize(message.at, message.len, true);
	assert_octets(message.at, message.len,
	    "1234 8180 0001 0001 0002 0000 " QUESTION ADDRESS
	    "c010 002f 0001 0000003c 000c .zz .example 00 "
	    "c010 002f 0001 0000003c 000c .zz .example 00 ");
}

static void
an_answer_that_would_grow_is_left_unchanged(void **state)
{
	(void)state;
	/* next names with pointers to them, which RFC 4034 s4.1.1 forbids */
	assert_untouched("1234 8180 0001 0001 0004 0000 " QUESTION ADDRESS "c010 " NS
			 "0006 .ns1 c010 " NSEC NSEC NSEC);
}

#define SOA "c010 0006 0001 0000003c 0018 c010 c010 00000001 00000002 00000003 00000004 00000005 "

static void
negative_answers_are_left_unchanged(void **state)
{
	(void)state;
	assert_untouched("1234 8183 0001 0000 0001 0000 " QUESTION SOA);
	assert_untouched("1234 8180 0001 0000 0001 0000 " QUESTION SOA);
	/* an alias to a name that does not exist */
	assert_untouched("1234 8183 0001 0001 0001 0001 " QUESTION
			 "c00c 0005 0001 0000003c 0004 .a c010 " SOA "c010 " A "01010101");
	assert_minimized("1234 8180 0001 0001 0001 0001 " QUESTION
			 "c00c 0005 0001 0000003c 0004 .a c010 " SOA "c010 " A "01010101",
	    true,
	    "1234 8180 0001 0001 0001 0000 " QUESTION "c00c 0005 0001 0000003c 0004 .a c010 " SOA);
}

static void
referrals_and_errors_are_left_unchanged(void **state)
{
	(void)state;
	assert_untouched("1234 8180 0001 0000 0001 0001 " QUESTION "c010 " NS "0006 .ns1 c010 "
			 "c029 " A "01010101");
	assert_untouched(
	    "1234 8182 0001 0001 0001 0000 " QUESTION ADDRESS "c010 " NS "0006 .ns1 c010 ");
}

static void
an_answer_with_nothing_to_remove_is_left_unchanged(void **state)
{
	(void)state;
	assert_untouched("1234 8180 0001 0001 0000 0000 " QUESTION ADDRESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ns_records_of_the_zone_and_their_addresses_are_removed),
		cmocka_unit_test(addresses_that_the_answer_names_stay),
		cmocka_unit_test(the_address_of_a_name_server_that_the_answer_names_stays),
		cmocka_unit_test(a_target_that_needs_no_address_keeps_none),
		cmocka_unit_test(other_additional_records_stay_unless_all_are_removed),
		cmocka_unit_test(denial_proofs_stay_and_signatures_are_removed_with_their_set),
		cmocka_unit_test(an_ns_record_between_proofs_is_removed_alone),
		cmocka_unit_test(an_answer_that_would_grow_is_left_unchanged),
		cmocka_unit_test(negative_answers_are_left_unchanged),
		cmocka_unit_test(referrals_and_errors_are_left_unchanged),
		cmocka_unit_test(an_answer_with_nothing_to_remove_is_left_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
