/* SPDX-License-Identifier: ISC
 *
 * store.c - store answers and failures.
 */
#include "entry_builder.h"
#include "evict.h"

static uint32_t
kept_for(const struct s53_cache_rules *rules, uint32_t lifetime_s)
{
	if (!rules->stale_keep && !rules->stale_answer)
		return lifetime_s;
	return rules->max_stale_s < UINT32_MAX - lifetime_s ? lifetime_s + rules->max_stale_s
							    : UINT32_MAX;
}

/* Remove the old entry when the newer answer cannot be stored. */
static void
supersede(struct s53_shard *shard, struct s53_entry *entry)
{
	if (entry != NULL)
		s53_evict_entry(shard, entry);
}

static void
build_answer(struct s53_entry_builder *builder, const struct s53_cache_lookup *lookup,
    const struct s53_cache_answer *answer)
{
	builder->key = lookup->key;
	builder->message = answer->message;
	builder->len = answer->len;
	builder->flags = (uint8_t)(s53_entry_builder_key_flags(lookup->key) |
	    s53_entry_builder_trait_flags(answer->traits));
	builder->ede = S53_ENTRY_EDE_NONE;
	builder->error = answer->error;
	builder->note = answer->note;
	builder->route_id = lookup->route_id;
	builder->lifetime_s = answer->lifetime_s;
	builder->kept_s = kept_for(lookup->rules, answer->lifetime_s);
	builder->stored_ms = (int64_t)lookup->now_ms;
}

bool
s53_cache_store(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    const struct s53_cache_answer *answer)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_entry_builder builder;
	struct s53_entry *old;
	bool kept;

	if (!lookup->rules->enabled || (answer->lifetime_s == 0 && !lookup->rules->stale_zero_ttl))
		return false;
	build_answer(&builder, lookup, answer);
	if (!s53_entry_builder_examine(&builder))
		return false;
	pthread_mutex_lock(&shard->lock);
	old = s53_shard_find(shard, lookup->key);
	kept = s53_entry_builder_store(&builder, shard, old, (int64_t)lookup->now_ms);
	if (!kept)
		supersede(shard, old);
	pthread_mutex_unlock(&shard->lock);
	return kept;
}

void
s53_cache_supersede(struct s53_cache *cache, const struct s53_cache_lookup *lookup)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);

	if (!lookup->rules->enabled)
		return;
	pthread_mutex_lock(&shard->lock);
	supersede(shard, s53_shard_find(shard, lookup->key));
	pthread_mutex_unlock(&shard->lock);
}

void
s53_cache_forget(struct s53_cache *cache, const struct s53_cache_lookup *lookup)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_entry *entry;

	if (!lookup->rules->enabled)
		return;
	pthread_mutex_lock(&shard->lock);
	entry = s53_shard_find(shard, lookup->key);
	if (entry != NULL && entry->route_id == lookup->route_id)
		s53_evict_entry(shard, entry);
	pthread_mutex_unlock(&shard->lock);
}

/* A failure is stored as an answer is: as a message that has only the question section. */
static size_t
question_alone(const struct s53_key *key, uint8_t *out)
{
	struct s53_writer writer = s53_writer_of(out, S53_HEADER_LEN + S53_NAME_MAX + 4);

	memset(s53_write_reserve(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_count(out, S53_QUESTION, 1);
	s53_write(&writer, key->name->octets, key->name->len);
	s53_write_u16(&writer, key->qtype);
	s53_write_u16(&writer, key->qclass);
	return writer.at;
}

/* RFC 9520 s3.2, RFC 8767 s5: a failure never replaces an answer that may still be used. */
void
s53_cache_store_failure(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    uint16_t ede, const struct s53_extended_error *error)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	uint8_t question[S53_HEADER_LEN + S53_NAME_MAX + 4];
	struct s53_entry_builder builder;
	struct s53_entry *entry;

	if (!lookup->rules->enabled)
		return;
	builder.key = lookup->key;
	builder.message = question;
	builder.len = question_alone(lookup->key, question);
	builder.flags = s53_entry_builder_key_flags(lookup->key) | S53_ENTRY_ODD;
	builder.ede = ede == S53_EDE_NONE ? S53_ENTRY_EDE_NONE
	    : ede < S53_ENTRY_EDE_NONE    ? (uint8_t)ede
					  : S53_EDE_OTHER;
	builder.error = error;
	builder.note = 0;
	builder.route_id = lookup->route_id;
	builder.lifetime_s = builder.kept_s = lookup->rules->servfail_ttl_s;
	builder.stored_ms = (int64_t)lookup->now_ms;
	builder.ttl_count = 0;
	pthread_mutex_lock(&shard->lock);
	entry = s53_shard_find(shard, lookup->key);
	if (entry != NULL && entry->route_id == lookup->route_id && !s53_entry_is_failure(entry) &&
	    (int64_t)lookup->now_ms < s53_entry_over_ms(entry)) {
		s53_entry_mark(entry, S53_ENTRY_FAILED, lookup->now_ms);
		entry->ede = builder.ede & S53_ENTRY_EDE_NONE;
	} else if (builder.lifetime_s > 0) {
		(void)s53_entry_builder_store(&builder, shard, entry, (int64_t)lookup->now_ms);
	}
	pthread_mutex_unlock(&shard->lock);
}
