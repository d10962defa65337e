/* SPDX-License-Identifier: ISC
 *
 * waits.c - what clients wait for by datagram: a query once, and a key by a few queries.
 *
 * A client that sends its query again while it waits gets one answer. Without that an attacker who
 * forges a victim's address could store thousands of queries for one slow name here, whose answers
 * all leave within a ms when it comes (DNSBomb). A client that waits for one key by more than
 * WAITS_MAX queries with IDs or ports of their own gets the answers of the newest. The others are
 * dropped: a stub that still waits for one retransmits and finds the answer in the cache, while an
 * error would make it give up.
 *
 * A query that chases a CNAME waits, by its child, for the key of the CNAME's end. A pending query
 * is in the table while it waits for a fetch.
 */
#include "resolver_private.h"

#define WAITS_MAX 10 /* BIND's clients-per-query, at first */

/* Of addresses, which no client chooses. */
static uint32_t
hash_of(const struct s53_fetch *fetch, const struct s53_shares_client *client)
{
	uint64_t both = (uint64_t)(uintptr_t)fetch ^ (uint64_t)(uintptr_t)client << 20;

	return (uint32_t)(both * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static bool
is_same_query(const struct s53_query *a, const struct s53_query *b)
{
	const struct s53_question *one = &a->request.question, *other = &b->request.question;

	return a->request.id == b->request.id && s53_addr_equal(&a->client.addr, &b->client.addr) &&
	    one->qtype == other->qtype && s53_name_equal(&one->lower, &other->lower);
}

/* The client's query that waits for the fetch, or whose child does; NULL: another's. */
static struct s53_pending *
client_at(
    struct s53_link *link, const struct s53_fetch *fetch, const struct s53_shares_client *client)
{
	struct s53_pending *pending = S53_CONTAINER_OF(link, struct s53_pending, same.link);
	struct s53_pending *asker;

	if (pending->fetch != fetch)
		return NULL;
	asker = s53_chase_client(pending);
	return asker->place.client == client ? asker : NULL;
}

bool
s53_waits_has(const struct s53_query *query, const struct s53_fetch *fetch)
{
	struct s53_resolver *resolver = query->resolver;
	const struct s53_shares_client *client;
	struct s53_shares_key key;

	if (query->chase_of != NULL || query->client.kind != S53_UDP)
		return false;
	key = s53_shares_key_of(&query->client);
	client = s53_shares_find_client(&resolver->shares, query->route->id, &key);
	if (client == NULL)
		return false;
	S53_LIST_EACH (s53_table_bucket(&resolver->waits, hash_of(fetch, client)), link) {
		const struct s53_pending *other = client_at(link, fetch, client);

		if (other != NULL && is_same_query(query, &other->query))
			return true;
	}
	return false;
}

/* The oldest of too many, or of a query that was sent again, which chases show late; or NULL. */
static struct s53_pending *
find_surplus(struct s53_resolver *resolver, struct s53_pending *pending)
{
	struct s53_pending *asker = s53_chase_client(pending), *oldest = NULL;
	unsigned count = 0;

	S53_LIST_EACH (s53_table_bucket(&resolver->waits, pending->same.hash), link) {
		struct s53_pending *other = client_at(link, pending->fetch, asker->place.client);

		if (other == NULL)
			continue;
		if (other != asker && is_same_query(&other->query, &asker->query))
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
	struct s53_pending *asker = s53_chase_client(pending), *surplus;

	if (asker->query.client.kind != S53_UDP)
		return;
	s53_table_add(
	    &resolver->waits, &pending->same, hash_of(pending->fetch, asker->place.client));
	if (pending->fetch->clients.next == &pending->wait) /* the first */
		return;
	surplus = find_surplus(resolver, pending);
	if (surplus == NULL)
		return;
	if (is_same_query(&surplus->query, &asker->query)) {
		s53_count(resolver->counters, S53_C_JOIN_REPEATED);
	} else {
		s53_count(resolver->counters, S53_C_JOIN_WAITS);
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
