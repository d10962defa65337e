/* SPDX-License-Identifier: ISC
 *
 * filter_rules.c - which records outside the chain are kept.
 *
 * NSEC and NSEC3 are kept whatever their owner is: it may be anywhere in the zone (that of "com"
 * proves that there is no "comb"), and in another route. They are harmless, since a client uses
 * them only after validation.
 */
#include "filter_rules.h"

#define META_FIRST 128 /* RFC 6895 s3.1 */
#define META_LAST 255

static struct s53_reader
reader_at(const struct s53_filter *filter, size_t at)
{
	struct s53_reader reader = s53_reader_of(filter->message, filter->len);

	reader.at = at;
	return reader;
}

uint16_t
s53_filter_covers(const struct s53_filter *filter, const struct s53_rr *rr)
{
	struct s53_reader rdata = reader_at(filter, rr->rdata_at);

	return rr->type == S53_TYPE_RRSIG ? s53_read_u16(&rdata) : rr->type;
}

bool
s53_filter_is_meta(const struct s53_filter *filter, const struct s53_rr *rr)
{
	struct s53_reader rdata = reader_at(filter, rr->rdata_at);

	if (rr->type == S53_TYPE_SIG)
		return s53_read_u16(&rdata) == 0;
	return rr->type == S53_TYPE_OPT || (rr->type >= META_FIRST && rr->type <= META_LAST);
}

bool
s53_filter_in_route(const struct s53_filter *filter, const struct s53_name *name)
{
	return s53_route_is_same(filter->route, s53_routes_find(filter->routes, name));
}

static bool
is_of_dnssec(uint16_t type)
{
	return type == S53_TYPE_RRSIG || type == S53_TYPE_NSEC || type == S53_TYPE_NSEC3 ||
	    type == S53_TYPE_DS;
}

static bool
belongs(const struct s53_filter *filter, struct s53_name *owner)
{
	s53_name_lower(owner);
	return s53_filter_in_route(filter, owner);
}

/*
 * Is this NS record a delegation in a copied zone (RFC 1034 s4.3.2)? Delegations by its primaries
 * are part of the zone. An NS at the apex or above it comes from a lame server.
 */
static bool
is_delegation(const struct s53_filter *filter, const struct s53_findings *findings,
    const struct s53_name *owner)
{
	const struct s53_name *apex = &filter->route->apex;

	return filter->route->rights == S53_RIGHTS_COPY && findings->links == 0 &&
	    !findings->exists && s53_header_rcode(filter->message) == S53_RCODE_NOERROR &&
	    owner->len > apex->len && s53_name_is_at_or_below(owner, apex);
}

static bool
keeps_ns(const struct s53_filter *filter, struct s53_findings *findings, struct s53_name *owner)
{
	bool delegates = is_delegation(filter, findings, owner);

	if (!s53_name_is_at_or_below(findings->last, owner) || !belongs(filter, owner))
		return false;
	findings->delegated |= delegates;
	return findings->answered || delegates;
}

static bool
keeps_authority(const struct s53_filter *filter, struct s53_findings *findings,
    const struct s53_rr *rr, struct s53_name *owner)
{
	switch (s53_filter_covers(filter, rr)) {
	case S53_TYPE_NSEC:
	case S53_TYPE_NSEC3:
		return true;
	case S53_TYPE_SOA:
	case S53_TYPE_DS:
		return !findings->crossed && s53_name_is_at_or_below(findings->last, owner);
	case S53_TYPE_NS: /* an NS record without an answer is a referral */
		return keeps_ns(filter, findings, owner);
	default:
		return false;
	}
}

bool
s53_filter_keeps(
    const struct s53_filter *filter, struct s53_findings *findings, const struct s53_rr *rr)
{
	struct s53_reader reader = reader_at(filter, rr->owner_at);
	struct s53_name owner;
	bool keeps;

	if (rr->class != filter->question->qclass || s53_filter_is_meta(filter, rr) ||
	    (!filter->dnssec_ok && is_of_dnssec(rr->type)) || !s53_name_read(&reader, &owner))
		return false;
	if (rr->section == S53_ADDITIONAL)
		return belongs(filter, &owner);
	keeps = keeps_authority(filter, findings, rr, &owner);
	findings->has_soa |= keeps && rr->type == S53_TYPE_SOA;
	findings->has_ns |= rr->type == S53_TYPE_NS;
	return keeps;
}
