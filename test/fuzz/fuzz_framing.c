/* SPDX-License-Identifier: ISC
 *
 * fuzz_framing.c - a TCP stream in pieces gives the same messages as in one piece.
 *
 * The first byte selects how the rest is cut. The expected messages are found by walking the
 * stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <listen/framing.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct walk {
	const uint8_t *stream;
	size_t len;
	size_t at; /* offset of the next message's length */
};

/* `message` is the one in the stream at walk->at. */
static void
check_message(struct walk *walk, const struct s53_octets *message)
{
	size_t len;

	if (walk->len - walk->at < 2)
		abort();
	len = (size_t)walk->stream[walk->at] << 8 | walk->stream[walk->at + 1];
	if (len != message->len || len < 12 || walk->len - walk->at - 2 < len)
		abort();
	if (memcmp(message->at, walk->stream + walk->at + 2, len) != 0)
		abort();
	walk->at += 2 + len;
}

/* The whole stream was taken: the rest is no complete message or, if `bad`, a bad one. */
static void
check_end(const struct walk *walk, enum s53_frame end)
{
	size_t left = walk->len - walk->at;
	size_t len = 0;

	if (left >= 2)
		len = (size_t)walk->stream[walk->at] << 8 | walk->stream[walk->at + 1];
	if (end == S53_FRAME_BAD && (left < 2 || len >= 12))
		abort();
	if (end == S53_FRAME_NONE && left >= 2 && (len < 12 || left - 2 >= len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct s53_framing framing;
	enum s53_frame frame = S53_FRAME_NONE;
	struct walk walk = { 0 };
	size_t piece, at = 0;

	if (len < 2)
		return 0;
	piece = data[0] == 0 ? len : data[0];
	walk.stream = data + 1;
	walk.len = len - 1;
	s53_framing_init(&framing);
	while (at < walk.len && frame == S53_FRAME_NONE) {
		size_t part = walk.len - at < piece ? walk.len - at : piece;
		struct s53_octets input = { walk.stream + at, part };
		struct s53_octets message;

		while ((frame = s53_framing_next(&framing, &input, &message)) == S53_FRAME_WHOLE)
			check_message(&walk, &message);
		if (frame == S53_FRAME_NONE && input.len != 0)
			abort();
		at += part;
	}
	check_end(&walk, frame);
	s53_framing_fini(&framing);
	return 0;
}
