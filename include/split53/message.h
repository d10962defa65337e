/* SPDX-License-Identifier: ISC
 *
 * message.h - walk over the records of a message; check, age, cut it.
 *
 * Layer    wire
 * Threads  any
 * Memory   the message is the caller's; nothing is allocated
 * Units    octets, seconds (TTL)
 * Sources  RFC 1035 s4.1.3, RFC 2181 s8 (a TTL over 2^31-1 counts as 0), s9 (TC), RFC 3597 s4
 *          (names in rdata), RFC 6891 s7
 */
#pragma once

#include <split53/edns.h>
#include <split53/name.h>

/* One record as it stands in a message: places, not copies. */
struct s53_rr {
	enum s53_section section;
	size_t owner_at; /* of the owner name */
	uint16_t type, class;
	uint32_t ttl;
	size_t ttl_at;
	size_t rdata_at;
	uint16_t rdata_len;
	size_t end_at;
};

struct s53_walk {
	struct s53_reader reader;
	uint16_t left[4]; /* records not yet seen, by section */
	enum s53_section section;
};

/*
 * Begin at the first record after the question section. false: the header or a question is bad.
 * Walking looks at the bounds of records only, not whether names are names: safe with any octets.
 */
bool s53_walk_begin(struct s53_walk *walk, const uint8_t *message, size_t len);

/* The next record of any section. false: the end, or damage: then walk->reader.bad. */
bool s53_walk_next(struct s53_walk *walk, struct s53_rr *out);

/*
 * Is every octet accounted for and well formed: header, one question at most, records, names in
 * owners and in the rdata of the types that RFC 1035 lets compress (plus SRV, DNAME, RP, AFSDB, RT,
 * PX, KX, NAPTR, NSEC, RRSIG, SVCB, HTTPS and a few rare ones), rdata lengths of A (4), AAAA (16),
 * SOA, SRV, MX, TXT (character strings fill the rdata); at most one OPT, in additional, with a root
 * owner; nothing after the last record; pointers lead to where a label of such a name begins and
 * nowhere else. Two records in a row of the same owner and type need no equal TTL. This is the gate
 * through which all foreign answers pass: what passed is never checked again.
 * *edns: the OPT, or .present false. *opt_at: where it stands, 0 when none. Both may be written on
 * false too.
 */
bool s53_message_check(const uint8_t *message, size_t len, struct s53_edns *edns, size_t *opt_at);

/*
 * The same for `*len` octets that have arrived, of which the message may be the first part: *len
 * becomes its length, and what is behind it is no part of it. Untouched on false.
 */
bool s53_message_check_arrived(
    const uint8_t *octets, size_t *len, struct s53_edns *edns, size_t *opt_at);

/*
 * Take the OPT out; opt_at 0 takes nothing. When it is the last record (the rule) the message only
 * gets shorter and ARCOUNT smaller; otherwise the rest moves up and the compression pointers of
 * what stood behind it are mended. Returns the new length. The message passed s53_message_check(),
 * which gave opt_at.
 */
size_t s53_message_strip_opt(uint8_t *message, size_t len, size_t opt_at);

/*
 * Names that repeat labels of the question get the spelling that is given for it: the question
 * itself, and in owners and rdata literal labels that are the question's but for letter case, from
 * the name's front on, or up to its end where that is the root. Compressed labels follow by
 * themselves. Names in the rdata of NSEC, SVCB and HTTPS stay as they are signed. Each name that is
 * looked at takes one of `effort`; when it is used up the rest stays as it is. Nothing is done
 * unless `spelling` is the name of the message's one question. The message passed the check.
 */
void s53_message_respell(
    uint8_t *message, size_t len, const struct s53_name *spelling, unsigned effort);

/*
 * Put what a server has copied of `scrambled`, the question's name as it was asked, into lower
 * case: each literal label in a record's names, as above, that is a label of it octet for octet.
 * true: there was a letter in upper case. The message passed the check.
 */
bool s53_rr_unspell(uint8_t *message, const struct s53_rr *rr, const struct s53_name *scrambled);

/*
 * Are the names of a record's rdata written out, or of a type that may be compressed (RFC 3597 s4)?
 * false: s53_reply_copy() writes them out. The message passed the check.
 */
bool s53_rr_is_written_out(const uint8_t *message, const struct s53_rr *rr);

/*
 * The least TTL of the records that are no OPT; UINT32_MAX when there is none. Over 2^31-1 counts
 * as 0.
 */
uint32_t s53_message_least_ttl(const uint8_t *message, size_t len);

/*
 * How large a datagram has to be to hold a message with OPT that has one more answer of average
 * size than this one, which has none; what the other sections have to it counts as part of an
 * answer. SIZE_MAX: there is no answer section, which might lack something.
 */
size_t s53_message_size_with_one_more(const uint8_t *message, size_t len);

/*
 * Cut a message without OPT to at most `limit` octets, whole RRsets at a time from its end
 * (additional first, which alone does not set TC; RFC 2181 s9), header counts and TC made right. An
 * answer section that does not fit keeps the records that do; an authority or additional section of
 * more than 256 records goes as a whole. It reads two names a record, hardly more. Returns the new
 * length, at most `limit` when the question itself fits. The message passed the check.
 */
size_t s53_message_cut(uint8_t *message, size_t len, size_t limit);

/* What becomes of the order of a set's records. */
enum s53_turn { S53_TURN_NONE, S53_TURN_SHUFFLE, S53_TURN_ROTATE };

struct s53_ordering {
	/*
	 * Asked once for each set of two records or more. The owner is in lower case. Sets `steps`
	 * when it says S53_TURN_ROTATE. NULL: all are shuffled.
	 */
	enum s53_turn (*choose)(
	    struct s53_ordering *ordering, const struct s53_name *owner, uint16_t type);
	uint32_t steps; /* the record that comes first, counted from 0 and around */
	uint32_t dice; /* where shuffling's pseudo random numbers have got to */
};

/*
 * Bring the records of each set of the answer section into another order. Sets stay where they are,
 * so do CNAME, DNAME, SOA and signatures, and the other sections. A set of records that differ in
 * no more than TTL and rdata of one length without names may be of any size; others stay as they
 * are when they are over 256 (20 with names in rdata, in a message of up to 4 KiB), begin or end
 * beyond 16 KiB, or when a name of theirs would lead forwards; and so do those behind the fourth of
 * these, or behind the seventh set of the section. Each reply pays for it.
 * The length stays the same. The message passed the check.
 */
void s53_message_reorder(uint8_t *message, size_t len, struct s53_ordering *ordering);

/*
 * Leave out what a positive answer does not need: NS records of the authority section with their
 * signatures, and the addresses that are in the additional section for these alone; with
 * `additional` the rest of that section, too. Proofs (SOA, NSEC, NSEC3, DS) stay; a negative
 * answer, a referral and any other rcode than NOERROR stay as they are, and so does a message that
 * would grow because its own compression is better than ours. Without OPT. Returns the new length,
 * at most `len`. The message passed the check.
 */
size_t s53_message_minimize(uint8_t *message, size_t len, bool additional);
