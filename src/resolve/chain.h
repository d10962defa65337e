/* SPDX-License-Identifier: ISC
 *
 * chain.h - the chain of CNAMEs in an answer: where it leads from the name of the query.
 *
 * Layer    resolve (private)
 * Threads  any; a chain is a plain value on its user's stack
 * Memory   the message is the caller's
 * Sources  RFC 1034 s3.6.2 (CNAME), RFC 6672 (DNAME), RFC 2308 s2 (negative answers behind one)
 */
#pragma once

#include <split53/reply.h>
#include <split53/route.h>

#define S53_CHAIN_MAX 16 /* links of one answer, over all routes */

enum s53_chain_end {
	S53_CHAIN_COMPLETE, /* the last name has records, or the message says that it has none */
	S53_CHAIN_BARE, /* neither: the last name is still to be resolved */
	S53_CHAIN_CROSSES, /* the last name belongs to another route */
	S53_CHAIN_LOOPS,
	S53_CHAIN_TOO_LONG,
	S53_CHAIN_UNCLEAR, /* two CNAMEs of one owner, or too many records to look for one */
};

struct s53_chain {
	const uint8_t *message; /* passed s53_message_check() */
	size_t len;
	const struct s53_question *question;
	unsigned looks; /* at owners of records */
	unsigned links; /* followed; of a bare one and at a crossing the last name is the target */
	struct s53_name names[S53_CHAIN_MAX + 2]; /* lower case; without links none is there */
};

/* The query's own chain has used up `links_before` links; the routes tell where it crosses. */
struct s53_chain_scope {
	const struct s53_routes *routes; /* NULL: nothing crosses */
	const struct s53_route *route;
	unsigned links_before;
};

/* Are CNAMEs followed for this type? One that is asked for, or ANY, is its own end. */
bool s53_chain_is_followed(uint16_t qtype);

/*
 * Follow the chain; message, len and question are set. Without links it is COMPLETE: the rule, and
 * then no name is copied. At most 512 owners are compared, in whatever order the records are.
 */
enum s53_chain_end s53_chain_follow(struct s53_chain *chain, const struct s53_chain_scope *scope);

/* Is this name one of the chain's, but the last? */
bool s53_chain_has(const struct s53_chain *chain, const struct s53_name *name);

enum s53_chain_dnames {
	S53_CHAIN_HAS_CNAMES, /* each DNAME of the chain has its CNAME: the rule */
	S53_CHAIN_CNAMES_ADDED, /* not each had */
	S53_CHAIN_YXDOMAIN, /* the same, and one would be longer than a name (RFC 6672 s2.2) */
	S53_CHAIN_NO_ROOM,
};

/*
 * RFC 6672 s3.1: write the answer anew with the CNAMEs that its DNAMEs stand for where they are
 * missing, each behind its DNAME and with its TTL. `out` has S53_MESSAGE_MAX octets; it and
 * *out_len are written for CNAMES_ADDED and YXDOMAIN. chain: message, len and question are set.
 */
enum s53_chain_dnames s53_chain_add_cnames(struct s53_chain *chain, uint8_t *out, size_t *out_len);
