/* SPDX-License-Identifier: ISC
 *
 * filter_chain.c - finds the chain in a response that is not clean, and writes what is kept.
 *
 * The records of the answer section may be in any order (RFC 1034 does not fix it), with thousands
 * of records of other names between them. So each owner is read once and kept as a keyed hash; each
 * link of the chain then takes one pass over the hashes. The chain is written in its order, since
 * stub resolvers (glibc's) expect that.
 */
#include <split53/hash.h>
#include <split53/reply.h>

#include "filter_rules.h"

#define RECORDS_MAX (S53_MESSAGE_MAX / 11) /* owner, type, class, TTL, length: RFC 1035 s4.1.3 */
#define DNAMES_MAX 32 /* at most this many of a response are used */
#define NONE UINT16_MAX

/* A record of the answer section, of the query's class. */
struct entry {
	uint64_t owner; /* hash */
	uint16_t at;
	uint16_t type;
	uint16_t covers; /* the type that a signature covers; else the same as `type` */
};

struct link {
	uint64_t name; /* hash */
	uint16_t cname; /* entry of the CNAME; NONE: it is synthesized from the DNAME */
	uint16_t dname; /* entry of the DNAME that the CNAME comes from, or NONE */
};

struct chain {
	struct s53_filter *filter;
	struct s53_findings findings;
	struct link links[S53_CHAIN_MAX + 1]; /* of the last one only its name and DNAME count */
	struct s53_name names[S53_CHAIN_MAX + 1]; /* the same in full, in lower case */
	bool too_long; /* a DNAME makes a name of the last one that is none */
	unsigned count; /* of entries */
	unsigned dname_count;
	uint16_t dnames[DNAMES_MAX];
	struct entry entries[RECORDS_MAX];
};

/* What the entries of one name contain. */
struct node {
	bool data; /* records of QTYPE */
	bool exists;
	uint16_t cname;
	bool two_cnames;
};

static uint64_t
hash_of(const struct s53_name *lower)
{
	return s53_hash(lower->octets, lower->len);
}

/* The record of the answer section at this offset. */
static struct s53_rr
record_at(const struct chain *chain, size_t at)
{
	struct s53_walk walk = {
		.reader = s53_reader_of(chain->filter->message, chain->filter->len),
		.section = S53_ANSWER,
		.left = { [S53_ANSWER] = 1 },
	};
	struct s53_rr rr;

	walk.reader.at = at;
	s53_walk_next(&walk, &rr);
	return rr;
}

static struct s53_rr
record_of(const struct chain *chain, uint16_t entry)
{
	return record_at(chain, chain->entries[entry].at);
}

static bool
read_name(const struct chain *chain, size_t at, struct s53_name *out)
{
	struct s53_reader reader = s53_reader_of(chain->filter->message, chain->filter->len);

	reader.at = at;
	if (!s53_name_read(&reader, out))
		return false;
	s53_name_lower(out);
	return true;
}

static void
take_entry(struct chain *chain, const struct s53_rr *rr)
{
	struct entry *entry = &chain->entries[chain->count];
	struct s53_name owner;

	if (rr->class != chain->filter->question->qclass || chain->count == RECORDS_MAX ||
	    s53_filter_is_meta(chain->filter, rr) || !read_name(chain, rr->owner_at, &owner))
		return;
	*entry = (struct entry){ .owner = hash_of(&owner),
		.at = (uint16_t)rr->owner_at,
		.type = rr->type,
		.covers = s53_filter_covers(chain->filter, rr) };
	if (rr->type == S53_TYPE_DNAME && chain->dname_count < DNAMES_MAX)
		chain->dnames[chain->dname_count++] = (uint16_t)chain->count;
	chain->count++;
}

static void
take_entries(struct chain *chain, struct s53_walk *walk)
{
	struct s53_rr rr;

	while (walk->left[S53_ANSWER] > 0 && s53_walk_next(walk, &rr))
		take_entry(chain, &rr);
}

static bool
is_data(const struct chain *chain, const struct entry *entry)
{
	uint16_t qtype = chain->filter->question->qtype;

	return entry->type == qtype || qtype == S53_TYPE_ANY;
}

static bool
lead_apart(const struct chain *chain, uint16_t a, uint16_t b)
{
	struct s53_rr first = record_of(chain, a), second = record_of(chain, b);
	struct s53_name one, other;

	return !read_name(chain, first.rdata_at, &one) ||
	    !read_name(chain, second.rdata_at, &other) || !s53_name_equal(&one, &other);
}

static struct node
look_at(const struct chain *chain, uint64_t name)
{
	struct node node = { .cname = NONE };

	for (unsigned i = 0; i < chain->count && !node.two_cnames; i++) {
		const struct entry *entry = &chain->entries[i];

		if (entry->owner != name)
			continue;
		if (is_data(chain, entry))
			node.data = node.exists = true;
		if (entry->type == S53_TYPE_CNAME && node.cname == NONE)
			node.cname = (uint16_t)i;
		else if (entry->type == S53_TYPE_CNAME)
			node.two_cnames = lead_apart(chain, node.cname, (uint16_t)i);
		else if (entry->type != S53_TYPE_RRSIG)
			node.exists = true;
	}
	return node;
}

/*
 * RFC 6672 s2.2: apply the DNAME to a name below its owner. out->len 0: the result would be too
 * long, so the chain ends with the DNAME.
 */
static bool
substitute(
    const struct chain *chain, uint16_t dname, const struct s53_name *name, struct s53_name *out)
{
	struct s53_rr rr = record_of(chain, dname);
	struct s53_name owner, target;
	size_t prefix;

	if (!read_name(chain, rr.owner_at, &owner) || !read_name(chain, rr.rdata_at, &target) ||
	    owner.len >= name->len || !s53_name_is_at_or_below(name, &owner))
		return false;
	prefix = (size_t)name->len - owner.len;
	out->len = 0;
	if (prefix + target.len > S53_NAME_MAX)
		return true;
	memcpy(out->octets, name->octets, prefix);
	memcpy(out->octets + prefix, target.octets, target.len);
	out->len = (uint8_t)(prefix + target.len);
	return true;
}

/*
 * Find a DNAME above `name`, and what it maps that to. With `target`: only one that maps it there.
 */
static uint16_t
find_dname(const struct chain *chain, const struct s53_name *name, const struct s53_name *target,
    struct s53_name *out)
{
	for (unsigned i = 0; i < chain->dname_count; i++) {
		uint16_t dname = chain->dnames[i];

		if (substitute(chain, dname, name, out) &&
		    (target == NULL || s53_name_equal(target, out)))
			return dname;
	}
	return NONE;
}

/* The DNAME from which this CNAME was synthesized (kept with it), or NONE. */
static uint16_t
origin_of(const struct chain *chain, uint16_t cname, const struct s53_name *name)
{
	struct s53_name target, made;
	struct s53_rr rr;

	if (chain->dname_count == 0)
		return NONE;
	rr = record_of(chain, cname);
	return read_name(chain, rr.rdata_at, &target) ? find_dname(chain, name, &target, &made)
						      : NONE;
}

/* The chain has reached another name, names[links]. Returns NULL, or what is wrong with it. */
static const char *
arrive(struct chain *chain)
{
	unsigned links = chain->findings.links;
	const struct s53_name *name = &chain->names[links];
	uint64_t hash = s53_hash(name->octets, name->len);

	for (unsigned i = 0; i < links; i++)
		if (chain->links[i].name == hash)
			return "answered with a CNAME chain that loops";
	chain->links[links] = (struct link){ .name = hash, .cname = NONE, .dname = NONE };
	chain->findings.last = name;
	chain->findings.answered = chain->findings.exists = false;
	chain->findings.crossed = links > 0 && !s53_filter_in_route(chain->filter, name);
	return NULL;
}

/* Where does the chain lead from its last name? false: it ends there. */
static bool
find_next(const struct chain *chain, struct link *link, struct s53_name *next)
{
	const struct s53_name *name = &chain->names[chain->findings.links];
	struct s53_rr rr;

	if (link->cname == NONE) {
		link->dname = find_dname(chain, name, NULL, next);
		return link->dname != NONE && next->len > 0;
	}
	link->dname = origin_of(chain, link->cname, name);
	rr = record_of(chain, link->cname);
	return read_name(chain, rr.rdata_at, next);
}

/* The last name has records of QTYPE. If these are a CNAME, its DNAME is kept with it. */
static void
arrive_at_data(struct chain *chain, struct link *link)
{
	const struct s53_name *name = &chain->names[chain->findings.links];

	if (!s53_filter_follows_aliases(chain->filter->question->qtype) && link->cname != NONE)
		link->dname = origin_of(chain, link->cname, name);
}

/* Follow the chain from QNAME to its end. Returns NULL, or what is wrong with it. */
static const char *
follow(struct chain *chain)
{
	struct s53_findings *findings = &chain->findings;
	const char *wrong = arrive(chain);

	while (wrong == NULL && !findings->crossed) {
		struct link *link = &chain->links[findings->links];
		struct node node = look_at(chain, link->name);
		struct s53_name next;

		if (node.two_cnames)
			return "answered with two CNAMEs for one name";
		findings->answered = node.data;
		findings->exists = node.exists;
		link->cname = node.cname;
		if (node.data) {
			arrive_at_data(chain, link);
			break;
		}
		if (!find_next(chain, link, &next)) {
			chain->too_long = link->dname != NONE;
			findings->exists |= chain->too_long;
			break;
		}
		if (findings->links == S53_CHAIN_MAX)
			return "answered with a chain of more than 16 CNAMEs";
		s53_name_copy(&chain->names[++findings->links], &next);
		wrong = arrive(chain);
		if (!s53_filter_follows_aliases(chain->filter->question->qtype)) {
			findings->exists = findings->answered = true; /* the synthesized CNAME */
			break;
		}
	}
	return wrong;
}

/* --- writing -------------------------------------------------------------------------------- */

static void
put(struct s53_reply *reply, const struct chain *chain, uint16_t entry)
{
	struct s53_rr rr = record_of(chain, entry);

	s53_reply_copy(reply, S53_ANSWER, chain->filter->message, chain->filter->len, &rr);
}

static void
put_signatures(struct s53_reply *reply, const struct chain *chain, uint64_t owner, uint16_t type)
{
	for (unsigned i = 0; i < chain->count && chain->filter->dnssec_ok; i++) {
		const struct entry *entry = &chain->entries[i];

		if (entry->owner == owner && entry->type == S53_TYPE_RRSIG && entry->covers == type)
			put(reply, chain, (uint16_t)i);
	}
}

/* RFC 6672 s3.1: a synthesized CNAME has the TTL of its DNAME. */
static void
put_made(struct s53_reply *reply, const struct chain *chain, unsigned i)
{
	struct s53_rr rr = record_of(chain, chain->links[i].dname);
	const struct s53_name *target = &chain->names[i + 1];

	s53_reply_add(reply, S53_ANSWER, &chain->names[i], S53_TYPE_CNAME, rr.class, rr.ttl,
	    target->octets, target->len);
}

static void
put_dname(struct s53_reply *reply, const struct chain *chain, uint16_t dname)
{
	if (dname == NONE)
		return;
	put(reply, chain, dname);
	put_signatures(reply, chain, chain->entries[dname].owner, S53_TYPE_DNAME);
}

static void
put_link(struct s53_reply *reply, const struct chain *chain, unsigned i)
{
	const struct link *link = &chain->links[i];

	put_dname(reply, chain, link->dname);
	if (link->cname == NONE) {
		put_made(reply, chain, i);
		return;
	}
	put(reply, chain, link->cname);
	put_signatures(reply, chain, link->name, S53_TYPE_CNAME);
}

/* The records of QTYPE at the chain's end, in their original order. */
static void
put_data(struct s53_reply *reply, const struct chain *chain, const struct link *link)
{
	uint16_t qtype = chain->filter->question->qtype;

	put_dname(reply, chain, link->dname);
	for (unsigned i = 0; i < chain->count; i++)
		if (chain->entries[i].owner == link->name && is_data(chain, &chain->entries[i]))
			put(reply, chain, (uint16_t)i);
	if (qtype != S53_TYPE_RRSIG && qtype != S53_TYPE_ANY)
		put_signatures(reply, chain, link->name, qtype);
}

static void
put_answer(struct s53_reply *reply, const struct chain *chain)
{
	const struct s53_findings *findings = &chain->findings;
	const struct link *last = &chain->links[findings->links];
	bool made =
	    findings->links > 0 && !s53_filter_follows_aliases(chain->filter->question->qtype);

	for (unsigned i = 0; i < findings->links; i++)
		put_link(reply, chain, i);
	if (findings->answered && !made)
		put_data(reply, chain, last);
	else if (chain->too_long)
		put_dname(reply, chain, last->dname);
}

static void
put_rest(struct s53_reply *reply, struct chain *chain, struct s53_walk *walk)
{
	const struct s53_filter *filter = chain->filter;
	struct s53_rr rr;

	while (s53_walk_next(walk, &rr))
		if (s53_filter_keeps(filter, &chain->findings, &rr))
			s53_reply_copy(reply, rr.section, filter->message, filter->len, &rr);
}

/* The question in lower case: names that are decompressed would show our random letters. */
static struct s53_question
lower_question(struct s53_filter *filter)
{
	struct s53_question question = *filter->question;

	question.name = question.lower;
	memcpy(filter->message + S53_HEADER_LEN, question.lower.octets, question.lower.len);
	filter->respell = true;
	return question;
}

/* The server is not responsible for a name in another route, so its rcode is dropped. */
static uint16_t
flags_of(const struct chain *chain)
{
	unsigned flags = s53_header_flags(chain->filter->message);

	if (chain->findings.crossed)
		flags &= ~S53_RCODE_BITS;
	if (chain->too_long)
		flags = (flags & ~S53_RCODE_BITS) | S53_RCODE_YXDOMAIN; /* RFC 6672 s2.2 */
	return (uint16_t)flags;
}

static const char *
write_anew(struct chain *chain, struct s53_walk *walk)
{
	struct s53_filter *filter = chain->filter;
	struct s53_question question = lower_question(filter);
	bool has_answers = s53_header_count(filter->message, S53_ANSWER) > 0;
	struct s53_reply reply;
	const char *wrong;

	s53_reply_begin(&reply, filter->room, S53_MESSAGE_MAX, s53_header_id(filter->message),
	    flags_of(chain), &question);
	put_answer(&reply, chain);
	put_rest(&reply, chain, walk);
	wrong = s53_filter_verdict(filter, &chain->findings, has_answers);
	if (wrong != NULL)
		return wrong;
	filter->no_data = chain->findings.exists && !chain->findings.answered;
	filter->len = s53_reply_end(&reply, NULL);
	filter->message = filter->room;
	return reply.truncated
	    ? "answered with a message of more than 65,535 bytes when uncompressed"
	    : NULL;
}

/* Not inlined, so that the usual response does not pay for this large stack frame. */
__attribute__((noinline)) const char *
s53_filter_write(struct s53_filter *filter)
{
	struct chain chain; /* set field by field: most of it is buffers */
	struct s53_walk walk;
	const char *wrong;

	chain.filter = filter;
	chain.findings = (struct s53_findings){ .links = 0 };
	chain.count = chain.dname_count = 0;
	chain.too_long = false;
	s53_name_copy(&chain.names[0], &filter->question->lower);
	if (!s53_walk_begin(&walk, filter->message, filter->len))
		return "answered with a damaged message";
	take_entries(&chain, &walk);
	wrong = follow(&chain);
	return wrong != NULL ? wrong : write_anew(&chain, &walk);
}
