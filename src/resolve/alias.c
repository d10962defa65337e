/* SPDX-License-Identifier: ISC
 *
 * alias.c - see alias.h.
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

/* NULL: out of memory. */
static uint8_t *
copy_of(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len);

	if (copy != NULL)
		memcpy(copy, octets, len);
	return copy;
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

bool
s53_alias_hold(struct s53_fetch *fetch)
{
	return another_may_answer(fetch) && hold(fetch);
}
