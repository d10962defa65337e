/* SPDX-License-Identifier: ISC
 *
 * sets.h - which records of a section belong to one RRset.
 *
 * Layer    wire, private
 * Threads  any
 * Memory   the caller's, some 12 KB: it may be on the stack
 * Sources  RFC 2181 s5 (an RRset: owner, class and type)
 */
#pragma once

#include <split53/message.h>

/* A longer section is not examined. */
#define S53_SETS_RECORDS 256
#define S53_SETS_SLOTS (2 * S53_SETS_RECORDS)

enum s53_likeness {
	S53_OF_ONE_SET,
	S53_EXACT_COPY, /* of one set, and the rdata is equal byte for byte */
	S53_LIKENESSES,
};

/* A record: offsets in a message fit 16 bits. */
struct s53_set_member {
	uint64_t hash[S53_LIKENESSES];
	uint16_t first[S53_LIKENESSES]; /* the first record like it, perhaps itself */
	uint16_t owner_at, type, class;
	uint16_t rdata_at, rdata_len;
};

struct s53_sets {
	unsigned count;
	unsigned mistaken; /* records with equal hashes that were different */
	struct s53_set_member of[S53_SETS_RECORDS];
	uint16_t slots[S53_LIKENESSES][S53_SETS_SLOTS]; /* 0 is free, else a record's index + 1 */
};

/*
 * Examine the records from `walk` to the offset `end`. Each owner is read once, and the first of
 * its set once more for it. false: too many records, over `octets_max` bytes in their names, a
 * malformed record, or so many equal hashes that an attacker must have chosen the names for that.
 */
bool s53_sets_find(
    struct s53_sets *sets, const struct s53_walk *walk, size_t end, size_t octets_max);
