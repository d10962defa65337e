/* SPDX-License-Identifier: ISC
 *
 * ttl_rules.c - the TTL rules: how long an answer is cached, and the TTLs of its records.
 */
#include "entry_builder.h"

#define SOA_NUMBERS 20 /* serial, refresh, retry, expire, minimum: RFC 1035 s3.3.13 */

/* max is applied after min: a limit on how long data is cached takes precedence. */
static uint32_t
between(uint32_t ttl, uint32_t min, uint32_t max)
{
	ttl = s53_ttl_of(ttl);
	if (ttl < min)
		ttl = min;
	if (ttl > max)
		ttl = max;
	return ttl < S53_TTL_MAX ? ttl : S53_TTL_MAX;
}

/* Does a record of this type answer the query? Types that match several: RFC 1035 s3.2.3. */
static bool
type_answers(uint16_t type, uint16_t qtype)
{
	switch (qtype) {
	case S53_TYPE_ANY:
		return true;
	case S53_TYPE_MAILB:
		return type == S53_TYPE_MB || type == S53_TYPE_MG || type == S53_TYPE_MR;
	case S53_TYPE_MAILA:
		return type == S53_TYPE_MD || type == S53_TYPE_MF;
	default:
		return type == qtype;
	}
}

/* What one walk over the message finds. */
struct findings {
	bool answered; /* there is a record of the queried type */
	bool has_soa; /* in the authority section, and `soa` is the last one: */
	struct s53_rr soa;
	uint32_t least; /* TTL, not counting that SOA's */
	uint32_t soa_ttl;
};

/* RFC 2308 s5: a negative answer's TTL is min(TTL of the SOA, its MINIMUM). */
static uint32_t
negative_ttl(const struct s53_cache_rules *rules, const uint8_t *message, const struct s53_rr *soa)
{
	uint32_t ttl = s53_ttl_of(soa->ttl);
	uint32_t minimum = 0;

	if (soa->rdata_len >= SOA_NUMBERS)
		minimum = s53_ttl_of(s53_u32_get(message + soa->end_at - 4));
	return between(
	    ttl < minimum ? ttl : minimum, rules->min_ncache_ttl_s, rules->max_ncache_ttl_s);
}

/* RFC 2181 s5.2: a message is cached for the shortest of its TTLs. */
static void
note_ttl(const struct s53_cache_rules *rules, uint8_t *message, const struct s53_rr *rr,
    struct findings *found)
{
	uint32_t ttl = between(rr->ttl, rules->min_ttl_s, rules->max_ttl_s);

	s53_u32_put(message + rr->ttl_at, ttl);
	if (rr->section == S53_AUTHORITY && rr->type == S53_TYPE_SOA) {
		if (found->has_soa && found->soa_ttl < found->least) /* a second SOA */
			found->least = found->soa_ttl;
		found->has_soa = true;
		found->soa = *rr;
		found->soa_ttl = ttl;
	} else if (ttl < found->least) {
		found->least = ttl;
	}
}

static bool
look_through(const struct s53_cache_rules *rules, const struct s53_question *question,
    struct s53_ttl_message *message, struct findings *found)
{
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, message->octets, message->len))
		return false;
	while (s53_walk_next(&walk, &rr)) {
		if (rr.section == S53_ANSWER) {
			found->answered |= type_answers(rr.type, question->qtype);
			message->aliases |= rr.type == S53_TYPE_CNAME || rr.type == S53_TYPE_DNAME;
		}
		message->respell |=
		    s53_spells_name(message->octets, message->len, &rr, &question->lower);
		if (rules->enabled && rr.type != S53_TYPE_OPT)
			note_ttl(rules, message->octets, &rr, found);
	}
	return !walk.reader.bad;
}

/*
 * A chain of CNAMEs is negative if its end is (RFC 2308 s2.1, s2.2): when an SOA follows, the last
 * name does not exist or has no data. Without an SOA, and without NXDOMAIN, the chain is an answer
 * that continues in another zone: Consul sends no more than that for an external service.
 */
uint32_t
s53_cache_apply_ttl_rules(const struct s53_cache_rules *rules, const struct s53_question *question,
    struct s53_ttl_message *message)
{
	struct findings found = { .least = UINT32_MAX };
	uint8_t rcode;
	bool negative;

	message->aliases = message->respell = message->stale_use = false;
	if (!look_through(rules, question, message, &found) || !rules->enabled)
		return 0;
	rcode = s53_header_rcode(message->octets);
	negative = rcode == S53_RCODE_NXDOMAIN ||
	    (rcode == S53_RCODE_NOERROR && !found.answered &&
		(found.has_soa || message->no_data || !message->aliases));
	if (found.has_soa && negative) {
		found.soa_ttl = negative_ttl(rules, message->octets, &found.soa);
		s53_u32_put(message->octets + found.soa.ttl_at, found.soa_ttl);
	}
	if (found.has_soa && found.soa_ttl < found.least)
		found.least = found.soa_ttl;
	if (rcode != S53_RCODE_NOERROR && rcode != S53_RCODE_NXDOMAIN)
		return 0;
	if ((s53_header_flags(message->octets) & S53_TC) != 0) /* RFC 2181 s9 */
		return 0;
	message->stale_use = rules->stale_zero_ttl;
	if (negative && !found.has_soa) /* RFC 2308 s5: such an answer must not be cached */
		return 0;
	return found.least == UINT32_MAX ? 0 : found.least;
}
