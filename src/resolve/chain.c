/* SPDX-License-Identifier: ISC
 *
 * chain.c - see chain.h.
 *
 * This runs at each cache hit with a chain that leads on, so the work is bounded: thousands of
 * CNAMEs with names of many pointers would take a tenth of a second. A chain of 16 links with an
 * address needs at most 289 comparisons, in whatever order its records are.
 */
#include "chain.h"

#define LOOKS_MAX 512

enum found { NOTHING, ONE, UNCLEAR };

bool
s53_chain_is_followed(uint16_t qtype)
{
	return qtype != S53_TYPE_CNAME && qtype != S53_TYPE_ANY && qtype != S53_TYPE_DNAME;
}

static bool
owner_is(const struct s53_chain *chain, const struct s53_rr *rr, const struct s53_name *name)
{
	struct s53_reader at = s53_reader_of(chain->message, chain->len);

	at.at = rr->owner_at;
	return s53_name_read_equal(&at, name);
}

static bool
read_name_at(const struct s53_chain *chain, size_t where, struct s53_name *out)
{
	struct s53_reader at = s53_reader_of(chain->message, chain->len);

	at.at = where;
	return s53_name_read(&at, out);
}

static bool
target_is(const struct s53_chain *chain, const struct s53_rr *rr, const struct s53_name *target)
{
	struct s53_reader at = s53_reader_of(chain->message, chain->len);

	at.at = rr->rdata_at;
	return s53_name_read_equal(&at, target);
}

/* The target of the answer section's CNAME owned by `owner`, in lower case. */
static enum found
find_cname(struct s53_chain *chain, const struct s53_name *owner, struct s53_name *target)
{
	enum found found = NOTHING;
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, chain->message, chain->len))
		return NOTHING;
	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER) {
		if (rr.type != S53_TYPE_CNAME || rr.class != chain->question->qclass)
			continue;
		if (++chain->looks > LOOKS_MAX)
			return UNCLEAR;
		if (!owner_is(chain, &rr, owner))
			continue;
		if (found == ONE && !target_is(chain, &rr, target))
			return UNCLEAR;
		if (found == NOTHING && !read_name_at(chain, rr.rdata_at, target))
			return UNCLEAR;
		found = ONE;
	}
	if (found == ONE)
		s53_name_lower(target);
	return found;
}

/*
 * Does the message have records of the chain's last name, or an SOA that says that there are none?
 */
static enum s53_chain_end
end_of(struct s53_chain *chain)
{
	const struct s53_name *last = &chain->names[chain->links];
	struct s53_walk walk;
	struct s53_name owner;
	struct s53_rr rr;

	if (s53_header_rcode(chain->message) != S53_RCODE_NOERROR)
		return S53_CHAIN_COMPLETE;
	s53_walk_begin(&walk, chain->message, chain->len);
	while (s53_walk_next(&walk, &rr) && rr.section <= S53_AUTHORITY) {
		if (rr.section == S53_AUTHORITY && rr.type == S53_TYPE_SOA &&
		    read_name_at(chain, rr.owner_at, &owner) &&
		    s53_name_is_at_or_below(last, &owner))
			return S53_CHAIN_COMPLETE;
		if (rr.section != S53_ANSWER || rr.type == S53_TYPE_CNAME ||
		    (rr.type == S53_TYPE_RRSIG && rr.type != chain->question->qtype) ||
		    rr.class != chain->question->qclass)
			continue;
		if (++chain->looks > LOOKS_MAX)
			return S53_CHAIN_UNCLEAR;
		if (owner_is(chain, &rr, last))
			return S53_CHAIN_COMPLETE;
	}
	return S53_CHAIN_BARE;
}

static bool
crosses(const struct s53_chain_scope *scope, const struct s53_name *target)
{
	return scope->routes != NULL &&
	    !s53_route_is_same(scope->route, s53_routes_find(scope->routes, target));
}

bool
s53_chain_has(const struct s53_chain *chain, const struct s53_name *name)
{
	for (unsigned i = 0; i < chain->links; i++)
		if (s53_name_equal(&chain->names[i], name))
			return true;
	return false;
}

enum s53_chain_end
s53_chain_follow(struct s53_chain *chain, const struct s53_chain_scope *scope)
{
	const struct s53_name *from = &chain->question->lower;
	struct s53_name *target;
	enum found found;

	chain->links = chain->looks = 0;
	while ((found = find_cname(chain, from, &chain->names[chain->links + 1])) == ONE) {
		if (chain->links++ == 0)
			s53_name_copy(&chain->names[0], &chain->question->lower);
		target = &chain->names[chain->links];
		if (s53_chain_has(chain, target))
			return S53_CHAIN_LOOPS;
		if (chain->links + scope->links_before > S53_CHAIN_MAX)
			return S53_CHAIN_TOO_LONG;
		if (crosses(scope, target))
			return S53_CHAIN_CROSSES;
		from = target;
	}
	if (found == UNCLEAR)
		return S53_CHAIN_UNCLEAR;
	return chain->links == 0 ? S53_CHAIN_COMPLETE : end_of(chain);
}
