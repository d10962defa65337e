/* SPDX-License-Identifier: ISC
 *
 * join.c - identical questions in flight are one exchange.
 */
#include "pending.h"

#define TOO_MANY "too many queries wait"
#define SPELLINGS 8 /* to be drawn: a name without letters has but one */
#define PRESSES_MAX 8 /* questions again that lead to the next server, of one query */
#define FRESH_MS 1000 /* as long as a failure is remembered by default: servfail-ttl */
#define CLIENTS_STEP 5 /* clients-per-query, as BIND tunes it: up when they were too few */
#define CLIENTS_LESS_MS (20 * 60 * 1000) /* down by one after this long without need */

/* A stale CNAME that leaves the route would have to wait for its end. */
enum s53_verdict
s53_shed(struct s53_query *query, const char *why, bool drop)
{
	if (s53_stale_take(query, why) && !s53_chase_is_due(query))
		return S53_REPLY;
	s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, why);
	query->outcome.silent = drop;
	return S53_REPLY;
}

/* Not in lower case, which is how clients ask: then it is known as ours, should it come back. */
void
s53_pending_lead(struct s53_pending *pending)
{
	const struct s53_name *lower = &pending->query.request.question.lower;

	for (unsigned i = 0; i < SPELLINGS; i++) {
		s53_name_copy(&pending->spelling, lower);
		s53_name_scramble(&pending->spelling);
		if (!s53_name_same(&pending->spelling, lower))
			break;
	}
	s53_loop_leave(pending);
	s53_loop_enter(pending);
}

/*
 * A chase's query waits for who is not chasing (see pending.h), and not for a third in a row: each
 * is ended from within the one before.
 */
static bool
may_follow(const struct s53_query *query, const struct s53_pending *leader)
{
	if (query->chase_of == NULL)
		return true;
	return leader->chase == NULL && !s53_chase_parent(query)->chase_follows;
}

/* clients-per-query, with what was learned, up to max-clients-per-query. */
static bool
is_full(const struct s53_query *query, struct s53_pending *leader)
{
	struct s53_resolver *resolver = query->resolver;
	unsigned limit = query->view->clients_per_query, max = query->view->max_clients_per_query;

	if (limit == 0 || query->chase_of != NULL)
		return false;
	if (resolver->clients_more > 0 &&
	    query->now_ms >= resolver->clients_less_ms + CLIENTS_LESS_MS) {
		resolver->clients_more--;
		resolver->clients_less_ms = query->now_ms;
	}
	limit += resolver->clients_more;
	if (max != 0 && limit > max)
		limit = max;
	if (leader->follower_count + 1 < limit)
		return false;
	leader->shed = true;
	return true;
}

void
s53_clients_learn(struct s53_pending *leader)
{
	struct s53_resolver *resolver = leader->query.resolver;
	unsigned limit = leader->query.view->clients_per_query + resolver->clients_more;
	unsigned max = leader->query.view->max_clients_per_query;

	if (!leader->shed || (max != 0 && limit >= max))
		return;
	resolver->clients_more += CLIENTS_STEP;
	resolver->clients_less_ms = leader->query.now_ms;
}

static bool
is_same_client(const struct s53_query *a, const struct s53_query *b)
{
	return a->request.id == b->request.id && a->client.kind == b->client.kind &&
	    s53_addr_equal(&a->client.addr, &b->client.addr);
}

static bool
is_again(const struct s53_query *query, const struct s53_pending *leader)
{
	unsigned looked = 0;

	if (is_same_client(query, &leader->query))
		return true;
	S53_LIST_EACH (&leader->followers, link) {
		if (is_same_client(
			query, &S53_CONTAINER_OF(link, struct s53_pending, follow)->query))
			return true;
		if (++looked == PRESSES_MAX)
			break;
	}
	return false;
}

/*
 * The attempt that was begun last, of those that somebody waits for if there are any; NULL: none.
 */
static struct s53_attempt *
last_attempt(const struct s53_pending *leader)
{
	struct s53_attempt *last = NULL;

	S53_LIST_EACH (&leader->attempts, link) {
		struct s53_attempt *attempt = S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->exchange != NULL && (last == NULL || !attempt->plan.explores))
			last = attempt;
	}
	return last;
}

static void
hurry(struct s53_attempt *attempt)
{
	attempt->pressed = true;
	s53_exchange_later(attempt->pending->query.resolver->exchanger, attempt->exchange, 1);
}

/* The client has lost patience: the attempt that was begun last counts as late at once. */
static void
press(struct s53_pending *leader)
{
	struct s53_attempt *attempt = last_attempt(leader);

	if (leader->presses >= PRESSES_MAX || attempt == NULL || attempt->plan.tcp)
		return;
	leader->presses++;
	s53_count(leader->query.resolver->counters, S53_C_JOIN_HURRIED);
	hurry(attempt);
}

/*
 * Who comes now is not to wait for what was asked and found out long ago: a server that could not
 * answer then may do so now.
 */
static void
refresh(struct s53_pending *leader, uint64_t now_ms)
{
	struct s53_attempt *attempt = last_attempt(leader);

	if (attempt == NULL || now_ms < leader->fresh_ms + FRESH_MS)
		return;
	leader->fresh_ms = now_ms;
	leader->failed = leader->unfit = 0;
	hurry(attempt);
}

static enum s53_verdict
follow(struct s53_pending *pending, struct s53_pending *leader)
{
	const struct s53_query *query = &pending->query;

	s53_count(query->resolver->counters, S53_C_JOIN_JOINED);
	if (query->chase_of == NULL && is_again(query, leader))
		press(leader);
	refresh(leader, query->now_ms);
	s53_list_append(&leader->followers, &pending->follow);
	leader->follower_count++;
	leader->chase_follows = leader->chase_follows || query->chase_of != NULL;
	return S53_WAIT;
}

/* fetches-per-zone. */
static bool
enter_zone(struct s53_pending *pending)
{
	pending->in_zone_quota = s53_group_enter(pending->query.route->group);
	return pending->in_zone_quota;
}

enum s53_verdict
s53_step_join(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_pending *leader = s53_inflight_find(&resolver->inflight, query);
	struct s53_pending *pending;
	bool led = leader != NULL;

	if (s53_is_loop(query))
		return s53_refuse_loop(query);
	if (led && !may_follow(query, leader))
		leader = NULL;
	if (leader != NULL && query->refresh)
		return S53_DROP;
	if (leader != NULL && is_full(query, leader)) {
		s53_count(resolver->counters, S53_C_JOIN_SHED);
		return s53_shed(query, TOO_MANY, false);
	}
	if ((pending = s53_pending_move(query)) == NULL)
		return s53_shed(query, TOO_MANY, false);
	s53_stale_watch(pending);
	if (leader != NULL)
		return follow(pending, leader);
	s53_count(resolver->counters, S53_C_JOIN_LED);
	/* Followers get the leader's end, which must not come before their own time. */
	if (!led && !query->hurried)
		s53_inflight_add(&resolver->inflight, pending);
	s53_pending_lead(pending);
	if (!enter_zone(pending))
		return s53_over_quota(
		    &pending->query, s53_group_rules(query->route->group)->per_zone.drop);
	return S53_NEXT;
}
