/* SPDX-License-Identifier: ISC
 *
 * compress.c - compression of names in a message that is being written: RFC 1035 s4.1.4.
 */
#include "compress.h"

#define LABELS_MAX 127
#define POINTER 0xc000u
#define POINTER_REACH 0x4000u

/* The suffixes of a name: where each label begins, and a hash of the suffix that begins there. */
struct tails {
	unsigned count;
	uint8_t begin[LABELS_MAX];
	uint16_t hash[LABELS_MAX];
};

static void
take_apart(struct tails *tails, const struct s53_name *name)
{
	uint32_t hash = 1;
	unsigned end = name->len - 1u;

	tails->count = 0;
	for (unsigned at = 0; at < end; at += 1u + name->octets[at])
		tails->begin[tails->count++] = (uint8_t)at;
	for (unsigned i = tails->count; i-- > 0; end = tails->begin[i]) {
		for (unsigned at = tails->begin[i]; at < end; at++)
			hash = hash * 31 + (name->octets[at] | 0x20u); /* ignores letter case */
		tails->hash[i] = (uint16_t)(hash ^ hash >> 16);
	}
}

/* The offset of a name equal to the last `len` bytes of `name`; 0: there is none. */
static size_t
find(const struct s53_reply *reply, const struct s53_name *name, size_t len, uint16_t hash)
{
	struct s53_reader reader = s53_reader_of(reply->writer.octets, reply->writer.at);

	for (unsigned i = 0; i < reply->compress_count; i++) {
		struct s53_name there;

		if (reply->compress_hash[i] != hash)
			continue;
		reader.at = reply->compress_at[i];
		if (s53_name_read(&reader, &there) && there.len == len &&
		    s53_name_is_at_or_below(name, &there))
			return reply->compress_at[i];
	}
	return 0;
}

static void
remember(struct s53_reply *reply, uint16_t hash)
{
	size_t at = reply->writer.at;

	if (reply->compress_count == S53_COMPRESS_SLOTS || at >= POINTER_REACH)
		return;
	reply->compress_at[reply->compress_count] = (uint16_t)at;
	reply->compress_hash[reply->compress_count] = hash;
	reply->compress_count++;
}

void
s53_reply_name(struct s53_reply *reply, const struct s53_name *name, bool may_point)
{
	struct s53_writer *writer = &reply->writer;
	struct tails tails;

	take_apart(&tails, name);
	for (unsigned i = 0; i < tails.count; i++) {
		const uint8_t *label = name->octets + tails.begin[i];
		size_t target = 0;

		if (may_point)
			target =
			    find(reply, name, (size_t)name->len - tails.begin[i], tails.hash[i]);
		if (target != 0) {
			s53_write_u16(writer, (uint16_t)(POINTER | target));
			return;
		}
		remember(reply, tails.hash[i]);
		s53_write(writer, label, 1u + *label);
	}
	s53_write_u8(writer, 0);
}
