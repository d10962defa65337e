/* SPDX-License-Identifier: ISC
 *
 * fuzz_filter.c - the records that the filter keeps of a response, checked with the help of ldns:
 * a chain in order, no record that does not belong to it, no record of it missing, and filtering
 * again changes nothing.
 *
 * Input: a byte (bit 0: DO), then a message; names of consul are of another route.
 */
#include "oracle.h"

#include <split53/route.h>

#include "resolve/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static int public_servers, consul_servers; /* only their addresses count */
static struct s53_routes *forwarded, *copied;

struct play {
	struct s53_filter filter;
	struct s53_question question;
	ldns_rdf *qname; /* in lower case */
	ldns_pkt *before, *after;
	bool crossed;
	ldns_rdf *last; /* where the chain of `after` ends */
	uint8_t room[S53_MESSAGE_MAX];
};

static struct s53_route *
route_of(const char *apex, void *group)
{
	static struct s53_route route;

	route = (struct s53_route){ .kind = S53_ROUTE_FORWARD, .group = group };
	MUST(s53_name_parse(apex, &route.apex) == S53_OK);
	return &route;
}

static struct s53_routes *
routes_with(enum s53_route_rights rights)
{
	struct s53_routes *routes = s53_routes_new();
	struct s53_route *consul;

	MUST(s53_routes_add(routes, route_of(".", &public_servers)) == S53_OK);
	consul = route_of("consul", &consul_servers);
	consul->rights = rights;
	MUST(s53_routes_add(routes, consul) == S53_OK);
	return routes;
}

static void
make_routes(void)
{
	if (forwarded != NULL)
		return;
	forwarded = routes_with(S53_RIGHTS_CACHE);
	copied = routes_with(S53_RIGHTS_COPY);
}

static bool
is_of_consul(const ldns_rdf *name)
{
	static ldns_rdf *apex;

	if (apex == NULL)
		apex = ldns_dname_new_frm_str("consul.");
	return ldns_dname_compare(name, apex) == 0 || ldns_dname_is_subdomain(name, apex);
}

static bool
is_in_route(const struct play *play, const ldns_rdf *name)
{
	return is_of_consul(name) == (play->filter.route->group == (void *)&consul_servers);
}

static bool
is_at_or_below(const ldns_rdf *name, const ldns_rdf *apex)
{
	return ldns_dname_compare(name, apex) == 0 || ldns_dname_is_subdomain(name, apex);
}

static unsigned
covered(const ldns_rr *rr)
{
	return ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
}

static bool
is(const ldns_rr *rr, unsigned type, const ldns_rdf *owner)
{
	return ldns_rr_get_type(rr) == type && ldns_dname_compare(ldns_rr_owner(rr), owner) == 0;
}

/* How often does the section have this record? */
static unsigned
count_of(const ldns_pkt *pkt, enum s53_section section, const ldns_rr *rr)
{
	unsigned count = 0;

	for (size_t i = 0; i < oracle_count(pkt, section); i++)
		count += same_rr(oracle_rr(pkt, section, i), rr) ? 1 : 0;
	return count;
}

/* Whether the CNAME is the one that the DNAME synthesizes for its owner (RFC 6672 s2.2). */
static bool
is_made(const ldns_rr *dname, const ldns_rr *cname)
{
	const ldns_rdf *owner = ldns_rr_owner(cname), *apex = ldns_rr_owner(dname);
	const ldns_rdf *target = ldns_rr_rdf(dname, 0);
	size_t head = ldns_rdf_size(owner) - ldns_rdf_size(apex);
	uint8_t octets[2 * S53_NAME_MAX];
	ldns_rdf *made;
	bool same;

	if (!ldns_dname_is_subdomain(owner, apex))
		return false;
	memcpy(octets, ldns_rdf_data(owner), head);
	memcpy(octets + head, ldns_rdf_data(target), ldns_rdf_size(target));
	made = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, head + ldns_rdf_size(target), octets);
	same = ldns_dname_compare(made, ldns_rr_rdf(cname, 0)) == 0;
	ldns_rdf_deep_free(made);
	return same;
}

/* Each record was there before, except CNAMEs that a DNAME of the answer synthesizes. */
static void
must_be_from_before(const struct play *play)
{
	for (enum s53_section s = S53_ANSWER; s <= S53_ADDITIONAL; s++) {
		for (size_t i = 0; i < oracle_count(play->after, s); i++) {
			const ldns_rr *rr = oracle_rr(play->after, s, i);
			bool made = false;

			MUST(ldns_rr_get_class(rr) == play->question.qclass);
			for (size_t j = 0; s == S53_ANSWER && j < i; j++) {
				const ldns_rr *dname = oracle_rr(play->after, s, j);

				made = made ||
				    (ldns_rr_get_type(dname) == LDNS_RR_TYPE_DNAME &&
					ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME &&
					is_made(dname, rr));
			}
			MUST(made || count_of(play->before, s, rr) > 0);
		}
	}
}

/* The answer section as a stub resolver reads it: one name after the other. */
static void
must_be_chain(struct play *play)
{
	unsigned qtype = type_for_ldns(play->question.qtype), links = 0;
	ldns_rdf *last = play->qname, *previous = NULL;
	bool data = false;

	for (size_t i = 0; i < oracle_count(play->after, S53_ANSWER); i++) {
		const ldns_rr *rr = oracle_rr(play->after, S53_ANSWER, i);
		unsigned type = ldns_rr_get_type(rr);

		if (type == qtype || play->question.qtype == S53_TYPE_ANY) {
			if (ldns_dname_compare(ldns_rr_owner(rr), last) == 0) {
				data = true;
				continue;
			}
		}
		if (type == LDNS_RR_TYPE_DNAME) {
			MUST(ldns_dname_is_subdomain(last, ldns_rr_owner(rr)));
			continue;
		}
		if (type == LDNS_RR_TYPE_RRSIG) {
			MUST(play->filter.dnssec_ok);
			MUST(covered(rr) == LDNS_RR_TYPE_DNAME ||
			    (data ? is(rr, type, last)
				  : previous != NULL && is(rr, type, previous) &&
					covered(rr) == LDNS_RR_TYPE_CNAME));
			continue;
		}
		MUST(!data && !play->crossed && is(rr, LDNS_RR_TYPE_CNAME, last));
		MUST(++links <= S53_CHAIN_MAX);
		previous = last;
		last = ldns_rr_rdf(rr, 0);
		play->crossed = !is_in_route(play, last);
	}
	play->last = last;
}

/* All records of QTYPE that the last name of the chain had are there. */
static void
must_be_complete(const struct play *play)
{
	unsigned before = 0, after = 0;
	unsigned qtype = type_for_ldns(play->question.qtype);

	/*
	 * ANY and SIG: without meta types and SIG(0), which ldns does not distinguish from the
	 * others.
	 */
	if (play->crossed || play->question.qtype == S53_TYPE_CNAME ||
	    play->question.qtype == S53_TYPE_ANY || play->question.qtype == S53_TYPE_SIG)
		return;
	for (size_t i = 0; i < oracle_count(play->before, S53_ANSWER); i++) {
		const ldns_rr *rr = oracle_rr(play->before, S53_ANSWER, i);

		if (is(rr, qtype, play->last) && ldns_rr_get_class(rr) == play->question.qclass)
			before++;
	}
	for (size_t i = 0; i < oracle_count(play->after, S53_ANSWER); i++)
		if (is(oracle_rr(play->after, S53_ANSWER, i), qtype, play->last))
			after++;
	MUST(before == after);
}

static void
must_belong(const struct play *play)
{
	for (size_t i = 0; i < oracle_count(play->after, S53_AUTHORITY); i++) {
		const ldns_rr *rr = oracle_rr(play->after, S53_AUTHORITY, i);
		unsigned type = ldns_rr_get_type(rr);

		if (type == LDNS_RR_TYPE_RRSIG)
			type = covered(rr);
		MUST(type == LDNS_RR_TYPE_SOA || type == LDNS_RR_TYPE_NS || play->filter.dnssec_ok);
		if (type == LDNS_RR_TYPE_SOA || type == LDNS_RR_TYPE_NS)
			MUST(!play->crossed && is_at_or_below(play->last, ldns_rr_owner(rr)));
	}
	for (size_t i = 0; i < oracle_count(play->after, S53_ADDITIONAL); i++)
		MUST(is_in_route(play, ldns_rr_owner(oracle_rr(play->after, S53_ADDITIONAL, i))));
}

/* A referral has nothing but a delegation of the copied zone to offer. */
static void
must_refer(const struct play *play)
{
	size_t found = 0;

	MUST(play->filter.route->rights == S53_RIGHTS_COPY);
	MUST(oracle_count(play->after, S53_ANSWER) == 0);
	MUST(ldns_pkt_get_rcode(play->after) == LDNS_RCODE_NOERROR);
	for (size_t i = 0; i < oracle_count(play->after, S53_AUTHORITY); i++) {
		const ldns_rr *rr = oracle_rr(play->after, S53_AUTHORITY, i);

		MUST(ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NS)
			continue;
		MUST(is_of_consul(ldns_rr_owner(rr)));
		MUST(ldns_dname_label_count(ldns_rr_owner(rr)) > 1);
		found++;
	}
	MUST(found > 0);
}

/* Names in rdata need the space that ldns, which decompresses them, reports. */
static void
must_be_written_out(const struct play *play)
{
	const struct s53_filter *filter = &play->filter;
	size_t seen[4] = { 0 };
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(s53_walk_begin(&walk, filter->message, filter->len));
	while (s53_walk_next(&walk, &rr)) {
		const ldns_rr *theirs = oracle_rr(play->after, rr.section, seen[rr.section]++);
		size_t size = 0;

		MUST(rr.type < 128 || rr.type > 255);
		if (s53_form_of(rr.type).compress)
			continue;
		for (size_t i = 0; i < ldns_rr_rd_count(theirs); i++)
			size += ldns_rdf_size(ldns_rr_rdf(theirs, i));
		MUST(size == rr.rdata_len);
	}
}

/* No label has our random letter case, except in rdata that is signed as it is. */
static void
must_not_show(const struct play *play, const ldns_rdf *name)
{
	const struct s53_name *ours = &play->question.name;
	const uint8_t *octets = ldns_rdf_data(name);

	for (size_t at = 0; octets[at] != 0; at += 1u + octets[at]) {
		bool upper = false;

		for (unsigned i = 1; i <= octets[at]; i++)
			upper = upper || (octets[at + i] >= 'A' && octets[at + i] <= 'Z');
		for (size_t to = 0; upper && ours->octets[to] != 0; to += 1u + ours->octets[to])
			MUST(octets[at] != ours->octets[to] ||
			    memcmp(octets + at, ours->octets + to, 1u + octets[at]) != 0);
	}
}

static void
must_hide_our_letters(struct play *play)
{
	struct s53_filter *filter = &play->filter;
	struct s53_walk walk;
	struct s53_rr rr;
	ldns_pkt *pkt;

	MUST(s53_walk_begin(&walk, filter->message, filter->len));
	while (s53_walk_next(&walk, &rr))
		if (rr.type == S53_TYPE_NSEC || rr.type == S53_TYPE_HTTPS || rr.type == 64)
			return;
	memcpy(filter->message + S53_HEADER_LEN, play->question.lower.octets,
	    play->question.lower.len);
	pkt = oracle_read(filter->message, filter->len);
	for (enum s53_section s = S53_ANSWER; s <= S53_ADDITIONAL; s++) {
		for (size_t i = 0; i < oracle_count(pkt, s); i++) {
			const ldns_rr *theirs = oracle_rr(pkt, s, i);

			must_not_show(play, ldns_rr_owner(theirs));
			for (size_t j = 0; j < ldns_rr_rd_count(theirs); j++)
				if (ldns_rdf_get_type(ldns_rr_rdf(theirs, j)) ==
				    LDNS_RDF_TYPE_DNAME)
					must_not_show(play, ldns_rr_rdf(theirs, j));
		}
	}
	ldns_pkt_free(pkt);
}

/* Filtering a second time changes nothing. */
static void
must_be_enough(const struct play *play)
{
	static uint8_t room[S53_MESSAGE_MAX];
	struct s53_filter again = play->filter;
	uint8_t *copy = copy_of(again.message, again.len);

	again.message = copy;
	again.room = room;
	MUST(s53_filter(&again) == NULL);
	MUST(again.len == play->filter.len);
	MUST(memcmp(again.message + S53_HEADER_LEN + play->question.name.len,
		 play->filter.message + S53_HEADER_LEN + play->question.name.len,
		 again.len - S53_HEADER_LEN - play->question.name.len) == 0);
	free(copy);
}

/* Where the chain ends, as s53_chain_follow() finds it: chains are not looked at again for that. */
static void
must_know_the_end(const struct play *play)
{
	const struct s53_filter *filter = &play->filter;
	struct s53_chain_scope scope = { .routes = filter->routes, .route = filter->route };
	static struct s53_chain chain;

	if (filter->no_data || !s53_chain_is_followed(play->question.qtype))
		return;
	chain.message = filter->message;
	chain.len = filter->len;
	chain.question = &play->question;
	MUST(s53_chain_follow(&chain, &scope) == filter->end);
}

/* Only records of the queried name and type: never rejected. */
static bool
is_plain(const struct play *play)
{
	size_t count = oracle_count(play->before, S53_ANSWER);

	for (size_t i = 0; i < count; i++) {
		const ldns_rr *rr = oracle_rr(play->before, S53_ANSWER, i);

		if (!is(rr, type_for_ldns(play->question.qtype), play->qname) ||
		    ldns_rr_get_class(rr) != play->question.qclass ||
		    ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME)
			return false;
	}
	return count > 0 && ldns_pkt_get_rcode(play->before) == LDNS_RCODE_NOERROR &&
	    play->question.qtype != S53_TYPE_SIG &&
	    (play->question.qtype < 128 || play->question.qtype > 255);
}

static void
judge(struct play *play, const char *wrong)
{
	struct s53_edns edns;
	size_t opt_at;

	if (wrong != NULL) {
		MUST(!is_plain(play));
		return;
	}
	MUST(s53_message_check(play->filter.message, play->filter.len, &edns, &opt_at));
	play->after = oracle_read(play->filter.message, play->filter.len);
	MUST(play->after != NULL);
	must_be_from_before(play);
	must_be_chain(play);
	must_be_complete(play);
	must_belong(play);
	must_know_the_end(play);
	if (play->filter.referral)
		must_refer(play);
	must_be_written_out(play);
	must_be_enough(play);
	must_hide_our_letters(play);
	ldns_pkt_free(play->after);
}

/* ldns takes another type of the message for the QTYPE: type_for_ldns(). */
static bool
is_mistaken(const uint8_t *message, size_t len, uint16_t qtype)
{
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(s53_walk_begin(&walk, message, len));
	while (s53_walk_next(&walk, &rr))
		if (rr.type != qtype && type_for_ldns(rr.type) == type_for_ldns(qtype))
			return true;
	return false;
}

static void
try(uint8_t choice, uint8_t *message, size_t len)
{
	static struct play play;
	struct s53_reader reader = s53_reader_of(message, len);
	struct s53_question *question = &play.question;
	struct s53_routes *routes = (choice & 2) != 0 ? copied : forwarded;

	play.crossed = false;
	question->name = name_at(message, len, S53_HEADER_LEN);
	s53_name_lower_of(&question->name, &question->lower);
	reader.at = S53_HEADER_LEN + (size_t)question->name.len;
	question->qtype = s53_read_u16(&reader);
	question->qclass = s53_read_u16(&reader);
	if (is_mistaken(message, len, question->qtype))
		return;
	play.filter = (struct s53_filter){ .routes = routes,
		.route = s53_routes_find(routes, &question->lower),
		.question = question,
		.dnssec_ok = (choice & 1) != 0,
		.message = message,
		.len = len,
		.room = play.room };
	play.before = oracle_read(message, len);
	MUST(play.before != NULL);
	play.qname =
	    ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, question->lower.len, question->lower.octets);
	judge(&play, s53_filter(&play.filter));
	ldns_rdf_deep_free(play.qname);
	ldns_pkt_free(play.before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct s53_edns edns;
	size_t opt_at;
	uint8_t *message;

	make_routes();
	if (len < 1 || len > 4096 || !s53_message_check(octets + 1, len - 1, &edns, &opt_at) ||
	    s53_header_count(octets + 1, S53_QUESTION) != 1)
		return 0;
	message = copy_of(octets + 1, len - 1);
	len = s53_message_strip_opt(message, len - 1, opt_at);
	try(octets[0], message, len);
	free(message);
	return 0;
}
