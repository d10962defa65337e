/* SPDX-License-Identifier: ISC
 *
 * test_zonefile.c - parsing of a zone file, and the errors of a bad one.
 */
#include "fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOP "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a\n"

/* Whether `text` after a valid beginning gives `answer` for NAME TYPE. */
static void
reads(const char *text, const char *name, const char *type, const char *answer)
{
	char whole[4096];
	struct s53_zone *zone;

	snprintf(whole, sizeof(whole), TOP "%s", text);
	zone = fixture_zone("o", whole);
	fixture_says(zone, name, type, answer);
	s53_zone_drop(zone);
}

static void
complains(const char *text, const char *problem)
{
	assert_string_equal(fixture_problems("o", text), problem);
}

static void
ttl_and_class_come_in_either_order_or_not_at_all(void **state) /* RFC 1035 s5.1 */
{
	static const char *const lines[] = { "x 7 IN A 192.0.2.1\n", "x IN 7 A 192.0.2.1\n",
		"x 7 A 192.0.2.1\n", "x in 7s a 192.0.2.1\n", "$TTL 7\nx IN A 192.0.2.1\n",
		"$ttl 7\nx A 192.0.2.1\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		reads(lines[i], "x.o", "A", "NOERROR aa\nan x.o. 7 A 192.0.2.1");
}

static void
ttl_units_add_up(void **state)
{
	(void)state;
	reads("x 1w2d3h4M5s A 192.0.2.1", "x.o", "A", "NOERROR aa\nan x.o. 788645 A 192.0.2.1");
	reads("x IN 1h30m A 192.0.2.1", "x.o", "A", "NOERROR aa\nan x.o. 5400 A 192.0.2.1");
}

static void
a_blank_owner_means_the_last_owner(void **state)
{
	(void)state;
	reads("x A 192.0.2.1\n\n; comment\n\tTXT t\n", "x.o", "TXT",
	    "NOERROR aa\nan x.o. 60 TXT \"t\"");
	reads("x A 192.0.2.1\n$ORIGIN y.o.\n TXT t\n", "x.o", "TXT",
	    "NOERROR aa\nan x.o. 60 TXT \"t\"");
}

static void
origin_completes_owners_and_data(void **state)
{
	(void)state;
	reads("$ORIGIN sub\nx CNAME y\n@ MX 1 @\ny TXT t", "x.sub.o", "CNAME",
	    "NOERROR aa\nan x.sub.o. 60 CNAME y.sub.o.");
	reads("$ORIGIN sub\nx CNAME y\n@ MX 1 @\ny TXT t", "sub.o", "MX",
	    "NOERROR aa\nan sub.o. 60 MX 1 sub.o.");
	reads("\"x y\" A 192.0.2.1", "x\\032y.o", "A", "NOERROR aa\nan x\\032y.o. 60 A 192.0.2.1");
	reads("x\\.y CNAME z\\.", "x\\.y.o", "CNAME", "NOERROR aa\nan x\\.y.o. 60 CNAME z\\..o.");
	reads("z\\. A 192.0.2.1", "z\\..o", "A", "NOERROR aa\nan z\\..o. 60 A 192.0.2.1");
}

static void
parentheses_join_lines_and_quotes_protect(void **state)
{
	(void)state;
	reads("x TXT ( one ; comment )\n  \"two ; (\"\n three\\; )\n", "x.o", "TXT",
	    "NOERROR aa\nan x.o. 60 TXT \"one\" \"two ; (\" \"three;\"");
	reads("x (\nIN\n) A 192.0.2.1", "x.o", "A", "NOERROR aa\nan x.o. 60 A 192.0.2.1");
	reads("x TXT \"a \\\" b\"\r\n", "x.o", "TXT", "NOERROR aa\nan x.o. 60 TXT \"a \\\" b\"");
}

static void
a_duplicate_record_counts_once(void **state)
{
	(void)state;
	reads("x A 192.0.2.1\nX A 192.0.2.1\n", "x.o", "A", "NOERROR aa\nan x.o. 60 A 192.0.2.1");
}

static void
unknown_types_are_read(void **state) /* RFC 3597 s5 */
{
	(void)state;
	reads("x TYPE65280 \\# 4 ( 0102 0304 )", "x.o", "TYPE65280",
	    "NOERROR aa\nan x.o. 60 TYPE65280 \\# 4 01020304");
	reads("x TYPE1 \\# 4 C0000201", "x.o", "A", "NOERROR aa\nan x.o. 60 A 192.0.2.1");
}

static void
without_a_ttl_the_last_one_or_else_the_minimum_of_the_soa_applies(void **state)
{
	struct s53_zone *zone;

	(void)state;
	zone = fixture_zone("o", "@ SOA a b 1 2 3 4 5\n@ NS a\nx 9 A 192.0.2.1\ny A 192.0.2.2\n");
	fixture_says(zone, "o", "NS", "NOERROR aa\nan o. 5 NS a.o.");
	fixture_says(zone, "y.o", "A", "NOERROR aa\nan y.o. 9 A 192.0.2.2");
	s53_zone_drop(zone);
	complains("@ SOA a b 1 2 3 4 5\n@ NS a\n", "1: warning: no TTL: the SOA's MINIMUM is used");
	complains("@ NS a\n@ 60 SOA a b 1 2 3 4 5\n",
	    "1: error: no TTL: begin the file with '$TTL 3600'");
}

static void
bad_ttls_are_corrected_with_a_warning(void **state) /* RFC 2181 s5.2, s8 */
{
	(void)state;
	complains(TOP "x 7 A 192.0.2.1\nx 8 A 192.0.2.2\n",
	    "5: warning: x.o: TTL differs from that of the first record of this name and type, "
	    "which is used");
	reads("x 7 A 192.0.2.1\nx 8 A 192.0.2.2\n", "x.o", "A",
	    "NOERROR aa\nan x.o. 7 A 192.0.2.1\nan x.o. 7 A 192.0.2.2");
	complains(
	    TOP "x 2147483648 A 192.0.2.1\n", "4: warning: TTL is over 2147483647, 0 is used");
	complains(TOP "x 99999999999999999999w A 192.0.2.1\n",
	    "4: warning: TTL is over 2147483647, 0 is used");
	reads("x 9999999999 A 192.0.2.1", "x.o", "A", "NOERROR aa\nan x.o. 0 A 192.0.2.1");
	complains(TOP "x 2147483647 A 192.0.2.1\n", "");
}

static void
an_out_of_zone_record_is_left_out_with_a_warning(void **state)
{
	(void)state;
	complains(TOP "x.example. A 192.0.2.1\n no type at all\n",
	    "4: warning: 'x.example' is out of zone: ignored (2 times: also test.zone:5)");
	complains(TOP "notoo. A 192.0.2.1\n", "4: warning: 'notoo' is out of zone: ignored");
}

static void
a_zone_needs_one_soa_at_its_top(void **state)
{
	(void)state;
	complains("$TTL 60\n@ NS a\n", "0: error: zone o has no SOA record");
	complains("", "0: error: zone o has no SOA record");
	complains(TOP "@ SOA a b 2 2 3 4 5\n", "4: error: o: more than one SOA");
	complains(TOP "x SOA a b 1 2 3 4 5\n", "4: error: x.o: SOA not at the top of the zone");
	complains("@ 60 SOA a b 1 2 3 4 5\n", "0: warning: zone o has no NS records");
}

static void
no_other_data_is_allowed_beside_a_cname(void **state) /* RFC 1034 s3.6.2, RFC 2181 s10.1 */
{
	(void)state;
	complains(
	    TOP "x CNAME a\nx A 192.0.2.1\n", "5: error: x.o: CNAME and other data at one name");
	complains(
	    TOP "x A 192.0.2.1\nX CNAME a\n", "5: error: X.o: CNAME and other data at one name");
	complains(TOP "x CNAME a\nx CNAME b\n", "5: error: x.o: more than one CNAME at this name");
	complains(TOP "x DNAME a\nx DNAME b\n", "5: error: x.o: more than one DNAME at this name");
	complains(TOP "x CNAME a\nx NSEC y.o. A\n", "");
	complains(TOP "*.x NS a\n", "4: error: *.x.o: NS at a wildcard name");
}

static void
every_error_has_its_line(void **state)
{
	(void)state;
	complains(TOP "x A 192.0.2\n"
		      "y NOTYPE z\n"
		      "z (\n A\n )\n"
		      "w A 192.0.2.1 surplus\n",
	    "4: error: A record: Syntax error, could not parse the RR's rdata\n"
	    "5: error: unknown type 'NOTYPE'\n"
	    "6: error: A record: Syntax error, value expected\n"
	    "9: error: A record: Syntax error, superfluous text present");
}

static void
syntax_errors_are_reported(void **state)
{
	(void)state;
	complains(TOP "x TXT \"open\ny A 192.0.2.1\n",
	    "4: error: a quoted string does not end on its line");
	complains(TOP "x TXT \"open", "4: error: a quoted string does not end");
	complains(TOP "x TXT ( a\nb\n", "4: error: '(' without ')'");
	complains(TOP "x TXT a )\n", "4: error: ')' without '('");
	complains(TOP "x TXT a\\\n", "4: error: a backslash at the end");
	complains(TOP "a..b A 192.0.2.1\n", "4: error: 'a..b' is not a domain name");
	complains(TOP "x\n", "4: error: a record without type");
	complains(TOP "x IN\n", "4: error: a record without type");
	complains(" A 192.0.2.1\n",
	    "1: error: no owner name: the line begins with a blank, but no record precedes it");
}

static void
numbers_too_large_for_their_field_are_reported(void **state) /* ldns would truncate them */
{
	(void)state;
	complains(TOP "x SRV 1 2 70000 y\n", "4: error: '70000' is not a number up to 65535");
	complains(TOP "x MX -1 y\n", "4: error: '-1' is not a number up to 65535");
	complains(TOP "x TLSA 300 1 1 00\n", "4: error: '300' is not a number up to 255");
	complains(TOP "x CAA 256 issue \"y\"\n", "4: error: '256' is not a number up to 255");
	complains("@ 60 SOA a b 4294967296 2 3 4 5\n@ 60 NS a\n",
	    "1: error: '4294967296' is not a number up to 4294967295");
	complains(TOP "x RRSIG A 8 2 3600 20300101000000 20200101000000 1 y AAAA\n", "");
	complains(TOP "x TXT 99999999999 1 999 y\n", "");
	complains(TOP "x SRV 65535 65535 65535 y\n", "");
	reads("@ MX \\# 5 0001 01 79 00", "o", "MX", "NOERROR aa\nan o. 60 MX 1 y.");
}

static void
only_class_in_and_data_types_are_accepted(void **state)
{
	(void)state;
	complains(TOP "x CH TXT a\n", "4: error: class CH: only IN is served");
	complains(TOP "x TYPE255 \\# 0\n", "4: error: this type cannot be in a zone");
	complains(TOP "x TYPE41 \\# 0\n", "4: error: this type cannot be in a zone");
}

static void
directives_are_checked(void **state)
{
	(void)state;
	complains(TOP "$ORIGIN\n", "4: error: $ORIGIN needs one domain name");
	complains(TOP "$ORIGIN a b\n", "4: error: $ORIGIN needs one domain name");
	complains(TOP "$TTL often\n", "4: error: $TTL needs one time, such as 3600 or 1h");
	complains(TOP "$TTL 1h 2h\n", "4: error: $TTL needs one time, such as 3600 or 1h");
	complains(TOP "$INCLUDE /etc/hostname\n", "4: error: $INCLUDE is not allowed here");
	complains(TOP "$GENERATE 1-2 x$ A 192.0.2.$\n",
	    "4: error: $GENERATE is not supported: write its records out, e.g. with "
	    "'named-checkzone -D'");
	complains(TOP "$NONSENSE\n", "4: error: unknown directive '$NONSENSE'");
}

static void
a_file_that_is_no_zone_file_stops_early(void **state)
{
	char text[4096] = "";
	const char *said;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		strcat(text, "what is this\n");
	said = fixture_problems("o", text);
	assert_non_null(strstr(said, "too many errors: the rest is not read"));
	assert_null(strstr(said, "\n40:"));
}

static void
an_rrset_larger_than_any_message_is_rejected(void **state)
{
	size_t room = 4096 * 32 + 100, at;
	char *text = malloc(room);

	(void)state;
	assert_non_null(text);
	at = (size_t)snprintf(text, room, TOP);
	for (unsigned i = 0; i < 4096; i++)
		at += (size_t)snprintf(text + at, room - at, "x A 192.0.%u.%u\n", i / 256, i % 256);
	complains(
	    text, "4099: error: x.o: more records of one name and type than fit into a message");
	free(text);
}

/* A temporary directory with files, removed when the test ends. */
struct folder {
	char path[64];
	char text[3][128];
};

static void
folder_write(const struct folder *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
folder_make(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	strcpy(folder->path, "/tmp/s53-zone-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	*state = folder;
	return 0;
}

static int
folder_remove(void **state)
{
	struct folder *folder = *state;
	DIR *files = opendir(folder->path);
	const struct dirent *file;

	assert_non_null(files);
	while ((file = readdir(files)) != NULL)
		if (file->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(files), file->d_name, 0), 0);
	closedir(files);
	assert_int_equal(rmdir(folder->path), 0);
	free(folder);
	return 0;
}

static enum s53_status
folder_load(const struct folder *folder, struct s53_diags *diags, struct s53_zone **out)
{
	struct s53_name apex = fixture_name("o");
	char path[128];

	snprintf(path, sizeof(path), "%s/zone", folder->path);
	s53_diags_init(diags);
	return s53_zone_load(path, &apex, diags, out);
}

static void
included_files_are_read_and_origin_and_owner_come_back(void **state) /* RFC 1035 s5.1 */
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	folder_write(folder, "zone",
	    TOP "x A 192.0.2.1\n$INCLUDE \"inner\" sub\n TXT same-owner\ny A 192.0.2.2\n");
	folder_write(folder, "inner", "z A 192.0.2.3\n$INCLUDE more\n$ORIGIN elsewhere.o.\n");
	folder_write(folder, "more", "w A 192.0.2.4\n");
	assert_int_equal(folder_load(folder, &diags, &zone), S53_OK);
	assert_string_equal(fixture_diags(&diags), "");
	s53_diags_fini(&diags);
	fixture_says(zone, "z.sub.o", "A", "NOERROR aa\nan z.sub.o. 60 A 192.0.2.3");
	fixture_says(zone, "w.sub.o", "A", "NOERROR aa\nan w.sub.o. 60 A 192.0.2.4");
	fixture_says(zone, "x.o", "TXT", "NOERROR aa\nan x.o. 60 TXT \"same-owner\"");
	fixture_says(zone, "y.o", "A", "NOERROR aa\nan y.o. 60 A 192.0.2.2");
	s53_zone_drop(zone);
}

static void
errors_in_included_files_have_their_file_and_line(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;
	char text[512];

	folder_write(folder, "zone", TOP "$INCLUDE inner\n$INCLUDE nothere\n");
	folder_write(folder, "inner", "\nx A nonsense\n");
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_SYNTAX);
	assert_null(zone);
	snprintf(text, sizeof(text),
	    "2: error: A record: Syntax error, could not parse the RR's rdata\n"
	    "5: error: cannot read '%s/nothere': No such file or directory",
	    folder->path);
	assert_string_equal(fixture_diags(&diags), text);
	snprintf(text, sizeof(text), "%s/inner", folder->path);
	assert_string_equal(diags.first->place.file, text);
	assert_string_equal(diags.first->source_line, "x A nonsense");
	s53_diags_fini(&diags);
}

static void
a_broken_last_line_without_its_end_is_quoted_up_to_the_end_of_the_file(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	folder_write(folder, "zone", "nonsense");
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_SYNTAX);
	assert_string_equal(diags.first->source_line, "nonsense");
	s53_diags_fini(&diags);
}

static void
a_file_that_includes_itself_is_an_error(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	char text[512];

	folder_write(folder, "zone", TOP "$INCLUDE loop\n");
	folder_write(folder, "loop", "\n$INCLUDE back\n");
	folder_write(folder, "back", "$INCLUDE zone\n$INCLUDE ./loop\n");
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_SYNTAX);
	snprintf(text, sizeof(text),
	    "1: error: '%s/zone' includes itself\n2: error: '%s/./loop' includes itself",
	    folder->path, folder->path);
	assert_string_equal(fixture_diags(&diags), text);
	s53_diags_fini(&diags);
}

static void
includes_nest_ten_deep_and_no_deeper(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	char name[16] = "zone", text[64] = TOP;
	struct s53_diags diags;

	for (unsigned i = 0; i < 11; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "$INCLUDE deep%u\n", i);
		folder_write(folder, name, text);
		snprintf(name, sizeof(name), "deep%u", i);
		text[0] = '\0';
	}
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_SYNTAX);
	assert_string_equal(
	    fixture_diags(&diags), "1: error: $INCLUDE is nested more than 10 deep");
	s53_diags_fini(&diags);
}

/* 60 times 60 times 60 files: no loop, but at ten levels it would take for ever. */
static void
the_number_of_included_files_is_limited(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	for (unsigned level = 0; level < 4; level++) {
		char name[16] = "zone", text[60 * 20 + sizeof(TOP)] = "", *end = text;

		if (level > 0)
			snprintf(name, sizeof(name), "often%u", level);
		else
			end = stpcpy(end, TOP);
		for (unsigned i = 0; i < 60 && level < 3; i++)
			end += sprintf(end, "$INCLUDE often%u\n", level + 1);
		folder_write(folder, name, text);
	}
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_SYNTAX);
	assert_non_null(strstr(fixture_diags(&diags), "more than 10000 files are included"));
	s53_diags_fini(&diags);
}

static void
a_file_that_cannot_be_read_is_an_io_error(void **state)
{
	struct s53_name apex = fixture_name("o");
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_IO);
	assert_string_equal(fixture_diags(&diags),
	    "0: error: cannot read the zone file: No such file or directory");
	s53_diags_fini(&diags);
	s53_diags_init(&diags);
	assert_int_equal(s53_zone_load(folder->path, &apex, &diags, &zone), S53_E_IO);
	assert_string_equal(
	    fixture_diags(&diags), "0: error: cannot read the zone file: Is a directory");
	s53_diags_fini(&diags);
}

static void
no_line_of_a_file_that_not_every_user_may_read_is_shown(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;
	char path[128];

	folder_write(folder, "zone", TOP "$INCLUDE inner\n");
	folder_write(folder, "inner", "root:$6$secret:20000::\nuser A secret\n$secret\n");
	snprintf(path, sizeof(path), "%s/inner", folder->path);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_SYNTAX);
	assert_int_equal(diags.error_count, 3);
	for (const struct s53_diag *it = diags.first; it != NULL; it = it->next) {
		assert_null(it->source_line);
		assert_null(strstr(it->text, "secret"));
	}
	s53_diags_fini(&diags);
}

static void
a_fifo_is_rejected_as_zone_file(void **state)
{
	struct folder *folder = *state;
	struct s53_zone *zone = NULL;
	struct s53_diags diags;
	char path[128];

	snprintf(path, sizeof(path), "%s/zone", folder->path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(folder_load(folder, &diags, &zone), S53_E_IO);
	assert_string_equal(fixture_diags(&diags),
	    "0: error: cannot read the zone file: it is a FIFO (named pipe); name a regular file "
	    "instead");
	s53_diags_fini(&diags);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttl_and_class_come_in_either_order_or_not_at_all),
		cmocka_unit_test(ttl_units_add_up),
		cmocka_unit_test(a_blank_owner_means_the_last_owner),
		cmocka_unit_test(origin_completes_owners_and_data),
		cmocka_unit_test(parentheses_join_lines_and_quotes_protect),
		cmocka_unit_test(a_duplicate_record_counts_once),
		cmocka_unit_test(unknown_types_are_read),
		cmocka_unit_test(without_a_ttl_the_last_one_or_else_the_minimum_of_the_soa_applies),
		cmocka_unit_test(bad_ttls_are_corrected_with_a_warning),
		cmocka_unit_test(an_out_of_zone_record_is_left_out_with_a_warning),
		cmocka_unit_test(a_zone_needs_one_soa_at_its_top),
		cmocka_unit_test(no_other_data_is_allowed_beside_a_cname),
		cmocka_unit_test(every_error_has_its_line),
		cmocka_unit_test(syntax_errors_are_reported),
		cmocka_unit_test(numbers_too_large_for_their_field_are_reported),
		cmocka_unit_test(only_class_in_and_data_types_are_accepted),
		cmocka_unit_test(directives_are_checked),
		cmocka_unit_test(a_file_that_is_no_zone_file_stops_early),
		cmocka_unit_test(an_rrset_larger_than_any_message_is_rejected),
		cmocka_unit_test_setup_teardown(
		    included_files_are_read_and_origin_and_owner_come_back, folder_make,
		    folder_remove),
		cmocka_unit_test_setup_teardown(
		    errors_in_included_files_have_their_file_and_line, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
		    a_broken_last_line_without_its_end_is_quoted_up_to_the_end_of_the_file,
		    folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
		    a_file_that_includes_itself_is_an_error, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
		    includes_nest_ten_deep_and_no_deeper, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
		    the_number_of_included_files_is_limited, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
		    a_file_that_cannot_be_read_is_an_io_error, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
		    no_line_of_a_file_that_not_every_user_may_read_is_shown, folder_make,
		    folder_remove),
		cmocka_unit_test_setup_teardown(
		    a_fifo_is_rejected_as_zone_file, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
