/* SPDX-License-Identifier: ISC
 *
 * fit.h - copy of a message what fits a datagram, at a cost that the datagram's size bounds.
 *
 * A cached answer of 64 KiB may be asked for over UDP again and again. So nothing here walks over
 * the whole message: where its records stand, and which of its RRsets a cut would tear, is found
 * out once, when it is stored.
 *
 * Layer    wire
 * Threads  any
 * Memory   all is the caller's; nothing is allocated
 * Units    octets, seconds (TTL)
 * Sources  RFC 2181 s9 (TC)
 */
#pragma once

#include <split53/message.h>

/* An answer section that does not fit keeps at most so many records. */
#define S53_FIT_ANSWERS_MAX 96

#define S53_SEAMS_LEN(record_count) (((record_count) + 7u) / 8)

/* Where the records of a message without OPT stand. */
struct s53_records {
	const uint16_t *ttl_at; /* the place of each TTL, in the message's order */
	const uint8_t *seams; /* NULL: none */
	unsigned count;
};

/*
 * Find the seams of the authority and additional sections, one bit for each record of the message:
 * set where a cut before that record tears no set (RFC 2181 s5; an exact copy of a record that
 * stays may go). A section of over 256 records, or over `octets_max` in owner names, has none. The
 * message passed s53_message_check().
 */
void s53_message_seams(
    const uint8_t *message, size_t len, unsigned record_count, size_t octets_max, uint8_t *seams);

struct s53_fit {
	size_t limit; /* of what is written */
	uint32_t
	    spin; /* which record of a set that is cut comes first, counted around; 0: as it is */
	bool rotate; /* and the others behind it, in their order */
	uint32_t age_s, least; /* each TTL less its age; what has expired gets `least` */
	bool settled; /* out: the answer is not to be put into another order any more */
};

/*
 * Copy of a message that is larger than the limit what fits, to `out`: additional goes first (which
 * alone does not set TC), then authority, both in whole sets; an answer section that does not fit
 * keeps what does, from `spin` on. Header counts and TC are made right. Returns the length, at most
 * `limit` when the question itself fits. The message has one question and passed
 * s53_message_check().
 */
size_t s53_message_fit(
    const uint8_t *message, const struct s53_records *records, struct s53_fit *fit, uint8_t *out);

/* The same where the records are not known, and the limit is a datagram's. */
size_t s53_message_fit_unknown(
    const uint8_t *message, size_t len, struct s53_fit *fit, uint8_t *out);
