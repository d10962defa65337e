/* SPDX-License-Identifier: ISC
 *
 * attempt.c - see attempt.h.
 */
#include "attempt.h"

#include "loop_path.h"
#include "resolver_private.h"

struct s53_attempt *
s53_attempt_new(struct s53_fetch *fetch, const struct s53_plan *plan)
{
	struct s53_attempt *attempt = s53_spares_take(
	    &fetch->resolver->free_attempts, sizeof(*attempt), offsetof(struct s53_attempt, link));

	if (attempt == NULL)
		return NULL;
	attempt->fetch = fetch;
	attempt->exchange = NULL;
	attempt->plan = *plan;
	attempt->began_ms = fetch->now_ms;
	attempt->rest_ms = 0;
	attempt->overdue = attempt->extended = attempt->doubled = false;
	attempt->hedged = plan->beside;
	attempt->maybe_truncated = false;
	attempt->expired = attempt->truncated = attempt->case_differs = false;
	attempt->garbled = false;
	s53_list_append(&fetch->attempts, &attempt->link);
	fetch->attempt_count++;
	return attempt;
}

void
s53_attempt_free(struct s53_attempt *attempt)
{
	struct s53_resolver *resolver = attempt->fetch->resolver;

	if (attempt->exchange != NULL)
		s53_exchange_cancel(resolver->exchanger, attempt->exchange);
	s53_list_remove(&attempt->link);
	attempt->fetch->attempt_count--;
	s53_spares_give(
	    &resolver->free_attempts, &attempt->link, offsetof(struct s53_attempt, link));
}

struct s53_upstream *
s53_attempt_server(const struct s53_attempt *attempt)
{
	return s53_group_server(attempt->fetch->route->group, attempt->plan.server);
}

void
s53_attempt_fails(const struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;
	uint32_t bit = UINT32_C(1) << attempt->plan.server;

	fetch->failed |= bit;
	if (s53_upstream_state(s53_attempt_server(attempt)) != S53_HEALTH_UP)
		fetch->failed_unhealthy |= bit;
	else
		fetch->failed_unhealthy &= ~bit;
}

const char *
s53_attempt_silence(const struct s53_attempt *attempt)
{
	if (s53_loop_is_proved(attempt))
		return S53_CAUSE_LOOP;
	if (attempt->garbled)
		return "sent data that is not a response to the query";
	return attempt->case_differs ? "responds in different letter case only"
				     : "does not respond";
}

void
s53_attempt_expire(struct s53_attempt *attempt)
{
	attempt->expired = true;
	s53_exchange_overdue_in(attempt->fetch->resolver->exchanger, attempt->exchange, 1);
}

struct s53_attempt *
s53_fetch_last_attempt(const struct s53_fetch *fetch)
{
	struct s53_attempt *last = NULL;

	S53_LIST_EACH (&fetch->attempts, link) {
		struct s53_attempt *attempt = S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->exchange != NULL && (last == NULL || !attempt->plan.explores))
			last = attempt;
	}
	return last;
}
