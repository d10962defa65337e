/* SPDX-License-Identifier: ISC
 *
 * name.c - domain names in wire form: read, compare, cut, change case.
 *
 * A name is copied a run of labels at a time, not byte by byte. Length bytes are at most 63, less
 * than 'A', so case can be folded over the whole wire form, eight bytes in a step.
 */
#include <split53/name.h>

#include <split53/header.h>
#include <split53/rand.h>

/*
 * A name of 255 bytes has at most 127 labels, so if each pointer leads to at least one label, it
 * needs no more jumps than this; the limit ends chains of pointers to pointers.
 */
#define JUMPS_MAX 127

#define POINTER 0xc0u
#define EACH_OCTET 0x0101010101010101u

/* Skip whole labels. Returns what ended them: 0 for the root, or the byte that is not a length. */
static inline unsigned
skip_labels(struct s53_reader *reader)
{
	for (;;) {
		unsigned length = s53_read_u8(reader);

		if (length == 0 || length > S53_LABEL_MAX)
			return length;
		s53_read(reader, length);
	}
}

static inline bool
fail(struct s53_reader *reader)
{
	reader->bad = true;
	return false;
}

/* RFC 1035 s4.1.4. With `out` NULL the name is only checked. */
static inline bool
read_name(struct s53_reader *reader, struct s53_name *out)
{
	struct s53_reader run = *reader;
	size_t len = 0;

	for (unsigned jumps = 0; jumps <= JUMPS_MAX; jumps++) {
		size_t begin = run.at;
		unsigned stop = skip_labels(&run);
		size_t span = run.at - begin - (stop != 0);

		if (run.bad || len + span > S53_NAME_MAX)
			return fail(reader);
		if (out != NULL)
			memcpy(out->octets + len, run.octets + begin, span);
		len += span;
		if (stop != 0)
			stop = (stop << 8) | s53_read_u8(&run);
		if (jumps == 0)
			reader->at = run.at;
		if (stop == 0) {
			if (out != NULL)
				out->len = (uint8_t)len;
			return true;
		}
		/* Only to before the labels just read, so it ends; and not into the header. */
		if (run.bad || stop < POINTER << 8 || (stop & 0x3fff) >= begin ||
		    (stop & 0x3fff) < S53_HEADER_LEN)
			return fail(reader);
		run.at = stop & 0x3fff;
	}
	return fail(reader);
}

bool
s53_name_read(struct s53_reader *reader, struct s53_name *out)
{
	return read_name(reader, out);
}

bool
s53_name_skip(struct s53_reader *reader)
{
	return read_name(reader, NULL);
}

bool
s53_name_read_equal(struct s53_reader *reader, const struct s53_name *name)
{
	struct s53_name here;

	return read_name(reader, &here) && s53_name_equal(&here, name);
}

/* A-Z of eight bytes to a-z at once: the high bit of each byte has the result of the comparison. */
static inline uint64_t
lower_eight(uint64_t octets)
{
	uint64_t low_bits = octets & 0x7f * EACH_OCTET;
	uint64_t from_a = low_bits + (0x80 - 'A') * EACH_OCTET;
	uint64_t above_z = low_bits + (0x80 - 'Z' - 1) * EACH_OCTET;
	uint64_t upper = (from_a ^ above_z) & ~octets & 0x80 * EACH_OCTET;

	return octets | upper >> 2; /* 0x80 >> 2 is 0x20, the difference of 'a' and 'A' */
}

static inline uint8_t
lower_one(uint8_t octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

/* The last step overlaps the one before: lowering bytes twice is harmless. */
void
s53_name_lower_of(const struct s53_name *name, struct s53_name *out)
{
	size_t len = name->len;

	out->len = name->len;
	for (size_t at = 0; len >= 8; at = at + 16 <= len ? at + 8 : len - 8) {
		uint64_t eight;

		memcpy(&eight, name->octets + at, 8);
		eight = lower_eight(eight);
		memcpy(out->octets + at, &eight, 8);
		if (at + 8 == len)
			return;
	}
	for (size_t at = 0; at < len; at++)
		out->octets[at] = lower_one(name->octets[at]);
}

void
s53_name_lower(struct s53_name *name)
{
	s53_name_lower_of(name, name);
}

static bool
equal_octets(const uint8_t *a, const uint8_t *b, size_t left)
{
	for (; left >= 8; a += 8, b += 8, left -= 8) {
		uint64_t a8, b8;

		memcpy(&a8, a, 8);
		memcpy(&b8, b, 8);
		if (a8 != b8 && lower_eight(a8) != lower_eight(b8))
			return false;
	}
	for (; left > 0; a++, b++, left--)
		if (lower_one(*a) != lower_one(*b))
			return false;
	return true;
}

bool
s53_name_octets_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return equal_octets(a, b, len);
}

bool
s53_name_equal(const struct s53_name *a, const struct s53_name *b)
{
	return a->len == b->len && equal_octets(a->octets, b->octets, a->len);
}

/*
 * The offset of the label at `at`, or of the one to which a pointer there leads; the message's
 * length when there is none. In a message that passed the check no pointer leads to a pointer.
 */
static inline size_t
label_at(const struct s53_reader *message, size_t at)
{
	if (at + 1 < message->len && message->octets[at] >= POINTER)
		at = s53_u16_get(message->octets + at) & 0x3fff;
	return at < message->len && message->octets[at] <= S53_LABEL_MAX ? at : message->len;
}

bool
s53_name_equal_at(const struct s53_reader *message, size_t a, size_t b, unsigned *steps)
{
	for (; *steps > 0; --*steps) {
		size_t len;

		a = label_at(message, a);
		b = label_at(message, b);
		if (a == b)
			return a < message->len;
		if (a == message->len || b == message->len ||
		    message->octets[a] != message->octets[b])
			return false;
		len = 1u + message->octets[a];
		if (len == 1)
			return true;
		if (len > message->len - a || len > message->len - b ||
		    !equal_octets(message->octets + a + 1, message->octets + b + 1, len - 1))
			return false;
		a += len;
		b += len;
	}
	return false;
}

bool
s53_name_same(const struct s53_name *a, const struct s53_name *b)
{
	return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

bool
s53_name_is_at_or_below(const struct s53_name *name, const struct s53_name *apex)
{
	size_t at = 0;

	while (at < name->len && (size_t)name->len - at > apex->len)
		at += 1u + name->octets[at];
	return at < name->len && (size_t)name->len - at == apex->len &&
	    equal_octets(name->octets + at, apex->octets, apex->len);
}

unsigned
s53_name_label_count(const struct s53_name *name)
{
	unsigned count = 0;

	for (size_t at = 0; at < name->len && name->octets[at] != 0; at += 1u + name->octets[at])
		count++;
	return count;
}

struct s53_name
s53_name_ancestor(const struct s53_name *name, unsigned count)
{
	struct s53_name up;
	size_t at = 0;

	for (; count > 0 && name->octets[at] != 0; count--)
		at += 1u + name->octets[at];
	up.len = (uint8_t)(name->len - at);
	memcpy(up.octets, name->octets + at, up.len);
	return up;
}

/* 0x20 in each of eight bytes that is a letter: sums of seven bits carry into the eighth. */
static uint64_t
letters_of(uint64_t octets)
{
	uint64_t low = (octets | 0x20 * EACH_OCTET) & 0x7f * EACH_OCTET;
	uint64_t from_a = low + (0x80 - 'a') * EACH_OCTET;
	uint64_t past_z = low + (0x80 - 'z' - 1) * EACH_OCTET;

	return (from_a & ~past_z & ~octets & 0x80 * EACH_OCTET) >> 2;
}

/* 0x20 in each byte that has its bit set. */
static uint64_t
spread(uint8_t bits)
{
	uint64_t each = bits * EACH_OCTET & UINT64_C(0x8040201008040201);

	return ((each + 0x7f * EACH_OCTET) & 0x80 * EACH_OCTET) >> 2;
}

void
s53_name_scramble(struct s53_name *name)
{
	uint8_t bits[(S53_NAME_MAX + 7) / 8];
	size_t at = 0;

	s53_rand_fill(bits, (name->len + 7u) / 8);
	for (; at + 8 <= name->len; at += 8) {
		uint64_t octets;

		memcpy(&octets, name->octets + at, sizeof(octets));
		octets ^= letters_of(octets) & spread(bits[at / 8]);
		memcpy(name->octets + at, &octets, sizeof(octets));
	}
	for (; at < name->len; at++) {
		uint8_t letter = name->octets[at] | 0x20;

		if (letter >= 'a' && letter <= 'z' && (bits[at / 8] >> at % 8 & 1) != 0)
			name->octets[at] ^= 0x20;
	}
}
