/* SPDX-License-Identifier: ISC
 *
 * arrange.c - order and contents of replies: rrset-order, minimal-responses.
 *
 * Without a matching rule (the usual case) each reply is shuffled, and nothing is looked up. Cyclic
 * order needs a counter for each set: clients alternate between A and AAAA, and with one counter
 * for both, a set of two would always begin with the same record. A counter for each set would be a
 * cache of its own; a table of counters, indexed by the hash of owner and type, does nearly as
 * well.
 */
#include "arrange.h"

#include <split53/hash.h>
#include <split53/message.h>
#include <split53/zone.h>

#include "resolver_private.h"

struct arranging {
	struct s53_ordering ordering;
	const struct s53_order_list *list;
	struct s53_resolver *resolver;
};

static uint16_t
next_of_cycle(struct s53_resolver *resolver, const struct s53_name *owner, uint16_t type)
{
	return resolver
	    ->cyclic_counters[(s53_hash(owner->octets, owner->len) + type) % S53_CYCLIC_COUNTERS]++;
}

static enum s53_reorder
choose(struct s53_ordering *ordering, const struct s53_name *owner, uint16_t type)
{
	const struct arranging *it = S53_CONTAINER_OF(ordering, struct arranging, ordering);

	switch (s53_order_find(it->list, owner, type)) {
	case S53_ORDER_RANDOM:
		return S53_REORDER_SHUFFLE;
	case S53_ORDER_CYCLIC:
		ordering->steps = next_of_cycle(it->resolver, owner, type);
		return S53_REORDER_ROTATE;
	case S53_ORDER_FIXED: /* as the upstream or the zone has them */
	case S53_ORDER_NONE:
		break;
	}
	return S53_REORDER_NONE;
}

void
s53_arrange_sets(const struct s53_query *query, uint8_t *message, size_t len)
{
	const struct s53_order_list *list = query->answering->order;
	struct s53_resolver *resolver = query->resolver;
	struct arranging it = { .list = list,
		.resolver = resolver,
		.ordering = { .random_state = resolver->random_state } };

	if (query->chase_depth > 0)
		return;
	if (list != NULL && list->count > 0)
		it.ordering.choose = choose;
	s53_message_reorder(message, len, &it.ordering);
	resolver->random_state = it.ordering.random_state;
}

/* Marsaglia's xorshift, which s53_message_reorder() continues; never 0. */
static uint32_t
roll(struct s53_resolver *resolver)
{
	uint32_t random_state = resolver->random_state | 1;

	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return resolver->random_state = random_state;
}

uint32_t
s53_arrange_spin(const struct s53_query *query, bool *rotate)
{
	const struct s53_question *question = &query->request.question;

	*rotate = false;
	switch (s53_order_find(query->answering->order, &question->lower, question->qtype)) {
	case S53_ORDER_RANDOM:
		return roll(query->resolver);
	case S53_ORDER_CYCLIC:
		*rotate = true;
		return next_of_cycle(query->resolver, &question->lower, question->qtype);
	default:
		return 0;
	}
}

/* As named: keys and their digests never get additional data, NS always gets its addresses. */
enum { TYPE_CDS = 59, TYPE_CDNSKEY = 60 };

static enum s53_minimal
minimal_of(const struct s53_answering *answering, uint16_t qtype)
{
	switch (qtype) {
	case S53_TYPE_NS:
		return S53_MINIMAL_NO;
	case S53_TYPE_DS:
	case S53_TYPE_DNSKEY:
	case TYPE_CDS:
	case TYPE_CDNSKEY:
		return S53_MINIMAL_YES;
	default:
		return answering->minimal;
	}
}

size_t
s53_arrange_minimize(
    const struct s53_answering *answering, uint16_t qtype, uint8_t *message, size_t len)
{
	enum s53_minimal minimal = minimal_of(answering, qtype);

	if (minimal == S53_MINIMAL_NO)
		return len;
	return s53_message_minimize(message, len, minimal == S53_MINIMAL_YES);
}

unsigned
s53_arrange_zone_flags(const struct s53_query *query)
{
	unsigned options = s53_query_wants_minimal_any(query) ? S53_ZONE_ONE_OF_ANY : 0;

	switch (minimal_of(query->answering, query->request.question.qtype)) {
	case S53_MINIMAL_YES:
		return options | S53_ZONE_NO_ADDITIONAL;
	case S53_MINIMAL_NO:
		return options | S53_ZONE_AUTHORITY;
	case S53_MINIMAL_NO_AUTH_RECURSIVE:
		return options | ((query->request.flags & S53_RD) != 0 ? 0 : S53_ZONE_AUTHORITY);
	case S53_MINIMAL_NO_AUTH:
		break;
	}
	return options;
}
