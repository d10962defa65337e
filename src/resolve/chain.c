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
		    rr.type == S53_TYPE_RRSIG || rr.class != chain->question->qclass)
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

/* --- DNAMEs without their CNAMEs ------------------------------------------------------------- */

/* A link that follows from a DNAME and has no CNAME in the message. */
struct made {
	size_t dname_at; /* offset of its DNAME */
	struct s53_name owner, target;
};

struct rewriting {
	struct made made[S53_CHAIN_MAX + 1]; /* one more than allowed: such a chain is too long */
	unsigned count;
	bool too_long; /* the last DNAME makes a name of more than 255 bytes */
};

/*
 * `name` with its suffix `suffix` replaced by `by`. false: the result is longer than a name may be.
 */
static bool
replace_suffix(const struct s53_name *name, const struct s53_name *suffix,
    const struct s53_name *by, struct s53_name *out)
{
	size_t prefix_len = (size_t)name->len - suffix->len;

	if (prefix_len + by->len > S53_NAME_MAX)
		return false;
	memcpy(out->octets, name->octets, prefix_len);
	memcpy(out->octets + prefix_len, by->octets, by->len);
	out->len = (uint8_t)(prefix_len + by->len);
	return true;
}

/* Find a DNAME of the answer section that is owned by an ancestor of `name` (RFC 6672 s2.2). */
static bool
find_dname(struct s53_chain *chain, const struct s53_name *name, struct s53_rr *rr)
{
	struct s53_walk walk;
	struct s53_name owner;

	if (!s53_walk_begin(&walk, chain->message, chain->len))
		return false;
	while (s53_walk_next(&walk, rr) && rr->section == S53_ANSWER) {
		if (rr->type != S53_TYPE_DNAME || rr->class != chain->question->qclass)
			continue;
		if (++chain->looks > LOOKS_MAX)
			return false;
		if (read_name_at(chain, rr->owner_at, &owner) &&
		    s53_name_is_at_or_below(name, &owner) && !s53_name_equal(name, &owner))
			return true;
	}
	return false;
}

/* Make the link of `from` by a DNAME. false: none applies, or (too_long) its target is too long. */
static bool
make_link(struct s53_chain *chain, struct rewriting *rewriting, const struct s53_name *from)
{
	struct made *made = &rewriting->made[rewriting->count];
	struct s53_name owner, target;
	struct s53_rr rr;

	if (!find_dname(chain, from, &rr) || !read_name_at(chain, rr.owner_at, &owner) ||
	    !read_name_at(chain, rr.rdata_at, &target))
		return false;
	rewriting->too_long = !replace_suffix(from, &owner, &target, &made->target);
	if (rewriting->too_long)
		return false;
	made->dname_at = rr.owner_at;
	s53_name_copy(&made->owner, from);
	rewriting->count++;
	return true;
}

static void
find_missing(struct s53_chain *chain, struct rewriting *rewriting)
{
	struct s53_name from, stated;

	s53_name_copy(&from, &chain->question->lower);
	rewriting->count = 0;
	rewriting->too_long = false;
	for (unsigned links = 0; links <= S53_CHAIN_MAX; links++) {
		enum found found = find_cname(chain, &from, &stated);

		if (found == UNCLEAR)
			return;
		if (found == NOTHING && !make_link(chain, rewriting, &from))
			return;
		s53_name_copy(
		    &from, found == ONE ? &stated : &rewriting->made[rewriting->count - 1].target);
		s53_name_lower(&from);
	}
}

static void
add_made(struct s53_reply *to, const struct rewriting *rewriting, const struct s53_rr *dname)
{
	for (unsigned i = 0; i < rewriting->count; i++) {
		const struct made *made = &rewriting->made[i];

		if (made->dname_at == dname->owner_at)
			s53_reply_add(to, S53_ANSWER, &made->owner, S53_TYPE_CNAME, dname->class,
			    dname->ttl, made->target.octets, made->target.len);
	}
}

static bool
rewrite(
    const struct s53_chain *chain, const struct rewriting *rewriting, uint8_t *out, size_t *out_len)
{
	uint16_t flags = s53_header_flags(chain->message);
	struct s53_reply to;
	struct s53_walk walk;
	struct s53_rr rr;

	if (rewriting->too_long)
		flags = (uint16_t)((flags & ~S53_RCODE_BITS) | S53_RCODE_YXDOMAIN);
	s53_reply_begin(&to, out, S53_MESSAGE_MAX, 0, flags, chain->question);
	s53_walk_begin(&walk, chain->message, chain->len);
	while (s53_walk_next(&walk, &rr)) {
		s53_reply_copy(&to, rr.section, chain->message, chain->len, &rr);
		if (rr.section == S53_ANSWER && rr.type == S53_TYPE_DNAME)
			add_made(&to, rewriting, &rr);
	}
	*out_len = s53_reply_end(&to, NULL);
	return !to.truncated;
}

enum s53_chain_dnames
s53_chain_add_cnames(struct s53_chain *chain, uint8_t *out, size_t *out_len)
{
	struct rewriting rewriting;
	size_t len;

	chain->looks = 0;
	find_missing(chain, &rewriting);
	if (rewriting.count == 0 && !rewriting.too_long)
		return S53_CHAIN_HAS_CNAMES;
	if (!rewrite(chain, &rewriting, out, &len))
		return S53_CHAIN_NO_ROOM;
	*out_len = len;
	return rewriting.too_long ? S53_CHAIN_YXDOMAIN : S53_CHAIN_CNAMES_ADDED;
}
