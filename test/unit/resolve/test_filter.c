/* SPDX-License-Identifier: ISC
 *
 * test_filter.c - which records of an upstream's response are kept.
 */
#include "resolve/filter.h"

#include "../wire/octets.h"

#define HEAD "1234 8180 0001 "
#define ASKED " .wWW .eXAMPLE 00 " /* www.example in the letter case of the query */
#define A_ADDRESS "0001 0001 0000003c 0004 7f000001 " /* after an owner */
#define CNAME_OF "0005 0001 0000003c "
#define OTHER " .other .test 00 "
#define SOA_OF "0006 0001 0000003c 0018 0000 00000001 00000001 00000001 00000001 0000003c "

struct fixture {
	struct s53_routes *routes;
	struct s53_question question;
	struct s53_filter filter;
	struct octets message;
	uint8_t room[S53_MESSAGE_MAX];
};

static struct fixture f;
static int public_servers, consul_servers; /* only their addresses count */

static void
add_route(const char *apex, void *group)
{
	struct s53_route route = { .kind = S53_ROUTE_FORWARD, .group = group };

	route.apex = name_of(apex);
	assert_int_equal(s53_routes_add(f.routes, &route), S53_OK);
}

static int
setup(void **state)
{
	(void)state;
	f.routes = s53_routes_new();
	add_route(".", &public_servers);
	add_route("consul", &consul_servers);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	s53_routes_free(f.routes);
	return 0;
}

/* The filter on a response to `spelling` and this type. */
static const char *
filtered_as(const char *text, const char *spelling, uint16_t qtype, bool dnssec_ok)
{
	f.message = octets(text);
	assert_true(passes(&f.message));
	f.question = (struct s53_question){ .qtype = qtype, .qclass = S53_CLASS_IN };
	f.question.name = name_of(spelling);
	s53_name_lower_of(&f.question.name, &f.question.lower);
	f.filter = (struct s53_filter){ .routes = f.routes,
		.route = s53_routes_find(f.routes, &f.question.lower),
		.question = &f.question,
		.dnssec_ok = dnssec_ok,
		.message = f.message.at,
		.len = f.message.len,
		.room = f.room };
	return s53_filter(&f.filter);
}

static const char *
filtered(const char *text)
{
	return filtered_as(text, "wWW.eXAMPLE", S53_TYPE_A, false);
}

static void
assert_clean(const char *text, bool dnssec_ok)
{
	assert_null(filtered_as(text, "wWW.eXAMPLE", S53_TYPE_A, dnssec_ok));
	assert_ptr_equal(f.filter.message, f.message.at);
	assert_octets(f.filter.message, f.filter.len, text);
	assert_false(f.filter.no_data);
}

/* If the message was rewritten, `kept` is left; its question is in lower case. */
static void
assert_leaves(const char *text, bool dnssec_ok, const char *kept)
{
	struct octets out;

	assert_null(filtered_as(text, "wWW.eXAMPLE", S53_TYPE_A, dnssec_ok));
	assert_octets(f.filter.message, f.filter.len, kept);
	out.len = f.filter.len;
	memcpy(out.at, f.filter.message, out.len);
	assert_true(passes(&out));
}

static void
assert_no_answer(const char *text, const char *why)
{
	const char *said = filtered(text);

	assert_non_null(said);
	assert_string_equal(said, why);
}

static void
a_clean_answer_is_not_copied(void **state)
{
	(void)state;
	assert_clean(HEAD "0001 0000 0000" ASKED "0001 0001 " ADDRESS, false);
	assert_clean(HEAD "0003 0000 0000" ASKED "0001 0001 "
			  "c00c " CNAME_OF "0004 .a c010 c029 " CNAME_OF "0004 .b c010 "
			  "c039 " A_ADDRESS,
	    false);
	assert_clean(HEAD "0001 0000 0001" ASKED "0001 0001 " ADDRESS "c010 " A_ADDRESS, false);
	assert_clean(HEAD "0000 0001 0000" ASKED "0001 0001 c010 0006 0001 0000003c 0016 "
			  "00 00 00000001 00000001 00000001 00000001 0000003c",
	    false);
	assert_clean(HEAD "0000 0000 0000" ASKED "0001 0001", false);
}

static void
signatures_and_proofs_stay_for_queries_with_do(void **state)
{
	static const char text[] =
	    HEAD "0002 0002 0000" ASKED "0001 0001 " ADDRESS
		 "c00c 002e 0001 0000003c 0014 0001 0d 02 0000003c 00000000 00000000 0001 00 ff "
		 ".a .example 00 002f 0001 0000003c 0009 .z 00 0006 4000 0000 "
		 ".a .example 00 002e 0001 0000003c 0014 002f 0d 02 0000003c 00000000 00000000 "
		 "0001 00 ff ";

	(void)state;
	assert_clean(text, true);
	assert_leaves(text, false, HEAD "0001 0000 0000 .www .example 00 0001 0001 " ADDRESS);
}

static void
records_of_other_names_do_not_answer(void **state)
{
	(void)state;
	assert_no_answer(HEAD "0001 0000 0000" ASKED "0001 0001" OTHER A_ADDRESS,
	    "answered with records of other names only");
	assert_leaves(HEAD "0003 0000 0000" ASKED
			   "0001 0001" OTHER A_ADDRESS ADDRESS OTHER A_ADDRESS,
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 " ADDRESS);
}

static void
a_name_without_the_type_has_no_data(void **state)
{
	(void)state;
	assert_leaves(HEAD "0001 0000 0000" ASKED "0001 0001 c00c 0010 0001 0000003c 0002 .a",
	    false, HEAD "0000 0000 0000 .www .example 00 0001 0001");
	assert_true(f.filter.no_data);
	assert_leaves(HEAD "0002 0000 0000" ASKED "0001 0001 c00c " CNAME_OF
			   "0004 .b c010 c029 0010 0001 0000003c 0002 .a",
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 c00c " CNAME_OF "0004 .b c010");
	assert_true(f.filter.no_data);
}

static void
nxdomain_with_records_of_the_name_is_rejected(void **state)
{
	(void)state;
	assert_no_answer("1234 8183 0001 0001 0000 0000" ASKED "0001 0001 " ADDRESS,
	    "answered NXDOMAIN with records of that name");
	assert_null(filtered(
	    "1234 8183 0001 0001 0000 0000" ASKED "0001 0001 c00c " CNAME_OF "0004 .b c010"));
}

static void
links_are_put_in_order(void **state)
{
	(void)state;
	assert_leaves(HEAD "0003 0000 0000" ASKED "0001 0001 "
			   ".b .example 00 " A_ADDRESS ".a .example 00 " CNAME_OF "0004 .b c010 "
			   "c00c " CNAME_OF "0004 .a c010",
	    false,
	    HEAD "0003 0000 0000 .www .example 00 0001 0001 c00c " CNAME_OF "0004 .a c010 "
		 "c029 " CNAME_OF "0004 .b c010 c039 " A_ADDRESS);
}

static void
a_cname_counts_only_with_class_and_owner(void **state)
{
	(void)state;
	/* CH, to b.example; then IN, to victim.consul with an address of it */
	assert_leaves(HEAD "0003 0000 0000" ASKED "0001 0001 "
			   "c00c 0005 0003 0000003c 0004 .b c010 "
			   "c00c " CNAME_OF "000f .victim .consul 00 "
			   "c039 " A_ADDRESS,
	    false,
	    HEAD "0001 0000 0000 .www .example 00 0001 0001 "
		 "c00c " CNAME_OF "000f .victim .consul 00");
	assert_no_answer(HEAD "0002 0000 0000" ASKED "0001 0001 "
			      "c00c " CNAME_OF "0004 .b c010 c00c " CNAME_OF "0004 .c c010",
	    "answered with two CNAMEs for one name");
	assert_leaves(HEAD "0002 0000 0000" ASKED "0001 0001 "
			   "c00c " CNAME_OF "0004 .b c010 c00c " CNAME_OF "0004 .b c010",
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 c00c " CNAME_OF "0004 .b c010");
}

/* What the server says about it, including the rcode, is left to the other route. */
static void
the_chain_ends_where_it_leaves_the_route(void **state)
{
	(void)state;
	assert_leaves("1234 8183 0001 0001 0001 0000" ASKED "0001 0001 "
		      "c00c " CNAME_OF "000f .victim .consul 00 "
		      ".consul 00 0006 0001 0000003c 0016 00 00 "
		      "00000001 00000001 00000001 00000001 0000003c",
	    false,
	    HEAD "0001 0000 0000 .www .example 00 0001 0001 "
		 "c00c " CNAME_OF "000f .victim .consul 00");
}

static void
loops_and_long_chains_are_rejected(void **state)
{
	char text[4096] = "1234 8180 0001 0011 0000 0000" ASKED "0001 0001 ";
	size_t len = strlen(text);

	(void)state;
	assert_no_answer(HEAD "0002 0000 0000" ASKED "0001 0001 "
			      "c00c " CNAME_OF "0004 .b c010 c029 " CNAME_OF "0002 c00c",
	    "answered with a CNAME chain that loops");
	len += (size_t)snprintf(text + len, sizeof(text) - len, "c00c " CNAME_OF "0004 .a c010 ");
	for (int at = 'a'; at < 'a' + 15; at++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    ".%c c010 " CNAME_OF "0004 .%c c010 ", at, at + 1);
	len += (size_t)snprintf(text + len, sizeof(text) - len, ".p c010 " A_ADDRESS);
	assert_null(filtered(text));
	assert_ptr_equal(f.filter.message, f.message.at);
	snprintf(
	    text + len - strlen(".p c010 " A_ADDRESS), 100, ".p c010 " CNAME_OF "0004 .q c010");
	assert_no_answer(text, "answered with a chain of more than 16 CNAMEs");
}

static void
only_additional_records_of_the_route_are_kept(void **state)
{
	(void)state;
	assert_leaves(HEAD "0001 0000 0003" ASKED "0001 0001 " ADDRESS
			   ".victim .consul 00 " A_ADDRESS ".b .example 00 " A_ADDRESS
			   "c04a " A_ADDRESS,
	    false,
	    HEAD "0001 0000 0002 .www .example 00 0001 0001 " ADDRESS ".b c010 " A_ADDRESS
		 "c02d " A_ADDRESS);
}

static void
tsig_and_sig0_are_removed(void **state)
{
	(void)state;
	assert_leaves(HEAD "0001 0000 0001" ASKED "0001 0001 " ADDRESS
			   ".k 00 00fa 00ff 00000000 0001 00",
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 " ADDRESS);
	assert_leaves(HEAD "0001 0000 0001" ASKED "0001 0001 " ADDRESS
			   ".k .example 00 00fa 0001 00000000 0001 00",
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 " ADDRESS);
	assert_leaves(HEAD
	    "0001 0000 0001" ASKED "0001 0001 " ADDRESS
	    "00 0018 0001 00000000 0013 0000 08 00 00000000 00000000 00000000 0001 00",
	    true, HEAD "0001 0000 0000 .www .example 00 0001 0001 " ADDRESS);
}

static void
a_referral_is_rejected(void **state)
{
	(void)state;
	assert_no_answer(HEAD "0000 0001 0000" ASKED "0001 0001 00 0002 0001 0000003c 0003 .a 00",
	    "answered with a referral");
	assert_no_answer(HEAD "0000 0001 0001" ASKED "0001 0001 c00c 0002 0001 0000003c 0003 .a 00 "
			      "c029 " A_ADDRESS,
	    "answered with a referral");
	/* beside an answer they are those of the zone */
	assert_clean(HEAD "0001 0001 0000" ASKED "0001 0001 " ADDRESS
			  "c010 0002 0001 0000003c 0003 .a 00",
	    false);
	/* NS records of a zone that does not contain the name are removed */
	assert_leaves(HEAD "0001 0001 0000" ASKED "0001 0001 " ADDRESS
			   ".consul 00 0002 0001 0000003c 0003 .a 00",
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 " ADDRESS);
}

/* What a copied zone's primary says of its own delegations is the copy's; above it, it is lame. */
static void
a_copied_zone_delegates_names_below_its_apex(void **state)
{
	static const char *const refused = "answered with a referral";
	struct s53_routes *others = f.routes;
	struct s53_route copy = { .kind = S53_ROUTE_FORWARD,
		.rights = S53_RIGHTS_COPY,
		.group = (void *)&public_servers };

	(void)state;
	copy.apex = name_of("example");
	f.routes = s53_routes_new();
	assert_int_equal(s53_routes_add(f.routes, &copy), S53_OK);
	/* NS of www.example, and an address of the server */
	assert_clean(HEAD "0000 0001 0001" ASKED "0001 0001 c00c 0002 0001 0000003c 0004 .a c00c "
			  "c029 " A_ADDRESS,
	    false);
	assert_true(f.filter.referral);
	/* of "example", and of the root */
	assert_no_answer(
	    HEAD "0000 0001 0000" ASKED "0001 0001 c010 0002 0001 0000003c 0003 .a 00", refused);
	assert_no_answer(
	    HEAD "0000 0001 0000" ASKED "0001 0001 00 0002 0001 0000003c 0003 .a 00", refused);
	/* of another name of the zone */
	assert_no_answer(HEAD "0000 0001 0000" ASKED
			      "0001 0001 .sub c010 0002 0001 0000003c 0003 .a 00",
	    refused);
	/* behind a CNAME the target's query brings them */
	assert_leaves(HEAD "0001 0001 0000" ASKED "0001 0001 c00c " CNAME_OF "0004 .x c00c "
			   "c00c 0002 0001 0000003c 0003 .a 00",
	    false, HEAD "0001 0000 0000 .www .example 00 0001 0001 c00c " CNAME_OF "0004 .x c00c");
	assert_false(f.filter.referral);
	s53_routes_free(f.routes);
	f.routes = others;
}

static void
an_soa_of_another_zone_proves_nothing(void **state)
{
	(void)state;
	assert_leaves(HEAD "0000 0001 0000" ASKED "0001 0001 .test 00 0006 0001 0000003c 0016 "
			   "00 00 00000001 00000001 00000001 00000001 0000003c",
	    false, HEAD "0000 0000 0000 .www .example 00 0001 0001");
}

static void
names_are_decompressed_where_rfc_3597_requires_it(void **state)
{
	(void)state;
	assert_null(filtered_as(HEAD "0001 0000 0000 .S .cORP 00 0021 0001 "
				     "c00c 0021 0001 0000003c 000c 0000 0000 0185 .dc1 c00e",
	    "S.cORP", S53_TYPE_SRV, false));
	assert_octets(f.filter.message, f.filter.len,
	    HEAD "0001 0000 0000 .s .corp 00 0021 0001 "
		 "c00c 0021 0001 0000003c 0010 0000 0000 0185 .dc1 .corp 00");
	assert_true(f.filter.respell);
}

/* The rest of the rdata stays as it is, be it compressed or not. */
static void
each_type_is_decompressed_by_its_rule(void **state)
{
	static const struct {
		uint16_t type;
		const char *before, *after;
	} types[] = {
		{ 17, "0005 .a 00 c00c", "0010 .a 00 .www .example 00" }, /* RP */
		{ 18, "0004 0001 c00c", "000f 0001 .www .example 00" }, /* AFSDB */
		{ 21, "0004 0001 c00c", "000f 0001 .www .example 00" }, /* RT */
		{ 26, "0005 0001 00 c00c", "0010 0001 00 .www .example 00" }, /* PX */
		{ 35, "0009 0001 0001 00 00 00 c00c", "0014 0001 0001 00 00 00 .www .example 00" },
		{ 36, "0004 0001 c00c", "000f 0001 .www .example 00" }, /* KX */
		{ 47, "0005 c010 00 01 02", "000c .example 00 00 01 02" }, /* NSEC */
		{ 64, "0004 0001 c00c", "000f 0001 .www .example 00" }, /* SVCB */
		{ 65, "0004 0001 c00c", "000f 0001 .www .example 00" }, /* HTTPS */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char text[256];

		snprintf(text, sizeof(text),
		    HEAD "0001 0000 0000" ASKED "%04x 0001 c00c %04x 0001 0000003c %s",
		    types[i].type, types[i].type, types[i].before);
		assert_null(filtered_as(text, "wWW.eXAMPLE", types[i].type, true));
		snprintf(text, sizeof(text),
		    HEAD "0001 0000 0000 .www .example 00 %04x 0001 c00c %04x 0001 0000003c %s",
		    types[i].type, types[i].type, types[i].after);
		assert_octets(f.filter.message, f.filter.len, text);
	}
}

static void
a_dname_keeps_its_cname_or_gets_one(void **state)
{
	static const char both[] = HEAD "0003 0000 0000 .www .example 00 0001 0001 "
					"c010 0027 0001 0000003c 0006 .test 00 "
					"c00c " CNAME_OF "0006 .www c029 "
					"c03b " A_ADDRESS;

	(void)state;
	assert_leaves(HEAD "0003 0000 0000" ASKED "0001 0001 "
			   "c010 0027 0001 0000003c 0006 .test 00 "
			   "c00c " CNAME_OF "000a .wWW .test 00 "
			   ".wWW .test 00 " A_ADDRESS,
	    false, both);
	assert_leaves(HEAD "0002 0000 0000" ASKED "0001 0001 "
			   "c010 0027 0001 0000003c 0006 .test 00 "
			   ".www .test 00 " A_ADDRESS,
	    false, both);
	/* a DNAME that did not synthesize the CNAME is removed */
	assert_leaves(HEAD "0002 0000 0000" ASKED "0001 0001 "
			   "c010 0027 0001 0000003c 0006 .test 00 "
			   "c00c " CNAME_OF "0007 .b .org 00",
	    false,
	    HEAD "0001 0000 0000 .www .example 00 0001 0001 c00c " CNAME_OF "0007 .b .org 00");
	/* at the name itself it leads nowhere (RFC 6672 s2.3) */
	assert_leaves(HEAD "0001 0000 0000" ASKED "0001 0001 c00c 0027 0001 0000003c 0006 .test 00",
	    false, HEAD "0000 0000 0000 .www .example 00 0001 0001");
	assert_true(f.filter.no_data);
}

static void
any_gets_all_of_the_name(void **state)
{
	(void)state;
	assert_null(filtered_as(HEAD "0003 0000 0000" ASKED "00ff 0001 "
				     "c00c 0010 0001 0000003c 0002 .a "
				     "c00c " CNAME_OF "0004 .b c010 "
				     ".b c010 " A_ADDRESS,
	    "wWW.eXAMPLE", S53_TYPE_ANY, false));
	assert_octets(f.filter.message, f.filter.len,
	    HEAD "0002 0000 0000 .www .example 00 00ff 0001 c00c 0010 0001 0000003c 0002 .a "
		 "c00c " CNAME_OF "0004 .b c010");
	/* except for records that are no data */
	assert_null(filtered_as(HEAD "0002 0000 0000" ASKED "00ff 0001 "
				     "c00c 0010 0001 0000003c 0002 .a c00c 00ff 0001 0000003c 0000",
	    "wWW.eXAMPLE", S53_TYPE_ANY, false));
	assert_octets(f.filter.message, f.filter.len,
	    HEAD "0001 0000 0000 .www .example 00 00ff 0001 c00c 0010 0001 0000003c 0002 .a");
}

static void
a_query_for_a_cname_is_not_followed(void **state)
{
	(void)state;
	assert_null(filtered_as(HEAD "0002 0000 0000" ASKED "0005 0001 "
				     "c00c " CNAME_OF "0004 .b c010 c029 " CNAME_OF "0004 .c c010",
	    "wWW.eXAMPLE", S53_TYPE_CNAME, false));
	assert_octets(f.filter.message, f.filter.len,
	    HEAD "0001 0000 0000 .www .example 00 0005 0001 c00c " CNAME_OF "0004 .b c010");
}

/* Labels that the server copied from the query, at the beginning of a name and up to its end. */
static void
our_random_letter_case_is_undone(void **state)
{
	(void)state;
	assert_null(filtered(HEAD "0002 0000 0000" ASKED "0001 0001 "
				  "c00c " CNAME_OF "000a .wWW .wWWx 00 "
				  ".wWW .wWWx 00 " A_ADDRESS));
	assert_true(f.filter.respell);
	assert_octets(f.filter.message, f.filter.len,
	    HEAD "0002 0000 0000" ASKED "0001 0001 c00c " CNAME_OF "000a .www .wWWx 00 "
		 ".www .wWWx 00 " A_ADDRESS);
	assert_null(filtered(HEAD "0001 0001 0000" ASKED "0001 0001 .wWW .eXAMPLE 00 " A_ADDRESS
				  ".eXAMPLE 00 0002 0001 0000003c 000c .nS .eXAMPLE 00"));
	assert_octets(f.filter.message, f.filter.len,
	    HEAD "0001 0001 0000" ASKED "0001 0001 .www .example 00 " A_ADDRESS
		 ".example 00 0002 0001 0000003c 000c .nS .example 00");
	/* any other letter case is that of the zone */
	assert_null(filtered(HEAD "0002 0000 0000" ASKED "0001 0001 "
				  "c00c " CNAME_OF "000a .Www .test 00 c029 " A_ADDRESS));
	assert_false(f.filter.respell);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_answer_is_not_copied),
		cmocka_unit_test(signatures_and_proofs_stay_for_queries_with_do),
		cmocka_unit_test(records_of_other_names_do_not_answer),
		cmocka_unit_test(a_name_without_the_type_has_no_data),
		cmocka_unit_test(nxdomain_with_records_of_the_name_is_rejected),
		cmocka_unit_test(links_are_put_in_order),
		cmocka_unit_test(a_cname_counts_only_with_class_and_owner),
		cmocka_unit_test(the_chain_ends_where_it_leaves_the_route),
		cmocka_unit_test(loops_and_long_chains_are_rejected),
		cmocka_unit_test(only_additional_records_of_the_route_are_kept),
		cmocka_unit_test(tsig_and_sig0_are_removed),
		cmocka_unit_test(a_referral_is_rejected),
		cmocka_unit_test(a_copied_zone_delegates_names_below_its_apex),
		cmocka_unit_test(an_soa_of_another_zone_proves_nothing),
		cmocka_unit_test(names_are_decompressed_where_rfc_3597_requires_it),
		cmocka_unit_test(each_type_is_decompressed_by_its_rule),
		cmocka_unit_test(a_dname_keeps_its_cname_or_gets_one),
		cmocka_unit_test(any_gets_all_of_the_name),
		cmocka_unit_test(a_query_for_a_cname_is_not_followed),
		cmocka_unit_test(our_random_letter_case_is_undone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
