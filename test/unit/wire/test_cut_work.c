/* SPDX-License-Identifier: ISC
 *
 * test_cut_work.c - the cost of making a message fit is bounded.
 *
 * Each client with a small buffer needs a cut of its own. Comparing each record with each other
 * would exceed these limits several times; they allow for a sanitizer and a busy machine.
 */
#include <time.h>

#include "octets.h"

#define RECORDS 256
#define ADDRESS_TAIL "0001 0001 0000003c 0004 7f000001"

struct message {
	size_t len;
	uint8_t at[8192];
};

static void
add(struct message *message, const char *text)
{
	struct octets more = octets(text);

	memcpy(message->at + message->len, more.at, more.len);
	message->len += more.len;
}

/* This many cuts to `limit` take less than two seconds, and this is left of the message. */
static void
assert_quick(const struct message *message, unsigned cuts, size_t limit, size_t left)
{
	clock_t begin = clock();

	for (unsigned i = 0; i < cuts; i++) {
		struct message copy = *message;

		assert_int_equal(s53_message_cut(copy.at, copy.len, limit), left);
	}
	assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
}

static void
a_section_of_many_owners_is_cut_quickly(void **state)
{
	struct message message = { 0 };

	(void)state;
	add(&message, "1234 8180 0001 0000 0000 0100 " QUESTION);
	for (unsigned i = 0; i < RECORDS; i++) {
		char text[80];

		snprintf(text, sizeof(text), ".node%03u c010 " ADDRESS_TAIL, i);
		add(&message, text);
	}
	assert_quick(&message, 1000, 1232, 29 + (1232 - 29) / 24 * 24);
}

/* Each owner is a label before the owner of the preceding record, as long as names may be. */
static void
a_section_behind_long_chains_of_pointers_is_cut_quickly(void **state)
{
	enum { CHAIN = 115 };
	struct message message = { 0 };
	unsigned above = 0x10; /* example */

	(void)state;
	add(&message, "1234 8180 0001 0000 0000 0100 " QUESTION);
	for (unsigned i = 0; i < RECORDS; i++) {
		unsigned at = (unsigned)message.len;
		char text[80];

		snprintf(text, sizeof(text), "%s%04x " ADDRESS_TAIL, i < CHAIN ? ".a " : "",
		    0xc000 | above);
		add(&message, text);
		if (i < CHAIN)
			above = at;
	}
	/* all records after the chain belong to its last set and are duplicates of its record */
	assert_quick(&message, 40, message.len - 1, message.len - 16);
	assert_quick(&message, 40, 29 + CHAIN * 18, 29 + CHAIN * 18);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_of_many_owners_is_cut_quickly),
		cmocka_unit_test(a_section_behind_long_chains_of_pointers_is_cut_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
