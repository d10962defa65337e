/* SPDX-License-Identifier: ISC
 *
 * request.h - a parsed query: header, the one question, EDNS.
 *
 * Layer    wire
 * Threads  any
 * Memory   a plain value on the stack; nothing points into the packet
 * Sources  RFC 1035 s4.1, RFC 6891 s6.1.1 (one OPT), RFC 9619 (one question)
 */
#pragma once

#include <split53/edns.h>
#include <split53/name.h>

struct s53_question {
	struct s53_name name; /* in the query's letter case */
	struct s53_name lower; /* the same in lower case: what tables and keys use */
	uint16_t qtype;
	uint16_t qclass;
};

struct s53_request {
	uint16_t id;
	uint16_t flags; /* see header.h */
	bool has_question; /* there is one to repeat in an error response */
	struct s53_question question;
	struct s53_edns edns;
};

static inline void
s53_question_copy(struct s53_question *to, const struct s53_question *from)
{
	s53_name_copy(&to->name, &from->name);
	s53_name_copy(&to->lower, &from->lower);
	to->qtype = from->qtype;
	to->qclass = from->qclass;
}

static inline void
s53_request_copy(struct s53_request *to, const struct s53_request *from)
{
	to->id = from->id;
	to->flags = from->flags;
	to->has_question = from->has_question;
	s53_question_copy(&to->question, &from->question);
	to->edns = from->edns;
}

enum s53_request_verdict {
	S53_REQUEST_OK,
	S53_REQUEST_SILENCE, /* shorter than a header, or a response: never reply (loops) */
	S53_REQUEST_FORMERR,
	S53_REQUEST_NOTIMP, /* an opcode other than QUERY */
	S53_REQUEST_BADVERS, /* EDNS version over 0, RFC 6891 s6.1.3 */
};

/*
 * Parse a whole message from a client. With any verdict but SILENCE, id, flags and (when
 * has_question) question are set so that the right error can be sent, and edns if one well-formed
 * OPT was found. FORMERR: no or more than one question (QDCOUNT 0 too: cookies are not supported),
 * invalid names, records that overrun, two OPTs, an OPT with another owner than the root or not
 * in the additional section. Answer and authority records are walked and ignored, and so are bytes
 * after the last record (as in BIND). NOTIMP is tested before FORMERR and BADVERS: with another
 * opcode, what follows the header may have another form (RFC 8490 s5.4).
 */
enum s53_request_verdict s53_request_parse(
    const uint8_t *octets, size_t len, struct s53_request *out);
