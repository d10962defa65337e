/* SPDX-License-Identifier: ISC
 *
 * filter_rules.h - which records outside the chain are kept; for the files of the filter.
 *
 * Layer    resolve (private)
 * Threads  any
 * Memory   as in filter.h
 */
#pragma once

#include "filter.h"

/* What was found in a response so far. */
struct s53_findings {
	const struct s53_name *last; /* the chain's last name */
	unsigned links; /* CNAMEs */
	bool crossed; /* the last name belongs to another route */
	bool answered; /* it has records of QTYPE */
	bool exists; /* it has records other than signatures */
	bool has_soa; /* an SOA that is kept */
	bool has_ns; /* NS in the authority section, kept or not */
	bool delegated; /* the NS that are kept are a delegation of a copied zone */
};

/*
 * Is QTYPE looked for at the end of the chain? Not for CNAME and ANY, which match the CNAME itself
 * (RFC 1034 s3.6.2).
 */
static inline bool
s53_filter_follows_aliases(uint16_t qtype)
{
	return qtype != S53_TYPE_CNAME && qtype != S53_TYPE_ANY;
}

/* A record's type; of a signature, the type that it covers (RFC 4034 s3.1). */
uint16_t s53_filter_covers(const struct s53_filter *filter, const struct s53_rr *rr);

/* Is it a meta type (RFC 6895 s3.1: QTYPEs, OPT, TSIG) or a SIG(0) (RFC 2931)? */
bool s53_filter_is_meta(const struct s53_filter *filter, const struct s53_rr *rr);

/* Does `name`, in lower case, belong to the route? */
bool s53_filter_in_route(const struct s53_filter *filter, const struct s53_name *name);

/* Is this record of the authority or additional section kept? Sets has_soa and has_ns. */
bool s53_filter_keeps(
    const struct s53_filter *filter, struct s53_findings *findings, const struct s53_rr *rr);

/* filter_chain.c: find the chain, write what is kept to the room. Returns as s53_filter(). */
const char *s53_filter_write(struct s53_filter *filter);

/*
 * filter.c: is this an answer, or a referral that is accepted (filter->referral is set)? Returns as
 * s53_filter(); has_answers: ANCOUNT was not 0.
 */
const char *s53_filter_verdict(
    struct s53_filter *filter, const struct s53_findings *findings, bool has_answers);
