/* SPDX-License-Identifier: ISC
 *
 * fit.h - copy as much of a message as fits a datagram, at a cost bounded by the datagram's size.
 *
 * Clients may query a cached answer of 64 KiB over UDP again and again. So nothing here walks over
 * the whole message: the positions of its records, and where a cut would split an RRset, are
 * determined once, when the message is stored.
 *
 * Layer    wire
 * Threads  any
 * Memory   all is the caller's; nothing is allocated
 * Units    bytes, seconds (TTL)
 * Sources  RFC 2181 s9 (TC)
 */
#pragma once

#include <split53/message.h>

/* An answer section that does not fit keeps at most this many records. */
#define S53_FIT_ANSWERS_MAX 96

#define S53_SEAMS_LEN(record_count) (((record_count) + 7u) / 8)

/* The positions of the records of a message without OPT. */
struct s53_records {
	const uint16_t *ttl_at; /* the offset of each TTL, in the message's order */
	const uint8_t *seams; /* of s53_message_seams(); NULL: none */
	unsigned count;
};

/*
 * Find the seams of the authority and additional sections: one bit for each record of the message,
 * set where a cut before that record splits no RRset (RFC 2181 s5; an exact copy of a record that
 * stays may be cut off). A section of over 256 records, or with over `octets_max` bytes of owner
 * names, has none. The message passed s53_message_check().
 */
void s53_message_seams(
    const uint8_t *message, size_t len, unsigned record_count, size_t octets_max, uint8_t *seams);

struct s53_fit {
	size_t limit; /* of what is written */
	uint32_t
	    spin; /* number of the record that a cut RRset begins with, counted around; 0: as is */
	bool rotate; /* the others follow it in their order */
	uint32_t age_s, least; /* subtracted from each TTL; one that has expired becomes `least` */
	bool settled; /* out: the answer's records must not be reordered any more */
};

/*
 * Copy what fits of a message that is larger than the limit to `out`. The additional section is cut
 * first (which alone does not set TC), then the authority section, both in whole RRsets; an answer
 * section that does not fit keeps as many records as fit, from `spin` on. Header counts and TC are
 * corrected. Returns the length, at most `limit` when the question section itself fits. The message
 * has one question and passed s53_message_check().
 */
size_t s53_message_fit(
    const uint8_t *message, const struct s53_records *records, struct s53_fit *fit, uint8_t *out);

/* The same where the positions are not known, and the limit is that of a datagram. */
size_t s53_message_fit_unknown(
    const uint8_t *message, size_t len, struct s53_fit *fit, uint8_t *out);
