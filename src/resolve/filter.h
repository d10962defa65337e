/* SPDX-License-Identifier: ISC
 *
 * filter.h - keeps those records of an upstream's response that answer the query, and no others.
 *
 * Layer    resolve (private); pure: no fetch, no cache, no clock
 * Threads  any
 * Memory   message and room are the caller's. The message may be changed in place; a message that
 *          has to be rewritten is written to the room
 * Units    bytes
 * Sources  RFC 2181 s5.4.1 (what may be believed), RFC 1034 s3.6.2 and s4.3.1, RFC 6672 (DNAME),
 *          RFC 2308 s2 (negative answers), RFC 3597 s4 (compression), RFC 4035 s3.2.1 (DO),
 *          RFC 8945 s5.1 (TSIG)
 *
 * The filter keeps
 *   answer      the chain from QNAME through CNAME and DNAME to QTYPE, within the route, in its
 *               order, and the signatures of these records
 *   authority   SOA, NS of a positive answer and DS at or above the chain's last name; NSEC and
 *               NSEC3, the proofs of wildcards and of what is not there; of a copied zone (type
 *               secondary) also the NS of a delegation below its apex
 *   additional  records whose owners belong to the route
 * of the query's class alone; signatures, NSEC, NSEC3 and DS there only for queries with DO; no
 * TSIG, SIG(0) or another type that is no data. A chain that leaves the route ends with the CNAME
 * that does: what the server says of other routes' names, its rcode included, is dropped.
 *
 * The usual response is clean: one walk finds that and copies nothing.
 */
#pragma once

#include "chain.h"

struct s53_filter {
	const struct s53_routes *routes;
	const struct s53_route *route; /* that the sending server belongs to */
	const struct s53_question *question; /* name: as sent, in random letter case */
	bool dnssec_ok;
	uint8_t *message; /* in: passed the check, without OPT, one question; out: what is kept */
	size_t len;
	uint8_t *room; /* S53_MESSAGE_MAX bytes */
	bool respell; /* out: names had copied the random letter case of QNAME */
	bool no_data; /* out: the chain's last name has records, but none of QTYPE */
	enum s53_chain_end end; /* out: COMPLETE, BARE or CROSSES (chain.h) */
	bool referral; /* out: of a copied zone, to the servers of a name below its apex */
};

/*
 * NULL: it is an answer, and only what answers the query is left. Otherwise a text that says what
 * is wrong with it, to follow the server's address; the message must not be used then. The time is
 * proportional to the message's length, times 16 at most.
 */
S53_MUST_USE const char *s53_filter(struct s53_filter *filter);
