/* SPDX-License-Identifier: ISC
 *
 * test_check.c - the check of received messages: which are accepted and which are rejected.
 */
#include "octets.h"

#define ANSWERS(count) "1234 8180 0001 " count " 0000 0000 " QUESTION

static bool
check(const char *text)
{
	struct octets message = octets(text);

	return passes(&message);
}

/* One answer with this type and rdata, after the question; the name at 29 is www.example. */
static bool
check_rdata(const char *type, const char *rdata)
{
	struct octets message = octets(ANSWERS("0001") "c00c");
	struct octets more = octets(type);
	struct octets data = octets(rdata);

	memcpy(message.at + message.len, more.at, more.len);
	message.len += more.len;
	memcpy(message.at + message.len, "\0\001\0\0\0\0", 6);
	message.len += 6;
	s53_u16_put(message.at + message.len, (uint16_t)data.len);
	message.len += 2;
	memcpy(message.at + message.len, data.at, data.len);
	message.len += data.len;
	return passes(&message);
}

static void
ordinary_answers_are_accepted(void **state)
{
	(void)state;
	assert_true(check(ANSWERS("0000")));
	assert_true(check(ANSWERS("0002") ADDRESS ADDRESS)); /* a duplicate, as Consul sends it */
	assert_true(check("1234 8005 0000 0000 0000 0000"));
	assert_true(check("1234 8183 0001 0000 0000 0000" QUESTION)); /* negative, without SOA */
}

static void
a_message_that_is_too_short_or_too_long_fails(void **state)
{
	struct octets message = octets("1234 8180 0001 0001 0000 0001" QUESTION ADDRESS OPT);

	(void)state;
	assert_true(passes(&message));
	message.len++;
	assert_false(passes(&message));
	for (message.len--; message.len-- > 0;)
		assert_false(passes(&message));
	assert_false(check("1234 8180 0000 0000 0000 0000 00"));
}

static void
a_message_over_65535_bytes_fails(void **state)
{
	size_t len = 65536 + 20;
	uint8_t *big = calloc(1, len);

	(void)state;
	assert_non_null(big);
	memcpy(big, "\x12\x34\x81\x80\0\0\0\x02\0\0\0\0", 12);
	/* two NULL records with 32,751 and a few bytes of rdata */
	for (size_t at = 12; at < len; at += 32772) {
		s53_u16_put(big + at + 1, S53_TYPE_NULL);
		s53_u16_put(big + at + 9, 32772 - 11);
	}
	assert_false(check("00"));
	assert_false(passes(&(struct octets){ 0 }));
	struct s53_edns edns;
	size_t opt_at;
	assert_false(s53_message_check(big, len, &edns, &opt_at));
	s53_u16_put(big + 12 + 32772 + 9, 32772 - 11 - 21);
	assert_true(s53_message_check(big, 65535, &edns, &opt_at));
	free(big);
}

static void
two_questions_fail(void **state)
{
	(void)state;
	assert_false(check("1234 8180 0002 0000 0000 0000" QUESTION QUESTION));
}

static void
bad_owner_names_fail(void **state)
{
	(void)state;
	assert_false(check("1234 8180 0001 0000 0000 0000 c00c 0001 0001"));
	assert_false(check(ANSWERS("0001") "c01d 0001 0001 0000003c 0004 7f000001"));
	assert_false(check(ANSWERS("0001") "c0ff 0001 0001 0000003c 0004 7f000001"));
	assert_false(check(ANSWERS("0001") "80 00 0001 0001 0000003c 0004 7f000001"));
	assert_false(check(ANSWERS("0001") "c004 0001 0001 0000003c 0004 7f000001"));
}

static void
a_pointer_must_lead_to_the_start_of_a_label(void **state)
{
	(void)state;
	assert_true(check(ANSWERS("0001") "c00c 0001 0001 0000003c 0004 7f000001"));
	assert_true(check(ANSWERS("0001") "c010 0001 0001 0000003c 0004 7f000001"));
	assert_true(check(ANSWERS("0001") "c018 0001 0001 0000003c 0004 7f000001")); /* the root */
	assert_true(
	    check(ANSWERS("0002") ADDRESS "c01d 0001 0001 0000003c 0004 7f000001")); /* a pointer */
	/* into the type of the question: 00 reads as the root */
	assert_false(check(ANSWERS("0001") "c019 0001 0001 0000003c 0004 7f000001"));
	/* into a TTL, which ageing would change */
	assert_false(check(ANSWERS("0002") ADDRESS "c023 0001 0001 0000003c 0004 7f000001"));
	/* into the middle of a label, where a label seems to begin */
	assert_false(check("1234 8180 0001 0001 0000 0000 06 'a 03 'www 00 00 0001 0001 "
			   "c00e 0001 0001 0000003c 0004 7f000001"));
	/* into rdata without names */
	assert_false(check(ANSWERS("0002") "c00c 000a 0001 0000003c 0003 .a 00 "
					   "c029 0001 0001 0000003c 0004 7f000001"));
	/* into rdata with a name */
	assert_true(check(ANSWERS("0002") "c00c 0005 0001 0000003c 0003 .a 00 "
					  "c029 0001 0001 0000003c 0004 7f000001"));
}

static void
pointers_to_an_opt_fail(void **state)
{
	(void)state;
	assert_true(check("1234 8180 0001 0000 0000 0002" QUESTION OPT ADDRESS));
	assert_false(check(
	    "1234 8180 0001 0000 0000 0002" QUESTION OPT "c01d 0001 0001 0000003c 0004 7f000001"));
	assert_false(check(
	    "1234 8180 0001 0000 0000 0002" QUESTION "00 0029 04d0 00000000 0007 0003 0003 .a 00 "
	    "c02c 0001 0001 0000003c 0004 7f000001"));
}

static void
names_beyond_the_reach_of_pointers_are_accepted(void **state)
{
	static uint8_t big[20000];
	struct octets head = octets(ANSWERS("0002") "c00c 000a 0001 0000003c 4500");
	struct octets tail = octets(".a c00c 0005 0001 0000003c 0004 .b c010");
	struct s53_edns edns;
	size_t opt_at;
	size_t at = head.len + 0x4500;

	(void)state;
	memcpy(big, head.at, head.len);
	memcpy(big + at, tail.at, tail.len);
	assert_true(s53_message_check(big, at + tail.len, &edns, &opt_at));
}

static void
rdata_has_the_form_of_its_type(void **state)
{
	static const struct {
		const char *type, *good, *bad[4];
	} forms[] = {
		{ "0001", "01020304", { "010203", "0102030405", "" } },
		{ "001c", "00000000000000000000000000000001",
		    { "01020304", "", "0000000000000000000000000000000102" } },
		{ "0002", ".a c00c", { "", ".a", ".a 00 00", "c0" } },
		{ "0005", "c010", { "", "c010 00", "c0ff", "c000" } },
		{ "000c", ".a 00", { "", ".a", "00 00" } },
		{ "0006", "c00c .h c010 00000001 00000002 00000003 00000004 00000005",
		    { "c00c .h c010 00000001 00000002 00000003 00000004 000000",
			"c00c .h c010 00000001 00000002 00000003 00000004 00000005 00", "c00c",
			"" } },
		{ "000f", "000a c00c", { "000a", "00", "c00c", "000a c00c 00" } },
		{ "0010", "03 'abc 00 01 'x", { "04 'abc", "03 'abc 01", "ff" } },
		{ "0021", "0001 0002 0050 .a c010",
		    { "0001 0002 0050", "0001 00", "0001 0002 0050 .a c010 00" } },
		{ "0027", ".a 00", { ".a 00 00", "" } },
		{ "0011", "c00c c010", { "c00c", "c00c c010 00" } },
		{ "0012", "0001 c00c", { "0001", "c00c" } },
		{ "0015", "0001 c00c", { "0001", "c00c" } },
		{ "001a", "0001 c00c c010", { "0001 c00c", "0001" } },
		{ "0024", "0001 c00c", { "0001", "c00c" } },
		{ "0023", "0001 0002 .u 03 'e2u 00 c00c",
		    { "0001 0002 .u 03 'e2u 00", "0001 0002 ff 'u", "0001" } },
		{ "002f", "c010 0001 40", { "80", ".a", "" } },
		{ "002e", "0001 05 02 00000000 00000000 00000000 0001 c010 'signature",
		    { "0001 05 02 00000000 00000000 00000000 0001 c0", "0001 05 02", "" } },
		{ "0041", "0001 00 0001 0003 02 'h2", { "0001", "0001 40", "00" } },
		{ "000a", "", { NULL } }, /* opaque: anything */
		{ "002b", "c0ff", { NULL } },
		{ "ff12", "80c0", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		assert_true(check_rdata(forms[i].type, forms[i].good));
		for (size_t j = 0; j < 4 && forms[i].bad[j] != NULL; j++)
			assert_false(check_rdata(forms[i].type, forms[i].bad[j]));
	}
}

static void
names_in_rdata_end_within_it(void **state)
{
	(void)state;
	/* the first bytes of the second record would complete the name of the first */
	assert_false(check(ANSWERS("0002") "c00c 0005 0001 0000003c 0002 .a"
					   " 00 0001 0001 0000003c 0004 7f000001"));
}

static void
an_opt_is_reported_with_its_offset(void **state)
{
	struct octets message = octets(
	    "1234 8180 0001 0001 0000 0002" QUESTION ADDRESS ADDRESS "00 0029 1000 01008000 0000");
	struct s53_edns edns;
	size_t opt_at;

	(void)state;
	assert_true(s53_message_check(message.at, message.len, &edns, &opt_at));
	assert_true(edns.present && edns.dnssec_ok);
	assert_int_equal(edns.rcode_high, 1);
	assert_int_equal(opt_at, message.len - 11);
	message = octets(ANSWERS("0001") ADDRESS);
	assert_true(s53_message_check(message.at, message.len, &edns, &opt_at));
	assert_false(edns.present);
	assert_int_equal(opt_at, 0);
}

static void
bytes_after_the_end_of_a_message_are_not_part_of_it(void **state)
{
	struct octets message = octets(ANSWERS("0001") ADDRESS "00 0029 04d0");
	struct octets whole = octets(ANSWERS("0001") ADDRESS);
	struct s53_edns edns;
	size_t opt_at, len = message.len;

	(void)state;
	assert_false(s53_message_check(message.at, len, &edns, &opt_at));
	assert_true(s53_message_check_arrived(message.at, &len, &edns, &opt_at));
	assert_int_equal(len, whole.len);
	assert_int_equal(opt_at, 0);
	assert_true(s53_message_check_arrived(message.at, &len, &edns, &opt_at));
	assert_int_equal(len, whole.len);
	len--;
	assert_false(s53_message_check_arrived(message.at, &len, &edns, &opt_at));
	assert_int_equal(len, whole.len - 1);
	len = 0;
	assert_false(s53_message_check_arrived(message.at, &len, &edns, &opt_at));
}

static void
an_opt_in_the_wrong_place_fails(void **state) /* RFC 6891 s6.1.1 */
{
	(void)state;
	assert_false(check("1234 8180 0001 0000 0000 0002" QUESTION OPT OPT));
	assert_false(check("1234 8180 0001 0001 0000 0000" QUESTION OPT));
	assert_false(check("1234 8180 0001 0000 0001 0000" QUESTION OPT));
	assert_false(
	    check("1234 8180 0001 0000 0000 0001" QUESTION "c00c 0029 04d0 00000000 0000"));
	assert_false(
	    check("1234 8180 0001 0000 0000 0001" QUESTION "c018 0029 04d0 00000000 0000"));
	assert_false(
	    check("1234 8180 0001 0000 0000 0001" QUESTION "00 0029 04d0 00000000 0003 000300"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_answers_are_accepted),
		cmocka_unit_test(a_message_that_is_too_short_or_too_long_fails),
		cmocka_unit_test(a_message_over_65535_bytes_fails),
		cmocka_unit_test(two_questions_fail),
		cmocka_unit_test(bad_owner_names_fail),
		cmocka_unit_test(a_pointer_must_lead_to_the_start_of_a_label),
		cmocka_unit_test(pointers_to_an_opt_fail),
		cmocka_unit_test(names_beyond_the_reach_of_pointers_are_accepted),
		cmocka_unit_test(rdata_has_the_form_of_its_type),
		cmocka_unit_test(names_in_rdata_end_within_it),
		cmocka_unit_test(an_opt_is_reported_with_its_offset),
		cmocka_unit_test(bytes_after_the_end_of_a_message_are_not_part_of_it),
		cmocka_unit_test(an_opt_in_the_wrong_place_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
