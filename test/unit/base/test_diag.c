/* SPDX-License-Identifier: ISC
 *
 * test_diag.c - messages about a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/diag.h>

/*
 * What is printed for one error at `column` of `source_line`; the caller frees it. When this is
 * inlined, gcc 12 at -O3 takes the result for a pointer to its own variable.
 */
__attribute__((noinline)) static char *
printed(struct s53_place place, const char *source_line, const char *text)
{
	struct s53_diags diags;
	char *out = NULL;
	size_t len;
	FILE *stream = open_memstream(&out, &len);

	assert_non_null(stream);
	s53_diags_init(&diags);
	s53_diag_add(&diags, S53_DIAG_ERROR, place, source_line, "%s", text);
	s53_diags_print(&diags, stream);
	s53_diags_fini(&diags);
	fclose(stream);
	return out;
}

static void
expect(struct s53_place place, const char *source_line, const char *text, const char *wanted)
{
	char *out = printed(place, source_line, text);

	assert_string_equal(out, wanted);
	free(out);
}

static void
a_message_has_its_place_line_and_caret(void **state)
{
	(void)state;
	expect((struct s53_place){ "named.conf", 12, 2 }, "\tfowarders { 8.8.8.8; };\nnext line",
	    "unknown option 'fowarders'",
	    "named.conf:12:2: error: unknown option 'fowarders'\n"
	    "\tfowarders { 8.8.8.8; };\n"
	    "\t^\n");
}

static void
the_caret_is_under_its_character_in_utf8_text(void **state)
{
	(void)state;
	expect((struct s53_place){ "f", 1, 6 }, "\xc3\xbc\xc3\xbc x;", "bad",
	    "f:1:6: error: bad\n\xc3\xbc\xc3\xbc x;\n   ^\n");
}

static void
unknown_parts_of_the_place_are_left_out(void **state)
{
	(void)state;
	expect((struct s53_place){ NULL, 0, 0 }, NULL, "bad", "error: bad\n");
	expect((struct s53_place){ "f", 0, 0 }, NULL, "bad", "f: error: bad\n");
	expect((struct s53_place){ "f", 3, 0 }, "line", "bad", "f:3: error: bad\nline\n");
	expect(
	    (struct s53_place){ "f", 3, 99 }, "line", "bad", "f:3:99: error: bad\nline\n    ^\n");
}

static void
control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	expect((struct s53_place){ "f", 1, 1 }, "\033[2J\x7f", "not a word: \033",
	    "f:1:1: error: not a word: ?\n?[2J?\n^\n");
}

static void
a_long_line_is_shown_around_the_caret(void **state)
{
	char line[3001];
	char *out;

	(void)state;
	memset(line, 'a', 3000);
	line[2000] = 'X';
	line[3000] = '\0';
	out = printed((struct s53_place){ "f", 1, 2001 }, line, "bad");
	assert_in_range(strlen(out), 160, 280);
	assert_int_equal(
	    strchr(out, 'X') - strchr(out, '\n'), strchr(out, '^') - strrchr(out, 'a') - 1);
	free(out);
}

static void
messages_keep_their_order_and_are_counted_by_kind(void **state)
{
	struct s53_diags diags;
	char file[] = "a.conf";

	(void)state;
	s53_diags_init(&diags);
	s53_diag_add(&diags, S53_DIAG_WARNING, (struct s53_place){ file, 1, 1 }, NULL, "first");
	s53_diag_add(
	    &diags, S53_DIAG_ERROR, (struct s53_place){ NULL, 0, 0 }, NULL, "%s", "second");
	s53_diag_add(&diags, S53_DIAG_NOTICE, (struct s53_place){ NULL, 0, 0 }, NULL, "third");
	file[0] = 'x'; /* the list has a copy */
	assert_int_equal(diags.error_count, 1);
	assert_int_equal(diags.warning_count, 1);
	assert_string_equal(diags.first->text, "first");
	assert_string_equal(diags.first->place.file, "a.conf");
	assert_string_equal(diags.first->next->text, "second");
	assert_string_equal(diags.first->next->next->text, "third");
	s53_diags_fini(&diags);
	assert_null(diags.first);
}

/* What is printed; the caller frees it. */
static char *
print_all(const struct s53_diags *diags)
{
	char *out = NULL;
	size_t len;
	FILE *stream = open_memstream(&out, &len);

	assert_non_null(stream);
	s53_diags_print(diags, stream);
	fclose(stream);
	return out;
}

static void
equal_warnings_are_merged_with_a_count_and_the_first_places(void **state)
{
	struct s53_diags diags;
	char *out;

	(void)state;
	s53_diags_init(&diags);
	for (unsigned line = 1; line <= 1000; line++)
		s53_diag_warn(&diags, S53_DIAG_DIFFERS, (struct s53_place){ "a.conf", line, 1 },
		    "notify yes;", "no NOTIFY");
	s53_diag_warn(&diags, S53_DIAG_HARMLESS, (struct s53_place){ "a.conf", 7, 1 }, NULL,
	    "no NOTIFY"); /* of another class */
	s53_diag_warn(
	    &diags, S53_DIAG_DIFFERS, (struct s53_place){ "b.conf", 2, 1 }, NULL, "other");
	s53_diag_warn(
	    &diags, S53_DIAG_DIFFERS, (struct s53_place){ "c.conf", 3, 1 }, NULL, "other");
	assert_int_equal(diags.warning_count, 3);
	assert_int_equal(diags.first->count, 1000);
	out = print_all(&diags);
	assert_string_equal(out,
	    "a.conf:1:1: warning: no NOTIFY (1000 times: also a.conf:2, a.conf:3, a.conf:4 ...)\n"
	    "notify yes;\n^\n"
	    "b.conf:2:1: warning: other (2 times: also c.conf:3)\n"
	    "a.conf:7:1: warning: no NOTIFY\n");
	free(out);
	s53_diags_fini(&diags);
}

static void
security_warnings_are_printed_first_and_harmless_ones_last(void **state)
{
	const struct s53_place nowhere = { NULL, 0, 0 };
	struct s53_diags diags;
	char *out;

	(void)state;
	s53_diags_init(&diags);
	s53_diag_warn(&diags, S53_DIAG_HARMLESS, nowhere, NULL, "h");
	s53_diag_warn(&diags, S53_DIAG_DIFFERS, nowhere, NULL, "d");
	s53_diag_add(&diags, S53_DIAG_WARNING, nowhere, NULL, "w");
	s53_diag_warn(&diags, S53_DIAG_SECURITY, nowhere, NULL, "s");
	s53_diag_add(&diags, S53_DIAG_ERROR, nowhere, NULL, "e");
	out = print_all(&diags);
	assert_string_equal(out, "error: e\nwarning: s\nwarning: w\nwarning: d\nwarning: h\n");
	free(out);
	s53_diags_fini(&diags);
}

static void
different_warnings_beyond_the_limit_are_counted(void **state)
{
	struct s53_diags diags;
	char *out;

	(void)state;
	s53_diags_init(&diags);
	for (unsigned i = 0; i < S53_DIAG_LISTED_MAX + 5; i++)
		s53_diag_warn(
		    &diags, S53_DIAG_DIFFERS, (struct s53_place){ NULL, 0, 0 }, NULL, "text %u", i);
	s53_diag_warn(&diags, S53_DIAG_SECURITY, (struct s53_place){ NULL, 0, 0 }, NULL, "s");
	assert_int_equal(diags.listed[S53_DIAG_DIFFERS], S53_DIAG_LISTED_MAX);
	out = print_all(&diags);
	assert_memory_equal(out, "warning: s\nwarning: text 0\n", 27);
	assert_non_null(
	    strstr(out, "text 999\nwarning: 5 more warnings of this kind are not listed\n"));
	free(out);
	s53_diags_fini(&diags);
}

static void
arguments_can_be_left_out_of_a_message(void **state)
{
	char *text = s53_diag_elide("'%s' has %-5.2lu of 100 %%, %*d");

	(void)state;
	assert_non_null(text);
	assert_string_equal(text,
	    "'...' has ... of 100 %, ... (the line is not shown, because not every user may read "
	    "this file)");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_warnings_are_merged_with_a_count_and_the_first_places),
		cmocka_unit_test(security_warnings_are_printed_first_and_harmless_ones_last),
		cmocka_unit_test(different_warnings_beyond_the_limit_are_counted),
		cmocka_unit_test(arguments_can_be_left_out_of_a_message),
		cmocka_unit_test(a_message_has_its_place_line_and_caret),
		cmocka_unit_test(the_caret_is_under_its_character_in_utf8_text),
		cmocka_unit_test(unknown_parts_of_the_place_are_left_out),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(a_long_line_is_shown_around_the_caret),
		cmocka_unit_test(messages_keep_their_order_and_are_counted_by_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
