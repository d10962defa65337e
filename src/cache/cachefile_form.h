/* SPDX-License-Identifier: ISC
 *
 * cachefile_form.h - the format of the cache file.
 *
 * Layer    cache (private)
 * Threads  any
 * Memory   none
 * Units    bytes; every number in network byte order, on every machine
 *
 *	head     "s53cache", version 4, blocks 4, wall_s 8, entries 8, bytes of the file 8,
 *	         checksum of the last block 8, checksum of the head so far 8
 *	block    checksum 8, len 4, entries 4, then `len` bytes of entries
 *	entry    view 4, route 4, age_ms 8, lifetime_s 4, kept_s 4, flags 2, len 2, message
 *
 * A block's checksum is over the checksum of the block before it (0 for the first), its own len and
 * entries, and its bytes: so the blocks form a chain. Its last checksum is in the head, and no
 * byte is left out. It detects damage, but no attack; owner and mode of the file prevent that.
 */
#pragma once

#include <split53/cache.h>

#define CACHEFILE_MAGIC "s53cache"
#define CACHEFILE_MAGIC_LEN 8u
/* Changes with this format, and with the way in which ids of views and routes are computed. */
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
 * The checksum of the complete block at `block`, head included; `before` is the checksum of the
 * block before it and is written into its head, where the checksum belongs.
 */
uint64_t cachefile_block_checksum(uint8_t *block, size_t len, uint64_t before);
void cachefile_block_write_head(uint8_t *block, uint32_t len, uint32_t entries);

/* Sets the writer's `full` if it does not fit. */
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
