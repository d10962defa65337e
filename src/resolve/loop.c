/* SPDX-License-Identifier: ISC
 *
 * loop.c - what we ask an upstream comes back to us: a server that forwards to us, directly or by
 * way of others.
 *
 * Without this the question that came back would join the one that went out, and both would wait
 * for each other until their time is over. It is known by the letter case that we drew at random
 * for it (0x20): forwarders hand a question on as it is spelled. A name of a few letters could be
 * spelled so by chance; there the rest must look like ours too, and come from a server's host.
 *
 * A circle whose question comes back in another view, or with other flags, is seen one turn later:
 * what went out the second time has the same key as what comes back then.
 */
#include "pending.h"

#define LETTERS_SURE 12 /* by chance once in 4,096 identical questions at the same moment */

static unsigned
letters_of(const struct s53_name *name)
{
	unsigned letters = 0;

	for (unsigned i = 0; i < name->len; i++) {
		uint8_t octet = name->octets[i] | 0x20;

		if (octet >= 'a' && octet <= 'z')
			letters++;
	}
	return letters;
}

/* The server under way that this client's host is; else the first one. NULL: none is. */
static struct s53_upstream *
server_at(const struct s53_pending *leader, const struct s53_addr *client, bool *same_host)
{
	struct s53_upstream *first = NULL;

	*same_host = false;
	S53_LIST_EACH (&leader->attempts, link) {
		struct s53_upstream *server =
		    s53_attempt_server(S53_CONTAINER_OF(link, struct s53_attempt, link));

		if (first == NULL)
			first = server;
		if (s53_addr_same_host(s53_upstream_addr(server), client)) {
			*same_host = true;
			return server;
		}
	}
	return first;
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
s53_is_loop(const struct s53_query *query, const struct s53_pending *leader)
{
	const struct s53_name *name = &query->request.question.name;
	struct s53_upstream *server;
	bool same_host;

	if (query->chase_of != NULL || query->refresh || !s53_name_same(name, &leader->spelling))
		return false;
	server = server_at(leader, &query->client.addr, &same_host);
	if (server == NULL)
		return false;
	return letters_of(name) >= LETTERS_SURE ||
	    (same_host && looks_like_ours(&query->request, server));
}

enum s53_verdict
s53_refuse_loop(struct s53_query *query, const struct s53_pending *leader)
{
	struct s53_upstream_sign sign = { .event = S53_UPSTREAM_LOOP };
	bool same_host;
	struct s53_upstream *server = server_at(leader, &query->client.addr, &same_host);

	s53_count(query->resolver->counters, S53_C_JOIN_LOOP);
	s53_query_log_loop(query, s53_upstream_addr(server));
	sign.over = s53_upstream_wants_tcp(server) ? S53_OVER_TCP : S53_OVER_UDP;
	if (same_host || leader->attempt_count == 1)
		s53_upstream_note(server, sign, query->now_ms);
	return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_OTHER,
	    "forwarding loop: this question came from here");
}
