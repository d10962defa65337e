/* SPDX-License-Identifier: ISC
 *
 * cachefile_form.h - how the file of the cache is laid out.
 *
 * Layer    cache (private)
 * Threads  any
 * Memory   none
 * Units    octets; every number with its most significant octet first, on every machine
 *
 *	head     "s53cache", version 4, blocks 4, wall_s 8, entries 8, octets of the file 8,
 *	         checksum of the last block 8, checksum of the head so far 8
 *	block    checksum 8, len 4, entries 4, then `len` octets of entries
 *	entry    view 4, route 4, age_ms 8, lifetime_s 4, kept_s 4, flags 2, len 2, message
 *
 * A block's checksum is over the checksum of the block before it (0 for the first), its own len and
 * entries, and its octets: so they are a chain whose end stands in the head, and no octet is left
 * out. It finds damage; it keeps no enemy away, which the owner and the mode of the file do.
 */
#pragma once

#include <split53/cache.h>

#define CACHEFILE_MAGIC "s53cache"
#define CACHEFILE_MAGIC_LEN 8u
/* Another one when this form changes, or what the numbers of views and routes are made of. */
#define CACHEFILE_VERSION 1u
#define CACHEFILE_HEAD_LEN 56u
#define CACHEFILE_BLOCK_HEAD_LEN 16u
#define CACHEFILE_BLOCK_MAX (128u * 1024) /* of entries; the largest entry is half of it */
#define CACHEFILE_ENTRY_HEAD_LEN 28u

enum cachefile_flag {
	CACHEFILE_DNSSEC_OK = 1,
	CACHEFILE_CHECKING_DISABLED = 2,
	CACHEFILE_AUTHENTIC = 4,
	CACHEFILE_MAY_BE_CUT = 8,
};
#define CACHEFILE_FLAGS 15u

struct cachefile_head {
	uint32_t version, blocks;
	uint64_t wall_s, entries, octets, checksum;
};

struct cachefile_entry {
	uint32_t view_id, route_id;
	uint64_t age_ms;
	uint32_t lifetime_s, kept_s;
	uint16_t flags;
	const uint8_t *message;
	size_t len;
};

void cachefile_head_write(
    const struct cachefile_head *head, uint8_t octets[static CACHEFILE_HEAD_LEN]);
/* NULL, or what is wrong, as in "it %s". */
const char *cachefile_head_read(
    const uint8_t octets[static CACHEFILE_HEAD_LEN], struct cachefile_head *out);

/*
 * The checksum of a block that stands, head and all, at `block`; `before` is the one of the block
 * before it and is written into its head, where the checksum goes.
 */
uint64_t cachefile_block_checksum(uint8_t *block, size_t len, uint64_t before);
void cachefile_block_write_head(uint8_t *block, uint32_t len, uint32_t entries);

/* full: there is no room. */
void cachefile_entry_write(struct s53_writer *writer, const struct cachefile_entry *entry);
/* NULL, or what is wrong, as in "it %s". The message has been checked. */
const char *cachefile_entry_read(struct s53_reader *reader, struct cachefile_entry *out);

static inline void
cachefile_write_u64(struct s53_writer *writer, uint64_t value)
{
	s53_write_u32(writer, (uint32_t)(value >> 32));
	s53_write_u32(writer, (uint32_t)value);
}

static inline uint64_t
cachefile_read_u64(struct s53_reader *reader)
{
	uint64_t high = s53_read_u32(reader);

	return high << 32 | s53_read_u32(reader);
}
