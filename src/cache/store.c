/* SPDX-License-Identifier: ISC
 *
 * store.c - store answers and failures.
 */
#include "draft.h"
#include "room.h"

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
		s53_room_bury(shard, entry);
}

static void
draft_answer(
    struct s53_draft *draft, const struct s53_cache_ask *ask, const struct s53_cache_answer *answer)
{
	draft->key = ask->key;
	draft->message = answer->message;
	draft->len = answer->len;
	draft->flags =
	    (uint8_t)(s53_draft_key_flags(ask->key) | s53_draft_trait_flags(answer->traits));
	draft->ede = S53_ENTRY_EDE_NONE;
	draft->error = answer->error;
	draft->note = answer->note;
	draft->route_id = ask->route_id;
	draft->lifetime_s = answer->lifetime_s;
	draft->kept_s = kept_for(ask->rules, answer->lifetime_s);
	draft->stored_ms = (int64_t)ask->now_ms;
}

bool
s53_cache_store(
    struct s53_cache *cache, const struct s53_cache_ask *ask, const struct s53_cache_answer *answer)
{
	struct s53_shard *shard = s53_cache_shard(cache, ask->key->hash);
	struct s53_draft draft;
	struct s53_entry *old;
	bool kept;

	if (!ask->rules->enabled || (answer->lifetime_s == 0 && !ask->rules->stale_zero_ttl))
		return false;
	draft_answer(&draft, ask, answer);
	if (!s53_draft_survey(&draft))
		return false;
	pthread_mutex_lock(&shard->lock);
	old = s53_shard_find(shard, ask->key);
	kept = s53_draft_put(&draft, shard, old, (int64_t)ask->now_ms);
	if (!kept)
		supersede(shard, old);
	pthread_mutex_unlock(&shard->lock);
	return kept;
}

void
s53_cache_supersede(struct s53_cache *cache, const struct s53_cache_ask *ask)
{
	struct s53_shard *shard = s53_cache_shard(cache, ask->key->hash);

	if (!ask->rules->enabled)
		return;
	pthread_mutex_lock(&shard->lock);
	supersede(shard, s53_shard_find(shard, ask->key));
	pthread_mutex_unlock(&shard->lock);
}

void
s53_cache_forget(struct s53_cache *cache, const struct s53_cache_ask *ask)
{
	struct s53_shard *shard = s53_cache_shard(cache, ask->key->hash);
	struct s53_entry *entry;

	if (!ask->rules->enabled)
		return;
	pthread_mutex_lock(&shard->lock);
	entry = s53_shard_find(shard, ask->key);
	if (entry != NULL && entry->route_id == ask->route_id)
		s53_room_bury(shard, entry);
	pthread_mutex_unlock(&shard->lock);
}

/* A failure is stored as an answer is: as a message that has only the question section. */
static size_t
question_alone(const struct s53_key *key, uint8_t *out)
{
	struct s53_writer writer = s53_writer_of(out, S53_HEADER_LEN + S53_NAME_MAX + 4);

	memset(s53_write_room(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_count(out, S53_QUESTION, 1);
	s53_write(&writer, key->name->octets, key->name->len);
	s53_write_u16(&writer, key->qtype);
	s53_write_u16(&writer, key->qclass);
	return writer.at;
}

/* RFC 9520 s3.2, RFC 8767 s5: a failure never replaces an answer that may still be used. */
void
s53_cache_store_failure(struct s53_cache *cache, const struct s53_cache_ask *ask, uint16_t ede,
    const struct s53_extended_error *error)
{
	struct s53_shard *shard = s53_cache_shard(cache, ask->key->hash);
	uint8_t question[S53_HEADER_LEN + S53_NAME_MAX + 4];
	struct s53_draft draft;
	struct s53_entry *entry;

	if (!ask->rules->enabled)
		return;
	draft.key = ask->key;
	draft.message = question;
	draft.len = question_alone(ask->key, question);
	draft.flags = s53_draft_key_flags(ask->key) | S53_ENTRY_ODD;
	draft.ede = ede == S53_EDE_NONE ? S53_ENTRY_EDE_NONE
	    : ede < S53_ENTRY_EDE_NONE  ? (uint8_t)ede
					: S53_EDE_OTHER;
	draft.error = error;
	draft.note = 0;
	draft.route_id = ask->route_id;
	draft.lifetime_s = draft.kept_s = ask->rules->servfail_ttl_s;
	draft.stored_ms = (int64_t)ask->now_ms;
	draft.ttl_count = 0;
	pthread_mutex_lock(&shard->lock);
	entry = s53_shard_find(shard, ask->key);
	if (entry != NULL && entry->route_id == ask->route_id && !s53_entry_is_failure(entry) &&
	    (int64_t)ask->now_ms < s53_entry_over_ms(entry)) {
		s53_entry_mark(entry, S53_ENTRY_FAILED, ask->now_ms);
		entry->ede = draft.ede & S53_ENTRY_EDE_NONE;
	} else if (draft.lifetime_s > 0) {
		(void)s53_draft_put(&draft, shard, entry, (int64_t)ask->now_ms);
	}
	pthread_mutex_unlock(&shard->lock);
}
