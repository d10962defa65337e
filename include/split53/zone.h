/* SPDX-License-Identifier: ISC
 *
 * zone.h - zones that are answered locally: zone files, and the built-in zones.
 *
 * Layer    zone: ldns reads and checks at load time; no ldns call per query
 * Threads  loaded by the main thread, then immutable; counted with atomics
 * Memory   a zone owns its records, rendered to wire form once
 * Sources  RFC 1035 s5 (master files), RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 2308 s2, s3
 *          (negative answers), RFC 6761, RFC 6303, RFC 8482
 */
#pragma once

#include <split53/diag.h>
#include <split53/reply.h>

struct s53_zone;

/*
 * Read a zone file of class IN. Problems go to `diags` with file and line (the column is 0).
 *
 * Errors: no SOA or more than one, an SOA elsewhere than at the apex, CNAME beside other data,
 * a wildcard NS, more records of one name and type than fit a message, data that ldns or
 * s53_message_check() rejects, unknown syntax. Warnings, as in BIND: a record out of zone
 * (ignored), no NS at the apex, a TTL over 2^31-1 (counts as 0), TTLs that differ within an RRset
 * (the first counts), no TTL at all (the SOA's MINIMUM counts).
 *
 * $ORIGIN, $TTL, $INCLUDE as RFC 1035 s5.1 and RFC 2308 s4 say. A relative path in $INCLUDE is
 * looked for in the working directory (BIND makes `directory` that), then in the directory of the
 * including file. $GENERATE (BIND's own) is rejected with a message that names it.
 *   S53_E_IO (reported in diags too), S53_E_SYNTAX, S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_zone_load(
    const char *path, const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out);

/*
 * The same from text, for the built-in zones and tests. $INCLUDE is an error: such text opens no
 * files.
 */
S53_MUST_USE enum s53_status s53_zone_parse(const char *name, const char *text,
    const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out);

struct s53_zone *s53_zone_keep(struct s53_zone *zone);
void s53_zone_drop(struct s53_zone *zone); /* NULL is fine */

/* Options of s53_zone_answer(): bits. */
#define S53_ZONE_ONE_OF_ANY 1u /* one RRset is enough for ANY (RFC 8482 s4.1) */
#define S53_ZONE_AUTHORITY 2u /* add the zone's NS records to a positive answer */
#define S53_ZONE_NO_ADDITIONAL 4u /* add no addresses, except to a referral */

struct s53_zone_answer {
	/*
	 * NOERROR, NXDOMAIN; SERVFAIL when the CNAMEs form a loop or are too many; YXDOMAIN (6)
	 * when a DNAME made a name too long
	 */
	uint16_t rcode;
	bool authoritative; /* for AA: not a referral */
	/* the name, or the end of its CNAMEs, is delegated: NS in authority, nothing else */
	bool referral;
	/*
	 * the answer ends in a CNAME that leads out of the zone, to `target`, which the caller may
	 * resolve
	 */
	bool cname;
	struct s53_name target; /* in the record's letter case; len 0 unless `cname` */
};

/*
 * Write answer, authority and additional for `question` (its lower name is at or below the
 * apex) into `reply`, which has been begun; afterwards the caller sets AA and rcode from *out.
 * Exact match, CNAME (followed inside the zone, 16 at most, loops detected), DNAME, wildcard, empty
 * non-terminal, delegation (referral with glue), NODATA and NXDOMAIN with the SOA (its TTL lowered
 * to MINIMUM, RFC 2308 s3); ANY: all types. The addresses of hosts in NS, MX and SRV records are
 * added. `options`: bits S53_ZONE_*. Records of one RRset are in the order of the file. If
 * something does not fit, reply->truncated is set. Does not allocate.
 */
void s53_zone_answer(const struct s53_zone *zone, const struct s53_question *question,
    unsigned options, struct s53_reply *reply, struct s53_zone_answer *out);

size_t s53_zone_record_count(const struct s53_zone *zone);

/* One built-in zone. */
struct s53_builtin_zone {
	const char *apex; /* presentation form, lower case, no last dot */
	const char *text; /* of a zone file */
	uint16_t ede; /* of its negative answers, or S53_EDE_NONE */
	/* on BIND's list (RFC 6303): it exists under BIND's conditions, see setup/builtin.c */
	bool empty;
};

/*
 * localhost, invalid (RFC 6761 s6.3, s6.4) and onion (RFC 7686); then BIND 9.18's 100 empty zones.
 * Each apex occurs once.
 */
extern const struct s53_builtin_zone s53_builtin_zones[];
extern const unsigned s53_builtin_zone_count;
