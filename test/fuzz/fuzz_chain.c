/* SPDX-License-Identifier: ISC
 *
 * fuzz_chain.c - the CNAME chain of any message that passes the check, compared with ldns: its last
 * name.
 */
#include "oracle.h"

#include "resolve/chain.h"

#define FEW 16 /* records of the answer section: few enough for every limit */

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static ldns_rdf *
rdf_of(const struct s53_name *name)
{
	return ldns_dname_new_frm_data(name->len, name->octets);
}

/* The target of the CNAME of `name`, or NULL; `*clear` false when there are two. */
static const ldns_rdf *
cname_of(const ldns_pkt *pkt, uint16_t class, const ldns_rdf *name, bool *clear)
{
	const ldns_rdf *found = NULL;

	for (size_t i = 0; i < oracle_count(pkt, S53_ANSWER); i++) {
		const ldns_rr *rr = oracle_rr(pkt, S53_ANSWER, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_CNAME || ldns_rr_get_class(rr) != class ||
		    ldns_dname_compare(ldns_rr_owner(rr), name) != 0)
			continue;
		if (found != NULL && ldns_dname_compare(found, ldns_rr_rdf(rr, 0)) != 0)
			*clear = false;
		if (found == NULL)
			found = ldns_rr_rdf(rr, 0);
	}
	return found;
}

static bool
is_complete(const ldns_pkt *pkt, const struct s53_question *question, const ldns_rdf *last)
{
	if (ldns_pkt_get_rcode(pkt) != LDNS_RCODE_NOERROR)
		return true;
	for (size_t i = 0; i < oracle_count(pkt, S53_ANSWER); i++) {
		const ldns_rr *rr = oracle_rr(pkt, S53_ANSWER, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_CNAME &&
		    (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG ||
			question->qtype == S53_TYPE_RRSIG) &&
		    ldns_rr_get_class(rr) == question->qclass &&
		    ldns_dname_compare(ldns_rr_owner(rr), last) == 0)
			return true;
	}
	for (size_t i = 0; i < oracle_count(pkt, S53_AUTHORITY); i++) {
		const ldns_rr *rr = oracle_rr(pkt, S53_AUTHORITY, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA &&
		    (ldns_dname_compare(ldns_rr_owner(rr), last) == 0 ||
			ldns_dname_is_subdomain(last, ldns_rr_owner(rr))))
			return true;
	}
	return false;
}

/* The result from the records alone, without any of our code. The names are in `chain`. */
static enum s53_chain_end
expected(const ldns_pkt *pkt, const struct s53_question *question, const struct s53_chain *chain,
    unsigned *links)
{
	ldns_rdf *first = rdf_of(&question->lower);
	const ldns_rdf *name = first, *seen[S53_CHAIN_MAX + 2];
	enum s53_chain_end end = S53_CHAIN_BARE;
	bool clear = true, again = false;
	const ldns_rdf *next;

	*links = 0;
	seen[0] = first;
	while ((next = cname_of(pkt, question->qclass, name, &clear)) != NULL && clear && !again) {
		seen[++*links] = name = next;
		MUST(*links > chain->links || ldns_rdf_size(name) == chain->names[*links].len);
		for (unsigned i = 0; i < *links; i++)
			again |= ldns_dname_compare(seen[i], name) == 0;
		if (*links > S53_CHAIN_MAX)
			break;
	}
	if (again)
		end = S53_CHAIN_LOOPS;
	else if (!clear)
		end = S53_CHAIN_UNCLEAR;
	else if (*links > S53_CHAIN_MAX)
		end = S53_CHAIN_TOO_LONG;
	else if (*links == 0 || is_complete(pkt, question, name))
		end = S53_CHAIN_COMPLETE;
	ldns_rdf_deep_free(first);
	return end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	const struct s53_chain_scope scope = { .routes = NULL };
	struct s53_question question;
	struct s53_chain chain = { .message = octets, .len = len, .question = &question };
	struct s53_reader reader = s53_reader_of(octets, len);
	enum s53_chain_end end;
	struct s53_edns edns;
	ldns_pkt *pkt;
	unsigned links;
	size_t opt_at;

	if (!s53_message_check(octets, len, &edns, &opt_at) || edns.present ||
	    s53_header_count(octets, S53_QUESTION) != 1)
		return 0;
	reader.at = S53_HEADER_LEN;
	MUST(s53_name_read(&reader, &question.name));
	s53_name_lower_of(&question.name, &question.lower);
	question.qtype = s53_read_u16(&reader);
	question.qclass = s53_read_u16(&reader);
	end = s53_chain_follow(&chain, &scope);
	MUST(chain.links <= S53_CHAIN_MAX + 1);
	if (s53_header_count(octets, S53_ANSWER) > FEW)
		return 0;
	pkt = oracle_read(octets, len);
	MUST(pkt != NULL);
	MUST(expected(pkt, &question, &chain, &links) == end);
	MUST(end == S53_CHAIN_UNCLEAR || links == chain.links);
	ldns_pkt_free(pkt);
	return 0;
}
