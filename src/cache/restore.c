/* SPDX-License-Identifier: ISC
 *
 * restore.c - store entries from a cache file, which are untrusted: every field is checked.
 */
#include "entry_builder.h"

#define PAST_S_MAX ((int64_t)UINT32_MAX) /* an entry older than that has expired */

/* The question of a message that passed the check. */
static bool
read_question(const uint8_t *message, size_t len, struct s53_question *out)
{
	struct s53_reader reader = s53_reader_of(message, len);

	if (s53_read(&reader, S53_HEADER_LEN) == NULL ||
	    s53_header_count(message, S53_QUESTION) != 1 || !s53_name_read(&reader, &out->name))
		return false;
	s53_name_lower_of(&out->name, &out->lower);
	out->qtype = s53_read_u16(&reader);
	out->qclass = s53_read_u16(&reader);
	return !reader.bad;
}

static bool
is_a_message(const struct s53_cache_record *record)
{
	struct s53_edns edns;
	size_t opt_at;

	if (record->len > S53_MESSAGE_MAX ||
	    !s53_message_check(record->octets, record->len, &edns, &opt_at) || edns.present)
		return false;
	/* An answer that was stale from the start may have a TTL of 0. */
	return record->lifetime_s == 0 || s53_message_least_ttl(record->octets, record->len) > 0;
}

/* Set the times; false: the entry has expired. A time in the future counts as now. */
static bool
read_times(const struct s53_cache_record *record, int64_t now_ms, struct s53_entry_builder *builder)
{
	int64_t stored_ms = (int64_t)record->stored_ms;

	if (stored_ms > now_ms)
		stored_ms = now_ms;
	if (record->kept_s < record->lifetime_s || stored_ms < now_ms - PAST_S_MAX * 1000 ||
	    now_ms >= stored_ms + (int64_t)record->kept_s * 1000)
		return false;
	builder->lifetime_s = record->lifetime_s;
	builder->kept_s = record->kept_s;
	builder->stored_ms = stored_ms;
	return true;
}

bool
s53_cache_restore(struct s53_cache *cache, const struct s53_cache_record *record, uint64_t now_ms)
{
	struct s53_question question;
	struct s53_shard *shard;
	struct s53_key key;
	struct s53_entry_builder builder;
	bool kept = false;

	if (!is_a_message(record) || !read_times(record, (int64_t)now_ms, &builder) ||
	    !read_question(record->octets, record->len, &question))
		return false;
	s53_key_make(
	    &key, record->view_id, &question, record->dnssec_ok, record->checking_disabled);
	builder.key = &key;
	builder.message = record->octets;
	builder.len = record->len;
	builder.flags = (uint8_t)(s53_entry_builder_key_flags(&key) |
	    s53_entry_builder_trait_flags((record->authentic ? S53_CACHE_AUTHENTIC : 0) |
		(record->may_be_cut ? S53_CACHE_MAY_BE_CUT : 0)));
	builder.ede = S53_ENTRY_EDE_NONE;
	builder.error = NULL;
	builder.note = 0;
	builder.route_id = record->route_id;
	if (!s53_entry_builder_examine(&builder))
		return false;
	shard = s53_cache_shard(cache, key.hash);
	pthread_mutex_lock(&shard->lock);
	if (s53_shard_find(shard, &key) == NULL)
		kept = s53_entry_builder_store(&builder, shard, NULL, (int64_t)now_ms);
	pthread_mutex_unlock(&shard->lock);
	return kept;
}
