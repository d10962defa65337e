/* SPDX-License-Identifier: ISC
 *
 * answer.c - answer a query from a zone (RFC 1034 s4.3.2 without the recursion).
 *
 * A chain of CNAMEs is a loop of turns, one name each: walk from the apex to the name, write what
 * is there, continue with the CNAME's target while it is in this zone. If a record does not fit,
 * the answer ends there, and s53_reply has recorded the truncation.
 */
#include "index.h"

#include <string.h>

#define CHAIN_MAX 16 /* CNAMEs followed; BIND stops at 11 to 16, depending on its version */
#define TARGETS_MAX 64 /* hosts with addresses that are added */

/* How to continue after a turn. */
enum chain_state { ENDED, ONWARD };

struct answering {
	const struct s53_zone *zone;
	struct s53_reply *reply;
	struct s53_zone_answer *out;
	uint16_t qtype;
	unsigned options; /* bits S53_ZONE_* */
	struct s53_name name; /* the name of this turn, in the letter case of the query or record */
	struct s53_name lower;
	unsigned links; /* CNAMEs written so far */
	const struct node *answered; /* its RRset of qtype is the answer, not to be added again */
	bool has_servers; /* the answer has the NS records of the apex */
	unsigned host_count;
	const struct node *hosts[TARGETS_MAX]; /* with addresses that have been added */
	struct s53_name seen[CHAIN_MAX]; /* names of earlier turns, lower case */
};

static bool
add_record(struct answering *a, enum s53_section section, const struct s53_name *owner,
    const struct rrset *set, const struct record *record)
{
	return s53_reply_add(a->reply, section, owner, set->type, S53_CLASS_IN, set->ttl,
	    record->rdata, record->len);
}

/* Add a whole RRset, in the order of the file; resolve may reorder it. */
static bool
add_rrset(struct answering *a, enum s53_section section, const struct s53_name *owner,
    const struct rrset *set)
{
	for (const struct record *record = set->first; record != NULL; record = record->next)
		if (!add_record(a, section, owner, set, record))
			return false;
	return true;
}

static void
add_addresses(struct answering *a, const struct s53_name *owner, const struct node *node, bool must)
{
	static const uint16_t types[] = { S53_TYPE_A, S53_TYPE_AAAA };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const struct rrset *set = index_rrset(node, types[i]);

		if (node == a->answered && types[i] == a->qtype)
			continue;
		if (set != NULL && !add_rrset(a, S53_ADDITIONAL, owner, set) && must)
			a->reply->truncated = true;
	}
}

static bool
knows(const struct answering *a, const struct node *node)
{
	for (unsigned i = 0; i < a->host_count; i++)
		if (a->hosts[i] == node)
			return true;
	return false;
}

/*
 * Add the addresses of the hosts in NS, MX and SRV records (RFC 1035 s3.3, RFC 2782). Below `cut`
 * (not NULL) they are glue, without which the referral is useless: if they do not fit, the response
 * is truncated (RFC 9471 s3).
 */
static void
add_additional(struct answering *a, const struct rrset *set, const struct s53_name *cut)
{
	int offset = index_additional_offset(set->type);

	if (offset < 0)
		return;
	for (const struct record *one = set->first; one != NULL; one = one->next) {
		struct s53_reader reader = s53_reader_of(one->rdata, one->len);
		struct s53_name host;

		if (one->target == NULL || a->host_count == TARGETS_MAX || knows(a, one->target))
			continue;
		a->hosts[a->host_count++] = one->target;
		if (s53_read(&reader, (size_t)offset) == NULL || !s53_name_read(&reader, &host))
			continue;
		add_addresses(
		    a, &host, one->target, cut != NULL && s53_name_is_at_or_below(&host, cut));
	}
}

/* The zone's NS records, for a positive answer: as in named, only if minimal-responses allows. */
static const struct rrset *
add_authority(struct answering *a)
{
	const struct rrset *servers = index_rrset(a->zone->top, S53_TYPE_NS);

	if ((a->options & S53_ZONE_AUTHORITY) == 0 || servers == NULL || a->has_servers ||
	    !add_rrset(a, S53_AUTHORITY, &a->zone->apex, servers))
		return NULL;
	return servers;
}

/* `set` of the node is the answer: add it and its additional records. */
static enum chain_state
positive(struct answering *a, const struct node *node, const struct rrset *set)
{
	const struct rrset *servers;

	a->answered = node;
	a->has_servers = node == a->zone->top && set->type == S53_TYPE_NS;
	if (!add_rrset(a, S53_ANSWER, &a->name, set))
		return ENDED;
	servers = add_authority(a);
	if ((a->options & S53_ZONE_NO_ADDITIONAL) != 0)
		return ENDED;
	add_additional(a, set, NULL);
	if (servers != NULL)
		add_additional(a, servers, NULL);
	return ENDED;
}

/* NODATA and NXDOMAIN: the SOA with the TTL of negative answers (RFC 2308 s3). */
static enum chain_state
negative(struct answering *a, uint16_t rcode)
{
	const struct record *soa = a->zone->soa->first;

	uint32_t ttl = a->zone->negative_ttl;

	/*
	 * As BIND's zero-no-soa-ttl: a client that queries SOA to find a zone's apex must not cache
	 * that this name has none.
	 */
	if (rcode == S53_RCODE_NXDOMAIN && a->qtype == S53_TYPE_SOA)
		ttl = 0;
	a->out->rcode = rcode;
	s53_reply_add(a->reply, S53_AUTHORITY, &a->zone->apex, S53_TYPE_SOA, S53_CLASS_IN, ttl,
	    soa->rdata, soa->len);
	return ENDED;
}

/* RFC 1034 s4.3.2 step 3b: names below a delegation are not answered from this zone. */
static enum chain_state
referral(struct answering *a, const struct node *node)
{
	const struct rrset *set = index_rrset(node, S53_TYPE_NS);
	struct s53_name cut = { .len = node->len };

	memcpy(cut.octets, node->octets, node->len);
	a->out->referral = true;
	if (a->links == 0)
		a->out->authoritative = false; /* AA is about the first owner, RFC 1035 s4.1.1 */
	if (add_rrset(a, S53_AUTHORITY, &cut, set))
		add_additional(a, set, &cut);
	return ENDED;
}

static bool
was_here(const struct answering *a)
{
	for (unsigned i = 0; i < a->links; i++)
		if (s53_name_equal(&a->seen[i], &a->lower))
			return true;
	return false;
}

/* The chain continues with `target`, in this zone or elsewhere. */
static enum chain_state
follow(struct answering *a, const struct s53_name *target)
{
	a->seen[a->links++] = a->lower;
	a->name = a->lower = *target;
	s53_name_lower(&a->lower);
	if (!s53_name_is_at_or_below(&a->lower, &a->zone->apex)) {
		a->out->cname = true;
		a->out->target = *target;
		return ENDED;
	}
	if (a->links < CHAIN_MAX && !was_here(a))
		return ONWARD;
	/* as BIND: the chain so far, with SERVFAIL */
	a->out->rcode = S53_RCODE_SERVFAIL;
	return ENDED;
}

static enum chain_state
alias(struct answering *a, const struct rrset *set)
{
	struct s53_reader reader = s53_reader_of(set->first->rdata, set->first->len);
	struct s53_name target;

	if (!add_record(a, S53_ANSWER, &a->name, set, set->first) ||
	    !s53_name_read(&reader, &target))
		return ENDED;
	return follow(a, &target);
}

/*
 * Replace the DNAME's owner at the end of the name by its target: RFC 6672 s2.2. false: the result
 * is longer than a name may be.
 */
static bool
substitute(const struct s53_name *name, const struct node *owner, const struct s53_name *target,
    struct s53_name *out)
{
	size_t prefix = (size_t)name->len - owner->len;

	if (prefix + target->len > S53_NAME_MAX)
		return false;
	memcpy(out->octets, name->octets, prefix);
	memcpy(out->octets + prefix, target->octets, target->len);
	out->len = (uint8_t)(prefix + target->len);
	return true;
}

/* The DNAME, and the CNAME made from it for this name, with the same TTL (RFC 6672 s3.1). */
static enum chain_state
redirect(struct answering *a, const struct node *node)
{
	const struct rrset *set = index_rrset(node, S53_TYPE_DNAME);
	struct s53_reader reader = s53_reader_of(set->first->rdata, set->first->len);
	struct s53_name owner = { .len = node->len }, target, made;

	memcpy(owner.octets, node->octets, node->len);
	if (!add_record(a, S53_ANSWER, &owner, set, set->first) || !s53_name_read(&reader, &target))
		return ENDED;
	if (!substitute(&a->name, node, &target, &made)) {
		a->out->rcode = S53_RCODE_YXDOMAIN;
		return ENDED;
	}
	if (!s53_reply_add(a->reply, S53_ANSWER, &a->name, S53_TYPE_CNAME, S53_CLASS_IN, set->ttl,
		made.octets, made.len))
		return ENDED;
	if (a->qtype == S53_TYPE_ANY || a->qtype == S53_TYPE_CNAME)
		return ENDED; /* that CNAME is the answer */
	return follow(a, &made);
}

/* ANY: all RRsets, or one (RFC 8482 s4.1); as in named, without additional records. */
static enum chain_state
any(struct answering *a, const struct node *node)
{
	const struct rrset *set;

	if (node->rrsets == NULL)
		return negative(a, S53_RCODE_NOERROR);
	for (set = node->rrsets; set != NULL; set = set->next) {
		if (!add_rrset(a, S53_ANSWER, &a->name, set))
			return ENDED;
		a->has_servers |= node == a->zone->top && set->type == S53_TYPE_NS;
		if ((a->options & S53_ZONE_ONE_OF_ANY) != 0)
			break;
	}
	add_authority(a);
	return ENDED;
}

/*
 * The name exists, or a wildcard matches it (RFC 4592 s3.3): the answer is the same, with the
 * queried name as owner.
 */
static enum chain_state
at_node(struct answering *a, const struct node *node)
{
	const struct rrset *set;

	if (a->qtype == S53_TYPE_ANY)
		return any(a, node);
	if ((set = index_rrset(node, a->qtype)) != NULL)
		return positive(a, node, set);
	if (!index_goes_beside_cname(a->qtype) && (set = index_rrset(node, S53_TYPE_CNAME)) != NULL)
		return alias(a, set);
	return negative(a, S53_RCODE_NOERROR);
}

static enum chain_state
answer_name(struct answering *a)
{
	struct walk_end place = zone_walk(a->zone, &a->lower, a->qtype);

	switch (place.kind) {
	case END_NAME:
	case END_WILDCARD:
		return at_node(a, place.node);
	case END_CUT:
		return referral(a, place.node);
	case END_DNAME:
		return redirect(a, place.node);
	case END_NOWHERE:
		break;
	}
	return negative(a, S53_RCODE_NXDOMAIN);
}

void
s53_zone_answer(const struct s53_zone *zone, const struct s53_question *question, unsigned options,
    struct s53_reply *reply, struct s53_zone_answer *out)
{
	struct answering a;

	/* Not an initialiser: `seen` is 4 kB and need not be zeroed. */
	a.zone = zone;
	a.reply = reply;
	a.out = out;
	a.qtype = question->qtype;
	a.options = options;
	a.name = question->name;
	a.lower = question->lower;
	a.links = 0;
	a.answered = NULL;
	a.has_servers = false;
	a.host_count = 0;
	out->rcode = S53_RCODE_NOERROR;
	out->authoritative = true;
	out->referral = out->cname = false;
	out->target.len = 0;
	while (answer_name(&a) == ONWARD)
		;
}
