/* SPDX-License-Identifier: ISC
 *
 * edns.h - the OPT record, hop by hop.
 *
 * Layer    wire
 * Threads  any
 * Memory   plain values
 * Units    octets; keepalive in units of 100 ms (RFC 7828 s3.1)
 * Sources  RFC 6891, RFC 7828 (keepalive), RFC 8914 (extended errors), RFC 5001 (NSID)
 */
#pragma once

#include <split53/cursor.h>
#include <split53/status.h>

#define S53_EDNS_MIN 512 /* smaller sizes count as this, RFC 6891 s6.2.3 */
#define S53_EDNS_SIZE 1232 /* fits IPv6's least MTU: what is announced when nothing else is said */
#define S53_OPT_LEN 11 /* of an OPT record without options */
#define S53_EDE_NONE 0xffffu

/* RFC 8914 s4, those that are sent here. */
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

#define S53_ERROR_TEXT_MAX 200 /* octets of an upstream's text that are passed on */

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

/* What goes into an OPT of ours beside the fixed fields. Of a text at most 255 octets are sent. */
struct s53_edns_reply {
	uint16_t udp_size;
	uint16_t rcode; /* whole; its high bits go here */
	bool dnssec_ok;
	uint16_t ede_code; /* S53_EDE_NONE: none */
	const char *ede_text; /* NULL or UTF-8; goes without an end octet (RFC 8914 s2) */
	const struct s53_extended_error *upstream_error; /* goes behind ours; or NULL */
	int keepalive; /* -1: none, else units of 100 ms */
	const char *nsid; /* NULL: none */
};

/*
 * Read the OPT's class, TTL and options from an RR that was recognised as OPT: `reader` stands at
 * its class field and is left behind the record. Any version is read, unknown options are stepped
 * over. false: not well formed (option lengths beyond the record); *out is then untouched.
 */
bool s53_edns_read(struct s53_reader *reader, struct s53_edns *out);

/*
 * The extended errors in the OPT at `opt_at` of a message that passed s53_message_check(): bit N
 * for code N (RFC 8914 s4), codes above 31 left out. opt_at 0, no OPT: none.
 */
uint32_t s53_edns_errors(const uint8_t *message, size_t len, size_t opt_at);

/*
 * The first extended error of the OPT at `opt_at` of a message that passed s53_message_check(). The
 * text is cut to S53_ERROR_TEXT_MAX, and what is not printable ASCII becomes `?`. false: none.
 */
bool s53_edns_find_error(
    const uint8_t *message, size_t len, size_t opt_at, struct s53_extended_error *out);

/* Append an OPT record, all of it or (the writer gets full) nothing; ARCOUNT is the caller's. */
void s53_edns_write(struct s53_writer *writer, const struct s53_edns_reply *reply);

/* Octets that s53_edns_write() needs for this. */
size_t s53_edns_reply_len(const struct s53_edns_reply *reply);
