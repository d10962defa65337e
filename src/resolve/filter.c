/* SPDX-License-Identifier: ISC
 *
 * filter.c - keeps what answers the query.
 *
 * One walk checks whether the response is clean: its answer section is the chain in its order and
 * nothing else, and all records of the other sections are to be kept. Owners are compared inside
 * the message: usually both names are compressed to the same offset. A response that is not clean
 * is sifted by filter_chain.c, at a higher cost.
 *
 * The same walk changes our random letters to lower case wherever the server has copied them, and
 * looks for names that are compressed where clients do not expect it: those are decompressed.
 */
#include "filter.h"

#include <split53/hash.h>

#include "filter_rules.h"

#define STEPS_MAX 4096 /* labels compared before the response counts as not clean */

struct pass {
	struct s53_filter *filter;
	struct s53_reader message;
	struct s53_findings findings;
	size_t last_at; /* offset of the chain's last name */
	size_t before_at; /* offset of the owner of the CNAME that leads there; 0: none */
	unsigned steps;
	struct s53_name last; /* unset while it is QNAME */
	uint64_t names[S53_CHAIN_MAX + 1]; /* hashes */
};

/* Is this name in the chain already? */
static bool
is_loop(const struct pass *pass, uint64_t name)
{
	for (unsigned i = 0; i <= pass->findings.links; i++)
		if (pass->names[i] == name)
			return true;
	return false;
}

/* Follow this CNAME. false: the response is not clean. */
static bool
go_on(struct pass *pass, const struct s53_rr *rr)
{
	struct s53_findings *findings = &pass->findings;
	const struct s53_name *qname = &pass->filter->question->lower;
	struct s53_reader rdata = pass->message;
	uint64_t hash;

	rdata.at = rr->rdata_at;
	if (findings->links == S53_CHAIN_MAX || !s53_name_read(&rdata, &pass->last))
		return false;
	s53_name_lower(&pass->last);
	if (findings->links == 0)
		pass->names[0] = s53_hash(qname->octets, qname->len);
	hash = s53_hash(pass->last.octets, pass->last.len);
	if (is_loop(pass, hash))
		return false;
	pass->before_at = pass->last_at;
	pass->last_at = rr->rdata_at;
	pass->names[++findings->links] = hash;
	findings->last = &pass->last;
	findings->crossed = !s53_filter_in_route(pass->filter, &pass->last);
	return true;
}

static bool
is_owned_by(struct pass *pass, const struct s53_rr *rr, size_t name_at)
{
	return s53_name_equal_at(&pass->message, rr->owner_at, name_at, &pass->steps);
}

/* Is this a signature of the last CNAME, or of the records that end the chain? */
static bool
signs_chain(struct pass *pass, const struct s53_rr *rr)
{
	uint16_t type = s53_filter_covers(pass->filter, rr);

	if (!pass->filter->dnssec_ok)
		return false;
	if (pass->findings.answered)
		return type == pass->filter->question->qtype &&
		    is_owned_by(pass, rr, pass->last_at);
	return type == S53_TYPE_CNAME && pass->before_at != 0 &&
	    is_owned_by(pass, rr, pass->before_at);
}

/* Is this record of the answer section the next one of the chain? */
static bool
is_next(struct pass *pass, const struct s53_rr *rr)
{
	const struct s53_question *question = pass->filter->question;
	struct s53_findings *findings = &pass->findings;

	if (rr->type == S53_TYPE_RRSIG && question->qtype != S53_TYPE_RRSIG &&
	    question->qtype != S53_TYPE_ANY)
		return signs_chain(pass, rr);
	if (findings->crossed || !is_owned_by(pass, rr, pass->last_at))
		return false;
	if ((rr->type == question->qtype || question->qtype == S53_TYPE_ANY) &&
	    !s53_filter_is_meta(pass->filter, rr)) {
		findings->answered = findings->exists = true;
		return true;
	}
	return rr->type == S53_TYPE_CNAME && !findings->answered &&
	    s53_filter_follows_aliases(question->qtype) && go_on(pass, rr);
}

static bool
is_in_place(struct pass *pass, const struct s53_rr *rr)
{
	if (!s53_rr_is_uncompressed(pass->filter->message, rr))
		return false;
	if (rr->section != S53_ANSWER)
		return s53_filter_keeps(pass->filter, &pass->findings, rr);
	return rr->class == pass->filter->question->qclass && is_next(pass, rr);
}

/*
 * Is every record where a clean response has it? The walk always goes to the end, since any name
 * may have our random letters.
 */
static bool
is_clean(struct pass *pass)
{
	struct s53_filter *filter = pass->filter;
	bool clean = true;
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, filter->message, filter->len))
		return false;
	while (s53_walk_next(&walk, &rr)) {
		if (s53_rr_unspell(filter->message, &rr, &filter->question->name))
			filter->respell = true;
		clean = clean && is_in_place(pass, &rr);
	}
	return clean && !(pass->findings.crossed && s53_header_rcode(filter->message) != 0);
}

/* The same as s53_chain_follow() would find in what is kept. */
static enum s53_chain_end
end_of(const struct s53_filter *filter, const struct s53_findings *findings)
{
	if (findings->crossed)
		return S53_CHAIN_CROSSES;
	if (findings->links == 0 || findings->exists || findings->has_soa ||
	    s53_header_rcode(filter->message) != S53_RCODE_NOERROR)
		return S53_CHAIN_COMPLETE;
	return S53_CHAIN_BARE;
}

const char *
s53_filter_verdict(struct s53_filter *filter, const struct s53_findings *findings, bool has_answers)
{
	uint8_t rcode = s53_header_rcode(filter->message);

	filter->end = end_of(filter, findings);
	if (findings->exists)
		return rcode == S53_RCODE_NXDOMAIN ? "answered NXDOMAIN with records of that name"
						   : NULL;
	if (findings->links > 0)
		return NULL;
	if (has_answers)
		return "answered with records of other names only";
	if (rcode != S53_RCODE_NOERROR || !findings->has_ns || findings->has_soa)
		return NULL;
	filter->referral = findings->delegated;
	return filter->referral ? NULL : "answered with a referral";
}

const char *
s53_filter(struct s53_filter *filter)
{
	struct pass pass; /* set field by field: most of it is a buffer for names */

	pass.filter = filter;
	pass.message = s53_reader_of(filter->message, filter->len);
	pass.findings = (struct s53_findings){ .last = &filter->question->lower };
	pass.last_at = S53_HEADER_LEN;
	pass.before_at = 0;
	pass.steps = STEPS_MAX;
	filter->respell = filter->no_data = filter->referral = false;
	if (!is_clean(&pass))
		return s53_filter_write(filter);
	return s53_filter_verdict(
	    filter, &pass.findings, s53_header_count(filter->message, S53_ANSWER) > 0);
}
