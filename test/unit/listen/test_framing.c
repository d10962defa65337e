/* SPDX-License-Identifier: ISC
 *
 * test_framing.c - messages of a byte stream (listen/framing.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <listen/framing.h>

static struct s53_octets
octets(const uint8_t *at, size_t len)
{
	return (struct s53_octets){ at, len };
}

/* A frame around a message of `len` bytes of `fill`. */
static size_t
put_frame(uint8_t *at, size_t len, int fill)
{
	at[0] = (uint8_t)(len >> 8);
	at[1] = (uint8_t)len;
	memset(at + 2, fill, len);
	return len + 2;
}

static void
whole_messages_are_handed_out_without_copying(void **state)
{
	uint8_t stream[200];
	struct s53_framing framing;
	struct s53_octets input, message;
	size_t len;

	(void)state;
	s53_framing_init(&framing);
	len = put_frame(stream, 12, 'a');
	len += put_frame(stream + len, 100, 'b');
	input = octets(stream, len);
	assert_int_equal(s53_framing_next(&framing, &input, &message), S53_FRAME_WHOLE);
	assert_ptr_equal(message.at, stream + 2);
	assert_int_equal(message.len, 12);
	assert_int_equal(s53_framing_next(&framing, &input, &message), S53_FRAME_WHOLE);
	assert_ptr_equal(message.at, stream + 16);
	assert_int_equal(message.len, 100);
	assert_int_equal(s53_framing_next(&framing, &input, &message), S53_FRAME_NONE);
	assert_int_equal(input.len, 0);
	s53_framing_fini(&framing);
}

/* Feed `stream` in pieces of `piece` bytes; the messages must be 12 a's, 300 b's, 12 c's. */
static void
feed_in_pieces(const uint8_t *stream, size_t len, size_t piece)
{
	static const struct {
		size_t len;
		int fill;
	} expected[] = { { 12, 'a' }, { 300, 'b' }, { 12, 'c' } };
	struct s53_framing framing;
	unsigned count = 0;

	s53_framing_init(&framing);
	for (size_t at = 0; at < len; at += piece) {
		size_t part = len - at < piece ? len - at : piece;
		uint8_t *copy = malloc(part); /* allocated with its exact size, for the sanitizer */
		struct s53_octets input, message;

		assert_non_null(copy);
		memcpy(copy, stream + at, part);
		input = octets(copy, part);
		while (s53_framing_next(&framing, &input, &message) == S53_FRAME_WHOLE) {
			assert_true(count < 3);
			assert_int_equal(message.len, expected[count].len);
			for (size_t i = 0; i < message.len; i++)
				assert_int_equal(message.at[i], expected[count].fill);
			count++;
		}
		assert_int_equal(input.len, 0);
		free(copy);
	}
	assert_int_equal(count, 3);
	s53_framing_fini(&framing);
}

static void
a_stream_gives_the_same_messages_whatever_the_size_of_its_pieces(void **state)
{
	uint8_t stream[400];
	size_t len;

	(void)state;
	len = put_frame(stream, 12, 'a');
	len += put_frame(stream + len, 300, 'b');
	len += put_frame(stream + len, 12, 'c');
	for (size_t piece = 1; piece <= len; piece++)
		feed_in_pieces(stream, len, piece);
}

static void
the_longest_message_is_handed_out(void **state)
{
	uint8_t *stream = malloc(2 + 65535);
	struct s53_framing framing;
	struct s53_octets input, message;
	size_t len;

	(void)state;
	assert_non_null(stream);
	len = put_frame(stream, 65535, 'x');
	s53_framing_init(&framing);
	input = octets(stream, 1000);
	assert_int_equal(s53_framing_next(&framing, &input, &message), S53_FRAME_NONE);
	input = octets(stream + 1000, len - 1000);
	assert_int_equal(s53_framing_next(&framing, &input, &message), S53_FRAME_WHOLE);
	assert_int_equal(message.len, 65535);
	assert_memory_equal(message.at, stream + 2, 65535);
	s53_framing_fini(&framing);
	free(stream);
}

static void
a_message_shorter_than_a_header_is_bad(void **state)
{
	uint8_t stream[32];

	(void)state;
	for (size_t len = 0; len < 12; len++) {
		struct s53_framing framing;
		struct s53_octets input, message;

		s53_framing_init(&framing);
		input = octets(stream, put_frame(stream, len, 0));
		assert_int_equal(s53_framing_next(&framing, &input, &message), S53_FRAME_BAD);
		s53_framing_fini(&framing);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_messages_are_handed_out_without_copying),
		cmocka_unit_test(a_stream_gives_the_same_messages_whatever_the_size_of_its_pieces),
		cmocka_unit_test(the_longest_message_is_handed_out),
		cmocka_unit_test(a_message_shorter_than_a_header_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
