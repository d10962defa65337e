/* SPDX-License-Identifier: ISC
 *
 * cachefile_form.c - write and read the head, blocks and entries of the cache file.
 */
#include "cachefile_form.h"

#include <split53/hash.h>

#define HEAD_SUMMED_LEN (CACHEFILE_HEAD_LEN - 8)

void
cachefile_head_write(const struct cachefile_head *head, uint8_t octets[static CACHEFILE_HEAD_LEN])
{
	struct s53_writer writer = s53_writer_of(octets, CACHEFILE_HEAD_LEN);

	s53_write(&writer, CACHEFILE_MAGIC, CACHEFILE_MAGIC_LEN);
	s53_write_u32(&writer, head->version);
	s53_write_u32(&writer, head->blocks);
	cachefile_write_u64(&writer, head->wall_s);
	cachefile_write_u64(&writer, head->entries);
	cachefile_write_u64(&writer, head->octets);
	cachefile_write_u64(&writer, head->checksum);
	cachefile_write_u64(&writer, s53_hash_stable(octets, HEAD_SUMMED_LEN));
}

const char *
cachefile_head_read(const uint8_t octets[static CACHEFILE_HEAD_LEN], struct cachefile_head *out)
{
	struct s53_reader reader = s53_reader_of(octets, CACHEFILE_HEAD_LEN);

	if (memcmp(s53_read(&reader, CACHEFILE_MAGIC_LEN), CACHEFILE_MAGIC, CACHEFILE_MAGIC_LEN) !=
	    0)
		return "is not a cache file";
	out->version = s53_read_u32(&reader);
	out->blocks = s53_read_u32(&reader);
	out->wall_s = cachefile_read_u64(&reader);
	out->entries = cachefile_read_u64(&reader);
	out->octets = cachefile_read_u64(&reader);
	out->checksum = cachefile_read_u64(&reader);
	if (out->version != CACHEFILE_VERSION)
		return "was written by another version of split53";
	if (cachefile_read_u64(&reader) != s53_hash_stable(octets, HEAD_SUMMED_LEN))
		return "is damaged: wrong checksum of its header";
	return NULL;
}

uint64_t
cachefile_block_checksum(uint8_t *block, size_t len, uint64_t before)
{
	struct s53_writer writer = s53_writer_of(block, 8);

	cachefile_write_u64(&writer, before);
	return s53_hash_stable(block, CACHEFILE_BLOCK_HEAD_LEN + len);
}

void
cachefile_block_write_head(uint8_t *block, uint32_t len, uint32_t entries)
{
	struct s53_writer writer = s53_writer_of(block, CACHEFILE_BLOCK_HEAD_LEN);

	cachefile_write_u64(&writer, 0);
	s53_write_u32(&writer, len);
	s53_write_u32(&writer, entries);
}

void
cachefile_entry_write(struct s53_writer *writer, const struct cachefile_entry *entry)
{
	s53_write_u32(writer, entry->view_id);
	s53_write_u32(writer, entry->route_id);
	cachefile_write_u64(writer, entry->age_ms);
	s53_write_u32(writer, entry->lifetime_s);
	s53_write_u32(writer, entry->kept_s);
	s53_write_u16(writer, entry->flags);
	s53_write_u16(writer, (uint16_t)entry->len);
	s53_write(writer, entry->message, entry->len);
}

/*
 * Is it a message as the cache stores it: an answer without OPT to one question in lower case, with
 * ID 0? The key is made from it.
 */
static bool
is_kept_message(const uint8_t *message, size_t len)
{
	struct s53_name name, lower;
	struct s53_reader reader;
	struct s53_edns edns;
	size_t opt_at = 0;

	if (len < S53_HEADER_LEN || !s53_message_check(message, len, &edns, &opt_at) ||
	    opt_at != 0 || s53_header_count(message, S53_QUESTION) != 1 ||
	    s53_header_id(message) != 0 || s53_header_opcode(message) != S53_OPCODE_QUERY ||
	    (s53_header_flags(message) & (S53_QR | S53_TC)) != S53_QR)
		return false;
	reader = s53_reader_of(message, len);
	reader.at = S53_HEADER_LEN;
	if (!s53_name_read(&reader, &name))
		return false;
	s53_name_lower_of(&name, &lower);
	return s53_name_same(&name, &lower);
}

const char *
cachefile_entry_read(struct s53_reader *reader, struct cachefile_entry *out)
{
	out->view_id = s53_read_u32(reader);
	out->route_id = s53_read_u32(reader);
	out->age_ms = cachefile_read_u64(reader);
	out->lifetime_s = s53_read_u32(reader);
	out->kept_s = s53_read_u32(reader);
	out->flags = s53_read_u16(reader);
	out->len = s53_read_u16(reader);
	out->message = s53_read(reader, out->len);
	if (reader->bad)
		return "is damaged: an entry is longer than its block";
	if (out->kept_s == 0 || out->kept_s < out->lifetime_s || out->age_ms / 1000 > out->kept_s ||
	    (out->flags & ~CACHEFILE_FLAGS) != 0)
		return "is damaged: an entry has invalid times or flags";
	if (!is_kept_message(out->message, out->len))
		return "is damaged: an entry holds a message that is never cached";
	return NULL;
}
