/* SPDX-License-Identifier: ISC
 *
 * chain.h - the chain of CNAMEs in an answer: where it leads from QNAME.
 *
 * Layer    resolve (private)
 * Threads  any; a chain is a plain value on its user's stack
 * Memory   the message is the caller's
 * Sources  RFC 1034 s3.6.2 (CNAME), RFC 2308 s2 (negative answers behind one)
 */
#pragma once

#include <split53/message.h>
#include <split53/request.h>
#include <split53/route.h>

#define S53_CHAIN_MAX 16 /* links that are followed: of one response, and of one query in all */

enum s53_chain_end {
	S53_CHAIN_COMPLETE, /* the message has records of the last name, or says there are none */
	S53_CHAIN_BARE, /* the message has neither: the last name is still to be resolved */
	S53_CHAIN_CROSSES, /* the last name belongs to another route */
	S53_CHAIN_LOOPS,
	S53_CHAIN_TOO_LONG,
	S53_CHAIN_UNCLEAR, /* different CNAMEs of one owner, or too many records to search */
};

struct s53_chain {
	const uint8_t *message; /* passed s53_message_check() */
	size_t len;
	const struct s53_question *question;
	unsigned looks; /* owners of records that were compared */
	unsigned links; /* followed; if BARE or CROSSES, names[links] is the name to resolve */
	struct s53_name names[S53_CHAIN_MAX + 2]; /* lower case; unset if links is 0 */
};

/*
 * links_before: links that the client's query has used up already. The routes say where a chain
 * crosses.
 */
struct s53_chain_scope {
	const struct s53_routes *routes; /* NULL: nothing crosses */
	const struct s53_route *route;
	unsigned links_before;
};

/*
 * Are CNAMEs followed for this QTYPE? Not for CNAME, DNAME and ANY, which match the CNAME itself.
 */
bool s53_chain_is_followed(uint16_t qtype);

/*
 * Follow the chain; message, len and question are set. An answer without a CNAME (the usual case)
 * is COMPLETE, and no name is copied. Compares at most 512 owners, in whatever order the records
 * are.
 */
enum s53_chain_end s53_chain_follow(struct s53_chain *chain, const struct s53_chain_scope *scope);

/* Is this name one of the chain's owners, that is, any of its names but the last? */
bool s53_chain_has(const struct s53_chain *chain, const struct s53_name *name);
