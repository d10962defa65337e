/* SPDX-License-Identifier: ISC
 *
 * octets.h - messages written as text for tests.
 *
 *	"1234 8180 0001 0001 0000 0000 .www .example 00 0001 0001 "
 *	"c00c 0001 0001 0000003c 0004 7f000001"
 *
 * A word of hex digits is those bytes, a dot and letters a label with its length, a quote and
 * letters just those letters.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <split53/message.h>

/* The question of most tests, and an A record for it. */
#define WWW " .www .example 00 "
#define QUESTION WWW "0001 0001 "
#define ADDRESS "c00c 0001 0001 0000003c 0004 7f000001 "
#define OPT "00 0029 04d0 00000000 0000 "

struct octets {
	size_t len;
	uint8_t at[4096];
};

static inline void
add_hex(struct octets *out, const char *word, size_t len)
{
	assert_true(len % 2 == 0);
	for (size_t i = 0; i < len; i += 2) {
		char pair[3] = { word[i], word[i + 1], '\0' };

		out->at[out->len++] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

static inline struct octets
octets(const char *text)
{
	struct octets out = { 0 };

	for (;;) {
		size_t len;

		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len == 0)
			return out;
		if (*text != '.' && *text != '\'') {
			add_hex(&out, text, len);
		} else {
			if (*text == '.')
				out.at[out.len++] = (uint8_t)(len - 1);
			memcpy(out.at + out.len, text + 1, len - 1);
			out.len += len - 1;
		}
		text += len;
	}
}

/* Assert that the bytes are those of the text. */
static inline void
assert_octets(const uint8_t *at, size_t len, const char *text)
{
	struct octets expected = octets(text);

	assert_int_equal(len, expected.len);
	assert_memory_equal(at, expected.at, len);
}

static inline struct s53_name
name_of(const char *text)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	return name;
}

static inline void
assert_name(const struct s53_name *name, const char *text)
{
	char printed[S53_NAME_TEXT];

	assert_string_equal(s53_name_print(name, printed), text);
}

static inline bool
passes(const struct octets *message)
{
	struct s53_edns edns;
	size_t opt_at;

	return s53_message_check(message->at, message->len, &edns, &opt_at);
}
