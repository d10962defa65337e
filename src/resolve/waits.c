/* SPDX-License-Identifier: ISC
 *
 * waits.c - limits how often one UDP client waits: once for a query, a few times for a key.
 *
 * A client that retransmits while its query waits gets one answer. Otherwise an attacker that
 * forges a victim's address could collect thousands of waiting queries for one slow name here, and
 * all answers would leave within a millisecond (DNSBomb). If a client waits for one key with
 * more than WAITS_MAX queries of different IDs or ports, only the newest are answered. The others
 * are dropped: a stub that still waits for one retransmits and finds the answer in the cache, while
 * an error would make it give up.
 *
 * A query that chases a chain waits, through its child, for the key of the chain's end. The
 * table has the pending queries of those fetches that more than one waits for.
 */
#include <string.h>

#include <split53/hash.h>

#include "resolver_private.h"

#define WAITS_MAX 10 /* the default of BIND's clients-per-query */

static uint32_t
hash_of(const struct s53_fetch *fetch, const struct s53_shares_key *key)
{
	return (uint32_t)(s53_hash(key, sizeof(*key)) ^ (uintptr_t)fetch >> 6);
}

static bool
is_same_query(const struct s53_query *a, const struct s53_query *b)
{
	const struct s53_question *one = &a->request.question, *other = &b->request.question;

	return a->request.id == b->request.id && s53_addr_equal(&a->client.addr, &b->client.addr) &&
	    one->qtype == other->qtype && s53_name_equal(&one->lower, &other->lower);
}

/*
 * The query of the client `key` that waits for the fetch, itself or through its child; NULL: it is
 * another client's or fetch's.
 */
static struct s53_pending *
waiter_at(struct s53_link *link, const struct s53_fetch *fetch, const struct s53_shares_key *key)
{
	struct s53_pending *pending = S53_CONTAINER_OF(link, struct s53_pending, same.link);
	struct s53_shares_key own;
	struct s53_pending *waiter;

	if (pending->fetch != fetch)
		return NULL;
	waiter = s53_chase_client(pending);
	own = s53_shares_key_of(&waiter->query.client);
	return memcmp(&own, key, sizeof(own)) == 0 ? waiter : NULL;
}

static void
enter(struct s53_table *waits, struct s53_pending *pending)
{
	const struct s53_client *client = &s53_chase_client(pending)->query.client;
	struct s53_shares_key key;

	if (client->kind != S53_UDP || !s53_list_empty(&pending->same.link))
		return;
	key = s53_shares_key_of(client);
	s53_table_add(waits, &pending->same, hash_of(pending->fetch, &key));
}

/* A fetch's first client is entered when a second one joins, which is rare. */
static void
enter_first(struct s53_table *waits, const struct s53_fetch *fetch)
{
	if (!s53_list_empty(&fetch->clients))
		enter(waits, S53_CONTAINER_OF(fetch->clients.next, struct s53_pending, wait));
}

bool
s53_waits_has(const struct s53_query *query, const struct s53_fetch *fetch)
{
	struct s53_table *waits = &query->resolver->waits;
	struct s53_shares_key key;

	if (query->chase_of != NULL || query->client.kind != S53_UDP)
		return false;
	enter_first(waits, fetch);
	key = s53_shares_key_of(&query->client);
	S53_LIST_EACH (s53_table_bucket(waits, hash_of(fetch, &key)), link) {
		const struct s53_pending *other = waiter_at(link, fetch, &key);

		if (other != NULL && is_same_query(query, &other->query))
			return true;
	}
	return false;
}

/*
 * A query to drop: a retransmitted one (which a chase detects only now), or the oldest of too many;
 * NULL: none.
 */
static struct s53_pending *
find_surplus(const struct s53_table *waits, struct s53_pending *pending)
{
	struct s53_pending *waiter = s53_chase_client(pending), *oldest = NULL;
	struct s53_shares_key key = s53_shares_key_of(&waiter->query.client);
	unsigned count = 0;

	S53_LIST_EACH (s53_table_bucket(waits, pending->same.hash), link) {
		struct s53_pending *other = waiter_at(link, pending->fetch, &key);

		if (other == NULL)
			continue;
		if (other != waiter && is_same_query(&other->query, &waiter->query))
			return other;
		if (oldest == NULL)
			oldest = other;
		count++;
	}
	return count > WAITS_MAX ? oldest : NULL;
}

void
s53_waits_add(struct s53_resolver *resolver, struct s53_pending *pending)
{
	struct s53_pending *waiter, *surplus;

	if (pending->fetch->clients.next == &pending->wait)
		return;
	waiter = s53_chase_client(pending);
	if (waiter->query.client.kind != S53_UDP)
		return;
	enter_first(&resolver->waits, pending->fetch);
	enter(&resolver->waits, pending);
	surplus = find_surplus(&resolver->waits, pending);
	if (surplus == NULL)
		return;
	if (is_same_query(&surplus->query, &waiter->query)) {
		s53_count(resolver->counters, S53_C_JOIN_RETRANSMITTED);
	} else {
		s53_count(resolver->counters, S53_C_JOIN_CLIENT_LIMIT);
		s53_query_log_limit(&surplus->query, S53_LIMIT_WAITS);
	}
	s53_pending_drop(surplus);
}

void
s53_waits_remove(struct s53_resolver *resolver, struct s53_pending *pending)
{
	if (!s53_list_empty(&pending->same.link))
		s53_table_remove(&resolver->waits, &pending->same);
}
