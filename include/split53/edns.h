/* SPDX-License-Identifier: ISC
 *
 * edns.h - EDNS: the OPT record, which is valid for one hop.
 *
 * Layer    wire
 * Threads  any
 * Memory   plain values
 * Units    bytes; keepalive in units of 100 ms (RFC 7828 s3.1)
 * Sources  RFC 6891, RFC 7828 (keepalive), RFC 8914 (extended errors), RFC 5001 (NSID)
 */
#pragma once

#include <split53/cursor.h>
#include <split53/status.h>

#define S53_EDNS_MIN 512 /* smaller sizes count as this, RFC 6891 s6.2.3 */
#define S53_EDNS_SIZE 1232 /* the default; fits IPv6's minimum MTU */
#define S53_OPT_LEN 11 /* of an OPT record without options */
#define S53_EDE_NONE 0xffffu

/* RFC 8914 s4, those that split53 sends. */
enum s53_ede {
	S53_EDE_OTHER = 0,
	S53_EDE_STALE = 3,
	S53_EDE_CACHED_ERROR = 13,
	S53_EDE_NOT_READY = 14,
	S53_EDE_PROHIBITED = 18,
	S53_EDE_STALE_NXDOMAIN = 19,
	S53_EDE_NOT_AUTHORITATIVE = 20,
	S53_EDE_NOT_SUPPORTED = 21,
	S53_EDE_NO_REACHABLE_AUTHORITY = 22,
	S53_EDE_NETWORK_ERROR = 23,
	S53_EDE_INVALID_DATA = 24,
};

#define S53_ERROR_TEXT_MAX 200 /* bytes of an upstream's text that are passed on */

/* An extended error that an upstream sent (RFC 8914). */
struct s53_extended_error {
	uint16_t code;
	char text[S53_ERROR_TEXT_MAX + 1]; /* printable ASCII; "": none */
};

struct s53_edns {
	bool present;
	bool dnssec_ok;
	bool keepalive; /* option 11 is there (requests) */
	bool nsid; /* option 3 is there (requests) */
	uint8_t version;
	uint8_t rcode_high; /* the eight high bits of the rcode */
	uint16_t udp_size;
};

/* The variable parts of an OPT that is sent. At most 255 bytes of a text are sent. */
struct s53_edns_reply {
	uint16_t udp_size;
	uint16_t rcode; /* all 12 bits; the high ones go into the OPT */
	bool dnssec_ok;
	uint16_t ede_code; /* S53_EDE_NONE: none */
	const char *ede_text; /* NULL or UTF-8; sent without a final NUL (RFC 8914 s2) */
	const struct s53_extended_error *upstream_error; /* sent after ours; or NULL */
	int keepalive; /* -1: none, else units of 100 ms */
	const char *nsid; /* NULL: none */
};

/*
 * Read the OPT's class, TTL and options from an RR that was recognised as OPT: `reader` is at its
 * class field, and afterwards behind the record. Any version is read, unknown options are skipped.
 * false: not well formed (option lengths beyond the record); *out is then untouched.
 */
bool s53_edns_read(struct s53_reader *reader, struct s53_edns *out);

/*
 * The extended errors (RFC 8914) in the OPT at `opt_at` of a message that passed
 * s53_message_check(); opt_at 0: it has no OPT. *codes: bit N for code N, codes above 31 left out.
 * *first: the first of them, its text cut to S53_ERROR_TEXT_MAX, with `?` for what is not printable
 * ASCII. false: there is none, and *first is untouched.
 */
bool s53_edns_find_errors(const uint8_t *message, size_t len, size_t opt_at, uint32_t *codes,
    struct s53_extended_error *first);

/* Append an OPT record, in full or (if the writer is full) not at all; the caller sets ARCOUNT. */
void s53_edns_write(struct s53_writer *writer, const struct s53_edns_reply *reply);

/* The number of bytes that s53_edns_write() writes for this. */
size_t s53_edns_reply_len(const struct s53_edns_reply *reply);
