/* SPDX-License-Identifier: ISC
 *
 * test_answer.c - the answers of a zone. Every expected answer was compared with that of named
 * 9.18 to the same query, with the same file.
 */
#include "fixture.h"

#define SOA "ns.ex.org. h.ex.org. 7 7200 900 1209600 120"
#define NEGATIVE "\nns ex.org. 120 SOA " SOA

static const char zone_text[] =
    "$TTL 3600\n"
    "@ SOA ns h 7 7200 900 1209600 120\n"
    "@ NS ns\n"
    "@ MX 10 mail\n"
    "@ TXT apex\n"
    "ns A 192.0.2.53\n"
    "ns AAAA 2001:db8::53\n"
    "mail A 192.0.2.25\n"
    "a.b.c.d TXT deep\n"
    "www CNAME Web\n"
    "Web 300 A 192.0.2.80\n"
    "alias CNAME www\n"
    "out CNAME Host.Other.Example.\n"
    "chain CNAME out\n"
    "dangling CNAME nothere\n"
    "nodata CNAME mail\n"
    "loop1 CNAME loop2\n"
    "loop2 CNAME loop1\n"
    "self CNAME self\n"
    "signed CNAME mail\n"
    "signed RRSIG CNAME 8 3 3600 20300101000000 20200101000000 1 ex.org. AAAA\n"
    "*.wild A 192.0.2.100\n"
    "*.wild MX 10 foo.wild\n"
    "here.wild TXT here\n"
    "below.ent.wild TXT ent\n"
    "*.wcname CNAME target.wcname\n"
    "target.wcname A 192.0.2.101\n"
    "*.wloop CNAME a.wloop\n"
    "sub NS ns.sub\n"
    "sub NS ns\n"
    "sub NS ns.elsewhere.example.\n"
    "sub TXT hidden\n"
    "sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n"
    "ns.sub A 192.0.2.60\n"
    "www.sub A 192.0.2.61\n"
    "tosub CNAME x.sub\n"
    "unsigned NS ns.unsigned\n"
    "dn DNAME tree\n"
    "dn TXT beside\n"
    "x.dn A 192.0.2.71\n"
    "a.tree A 192.0.2.72\n"
    "*.b.tree A 192.0.2.73\n"
    "cdn CNAME a.dn\n"
    "dnout DNAME other.example.\n"
    "dnlong DNAME "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
    "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.other.example.\n"
    "_sip._tcp SRV 1 2 5060 web\n"
    "_sip._tcp SRV 1 3 5060 web\n"
    "_sip._tcp SRV 1 3 5060 foo.wild\n"
    "_sip._tcp SRV 1 3 5060 ns.sub\n"
    "unknown TYPE65280 \\# 3 010203\n"
    "esc\\.dot A 192.0.2.11\n";

static int
setup(void **state)
{
	*state = fixture_zone("ex.org", zone_text);
	return 0;
}

static int
teardown(void **state)
{
	s53_zone_drop(*state);
	return 0;
}

static void
a_name_with_data_is_answered(void **state)
{
	fixture_says(*state, "mail.ex.org", "A", "NOERROR aa\nan mail.ex.org. 3600 A 192.0.2.25");
	fixture_says(*state, "ex.org", "TXT", "NOERROR aa\nan ex.org. 3600 TXT \"apex\"");
	fixture_says(
	    *state, "esc\\.dot.ex.org", "A", "NOERROR aa\nan esc\\.dot.ex.org. 3600 A 192.0.2.11");
	fixture_says(*state, "unknown.ex.org", "TYPE65280",
	    "NOERROR aa\nan unknown.ex.org. 3600 TYPE65280 \\# 3 010203");
}

static void
letter_case_does_not_matter_and_the_reply_has_that_of_the_query(void **state)
{
	fixture_says(*state, "MAIL.Ex.oRG", "A", "NOERROR aa\nan MAIL.Ex.oRG. 3600 A 192.0.2.25");
	fixture_says(*state, "web.ex.org", "A", "NOERROR aa\nan web.ex.org. 300 A 192.0.2.80");
}

static void
a_missing_type_is_nodata_with_the_soa_at_its_minimum(void **state) /* RFC 2308 s2.2, s3 */
{
	fixture_says(*state, "mail.ex.org", "AAAA", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "ex.org", "AAAA", "NOERROR aa" NEGATIVE);
}

static void
a_missing_name_is_nxdomain_with_the_soa(void **state) /* RFC 2308 s2.1 */
{
	fixture_says(*state, "nope.ex.org", "A", "NXDOMAIN aa" NEGATIVE);
	fixture_says(*state, "x.mail.ex.org", "A", "NXDOMAIN aa" NEGATIVE);
	fixture_says(*state, "a.long.way.down.nope.ex.org", "ANY", "NXDOMAIN aa" NEGATIVE);
}

static void
nxdomain_for_an_soa_query_has_ttl_0(void **state) /* BIND: zero-no-soa-ttl */
{
	fixture_says(*state, "nope.ex.org", "SOA", "NXDOMAIN aa\nns ex.org. 0 SOA " SOA);
}

static void
an_empty_non_terminal_is_nodata(void **state) /* RFC 4592 s2.2.2 */
{
	fixture_says(*state, "c.d.ex.org", "TXT", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "d.ex.org", "ANY", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "x.d.ex.org", "TXT", "NXDOMAIN aa" NEGATIVE);
	fixture_says(*state, "_tcp.ex.org", "SRV", "NOERROR aa" NEGATIVE);
}

static void
a_cname_is_followed_inside_of_the_zone(void **state)
{
	fixture_says(*state, "alias.ex.org", "A",
	    "NOERROR aa\nan Web.ex.org. 300 A 192.0.2.80"
	    "\nan alias.ex.org. 3600 CNAME www.ex.org."
	    "\nan www.ex.org. 3600 CNAME Web.ex.org.");
	fixture_says(
	    *state, "alias.ex.org", "CNAME", "NOERROR aa\nan alias.ex.org. 3600 CNAME www.ex.org.");
	fixture_says(
	    *state, "alias.ex.org", "ANY", "NOERROR aa\nan alias.ex.org. 3600 CNAME www.ex.org.");
}

static void
a_cname_that_leaves_the_zone_gives_its_target(void **state)
{
	fixture_says(*state, "chain.ex.org", "A",
	    "NOERROR aa -> Host.Other.Example"
	    "\nan chain.ex.org. 3600 CNAME out.ex.org."
	    "\nan out.ex.org. 3600 CNAME Host.Other.Example.");
}

static void
the_rcode_is_that_of_the_end_of_the_chain(void **state) /* RFC 6604 s3 */
{
	fixture_says(*state, "dangling.ex.org", "A",
	    "NXDOMAIN aa\nan dangling.ex.org. 3600 CNAME nothere.ex.org." NEGATIVE);
	fixture_says(*state, "nodata.ex.org", "AAAA",
	    "NOERROR aa\nan nodata.ex.org. 3600 CNAME mail.ex.org." NEGATIVE);
}

static void
a_loop_of_cnames_ends_and_fails(void **state)
{
	fixture_says(*state, "loop1.ex.org", "A",
	    "SERVFAIL aa\nan loop1.ex.org. 3600 CNAME loop2.ex.org."
	    "\nan loop2.ex.org. 3600 CNAME loop1.ex.org.");
	fixture_says(
	    *state, "self.ex.org", "A", "SERVFAIL aa\nan self.ex.org. 3600 CNAME self.ex.org.");
	fixture_says(*state, "q.wloop.ex.org", "A",
	    "SERVFAIL aa\nan a.wloop.ex.org. 3600 CNAME a.wloop.ex.org."
	    "\nan q.wloop.ex.org. 3600 CNAME a.wloop.ex.org.");
}

static void
a_query_for_a_type_beside_a_cname_does_not_follow_it(void **state)
{
	fixture_says(*state, "www.ex.org", "RRSIG", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "www.ex.org", "NSEC", "NOERROR aa" NEGATIVE);
	assert_non_null(
	    strstr(fixture_answer(*state, "signed.ex.org", "RRSIG", (struct fixture_ask){ 0 }),
		"NOERROR aa\nan signed.ex.org. 3600 RRSIG CNAME"));
}

static void
a_wildcard_matches_any_name_below_its_closest_encloser(void **state) /* RFC 4592 s3.3 */
{
	fixture_says(
	    *state, "x.wild.ex.org", "A", "NOERROR aa\nan x.wild.ex.org. 3600 A 192.0.2.100");
	fixture_says(
	    *state, "x.y.wild.ex.org", "A", "NOERROR aa\nan x.y.wild.ex.org. 3600 A 192.0.2.100");
	fixture_says(
	    *state, "*.wild.ex.org", "A", "NOERROR aa\nan *.wild.ex.org. 3600 A 192.0.2.100");
	fixture_says(*state, "x.wild.ex.org", "TXT", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "wild.ex.org", "A", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "q.wcname.ex.org", "A",
	    "NOERROR aa\nan q.wcname.ex.org. 3600 CNAME target.wcname.ex.org."
	    "\nan target.wcname.ex.org. 3600 A 192.0.2.101");
}

static void
a_wildcard_yields_to_names_that_exist(void **state) /* RFC 4592 s2.2.1 */
{
	fixture_says(*state, "here.wild.ex.org", "A", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "x.here.wild.ex.org", "A", "NXDOMAIN aa" NEGATIVE);
	fixture_says(*state, "ent.wild.ex.org", "A", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "x.ent.wild.ex.org", "A", "NXDOMAIN aa" NEGATIVE);
	fixture_says(*state, "x.*.wild.ex.org", "A", "NXDOMAIN aa" NEGATIVE);
}

#define REFERRAL                                         \
	"\nns sub.ex.org. 3600 NS ns.elsewhere.example." \
	"\nns sub.ex.org. 3600 NS ns.ex.org."            \
	"\nns sub.ex.org. 3600 NS ns.sub.ex.org."        \
	"\nar ns.ex.org. 3600 A 192.0.2.53"              \
	"\nar ns.ex.org. 3600 AAAA 2001:db8::53"         \
	"\nar ns.sub.ex.org. 3600 A 192.0.2.60"

static void
a_delegation_is_referred_with_its_glue(void **state) /* RFC 1034 s4.3.2 step 3b */
{
	fixture_says(*state, "sub.ex.org", "TXT", "NOERROR referral" REFERRAL);
	fixture_says(*state, "sub.ex.org", "NS", "NOERROR referral" REFERRAL);
	fixture_says(*state, "www.sub.ex.org", "A", "NOERROR referral" REFERRAL);
	fixture_says(*state, "a.b.sub.ex.org", "DS", "NOERROR referral" REFERRAL);
}

static void
the_end_of_a_chain_below_a_delegation_is_referred(void **state)
{
	fixture_says(*state, "tosub.ex.org", "A",
	    "NOERROR aa referral\nan tosub.ex.org. 3600 CNAME x.sub.ex.org." REFERRAL);
}

static void
ds_at_a_delegation_is_answered_by_the_parent(void **state) /* RFC 4035 s3.1.4.1 */
{
	fixture_says(*state, "sub.ex.org", "DS",
	    "NOERROR aa\nan sub.ex.org. 3600 DS 1 8 2 "
	    "0000000000000000000000000000000000000000000000000000000000000000");
	fixture_says(*state, "unsigned.ex.org", "DS", "NOERROR aa" NEGATIVE);
	fixture_says(*state, "ex.org", "DS", "NOERROR aa" NEGATIVE);
}

static void
a_dname_redirects_names_below_it(void **state) /* RFC 6672 s3.2 */
{
	fixture_says(*state, "A.dn.ex.org", "A",
	    "NOERROR aa\nan A.dn.ex.org. 3600 CNAME A.tree.ex.org."
	    "\nan A.tree.ex.org. 3600 A 192.0.2.72"
	    "\nan dn.ex.org. 3600 DNAME tree.ex.org.");
	fixture_says(*state, "x.dn.ex.org", "A", /* hidden, although it is in the file */
	    "NXDOMAIN aa\nan dn.ex.org. 3600 DNAME tree.ex.org."
	    "\nan x.dn.ex.org. 3600 CNAME x.tree.ex.org." NEGATIVE);
	fixture_says(*state, "q.b.dn.ex.org", "A",
	    "NOERROR aa\nan dn.ex.org. 3600 DNAME tree.ex.org."
	    "\nan q.b.dn.ex.org. 3600 CNAME q.b.tree.ex.org."
	    "\nan q.b.tree.ex.org. 3600 A 192.0.2.73");
	fixture_says(*state, "a.dn.ex.org", "CNAME",
	    "NOERROR aa\nan a.dn.ex.org. 3600 CNAME a.tree.ex.org."
	    "\nan dn.ex.org. 3600 DNAME tree.ex.org.");
	fixture_says(*state, "a.dnout.ex.org", "A",
	    "NOERROR aa -> a.other.example\nan a.dnout.ex.org. 3600 CNAME a.other.example."
	    "\nan dnout.ex.org. 3600 DNAME other.example.");
}

static void
a_dname_does_not_redirect_its_own_name(void **state) /* RFC 6672 s2.3 */
{
	fixture_says(*state, "dn.ex.org", "TXT", "NOERROR aa\nan dn.ex.org. 3600 TXT \"beside\"");
	fixture_says(
	    *state, "dn.ex.org", "DNAME", "NOERROR aa\nan dn.ex.org. 3600 DNAME tree.ex.org.");
	fixture_says(*state, "dn.ex.org", "A", "NOERROR aa" NEGATIVE);
}

static void
a_dname_that_makes_too_long_a_name_is_yxdomain(void **state) /* RFC 6672 s2.2 */
{
	const char *text = fixture_answer(*state,
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.dnlong.ex.org", "A",
	    (struct fixture_ask){ 0 });

	assert_memory_equal(text, "YXDOMAIN aa\nan dnlong.ex.org. 3600 DNAME aaa", 44);
	assert_null(strstr(text, "CNAME"));
}

static void
addresses_of_mail_and_service_hosts_are_added(void **state)
{
	fixture_says(*state, "ex.org", "MX",
	    "NOERROR aa\nan ex.org. 3600 MX 10 mail.ex.org.\nar mail.ex.org. 3600 A 192.0.2.25");
	fixture_says(*state, "_sip._tcp.ex.org", "SRV",
	    "NOERROR aa\nan _sip._tcp.ex.org. 3600 SRV 1 2 5060 web.ex.org."
	    "\nan _sip._tcp.ex.org. 3600 SRV 1 3 5060 foo.wild.ex.org."
	    "\nan _sip._tcp.ex.org. 3600 SRV 1 3 5060 ns.sub.ex.org."
	    "\nan _sip._tcp.ex.org. 3600 SRV 1 3 5060 web.ex.org."
	    "\nar foo.wild.ex.org. 3600 A 192.0.2.100"
	    "\nar web.ex.org. 300 A 192.0.2.80");
}

static void
any_gives_all_types_or_one_of_them(void **state) /* RFC 8482 s4.1 */
{
	fixture_says(*state, "ns.ex.org", "ANY",
	    "NOERROR aa\nan ns.ex.org. 3600 A 192.0.2.53\nan ns.ex.org. 3600 AAAA 2001:db8::53");
	assert_string_equal(fixture_answer(*state, "ns.ex.org", "ANY",
				(struct fixture_ask){ .options = S53_ZONE_ONE_OF_ANY }),
	    "NOERROR aa\nan ns.ex.org. 3600 A 192.0.2.53");
	fixture_says(*state, "z.wild.ex.org", "ANY",
	    "NOERROR aa\nan z.wild.ex.org. 3600 A 192.0.2.100"
	    "\nan z.wild.ex.org. 3600 MX 10 foo.wild.ex.org.");
}

static void
an_answer_that_does_not_fit_is_truncated(void **state)
{
	struct fixture_ask small = { .cap = S53_HEADER_LEN + S53_NAME_MAX + 4 };
	struct s53_zone *zone;
	char text[8192] = "@ 60 SOA a b 1 2 3 4 5\n";

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "many 60 A 192.0.2.%u\nd 60 NS ns%u.d\nns%u.d 60 A 192.0.2.1\n", i, i, i);
	zone = fixture_zone("ex.org", text);
	assert_memory_equal(
	    fixture_answer(zone, "many.ex.org", "A", small), "NOERROR aa tc\nan", 16);
	assert_memory_equal(
	    fixture_answer(zone, "x.d.ex.org", "A", small), "NOERROR tc referral\nns", 22);
	s53_zone_drop(zone);
}

static void
a_referral_with_glue_that_does_not_fit_is_truncated(void **state) /* RFC 9471 s3 */
{
	struct fixture_ask small = { .cap = S53_HEADER_LEN + S53_NAME_MAX + 4 };
	struct s53_zone *zone = fixture_zone("o",
	    "@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\n"
	    "d 60 NS nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.ns.d\n"
	    "d 60 NS mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.ns.d\n"
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.ns.d 60 A 192.0.2.1\n"
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.ns.d 60 AAAA 2001:db8::1\n"
	    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.ns.d 60 AAAA 2001:db8::2\n"
	    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.ns.d 60 A 192.0.2.2\n"
	    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.ns.d 60 AAAA 2001:db8::3\n");

	(void)state;
	assert_memory_equal(
	    fixture_answer(zone, "x.d.o", "A", small), "NOERROR tc referral\nns", 22);
	s53_zone_drop(zone);
}

#define SERVERS "\nns ex.org. 3600 NS ns.ex.org."
#define SERVER_ADDRESSES "\nar ns.ex.org. 3600 A 192.0.2.53\nar ns.ex.org. 3600 AAAA 2001:db8::53"
#define says_with(zone, what, name, type, text) \
	assert_string_equal(                    \
	    fixture_answer(zone, name, type, (struct fixture_ask){ .options = what }), text)

static void
the_ns_records_of_the_zone_are_added_on_request(void **state)
{
	says_with(*state, S53_ZONE_AUTHORITY, "web.ex.org", "A",
	    "NOERROR aa\nan web.ex.org. 300 A 192.0.2.80" SERVERS SERVER_ADDRESSES);
	says_with(*state, S53_ZONE_AUTHORITY, "www.ex.org", "A",
	    "NOERROR aa\nan Web.ex.org. 300 A 192.0.2.80\nan www.ex.org. 3600 CNAME "
	    "Web.ex.org." SERVERS SERVER_ADDRESSES);
	says_with(*state, S53_ZONE_AUTHORITY, "ex.org", "MX",
	    "NOERROR aa\nan ex.org. 3600 MX 10 mail.ex.org." SERVERS
	    "\nar mail.ex.org. 3600 A 192.0.2.25" SERVER_ADDRESSES);
	says_with(*state, S53_ZONE_AUTHORITY, "web.ex.org", "ANY",
	    "NOERROR aa\nan web.ex.org. 300 A 192.0.2.80" SERVERS);
}

static void
an_address_that_is_the_answer_is_not_added_again(void **state)
{
	says_with(*state, S53_ZONE_AUTHORITY, "ns.ex.org", "A",
	    "NOERROR aa\nan ns.ex.org. 3600 A 192.0.2.53" SERVERS
	    "\nar ns.ex.org. 3600 AAAA 2001:db8::53");
}

static void
the_ns_records_appear_once_and_only_with_answers_of_the_zone(void **state)
{
	says_with(*state, S53_ZONE_AUTHORITY, "ex.org", "NS",
	    "NOERROR aa\nan ex.org. 3600 NS ns.ex.org." SERVER_ADDRESSES);
	says_with(*state, S53_ZONE_AUTHORITY, "ex.org", "ANY",
	    "NOERROR aa\nan ex.org. 3600 MX 10 mail.ex.org.\nan ex.org. 3600 NS ns.ex.org."
	    "\nan ex.org. 3600 SOA " SOA "\nan ex.org. 3600 TXT \"apex\"");
	says_with(*state, S53_ZONE_AUTHORITY, "out.ex.org", "A",
	    "NOERROR aa -> Host.Other.Example\nan out.ex.org. 3600 CNAME Host.Other.Example.");
	says_with(*state, S53_ZONE_AUTHORITY, "nope.ex.org", "A", "NXDOMAIN aa" NEGATIVE);
	says_with(*state, S53_ZONE_AUTHORITY, "nodata.ex.org", "AAAA",
	    "NOERROR aa\nan nodata.ex.org. 3600 CNAME mail.ex.org." NEGATIVE);
}

static void
addresses_are_omitted_on_request_except_in_a_referral(void **state)
{
	says_with(*state, S53_ZONE_NO_ADDITIONAL, "ex.org", "MX",
	    "NOERROR aa\nan ex.org. 3600 MX 10 mail.ex.org.");
	says_with(*state, S53_ZONE_NO_ADDITIONAL, "x.unsigned.ex.org", "A",
	    fixture_answer(*state, "x.unsigned.ex.org", "A", (struct fixture_ask){ 0 }));
	says_with(*state, S53_ZONE_NO_ADDITIONAL, "x.sub.ex.org", "A",
	    "NOERROR referral\nns sub.ex.org. 3600 NS ns.elsewhere.example."
	    "\nns sub.ex.org. 3600 NS ns.ex.org.\nns sub.ex.org. 3600 NS ns.sub.ex.org."
	    "\nar ns.ex.org. 3600 A 192.0.2.53\nar ns.ex.org. 3600 AAAA 2001:db8::53"
	    "\nar ns.sub.ex.org. 3600 A 192.0.2.60");
}

static void
the_records_of_a_set_keep_the_order_of_the_file(void **state)
{
	struct s53_zone *zone = fixture_zone("o",
	    "@ 0 SOA a b 1 2 3 4 5\n@ 0 NS a\n"
	    "s 0 A 192.0.2.2\ns 0 A 192.0.2.3\ns 0 A 192.0.2.1\n");
	struct s53_question question = {
		.name = fixture_name("s.o"), .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN
	};
	struct s53_zone_answer answer;
	struct s53_reply reply;
	uint8_t octets[512];
	size_t len;

	(void)state;
	question.lower = question.name;
	s53_reply_begin(&reply, octets, sizeof(octets), 1, S53_QR, &question);
	s53_zone_answer(zone, &question, 0, &reply, &answer);
	len = s53_reply_end(&reply, NULL);
	assert_int_equal(octets[len - 2 * 16 - 1], 2);
	assert_int_equal(octets[len - 16 - 1], 3);
	assert_int_equal(octets[len - 1], 1);
	s53_zone_drop(zone);
}

static void
a_zone_at_the_root_is_answered(void **state)
{
	struct s53_zone *zone = fixture_zone(".",
	    "@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a.\norg 60 NS ns.org.\nns.org 60 A 192.0.2.1\n"
	    "* 60 TXT any\n");

	(void)state;
	fixture_says(zone, ".", "NS", "NOERROR aa\nan . 60 NS a.");
	fixture_says(zone, "x.nope", "TXT", "NOERROR aa\nan x.nope. 60 TXT \"any\"");
	fixture_says(zone, "www.ex.org", "A",
	    "NOERROR referral\nns org. 60 NS ns.org.\nar ns.org. 60 A 192.0.2.1");
	s53_zone_drop(zone);
}

static void
a_zone_with_two_counts_survives_the_first_drop(void **state)
{
	struct s53_zone *zone = fixture_zone("o", "@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\n");

	(void)state;
	assert_ptr_equal(s53_zone_keep(zone), zone);
	s53_zone_drop(zone);
	assert_int_equal(s53_zone_record_count(zone), 2);
	fixture_says(zone, "o", "NS", "NOERROR aa\nan o. 60 NS a.o.");
	s53_zone_drop(zone);
	s53_zone_drop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_with_data_is_answered),
		cmocka_unit_test(letter_case_does_not_matter_and_the_reply_has_that_of_the_query),
		cmocka_unit_test(a_missing_type_is_nodata_with_the_soa_at_its_minimum),
		cmocka_unit_test(a_missing_name_is_nxdomain_with_the_soa),
		cmocka_unit_test(nxdomain_for_an_soa_query_has_ttl_0),
		cmocka_unit_test(an_empty_non_terminal_is_nodata),
		cmocka_unit_test(a_cname_is_followed_inside_of_the_zone),
		cmocka_unit_test(a_cname_that_leaves_the_zone_gives_its_target),
		cmocka_unit_test(the_rcode_is_that_of_the_end_of_the_chain),
		cmocka_unit_test(a_loop_of_cnames_ends_and_fails),
		cmocka_unit_test(a_query_for_a_type_beside_a_cname_does_not_follow_it),
		cmocka_unit_test(a_wildcard_matches_any_name_below_its_closest_encloser),
		cmocka_unit_test(a_wildcard_yields_to_names_that_exist),
		cmocka_unit_test(a_delegation_is_referred_with_its_glue),
		cmocka_unit_test(the_end_of_a_chain_below_a_delegation_is_referred),
		cmocka_unit_test(ds_at_a_delegation_is_answered_by_the_parent),
		cmocka_unit_test(a_dname_redirects_names_below_it),
		cmocka_unit_test(a_dname_does_not_redirect_its_own_name),
		cmocka_unit_test(a_dname_that_makes_too_long_a_name_is_yxdomain),
		cmocka_unit_test(addresses_of_mail_and_service_hosts_are_added),
		cmocka_unit_test(any_gives_all_types_or_one_of_them),
		cmocka_unit_test(an_answer_that_does_not_fit_is_truncated),
		cmocka_unit_test(a_referral_with_glue_that_does_not_fit_is_truncated),
		cmocka_unit_test(the_ns_records_of_the_zone_are_added_on_request),
		cmocka_unit_test(an_address_that_is_the_answer_is_not_added_again),
		cmocka_unit_test(the_ns_records_appear_once_and_only_with_answers_of_the_zone),
		cmocka_unit_test(addresses_are_omitted_on_request_except_in_a_referral),
		cmocka_unit_test(the_records_of_a_set_keep_the_order_of_the_file),
		cmocka_unit_test(a_zone_at_the_root_is_answered),
		cmocka_unit_test(a_zone_with_two_counts_survives_the_first_drop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
