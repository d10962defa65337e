/* SPDX-License-Identifier: ISC
 *
 * index.h - a zone in memory: names in a hash table, each with its RRsets.
 *
 * Layer    zone (private)
 * Threads  built by one thread, then immutable
 * Memory   nodes, RRsets and records are in the zone's arena and never move
 *
 * Every name between the apex and an owner is a node, even if it has no records (empty
 * non-terminals, RFC 4592 s2.2.2). So a walk from the apex down, one look-up a label, finds zone
 * cuts and DNAMEs on the way, and ends at the name or at its closest encloser. The walk stops at
 * the first label without a node: a long name that does not exist costs no more than a short
 * one.
 */
#pragma once

#include <stdatomic.h>

#include <split53/arena.h>
#include <split53/name.h>
#include <split53/zone.h>

struct record {
	struct record *next;
	const struct node *target; /* of NS, MX, SRV: the node with the addresses; or NULL */
	uint16_t len;
	uint8_t rdata[]; /* uncompressed */
};

struct rrset {
	struct rrset *next;
	struct record *first, **last;
	uint32_t ttl;
	uint16_t type;
	uint16_t count;
};

struct node {
	uint64_t hash;
	struct node *wildcard; /* its child "*": RFC 4592 s2.1.1 */
	struct rrset *rrsets, **last;
	bool cut; /* a delegation: NS below the apex */
	uint8_t len;
	uint8_t octets[]; /* the name, lower case */
};

struct s53_zone {
	_Atomic unsigned count;
	struct s53_arena arena;
	struct s53_name apex; /* lower case */
	unsigned apex_labels;
	struct node *top; /* at the apex */
	const struct rrset *soa;
	uint32_t negative_ttl; /* RFC 2308 s3 */
	struct node **slots; /* open addressing, at most half full */
	size_t slot_count, node_count, record_count;
};

/* A record to be added. */
struct loose {
	const struct s53_name *owner;
	uint16_t type;
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t len;
};

#define RRSET_MAX 4095 /* of the shortest records, no more fit a message */

/* A zone without records, with one count. NULL: no memory. */
struct s53_zone *zone_new(const struct s53_name *apex);

/*
 * Add a copy. The owner is at or below the apex. S53_E_EXISTS: the same record exists already.
 * S53_E_SYNTAX: it is not valid with the records that exist; *problem says why. S53_E_NOMEM.
 * *warning is set when the record is added, but not as it was written.
 */
S53_MUST_USE enum s53_status zone_add(
    struct s53_zone *zone, const struct loose *record, const char **problem, const char **warning);

/* After the last record: find the SOA (S53_E_ABSENT) and the targets of NS, MX and SRV. */
S53_MUST_USE enum s53_status zone_seal(struct s53_zone *zone);

/* The RRset of `type`, or NULL. */
const struct rrset *index_rrset(const struct node *node, uint16_t type);

/*
 * May this type exist beside a CNAME (RFC 4034 s3, s4; RFC 3007 s3.1.1)? A query for it does not
 * follow the CNAME.
 */
bool index_goes_beside_cname(uint16_t type);

/*
 * The offset of the host name in the rdata of a type that gets additional addresses; -1: none.
 */
int index_additional_offset(uint16_t type);

/* Where a walk down to a name ends. */
enum walk_end_kind {
	END_NAME, /* the name itself */
	END_WILDCARD, /* a wildcard that matches it */
	END_CUT, /* a delegation at or above it */
	END_DNAME, /* a DNAME above it */
	END_NOWHERE,
};
struct walk_end {
	enum walk_end_kind kind;
	const struct node *node; /* NULL: NOWHERE */
};

/*
 * `lower` is at or below the apex, in lower case. DS at a delegation belongs to the parent, so it
 * is answered here (RFC 4035 s3.1.4.1).
 */
struct walk_end zone_walk(
    const struct s53_zone *zone, const struct s53_name *lower, uint16_t qtype);
