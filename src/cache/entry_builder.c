/* SPDX-License-Identifier: ISC
 *
 * entry_builder.c - a new entry: all that can be prepared before the lock is taken.
 */
#include "entry_builder.h"

#include <limits.h>

uint8_t
s53_entry_builder_key_flags(const struct s53_key *key)
{
	return (uint8_t)((key->dnssec_ok ? S53_ENTRY_DO : 0) |
	    (key->checking_disabled ? S53_ENTRY_CD : 0));
}

uint8_t
s53_entry_builder_trait_flags(unsigned traits)
{
	return (uint8_t)(((traits & S53_CACHE_AUTHENTIC) != 0 ? S53_ENTRY_AUTHENTIC : 0) |
	    ((traits & S53_CACHE_MAY_BE_CUT) != 0 ? S53_ENTRY_ODD : 0));
}

/* Is the message a response to the key: one question, with its name, type and class? */
static bool
question_is(const struct s53_entry_builder *builder)
{
	const struct s53_key *key = builder->key;
	struct s53_reader reader = s53_reader_of(builder->message, builder->len);

	if (s53_read(&reader, S53_HEADER_LEN) == NULL ||
	    s53_header_count(builder->message, S53_QUESTION) != 1 ||
	    !s53_name_read_equal(&reader, key->name))
		return false;
	return s53_read_u16(&reader) == key->qtype && s53_read_u16(&reader) == key->qclass &&
	    !reader.bad;
}

bool
s53_spells_name(
    const uint8_t *message, size_t len, const struct s53_rr *rr, const struct s53_name *name)
{
	struct s53_reader reader = s53_reader_of(message, len);
	uint8_t first;

	/* The CNAME made from it, and the owner name that follows, have labels of the question. */
	if (rr->type == S53_TYPE_DNAME && rr->section == S53_ANSWER)
		return true;
	reader.at = rr->owner_at;
	first = s53_read_u8(&reader);
	if (first == 0 || first > S53_LABEL_MAX)
		return false;
	reader.at = rr->owner_at;
	return s53_name_read_equal(&reader, name);
}

bool
s53_entry_builder_examine(struct s53_entry_builder *builder)
{
	struct s53_walk walk;
	struct s53_rr rr;

	if (builder->len > S53_MESSAGE_MAX || !question_is(builder) ||
	    !s53_walk_begin(&walk, builder->message, builder->len))
		return false;
	builder->ttl_count = 0;
	while (s53_walk_next(&walk, &rr)) {
		if (rr.type == S53_TYPE_OPT)
			return false;
		builder->ttl_at[builder->ttl_count++] = (uint16_t)rr.ttl_at;
		if (rr.section == S53_ANSWER &&
		    (rr.type == S53_TYPE_CNAME || rr.type == S53_TYPE_DNAME))
			builder->flags |= S53_ENTRY_ALIASES;
		if (s53_spells_name(builder->message, builder->len, &rr, builder->key->name))
			builder->flags |= S53_ENTRY_RESPELL;
	}
	if (walk.reader.bad)
		return false;
	if (builder->ttl_count == 0) /* no record is missing, and it is no failure */
		builder->flags &= (uint8_t)~S53_ENTRY_ODD;
	if (builder->len >= S53_ENTRY_SEAMS_FROM)
		s53_message_seams(
		    builder->message, builder->len, builder->ttl_count, SIZE_MAX, builder->seams);
	return true;
}

static size_t
error_len(const struct s53_extended_error *error)
{
	return error == NULL ? 0 : S53_ENTRY_ERROR_LEN(strnlen(error->text, S53_ERROR_TEXT_MAX));
}

static void
put_error(uint8_t *at, const struct s53_extended_error *error)
{
	size_t text_len = strnlen(error->text, S53_ERROR_TEXT_MAX);

	s53_u16_put(at, error->code);
	at[2] = (uint8_t)text_len;
	memcpy(at + 3, error->text, text_len);
}

static void
fill(struct s53_entry *entry, const struct s53_entry_builder *builder)
{
	const struct s53_name *name = builder->key->name;
	uint8_t *message;

	entry->message_len = (uint16_t)builder->len;
	entry->flags = builder->flags;
	entry->ede = builder->ede & S53_ENTRY_EDE_NONE;
	entry->ttl_count = builder->ttl_count & 0x7fffu;
	entry->has_error = builder->error != NULL;
	entry->view_id = builder->key->view_id;
	entry->route_id = builder->route_id;
	entry->lifetime_s = builder->lifetime_s;
	entry->kept_s = builder->kept_s;
	entry->marked = 0;
	entry->stored_ms = builder->stored_ms;
	memcpy(entry->ttl_at, builder->ttl_at, builder->ttl_count * sizeof(builder->ttl_at[0]));
	message = s53_entry_message(entry);
	memcpy(message, builder->message, builder->len);
	s53_header_set_id(message, 0);
	memcpy(message + S53_HEADER_LEN, name->octets, name->len);
	if ((builder->flags & S53_ENTRY_RESPELL) != 0)
		s53_message_respell(message, builder->len, name, UINT_MAX);
	if ((builder->flags & S53_ENTRY_ALIASES) != 0)
		memcpy(s53_entry_note(entry), &builder->note, sizeof(builder->note));
	if (builder->len >= S53_ENTRY_SEAMS_FROM)
		memcpy(s53_entry_seams(entry), builder->seams, S53_SEAMS_LEN(builder->ttl_count));
	if (builder->error != NULL)
		put_error(s53_entry_error(entry), builder->error);
}

bool
s53_entry_builder_store(const struct s53_entry_builder *builder, struct s53_shard *shard,
    struct s53_entry *old, int64_t now_ms)
{
	/* An entry that is stale from the start must not make its ring evict up to it early. */
	uint32_t useful_s = builder->lifetime_s > 0 ? builder->lifetime_s : builder->kept_s;
	struct s53_wanted wanted = {
		.tag = (uint32_t)builder->key->hash,
		.size = s53_entry_size_for(builder->len, builder->ttl_count,
		    (builder->flags & S53_ENTRY_ALIASES) != 0, error_len(builder->error)),
		.now_ms = now_ms,
		.end_ms = builder->stored_ms + (int64_t)useful_s * 1000,
	};
	struct s53_entry *entry = s53_shard_allocate(shard, old, &wanted);

	if (entry == NULL)
		return false;
	fill(entry, builder);
	return true;
}
