/* SPDX-License-Identifier: ISC
 *
 * filter.h - what of an upstream's response answers the query: that is kept and sent, no more.
 *
 * Layer    resolve (private); pure: no fetch, no cache, no clock
 * Threads  any
 * Memory   message and room are the caller's. The message may be changed in place; what has to be
 *          written anew is written to the room
 * Units    octets
 * Sources  RFC 2181 s5.4.1 (what may be believed), RFC 1034 s3.6.2 and s4.3.1, RFC 6672 (DNAME),
 *          RFC 2308 s2 (negative answers), RFC 3597 s4 (compression), RFC 4035 s3.2.1 (DO),
 *          RFC 8945 s5.1 (TSIG)
 *
 * Kept are
 *   answer      the chain from QNAME through CNAME and DNAME to QTYPE, within the route, in its
 *               order, and the signatures of these records
 *   authority   SOA, NS of a positive answer and DS at or above the chain's last name; NSEC and
 *               NSEC3, the proofs of wildcards and of what is not there
 *   additional  records whose owners belong to the route
 * of the query's class alone; signatures, NSEC, NSEC3 and DS there only for queries with DO; no
 * TSIG, SIG(0) or another type that is no data. A chain that leaves the route ends with the CNAME
 * that does: what the server says of other routes' names, its rcode included, is dropped.
 *
 * The usual response is clean: one walk finds that and changes nothing.
 */
#pragma once

#include <split53/message.h>
#include <split53/request.h>
#include <split53/route.h>

#define S53_FILTER_LINKS_MAX 16 /* CNAMEs of one response that are followed */

struct s53_filter {
	const struct s53_routes *routes;
	const struct s53_route *route; /* of the server that sent it */
	const struct s53_question *question; /* its name as it was asked, in random letter case */
	bool dnssec_ok;
	uint8_t *message; /* in: passed the check, without OPT, one question; out: what is kept */
	size_t len;
	uint8_t *room; /* S53_MESSAGE_MAX octets */
	bool respell; /* out: names spelled labels of the question as it was asked */
	bool no_data; /* out: the chain's last name has records, but none of QTYPE */
};

/*
 * NULL: it is an answer, and all that it holds answers the query. Otherwise what is wrong with it,
 * to stand behind the server's address; the message is then of no use. Takes time in proportion to
 * the message's length, 16 times at most.
 */
S53_MUST_USE const char *s53_filter(struct s53_filter *filter);
