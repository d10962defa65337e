/* SPDX-License-Identifier: ISC
 *
 * fuzz_cache.c - received answers into and out of the cache: settling never breaks a message, a
 * find returns what was stored last under that key, with aged TTLs, and a walk returns the same.
 *
 * The input is a list of operations, each a byte with its arguments after it: see run(). It is
 * too short to fill the cache, so nothing may be missing.
 */
#include "oracle.h"

#include <split53/cache.h>

#define KEYS 16
#define TTL_MAX 0x7fffffffu

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

/* What was stored last under a key. */
struct kept {
	struct s53_question question;
	struct s53_key key;
	uint32_t route_id;
	uint64_t stored_ms;
	uint32_t lifetime_s;
	bool failure;
	size_t len;
	uint8_t *message;
};

struct play {
	struct s53_reader input;
	struct s53_cache *cache, *other;
	struct s53_cache_rules rules;
	uint64_t now_ms;
	struct kept kept[KEYS];
	unsigned count;
	/* at hand */
	struct s53_question question;
	struct s53_key key;
	uint8_t *message;
	size_t len;
	uint32_t lifetime_s;
};

static void
choose_rules(struct play *play)
{
	uint8_t bits = s53_read_u8(&play->input);

	play->rules = (struct s53_cache_rules){
		.enabled = true,
		.max_ttl_s = (bits & 1) != 0 ? 604800 : s53_read_u32(&play->input),
		.min_ttl_s = (bits & 2) != 0 ? 0 : s53_read_u32(&play->input),
		.max_ncache_ttl_s = (bits & 4) != 0 ? 10800 : s53_read_u32(&play->input),
		.min_ncache_ttl_s = (bits & 8) != 0 ? 0 : s53_read_u32(&play->input),
		.servfail_ttl_s = bits >> 4,
		.stale_answer_ttl_s = 30,
	};
}

/* The same bytes except for TTLs, none of which is below the lifetime. */
static void
must_be_settled(const struct play *play, const uint8_t *before)
{
	uint8_t *was = copy_of(before, play->len);
	struct s53_edns edns;
	struct s53_walk walk;
	struct s53_rr rr;
	size_t opt_at;

	MUST(s53_message_check(play->message, play->len, &edns, &opt_at));
	MUST(s53_walk_begin(&walk, play->message, play->len));
	while (s53_walk_next(&walk, &rr)) {
		MUST(rr.ttl <= TTL_MAX && rr.ttl >= play->lifetime_s);
		s53_u32_put(was + rr.ttl_at, rr.ttl);
	}
	MUST(memcmp(was, play->message, play->len) == 0);
	free(was);
}

static bool
read_question(struct play *play)
{
	struct s53_reader reader = s53_reader_of(play->message, play->len);

	s53_read(&reader, S53_HEADER_LEN);
	if (s53_header_count(play->message, S53_QUESTION) != 1 ||
	    !s53_name_read(&reader, &play->question.name))
		return false;
	s53_name_lower_of(&play->question.name, &play->question.lower);
	play->question.qtype = s53_read_u16(&reader);
	play->question.qclass = s53_read_u16(&reader);
	return !reader.bad;
}

/* The next message of the input replaces the current one. */
static void
take_message(struct play *play)
{
	size_t len = s53_read_u16(&play->input);
	uint8_t disguise = s53_read_u8(&play->input);
	const uint8_t *octets = s53_read(&play->input, len);
	struct s53_edns edns;
	struct s53_ttl_message settling;
	uint8_t *before;
	size_t opt_at;

	free(play->message);
	play->message = NULL;
	if (octets == NULL || !s53_message_check(octets, len, &edns, &opt_at))
		return;
	play->message = copy_of(octets, len);
	play->len = s53_message_strip_opt(play->message, len, opt_at);
	if (!read_question(play)) {
		free(play->message);
		play->message = NULL;
		return;
	}
	before = copy_of(play->message, play->len);
	settling = (struct s53_ttl_message){ .octets = play->message, .len = play->len };
	play->lifetime_s = s53_cache_apply_ttl_rules(&play->rules, &play->question, &settling);
	must_be_settled(play, before);
	free(before);
	s53_key_make(
	    &play->key, disguise & 1, &play->question, (disguise & 2) != 0, (disguise & 4) != 0);
}

static struct kept *
kept_under(struct play *play, const struct s53_key *key)
{
	for (unsigned i = 0; i < play->count; i++)
		if (s53_key_equal(&play->kept[i].key, key))
			return &play->kept[i];
	return NULL;
}

static struct kept *
keep(struct play *play)
{
	struct kept *kept = kept_under(play, &play->key);

	if (kept == NULL) {
		if (play->count == KEYS)
			return NULL;
		kept = &play->kept[play->count++];
	}
	free(kept->message);
	*kept = (struct kept){
		.question = play->question, .key = play->key, .stored_ms = play->now_ms
	};
	kept->key.name = &kept->question.lower;
	return kept;
}

static struct s53_cache_lookup
ask_of(struct play *play, uint32_t route_id)
{
	return (struct s53_cache_lookup){ .key = &play->key,
		.route_id = route_id,
		.rules = &play->rules,
		.now_ms = play->now_ms };
}

static void
store(struct play *play)
{
	struct s53_cache_lookup ask = ask_of(play, s53_read_u8(&play->input));
	struct kept *kept = play->lifetime_s == 0 ? NULL : keep(play);

	if (kept == NULL)
		return;
	MUST(s53_cache_store(play->cache, &ask,
	    &(struct s53_cache_answer){
		.message = play->message, .len = play->len, .lifetime_s = play->lifetime_s }));
	kept->route_id = ask.route_id;
	kept->lifetime_s = play->lifetime_s;
	kept->len = play->len;
	kept->message = copy_of(play->message, play->len);
}

static bool
is_fresh(const struct kept *kept, uint64_t now_ms)
{
	return now_ms < kept->stored_ms + kept->lifetime_s * UINT64_C(1000);
}

static void
store_failure(struct play *play)
{
	struct s53_cache_lookup ask = ask_of(play, s53_read_u8(&play->input));
	struct kept *kept = kept_under(play, &play->key);

	if (kept == NULL && play->count == KEYS)
		return;
	s53_cache_store_failure(play->cache, &ask, S53_EDE_NETWORK_ERROR, NULL);
	if (kept != NULL && !kept->failure && kept->route_id == ask.route_id &&
	    is_fresh(kept, play->now_ms))
		return;
	if (play->rules.servfail_ttl_s > 0 && (kept = keep(play)) != NULL) {
		kept->route_id = ask.route_id;
		kept->lifetime_s = play->rules.servfail_ttl_s;
		kept->failure = true;
	}
}

/*
 * Whether there are names that may repeat labels of the question, besides those that point at it.
 */
static bool
is_respelled(const struct kept *kept)
{
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(s53_walk_begin(&walk, kept->message, kept->len));
	while (s53_walk_next(&walk, &rr)) {
		struct s53_name owner = name_at(kept->message, kept->len, rr.owner_at);
		uint8_t first = kept->message[rr.owner_at];

		if ((rr.section == S53_ANSWER && rr.type == S53_TYPE_DNAME) ||
		    (first > 0 && first <= S53_LABEL_MAX &&
			s53_name_equal(&owner, &kept->question.lower)))
			return true;
	}
	return false;
}

/* The message that a find must return. */
static uint8_t *
expected_of(const struct kept *kept, uint32_t age_s)
{
	uint8_t *message = copy_of(kept->message, kept->len);
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(s53_walk_begin(&walk, message, kept->len));
	while (s53_walk_next(&walk, &rr))
		s53_u32_put(message + rr.ttl_at, rr.ttl > age_s ? rr.ttl - age_s : 1);
	if (is_respelled(kept))
		s53_message_respell(message, kept->len, &kept->question.lower, 1000000);
	memcpy(message + S53_HEADER_LEN, kept->question.lower.octets, kept->question.lower.len);
	s53_header_set_id(message, 0);
	return message;
}

static void
find_in(struct play *play, struct s53_cache *cache, const struct s53_cache_lookup *ask)
{
	struct kept *kept = kept_under(play, ask->key);
	uint8_t *octets = malloc(S53_MESSAGE_MAX);
	uint8_t *expected;
	struct s53_cached out;

	MUST(octets != NULL);
	s53_cache_prefetch(cache, ask->key);
	s53_cache_find(cache, ask, octets, S53_MESSAGE_MAX, &out);
	if (kept == NULL || kept->route_id != ask->route_id || !is_fresh(kept, play->now_ms)) {
		MUST(out.freshness != S53_CACHE_FRESH && out.freshness != S53_CACHE_STALE);
	} else if (kept->failure) {
		MUST(out.freshness == S53_CACHE_FAILURE);
	} else {
		MUST(out.freshness == S53_CACHE_FRESH && out.len == kept->len);
		expected = expected_of(kept, (uint32_t)((play->now_ms - kept->stored_ms) / 1000));
		MUST(memcmp(octets, expected, out.len) == 0);
		free(expected);
	}
	free(octets);
}

static void
find(struct play *play)
{
	struct s53_cache_lookup ask = ask_of(play, s53_read_u8(&play->input));

	find_in(play, play->cache, &ask);
}

static void
hand_over(void *arg, const struct s53_cache_record *record)
{
	struct play *play = arg;

	(void)s53_cache_restore(play->other, record, play->now_ms);
}

/* Copy records into another cache, where all fresh entries must be found with the same contents. */
static void
move_house(struct play *play)
{
	struct s53_cache_cursor cursor = { 0 };

	play->other = s53_cache_new(0);
	MUST(play->other != NULL);
	while (s53_cache_walk(play->cache, &cursor, play->now_ms, hand_over, play))
		continue;
	for (unsigned i = 0; i < play->count; i++) {
		struct s53_cache_lookup ask = { .key = &play->kept[i].key,
			.route_id = play->kept[i].route_id,
			.rules = &play->rules,
			.now_ms = play->now_ms };

		if (!play->kept[i].failure)
			find_in(play, play->other, &ask);
	}
	s53_cache_drop(play->other);
}

static void
run(struct play *play)
{
	while (!play->input.bad) {
		uint8_t operation = s53_read_u8(&play->input);

		if (operation == 'm')
			take_message(play);
		else if (operation == 'r')
			choose_rules(play);
		else if (operation == 't')
			play->now_ms += s53_read_u16(&play->input);
		else if (operation == 'T')
			play->now_ms += s53_read_u16(&play->input) * UINT64_C(10000);
		else if (operation == 'w')
			move_house(play);
		else if (play->message == NULL)
			continue;
		else if (operation == 's')
			store(play);
		else if (operation == 'x')
			store_failure(play);
		else if (operation == 'f')
			find(play);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static struct play play;

	play = (struct play){
		.input = s53_reader_of(octets, len),
		.cache = s53_cache_new(0),
		.now_ms = 1000,
		.rules = { .enabled = true,
		    .max_ttl_s = 604800,
		    .max_ncache_ttl_s = 10800,
		    .servfail_ttl_s = 1 },
	};
	MUST(play.cache != NULL);
	run(&play);
	for (unsigned i = 0; i < play.count; i++)
		free(play.kept[i].message);
	free(play.message);
	s53_cache_drop(play.cache);
	return 0;
}
