/* SPDX-License-Identifier: ISC
 *
 * test_cut_collisions.c - cutting messages when all hashes are equal: here s53_hash() is replaced.
 */
#include "octets.h"

#include <split53/hash.h>

#define ADDRESS_TAIL "0001 0001 0000003c 0004 7f0000"

uint64_t
s53_hash(const void *octets, size_t len)
{
	(void)octets;
	(void)len;
	return 53;
}

/* Cut a message with these additional records to one byte less. */
static void
assert_left(const char *count, const char *records, size_t left)
{
	char text[4096];
	struct octets message;

	snprintf(text, sizeof(text), "1234 8180 0001 0000 0000 %s " QUESTION "%s", count, records);
	message = octets(text);
	assert_true(passes(&message));
	assert_int_equal(s53_message_cut(message.at, message.len, message.len - 1), left);
}

static void
equal_hashes_do_not_make_a_set(void **state)
{
	(void)state;
	assert_left("0002", "c00c " ADDRESS_TAIL "01 c010 " ADDRESS_TAIL "02", 29 + 16);
	assert_left("0002", "c00c " ADDRESS_TAIL "01 c00c 0010 0001 0000003c 0000", 29 + 16);
}

static void
equal_hashes_do_not_make_a_copy(void **state)
{
	(void)state;
	assert_left("0002", "c00c " ADDRESS_TAIL "01 c00c " ADDRESS_TAIL "02", 29);
	assert_left("0002", "c00c " ADDRESS_TAIL "01 c00c " ADDRESS_TAIL "01", 29 + 16);
}

static void
a_section_with_many_equal_hashes_is_removed_whole(void **state)
{
	char records[2048] = "";

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		size_t len = strlen(records);

		snprintf(records + len, sizeof(records) - len, ".%c 00 " ADDRESS_TAIL "01 ",
		    'a' + (char)i);
	}
	assert_left("0010", records, 29);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_hashes_do_not_make_a_set),
		cmocka_unit_test(equal_hashes_do_not_make_a_copy),
		cmocka_unit_test(a_section_with_many_equal_hashes_is_removed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
