/* SPDX-License-Identifier: ISC
 *
 * alias.c - see alias.h.
 *
 * A DNAME without its synthesized CNAME gets one. A chain that loops or is too long fails the
 * fetch; an ambiguous one is left to the next server. Neither is stored.
 *
 * A bare chain (chain.h) of the same route can be completed by another query. But while another
 * server has the same query (forwarders-policy race, a hedge), its response may contain the whole
 * chain, which is better. So the bare one is held back until another response arrives, or every
 * outstanding query is overdue.
 */
#include "alias.h"

#include <stdlib.h>
#include <string.h>

#include "resolver_private.h"

static bool
has_aliases(const struct s53_outcome *outcome)
{
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, outcome->message, outcome->message_len))
		return false;
	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER)
		if (rr.type == S53_TYPE_CNAME || rr.type == S53_TYPE_DNAME)
			return true;
	return false;
}

/* NULL: out of memory. */
static uint8_t *
copy_of(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len);

	if (copy != NULL)
		memcpy(copy, octets, len);
	return copy;
}

/* false: they do not fit, or out of memory. */
static bool
add_cnames(struct s53_fetch *fetch)
{
	struct s53_outcome *outcome = &fetch->outcome;
	uint8_t *scratch = fetch->resolver->scratch;
	struct s53_chain chain;
	enum s53_chain_dnames dnames;
	size_t len;

	chain.message = outcome->message;
	chain.len = outcome->message_len;
	chain.question = &fetch->question;
	dnames = s53_chain_add_cnames(&chain, scratch, &len);
	if (dnames == S53_CHAIN_HAS_CNAMES)
		return true;
	if (dnames == S53_CHAIN_NO_ROOM)
		return false;
	free(fetch->rewritten);
	fetch->rewritten = copy_of(scratch, len);
	if (dnames == S53_CHAIN_YXDOMAIN)
		outcome->rcode = S53_RCODE_YXDOMAIN;
	outcome->message = fetch->rewritten;
	outcome->message_len = len;
	return outcome->message != NULL;
}

static enum s53_chain_end
follow(const struct s53_fetch *fetch)
{
	const struct s53_chain_scope scope = { .routes = fetch->view->routes,
		.route = fetch->route };
	struct s53_chain chain;

	chain.message = fetch->outcome.message;
	chain.len = fetch->outcome.message_len;
	chain.question = &fetch->question;
	return s53_chain_follow(&chain, &scope);
}

/* Is another server's response outstanding and not overdue yet? */
static bool
another_may_answer(const struct s53_fetch *fetch)
{
	S53_LIST_EACH (&fetch->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->exchange != NULL && !attempt->overdue)
			return true;
	}
	return false;
}

/* The first bare chain is kept, as any is as good. false: out of memory. */
static bool
hold(struct s53_fetch *fetch)
{
	struct s53_outcome *outcome = &fetch->outcome;

	if (fetch->held.message != NULL)
		return true;
	fetch->held = *outcome;
	fetch->held.message = copy_of(outcome->message, outcome->message_len);
	fetch->held.error = NULL; /* it points to a buffer that the next response uses */
	return fetch->held.message != NULL;
}

enum s53_verdict
s53_alias_release(struct s53_fetch *fetch)
{
	if (another_may_answer(fetch))
		return S53_WAIT;
	fetch->outcome = fetch->held;
	s53_step_store(fetch);
	return S53_REPLY;
}

enum s53_alias_fate
s53_alias_judge(struct s53_fetch *fetch)
{
	enum s53_chain_end end;

	if (fetch->outcome.no_data || !s53_chain_is_followed(fetch->question.qtype) ||
	    !has_aliases(&fetch->outcome))
		return S53_ALIAS_FINE;
	if (!add_cnames(fetch))
		return S53_ALIAS_UNCLEAR;
	end = follow(fetch);
	switch (end) {
	case S53_CHAIN_COMPLETE:
		return S53_ALIAS_FINE;
	case S53_CHAIN_BARE:
		fetch->outcome.leads_on = true;
		if (another_may_answer(fetch) && hold(fetch))
			return S53_ALIAS_HELD;
		return S53_ALIAS_FINE;
	case S53_CHAIN_CROSSES:
		fetch->outcome.leads_on = true;
		return S53_ALIAS_FINE;
	case S53_CHAIN_UNCLEAR:
		return S53_ALIAS_UNCLEAR;
	case S53_CHAIN_LOOPS:
	case S53_CHAIN_TOO_LONG:
		s53_fetch_fail(fetch, S53_EDE_OTHER, s53_chase_why_not(end));
		s53_store_failure(fetch);
		return S53_ALIAS_BROKEN;
	}
	return S53_ALIAS_FINE;
}
