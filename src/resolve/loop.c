/* SPDX-License-Identifier: ISC
 *
 * loop.c - what we ask an upstream comes back to us: a server that forwards to us, directly or by
 * way of others.
 *
 * Without this the question that came back would join the one that went out, or go round once more,
 * and all would wait for each other until their time is over. It is known by the letter case that
 * was drawn at random for it (0x20): forwarders hand a question on as it is spelled, whatever they
 * do to its flags. The spellings under way stand in one table for all workers, since what comes
 * back may come to another one. It holds a hash a slot; where it is full the newest stay, and a
 * loop that is missed so is seen when its client asks again.
 *
 * We never ask in lower case alone (fetch.c), so that what clients usually send is never
 * taken for ours. Who draws at random as we do could hit the same spelling by chance: a name of few
 * letters must come from a server's host, and of very few also look like ours for the rest.
 */
#include <split53/hash.h>

#include "resolver_private.h"

#define WAYS 4 /* slots that a spelling may stand in */
#define LETTERS_SURE 16 /* from anywhere */
#define LETTERS_LIKELY 8 /* from a server's host */

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

/* Never 0. */
static uint64_t
hash_of(const struct s53_name *name, uint16_t qtype)
{
	return (s53_hash(name->octets, name->len) ^ qtype) | 1;
}

static _Atomic uint64_t *
set_of(struct s53_resolver_shared *shared, uint64_t hash)
{
	return &shared->asked[(hash >> 32) % (S53_ASKED_SLOTS / WAYS) * WAYS];
}

void
s53_loop_enter(struct s53_fetch *fetch)
{
	_Atomic uint64_t *set;
	unsigned way = 0;

	fetch->asked_hash = hash_of(&fetch->question.name, fetch->question.qtype);
	set = set_of(fetch->resolver->shared, fetch->asked_hash);
	while (way + 1 < WAYS && atomic_load_explicit(&set[way], memory_order_relaxed) != 0)
		way++;
	atomic_store_explicit(&set[way], fetch->asked_hash, memory_order_relaxed);
}

void
s53_loop_leave(struct s53_fetch *fetch)
{
	_Atomic uint64_t *set = set_of(fetch->resolver->shared, fetch->asked_hash);

	for (unsigned way = 0; fetch->asked_hash != 0 && way < WAYS; way++) {
		uint64_t hash = fetch->asked_hash;

		if (atomic_compare_exchange_strong_explicit(
			&set[way], &hash, 0, memory_order_relaxed, memory_order_relaxed))
			break;
	}
	fetch->asked_hash = 0;
}

static bool
is_under_way(const struct s53_query *query)
{
	const struct s53_question *question = &query->request.question;
	uint64_t hash = hash_of(&question->name, question->qtype);
	_Atomic uint64_t *set = set_of(query->resolver->shared, hash);

	for (unsigned way = 0; way < WAYS; way++)
		if (atomic_load_explicit(&set[way], memory_order_relaxed) == hash)
			return true;
	return false;
}

/* The server of the route that this client's host is; NULL: none is. */
static struct s53_upstream *
server_at(const struct s53_group *group, const struct s53_addr *client)
{
	for (unsigned i = 0; i < s53_group_size(group); i++)
		if (s53_addr_same_host(s53_upstream_addr(s53_group_server(group, i)), client))
			return s53_group_server(group, i);
	return NULL;
}

/* Flags and OPT as exchange.c writes them. */
static bool
looks_like_ours(const struct s53_request *request, const struct s53_upstream *server)
{
	const uint16_t flags = S53_RD | S53_AD;

	return (request->flags & flags) == flags && request->edns.present &&
	    request->edns.udp_size == s53_upstream_options(server)->edns_udp_size;
}

bool
s53_is_loop(const struct s53_query *query)
{
	const struct s53_question *question = &query->request.question;
	const struct s53_upstream *server;
	unsigned letters;

	if (s53_name_same(&question->name, &question->lower) || query->chase_of != NULL ||
	    !is_under_way(query))
		return false;
	letters = letters_of(&question->name);
	if (letters >= LETTERS_SURE)
		return true;
	server = server_at(query->route->group, &query->client.addr);
	return server != NULL &&
	    (letters >= LETTERS_LIKELY || looks_like_ours(&query->request, server));
}

enum s53_verdict
s53_refuse_loop(struct s53_query *query)
{
	const struct s53_group *group = query->route->group;
	struct s53_upstream *server = server_at(group, &query->client.addr);
	struct s53_observation sign = { .event = S53_OBSERVED_LOOP };

	s53_count(query->resolver->counters, S53_C_JOIN_LOOP);
	if (server == NULL && s53_group_size(group) == 1)
		server = s53_group_server(group, 0);
	s53_query_log_loop(query, server);
	if (server != NULL) {
		sign.over = s53_upstream_wants_tcp(server) ? S53_OVER_TCP : S53_OVER_UDP;
		s53_upstream_observe(server, sign, query->now_ms);
	}
	return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_OTHER,
	    "forwarding loop: this question came from here");
}
