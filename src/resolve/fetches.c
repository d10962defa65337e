/* SPDX-License-Identifier: ISC
 *
 * fetches.c - lists the fetches in progress, and outdates them for a flush.
 */
#include <stdio.h>

#include <split53/clock.h>
#include <split53/recursing.h>

#include "resolver_private.h"

void
s53_resolver_outdate(struct s53_resolver *resolver, bool all_views, uint32_t view_id)
{
	S53_LIST_EACH (&resolver->fetches, link) {
		struct s53_fetch *fetch = S53_CONTAINER_OF(link, struct s53_fetch, link);

		if (!all_views && fetch->view->id != view_id)
			continue;
		fetch->outdated = true;
		if (fetch->in_table)
			s53_inflight_remove(&resolver->inflight, fetch);
	}
}

static uint32_t
age_ms(uint64_t began_ms, uint64_t now_ms)
{
	uint64_t age = s53_clock_since_ms(began_ms, now_ms);

	return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

static void
list_attempts(const struct s53_fetch *fetch, struct s53_recursing_fetch *out, uint64_t now_ms)
{
	S53_LIST_EACH (&fetch->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);
		unsigned at = out->attempt_count++;

		if (at >= S53_RECURSING_ATTEMPTS)
			continue;
		out->attempts[at] = (struct s53_recursing_attempt){
			.server = *s53_upstream_addr(s53_attempt_server(attempt)),
			.tcp = attempt->plan.tcp,
			.age_ms = age_ms(attempt->began_ms, now_ms)
		};
	}
}

/* The client of a child query of a chase is that of the original query. */
static void
list_clients(const struct s53_fetch *fetch, struct s53_recursing_fetch *out)
{
	S53_LIST_EACH (&fetch->clients, link) {
		struct s53_pending *pending =
		    s53_chase_client(S53_CONTAINER_OF(link, struct s53_pending, wait));
		const struct s53_query *query = &pending->query;
		unsigned at = out->client_count++;

		if (at >= S53_RECURSING_CLIENTS)
			continue;
		out->clients[at] = (struct s53_recursing_client){ .addr = query->client.addr,
			.tcp = query->client.kind == S53_TCP,
			.id = query->request.id };
	}
}

static void
list_fetch(const struct s53_fetch *fetch, struct s53_recursing_fetch *out, uint64_t now_ms)
{
	*out = (struct s53_recursing_fetch){
		.qtype = fetch->question.qtype,
		.qclass = fetch->question.qclass,
		.age_ms = age_ms(fetch->began_ms, now_ms),
		.tried = (unsigned)__builtin_popcount(fetch->ever_asked),
	};
	s53_name_copy(&out->name, &fetch->client_name);
	s53_name_copy(&out->zone, &fetch->route->apex);
	snprintf(out->view, sizeof(out->view), "%s", fetch->view->name);
	list_attempts(fetch, out, now_ms);
	list_clients(fetch, out);
}

void
s53_resolver_list(const struct s53_resolver *resolver, struct s53_recursing *list, uint64_t now_ms)
{
	S53_LIST_EACH (&resolver->fetches, link) {
		if (list->count == list->room) {
			list->left_out++;
			continue;
		}
		list_fetch(S53_CONTAINER_OF(link, struct s53_fetch, link),
		    &list->fetches[list->count++], now_ms);
	}
}
