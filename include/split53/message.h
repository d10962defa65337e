/* SPDX-License-Identifier: ISC
 *
 * message.h - walk over the records of a message; check, strip, cut, reorder and minimize it.
 *
 * Layer    wire
 * Threads  any
 * Memory   the message is the caller's; nothing is allocated
 * Units    bytes, seconds (TTL)
 * Sources  RFC 1035 s4.1.3, RFC 2181 s8 (a TTL over 2^31-1 counts as 0), s9 (TC), RFC 3597 s4
 *          (names in rdata), RFC 6891 s7
 */
#pragma once

#include <split53/edns.h>
#include <split53/name.h>

/* One record of a message: offsets into it, not copies. */
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
 * Walking checks the bounds of records only, not whether names are valid: safe with any bytes.
 */
bool s53_walk_begin(struct s53_walk *walk, const uint8_t *message, size_t len);

/* The next record of any section. false: the end, or a malformed record: then walk->reader.bad. */
bool s53_walk_next(struct s53_walk *walk, struct s53_rr *out);

/*
 * Is every byte accounted for and well formed: header, one question at most, records, names in
 * owners and in the rdata of the types that RFC 1035 lets compress (plus SRV, DNAME, RP, AFSDB, RT,
 * PX, KX, NAPTR, NSEC, RRSIG, SVCB, HTTPS and a few rare ones), rdata lengths of A (4), AAAA (16),
 * SOA, SRV, MX, TXT (character strings fill the rdata); at most one OPT, in additional, with a root
 * owner; nothing after the last record; compression pointers lead to the start of a label of such
 * a name and nowhere else. Records of one owner and type may have different TTLs. All messages from
 * servers pass this check, and no later code checks their form again.
 * *edns: the OPT, or .present false. *opt_at: its offset, 0 when there is none. Both may be written
 * even when it returns false.
 */
bool s53_message_check(const uint8_t *message, size_t len, struct s53_edns *edns, size_t *opt_at);

/*
 * The same for a message at the start of the `*len` bytes that have arrived: *len becomes the
 * message's length, and what follows it does not belong to it. Untouched on false.
 */
bool s53_message_check_arrived(
    const uint8_t *octets, size_t *len, struct s53_edns *edns, size_t *opt_at);

/*
 * Remove the OPT; nothing when opt_at is 0. When it is the last record (the usual case) the message
 * only gets shorter and ARCOUNT smaller; otherwise the records behind it move up and the
 * compression pointers into them are corrected. Returns the new length. The message passed
 * s53_message_check(), which gave opt_at.
 */
size_t s53_message_strip_opt(uint8_t *message, size_t len, size_t opt_at);

/*
 * Give names that repeat labels of the question the letter case of `spelling`: the question itself,
 * and in owner names and rdata those uncompressed labels that equal the question's but for letter
 * case, from the name's front on, or up to its end if that is the root. Compressed labels follow by
 * themselves. Names in the rdata of NSEC, SVCB and HTTPS are not changed, as they are signed. Each
 * name that is compared uses up one of `effort`; at 0 the remaining names stay as they are. Does
 * nothing unless `spelling` is the name of the message's one question. The message passed the
 * check.
 */
void s53_message_respell(
    uint8_t *message, size_t len, const struct s53_name *spelling, unsigned effort);

/*
 * Undo 0x20 in a record: `scrambled` is the question's name as it was sent. Each uncompressed label
 * in the record's names, as above, that equals a label of it byte for byte becomes lower case.
 * true: there was a letter in upper case. The message passed the check.
 */
bool s53_rr_unspell(uint8_t *message, const struct s53_rr *rr, const struct s53_name *scrambled);

/*
 * Are the names in a record's rdata uncompressed, or is its type one that may be compressed
 * (RFC 3597 s4)? false: s53_reply_copy() decompresses them. The message passed the check.
 */
bool s53_rr_is_uncompressed(const uint8_t *message, const struct s53_rr *rr);

/*
 * The least TTL of all records except OPT; UINT32_MAX when there is none. A TTL over 2^31-1 counts
 * as 0.
 */
uint32_t s53_message_least_ttl(const uint8_t *message, size_t len);

/*
 * The size of a datagram that would hold this message, with an OPT and one more answer record of
 * average size; the records of the other sections count as part of an answer. The message has no
 * OPT. SIZE_MAX: there is no answer section that could lack a record.
 */
size_t s53_message_size_with_one_more(const uint8_t *message, size_t len);

/*
 * Cut a message without OPT to at most `limit` bytes, whole RRsets at a time from its end
 * (additional first, which alone does not set TC; RFC 2181 s9), and correct header counts and TC.
 * An answer section that does not fit keeps the records that do; an authority or additional section
 * of more than 256 records is removed as a whole. Reads about two names a record. Returns the new
 * length, at most `limit` when the question section itself fits. The message passed the check.
 */
size_t s53_message_cut(uint8_t *message, size_t len, size_t limit);

/* How the records of an RRset are reordered. */
enum s53_reorder { S53_REORDER_NONE, S53_REORDER_SHUFFLE, S53_REORDER_ROTATE };

struct s53_ordering {
	/*
	 * Called once for each RRset of two records or more. The owner is in lower case. Sets
	 * `steps` when it returns S53_REORDER_ROTATE. NULL: all are shuffled.
	 */
	enum s53_reorder (*choose)(
	    struct s53_ordering *ordering, const struct s53_name *owner, uint16_t type);
	uint32_t steps; /* number of the record that comes first, counted from 0 and around */
	uint32_t random_state; /* state of the pseudorandom numbers for shuffling */
};

/*
 * Reorder the records of each RRset of the answer section. The RRsets stay where they are, as do
 * CNAME, DNAME, SOA and signatures, and the other sections. An RRset may be of any size if its
 * records differ only in TTL and in rdata of one length without names. Others keep their order when
 * they have over 256 records (20 with names in rdata, in a message of up to 4 KiB), begin or end
 * beyond 16 KiB, or a compression pointer of theirs would lead forwards; and so do those behind the
 * fourth of these, or behind the seventh RRset of the section: this work is done for each response.
 * The length stays the same. The message passed the check.
 */
void s53_message_reorder(uint8_t *message, size_t len, struct s53_ordering *ordering);

/*
 * Remove what a positive answer does not need: NS records of the authority section with their
 * signatures, and the addresses in the additional section that belong to these only; with
 * `additional` the rest of that section, too. Proofs (SOA, NSEC, NSEC3, DS) stay. Not changed are a
 * negative answer, a referral, any rcode but NOERROR, and a message that would grow because its own
 * compression is better than ours. Without OPT. Returns the new length, at most `len`. The message
 * passed the check.
 */
size_t s53_message_minimize(uint8_t *message, size_t len, bool additional);
