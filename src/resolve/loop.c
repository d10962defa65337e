/* SPDX-License-Identifier: ISC
 *
 * loop.c - the signs of a loop, and its refusal. See loop.h; loop_test.c has the test.
 *
 * All workers share one table of names in flight, since a query may come back to another worker. A
 * slot holds a hash; when a set is full, the newest names stay, and a loop that is missed because
 * of that is found when its client retransmits.
 */
#include "loop.h"

#include <split53/hash.h>

#include "loop_path.h"
#include "loop_test.h"
#include "resolver_private.h"

#define WAYS 4 /* slots that a name may be in */
#define SETS (S53_IN_FLIGHT_SLOTS / WAYS)
#define LETTERS_SURE 8 /* enough that their case is no coincidence, if the sender loops */
#define TRIP_MS 1000 /* a query comes back within this time; stubs retransmit later */
#define REFUSAL "forwarding loop: this query was sent by split53 itself and came back"

/* Hash of view, name and type; not of flags, which servers change. */
static uint64_t
hash_of(const struct s53_view *view, const struct s53_question *question)
{
	uint64_t fields = (uint64_t)view->id << 16 | question->qtype;

	return s53_hash(question->lower.octets, question->lower.len) ^
	    fields * UINT64_C(0x9e3779b97f4a7c15);
}

static _Atomic uint64_t *
set_of(struct s53_resolver_shared *shared, uint64_t hash)
{
	return &shared->asked[hash % SETS * WAYS];
}

/* High half: the hash; low half: the letter case; never 0. */
static uint64_t
entry_of(uint64_t hash, const struct s53_name *spelled)
{
	uint32_t spelling = (uint32_t)s53_hash(spelled->octets, spelled->len) | 1;

	return (hash & ~UINT64_C(0xffffffff)) | spelling;
}

void
s53_loop_enter(struct s53_fetch *fetch)
{
	uint64_t hash = hash_of(fetch->view, &fetch->question);
	_Atomic uint64_t *set = set_of(fetch->resolver->shared, hash);
	uint64_t entry = entry_of(hash, &fetch->question.name);
	unsigned way = 0;

	fetch->loop.began_ms = fetch->now_ms;
	while (way + 1 < WAYS && atomic_load_explicit(&set[way], memory_order_relaxed) != 0)
		way++;
	fetch->loop.slot = &set[way];
	fetch->loop.entry = entry;
	atomic_store_explicit(&set[way], entry, memory_order_relaxed);
}

void
s53_loop_leave(struct s53_fetch *fetch)
{
	uint64_t entry = fetch->loop.entry;

	s53_loop_test_end(fetch);
	if (fetch->loop.slot == NULL)
		return;
	atomic_compare_exchange_strong_explicit(
	    fetch->loop.slot, &entry, 0, memory_order_relaxed, memory_order_relaxed);
	fetch->loop.slot = NULL;
}

enum s53_loop_sign
s53_loop_sign(const struct s53_query *query)
{
	const struct s53_question *question = &query->request.question;
	uint64_t hash = hash_of(query->view, question);
	_Atomic uint64_t *set = set_of(query->resolver->shared, hash);
	enum s53_loop_sign sign = S53_LOOP_NO_SIGN;

	if (query->chase_of != NULL)
		return S53_LOOP_NO_SIGN;
	for (unsigned way = 0; way < WAYS; way++) {
		uint64_t held = atomic_load_explicit(&set[way], memory_order_relaxed);

		if (held == 0 || (held ^ hash) >> 32 != 0)
			continue;
		if (!s53_name_same(&question->name, &question->lower) &&
		    held == entry_of(hash, &question->name))
			return S53_LOOP_SPELLED;
		sign = S53_LOOP_MET;
	}
	return sign;
}

/* Does it have the flags and OPT that exchange.c writes for this server? */
static bool
looks_like_ours(const struct s53_query *query, const struct s53_attempt *attempt)
{
	const struct s53_request *request = &query->request;
	const uint16_t flags = (uint16_t)(S53_RD | (attempt->plan.ad ? S53_AD : 0));

	return (request->flags & flags) == flags && request->edns.present &&
	    request->edns.udp_size == attempt->plan.udp_size;
}

void
s53_loop_note(struct s53_pending *pending, enum s53_loop_sign sign)
{
	struct s53_fetch *fetch = pending->fetch;
	const struct s53_query *query = &pending->query;

	if (sign == S53_LOOP_NO_SIGN || fetch == NULL)
		return;
	pending->may_be_own = true;
	fetch->now_ms = query->now_ms;
	if (query->now_ms < fetch->loop.began_ms + TRIP_MS)
		fetch->loop.met = true;
	S53_LIST_EACH (&fetch->attempts, link) {
		struct s53_attempt *attempt = S53_CONTAINER_OF(link, struct s53_attempt, link);
		bool known = s53_loop_is_known(attempt, query);

		if (known || sign == S53_LOOP_SPELLED || looks_like_ours(query, attempt))
			s53_loop_test(attempt, known);
	}
}

static bool
is_own(const struct s53_pending *pending, uint32_t sender)
{
	return pending->may_be_own && s53_loop_sender(&pending->query) == sender;
}

/* The query leaves the fetch, which ends if it was the last, and is answered from the run queue. */
static void
refuse_waiting(struct s53_pending *pending, uint64_t now_ms)
{
	struct s53_query *query = &pending->query;

	query->now_ms = now_ms;
	s53_fetch_abandon(pending);
	s53_loop_refuse(query);
	query->step = S53_STEP_JOIN;
	s53_pending_wake(pending);
}

bool
s53_loop_end(struct s53_fetch *fetch, uint32_t sender)
{
	bool refused = false;

	fetch->loop.sender = sender;
	S53_LIST_EACH_SAFE (&fetch->clients, link, following) {
		struct s53_pending *pending = S53_CONTAINER_OF(link, struct s53_pending, wait);

		if (!is_own(pending, sender))
			continue;
		refuse_waiting(pending, fetch->now_ms);
		refused = true;
	}
	return !refused || !s53_list_empty(&fetch->clients);
}

bool
s53_loop_look(struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;
	uint32_t sender = s53_loop_test_result(fetch);

	if (sender != 0) {
		s53_loop_test_end(fetch);
		return s53_loop_end(fetch, sender);
	}
	if (fetch->loop.met)
		s53_loop_test(attempt, s53_loop_is_proved(attempt));
	return true;
}

static unsigned
letters_of(const struct s53_name *name)
{
	unsigned letters = 0;

	for (unsigned i = 0; i < name->len; i++) {
		unsigned octet = name->octets[i] | 0x20u;

		if (octet >= 'a' && octet <= 'z')
			letters++;
	}
	return letters;
}

bool
s53_loop_is_own(
    const struct s53_query *query, const struct s53_fetch *fetch, enum s53_loop_sign sign)
{
	struct s53_upstream *server;

	if (sign == S53_LOOP_NO_SIGN)
		return false;
	if (fetch != NULL && fetch->loop.sender != 0 &&
	    s53_loop_sender(query) == fetch->loop.sender)
		return true;
	if (sign != S53_LOOP_SPELLED || letters_of(&query->request.question.name) < LETTERS_SURE)
		return false;
	server = s53_loop_known_server(query);
	if (server != NULL)
		s53_loop_observe(server, query->now_ms);
	return server != NULL;
}

enum s53_verdict
s53_loop_refuse(struct s53_query *query)
{
	s53_count(query->resolver->counters, S53_C_JOIN_LOOP);
	return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_OTHER, REFUSAL);
}

bool
s53_loop_may_be_ours(const struct s53_attempt *attempt, uint16_t rcode)
{
	switch (rcode) {
	case S53_RCODE_SERVFAIL:
	case S53_RCODE_REFUSED:
		return (attempt->fetch->loop.tested >> attempt->plan.server & 1) != 0 ||
		    s53_loop_is_proved(attempt);
	case S53_RCODE_FORMERR:
	case S53_RCODE_NOTIMP:
		return s53_loop_is_proved(attempt);
	default:
		return false;
	}
}
