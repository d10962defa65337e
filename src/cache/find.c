/* SPDX-License-Identifier: ISC
 *
 * find.c - look up: apply the rules of the caller's view, copy the message, age its TTLs.
 */
#include "inside.h"

#define CLAIM_S 10 /* if a refresh has not come by then, another caller may start one */

/* After a failed refresh there is no other for at least servfail-ttl, as after any failure. */
static uint32_t
quiet_s(const struct s53_cache_rules *rules)
{
	return rules->stale_refresh_s > rules->servfail_ttl_s ? rules->stale_refresh_s
							      : rules->servfail_ttl_s;
}

static bool
failed_within(
    const struct s53_entry *entry, const struct s53_cache_lookup *lookup, uint32_t window_s)
{
	return s53_entry_marked_within(entry, S53_ENTRY_FAILED, lookup->now_ms, window_s);
}

/* RFC 8767 s4, s5: expired, but for less than max-stale-ttl, and the rules allow its use. */
static bool
may_be_stale(const struct s53_entry *entry, const struct s53_cache_lookup *lookup)
{
	int64_t now_ms = (int64_t)lookup->now_ms;
	int64_t window_ms = (int64_t)lookup->rules->max_stale_s * 1000;

	return lookup->rules->stale_answer &&
	    (entry->lifetime_s > 0 || lookup->rules->stale_zero_ttl) &&
	    now_ms < s53_entry_end_ms(entry) + window_ms && now_ms < s53_entry_over_ms(entry);
}

static bool
is_fresh(const struct s53_entry *entry, uint64_t now_ms)
{
	return (int64_t)now_ms < s53_entry_end_ms(entry);
}

static enum s53_freshness
freshness_of(const struct s53_entry *entry, const struct s53_cache_lookup *lookup)
{
	bool fresh = is_fresh(entry, lookup->now_ms);

	if ((entry->flags & S53_ENTRY_ODD) != 0 && s53_entry_is_failure(entry))
		return fresh ? S53_CACHE_FAILURE : S53_CACHE_MISS;
	if ((entry->flags & S53_ENTRY_ODD) != 0 && fresh)
		return S53_CACHE_CUT;
	if (fresh)
		return S53_CACHE_FRESH;
	if (may_be_stale(entry, lookup))
		return S53_CACHE_STALE;
	/* RFC 9520 s3.2: the stale answer must not be used, and its last refresh failed. */
	return failed_within(entry, lookup, lookup->rules->servfail_ttl_s) ? S53_CACHE_FAILURE
									   : S53_CACHE_MISS;
}

/*
 * Is a prefetch due, and has no other caller been told to start it? Then this one is. Inlined,
 * since each hit calls it.
 */
__attribute__((always_inline)) static inline bool
claim_refresh(struct s53_entry *entry, const struct s53_cache_lookup *lookup)
{
	const struct s53_cache_rules *rules = lookup->rules;
	int64_t left_ms = s53_entry_end_ms(entry) - (int64_t)lookup->now_ms;

	if (rules->prefetch_trigger_s == 0 || left_ms > (int64_t)rules->prefetch_trigger_s * 1000 ||
	    entry->lifetime_s < rules->prefetch_eligible_s ||
	    failed_within(entry, lookup, quiet_s(rules)) ||
	    s53_entry_marked_within(entry, S53_ENTRY_CLAIMED, lookup->now_ms, CLAIM_S))
		return false;
	s53_entry_mark(entry, S53_ENTRY_CLAIMED, lookup->now_ms);
	return true;
}

static void
describe(struct s53_entry *entry, const struct s53_cache_lookup *lookup, struct s53_cached *out)
{
	out->freshness = freshness_of(entry, lookup);
	switch (out->freshness) {
	case S53_CACHE_MISS:
		return;
	case S53_CACHE_FAILURE:
		out->ede = entry->ede == S53_ENTRY_EDE_NONE ? S53_EDE_NONE : entry->ede;
		/* An error that is stored with an answer belongs to that, not to the failure. */
		out->has_error = entry->has_error && s53_entry_is_failure(entry);
		return;
	case S53_CACHE_STALE:
		out->failed_lately = failed_within(entry, lookup, quiet_s(lookup->rules));
		break;
	case S53_CACHE_FRESH:
	case S53_CACHE_CUT:
		break;
	}
	out->len = entry->message_len;
	out->authentic = (entry->flags & S53_ENTRY_AUTHENTIC) != 0;
	out->aliases = (entry->flags & S53_ENTRY_ALIASES) != 0;
	out->respell = (entry->flags & S53_ENTRY_RESPELL) != 0;
	out->has_error = entry->has_error;
	if (out->aliases) {
		memcpy(&out->note, s53_entry_note(entry), sizeof(out->note));
		out->stored_ms = entry->stored_ms;
	}
}

/*
 * Copy the message, each TTL less its age; one that has expired becomes `least`. TTLs are read from
 * the entry, not from the copy: reading what was just written would stall the processor.
 */
static void
copy_out(struct s53_entry *entry, uint8_t *octets, uint32_t age_s, uint32_t least)
{
	const uint8_t *message = s53_entry_message(entry);

	memcpy(octets, message, entry->message_len);
	for (unsigned i = 0; i < entry->ttl_count; i++) {
		size_t at = entry->ttl_at[i];
		uint32_t ttl = s53_u32_get(message + at);

		s53_u32_put(octets + at, ttl > age_s ? ttl - age_s : least);
	}
}

/* The entry, its shard locked. NULL: there is none, the lock is not taken, and *out is a miss. */
static struct s53_entry *
open_entry(struct s53_shard *shard, const struct s53_cache_lookup *lookup, struct s53_cached *out)
{
	struct s53_entry *entry;

	*out = (struct s53_cached){ .freshness = S53_CACHE_MISS, .ede = S53_EDE_NONE };
	if (!lookup->rules->enabled)
		return NULL;
	pthread_mutex_lock(&shard->lock);
	entry = s53_shard_find(shard, lookup->key);
	if (entry != NULL && entry->route_id == lookup->route_id)
		return entry;
	pthread_mutex_unlock(&shard->lock);
	return NULL;
}

void
s53_cache_find(struct s53_cache *cache, const struct s53_cache_lookup *lookup, uint8_t *octets,
    size_t cap, struct s53_cached *out)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_entry *entry = open_entry(shard, lookup, out);

	if (entry == NULL)
		return;
	if (entry->uses < S53_ENTRY_USES_MAX)
		entry->uses++;
	describe(entry, lookup, out);
	if (out->freshness == S53_CACHE_FRESH) {
		out->refresh = !lookup->no_refresh && claim_refresh(entry, lookup);
		if (out->len <= cap)
			copy_out(entry, octets, s53_entry_age_s(entry, (int64_t)lookup->now_ms), 1);
	} else if (out->freshness == S53_CACHE_CUT) {
		out->refresh = !lookup->no_refresh && claim_refresh(entry, lookup);
	}
	pthread_mutex_unlock(&shard->lock);
}

/* For callers that use an answer that may be cut. */
static void
describe_as_fresh(
    struct s53_entry *entry, const struct s53_cache_lookup *lookup, struct s53_cached *out)
{
	describe(entry, lookup, out);
	if (out->freshness == S53_CACHE_CUT)
		out->freshness = S53_CACHE_FRESH;
}

void
s53_cache_find_part(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    struct s53_fit *fit, uint8_t *octets, struct s53_cached *out)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_entry *entry = open_entry(shard, lookup, out);
	struct s53_records records;

	fit->settled = false;
	if (entry == NULL)
		return;
	describe_as_fresh(entry, lookup, out);
	fit->age_s = s53_entry_age_s(entry, (int64_t)lookup->now_ms);
	fit->least = 1;
	if (out->freshness == S53_CACHE_FRESH && out->len <= fit->limit) {
		copy_out(entry, octets, fit->age_s, fit->least);
	} else if (out->freshness == S53_CACHE_FRESH) {
		records = (struct s53_records){ .ttl_at = entry->ttl_at,
			.seams = s53_entry_seams(entry),
			.count = entry->ttl_count };
		out->len = s53_message_fit(s53_entry_message(entry), &records, fit, octets);
	}
	pthread_mutex_unlock(&shard->lock);
}

void
s53_cache_note(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    const struct s53_cached *cached, uint32_t note)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_cached now;
	struct s53_entry *entry = open_entry(shard, lookup, &now);

	if (entry == NULL)
		return;
	if ((entry->flags & S53_ENTRY_ALIASES) != 0 && entry->message_len == cached->len &&
	    entry->stored_ms == cached->stored_ms)
		memcpy(s53_entry_note(entry), &note, sizeof(note));
	pthread_mutex_unlock(&shard->lock);
}

bool
s53_cache_find_error(
    struct s53_cache *cache, const struct s53_cache_lookup *lookup, struct s53_extended_error *out)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_cached now;
	struct s53_entry *entry = open_entry(shard, lookup, &now);
	const uint8_t *error;
	bool found;

	if (entry == NULL)
		return false;
	found = entry->has_error;
	if (found) {
		error = s53_entry_error(entry);
		out->code = s53_u16_get(error);
		memcpy(out->text, error + 3, error[2]);
		out->text[error[2]] = '\0';
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

/* RFC 8767 s4: a stale record has a TTL greater than 0. */
void
s53_cache_find_stale(struct s53_cache *cache, const struct s53_cache_lookup *lookup,
    uint8_t *octets, size_t cap, struct s53_cached *out)
{
	struct s53_shard *shard = s53_cache_shard(cache, lookup->key->hash);
	struct s53_entry *entry = open_entry(shard, lookup, out);
	uint32_t least = lookup->rules->stale_answer_ttl_s;

	if (entry == NULL)
		return;
	describe_as_fresh(entry, lookup, out);
	if (out->freshness == S53_CACHE_FRESH || least == 0)
		least = 1;
	if (out->len > 0 && out->len <= cap)
		copy_out(entry, octets, s53_entry_age_s(entry, (int64_t)lookup->now_ms), least);
	pthread_mutex_unlock(&shard->lock);
}
