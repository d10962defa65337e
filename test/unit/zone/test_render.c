/* SPDX-License-Identifier: ISC
 *
 * test_render.c - the records of a message as lines, and as parts of a dump like that of BIND.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include <ldns/ldns.h>

#include <split53/render.h>
#include <split53/reply.h>

/* A message under construction, and the expected text. */
struct fixture {
	uint8_t octets[S53_MESSAGE_MAX];
	struct s53_reply reply;
	struct s53_render_cached cached;
};

static struct fixture fixture;

static struct fixture *
message_for(uint16_t flags, const char *name, uint16_t qtype)
{
	struct s53_question question = { .qtype = qtype, .qclass = S53_CLASS_IN };

	memset(&fixture.cached, 0, sizeof(fixture.cached));
	assert_int_equal(s53_name_parse(name, &question.name), S53_OK);
	s53_reply_begin(&fixture.reply, fixture.octets, sizeof(fixture.octets), 0,
	    (uint16_t)(S53_QR | flags), &question);
	return &fixture;
}

/* A record with rdata given as hexadecimal bytes. */
static void
add_octets(struct fixture *f, enum s53_section section, const char *owner, uint16_t type,
    const void *rdata, uint16_t len)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(owner, &name), S53_OK);
	assert_true(s53_reply_add(&f->reply, section, &name, type, S53_CLASS_IN, 300, rdata, len));
}

/* A line of a master file, read by ldns. */
static void
add(struct fixture *f, enum s53_section section, const char *line)
{
	ldns_rr *rr = NULL;
	uint8_t rdata[2048];
	struct s53_writer writer = s53_writer_of(rdata, sizeof(rdata));
	struct s53_name owner;

	assert_int_equal(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		s53_write(
		    &writer, ldns_rdf_data(ldns_rr_rdf(rr, i)), ldns_rdf_size(ldns_rr_rdf(rr, i)));
	owner.len = (uint8_t)ldns_rdf_size(ldns_rr_owner(rr));
	memcpy(owner.octets, ldns_rdf_data(ldns_rr_owner(rr)), owner.len);
	assert_true(s53_reply_add(&f->reply, section, &owner, (uint16_t)ldns_rr_get_type(rr),
	    S53_CLASS_IN, ldns_rr_ttl(rr), rdata, (uint16_t)writer.at));
	ldns_rr_free(rr);
}

static size_t
complete(struct fixture *f)
{
	size_t len = s53_reply_end(&f->reply, NULL), opt_at;
	struct s53_edns edns;

	assert_true(s53_message_check(f->octets, len, &edns, &opt_at));
	return len;
}

/* The caller frees it. */
static char *
dump(struct fixture *f)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	f->cached.message = f->octets;
	f->cached.len = complete(f);
	assert_true(s53_render_cached(out, &f->cached));
	fclose(out);
	return text;
}

static void
dumps(struct fixture *f, const char *expected)
{
	char *text = dump(f);

	assert_string_equal(text, expected);
	free(text);
}

/* The lines of the dump that are no comments. */
static void
renders(struct fixture *f, uint32_t age_s, const char *expected)
{
	char *text, *to, *next;

	f->cached.age_s = age_s;
	to = text = dump(f);
	for (char *line = text; *line != '\0'; line = next) {
		next = strchr(line, '\n') + 1;
		if (line[0] == ';')
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
	assert_string_equal(text, expected);
	free(text);
}

static void
every_record_is_a_line_with_an_aged_ttl(void **state)
{
	struct fixture *f = message_for(0, "www.example.com", S53_TYPE_A);

	(void)state;
	add(f, S53_ANSWER, "www.example.com. 300 IN CNAME web.example.com.");
	add(f, S53_ANSWER, "web.example.com. 60 IN A 192.0.2.1");
	add(f, S53_AUTHORITY, "example.com. 3600 IN NS ns.example.com.");
	add(f, S53_ADDITIONAL, "ns.example.com. 59 IN AAAA 2001:db8::53");
	renders(f, 60,
	    "www.example.com.\t240\tIN\tCNAME\tweb.example.com.\n"
	    "web.example.com.\t0\tIN\tA\t192.0.2.1\n"
	    "example.com.\t3540\tIN\tNS\tns.example.com.\n"
	    "ns.example.com.\t0\tIN\tAAAA\t2001:db8::53\n");
}

/* RFC 2181 s8 */
static void
a_ttl_with_its_highest_bit_set_is_0(void **state)
{
	struct fixture *f = message_for(0, "example.com", S53_TYPE_A);
	struct s53_name name;

	(void)state;
	assert_int_equal(s53_name_parse("example.com", &name), S53_OK);
	assert_true(s53_reply_add(&f->reply, S53_ANSWER, &name, S53_TYPE_A, S53_CLASS_IN,
	    0x80000000u, (const uint8_t *)"\300\0\2\1", 4));
	renders(f, 0, "example.com.\t0\tIN\tA\t192.0.2.1\n");
}

static void
special_characters_of_an_owner_are_escaped(void **state)
{
	struct fixture *f = message_for(0, ".", S53_TYPE_TXT);

	(void)state;
	add(f, S53_ANSWER, ". 60 IN TXT \"root\"");
	add_octets(f, S53_ANSWER, "$INCLUDE.a\\010b\\.\\;", S53_TYPE_TXT, "\2\"\n", 3);
	add_octets(f, S53_ANSWER, "@", S53_TYPE_TXT, "\1;", 2);
	renders(f, 0,
	    ".\t60\tIN\tTXT\t\"root\"\n"
	    "\\$INCLUDE.a\\010b\\.\\;.\t300\tIN\tTXT\t\"\\\"\\010\"\n"
	    "\\@.\t300\tIN\tTXT\t\";\"\n");
}

/* RFC 3597 s5 */
static void
types_that_ldns_does_not_know_are_written_in_hexadecimal(void **state)
{
	struct fixture *f = message_for(0, "example.com", 65400);

	(void)state;
	add_octets(f, S53_ANSWER, "example.com", 65400, "\1\2\3", 3);
	add_octets(f, S53_ANSWER, "example.com", 65401, "", 0);
	/* A DS that ends after its second byte: ldns would make "DS 258" of it. */
	add_octets(f, S53_ANSWER, "example.com", S53_TYPE_DS, "\1\2", 2);
	renders(f, 0,
	    "example.com.\t300\tIN\tTYPE65400\t\\# 3 010203\n"
	    "example.com.\t300\tIN\tTYPE65401\t\\# 0\n"
	    "example.com.\t300\tIN\tTYPE43\t\\# 2 0102\n");
}

static void
an_answer_is_dumped_with_its_query_and_the_trust_of_each_section(void **state)
{
	struct fixture *f = message_for(0, "example.com", S53_TYPE_MX);

	(void)state;
	add(f, S53_ANSWER, "example.com. 60 IN MX 10 mx.example.com.");
	add(f, S53_ANSWER, "example.com. 60 IN MX 20 mx2.example.com.");
	add(f, S53_AUTHORITY, "example.com. 3600 IN NS ns.example.com.");
	add(f, S53_ADDITIONAL, "mx.example.com. 59 IN A 192.0.2.25");
	f->cached.age_s = 9;
	dumps(f,
	    "; example.com/MX\n"
	    "; answer\n"
	    "example.com.\t51\tIN\tMX\t10 mx.example.com.\n"
	    "example.com.\t51\tIN\tMX\t20 mx2.example.com.\n"
	    "; additional\n"
	    "example.com.\t3591\tIN\tNS\tns.example.com.\n"
	    "; additional\n"
	    "mx.example.com.\t50\tIN\tA\t192.0.2.25\n");
}

static void
an_authoritative_or_secure_answer_is_marked(void **state)
{
	struct fixture *f = message_for(S53_AA, "example.com", S53_TYPE_A);

	(void)state;
	add(f, S53_ANSWER, "example.com. 60 IN A 192.0.2.1");
	add(f, S53_AUTHORITY, "example.com. 60 IN NS ns.example.com.");
	f->cached.dnssec_ok = f->cached.checking_disabled = true;
	dumps(f,
	    "; example.com/A DO CD\n"
	    "; authanswer\n"
	    "example.com.\t60\tIN\tA\t192.0.2.1\n"
	    "; authauthority\n"
	    "example.com.\t60\tIN\tNS\tns.example.com.\n");
	f = message_for(0, "example.com", S53_TYPE_A);
	add(f, S53_ANSWER, "example.com. 60 IN A 192.0.2.1");
	f->cached.authentic = true;
	dumps(f,
	    "; example.com/A\n"
	    "; secure\n"
	    "example.com.\t60\tIN\tA\t192.0.2.1\n");
}

static void
nxdomain_is_dumped_as_in_bind(void **state)
{
	struct fixture *f = message_for(S53_AA | S53_RCODE_NXDOMAIN, "no.example.com", S53_TYPE_A);

	(void)state;
	add(f, S53_AUTHORITY,
	    "example.com. 60 IN SOA ns.example.com. host.example.com. 1 3600 600 86400 60");
	f->cached.age_s = 4;
	dumps(f,
	    "; no.example.com/A\n"
	    "; answer\n"
	    "no.example.com.\t56\t\\-ANY\t;-$NXDOMAIN\n"
	    "; example.com.\t56\tIN\tSOA\tns.example.com. host.example.com. 1 3600 600 86400 60\n");
}

static void
nodata_behind_a_cname_is_dumped_for_its_target(void **state)
{
	struct fixture *f = message_for(S53_AA, "a.example.com", S53_TYPE_AAAA);

	(void)state;
	add(f, S53_ANSWER, "a.example.com. 300 IN CNAME b.example.com.");
	add(f, S53_AUTHORITY,
	    "example.com. 60 IN SOA ns.example.com. host.example.com. 1 3600 600 86400 60");
	dumps(f,
	    "; a.example.com/AAAA\n"
	    "; authanswer\n"
	    "a.example.com.\t300\tIN\tCNAME\tb.example.com.\n"
	    "; answer\n"
	    "b.example.com.\t60\t\\-AAAA\t;-$NXRRSET\n"
	    "; example.com.\t60\tIN\tSOA\tns.example.com. host.example.com. 1 3600 600 86400 60\n");
}

static void
a_stale_answer_is_dumped_with_its_age_and_remaining_time(void **state)
{
	struct fixture *f = message_for(S53_AA, "example.com", S53_TYPE_A);

	(void)state;
	add(f, S53_ANSWER, "example.com. 60 IN A 192.0.2.1");
	f->cached.age_s = 100;
	f->cached.stale = true;
	f->cached.stale_left_s = 86360;
	f->cached.stale_since_s = 1795343562;
	dumps(f,
	    "; example.com/A\n"
	    "; authanswer\n"
	    "; stale since 20261122103242\n"
	    "example.com.\t86360\tIN\tA\t192.0.2.1\n");
}

static void
an_answer_without_records_is_dumped(void **state)
{
	struct fixture *f = message_for(S53_RCODE_REFUSED, "example.com", S53_TYPE_ANY);

	(void)state;
	dumps(f, "; example.com/ANY\n");
	f = message_for(0, "example.com", S53_TYPE_ANY);
	dumps(f, "; example.com/ANY\n; answer\nexample.com.\t0\t\\-ANY\t;-$NXRRSET\n");
}

static void
a_full_disk_is_reported(void **state)
{
	struct fixture *f = message_for(0, "example.com", S53_TYPE_A);
	FILE *full = fopen("/dev/full", "we");

	(void)state;
	add(f, S53_ANSWER, "example.com. 60 IN A 192.0.2.1");
	setvbuf(full, NULL, _IONBF, 0);
	f->cached.message = f->octets;
	f->cached.len = complete(f);
	assert_false(s53_render_cached(full, &f->cached));
	fclose(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_is_a_line_with_an_aged_ttl),
		cmocka_unit_test(a_ttl_with_its_highest_bit_set_is_0),
		cmocka_unit_test(special_characters_of_an_owner_are_escaped),
		cmocka_unit_test(types_that_ldns_does_not_know_are_written_in_hexadecimal),
		cmocka_unit_test(an_answer_is_dumped_with_its_query_and_the_trust_of_each_section),
		cmocka_unit_test(an_authoritative_or_secure_answer_is_marked),
		cmocka_unit_test(nxdomain_is_dumped_as_in_bind),
		cmocka_unit_test(nodata_behind_a_cname_is_dumped_for_its_target),
		cmocka_unit_test(a_stale_answer_is_dumped_with_its_age_and_remaining_time),
		cmocka_unit_test(an_answer_without_records_is_dumped),
		cmocka_unit_test(a_full_disk_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
