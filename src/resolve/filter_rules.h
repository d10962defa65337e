/* SPDX-License-Identifier: ISC
 *
 * filter_rules.h - which records beside the chain are kept; for the filter's own files.
 *
 * Layer    resolve (private)
 * Threads  any
 * Memory   as in filter.h
 */
#pragma once

#include "filter.h"

/* What a response says, as far as it is looked through. */
struct s53_findings {
	const struct s53_name *last; /* the name that the chain ends with */
	unsigned links; /* CNAMEs */
	bool crossed; /* the last name belongs to another route */
	bool answered; /* it has records of QTYPE */
	bool exists; /* it has any records, signatures aside */
	bool has_soa; /* that is kept */
	bool has_ns; /* in authority, kept or not */
};

/* A CNAME asked for, or ANY, is its own end (RFC 1034 s3.6.2). */
static inline bool
s53_follows_aliases(uint16_t qtype)
{
	return qtype != S53_TYPE_CNAME && qtype != S53_TYPE_ANY;
}

/* A record's type, or what a signature covers (RFC 4034 s3.1). */
uint16_t s53_filter_covers(const struct s53_filter *filter, const struct s53_rr *rr);

/* Types that are no data: questions and transport's matters (RFC 6895 s3.1), a SIG(0) (RFC 2931).
 */
bool s53_filter_is_meta(const struct s53_filter *filter, const struct s53_rr *rr);

/* Does `name`, in lower case, belong to the route? */
bool s53_filter_in_route(const struct s53_filter *filter, const struct s53_name *name);

/* Does this record of authority or additional stay? Notes what it finds of SOA and NS. */
bool s53_filter_keeps(
    const struct s53_filter *filter, struct s53_findings *findings, const struct s53_rr *rr);

/* filter_chain.c: find the chain, write what is kept to the room. As s53_filter(). */
const char *s53_filter_write(struct s53_filter *filter);

/* filter.c: is that an answer? As s53_filter(); has_answers: ANCOUNT was not 0. */
const char *s53_filter_verdict(
    const struct s53_filter *filter, const struct s53_findings *findings, bool has_answers);
