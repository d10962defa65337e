/* SPDX-License-Identifier: ISC
 *
 * partial.c - answers from which a server may have left out records without setting TC.
 *
 * Problem: some servers (Consul among them) drop records that do not fit the size that we offer,
 * and do not set TC. That answer is good enough for a client that could not receive more, but wrong
 * for a client that uses TCP or offers a larger size.
 *
 * Idea: if a response over UDP leaves less space in the offered size than one more record of
 * average size needs, records may be missing. It is marked so in the cache. A client that could
 * receive one more record does not get it: the query goes out over TCP, and that answer replaces
 * the first one. When TCP is down, fails, or takes a second, the answer over UDP is better than
 * none.
 */
#include <split53/message.h>

#include "resolver_private.h"

#define PLAIN_UDP_SIZE 512 /* of a query without OPT, RFC 1035 s4.2.1 */

static size_t
offered_size(const struct s53_attempt *attempt)
{
	return attempt->plan.edns ? attempt->plan.udp_size : PLAIN_UDP_SIZE;
}

bool
s53_partial_response(const struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	const struct s53_outcome *outcome = &fetch->outcome;
	size_t offered = offered_size(attempt), wanted;

	if (attempt->plan.tcp || outcome->message_len > offered)
		return false;
	wanted = s53_message_size_with_one_more(outcome->message, outcome->message_len);
	return offered < wanted && wanted != SIZE_MAX; /* a negative answer lacks nothing */
}

bool
s53_partial_for(const struct s53_query *query, const uint8_t *message, size_t len)
{
	return s53_reply_limit(query) >= s53_message_size_with_one_more(message, len);
}

bool
s53_partial_for_a_client(const struct s53_fetch *fetch)
{
	const struct s53_outcome *outcome = &fetch->outcome;

	S53_LIST_EACH (&fetch->clients, link) {
		const struct s53_pending *pending =
		    S53_CONTAINER_OF(link, struct s53_pending, wait);

		if (s53_partial_for(&pending->query, outcome->message, outcome->message_len))
			return true;
	}
	return false;
}

bool
s53_partial_may_use_tcp(const struct s53_fetch *fetch, unsigned server)
{
	const struct s53_upstream *upstream = s53_group_server(fetch->route->group, server);

	return !fetch->takes_cut &&
	    !s53_health_is_down(s53_upstream_path_state(upstream, S53_OVER_TCP));
}

void
s53_partial_fall_back(struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;

	fetch->takes_cut = true;
	fetch->plan = attempt->plan;
	fetch->plan.tcp = fetch->plan.for_whole = false;
	s53_attempt_free(attempt);
}
