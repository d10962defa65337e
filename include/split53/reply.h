/* SPDX-License-Identifier: ISC
 *
 * reply.h - write a message: errors, local answers, joined CNAME chains, upstream queries.
 *
 * Layer    wire
 * Threads  one owner
 * Memory   the message is written to the caller's buffer; no allocation
 * Units    bytes, seconds (TTL)
 * Sources  RFC 1035 s4.1, RFC 3597 s4 (only well-known rdata is compressed), RFC 2181 s9 (TC)
 */
#pragma once

#include <split53/message.h>
#include <split53/request.h>

#define S53_COMPRESS_SLOTS 64

/* A message being written; a plain value. */
struct s53_reply {
	struct s53_writer writer;
	uint16_t counts[4];
	enum s53_section section; /* the last one written to: sections only go forward */
	bool truncated; /* a record of answer or authority did not fit */
	uint16_t compress_count;
	uint16_t
	    compress_at[S53_COMPRESS_SLOTS]; /* offsets of names that later ones may point at */
	uint16_t compress_hash[S53_COMPRESS_SLOTS];
};

/*
 * Begin with a header of `flags` (QR and all, rcode in its low bits) and, unless NULL, the question
 * in its letter case. The buffer has at least S53_HEADER_LEN + 255 + 4 bytes; at most 65,535 of it
 * are used.
 */
void s53_reply_begin(struct s53_reply *reply, uint8_t *octets, size_t cap, uint16_t id,
    uint16_t flags, const struct s53_question *question);

/*
 * Append one record; `rdata` is uncompressed (names in it are compressed where RFC 3597 allows).
 * Sections in their order only. false: nothing was written, for one of two reasons. The record does
 * not fit: then `truncated` is set unless section is additional, and later records are rejected,
 * too. Or the rdata is not well formed for its type.
 */
bool s53_reply_add(struct s53_reply *reply, enum s53_section section, const struct s53_name *owner,
    uint16_t type, uint16_t class, uint32_t ttl, const uint8_t *rdata, uint16_t rdata_len);

/*
 * Append a record out of a message that passed s53_message_check(): its names are decompressed and
 * compressed anew, its TTL is that of `rr`. false as of s53_reply_add().
 */
bool s53_reply_copy(struct s53_reply *reply, enum s53_section section, const uint8_t *message,
    size_t len, const struct s53_rr *rr);

/*
 * Write the counts, TC when truncated, and an OPT unless `edns` is NULL. If the OPT does not fit,
 * records are removed as by s53_message_cut(). Returns the length.
 */
size_t s53_reply_end(struct s53_reply *reply, const struct s53_edns_reply *edns);

/*
 * A response with an rcode and no records: the request's ID, opcode, RD and CD, QR set, RA when
 * `recursion_available`, the question when it was parsed, and an OPT when the request had one.
 * `edns` gives the OPT's content except rcode and DO, which are the request's (NULL: size
 * S53_EDNS_SIZE and no option); texts that do not fit are omitted. rcode may be over 15 when the
 * request had EDNS. `cap` is at least 512. Returns its length.
 */
size_t s53_reply_error(uint8_t *octets, size_t cap, const struct s53_request *request,
    uint16_t rcode, bool recursion_available, const struct s53_edns_reply *edns);
